"""The table of commands: what is listed without importing a command is what the command says of itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

# In a process of its own: the language of a help is that in which its module was imported.
DISAGREEING = """
import json, sys
from papier.cli.main import COMMANDS, LazyCommand
found = []
for name, (module, short) in COMMANDS.items():
    command = LazyCommand(name).load()
    if command.hidden or command.name != name or command.get_short_help_str(1000) != " ".join(short.split()):
        found.append([name, command.get_short_help_str(1000), short])
print(json.dumps(found))
"""
LISTED = """
import sys
from papier.cli.main import run
code = run(sys.argv[1:])
heavy = {"numpy", "sqlalchemy", "yaml", "papier.cli.context"} & set(sys.modules)
sys.exit(code or repr(heavy or ""))
"""


def in_a_process(program: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_table_says_what_each_command_says_of_itself(language: str) -> None:
    done = in_a_process(DISAGREEING, PAPIER_LANGUAGE=language)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []


@pytest.mark.parametrize(
    ("language", "listed"),
    [("en", "  forms        List the forms known."), ("fr", "  forms        Liste les formulaires connus.")],
)
def test_help_lists_every_command_without_importing_one(language: str, listed: str) -> None:
    done = in_a_process(LISTED, "--help", PAPIER_LANGUAGE=language)
    assert done.stderr.strip() == "''", done.stderr
    assert listed in done.stdout.splitlines()


def test_the_version_imports_no_command() -> None:
    done = in_a_process(LISTED, "--version")
    assert done.stdout.startswith("papier, version ")
    assert done.stderr.strip() == "''", done.stderr


@pytest.mark.parametrize(
    ("words", "completed"),
    [("papier reg", "plain,register"), ("papier forms sch", "plain,schema"), ("papier forms --js", "plain,--json")],
)
def test_commands_and_what_belongs_to_them_are_completed(words: str, completed: str) -> None:
    program = "from papier.cli.main import main; main([])"
    done = in_a_process(
        program, _PAPIER_COMPLETE="bash_complete", COMP_WORDS=words, COMP_CWORD=str(len(words.split()) - 1)
    )
    assert done.stdout.split() == [completed], done.stderr


def test_the_list_of_forms_needs_no_store_and_no_arrays() -> None:
    program = """
import sys
from papier.cli.main import run
code = run(["forms", "--json"])
sys.exit(code or repr({"numpy", "sqlalchemy", "reportlab"} & set(sys.modules) or ""))
"""
    done = in_a_process(program)
    assert done.stderr.strip() == "''", done.stderr
    assert '"carnet/absence"' in done.stdout
