"""What is purged is gone from every byte: the store, its journal, the archive, backups made after."""

from __future__ import annotations

import datetime as dt
import random
from pathlib import Path

import pikepdf
import pytest
from PIL import Image
from sqlalchemy import Engine

from papier import retention
from papier.errors import StoreError
from papier.intake import take_in
from papier.ocr.pages import load_page
from papier.ocr.scan import RejectedPage, ScannedPage
from papier.records import FieldReading, PageReading, PageStatus, State
from papier.retention import find_due, finish_purge, keep_until, purge
from papier.store.backup import make_backup
from papier.store.connection import connect
from papier.store.purge import propose, proposed_records
from papier.store.records import list_records
from papier.store.sheets import StoreRegister
from papier.store.verification import find_damage
from papier.store.workspace import Workspace
from simulator.interruptions import BATCH_DPI, NOW, RecordedReader, fresh_workspace, make_batch

NAMES = ("Zébulon-Xavier", "Wandrille-Odilon", "Quasimodo-Ysolde")


class NamingReader(RecordedReader):
    """Says of page n of a file that it is the nth sheet of the workspace, with a name on it."""

    def __init__(self, workspace: Workspace, numbers: list[str]) -> None:
        super().__init__(StoreRegister(workspace), {})
        self.numbers = numbers

    def read_page(self, page: ScannedPage | RejectedPage) -> list[PageReading]:
        name = NAMES[page.index - 1]
        entry = FieldReading("nom", "comb", name, State.SURE, 0.9999, candidates=((name, 0.9999),))
        outline = (0.0, 0.0, 870.0, 0.0, 870.0, 1240.0, 0.0, 1240.0)
        return [
            PageReading(
                page.source, page.index, PageStatus.READ, "carnet/mot-aux-parents", 1, self.numbers[page.index - 1], 1,
                None, {"nom": entry}, (5.9, 0.0, 0.0, 0.0, 5.9, 0.0, 0.0, 0.0, 1.0), outline=outline,
            )
        ]  # fmt: skip


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    batch = make_batch(tmp_path, 3, random.Random(8), forms=("carnet/mot-aux-parents",))
    workspace = fresh_workspace(batch, tmp_path / "w")
    # The second file of a batch is a TIFF: here all three pages come in one PDF.
    for path in workspace.inbox.glob("*.tif"):
        with Image.open(path) as image:
            image.save(path.with_suffix(".pdf"), resolution=BATCH_DPI, save_all=True)
        path.unlink()
    return workspace


@pytest.fixture
def engine(workspace: Workspace) -> Engine:
    """A workspace whose one scan of three pages has been taken in, as three records."""
    engine = connect(workspace)
    with engine.connect() as connection:
        numbers = [row[0] for row in connection.exec_driver_sql("SELECT number FROM sheets ORDER BY serial")]
    stack = workspace.inbox / "stack.pdf"
    with pikepdf.new() as together:
        for path in sorted(workspace.inbox.iterdir()):
            with pikepdf.open(path) as pdf:
                together.pages.extend(pdf.pages)
            path.unlink()
        together.save(stack)
    take_in(workspace, engine, stack, NOW, NamingReader(workspace, numbers))
    assert [record.fields["nom"]["value"] for record in list_records(engine)] == list(NAMES)
    return engine


