from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from papier.errors import DefinitionError, UsageError
from papier.forms import definition as d
from papier.forms.parsing import load_form, parse_form

HEAD = "form: carnet/essai\nversion: 1\ntitle: Essai\nformat: A5\n"

COMPLETE = """\
form: carnet/absence
version: 3
title: {fr: Bulletin d'absence, en: Absence slip}
summary: Une absence
format: A4 paysage
languages: [fr, en]
paper: jaune
recto_verso: true
instructions: false
retention: {duration: année scolaire, basis: "R131-6"}
law:
  - {text: "L'absence est signalée", source: "Code de l'éducation, R131-5"}
  - {text: UNVERIFIED, source: x, sure: false}
blocks:
  - heading: {text: {fr: L'élève, en: The pupil}, level: 2}
  - {heading: Suite, same_page: true}
  - text: "Madame, Monsieur {prenom} {nom}"
  - text: {text: Petit, style: small, align: center}
  - notice: À rendre
  - address: ["{organisme}", "{code_postal} {ville}"]
  - space: 5
  - page_break
  - comb: nom
    label: Nom
    help: En capitales
    content: letters
    cells: 24
    required: true
    roster: nom
    prefill: false
    accept: 0.99
    two_readers: true
    paper_only: true
  - {comb: debut, label: Début, content: date, min: 2026-01-01, max: 2026-12-31}
  - {comb: heure, label: Heure, content: hour, min: 07:30}
  - {comb: classe, label: Classe, content: class, choices: [6A, 6B], pattern: "[0-9][A-Z]"}
  - {comb: siret, label: SIRET, content: digits, cells: 14, check_key: luhn}
  - {comb: nir, label: NIR, content: nir}
  - tick: motif
    label: Motif
    columns: 2
    multiple: true
    options: {maladie: Maladie, non: {fr: Non, en: No}, 1: Un, 6e: Sixième}
  - {yesno: certificat, label: Certificat}
  - {grid: jours, label: Jours, rows: {lundi: Lundi}, options: {matin: Matin, midi: Midi}, multiple: true}
  - {lines: observations, label: Observations, count: 4}
  - {signature: signature, label: Signature, height: 18, width: 70}
  - {typed: etiquette, label: Étiquette, height: 12.5}
  - table: appel
    label: Appel
    rows: {roster: true, maximum: 32, group: classe}
    columns:
      - {text: eleve, label: Élève, width: 60, roster: "{nom} {prenom}"}
      - {tick: absent, label: Absent}
      - {tick: repas, label: Repas, options: {oui: Oui, non: Non}}
      - {comb: heure, label: Heure, content: hour}
  - {table: semaine, label: Semaine, rows: {lundi: Lundi, 2: Deux}, columns: [{tick: a, label: A}]}
  - {table: liste, label: Liste, rows: 30, columns: [{text: nom, label: Nom, roster: nom}]}
  - row:
      - {comb: a, label: A, content: mixed, cells: 3}
      - {comb: b, label: B, content: number, cells: 3, min: 1, max: 99}
    widths: [2, 1]
  - office:
      title: Cadre réservé
      blocks: [{comb: recu, label: Reçu, content: date}]
"""


def messages(blocks: str, head: str = HEAD) -> list[str]:
    definition, problems = parse_form(head + "blocks:\n" + blocks, "f.yaml")
    assert (definition is None) == bool(problems)
    assert all(problem.message.rstrip().endswith((".", "?")) for problem in problems)
    return [str(problem) for problem in problems]


def parsed() -> d.FormDefinition:
    definition, problems = parse_form(COMPLETE, "absence.yaml")
    assert not problems
    assert definition is not None
    return definition


def field(name: str) -> d.Field:
    return next(field for field in parsed().fields() if field.field == name)


