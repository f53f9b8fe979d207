"""Where the definitions shipped with papier lie."""

from __future__ import annotations

from pathlib import Path

# Beside the package's modules in an installed papier; at the top of the source tree else.
_PACKAGE = Path(__file__).resolve().parent.parent
_CANDIDATES = (_PACKAGE / "library", _PACKAGE.parent / "forms")


def shipped_folder() -> Path | None:
    """The folder of the shipped forms, their parts and their lists; None where they were left out."""
    return next((folder for folder in _CANDIDATES if folder.is_dir()), None)
