"""A form that somebody else printed, defined over its blank pages: zones are given, nothing is laid out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from papier.errors import DefinitionError, Problem
from papier.forms.definition import CombContent, Demand, Retention, Wording
from papier.forms.furniture import kept_for
from papier.forms.grammar import BLANK_FORM, BLANK_PAGE, ZONE_KIND, ZONES
from papier.forms.layout import Layout, LayoutPage, Zone
from papier.forms.parsing import in_order, read_retention
from papier.forms.parsing_demands import demand_of, read_comb
from papier.forms.shapes import read_keys
from papier.geometry import RectMm, bounding_rect
from papier.language import translate as _
from papier.yaml_source import Node, Proofreader, load_yaml

if TYPE_CHECKING:
    from papier.forms.blank_pages import Background

# Zones measured by hand on a screen may reach over the page's edge by this much (millimetres).
EDGE_TOLERANCE = 1.0
# Scans of one form's pages differ by a few pixels; more is another paper size (millimetres).
SIZE_TOLERANCE = 3.0


@dataclass
class _Field:
    """What the zones of one field have said so far."""

    line: int
    kind: str
    demand: Demand
    label: str | None
    options: dict[str, int]
    multiple: bool | None


def load_blank_form(path: Path | str) -> tuple[Layout, bytes]:
    """The layout of a blank form, and its pages as one PDF whose page n is page n of the layout.

    The layout is not `marked`: the sheet is found by its own face. Raises DefinitionError with every problem,
    UsageError when the file cannot be read.
    """
    # Libraries of PDF and of pictures, which every command would load at its start for the few forms of others.
    from papier.forms.blank_pages import BackgroundError, join_backgrounds  # noqa: PLC0415

    node, problems = load_yaml(path)
    proof = Proofreader(problems)
    parser = _BlankParser(Path(path).parent, proof)
    layout = parser.parse(node) if node is not None else None
    face = b""
    if layout is not None and not problems:
        try:
            face = join_backgrounds(parser.backgrounds, layout.size_mm)
        except BackgroundError as error:
            problems.append(Problem(str(path), 1, str(error)))
    if layout is None or problems:
        raise DefinitionError(path, in_order(problems))
    return layout, face


class _BlankParser:
    """Parses one blank form; background files are looked for in `folder`."""

    def __init__(self, folder: Path, proof: Proofreader) -> None:
        self._folder = folder
        self._proof = proof
        self._fields: dict[str, _Field] = {}
        self._places: dict[tuple[int, RectMm], int] = {}
        self.backgrounds: list[Background] = []

    def parse(self, node: Node) -> Layout | None:
        """The layout, or None and at least one problem."""
        entries = self._proof.entries(node, "form")
        if entries is None:
            return None
        values = read_keys(entries, BLANK_FORM, self._proof, node)
        retention = read_retention(values["retention"], self._proof) if "retention" in values else None
        pages = self._parse_pages(values["pages"]) if "pages" in values else []
        if not self._fields and "pages" in values:
            self._proof.report(values["pages"], _("no page has a zone. Add `zones:` with at least one."))
        if self._proof.problems:
            return None
        return self._layout(values, pages, retention)

    def _layout(self, values: Mapping[str, Any], pages: list[LayoutPage], retention: Retention | None) -> Layout:
        title: Wording = values["title"]
        widths, heights = zip(*(background.size_mm for background in self.backgrounds), strict=True)
        return Layout(
            form=values["form"],
            version=values["version"],
            title=title.fr,
            size_mm=(max(widths), max(heights)),
            pages=tuple(self._with_multiple(page) for page in pages),
            demands={name: field.demand for name, field in self._fields.items()},
            labels={name: field.label or name for name, field in self._fields.items()},
            option_labels={
                name: {option: option for option in field.options}
                for name, field in self._fields.items()
                if field.kind == "tick"
            },
            marked=False,
            **kept_for(retention),
        )

    def _with_multiple(self, page: LayoutPage) -> LayoutPage:
        """The page with `multiple` on every box of a field that says it on one."""
        zones = tuple(
            Zone(zone.field, "tick", zone.rect, zone.option, multiple=True, shape=zone.shape)
            if zone.kind == "tick" and self._fields[zone.field].multiple
            else zone
            for zone in page.zones
        )
        return LayoutPage(page.page, zones)

    def _parse_pages(self, node: Node) -> list[LayoutPage]:
        pages = []
        for number, member in enumerate(self._proof.members(node, "pages") or (), start=1):
            proof = self._proof.within(f"page {number}")
            entries = proof.entries(member, "page")
            if entries is None:
                continue
            values = read_keys(entries, BLANK_PAGE, proof, member)
            size = self._parse_background(entries, values, proof)
            zones = self._parse_zones(values["zones"], number, size, proof) if "zones" in values else ()
            pages.append(LayoutPage(number, zones))
        return pages

    def _parse_background(
        self, entries: Mapping[str, Node], values: Mapping[str, Any], proof: Proofreader
    ) -> tuple[float, float] | None:
        from papier.forms.blank_pages import BackgroundError, find_background  # noqa: PLC0415 - as above

        if "background" not in values or ("dpi" in entries and "dpi" not in values):
            return None
        try:
            background = find_background(self._folder, values["background"], values.get("dpi"))
        except BackgroundError as error:
            proof.report(entries["background"], str(error))
            return None
        if self.backgrounds:
            first = self.backgrounds[0].size_mm
            if max(abs(a - b) for a, b in zip(first, background.size_mm, strict=True)) > SIZE_TOLERANCE:
                proof.report(
                    entries["background"],
                    _(
                        "the page measures {width:.0f} × {height:.0f} mm and page 1 {first_width:.0f} × "
                        "{first_height:.0f} mm. Give pages of one size, or make two forms."
                    ).format(
                        width=background.size_mm[0],
                        height=background.size_mm[1],
                        first_width=first[0],
                        first_height=first[1],
                    ),
                )
        self.backgrounds.append(background)
        return background.size_mm

    def _parse_zones(
        self, node: Node, number: int, size: tuple[float, float] | None, page: Proofreader
    ) -> tuple[Zone, ...]:
        if node.content is None or node.content == ():  # a page to find again, without zones
            return ()
        zones = [self._parse_zone(member, number, size, page) for member in page.members(node, "zones") or ()]
        return tuple(zone for zone in zones if zone is not None)

    def _parse_zone(self, node: Node, number: int, size: tuple[float, float] | None, page: Proofreader) -> Zone | None:
        entries = page.entries(node, "zone")
        if entries is None:
            return None
        name = entries["field"].text if "field" in entries else None
        proof = page.within(f"field `{name}`" if name else page.place)
        if "kind" not in entries:
            proof.report(node, _("`kind` is missing. Add one of: {names}.").format(names=", ".join(ZONES)))
            return None
        kind = ZONE_KIND.shape.read(entries["kind"], proof, "kind")
        if kind is None:
            return None
        values = read_keys(entries, ZONES[kind], proof, node, also=("kind",))
        if any(key.needed and name not in values for name, key in ZONES[kind].items()):
            return None
        zone, demand = _build_zone(kind, values, node, proof)
        if zone is None or demand is None:
            return None
        self._check_place(zone, number, size, node, proof)
        self._note(zone, demand, values, node, proof)
        return zone

    def _check_place(
        self, zone: Zone, number: int, size: tuple[float, float] | None, node: Node, proof: Proofreader
    ) -> None:
        if (number, zone.rect) in self._places:
            first = self._places[number, zone.rect]
            proof.report(
                node,
                _("the zone stands at the very place of that on line {line}. Correct one of them.").format(line=first),
            )
        self._places.setdefault((number, zone.rect), node.line)
        if size is None:
            return
        if not RectMm(0, 0, *size).contains(zone.rect, EDGE_TOLERANCE):
            place = ", ".join(f"{value:g}" for value in zone.rect.to_list())
            proof.report(
                node,
                _(
                    "the zone [{place}] leaves the page of {width:.1f} × {height:.1f} mm. "
                    "Correct the zone (in millimetres from the top left), or `dpi`."
                ).format(place=place, width=size[0], height=size[1]),
            )

    def _note(self, zone: Zone, demand: Demand, values: Mapping[str, Any], node: Node, proof: Proofreader) -> None:
        """Add the zone to its field; report what contradicts the field's other zones."""
        label = values["label"].fr if "label" in values else None
        field = self._fields.get(zone.field)
        if field is None:
            options = {zone.option: node.line} if zone.option is not None else {}
            self._fields[zone.field] = _Field(node.line, zone.kind, demand, label, options, values.get("multiple"))
            return
        if zone.kind != "tick" or field.kind != "tick":
            proof.report(
                node,
                _("the field has a zone already (line {line}). Give this one another name.").format(line=field.line),
            )
            return
        option = zone.option or ""
        if option in field.options:
            line = field.options[option]
            proof.report(
                node,
                _("the option `{option}` stands twice (first on line {line}). Rename one.").format(
                    option=option, line=line
                ),
            )
        field.options.setdefault(option, node.line)
        field.label = field.label or label
        if demand not in (Demand(), field.demand):
            if field.demand != Demand():
                proof.report(
                    node,
                    _("the zone demands something else than that on line {line}. Keep one of them.").format(
                        line=field.line
                    ),
                )
            field.demand = demand
        multiple = values.get("multiple")
        if multiple is not None:
            if field.multiple is not None and field.multiple != multiple:
                proof.report(
                    node, _("`multiple` is not the same as on line {line}. Change one of them.").format(line=field.line)
                )
            field.multiple = multiple


