"""The desk in a real browser: by keyboard alone, by mouse, in two windows, and when things go wrong."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route
from sqlalchemy import select

from papier.checking.queue import open_items
from papier.store.checks import Check, checks_by_key
from papier.store.connection import reading
from papier.store.overview import latest_records, latest_scans
from papier.store.records import list_records
from papier.store.tables import checks
from tests.desk.browsing import CHROMIUM, axe_source, count_left, open_chromium, open_page, press, wait_for
from tests.desk.small_office import NOW, RunningDesk, blank_scan

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="Chromium is not installed. Type: sudo apt-get install -y chromium"
)
AXE = axe_source(Path(sys.prefix))
ITEMS = 16


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_chromium() as chromium:
        yield chromium


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    opened = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext, desk: RunningDesk) -> Iterator[Page]:
    """A window into which the desk's address was opened, and in which no script may fail."""
    faults: list[str] = []
    opened = open_page(context, faults)
    opened.goto(desk.doors.address)
    yield opened
    assert faults == []


def answers(desk: RunningDesk) -> list[Check]:
    """Every answer in force, oldest first."""
    with reading(desk.office.engine) as connection:
        keys = connection.execute(select(checks.c.key)).scalars()
        found = checks_by_key(connection, keys)
    return sorted((check for given in found.values() for check in given), key=lambda check: check.check)


def address(desk: RunningDesk, path: str) -> str:
    return desk.doors.origin + desk.doors.path + path


def test_the_whole_queue_is_answered_by_keyboard_alone(page: Page, desk: RunningDesk) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "To the content"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert "Check 16 readings" in page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")
    page.wait_for_url("**/check")
    left = ITEMS
    typed = {"debut": "21/11/2026", "responsable": "DUPONT", "telephone": "01 23 45 67 89"}
    wanted: dict[str, object] = {}
    while left:
        key = page.get_attribute('article input[name="item"]', "value") or ""
        field = key.rpartition(":")[2]
        assert page.evaluate("document.activeElement.tagName") in {"H1", "BODY"}
        left -= 1
        # Of each kind of field one is right, one is the other candidate, one is typed or empty, one unreadable.
        turn = sum(1 for known in wanted if known.endswith(field))
        if turn == 0:
            press(page, "Enter", left)
            wanted[key] = "right"
        elif turn == 1:
            press(page, "Digit1", left)
            wanted[key] = "candidate"
        elif turn == 2 and field in typed:
            page.wait_for_timeout(330)
            page.keyboard.press("t")
            page.keyboard.type(typed[field])
            page.keyboard.press("Enter")
            wait_for(page, left)
            wanted[key] = "typed"
        elif turn == 2:
            press(page, "v", left)
            wanted[key] = "blank"
        else:
            press(page, "i", left)
            wanted[key] = "unreadable"
    assert {check.key: str(check.verdict) for check in answers(desk)} == wanted
    assert {check.who for check in answers(desk)} == {"Mme Roux"}
    assert {check.via for check in answers(desk)} == {"browser"}
    assert open_items(desk.office.workspace, engine=desk.office.engine) == ()
    fields = [record.fields for record in list_records(desk.office.engine)]
    assert {entry["telephone"]["value"] for entry in fields} == {"0612345671", "0612345611", "0123456789", None}
    assert {entry["debut"]["value"] for entry in fields} == {"2026-11-17", "2026-11-11", "2026-11-21", None}


def test_later_and_take_back_by_key(page: Page, desk: RunningDesk) -> None:
    page.goto(address(desk, "/check"))
    first = page.get_attribute('article input[name="item"]', "value")
    page.wait_for_timeout(330)
    page.keyboard.press("s")
    page.wait_for_function("key => document.querySelector('article input[name=item]').value != key", arg=first)
    second = page.get_attribute('article input[name="item"]', "value")
    press(page, "Enter", ITEMS - 1)
    assert [check.key for check in answers(desk)] == [second]
    press(page, "u", ITEMS)
    assert page.get_attribute('article input[name="item"]', "value") == second
    assert answers(desk) == []


