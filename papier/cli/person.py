"""`papier person`"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path

import click

from papier.cli import counts
from papier.cli.context import Context, pass_context
from papier.cli.days import Day
from papier.cli.numbers import Number
from papier.errors import UsageError
from papier.language import translate as _
from papier.language import written_day
from papier.person_file import KeptBecause, how_long, write_person_file
from papier.retention import lawful_day, purge
from papier.store.person_records import PersonFound, find_person


@click.command(
    "person",
    help=_(
        "Everything about one person: list it, print it for them, or erase it.\n\n"
        "Printed are what was read, what happened in their cases, and their sheets as they were scanned; what lies "
        "beside them on a page is made white. Records that only mention the name are listed for you to look at.\n\n"
        "Erasing leaves what its form says must be kept for a time that is not over, and says so; --record erases such "
        "a one too. To correct a value: papier records correct.\n\n"
        "\b\nExamples:\n"
        "  papier person 'Lefèvre Chloé' --output dossier.pdf\n"
        "  papier person 'Lefèvre Chloé' --born 2015-02-03 --output dossier.pdf\n"
        "  papier person 'Lefèvre Chloé' --erase --because 'lettre du 3 mai' --dry-run"
    ),
)
@click.argument("name", nargs=-1, required=True)
@click.option("--born", type=Day(), metavar=_("DAY"), help=_("Where several bear that name."))
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), help=_("A PDF to print."))
@click.option("--erase", is_flag=True, help=_("Take out for good what need not be kept."))
@click.option(
    "--record", "forced", type=Number(), multiple=True, help=_("Erase this record although it is to be kept.")
)
@click.option("--because", help=_("Why; kept in the journal. Do not name the person."))
@click.option("--dry-run", is_flag=True, help=_("Say what would go; change nothing."))
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object."))
@pass_context
def command(
    context: Context,
    name: tuple[str, ...],
    born: dt.date | None,
    output: Path | None,
    erase: bool,
    forced: tuple[int, ...],
    because: str | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    asked = " ".join(" ".join(name).split())
    found = find_person(context.engine, asked, born.isoformat() if born else None)
    if not found:
        raise UsageError(_("Nothing bears the name “{name}”. Look for parts of it: papier search").format(name=asked))
    if len(found.births) > 1:
        raise UsageError(
            _("Several people are called “{name}”, born on {days}. Say which: --born").format(
                name=asked, days=", ".join(written_day(day) for day in found.births)
            )
        )
    kept = how_long(context.engine, found.records, context.now().date())
    if as_json:
        click.echo(json.dumps(_to_json(found), ensure_ascii=False))
    else:
        _list(found, kept)
    if erase:
        return _erase(context, found, kept, forced, because, dry_run=dry_run)
    if output is not None:
        pages = write_person_file(context.workspace, context.engine, asked, found, output, context.now())
        click.echo(
            _("{path}: everything about {name}, with {pages} of scans.").format(
                path=output, name=asked, pages=counts.pages(pages)
            ),
            err=as_json,
        )
    return 0


def _erase(
    context: Context,
    found: PersonFound,
    kept: Sequence[KeptBecause],
    forced: tuple[int, ...],
    because: str | None,
    *,
    dry_run: bool,
) -> int:
    for record in forced:
        if record not in found.records:
            raise UsageError(_("Record {record} does not bear that name.").format(record=record))
    stays = [entry for entry in kept if entry.until and not entry.over and entry.record.record not in forced]
    goes = [entry.record.record for entry in kept if entry not in stays]
    for entry in stays:
        law = entry.record.limits.get("minimum")
        earliest = lawful_day(entry.record, "minimum")
        if law is not None and earliest is not None and earliest >= context.now().date():
            click.echo(
                _("  record {record} stays: the law wants it kept until {day} ({source}).").format(
                    record=entry.record.record, day=written_day(earliest), source=law[1]
                )
            )
            continue
        click.echo(
            _("  record {record} stays: its form keeps it until {day} ({duration}).").format(
                record=entry.record.record, day=written_day(entry.until), duration=entry.record.retention
            )
        )
    if not dry_run:
        if not because:
            raise UsageError(_("Say why these records go before their time: --because."))
        if goes:
            purge(context.workspace, context.engine, goes, context.now(), because)
        click.echo(
            _("{records} erased. Backups made before still hold them.").format(records=counts.records(len(goes)))
        )
    else:
        click.echo(_("{records} would be erased; nothing was changed.").format(records=counts.records(len(goes))))
    return 0


def _list(found: PersonFound, kept: Sequence[KeptBecause]) -> None:
    for entry in kept:
        until = _("kept until {day}").format(day=written_day(entry.until)) if entry.until else _("nobody said how long")
        record = entry.record
        click.echo(f"  {_('record')} {record.record} · {record.title} · {written_day(record.created_at)} · {until}")
    for number in found.cases:
        click.echo(f"  {_('case')} {number}")
    for sheet in found.sheets:
        click.echo(f"  {_('sheet')} {sheet.number} · {sheet.title} · {written_day(sheet.day)}")
    for number in found.mentions:
        click.echo(_("  record {record} mentions the name: look at it").format(record=number))


def _to_json(found: PersonFound) -> dict[str, object]:
    return {
        "records": list(found.records),
        "cases": list(found.cases),
        "sheets": [sheet.number for sheet in found.sheets],
        "births": list(found.births),
        "mentions": list(found.mentions),
    }
