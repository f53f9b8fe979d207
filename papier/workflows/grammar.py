"""The words of a `workflow.yaml`: which keys each part takes, what they hold, which must be there."""

from __future__ import annotations

import re
from dataclasses import dataclass

from papier.forms.shapes import (
    FIELD_ID,
    FORM_ID,
    FlagShape,
    IntegerShape,
    Key,
    Keys,
    Matching,
    OneOf,
    Part,
    Schema,
    TextShape,
    WordingShape,
)
from papier.language import translate as _
from papier.workflows.definition import WAIT_UNITS, Wait, Way
from papier.yaml_source import Node, Proofreader

NAME = re.compile(r"[a-z][a-z0-9_-]*")
START = re.compile(r"(?:[a-z][a-z0-9_-]*[.])?[a-z][a-z0-9_-]*")
_WAIT = re.compile(r"([1-9][0-9]{0,3}) (jours? ouvrés?|jours? de classe|jours?|semaines?|mois)")

_TEXT = TextShape()
_WORDING = WordingShape()
_FLAG = FlagShape()
_PART = Part({"type": "object"})
_FORM = Matching(FORM_ID, lambda: _("Write a form's name, `family/name`, as in `carnet/absence`."))
_TARGET = Matching(NAME, lambda: _("Write the name of a step or of an end, as in `rappel`."))
_FIELD = Matching(FIELD_ID, lambda: _("Write the identifier of a field of the form, as in `suite`."))
_RULE = Matching(NAME, lambda: _("Write the name of a rule, as `papier deadline --list` shows them."))
_START = Matching(
    START, lambda: _("Write `sent`, `delivered`, `back`, an answer or a clock; `step.word` for another step.")
)


@dataclass(frozen=True)
class OneOrMore:
    """One value, or a list of them."""

    member: Matching | OneOf

    def read(self, node: Node, proof: Proofreader, what: str) -> tuple[str, ...] | None:
        members = node.members or (node,)
        values = [self.member.read(member, proof, what) for member in members]
        sound = tuple(value for value in values if value is not None)
        return sound if len(sound) == len(values) else None

    def schema(self) -> Schema:
        one = self.member.schema()
        return {"anyOf": [one, {"type": "array", "minItems": 1, "items": one}]}


@dataclass(frozen=True)
class WaitShape:
    """A number of `jours`, `jours ouvrés`, `jours de classe`, `semaines` or `mois`."""

    def read(self, node: Node, proof: Proofreader, what: str) -> Wait | None:
        text = proof.text(node, what)
        found = None if text is None else _WAIT.fullmatch(text)
        if found is None:
            if text is not None:
                proof.report(
                    node,
                    _(
                        "`{what}` is `{text}`. Write it as in `3 jours ouvrés`, `3 jours de classe`, `2 "
                        "semaines` or `1 mois`."
                    ).format(what=what, text=text),
                )
            return None
        kept = {"mois", "de", "classe"}
        unit = " ".join(word if word in kept else word.removesuffix("s") + "s" for word in found[2].split(" "))
        assert unit in WAIT_UNITS  # noqa: S101 - the pattern knows no other
        return Wait(int(found[1]), unit)

    def schema(self) -> Schema:
        return {"type": "string", "pattern": f"^{_WAIT.pattern}$"}


WORKFLOW: Keys = {
    "version": Key(IntegerShape(1, 9999), "a whole number; a changed workflow has a new one", needed=True),
    "title": Key(_WORDING, "what the case is called", needed=True),
    "opens": Key(OneOrMore(_FORM), "the forms whose sheet begins a case", needed=True),
    "answers": Key(_PART, "papers from outside that may come at any step"),
    "steps": Key(_PART, "the steps, the first one first", needed=True),
    "ends": Key(_PART, "how the case can end, by name", needed=True),
}

STEP: Keys = {
    "title": Key(_WORDING, "what happens here", needed=True),
    "print": Key(OneOrMore(_FORM), "the forms printed here"),
    "to": Key(_TEXT, "who gets them, in a word: famille, organisme …"),
    "send": Key(OneOrMore(OneOf(tuple(Way))), "the ways it may be sent, the usual one first"),
    "sheets": Key(IntegerShape(1, 9), "how many of each, one a reader"),
    "slip": Key(_FORM, "the follow-up sheet kept in the folder"),
    "back": Key(_PART, "the papier sheet expected back"),
    "answers": Key(_PART, "papers from outside that are expected here"),
    "clocks": Key(Part({"type": "array", "items": {"type": "object"}}), "the time limits"),
    "decision": Key(_PART, "what a person decides here"),
    "then": Key(_TARGET, "what follows once the sheet is sent (or printed, or the thing done)"),
    "beside": Key(_FLAG, "it runs beside the main step and ends when its sheet is sent"),
    "remark": Key(_WORDING, "a sentence for whoever handles the step"),
}

BACK: Keys = {
    "form": Key(_FORM, "the form expected back", needed=True),
    "then": Key(_TARGET, "what follows", needed=True),
    "compare": Key(OneOrMore(_FIELD), "the fields in which two readers must agree"),
    "every": Key(_FLAG, "wait for every sheet of this step"),
    "received": Key(_FIELD, "the field that holds the day of receipt"),
    "when": Key(_PART, "`field.option` → what follows instead when that box is ticked"),
}

ANSWER: Keys = {
    "title": Key(_WORDING, "what the paper is", needed=True),
    "then": Key(_TARGET, "what follows; without it the paper is noted and the case stays"),
}

CLOCK: Keys = {
    "name": Key(Matching(NAME, lambda: _("Write a word, as in `silence`.")), "its name within the step", needed=True),
    "rule": Key(OneOrMore(_RULE), "a legal clock: a name of `papier deadline --list`; several: one after the other"),
    "wait": Key(WaitShape(), "the office's own time: `3 jours ouvrés`"),
    "from": Key(OneOrMore(_START), "what it counts from: `sent`, `delivered`, `demande.silence` …", needed=True),
    "whose": Key(OneOf(("us", "them")), "`us`: we must act before it ends; `them`: the others must (as without it)"),
    "stops": Key(OneOrMore(_START), "what stops it, besides leaving the step"),
    "unless": Key(OneOrMore(_START), "it does not run where one of these happened after what it counts from"),
    "then": Key(_TARGET, "where silence leads"),
    "silence": Key(_TEXT, "what silence means, to be printed"),
    "basis": Key(_TEXT, "why the office waits so long"),
}

DECISION: Keys = {
    "question": Key(_WORDING, "what is asked", needed=True),
    "by": Key(_TEXT, "who decides", needed=True),
    "form": Key(_FORM, "the form on which it is ticked", needed=True),
    "field": Key(_FIELD, "the ticked field", needed=True),
    "signed": Key(_FIELD, "the signature that makes it count", needed=True),
    "options": Key(_PART, "option → what follows", needed=True),
}
