"""What a person types, as the value that the record keeps: held against what the form demands."""

from __future__ import annotations

import re

from papier.checking.candidates import shown
from papier.checking.item import CheckItem
from papier.checking.wording import reason_words
from papier.errors import UsageError
from papier.forms.layout import Zone
from papier.forms.roster_values import comb_characters
from papier.geometry import RectMm
from papier.language import translate as _
from papier.ocr.content_rules import rule_for
from papier.records import Value
from papier.yaml_source import find_nearest

YES, NO = (
    frozenset({"oui", "o", "yes", "y", "true", "1", "signé", "signed"}),
    frozenset({"non", "n", "no", "false", "0"}),
)
CELL = RectMm(0, 0, 1, 1)


def typed_value(item: CheckItem, typed: Value, *, insist: bool = False) -> Value:
    """The value that `typed` means in this field. Raises UsageError, one sentence that says what is wanted.

    `insist`: it stands so on the paper, even where the form does not allow it. What cannot be stored at all (a date
    that does not exist) is refused all the same.
    """
    if item.zone == "tick":
        return _boxes(item, typed, insist=insist)
    if item.zone == "signature":
        return _signature(typed)
    text = ", ".join(typed) if isinstance(typed, list) else str(typed or "").strip()
    if not text:
        raise UsageError(_("Nothing is typed. Type the value, or answer that nothing is written there."))
    if item.zone == "comb":
        return _comb(item, text, insist=insist)
    return text


def _comb(item: CheckItem, text: str, *, insist: bool) -> str:
    zone = Zone(item.field or "", "comb", CELL, content=item.content, cells=(CELL,) * item.cells)
    characters = comb_characters(zone, text) or _digits(item, text)
    if characters is None:
        raise UsageError(_("“{value}” does not fit here: {needs}.").format(value=text, needs=item.needs))
    judged = rule_for(item.content or "mixed", item.demand)(characters)
    if judged.value is None:
        raise UsageError(
            _("“{value}” cannot stand here: {why}. If the paper says so, answer that it is unreadable.").format(
                value=text, why=reason_words(judged.problem)
            )
        )
    problem = reason_words(judged.problem) if judged.problem else ""
    if not problem and item.demand.choices and judged.value not in item.demand.choices:
        near = find_nearest(judged.value, item.demand.choices)
        hint = _(" Did you mean “{value}”?").format(value=near) if near else ""
        problem = _("the form allows {values}").format(values=", ".join(map(shown, item.demand.choices))) + hint
    if problem and not insist:
        raise UsageError(
            _(
                "“{value}”: {why}. If it stands so on the paper, say so (an exclamation mark after it: {value} !)."
            ).format(value=text, why=problem)
        )
    return judged.value


def _digits(item: CheckItem, text: str) -> str | None:
    """The digits of a day or an hour that does not exist: so that it is told why it cannot stand here."""
    digits = re.sub(r"[\s./:hH\-]", "", text)
    known = item.content in {"date", "hour"} and digits.isascii() and digits.isdigit() and len(digits) == item.cells
    return digits if known else None


def _boxes(item: CheckItem, typed: Value, *, insist: bool) -> list[str]:
    words = typed if isinstance(typed, list) else [word.strip() for word in str(typed or "").split(",")]
    labels = {label.casefold(): name for name, label in item.options.items()}
    chosen: list[str] = []
    for word in filter(None, words):
        name = word if word in item.options else labels.get(word.casefold())
        if name is None:
            name = next((one for one in item.options if one.casefold() == word.casefold()), None)
        if name is None:
            known = ", ".join(f"{name} ({label})" if label != name else name for name, label in item.options.items())
            raise UsageError(
                _("“{value}” is no box of this question. Choose among: {known}.").format(value=word, known=known)
            )
        chosen.append(name)
    ordered = [name for name in item.options if name in chosen]
    if len(ordered) > 1 and not item.multiple and not insist:
        raise UsageError(
            _("One box at most may be ticked here. Are two ticked on the paper? Put an exclamation mark after them.")
        )
    return ordered


def _signature(typed: Value) -> bool:
    if isinstance(typed, bool):
        return typed
    word = str(typed or "").strip().casefold()
    if word in YES:
        return True
    if word in NO:
        return False
    raise UsageError(_("Answer oui or non: is it signed?"))
