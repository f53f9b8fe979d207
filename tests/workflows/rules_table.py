"""The table of rules in `docs/clocks.md`; `python -m tests.workflows.rules_table` writes it anew from the data."""

from __future__ import annotations

from pathlib import Path

from papier.workflows.deadlines_wording import format_length
from papier.workflows.rulebook import known_rules
from papier.workflows.rules import Ending, Party

PAGE = Path(__file__).parents[2] / "docs" / "clocks.md"
BEGIN, END = "<!-- the table of rules begins -->\n", "<!-- the table of rules ends -->\n"

ENDINGS = {
    Ending.MOVES: "next working day",
    Ending.FRANC: "*franc*, then next working day",
    Ending.DECIDES: "never moves: silence takes effect",
    Ending.STANDS: "never moves",
    Ending.SCHOOL: "next school or working day",
}
PARTIES = {Party.US: "we", Party.THEM: "they", Party.NOBODY: "–"}


def render() -> str:
    """One row a version of a rule."""
    rows = ["| rule | what it is | how long, after what | its last day | who acts | counts from | sources |"]
    rows.append("|---|---|---|---|---|---|---|")
    for versions in known_rules().values():
        for rule in versions:
            words = rule.english
            length = f"{format_length(rule, rule.count, 'en')} after {words.after}"
            cells = (f"`{rule.name}`", words.title, length, ENDINGS[rule.ending], PARTIES[rule.party])
            since = f"{rule.since} ({rule.in_force})"
            rows.append("| " + " | ".join((*cells, since, "; ".join(rule.sources))) + " |")
    return "\n".join(rows) + "\n"


def read_table(page: str) -> str:
    return page.partition(BEGIN)[2].partition(END)[0]


if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    PAGE.write_text(before + BEGIN + render() + END + after, encoding="utf-8")
