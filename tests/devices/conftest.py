"""The print service of these tests, started once a worker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cli.conftest import papier  # noqa: F401 - the program, as a fixture
from tests.devices.print_shop import PrintShop, print_shop


@pytest.fixture(scope="session")
def running_shop() -> Iterator[PrintShop]:
    with print_shop() as shop:
        yield shop


@pytest.fixture
def shop(running_shop: PrintShop, monkeypatch: pytest.MonkeyPatch) -> PrintShop:
    """The print service, empty and well, as the one that papier finds."""
    running_shop.fresh()
    monkeypatch.setenv("CUPS_SERVER", running_shop.environment["CUPS_SERVER"])
    return running_shop