def everything(folder: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def said(text: str) -> tuple[bytes, ...]:
    return text.encode(), text.encode("utf-16-le")


@pytest.mark.parametrize(
    ("duration", "made", "until"),
    [
        ("P1Y", "2026-11-24", "2027-11-24"),
        ("P1Y", "2028-02-29", "2029-02-28"),
        ("P2Y6M", "2026-08-31", "2029-02-28"),
        ("P3W", "2026-12-20", "2027-01-10"),
        ("P10D", "2026-12-25", "2027-01-04"),
        ("année scolaire", "2026-11-24", "2027-08-31"),
        ("année scolaire", "2027-08-31", "2027-08-31"),
        ("année scolaire", "2027-09-01", "2028-08-31"),
        ("toujours", "2026-11-24", None),
        ("P", "2026-11-24", None),
    ],
)
def test_a_copy_is_kept_until(duration: str, made: str, until: str | None) -> None:
    expected = None if until is None else dt.date.fromisoformat(until)
    assert keep_until(duration, dt.date.fromisoformat(made)) == expected


def test_records_are_due_the_day_after_their_last(engine: Engine) -> None:
    # Mots aux parents: the school year; taken in on 23 November 2026.
    assert find_due(engine, dt.date(2027, 8, 31)) == []
    assert [entry.record.record for entry in find_due(engine, dt.date(2027, 9, 1))] == [1, 2, 3]
    assert find_due(engine, dt.date(2027, 9, 1), form="carnet/absence") == []
    engine.dispose()


def test_what_is_purged_is_in_no_byte_and_the_rest_stays(workspace: Workspace, engine: Engine, tmp_path: Path) -> None:
    (kept,) = workspace.archive.glob("*/*.*")
    picture = kept.read_bytes()
    for name in NAMES:
        assert name.encode() in everything(workspace.folder)
    purge(workspace, engine, [1, 3], NOW, "visa 12")
    after = everything(workspace.folder)
    for name in (NAMES[0], NAMES[2]):
        assert not any(text in after for text in said(name))
    assert NAMES[1].encode() in after
    records = list_records(engine)
    assert [record.status for record in records] == ["purged", "read", "purged"]
    assert [list(record.fields) for record in records] == [[], ["nom"], []]

    # The scan showed all three: its copy shows only the second.
    assert not kept.exists()
    assert picture[5000:5200] not in after
    (copy,) = [path for path in workspace.archive.glob("*/*.pdf") if path != kept]
    whites = []
    for index in (1, 2, 3):
        page = load_page(copy, index)
        assert isinstance(page, ScannedPage)
        whites.append(bool((page.pixels > 250).all()))
    assert whites == [True, False, True]
    assert find_damage(workspace, engine) == []

    backup = make_backup(workspace, tmp_path / "usb", NOW)
    assert NAMES[0].encode() not in everything(backup.folder)
    purge(workspace, engine, [2], NOW, "visa 13")
    assert not any(text in everything(workspace.folder) for text in said(NAMES[1]))
    assert list(workspace.archive.glob("*/*.pdf")) == []
    assert find_damage(workspace, engine) == []
    engine.dispose()


def test_no_salt_is_left_to_try_values_with(workspace: Workspace, engine: Engine) -> None:
    purge(workspace, engine, [1], NOW, "visa")
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT salt, hash FROM seals WHERE tab = 'readings' AND key LIKE '[1,%' ORDER BY seq"
        ).all()
    assert [(salt is None, digest is None) for salt, digest in rows] == [(True, False), (True, True)]
    engine.dispose()


def test_a_purged_scan_is_known_and_not_taken_in_again(workspace: Workspace, engine: Engine, tmp_path: Path) -> None:
    (kept,) = workspace.archive.glob("*/*.*")
    again = tmp_path / "again.pdf"
    again.write_bytes(kept.read_bytes())
    purge(workspace, engine, [1, 2, 3], NOW, "visa")
    with pytest.raises(StoreError, match="purged"):
        take_in(workspace, engine, again, NOW)
    assert len(list_records(engine)) == 3
    engine.dispose()


def test_an_interrupted_purge_is_told_and_finished(
    workspace: Workspace, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(_path: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setenv("PAPIER_LANGUAGE", "en")
    with monkeypatch.context() as stopped:
        stopped.setattr(retention, "wipe_file", stop)
        with pytest.raises(KeyboardInterrupt):
            purge(workspace, engine, [1, 2, 3], NOW, "visa")
    (told,) = find_damage(workspace, engine)
    assert "papier purge --finish" in told
    assert finish_purge(workspace, engine) == 1
    assert find_damage(workspace, engine) == []
    assert not any(text in everything(workspace.folder) for text in said(NAMES[0]))
    engine.dispose()


def test_a_slip_names_the_records_it_was_printed_for(engine: Engine) -> None:
    number, _ = propose(engine, [1, 3], NOW)
    assert proposed_records(engine, number) == [1, 3]
    assert proposed_records(engine, number - 1) is None
    engine.dispose()