def test_the_family_is_asked_by_a_slip_that_is_printed_from_here(page: Page, desk: RunningDesk) -> None:
    page.goto(address(desk, "/check"))
    key = page.get_attribute('article input[name="item"]', "value")
    press(page, "f", ITEMS - 1)
    place = page.get_attribute("[role=status] a", "href") or ""
    desk.cookie = next(cookie["value"] for cookie in page.context.cookies(desk.doors.origin + desk.doors.path))
    slip = desk.ask("GET", place, inside=False)
    assert slip.body.startswith(b"%PDF-")
    assert [(check.key, str(check.verdict)) for check in answers(desk)] == [(key, "ask")]
    press(page, "u", ITEMS)
    assert answers(desk) == []


def test_where_the_paper_lies_is_told(page: Page, desk: RunningDesk) -> None:
    page.goto(address(desk, "/check"))
    press(page, "p", ITEMS)
    assert "page 1 of the pile “6A.pdf”" in page.inner_text("[role=status]")


def test_what_cannot_stand_there_is_told_and_may_be_insisted_on(page: Page, desk: RunningDesk) -> None:
    page.goto(address(desk, "/check"))
    while "telephone" not in (page.get_attribute('article input[name="item"]', "value") or ""):
        page.click("text=Later")
    page.fill("#typed", "12")
    page.wait_for_timeout(330)
    page.press("#typed", "Enter")
    page.wait_for_selector("[role=alert]")
    assert "12" in page.inner_text("[role=alert]")
    assert page.input_value("#typed") == "12"
    assert page.evaluate("document.activeElement.id") == "typed"
    assert answers(desk) == []


def test_by_mouse_and_a_double_click_answers_one_item_only(page: Page, desk: RunningDesk) -> None:
    page.goto(address(desk, "/check"))
    page.wait_for_timeout(330)
    page.dblclick("button.reading.first")
    wait_for(page, ITEMS - 1)
    page.wait_for_timeout(330)
    page.click("button.reading >> nth=1")
    wait_for(page, ITEMS - 2)
    assert [str(check.verdict) for check in answers(desk)] == ["right", "candidate"]
    page.click("text=Take it back")
    wait_for(page, ITEMS - 1)
    assert [str(check.verdict) for check in answers(desk)] == ["right"]


def test_in_two_windows_the_first_answer_holds(page: Page, context: BrowserContext, desk: RunningDesk) -> None:
    page.goto(address(desk, "/check"))
    other = context.new_page()
    other.goto(address(desk, "/check"))
    key = page.get_attribute('article input[name="item"]', "value")
    assert other.get_attribute('article input[name="item"]', "value") == key
    press(page, "Enter", ITEMS - 1)
    press(other, "i", ITEMS - 1)
    assert "settled meanwhile by Mme Roux" in other.inner_text("[role=alert]")
    assert [(check.key, str(check.verdict)) for check in answers(desk)] == [(key, "right")]


def test_the_same_answer_in_two_windows_is_one_answer(page: Page, context: BrowserContext, desk: RunningDesk) -> None:
    page.goto(address(desk, "/check"))
    other = context.new_page()
    other.goto(address(desk, "/check"))
    press(page, "Enter", ITEMS - 1)
    press(other, "Enter", ITEMS - 1)
    assert other.query_selector("[role=alert]") is None
    assert len(answers(desk)) == 1


def test_a_connection_lost_before_the_answer_came_loses_nothing_silently(page: Page, desk: RunningDesk) -> None:
    page.goto(address(desk, "/check"))
    page.route("**/check/answer", lambda route: route.abort("connectionreset"))
    page.wait_for_timeout(330)
    page.keyboard.press("Enter")
    page.wait_for_selector("#unsent")
    assert "not recorded" in page.inner_text("#unsent")
    assert count_left(page) == ITEMS
    assert answers(desk) == []
    page.unroute("**/check/answer")
    press(page, "Enter", ITEMS - 1)
    assert page.query_selector("#unsent") is None
    assert len(answers(desk)) == 1


