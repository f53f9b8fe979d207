"""One scanned page from pixels to readings: find its sheets, know them, read their zones.

Every page comes out as at least one `PageReading`; what cannot be read says why.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from papier.forms.layout import LayoutPage
from papier.forms.sheet_number import SheetNumbers
from papier.geometry import RectMm
from papier.ocr.blank_pages import is_blank
from papier.ocr.characters import CharacterReader
from papier.ocr.face import FaceFit, fit_face, load_face
from papier.ocr.face_registration import fits_by_face
from papier.ocr.handwriting import HandwritingReader
from papier.ocr.identification import Identification, identify
from papier.ocr.masking import find_outline, find_paper_only
from papier.ocr.register import KnownSheet, PrintedForm, SheetRegister
from papier.ocr.registration import SheetCandidate, count_strays, find_sheets
from papier.ocr.scan import RegisteredPage, RejectedPage, ScannedPage
from papier.ocr.second_reader import SecondReader
from papier.ocr.two_marks import place_by_two_marks
from papier.ocr.zone_readings import read_zones
from papier.records import FieldReading, PageReading, PageStatus, State

# Below, the print is not taken for the form's, and a person is asked. On rough scans the right form gave 0.37 and more
# and a sister form up to 0.57, which is why forms are compared and never accepted by this alone.
MIN_FACE_MATCH = 0.45
# From here on the page that the number names need not be compared with the form's other pages.
SURE_FACE_MATCH = 0.7
# Of pages laid by their face alone, the right place matched better than any other of its form by 0.09 and more; others
# lie a row of boxes away, or upside-down: by more than this share of the page.
PLAINLY_LIKER, ELSEWHERE = 0.05, 0.02
# Sheets that take this share of the scanned area leave no room for another (the smallest, A6, takes an eighth of A3).
FULL_GLASS = 0.8
# Forms to compare with a page whose number cannot be read; older ones are asked of a person.
MAX_FORMS_COMPARED = 24


# Whoever wants to look over the reader's shoulder: how the sheet lies on the scan, its zones, and what was read.
Watcher = Callable[[RegisteredPage, LayoutPage, PageReading], None]


@dataclass(frozen=True)
class Reader:
    """Reads pages. Holds nothing that changes: one reader may serve many pages, one a process.

    `form`: read every page as this form, without asking for a sheet number (a form that somebody else printed, or a
    page whose number is lost). `watcher` is told of every page that was read.
    """

    register: SheetRegister
    form: PrintedForm | None = None
    characters: CharacterReader = field(default_factory=CharacterReader)
    watcher: Watcher | None = None
    handwriting: HandwritingReader = field(default_factory=HandwritingReader)
    second_characters: SecondReader = field(default_factory=SecondReader)

    def read_page(self, page: ScannedPage | RejectedPage) -> list[PageReading]:
        """The readings of every sheet on the page, left to right and top to bottom; never empty."""
        if isinstance(page, RejectedPage):
            return [PageReading(page.source, page.index, PageStatus.DAMAGED, reason=page.reason)]
        if self.form is not None and not self.form.layout.marked:
            readings = [self._read_foreign(page, self.form)]
        else:
            readings = self._read_marked(page)
        return [
            dataclasses.replace(reading, sheet_index=at, image_index=page.image_index)
            for at, reading in enumerate(readings, 1)
        ]

    def read_as_sheet(
        self, page: ScannedPage | RejectedPage, sheet: KnownSheet, number: int | None = None
    ) -> PageReading | None:
        """A page of which a person says what sheet it is, and which page of it where `number` does.

        Its print must look so: None where it does not, where it fits in two ways, or bears another number.
        """
        if isinstance(page, RejectedPage):
            return None
        wanted = [known for known in sheet.form.layout.pages if number in (None, known.page)]
        places = [place for candidate in find_sheets(page) for place in candidate.alternatives]
        fitted = [
            (fit_face(place, load_face(sheet.form, known.page)), sheet.form, known.page)
            for place in itertools.chain(places, place_by_two_marks(page))
            if _same_size(sheet.form.layout.size_mm, place.size_mm)
            for known in wanted
        ]
        fitted = [found for found in fitted if found[0].match >= MIN_FACE_MATCH] or [
            found for found in _fits_by_face(page, [sheet.form]) if found[2] in {known.page for known in wanted}
        ]
        fitted.sort(key=lambda found: -found[0].match)
        if not _is_plain(fitted):
            return None
        fit, form, at = fitted[0]
        if identify(fit.page, SheetNumbers(self.register.key)).number not in (None, sheet.number):
            return None
        return dataclasses.replace(self._read_as(page, fit.page, form, at, None, sheet), sheet=sheet.number)

    def _read_marked(self, page: ScannedPage) -> list[PageReading]:
        numbers = SheetNumbers(self.register.key)
        readings: list[PageReading] = []
        candidates = find_sheets(page)
        for candidate in candidates:
            numbered = self._read_first_numbered(page, candidate.alternatives, numbers)
            readings.append(numbered or self._read_unnumbered(page, candidate.alternatives))
        known = any(reading.sheet and reading.status is not PageStatus.DAMAGED for reading in readings)
        if not known and is_blank(page):
            readings = readings or [_unknown(page, "blank page")]
        elif not known:
            numbered = self._read_first_numbered(page, place_by_two_marks(page), numbers)
            if numbered is not None and numbered.fields:
                return [numbered]
            printed = self._read_by_print(page, numbers, readings)
            if printed is not None:
                return [printed]
        if readings:
            if _has_room(page, candidates) and count_strays(page, candidates):
                readings.append(
                    _unknown(page, "a further sheet lies on this page, too little of it is seen: scan it again")
                )
            return readings
        return [_unknown(page, "no corner marks and no known form: is it one of papier's sheets?")]

    def _read_by_print(
        self, page: ScannedPage, numbers: SheetNumbers, found: Sequence[PageReading]
    ) -> PageReading | None:
        """The one sheet on the page by its printed face; None where that says no more than what was `found`."""
        if sum(bool(reading.fields) for reading in found) > 1:
            return None
        fitted = _fits_by_face(page, self._forms())
        for fit, _, _ in fitted:
            identification = identify(fit.page, numbers)
            if identification.number is not None:
                numbered = self._read_numbered(page, fit.page, identification)
                return numbered if numbered.fields or not found else None
        # Which way up rows of boxes lie must be plain where no number says so.
        if any(reading.fields or reading.sheet for reading in found) or not _is_plain(fitted):
            return None
        fit, form, number = fitted[0]
        return self._read_as(page, fit.page, form, number, "the sheet number cannot be read")

    def _forms(self) -> list[PrintedForm]:
        return [self.form] if self.form is not None else list(self.register.forms())[:MAX_FORMS_COMPARED]

    def _read_numbered(self, page: ScannedPage, registered: RegisteredPage, found: Identification) -> PageReading:
        assert found.number is not None  # noqa: S101 - the callers have looked
        sheet = self.register.find_sheet(found.number)
        if sheet is None:
            return dataclasses.replace(
                _unknown(page, f"sheet {found.number} is not in this workspace's register"), sheet=found.number
            )
        layout = sheet.form.layout
        if not _same_size(layout.size_mm, registered.size_mm):
            registered = dataclasses.replace(registered, size_mm=layout.size_mm)
        number, fit = _choose_page(registered, sheet.form, found)
        if fit.match < MIN_FACE_MATCH:
            reason = f"sheet {found.number} is known, but the page does not look like {layout.form}"
            return dataclasses.replace(
                _unknown(page, reason),
                status=PageStatus.DAMAGED,
                form=layout.form,
                version=layout.version,
                sheet=found.number,
            )
        reading = self._read_as(page, fit.page, sheet.form, number, None, sheet)
        return dataclasses.replace(reading, sheet=found.number)

    def _read_first_numbered(
        self, page: ScannedPage, places: Iterable[RegisteredPage], numbers: SheetNumbers
    ) -> PageReading | None:
        """The sheet at the first of these places that bears a number; None where none does."""
        for place in places:
            found = identify(place, numbers)
            if found.number is not None:
                return self._read_numbered(page, place, found)
        return None

    def _read_unnumbered(self, page: ScannedPage, alternatives: Sequence[RegisteredPage]) -> PageReading:
        """A sheet with corner marks whose number is lost: its printed face says which form it is."""
        best: tuple[FaceFit, PrintedForm, int] | None = None
        for form in self._forms():
            for alternative in alternatives:
                if not _same_size(form.layout.size_mm, alternative.size_mm):
                    continue
                for layout_page in form.layout.pages:
                    fit = fit_face(alternative, load_face(form, layout_page.page))
                    if best is None or fit.match > best[0].match:
                        best = (fit, form, layout_page.page)
        if best is None or best[0].match < MIN_FACE_MATCH:
            return _unknown(page, "the sheet number cannot be read, and the page looks like no known form")
        return self._read_as(page, best[0].page, best[1], best[2], "the sheet number cannot be read")

    def _read_foreign(self, page: ScannedPage, form: PrintedForm) -> PageReading:
        """A form that somebody else printed: registered by its own face, each of its pages tried."""
        found = _fits_by_face(page, [form])
        if not found:
            reason = "blank page" if is_blank(page) else f"the page does not look like {form.layout.form}"
            return _unknown(page, reason)
        fit, _, number = found[0]
        return self._read_as(page, fit.page, form, number, None)

    def _read_as(
        self,
        page: ScannedPage,
        registered: RegisteredPage,
        form: PrintedForm,
        number: int,
        doubt: str | None,
        sheet: KnownSheet | None = None,
    ) -> PageReading:
        layout = form.layout
        face = load_face(form, number)
        fields = read_zones(
            registered,
            layout,
            layout.page(number),
            face,
            self.characters,
            sheet.prefilled if sheet is not None else {},
            known_values=sheet.known_values if sheet is not None else {},
            people=sheet.people if sheet is not None else (),
            printed_on=sheet.printed_on if sheet is not None else None,
            line_reader=self.handwriting,
            second_reader=self.second_characters,
        )
        asked = doubt is not None or any(_asks(reading) for reading in fields.values())
        reading = PageReading(
            source=page.source,
            source_page=page.index,
            status=PageStatus.DOUBTFUL if asked else PageStatus.READ,
            form=layout.form,
            version=layout.version,
            page=number,
            reason=doubt,
            fields=fields,
            to_scan=tuple(float(value) for value in registered.to_page.matrix.ravel()),
            outline=find_outline(registered),
            paper_only=find_paper_only(registered, layout, number),
        )
        if self.watcher is not None:
            self.watcher(registered, layout.page(number), reading)
        return reading


def _fits_by_face(page: ScannedPage, forms: Sequence[PrintedForm]) -> list[tuple[FaceFit, PrintedForm, int]]:
    """The forms and pages whose printed face the scan shows, without corner marks, the likest first.

    Forms of one house share their head, so that several may pass: all are compared.
    """
    found = [
        (fit, form, layout_page.page)
        for form in forms
        for layout_page in form.layout.pages
        for fit in fits_by_face(page, load_face(form, layout_page.page))
    ]
    return sorted(found, key=lambda fitted: -fitted[0].match)


def _is_plain(fitted: Sequence[tuple[FaceFit, PrintedForm, int]]) -> bool:
    """True where there is a first fit and no other place of its page is nearly as good."""
    if not fitted:
        return False
    best, form, number = fitted[0]
    rivals = [fit for fit, other, page in fitted[1:] if (other, page) == (form, number) and _lies_elsewhere(fit, best)]
    return all(fit.match < best.match - PLAINLY_LIKER for fit in rivals)


def _lies_elsewhere(fit: FaceFit, other: FaceFit) -> bool:
    corners = RectMm(0, 0, *fit.page.size_mm).corners()
    apart = np.hypot(*(fit.page.to_page.apply(corners) - other.page.to_page.apply(corners)).T).max()
    return bool(apart > ELSEWHERE * max(fit.page.scan.pixels.shape))


def _choose_page(registered: RegisteredPage, form: PrintedForm, found: Identification) -> tuple[int, FaceFit]:
    """The page of the form, and how the scan lies on its face: the printed page if it looks so, else the likest."""
    pages = [page.page for page in form.layout.pages]
    best: tuple[int, FaceFit] | None = None
    for number in sorted(pages, key=lambda number: number != found.page):
        fit = fit_face(registered, load_face(form, number))
        if best is None or fit.match > best[1].match:
            best = (number, fit)
        if number == found.page and fit.match >= SURE_FACE_MATCH:
            break
    assert best is not None  # noqa: S101 - a form has a page
    return best


def _asks(reading: FieldReading) -> bool:
    """True when a person must look at the field; free handwriting is doubtful as a rule, and its image says it all."""
    return reading.needs_person or (reading.state is State.DOUBTFUL and reading.kind != "lines")


def _has_room(page: ScannedPage, candidates: Sequence[SheetCandidate]) -> bool:
    """True when the sheets found leave room for another on the scanned area."""
    height, width = page.pixels.shape
    taken = 0.0
    for candidate in candidates:
        corners = candidate.best.to_page.apply(RectMm(0, 0, *candidate.best.size_mm).corners())
        x, y = corners.T
        taken += 0.5 * abs(float(x @ np.roll(y, 1) - y @ np.roll(x, 1)))
    return bool(taken < FULL_GLASS * height * width)


def _same_size(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return bool(np.allclose(one, other, atol=1.0))


def _unknown(page: ScannedPage, reason: str) -> PageReading:
    return PageReading(page.source, page.index, PageStatus.UNKNOWN, reason=reason)
