"""The watched folder: which files are whole, which still grow, which never will be. Time is a number here."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from papier.devices import watching
from papier.devices.delivery import bring_in, count_aside, safe_name, set_aside
from papier.devices.watching import PATIENCE_SECONDS, SETTLE_SECONDS, WatchedFolder, is_remote
from papier.devices.wholeness import is_whole

LATER = SETTLE_SECONDS
MUCH_LATER = PATIENCE_SECONDS


@pytest.fixture
def scans(tmp_path: Path) -> dict[str, bytes]:
    """One whole scan of each kind, by its suffix."""
    page = Image.effect_noise((300, 400), 80)
    made = {}
    for suffix in (".pdf", ".jpg", ".png", ".tif"):
        path = tmp_path / f"made{suffix}"
        if suffix == ".tif":
            page.save(path, save_all=True, append_images=[page])
        else:
            page.save(path)
        made[suffix] = path.read_bytes()
    return made


@pytest.fixture
def folder(tmp_path: Path) -> WatchedFolder:
    (tmp_path / "share").mkdir()
    return WatchedFolder(tmp_path / "share", lambda _path: None)


def test_every_kind_is_whole_only_with_its_end(tmp_path: Path, scans: dict[str, bytes]) -> None:
    for suffix, data in scans.items():
        path = tmp_path / f"scan{suffix}"
        path.write_bytes(data)
        assert is_whole(path), suffix
        path.write_bytes(data + bytes(40))
        assert is_whole(path), f"{suffix} with padding"
        for share in (0.3, 0.6, 0.9):
            path.write_bytes(data[: int(share * len(data))])
            assert not is_whole(path), f"{share} of {suffix}"


def test_a_file_is_ready_once_it_has_lain_still(folder: WatchedFolder, scans: dict[str, bytes]) -> None:
    path = folder.path / "scan.pdf"
    path.write_bytes(scans[".pdf"][:500])
    assert folder.look(0.0).waiting == 1
    path.write_bytes(scans[".pdf"])
    assert folder.look(10.0).waiting == 1
    assert folder.look(10.0 + LATER / 2).ready == ()
    assert folder.look(10.0 + LATER).ready == (path,)


def test_a_file_that_somebody_still_holds_open_is_waited_for(folder: WatchedFolder, scans: dict[str, bytes]) -> None:
    if sys.platform != "linux":
        pytest.skip("leases are Linux's")
    path = folder.path / "scan.jpg"
    path.write_bytes(scans[".jpg"])
    folder.look(0.0)
    hold = "import sys; f = open(sys.argv[1], 'ab'); print('open', flush=True); sys.stdin.readline()"
    writer = subprocess.Popen(
        [sys.executable, "-c", hold, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == "open\n"
    assert folder.look(MUCH_LATER).waiting == 1
    writer.communicate("\n")
    assert folder.look(MUCH_LATER).ready == (path,)


def test_what_never_becomes_whole_is_refused_with_its_reason(folder: WatchedFolder, scans: dict[str, bytes]) -> None:
    (folder.path / "cut.pdf").write_bytes(scans[".pdf"][:500])
    (folder.path / "empty.pdf").touch()
    (folder.path / "reserved.pdf").write_bytes(bytes(5000))
    (folder.path / "letter.odt").write_bytes(b"PK\3\4letter")
    folder.look(0.0)
    assert [refused.path.name for refused in folder.look(3 * LATER).refused] == ["letter.odt"]
    refused = {entry.path.name: entry.reason for entry in folder.look(MUCH_LATER).refused}
    assert set(refused) == {"cut.pdf", "empty.pdf", "reserved.pdf", "letter.odt"}
    assert len(set(refused.values())) >= 3


def test_what_a_reader_would_refuse_is_refused_where_it_lies(folder: WatchedFolder, scans: dict[str, bytes]) -> None:
    folder.examine = lambda path: "locked" if path.name == "locked.pdf" else None
    (folder.path / "locked.pdf").write_bytes(scans[".pdf"])
    (folder.path / "open.pdf").write_bytes(scans[".pdf"])
    folder.look(0.0)
    look = folder.look(LATER)
    assert [path.name for path in look.ready] == ["open.pdf"]
    assert [(refused.path.name, refused.reason) for refused in look.refused] == [("locked.pdf", "locked")]


def test_litter_hidden_and_unfinished_files_are_nobodys_scans(folder: WatchedFolder, scans: dict[str, bytes]) -> None:
    for name in ("Thumbs.db", ".DS_Store", "._scan.pdf", "~scan.pdf", "scan.pdf.part", "scan.tmp"):
        (folder.path / name).write_bytes(scans[".pdf"])
    (folder.path / "folder.pdf").mkdir()
    (folder.path / "link.pdf").symlink_to(folder.path / "scan.tmp")
    folder.look(0.0)
    assert folder.look(MUCH_LATER) == watching.Look()


def test_the_oldest_comes_first_and_odd_names_are_no_trouble(
    tmp_path: Path, folder: WatchedFolder, scans: dict[str, bytes]
) -> None:
    names = ["-rf.pdf", "été à l'école.PDF", "a b\tc\nd.pdf", os.fsdecode(b"latin-\xe9.pdf"), "x" * 240 + ".pdf"]
    for at, name in enumerate(reversed(names)):
        (folder.path / name).write_bytes(scans[".pdf"])
        os.utime(folder.path / name, (1000 - at, 1000 - at))
    folder.look(0.0)
    ready = folder.look(LATER).ready
    assert [path.name for path in ready] == names
    (tmp_path / "inbox").mkdir()
    brought = [bring_in(path, tmp_path / "inbox") for path in ready]
    assert [path.name for path in brought] == [
        *("rf.pdf", "été à l'école.PDF", "a b_c_d.pdf", "latin-_.pdf", "x" * 117 + ".pdf")
    ]
    assert all(path.read_bytes() == scans[".pdf"] for path in brought)
    assert list(folder.path.iterdir()) == []


def test_two_files_of_one_name_keep_apart(tmp_path: Path) -> None:
    (tmp_path / "inbox").mkdir()
    for text in (b"one", b"two"):
        (tmp_path / "scan.pdf").write_bytes(text)
        bring_in(tmp_path / "scan.pdf", tmp_path / "inbox")
    assert {path.name: path.read_bytes() for path in (tmp_path / "inbox").iterdir()} == {
        "scan.pdf": b"one",
        "scan-2.pdf": b"two",
    }


@pytest.mark.skipif(sys.platform != "linux", reason="mount namespaces are Linux's")
def test_from_another_disk_it_is_copied_and_what_cannot_be_deleted_is_told(
    tmp_path: Path, scans: dict[str, bytes]
) -> None:
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("this system lets nobody make a mount namespace")
    (tmp_path / "inbox").mkdir()
    (tmp_path / "disk").mkdir()
    (tmp_path / "scan.pdf").write_bytes(scans[".pdf"])
    script = """
