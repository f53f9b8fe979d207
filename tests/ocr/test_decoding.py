"""Combs decoded under their field's constraints, from made-up readings of cells."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from papier.forms.definition import Demand
from papier.geometry import RectMm
from papier.ocr.characters import BLANK, CLASSES, INDEX, NOISE
from papier.ocr.check_keys import luhn_is_right, mod11_is_right, mod97_is_right, nir_is_whole
from papier.ocr.content_rules import cells_text, rule_for
from papier.ocr.decoding import Alphabet, Decoding, decode
from papier.ocr.zones.comb import Comb, interpret
from papier.records import FieldReading, State

ALPHABET = Alphabet(CLASSES, BLANK, NOISE)
CONTENTS = ("letters", "digits", "mixed", "date", "hour", "telephone", "postcode", "class", "nir", "number")


def cells(text: str, count: int, *doubts: tuple[int, str, float], sure: float = 0.9999) -> np.ndarray:
    """Log-probabilities of `count` cells that read `text`; each doubt gives a cell's other character a probability."""
    rows = np.full((count, len(CLASSES)), 1e-7)
    for cell, character in enumerate(text.ljust(count)):
        rows[cell, INDEX[BLANK if character == " " else character]] = sure
    for cell, character, chance in doubts:
        rows[cell] *= 1 - chance
        rows[cell, INDEX[BLANK if character == " " else character]] += chance
    return np.asarray(np.log(rows / rows.sum(axis=1, keepdims=True)), dtype=np.float32)


def decoded(
    text: str, count: int, content: str, *doubts: tuple[int, str, float], known: tuple[str, ...] = (), **demand: object
) -> Decoding:
    return decode(cells(text, count, *doubts), ALPHABET, content, Demand(**demand), known)  # type: ignore[arg-type]


def read(decoding: Decoding, content: str = "letters", **demand: object) -> FieldReading:
    comb = Comb("f", content, (RectMm(0, 0, 6, 8),))
    return interpret(comb, decoding, Demand(**demand))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("content", "text", "count", "value"),
    [
        ("letters", "DE LA TOUR", 14, "DE LA TOUR"),
        ("letters", "LEFÈVRE", 12, "LEFÈVRE"),
        ("letters", "D'ORVAL-PETIT", 16, "D'ORVAL-PETIT"),
        ("digits", "00421", 5, "00421"),
        ("date", "09032026", 8, "2026-03-09"),
        ("date", "29022028", 8, "2028-02-29"),
        ("hour", "0830", 4, "08:30"),
        ("telephone", "0612345678", 10, "0612345678"),
        ("postcode", "20137", 5, "20137"),
        ("postcode", "97411", 5, "97411"),
        ("class", "6A", 6, "6A"),
        ("class", "2NDE 4", 8, "2NDE 4"),
        ("mixed", "B12", 6, "B12"),
        ("number", "  37", 4, "37"),
        ("nir", "255081416802538", 15, "255081416802538"),
        ("nir", "185052A00304270", 15, "185052A00304270"),
    ],
)
def test_clear_cells_give_their_value(content: str, text: str, count: int, value: str) -> None:
    decoding = decoded(text, count, content)
    assert (decoding.value, decoding.problem) == (value, None)
    assert decoding.probability > 0.99
    assert decoding.candidates[0][0] == value


def test_a_name_that_begins_late_may_have_lost_its_beginning() -> None:
    decoding = decoded("  MARTIN", 12, "letters")
    assert (decoding.value, decoding.problem, decoding.weakest) == ("MARTIN", None, None)
    assert 0.5 < decoding.probability < 0.8
    assert decoded("  37", 4, "number").probability > 0.99


def test_all_blank_is_blank_and_a_required_one_is_asked_for() -> None:
    speck = decoded("", 8, "number", (0, "1", 0.05))
    assert (read(speck, "number").value, read(speck, "number").state) == (None, State.DOUBTFUL)
    clear = decode(cells("", 8, sure=0.999999), ALPHABET, "letters", Demand(), ())
    reading = read(clear)
    assert (reading.value, reading.state, reading.needs_person) == (None, State.BLANK, False)
    assert read(clear, required=True).needs_person