def test_an_answer_whose_receipt_was_lost_is_recorded_once(page: Page, desk: RunningDesk) -> None:
    page.goto(address(desk, "/check"))

    def lose_receipt(route: Route) -> None:
        route.fetch(max_redirects=0)
        route.abort("connectionreset")

    page.route("**/check/answer", lose_receipt)
    page.wait_for_timeout(330)
    page.keyboard.press("Enter")
    page.wait_for_selector("#unsent")
    assert len(answers(desk)) == 1
    page.unroute("**/check/answer")
    press(page, "Enter", ITEMS - 1)
    assert len(answers(desk)) == 1
    assert page.query_selector("[role=alert]") is None


def test_the_desk_closed_under_a_page_says_so(page: Page, desk: RunningDesk) -> None:
    page.goto(address(desk, "/check"))
    desk.doors.leave()
    page.wait_for_timeout(330)
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Run the command again: papier desk")
    assert answers(desk) == []


def test_going_back_sends_nothing_again_and_shows_what_was_answered(browser: Browser, desk: RunningDesk) -> None:
    plain = browser.new_context(java_script_enabled=False, locale="en-GB")
    page = plain.new_page()
    page.goto(desk.doors.address)
    page.goto(address(desk, "/check"))
    page.click("button.reading.first")
    assert count_left(page) == ITEMS - 1
    page.go_back()
    page.reload()
    assert "Recorded" not in page.inner_text("h1")
    assert count_left(page) == ITEMS - 1
    assert len(answers(desk)) == 1
    page.goto(address(desk, f"/check?item={answers(desk)[0].key}"))
    assert "Recorded:" in page.inner_text("[role=status]")
    page.click("text=Take it back")
    assert count_left(page) == ITEMS
    plain.close()


def test_everything_works_without_script(browser: Browser, desk: RunningDesk, tmp_path: Path) -> None:
    plain = browser.new_context(java_script_enabled=False, locale="en-GB")
    page = plain.new_page()
    page.goto(desk.doors.address)
    page.click("text=Check 16 readings")
    page.click("button.reading >> nth=1")
    page.fill("input[name=typed]", "xx")
    page.press("input[name=typed]", "Enter")
    assert page.is_visible("[role=alert]")
    page.click("summary")
    page.fill("#who", "M. Petit")
    page.click("text=Answer under this name")
    page.click("button.reading.first")
    assert {check.who for check in answers(desk)} == {"Mme Roux", "M. Petit"}
    scan = tmp_path / "été à l'école.png"
    scan.write_bytes(blank_scan())
    page.click("text=Take scans in")
    page.set_input_files("#files", scan)
    page.click("button:has-text('Take in')")
    for _ in range(40):
        if "1 page" in page.inner_text("main"):
            break
        page.wait_for_timeout(250)
        page.reload()
    assert "été à l'école.png" in page.inner_text("main")
    assert {line.name for line in latest_scans(desk.office.engine, NOW, 5)} == {"6A.pdf", "été à l'école.png"}
    page.click("text=Records")
    page.click("tbody a >> nth=0")
    page.click("text=print it again")
    page.click("text=Print a new sheet")
    page.click("text=Français")
    assert page.get_attribute("html", "lang") == "fr"
    page.click("text=Quitter le bureau")
    assert "papier desk" in page.inner_text("main")
    plain.close()


def test_an_address_that_was_used_opens_nothing(page: Page, browser: Browser, desk: RunningDesk) -> None:
    # Whoever finds it in a history, or was too late to it.
    used = address(desk, "/enter?token=") + "x" * 32
    other = browser.new_context(locale="en-GB")
    stranger = other.new_page()
    answer = stranger.goto(used)
    assert answer is not None
    assert answer.status == 403
    assert "papier desk" in stranger.inner_text("main")
    assert stranger.goto(address(desk, "/records")).status == 403  # type: ignore[union-attr]
    assert "MARTIN" not in stranger.content()
    page.reload()
    assert page.inner_text("h1").startswith("Today")
    other.close()


