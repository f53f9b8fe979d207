"""What click itself says, in the user's language: usage, options, and what is wrong with a command line."""

from __future__ import annotations

import importlib

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
)
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
