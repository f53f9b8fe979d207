"""Each event of a case as one line of French, for its history."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from papier.forms.layout import Layout
from papier.workflows.definition import Way, Workflow
from papier.workflows.events import CaseEvent, Kind
from papier.workflows.row_words import Faces, option_words, printed_value

# What a question was about, by the first word of its key (`folding` makes them: `field:SHEET:NAME`).
_DOUBTS = {
    "field": "lecture douteuse",
    "conflict": "deux numérisations différentes",
    "two": "deux réponses différentes",
    "unsigned": "coché sans signature",
    "several": "plusieurs choix à la fois",
    "pages": "page manquante",
    "blank": "feuille revenue vide",
    "late": "feuille arrivée trop tard",
    "closed": "feuille arrivée pour un dossier clos",
    "alike": "dossier semblable",
    "version": "feuille d'une ancienne version",
    "flag": "signalé sur la feuille du jour",
}
# The things that an event can be amended in, in the words of its sentence.
_AMENDED = {"on": "le", "until": "jusqu'au", "number": "n°", "by": "par", "way": "envoi", "value": "valeur"}


def sheets_told(events: Sequence[CaseEvent]) -> Iterator[str]:
    """The sheets that the history speaks of: whoever wants their fields called as printed finds their faces."""
    for event in events:
        if "sheet" in event.data:
            yield str(event.data["sheet"])
        key = str(event.data.get("question") or event.data.get("key") or "")
        yield from (part for part in key.split(":")[1:2] if part)


def event_words(event: CaseEvent, workflow: Workflow, faces: Faces | None = None) -> str:
    """What happened; who says so, where somebody does. Fields and boxes as they are printed, where `faces` knows."""
    words = _words(event.kind, event.data, workflow, faces or {})
    by = event.data.get("by")
    return f"{words} ({by})" if by else words


def _words(kind: Kind, data: Any, workflow: Workflow, faces: Faces) -> str:
    step = _title(workflow, data.get("step") or "")
    match kind:
        case Kind.OPENED:
            return f"Dossier ouvert : {workflow.title.fr} (version {data['version']})"
        case Kind.PRINTED:
            several = len(data["sheets"]) > 1
            numbers = ", ".join(number for number, _ in data["sheets"])
            return f"{step} : imprimé, feuille{'s' if several else ''} {numbers}"
        case Kind.SENT:
            number = f", n° {data['number']}" if data.get("number") else ""
            return f"{step} : {Way(data['way']).words}{number}"
        case Kind.DELIVERED:
            return f"{step} : reçu par le destinataire"
        case Kind.RETURNED:
            face = _face(faces, data["sheet"])
            doubtful = ", ".join(_field(face, name) for name in data["doubtful"])
            doubts = f", à vérifier : {doubtful}" if doubtful else ""
            title = face.title if face is not None else data["form"]
            return f"Feuille {data['sheet']} ({title}) revenue, fiche {data['record']}{doubts}"
        case Kind.FILED:
            return f"Pièce classée : {data['nature']}, fiche {data['record']}"
        case Kind.ANSWERED:
            known = workflow.answers_at(data["step"]) if data["step"] in workflow.steps else workflow.answers
            return f"Arrivé : {known[data['answer']].title.fr if data['answer'] in known else data['answer']}"
        case Kind.CORRECTED:
            face = _face(faces, data["sheet"])
            value = option_words(data["value"], data["field"], face)
            return f"« {_field(face, data['field'])} » corrigé : « {value} » (feuille {data['sheet']})"
        case Kind.CHECKED:
            keep = f", feuille {data['keep']} retenue" if data.get("keep") else ""
            return f"Vérifié : {_key_words(data['question'], workflow, faces)}{keep}"
        case Kind.DECIDED:
            return f"{step} : décidé, {', '.join(_decided(workflow, data['step'], o) for o in data['options'])}"
        case Kind.PASSED:
            clock = workflow.steps[data["step"]].clock(data["clock"]) if data["step"] in workflow.steps else None
            return f"{step} : délai passé, {clock.silence if clock and clock.silence else data['clock']}"
        case Kind.FOLLOWED:
            return f"Suite demandée : {_title(workflow, data['to'])}"
        case Kind.DONE:
            return f"Fait : {_key_words(data['key'], workflow, faces)}"
        case Kind.POSTPONED:
            return f"Reporté au {printed_value(data['until'])} : {_key_words(data['key'], workflow, faces)}"
        case Kind.FLAGGED:
            return f"Signalé : {data['text']}"
        case Kind.CLOSED:
            return f"Clos : {data['reason']}"
        case Kind.WITHDRAWN:
            return f"Retiré : {data['reason']}"
        case Kind.REOPENED:
            return "Rouvert"
        case Kind.MOVED:
            return f"Passé à la version {data['version']} du circuit"
        case Kind.AMENDED:
            what = "annulé" if data["data"] is None else f"rectifié : {_changes(data['data'])}"
            return f"Événement {data['seq']} {what}"


def _key_words(key: str, workflow: Workflow, faces: Faces) -> str:
    """What a task or a question is about, from the key that an event keeps of it (`tasks` and `folding` make them)."""
    kind, _, rest = key.partition(":")
    if kind in {"decide", "do", "send"}:
        what = {"decide": "décision", "do": "chose à faire", "send": "envoi"}[kind]
        return f"{what}, {_title(workflow, rest.rpartition(':')[0])}"
    if kind == "due":
        step, _, name = rest.partition(".")
        clock = workflow.steps[step].clock(name) if step in workflow.steps else None
        return f"échéance, {_title(workflow, step)} ({clock.silence if clock and clock.silence else name})"
    if kind not in _DOUBTS:
        return key
    sheet, _, field = rest.partition(":")
    if kind == "flag":
        return _DOUBTS[kind]
    if kind == "two":
        return f"{_DOUBTS[kind]}, feuilles {sheet} et {field}"
    named = f" de « {_field(_face(faces, sheet), field)} »" if field and kind == "field" else ""
    named = f" pour « {_field(_face(faces, sheet), field)} »" if field and kind == "conflict" else named
    return f"{_DOUBTS[kind]}{named}, feuille {sheet}"


def _decided(workflow: Workflow, step: str, option: str) -> str:
    decision = workflow.steps[step].decision if step in workflow.steps else None
    return _title(workflow, decision.options.get(option, option)) if decision is not None else option


def _changes(changed: Mapping[str, Any]) -> str:
    return ", ".join(f"{_AMENDED.get(name, name)} {_value(name, value)}" for name, value in changed.items())


def _value(name: str, value: Any) -> str:
    if name == "way" and value in set(Way):
        return Way(value).words
    return printed_value(value) if isinstance(value, str) else option_words(value, name, None)


def _face(faces: Faces, sheet: str) -> Layout | None:
    # A photocopied master's copies are told apart by their record.
    return faces.get(sheet.partition("#")[0])


def _field(face: Layout | None, name: str) -> str:
    return face.labels.get(name, name) if face is not None else name


def _title(workflow: Workflow, target: str) -> str:
    known = target in workflow.steps or target in workflow.ends
    return workflow.title_of(target) if known else target
