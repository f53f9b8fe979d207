"""The hands that benchmarks write with: writers that no model of papier was trained on."""

from __future__ import annotations

from pathlib import Path

from simulator.hands import Hands, WrittenLines
from training.characters.glyphs import TEST, VALIDATE, part_of_writer

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"


def load_hands(collection: str, data: Path = DATA) -> Hands:
    """`emnist`: the shipped sample (American hands); `unipen`: the test writers of UNIPEN, where `data` is there;
    `unipen-validate`: the writers that calibration is fitted on, never for reported figures.

    Raises SystemExit with the remedy when the data is not there.
    """
    if collection == "emnist":
        return Hands.shipped()
    path = data / "characters" / "unipen.npz"
    if not path.is_file():
        raise SystemExit(f"{path} is not there: give --data DIR, or measure with --hands emnist.")
    wanted = VALIDATE if collection == "unipen-validate" else TEST
    return Hands.load(path, keep=lambda writer: part_of_writer(writer) == wanted)


def load_lines(data: Path = DATA) -> WrittenLines:
    """Lines by the writers set apart for validation, from `data` where it is there, else the shipped sample."""
    path = data / "lines" / "copiste.zip"
    return WrittenLines.load(path) if path.is_file() else WrittenLines.shipped()
