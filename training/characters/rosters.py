"""How combs are read that take their values from a roster: measured, and how far they are to be trusted, fitted.

    python -m training.characters.rosters --work DIR… [--part test] [--sizes 30 300 1000] [--every 1] [--fit FILE.json]

Puts together whole people of what `fields` dumped: a surname, a first name, a class and a date, written by one hand.
Each is read against rosters made to be hard: a sister with a first name one letter away, in another class and in the
same, a namesake with a surname one letter away, classes 6A to 3F, dates of birth of one school. Three cases: the person
is on the roster; is not, and all those who are like her are; is, but one field stands there differently (a letter, a
digit, another class), so that what is written is on no row or on another's. `--fit` writes
`papier/ocr/models/rosters.json` from the validation writers.
"""

import argparse
import dataclasses
import datetime as dt
import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from papier.forms.definition import Demand
from papier.geometry import RectMm
from papier.ocr.characters import CharacterReader
from papier.ocr.decoding import Decoding, decode
from papier.ocr.evidence import believe, join
from papier.ocr.name_prior import load_name_prior, plain
from papier.ocr.people import weigh_people
from papier.ocr.second_reader import SecondReader
from papier.ocr.trust import Curve, terms
from papier.ocr.zones.comb import ALPHABET, Comb, believed, interpret, without_ink
from simulator.values import CLASSES, FIRST_NAMES, SURNAMES, TODAY
from training.characters.measure_fields import Dumped, load_fields
from training.characters.trust import CERTAIN, maximise

SCHOOL = tuple(f"{level}{letter}" for level in "6543" for letter in "ABCDEF")
CONTENT = {"nom": "letters", "prenom": "letters", "classe": "class", "naissance": "date"}
# A letter that is drawn much like another.
ALIKE = dict(zip("AEONMILRBTSCGPVUHDF", "RFUMNLIBRIZGCRUVNOE", strict=True))
# How often each case is taken to happen, for the fit.
CASES = {"on the roster": 0.90, "not on it": 0.05, "one field differs": 0.05}
BOUNDS = (0.9, 0.99, 0.999, 0.9999)
# A character of a listed value that the reader itself gives less than this: the value is not clear.
LEGIBLE = 0.1
READ_AT_ONCE = 200


@dataclass(frozen=True)
class Written:
    """One dumped comb and what both readers say of its cells; `fresh`: not met before in another person."""

    dumped: Dumped
    first: NDArray[np.float32]
    second: NDArray[np.float32]
    fresh: bool = True

    def decode(self, readers: int, listed: Sequence[str]) -> Decoding:
        log_probs = join(self.first, self.second) if readers == 2 else self.first
        rows = without_ink(believe(log_probs, self.dumped.ink), self.dumped.ink, self.dumped.faint)
        return decode(rows, ALPHABET, self.dumped.content, Demand(), listed, TODAY)


@dataclass(frozen=True)
class Outcome:
    """One field read against a roster: what each reader made of it, the other fields of the person known; `differs`:
    it is the field that the roster has differently.
    """

    field: str
    written: Written
    case: str
    size: int
    differs: bool
    decodings: tuple[Decoding, Decoding]

    @property
    def taken(self) -> Decoding | None:
        """What is accepted without a person; None where one is asked."""
        content = self.written.dumped.content
        comb = Comb("", content, (RectMm(0, 0, 6, 8),))
        for readers, decoding in enumerate(self.decodings, 1):
            answer = believed(decoding, content, readers)
            if not interpret(comb, answer, Demand()).needs_person:
                return answer
        return None

    def right(self, decoding: Decoding) -> bool:
        return (decoding.value or "") == self.written.dumped.value and not (decoding.value is None and decoding.text)


def read_people(works: Sequence[Path], part: str, every: int, random: np.random.Generator) -> list[dict[str, Written]]:
    """Every so manyth of the people whom the fields dumped in these folders make, each of one hand and kind of scan."""
    by_hand: dict[tuple[str, bool], dict[str, list[Dumped]]] = defaultdict(lambda: defaultdict(list))
    for field in (field for work in works for field in load_fields(work, part)):
        name = _field_of(field)
        if name is not None:
            by_hand[field.writer, field.rough][name].append(field)
    people: list[dict[str, Dumped]] = []
    for _, fields in sorted(by_hand.items()):
        if len(fields) == len(CONTENT):
            order = {name: [some[at] for at in random.permutation(len(some))] for name, some in fields.items()}
            count = max(map(len, order.values()))
            people += [{name: some[at % len(some)] for name, some in order.items()} for at in range(count)]
    people = people[::every]
    written = _read({id(field): field for person in people for field in person.values()})
    met: set[int] = set()
    found = []
    for person in people:
        found.append({name: dataclasses.replace(written[id(f)], fresh=id(f) not in met) for name, f in person.items()})
        met |= {id(field) for field in person.values()}
    return found


