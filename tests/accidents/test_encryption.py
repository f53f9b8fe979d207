"""An encrypted workspace: nothing of it can be read on the disk, nothing is lost on the way there, everything works."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import Engine

from papier.errors import StoreError, UsageError
from papier.intake import take_in
from papier.ocr.pages import load_page
from papier.ocr.scan import ScannedPage
from papier.retention import purge
from papier.store.archive_file import pages_of_record, write_archive_file
from papier.store.backup import find_backup, make_backup, open_backup
from papier.store.connection import connect
from papier.store.decryption import decrypt_workspace, plan_decryption
from papier.store.encryption import encrypt_workspace, plan_encryption
from papier.store.records import list_records
from papier.store.restore import plan_restore, restore
from papier.store.search import search
from papier.store.sheets import find_layout
from papier.store.vault import KEYS_FILE, VAULT_FILE, Vault, make_vault, open_vault, recovery_groups
from papier.store.verification import find_damage
from papier.store.workspace import Workspace, open_workspace
from simulator.interruptions import NOW, fresh_workspace, make_batch
from tests.accidents.plain_reader import PlainReader, inbox
from tests.accidents.test_intake_survives import run_in_namespace
from tests.cli.sheets import text_of

for package in ("pyrage", "sqlcipher3"):
    pytest.importorskip(package, reason=f"without {package} nothing is encrypted: pip install 'papier[encryption]'")

PHRASE = "quatre mots que personne ne devine"
LATER = NOW + dt.timedelta(hours=1)
KILLS = 5


@contextmanager
def opened(workspace: Workspace) -> Iterator[Engine]:
    engine = connect(workspace)
    try:
        yield engine
    finally:
        engine.dispose()


def said(workspace: Workspace) -> list[object]:
    with opened(workspace) as engine:
        return [record.to_json() for record in list_records(engine)]


@pytest.fixture(scope="module")
def filed(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace with scans taken in, which anybody can read."""
    folder = tmp_path_factory.mktemp("filed")
    batch = make_batch(folder, 6, random.Random(3), forms=("carnet/mot-aux-parents",))
    workspace = fresh_workspace(batch, folder / "whole")
    with opened(workspace) as engine:
        for scan in inbox(workspace):
            take_in(workspace, engine, scan, NOW, PlainReader(workspace))
    return workspace


@pytest.fixture
def plain(filed: Workspace, tmp_path: Path) -> Workspace:
    return Workspace(Path(shutil.copytree(filed.folder, tmp_path / "w")), filed.key)


@pytest.fixture(scope="module")
def vault() -> Vault:
    return make_vault()


