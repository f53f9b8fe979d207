"""`papier where`"""

from __future__ import annotations

import datetime as dt
import getpass
import json
import re
from pathlib import Path

import click

from papier.cli import counts
from papier.cli.context import Context, pass_context
from papier.cli.days import Day
from papier.errors import UsageError
from papier.language import translate as _
from papier.language import translate_count as _n
from papier.language import written_day
from papier.paper_trail import print_binder_index, print_labels
from papier.store.places import (
    Choice,
    PlacedRecord,
    choose_records,
    find_places,
    list_binders,
    place_binder,
    place_records,
)
from papier.store.search import search
from papier.store.search_index import Kind

RANGE = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?")
# More than this, and the question was too wide to walk to the shelf for.
MOST_ANSWERS = 50


@click.command(
    "where",
    help=_(
        "Where the paper is: binder, box, shelf. Ask by record, by sheet, or by words; say it by range, by scan or by "
        "form; print labels for the spines and the index that lies in a binder.\n\n"
        "\b\nExamples:\n"
        "  papier where 4F7K-2M9Q-8XTR\n"
        "  papier where lefevre\n"
        "  papier where --set --binder '6A 2026-2027' --records 100-250 --dry-run\n"
        "  papier where --set --binder '6A 2026-2027' --scan lundi.pdf --box B12 --shelf 'Archives, E3'\n"
        "  papier where --labels labels.pdf\n"
        "  papier where --index '6A 2026-2027' --output index.pdf"
    ),
)
@click.argument("what", nargs=-1, metavar=_("RECORD_OR_SHEET_OR_WORDS"))
@click.option("--set", "setting", is_flag=True, help=_("Say where papers are now."))
@click.option("--binder", metavar=_("NAME"), help=_("The binder."))
@click.option("--box", help=_("The box that the binder is in."))
@click.option("--shelf", help=_("The shelf that it stands on."))
@click.option("--records", "ranges", metavar=_("FROM-TO"), multiple=True, help=_("These records."))
@click.option("--scan", metavar=_("FILE"), help=_("The records of this scan file."))
@click.option("--form", help=_("Only this form."))
@click.option("--since", type=Day(), metavar=_("DAY"), help=_("Taken in from this day on."))
@click.option("--until", type=Day(), metavar=_("DAY"), help=_("Taken in up to this day."))
@click.option("--unplaced", is_flag=True, help=_("Only those that nobody has said it of."))
@click.option("--dry-run", is_flag=True, help=_("Say what would change; change nothing."))
@click.option("--labels", type=click.Path(path_type=Path, dir_okay=False), help=_("Print labels for the spines."))
@click.option("--index", metavar=_("NAME"), help=_("Print the index of this binder; say --output."))
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help=_("A PDF to print."))
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object a line."))
@pass_context
def command(
    context: Context,
    what: tuple[str, ...],
    setting: bool,
    binder: str | None,
    box: str | None,
    shelf: str | None,
    ranges: tuple[str, ...],
    scan: str | None,
    form: str | None,
    since: dt.date | None,
    until: dt.date | None,
    unplaced: bool,
    dry_run: bool,
    labels: Path | None,
    index: str | None,
    output: Path | None,
    as_json: bool,
) -> int:
    if labels is not None:
        count = print_labels(context.workspace, context.engine, [binder] if binder else (), labels)
        click.echo(_n("{count} label: {path}", "{count} labels: {path}", count).format(count=count, path=labels))
        return 0
    if index is not None:
        if output is None:
            raise UsageError(_("Say where to write the index: --output FILE.pdf"))
        count = print_binder_index(context.workspace, context.engine, index, output)
        click.echo(_("Index of {binder}: {records}, {path}").format(
            binder=index, records=counts.records(count), path=output))  # fmt: skip
        return 0
    choice = Choice(
        tuple(_parse_range(text) for text in (*ranges, *(word for word in what if setting and RANGE.fullmatch(word)))),
        tuple(word.upper() for word in what if setting and not RANGE.fullmatch(word)),
        scan, form, since, until,
        None if setting else binder, unplaced,
    )  # fmt: skip
    if setting:
        return _set(context, choice, binder, box, shelf, dry_run=dry_run)
    if what:
        found = _asked(context, what)
        if not found:
            raise UsageError(_("Nothing is known of “{what}”. Look for it: papier search").format(what=" ".join(what)))
    elif choice == Choice():
        _list_binders(context, as_json=as_json)
        return 0
    else:
        found = find_places(context.engine, choose_records(context.engine, choice))
    for place in found:
        _tell(place, as_json=as_json)
    return 0