HOSTILE = """<!doctype html><title>hostile</title>
<form id="f" method="post" action="{desk}/sheets/{number}/new"><input name="form_token" value="{token}"></form>
<iframe id="in" name="in" src="{desk}/records/2"></iframe>
<img id="im" src="{desk}/records/2/pages/0"><script src="{desk}/static/check.js"></script>
<script>
window.seen = {{}};
const ways = [
  fetch("{desk}/records", {{credentials: "include"}}).then(r => r.text())
    .then(t => seen.read = t, e => seen.read = "refused"),
  fetch("{desk}/check/answer", {{method: "POST", mode: "no-cors", credentials: "include",
    body: new URLSearchParams({{form_token: "{token}", item: "{item}", answer: "blank"}})}}).then(() => 0, () => 0),
  fetch("{desk}/language", {{method: "POST", mode: "no-cors", credentials: "include",
    body: new URLSearchParams({{form_token: "{token}", language: "fr"}})}}).then(() => 0, () => 0),
];
navigator.sendBeacon("{desk}/leave", new URLSearchParams({{form_token: "{token}"}}));
Promise.all(ways).then(() => {{ seen.image = document.getElementById("im").naturalWidth; seen.done = true; }});
</script>"""


def test_a_hostile_page_on_the_same_machine_reads_nothing_and_changes_nothing(
    page: Page, context: BrowserContext, desk: RunningDesk
) -> None:
    """It is on another port of 127.0.0.1, which browsers call the same site; it even knows the desk's secrets."""
    cookies: list[str] = []
    values = {
        "desk": desk.doors.origin + desk.doors.path,
        "number": desk.numbers[0],
        "token": desk.doors.form_token,
        "item": open_items(desk.office.workspace, engine=desk.office.engine)[0].key,
    }

    class Hostile(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            cookies.append(self.headers.get("Cookie") or "")
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(HOSTILE.format(**values).encode())

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hostile)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        evil = context.new_page()
        evil.goto(f"http://127.0.0.1:{server.server_port}/")
        evil.wait_for_function("() => window.seen && window.seen.done", timeout=60_000)
        assert evil.evaluate("seen.read") == "refused"
        assert evil.evaluate("seen.image") == 0
        assert "DURAND" not in evil.frames[1].content()
        before = {path.name for path in desk.office.workspace.printed.iterdir()}
        with evil.expect_navigation():
            evil.evaluate("document.getElementById('f').submit()")
        assert "answers its own pages only" in evil.inner_text("main")
        assert {path.name for path in desk.office.workspace.printed.iterdir()} == before
    finally:
        server.shutdown()
        server.server_close()
    assert answers(desk) == []
    assert desk.office.language == "en"
    # The cookie was not given to the other port: it cannot be played back from elsewhere.
    assert cookies
    assert not any("papier_desk" in cookie for cookie in cookies)
    page.reload()
    assert page.inner_text("h1").startswith("Today")
    assert len(latest_records(desk.office.engine, limit=9)) == 4


PAGES = (
    "/",
    "/check",
    "/scans",
    "/records",
    "/records/2",
    "/cases",
    "/sheets/{number}",
    "/search?q=MARTIN",
    "/nowhere",
)


