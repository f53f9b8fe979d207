"""`papier`: the group of commands, and the one place where an error becomes a message and an exit code."""

from __future__ import annotations

import datetime as dt
import importlib
import sys
from pathlib import Path
from typing import Any

import click

from papier import __version__
from papier.cli.click_words import translate_click
from papier.cli.commands import COMMANDS
from papier.cli.days import Day
from papier.errors import EXIT_INTERRUPTED, PapierError
from papier.language import translate as _

# Options of the program itself, which people look for at the command.
OF_PAPIER = ("--today", "--workspace")


class LazyCommand(click.Command):
    """A command known by its entry in the table; its module is imported when it is used."""

    def __init__(self, name: str) -> None:
        self.module, short = COMMANDS[name]
        super().__init__(name, help=short)

    def load(self) -> click.Command:
        """The command itself."""
        command: click.Command = importlib.import_module(self.module).command
        return command

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        return self.load().make_context(info_name, args, parent, **extra)


class LazyGroup(click.Group):
    """A group whose commands are imported on use: to list and complete them, the table is enough."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        return LazyCommand(cmd_name) if cmd_name in COMMANDS else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib  # noqa: PLC0415 - needed for a mistyped command only

            close = difflib.get_close_matches(args[0], COMMANDS, n=1)
            if close:
                hint = _("Did you mean “{command}”?").format(command=close[0])
                raise click.UsageError(f"{error.message} {hint}", ctx) from error
            raise


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    help=_(
        "papier prints forms, reads the filled sheets, and keeps the records.\n\n"
        "\b\n"
        "The loop, in five commands:\n"
        "  papier init                                   make a workspace\n"
        "  papier print carnet/absence --copies 30       numbered sheets, one PDF\n"
        "  papier read scan.pdf --json                   what a scan says; stores nothing\n"
        "  papier intake scan.pdf                        take a scan in\n"
        "  papier records missing                        who has not answered"
    ),
)
@click.option(
    "--workspace",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help=_("The workspace; else $PAPIER_WORKSPACE, else the platform's data directory."),
)
@click.option(
    "--today",
    type=Day(),
    envvar="PAPIER_TODAY",
    metavar=_("DAY"),
    help=_("Act as on another day (also $PAPIER_TODAY): for rehearsals, and to record what was left lying."),
)
@click.version_option(__version__, prog_name="papier", help=_("Show the version and exit."))
@click.pass_context
def cli(ctx: click.Context, workspace: Path | None, today: dt.date | None) -> None:
    from papier.cli.context import Context  # noqa: PLC0415 - not for `papier --help` and `papier --version`

    ctx.obj = Context(workspace, today)


def main(arguments: list[str] | None = None) -> None:
    """Run papier. Exit codes: see `papier.errors`; nothing a user can cause ends in a traceback."""
    sys.exit(run(arguments))


def run(arguments: list[str] | None = None) -> int:
    """Run papier and give its exit code."""
    translate_click()
    try:
        result: Any = cli.main(args=arguments, prog_name="papier", standalone_mode=False)
    except PapierError as error:
        click.echo(str(error), err=True)
        return error.exit_code
    except click.exceptions.Abort:
        click.echo(_("Interrupted. What was finished is kept; run the same command again to go on."), err=True)
        return EXIT_INTERRUPTED
    except click.ClickException as error:
        error.show()
        if isinstance(error, click.NoSuchOption) and error.option_name in OF_PAPIER:
            hint = _("{option} stands before the command: papier {option} … {command}")
            command = error.ctx.info_name if error.ctx is not None else ""
            click.echo(hint.format(option=error.option_name, command=command), err=True)
        return error.exit_code
    except click.exceptions.Exit as error:
        return error.exit_code
    except KeyboardInterrupt:
        click.echo(_("Interrupted. What was finished is kept; run the same command again to go on."), err=True)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away (`papier … | head`): nothing is wrong here.
        sys.stderr.close()
        return 0
    return result if isinstance(result, int) else 0
