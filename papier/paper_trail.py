"""Out, for the shelf: spine labels, the index of a binder, and the month's register, by which paper vouches."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, func, select

from papier.errors import UsageError
from papier.forms.listing import write_listing
from papier.forms.spine_labels import SpineLabel, write_spine_labels
from papier.language import translate as _
from papier.store.connection import reading
from papier.store.events import CHAIN_START
from papier.store.places import Binder, Choice, choose_records, find_places, list_binders
from papier.store.tables import events, pages
from papier.store.workspace import Workspace, read_settings

MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
    "décembre",
)  # fmt: skip
# Of a scan's hash, what a person can compare in a minute: one chance in ten billion billions of another file.
SHOWN_OF_HASH = 16


@dataclass(frozen=True, slots=True)
class MonthRegister:
    """A register that was printed: the records of the month, the chain's newest event in it and that event's hash."""

    month: dt.date
    records: int
    seq: int
    head: str


def print_labels(workspace: Workspace, engine: Engine, names: Sequence[str], output: Path) -> int:
    """Print the spine labels of these binders (else of all); gives how many. Raises UsageError for an unknown one."""
    chosen = _find_binders(engine, names)
    labels = [
        SpineLabel(
            binder.binder,
            binder.titles,
            _period(binder.first, binder.last),
            f"{binder.records} fiches",
            " · ".join(filter(None, (binder.box, binder.shelf))),
        )
        for binder in chosen
    ]
    write_spine_labels(output, read_settings(workspace).get("etablissement", ""), labels)
    return len(labels)


def print_binder_index(workspace: Workspace, engine: Engine, name: str, output: Path) -> int:
    """Print what is in a binder, to lie on top in it; gives how many records. Raises UsageError for an unknown one."""
    binder = _find_binders(engine, [name])[0]
    found = find_places(engine, choose_records(engine, Choice(binder=name)))
    rows = [(str(entry.record), entry.day, entry.sheet or "–", _short(entry.title), entry.name) for entry in found]
    place = " · ".join(filter(None, (read_settings(workspace).get("etablissement", ""), binder.box, binder.shelf)))
    write_listing(
        output, f"Classeur {name}", place or "Place : …………………", ("N°", "Reçu le", "Feuille", "Formulaire", "Nom"), rows,
        (f"{len(rows)} fiches.",),
    )  # fmt: skip
    return len(rows)


def print_register(workspace: Workspace, engine: Engine, month: dt.date, output: Path, today: dt.date) -> MonthRegister:
    """Print the register of a month that is over or running: what came in, by number and hash, and the chain's head.

    Names are left out, so that the register can be kept when what it lists is purged. `month`: any day of it.
    Raises UsageError for a month to come.
    """
    first = month.replace(day=1)
    last = month.replace(day=calendar.monthrange(month.year, month.month)[1])
    if first > today:
        raise UsageError(_("{month} has not begun. Choose another month.").format(month=f"{first:%Y-%m}"))
    found = find_places(engine, choose_records(engine, Choice(since=first, until=last)))
    hashes = _scans_of(engine, [entry.record for entry in found])
    rows = [
        (
            str(entry.record), entry.day, entry.sheet or "–", _short(entry.title),
            " ".join(sha256[:SHOWN_OF_HASH] for sha256 in hashes.get(entry.record, [])[:1]), entry.binder or "–",
        )
        for entry in found
    ]  # fmt: skip
    seq, head, happened = chain_at(engine, last)
    before_seq, before_head, _happened = chain_at(engine, first - dt.timedelta(1))
    write_listing(
        output,
        f"Registre de {MONTHS[first.month - 1]} {first.year}",
        f"{read_settings(workspace).get('etablissement', '') or 'Établissement : …………………'} · établi le {today}"
        + ("" if last < today else " (mois en cours)"),
        ("N°", "Reçu le", "Feuille", "Formulaire", "Empreinte du scan", "Classeur"),
        rows,
        (
            f"{len(rows)} fiches, {happened - before_seq if happened else 0} événements au journal.",
            f"Tête de la chaîne à la fin du mois : événement {seq}",
            *grouped(head),
            f"Tête à la fin du mois précédent : événement {before_seq}",
            *grouped(before_head),
            f"Vérifier : papier register --check {seq} {head[:SHOWN_OF_HASH]}",
            "Date et signature :",
        ),
    )
    return MonthRegister(first, len(rows), seq, head)


def chain_at(engine: Engine, day: dt.date) -> tuple[int, str, int]:
    """The newest event at the end of a day: number, hash, and the number again (0 where nothing had happened)."""
    with reading(engine) as connection:
        seq = connection.execute(
            select(func.max(events.c.seq)).where(events.c.at < (day + dt.timedelta(1)).isoformat())
        ).scalar()
        if seq is None:
            return 0, CHAIN_START, 0
        head = connection.execute(select(events.c.hash).where(events.c.seq == seq)).scalar_one()
    return seq, head, seq


def stands_in_chain(engine: Engine, seq: int, beginning: str) -> bool:
    """True when event `seq` still has the hash whose beginning a printed register shows. The chain itself is verified
    by `papier verify`: both together prove that nothing before that event was changed.
    """
    wanted = "".join(beginning.lower().split())
    with reading(engine) as connection:
        head = connection.execute(select(events.c.hash).where(events.c.seq == seq)).scalar()
    return head is not None and len(wanted) >= SHOWN_OF_HASH and head.startswith(wanted)


def grouped(digest: str) -> tuple[str, str]:
    """A hash in two lines of groups of four, to be compared by eye."""
    groups = [digest[at : at + 4] for at in range(0, len(digest), 4)]
    return " ".join(groups[:8]), " ".join(groups[8:])


def _find_binders(engine: Engine, names: Sequence[str]) -> list[Binder]:
    known = {binder.binder: binder for binder in list_binders(engine)}
    for name in names:
        if name not in known:
            listed = ", ".join(known) or _("none yet")
            raise UsageError(
                _("There is no binder “{name}”. Known: {listed}. Begin one: papier where --set --binder NAME").format(
                    name=name, listed=listed
                )
            )
    if not known:
        raise UsageError(_("There is no binder yet. Begin one: papier where --set --binder NAME --records 1-100"))
    return [known[name] for name in names] or list(known.values())


def _scans_of(engine: Engine, chosen: Sequence[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    with reading(engine) as connection:
        for row in connection.execute(
            select(pages.c.record, pages.c.scan).where(pages.c.record.in_(chosen)).order_by(pages.c.page_id)
        ):
            found.setdefault(row.record, []).append(row.scan)
    return found


def _period(first: str, last: str) -> str:
    if not first:
        return ""
    return first[:4] if first[:4] == last[:4] else f"{first[:4]} – {last[:4]}"


def _short(title: str) -> str:
    return title if len(title) <= 42 else f"{title[:41]}…"
