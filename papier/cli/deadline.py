"""`papier deadline`"""

from __future__ import annotations

import datetime as dt
import json

import click

from papier.errors import UsageError
from papier.language import translate as _
from papier.workflows.deadlines import compute, list_rules


@click.command(
    "deadline",
    help=_(
        "Compute one legal clock and explain it.\n\n"
        "\b\nExamples:\n  papier deadline rgpd-reponse --from 2026-10-01\n  papier deadline --list"
    ),
)
@click.argument("rule", required=False)
@click.option("--from", "start", metavar="YYYY-MM-DD", help=_("The day the clock starts from."))
@click.option("--region", help=_("Where local holidays count."))
@click.option("--list", "list_them", is_flag=True, help=_("The rules with their sources."))
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object."))
def command(rule: str | None, start: str | None, region: str | None, list_them: bool, as_json: bool) -> None:
    if list_them:
        for known in list_rules():
            if as_json:
                click.echo(json.dumps(known.to_json(), ensure_ascii=False))
            else:
                click.echo(f"{known.name:<28} {known.title}\n{'':<28} {' ; '.join(known.sources)}")
        return
    if rule is None or start is None:
        raise UsageError(_("Say which rule and from which day: papier deadline rgpd-reponse --from 2026-10-01"))
    try:
        day = dt.date.fromisoformat(start)
    except ValueError as error:
        raise UsageError(_("“{day}” is not a date like 2026-10-01.").format(day=start)) from error
    deadline = compute(rule, day, region)
    if as_json:
        click.echo(json.dumps(deadline.to_json(), ensure_ascii=False))
        return
    click.echo(_("prudent: {day}").format(day=deadline.prudent.isoformat()))
    click.echo(_("theoretical: {day}").format(day=deadline.theoretical.isoformat()))
    click.echo(deadline.because)
    for source in deadline.sources:
        click.echo(f"  {source}")
