"""Papers without a form: kept like scans, filed like records, linked to the case they belong to."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Engine, select

from papier.errors import UsageError
from papier.language import translate as _
from papier.ocr.typed_pages import TypedPage, Word
from papier.records import PageStatus
from papier.store.cases import CaseLedger
from papier.store.connection import insert_row, reading, writing
from papier.store.events import append_event
from papier.store.records import ScanFile
from papier.store.tables import case_papers, page_texts, pages, readings, records, scans
from papier.workflows.events import Kind

# What a record of a paper without a form is called in the place of its form.
PAPER_FORM, PAPER_VERSION = "papier/document", 1
FILED = "filed"
# The field that says how long the paper is kept, where a person said so.
KEPT_FOR = "conservation"


class Nature(StrEnum):
    """What sort of paper it is."""

    LETTER = "courrier"
    DECISION = "decision"
    RECEIPT = "recepisse"
    POSTAL_RECEIPT = "avis-de-reception"
    OTHER = "autre"


@dataclass(frozen=True, slots=True)
class PaperPage:
    """One page: its text, or why it could not be decoded."""

    source_page: int
    typed: TypedPage | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class PaperLink:
    """The case a paper belongs to. `answer`: the word of its workflow for what came, where it moves the case."""

    case: int
    by: str
    answer: str | None = None


def find_paper(engine: Engine, sha256: str) -> tuple[int, int | None] | None:
    """The record and the case of a file that was filed before."""
    with reading(engine) as connection:
        row = connection.execute(
            select(records.c.record, case_papers.c.number)
            .join(pages, pages.c.record == records.c.record)
            .outerjoin(case_papers, case_papers.c.record == records.c.record)
            .where(pages.c.scan == sha256, records.c.form == PAPER_FORM)
        ).first()
    return None if row is None else (row[0], row[1])


def keep_paper(
    engine: Engine,
    scan: ScanFile,
    found: Sequence[PaperPage],
    fields: Mapping[str, str],
    link: PaperLink | None,
    now: dt.datetime,
) -> int:
    """File a paper as a record and with its case, in one transaction; gives the record.

    Pages that came with a batch of scans and that nobody knew become this paper's. Raises UsageError where the file
    was filed before or holds sheets, WorkflowRefusedError where the case does not take it: then nothing is filed.
    """
    with writing(engine) as connection:
        known = connection.execute(select(pages).where(pages.c.scan == scan.sha256).order_by(pages.c.page_id)).all()
        if any(page.record is not None for page in known):
            raise UsageError(
                _("{name} was taken in before, and its pages are records. See: papier records list").format(
                    name=scan.name
                )
            )
        if not connection.execute(select(scans.c.sha256).where(scans.c.sha256 == scan.sha256)).first():
            connection.execute(
                scans.insert().values(
                    sha256=scan.sha256, name=scan.name, suffix=scan.suffix, bytes=scan.size,
                    taken_in_at=now.isoformat(),
                )
            )  # fmt: skip
        record = insert_row(
            connection,
            records.insert().values(
                sheet=None, revision=1, form=PAPER_FORM, version=PAPER_VERSION, status=str(PageStatus.READ), flag=None,
                created_at=now.isoformat(),
            ),
        )  # fmt: skip
        first = 0
        for place, page in enumerate(found, 1):
            page_id = _keep_page(connection, scan, page, place, record, known)
            first = first or page_id
        connection.execute(
            readings.insert(),
            [_field(record, first, at, name, value) for at, (name, value) in enumerate(fields.items())],
        )
        append_event(connection, now, FILED, {"scan": scan.sha256, "record": record, "pages": len(found)})
        if link is not None:
            _link(connection, record, link, fields, now)
    return record


def link_paper(engine: Engine, record: int, link: PaperLink, now: dt.datetime) -> None:
    """Put a paper that was filed before with its case. Raises UsageError, WorkflowRefusedError."""
    with writing(engine) as connection:
        row = connection.execute(select(records.c.form, records.c.status).where(records.c.record == record)).first()
        if row is None or row.form != PAPER_FORM:
            raise UsageError(
                _("Record {record} is no paper that was filed. See: papier records list --form {form}").format(
                    record=record, form=PAPER_FORM
                )
            )
        owner = connection.execute(select(case_papers.c.number).where(case_papers.c.record == record)).scalar()
        if owner is not None:
            raise UsageError(
                _("Record {record} is filed with case {owner} already.").format(record=record, owner=owner)
            )
        fields = {
            entry.field: json.loads(entry.value)
            for entry in connection.execute(select(readings).where(readings.c.record == record))
        }
        _link(connection, record, link, fields, now)


def papers_of_case(engine: Engine, number: int) -> list[tuple[int, str, str]]:
    """The papers filed with a case, oldest first: record, nature, the day it came."""
    with reading(engine) as connection:
        found = []
        query = (
            select(records.c.record, records.c.created_at)
            .join(case_papers, case_papers.c.record == records.c.record)
            .where(case_papers.c.number == number)
            .order_by(records.c.record)
        )
        for row in connection.execute(query).all():
            fields = {
                entry.field: json.loads(entry.value)
                for entry in connection.execute(select(readings).where(readings.c.record == row.record))
            }
            found.append((row.record, fields.get("nature", ""), fields.get("date", row.created_at[:10])))
        return found


def page_words(engine: Engine, record: int) -> dict[tuple[str, int], list[Word]]:
    """Where each word of a paper stands, by scan and page of the scan."""
    with reading(engine) as connection:
        return {
            (row.scan, row.source_page): [Word.from_json(word) for line in json.loads(row.words) for word in line]
            for row in connection.execute(
                select(pages.c.scan, pages.c.source_page, page_texts.c.words)
                .join(page_texts, page_texts.c.page_id == pages.c.page_id)
                .where(pages.c.record == record)
            )
        }


def _link(connection: Connection, record: int, link: PaperLink, fields: Mapping[str, Any], now: dt.datetime) -> None:
    ledger = CaseLedger(connection, now)
    on = fields.get("date") or now.date().isoformat()
    data = {"record": record, "nature": fields.get("nature", str(Nature.OTHER)), "on": on, "by": link.by}
    case = ledger.record(link.case, Kind.FILED, data)
    if link.answer is not None:
        answer = {"step": case.step, "answer": link.answer, "on": on, "by": link.by, "record": record}
        ledger.record(link.case, Kind.ANSWERED, answer)
    connection.execute(case_papers.insert().values(record=record, number=link.case))


def _keep_page(
    connection: Connection, scan: ScanFile, page: PaperPage, place: int, record: int, known: Sequence[Any]
) -> int:
    status = PageStatus.READ if page.reason is None else PageStatus.DAMAGED
    values = {
        "status": str(status), "reason": page.reason, "form": PAPER_FORM, "version": PAPER_VERSION, "page": place,
        "record": record,
    }  # fmt: skip
    there = [row for row in known if row.source_page == page.source_page]
    for row in there:
        connection.execute(pages.update().where(pages.c.page_id == row.page_id).values(**values))
    if there:
        page_id = int(there[0].page_id)
    else:
        page_id = insert_row(
            connection,
            pages.insert().values(
                scan=scan.sha256, source_page=page.source_page, image_index=1, sheet_index=1, **values
            ),
        )  # fmt: skip
    if page.typed is not None:
        lines = [[word.to_json() for word in line] for line in page.typed.lines]
        connection.execute(
            page_texts.insert().values(
                page_id=page_id, text=page.typed.text, words=json.dumps(lines, ensure_ascii=False),
                read_by="tesseract fra",
            )
        )  # fmt: skip
    return page_id


def _field(record: int, page_id: int, position: int, name: str, value: str) -> dict[str, Any]:
    return {
        "record": record, "field": name, "position": position, "page_id": page_id, "kind": "typed",
        "value": json.dumps(value, ensure_ascii=False), "state": "sure", "probability": 1.0, "candidates": "[]",
        "options": "{}", "read_by": "person", "reason": None, "needs_person": False, "rect": None,
    }  # fmt: skip
