from __future__ import annotations

import codecs
import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from papier.errors import UsageError
from papier.forms.layout import Zone
from papier.forms.roster import (
    Person,
    clean_cell,
    column_name,
    find_separator,
    find_twins,
    group_people,
    load_roster,
    parse_roster,
    split_complete,
)
from papier.forms.roster_values import comb_characters
from papier.geometry import RectMm

TEXT = (
    "Nom;Prénom;Date de naissance;Classe;Adresse\r\n"
    'LEFÈVRE;Éloïse;03/09/2012;6A;"12, rue de l\'Église"\r\n'
    "d’Aubigné;François-Noël;14/02/2013;6A;Fréjus\r\n"
    "MÜLLER;Zoé;01/01/2012;6B;Château-Gontier\r\n"
    "GARÇON;Raphaël;02/08/2012;6B;Besançon\r\n"
)
COLUMNS = ("nom", "prenom", "date_de_naissance", "classe", "adresse")


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "mac_roman", "latin-1", "cp850"]
)
@pytest.mark.parametrize("separator", [";", ",", "\t", "|"])
def test_common_encodings_and_separators(encoding: str, separator: str) -> None:
    rows = list(csv.reader(io.StringIO(TEXT), delimiter=";"))
    if encoding in {"latin-1", "mac_roman", "cp850"}:
        rows = [[cell.replace("’", "'") for cell in row] for row in rows]
    target = io.StringIO()
    csv.writer(target, delimiter=separator).writerows(rows)
    roster = parse_roster(target.getvalue().encode(encoding))
    assert roster.problems == ()
    assert roster.columns == COLUMNS
    assert [list(person.values.values()) for person in roster.people] == rows[1:]


NAMES = [
    "Zoé",
    "LEFÈVRE",
    "FRANÇOIS",
    "Noël",
    "GARÇON",
    "Anaïs",
    "DUPRÉ",
    "Hélène",
    "Jérôme",
    "CÔTE",
    "BÜHLER",
    "Maëlys",
]


@pytest.mark.parametrize("encoding", ["cp1252", "mac_roman"])
@pytest.mark.parametrize("name", NAMES)
def test_one_accent_is_enough_to_tell_the_encoding(name: str, encoding: str) -> None:
    roster = parse_roster(f"nom\n{name}\nMARTIN\n".encode(encoding))
    assert roster.people[0].values["nom"] == name


@pytest.mark.parametrize("name", NAMES)
def test_the_rare_encoding_is_told_or_the_doubt_is(name: str) -> None:
    roster = parse_roster(f"nom\n{name}\nMARTIN\n".encode("cp850"))
    assert roster.people[0].values["nom"] == name or "the encoding cannot be told" in roster.problems[0].message


def test_a_text_of_no_known_encoding_is_told() -> None:
    roster = parse_roster(b"nom\nab\xa4\xa6\xbccd\n")
    assert "the encoding cannot be told" in roster.problems[0].message


def test_lines_are_those_of_the_file() -> None:
    source = 'nom;adresse\n\nA;"1 rue X\n72000 Le Mans"\n;;\nB;2 rue Y\n'
    roster = parse_roster(source.encode())
    assert roster.people == (
        Person(3, {"nom": "A", "adresse": "1 rue X\n72000 Le Mans"}),
        Person(6, {"nom": "B", "adresse": "2 rue Y"}),
    )


def test_a_line_with_too_many_cells_is_told_and_left_out() -> None:
    roster = parse_roster(b"nom,prenom\nA,B\nC,D,E\nF\nG,H,,\n", "6A.csv")
    assert [person.line for person in roster.people] == [2, 4, 5]
    assert roster.people[1].values == {"nom": "F", "prenom": ""}
    assert [str(problem).split(".")[0:2] for problem in roster.problems] == [["6A", "csv:3: 3 cells for 2 columns"]]


def test_an_unclosed_quotation_mark_loses_nobody_silently() -> None:
    roster = parse_roster(b'nom;prenom\nA;B\n"C;D\nE;F\n')
    assert [person.line for person in roster.people] == [2]
    assert [(problem.line, problem.message[:16]) for problem in roster.problems] == [(3, "a quotation mark")]


def test_headers_become_identifiers() -> None:
    assert column_name(" Date de naissance ") == "date_de_naissance"
    assert column_name("Prénom d'usage") == "prenom_d_usage"
    assert column_name("N° de téléphone") == "n_de_telephone"
    assert column_name("Œuvre") == "oeuvre"
    assert column_name("***") == ""


@pytest.mark.parametrize(
    "text",
    [
        "Nom:Prénom:Classe\nMARTIN:Léo:6A\n",
        "Nom Prénom Classe\nMARTIN Léo 6A\n",
        '"Nom;Prénom"\n"MARTIN;Léo"\n',
    ],
)
def test_a_separator_nobody_knows_is_told_and_nothing_else(text: str) -> None:
    roster = parse_roster(text.encode(), "6A.csv")
    assert roster.people == ()
    (problem,) = roster.problems
    assert "was read as one column" in problem.message
    assert "semicolons" in problem.message


@pytest.mark.parametrize("header", ["Nom", "Nom et prénom", "Prénom NOM", "Nom, prénom"])
def test_one_column_of_whole_names_is_one_column(header: str) -> None:
    roster = parse_roster(f'"{header}"\nMARTIN Léo\n'.encode())
    assert (roster.problems, len(roster.people)) == ((), 1)


