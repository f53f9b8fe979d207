"""An office with a few sheets that came back: their pages drawn, their readings made up, filed like any other."""

from __future__ import annotations

import datetime as dt
import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.parse import urlencode

import cv2
import numpy as np
import numpy.typing as npt
import uvicorn
from PIL import Image
from sqlalchemy import Engine

from papier.case_run import Layouts
from papier.desk.application import make_application
from papier.desk.arrivals import Arrivals
from papier.desk.doors import COOKIE, Doors
from papier.desk.office import Office
from papier.desk.open_items import OpenItems
from papier.desk.serving import make_server, open_port
from papier.forms.layout import Layout
from papier.forms.library import library_folders
from papier.forms.roster_values import prefilled_values
from papier.print_run import Addressee, print_sheets
from papier.records import FieldReading, OptionReading, OptionState, PageReading, PageStatus, State
from papier.store.archive import hash_file, keep_file
from papier.store.records import ScanFile, file_scan
from papier.store.workspace import Workspace
from tests.cli.sheets import cross, render, scribble

FORM = "carnet/absence"
NOW = dt.datetime(2026, 11, 23, 9, 0, tzinfo=dt.UTC)
DPI = 100
PUPILS = (("LEFÈVRE", "Zoé"), ("MARTIN", "Élie"), ("D'ALMEIDA", "Jean-Noël"), ("<b>NGUYEN</b>", "Lan"))


@dataclass
class Answer:
    """What the desk answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


@dataclass
class RunningDesk:
    """A desk that serves, and a plain visitor who has its cookie, or not."""

    office: Office
    numbers: tuple[str, ...]
    server: uvicorn.Server
    cookie: str = ""

    @property
    def doors(self) -> Doors:
        return self.office.doors

    def enter(self, address: str | None = None) -> Answer:
        """Open the address that papier prints; keep the cookie."""
        path = (address or self.doors.address).removeprefix(self.doors.origin)
        answer = self.ask("GET", path, inside=False)
        if "set-cookie" in answer.headers:
            self.cookie = answer.headers["set-cookie"].partition(";")[0].removeprefix(f"{COOKIE}=")
        return answer

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, headers=headers)

    def post(self, path: str, form: dict[str, str] | None = None, **headers: str) -> Answer:
        """Send one of the desk's own forms, as its own page would."""
        body = urlencode({"form_token": self.doors.form_token} | (form or {})).encode()
        sent = {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.doors.origin} | headers
        return self.ask("POST", path, body, sent)

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        *,
        inside: bool = True,
    ) -> Answer:
        connection = HTTPConnection("127.0.0.1", self.doors.port, timeout=20)
        given = {"Cookie": f"{COOKIE}={self.cookie}"} | (headers or {})
        connection.request(method, self.doors.path + path if inside else path, body, given)
        response: HTTPResponse = connection.getresponse()
        answer = Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        connection.close()
        return answer


@contextmanager
def serve_office(
    workspace: Workspace, engine: Engine, numbers: tuple[str, ...], now: dt.datetime = NOW
) -> Iterator[RunningDesk]:
    """A desk on a port of its own. Nobody has come in yet."""
    with open_port() as listener:
        doors = Doors(listener.getsockname()[1])
        folders = tuple(library_folders(workspace.forms))
        arrivals = Arrivals(workspace, lambda: now)
        office = Office(
            workspace, engine, lambda: now, folders, doors, arrivals, OpenItems(workspace, engine), "Mme Roux"
        )
        ready = threading.Event()
        server = make_server(make_application(office), ready.set)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            assert ready.wait(20)
            yield RunningDesk(office, numbers, server)
        finally:
            server.should_exit = True
            thread.join(20)
            office.arrivals.stop(20)


def fill_office(workspace: Workspace, engine: Engine) -> tuple[str, ...]:
    """Print a sheet for each pupil, and file them all as read from one scan, with doubts of several kinds."""
    layout = Layouts(library_folders(workspace.forms)).find(FORM)
    people = [Addressee({"nom": name, "prenom": first, "classe": "6A"}) for name, first in PUPILS]
    output = workspace.printed / "6A.pdf"
    run = print_sheets(workspace, engine, layout, people, output, NOW - dt.timedelta(3))
    scan = _scan(output, layout, workspace)
    pages = [
        page_of(layout, number, at, prefilled_values(layout, person.values))
        for at, (number, person) in enumerate(zip(run.numbers, people, strict=True), 1)
    ]
    assert file_scan(engine, scan, pages, NOW) is not None
    return run.numbers


