from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from papier.errors import UsageError
from papier.yaml_source import MAX_BYTES, load_yaml, parse_yaml, suggest


def test_every_value_knows_its_line() -> None:
    node, problems = parse_yaml("a: 1\nb:\n  - x\n  - {y: z,\n     w: v}\nc: |\n  long\n  text\n")
    assert not problems
    assert node is not None
    assert [entry.line for entry in node.entries.values()] == [1, 2, 6]
    assert [member.line for member in node.entries["b"].members] == [3, 4]
    assert node.entries["b"].members[1].entries["w"].line == 5


def test_scalars_stay_as_written() -> None:
    node, _ = parse_yaml("non: oui\n1: 07:30\n6e: 2026-09-01\nno: 0123\nnull: ~\nx: '~'\n")
    assert node is not None
    texts = {key: entry.text for key, entry in node.entries.items()}
    assert texts == {"non": "oui", "1": "07:30", "6e": "2026-09-01", "no": "0123", "null": None, "x": "~"}


@pytest.mark.parametrize(
    ("source", "line", "part"),
    [
        (b"a: 1\nb: 2\na: 3\n", 3, "`a` stands twice (first on line 1)"),
        (b"a:\n\tb: 1\n", 2, "a tab stands here"),
        (b"a: 1\nlabel: Nom : x: y\n", 2, "put quotes around"),
        (b"- text: {prenom} {nom}\n", 1, "put quotes around"),
        (b"", 1, "the file is empty"),
        (b"# nothing\n\n", 1, "the file is empty"),
        (b"a: 1\nb: \xe9t\xe9\n", 2, "not UTF-8"),
        (b"a: 1\nb: x\x00\n", 2, "control character (U+0000)"),
        (b"a: &x [1, 2]\nb: *x\n", 1, "anchors and aliases"),
        (b"a: 1\nb: *x\n", 2, "anchors and aliases"),
        (b"a: !!python/object/apply:os.system ['true']\n", 1, "tags are not taken"),
        (b"a: 1\n---\nb: 2\n", 2, "second document"),
        (b"? [a, b]\n: c\n", 1, "a key must be a word"),
        (b"a: '\n", 2, "this is not YAML"),
        (b"[" * 100_000, 1, "levels"),
        (b"a: " + b"x" * MAX_BYTES, 1, "larger than"),
    ],
)
def test_broken_files_are_told_with_line_and_remedy(source: bytes, line: int, part: str) -> None:
    _, problems = parse_yaml(source, "f.yaml")
    assert [problem.line for problem in problems] == [line]
    assert part in str(problems[0])
    assert str(problems[0]).startswith(f"f.yaml:{line}: ")
    assert problems[0].message.endswith(".")


def test_a_byte_order_mark_is_no_part_of_the_first_key() -> None:
    node, problems = parse_yaml("\ufefftitre: é".encode())
    assert not problems
    assert node is not None
    assert list(node.entries) == ["titre"]


def test_a_bomb_of_aliases_is_refused_at_once() -> None:
    levels = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30))
    node, problems = parse_yaml(f"a0: &a0 x\n{levels}\n")
    assert node is None
    assert len(problems) == 1


@given(st.binary(max_size=200))
@example(b"\xff\xfea\x00")
@example(b"%YAML 9.9\n---\na")
@example(b"a: \xef\xbf\xbf")
def test_no_bytes_crash_the_parser(source: bytes) -> None:
    node, problems = parse_yaml(source)
    assert node is not None or problems


@given(st.text(alphabet=st.sampled_from("ab:- \n\t{}[],#'\"&*!|>%@`?\r\u0085\ufeff\ud7ff"), max_size=60))
def test_no_text_crashes_the_parser(source: str) -> None:
    node, problems = parse_yaml(source)
    assert node is not None or problems


def test_a_missing_file_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no file"):
        load_yaml(tmp_path / "none.yaml")
    with pytest.raises(UsageError, match="cannot be read"):
        load_yaml(tmp_path)


def test_suggestions_ignore_case_and_stay_silent_when_nothing_is_near() -> None:
    assert suggest("Lable", ("label", "help")) == " Did you mean `label`?"
    assert suggest("xyz", ("label", "help")) == ""
