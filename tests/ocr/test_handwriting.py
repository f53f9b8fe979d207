"""The shipped recogniser on the shipped sample: forty lines by ten writers that no model was trained on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from papier.errors import MissingProgramError
from papier.ocr.handwriting import (
    Calibration,
    HandwritingReader,
    LineReading,
    reading_of,
    without_struck,
)
from papier.ocr.line_decoding import Reading
from papier.ocr.line_strips import Strip
from simulator.edits import error_rate
from simulator.hands import WrittenLine, WrittenLines


@pytest.fixture(scope="module")
def lines() -> list[WrittenLine]:
    return list(WrittenLines.shipped().every())


@pytest.fixture(scope="module")
def readings(lines: list[WrittenLine]) -> list[LineReading]:
    return HandwritingReader().read([line.mask for line in lines])


def test_unseen_hands_are_read(lines: list[WrittenLine], readings: list[LineReading]) -> None:
    assert len(readings) == len(lines) == 40
    pairs = [(reading.candidates[0].text, line.text) for reading, line in zip(readings, lines, strict=True)]
    # The model that shipped in November 2026 reads these with 5 %.
    assert error_rate(pairs) < 0.10


def test_candidates_are_ranked_and_their_probabilities_are_of_one_event(readings: list[LineReading]) -> None:
    for reading in readings:
        chances = [candidate.probability for candidate in reading.candidates]
        assert chances == sorted(chances, reverse=True)
        assert all(0 <= chance <= 1 for chance in chances)
        assert sum(chances) <= 1 + 1e-9
        assert len({candidate.text for candidate in reading.candidates}) == len(chances)


def test_confidence_is_about_as_good_as_it_says(lines: list[WrittenLine], readings: list[LineReading]) -> None:
    first = [(reading.candidates[0], line.text) for reading, line in zip(readings, lines, strict=True)]
    claimed = sum(candidate.probability for candidate, _ in first)
    right = sum(candidate.text == text for candidate, text in first)
    # Forty lines have a standard deviation of three.
    assert abs(claimed - right) < 9
    confident = [candidate.text == text for candidate, text in first if candidate.probability > 0.9]
    assert sum(not good for good in confident) <= 1


def test_a_strip_is_read_the_same_in_any_company(lines: list[WrittenLine], readings: list[LineReading]) -> None:
    strips = [line.mask for line in lines[:3]]
    assert HandwritingReader().read(strips[::-1]) == readings[:3][::-1]


@pytest.mark.parametrize("strip", [np.zeros((80, 900), np.uint8), np.full((80, 900), 20, np.uint8)])
def test_paper_says_nothing(strip: Strip) -> None:
    assert HandwritingReader().read([strip]) == [LineReading(())]


def test_an_expected_text_helps_where_it_stands_and_nowhere_else(
    lines: list[WrittenLine], readings: list[LineReading]
) -> None:
    wrong = [
        (line, reading)
        for line, reading in zip(lines, readings, strict=True)
        if reading.candidates[0].text != line.text and error_rate([(reading.candidates[0].text, line.text)]) < 0.1
    ]
    assert wrong
    reader = HandwritingReader()
    strips = [line.mask for line, _ in wrong]
    helped = reader.read(strips, [[line.text] for line, _ in wrong])
    good = sum(reading.candidates[0].text == line.text for (line, _), reading in zip(wrong, helped, strict=True))
    assert good > len(wrong) / 2
    misled = reader.read(strips, [["Mme Lefèvre est à l'hôpital"]] * len(wrong))
    assert [reading.candidates[0].text for reading in misled] == [reading.candidates[0].text for _, reading in wrong]


def test_without_its_model_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(MissingProgramError, match="Install papier again"):
        HandwritingReader(tmp_path / "none.onnx").read([np.full((60, 300), 255, np.uint8)])


def test_what_is_struck_out_is_left_out_and_readings_that_differ_in_it_are_one() -> None:
    assert without_struck("le ■ 3 mai■") == "le 3 mai"
    beam = [Reading("le ■ 3 mai", -1.0, -1.0), Reading("le 5 mai", -1.5, -1.5), Reading("le 3 mai", -1.6, -1.6)]
    reading = reading_of(beam, Calibration())
    assert [candidate.text for candidate in reading.candidates] == ["le 3 mai", "le 5 mai"]
    assert reading.struck


def test_a_line_that_is_struck_out_whole_has_no_reading() -> None:
    assert reading_of([Reading("■", -0.1, -0.1)], Calibration()) == LineReading((), struck=True)
