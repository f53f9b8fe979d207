"""The tables of the store. Times are UTC, ISO 8601; structured values are JSON text."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

# One row a layout that was ever printed, with its printed face: what reading needs, whatever happens to the YAML.
layouts = Table(
    "layouts",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("form", String(120), nullable=False),
    Column("version", Integer, nullable=False),
    Column("frozen", Text, nullable=False),
    Column("face", LargeBinary, nullable=False),
    Column("first_printed", String(40), nullable=False),
)

# One row an order to print.
print_runs = Table(
    "print_runs",
    metadata,
    Column("run", Integer, primary_key=True, autoincrement=True),
    Column("form", String(120), nullable=False),
    Column("version", Integer, nullable=False),
    Column("printed_at", String(40), nullable=False),
    Column("output", Text),
    Column("sheets", Integer, nullable=False),
    # JSON: which pages go on which paper (`papier.forms.stacks.Stack`), and the hash of the PDF; NULL in older runs.
    Column("stacks", Text),
    Column("sha256", String(64)),
)

# One row a numbered sheet. `state`: numbered (no printer had it yet; its PDF may not exist), sent (a printer's queue
# has it), printed (through the printer, or in a PDF that a person prints), unknown (look in the tray), voided.
sheets = Table(
    "sheets",
    metadata,
    Column("serial", Integer, primary_key=True, autoincrement=False),
    Column("number", String(20), nullable=False, unique=True),
    Column("layout", String(64), ForeignKey("layouts.digest"), nullable=False),
    Column("run", Integer, ForeignKey("print_runs.run"), nullable=False),
    Column("prefilled", Text, nullable=False),  # field → printed value
    Column("person", Text, nullable=False),  # the roster's columns
    Column("master", Boolean, nullable=False),
    Column("state", String(12), nullable=False),
    Index("sheets_by_run", "run"),
)

# One row a scan file, kept in the archive under its content hash.
scans = Table(
    "scans",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("name", Text, nullable=False),
    Column("suffix", String(10), nullable=False),
    Column("bytes", Integer, nullable=False),
    Column("taken_in_at", String(40), nullable=False),
    # The hash of the file as it came, where what is kept is a copy with the paper-only zones masked; else NULL.
    Column("source_sha256", String(64)),
    # When the file was purged; the row stays, so that the same scan is known and not taken in again.
    Column("purged_at", String(40)),
)

# One row a page that went in, whatever became of it: a record's page, a question, or a rejected page with its reason.
pages = Table(
    "pages",
    metadata,
    Column("page_id", Integer, primary_key=True, autoincrement=True),
    Column("scan", String(64), ForeignKey("scans.sha256"), nullable=False),
    Column("source_page", Integer, nullable=False),
    Column("image_index", Integer, nullable=False),
    Column("sheet_index", Integer, nullable=False),
    Column("status", String(12), nullable=False),
    Column("reason", Text),
    Column("form", String(120)),
    Column("version", Integer),
    Column("sheet", String(20)),
    Column("page", Integer),
    Column("record", Integer, ForeignKey("records.record")),
    Column("to_scan", Text),
    UniqueConstraint("scan", "source_page", "image_index", "sheet_index"),
    Index("pages_by_sheet", "sheet"),
)

# One row a filled sheet. `revision` counts different scans of the same sheet from 1; `flag` says why to look at it.
records = Table(
    "records",
    metadata,
    Column("record", Integer, primary_key=True, autoincrement=True),
    Column("sheet", String(20)),
    Column("revision", Integer, nullable=False),
    Column("form", String(120), nullable=False),
    Column("version", Integer, nullable=False),
    Column("status", String(12), nullable=False),
    Column("flag", Text),
    Column("created_at", String(40), nullable=False),
    Index("records_by_sheet", "sheet"),
)

# One row a field of a record.
readings = Table(
    "readings",
    metadata,
    Column("record", Integer, ForeignKey("records.record"), primary_key=True),
    Column("field", String(200), primary_key=True),
    Column("position", Integer, nullable=False),
    Column("page_id", Integer, ForeignKey("pages.page_id"), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("value", Text, nullable=False),
    Column("state", String(12), nullable=False),
    Column("probability", Float, nullable=False),
    Column("candidates", Text, nullable=False),
    Column("options", Text, nullable=False),
    Column("read_by", String(80), nullable=False),
    Column("reason", Text),
    Column("needs_person", Boolean, nullable=False),
    Column("rect", Text),
    # What was asked is told apart from what is answered in these two alone, without a look at the rows.
    Index("readings_asked", "needs_person", "record", "field"),
)

# One row an answer of a person. The reading stays as it was; what an answer says instead stands here and not in the
# event, so that it goes when the record is purged. `settles`: what was asked is answered by it. `undone`: the event
# that took it back; `told`: the case's event that it caused; `because`: why a sure value was corrected.
checks = Table(
    "checks",
    metadata,
    Column("check", Integer, primary_key=True, autoincrement=True),
    Column("key", String(260), nullable=False),
    Column("record", Integer, ForeignKey("records.record")),
    Column("field", String(200)),
    Column("verdict", String(12), nullable=False),
    Column("value", Text),
    Column("who", String(120), nullable=False),
    Column("via", String(60), nullable=False),
    Column("at", String(40), nullable=False),
    Column("settles", Boolean, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("case", Integer),
    Column("told", Integer),
    Column("undone", Integer),
    Column("because", Text),
    Index("checks_by_key", "key"),
    Index("checks_settled", "record", "field", "settles", "undone"),
)

# One row a page of a paper without a form: its text, and where each word stands on the picture.
# `words`: JSON, a list a line of [text, x, y, width, height] in pixels of the page as it is decoded.
page_texts = Table(
    "page_texts",
    metadata,
    Column("page_id", Integer, ForeignKey("pages.page_id"), primary_key=True),
    Column("text", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("read_by", String(80), nullable=False),
)

# Which case a paper without a form belongs to.
case_papers = Table(
    "case_papers",
    metadata,
    Column("record", Integer, ForeignKey("records.record"), primary_key=True),
    Column("number", Integer, ForeignKey("cases.number"), nullable=False),
    Index("case_papers_by_case", "number"),
)

# Where the paper of a record is kept: which binder.
places = Table(
    "places",
    metadata,
    Column("record", Integer, ForeignKey("records.record"), primary_key=True),
    Column("binder", String(120), ForeignKey("binders.binder"), nullable=False),
    Index("places_by_binder", "binder", "record"),
)

# Where a binder stands: its box, its shelf.
binders = Table(
    "binders",
    metadata,
    Column("binder", String(120), primary_key=True),
    Column("box", String(120), nullable=False),
    Column("shelf", String(120), nullable=False),
)

# Append-only; `hash` covers the row and the previous row's hash: of `data` it covers `digest`, which is salted. Where
# `data` was emptied (`papier purge`) the salt is gone, and the chain still holds. `digest` is NULL in rows that an
# earlier papier wrote, whose hash covers `data` itself.
events = Table(
    "events",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", String(40), nullable=False),
    Column("kind", String(40), nullable=False),
    Column("data", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("salt", String(32)),
    Column("digest", String(64)),
)
# What came in since yesterday is asked every morning, of years of events.
events_by_kind = Index("events_by_kind", events.c.kind, events.c.seq)
# What lists of the newest, of one form, of one record's pages, and the queue ask of years of records.
BROWSING = (
    Index("pages_by_record", pages.c.record),
    Index("pages_by_status", pages.c.status),
    Index("records_by_form", records.c.form, records.c.record),
    Index("records_scanned_again", records.c.sheet, sqlite_where=records.c.revision > 1),
    Index("scans_by_time", scans.c.taken_in_at),
)

# The newest event, so that one taken off the end of the chain is missed.
head = Table(
    "head",
    metadata,
    Column("only", Integer, primary_key=True, autoincrement=False),
    Column("seq", Integer, nullable=False),
    Column("hash", String(64), nullable=False),
)

# One row a change of a row, append-only: see `papier.store.seals`. `hash` is NULL where the row was taken out.
seals = Table(
    "seals",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=False),  # the event that closes the list
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("tab", String(40), nullable=False),
    Column("key", Text, nullable=False),  # JSON: the values of the table's key
    Column("salt", LargeBinary),
    Column("hash", LargeBinary),
    Index("seals_by_key", "tab", "key", "seq"),
)

migrations = Table(
    "migrations",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("name", String(80), nullable=False),
    Column("applied_at", String(40), nullable=False),
)

# One row a workflow definition that a case ever followed, whatever happens to the YAML.
workflows = Table(
    "workflows",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("workflow", String(120), nullable=False),
    Column("version", Integer, nullable=False),
    Column("frozen", Text, nullable=False),
    Column("first_used", String(40), nullable=False),
)

# One row a case: what its events leave, kept beside them so that a list needs no replay. `papier verify` compares.
# `wakes_on`: the first day on which somebody has to look; null where that is never.
cases = Table(
    "cases",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("workflow", String(120), nullable=False),
    Column("version", Integer, nullable=False),
    Column("digest", String(64), ForeignKey("workflows.digest"), nullable=False),
    Column("name", Text, nullable=False),
    Column("class", String(40), nullable=False),
    Column("step", String(80), nullable=False),
    Column("stage", String(12), nullable=False),
    Column("opened", String(10), nullable=False),
    Column("wakes_on", String(10)),
    Column("state", Text, nullable=False),  # the whole case as JSON
    Column("seq", Integer, nullable=False),
    # When what it said was purged; that it existed stays.
    Column("erased_at", String(40)),
    Index("cases_by_wake", "wakes_on"),
    Index("cases_by_name", "name"),
    Index("cases_by_stage", "stage", "workflow"),
)

# Which events belong to which case.
case_events = Table(
    "case_events",
    metadata,
    Column("number", Integer, ForeignKey("cases.number"), primary_key=True),
    Column("seq", Integer, ForeignKey("events.seq"), primary_key=True),
    Index("case_events_by_seq", "seq"),
)

# Which case a sheet belongs to. A photocopied master has none: each of its copies is its own case.
case_sheets = Table(
    "case_sheets",
    metadata,
    Column("sheet", String(20), primary_key=True),
    Column("number", Integer, ForeignKey("cases.number"), nullable=False),
    Index("case_sheets_by_case", "number"),
)

# A sheet whose rows stand for things to do in many cases: the day's sheet, the dispatch list. `done`: rows applied.
row_sheets = Table(
    "row_sheets",
    metadata,
    Column("sheet", String(20), primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("day", String(10), nullable=False),
    Column("rows", Text, nullable=False),
    Column("done", Text, nullable=False),
    Column("seq", Integer, nullable=False),  # the last event when it was printed
)

# One row a stack handed, or to be handed, to a printer. `state`: see `papier.store.print_jobs.State`.
print_jobs = Table(
    "print_jobs",
    metadata,
    Column("job", Integer, primary_key=True, autoincrement=True),
    Column("run", Integer, ForeignKey("print_runs.run")),  # NULL where no sheet is numbered
    Column("title", Text, nullable=False),
    Column("pdf", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("first_page", Integer, nullable=False),
    Column("last_page", Integer, nullable=False),
    Column("first_serial", Integer),
    Column("last_serial", Integer),
    Column("printer", Text, nullable=False),
    Column("options", Text, nullable=False),  # JSON of `papier.devices.printing.JobOptions`
    Column("unattended", Boolean, nullable=False),
    Column("state", String(12), nullable=False),
    Column("queue_job", Integer),
    Column("reason", Text),
    Column("impressions", Integer, nullable=False),
    Column("queued_at", String(40), nullable=False),
    Column("ended_at", String(40)),
    Index("print_jobs_by_state", "state"),
    Index("print_jobs_by_run", "run"),
)

# An order sheet that was printed: what its rows stand for. Its number is single-use.
order_sheets = Table(
    "order_sheets",
    metadata,
    Column("sheet", String(20), primary_key=True),
    Column("rows", Text, nullable=False),  # JSON: the form of each row
)

# An order sheet that came in, by its record. `state`: begun, or closed once its report is printed.
order_reads = Table(
    "order_reads",
    metadata,
    Column("record", Integer, ForeignKey("records.record"), primary_key=True),
    Column("sheet", String(20)),
    Column("state", String(12), nullable=False),
)

# One row an order: the sheet's number and its place make it single-use. `state`: begun, done, asked, refused.
orders = Table(
    "orders",
    metadata,
    Column("sheet", String(20), primary_key=True),
    Column("place", String(40), primary_key=True),
    Column("record", Integer, ForeignKey("records.record"), nullable=False),
    Column("data", Text, nullable=False),  # JSON of `papier.store.orders.Order`
    Column("state", String(12), nullable=False),
    Column("told", Text),
)
