"""`papier search`"""

from __future__ import annotations

import json

import click
from rich.console import Console
from rich.text import Text

from papier.cli.context import Context, pass_context
from papier.errors import UsageError
from papier.language import translate as _
from papier.language import translate_count as _n
from papier.language import written_day
from papier.store.search import Found, Hit, remake_index, search
from papier.store.search_index import KINDS, Kind


@click.command(
    "search",
    help=_(
        "Find records and cases by their words. Accents and case do not matter.\n\n"
        "All words must be there. A word of three letters or more also finds what begins with it; words between "
        "quotation marks stand side by side.\n\n"
        "\b\nExamples:\n"
        "  papier search lefevre\n"
        "  papier search 'rendez-vous \"salle 12\"'\n"
        "  papier search 4F7K-2M9Q-8XTR --kind record"
    ),
)
@click.argument("words", nargs=-1)
@click.option("--kind", "kinds", type=click.Choice([str(kind) for kind in KINDS]), multiple=True, help=_("Only these."))
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help=_("How many to show."))
@click.option("--rebuild", is_flag=True, help=_("Make the index of words anew from the store."))
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object a line."))
@pass_context
def command(
    context: Context, words: tuple[str, ...], kinds: tuple[str, ...], limit: int, rebuild: bool, as_json: bool
) -> None:
    if rebuild:
        count = remake_index(context.engine)
        click.echo(_n("{count} entry indexed.", "{count} entries indexed.", count).format(count=count), err=True)
        if not words:
            return
    try:
        found = search(context.engine, " ".join(words), [Kind(kind) for kind in kinds] or KINDS, limit)
    except UsageError as error:
        raise UsageError(_(str(error))) from error
    if as_json:
        for hit in found.hits:
            click.echo(json.dumps(_to_json(hit), ensure_ascii=False))
        return
    _show(found)


def _to_json(hit: Hit) -> dict[str, str | int]:
    excerpt = "".join(text for text, _is_found in hit.excerpt)
    return {"kind": str(hit.kind), "number": hit.reference, "day": hit.day, "title": hit.title, "excerpt": excerpt}


def _show(found: Found) -> None:
    console = Console(highlight=False)
    names = {Kind.RECORD: _("record"), Kind.CASE: _("case")}
    for hit in found.hits:
        console.print(Text(f"{names[hit.kind]} {hit.reference} · {written_day(hit.day)} · {hit.title}"))
        console.print(Text.assemble("  ", *((text, "bold" if is_found else "") for text, is_found in hit.excerpt)))
    if not found.ranked:
        click.echo(
            _("{shown} of {total} are shown, the newest; add a word to find the best, or see more: --limit").format(
                shown=len(found.hits), total=found.total
            )
        )
    elif found.total > len(found.hits):
        click.echo(_("{shown} of {total} are shown; more: --limit").format(shown=len(found.hits), total=found.total))
    elif not found.total:
        click.echo(_("Nothing was found."))
