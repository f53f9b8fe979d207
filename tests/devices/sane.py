"""Real SANE stacks for tests: its `pnm` and `test` backends, and a sheet feeder that is built from `feeder.c`."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

INSTALL = "sudo apt-get install -y sane-utils libsane-dev gcc"
FEEDER = "feeder:corridor"
JAM, EMPTY, COVER, IO_ERROR = 6, 7, 8, 9
Image8 = npt.NDArray[np.uint8]

needs_sane = pytest.mark.skipif(shutil.which("scanimage") is None, reason=f"scanimage is missing: {INSTALL}")


@dataclass
class Sane:
    """A SANE of one's own: a configuration folder, and the environment that points to it."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def set_up(cls, folder: Path, *backends: str) -> Sane:
        config = folder / "sane.d"
        config.mkdir()
        (config / "dll.conf").write_text("\n".join(backends) + "\n")
        return cls(folder, {"SANE_CONFIG_DIR": str(config)})

    def apply(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value)


@dataclass
class Feeder(Sane):
    """A scanner with a feeder, a glass and duplex, whose stack is a folder of page images."""

    @property
    def stack(self) -> Path:
        return self.folder / "stack"

    @classmethod
    def build(cls, folder: Path) -> Feeder:
        """Compile the backend. Skips where there is no compiler or no header."""
        sane = Sane.set_up(folder, "feeder")
        library = folder / "libsane-feeder.so.1"
        source = Path(__file__).with_name("feeder.c")
        if shutil.which("gcc") is None or not Path("/usr/include/sane/sane.h").exists():
            pytest.skip(f"the simulated feeder cannot be built: {INSTALL}")
        subprocess.run(["gcc", "-shared", "-fPIC", "-o", str(library), str(source)], check=True)
        before = os.environ.get("LD_LIBRARY_PATH")
        search = f"{folder}:{before}" if before else str(folder)
        feeder = cls(folder, {**sane.environment, "LD_LIBRARY_PATH": search})
        feeder.environment["FEEDER_STACK"] = str(feeder.stack)
        feeder.stack.mkdir()
        return feeder

    def load(self, images: Sequence[Image8]) -> None:
        """Put sheets in, in place of those that lay there."""
        for old in self.stack.glob("*.pgm"):
            old.unlink()
        for at, image in enumerate(images, 1):
            write_pgm(image, self.stack / f"{at:04d}.pgm")

    def fail(self, status: int, after: int, *, midpage: bool = False) -> None:
        """Stop with a SANE status after so many pages, until `fail(0, 0)`."""
        self.environment |= {"FEEDER_TROUBLE": str(status), "FEEDER_AFTER": str(after)}
        self.environment["FEEDER_MIDPAGE"] = "1" if midpage else "0"


def write_pgm(image: Image8, path: Path) -> None:
    """Write a grey image as SANE's backends read it."""
    height, width = image.shape
    path.write_bytes(b"P5\n%d %d\n255\n" % (width, height) + image.tobytes())
