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
from papier.cli.context import Context
from papier.cli.days import Day
from papier.errors import EXIT_INTERRUPTED, PapierError
from papier.language import translate as _

# command → its module; each is imported only when it is used, so that `papier --help` answers at once.
COMMANDS = {
    "init": "papier.cli.init",
    "forms": "papier.cli.forms",
    "workflows": "papier.cli.workflows",
    "new": "papier.cli.new",
    "layout": "papier.cli.layout",
    "print": "papier.cli.print_sheets",
    "printers": "papier.cli.printers",
    "sheets": "papier.cli.sheets",
    "calibration": "papier.cli.calibration",
    "recipients": "papier.cli.recipients",
    "guide": "papier.cli.guide",
    "poster": "papier.cli.poster",
    "carnet": "papier.cli.carnet",
    "read": "papier.cli.read",
    "debug": "papier.cli.debug",
    "intake": "papier.cli.intake",
    "scan": "papier.cli.scan",
    "watch": "papier.cli.watch",
    "status": "papier.cli.status",
    "check": "papier.cli.check",
    "learn": "papier.cli.learn",
    "records": "papier.cli.records",
    "search": "papier.cli.search",
    "file": "papier.cli.file",
    "where": "papier.cli.where",
    "register": "papier.cli.register",
    "today": "papier.cli.today",
    "orders": "papier.cli.orders",
    "cases": "papier.cli.cases",
    "desk": "papier.cli.desk",
    "deadline": "papier.cli.deadline",
    "verify": "papier.cli.verify",
    "backup": "papier.cli.backup",
    "restore": "papier.cli.restore",
    "encrypt": "papier.cli.encrypt",
    "rebuild": "papier.cli.rebuild",
    "purge": "papier.cli.purge",
    "person": "papier.cli.person",
    "demo": "papier.cli.demo",
    "completion": "papier.cli.completion",
}


class LazyGroup(click.Group):
    """A group whose commands are imported on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[cmd_name])
        command: click.Command = module.command
        return command

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
