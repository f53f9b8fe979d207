"""The settings of an office, `papier.yaml`: one flat list of what it says of itself, and a section a station.

Each station reads its own section with `read_section`, and tells every mistake in it with its line.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from papier.errors import DefinitionError
from papier.yaml_source import Node, Proofreader, load_yaml


def read_section(path: Path, name: str, known: tuple[str, ...]) -> tuple[Mapping[str, Node], Proofreader]:
    """The entries of section `name`, none where it is not there, with a proofreader for their values.

    An unknown key is a mistake at once. Raises DefinitionError; the caller does after its own reading: `raise_found`.
    """
    proof = Proofreader(place=f"`{name}`")
    if not path.is_file():
        return {}, proof
    node, problems = load_yaml(path)
    if problems:
        raise DefinitionError(path, problems)
    section = node.entries.get(name) if node is not None else None
    if section is None or section.content is None:
        return {}, proof
    entries = proof.entries(section, name) or {}
    for key, entry in entries.items():
        if key not in known:
            proof.report_unknown_key(entry, key, known)
    return {key: entry for key, entry in entries.items() if key in known}, proof


def raise_found(path: Path, proof: Proofreader) -> None:
    """Raise DefinitionError with everything that `proof` has noted, if there is anything."""
    if proof.problems:
        raise DefinitionError(path, proof.problems)
