"""`papier purge`"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from papier.cli import counts
from papier.cli.context import Context, pass_context
from papier.cli.numbers import Number
from papier.cli.printer import deliver_leaflet, find_destination, printer_options
from papier.cli.records import known_form
from papier.errors import UsageError
from papier.field_retention import DueField, find_due_fields, purge_fields
from papier.forms.disposal_slip import DisposalLine, write_disposal_slip
from papier.language import translate as _
from papier.language import translate_count as _n
from papier.language import written_day
from papier.retention import DueCase, DueRecord, find_due, find_due_cases, finish_purge, lawful_day, purge
from papier.store.case_erasure import closed_cases
from papier.store.purge import KeptRecord, kept_records, propose, proposed_cases, proposed_fields, proposed_records
from papier.store.workspace import read_settings


@click.command(
    "purge",
    help=_(
        "Take out for good what has been kept as long as its form says: readings, names, pictures. The journal keeps "
        "that a record existed, not what it said.\n\n"
        "Where public archives must agree first, print the slip, have both copies signed, then purge by its number. "
        "Fields that their form keeps for a shorter time go alone, their place on the scan made white. "
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
@click.option("--number", type=Number(), help=_("Purge what this slip lists."))
@click.option("--visa", help=_("Who agreed, and when; kept in the journal."))
@click.option("--no-visa", is_flag=True, help=_("Nobody has to agree: purge what is due."))
@click.option("--record", "chosen", type=Number(), multiple=True, help=_("This record, due or not; say --because."))
@click.option("--because", help=_("Why a record goes before its time; kept in the journal."))
@click.option("--despite-law", is_flag=True, help=_("With --record: although the law wants it kept longer."))
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
    despite_law: bool,
) -> int:
    if printer is not None and slip is None:
        raise UsageError(_("--printer prints the slip: say where its PDF goes, --slip FILE."))
    engine, workspace = context.engine, context.workspace
    if finish:
        gone = finish_purge(workspace, engine)
        click.echo(_n("{count} file went.", "{count} files went.", gone).format(count=gone))
        return 0
    if chosen:
        _purge_chosen(context, chosen, because, dry_run=dry_run, despite_law=despite_law)
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
        agreed = proposed_fields(engine, number)
        listed_fields = [
            entry
            for entry in find_due_fields(engine, context.now().date())
            if (entry.record.record, entry.field) in agreed and entry.record.record not in wanted
        ]
        if not dry_run:
            basis = f"slip {number}, {visa}"
            purge(workspace, engine, wanted, context.now(), basis, cases)
            purge_fields(workspace, engine, listed_fields, context.now(), basis)
        _told(len(wanted), _going(listed_fields), dry_run=dry_run)
        return 0
    due = find_due(engine, context.now().date(), known_form(context, form))
    due_cases = find_due_cases(engine, context.now().date(), known_form(context, form))
    fields = find_due_fields(engine, context.now().date(), known_form(context, form))
    _list(due, due_cases, fields)
    if not (due or due_cases or _going(fields)) or dry_run:
        _told(len(due), _going(fields), dry_run=True)
        return 0
    if slip is not None:
        to = None if printer is None else find_destination(context, printer, slip)
        numbers = [entry.case.number for entry in due_cases]
        pairs = [(entry.record.record, entry.field) for entry in fields if entry.held is None]
        event, head = propose(engine, [entry.record.record for entry in due], context.now(), numbers, pairs)
        establishment = read_settings(workspace).get("etablissement", "")
        write_disposal_slip(
            slip, event, context.now().date().isoformat(), establishment, _lines(due, due_cases, fields), head
        )
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
    if due or due_cases:
        purge(workspace, engine, [entry.record.record for entry in due], context.now(), "due", numbers)
    purge_fields(workspace, engine, fields, context.now(), "due")
    _told(len(due), _going(fields), dry_run=False)
    return 0


def _going(fields: Sequence[DueField]) -> int:
    return sum(entry.held is None for entry in fields)


def _purge_chosen(
    context: Context, chosen: Sequence[int], because: str | None, *, dry_run: bool, despite_law: bool
) -> None:
    if not because:
        raise UsageError(_("Say why these records go before their time: --because."))
    kept = {record.record: record for record in kept_records(context.engine)}
    for record in chosen:
        if record not in kept:
            raise UsageError(_("No record “{which}”. See: papier records list").format(which=record))
        click.echo(
            f"  {record} · {kept[record].form} · {kept[record].sheet or '–'} · {written_day(kept[record].created_at)}"
        )
        earliest = lawful_day(kept[record], "minimum")
        if earliest is not None and earliest >= context.now().date() and not despite_law:
            raise UsageError(
                _(
                    "Record {record} must be kept until {day} ({source}). If it must go all the same: --despite-law"
                ).format(record=record, day=written_day(earliest), source=kept[record].limits["minimum"][1])
            )
    if not dry_run:
        purge(context.workspace, context.engine, chosen, context.now(), because)
    _told(len(chosen), dry_run=dry_run)


def _list(due: Sequence[DueRecord], cases: Sequence[DueCase], fields: Sequence[DueField]) -> None:
    """What would go, form by form, and why: how long it is kept, and what the law says."""
    why = {(entry.record.title, entry.record.form, entry.record.version): entry for entry in due}
    for line in _lines(due, cases, fields):
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
        entry = why.get((line.title, line.form, line.version))
        if entry is not None:
            for words in _why(entry.record, entry.record.retention):
                click.echo(f"    {words}")
    for words in dict.fromkeys(_field_why(entry) for entry in fields if entry.held is None):
        click.echo(f"    {words}")
    late = [entry for entry in due if entry.unlawful_since is not None]
    if late:
        click.echo(
            _n(
                "  {count} record is kept longer than the law allows, since {day}.",
                "  {count} records are kept longer than the law allows, the first since {day}.",
                len(late),
            ).format(count=len(late), day=written_day(min(str(entry.unlawful_since) for entry in late)))
        )
    for case in sorted({entry.held for entry in fields if entry.held is not None}):
        names = sorted({entry.field for entry in fields if entry.held == case})
        click.echo(
            _("  Case {case} rests on {fields}: they stay until it is closed and purged.").format(
                case=case, fields=", ".join(names)
            )
        )


def _why(record: KeptRecord, duration: str | None) -> list[str]:
    said = [_("kept {duration}").format(duration=counts.duration(duration or "")) + _basis(record)]
    words = {
        "minimum": _("the law: at least {duration} ({source})"),
        "maximum": _("the law: at most {duration} ({source})"),
    }
    said += [
        words[name].format(duration=counts.duration(limit[0]), source=limit[1]) for name, limit in record.limits.items()
    ]
    return said


def _basis(record: KeptRecord) -> str:
    return "" if record.basis is None else _(": {why}").format(why=record.basis)


def _field_why(entry: DueField) -> str:
    duration = counts.duration(entry.record.fields[entry.field])
    return _("{form}, field {field}: kept {duration}").format(
        form=entry.record.form, field=entry.field, duration=duration
    )


def _lines(
    due: Sequence[DueRecord], cases: Sequence[DueCase] = (), fields: Sequence[DueField] = ()
) -> list[DisposalLine]:
    groups: dict[tuple[str, int], list[DueRecord]] = {}
    for entry in due:
        groups.setdefault((entry.record.form, entry.record.version), []).append(entry)
    lines = []
    for (form, version), entries in sorted(groups.items()):
        days = sorted(entry.record.created_at[:10] for entry in entries)
        lines.append(DisposalLine(entries[0].record.title, form, version, len(entries), days[0], days[-1]))
    parts: dict[tuple[str, int, str], list[DueField]] = {}
    for part in fields:
        if part.held is None:
            parts.setdefault((part.record.form, part.record.version, part.field), []).append(part)
    for (form, version, name), found in sorted(parts.items()):
        days = sorted(part.record.created_at[:10] for part in found)
        title = f"{found[0].record.title} : champ {name} seul"
        lines.append(DisposalLine(title, form, version, len(found), days[0], days[-1]))
    over: dict[str, list[DueCase]] = {}
    for due_case in cases:
        over.setdefault(due_case.case.workflow, []).append(due_case)
    for workflow, closed in sorted(over.items()):
        days = sorted(due_case.case.closed.isoformat() for due_case in closed)
        lines.append(DisposalLine("Dossiers clos", workflow, 1, len(closed), days[0], days[-1]))
    return lines


def _told(count: int, fields: int = 0, *, dry_run: bool) -> None:
    if fields:
        words = (
            _n("{count} field would go alone.", "{count} fields would go alone.", fields)
            if dry_run
            else _n("{count} field is gone for good.", "{count} fields are gone for good.", fields)
        )
        click.echo(words.format(count=fields))
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
