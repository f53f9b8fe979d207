"""A day on the command line, as people write it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import click

from papier.errors import UsageError
from papier.language import translate as _


class Day(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """`2027-03-01`, `01/03/2027` or `1.3.2027`."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dt.date:  # noqa: ARG002
        if isinstance(value, dt.date):
            return value
        from papier.forms.roster_values import parse_day  # noqa: PLC0415 - needed where a day is given only

        found = parse_day(str(value))
        if found is None:
            raise UsageError(_("“{value}” is no day. Write it 2027-03-01 or 01/03/2027.").format(value=value))
        return found