def _build_zone(
    kind: str, values: dict[str, Any], node: Node, proof: Proofreader
) -> tuple[Zone, Demand] | tuple[None, None]:
    """The zone of sound values, and what is demanded of its field."""
    name = values["field"]
    if kind == "comb":
        cells: tuple[RectMm, ...] = values["cells"]
        fixed = CombContent(values["content"]).fixed_length
        if fixed is not None and len(cells) != fixed:
            proof.report(
                node.entries["cells"],
                _(
                    "`{content}` has {fixed} cells, here are {count}. Give all of them, or use `digits` or `mixed`."
                ).format(content=values["content"], fixed=fixed, count=len(cells)),
            )
            return None, None
        comb = read_comb(node, values | {"cells": len(cells)}, proof)
        if comb is None:
            return None, None
        return Zone(name, "comb", bounding_rect(cells), content=comb[0].value, cells=cells), comb[2]
    demand = demand_of(values)
    rect: RectMm = values["rect"]
    if kind == "tick":
        # A box of its own; `multiple` is set when all zones of the field are known.
        return Zone(name, "tick", rect, option=values["option"], shape=values.get("shape", "square")), demand
    if kind == "lines":
        return Zone(name, "lines", rect, lines=values.get("lines", (rect,))), demand
    return Zone(name, "signature" if kind == "signature" else "typed", rect), demand
