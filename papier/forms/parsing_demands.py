"""What a form asks of a comb's value, checked for sense: cells, range, choices, pattern, check key, roster."""

from __future__ import annotations

import dataclasses
import importlib
import re
from collections.abc import Callable, Mapping
from typing import Any

from papier.forms.definition import CombContent, Demand
from papier.forms.shapes import is_hour, is_iso_date
from papier.language import translate as _
from papier.yaml_source import Node, Proofreader

_NUMBER = re.compile(r"-?[0-9]{1,15}([.,][0-9]{1,9})?")
# What a choice may look like, by content, and how that is said. Dates and hours are checked on the calendar and clock.
_CHOICES: dict[CombContent, tuple[str, Callable[[], str]]] = {
    CombContent.LETTERS: (r"[^\W\d_]+(?:[ '’.-]+[^\W\d_]+)*\.?", lambda: _("letters, spaces, hyphens and apostrophes")),
    CombContent.DIGITS: (r"[0-9]+", lambda: _("digits")),
    CombContent.MIXED: (r"\S+(?: \S+)*", lambda: _("characters without double spaces")),
    CombContent.TELEPHONE: (r"0[1-9][0-9]{8}", lambda: _("ten digits, 0 first, without spaces")),
    CombContent.POSTCODE: (r"[0-9]{5}", lambda: _("five digits")),
    CombContent.CLASS: (r"[^\W_]+(?:[ -][^\W_]+)*", lambda: _("letters and digits")),
    CombContent.NIR: (r"[0-9]{5}[0-9AB][0-9]{9}", lambda: _("the fifteen characters of a NIR, its key included")),
    CombContent.NUMBER: (_NUMBER.pattern, lambda: _("a number")),
}
# The contents whose characters can carry each key.
_KEYED: dict[str, frozenset[CombContent]] = {
    "nir": frozenset({CombContent.NIR}),
    "luhn": frozenset({CombContent.DIGITS, CombContent.NUMBER}),
    "mod97": frozenset({CombContent.DIGITS, CombContent.MIXED, CombContent.NUMBER}),
    "mod11": frozenset({CombContent.DIGITS, CombContent.MIXED, CombContent.NUMBER}),
}
# The keys that `Demand` spells out.
_RENAMED = {"min": "minimum", "max": "maximum"}
_RANGED = frozenset({CombContent.DATE, CombContent.HOUR, CombContent.NUMBER, CombContent.DIGITS})


def demand_of(values: Mapping[str, Any]) -> Demand:
    """The demand that a block's sound values make; what is not said keeps its default."""
    names = {field.name for field in dataclasses.fields(Demand)}
    said = {_RENAMED.get(key, key): value for key, value in values.items()}
    return Demand(**{name: value for name, value in said.items() if name in names})


def read_comb(node: Node, values: dict[str, Any], proof: Proofreader) -> tuple[CombContent, int, Demand] | None:
    """Content, cells and demand of a comb from its sound `values`; reports what contradicts itself.

    A NIR always carries its own key. Without `cells`, the longest of the `choices` says how many.
    """
    entries = node.entries
    if "prefill" in entries and "roster" not in entries:
        proof.report(entries["prefill"], _("`prefill` says nothing without `roster`. Add `roster: …` or delete it."))
    if "content" not in values:
        return None
    content = CombContent(values["content"])
    cells = _read_cells(node, content, values, entries, proof)
    _check_range(content, cells, values, entries, proof)
    _check_choices(content, cells, values, entries, proof)
    _check_pattern(content, cells, values, entries, proof)
    _check_check_key(content, values, entries, proof)
    if content is CombContent.NIR:
        values.setdefault("check_key", "nir")
    return None if cells is None else (content, cells, demand_of(values))


def _read_cells(
    node: Node, content: CombContent, values: Mapping[str, Any], entries: Mapping[str, Node], proof: Proofreader
) -> int | None:
    fixed = content.fixed_length
    if fixed is not None:
        if values.get("cells", fixed) != fixed:
            proof.report(
                entries["cells"],
                _("`{content}` always has {fixed} cells. Delete `cells`.").format(content=content, fixed=fixed),
            )
        return fixed
    if "cells" in values:
        return int(values["cells"])
    if "cells" not in entries:
        if "choices" in values:
            return max(len(choice) for choice in values["choices"])
        proof.report(
            node,
            _("`cells` is missing. Add the number of cells, as in `cells: {example}`.").format(
                example=_example(content)
            ),
        )
    return None


def _example(content: CombContent) -> int:
    return {CombContent.LETTERS: 24, CombContent.MIXED: 24, CombContent.CLASS: 4}.get(content, 6)


