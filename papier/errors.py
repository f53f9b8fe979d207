"""The errors of files, tools and orders. What happens to paper is a value, never one of these.

Each class carries the exit code that scripts rely on; each message ends in the remedy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

EXIT_DONE = 0
EXIT_CHECK_NEEDED = 20
EXIT_PAGES_REJECTED = 21
EXIT_INTERRUPTED = 130


class PapierError(Exception):
    """Anything a user can cause or must mend. `str()` is one sentence with the remedy."""

    exit_code = 1


class UsageError(PapierError):
    """The order given makes no sense as it stands."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a file that a person wrote: where it is, what it is, how to mend it."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


class DefinitionError(PapierError):
    """A form or workflow definition is wrong; all its problems are reported at once."""

    exit_code = 3

    def __init__(self, path: Path | str, problems: Sequence[Problem]) -> None:
        self.path = str(path)
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in problems))


class LayoutError(PapierError):
    """A form does not fit its page; the message names the block and by how many millimetres."""

    exit_code = 4


class ScanFileError(PapierError):
    """A scan file cannot be read at all."""

    exit_code = 5


class MissingProgramError(PapierError):
    """A program or model that this task needs is not installed."""

    exit_code = 6


class ProgramFailedError(PapierError):
    """A program was started and failed."""

    exit_code = 7


class StoreError(PapierError):
    """The store is damaged or busy."""

    exit_code = 8


class WorkflowRefusedError(PapierError):
    """A workflow does not allow this step."""

    exit_code = 9