@pytest.fixture(scope="module")
def locked(filed: Workspace, vault: Vault, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Encrypted once: a passphrase takes seconds to be locked with, on purpose."""
    folder = Path(shutil.copytree(filed.folder, tmp_path_factory.mktemp("locked") / "w"))
    return encrypt_workspace(Workspace(folder, filed.key), vault, PHRASE, NOW)


@pytest.fixture
def sealed(locked: Workspace, tmp_path: Path) -> Workspace:
    return Workspace(Path(shutil.copytree(locked.folder, tmp_path / "s")), locked.key, locked.vault)


def readable_words(folder: Path) -> list[str]:
    """Files that say something which only a papier that is opened may say."""
    words = (b"SQLite format 3", b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"II*\0", b"carnet/essai", b"mot-aux-parents")
    return [
        f"{path.name}: {word!r}"
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "papier.yaml"
        for word in words
        if (path.read_bytes().startswith(word) if len(word) < 5 else word in path.read_bytes())
    ]


def test_nothing_can_be_read_and_everything_is_there(filed: Workspace, sealed: Workspace) -> None:
    assert len(readable_words(filed.folder)) > 3
    before = said(filed)
    names = sorted(path.name for path in filed.archive.glob("*/*"))
    assert readable_words(sealed.folder) == []
    assert not (sealed.folder / "key").exists()
    assert plan_encryption(sealed).is_done
    assert said(sealed) == before
    assert sorted(path.name for path in sealed.archive.glob("*/*")) == names
    with opened(sealed) as engine:
        assert find_damage(sealed, engine) == []
        assert search(engine, "essai").total == len(before)
        record = list_records(engine)[0]
        pages = pages_of_record(sealed, record)
        with pages[0].opened() as page:
            assert isinstance(load_page(page.path, page.source_page), ScannedPage)
        layout = find_layout(engine, record.form, record.version, record.sheet)
        assert write_archive_file(record, layout, pages).startswith(b"%PDF")


def test_work_goes_on_and_leaves_nothing_readable(sealed: Workspace, filed: Workspace, tmp_path: Path) -> None:
    batch = make_batch(tmp_path / "more", 2, random.Random(9), forms=("carnet/mot-aux-parents",))
    scan = Path(shutil.copy(batch.scans[0], sealed.inbox))
    with opened(sealed) as engine:
        taken = take_in(sealed, engine, scan, LATER, PlainReader(sealed))
        assert taken.left is None
        assert list(sealed.inbox.iterdir()) == []
        assert find_damage(sealed, engine) == []
        assert readable_words(sealed.folder) == []
        # A scan with several sheets: one goes, the others stay.
        record = list_records(engine)[0].record
        purge(sealed, engine, [record], LATER, "essai")
        assert find_damage(sealed, engine) == []
    assert readable_words(sealed.folder) == []
    del filed


def test_the_passphrase_or_the_recovery_key_opens_it_and_nothing_else(sealed: Workspace, vault: Vault) -> None:
    assert open_workspace(sealed.folder, ask=lambda: PHRASE).key == sealed.key
    typed = " ".join(recovery_groups(vault)).lower()
    assert open_workspace(sealed.folder, ask=lambda: typed).vault == vault
    wrong = typed[:-1] + ("q" if typed[-1] != "q" else "p")
    for secret in (PHRASE + " ", wrong, " ".join(recovery_groups(make_vault()))):
        with pytest.raises(UsageError):
            open_vault(sealed.folder, secret)
    with pytest.raises(UsageError, match="PAPIER_PASSPHRASE_FILE"):
        open_workspace(sealed.folder)
    shown = f"{sealed!r} {vault!r}"
    assert vault.identity not in shown
    assert sealed.key.hex() not in shown


def test_too_short_a_passphrase_changes_nothing(plain: Workspace, vault: Vault) -> None:
    before = tree(plain.folder)
    with pytest.raises(UsageError, match="too short"):
        encrypt_workspace(plain, vault, "court", NOW)
    assert tree(plain.folder) == before


def test_a_backup_is_encrypted_and_comes_back(sealed: Workspace, tmp_path: Path, vault: Vault) -> None:
    before = said(sealed)
    backup = make_backup(sealed, tmp_path / "usb", LATER)
    again = make_backup(sealed, tmp_path / "usb", LATER + dt.timedelta(seconds=1))
    assert readable_words(tmp_path / "usb") == []
    scan = next((again.folder / "archive").glob("*/*"))
    assert scan.stat().st_nlink == 2
    assert open_backup(find_backup(tmp_path / "usb"), ask=lambda: PHRASE) == vault
    target = tmp_path / "elsewhere"
    restore(plan_restore(backup.folder, target, vault), target, LATER, vault)
    assert readable_words(target) == []
    assert said(open_workspace(target, ask=lambda: PHRASE)) == before
    damaged = scan.read_bytes()
    scan.write_bytes(damaged[:-1] + bytes([damaged[-1] ^ 1]))
    with pytest.raises(StoreError):
        plan_restore(again.folder, target, vault, vault)


def test_every_flipped_bit_is_found(sealed: Workspace) -> None:
    rng = random.Random(5)
    paths = [*sorted(sealed.archive.glob("*/*")), sealed.database]
    with opened(sealed) as engine:
        assert find_damage(sealed, engine) == []
    for path in (path for path in paths if path.stat().st_size for _ in range(12)):
        data = path.read_bytes()
        at = rng.randrange(len(data))
        path.write_bytes(data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :])
        with opened(sealed) as engine:
            try:
                found = find_damage(sealed, engine)
            except StoreError as error:
                found = [str(error)]
        assert found, f"{path.name} at {at}"
        path.write_bytes(data)


def test_a_readable_file_is_told(sealed: Workspace, filed: Workspace) -> None:
    path = next(path for path in sorted(sealed.archive.glob("*/*")) if path.stat().st_size)
    shutil.copy(filed.archive / path.parent.name / path.name, path)
    with opened(sealed) as engine:
        (problem,) = find_damage(sealed, engine)
    assert "is not encrypted" in problem
    assert encrypt_workspace(sealed, sealed.vault or make_vault(), None, LATER) == sealed
    with opened(sealed) as engine:
        assert find_damage(sealed, engine) == []


ENCRYPTING = """
import shutil, sys
from pathlib import Path
from papier.store import vault as lock
from papier.store.decryption import decrypt_workspace, plan_decryption
from papier.store.encryption import encrypt_workspace
from papier.store.vault import Vault
from papier.store.workspace import open_workspace
from simulator.interruptions import NOW
vault = Vault(sys.argv[2], bytes.fromhex(sys.argv[3]))
workspace = open_workspace(Path(sys.argv[1]), vault=vault)
# Locked beforehand with the same passphrase.
lock.change_passphrase = lambda folder, *_: shutil.copy(sys.argv[5], folder / lock.VAULT_FILE)
print("begun", flush=True)
encrypt_workspace(workspace, vault, sys.argv[4], NOW)
"""


def start(folder: Path, locked: Workspace, code: str = ENCRYPTING) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", code, str(folder), *secrets_of(locked)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    # It says that it has begun.
    process.stdout.readline()
    return process


def secrets_of(locked: Workspace) -> list[str]:
    assert locked.vault is not None
    return [locked.vault.identity, locked.vault.database_key.hex(), PHRASE, str(locked.folder / VAULT_FILE)]


def test_killed_at_any_instant_it_goes_on_and_loses_nothing(
    plain: Workspace, locked: Workspace, tmp_path: Path, vault: Vault
) -> None:
    before, rng = said(plain), random.Random(11)
    whole = Path(shutil.copytree(plain.folder, tmp_path / "timed"))
    with start(whole, locked) as process:
        begun = time.monotonic()
        assert process.wait() == 0
    lasts, states = time.monotonic() - begun, set()
    for at in range(KILLS):
        folder = Path(shutil.copytree(plain.folder, tmp_path / f"killed-{at}"))
        with start(folder, locked) as process:
            # From the very start on, one later than the other: the first, timed run may have been the slowest.
            time.sleep(lasts * at / KILLS * rng.uniform(0.7, 1.0))
            process.send_signal(signal.SIGKILL)
        half = open_workspace(folder, vault=vault)
        states.add((half.vault is None, plan_encryption(half).files, plan_encryption(half).store))
        assert said(half) == before
        if half.vault is None:
            # Killed before the lock was there: it is the same as never begun.
            shutil.copy(locked.folder / VAULT_FILE, folder)
            shutil.copy(locked.folder / KEYS_FILE, folder)
            half = replace(half, vault=vault)
        done = encrypt_workspace(half, vault, None, LATER)
        assert said(done) == before
        with opened(done) as engine:
            assert find_damage(done, engine) == []
        assert readable_words(folder) == []
        assert [path.name for path in folder.rglob("*") if path.name.endswith((".plain", ".partial"))] == []
        shutil.rmtree(folder)
    assert len(states) > 1
    assert open_workspace(whole, ask=lambda: PHRASE).vault == vault


def killed_before(step: int, folder: Path, vault: Vault) -> bool:
    """Take the encryption back in a process that is killed before its `step`th rename, link or removal of a file; false
    where it was over before.
    """
    child = os.fork()
    if child == 0:
        done = 0

        def count(event: str, _arguments: object) -> None:
            nonlocal done
            if event in {"os.rename", "os.link", "os.remove"}:
                done += 1
                if done == step:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        try:
            decrypt_workspace(open_workspace(folder, vault=vault), vault, NOW)
        except BaseException:  # noqa: BLE001 - the child must not come back into the test
            os._exit(1)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert status in {0, signal.SIGKILL}
    return status == signal.SIGKILL


def test_taken_back_it_is_what_it_was(filed: Workspace, sealed: Workspace, vault: Vault) -> None:
    assert plan_decryption(sealed).files == len([path for path in filed.archive.glob("*/*") if path.is_file()])
    before = said(sealed)
    plain = decrypt_workspace(sealed, vault, LATER)
    assert {path.name for path in plain.folder.iterdir()} >= {"key"}
    assert not list(plain.folder.rglob("*.age"))
    assert said(open_workspace(plain.folder)) == before
    archived = {name: digest for name, digest in tree(filed.archive).items() if not name.endswith(".lock")}
    assert {name: digest for name, digest in tree(plain.archive).items() if not name.endswith(".lock")} == archived
    with opened(plain) as engine:
        assert find_damage(plain, engine) == []
    again = encrypt_workspace(plain, make_vault(), PHRASE, LATER)
    assert readable_words(again.folder) == []


def test_a_changed_bit_stops_the_taking_back_and_nothing_goes(sealed: Workspace, vault: Vault) -> None:
    path = max(sealed.archive.glob("*/*"), key=lambda path: path.stat().st_size)
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    damaged = path.read_bytes()
    with pytest.raises(StoreError, match="papier verify"):
        decrypt_workspace(sealed, vault, LATER)
    assert path.read_bytes() == damaged
    assert open_workspace(sealed.folder, vault=vault).key == sealed.key
    path.write_bytes(data)
    with opened(decrypt_workspace(sealed, vault, LATER)) as engine:
        assert find_damage(Workspace(sealed.folder, sealed.key), engine) == []


def test_killed_while_it_is_taken_back_it_goes_on_and_loses_nothing(
    sealed: Workspace, tmp_path: Path, vault: Vault
) -> None:
    before, states = said(sealed), set()
    for step in range(1, 100):
        folder = Path(shutil.copytree(sealed.folder, tmp_path / f"killed-{step}"))
        killed = killed_before(step, folder, vault)
        # As long as the lock is there, the passphrase opens what is half done; without it everything is readable.
        half = open_workspace(folder, vault=vault) if (folder / KEYS_FILE).exists() else open_workspace(folder)
        states.add((plan_decryption(half).files, plan_decryption(half).store, half.vault is None))
        assert said(half) == before
        done = decrypt_workspace(half, vault, LATER) if half.vault is not None else half
        assert said(open_workspace(folder)) == before
        with opened(done) as engine:
            assert find_damage(done, engine) == []
        assert [path.name for path in folder.rglob("*") if path.name.endswith((".sealed", ".partial"))] == []
        shutil.rmtree(folder)
        if not killed:
            break
    assert {(2, True, False), (2, False, False), (1, False, False), (0, False, False), (0, False, True)} <= states


def test_it_waits_for_nobody_who_works_there(plain: Workspace, locked: Workspace, vault: Vault) -> None:
    desk = """
import sys, time
from pathlib import Path
from sqlalchemy import text
from papier.store.connection import connect, reading
from papier.store.workspace import open_workspace
engine = connect(open_workspace(Path(sys.argv[1])))
with reading(engine) as connection:
    connection.execute(text("SELECT 1 FROM events")).all()
print("open", flush=True)
time.sleep(60)
"""
    before = tree(plain.folder)
    with start(plain.folder, locked, desk) as process:
        try:
            with pytest.raises(StoreError, match="Another papier"):
                encrypt_workspace(plain, vault, PHRASE, NOW)
        finally:
            process.kill()
    after = tree(plain.folder)
    assert {name: after[name] for name in before if not name.endswith(("-shm", "-wal", ".lock"))} == {
        name: digest for name, digest in before.items() if not name.endswith(("-shm", "-wal", ".lock"))
    }


@pytest.mark.skipif(sys.platform != "linux", reason="mount namespaces are Linux's")
def test_a_full_disk_leaves_the_workspace_as_it_was(plain: Workspace, locked: Workspace, vault: Vault) -> None:
    before = said(plain)
    size = sum(path.stat().st_size for path in plain.folder.rglob("*") if path.is_file()) + 300_000
    done = run_in_namespace(
        """
        mount -t tmpfs -o size="$1",mode=700 none /mnt
        cp -a "$2" /mnt/w
        set +e
        "$PYTHON" -c "$3" /mnt/w "${@:4}"
        set -e
        rm -rf "$2"
        cp -a /mnt/w "$2"
        """,
        str(size), plain.folder, ENCRYPTING, *secrets_of(locked),
    )  # fmt: skip
    assert "Make room" in done.stderr
    half = open_workspace(plain.folder, vault=vault)
    assert said(half) == before
    done_now = encrypt_workspace(half, vault, PHRASE, LATER)
    assert said(done_now) == before
    assert readable_words(plain.folder) == []


def tree(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def call(*arguments: str | Path, secret: str | None = None) -> subprocess.CompletedProcess[str]:
    """The program as it is typed, in a process of its own: a store is opened by one driver in a process."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PAPIER_")}
    environment["PAPIER_LANGUAGE"] = "en"
    if secret is not None:
        environment["PAPIER_PASSPHRASE_FILE"] = secret
    return subprocess.run(
        [sys.executable, "-m", "papier", *map(str, arguments)],
        capture_output=True, text=True, check=False, env=environment, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_the_commands(plain: Workspace, tmp_path: Path) -> None:
    secret = tmp_path / "secret"

    def papier(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return call("--workspace", plain.folder, *arguments, secret=str(secret))

    before = papier("records", "list", "--json").stdout
    assert papier("encrypt", "--dry-run").returncode == 0
    assert papier("encrypt").returncode == 2  # the warning was not read
    assert papier("encrypt", "--yes").returncode == 2  # there is no passphrase
    secret.write_text("court\n", "utf-8")
    assert "too short" in papier("encrypt", "--yes").stderr
    assert (plain.folder / "key").exists()

    secret.write_text(f"{PHRASE}\n", "utf-8")
    done = papier("encrypt", "--yes", "--sheet", tmp_path / "key.pdf")
    assert (done.returncode, "loses everything" in done.stderr) == (0, True), done.stderr
    assert readable_words(plain.folder) == []
    assert (tmp_path / "key.pdf").stat().st_mode & 0o077 == 0
    assert papier("records", "list", "--json").stdout == before
    assert papier("backup", tmp_path / "usb").returncode == 0
    restored = papier("restore", tmp_path / "usb")
    assert restored.returncode == 0, restored.stderr
    assert papier("verify").returncode == 0
    assert "already" in papier("encrypt").stdout
    sealed_tree = tree(plain.folder)
    assert "To decrypt:" in papier("encrypt", "--undo", "--dry-run").stdout
    assert papier("encrypt", "--undo").returncode == 2  # the warning was not read
    assert {name: digest for name, digest in tree(plain.folder).items() if name.startswith("archive/")} == {
        name: digest for name, digest in sealed_tree.items() if name.startswith("archive/")
    }

    secret.write_text("une autre phrase entièrement\n", "utf-8")
    wrong = papier("records", "list")
    assert (wrong.returncode, "not the passphrase" in wrong.stderr, "Traceback" in wrong.stderr) == (2, True, False)
    # From the sheet of paper, as a person types it.
    text = text_of(tmp_path / "key.pdf")[0]
    lines = text[text.index("AGE-SECRET-KEY-1") :].split("Clé des numéros")[0]
    secret.write_text(" ".join(lines.split()).lower() + "\n", "utf-8")
    assert papier("records", "list", "--json").stdout == before

    undone = papier("encrypt", "--undo", "--yes")
    assert (undone.returncode, "is readable" in undone.stdout) == (0, True), undone.stderr
    secret.unlink()
    assert papier("records", "list", "--json").stdout == before
    assert papier("verify").returncode == 0
    assert "not encrypted" in papier("encrypt", "--undo", "--yes").stderr


def test_a_busy_machine_is_not_taken_for_a_wrong_passphrase(sealed: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    age, asked = pytest.importorskip("pyrage"), []

    class Busy:
        """age, which takes the machine for too slow the first times."""

        def __init__(self, times: int) -> None:
            self.times = times

        def decrypt(self, data: bytes, passphrase: str) -> bytes:
            asked.append(passphrase)
            if len(asked) <= self.times:
                raise age.DecryptError("Excessive work parameter for passphrase.\nDecryption would take 32 seconds.")
            opened: bytes = age.passphrase.decrypt(data, passphrase)
            return opened

    for times, opens in ((2, True), (99, False)):
        asked.clear()
        busy = SimpleNamespace(
            passphrase=Busy(times), DecryptError=age.DecryptError, x25519=age.x25519, decrypt=age.decrypt
        )
        busy.IdentityError = age.IdentityError
        monkeypatch.setattr("papier.store.vault._age", lambda busy=busy: busy)
        if opens:
            assert open_vault(sealed.folder, PHRASE)[0] == sealed.vault
        else:
            with pytest.raises(StoreError, match="too busy"):
                open_vault(sealed.folder, PHRASE)