def _read(fields: Mapping[int, Dumped]) -> dict[int, Written]:
    """What both readers say of these fields."""
    first, second = CharacterReader(), SecondReader()
    found = {}
    waiting = iter(fields.items())
    while some := list(islice(waiting, READ_AT_ONCE)):
        ink = np.concatenate([field.ink for _, field in some])
        ends = np.cumsum([len(field.ink) for _, field in some])[:-1]
        parts = (np.split(rows, ends) for rows in (first.read(ink).log_probs, second.read(ink)))
        for (key, field), one, two in zip(some, *parts, strict=True):
            found[key] = Written(field, one, two)
    return found


def _field_of(field: Dumped) -> str | None:
    """The field of a person that this may be; None for blank and struck-out ones."""
    if field.value in ("", "?") or field.content not in CONTENT.values():
        return None
    if field.content == "letters":
        return "nom" if field.value in SURNAMES else "prenom"
    return {"class": "classe", "date": "naissance"}[field.content]


def make_roster(
    person: Mapping[str, str], size: int, case: str, random: np.random.Generator
) -> tuple[list[dict[str, str]], str | None]:
    """The rows of a roster of so many people, and the field that it has differently, if any."""
    words = _common_words()
    # Thirty people are one class.
    classes = (person["classe"],) if size <= 30 else SCHOOL if person["classe"] in SCHOOL else CLASSES
    years = 1 if size <= 30 else 4

    def pick(names: Sequence[str], share: float) -> str:
        known = random.random() < share
        return names[random.integers(len(names))] if known else words[min(len(words) - 1, int(random.exponential(2e3)))]

    def born() -> str:
        days = int(random.integers(-180 * years, 180 * years))
        return (dt.date.fromisoformat(person["naissance"]) + dt.timedelta(days=days)).isoformat()

    def any_class() -> str:
        return classes[random.integers(len(classes))]

    rows: list[dict[str, str]] = []
    for _ in range(size - 4):
        family = bool(rows) and random.random() < 0.15
        name = rows[random.integers(len(rows))]["nom"] if family else pick(SURNAMES, 0.3)
        rows.append({"nom": name, "prenom": pick(FIRST_NAMES, 0.6), "classe": any_class(), "naissance": born()})
    sister = {"nom": person["nom"], "prenom": near(person["prenom"], random)}
    rows += [
        {**sister, "classe": any_class(), "naissance": born()},
        {"nom": near(person["nom"], random), "prenom": person["prenom"], "classe": any_class(), "naissance": born()},
        {**sister, "classe": person["classe"], "naissance": near_date(person["naissance"], random)},
    ]
    differs = None
    if case != "not on it":
        row = dict(person)
        if case == "one field differs":
            differs = sorted(row)[random.integers(len(row))]
            row[differs] = (
                SCHOOL[random.integers(len(SCHOOL))]
                if differs == "classe"
                else near_date(row[differs], random)
                if differs == "naissance"
                else near(row[differs], random)
            )
        rows.append(row)
    return rows, differs


def _common_words() -> list[str]:
    words = load_name_prior().words
    return sorted((word for word in words if len(word) > 2), key=lambda word: -words[word])


def near(name: str, random: np.random.Generator) -> str:
    """The name with a letter more, less or another."""
    place, letter = int(random.integers(len(name))), "ABCDEFGHIJKLMNOPRSTUVYZ"[random.integers(23)]
    match random.integers(5):
        case 0:
            found = name[:-1] if name.endswith("S") else name + "S"
        case 1:
            found = name[:-1] if name.endswith("E") else name + "E"
        case 2 if len(name) > 3:
            found = name[:place] + name[place + 1 :]
        case 3:
            found = name[:place] + letter + name[place:]
        case _:
            found = name[:place] + ALIKE.get(name[place], letter) + name[place + 1 :]
    # An accent alone makes no other name.
    return found if plain(found) != plain(name) else name + "S"


def near_date(date: str, random: np.random.Generator) -> str:
    """The date with another digit in it."""
    while True:
        place, digit = (3, 5, 6, 8, 9)[random.integers(5)], str(random.integers(10))
        found = date[:place] + digit + date[place + 1 :]
        try:
            dt.date.fromisoformat(found)
        except ValueError:
            continue
        if found != date:
            return found


def read_against(people: Sequence[Mapping[str, Written]], size: int, random: np.random.Generator) -> Iterator[Outcome]:
    """Every field of these people against rosters of one size, in each case."""
    for person in people:
        truth = {name: field.dumped.value for name, field in person.items()}
        for case in CASES:
            rows, differs = make_roster(truth, size, case, random)
            listed = {name: tuple(dict.fromkeys(row[name] for row in rows)) for name in person}
            both = [
                weigh_people({name: field.decode(readers, listed[name]) for name, field in person.items()}, rows)
                for readers in (1, 2)
            ]
            for name, field in person.items():
                if field.fresh:
                    yield Outcome(name, field, case, size, name == differs, (both[0][name], both[1][name]))