@pytest.mark.parametrize(
    ("content", "text", "count"),
    [("date", "31022026", 8), ("date", "12132026", 8), ("hour", "2470", 4)],
)
def test_what_does_not_exist_is_never_a_value(content: str, text: str, count: int) -> None:
    decoding = decoded(text, count, content)
    reading = read(decoding, content)
    assert decoding.value is None
    assert reading.state is State.DOUBTFUL
    assert "does not exist" in (reading.reason or "")
    assert reading.candidates[0][0].replace("/", "").replace(":", "") == text


def test_the_calendar_settles_a_doubtful_digit_but_never_overrules_a_clear_one() -> None:
    settled = decoded("31022026", 8, "date", (0, "2", 0.45))
    assert settled.value == "2026-02-21"
    assert settled.probability > 0.97
    overruled = decoded("31022026", 8, "date", (0, "2", 0.02))
    assert overruled.probability < 0.95
    assert read(overruled, "date").state is State.DOUBTFUL


def test_a_doubtful_year_is_that_of_printing_unless_the_form_asks_for_older_ones() -> None:
    rows = cells("09032026", 8, (6, "7", 0.6))
    printed = dt.date(2026, 2, 1)
    assert decode(rows, ALPHABET, "date", Demand(), (), printed).value == "2026-03-09"
    birth = Demand(minimum="1900-01-01")
    assert decode(rows, ALPHABET, "date", birth, (), printed).value == decode(rows, ALPHABET, "date", birth).value
    clear = decode(cells("09031998", 8), ALPHABET, "date", Demand(), (), printed)
    assert (clear.value, clear.problem) == ("1998-03-09", None)
    assert clear.probability > 0.99


@pytest.mark.parametrize(
    ("content", "text", "count", "doubt", "value"),
    [
        # Nobody lives in 69008's neighbour 69098, and no school has a class 4Q that does not have twenty others.
        ("postcode", "69098", 5, (3, "0", 0.4), "69008"),
        ("class", "4Q", 4, (1, "A", 0.3), "4A"),
        ("class", "CEI", 4, (2, "1", 0.4), "CE1"),
        ("telephone", "0812345678", 10, (1, "6", 0.4), "0612345678"),
    ],
)
def test_what_people_write_more_often_settles_a_doubt(
    content: str, text: str, count: int, doubt: tuple[int, str, float], value: str
) -> None:
    assert decoded(text, count, content, doubt).value == value


@pytest.mark.parametrize(
    ("content", "text", "count"), [("postcode", "59019", 5), ("class", "4Q", 4), ("telephone", "0812345678", 10)]
)
def test_clear_cells_are_not_pulled_to_what_is_usual(content: str, text: str, count: int) -> None:
    decoding = decoded(text, count, content)
    assert (decoding.value, decoding.problem) == (text, None)
    assert decoding.probability > 0.95


def test_no_list_of_postcodes_settles_a_strange_digit() -> None:
    rows = cells("69008", 5)
    rows[4] = np.log(0.5 * np.exp(rows[4]))
    rows[4, INDEX["W"]] = np.log(0.5)
    assert decode(rows, ALPHABET, "postcode", Demand()).probability < 0.96


@pytest.mark.parametrize(
    ("text", "problem"),
    [("3", "only a level"), ("C 2", "no known class"), ("3 ME7", "no known"), ("GRANDS", "no known")],
)
def test_a_class_that_may_have_lost_a_letter_is_asked_unless_it_is_on_the_roster(text: str, problem: str) -> None:
    reading = read(decoded(text, 6, "class"), "class")
    assert (reading.state, reading.needs_person) == (State.DOUBTFUL, True)
    assert problem in (reading.reason or "")
    assert decoded(text, 6, "class", known=(text,)).problem is None


@pytest.mark.parametrize(
    ("content", "text", "count"),
    [
        ("date", "0903", 8),
        ("telephone", "06123456", 10),
        ("postcode", "750", 5),
        ("hour", "08", 4),
        ("nir", "25508", 15),
    ],
)
def test_unfinished_numbers_are_doubtful(content: str, text: str, count: int) -> None:
    reading = read(decoded(text, count, content), content)
    assert (reading.state, reading.needs_person) == (State.DOUBTFUL, True)
    assert "unfinished" in (reading.reason or "")


