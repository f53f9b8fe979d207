"""Combs: one character a cell, read by the character network and decoded under the field's constraints."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from papier.forms.definition import Demand
from papier.forms.layout import Zone
from papier.geometry import RectMm, bounding_rect
from papier.ocr.characters import BLANK, CLASSES, INK_HEIGHT, INK_WIDTH, MARGIN_MM, NOISE
from papier.ocr.content_rules import cells_text
from papier.ocr.decoding import Alphabet, Decoding, decode
from papier.ocr.evidence import believe, join
from papier.ocr.ink import FAINT, InkPage
from papier.ocr.lost_paper import find_hidden
from papier.ocr.people import weigh_all
from papier.ocr.trust import LIKE, load_curves, trusted
from papier.ocr.zones.strokes import free_cells
from papier.records import FieldReading, State

ALPHABET = Alphabet(CLASSES, BLANK, NOISE)
# The character network was trained with cells of this size; others are cut in proportion.
USUAL_CELL = (6.0, 8.0)
# Cells whose edges are closer than this share their separator.
JOINED_MM = 0.2
# Where a form asks for no more than the usual, a comb that `papier.ocr.trust` gives this is taken: of 17,320 office
# fields by 24 writers that trained and fitted nothing 73 % were, 5 of them wrong (benchmarks/combs.md, "With two deeper
# networks").
SURE_ENOUGH = 0.9975
# Nothing plausible stands there.
MIN_PLAUSIBLE = 0.05
# A cell crossed out or scribbled over with this probability is not to be decided by the other cells.
CROSSED_OUT = 0.5
# Faint pencil is raised to ordinary ink, at most this much, or the grain of the paper would be writing.
MAX_GAIN = 2.5
# Ink from which a field's strokes are taken to be writing, and the darkness they are raised to.
WRITING_INK, ORDINARY_INK = 50, 210
# An apostrophe is at least 0.3 × 1 mm, 11 pixels; less ink than this, darker than the faintest pencil, is dirt. A
# character is lost altogether by the scan as rarely as a tick.
SMALLEST_SIGN, FAINTEST_SIGN, LOST_SIGN = 7, 40, 3e-7
# Where something faint shows, a character would often look so: enough to ask.
FAINT_SIGN = 0.05
# A comb that seems empty: where its cells stand out from even paper by this much on average (noise seldom does), or
# one holds so many pixels darker than a trace of ink after smoothing, a pen too faint for the scan may have written.
UNEVEN, TRACE, TRACE_PIXELS = 1.5, 8, 15
# The window's margin and the half of a millimetre in which remains of the printed frame stand: rows, columns.
WINDOW_EDGE = (7, 7)
_INNER = np.pad(
    np.ones((INK_HEIGHT - 2 * WINDOW_EDGE[0], INK_WIDTH - 2 * WINDOW_EDGE[1]), np.float32),
    ((WINDOW_EDGE[0],) * 2, (WINDOW_EDGE[1],) * 2),
).ravel()
# A printed character of a prefilled cell has at least so much ink and at most so much (mean, 0 to 255); a hand that
# writes over it adds to that, and a stroke through the field shows between the characters.
MIN_PRINTED_INK, MAX_PRINTED_INK = 3.0, 110.0
MAX_INK_BETWEEN = 40.0


class CellReading(Protocol):
    @property
    def log_probs(self) -> npt.NDArray[np.float32]: ...


class CellReader(Protocol):
    """Reads ink images of cells; `papier.ocr.characters.CharacterReader` is one."""

    def read(self, cells: npt.NDArray[np.uint8], /) -> CellReading:
        """(n, INK_HEIGHT, INK_WIDTH) uint8, 255 full ink → log-probabilities (n, len(CLASSES))."""


class SecondCellReader(Protocol):
    """Another opinion; `papier.ocr.second_reader.SecondReader` is one."""

    def read(self, cells: npt.NDArray[np.uint8], /) -> npt.NDArray[np.float32]:
        """(n, INK_HEIGHT, INK_WIDTH) uint8 → log-probabilities (n, characters) within digits and within letters."""


@dataclass(frozen=True, slots=True)
class Comb:
    """One comb of a page; `cells` are those of all its zones in order."""

    field: str
    content: str
    cells: tuple[RectMm, ...]


def read_combs(
    page: InkPage,
    combs: Sequence[Sequence[Zone]],
    demands: Sequence[Demand],
    reader: CellReader,
    *,
    prefilled: Mapping[str, str],
    known_values: Mapping[str, Sequence[str]],
    people: Sequence[Sequence[Mapping[str, str]]] = (),
    printed_on: dt.date | None = None,
    second: SecondCellReader | None = None,
) -> list[FieldReading]:
    """One reading a field, each given as its zones on this page; all cells go through the network together.

    `known_values`: what the roster knows of a field; `people`: the same by person, for each place of the sheet where
    somebody is written into several fields (rows of values by field); `printed_on`: when the sheet was printed, where
    that is known; `second`: who is asked about the fields that `reader` leaves in doubt.
    """
    fields = [
        Comb(zones[0].field, zones[0].content or "mixed", tuple(cell for zone in zones for cell in zone.cells))
        for zones in combs
    ]
    patches = page.cut([window(cell) for comb in fields for cell in comb.cells], (INK_HEIGHT, INK_WIDTH))
    ends = np.cumsum([len(comb.cells) for comb in fields])[:-1]
    parts = (
        [prepare(part, joins(comb.cells)) for part, comb in zip(np.split(patches.ink, ends), fields, strict=True)]
        if fields
        else []
    )
    faint = [
        too_faint(ink, uneven)
        for ink, uneven in (
            zip(np.split(patches.ink, ends), np.split(patches.faint, ends), strict=True) if fields else ()
        )
    ]
    written = [i for i, comb in enumerate(fields) if comb.field not in prefilled and len(parts[i])]
    torn = find_hidden(page, {i: fields[i].cells for i in written})
    found: dict[int, FieldReading] = {}
    if written:
        cells = np.concatenate([parts[i] for i in written])
        ends = np.cumsum([len(parts[i]) for i in written])
        places = {i: slice(int(end) - len(parts[i]), int(end)) for i, end in zip(written, ends, strict=True)}
        # What `without_ink` overrules is not read at all.
        inked = ~_bare(cells)
        first = np.zeros((len(cells), len(CLASSES)), np.float32)
        first[inked] = reader.read(cells[inked]).log_probs
        rows = first.copy()
        rows[inked] = believe(first[inked], cells[inked])

        def decode_one(i: int) -> Decoding:
            log_probs = without_ink(rows[places[i]], parts[i], faint[i])
            known = known_values.get(fields[i].field, ())
            return decode(log_probs, ALPHABET, fields[i].content, demands[i], known, printed_on)

        def read_all(readers: Mapping[int, int]) -> dict[int, FieldReading]:
            named = weigh_all({fields[i].field: decoded[i] for i in written}, people)
            readings = {}
            for i in written:
                decoding = believed(named[fields[i].field], fields[i].content, readers.get(i, 1))
                reading = interpret(fields[i], decoding, demands[i])
                readings[i] = _torn(reading) if i in torn else reading
            return readings

        decoded = {i: decode_one(i) for i in written}
        found = read_all({})
        asked = [
            i
            for i in written
            if i not in torn and asked_again(found[i], fields[i].content, roster=bool(decoded[i].listed))
        ]
        if second is not None and asked:
            again = np.zeros(len(cells), np.bool_)
            for i in asked:
                again[places[i]] = inked[places[i]]
            rows[again] = believe(join(first[again], second.read(cells[again])), cells[again])
            decoded |= {i: decode_one(i) for i in asked}
            found = read_all(dict.fromkeys(asked, 2))
    return [
        found[i] if i in found else _read_printed(comb, parts[i], prefilled.get(comb.field, ""))
        for i, comb in enumerate(fields)
    ]


def believed(decoding: Decoding, content: str, readers: int) -> Decoding:
    """The decoding with the probability that such fields turned out to have, read by so many readers."""
    curves = load_curves(readers, roster=decoding.on_roster)
    if decoding.on_roster and content not in curves:
        # Not measured: the demand's own bound holds.
        return dataclasses.replace(decoding, weakest=None)
    return trusted(decoding, content, curves)


def asked_again(reading: FieldReading, content: str, *, roster: bool = False) -> bool:
    """Whether the second reader is asked about a field that the first read so; `roster`: which is on the roster."""
    curves = load_curves(2, roster=roster)
    return reading.state in (State.DOUBTFUL, State.UNREADABLE) and LIKE.get(content, content) in curves


def interpret(comb: Comb, decoding: Decoding, demand: Demand) -> FieldReading:
    """What the demand makes of a decoding."""
    value, probability, reason = decoding.value, decoding.probability, decoding.problem
    # Only what was measured may be asked less: lists and blanks were not.
    measured = demand.accept == Demand().accept and decoding.weakest is not None
    if decoding.text == "" and decoding.value == "":
        state = State.BLANK if probability >= demand.accept else State.DOUBTFUL
        reason = reason if state is State.BLANK else "there may be something written"
        value = None
    elif probability < MIN_PLAUSIBLE:
        state, value, reason = State.UNREADABLE, None, "no plausible reading"
    elif decoding.noise > CROSSED_OUT:
        state, reason = State.DOUBTFUL, "a cell is crossed out or written over"
    elif reason is not None:
        state = State.DOUBTFUL
    elif probability < (SURE_ENOUGH if measured else demand.accept):
        state, reason = State.DOUBTFUL, "not certain enough"
    else:
        state = State.SURE
    needs = (
        state in (State.DOUBTFUL, State.UNREADABLE)
        or (state is State.BLANK and demand.required)
        or (state is State.SURE and demand.two_readers)
    )
    return FieldReading(
        comb.field,
        "comb",
        value,
        state,
        probability,
        candidates=decoding.candidates,
        rect=bounding_rect(comb.cells),
        reason=reason,
        needs_person=needs,
    )


def prepare(ink: npt.NDArray[np.uint8], joined: Sequence[bool]) -> npt.NDArray[np.uint8]:
    """One comb's ink windows as the character network is to see them: of ordinary darkness, each with its own strokes.

    `joined` as `joins` gives it.
    """
    return free_cells(_strengthened(ink), joined)


def _torn(reading: FieldReading) -> FieldReading:
    """A comb of which a part is missing or covered: what is left of it is no answer."""
    if reading.state is State.UNREADABLE:
        return reading
    return dataclasses.replace(
        reading, state=State.DOUBTFUL, needs_person=True, reason="a part of the field is not on the scan"
    )


def joins(cells: Sequence[RectMm]) -> list[bool]:
    """For each cell, whether it touches the one before it."""
    return [i > 0 and abs(cell.x - cells[i - 1].right) < JOINED_MM for i, cell in enumerate(cells)]


def window(cell: RectMm) -> RectMm:
    """The cell and its margin, in proportion to the usual cell's."""
    x = MARGIN_MM * cell.width / USUAL_CELL[0]
    y = MARGIN_MM * cell.height / USUAL_CELL[1]
    return RectMm(cell.x - x, cell.y - y, cell.width + 2 * x, cell.height + 2 * y)


