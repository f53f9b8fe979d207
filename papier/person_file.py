"""A person's data on request: everything about one person, on paper, and of nobody else.

The pages of their sheets are shown as they were scanned; what else lies on the same page is made white.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pikepdf
from sqlalchemy import Engine

from papier.forms.layout import Layout
from papier.forms.listing import write_listing
from papier.retention import last_day, shown_pages
from papier.store.cases import load_case
from papier.store.masked_copy import write_masked_copy
from papier.store.person_records import PersonFound
from papier.store.purge import KeptRecord, kept_records
from papier.store.records import StoredRecord, list_records
from papier.store.sheets import find_faces, find_layout
from papier.store.workspace import Workspace, read_settings
from papier.workflows.event_words import event_words, sheets_told
from papier.workflows.row_words import option_words

# Said in the words of articles 12-3 and 15 to 17 of the GDPR; what papier cannot know is left to the hand.
CLOSING = (
    "Demande d'accès : RGPD, article 15. Réponse dans le mois : article 12-3.",
    "Vous pouvez demander la rectification ou l'effacement de ces données (article 17 pour l'effacement).",
    "Aucune décision n'est prise par un programme : chaque valeur dit qui l'a lue.",
    "Pourquoi ces données sont tenues : ………………………………………………………………………………………",
    "À qui elles ont été transmises : ………………………………………………………………………………………",
    "Réclamation : Commission nationale de l'informatique et des libertés (CNIL).",
    "Date, nom et signature :",
)


# As they are printed for the person.
STATES = {"sure": "sûr", "doubtful": "douteux", "blank": "vide", "unreadable": "illisible"}
READERS = {"papier": "programme", "printed": "imprimé", "person": "une personne", "tesseract": "programme (Tesseract)"}


@dataclass(frozen=True, slots=True)
class KeptBecause:
    """How long a record is kept. `until`: its last day, None where nobody said; `over`: that day has passed."""

    record: KeptRecord
    until: dt.date | None
    over: bool


def how_long(engine: Engine, chosen: Sequence[int], today: dt.date) -> list[KeptBecause]:
    """Of each record, how long its form says it is kept."""
    wanted = set(chosen)
    found = []
    for record in kept_records(engine):
        if record.record in wanted:
            until = last_day(record)
            found.append(KeptBecause(record, until, until is not None and until < today))
    return found


def write_person_file(
    workspace: Workspace, engine: Engine, name: str, found: PersonFound, output: Path, now: dt.datetime
) -> int:
    """Write everything about a person as one PDF; gives how many pages of scans are in it. Mentions are listed, and not
    shown: a person decides whether they are about this one.
    """
    today = now.date()
    kept = {entry.record.record: entry for entry in how_long(engine, found.records, today)}
    pdf = pikepdf.new()
    for part in _lists(engine, name, found, kept, read_settings(workspace).get("etablissement", ""), now):
        _append(pdf, part)
    pages = 0
    for number in found.records:
        shown = list(shown_pages(workspace, engine, number))
        pages += len(shown)
        if shown:
            _append(pdf, write_masked_copy(shown))
    pdf.save(output, deterministic_id=True)
    return pages


def _lists(
    engine: Engine, name: str, found: PersonFound, kept: dict[int, KeptBecause], establishment: str, now: dt.datetime
) -> list[bytes]:
    """The lists, each a PDF: what there is, what each record says, what happened in each case."""
    overview = [
        (
            "fiche", str(number), kept[number].record.title, kept[number].record.created_at[:10],
            str(kept[number].until) if kept[number].until else "non dit",
        )
        for number in found.records
        if number in kept
    ]  # fmt: skip
    overview += [("feuille", sheet.number, sheet.title, sheet.day, "non revenue") for sheet in found.sheets]
    parts = []
    for number in found.cases:
        case, workflow, events = load_case(engine, number, now)
        overview.append(
            ("dossier", str(number), workflow.title.fr, case.opened.isoformat(), str(case.closed or "ouvert"))
        )
        faces = find_faces(engine, sheets_told(events))
        rows = [(event.on.isoformat(), _cut(event_words(event, workflow, faces))) for event in events]
        parts.append(_listing(f"Dossier {number} : {workflow.title.fr}", name, ("Jour", "Ce qui s'est passé"), rows))
    overview += [("mention", str(number), "le nom y figure ; à examiner", "", "") for number in found.mentions]
    titles = ("Nature", "N°", "Quoi", "Du", "Gardé jusqu'au")
    head = f"{establishment or 'Établissement : …………………'} · établi le {now.date()}"
    first = _listing(f"Données concernant {name}", head, titles, overview, CLOSING)
    said = [
        _record_list(record, find_layout(engine, record.form, record.version, record.sheet), name)
        for number in found.records
        for record in list_records(engine, record=number)
    ]
    return [first, *said, *parts]


def _record_list(record: StoredRecord, face: Layout | None, name: str) -> bytes:
    """What a record says, its fields and boxes called as the sheet calls them."""
    labels = face.labels if face is not None else {}
    rows = [(column, _cut(text), "imprimé") for column, text in record.person.items()]
    rows += [
        (
            labels.get(field, field),
            _cut(" ".join(option_words(entry["value"], field, face).split())),
            _read_by(entry),
        )
        for field, entry in record.fields.items()
    ]
    form = face.title if face is not None else record.form
    title = f"Fiche {record.record} : {form} · {record.sheet or 'sans numéro'}"
    return _listing(title, name, ("Champ", "Valeur", "Lu par"), rows)


def _read_by(entry: Mapping[str, Any]) -> str:
    """How sure a value is, who read it; of a corrected one when, why, and what stood there."""
    text = f"{STATES.get(entry['state'], entry['state'])}, {READERS.get(entry['read_by'], entry['read_by'])}"
    checked = entry.get("checked", {})
    if "because" not in checked:
        return text
    before = _said(entry["original"]["value"]) or "rien"
    return _cut(f"{text}, corrigé le {checked['at'][:10]} ({checked['because']}) ; lu : {before}")


def _listing(
    title: str, subtitle: str, titles: Sequence[str], rows: Sequence[Sequence[str]], closing: Sequence[str] = ()
) -> bytes:
    stream = io.BytesIO()
    write_listing(stream, title, subtitle, titles, rows, closing)
    return stream.getvalue()


def _append(pdf: pikepdf.Pdf, data: bytes) -> None:
    with pikepdf.open(io.BytesIO(data)) as part:
        pdf.pages.extend(part.pages)


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, list):
        return ", ".join(str(entry) for entry in value)
    return "" if value is None else " ".join(str(value).split())


def _cut(text: str) -> str:
    """Long texts are on the page that was scanned; the list says how they begin."""
    return text if len(text) <= 90 else f"{text[:89]}…"
