"""Why a person is asked and what the form demands, in the user's language."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from papier.checking.candidates import shown
from papier.forms.definition import Demand
from papier.language import translate as _

# What the reader says of a field, word for word; the catalogue finds them here.
REASONS: Mapping[str, Callable[[], str]] = {
    "not certain enough": lambda: _("not certain enough"),
    "there may be something written": lambda: _("there may be something written"),
    "no plausible reading": lambda: _("no plausible reading"),
    "a cell is crossed out or written over": lambda: _("a cell is crossed out or written over"),
    "a part of the field is not on the scan": lambda: _("a part of the field is not on the scan"),
    "handwriting kept as an image": lambda: _("handwriting kept as an image"),
    "handwriting, read by machine": lambda: _("handwriting, read by machine"),
    "something is struck out": lambda: _("something is struck out"),
    "a line cannot be read": lambda: _("a line cannot be read"),
    "little ink for a signature, much for dirt": lambda: _("little ink for a signature, much for dirt"),
    "more than one box is ticked": lambda: _("more than one box is ticked"),
    "some boxes are not quite clear": lambda: _("some boxes are not quite clear"),
    "no text is found in the ink": lambda: _("no text is found in the ink"),
    "the paper is cut off or covered here": lambda: _("the paper is cut off or covered here"),
    "the value is not one of those allowed": lambda: _("the value is not one of those allowed"),
    "the value is not on the roster": lambda: _("the value is not on the roster"),
    "the printed value does not show in the scan": lambda: _("the printed value does not show in the scan"),
    "something is written over the printed value": lambda: _("something is written over the printed value"),
    "something is written beside the printed value": lambda: _("something is written beside the printed value"),
    "a stroke runs through the printed value": lambda: _("a stroke runs through the printed value"),
    "the value does not have the form that is asked for": lambda: _(
        "the value does not have the form that is asked for"
    ),
    "the check key is wrong": lambda: _("the check key is wrong"),
    "the value is out of the range that is asked for": lambda: _("the value is out of the range that is asked for"),
    "a cell between two digits is blank": lambda: _("a cell between two digits is blank"),
    "the date is unfinished": lambda: _("the date is unfinished"),
    "the year is far away": lambda: _("the year is far away"),
    "the hour is unfinished": lambda: _("the hour is unfinished"),
    "the telephone number is unfinished": lambda: _("the telephone number is unfinished"),
    "no French telephone number begins so": lambda: _("no French telephone number begins so"),
    "the postcode is unfinished": lambda: _("the postcode is unfinished"),
    "no department has this postcode": lambda: _("no department has this postcode"),
    "the class is only a level": lambda: _("the class is only a level"),
    "no known class is named so": lambda: _("no known class is named so"),
    "the number is unfinished": lambda: _("the number is unfinished"),
    "the check key of the number is wrong": lambda: _("the check key of the number is wrong"),
    "sheet number not read": lambda: _("sheet number not read"),
    "the sheet number cannot be read": lambda: _("the sheet number cannot be read"),
    "the sheet number cannot be read, and the page looks like no known form": lambda: _(
        "the sheet number cannot be read, and the page looks like no known form"
    ),
    "no corner marks and no known form: is it one of papier's sheets?": lambda: _(
        "no corner marks and no known form: is it one of papier's sheets?"
    ),
    "a further sheet lies on this page, too little of it is seen: scan it again": lambda: _(
        "a further sheet lies on this page, too little of it is seen: scan it again"
    ),
    "blank page": lambda: _("blank page"),
    "nothing can be read": lambda: _("nothing can be read"),
    "kept on paper only": lambda: _("kept on paper only"),
    "the sheet was voided": lambda: _("the sheet was voided"),
    "the page could not be read": lambda: _("the page could not be read"),
    "nothing is written on this sheet": lambda: _("nothing is written on this sheet"),
    "the sheet came back blank": lambda: _("the sheet came back blank"),
    "this sheet was scanned before: compare the two": lambda: _("this sheet was scanned before: compare the two"),
    "this sheet and page were seen before in this run": lambda: _("this sheet and page were seen before in this run"),
    "The page image is cut off or damaged. Scan the page again, or copy the file again from where it came.": lambda: _(
        "The page image is cut off or damaged. Scan the page again, or copy the file again from where it came."
    ),
    "A part of this PDF page is missing or damaged. Scan the page again, or copy the file again from where it "
    "came.": lambda: _(
        "A part of this PDF page is missing or damaged. Scan the page again, or copy the file again from where it came."
    ),
    "This PDF page holds far more drawing than any sheet. Print it and scan the paper.": lambda: _(
        "This PDF page holds far more drawing than any sheet. Print it and scan the paper."
    ),
    "The page image does not fit in memory. Scan the page again.": lambda: _(
        "The page image does not fit in memory. Scan the page again."
    ),
    "The image states that it has no pixels. Scan the page again.": lambda: _(
        "The image states that it has no pixels. Scan the page again."
    ),
    "The image states more than any sheet needs. Scan the page again at 200 to 300 dpi.": lambda: _(
        "The image states more than any sheet needs. Scan the page again at 200 to 300 dpi."
    ),
}
# What the reader says with a number or a name in it; each part is a group.
PATTERNS: Sequence[tuple[str, Callable[[re.Match[str]], str]]] = (
    (r"the date (.*) does not exist", lambda found: _("the date {day} does not exist").format(day=found[1])),
    (r"the hour (.*) does not exist", lambda found: _("the hour {hour} does not exist").format(hour=found[1])),
    (
        r"sheet (\S+) is not in this workspace's register",
        lambda found: _("sheet {number} is not in this workspace's register").format(number=found[1]),
    ),
    (
        r"sheet (\S+) is known, but the page does not look like (\S+)",
        lambda found: _("sheet {number} is known, but the page does not look like {form}").format(
            number=found[1], form=found[2]
        ),
    ),
    (
        r"the page does not look like (\S+)",
        lambda found: _("the page does not look like {form}").format(form=found[1]),
    ),
    (
        r"the page could not be read \((.*)\); scan it again",
        lambda found: _("the page could not be read ({why}); scan it again").format(why=_crash_words(found[1])),
    ),
    (
        r"The image states (\d+) × (\d+) pixels, more than any sheet needs\. Scan the page again at 200 to 300 dpi\.",
        lambda found: _(
            "The image states {width} × {height} pixels, more than any sheet needs. "
            "Scan the page again at 200 to 300 dpi."
        ).format(width=found[1], height=found[2]),
    ),
    (
        r"The PDF page measures (.*) m\. Give pages of at most A0 \(0\.8 × 1\.2 m\)\.",
        lambda found: _("The PDF page measures {size} m. Give pages of at most A0 (0.8 × 1.2 m).").format(
            size=found[1]
        ),
    ),
)
NOT_KEPT = "; its picture is not kept, since a form here keeps answers on paper only"


def reason_words(reason: str | None, labels: Mapping[str, str] | None = None) -> str:
    """What the reader said of a field or page, or the flag of a record, in the user's language; itself where unknown.

    `labels`: of the field's boxes.
    """
    if not reason:
        return ""
    if reason.endswith(NOT_KEPT):
        return reason_words(reason.removesuffix(NOT_KEPT)) + _(
            "; its picture is not kept, since a form here keeps answers on paper only"
        )
    known = REASONS.get(reason)
    if known is not None:
        return known()
    found = re.fullmatch(r"unclear whether ticked: (.*)", reason)
    if found:
        boxes = ", ".join((labels or {}).get(name, name) for name in found[1].split(", "))
        return _("unclear whether ticked: {boxes}").format(boxes=boxes)
    for pattern, words in PATTERNS:
        found = re.fullmatch(pattern, reason, re.DOTALL)
        if found:
            return words(found)
    return reason


def _crash_words(why: str) -> str:
    return _("it broke the program that reads it") if why == "it broke the program that reads it" else why


def demand_words(
    zone: str | None, content: str | None, cells: int, multiple: bool, demand: Demand, options: Mapping[str, str]
) -> str:
    """What the form asks of a field, in one sentence without its full stop."""
    parts = []
    if zone == "tick":
        parts.append(_("several boxes may be ticked") if multiple or len(options) == 1 else _("one box at most"))
    elif zone == "signature":
        parts.append(_("signed or not"))
    elif zone == "comb":
        parts.append(_content_words(content or "mixed").format(count=cells))
    else:
        parts.append(_("free text"))
    if demand.choices:
        parts.append(_("one of: {values}").format(values=", ".join(shown(value) for value in demand.choices)))
    if demand.minimum and demand.maximum:
        parts.append(_("from {first} to {last}").format(first=shown(demand.minimum), last=shown(demand.maximum)))
    elif demand.minimum:
        parts.append(_("{first} or more").format(first=shown(demand.minimum)))
    elif demand.maximum:
        parts.append(_("{last} at most").format(last=shown(demand.maximum)))
    if demand.required:
        parts.append(_("must be filled in"))
    if demand.two_readers:
        parts.append(_("two people must read the same"))
    return ", ".join(parts)


def _content_words(content: str) -> str:
    return {
        "letters": _("letters, {count} cells"),
        "digits": _("digits, {count} cells"),
        "mixed": _("letters and digits, {count} cells"),
        "date": _("a date, DD/MM/YYYY"),
        "hour": _("an hour, HH:MM"),
        "telephone": _("a telephone number of ten digits"),
        "postcode": _("a postcode of five digits"),
        "class": _("a class, {count} cells"),
        "nir": _("a social security number with its key"),
        "number": _("a number, {count} cells"),
    }[content]
