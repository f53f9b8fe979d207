"""What people write on forms, in French: names, addresses, dates, reasons, requests. For synthetic lines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from faker.providers.person.fr_FR import Provider as Names


def load_phrases(path: Path = Path(__file__).parent / "phrases.txt") -> dict[str, list[str]]:
    """The lists of `phrases.txt`, by their heading in brackets."""
    found: dict[str, list[str]] = {}
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("["):
            found[line.strip("[]")] = []
        elif line:
            found[list(found)[-1]].append(line)
    return found


PHRASES = load_phrases()


class Author:
    """Draws phrases. `towns`: names of communes; `sentences`: other French lines."""

    def __init__(self, towns: Sequence[str], sentences: Sequence[str]) -> None:
        self.first = [*Names.first_names_male, *Names.first_names_female]
        self.last = list(Names.last_names)
        self.towns, self.sentences = list(towns), list(sentences)

    def phrase(self, rng: np.random.Generator) -> str:
        kind = rng.random()
        if kind < 0.35:
            text = self._of(rng, self.sentences)
        elif kind < 0.9:
            text = self.form(rng)
        else:
            text = f"{self.form(rng)} {self.form(rng)}"
        style = rng.random()
        if style < 0.08:
            text = text.upper()
        elif style < 0.12:
            text = text.lower()
        return text[:70].strip()

    def _of(self, rng: np.random.Generator, choices: Sequence[str]) -> str:
        return str(choices[int(rng.integers(len(choices)))])

    def form(self, rng: np.random.Generator) -> str:
        makers = (
            self._name,
            self._name,
            self._address,
            self._town,
            self._date,
            self._date,
            self._hour,
            self._telephone,
            self._reason,
            self._reason,
            self._request,
            self._request,
            self._medicine,
            self._sum,
            self._number,
        )
        return makers[int(rng.integers(len(makers)))](rng)

    def _name(self, rng: np.random.Generator) -> str:
        first, last = self._of(rng, self.first), self._of(rng, self.last)
        if rng.random() < 0.12:
            first = f"{first}-{self._of(rng, self.first)}"
        if rng.random() < 0.12:
            last = f"{last}-{self._of(rng, self.last)}"
        if rng.random() < 0.3:
            last = last.upper()
        title = f"{self._of(rng, PHRASES['titles'])} " if rng.random() < 0.35 else ""
        return title + (f"{first} {last}" if rng.random() < 0.7 else f"{last} {first}" if not title else last)

    def _address(self, rng: np.random.Generator) -> str:
        number = f"{int(rng.integers(1, 190))}{self._of(rng, ('', '', '', ' bis', ' ter', ','))}"
        street = f"{number} {self._of(rng, PHRASES['streets'])} {self._of(rng, PHRASES['street names'])}"
        return f"{street}, {self._town(rng)}" if rng.random() < 0.4 else street

    def _town(self, rng: np.random.Generator) -> str:
        town = self._of(rng, self.towns)
        code = f"{int(rng.integers(1, 96)):02d}{int(rng.integers(0, 99)) * 10:03d}"
        return f"{code} {town}" if rng.random() < 0.6 else town

    def _date(self, rng: np.random.Generator) -> str:
        day, month, year = int(rng.integers(1, 32)), int(rng.integers(1, 13)), int(rng.integers(1935, 2031))
        short = f"{year % 100:02d}"
        forms = (
            f"{day}/{month}/{short}",
            f"{day:02d}/{month:02d}/{year}",
            f"{day:02d}.{month:02d}.{short}",
            f"{day}-{month}-{year}",
            f"{'1er' if day == 1 else day} {PHRASES['months'][month - 1]} {year}",
            f"le {day} {PHRASES['months'][month - 1]}",
            f"né le {day}/{month:02d}/{year}",
            f"{self._of(rng, PHRASES['days'])} {day} {PHRASES['months'][month - 1]}",
            f"du {day} au {min(31, day + 3)} {PHRASES['months'][month - 1]} {year}",
            f"{self._of(rng, self.towns)}, le {day} {PHRASES['months'][month - 1]} {year}",
            f"{PHRASES['months'][month - 1]} {year}",
        )
        return self._of(rng, forms)

    def _hour(self, rng: np.random.Generator) -> str:
        hour, minute = int(rng.integers(7, 20)), int(rng.integers(0, 12)) * 5
        forms = (
            f"{hour}h{minute:02d}",
            f"{hour} h {minute:02d}",
            f"{hour:02d}:{minute:02d}",
            f"à {hour}h",
            f"de {hour}h à {hour + 2}h{minute:02d}",
            f"arrivé à {hour}h{minute:02d}",
            f"{self._of(rng, PHRASES['days'])} à {hour}h{minute:02d}",
            f"vers {hour} h",
        )
        return self._of(rng, forms)

    def _telephone(self, rng: np.random.Generator) -> str:
        pairs = [f"0{int(rng.integers(1, 10))}", *(f"{int(rng.integers(100)):02d}" for _ in range(4))]
        number = self._of(rng, (" ", " ", ".", "-", "")).join(pairs)
        return self._of(rng, ("", "", "Tél. ", "tél : ", "06/")).replace("06/", "") + number

    def _reason(self, rng: np.random.Generator) -> str:
        forms = (
            self._of(rng, PHRASES["reasons"]),
            f"{self._of(rng, PHRASES['ills'])}",
            f"{self._of(rng, PHRASES['kin'])} a eu une {self._of(rng, PHRASES['ills'])}",
            f"rendez-vous {self._of(rng, PHRASES['places'])} {self._hour(rng)}",
            f"Absent pour {self._of(rng, PHRASES['ills'])}",
            f"{self._of(rng, PHRASES['kin'])} est {self._of(rng, PHRASES['places'])}",
            f"{self._of(rng, PHRASES['reasons'])} : {self._of(rng, PHRASES['ills'])}",
        )
        text = self._of(rng, forms)
        return text[:1].upper() + text[1:] if rng.random() < 0.5 else text

    def _request(self, rng: np.random.Generator) -> str:
        return self._of(rng, PHRASES["requests"])

    def _medicine(self, rng: np.random.Generator) -> str:
        how = self._of(rng, ("", " x 3/jour", " matin et soir", " : 1 cp le soir", " si douleur"))
        return self._of(rng, PHRASES["drugs"]) + how

    def _sum(self, rng: np.random.Generator) -> str:
        euros = int(rng.integers(1, 2000))
        return self._of(rng, (f"{euros} €", f"{euros},{int(rng.integers(100)):02d} €", f"{euros} euros", f"{euros}€50"))

    def _number(self, rng: np.random.Generator) -> str:
        digits = "".join(str(d) for d in rng.integers(0, 10, int(rng.integers(2, 9))))
        return self._of(rng, ("n° ", "N° ", "dossier ", "", "réf. ", "(", "salle ")) + digits