def _strengthened(ink: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """One field's ink, its strokes brought to ordinary darkness: one pen wrote the field."""
    histogram = np.bincount(ink.ravel(), minlength=256)
    above = np.cumsum(histogram[WRITING_INK:])
    # Fewer pixels than a hyphen's are dirt.
    if above[-1] < 40:
        return ink
    strong = WRITING_INK + int(np.searchsorted(above, 0.8 * above[-1]))
    gain = min(MAX_GAIN, ORDINARY_INK / strong)
    return np.asarray(cv2.convertScaleAbs(ink, alpha=gain), dtype=np.uint8).reshape(ink.shape) if gain > 1.05 else ink


def too_faint(ink: npt.NDArray[np.uint8], uneven: npt.NDArray[np.floating]) -> npt.NDArray[np.bool_]:
    """(n,) in which cells of one comb something too faint to be read may stand.

    `ink` as `InkPage.cut` gives it, `uneven` as its `faint`. One pen wrote the whole comb: where no cell holds ink, all
    of them are looked at together.
    """
    faint = np.asarray(uneven > FAINT)
    if _bare(ink).all():
        inner = ink[:, WINDOW_EDGE[0] : -WINDOW_EDGE[0], WINDOW_EDGE[1] : -WINDOW_EDGE[1]]
        traces = [np.count_nonzero(cv2.blur(cell, (3, 3)) > TRACE) for cell in inner]
        if uneven.mean() > UNEVEN or max(traces) >= TRACE_PIXELS:
            faint[:] = True
    return faint


def _bare(ink: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """(n,) which cells hold less ink than the smallest sign."""
    dark = (ink.reshape(len(ink), -1) > FAINTEST_SIGN).astype(np.float32)
    return np.asarray(dark @ _INNER < SMALLEST_SIGN)


def without_ink(
    log_probs: npt.NDArray[np.float32], ink: npt.NDArray[np.uint8], faint: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float32]:
    """The reader's answer, but blank where the cell holds less ink than the smallest sign: for sure where it is even.

    The network has seen cells with dirt that hid a stroke, and never quite trusts an empty one; nor should anybody
    where something shows too `faint` to be read (n,).
    """
    bare = _bare(ink)
    answer = log_probs.copy()
    for cells, lost in ((bare & ~faint, LOST_SIGN), (bare & faint, FAINT_SIGN)):
        # Any character may have been lost, each as easily; a blank cell shows nothing anyway.
        answer[cells] = np.log(lost / (1 + lost * (len(CLASSES) - 1)))
        answer[cells, CLASSES.index(BLANK)] = -np.log(1 + lost * (len(CLASSES) - 1))
    return answer


def _read_printed(comb: Comb, ink: npt.NDArray[np.uint8], value: str) -> FieldReading:
    """A prefilled comb: its printed value, unless a pen has been over it."""
    reason = _written_over(ink, cells_text(value, comb.content))
    return FieldReading(
        comb.field,
        "comb",
        value,
        State.SURE if reason is None else State.DOUBTFUL,
        0.9999 if reason is None else 0.5,
        read_by="printed",
        rect=bounding_rect(comb.cells),
        reason=reason,
        needs_person=reason is not None,
    )


def _written_over(ink: npt.NDArray[np.uint8], text: str) -> str | None:
    """What speaks against the printed value `text` standing alone in the cells, or None."""
    margin_x = round(INK_WIDTH * MARGIN_MM / (USUAL_CELL[0] + 2 * MARGIN_MM))
    margin_y = round(INK_HEIGHT * MARGIN_MM / (USUAL_CELL[1] + 2 * MARGIN_MM))
    inner = ink[:, margin_y + 3 : -margin_y - 3, margin_x + 3 : -margin_x - 3].reshape(len(ink), -1).mean(axis=1)
    # Columns on both sides of each separator: printed characters keep clear of them.
    between = ink[:, margin_y + 6 : -margin_y - 6, margin_x - 2 : margin_x + 3].max(axis=1).mean(axis=1)
    for i in range(len(ink)):
        printed = i < len(text) and text[i] != " "
        if printed and inner[i] < MIN_PRINTED_INK:
            return "the printed value does not show in the scan"
        if printed and inner[i] > MAX_PRINTED_INK:
            return "something is written over the printed value"
        if not printed and inner[i] > 4 * MIN_PRINTED_INK:
            return "something is written beside the printed value"
        if i > 0 and between[i] > MAX_INK_BETWEEN:
            return "a stroke runs through the printed value"
    return None
