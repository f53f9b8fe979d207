"""What an order sheet that came in says: orders to do, and questions where it is not sure or not allowed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from papier.language import translate as _
from papier.orders.settings import PRINT, OrderSettings
from papier.store.orders import KnownOrder, Order, OrderSheet, OrderState

TABLE, ALSO, VISA = "imprimer", "faire", "visa"
# A box read with less is asked about: an order prints by itself, and nobody looks before it does.
SURE_ENOUGH = 0.99
_BLANK: tuple[Any, ...] = (None, "", [], False)

Value = Mapping[str, Any]


def understand(sheet: OrderSheet, settings: OrderSettings, titles: Mapping[str, str]) -> list[KnownOrder]:
    """The orders of a sheet, in its order. `titles`: those of the forms, for the words of questions.

    Nothing doubtful is ever to be done: it is ASKED. What the settings do not allow is REFUSED.
    """
    found = [*_rows(sheet, settings, titles), *_others(sheet, settings)]
    signed = sheet.values.get(VISA, {})
    if found and not (signed.get("value") is True and signed.get("sure")):
        why = _("the sheet is not signed, or its signature was not read for sure")
        return [KnownOrder(known.order, OrderState.ASKED, why) for known in found]
    return found


def _rows(sheet: OrderSheet, settings: OrderSettings, titles: Mapping[str, str]) -> Iterator[KnownOrder]:
    for at, form in enumerate(sheet.forms, 1):
        name = f"{TABLE}.r{at:02d}"
        tick, class_, copies = (sheet.values.get(f"{name}.{column}", {}) for column in ("oui", "classe", "copies"))
        if all(_is_blank(value) for value in (tick, class_, copies)) or _cancelled(tick, "oui"):
            continue
        if _empty(tick, "oui") and not class_.get("value") and not copies.get("value"):
            continue  # a speck in the cells of a row that nobody ticked
        wanted = Order(name, PRINT, form, str(class_.get("value") or "").upper(), _number(copies))
        doubts = _doubts(tick, class_, copies)
        if doubts:
            yield KnownOrder(wanted, OrderState.ASKED, "; ".join(doubts))
        else:
            yield _judged(wanted, settings, titles)


def _doubts(tick: Value, class_: Value, copies: Value) -> list[str]:
    doubts = []
    if not _ticked(tick, "oui"):
        doubts.append(_("the box is not ticked, or not read for sure"))
    for value, words in (
        (class_, _("the class was not read for sure")),
        (copies, _("the number was not read for sure")),
    ):
        if not value.get("sure", True):
            doubts.append(words + _candidates(value))
    if _is_blank(class_) and _is_blank(copies):
        doubts.append(_("neither a class nor a number is written"))
    return doubts


def _judged(wanted: Order, settings: OrderSettings, titles: Mapping[str, str]) -> KnownOrder:
    """An order that was read for sure: allowed, refused, or asked."""
    if not settings.allows(PRINT) or wanted.form not in settings.forms:
        return KnownOrder(wanted, OrderState.REFUSED, _("the settings do not let paper order this"))
    if wanted.form not in titles:
        return KnownOrder(wanted, OrderState.REFUSED, _("there is no such form any more"))
    if wanted.class_ and wanted.class_ not in settings.rosters:
        why = _("there is no list of the class {name} in the settings").format(name=wanted.class_)
        return KnownOrder(wanted, OrderState.ASKED, why)
    if wanted.copies is not None and not 0 < wanted.copies <= settings.most_copies:
        why = _("{copies} sheets are not allowed; at most {most} of one order").format(
            copies=wanted.copies, most=settings.most_copies
        )
        return KnownOrder(wanted, OrderState.REFUSED, why)
    return KnownOrder(wanted, OrderState.BEGUN, "")


def _others(sheet: OrderSheet, settings: OrderSettings) -> Iterator[KnownOrder]:
    value = sheet.values.get(ALSO, {})
    for what, option in (value.get("options") or {}).items():
        order = Order(f"{ALSO}.{what}", what)
        if option["state"] == "doubtful" or (option["state"] == "ticked" and not _ticked(value, what)):
            yield KnownOrder(order, OrderState.ASKED, _("the box was not read for sure"))
        elif option["state"] == "ticked":
            allowed = settings.allows(what)
            why = "" if allowed else _("the settings do not let paper order this")
            yield KnownOrder(order, OrderState.BEGUN if allowed else OrderState.REFUSED, why)


def _ticked(value: Value, option: str) -> bool:
    read = (value.get("options") or {}).get(option)
    return read is not None and read["state"] == "ticked" and read["probability"] >= SURE_ENOUGH


def _empty(value: Value, option: str) -> bool:
    read = (value.get("options") or {}).get(option)
    return read is not None and read["state"] == "empty" and read["probability"] >= SURE_ENOUGH


def _cancelled(value: Value, option: str) -> bool:
    read = (value.get("options") or {}).get(option)
    return read is not None and read["state"] == "cancelled" and bool(value.get("sure"))


def _is_blank(value: Value) -> bool:
    return not value or (value.get("value") in _BLANK and bool(value.get("sure")))


def _number(value: Value) -> int | None:
    text = str(value.get("value") or "")
    return int(text) if text.isdigit() else None


def _candidates(value: Value) -> str:
    words: Sequence[str] = [str(one[0]) for one in value.get("candidates") or () if one[0]][:2]
    return f" ({' ? '.join(words)} ?)" if words else ""
