"""The file that a command writes: its folder must be there, so that a mistyped name makes no new one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from papier.errors import UsageError
from papier.language import translate as _


class OutputFile(click.Path):
    """A file to write, in a folder that exists."""

    def __init__(self) -> None:
        super().__init__(path_type=Path, dir_okay=False)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        if str(value) == "-":
            raise UsageError(_("--output takes the name of a file, not “-”."))
        path = Path(str(super().convert(value, param, ctx)))
        if not path.parent.is_dir():
            raise UsageError(
                _("There is no folder {folder}. Make it first, or choose another --output.").format(folder=path.parent)
            )
        return path
