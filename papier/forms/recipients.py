"""The directory of recipients: who letters go to, dated and sourced, from `recipients.yaml` or `recipients.csv`.

An office's own directory lies beside its own forms and goes before the shipped one.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from papier.errors import DefinitionError, Problem, UsageError
from papier.forms.roster import column_name
from papier.forms.roster_encoding import decode_text
from papier.forms.shapes import FlagShape, Key, Keys, TextShape, is_iso_date, read_keys
from papier.language import translate as _
from papier.yaml_source import Node, Proofreader, load_yaml, suggest_or_list

FILE = "recipients.yaml"
# The same as a table: one recipient a line, its name in the column `nom`, the others named as the keys of the YAML.
TABLE = "recipients.csv"
# A line of an address on an envelope (La Poste, six lines of 38 characters).
LONGEST_LINE = 38

# The word that a letter's columns bear, and the recipient of the directory.
INSTITUTIONS = {"cnil": "cnil", "cada": "cada", "defenseur": "defenseur-des-droits"}

_TEXT = TextShape()
_RECIPIENT: Keys = {
    "organisme": Key(_TEXT, "the office's name, first line", needed=True),
    "service": Key(_TEXT, "the department, second line", needed=True),
    "adresse": Key(_TEXT, "number and street, or the box", needed=True),
    "code_postal": Key(_TEXT, "five digits, in quotes", needed=True),
    "ville": Key(_TEXT, "the town, in capitals", needed=True),
    "source": Key(_TEXT, "where the address was read", needed=True),
    "checked": Key(_TEXT, "the day it was read, YYYY-MM-DD", needed=True),
    "example": Key(FlagShape(), "not a real address"),
}


@dataclass(frozen=True, slots=True)
class Recipient:
    """One addressee. `checked` is the day its address was read at `source`."""

    name: str
    organisme: str
    service: str
    adresse: str
    code_postal: str
    ville: str
    source: str
    checked: dt.date
    example: bool = False

    def columns(self) -> dict[str, str]:
        """The values of the columns that an address block prints."""
        return {
            "organisme": self.organisme,
            "service": self.service,
            "adresse_organisme": self.adresse,
            "code_postal_organisme": self.code_postal,
            "ville_organisme": self.ville,
        }


def list_recipients(folders: Sequence[Path]) -> dict[str, Recipient]:
    """Every recipient by name, an earlier folder's first, YAML before CSV; raises DefinitionError for a wrong file."""
    found: dict[str, Recipient] = {}
    for folder in folders:
        for name in (FILE, TABLE):
            if (folder / name).is_file():
                found = load_recipients(folder / name) | found
    return found


def institution_columns(folders: Sequence[Path]) -> dict[str, str]:
    """The columns of the letters to institutions, `{cnil}`, `{adresse_cnil}` …, as far as the directory knows them."""
    known = list_recipients(folders)
    columns: dict[str, str] = {}
    for word, name in INSTITUTIONS.items():
        if name in known and not known[name].example:
            recipient = known[name]
            columns |= {
                word: recipient.organisme,
                f"adresse_{word}": recipient.adresse,
                f"code_postal_{word}": recipient.code_postal,
                f"ville_{word}": recipient.ville,
            }
    return columns


def find_recipient(name: str, folders: Sequence[Path]) -> Recipient:
    """The recipient of that name; raises UsageError with the nearest names when there is none."""
    known = list_recipients(folders)
    if name not in known:
        raise UsageError(
            _("There is no recipient `{name}`.{hint} Add it to {file} beside your own forms.").format(
                name=name, hint=suggest_or_list(name, known), file=FILE
            )
        )
    return known[name]


def load_recipients(path: Path) -> dict[str, Recipient]:
    """The recipients of one file; raises DefinitionError with every mistake and its line."""
    node, problems = _load_table(path) if path.suffix == ".csv" else load_yaml(path)
    proof = Proofreader(list(problems))
    found: dict[str, Recipient] = {}
    for name, entry in (proof.entries(node, "recipients") or {} if node is not None else {}).items():
        recipient = _read(name, entry, proof.within(f"recipient `{name}`"))
        if recipient is not None:
            found[name] = recipient
    if proof.problems:
        raise DefinitionError(path, proof.problems)
    return found


def _load_table(path: Path) -> tuple[Node, list[Problem]]:
    """A CSV file as the YAML says the same: one mapping a line, without the cells that are empty."""
    text, _encoding = decode_text(path.read_bytes())
    head = text.split("\n", 1)[0]
    reader = csv.DictReader(io.StringIO(text), delimiter=";" if head.count(";") >= head.count(",") else ",")
    reader.fieldnames = [column_name(column) for column in reader.fieldnames or ()]
    recipients: dict[str, Node] = {}
    problems: list[Problem] = []
    for row in reader:
        line = reader.line_num
        cells = {key: value.strip() for key, value in row.items() if isinstance(key, str) and (value or "").strip()}
        name = cells.pop("nom", "")
        if not name or name in recipients:
            problems.append(
                Problem(str(path), line, _("each recipient needs a name of its own in the column `nom`. Write one."))
            )
            continue
        recipients[name] = Node(str(path), line, {key: Node(str(path), line, value) for key, value in cells.items()})
    return Node(str(path), 1, recipients), problems


def _read(name: str, node: Node, proof: Proofreader) -> Recipient | None:
    entries = proof.entries(node, name)
    if entries is None:
        return None
    before = len(proof.problems)
    values = read_keys(entries, _RECIPIENT, proof, node)
    last = f"{values.get('code_postal', '')} {values.get('ville', '')}"
    lines = {key: values.get(key, "") for key in ("organisme", "service", "adresse")} | {"ville": last}
    for key, line in lines.items():
        if len(line) > LONGEST_LINE:
            proof.report(
                entries[key],
                _("the line “{line}” has {count} characters; an envelope takes {longest_line}. Shorten it.").format(
                    line=line, count=len(line), longest_line=LONGEST_LINE
                ),
            )
    ville = values.get("ville", "")
    if ville != ville.upper():
        proof.report(
            entries["ville"],
            _("the town is written in capitals on an envelope. Write `{upper}`.").format(upper=ville.upper()),
        )
    postcode = values.get("code_postal", "00000")
    if len(postcode) != 5 or not postcode.isdecimal():
        proof.report(
            entries["code_postal"],
            _("`code_postal` is `{postcode}`. Write five digits, in quotes.").format(postcode=postcode),
        )
    checked = values.get("checked", "2000-01-01")
    if not is_iso_date(checked):
        proof.report(
            entries["checked"], _("`checked` is `{checked}`. Write the day as in `2026-09-01`.").format(checked=checked)
        )
    if len(proof.problems) > before:
        return None
    return Recipient(name, **(values | {"checked": dt.date.fromisoformat(checked)}))