def test_everything_about_the_form_is_read() -> None:
    form = parsed()
    assert (form.form, form.version, form.format) == ("carnet/absence", 3, d.PageFormat.A4_LANDSCAPE)
    assert form.title.in_("en") == "Absence slip"
    assert (form.languages, form.paper, form.recto_verso, form.instructions) == (("fr", "en"), "jaune", True, False)
    assert form.retention == d.Retention("année scolaire", d.Wording({"fr": "R131-6"}))
    assert [law.sure for law in form.law] == [True, False]
    assert form.path == "absence.yaml"


def test_blocks_know_their_lines_and_long_forms() -> None:
    blocks = parsed().blocks
    assert blocks[0] == d.Heading(text=d.Wording({"fr": "L'élève", "en": "The pupil"}), level=2, line=15)
    assert blocks[1] == d.Heading(text=d.Wording({"fr": "Suite"}), same_page=True, line=16)
    assert blocks[3] == d.Paragraph(text=d.Wording({"fr": "Petit"}), style="small", align="center", line=18)
    assert blocks[5] == d.Address(lines=("{organisme}", "{code_postal} {ville}"), line=20)
    assert isinstance(blocks[7], d.PageBreak)


def test_a_comb_says_all_it_demands() -> None:
    assert field("nom") == d.CombField(
        line=23,
        field="nom",
        label=d.Wording({"fr": "Nom"}),
        help=d.Wording({"fr": "En capitales"}),
        content=d.CombContent.LETTERS,
        cells=24,
        demand=d.Demand(required=True, roster="nom", prefill=False, accept=0.99, two_readers=True, paper_only=True),
    )
    debut = field("debut")
    assert isinstance(debut, d.CombField)
    assert (debut.cells, debut.demand.minimum, debut.demand.maximum) == (8, "2026-01-01", "2026-12-31")
    assert field("heure").demand.minimum == "07:30"
    classe = field("classe")
    assert isinstance(classe, d.CombField)
    assert (classe.cells, classe.demand.choices) == (2, ("6A", "6B"))


def test_the_default_demand_is_the_dataclass_default() -> None:
    assert field("signature").demand == d.Demand()
    assert field("nir").demand == d.Demand(check_key="nir")


def test_option_identifiers_are_strings_in_order() -> None:
    motif = field("motif")
    assert isinstance(motif, d.TickField)
    assert list(motif.options) == ["maladie", "non", "1", "6e"]
    certificat = field("certificat")
    assert isinstance(certificat, d.TickField)
    assert [certificat.options[o].in_("uk") for o in ("oui", "non")] == ["Так", "Ні"]
    assert not certificat.multiple


def test_tables() -> None:
    appel, semaine, liste = field("appel"), field("semaine"), field("liste")
    assert isinstance(appel, d.TableField)
    assert isinstance(semaine, d.TableField)
    assert isinstance(liste, d.TableField)
    assert (appel.roster_rows, appel.row_count, appel.group_by, appel.rows) == (True, 32, "classe", {})
    assert [column.kind for column in appel.columns] == ["text", "tick", "tick", "comb"]
    assert (appel.columns[3].content, appel.columns[3].cells) == (d.CombContent.HOUR, 4)
    assert (list(semaine.rows), semaine.row_count, semaine.roster_rows) == (["lundi", "2"], 2, False)
    assert (liste.row_count, liste.columns[0].roster) == (30, "{nom}")


def test_rows_and_office_hold_fields() -> None:
    assert {"a", "b", "recu"} <= {field.field for field in parsed().fields()}
    row = next(block for block in parsed().blocks if isinstance(block, d.Row))
    assert row.widths == (2.0, 1.0)


