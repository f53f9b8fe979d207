"""Several fields of one person of the roster, read together."""

import numpy as np
import pytest

from papier.forms.definition import Demand
from papier.ocr.characters import BLANK, CLASSES, INDEX, NOISE
from papier.ocr.decoding import Alphabet, Decoding, decode
from papier.ocr.people import weigh_all, weigh_people
from papier.ocr.zones.comb import believed

ALPHABET = Alphabet(CLASSES, BLANK, NOISE)
CONTENT = {"nom": "letters", "prenom": "letters", "classe": "class"}
PEOPLE = [
    {"nom": "MARTIN", "prenom": "LÉA", "classe": "6A"},
    {"nom": "MARTIN", "prenom": "LÉO", "classe": "5B"},
    {"nom": "MARTINS", "prenom": "LÉA", "classe": "3F"},
    {"nom": "DIALLO", "prenom": "AÏCHA", "classe": "6A"},
    {"nom": "LE GOFF", "prenom": "TOM", "classe": "5B"},
]
# A cell's other character, and what share it has.
Doubts = tuple[tuple[int, str, float], ...]


def cells(text: str, doubts: Doubts = ()) -> np.ndarray:
    rows = np.full((10, len(CLASSES)), 1e-6)
    for cell, character in enumerate(text.ljust(10)):
        rows[cell, INDEX[BLANK if character == " " else character]] = 1
    for cell, character, chance in doubts:
        rows[cell] *= 1 - chance
        rows[cell, INDEX[character]] += chance
    return np.asarray(np.log(rows / rows.sum(axis=1, keepdims=True)))


def read(people: list[dict[str, str]] = PEOPLE, **written: tuple[str, Doubts]) -> tuple[dict[str, Decoding], ...]:
    """The fields by themselves, each against its column, and together."""
    alone = {}
    for name, (text, doubts) in written.items():
        listed = tuple(dict.fromkeys(person[name] for person in people))
        alone[name] = decode(cells(text, doubts), ALPHABET, CONTENT[name], Demand(), listed)
    return alone, weigh_people(alone, people)


def test_whoever_is_known_by_name_is_known_by_class() -> None:
    alone, together = read(nom=("DIALLO", ()), prenom=("AICHA", ()), classe=("6A", ((0, "5", 0.4), (1, "B", 0.4))))
    assert alone["classe"].probability < 0.9
    assert (together["classe"].value, together["classe"].problem) == ("6A", None)
    assert together["classe"].probability > 0.995


@pytest.mark.parametrize(("klass", "first_name"), [("6A", "LÉA"), ("5B", "LÉO")])
def test_a_class_tells_a_sister_from_a_brother(klass: str, first_name: str) -> None:
    alone, together = read(nom=("MARTIN", ()), prenom=("LEA", ((2, "O", 0.5),)), classe=(klass, ()))
    assert alone["prenom"].probability < 0.8
    assert together["prenom"].value == first_name
    assert together["prenom"].probability > 0.97


def test_a_clear_name_that_is_on_no_row_is_not_pulled_to_a_sister_s() -> None:
    _, together = read(nom=("MARTIN", ()), prenom=("LEU", ()), classe=("6A", ()))
    assert together["nom"].value == "MARTIN"
    assert together["prenom"].problem == "the value is not on the roster"
    assert together["prenom"].value == "LEU"


def test_a_clear_class_that_is_another_s_is_kept_and_one_in_doubt_asked() -> None:
    _, clear = read(nom=("DIALLO", ()), prenom=("AICHA", ()), classe=("3F", ()))
    assert clear["nom"].value == "DIALLO"
    assert clear["classe"].value == "3F"
    _, doubtful = read(nom=("DIALLO", ()), prenom=("AICHA", ()), classe=("3F", ((0, "6", 0.1), (1, "A", 0.1))))
    assert believed(doubtful["classe"], "class", 1).probability < 0.997


def test_a_stranger_changes_nothing() -> None:
    alone, together = read(nom=("ZYLBER", ()), prenom=("QUENTIN", ()), classe=("4C", ()))
    for name, decoding in together.items():
        assert decoding.value == alone[name].value
        assert decoding.problem == "the value is not on the roster"


def test_fields_left_blank_say_nothing() -> None:
    alone, together = read(nom=("LE GOFF", ()), prenom=("", ()), classe=("5B", ()))
    assert together["prenom"].value == ""
    assert together["prenom"].probability == pytest.approx(alone["prenom"].probability, abs=0.01)
    assert together["nom"].value == "LE GOFF"


def test_probabilities_stay_probabilities() -> None:
    _, together = read(
        nom=("MARTIM", ((5, "N", 0.5),)), prenom=("LEO", ((2, "A", 0.3),)), classe=("5B", ((0, "6", 0.5),))
    )
    for decoding in together.values():
        assert 0 <= decoding.probability <= 1
        assert sum(entry.probability for entry in decoding.listed) <= 1 + 1e-9
        assert [chance for _, chance in decoding.candidates] == sorted(
            (chance for _, chance in decoding.candidates), reverse=True
        )


def test_what_a_row_lacks_says_nothing() -> None:
    people = [*PEOPLE, {"nom": "TRAORÉ", "prenom": "FATOU"}]
    alone = {
        name: decode(cells(text), ALPHABET, CONTENT[name], Demand(), tuple(p[name] for p in people if name in p))
        for name, text in (("nom", "TRAORE"), ("prenom", "FATOU"), ("classe", "5B"))
    }
    together = weigh_people(alone, people)
    assert together["classe"].value == "5B"
    assert together["nom"].value == "TRAORÉ"
    assert together["nom"].probability > 0.99


def test_each_place_of_a_page_is_a_person_of_its_own() -> None:
    alone: dict[str, Decoding] = {}
    written = {"r1.nom": "MARTIN", "r1.classe": "6A", "r2.nom": "DIALLO", "r2.classe": "6A"}
    for name, text in written.items():
        column = name[3:]
        listed = tuple(dict.fromkeys(person[column] for person in PEOPLE))
        alone[name] = decode(cells(text), ALPHABET, CONTENT[column], Demand(), listed)
    places = [[{f"r{row}.nom": p["nom"], f"r{row}.classe": p["classe"]} for p in PEOPLE] for row in (1, 2)]
    together = weigh_all(alone, places)
    assert {name: decoding.value for name, decoding in together.items()} == written
