"""`papier deadline`"""

from __future__ import annotations

import datetime as dt
import json

import click

from papier.cli.context import Context, pass_context
from papier.cli.days import Day
from papier.cli.numbers import Number
from papier.cli.output import typeset
from papier.errors import UsageError
from papier.language import chosen_language, written_day
from papier.language import translate as _
from papier.workflows.deadlines import Deadline, compute, list_rules
from papier.workflows.deadlines_wording import format_length
from papier.workflows.deliveries import Delivery, compute_from, find_delivery
from papier.workflows.rulebook import find_rule


@click.command(
    "deadline",
    help=_(
        "Compute one legal clock and explain it.\n\n"
        "Two dates: act by the prudent one; accuse nobody of being late before the theoretical one is over.\n\n"
        "A letter by registered post counts from the day it was handed over, or, if it was never fetched within "
        "fifteen days, from the day it was first presented: say --presented instead of --from.\n\n"
        "\b\nExamples:\n"
        "  papier deadline rgpd-reponse --from 2026-10-01\n"
        "  papier deadline tribunal-administratif --presented 2026-10-01 --claimed 2026-10-09\n"
        "  papier deadline relance-interne --from 2026-10-05 --days 8 --zone Paris\n"
        "  papier deadline --list"
    ),
)
@click.argument("rule", required=False)
@click.option(
    "--from", "start", type=Day(), metavar=_("DAY"), help=_("The day the clock starts from; it never counts itself.")
)
@click.option(
    "--presented",
    type=Day(),
    metavar=_("DAY"),
    help=_("The day a registered letter was first presented, in place of --from."),
)
@click.option(
    "--claimed",
    type=Day(),
    metavar=_("DAY"),
    help=_("The day the letter was handed over, at the door or at the post office."),
)
@click.option("--unclaimed", is_flag=True, help=_("The letter came back: nobody fetched it."))
@click.option(
    "--region",
    help=_("Where local holidays count: alsace-moselle, alsace-moselle-vendredi-saint, la-reunion, 974…"),
)
@click.option("--days", type=Number(), metavar="N", help=_("For an internal reminder: after how many days."))
@click.option(
    "--zone",
    metavar="A|B|C",
    help=_("For an internal reminder: wait for a school day of this zone, or of this academy."),
)
@click.option("--list", "list_them", is_flag=True, help=_("The rules as they count today, with their sources."))
@click.option("--json", "as_json", is_flag=True, help=_("One JSON object."))
@pass_context
def command(
    context: Context,
    rule: str | None,
    start: dt.date | None,
    presented: dt.date | None,
    claimed: dt.date | None,
    unclaimed: bool,
    region: str | None,
    days: int | None,
    zone: str | None,
    list_them: bool,
    as_json: bool,
) -> None:
    if list_them:
        _list_rules(context.now().date(), as_json)
        return
    if rule is not None:
        find_rule(rule, start or presented or context.now().date())
    if rule is None or (start is None) == (presented is None):
        raise UsageError(
            _("Say which rule and from which day: papier deadline {rule} --from {day}").format(
                rule=rule or "rgpd-reponse", day=written_day(context.now().date())
            )
            if rule is None or presented is None
            else _(
                "A clock starts either from a day (--from) or from a registered letter (--presented). Leave out one."
            )
        )
    if presented is None and (claimed is not None or unclaimed):
        raise UsageError(_("Say when the registered letter was first presented: --presented 2026-10-01"))
    if start is not None:
        _show(compute(rule, start, region, count=days, zone=zone), None, as_json)
        return
    if days is not None or zone is not None:
        raise UsageError(_("An internal reminder counts from a day (--from), not from a letter's delivery."))
    assert presented is not None  # noqa: S101 - one of both is given
    delivery = find_delivery(presented, claimed, unclaimed=unclaimed)
    _show(compute_from(rule, delivery, region), delivery, as_json)


def _list_rules(today: dt.date, as_json: bool) -> None:
    language = chosen_language()
    for known in list_rules(today):
        if as_json:
            click.echo(json.dumps(known.to_json(), ensure_ascii=False))
            continue
        since = _("since {day}").format(day=written_day(known.since))
        click.echo(f"{known.name:<28} {known.wording(language).title}")
        click.echo(f"{'':<28} {format_length(known, known.count, language)} · {since} · {' ; '.join(known.sources)}")


def _show(deadline: Deadline, delivery: Delivery | None, as_json: bool) -> None:
    if as_json:
        shown = deadline.to_json()
        if delivery:
            shown |= {"delivery": delivery.because, "events": [event.to_json() for event in deadline.events]}
        click.echo(json.dumps(shown, ensure_ascii=False))
        return
    in_french = chosen_language() == "fr"
    click.echo(_("prudent: {day}").format(day=written_day(deadline.prudent)))
    click.echo(_("theoretical: {day}").format(day=written_day(deadline.theoretical)))
    if delivery:
        click.echo(typeset(delivery.because) if in_french else delivery.because_en)
    click.echo(typeset(deadline.because) if in_french else deadline.because_en)
    for source in deadline.sources:
        click.echo(f"  {source}")
