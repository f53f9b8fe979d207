"""The queue in the browser: one item a page, one key an answer, the next item at once."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import dataclass
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from papier.checking.answers import Answer, AnswerRefusedError, answer, find_place, undo
from papier.checking.candidates import shown
from papier.checking.crops import crop
from papier.checking.item import CheckItem, ItemKind, has_best
from papier.desk.office import Form, Office, read_number
from papier.desk.records import DRAWING
from papier.errors import PapierError, UsageError
from papier.language import translate as _
from papier.records import Value
from papier.store.checks import Check, Verdict, find_checks
from papier.store.connection import reading

# The key of each answer, the same as in the terminal; Enter says "right", a figure chooses a candidate.
KEYS = {
    Verdict.TYPED: "t",
    Verdict.BLANK: "v",
    Verdict.UNREADABLE: "i",
    Verdict.ASK: "f",
    Verdict.PAPER: "p",
    Verdict.ASIDE: "e",
    Verdict.WRITTEN: "n",
}
# How the boxes of a question are named in a form: `box:maladie`.
BOX = "box:"


@dataclass(frozen=True, slots=True)
class Choice:
    """One button: what it sends, what it says, the key that presses it."""

    answer: str
    text: str
    key: str
    probability: float | None = None


def show(office: Office, request: Request) -> Response:
    """The item that is asked for, else the first one that this person can answer."""
    asked = request.query_params
    number = read_number(asked.get("done"))
    done = None if number is None else _find_check(office, asked.get("was", ""), number)
    return show_item(office, asked.get("item", ""), done=done, slip=asked.get("slip"))


def show_item(
    office: Office,
    key: str,
    *,
    done: Check | None = None,
    slip: str | None = None,
    error: str | None = None,
    typed: str | None = None,
    status: int = 200,
) -> Response:
    """One item of the queue with everything that an answer needs; the page that says so where nothing is left.

    `done`: the answer before this, which can be taken back; `slip`: the PDF that it printed; `typed`: what was typed
    and refused, for `error`.
    """
    everything = office.queue.items()
    mine = [item for item in everything if not _is_seen_by(item, office.who)]
    at = next((at for at, item in enumerate(mine) if item.key == key), None)
    if key and at is None and done is None:
        # Gone back to, or answered in another window: what became of it.
        done = _find_check(office, key)
    told = {
        "done": done,
        "done_text": None if done is None else _said(done),
        "place": None if done is None or done.verdict is not Verdict.PAPER else _find_where(office, done.key),
        "error": error,
        "slip": slip,
        "who": office.who,
    }
    if not mine:
        return office.page("checked.html", status, others=len(everything), **told)
    item = mine[at or 0]
    following = mine[(at or 0) + 1] if (at or 0) + 1 < len(mine) else None
    return office.page(
        "check.html",
        status,
        item=item,
        left=len(mine),
        others=len(everything) - len(mine),
        choices=_choices(item),
        best=has_best(item),
        typing=Verdict.TYPED in item.verdicts() and item.zone != "signature",
        date=item.content == "date",
        following=following,
        typed=typed,
        crop=office.url(f"/check/crop?item={quote(item.key)}"),
        next_crop=None if following is None else office.url(f"/check/crop?item={quote(following.key)}"),
        **told,
    )


def picture(office: Office, request: Request) -> Response:
    """The picture of an open item, as PNG."""
    key = request.query_params.get("item", "")
    item = next((item for item in office.queue.items() if item.key == key), None)
    if item is None:
        raise UsageError(_("There is no such picture."))
    with DRAWING:
        return Response(crop(office.workspace, item, engine=office.engine), media_type="image/png")


def give(office: Office, request: Request, form: Form) -> Response:  # noqa: ARG001
    """Record an answer, and go on to the next item. The same form sent twice is one answer."""
    key, following = form.get("item", ""), form.get("following", "")
    given = read_answer(form)
    try:
        # A page that gets its number is read anew, and only one at a time may be drawn.
        with DRAWING if key.startswith(f"{ItemKind.PAGE}:") else nullcontext():
            done = answer(
                office.workspace, key, given, who=office.who, now=office.now(), via="browser", engine=office.engine
            )
    except AnswerRefusedError as error:
        return show_item(office, following, error=str(error), status=409)
    except PapierError as error:
        typed = form.get("typed", "") if given.verdict is Verdict.TYPED else None
        return show_item(office, key, error=str(error), typed=typed, status=422)
    slip = "" if done.output is None else f"&slip={quote(done.output.name)}"
    return office.go(f"/check?item={quote(following)}&was={quote(key)}&done={done.check}{slip}")


def take_back(office: Office, request: Request, form: Form) -> Response:  # noqa: ARG001
    """Take an answer back, and show its item again."""
    try:
        check = undo(
            office.workspace,
            who=office.who,
            now=office.now(),
            check=read_number(form.get("check")),
            engine=office.engine,
        )
    except PapierError as error:
        return show_item(office, form.get("item", ""), error=str(error), status=409)
    return office.go(f"/check?item={quote(check.key)}")


def choose_name(office: Office, request: Request, form: Form) -> Response:  # noqa: ARG001
    """Who answers from now on."""
    name = " ".join(form.get("who", "").split())
    if not name:
        raise UsageError(_("Say who answers."))
    office.who = name[:120]
    return office.go(f"/check?item={quote(form.get('item', ''))}")


def read_answer(form: Form) -> Answer:
    """What a form of the queue says. Raises UsageError where it is none of ours."""
    word, _colon, rest = form.get("answer", "").partition(":")
    if word not in set(Verdict):
        raise UsageError(_("Choose an answer."))
    verdict = Verdict(word)
    value: Value = None
    if verdict is Verdict.TYPED:
        boxes = [name.removeprefix(BOX) for name in form if name.startswith(BOX)]
        value = boxes if "boxes" in form else form.get("typed", "")
    elif verdict is Verdict.CANDIDATE:
        value = _read_candidate(rest)
    return Answer(verdict, value, insist=form.get("insist") == "1")


def _choices(item: CheckItem) -> list[Choice]:
    """The answers that one key gives, in the order in which they are offered."""
    offered = item.verdicts()
    found: list[Choice] = []
    first = 0
    if Verdict.RIGHT in offered:
        best = item.candidates[0]
        # An empty field is said, not shown as a dash: Enter is then the answer that nothing is there.
        text = best.shown if has_best(item) else _("nothing is written")
        found.append(Choice(str(Verdict.RIGHT), text, "Enter", best.probability))
        first = 1
    number = 0
    for one in item.candidates[first:] if Verdict.CANDIDATE in offered else ():
        if one.storable:
            number += 1
            found.append(Choice(_write_candidate(one.value), one.shown, str(number), one.probability))
    words = {
        Verdict.BLANK: _("nothing is written"),
        Verdict.UNREADABLE: _("nobody can read it"),
        Verdict.ASK: _("ask the family"),
        Verdict.PAPER: _("look at the paper first"),
        Verdict.ASIDE: _("it came back blank")
        if item.kind is ItemKind.BLANK
        else _("it belongs to no sheet")
        if item.kind is ItemKind.PAGE
        else _("set it aside"),
        Verdict.WRITTEN: _("something is written on it"),
    }
    if Verdict.RIGHT in offered and not has_best(item):
        # Enter says it.
        del words[Verdict.BLANK]
    return found + [Choice(str(verdict), text, KEYS[verdict]) for verdict, text in words.items() if verdict in offered]


def _write_candidate(value: Value) -> str:
    return f"{Verdict.CANDIDATE}:{json.dumps(value, ensure_ascii=False)}"


def _read_candidate(text: str) -> Value:
    try:
        value: Value = json.loads(text)
    except ValueError as error:
        raise UsageError(_("Choose an answer.")) from error
    return value


def _is_seen_by(item: CheckItem, who: str) -> bool:
    """True where this person has read what another one must read too."""
    return any(check.who.casefold() == who.casefold() for check in item.seen)


def _find_check(office: Office, key: str, number: int | None = None) -> Check | None:
    """An answer in force to this item: the one of this number, else the last."""
    with reading(office.engine) as connection:
        given = find_checks(connection, key)
    return next((check for check in reversed(given) if number is None or check.check == number), None)


def _find_where(office: Office, key: str) -> str | None:
    """Where the paper of an open item lies."""
    item = next((item for item in office.queue.items() if item.key == key), None)
    if item is None:
        return None
    with reading(office.engine) as connection:
        return find_place(connection, item)


def _said(check: Check) -> str:
    """An answer in words."""
    words = {
        Verdict.BLANK: _("nothing is written"),
        Verdict.UNREADABLE: _("nobody can read it"),
        Verdict.ASK: _("the family is asked"),
        Verdict.PAPER: _("it waits for its paper"),
        Verdict.ASIDE: _("it came back blank") if check.key.startswith("blank:") else _("it was set aside"),
        Verdict.WRITTEN: _("something is written on it"),
    }
    return words.get(check.verdict) or shown(check.value)