def report(outcomes: Sequence[Outcome]) -> None:
    """Counts by kind of scan, size, case and field, worst first; what was wrong; and calibration."""
    tally: dict[tuple[str, int, str, str], Counter[str]] = defaultdict(Counter)
    kept: dict[str, Counter[str]] = defaultdict(Counter)
    wrong = []
    for outcome in outcomes:
        rough = "rough" if outcome.written.dumped.rough else "office"
        taken = outcome.taken
        case = outcome.case + (", this one" if outcome.differs else "")
        for name in (outcome.field, "all"):
            counts = tally[rough, outcome.size, case, name]
            counts["fields"] += 1
            counts["asked"] += taken is None
            counts["wrong"] += taken is not None and not outcome.right(taken)
        if taken is not None and not outcome.right(taken):
            wrong.append((rough, outcome, taken))
        last = believed(outcome.decodings[1], outcome.written.dumped.content, 2) if taken is None else taken
        for bound in BOUNDS:
            if last.problem is None and last.value and last.probability >= bound:
                kept[f"{rough}, {outcome.case}"][f"{bound} given"] += 1
                kept[f"{rough}, {outcome.case}"][f"{bound} right"] += outcome.right(last)
    print("| scans | people | case | field | fields | wrong and accepted | asked of a person % |")
    for key, counts in sorted(tally.items(), key=lambda entry: (entry[0][:3], -entry[1]["wrong"], -entry[1]["asked"])):
        share = 100 * counts["asked"] / counts["fields"]
        print(
            f"| {key[0]} | {key[1]:,} | {key[2]} | {key[3]} | {counts['fields']:,} | {counts['wrong']} | {share:.1f} |"
        )
    print("\n| scans, case | " + " | ".join(f"right, of p ≥ {bound}" for bound in BOUNDS) + " |")
    for name, counts in sorted(kept.items()):
        print(f"| {name} | " + " | ".join(f"{counts[f'{b} right']} of {counts[f'{b} given']}" for b in BOUNDS) + " |")
    for rough, outcome, taken in wrong:
        dumped = outcome.written.dumped
        print(
            f"  {rough} {outcome.size} {outcome.case} {outcome.field} {dumped.value!r} read {taken.value!r} "
            f"{taken.probability:.5f} weakest {taken.weakest} {dumped.writer}"
        )


def fit(outcomes: Sequence[Outcome]) -> dict[str, dict[str, Curve]]:
    """Curves as in `papier.ocr.trust`, for either number of readers; the cases weigh as CASES says."""
    stored: dict[str, dict[str, Curve]] = {"curves": {}, "joined": {}}
    for contents in (("date", "class"), ("letters",)):
        for place, curves in enumerate(stored.values()):
            some = [
                (outcome, decoding)
                for outcome in outcomes
                if outcome.written.dumped.content in contents
                and (decoding := outcome.decodings[place]).on_roster
                and decoding.problem is None
                and decoding.weakest is not None
            ]
            features = np.array([[1.0, *terms(d.probability, d.weakest or 0.0, LEGIBLE)] for _, d in some])
            right = np.array([outcome.right(decoding) for outcome, decoding in some], float)
            weight = np.array([CASES[outcome.case] for outcome, _ in some]) / max(CASES.values())
            found = maximise(features, right, 0, weight)
            odds = features @ found
            certain = odds >= np.log(CERTAIN / (1 - CERTAIN))
            wrong = float((weight * (1 - right))[certain].sum())
            ceiling = round(1 - (wrong + 0.5) / (float(weight[certain].sum()) + 1), 6)
            start, whole, clear, weakest = (round(float(value), 4) for value in found)
            print(f"{contents}, {place + 1}: {len(some)} fields, {int((1 - right).sum())} wrong; {found}, {ceiling}")
            curves.update(dict.fromkeys(contents, Curve(start, whole, clear, weakest, LEGIBLE, ceiling)))
    return stored


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--work", type=Path, nargs="+", required=True)
    parser.add_argument("--part", default="test")
    parser.add_argument("--sizes", type=int, nargs="+", default=[30, 300, 1000])
    parser.add_argument("--every", type=int, default=1, help="only every so manyth person")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--fit", type=Path, help="fit the curves and write them here")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    random = np.random.default_rng(arguments.seed)
    people = read_people(arguments.work, arguments.part, arguments.every, random)
    outcomes: list[Outcome] = []
    for size in arguments.sizes:
        outcomes += read_against(people, size, random)
        print(f"{len(people)} people, rosters of {size}: {time.process_time():.0f} s of processor time", flush=True)
    if arguments.fit is not None:
        stored = fit(outcomes)
        readable = {
            name: {content: dataclasses.asdict(curve) for content, curve in curves.items()}
            for name, curves in stored.items()
        }
        arguments.fit.write_text(json.dumps(readable, indent=1) + "\n", "utf-8")
    else:
        report(outcomes)


if __name__ == "__main__":
    main()
