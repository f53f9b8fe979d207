"""A list of people from a spreadsheet: who gets a sheet, and what is printed on it.

CSV as any office program writes it: comma, semicolon, tab or bar; UTF-8, UTF-16, or the older Windows, Mac and DOS
encodings (`papier.forms.roster_encoding`); quoted cells of several lines. Columns are known by `column_name` of their
header: "Date de naissance" is `date_de_naissance`.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from papier.errors import Problem, UsageError
from papier.forms.roster_encoding import decode_text
from papier.language import translate as _
from papier.yaml_source import read_bytes, suggest

# A town of 100,000 people with thirty columns; a larger file is no roster.
MAX_BYTES = 64_000_000
SEPARATORS = ";,\t|"
# Enough lines to tell a separator from a comma inside an address.
_SAMPLE_LINES = 50
_INVISIBLE = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")
_BLANKS = re.compile("[ \t\u00a0\u2007\u202f]+")
# How a spreadsheet is told that digits are text. An apostrophe before a letter is a name's: 's-Gravenhage.
_TEXT_MARK = re.compile(r"^['’](?=[\d+])")
_TEXT_FORMULA = re.compile(r'^="([^"]*)"$')
# Words that head columns of their own: several of them in one header are several columns.
COLUMN_WORDS = frozenset(
    {"nom", "prenom", "classe", "adresse", "ville", "telephone", "naissance", "organisme", "courriel"}
)


@dataclass(frozen=True, slots=True)
class Person:
    """One record of the roster: the line where it begins (from 1), and its values by column; "" for an empty cell."""

    line: int
    values: Mapping[str, str]


@dataclass(frozen=True)
class Roster:
    """The people of one file. `problems` tells what was wrong with it; people on a wrong line are not in `people`.

    `header_line`: where the columns' names stand.
    """

    path: str
    columns: tuple[str, ...]
    people: tuple[Person, ...]
    problems: tuple[Problem, ...] = ()
    header_line: int = 1


def column_name(header: str) -> str:
    """The identifier of a column: small letters without accents, words joined by `_`."""
    expanded = header.casefold().replace("œ", "oe").replace("æ", "ae")
    plain = "".join(c for c in unicodedata.normalize("NFKD", expanded) if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")


def load_roster(path: Path | str) -> Roster:
    """Read a roster; raises UsageError when the file is not there, cannot be read, or is no table of text."""
    data = read_bytes(path, MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise UsageError(
            _("{path} is larger than {value} MB. Divide it into several files.").format(
                path=path, value=MAX_BYTES // 1_000_000
            )
        )
    if data.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF-")):
        raise UsageError(_("{path} is no CSV file. Open it in the spreadsheet and save it as CSV.").format(path=path))
    return parse_roster(data, str(path))


def parse_roster(data: bytes, path: str = "<text>") -> Roster:
    """The people of a CSV file's bytes, with every problem by line."""
    problems: list[Problem] = []
    text, warning = decode_text(data)
    if "\0" in text:
        problems.append(Problem(path, 1, _("the file is no text. Save the roster as CSV with the encoding UTF-8.")))
        return Roster(path, (), (), tuple(problems))
    if warning:
        problems.append(Problem(path, 1, warning))
    lines = _Lines(text)
    separator = lines.stated_separator or find_separator(text)
    records: list[tuple[int, list[str]]] = []
    try:
        for record in csv.reader(lines, delimiter=separator, strict=True, skipinitialspace=True):
            cells = [clean_cell(cell) for cell in record]
            if any(cells):
                records.append((lines.begun, cells))
            lines.begin()
    except csv.Error:
        problems.append(
            Problem(
                path,
                lines.begun,
                _(
                    "a quotation mark has no partner here. Close it, or double it inside a text. Nothing was "
                    "read from this line on."
                ),
            )
        )
    if not records or not any(column_name(title) for title in records[0][1]):
        problems.append(Problem(path, 1, _("there is no header. Write the columns' names in the first line.")))
        return Roster(path, (), (), tuple(problems))
    (header_line, header), *body = records
    if len(header) == 1 and all(len(cells) == 1 for _line, cells in body) and _names_several(header[0]):
        problems.append(
            Problem(
                path,
                header_line,
                _(
                    "“{header}” was read as one column. Save the roster as CSV with semicolons between the columns, "
                    "and no quotes around whole lines."
                ).format(header=header[0]),
            )
        )
        return Roster(path, (), (), tuple(problems))
    columns = _name_columns(header, body, path, header_line, problems)
    people = []
    for line, cells in body:
        if any(cells[len(header) :]):
            problems.append(
                Problem(
                    path,
                    line,
                    _(
                        "{count} cells for {count2} columns. Put quotes around a text that holds the separator, "
                        "or delete what is too much. Nothing is printed for this line."
                    ).format(count=len(cells), count2=len(header)),
                )
            )
            continue
        padded = cells + [""] * (len(header) - len(cells))
        people.append(Person(line, {name: padded[place] for name, place in columns.items()}))
    if not people and not problems:
        problems.append(Problem(path, header_line, _("nobody stands under the header. Add one line a person.")))
    ordered = tuple(sorted(problems, key=lambda problem: problem.line))
    return Roster(path, tuple(columns), tuple(people), ordered, header_line)


