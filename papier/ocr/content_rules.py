"""What may stand in a comb, by content: from the text of the cells to a value, and how likely people write such a
thing.

The text of the cells has a space for every blank cell but the last ones. A rule never refuses: people do write the 31st
of February, and the record must then ask, not guess. It lowers the prior instead, and says what is wrong.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from functools import partial

from papier.forms.definition import Demand
from papier.ocr.check_keys import KEYS, nir_is_whole
from papier.ocr.postcodes import load_postcodes

# Priors, as ratios to an ordinary value; assumed, not counted. A prior is one of a *text*: one person in two hundred
# writes a telephone number that cannot be one, but there are ten times as many such texts as numbers, and a slip may be
# any of them. So each ratio is 1/200 times the share of texts that are values over the share that are none.
NO_SUCH_TELEPHONE = 0.005 * 0.09 / 0.91
# Numbers that begin with 08 are firms' with a charge of their own (ARCEP, plan de numérotation): few people have one.
CHARGED_TELEPHONE = 0.2
NO_SUCH_HOUR = 0.005 * 0.144 / 0.856
NO_SUCH_POSTCODE = 0.005 * 0.96 / 0.04
WRONG_KEY = {"nir": 0.005 / 96, "mod97": 0.005 / 96, "luhn": 0.005 / 9, "mod11": 0.005 / 10}
# Behind a right key: nobody is born in month 13 (INSEE gives 20 to 99 to those whose month is unknown: one person in
# two hundred, assumed), and 3, 4, 7 and 8 begin temporary numbers (one in fifty, assumed). As shares of texts.
UNKNOWN_MONTH, TEMPORARY_NIR = 0.005 * 0.12 / 0.88, 0.02 * 2 / 4
# Hundred million texts of eight digits, 75,000 dates from 1900 to 2100; a few hundred of the kind of 31 February, which
# people do write, and half a million with a day and a month that exist but a year far away.
NO_SUCH_DATE, NO_SUCH_DAY, FAR_YEAR = 0.005 * 75e3 / 1e8, 0.02, 0.005 * 75e3 / 3e6
# Half of all dates are taken to lie in the year of printing, the one before or the next two; half in the hundred
# before.
BEFORE_PRINTING, AFTER_PRINTING, FAR_DATE = -1, 2, 0.04
# Forms are about opening hours, arrivals and appointments: an hour of the night is a fifth as likely (assumed).
# At a thirtieth 01:47 was read 07:47, of hands that draw one like the other.
DAY_BEGINS, DAY_ENDS, BY_NIGHT = 6, 22, 0.2
# Six hours in ten are written to five minutes (assumed: appointments are, arrivals are not); each other one: a sixth.
ODD_MINUTE = 1 / 6
# One in fifty goes beyond the range that the form asks for; an unfinished number is as rare.
OUT_OF_RANGE = 0.02
UNFINISHED = 0.02
# "8" for "08" with a blank cell first: some people do.
BLANK_FOR_ZERO = 0.2
# A hyphen or an apostrophe at either end of a word, or two together.
ODD_PUNCTUATION = 0.02
# Schools letter their classes A to H or number them; the ten other letters name one class in fifty, and what is named
# unlike all that is known is one in twenty, of ten times as many texts (assumed; those drawn at random:
# benchmarks/combs.md, "Drawn at random").
UNCOMMON_CLASS, UNUSUAL_CLASS = 0.05, 0.005
# A postcode that no commune has, as CEDEX have: one written postcode in five (assumed, and too many: a listed one must
# not pull it over), of fifteen times as many texts.
UNLISTED_POSTCODE = 1 / 64

DATE_CELLS, HOUR_CELLS, TELEPHONE_CELLS, POSTCODE_CELLS, NIR_CELLS = 8, 4, 10, 5, 15
# CP to CM2, nursery sections, 6e to terminale with a letter or number, and the special classes of a collège or lycée.
_CLASS = re.compile(
    r"(CP|CE[12]|CM[12]|[PMGT]PS|[PMG]S|ULIS|UPE2A|SEGPA)( ?[A-Z0-9]{0,3})"
    r"|[3-6](E|EME)?( ?[A-Z0-9]{0,3})|2(E|ND|NDE|DE)?( ?[A-Z0-9]{0,4})|1(E|RE|ERE)?( ?[A-Z0-9]{0,4})"
    r"|T(LE|ERM|ERMINALE)?( ?[A-Z0-9]{0,4})|BTS ?[12]?( ?[A-Z0-9]{0,3})"
)
_DIVISION = r"( ?([A-H]|[1-9]\d?))?"
_USUAL_CLASS = re.compile(
    rf"(CP|CE[12]|CM[12]|[PMGT]PS|[PMG]S|ULIS|UPE2A|SEGPA)( ?[A-H1-9])?|[3-6](E|EME)?{_DIVISION}"
    rf"|2(E|ND|NDE|DE)?{_DIVISION}|(1(E|RE|ERE)?|T(LE|ERM|ERMINALE)?)( ?(G|ST[A-Z0-9]{{1,3}}))?{_DIVISION}"
    r"|BTS ?[12]?( ?[A-Z0-9]{0,3})"
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """`value` as papier stores it, None where it cannot be stored; `prior` relative to an ordinary value, at most 1;
    `problem`: what a person must look at, one sentence.
    """

    value: str | None
    prior: float = 1.0
    problem: str | None = None


Rule = Callable[[str], Judgement]


def rule_for(content: str, demand: Demand, printed_on: dt.date | None = None) -> Rule:
    """The rule of one comb: that of its content, then the demand's pattern, range and check key.

    Most dates lie about the day on which the sheet was printed, unless the form asks for older ones.
    """
    basic = _RULES.get(content, _judge_mixed)
    if content == "date" and printed_on is not None and not _asks_for_older(demand, printed_on):
        basic = partial(_judge_date_near, printed_on=printed_on)

    def judge(text: str) -> Judgement:
        judgement = basic(text)
        if judgement.value is None or judgement.value == "":
            return judgement
        return _demanded(judgement, judgement.value, content, demand)

    return judge


def cells_text(value: str, content: str) -> str:
    """How `value` is written in the cells of a comb, one character a cell: the inverse of the rules."""
    if content == "date":
        found = re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})", value.strip())
        if found:
            return found[3] + found[2] + found[1]
        return "".join(re.findall(r"\d", value))
    if content in {"hour", "telephone", "postcode", "digits"}:
        return "".join(re.findall(r"\d", value))
    if content == "nir":
        return re.sub(r"[^0-9A-Z]", "", value.upper())
    return " ".join(value.upper().replace("’", "'").split())


def shown_text(text: str, content: str) -> str:
    """The text of the cells as a person is shown it, where it makes no value."""
    if content == "date" and len(text) == DATE_CELLS:
        return f"{text[:2]}/{text[2:4]}/{text[4:]}"
    if content == "hour" and len(text) == HOUR_CELLS:
        return f"{text[:2]}:{text[2:]}"
    return text.strip()


def _demanded(judgement: Judgement, value: str, content: str, demand: Demand) -> Judgement:
    prior, problem = judgement.prior, judgement.problem
    if demand.pattern is not None and not re.fullmatch(demand.pattern, value):
        prior, problem = prior * OUT_OF_RANGE, problem or "the value does not have the form that is asked for"
    if demand.check_key is not None and not KEYS[demand.check_key](value) and not (content == "nir" and problem):
        prior, problem = prior * WRONG_KEY[demand.check_key], problem or "the check key is wrong"
    if _below(value, demand.minimum, content) or _below(demand.maximum, value, content):
        prior, problem = prior * OUT_OF_RANGE, problem or "the value is out of the range that is asked for"
    return Judgement(value, prior, problem)


def _below(one: str | None, other: str | None, content: str) -> bool:
    """True when both are there and the first comes before the second; ISO dates and hours compare as text."""
    if one is None or other is None:
        return False
    if content in {"date", "hour"}:
        return one < other
    try:
        return Decimal(one.replace(",", ".")) < Decimal(other.replace(",", "."))
    except InvalidOperation:
        return False


def _judge_letters(text: str) -> Judgement:
    value = " ".join(text.split())
    odd = re.search(r"(^|[ '-])[-']|[-']( |$)", value)
    return Judgement(value, ODD_PUNCTUATION if odd else 1.0)


def _judge_mixed(text: str) -> Judgement:
    return Judgement(" ".join(text.split()))


def _judge_digits(text: str) -> Judgement:
    value = text.strip()
    if " " in value:
        return Judgement(value.replace(" ", ""), UNFINISHED, "a cell between two digits is blank")
    return Judgement(value)


def _judge_class(text: str) -> Judgement:
    value = " ".join(text.split())
    if len(value) == 1:
        # The scan may have lost a letter whole: of 3A a 3 was left and accepted.
        return Judgement(value, UNFINISHED, "the class is only a level")
    if _USUAL_CLASS.fullmatch(value):
        return Judgement(value)
    if _CLASS.fullmatch(value) and " " not in value:
        return Judgement(value, UNCOMMON_CLASS)
    return Judgement(value, UNUSUAL_CLASS, "no known class is named so" if value else None)


def _judge_date(text: str) -> Judgement:
    digits, prior = _zero_filled(text, DATE_CELLS)
    if digits is None:
        return Judgement(None, UNFINISHED, "the date is unfinished")
    try:
        date = dt.date(int(digits[4:]), int(digits[2:4]), int(digits[:2]))
    except ValueError:
        days = 1 <= int(digits[:2]) <= 31 and 1 <= int(digits[2:4]) <= 12
        prior *= NO_SUCH_DAY if days else NO_SUCH_DATE
        return Judgement(None, prior, f"the date {shown_text(digits, 'date')} does not exist")
    # Without a range of its own, a form speaks of living people and their plans.
    far = not 1900 <= date.year <= 2100
    return Judgement(date.isoformat(), prior * (FAR_YEAR if far else 1.0), "the year is far away" if far else None)


def _judge_date_near(text: str, printed_on: dt.date) -> Judgement:
    judgement = _judge_date(text)
    if judgement.value is None or judgement.problem is not None:
        return judgement
    years = int(judgement.value[:4]) - printed_on.year
    return (
        judgement
        if BEFORE_PRINTING <= years <= AFTER_PRINTING
        else replace(judgement, prior=judgement.prior * FAR_DATE)
    )


def _asks_for_older(demand: Demand, printed_on: dt.date) -> bool:
    """True where the form's own range reaches far back: dates of birth."""
    oldest = re.match(r"\d{4}", demand.minimum or "")
    return oldest is not None and int(oldest[0]) < printed_on.year + BEFORE_PRINTING


