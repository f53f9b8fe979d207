"""`papier new`"""

from __future__ import annotations

from pathlib import Path

import click

from papier.cli.context import Context, pass_context
from papier.cli.outputs import OutputFile
from papier.cli.sources import find_path
from papier.errors import UsageError
from papier.forms.definition import PageFormat
from papier.forms.drafting import Kind, Question, copy_form, draft_form
from papier.language import translate as _

_KINDS = [str(kind) for kind in Kind]
_WHO = {"élève": "eleve", "usager": "usager", "personne": None}


@click.command(
    "new",
    help=_(
        "Start a form: from a few questions, or from a form that is there already. The file is YAML to edit.\n\n"
        "\b\nExamples:\n"
        "  papier new carnet/sortie-piscine\n"
        "  papier new carnet/sortie-piscine --from carnet/sortie-exceptionnelle --title 'Sortie à la piscine'"
    ),
)
@click.argument("name")
@click.option("--from", "source", metavar="FORM", help=_("Begin as a copy of this form."))
@click.option("--title", help=_("The title printed at the top."))
@click.option("--output", type=OutputFile(), help=_("The file; else in the workspace."))
@pass_context
def command(context: Context, name: str, source: str | None, title: str | None, output: Path | None) -> None:
    path = output or context.workspace.forms / f"{name}.yaml"
    if path.exists():
        raise UsageError(_("{path} is there already. Choose another name.").format(path=path))
    if source is not None:
        text = copy_form(find_path(source, context.form_folder).read_text("utf-8"), name, title)
    else:
        text = _ask(name, title)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    form = name if output is None else str(path)
    click.echo(_("{path} is written. Next:").format(path=path))
    click.echo(f"  papier forms check {path}\n  papier print {form} --output {path.stem}.pdf")


def _ask(name: str, title: str | None) -> str:
    title = title or click.prompt(_("Title"))
    paper = click.prompt(_("Page"), type=click.Choice([str(page) for page in PageFormat]), default="A5")
    who = click.prompt(_("Who is it about"), type=click.Choice(list(_WHO)), default="élève")
    questions: list[Question] = []
    click.echo(_("Now the questions, one after another; an empty line ends."))
    while label := click.prompt(_("Question"), default="", show_default=False).strip():
        kind = Kind(click.prompt(_("Answered by"), type=click.Choice(_KINDS), default="mot"))
        options: tuple[str, ...] = ()
        if kind is Kind.CHOICE:
            written = click.prompt(_("The answers, separated by commas"))
            options = tuple(option.strip() for option in written.split(",") if option.strip())
        questions.append(Question(label, kind, options))
    return draft_form(name, title, PageFormat(paper), who=_WHO[who], questions=questions)