def find_twins(roster: Roster) -> tuple[Problem, ...]:
    """Those who cannot be told apart on paper: the same name, first name and class; one problem a name, at its
    second line.

    They are printed all the same: it may be two people.
    """
    by_name: dict[tuple[str, ...], list[Person]] = {}
    for person in roster.people:
        shown = [person.values.get(column, "") for column in ("nom", "prenom", "classe")]
        if shown[0]:
            by_name.setdefault(tuple(column_name(text) for text in shown), []).append(person)
    return tuple(
        Problem(
            roster.path,
            twins[1].line,
            _(
                "{name} stands on the lines {lines}. One person: delete a line. Two: tell them apart on the paper, as "
                "in “{first}-A” and “{first}-B”, or with the second first name."
            ).format(
                name=" ".join(filter(None, (twins[0].values.get(column) for column in ("nom", "prenom", "classe")))),
                lines=", ".join(str(twin.line) for twin in twins),
                first=twins[0].values.get("prenom") or twins[0].values["nom"],
            ),
        )
        for twins in by_name.values()
        if len(twins) > 1
    )


def split_complete(roster: Roster, columns: Sequence[str]) -> tuple[tuple[Person, ...], tuple[Problem, ...]]:
    """Those who have a value in every one of `columns`, and one problem for each other, so that nobody is printed half.

    A column that the roster lacks altogether is one problem, at the header, and then nobody is complete.
    """
    lacking = [column for column in dict.fromkeys(columns) if column not in roster.columns]
    if lacking:
        there = ", ".join(f"`{name}`" for name in roster.columns) or _("none")
        return (), tuple(
            Problem(
                roster.path,
                roster.header_line,
                _(
                    "the form needs the column `{column}`, the roster has {there}.{hint} Add or rename the column."
                ).format(column=column, there=there, hint=suggest(column, roster.columns)),
            )
            for column in lacking
        )
    complete: list[Person] = []
    problems: list[Problem] = []
    for person in roster.people:
        missing = [f"`{column}`" for column in dict.fromkeys(columns) if not person.values[column]]
        if missing:
            problems.append(
                Problem(
                    roster.path,
                    person.line,
                    _("{listed} is empty. Fill it in; no sheet is printed for this person.").format(
                        listed=" and ".join(missing)
                    ),
                )
            )
        else:
            complete.append(person)
    return tuple(complete), tuple(problems)


