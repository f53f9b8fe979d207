"""`papier purge`"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from papier.cli.context import Context, pass_context
from papier.cli.printer import deliver_leaflet, find_destination, printer_options
from papier.cli.records import known_form
from papier.errors import UsageError
from papier.forms.disposal_slip import DisposalLine, write_disposal_slip
from papier.language import translate as _
from papier.language import translate_count as _n
from papier.retention import DueCase, DueRecord, find_due, find_due_cases, finish_purge, purge
from papier.store.case_erasure import closed_cases
from papier.store.purge import kept_records, propose, proposed_cases, proposed_records
from papier.store.workspace import read_settings


@click.command(
    "purge",
    help=_(
        "Take out for good what has been kept as long as its form says: readings, names, pictures. The journal keeps "
        "that a record existed, not what it said.\n\n"
        "Where public archives must agree first, print the slip, have both copies signed, then purge by its number. "
        "Backups made before still hold what goes: let them run out. The paper is not touched.\n\n"
        "\b\nExamples:\n"
        "  papier purge --dry-run\n"
        "  papier purge --slip slip.pdf                     (two copies, with a frame for the visa)\n"
        '  papier purge --number 41 --visa "AD 31, 12/01/2027"\n'
        "  papier purge --no-visa                           (a private office)\n"
        '  papier purge --record 12 --because "RGPD art. 17, letter of 3 May"'
    ),
)
@click.option("--form", help=_("Only this form."))
@click.option("--dry-run", is_flag=True, help=_("Say what would go; change nothing."))
@click.option("--slip", type=click.Path(path_type=Path, dir_okay=False), help=_("Print the slip; purge nothing yet."))
@printer_options
@click.option("--number", type=int, help=_("Purge what this slip lists."))
@click.option("--visa", help=_("Who agreed, and when; kept in the journal."))
@click.option("--no-visa", is_flag=True, help=_("Nobody has to agree: purge what is due."))
@click.option("--record", "chosen", type=int, multiple=True, help=_("This record, due or not; say --because."))
@click.option("--because", help=_("Why a record goes before its time; kept in the journal."))
@click.option("--finish", is_flag=True, help=_("Finish a purge that was interrupted."))
@pass_context
def command(
    context: Context,
    form: str | None,
    dry_run: bool,
    slip: Path | None,
    printer: str | None,
    no_wait: bool,
    number: int | None,
    visa: str | None,
    no_visa: bool,
    chosen: tuple[int, ...],
    because: str | None,
    finish: bool,
) -> int:
    if printer is not None and slip is None:
        raise UsageError(_("--printer prints the slip: say where its PDF goes, --slip FILE."))
    engine, workspace = context.engine, context.workspace
    if finish:
        gone = finish_purge(workspace, engine)
        click.echo(_n("{count} file went.", "{count} files went.", gone).format(count=gone))
        return 0
    if chosen:
        _purge_chosen(context, chosen, because, dry_run=dry_run)
        return 0
    if number is not None:
        if not visa:
            raise UsageError(_("Say who agreed, and when: --visa."))
        listed = proposed_records(engine, number)
        if listed is None:
            raise UsageError(_("There is no slip {number}. Print one: papier purge --slip FILE").format(number=number))
        still = {record.record for record in kept_records(engine)}
        wanted = [record for record in listed if record in still]
        listed_cases = proposed_cases(engine, number)
        cases = [case.number for case in closed_cases(engine) if case.number in listed_cases and not case.kept]
        if not dry_run:
            purge(workspace, engine, wanted, context.now(), f"slip {number}, {visa}", cases)
        _told(len(wanted), dry_run=dry_run)
        return 0
    due = find_due(engine, context.now().date(), known_form(context, form))
    due_cases = find_due_cases(engine, context.now().date(), known_form(context, form))
    _list(due, due_cases)
    if not (due or due_cases) or dry_run:
        _told(len(due), dry_run=True)
        return 0
    if slip is not None:
        to = None if printer is None else find_destination(context, printer, slip)
        numbers = [entry.case.number for entry in due_cases]
        event, head = propose(engine, [entry.record.record for entry in due], context.now(), numbers)
        establishment = read_settings(workspace).get("etablissement", "")
        write_disposal_slip(slip, event, context.now().date().isoformat(), establishment, _lines(due, due_cases), head)
        click.echo(
            _("Slip {number}: {path}, two copies. Once it is signed: papier purge --number {number} --visa …").format(
                number=event, path=slip
            )
        )
        return deliver_leaflet(context, to, slip.resolve(), "purge", wait=not no_wait)
    if not no_visa:
        raise UsageError(
            _("Nothing was purged. Print the slip (--slip FILE), or say that nobody must agree: --no-visa.")
        )
    numbers = [entry.case.number for entry in due_cases]
    purge(workspace, engine, [entry.record.record for entry in due], context.now(), "due", numbers)
    _told(len(due), dry_run=False)
    return 0


def _purge_chosen(context: Context, chosen: Sequence[int], because: str | None, *, dry_run: bool) -> None:
    if not because:
        raise UsageError(_("Say why these records go before their time: --because."))
    kept = {record.record: record for record in kept_records(context.engine)}
    for record in chosen:
        if record not in kept:
            raise UsageError(_("No record “{which}”. See: papier records list").format(which=record))
        click.echo(f"  {record} · {kept[record].form} · {kept[record].sheet or '–'} · {kept[record].created_at[:10]}")
    if not dry_run:
        purge(context.workspace, context.engine, chosen, context.now(), because)
    _told(len(chosen), dry_run=dry_run)


def _list(due: Sequence[DueRecord], cases: Sequence[DueCase] = ()) -> None:
    for line in _lines(due, cases):
        click.echo(
            _n(
                "  {title} ({form} v{version}): {count} record, from {first} to {last}",
                "  {title} ({form} v{version}): {count} records, from {first} to {last}",
                line.records,
            ).format(
                title=line.title, form=line.form, version=line.version, count=line.records, first=line.first,
                last=line.last,
            )
        )  # fmt: skip


def _lines(due: Sequence[DueRecord], cases: Sequence[DueCase] = ()) -> list[DisposalLine]:
    groups: dict[tuple[str, int], list[DueRecord]] = {}
    for entry in due:
        groups.setdefault((entry.record.form, entry.record.version), []).append(entry)
    lines = []
    for (form, version), entries in sorted(groups.items()):
        days = sorted(entry.record.created_at[:10] for entry in entries)
        lines.append(DisposalLine(entries[0].record.title, form, version, len(entries), days[0], days[-1]))
    over: dict[str, list[DueCase]] = {}
    for due_case in cases:
        over.setdefault(due_case.case.workflow, []).append(due_case)
    for workflow, closed in sorted(over.items()):
        days = sorted(due_case.case.closed.isoformat() for due_case in closed)
        lines.append(DisposalLine("Dossiers clos", workflow, 1, len(closed), days[0], days[-1]))
    return lines


def _told(count: int, *, dry_run: bool) -> None:
    if dry_run:
        click.echo(
            _n(
                "{count} record would go; nothing was changed.", "{count} records would go; nothing was changed.", count
            ).format(count=count)
        )
    else:
        click.echo(
            _n(
                "{count} record is gone for good. Backups made before still hold it.",
                "{count} records are gone for good. Backups made before still hold them.",
                count,
            ).format(count=count)
        )
