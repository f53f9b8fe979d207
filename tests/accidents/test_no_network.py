"""The whole loop where there is no network at all: nothing misses it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

LOOP = """
import sys
from pathlib import Path
import numpy as np, pypdfium2 as pdfium
from PIL import Image
from papier.cli.main import run
import socket

folder = Path(sys.argv[1])
try:
    socket.create_connection(("192.0.2.1", 80), timeout=2)
except OSError as error:
    print("no network:", type(error).__name__)
os.environ["PAPIER_WORKSPACE"] = str(folder / "w")
codes = [run(["init"]), run(["print", "carnet/mot-aux-parents", "--output", str(folder / "p.pdf")])]
document = pdfium.PdfDocument(folder / "p.pdf")
document[0].render(scale=150 / 72, grayscale=True).to_pil().save(folder / "w" / "inbox" / "scan.pdf", resolution=150)
document.close()
codes += [run(["intake"]), run(["records", "list"]), run(["records", "export", "--output", str(folder / "r.csv")])]
codes += [run(["verify"]), run(["backup", str(folder / "usb")]), run(["restore", str(folder / "usb"), "--dry-run"])]
codes += [run(["purge", "--dry-run"]), run(["deadline", "rgpd-reponse", "--from", "2026-10-01"])]
print("codes", codes)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="network namespaces are Linux's")
def test_the_loop_needs_no_network(tmp_path: Path) -> None:
    allowed = subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False)
    if allowed.returncode != 0:
        pytest.skip("this system lets nobody make a network namespace")
    outcome = subprocess.run(
        ["unshare", "-rn", sys.executable, "-c", "import os\n" + LOOP, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PAPIER_LANGUAGE": "en"},
    )
    assert outcome.returncode == 0, outcome.stderr
    assert "no network: OSError" in outcome.stdout
    codes = outcome.stdout.rpartition("codes ")[2].strip()
    assert codes in {"[0, 0, 0, 0, 0, 0, 0, 0, 0, 0]", "[0, 0, 20, 0, 0, 0, 0, 0, 0, 0]"}, (
        outcome.stdout + outcome.stderr
    )
    assert "Traceback" not in outcome.stderr
