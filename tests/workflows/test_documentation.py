from __future__ import annotations

from tests.workflows.rules_table import PAGE, read_table, render


def test_the_page_shows_the_rules_as_they_are() -> None:
    assert read_table(PAGE.read_text(encoding="utf-8")) == render(), "run python -m tests.workflows.rules_table"