def test_the_wrong_key_of_a_number_is_doubtful_and_the_right_one_corrects() -> None:
    wrong = read(decoded("255081416802539", 15, "nir"), "nir")
    assert wrong.state is State.DOUBTFUL
    corrected = decoded("255081416802539", 15, "nir", (14, "8", 0.3))
    assert corrected.value == "255081416802538"


def test_ranges_and_patterns_are_asked_about() -> None:
    late = decoded("09032036", 8, "date", maximum="2026-12-31")
    assert (late.value, late.problem) == ("2036-03-09", "the value is out of the range that is asked for")
    assert decoded("7", 2, "number", minimum="10").problem is not None
    assert decoded("12", 2, "number", minimum="10").problem is None
    assert decoded("B12", 3, "mixed", pattern=r"A\d+").problem is not None


def test_look_alikes_follow_the_content() -> None:
    assert decoded("O6I2345678", 10, "telephone", (0, "0", 0.3), (2, "1", 0.3)).value == "0612345678"
    assert decoded("0RTEGA", 8, "letters", (0, "O", 0.2)).value == "ORTEGA"
    assert decoded("0RTEGA", 8, "letters", (0, "O", 0.2)).probability > 0.99


def test_the_accent_in_doubt_is_the_state_in_doubt() -> None:
    reading = read(decoded("LEFEVRE", 10, "letters", (3, "È", 0.4)))
    assert (reading.value, reading.state) == ("LEFEVRE", State.DOUBTFUL)
    assert [text for text, _ in reading.candidates[:2]] == ["LEFEVRE", "LEFÈVRE"]


def test_a_crossed_out_cell_is_a_question() -> None:
    reading = read(decode(cells("MARTIN", 8, (2, NOISE, 0.8)), ALPHABET, "letters", Demand(), ()))
    assert reading.state is State.DOUBTFUL
    struck = read(decode(cells("MARTIN", 8, *[(i, NOISE, 0.99) for i in range(6)]), ALPHABET, "letters", Demand(), ()))
    assert (struck.value, struck.state) == (None, State.UNREADABLE)


def strange(text: str, cell: int) -> np.ndarray:
    """Cells that read `text`, one of them half like letters that no digit looks like."""
    return cells(text, len(text), *[(cell, letter, 0.2) for letter in "NKW"])


@pytest.mark.parametrize("cell", [0, 2, 8, 14])
def test_a_key_that_admits_no_other_digit_settles_a_strange_one(cell: int) -> None:
    number = "255081416802538"
    open_reading = decode(strange(number, cell), ALPHABET, "digits", Demand())
    keyed = decode(strange(number, cell), ALPHABET, "nir", Demand())
    assert (open_reading.value, keyed.value) == (number, number)
    assert open_reading.probability < 0.97
    assert keyed.probability > 0.999


@pytest.mark.parametrize(
    ("text", "cell", "content"), [("31122026", 1, "date"), ("21122026", 1, "date"), ("1732", 0, "hour")]
)
def test_neither_calendar_nor_clock_settles_a_strange_digit(text: str, cell: int, content: str) -> None:
    assert decode(strange(text, cell), ALPHABET, content, Demand()).probability < 0.97


def test_a_roster_settles_a_strange_digit_unless_a_twin_stands_there() -> None:
    birth = strange("21042014", 1)
    assert decode(birth, ALPHABET, "date", Demand(), ("2014-04-21", "2013-05-02")).probability > 0.999
    twins = decode(birth, ALPHABET, "date", Demand(), ("2014-04-21", "2014-04-27"))
    assert twins.probability < 0.997


def test_a_month_that_does_not_exist_does_not_win_by_its_key() -> None:
    likely = "255081416802538"
    month_31 = "2553114168025"
    unlikely = f"{month_31}{97 - int(month_31) % 97:02d}"
    assert nir_is_whole(unlikely)
    assert rule_for("nir", Demand())(likely).prior > 100 * rule_for("nir", Demand())(unlikely).prior


@pytest.mark.parametrize(
    ("content", "text", "value"),
    [("date", " 9032026", "2026-03-09"), ("hour", " 930", "09:30"), ("hour", "16 0", "16:00")],
)
def test_a_blank_cell_that_may_be_a_zero_may_have_lost_its_digit(content: str, text: str, value: str) -> None:
    reading = read(decoded(text, len(text), content), content)
    assert (reading.value, reading.state) == (value, State.DOUBTFUL)


