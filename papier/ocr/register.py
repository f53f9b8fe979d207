"""What the reader must be told from outside: the sheets that were printed, and the scan it works on.

`papier.store` implements `SheetRegister`; the reader itself opens no database.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from papier.forms.layout import Layout


@dataclass(frozen=True)
class PrintedForm:
    """A frozen layout with its printed face: a PDF of one page a layout page, without numbers and roster values.

    For a form that somebody else printed, `face` may be a PNG or PDF of the blank page and `face_dpi` the resolution
    of an image.
    """

    layout: Layout
    face: bytes


@dataclass(frozen=True)
class KnownSheet:
    """A sheet that was numbered and printed. `prefilled` gives the printed value of a field, by field; `known_values`
    what the roster knows of a field that is written by hand: one value where the sheet is for one person; `people` the
    same by person: for every place where a person is written into several fields, each person's values by field.
    """

    number: str
    form: PrintedForm
    prefilled: Mapping[str, str] = field(default_factory=dict)
    known_values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    people: Sequence[Sequence[Mapping[str, str]]] = ()
    printed_on: dt.date | None = None
    master: bool = False  # photocopies share the number; each is its own record


class SheetRegister(Protocol):
    """The sheets and forms that a workspace knows."""

    @property
    def key(self) -> bytes:
        """The secret that the workspace's sheet numbers are made with."""

    def find_sheet(self, number: str) -> KnownSheet | None:
        """The sheet printed under this canonical number (`4F7K-2M9Q-8XTR`), or None."""

    def forms(self) -> Iterable[PrintedForm]:
        """Every frozen layout, most recent first: for pages whose number cannot be read."""