def _judge_hour(text: str) -> Judgement:
    digits, prior = _zero_filled(text, HOUR_CELLS)
    if digits is None:
        return Judgement(None, UNFINISHED, "the hour is unfinished")
    if int(digits[:2]) > 23 or int(digits[2:]) > 59:
        return Judgement(None, NO_SUCH_HOUR, f"the hour {shown_text(digits, 'hour')} does not exist")
    prior *= 1.0 if DAY_BEGINS <= int(digits[:2]) <= DAY_ENDS else BY_NIGHT
    prior *= 1.0 if digits[3] in "05" else ODD_MINUTE
    return Judgement(f"{digits[:2]}:{digits[2:]}", prior)


def _judge_telephone(text: str) -> Judgement:
    value = text.replace(" ", "")
    if len(value) < TELEPHONE_CELLS:
        return Judgement(value, UNFINISHED, "the telephone number is unfinished")
    if not re.fullmatch(r"0[1-9]\d{8}", value):
        return Judgement(value, NO_SUCH_TELEPHONE, "no French telephone number begins so")
    return Judgement(value, CHARGED_TELEPHONE if value.startswith("08") else 1.0)


def _judge_postcode(text: str) -> Judgement:
    value = text.replace(" ", "")
    if len(value) < POSTCODE_CELLS:
        return Judgement(value, UNFINISHED, "the postcode is unfinished")
    # Departments 01 to 95, 97 and 98 overseas; Corsica writes 20 (Base officielle des codes postaux, La Poste).
    if not re.fullmatch(r"(0[1-9]|[1-8]\d|9[0-5]|9[78])\d{3}", value):
        return Judgement(value, NO_SUCH_POSTCODE, "no department has this postcode")
    return Judgement(value, 1.0 if value in load_postcodes() else UNLISTED_POSTCODE)