NAMES = ("MARTIN", "MARTINE", "LEFÈVRE", "LEROY", "DE LA TOUR", "D'ORVAL", "JEAN-PIERRE")


def test_a_roster_settles_what_the_cells_leave_open() -> None:
    doubts = ((1, "O", 0.5), (3, "S", 0.4), (5, "R", 0.45))
    open_reading = decoded("TAFEVYL", 10, "letters", *doubts)
    listed = decoded("TAFEVYL", 10, "letters", *doubts, known=(*NAMES, "TAFÈVYL"))
    assert open_reading.probability < 0.9
    assert listed.value == "TAFÈVYL"
    assert listed.probability > 0.97


def test_the_spelling_of_names_settles_what_the_cells_leave_open_but_overrules_nothing_clear() -> None:
    assert decoded("MARTLN", 10, "letters", (4, "I", 0.3)).value == "MARTIN"
    for name in ("MARTLN", "XQZKT", "HABERT", "LEROI"):
        assert decoded(name, 10, "letters").value == name
    assert decoded("LEROI", 10, "letters", (4, "Y", 0.4)).probability < 0.999


@pytest.mark.parametrize("name", NAMES)
def test_names_of_the_roster_are_read_as_such(name: str) -> None:
    decoding = decoded(name, 12, "letters", known=NAMES)
    assert (decoding.value, decoding.problem) == (name, None)
    assert decoding.probability > 0.995


@pytest.mark.parametrize("name", ["MARTINS", "DUPONT", "LEROI", "MARTI"])
def test_a_clear_name_is_never_forced_onto_the_roster(name: str) -> None:
    decoding = decoded(name, 12, "letters", known=NAMES)
    reading = read(decoding)
    assert reading.state is State.DOUBTFUL
    assert decoding.value == name
    assert decoding.problem == "the value is not on the roster"


def test_choices_hold_for_digits_too() -> None:
    assert decoded("12", 2, "number", (0, "7", 0.4), choices=("12", "35")).value == "12"
    assert decoded("48", 2, "number", choices=("12", "35")).problem == "the value is not one of those allowed"


@pytest.mark.parametrize(
    ("judge", "right", "wrong"),
    [
        (nir_is_whole, "255081416802538", "255081416802583"),
        (nir_is_whole, "185052A00304270", "185052B00304270"),
        (luhn_is_right, "73282932000074", "73282932000047"),
        (mod97_is_right, "FR1420041010050500013M02606", "FR1420041010050500013M02660"),
        (mod11_is_right, "080442957X", "0804429579"),
    ],
)
def test_check_keys(judge: object, right: str, wrong: str) -> None:
    assert judge(right)  # type: ignore[operator]
    assert not judge(wrong)  # type: ignore[operator]


@given(st.dates(dt.date(1900, 1, 1), dt.date(2100, 12, 31)))
def test_every_date_comes_back(date: dt.date) -> None:
    text = cells_text(date.isoformat(), "date")
    assert len(text) == 8
    judgement = rule_for("date", Demand())(text)
    assert (judgement.value, judgement.prior) == (date.isoformat(), 1.0)


@given(st.sampled_from(CONTENTS), st.integers(1, 16), st.integers(0, 2**32 - 1))
def test_probabilities_stay_probabilities(content: str, count: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    rows = np.log(random.dirichlet(np.full(len(CLASSES), 0.05), count) + 1e-9)
    decoding = decode(rows, ALPHABET, content, Demand(), ())
    assert 0 <= decoding.probability <= 1
    assert sum(chance for _, chance in decoding.candidates) <= 1 + 1e-9
    assert read(decoding, content).state in set(State)


def test_an_hour_of_the_night_is_asked_unless_it_is_clear() -> None:
    slip = decoded("0100", 4, "hour", (1, "8", 0.002))
    assert slip.value == "01:00"
    assert read(slip, "hour").state is State.DOUBTFUL
    assert decoded("0100", 4, "hour").probability > 0.99
    assert decoded("0900", 4, "hour", (1, "8", 0.0005)).probability > 0.999