mount -t tmpfs none "$1/disk"
cp "$1/scan.pdf" "$1/disk/one.pdf"; cp "$1/scan.pdf" "$1/disk/two.pdf"
bring() { "$PYTHON" -c 'import sys; from pathlib import Path; from papier.devices.delivery import *
try: print(bring_in(Path(sys.argv[1]), Path(sys.argv[2])))
except StuckError as error: print("stuck", error.target)' "$1" "$2"; }
bring "$1/disk/one.pdf" "$1/inbox"
mount -o remount,ro "$1/disk"
bring "$1/disk/two.pdf" "$1/inbox"
ls "$1/disk"
"""
    done = subprocess.run(
        ["unshare", "-rm", "bash", "-eu", "-c", script, "bash", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHON": sys.executable},
    )
    assert done.returncode == 0, done.stderr
    inbox = tmp_path / "inbox"
    assert done.stdout.splitlines() == [str(inbox / "one.pdf"), f"stuck {inbox / 'two.pdf'}", "two.pdf"]
    assert {path.read_bytes() for path in inbox.iterdir()} == {scans[".pdf"]}


def test_the_reason_lies_beside_what_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "cut.pdf").write_bytes(b"x")
    aside = set_aside(tmp_path / "cut.pdf", tmp_path / "aside", "It breaks off.", tmp_path / "otherwise")
    assert aside == tmp_path / "aside" / "cut.pdf"
    assert "It breaks off." in (tmp_path / "aside" / "cut.pdf.txt").read_text(encoding="utf-8")
    assert count_aside(tmp_path / "aside") == 1
    # A folder that cannot be made: the workspace takes it.
    (tmp_path / "cut.pdf").write_bytes(b"x")
    (tmp_path / "file").touch()
    assert set_aside(tmp_path / "cut.pdf", tmp_path / "file", "x", tmp_path / "otherwise").parent.name == "otherwise"


def test_what_cannot_be_moved_away_is_taken_once(folder: WatchedFolder, scans: dict[str, bytes]) -> None:
    path = folder.path / "scan.pdf"
    path.write_bytes(scans[".pdf"])
    folder.look(0.0)
    assert folder.look(LATER).ready == (path,)
    folder.forget(path)
    assert folder.look(MUCH_LATER) == watching.Look()
    path.write_bytes(scans[".pdf"] + b"\n%%EOF")
    folder.look(2 * MUCH_LATER)
    assert folder.look(3 * MUCH_LATER).ready == (path,)


def test_a_folder_that_is_away_is_told_and_comes_back(folder: WatchedFolder, scans: dict[str, bytes]) -> None:
    folder.path.rmdir()
    assert folder.look(0.0).away
    folder.path.mkdir()
    (folder.path / "scan.pdf").write_bytes(scans[".pdf"])
    folder.look(1.0)
    assert len(folder.look(1.0 + LATER).ready) == 1


def test_a_name_for_any_disk() -> None:
    assert safe_name("../../etc/passwd") == "_.._etc_passwd"
    assert safe_name("   ") == "scan"
    assert safe_name("a:b?.pdf") == "a_b_.pdf"


def test_this_folder_is_on_this_machine(tmp_path: Path) -> None:
    assert not is_remote(tmp_path)
