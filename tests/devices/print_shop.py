"""A real print service for tests: a `cupsd` of its own, and a network printer by `ippeveprinter` that does as told.

The printer prints to PDF files. A file `state` in its folder holds it up with the keywords written there (an empty
tray, a jam).
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from papier.devices.ipp import Server
from papier.devices.printing import find_printer

INSTALL = "sudo apt-get install -y cups cups-ipp-utils dbus"
PROGRAMS = ("cupsd", "lpadmin", "ippeveprinter", "dbus-daemon", "cupsenable", "cupsdisable", "cupsreject", "cupsaccept")
# Generous: the machine may be busy with other tests.
PATIENCE_SECONDS = 30.0

CUPSD = """
Listen {folder}/cups.sock
Browsing Off
WebInterface No
DefaultAuthType None
DefaultEncryption Never
PreserveJobHistory Yes
PreserveJobFiles No
JobRetryInterval 1
LogLevel info
<Location />
Order allow,deny
Allow all
</Location>
<Policy default>
JobPrivateAccess all
JobPrivateValues none
<Limit All>
Order allow,deny
Allow all
</Limit>
</Policy>
"""
CUPS_FILES = """
ServerRoot {folder}/etc
CacheDir {folder}/cache
StateDir {folder}/run
RequestRoot {folder}/spool
TempDir {folder}/spool
AccessLog {folder}/access.log
ErrorLog {folder}/error.log
PageLog {folder}/page.log
Printcap {folder}/printcap
FileDevice Yes
{users}
"""
BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={folder}/bus</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
<allow user="*"/></policy></busconfig>
"""
# What ippeveprinter runs for each job: the job's attributes are in the environment, STATE lines move the printer.
COMMAND = """#!/bin/sh
shop={folder}
if [ -e $shop/state ]; then
    reasons=$(cat $shop/state)
    echo "STATE: +$reasons" >&2
    while [ -e $shop/state ]; do sleep 0.1; done
    echo "STATE: -$reasons" >&2
fi
n=$(ls $shop/out | wc -l)
env | grep '^IPP_' > $shop/out/$n.txt
cp "$1" $shop/out/$n.pdf
"""