def group_people(people: Sequence[Person], group_by: str | None, maximum: int) -> tuple[tuple[Person, ...], ...]:
    """The people of each sheet: those who share the value of `group_by`, at most `maximum` together.

    Groups come in the order in which their first person stands in the roster. A group larger than `maximum` fills
    several sheets; without `group_by` all are one group. Raises UsageError when the roster lacks the column.
    """
    if group_by and any(group_by not in person.values for person in people):
        raise UsageError(
            _("The form makes one sheet of each `{group_by}`. Add the column `{group_by}` to the roster.").format(
                group_by=group_by
            )
        )
    groups: dict[str, list[Person]] = {}
    for person in people:
        groups.setdefault(person.values[group_by] if group_by else "", []).append(person)
    return tuple(
        tuple(group[start : start + maximum]) for group in groups.values() for start in range(0, len(group), maximum)
    )


def find_separator(text: str) -> str:
    """The separator that cuts most of the first lines into as many cells as the header has; a comma for one column."""
    sample = "\n".join(text.splitlines()[:_SAMPLE_LINES])
    best, best_score = ",", (0.0, 0)
    for separator in SEPARATORS:
        reader = csv.reader(io.StringIO(sample, newline=""), delimiter=separator, skipinitialspace=True)
        try:
            widths = [len(record) for record in reader if any(cell.strip() for cell in record)]
        except csv.Error:
            continue
        if not widths or widths[0] < 2:
            continue
        score = (Counter(widths)[widths[0]] / len(widths), widths[0])
        if score > best_score:
            best, best_score = separator, score
    return best


def clean_cell(cell: str) -> str:
    """A cell as it is printed: composed letters, plain spaces, nothing invisible, no white space around its lines.

    What keeps a number's zeros in a spreadsheet goes: the apostrophe of `'0478123456`, the formula of `="0478123456"`.
    """
    text = _INVISIBLE.sub("", unicodedata.normalize("NFC", cell)).replace("\r\n", "\n").replace("\r", "\n")
    text = "\n".join(_BLANKS.sub(" ", line).strip() for line in text.split("\n")).strip()
    return _TEXT_MARK.sub("", _TEXT_FORMULA.sub(r"\1", text))


def _names_several(header: str) -> bool:
    """True where a header is several names that a separator nobody knows holds apart; “Nom et prénom” is one column."""
    words = COLUMN_WORDS & set(column_name(header).split("_"))
    return len(words) > (1 if re.search(r"[;:|]", header) else 2)


class _Lines:
    """The lines of a text for csv.reader, which remember where a record began (from 1).

    `stated_separator`: what a first line `sep=;` says, as spreadsheets write it; that line is then passed over.
    """

    def __init__(self, text: str) -> None:
        self._stream = io.StringIO(text, newline="")
        self._read = 0
        self.begun = 1
        first = re.match(r"(?i)\"?sep=(.)\"?\r?\n", text)
        self.stated_separator = first[1] if first else None
        if first:
            next(self)
            self.begin()

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._stream.readline()
        if not line:
            raise StopIteration
        self._read += 1
        return line

    def begin(self) -> None:
        """The record is read; the next begins on the next line."""
        self.begun = self._read + 1


def _name_columns(
    header: Sequence[str],
    body: Sequence[tuple[int, list[str]]],
    path: str,
    line: int,
    problems: list[Problem],
) -> dict[str, int]:
    """The place of each column by name. A name that stands twice with different values is given to neither."""
    places: dict[str, list[int]] = {}
    for place, title in enumerate(header):
        name = column_name(title)
        if name:
            places.setdefault(name, []).append(place)
    columns: dict[str, int] = {}
    for name, where in places.items():
        if len(where) > 1 and any(len({_cell(cells, place) for place in where}) > 1 for _, cells in body):
            problems.append(
                Problem(
                    path,
                    line,
                    _(
                        "the column `{name}` stands {count} times with different values, so none is used. Give "
                        "each column a name of its own."
                    ).format(name=name, count=len(where)),
                )
            )
        else:
            columns[name] = where[0]
    return columns


def _cell(cells: Sequence[str], place: int) -> str:
    return cells[place] if place < len(cells) else ""
