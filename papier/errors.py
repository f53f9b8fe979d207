"""The errors of files, tools and orders. What happens to paper is a value, never one of these.

Each class carries the exit code that scripts rely on; each message ends in the remedy.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from papier.language import translate as _

EXIT_DONE = 0
EXIT_CHECK_NEEDED = 20
EXIT_PAGES_REJECTED = 21
EXIT_INTERRUPTED = 130


# What the system says of a file or a connection, as people say it; the system itself speaks one language only.
_OS_WORDS: Mapping[int, Callable[[], str]] = {
    errno.EACCES: lambda: _("you have no right to it"),
    errno.EPERM: lambda: _("you have no right to it"),
    errno.EBUSY: lambda: _("another program uses it"),
    errno.ECONNREFUSED: lambda: _("nothing answers there"),
    errno.EDQUOT: lambda: _("your share of the disk is full"),
    errno.EEXIST: lambda: _("it is there already"),
    errno.EFBIG: lambda: _("it is too large for this disk"),
    errno.EHOSTUNREACH: lambda: _("the other machine cannot be reached"),
    errno.EIO: lambda: _("the disk fails"),
    errno.EISDIR: lambda: _("it is a folder"),
    errno.ENAMETOOLONG: lambda: _("its name is too long"),
    errno.ENOENT: lambda: _("it is not there"),
    errno.ENOSPC: lambda: _("the disk is full"),
    errno.ENOTDIR: lambda: _("a part of its path is no folder"),
    errno.EROFS: lambda: _("the disk can only be read"),
    errno.ESTALE: lambda: _("the share has gone away"),
    errno.ETIMEDOUT: lambda: _("it did not answer in time"),
}


def os_words(error: OSError) -> str:
    """Why the system refused, in the user's language."""
    words = _OS_WORDS.get(error.errno or 0)
    return words() if words is not None else error.strerror or str(error)


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
