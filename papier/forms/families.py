"""The families of the library: their names, and the first words of their guides, from `families.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from papier.errors import DefinitionError
from papier.forms.definition import Wording
from papier.forms.shapes import Key, Keys, WordingShape, read_keys
from papier.forms.shipped import shipped_folder
from papier.yaml_source import Proofreader, load_yaml

FILE = "families.yaml"

_FAMILY: Keys = {
    "title": Key(WordingShape(), "the family's name", needed=True),
    "hands_out": Key(WordingShape(), "who hands its sheets out", needed=True),
    "intro": Key(WordingShape(), "what the guide says first", needed=True),
}


@dataclass(frozen=True, slots=True)
class Family:
    """A family of forms: `name` is the folder's."""

    name: str
    title: Wording
    hands_out: Wording
    intro: Wording


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
        if len(values) == len(_FAMILY):
            found[name] = Family(name, **values)
    if proof.problems:
        raise DefinitionError(folder / FILE, proof.problems)
    return found


def find_family(name: str) -> Family:
    """The family of that name, else one that bears the folder's name alone."""
    plain = Wording({"fr": name})
    return families().get(name) or Family(name, plain, Wording({"fr": ""}), Wording({"fr": ""}))
