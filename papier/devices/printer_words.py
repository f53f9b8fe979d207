"""What is the matter with a printer, in words of the office, and what to do about it.

The keywords are those of `printer-state-reasons` (RFC 8011, 5.4.12, and PWG 5100.9); CUPS adds its own, `cups-…`.
"""

from __future__ import annotations

from collections.abc import Iterable

from papier.language import translate as _

_SEVERITIES = ("-error", "-warning", "-report")
# CUPS tells by these how it works, not that something is the matter.
_QUIET_PREFIX = "cups-"
_QUIET = frozenset({"none", "other", "moving-to-paused", "identify-printer-requested"})
# Low is not empty: the job goes on.
HARMLESS = frozenset({"media-low", "toner-low", "marker-supply-low", "marker-waste-almost-full"}) | {
    "output-area-almost-full",
    "developer-low",
    "opc-near-eol",
    "fuser-over-temp",
}


def keyword(reason: str) -> str:
    """A reason without how grave it is: `media-empty-error` → `media-empty`."""
    for severity in _SEVERITIES:
        if reason.endswith(severity):
            return reason.removesuffix(severity)
    return reason


def troubles(reasons: Iterable[str]) -> tuple[str, ...]:
    """The keywords that somebody must do something about, in order, each once."""
    found = (keyword(reason) for reason in reasons)
    return tuple(
        dict.fromkeys(
            word for word in found if word not in _QUIET and word not in HARMLESS and not word.startswith(_QUIET_PREFIX)
        )
    )


def warnings(reasons: Iterable[str]) -> tuple[str, ...]:
    """The keywords that only say what will soon be missing."""
    return tuple(dict.fromkeys(word for word in map(keyword, reasons) if word in HARMLESS))


def in_words(word: str) -> str:
    """One sentence for a keyword: what is the matter, and what to do. An unknown keyword is given as it stands."""
    known = {
        "media-empty": _("The printer is out of paper. Put paper in; it goes on by itself."),
        "media-needed": _("The printer asks for other paper than is in the tray. Put it in; it goes on by itself."),
        "media-jam": _("Paper is jammed in the printer. Take it out, shut the flap; then compare the numbers printed."),
        "media-low": _("There is little paper left in the printer."),
        "input-tray-missing": _("A tray of the printer is out. Push it in."),
        "input-media-supply-empty": _("A tray of the printer is empty. Put paper in; it goes on by itself."),
        "door-open": _("A flap of the printer is open. Shut it."),
        "cover-open": _("The printer's cover is open. Shut it."),
        "interlock-open": _("A flap of the printer is open. Shut it."),
        "toner-empty": _("The printer's toner is used up. Change the cartridge."),
        "toner-low": _("The printer's toner is running low: a pale print reads badly."),
        "marker-supply-empty": _("The printer's ink or toner is used up. Change the cartridge."),
        "marker-supply-low": _("The printer's ink or toner is running low: a pale print reads badly."),
        "developer-empty": _("The printer's developer is used up. Call whoever looks after it."),
        "marker-waste-full": _("The printer's waste box is full. Change it."),
        "output-area-full": _("The printer's output tray is full. Empty it."),
        "output-area-almost-full": _("The printer's output tray is nearly full."),
        "output-tray-missing": _("The printer's output tray is missing. Put it in."),
        "paused": _("The queue is stopped. Let it go on: papier printers says how."),
        "shutdown": _("The printer is off. Switch it on."),
        "offline": _("The printer does not answer. Is it on, and its cable in?"),
        "connecting-to-device": _("The printer does not answer yet. Is it on, and its cable in?"),
        "timed-out": _("The printer does not answer. Is it on, and its cable in?"),
        "stopped-partly": _("A part of the printer has stopped. Look at its display."),
        "spool-area-full": _("The printer's memory is full. Wait, or print fewer sheets at once."),
        "hold-new-jobs": _("The queue holds new jobs. Let them go: papier printers says how."),
    }
    return known.get(word) or _("The printer reports “{word}”. Look at its display.").format(word=word)


def message_in_words(message: str) -> str:
    """What CUPS says of a job that does not get on, in the user's language where it is one of the usual things."""
    known = {
        "The printer may not exist or is unavailable at this time.": _("it does not answer. Is it on, its cable in?"),
        "The printer is not responding.": _("it does not answer. Is it on, its cable in?"),
        "The printer is in use.": _("it is printing something else."),
        "Printing.": _("it is printing."),
        "Sending data to printer.": _("it is taking the pages."),
    }
    return known.get(message, f"“{message}”")
