"""The pool reads runs of pages: all of them, in order, and a page that kills its process costs no other."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from papier.ocr.scan import RejectedPage, ScannedPage
from papier.page_pool import PagePool, read_run, using_pool
from papier.records import PageReading, PageStatus

FAULTY = 2


@dataclass(frozen=True)
class FaultyReader:
    """Tells pages by their shade, and fails at one: with an error, or with the death of its process."""

    register: Any = None
    deadly: bool = False

    def read_page(self, page: ScannedPage | RejectedPage) -> list[PageReading]:
        assert isinstance(page, ScannedPage)
        if page.index == FAULTY:
            if self.deadly:
                os.kill(os.getpid(), signal.SIGKILL)
            raise ValueError("a page like no other")
        return [PageReading(page.source, page.index, PageStatus.READ, reason=str(int(page.pixels[0, 0])))]


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    path = tmp_path / "scan.tiff"
    pages = [np.full((80, 60), 40 * index, np.uint8) for index in range(1, 5)]
    assert cv2.imwritemulti(str(path), pages)
    return path


def _told(readings: list[list[PageReading]]) -> list[str | None]:
    return [reading.reason for (reading,) in readings]


def test_a_run_is_read_in_order_and_one_page_that_breaks_the_reader_is_rejected(scan: Path) -> None:
    readings = read_run(scan, range(1, 5), FaultyReader())
    assert [reading.source_page for (reading,) in readings] == [1, 2, 3, 4]
    assert readings[1][0].status is PageStatus.DAMAGED
    assert [_told(readings)[at] for at in (0, 2, 3)] == ["40", "120", "160"]


@pytest.mark.skipif(os.name != "posix", reason="processes are killed as POSIX does it")
def test_a_page_that_kills_its_process_costs_itself_and_no_other_of_its_run(scan: Path) -> None:
    with using_pool(FaultyReader(deadly=True), workers=1) as pool:  # type: ignore[arg-type]
        readings = pool.result(pool.submit(scan, range(1, 5)))
    assert "it broke the program that reads it" in str(readings[1][0].reason)
    assert [_told(readings)[at] for at in (0, 2, 3)] == ["40", "120", "160"]


@pytest.mark.parametrize("workers", [1, 2, 16])
@pytest.mark.parametrize("total", [0, 1, 7, 8, 60, 1000, 1003])
def test_runs_hold_every_page_once_and_leave_no_process_idle(total: int, workers: int) -> None:
    runs = list(PagePool(FaultyReader(), workers).runs(total))  # type: ignore[arg-type]
    assert [page for run in runs for page in run] == list(range(1, total + 1))
    assert len(runs) >= min(total, 4 * workers)
