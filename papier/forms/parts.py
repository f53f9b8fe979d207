"""Groups of questions that many forms share, from `parts.yaml` beside the shipped forms.

A form writes `- part: eleve`; the part's blocks then stand there as if they had been written out, on the line of that
word, so that a mistake or an overflow is reported where the form's author can mend it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from papier.errors import DefinitionError
from papier.forms.shipped import shipped_folder
from papier.yaml_source import Node, Proofreader, load_yaml

FILE = "parts.yaml"


@cache
def parts() -> Mapping[str, Node]:
    """The list of blocks of each part, by its name; raises DefinitionError when the file is broken."""
    folder = shipped_folder()
    if folder is None:
        return {}
    node, problems = load_yaml(folder / FILE)
    if problems or node is None:
        raise DefinitionError(folder / FILE, problems)
    return node.entries


def blocks_of_part(name: str, place: Node) -> tuple[Node, ...]:
    """The blocks of a known part, as if written at `place`."""
    return tuple(_moved(block, place) for block in parts()[name].members)


def _moved(node: Node, place: Node) -> Node:
    content = node.content
    if isinstance(content, tuple):
        content = tuple(_moved(member, place) for member in content)
    elif isinstance(content, Mapping):
        content = {key: _moved(entry, place) for key, entry in content.items()}
    return Node(place.path, place.line, content)


@dataclass(frozen=True)
class PartName:
    """The name of a part."""

    def read(self, node: Node, proof: Proofreader, what: str) -> str | None:
        return proof.one_of(node, what, parts())

    def schema(self) -> dict[str, Any]:
        return {"enum": list(parts())}
