"""The families of the library: their names, and the first words of their guides, from `families.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from papier.errors import DefinitionError
from papier.forms.definition import Wording
from papier.forms.shapes import Key, Keys, ListOf, Part, TextShape, WordingShape, read_keys
from papier.forms.shipped import shipped_folder
from papier.yaml_source import Proofreader, load_yaml

FILE = "families.yaml"

_POSTER: Keys = {
    "title": Key(WordingShape(), "the poster's first words", needed=True),
    "text": Key(WordingShape(), "what it says", needed=True),
    "forms": Key(ListOf(TextShape()), "the forms that it lists", needed=True),
    "foot": Key(WordingShape(), "its last line", needed=True),
}
_FAMILY: Keys = {
    "title": Key(WordingShape(), "the family's name", needed=True),
    "hands_out": Key(WordingShape(), "who hands its sheets out", needed=True),
    "intro": Key(WordingShape(), "what the guide says first", needed=True),
    "poster": Key(Part({"type": "object"}), "what to hang up"),
}


@dataclass(frozen=True, slots=True)
class Poster:
    """What a family's poster says, and the forms that it lists, by name."""

    title: Wording
    text: Wording
    forms: tuple[str, ...]
    foot: Wording


@dataclass(frozen=True, slots=True)
class Family:
    """A family of forms: `name` is the folder's."""

    name: str
    title: Wording
    hands_out: Wording
    intro: Wording
    poster: Poster | None = None


@cache
def families() -> Mapping[str, Family]:
    """The shipped families by name, in the file's order; raises DefinitionError when the file is broken."""
    folder = shipped_folder()
    if folder is None:
        return {}
    node, problems = load_yaml(folder / FILE)
    proof = Proofreader(list(problems))
    found: dict[str, Family] = {}
    for name, entry in (node.entries if node is not None else {}).items():
        values = read_keys(entry.entries, _FAMILY, proof.within(name), entry)
        if "poster" in values:
            poster = values.pop("poster")
            written = read_keys(poster.entries, _POSTER, proof.within(f"{name}, poster"), poster)
            values["poster"] = Poster(**written) if len(written) == len(_POSTER) else None
        if all(key in values for key, shape in _FAMILY.items() if shape.needed):
            found[name] = Family(name, **values)
    if proof.problems:
        raise DefinitionError(folder / FILE, proof.problems)
    return found


def find_family(name: str) -> Family:
    """The family of that name, else one that bears the folder's name alone."""
    plain = Wording({"fr": name})
    return families().get(name) or Family(name, plain, Wording({"fr": ""}), Wording({"fr": ""}))
