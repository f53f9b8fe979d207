"""What click itself says, in the user's language: usage, options, and what is wrong with a command line."""

from __future__ import annotations

import importlib
import re
from typing import Any

import click

from papier.language import translate, translate_count

_MODULES = ("core", "decorators", "exceptions", "formatting", "parser", "termui", "types")

# The messages of click that a person can meet; their French stands in the catalogue.
MESSAGES = (
    "Options",
    "Commands",
    "Usage:",
    "default: {default}",
    "Show this message and exit.",
    "Try '{command} {option}' for help.",
    "Error: {message}",
    "Invalid value for {param_hint}: {message}",
    "Invalid value: {message}",
    "Missing argument",
    "Missing option",
    "Missing command.",
    "No such command {name!r}.",
    "No such option {name!r}.",
    "Option {name!r} does not take a value.",
    "Choose from:\n\t{choices}",
    "{name} {filename!r} does not exist.",
    "{name} {filename!r} is a directory.",
    "{name} {filename!r} is a file.",
    "{name} {filename!r} is not readable.",
    "{name} {filename!r} is not writable.",
    "{value!r} is not a valid {number_type}.",
    "{value} is not in the range {range}.",
    "directory",
    "path",
    "required",
)
# What stands for a value in usage and help: these words, in whatever combination.
METAVARS = (
    "ANSWER",
    "ARGS",
    "BACKUP",
    "BOX",
    "CLASS",
    "COLUMN",
    "COMMAND",
    "DAY",
    "DIR",
    "DIRECTORY",
    "EVENT",
    "FAMILY",
    "FIELD",
    "FILE",
    "FILES",
    "FILE_OR_NAME",
    "FOLDER",
    "FORM",
    "FORM_OR_FILE",
    "FROM",
    "INTEGER",
    "INTEGER RANGE",
    "NAME",
    "NUMBER",
    "NUMBERS",
    "PATH",
    "REASON",
    "ROW",
    "RULE",
    "RUN",
    "SCANS",
    "SHEET",
    "STEP",
    "TEXT",
    "TO",
    "VALUE",
    "VALUES",
    "WORDS",
    "WORKFLOW",
    "YYYY-MM",
)
_OPTION_METAVAR, _ARGUMENT_METAVAR = click.Option.make_metavar, click.Argument.make_metavar
_USAGE_PIECES, _GROUP_PIECES = click.Command.collect_usage_pieces, click.Group.collect_usage_pieces
_HELP_EXTRA = click.Option.get_help_extra
_METAVAR = re.compile("|".join(sorted((rf"\b{re.escape(word)}\b" for word in METAVARS), key=len, reverse=True)))
COUNTED_MESSAGES = (
    ("Got unexpected extra argument ({args})", "Got unexpected extra arguments ({args})"),
    ("Option {name!r} requires an argument.", "Option {name!r} requires {nargs} arguments."),
    ("Did you mean {possibility}?", "(Did you mean one of: {possibilities}?)"),
    ("{value!r} is not {choice}.", "{value!r} is not one of {choices}."),
    ("{value!r} does not match the format {format}.", "{value!r} does not match the formats {formats}."),
)


def translate_click() -> None:
    """Let click look its messages up where papier's are: its own follow the locale, and it ships none but English."""
    for name in _MODULES:
        module = importlib.import_module(f"click.{name}")
        for old, new in (("_", translate), ("ngettext", translate_count)):
            if hasattr(module, old):
                setattr(module, old, new)
    click.Option.make_metavar = _option_metavar  # type: ignore[method-assign, assignment]
    click.Option.get_help_extra = _help_extra  # type: ignore[method-assign]
    click.Argument.make_metavar = _argument_metavar  # type: ignore[method-assign]
    click.Command.collect_usage_pieces = _usage_pieces  # type: ignore[method-assign]
    click.Group.collect_usage_pieces = _group_pieces  # type: ignore[method-assign]


def translate_metavar(text: str) -> str:
    """What stands for a value, its words in the user's language."""
    return _METAVAR.sub(lambda found: translate(found[0]), text)


def _option_metavar(self: click.Option, ctx: click.Context) -> str:
    return translate_metavar(_OPTION_METAVAR(self, ctx))


def _argument_metavar(self: click.Argument, ctx: click.Context) -> str:
    return translate_metavar(_ARGUMENT_METAVAR(self, ctx))


def _usage_pieces(self: click.Command, ctx: click.Context) -> list[str]:
    return [translate_metavar(piece) for piece in _USAGE_PIECES(self, ctx)]


def _group_pieces(self: click.Group, ctx: click.Context) -> list[str]:
    return [translate_metavar(piece) for piece in _GROUP_PIECES(self, ctx)]


def _help_extra(self: click.Option, ctx: click.Context) -> Any:
    extra = _HELP_EXTRA(self, ctx)
    return {**extra, "required": translate("required")} if "required" in extra else extra