def _set(
    context: Context, choice: Choice, binder: str | None, box: str | None, shelf: str | None, *, dry_run: bool
) -> int:
    if not binder or not binder.strip():
        raise UsageError(_("Say which binder: --binder NAME."))
    binder = " ".join(binder.split())
    if choice == Choice() and box is None and shelf is None:
        raise UsageError(
            _("Say which records (--records, --scan, --form, --since), or where it stands: --box, --shelf.")
        )
    chosen = choose_records(context.engine, choice) if choice != Choice() else []
    if choice != Choice() and not chosen:
        raise UsageError(_("No record is like that. See: papier records list"))
    if dry_run:
        for place in find_places(context.engine, chosen):
            _tell(place, as_json=False)
        click.echo(
            _("{records} would go to {binder}; nothing was changed.").format(
                records=counts.records(len(chosen)), binder=binder
            )
        )
        return 0
    moved = place_records(context.engine, chosen, binder, context.now(), getpass.getuser()) if chosen else 0
    place_binder(context.engine, binder, box, shelf, context.now(), getpass.getuser())
    click.echo(_("{binder}: {records} placed.").format(binder=binder, records=counts.records(moved)))
    return 0


def _asked(context: Context, what: tuple[str, ...]) -> list[PlacedRecord]:
    """The records that a number, a sheet or words name."""
    if len(what) == 1 and RANGE.fullmatch(what[0]):
        return find_places(context.engine, choose_records(context.engine, Choice((_parse_range(what[0]),))))
    chosen = choose_records(context.engine, Choice(sheets=tuple(word.upper() for word in what)))
    if not chosen:
        hits = search(context.engine, " ".join(what), [Kind.RECORD], MOST_ANSWERS).hits
        chosen = [hit.reference for hit in hits]
    return find_places(context.engine, chosen)


def _parse_range(text: str) -> tuple[int, int]:
    found = RANGE.fullmatch(text)
    if found is None or (found[2] and int(found[2]) < int(found[1])):
        raise UsageError(_("“{text}” is no range of records. Write 100-250, or 100.").format(text=text))
    return int(found[1]), int(found[2] or found[1])


def _tell(place: PlacedRecord, *, as_json: bool) -> None:
    if as_json:
        told = {"record": place.record, "sheet": place.sheet, "form": place.form, "name": place.name, "day": place.day}
        click.echo(
            json.dumps(told | {"binder": place.binder, "box": place.box, "shelf": place.shelf}, ensure_ascii=False)
        )
        return
    where = " · ".join(filter(None, (place.binder, place.box, place.shelf))) or _("nobody has said where")
    what = " · ".join(filter(None, (place.sheet, place.title, place.name, written_day(place.day))))
    click.echo(f"{_('record')} {place.record} · {what}\n  → {where}")


def _list_binders(context: Context, *, as_json: bool) -> None:
    found = list_binders(context.engine)
    for binder in found:
        where = " · ".join(filter(None, (binder.box, binder.shelf)))
        if as_json:
            told = {"binder": binder.binder, "box": binder.box, "shelf": binder.shelf, "records": binder.records}
            click.echo(json.dumps(told, ensure_ascii=False))
        else:
            click.echo(f"{binder.binder} · {counts.records(binder.records)} · {where or _('nobody has said where')}")
    if not found and not as_json:
        click.echo(_("There is no binder yet. Begin one: papier where --set --binder NAME --records 1-100"))
