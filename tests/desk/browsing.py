"""A real Chromium on the desk's pages, as somebody sits before it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
# Without a sandbox of its own where tests run as root; without a word to anybody outside.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
# Longer than an item must have been seen before a key answers it.
LOOKS_MS = 330


@contextmanager
def open_chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


def count_left(page: Page) -> int:
    """How many items the page says are to check; 0 where it says that nothing is."""
    found = re.search(r"(\d+) to check", page.inner_text("article"))
    return int(found[1]) if found else 0


def press(page: Page, key: str, left: int) -> None:
    """Look at the item, then answer with one key, and wait for what comes: so many items left."""
    page.wait_for_timeout(LOOKS_MS)
    page.keyboard.press(key)
    wait_for(page, left)


def wait_for(page: Page, left: int) -> None:
    words = f"{left} to check" if left else "Nothing waits"
    page.wait_for_function(
        "words => document.querySelector('#content').innerText.includes(words)"
        " && !document.querySelector('#content').hasAttribute('aria-busy')",
        arg=words,
        timeout=60_000,
    )


def open_page(context: BrowserContext, faults: list[str]) -> Page:
    """A page that notes every error of its script, and everything that its policy forbade."""
    page = context.new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if "Content Security" in message.text else None)
    return page


def axe_source(prefix: Path) -> Path:
    return prefix / "axe" / "node_modules" / "axe-core" / "axe.min.js"