def _check_range(
    content: CombContent,
    cells: int | None,
    values: dict[str, Any],
    entries: Mapping[str, Node],
    proof: Proofreader,
) -> None:
    sound = True
    for name in ("min", "max"):
        bound = values.get(name)
        if bound is None:
            continue
        node, message = entries[name], None
        if content not in _RANGED:
            message = _("`{name}` has no meaning for `{content}`. Delete it, or use `pattern` or `choices`.").format(
                name=name, content=content
            )
        elif content is CombContent.DATE and not is_iso_date(bound):
            message = _("`{name}` is `{bound}`. Write a date that exists as YYYY-MM-DD, as in `2026-09-01`.").format(
                name=name, bound=bound
            )
        elif content is CombContent.HOUR and not is_hour(bound):
            message = _("`{name}` is `{bound}`. Write an hour as HH:MM, as in `07:30`.").format(name=name, bound=bound)
        elif content in {CombContent.NUMBER, CombContent.DIGITS} and not _NUMBER.fullmatch(bound):
            message = _("`{name}` is `{bound}`. Write a number.").format(name=name, bound=bound)
        elif content in {CombContent.NUMBER, CombContent.DIGITS} and cells is not None and len(bound) > cells:
            message = _("`{name}` is `{bound}`, longer than {cells} cells. Give the comb more cells.").format(
                name=name, bound=bound, cells=cells
            )
        if message:
            proof.report(node, message)
            sound = False
    if not sound or "min" not in values or "max" not in values:
        return
    if _rank(content, values["min"]) > _rank(content, values["max"]):
        proof.report(
            entries["max"],
            _("`max` ({max}) comes before `min` ({min}). Exchange them.").format(max=values["max"], min=values["min"]),
        )


def _rank(content: CombContent, value: str) -> tuple[float, str]:
    """An order in which values of one content compare."""
    if content in {CombContent.NUMBER, CombContent.DIGITS}:
        return float(value.replace(",", ".")), ""
    return 0.0, value


def _check_choices(
    content: CombContent,
    cells: int | None,
    values: Mapping[str, Any],
    entries: Mapping[str, Node],
    proof: Proofreader,
) -> None:
    seen: set[str] = set()
    if "choices" not in values:
        return
    for choice, node in zip(values["choices"], entries["choices"].members, strict=True):
        if choice in seen:
            proof.report(node, _("the choice `{choice}` stands twice. Delete one.").format(choice=choice))
        seen.add(choice)
        if content is CombContent.DATE:
            held, said = is_iso_date(choice), _("a date that exists, as YYYY-MM-DD")
        elif content is CombContent.HOUR:
            held, said = is_hour(choice), _("an hour as HH:MM")
        else:
            pattern, words = _CHOICES[content]
            said = words()
            held = re.fullmatch(pattern, choice) is not None
        if not held:
            proof.report(
                node,
                _("the choice `{choice}` does not fit `{content}` ({said}). Change it or the content.").format(
                    choice=choice, content=content, said=said
                ),
            )
        elif content.fixed_length is None and cells is not None and len(choice) > cells:
            proof.report(
                node,
                _("the choice `{choice}` needs {count} cells, there are {cells}. Give the comb more cells.").format(
                    choice=choice, count=len(choice), cells=cells
                ),
            )
        elif "pattern" in values and not re.fullmatch(values["pattern"], choice):
            proof.report(
                node, _("the choice `{choice}` does not match `pattern`. Change one of them.").format(choice=choice)
            )
        elif content in _RANGED and not _in_range(content, choice, values):
            proof.report(
                node, _("the choice `{choice}` lies outside `min` and `max`. Change one of them.").format(choice=choice)
            )


def _in_range(content: CombContent, choice: str, values: Mapping[str, Any]) -> bool:
    try:
        return ("min" not in values or _rank(content, values["min"]) <= _rank(content, choice)) and (
            "max" not in values or _rank(content, choice) <= _rank(content, values["max"])
        )
    except ValueError:  # a bound that was reported as no number
        return True


def _check_pattern(
    content: CombContent,
    cells: int | None,
    values: Mapping[str, Any],
    entries: Mapping[str, Node],
    proof: Proofreader,
) -> None:
    if "pattern" not in values or cells is None:
        return
    # A pattern is matched with the value as the records keep it: ISO dates, HH:MM.
    longest = {CombContent.DATE: len("YYYY-MM-DD"), CombContent.HOUR: len("HH:MM")}.get(content, cells)
    shortest = longest if content.fixed_length is not None else 1
    fewest, most = _pattern_width(values["pattern"])
    if fewest > longest or most < shortest:
        length = f"{longest}" if shortest == longest else f"at most {longest}"
        proof.report(
            entries["pattern"],
            _("`pattern` fits no value of {length} characters. Change the pattern, or the number of cells.").format(
                length=length
            ),
        )


def _pattern_width(pattern: str) -> tuple[int, int]:
    """The fewest and the most characters that a sound regular expression takes.

    The standard library knows but does not publish it; without its parser nothing is excluded.
    """
    try:
        fewest, most = importlib.import_module("re._parser").parse(pattern).getwidth()
    except (ImportError, AttributeError):
        return 0, 1_000_000
    return int(fewest), int(most)


def _check_check_key(
    content: CombContent, values: Mapping[str, Any], entries: Mapping[str, Node], proof: Proofreader
) -> None:
    key = values.get("check_key")
    if key is None:
        return
    contents = _KEYED[key]
    if content not in contents:
        fit = ", ".join(f"`{name}`" for name in sorted(contents))
        proof.report(
            entries["check_key"],
            _("`{content}` cannot carry the key `{key}`. Use the content {fit}.").format(
                content=content, key=key, fit=fit
            ),
        )
