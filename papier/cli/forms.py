"""`papier forms`, `papier forms check`, `papier forms schema`"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import click
from rich.console import Console

from papier.cli.context import Context
from papier.cli.output import listing
from papier.errors import DefinitionError, LayoutError, Problem, UsageError
from papier.forms.definition import FormDefinition
from papier.forms.library import is_blank_form, library_folders, list_forms
from papier.forms.parsing import load_form
from papier.forms.roster import column_name
from papier.language import translate as _
from papier.language import translate_count as _n
from papier.yaml_source import load_yaml, suggest


class FormsGroup(click.Group):
    """`papier forms WORD` lists the forms that say the word: what is no command is looked for."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            as_json = click.Option(["--json", "as_json"], is_flag=True, help=_("One JSON object a form."))
            searching = click.Command(args[0], params=[as_json], callback=partial(_list_forms, ctx, args[0]))
            return args[0], searching, args[1:]
        return super().resolve_command(ctx, args)


@click.group(
    "forms",
    cls=FormsGroup,
    invoke_without_command=True,
    help=_(
        "List the forms known.\n\nWith a word, those of that family, or those whose name or title has it.\n\n"
        "\b\nExamples:\n  papier forms\n  papier forms sante\n  papier forms dossier\n  papier forms check my-form.yaml"
    ),
)
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object a form."))
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    if ctx.invoked_subcommand is None:
        _list_forms(ctx, "", as_json=as_json)


def _list_forms(ctx: click.Context, wanted: str, *, as_json: bool) -> None:
    as_json = as_json or bool(ctx.params.get("as_json"))
    context: Context = ctx.find_object(Context) or Context(None)
    table = listing((_("form"), _("version"), _("format"), _("title")))
    found = False
    for entry in list_forms(library_folders(context.form_folder)):
        form = entry.definition
        said = entry.form if form is None else f"{entry.form} {form.title.fr} {form.summary.fr if form.summary else ''}"
        if column_name(wanted) not in column_name(said):
            continue
        found = True
        if as_json:
            data: dict[str, object] = {
                "form": entry.form,
                "path": str(entry.path),
                "problems": [str(p) for p in entry.problems],
            }
            if form is not None:
                data |= {"version": form.version, "format": str(form.format), "title": dict(form.title.texts)}
            click.echo(json.dumps(data, ensure_ascii=False))
        elif form is None:
            table.add_row(entry.form, "–", "–", _("wrong: papier forms check {path}").format(path=entry.path))
        else:
            table.add_row(entry.form, str(form.version), str(form.format), form.title.fr)
    if not found:
        raise UsageError(_("No form says “{word}”. `papier forms` lists them all.").format(word=wanted))
    if not as_json:
        Console().print(table)


@command.command(
    "check",
    help=_(
        "Check form definitions: every mistake with its line, and whether the form fits its page.\n\n"
        "\b\nExample:\n  papier forms check my-form.yaml"
    ),
)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
def check_command(files: tuple[Path, ...]) -> int:
    # Typesetting is imported by whom it concerns: the list of forms needs none.
    from papier.forms.blank import load_blank_form  # noqa: PLC0415
    from papier.forms.typesetting import lay_out  # noqa: PLC0415

    worst = 0
    for path in files:
        try:
            if is_blank_form(path):
                layout = load_blank_form(path)[0]
            else:
                form = load_form(path)
                _check_clock(form, path)
                layout = lay_out(form)
                lay_out(form, large=True)
        except (DefinitionError, LayoutError, UsageError) as error:
            click.echo(str(error), err=True)
            worst = max(worst, error.exit_code)
        else:
            pages = _n("{count} page", "{count} pages", len(layout.pages)).format(count=len(layout.pages))
            click.echo(
                _("{path}: right ({form} v{version}, {pages})").format(
                    path=path, form=layout.form, version=layout.version, pages=pages
                )
            )
    return worst


def _check_clock(form: FormDefinition, path: Path) -> None:
    """Raises DefinitionError when the form names a clock that is not known."""
    from papier.workflows.rulebook import known_rules  # noqa: PLC0415

    if form.about is None or form.about.clock is None or form.about.clock in known_rules():
        return
    node, _problems = load_yaml(path)
    clock = node.entries["about"].entries["clock"] if node is not None else None
    hint = suggest(form.about.clock, known_rules()) or _(" `papier deadline --list` shows them all.")
    message = _("about: there is no clock `{clock}`.{hint}").format(clock=form.about.clock, hint=hint)
    raise DefinitionError(path, [Problem(str(path), clock.line if clock is not None else 1, message)])


@command.command(
    "table",
    help=_(
        "Print the table of the shipped forms in Markdown: who fills each in, what it rests on, what comes next.\n\n"
        "\b\nExample:\n  papier forms table > forms/README.md"
    ),
)
def table_command() -> None:
    from papier.forms.catalogue import forms_table  # noqa: PLC0415

    shipped = list_forms(library_folders())
    click.echo(forms_table(entry.definition for entry in shipped if entry.definition is not None), nl=False)


@command.command(
    "schema",
    help=_(
        "Print the JSON Schema of form definitions, for editors that complete and check while typing.\n\n"
        "\b\nExample:\n  papier forms schema > papier-form.schema.json"
    ),
)
def schema_command() -> None:
    from papier.forms.schema import json_schema  # noqa: PLC0415

    click.echo(json.dumps(json_schema(), ensure_ascii=False, indent=1))
