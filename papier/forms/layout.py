"""A laid-out form: zones and printed things, in millimetres. Frozen with each sheet as JSON; reading uses nothing else.

Origin of every page at its top left, y down.
"""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from papier.forms.definition import Demand, ZoneKind
from papier.geometry import RectMm

# A roster column in a text: `{prenom}`.
COLUMN = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Zone:
    """A place where a person writes.

    tick: one box, `option` of `field`; comb: `cells` for one character each, `content` says which; lines: `lines` are
    the strips between rules; signature and typed: one frame. `rect` always bounds the whole zone.
    `label_rect`: where the zone's printed label stands, if known.
    """

    field: str
    kind: ZoneKind
    rect: RectMm
    option: str | None = None
    multiple: bool = False
    shape: Literal["square", "bubble"] = "square"
    content: str | None = None
    cells: tuple[RectMm, ...] = ()
    lines: tuple[RectMm, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The stable form of `papier layout --json`."""
        data: dict[str, Any] = {"field": self.field, "kind": self.kind}
        if self.kind == "tick":
            data |= {"option": self.option, "multiple": self.multiple, "rect": self.rect.to_list()}
            if self.shape != "square":
                data["shape"] = self.shape
        elif self.kind == "comb":
            data |= {"content": self.content, "cells": [cell.to_list() for cell in self.cells]}
        elif self.kind == "lines":
            data |= {"rect": self.rect.to_list(), "lines": [line.to_list() for line in self.lines]}
        else:
            data["rect"] = self.rect.to_list()
        return data


@dataclass(frozen=True, slots=True)
class Text:
    """One run of text on one baseline. `x` is its left edge, its centre or its right edge by `align`; `size` in points.

    `font` is a name of `papier.forms.fonts`; `grey` 0 is black, 1 white; `rtl` runs are already in visual order after
    shaping by the drawing module.
    """

    x: float
    y: float
    text: str
    font: str = "regular"
    size: float = 10.0
    grey: float = 0.0
    align: Literal["left", "centre", "right"] = "left"
    rtl: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A straight line; `stroke` in millimetres; `dash` on/off lengths in millimetres."""

    x1: float
    y1: float
    x2: float
    y2: float
    stroke: float = 0.2
    grey: float = 0.0
    dash: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle: `stroke` 0 for no outline, `fill` None for no filling, `radius` of its corners in millimetres."""

    rect: RectMm
    stroke: float = 0.2
    grey: float = 0.0
    fill: float | None = None
    radius: float = 0.0


Item = Text | Rule | Box


@dataclass(frozen=True, slots=True)
class Prefill:
    """A place where a roster value is printed on the sheet: in a comb's cells, or as a run of text.

    `template` holds `{column}`; `rect` bounds the run; for a comb the cells are those of zone `field`.
    `row` is the roster row within a group (0-based) for tables with a person a row, else None.
    A run of several `lines` is a text of any length, from baseline `y` on, `pitch` millimetres apart when by hand.
    """

    template: str
    x: float
    y: float
    width: float
    font: str = "regular"
    size: float = 10.0
    field: str | None = None
    row: int | None = None
    align: Literal["left", "centre", "right"] = "left"
    lines: int = 1
    pitch: float = 0.0


@dataclass(frozen=True, slots=True)
class LayoutPage:
    """One page: zones in reading order, the printed things that never change, the places of roster values."""

    page: int
    zones: tuple[Zone, ...]
    items: tuple[Item, ...] = ()
    prefills: tuple[Prefill, ...] = ()


@dataclass(frozen=True)
class Layout:
    """A form laid out. `demands` has one entry a field; `labels` the French wording of each field.

    `marked` says that the sheet has papier's corner marks and number; False for a form that somebody else printed,
    whose registration is by its own face. `size_mm` is that of one sheet, `paper` the tint to print it on.
    `retention_basis` says why it is kept so long; `limits`: by "minimum" and "maximum" the duration that the law sets,
    and its article. `digest()` names the frozen layout.
    """

    form: str
    version: int
    title: str
    size_mm: tuple[float, float]
    pages: tuple[LayoutPage, ...]
    demands: Mapping[str, Demand] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    option_labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    large: bool = False
    two_up: bool = False
    recto_verso: bool = False
    marked: bool = True
    retention: str | None = None
    paper: str | None = None
    retention_basis: str | None = None
    limits: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def page(self, number: int) -> LayoutPage:
        """Page `number`, from 1; raises KeyError when there is none."""
        for page in self.pages:
            if page.page == number:
                return page
        raise KeyError(f"{self.form} has no page {number}")

    def zones(self) -> tuple[Zone, ...]:
        return tuple(zone for page in self.pages for zone in page.zones)

    def roster_columns(self) -> tuple[str, ...]:
        """The roster columns printed on this form, in reading order."""
        names = [name for page in self.pages for prefill in page.prefills for name in COLUMN.findall(prefill.template)]
        return tuple(dict.fromkeys(names))

    def to_interface(self) -> dict[str, Any]:
        """The stable object of `papier layout FORM --json`."""
        return {
            "form": self.form,
            "version": self.version,
            "page_size": [_plain(length) for length in self.size_mm],
            "pages": [{"page": page.page, "zones": [zone.to_json() for zone in page.zones]} for page in self.pages],
        }

    def to_frozen(self) -> str:
        """Everything, as one line of JSON with sorted keys; `from_frozen` gives an equal layout back."""
        return json.dumps(_encode(self), ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_frozen(cls, text: str) -> Layout:
        """Rebuild a layout from `to_frozen`; raises ValueError or KeyError on anything else."""
        data = json.loads(text)
        return cls(
            form=data["form"],
            version=data["version"],
            title=data["title"],
            size_mm=(data["size_mm"][0], data["size_mm"][1]),
            pages=tuple(_page(page) for page in data["pages"]),
            demands={name: _demand(demand) for name, demand in data["demands"].items()},
            labels=data["labels"],
            option_labels=data["option_labels"],
            large=data["large"],
            two_up=data["two_up"],
            recto_verso=data["recto_verso"],
            marked=data["marked"],
            retention=data["retention"],
            paper=data.get("paper"),  # layouts frozen by an earlier papier say nothing of these
            retention_basis=data.get("retention_basis"),
            limits={name: (limit[0], limit[1]) for name, limit in data.get("limits", {}).items()},
        )


def _plain(length: float) -> float | int:
    return int(length) if float(length).is_integer() else round(length, 3)


def _encode(value: Any) -> Any:
    if isinstance(value, RectMm):
        return value.to_list()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        encoded = {f.name: _encode(getattr(value, f.name)) for f in dataclasses.fields(value)}
        if isinstance(value, (Text, Rule, Box)):
            encoded["item"] = type(value).__name__
        return encoded
    if isinstance(value, Mapping):
        return {key: _encode(entry) for key, entry in value.items()}
    if isinstance(value, (tuple, list)):
        return [_encode(entry) for entry in value]
    return round(value, 4) if isinstance(value, float) else value


def _page(data: dict[str, Any]) -> LayoutPage:
    return LayoutPage(
        page=data["page"],
        zones=tuple(_zone(zone) for zone in data["zones"]),
        items=tuple(_item(item) for item in data["items"]),
        prefills=tuple(Prefill(**prefill) for prefill in data["prefills"]),
    )


def _zone(data: dict[str, Any]) -> Zone:
    rects = {key: tuple(RectMm.from_list(rect) for rect in data[key]) for key in ("cells", "lines")}
    return Zone(**(data | {"rect": RectMm.from_list(data["rect"])} | rects))


def _item(data: dict[str, Any]) -> Item:
    kind = data["item"]
    fields = {key: value for key, value in data.items() if key != "item"}
    if kind == "Text":
        return Text(**fields)
    if kind == "Rule":
        return Rule(**(fields | {"dash": tuple(fields["dash"])}))
    return Box(**(fields | {"rect": RectMm.from_list(fields["rect"])}))


def _demand(data: dict[str, Any]) -> Demand:
    return Demand(**(data | {"choices": tuple(data["choices"])}))