@pytest.mark.parametrize(
    ("blocks", "expected"),
    [
        (
            "  - {comb: debut, label: A,\n     content: dat}",
            "f.yaml:7: field `debut`: unknown content `dat`. Did you mean `date`?",
        ),
        ("  - {cmb: a, label: A}", "unknown block `cmb`. Did you mean `comb`?"),
        ("  - {label: A, wat: b}", "unknown block `wat`. Known are: `heading`"),
        ("  - {comb: a, tick: b}", "`comb` and `tick` stand in one block"),
        (
            "  - comb: a\n    lable: A\n    content: date",
            "f.yaml:7: field `a`: unknown key `lable`. Did you mean `label`?",
        ),
        ("  - comb: a\n    content: date", "field `a`: `label` is missing"),
        ("  - {comb: a, label: A}", "field `a`: `content` is missing"),
        ("  - {comb: a, label: A, content: letters}", "field `a`: `cells` is missing"),
        ("  - {comb: a, label: A, content: date, cells: 6}", "`date` always has 8 cells"),
        ("  - {comb: a, label: A, content: letters, cells: 0}", "`cells` is `0`. Write a whole number"),
        ("  - {comb: 1a, label: A, content: date}", "`comb` is `1a`. Use small letters"),
        ("  - {comb: a, label: , content: date}", "`label` is empty"),
        ("  - {comb: a, label: {en: A}, content: date}", "`label` has no French text. Add `fr: …`"),
        ("  - {comb: a, label: {fr: A, enn: B}, content: date}", "unknown language `enn`. Did you mean `en`?"),
        ("  - {comb: a, label: {fr: Nom, prénom}, content: date}", "Put quotes around a text that contains a comma"),
        ("  - {comb: a, label: A, content: date, min: 2026-02-30}", "`min` is `2026-02-30`. Write a date that exists"),
        ("  - {comb: a, label: A, content: hour, max: 24:00}", "`max` is `24:00`. Write an hour"),
        ("  - {comb: a, label: A, content: number, cells: 3, min: x}", "`min` is `x`. Write a number"),
        ("  - {comb: a, label: A, content: number, cells: 3, min: 9, max: 10, choices: [11]}", "`11` lies outside"),
        ("  - {comb: a, label: A, content: number, cells: 3, min: 10, max: 9}", "`max` (9) comes before `min` (10)"),
        ("  - {comb: a, label: A, content: number, cells: 2, max: 100}", "`max` is `100`, longer than 2 cells"),
        ("  - {comb: a, label: A, content: date, min: 2026-02-01, max: 2026-01-01}", "comes before `min`"),
        ("  - {comb: a, label: A, content: letters, cells: 4, min: 2}", "`min` has no meaning for `letters`"),
        ("  - {comb: a, label: A, content: letters, cells: 4, choices: [OUI, PEUTÊTRE]}", "needs 8 cells, there are 4"),
        ("  - {comb: a, label: A, content: letters, cells: 4, choices: [A1]}", "`A1` does not fit `letters`"),
        ("  - {comb: a, label: A, content: class, choices: [6A, 6A]}", "the choice `6A` stands twice"),
        ("  - {comb: a, label: A, content: class, choices: [6A, B6], pattern: '[0-9][A-Z]'}", "`B6` does not match"),
        ("  - {comb: a, label: A, content: mixed, cells: 4, pattern: '[a'}", "`pattern` is not a regular expression"),
        ("  - {comb: a, label: A, content: digits, cells: 2, pattern: '[0-9]{3}'}", "fits no value of at most 2"),
        ("  - {comb: a, label: A, content: postcode, pattern: '72'}", "fits no value of 5 characters"),
        (
            "  - {comb: a, label: A, content: digits, cells: 9, check_key: luhm}",
            "unknown check_key `luhm`. Did you mean",
        ),
        (
            "  - {comb: a, label: A, content: letters, cells: 9, check_key: luhn}",
            "`letters` cannot carry the key `luhn`",
        ),
        ("  - {comb: a, label: A, content: date, roster: Date de naissance}", "`roster` is `Date de naissance`. Write"),
        ("  - {comb: a, label: A, content: date, prefill: false}", "`prefill` says nothing without `roster`"),
        ("  - {comb: a, label: A, content: date, accept: 99.9}", "`accept` is `99.9`. Write a number from 0.5 to 1"),
        ("  - {comb: a, label: A, content: date, required: peut-être}", "`required` is `peut-être`. Write `true`"),
        ("  - {tick: a, label: A}", "`options` is missing"),
        ("  - {tick: a, label: A, options: {}}", "`options` is empty"),
        ("  - {tick: a, label: A, options: [oui, non]}", "Give each an identifier"),
        ("  - {tick: a, label: A, options: {congé: Congé}}", "`congé` is not an identifier"),
        ("  - {tick: a, label: A, options: {b: B, b: C}}", "`b` stands twice"),
        ("  - {tick: a, label: A, options: {b: B}, cells: 3}", "unknown key `cells`"),
        ("  - {grid: a, label: A, options: {b: B}}", "`rows` is missing"),
        ("  - {lines: a, label: A, count: trois}", "`count` is `trois`. Write a whole number"),
        ("  - {signature: a, label: A, height: '2,5'}", "with a point, not a comma"),
        ("  - {table: a, label: A, rows: 0, columns: [{tick: b, label: B}]}", "`rows` is `0`"),
        ("  - {table: a, label: A, rows: {roster: true}, columns: [{tick: b, label: B}]}", "`maximum` is missing"),
        (
            "  - {table: a, label: A, rows: 2, columns: [{tick: b, label: B}, {comb: b, label: B, content: date}]}",
            "column `b` stands twice",
        ),
        ("  - {table: a, label: A, rows: 2, columns: [{tik: b, label: B}]}", "unknown kind of column `tik`"),
        (
            "  - {table: a, label: A, rows: 2, columns: [{comb: b, label: B, content: letters}]}",
            "field `a`, column `b`: `cells` is missing",
        ),
        (
            "  - {table: a, label: A, rows: 2, columns: [{text: b, label: B, roster: '{Nom}'}]}",
            "`{Nom}` is not a roster column",
        ),
        (
            "  - {yesno: a, label: A}\n  - {yesno: a, label: B}",
            "f.yaml:7: field `a`: the identifier is already taken on line 6",
        ),
        ("  - row: [{yesno: a, label: A}, {yesno: a, label: B}]", "already taken"),
        ("  - {yesno: a, label: A}\n  - office: {blocks: [{yesno: a, label: A}]}", "already taken"),
        ("  - row: [{office: {blocks: [{space: 2}]}}]", "`office` cannot stand inside a row"),
        ("  - office: {blocks: [page_break]}", "`page_break` cannot stand inside an office block"),
        ("  - row: [{space: 2}, {space: 3}]\n    widths: [1]", "f.yaml:7: `row`: `widths` has 1 numbers for 2 blocks"),
        ("  - row: {comb: a}", "`row` needs a list of blocks"),
        ("  - page_break\n  - {space: 2}", "f.yaml:6: `page_break` stands where a page begins already"),
        ("  - {space: 2}\n  - page_break", "f.yaml:7: `page_break` is the last block"),
        ("  - {space: 2}\n  - page_break\n  - page_break\n  - {space: 2}", "f.yaml:8: `page_break` stands where"),
        ("  - page_brake", "`page_brake` is not a block. Did you mean `page_break`?"),
        ("  - Bonjour", "Write `- text: …` for a paragraph"),
        ("  -", "a block is missing here"),
        ("  - text: 'Bonjour {Prénom}'", "`{Prénom}` is not a roster column"),
        ("  - text: {fr: 'Bonjour {nom}', en: 'Hello {nom'}", "a brace has no partner"),
        ("  - text: {text: A, style: gras}", "unknown style `gras`. Known are: `normal`, `small`, `bold`"),
        ("  - address: 'M. le Maire'", "`address` is `M. le Maire`. Write a list"),
        ("  - address: ['{a} }']", "a brace has no partner"),
        ("  - notice: À vérifier (UNVERIFIED)", "a text marked UNVERIFIED must not be printed"),
        ("  - space: -3", "`space` is `-3`"),
        ("  []", "`blocks` is empty"),
    ],
)
def test_each_mistake_is_told_once_with_its_line(blocks: str, expected: str) -> None:
    found = messages(blocks)
    assert len(found) == 1, found
    assert expected in found[0]
    assert found[0].startswith("f.yaml:")


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (HEAD.replace("carnet/essai", "Absence"), "f.yaml:1: `form` is `Absence`. Write `family/name`"),
        (HEAD.replace("version: 1", "version: 0"), "f.yaml:2: `version` is `0`. Write a whole number from 1"),
        (HEAD.replace("version: 1", "version: 1.5"), "f.yaml:2: `version` is `1.5`"),
        (HEAD.replace("version: 1\n", ""), "f.yaml:1: `version` is missing"),
        (HEAD.replace("Essai", "{en: Test}"), "f.yaml:3: `title` has no French text"),
        (HEAD.replace("A5", "a5"), "f.yaml:4: unknown format `a5`. Did you mean `A5`?"),
        (HEAD + "languages: [fr, de]\n", "unknown languages `de`"),
        (HEAD + "languages: [fr, fr]\n", "names one language twice"),
        (HEAD + "languages: [fr, en, ar]\n", "Keep 2 at most"),
        (HEAD + "paper: violet\n", "unknown paper `violet`"),
        (HEAD + "retention: 3 mois\n", "retention: `duration` is `3 mois`. Write `année scolaire` or"),
        (HEAD + "retention: P0M\n", "retention: `duration` is `P0M`"),
        (HEAD + "retention: {basis: x}\n", "retention: `duration` is missing"),
        (HEAD + "law:\n  - {text: UNVERIFIED, source: x}\n", "f.yaml:6: a text marked UNVERIFIED"),
        (HEAD + "law:\n  - {text: x}\n", "law: `source` is missing"),
        (HEAD + "recto-verso: true\n", "unknown key `recto-verso`. Did you mean `recto_verso`?"),
    ],
)
def test_mistakes_of_the_head(head: str, expected: str) -> None:
    found = messages("  - {space: 2}\n", head)
    assert len(found) == 1, found
    assert expected in found[0]