@pytest.mark.parametrize(
    ("cell", "kept"),
    [
        ("'0478123456", "0478123456"),
        ("’0478123456", "0478123456"),
        ('="0478123456"', "0478123456"),
        ("'+33 4 78 12 34 56", "+33 4 78 12 34 56"),
        ("+33478123456", "+33478123456"),
        ("'s-Gravenhage", "'s-Gravenhage"),
        ("D'ALMEIDA", "D'ALMEIDA"),
    ],
)
def test_what_keeps_zeros_in_a_spreadsheet_is_not_printed(cell: str, kept: str) -> None:
    assert clean_cell(cell) == kept
    # As a spreadsheet writes it: without quotes of its own.
    assert parse_roster(f"nom;telephone\nX;{cell}\n".encode()).people[0].values["telephone"] == kept


def test_a_telephone_number_is_printed_as_it_is_dialled() -> None:
    cells = tuple(RectMm(20 + 6 * at, 60, 6, 8) for at in range(10))
    zone = Zone("telephone", "comb", RectMm(20, 60, 60, 8), content="telephone", cells=cells)
    for written in ("'0478123456", '="0478123456"', "+33478123456", "+33 (0)4 78 12 34 56", "0033478123456"):
        assert comb_characters(zone, clean_cell(written)) == "0478123456"


def test_a_column_that_stands_twice_is_used_only_when_it_says_the_same() -> None:
    same = parse_roster(b"nom;Nom\nA;A\n")
    assert (same.columns, same.problems) == (("nom",), ())
    differs = parse_roster(b"nom;Nom;x\nA;B;1\n")
    assert differs.columns == ("x",)
    assert "stands 2 times with different values" in differs.problems[0].message


def test_the_separator_line_of_spreadsheets_is_obeyed() -> None:
    roster = parse_roster(b"sep=|\r\nnom|a,b\r\nX|1,2\r\n")
    assert roster.columns == ("nom", "a_b")
    assert roster.people[0].line == 3


def test_commas_in_an_address_are_not_the_separator() -> None:
    assert find_separator("nom;adresse, ville\nA;1, rue X, Y\nB;2 rue Z\n") == ";"
    assert find_separator("nom\nA\n") == ","


@pytest.mark.parametrize("source", [b"", b"\n\n", b";;;\n"])
def test_an_empty_roster_is_told(source: bytes) -> None:
    roster = parse_roster(source)
    assert roster.people == ()
    assert "there is no header" in roster.problems[0].message


def test_a_header_alone_is_told() -> None:
    assert "nobody stands under the header" in parse_roster(b"nom;prenom\n").problems[0].message


def test_cells_are_cleaned() -> None:
    assert clean_cell(" e\u0301t\u00a0 e\u200b ") == "ét e"


def test_people_who_miss_a_value_are_told_by_line() -> None:
    roster = parse_roster(b"nom;prenom;classe\nA;B;6A\nC; ;\nD;E;6B\n", "6A.csv")
    complete, problems = split_complete(roster, ["nom", "prenom", "classe", "nom"])
    assert [person.line for person in complete] == [2, 4]
    assert [str(problem) for problem in problems] == [
        "6A.csv:3: `prenom` and `classe` is empty. Fill it in; no sheet is printed for this person."
    ]


def test_a_column_that_is_not_there_is_one_problem() -> None:
    roster = parse_roster(b"\nnom;prenoms\nA;B\nC;D\n", "6A.csv")
    complete, problems = split_complete(roster, ["nom", "prenom"])
    assert complete == ()
    assert len(problems) == 1
    assert problems[0].line == 2
    assert "Did you mean `prenoms`?" in problems[0].message


def test_groups_keep_order_and_lose_nobody() -> None:
    people = [Person(n, {"classe": c}) for n, c in enumerate("BABAB", start=2)]
    groups = group_people(people, "classe", 2)
    assert [[person.line for person in group] for group in groups] == [[2, 4], [6], [3, 5]]
    assert [len(group) for group in group_people(people, None, 2)] == [2, 2, 1]
    with pytest.raises(UsageError, match="Add the column `groupe`"):
        group_people(people, "groupe", 2)


def test_who_cannot_be_told_apart_on_paper_is_told() -> None:
    text = (
        "Nom;Prénom;Classe\nMARTIN;Jules;6A\nMARTIN;Jules;6B\nMartin;jules;6A\nMARTIN;;6A\n;;6A\n;;6A\nMARTIN;Zoé;6A\n"
    )
    (twins,) = find_twins(parse_roster(text.encode(), "6A.csv"))
    assert str(twins).startswith("6A.csv:4: ")
    assert "MARTIN Jules 6A" in twins.message
    assert "2, 4" in twins.message


def test_files_that_are_no_csv(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no file"):
        load_roster(tmp_path / "none.csv")
    sheet = tmp_path / "liste.xlsx"
    sheet.write_bytes(b"PK\x03\x04rest")
    with pytest.raises(UsageError, match="save it as CSV"):
        load_roster(sheet)
    with pytest.raises(UsageError, match="cannot be read"):
        load_roster(tmp_path)
    (tmp_path / "6A.csv").write_bytes(codecs.BOM_UTF8 + b"nom\nA\n")
    assert load_roster(tmp_path / "6A.csv").people == (Person(2, {"nom": "A"}),)


@given(st.binary(max_size=300))
def test_no_bytes_crash(data: bytes) -> None:
    parse_roster(data)


CELLS = st.text(alphabet=st.sampled_from("abéÉ ;,|\"'\n-9"), max_size=8)


@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1, max_size=6))
def test_what_a_spreadsheet_writes_comes_back_whole(rows: list[list[str]]) -> None:
    target = io.StringIO()
    csv.writer(target, delimiter=";", quoting=csv.QUOTE_ALL).writerows([["a", "b", "c"], *rows])
    roster = parse_roster(target.getvalue().encode())
    cleaned = [[clean_cell(cell) for cell in row] for row in rows]
    assert [list(person.values.values()) for person in roster.people] == [row for row in cleaned if any(row)]
