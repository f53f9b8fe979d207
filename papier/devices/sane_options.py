"""What a scanner offers, and what of it suits reading: source, mode, resolution, area.

`scanimage --all-options` is the only interface that all SANE backends share; their words for one thing differ, and are
told apart here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

# What the reader was measured on; more makes files larger and readings no better.
READING_DPI = 300
# A4 and a little more: a sheet that lies askew, a feeder that stretches. In millimetres.
AREA_MM = (216.0, 300.0)
# `    --resolution 75|150|300dpi [75]`, `    -x 0..215.9mm (in steps of 0.1) [215.9] [advanced]`
_OPTION = re.compile(r"^ {4}(-{1,2}[A-Za-z][\w-]*)(.*)$")
# What stands in brackets is the value; a choice may have brackets of its own, but no space before them.
_VALUE = re.compile(r" \[.*$")
# Grey that is black and white in disguise, or more than the reader looks at.
NOT_GREY = ("diffusion", "dither", "halftone", "16")
_UNIT = re.compile(r"(?<=\d)(dpi|mm|pel|bit|us|%)$")


class Side(StrEnum):
    """Where the sheets lie, and which sides of them are scanned."""

    GLASS = "glass"
    FEEDER = "feeder"
    DUPLEX = "duplex"


@dataclass(frozen=True, slots=True)
class ScannerOption:
    """One option of a scanner. `choices` where it lists them, `bounds` where it gives a range, in `unit`."""

    name: str
    choices: tuple[str, ...] = ()
    bounds: tuple[float, float] | None = None
    unit: str = ""
    active: bool = True


def parse_options(text: str) -> dict[str, ScannerOption]:
    """The options of `scanimage --all-options`, by name without dashes."""
    found = {}
    for line in text.splitlines():
        match = _OPTION.match(line)
        if match:
            option = _parse_option(match.group(1).lstrip("-"), match.group(2))
            found[option.name] = option
    return found


def _parse_option(name: str, rest: str) -> ScannerOption:
    tail = _VALUE.search(rest)
    state = tail.group(0) if tail else ""
    active = "[inactive]" not in state and "[read-only]" not in state
    words = rest[: tail.start()] if tail else rest
    if words.startswith("[=("):
        return ScannerOption(name, ("yes", "no"), active=active)
    words = re.sub(r" \(in steps of [^)]*\)$", "", words.strip())
    unit = _UNIT.search(words)
    words = words[: unit.start()] if unit else words
    measure = unit.group(1) if unit else ""
    span = re.fullmatch(r"(-?[\d.]+)\.\.(-?[\d.]+)", words)
    if span:
        return ScannerOption(name, (), (float(span.group(1)), float(span.group(2))), measure, active)
    choices = tuple(choice for choice in words.split("|") if choice) if "|" in words or not _is_kind(words) else ()
    return ScannerOption(name, choices, None, measure, active)


def _is_kind(words: str) -> bool:
    return words.startswith("<") or not words


def find_sources(options: Mapping[str, ScannerOption]) -> dict[Side, Sequence[str]]:
    """The arguments that choose each way of scanning which the scanner says it has."""
    source = options.get("source")
    names = source.choices if source is not None and source.active else ()
    found: dict[Side, Sequence[str]] = {}
    for name in names:
        word = name.lower()
        if "duplex" in word or "both sides" in word:
            found.setdefault(Side.DUPLEX, [f"--source={name}"])
        elif any(part in word for part in ("adf", "feeder")):
            # The backs alone are what nobody wants.
            if not any(part in word for part in ("back", "rear")):
                found.setdefault(Side.FEEDER, [f"--source={name}"])
        elif any(part in word for part in ("flatbed", "glass", "platen", "normal")):
            found.setdefault(Side.GLASS, [f"--source={name}"])
    if Side.DUPLEX not in found and Side.FEEDER in found:
        if "Duplex" in options.get("adf-mode", ScannerOption("")).choices:
            found[Side.DUPLEX] = [*found[Side.FEEDER], "--adf-mode=Duplex"]
        elif "yes" in options.get("duplex", ScannerOption("")).choices:
            found[Side.DUPLEX] = [*found[Side.FEEDER], "--duplex=yes"]
    return found


def reading_arguments(options: Mapping[str, ScannerOption], dpi: int = READING_DPI) -> list[str]:
    """What makes the scanner deliver pages as the reader likes them, of what it offers with its source chosen."""
    arguments = []
    mode = _best_mode(options.get("mode"))
    if mode:
        arguments.append(f"--mode={mode}")
    depth = options.get("depth")
    if depth is not None and depth.active and "8" in depth.choices:
        arguments.append("--depth=8")
    resolution = _best_resolution(options.get("resolution"), dpi)
    if resolution is not None:
        arguments.append(f"--resolution={resolution:g}")
    arguments += _area(options)
    double_feed = options.get("df-action")
    if double_feed is not None and double_feed.active and "Stop" in double_feed.choices:
        arguments.append("--df-action=Stop")
    return arguments


def _best_mode(option: ScannerOption | None) -> str | None:
    """Grey before colour, colour before black and white: a threshold loses what a faint pen wrote."""
    if option is None or not option.active:
        return None
    for words in (("gray", "grey"), ("color", "colour")):
        for choice in option.choices:
            said = choice.lower()
            if any(word in said for word in words) and not any(word in said for word in NOT_GREY):
                return choice
    return None


def _best_resolution(option: ScannerOption | None, dpi: int) -> float | None:
    """The resolution wanted, else the next finer, else the finest."""
    if option is None or not option.active:
        return None
    if option.bounds is not None:
        low, high = option.bounds
        return min(max(float(dpi), low), high)
    offered = sorted(float(choice) for choice in option.choices if re.fullmatch(r"[\d.]+", choice))
    return next((one for one in offered if one >= dpi), offered[-1] if offered else None)


def _area(options: Mapping[str, ScannerOption]) -> list[str]:
    arguments = []
    # The paper first: what a feeder lets one scan is measured on it.
    for name, wanted in (("page-width", AREA_MM[0]), ("page-height", AREA_MM[1]), ("l", 0.0), ("t", 0.0)):
        option = options.get(name)
        if option is not None and option.active and option.bounds is not None and option.unit == "mm":
            dashes = "--" if len(name) > 1 else "-"
            value = f"{min(max(wanted, option.bounds[0]), option.bounds[1]):g}"
            arguments += [f"{dashes}{name}={value}"] if len(name) > 1 else [f"{dashes}{name}", value]
    for name, wanted in (("x", AREA_MM[0]), ("y", AREA_MM[1])):
        option = options.get(name)
        if option is not None and option.active and option.bounds is not None:
            most = option.bounds[1]
            arguments += [f"-{name}", f"{min(wanted, most) if option.unit == 'mm' else most:g}"]
    return arguments
