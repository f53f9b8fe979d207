"""For whom a command prints: a roster's people or blank copies, with what stands in the way told line by line."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from papier.cli.context import Context
from papier.cli.output import labelled
from papier.errors import UsageError
from papier.forms.definition import FormDefinition, TableField
from papier.forms.layout import Layout
from papier.forms.library import library_folders
from papier.forms.recipients import find_recipient
from papier.forms.roster import Roster, find_twins, group_people, load_roster, split_complete
from papier.forms.roster_values import columns_left_to_hand, unprintable_values
from papier.language import translate as _
from papier.print_run import Addressee
from papier.workflows.case import PERSON_FIELDS
from papier.workflows.letter_values import ADDRESS_COLUMNS
from papier.yaml_source import find_nearest

to_option = click.option(
    "--to", "recipient", metavar="NAME", help=_("Whose address stands in the window: papier recipients.")
)


def find_people(
    definition: FormDefinition,
    layout: Layout,
    roster: Path | None,
    common: dict[str, str],
    copies: int = 1,
    *,
    begins_cases: bool = False,
) -> tuple[list[Addressee], int]:
    """Whom to print for, and how many were left out (each told on stderr). Raises UsageError when nobody is left.

    `begins_cases`: each sheet begins a case, and a roster that names nobody is refused: nobody could find them again.
    """
    incomplete = 0
    if roster is None:
        addressees = [Addressee(common)] * copies
    else:
        people = load_roster(roster)
        if begins_cases and people.people and not {"nom", "organisme"} & {*people.columns, *common}:
            raise UsageError(
                _("{roster} has no column “nom”: its cases would be for nobody. Its columns are: {columns}.").format(
                    roster=roster, columns=", ".join(people.columns)
                )
            )
        addressees, incomplete = _addressees(definition, people, common, layout)
    if not addressees:
        raise UsageError(_("No sheet to print: no line of the roster has all that this form needs."))
    printable = []
    for addressee in addressees:
        faults = unprintable_values(layout, addressee.values, addressee.rows)
        for fault in faults:
            click.echo(labelled(_name(addressee), fault), err=True)
        if faults:
            incomplete += 1
        else:
            printable.append(addressee)
    if not printable:
        raise UsageError(_("No sheet to print: mend the values above."))
    return printable, incomplete


def _name(addressee: Addressee) -> str:
    """Whom a sheet is for, as a person says it; all that is known where nobody is named."""
    named = [addressee.values.get(column, "") for column in ("nom", "prenom", "classe")]
    return " ".join(filter(None, named if named[0] else addressee.values.values()))


def parse_settings(settings: tuple[str, ...], layouts: Iterable[Layout]) -> dict[str, str]:
    """`COLUMN=VALUE` options as a mapping. Raises UsageError for a column that none of the forms prints or knows."""
    if not settings:
        return {}
    known = {"etablissement", *PERSON_FIELDS, *ADDRESS_COLUMNS}.union(*(layout.roster_columns() for layout in layouts))
    values = {}
    for setting in settings:
        column, separator, value = setting.partition("=")
        column = column.strip()
        if not separator:
            raise UsageError(_("--set wants COLUMN=VALUE, not “{setting}”.").format(setting=setting))
        if column not in known:
            nearest = find_nearest(column, known)
            hint = _(" Did you mean “{name}”?").format(name=nearest) if nearest else ""
            raise UsageError(
                _("--set: nothing here prints a column “{column}”.{hint} Known are: {known}.").format(
                    column=column, hint=hint, known=", ".join(sorted(known))
                )
            )
        values[column] = value
    return values


def _addressees(
    definition: FormDefinition, roster: Roster, common: dict[str, str], layout: Layout
) -> tuple[list[Addressee], int]:
    """One sheet a person, or one a group where the form has a row a person. Incomplete people are told by line."""
    columns, by_hand = layout.roster_columns(), columns_left_to_hand(layout)
    known = {column for person in roster.people for column in person.values}
    table = next((f for f in definition.fields() if isinstance(f, TableField) and f.roster_rows), None)
    needed = [column for column in columns if column in known and column not in {*common, *by_hand}]
    if table is not None and table.group_by is not None and table.group_by not in needed:
        needed.append(table.group_by)
    complete, problems = split_complete(roster, needed)
    for problem in (*roster.problems, *problems, *find_twins(roster)):
        click.echo(str(problem), err=True)
    absent = [column for column in columns if column not in common and column not in known]
    # Of a roster of which nobody was read, the columns say nothing.
    if absent and roster.people:
        click.echo(
            _("The roster has no column {columns}: left to be written by hand. To print it: --set {first}=…").format(
                columns=", ".join(absent), first=absent[0]
            ),
            err=True,
        )
    if table is None:
        people = [Addressee(common | dict(person.values)) for person in complete]
    else:
        people = [
            Addressee(common | dict(group[0].values), tuple(dict(person.values) for person in group))
            for group in group_people(complete, table.group_by, table.row_count)
        ]
    return people, len(problems) + len(roster.problems)


def recipient_columns(name: str | None, context: Context, layout: Layout) -> dict[str, str]:
    """The address columns of a recipient of the directory."""
    if name is None:
        return {}
    recipient = find_recipient(name, library_folders(context.form_folder))
    if "organisme" not in layout.roster_columns():
        raise UsageError(_("{form} is no letter: it has no address. Leave --to out.").format(form=layout.form))
    if recipient.example:
        click.echo(_("{name} is an example: its address does not exist.").format(name=name), err=True)
    return recipient.columns()