def _judge_nir(text: str) -> Judgement:
    value = text.replace(" ", "")
    if len(value) < NIR_CELLS:
        return Judgement(value, UNFINISHED, "the number is unfinished")
    if not nir_is_whole(value):
        return Judgement(value, WRONG_KEY["nir"], "the check key of the number is wrong")
    month = 1 <= int(value[3:5]) <= 12
    return Judgement(value, (1.0 if month else UNKNOWN_MONTH) * (1.0 if value[0] in "12" else TEMPORARY_NIR))


def _zero_filled(text: str, cells: int) -> tuple[str | None, float]:
    """`text` with the first blank of each pair as a zero, and its prior; None when other cells are blank."""
    padded = text.ljust(cells)
    filled = ""
    prior = 1.0
    for position, character in enumerate(padded):
        blank_day = character == " " and position in (0, 2) and padded[position + 1] != " "
        if blank_day:
            prior *= BLANK_FOR_ZERO
        filled += "0" if blank_day else character
    return (filled, prior) if filled.isascii() and filled.isdigit() and len(filled) == cells else (None, prior)


_RULES: dict[str, Rule] = {
    "letters": _judge_letters,
    "mixed": _judge_mixed,
    "digits": _judge_digits,
    "number": _judge_digits,
    "class": _judge_class,
    "date": _judge_date,
    "hour": _judge_hour,
    "telephone": _judge_telephone,
    "postcode": _judge_postcode,
    "nir": _judge_nir,
}
