"""Records as a folder that a person can keep without papier: PDFs by case and day, a table, an index for browsers."""

from __future__ import annotations

import datetime as dt
import html
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Engine, select

from papier.durable import make_folder, sync_folder, write_private
from papier.errors import UsageError
from papier.language import translate as _
from papier.store.archive_file import pages_of_record, write_archive_file
from papier.store.connection import reading
from papier.store.export import to_csv
from papier.store.papers import PAPER_FORM, page_words
from papier.store.places import find_places
from papier.store.records import PURGED, StoredRecord
from papier.store.sheets import find_layout
from papier.store.tables import case_papers, case_sheets, cases
from papier.store.workspace import Workspace, read_settings

INDEX, TABLE, WITHOUT_CASE = "index.html", "fiches.csv", "sans-dossier"
STYLE = """
body { font: 16px/1.45 sans-serif; margin: 2em auto; max-width: 60em; padding: 0 1em; color: #111; background: #fff; }
table { border-collapse: collapse; width: 100%; margin: 0 0 2em; }
th, td { text-align: left; padding: .3em .6em; border-bottom: 1px solid #999; vertical-align: top; }
h2 { font-size: 1.1em; margin: 1.5em 0 .4em; } a { color: #114; }
@media print { a { color: #000; } tr { break-inside: avoid; } }
"""


@dataclass(frozen=True, slots=True)
class Filed:
    """A record, its file beside the index, its case, and where its paper is."""

    record: StoredRecord
    path: str
    case: int | None
    title: str
    name: str
    place: str


def write_archive_folder(
    workspace: Workspace,
    engine: Engine,
    found: Sequence[StoredRecord],
    output: Path,
    now: dt.datetime,
    progress: Callable[[], None] | None = None,
) -> int:
    """Write these records into a new folder, which is whole or absent; gives how many. Purged ones are left out.

    Raises UsageError where the folder is there already, ScanFileError where a scan cannot be read.
    """
    if output.exists():
        raise UsageError(_("{output} is there already. Give the name of a new folder.").format(output=output))
    kept = [record for record in found if record.status != PURGED]
    partial = output.resolve().with_name(f".{output.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    owners, names = _cases_of(engine, kept)
    places = {place.record: place for place in find_places(engine, [record.record for record in kept])}
    filed: list[Filed] = []
    try:
        make_folder(partial)
        for record in kept:
            case = owners.get(record.record)
            folder = WITHOUT_CASE if case is None else f"dossier-{case:06d}"
            name = f"{record.created_at[:10]}-{record.form.replace('/', '-')}-{record.record:06d}.pdf"
            place = places[record.record]
            make_folder(partial / folder)
            words = page_words(engine, record.record) if record.form == PAPER_FORM else None
            layout = find_layout(engine, record.form, record.version, record.sheet)
            pages = pages_of_record(workspace, record, words)
            write_private(partial / folder / name, write_archive_file(record, layout, pages))
            where = " · ".join(filter(None, (place.binder, place.box, place.shelf)))
            filed.append(Filed(record, f"{folder}/{name}", case, place.title, place.name, where))
            if progress is not None:
                progress()
        write_private(partial / TABLE, to_csv(kept).encode())
        establishment = read_settings(workspace).get("etablissement", "")
        write_private(partial / INDEX, index_page(filed, names, establishment, now.date()).encode())
        partial.rename(output)
        sync_folder(output.resolve().parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return len(kept)


def index_page(filed: Sequence[Filed], cases_named: dict[int, str], establishment: str, day: dt.date) -> str:
    """One page of HTML without anything from elsewhere: what people wrote is shown as text, whatever it looks like."""
    groups: dict[int | None, list[Filed]] = {}
    for entry in sorted(filed, key=lambda entry: (entry.case is None, entry.case or 0, entry.record.record)):
        groups.setdefault(entry.case, []).append(entry)
    parts = []
    for case, entries in groups.items():
        title = "Sans dossier" if case is None else f"Dossier {case} · {cases_named.get(case, '')}"
        rows = "".join(
            f'<tr><td><a href="{quote(entry.path)}">{entry.record.record}</a></td>'
            f"<td>{_safe(entry.record.created_at[:10])}</td><td>{_safe(entry.title)}</td><td>{_safe(entry.name)}</td>"
            f"<td>{_safe(entry.record.sheet or '–')}</td><td>{_safe(entry.place or '–')}</td></tr>\n"
            for entry in entries
        )
        parts.append(
            f"<h2>{_safe(title)}</h2>\n<table><thead><tr><th>Fiche</th><th>Reçue le</th><th>Formulaire</th><th>Nom</th>"
            f"<th>Feuille</th><th>Le papier est</th></tr></thead><tbody>\n{rows}</tbody></table>\n"
        )
    heading = _safe(establishment) or "Archives"
    return (
        '<!doctype html>\n<html lang="fr"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{heading}</title><style>{STYLE}</style></head><body>\n<h1>{heading}</h1>\n"
        f"<p>{len(filed)} fiches, copiées le {day}. L'original est le papier. "
        f'En tableau : <a href="{TABLE}">{TABLE}</a>. Chercher dans cette page : Ctrl + F.</p>\n'
        f"{''.join(parts)}</body></html>\n"
    )


def _safe(text: str) -> str:
    return html.escape(text, quote=True)


def _cases_of(engine: Engine, found: Sequence[StoredRecord]) -> tuple[dict[int, int], dict[int, str]]:
    """The case of each record that has one, and the names of those cases."""
    with reading(engine) as connection:
        by_sheet = {row.sheet: row.number for row in connection.execute(select(case_sheets))}
        by_record = {row.record: row.number for row in connection.execute(select(case_papers))}
        names = {row.number: row.name for row in connection.execute(select(cases.c.number, cases.c.name))}
    owners = {}
    for record in found:
        # A master's copies share their number; each is told apart by its record.
        case = by_record.get(record.record) or by_sheet.get(f"{record.sheet}#{record.record}")
        case = case or by_sheet.get(record.sheet or "")
        if case is not None:
            owners[record.record] = case
    return owners, names
