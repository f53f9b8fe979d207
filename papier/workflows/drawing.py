"""A workflow as a picture to print: one card a step, one line a way out, arrows down the right margin.

All lengths in millimetres, origin at the page's top left. Arrows that lead to the same place share one line; where the
place stands on another page, its number is enough.
"""

from __future__ import annotations

from dataclasses import dataclass

from papier.forms.layout import Box, Item, Rule, Text
from papier.forms.prose import line_metrics
from papier.forms.styles import FRAME_GREY, HAIR_GREY, HELP_GREY, TINT
from papier.forms.typography import break_lines, french_typography
from papier.geometry import RectMm
from papier.workflows.definition import Clock, Step, Workflow
from papier.workflows.dues import start_words

PAGE = (210.0, 297.0)
MARGIN = 15.0
TOP, BOTTOM = 34.0, 15.0
CARD_WIDTH = 148.0
GAP = 3.6
PAD = 2.0
LANE = 3.6
BODY, TITLE = 8.5, 10.5
NUMBER_ROOM = 8.0
ARROW = 1.5


@dataclass(frozen=True, slots=True)
class _Way:
    """One line of a card: what happens, and where it leads (None: nowhere else)."""

    words: str
    target: str | None


@dataclass(frozen=True, slots=True)
class _Card:
    name: str
    number: str
    title: str
    about: tuple[str, ...]
    ways: tuple[_Way, ...]
    end: bool
    height: float


@dataclass(frozen=True, slots=True)
class _Placed:
    card: _Card
    y: float


def draw_workflow(workflow: Workflow) -> list[list[Item]]:
    """The pages of the drawing, A4 upright."""
    cards = [_step_card(workflow, step, at) for at, step in enumerate(workflow.steps.values(), 1)]
    if workflow.answers:
        cards.insert(0, _anywhere_card(workflow))
    cards += [_end_card(name, title.fr, at) for at, (name, title) in enumerate(workflow.ends.items())]
    numbers = {card.name: card.number for card in cards}
    pages: list[list[_Placed]] = [[]]
    y = TOP
    for card in cards:
        if y + card.height > PAGE[1] - BOTTOM and pages[-1]:
            pages.append([])
            y = TOP
        pages[-1].append(_Placed(card, y))
        y += card.height + GAP
    return [_page(workflow, placed, numbers, at, len(pages)) for at, placed in enumerate(pages, 1)]


def _step_card(workflow: Workflow, step: Step, number: int) -> _Card:
    about = []
    printed = step.prints or (workflow.opens if step is workflow.first else ())
    if printed:
        about.append(f"Imprimé : {', '.join(printed)}" + (f" ({step.sheets} exemplaires)" if step.sheets > 1 else ""))
    if step.ways:
        about.append(f"Pour : {step.to} · {' ; '.join(way.words for way in step.ways)}")
    if step.slip is not None:
        about.append(f"Au dossier : {step.slip}")
    if step.decision is not None:
        about.append(
            f"Décision ({step.decision.by}) : {step.decision.question.fr} Cochée et signée, {step.decision.form}."
        )
    if step.remark is not None:
        about.append(step.remark.fr)
    ways = _ways_out(workflow, step)
    lines = sum(len(_broken(text)) for text in about) + sum(len(_broken(way.words, NUMBER_ROOM)) for way in ways)
    height = PAD * 2 + line_metrics("bold", TITLE)[0] + lines * line_metrics("regular", BODY)[0] + 1.2
    label = f"{number}"
    return _Card(step.name, label, step.title.fr, tuple(about), tuple(ways), end=False, height=height)


def _anywhere_card(workflow: Workflow) -> _Card:
    """What may come at any step and leads on from there: said once, before the steps."""
    ways = tuple(
        _Way(f"arrive : {answer.title.fr}" + ("" if answer.then else " (noté)"), answer.then)
        for answer in workflow.answers.values()
    )
    lines = sum(len(_broken(way.words, NUMBER_ROOM)) for way in ways)
    height = PAD * 2 + line_metrics("bold", TITLE)[0] + lines * line_metrics("regular", BODY)[0] + 1.2
    return _Card("", "–", "À toute étape", (), ways, end=False, height=height)


def _ways_out(workflow: Workflow, step: Step) -> list[_Way]:
    ways = []
    if step.back is not None:
        ways.append(_Way(f"{step.back.form} revient", step.back.then))
        ways += [_Way(f"{step.back.form} revient, « {box} » coché", then) for box, then in step.back.when.items()]
    for answer in step.answers.values():
        ways.append(_Way(f"arrive : {answer.title.fr}", answer.then))
    if step.decision is not None:
        ways += [_Way(f"décidé : {option}", target) for option, target in step.decision.options.items()]
    ways += [_Way(_clock_words(workflow, step, clock), clock.then) for clock in step.clocks]
    if step.then is not None:
        ways.append(_Way("envoyé" if step.ways else "imprimé" if step.prints else "fait", step.then))
    if step.beside:
        ways.append(_Way("envoyé : le dossier continue par ailleurs", None))
    return ways


