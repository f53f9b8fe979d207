"""`papier new`"""

from __future__ import annotations

from pathlib import Path

import click

from papier.cli import counts
from papier.cli.context import Context, pass_context
from papier.cli.outputs import OutputFile
from papier.cli.sources import find_path
from papier.errors import UsageError
from papier.forms.definition import PageFormat
from papier.forms.drafting import Kind, Question, check_name, copy_form, draft_form, likely_kind
from papier.forms.parsing import load_form
from papier.forms.typesetting import lay_out
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
    check_name(name)
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
    pages = len(lay_out(load_form(path)).pages)
    click.echo(_("{path} is written: {pages}. Next:").format(path=path, pages=counts.pages(pages)))
    click.echo(_("  look at it:       papier print {form} --output {name}.pdf").format(form=form, name=path.stem))
    click.echo(_("  change it:        open the file in an editor, then: papier forms check {path}").format(path=path))
    click.echo(_("  one sheet a name: papier print {form} --roster CLASS.csv").format(form=form))


def _choice(words: list[str]) -> click.Choice:  # type: ignore[type-arg,unused-ignore]
    return click.Choice(words, case_sensitive=False)


def _ask(name: str, title: str | None) -> str:
    title = title or click.prompt(_("Title"))
    paper = click.prompt(_("Page"), type=_choice([str(page) for page in PageFormat]), default="A5")
    who = click.prompt(_("Who is it about"), type=_choice(list(_WHO)), default="élève")
    questions: list[Question] = []
    click.echo(_("Now the questions, one after another; an empty line ends."))
    while label := click.prompt(_("Question"), default="", show_default=False).strip():
        kind = Kind(click.prompt(_("Answered by"), type=_choice(_KINDS), default=str(likely_kind(label))))
        options: tuple[str, ...] = ()
        if kind is Kind.CHOICE:
            written = click.prompt(_("The answers, separated by commas"))
            options = tuple(option.strip() for option in written.split(",") if option.strip())
        questions.append(Question(label, kind, options))
    return draft_form(name, title, PageFormat(paper), who=_WHO[who], questions=questions)
