"""The number of a case, a record, a print run on the command line: one that the store could have given."""

from __future__ import annotations

from typing import Any

import click

from papier.language import translate as _

# SQLite's integers end here.
LARGEST = 2**63 - 1
# Of a number that is longer, this much is said.
SHOWN = 20


class Number(click.types.IntParamType):
    """A whole number, not longer than any that was ever given."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        number: int = super().convert(value, param, ctx)
        if abs(number) > LARGEST:
            self.fail(_("“{number}…” is too long for a number.").format(number=str(value)[:SHOWN]), param, ctx)
        return number
