"""The blocks of a form, from YAML nodes: what is printed, what is asked, what holds other blocks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from papier.forms.definition import (
    Address,
    Block,
    CombField,
    GridField,
    Heading,
    LinesField,
    Notice,
    Office,
    PageBreak,
    Paragraph,
    Row,
    SignatureField,
    Space,
    TableField,
    TickField,
    TypedField,
    Wording,
)
from papier.forms.grammar import ASKED, FIELD_ID_KEY, HOLDING, LONG_FORMS, OFFICE, PART, PRINTED
from papier.forms.parsing_demands import demand_of, read_comb
from papier.forms.parsing_tables import read_columns, read_rows
from papier.forms.parts import blocks_of_part
from papier.forms.shapes import Keys, read_keys
from papier.language import translate as _
from papier.yaml_source import Node, Proofreader, suggest, suggest_or_list

KINDS: Mapping[str, Keys] = {**PRINTED, **ASKED, **HOLDING, "part": PART}
# Blocks that stand at a place of their own, or are as wide as the page.
_NOT_IN_A_ROW = frozenset({"row", "office", "page_break", "address", "table", "part"})
_NOT_IN_OFFICE = frozenset({"office", "page_break", "address"})

_YES_NO = {
    "oui": Wording({"fr": "Oui", "en": "Yes", "ar": "نعم", "tr": "Evet", "uk": "Так"}),
    "non": Wording({"fr": "Non", "en": "No", "ar": "لا", "tr": "Hayır", "uk": "Ні"}),
}
_OFFICE_TITLE = Wording(
    {
        "fr": "Cadre réservé au service",
        "en": "For office use only",
        "ar": "خاص بالإدارة",
        "tr": "İdare tarafından doldurulacaktır",
        "uk": "Заповнює установа",
    }
)


class BlockParser:
    """Parses the blocks of one form; knows the identifiers already given to its fields."""

    def __init__(self, proof: Proofreader) -> None:
        self._proof = proof
        self._lines: dict[str, int] = {}

    def parse_blocks(
        self, node: Node, excluded: frozenset[str] = frozenset(), place: str = "", *, whole_form: bool = False
    ) -> tuple[Block, ...]:
        """The blocks of a list, those with mistakes left out (and reported)."""
        members = self._with_parts(self._proof.members(node, "blocks") or (), excluded)
        blocks = [self._parse_block(member, excluded, place) for member in members]
        if whole_form:
            self._check_page_breaks(members)
        return tuple(block for block in blocks if block is not None)

    def _with_parts(self, members: Iterable[Node], excluded: frozenset[str]) -> list[Node]:
        """The blocks, those of a part in the place of its name; a name that is not known is reported."""
        expanded: list[Node] = []
        for member in members:
            if (
                "part" in member.entries
                and "part" not in excluded
                and not set(member.entries) & (set(KINDS) - {"part"})
            ):
                values = read_keys(member.entries, PART, self._proof, member)
                expanded += blocks_of_part(values["part"], member) if "part" in values else ()
            else:
                expanded.append(member)
        return expanded

    def _check_page_breaks(self, members: Iterable[Node]) -> None:
        previous: Node | None = None
        broken = True  # the form's beginning is the beginning of a page
        for member in members:
            breaks = member.text == "page_break" or "page_break" in member.entries
            if breaks and broken:
                self._proof.report(member, _("`page_break` stands where a page begins already. Delete it."))
            broken, previous = breaks, member
        if previous is not None and broken:
            self._proof.report(previous, _("`page_break` is the last block and makes an empty page. Delete it."))

    def _parse_block(self, node: Node, excluded: frozenset[str], place: str) -> Block | None:
        entries = node.entries
        if node.text is not None:
            if node.text != "page_break":
                hint = suggest(node.text, ("page_break",)) or _(" Write `- text: …` for a paragraph.")
                self._proof.report(node, _("`{text}` is not a block.{hint}").format(text=node.text, hint=hint))
                return None
            entries = {"page_break": Node(node.path, node.line, None)}
        if not entries:
            self._proof.report(node, _("a block is missing here. Write it as `- comb: nom`, or delete the dash."))
            return None
        kind = self._kind_of(node, entries)
        if kind is None:
            return None
        if kind in excluded:
            self._proof.report(
                node, _("`{kind}` cannot stand inside {place}. Put it outside.").format(kind=kind, place=place)
            )
            return None
        if kind in ASKED:
            return self._parse_field(kind, node, entries)
        if kind in HOLDING:
            return self._parse_holder(kind, node, entries)
        return self._parse_printed(kind, node, entries)

    def _kind_of(self, node: Node, entries: Mapping[str, Node]) -> str | None:
        kinds = [name for name in entries if name in KINDS]
        if len(kinds) == 1:
            return kinds[0]
        if kinds:
            both = " and ".join(f"`{name}`" for name in kinds)
            self._proof.report(
                node, _("{both} stand in one block. Begin each with a dash of its own.").format(both=both)
            )
            return None
        options = {option for keys in KINDS.values() for option in keys} - set(KINDS)
        strangers = [name for name in entries if name not in options] or list(entries)
        for name in strangers:
            hint = suggest(name, KINDS)
            if hint:
                self._proof.report(entries[name], _("unknown block `{name}`.{hint}").format(name=name, hint=hint))
                return None
        name = strangers[0]
        self._proof.report(
            entries[name], _("unknown block `{name}`.{hint}").format(name=name, hint=suggest_or_list(name, KINDS))
        )
        return None

    def _parse_printed(self, kind: str, node: Node, entries: Mapping[str, Node]) -> Block | None:
        proof = self._proof.within(f"`{kind}`")
        value = entries[kind]
        if kind in LONG_FORMS and "text" in value.entries:
            inner = {(kind if name == "text" else name): entry for name, entry in value.entries.items()}
            entries = inner | {name: entry for name, entry in entries.items() if name != kind}
        values = read_keys(entries, KINDS[kind], proof, node)
        if kind == "page_break":
            if value.content is not None:
                proof.report(value, _("a page break takes no value. Write `- page_break`."))
            return PageBreak(line=node.line)
        if kind not in values:
            return None
        first = values.pop(kind)
        common = {"line": node.line, "same_page": values.pop("same_page", False)}
        if kind == "heading":
            return Heading(text=first, level=values.get("level", 1), **common)
        if kind == "text":
            return Paragraph(text=first, **values, **common)
        if kind == "notice":
            return Notice(text=first, **common)
        if kind == "address":
            return Address(lines=first, **common)
        return Space(height=first, line=node.line)

    def _parse_holder(self, kind: str, node: Node, entries: Mapping[str, Node]) -> Block | None:
        proof = self._proof.within(f"`{kind}`")
        values = read_keys(entries, HOLDING[kind], proof, node)
        common = {"line": node.line, "same_page": values.get("same_page", False)}
        if kind == "office":
            return self._parse_office(values["office"], proof, common)
        inside: Node = values["row"]
        if inside.content is None or not inside.members:
            proof.report(inside, _("`row` needs a list of blocks. Write each as `- {comb: nom, …}`."))
            return None
        blocks = self.parse_blocks(inside, _NOT_IN_A_ROW, "a row")
        widths = values.get("widths", (1.0,) * len(inside.members))
        if len(widths) != len(inside.members):
            proof.report(
                entries["widths"],
                _("`widths` has {count} numbers for {count2} blocks. Give one for each block.").format(
                    count=len(widths), count2=len(inside.members)
                ),
            )
        return Row(blocks=blocks, widths=widths, **common)

    def _parse_office(self, node: Node, proof: Proofreader, common: dict[str, Any]) -> Block | None:
        entries = proof.entries(node, "office")
        if entries is None:
            return None
        values = read_keys(entries, OFFICE, proof, node)
        if "blocks" not in values:
            return None
        blocks = self.parse_blocks(values["blocks"], _NOT_IN_OFFICE, "an office block")
        return Office(title=values.get("title", _OFFICE_TITLE), blocks=blocks, **common)

    def _parse_field(self, kind: str, node: Node, entries: Mapping[str, Node]) -> Block | None:
        name = entries[kind].text
        proof = self._proof.within(f"field `{name}`" if name else f"`{kind}`")
        values = read_keys(entries, {kind: FIELD_ID_KEY, **ASKED[kind]}, proof, node)
        if name and kind in values:
            if name in self._lines:
                first = self._lines[name]
                proof.report(
                    node,
                    _("the identifier is already taken on line {first}. Give this field another one.").format(
                        first=first
                    ),
                )
            self._lines.setdefault(name, node.line)
        sound = all(key in values for key, shape in ASKED[kind].items() if shape.needed) and kind in values
        common = {
            "line": node.line,
            "same_page": values.get("same_page", False),
            "field": values.get(kind, ""),
            "label": values.get("label", Wording({"fr": ""})),
            "help": values.get("help"),
        }
        block = self._build_field(node, kind, values, common, proof)
        return block if sound else None

    def _build_field(
        self, node: Node, kind: str, values: dict[str, Any], common: dict[str, Any], proof: Proofreader
    ) -> Block | None:
        """The field, as far as its values are sound: missing ones were reported by the caller."""
        if kind == "comb":
            comb = read_comb(node, values, proof)
            return CombField(content=comb[0], cells=comb[1], demand=comb[2], **common) if comb else None
        common["demand"] = demand_of(values)
        if kind == "tick":
            return TickField(options=values.get("options", {}), **_chosen(values, "multiple", "columns"), **common)
        if kind == "yesno":
            return TickField(options=_YES_NO, **_chosen(values, "columns"), **common)
        if kind == "grid":
            return GridField(
                rows=values.get("rows", {}), options=values.get("options", {}), **_chosen(values, "multiple"), **common
            )
        if kind == "lines":
            return LinesField(**_chosen(values, "count"), **common)
        if kind == "signature":
            return SignatureField(**_chosen(values, "height", "width"), **common)
        if kind == "typed":
            return TypedField(**_chosen(values, "height"), **common)
        rows = read_rows(values["rows"], proof) if "rows" in values else None
        columns = read_columns(values["columns"], proof) if "columns" in values else None
        if rows is None or columns is None:
            return None
        return TableField(
            columns=columns,
            rows=rows.rows,
            row_count=rows.row_count,
            roster_rows=rows.roster_rows,
            group_by=rows.group_by,
            **_chosen(values, "row_height"),
            **common,
        )


def _chosen(values: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Those of `names` that have a value; the dataclass has the defaults of the rest."""
    return {name: values[name] for name in names if name in values}
