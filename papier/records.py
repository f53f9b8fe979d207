"""What a sheet says, with its doubt: readings of fields, of pages, and the record they make."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from papier.geometry import RectMm

Value = str | bool | list[str] | None
# Four corners in scan pixels, clockwise from the top left: x, y, x, y …
Quad = tuple[float, ...]


class State(StrEnum):
    """What a reading of a field is worth. `BLANK` is an answer; `UNREADABLE` is not."""

    SURE = "sure"
    DOUBTFUL = "doubtful"
    BLANK = "blank"
    UNREADABLE = "unreadable"


class OptionState(StrEnum):
    """What was done to one tick box."""

    TICKED = "ticked"
    EMPTY = "empty"
    CANCELLED = "cancelled"
    DOUBTFUL = "doubtful"


class PageStatus(StrEnum):
    """What became of one scanned page."""

    READ = "read"
    DOUBTFUL = "doubtful"
    DAMAGED = "damaged"
    UNKNOWN = "unknown"
    COPY = "copy"


@dataclass(frozen=True, slots=True)
class OptionReading:
    """One tick box: its state and the probability that this state is right."""

    state: OptionState
    probability: float

    def to_json(self) -> dict[str, Any]:
        return {"state": str(self.state), "probability": rounded(self.probability)}


@dataclass(frozen=True, slots=True)
class FieldReading:
    """The value read for one field.

    `value` is a list of options for ticks, text for combs and lines (ISO 8601 for dates, HH:MM for hours), a bool for
    signatures, None where nothing could be read. `probability` is calibrated: the chance that `value` is right.
    `read_by` says who read it: "papier", "printed" (prefilled by the printer), "tesseract", or a person's name.
    `needs_person` is True when the form demands more certainty than there is.
    """

    field: str
    kind: str
    value: Value
    state: State
    probability: float
    candidates: tuple[tuple[str, float], ...] = ()
    options: Mapping[str, OptionReading] = dataclasses.field(default_factory=dict)
    read_by: str = "papier"
    rect: RectMm | None = None
    reason: str | None = None
    needs_person: bool = False

    def to_json(self) -> dict[str, Any]:
        """The stable form of `papier read --json`."""
        data: dict[str, Any] = {
            "value": self.value,
            "state": str(self.state),
            "probability": rounded(self.probability),
        }
        if self.candidates:
            data["candidates"] = [[text, rounded(probability)] for text, probability in self.candidates]
        if self.options:
            data["options"] = {option: reading.to_json() for option, reading in self.options.items()}
        return data


@dataclass(frozen=True, slots=True)
class PageReading:
    """What one page of one sheet says, or why it says nothing. `source_page` counts from 1."""

    source: str
    source_page: int
    status: PageStatus
    form: str | None = None
    version: int | None = None
    sheet: str | None = None
    page: int | None = None
    reason: str | None = None
    fields: Mapping[str, FieldReading] = dataclasses.field(default_factory=dict)
    # Sheet millimetres → scan pixels, the 3×3 matrix row by row: where to cut a crop out of the scan.
    to_scan: tuple[float, ...] | None = None
    # Which image of a PDF page that holds several, from 1; which sheet of a scan that shows several, from 1.
    image_index: int = 1
    sheet_index: int = 1
    # The sheet's outline and what of it stays on paper, as quadrilaterals in scan pixels: what may be kept of the page.
    outline: Quad | None = None
    paper_only: tuple[Quad, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The stable form of `papier read --json`, one object a sheet page."""
        return {
            "source": self.source,
            "source_page": self.source_page,
            "form": self.form,
            "version": self.version,
            "sheet": self.sheet,
            "page": self.page,
            "status": str(self.status),
            "reason": self.reason,
            "fields": {name: reading.to_json() for name, reading in self.fields.items()},
        }


def rounded(probability: float) -> float:
    """Five decimals, rounded down: a probability is never shown higher than it is."""
    return int(max(0.0, min(1.0, probability)) * 100_000) / 100_000