def test_all_problems_come_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "absence.yaml"
    path.write_text(
        "form: x\nversion: 1\ntitle: A\nblocks:\n  - {comb: a, label: A, content: dat}\n  - {tick: b}\n", "utf-8"
    )
    with pytest.raises(DefinitionError, match=r"absence\.yaml:5: field `a`: unknown content `dat`") as raised:
        load_form(path)
    assert raised.value.exit_code == 3
    assert [problem.line for problem in raised.value.problems] == [1, 1, 5, 6, 6]


def test_a_missing_file_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"There is no file .*none\.yaml"):
        load_form(tmp_path / "none.yaml")


def test_a_file_that_is_no_mapping_is_told() -> None:
    definition, problems = parse_form("- a\n- b\n")
    assert definition is None
    assert "a list" in problems[0].message


def test_a_blank_form_is_told_from_a_form_to_print() -> None:
    _, problems = parse_form("form: a/b\nversion: 1\ntitle: A\npages: []\n")
    assert "papier read --form" in problems[0].message


@pytest.mark.parametrize("line", range(1, COMPLETE.count("\n") + 1))
def test_a_form_with_a_line_lost_is_a_form_or_a_list_of_problems(line: int) -> None:
    lines = COMPLETE.splitlines()
    del lines[line - 1]
    definition, problems = parse_form("\n".join(lines))
    assert (definition is None) == bool(problems)


@pytest.mark.parametrize(
    "value", ["[]", "{}", "[x]", "{x: y}", "''", "~", "x", "-1", "[[x]]", "{roster: true}", "[{}]"]
)
def test_no_wrong_value_under_any_key_crashes(value: str) -> None:
    for number, line in enumerate(COMPLETE.splitlines()):
        key, colon, _ = line.partition(": ")
        if not colon or "{" in key:
            continue
        lines = COMPLETE.splitlines()
        lines[number] = f"{key}: {value}"
        definition, problems = parse_form("\n".join(lines))
        assert (definition is None) == bool(problems)


def test_definitions_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        parsed().version = 4  # type: ignore[misc]