@pytest.mark.skipif(
    not AXE.is_file(), reason=f"axe-core is not installed. Type: npm install --prefix {sys.prefix}/axe axe-core@4"
)
def test_every_page_keeps_the_rules_of_accessibility(page: Page, desk: RunningDesk) -> None:
    """WCAG 2.2 AA, as far as axe-core can see it, in both languages; each page has one heading of the first rank."""
    rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    source = AXE.read_text()
    for language, paths in (("en", PAGES), ("fr", PAGES[:2])):
        desk.office.language = language
        for path in paths:
            page.goto(address(desk, path.format(number=desk.numbers[1])))
            page.evaluate(source)
            found = page.evaluate(
                "rules => axe.run(document, {runOnly: rules})"
                ".then(r => r.violations.map(v => [v.id, v.nodes.map(n => n.html)]))",
                rules,
            )
            assert found == [], (language, path)
            assert page.locator("h1").count() == 1
            assert page.get_attribute("html", "lang") == language


def test_pages_fit_a_narrow_window_and_a_large_letter(page: Page, desk: RunningDesk) -> None:
    """WCAG 1.4.10: 1280 pixels at 200 and at 400 percent are 640 and 320; nothing but wide tables runs sideways."""
    for width in (640, 320):
        page.set_viewport_size({"width": width, "height": 800})
        for path in PAGES:
            page.goto(address(desk, path.format(number=desk.numbers[1])))
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (width, path)


def test_what_is_pressed_is_large_enough_and_said(page: Page, desk: RunningDesk) -> None:
    """WCAG 2.5.8 asks for 24 by 24 pixels; a screen reader hears the answer and its key, and what was recorded."""
    page.goto(address(desk, "/check"))
    for button in page.query_selector_all("button, a.button"):
        box = button.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 24
    press(page, "Enter", ITEMS - 1)
    assert page.evaluate("document.activeElement.tagName") == "H1"
    assert "Recorded:" in page.inner_text("[role=status]")
    page.wait_for_function("() => document.querySelector('.crop img').complete")
    picture = page.locator(".crop img")
    assert "What was written in the field" in (picture.get_attribute("alt") or "")
    assert picture.evaluate("image => image.naturalWidth") > 100


def test_the_next_picture_is_there_before_its_item(page: Page, desk: RunningDesk) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/crop?" in request.url else None)
    page.goto(address(desk, "/check"))
    for left in (ITEMS - 1, ITEMS - 2):
        page.wait_for_load_state("networkidle")
        press(page, "Enter", left)
        assert page.evaluate("document.querySelector('.crop img').complete")
    page.wait_for_load_state("networkidle")
    assert len(asked) == len(set(asked)) == 4


def test_one_key_answers_can_be_turned_off(page: Page, desk: RunningDesk) -> None:
    """WCAG 2.1.4: who dictates, or leans on the keyboard, may be without them."""
    page.goto(address(desk, "/check"))
    page.wait_for_timeout(330)
    page.uncheck("#keys")
    page.keyboard.press("i")
    page.keyboard.press("v")
    page.reload()
    page.wait_for_timeout(330)
    page.keyboard.press("i")
    page.wait_for_timeout(200)
    assert answers(desk) == []


def test_pages_print_without_what_is_for_the_screen(page: Page, desk: RunningDesk) -> None:
    page.emulate_media(media="print")
    for path in ("/", "/records/2", "/check", "/cases"):
        page.goto(address(desk, path))
        assert page.is_visible("h1")
        for locator in ("header", "footer", "button", "input"):
            assert not any(element.is_visible() for element in page.query_selector_all(locator)), (path, locator)
    assert page.pdf()[:5] == b"%PDF-"


def test_nothing_moves_for_who_wants_stillness(page: Page, desk: RunningDesk) -> None:
    for wish, behaviour in (("reduce", "auto"), ("no-preference", "smooth")):
        page.emulate_media(reduced_motion=wish)  # type: ignore[arg-type]
        page.goto(address(desk, "/records"))
        assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == behaviour


def test_the_browser_asks_nothing_of_anybody_else(context: BrowserContext, desk: RunningDesk) -> None:
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    page.goto(desk.doors.address)
    for path in PAGES:
        page.goto(address(desk, path.format(number=desk.numbers[1])))
    assert len(asked) > len(PAGES)
    assert {url for url in asked if not url.startswith(desk.doors.origin + "/")} == set()
