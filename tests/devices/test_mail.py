"""A maildir that a copier writes to, and folders of old scans."""

from __future__ import annotations

import mailbox
import os
import shutil
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.cli.conftest import Papier, papier
from tests.cli.sheets import render, save

__all__ = ["papier"]
FORM = "carnet/feuille-appel"


@pytest.fixture
def scans(papier: Papier, tmp_path: Path) -> list[Path]:
    """Two sheets' scans, one file a sheet."""
    papier("print", FORM, "--copies", "2", "--output", tmp_path / "printed.pdf")
    pages = render(tmp_path / "printed.pdf", 150)
    half = len(pages) // 2
    return [
        save(pages[:half], tmp_path / "scan-1.pdf", 150),
        save(pages[half:], tmp_path / "scan-2.tiff", 150),
    ]


def message(sender: str, *parts: tuple[bytes, str, str]) -> EmailMessage:
    """A message from a copier; each part is its bytes, its type, its name."""
    mail = EmailMessage()
    mail["From"] = f"Copieur du couloir <{sender}>"
    mail["Subject"] = "Numérisation"
    mail.set_content("Voir pièce jointe.")
    for data, kind, name in parts:
        main, _, sub = kind.partition("/")
        mail.add_attachment(data, maintype=main, subtype=sub, filename=name)
    return mail


def records(papier: Papier) -> int:
    return len(papier("records", "list", "--json").lines)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_attachments_of_a_maildir_are_taken_once_and_messages_stay(
    papier: Papier, tmp_path: Path, scans: list[Path]
) -> None:
    box = mailbox.Maildir(tmp_path / "mail")
    one, two = (path.read_bytes() for path in scans)
    box.add(message("copieur@ecole.example", (one, "application/pdf", "../../étrange\nnom.pdf")))
    box.add(
        message("copieur@ecole.example", (two, "application/octet-stream", "SCAN.TIF"), (b"x", "text/csv", "a.csv"))
    )
    box.add(message("Stranger@elsewhere.example", (one, "application/pdf", "again.pdf")))
    before = files(tmp_path / "mail")
    outcome = papier("intake", "--maildir", tmp_path / "mail", "--from", "Copieur@ecole.example", "--json")
    assert outcome.code in (0, 20), outcome.err
    assert "2 messages looked at, scans taken out: 2" in outcome.err
    assert records(papier) == 2
    assert files(tmp_path / "mail") == before
    # Once more, with everybody's messages: the stranger's copy is the same scan.
    again = papier("intake", "--maildir", tmp_path / "mail")
    assert again.code == 0, again.err
    assert "taken in before" in again.out
    assert "0 messages looked at, scans taken out: 0" in papier("intake", "--maildir", tmp_path / "mail").out
    assert records(papier) == 2
    assert list((tmp_path / "workspace" / "inbox").iterdir()) == []


def test_messages_are_filed_as_read_where_asked(papier: Papier, tmp_path: Path, scans: list[Path]) -> None:
    box = mailbox.Maildir(tmp_path / "mail")
    key = box.add(message("copieur@ecole.example", (scans[0].read_bytes(), "application/pdf", "scan.pdf")))
    before = box.get_bytes(key)
    papier("intake", "--maildir", tmp_path / "mail", "--mark-read")
    assert list((tmp_path / "mail" / "new").iterdir()) == []
    assert [path.name for path in (tmp_path / "mail" / "cur").iterdir()] == [f"{key}:2,S"]
    assert mailbox.Maildir(tmp_path / "mail").get_bytes(key) == before


def test_a_folder_that_is_no_maildir_is_told(papier: Papier, tmp_path: Path) -> None:
    outcome = papier("intake", "--maildir", tmp_path)
    assert outcome.code == 2
    assert "no maildir" in outcome.err


def test_a_folder_of_old_scans_goes_on_after_one_that_is_broken(
    papier: Papier, tmp_path: Path, scans: list[Path]
) -> None:
    old = tmp_path / "old"
    (old / "2024" / "mars").mkdir(parents=True)
    shutil.copy(scans[0], old / "2024" / "Absence élève.PDF")
    shutil.copy(scans[1], old / "2024" / "mars" / os.fsdecode(b"latin-\xe9.tif"))
    shutil.copy(scans[0], old / "2024" / "the same again.pdf")
    (old / "2024" / "broken.pdf").write_bytes(b"%PDF-1.4\nnothing")
    (old / "letter.docx").write_bytes(b"PK\3\4")
    refused = papier("intake", old)
    assert refused.code == 2
    assert "intake -r" in refused.err
    first = papier("intake", "-r", old)
    assert first.code == 5
    assert "broken.pdf" in first.err
    assert "1 file is no scan" in first.err
    assert "4 files: 2 taken in, 1 taken in before, 1 refused" in first.out
    assert records(papier) == 2
    second = papier("intake", "-r", old)
    assert "4 files: 0 taken in, 3 taken in before, 1 refused" in second.out
    assert records(papier) == 2


def test_many_files_are_taken_in_side_by_side_in_order(papier: Papier, tmp_path: Path) -> None:
    papier("print", "carnet/mot-aux-parents", "--copies", "10", "--output", tmp_path / "printed.pdf")
    pages = render(tmp_path / "printed.pdf", 150)
    folder = tmp_path / "many"
    folder.mkdir()
    for at in range(10):
        save([pages[at % len(pages)]], folder / f"{at:02d}.png", 150 + at)
    outcome = papier("intake", "-r", folder, "--json")
    assert outcome.code in (0, 20, 21)
    sources = [line["source"] for line in outcome.lines]
    assert sources == sorted(sources)
    assert len(set(sources)) == 10
    assert papier("verify").code == 0
