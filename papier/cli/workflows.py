"""`papier workflows`, `papier workflows check`, `papier workflows draw`"""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.console import Console

from papier.cli import counts
from papier.cli.context import Context
from papier.cli.output import listing
from papier.cli.outputs import OutputFile
from papier.errors import DefinitionError, UsageError
from papier.forms.library import library_folders
from papier.forms.pdf import write_items
from papier.language import translate as _
from papier.workflows.drawing import PAGE, draw_workflow
from papier.workflows.library import check_file, find_workflow, workflow_paths


@click.group(
    "workflows",
    invoke_without_command=True,
    help=_(
        "List the workflows known: what follows each sheet.\n\n"
        "\b\nExamples:\n"
        "  papier workflows\n"
        "  papier workflows check forms/carnet/workflow.yaml\n"
        "  papier workflows draw carnet/absence --output absence.pdf"
    ),
)
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object a workflow."))
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    if ctx.invoked_subcommand is not None:
        return
    context: Context = ctx.find_object(Context) or Context(None)
    folders = library_folders(context.form_folder)
    table = listing((_("workflow"), _("version"), _("steps"), _("title"), _("begins with")), whole=_("workflow"))
    for path in workflow_paths(folders):
        found = check_file(path, folders)
        for workflow in found.workflows:
            if as_json:
                data = {
                    "workflow": workflow.name,
                    "version": workflow.version,
                    "path": str(path),
                    "title": dict(workflow.title.texts),
                    "opens": list(workflow.opens),
                    "steps": list(workflow.steps),
                    "ends": list(workflow.ends),
                    "problems": [str(problem) for problem in found.problems],
                }
                click.echo(json.dumps(data, ensure_ascii=False))
            else:
                opens = ", ".join(workflow.opens)
                steps = str(len(workflow.steps))
                table.add_row(workflow.name, str(workflow.version), steps, workflow.title.fr, opens)
        if found.problems and not as_json:
            table.add_row(path.parent.name, "–", "–", _("wrong: papier workflows check {path}").format(path=path), "")
    if not as_json:
        Console().print(table)


@command.command(
    "check",
    help=_(
        "Check workflows: every mistake with its line, and the remedy. Without FILE, all that are known.\n\n"
        "\b\nExample:\n  papier workflows check forms/carnet/workflow.yaml"
    ),
)
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.pass_context
def check_command(ctx: click.Context, files: tuple[Path, ...]) -> int:
    context: Context = ctx.find_object(Context) or Context(None)
    folders = library_folders(context.form_folder)
    worst = 0
    for path in files or tuple(workflow_paths(folders)):
        try:
            found = check_file(path, folders)
        except UsageError as error:
            click.echo(str(error), err=True)
            worst = max(worst, error.exit_code)
            continue
        if found.problems:
            wrong = DefinitionError(path, found.problems)
            click.echo(str(wrong), err=True)
            worst = max(worst, wrong.exit_code)
        else:
            names = ", ".join(f"{workflow.name} v{workflow.version}" for workflow in found.workflows)
            click.echo(_("{path}: right ({names})").format(path=path, names=names))
    return worst


@command.command(
    "draw",
    help=_(
        "Draw a workflow as a picture to print: its steps, what is printed, and every way out.\n\n"
        "\b\nExample:\n  papier workflows draw carnet/absence --output absence.pdf"
    ),
)
@click.argument("workflow")
@click.option("--output", type=OutputFile(), required=True, help=_("The PDF to write."))
@click.option("--overwrite", is_flag=True, help=_("Replace the PDF of that name."))
@click.pass_context
def draw_command(ctx: click.Context, workflow: str, output: Path, overwrite: bool) -> None:
    context: Context = ctx.find_object(Context) or Context(None)
    known = find_workflow(workflow, library_folders(context.form_folder))
    if output.exists() and not overwrite:
        raise UsageError(_("{output} is there already. Choose another --output, or --overwrite.").format(output=output))
    pages = draw_workflow(known)
    write_items(output, PAGE, known.title.fr, pages)
    click.echo(
        _("{workflow}: {output} ({pages})").format(workflow=known.name, output=output, pages=counts.pages(len(pages)))
    )