@dataclass
class PrintShop:
    """One print service. `queue` prints on the network printer, so does `gives_up`, and drops what cannot be sent."""

    folder: Path
    port: int
    environment: Mapping[str, str]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    queue: str = "Copieur"
    gives_up: str = "Abandon"

    @property
    def server(self) -> Server:
        return Server(self.folder / "cups.sock")

    @property
    def address(self) -> str:
        return f"ipp://localhost:{self.port}/ipp/print"

    def admin(self, *command: str) -> None:
        """Run one of CUPS's own commands."""
        subprocess.run(command, check=True, capture_output=True, env=dict(self.environment), timeout=PATIENCE_SECONDS)

    def start_printer(self) -> None:
        command = [
            *("ippeveprinter", "-r", "off", "-p", str(self.port), "-n", "localhost", "-2", "-k"),
            *("-d", str(self.folder / "kept"), "-c", str(self.folder / "command")),
            *("-f", "application/pdf,image/pwg-raster,image/urf", "Test"),
        ]
        self._start("printer", command)
        _until(lambda: _listens(self.port), "ippeveprinter")

    def kill_printer(self) -> None:
        process = self.processes.pop("printer")
        process.kill()
        process.wait(PATIENCE_SECONDS)
        _until(lambda: not _listens(self.port), "the end of ippeveprinter")

    def trouble(self, *reasons: str) -> None:
        """The printer stands still with these keywords until `mend`."""
        (self.folder / "state").write_text(",".join(reasons))

    def mend(self) -> None:
        (self.folder / "state").unlink(missing_ok=True)

    def printed(self) -> list[Path]:
        """The PDFs that came out, in order."""
        return sorted((self.folder / "out").glob("*.pdf"), key=lambda path: int(path.stem))

    def ticket(self, pdf: Path) -> dict[str, str]:
        """How the printer was told to print it."""
        lines = pdf.with_suffix(".txt").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def fresh(self) -> None:
        """Ready for another test: nothing in the tray, nothing in the queues, both let go on."""
        self.mend()
        if "printer" not in self.processes:
            self.start_printer()
        subprocess.run(["cancel", "-a", "-x"], check=False, capture_output=True, env=dict(self.environment))
        for name in (self.queue, self.gives_up):
            self.admin("cupsenable", name)
            self.admin("cupsaccept", name)
        _until(lambda: not find_printer(self.server, self.queue).waiting, "an empty queue")
        for path in (self.folder / "out").iterdir():
            path.unlink()

    def start(self) -> None:
        self._start("bus", ["dbus-daemon", f"--config-file={self.folder}/bus.conf", "--nofork", "--nopidfile"])
        _until((self.folder / "bus").exists, "dbus-daemon")
        self.start_cups()
        self.start_printer()
        self.add_queues()

    def add_queues(self) -> None:
        for name, policy in ((self.queue, "retry-job"), (self.gives_up, "abort-job")):
            self.admin(
                "lpadmin",
                "-p",
                name,
                "-E",
                "-v",
                self.address,
                "-m",
                "everywhere",
                "-o",
                f"printer-error-policy={policy}",
            )
            # The queue learns in the background what its printer can do.
            _until(lambda name=name: (self.folder / "etc" / "ppd" / f"{name}.ppd").exists(), f"the queue {name}")
        # Only a job that the queue itself gives up is surely reported: of one that its printer drops, CUPS says that it
        # was printed, or not, as the one or the other of its two questioners hears of it first.
        self.admin("lpadmin", "-p", self.gives_up, "-v", f"{self.address}?contimeout=1")

    def start_cups(self) -> None:
        command = ["cupsd", "-f", "-c", f"{self.folder}/etc/cupsd.conf", "-s", f"{self.folder}/etc/cups-files.conf"]
        self._start("cupsd", command)
        _until(lambda: _answers(self.folder / "cups.sock"), "cupsd")

    def stop_cups(self) -> None:
        process = self.processes.pop("cupsd")
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE_SECONDS)

    def stop(self) -> None:
        for process in self.processes.values():
            process.kill()
        for process in self.processes.values():
            process.wait(PATIENCE_SECONDS)

    def _start(self, name: str, command: list[str]) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(command, stdout=log, stderr=log, env=dict(self.environment))


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


def _until(done: object, what: str) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        if callable(done) and done():
            return
        time.sleep(0.05)
    raise TimeoutError(f"{what} does not answer")


@contextmanager
def print_shop() -> Iterator[PrintShop]:
    """A print service in a folder of its own; skips where its programs cannot be had."""
    search = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
    missing = [name for name in PROGRAMS if shutil.which(name, path=search) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed. Type: {INSTALL}")
    # Not under pytest's folder, which is private: cupsd works as another user; and a socket's path has 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="papier-cups-"))
    folder.chmod(0o755)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = os.environ | {
        "PATH": search,
        "CUPS_SERVER": str(folder / "cups.sock"),
        "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={folder}/bus",
        "LC_ALL": "C",
    }
    for name in ("etc/ppd", "cache", "run", "spool", "out", "kept"):
        (folder / name).mkdir(parents=True)
        (folder / name).chmod(0o777)
    (folder / "etc").chmod(0o755)
    users = "User lp\nGroup lp\nSystemGroup root" if os.geteuid() == 0 else ""
    for name, text in (("cupsd.conf", CUPSD), ("cups-files.conf", CUPS_FILES)):
        (folder / "etc" / name).write_text(text.format(folder=folder, users=users))
    (folder / "bus.conf").write_text(BUS.format(folder=folder))
    (folder / "command").write_text(COMMAND.format(folder=folder))
    (folder / "command").chmod(0o755)
    shop = PrintShop(folder, port, environment)
    try:
        shop.start()
        yield shop
    finally:
        shop.stop()
        shutil.rmtree(folder, ignore_errors=True)
