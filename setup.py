"""The library of forms stands at the top of the source tree, for people to find; a wheel carries it inside papier.

Everything else about the package is in pyproject.toml.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

_LIBRARY = Path("forms")


class BuildWithLibrary(build_py):
    """Copies `forms/` to `papier/library/`; an editable installation reads `forms/` where it stands."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        for source, target in self._library():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:
        outputs = list(super().get_outputs(include_bytecode))
        return outputs if self.editable_mode else [*outputs, *(str(target) for _, target in self._library())]

    def _library(self) -> list[tuple[Path, Path]]:
        root = Path(self.build_lib) / "papier" / "library"
        return [(path, root / path.relative_to(_LIBRARY)) for path in sorted(_LIBRARY.rglob("*")) if path.is_file()]


setup(cmdclass={"build_py": BuildWithLibrary})