def _clock_words(workflow: Workflow, step: Step, clock: Clock) -> str:
    length = str(clock.wait) if clock.wait is not None else f"délai {' puis '.join(clock.rules)}"
    starts = []
    for start in clock.start:
        owner, dot, word = start.rpartition(".")
        words = start_words(word, owner if dot else step.name, workflow)
        starts.append(f"{words} de {list(workflow.steps).index(owner) + 1}" if dot and owner != step.name else words)
    whose = "avant" if clock.ours else "sans suite"
    silence = f" : {clock.silence}" if clock.silence else ""
    return f"{length} depuis {' ou '.join(starts)}, {whose}{silence}"


def _end_card(name: str, title: str, at: int) -> _Card:
    height = PAD * 2 + line_metrics("bold", TITLE)[0]
    return _Card(name, chr(ord("A") + at), title, (), (), end=True, height=height)


def _broken(text: str, less: float = 0.0) -> list[str]:
    return break_lines(french_typography(text), CARD_WIDTH - 2 * PAD - NUMBER_ROOM - less, "regular", BODY)


def _page(workflow: Workflow, placed: list[_Placed], numbers: dict[str, str], page: int, pages: int) -> list[Item]:
    items: list[Item] = [
        Text(MARGIN, 20.0, french_typography(workflow.title.fr), "bold", 16.0),
        Text(MARGIN, 26.0, f"{workflow.name} · version {workflow.version}", "regular", 9.0, HELP_GREY),
        Text(PAGE[0] - MARGIN, 26.0, f"page {page}/{pages}", "regular", 9.0, HELP_GREY, "right"),
        Rule(MARGIN, 29.0, PAGE[0] - MARGIN, 29.0, 0.25, HAIR_GREY),
    ]
    here = {entry.card.name: entry for entry in placed}
    leaving: dict[str, list[float]] = {}
    for entry in placed:
        items += _card_items(entry, numbers, here, leaving)
    for lane, (target, sources) in enumerate(leaving.items()):
        items += _lane_items(here[target], sources, MARGIN + CARD_WIDTH + LANE * (lane + 1.5))
    return items


def _card_items(
    entry: _Placed, numbers: dict[str, str], here: dict[str, _Placed], leaving: dict[str, list[float]]
) -> list[Item]:
    """One card; notes in `leaving` where its ways leave it, by target on this page."""
    card, y = entry.card, entry.y
    frame = RectMm(MARGIN, y, CARD_WIDTH, card.height)
    fill = TINT if card.end else None
    items: list[Item] = [Box(frame, 0.45 if not card.end else 0.3, FRAME_GREY, fill, radius=4.0 if card.end else 1.0)]
    pitch, base = line_metrics("bold", TITLE)
    items.append(Text(MARGIN + PAD, y + PAD + base, card.number, "bold", TITLE, 0.45))
    items.append(Text(MARGIN + PAD + NUMBER_ROOM, y + PAD + base, french_typography(card.title), "bold", TITLE))
    at = y + PAD + pitch + 0.6
    small, drop = line_metrics("regular", BODY)
    for text in card.about:
        for line in _broken(text):
            items.append(Text(MARGIN + PAD + NUMBER_ROOM, at + drop, line, "regular", BODY, HELP_GREY))
            at += small
    for way in card.ways:
        lines = _broken(way.words, NUMBER_ROOM)
        items += [
            Text(MARGIN + PAD + NUMBER_ROOM, at + drop + small * place, line, "regular", BODY)
            for place, line in enumerate(lines)
        ]
        if way.target is not None:
            middle = at + small / 2
            label = f"→ {numbers[way.target]}"
            items.append(Text(MARGIN + CARD_WIDTH - PAD, at + drop, label, "bold", BODY, 0.0, "right"))
            if way.target in here:
                leaving.setdefault(way.target, []).append(middle)
        at += small * len(lines)
    return items


def _lane_items(target: _Placed, sources: list[float], x: float) -> list[Item]:
    """One line down the margin, from every way that leads to a card into that card."""
    edge = MARGIN + CARD_WIDTH
    into = target.y + PAD + 1.8
    ends = [*sources, into]
    items: list[Item] = [Rule(x, min(ends), x, max(ends), 0.3, FRAME_GREY)]
    items += [Rule(edge, y, x, y, 0.3, FRAME_GREY) for y in sources]
    items += [
        Rule(edge, into, x, into, 0.3, FRAME_GREY),
        Rule(edge, into, edge + ARROW, into - ARROW * 0.6, 0.3, FRAME_GREY),
        Rule(edge, into, edge + ARROW, into + ARROW * 0.6, 0.3, FRAME_GREY),
    ]
    return items