# What stands in each field of a sheet, and what else it might be; a field that is not here is empty.
WRITTEN: dict[str, tuple[str, tuple[tuple[str, float], ...]]] = {
    "debut": ("2026-11-17", (("2026-11-11", 0.06),)),
    "fin": ("2026-11-18", ()),
    "responsable": ("DURAND", (("DUBAND", 0.06), ("DURANO", 0.02))),
    "telephone": ("0612345671", (("0612345611", 0.05),)),
    "date": ("2026-11-19", ()),
}
WHY = "not certain enough"
DOUBTFUL = ("debut", "responsable", "telephone", "motif")
TICKED = "maladie"


def page_of(layout: Layout, number: str, at: int, prefilled: dict[str, str]) -> PageReading:
    """One page as it was read: four fields of every sheet are doubtful, everything else is sure."""
    scale = DPI / 25.4
    fields = {}
    for zone in layout.page(1).zones:
        name, doubtful = zone.field, zone.field in DOUBTFUL
        state, chance = (State.DOUBTFUL, 0.91) if doubtful else (State.SURE, 0.9999)
        if zone.kind == "tick" and name not in fields:
            boxes = [box.option or "" for box in layout.page(1).zones if box.field == name]
            ticked = [TICKED] if name == "motif" else []
            options = {
                box: OptionReading(OptionState.TICKED, 0.91)
                if box in ticked
                else OptionReading(OptionState.EMPTY, 0.9999)
                for box in boxes
            }
            fields[name] = FieldReading(
                name,
                "tick",
                ticked,
                state,
                chance,
                options=options,
                rect=zone.rect,
                reason=WHY if doubtful else None,
                needs_person=doubtful,
            )
        elif name in prefilled:
            fields[name] = FieldReading(
                name, "comb", prefilled[name], State.SURE, 1.0, read_by="printed", rect=zone.rect
            )
        elif zone.kind == "comb" and name in WRITTEN:
            value, others = WRITTEN[name]
            listed = ((value, chance), *others) if doubtful else ()
            fields[name] = FieldReading(
                name,
                "comb",
                value,
                state,
                chance,
                listed,
                rect=zone.rect,
                reason=WHY if doubtful else None,
                needs_person=doubtful,
            )
        elif zone.kind == "signature":
            fields[name] = FieldReading(name, "signature", name == "signature", State.SURE, 0.9999, rect=zone.rect)
        elif zone.kind != "tick":
            fields[name] = FieldReading(name, str(zone.kind), None, State.BLANK, 0.9999, rect=zone.rect)
    to_scan = (scale, 0.0, 0.0, 0.0, scale, 0.0, 0.0, 0.0, 1.0)
    return PageReading(
        "6A.pdf", at, PageStatus.DOUBTFUL, FORM, layout.version, number, 1, None, fields, to_scan=to_scan
    )


def _scan(printed: Path, layout: Layout, workspace: Workspace) -> ScanFile:
    pages = render(printed, DPI)
    for page in pages:
        _write(page, layout)
    images = [Image.fromarray(page) for page in pages]
    stream = io.BytesIO()
    images[0].save(stream, "PDF", save_all=True, append_images=images[1:], resolution=DPI)
    path = workspace.inbox / "6A.pdf"
    path.write_bytes(stream.getvalue())
    sha256 = hash_file(path)
    keep_file(path, workspace, sha256, ".pdf")
    path.unlink()
    return ScanFile(sha256, "6A.pdf", ".pdf", len(stream.getvalue()))


def _write(page: npt.NDArray[np.uint8], layout: Layout) -> None:
    """Write the values with a plain pen, so that a person who looks at a crop sees them."""
    for zone in layout.page(1).zones:
        if zone.kind == "tick" and zone.option == TICKED:
            cross(page, zone.rect.to_list(), DPI)
        elif zone.field == "signature":
            scribble(page, zone.rect.to_list(), DPI)
        elif zone.kind == "comb" and zone.field in WRITTEN:
            value = WRITTEN[zone.field][0]
            text = f"{value[8:]}{value[5:7]}{value[:4]}" if zone.content == "date" else value
            for cell, letter in zip(zone.cells, text, strict=False):
                place = (round((cell.x + 1) * DPI / 25.4), round((cell.bottom - 1.5) * DPI / 25.4))
                cv2.putText(page, letter, place, cv2.FONT_HERSHEY_SIMPLEX, 0.7, 40, 2, cv2.LINE_AA)


def blank_scan() -> bytes:
    """A scan of nothing, as PNG."""
    stream = io.BytesIO()
    Image.fromarray(np.full((1170, 827), 250, np.uint8)).save(stream, "PNG", dpi=(DPI, DPI))
    return stream.getvalue()
