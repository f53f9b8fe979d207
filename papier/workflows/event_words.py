"""Each event of a case as one line of French, for its history."""

from __future__ import annotations

from typing import Any

from papier.workflows.case import said
from papier.workflows.definition import Way, Workflow
from papier.workflows.events import CaseEvent, Kind


def event_words(event: CaseEvent, workflow: Workflow) -> str:
    """What happened; who says so, where somebody does."""
    words = _words(event.kind, event.data, workflow)
    by = event.data.get("by")
    return f"{words} ({by})" if by else words


def _words(kind: Kind, data: Any, workflow: Workflow) -> str:
    step = _title(workflow, data.get("step") or "")
    match kind:
        case Kind.OPENED:
            return f"Dossier ouvert : {data['workflow']} v{data['version']}"
        case Kind.PRINTED:
            return f"{step} : imprimé, feuilles {', '.join(number for number, _ in data['sheets'])}"
        case Kind.SENT:
            number = f", n° {data['number']}" if data.get("number") else ""
            return f"{step} : {Way(data['way']).words}{number}"
        case Kind.DELIVERED:
            return f"{step} : reçu par le destinataire"
        case Kind.RETURNED:
            doubts = f", à vérifier : {', '.join(data['doubtful'])}" if data["doubtful"] else ""
            return f"Feuille {data['sheet']} ({data['form']}) revenue, fiche {data['record']}{doubts}"
        case Kind.FILED:
            return f"Pièce classée : {data['nature']}, fiche {data['record']}"
        case Kind.ANSWERED:
            known = workflow.answers_at(data["step"]) if data["step"] in workflow.steps else workflow.answers
            return f"Arrivé : {known[data['answer']].title.fr if data['answer'] in known else data['answer']}"
        case Kind.CORRECTED:
            return f"{data['field']} corrigé : « {said(data['value'])} » (feuille {data['sheet']})"
        case Kind.CHECKED:
            keep = f", feuille {data['keep']} retenue" if data.get("keep") else ""
            return f"Vérifié : {data['question']}{keep}"
        case Kind.DECIDED:
            return f"{step} : décidé {', '.join(data['options'])}"
        case Kind.PASSED:
            clock = workflow.steps[data["step"]].clock(data["clock"]) if data["step"] in workflow.steps else None
            return f"{step} : délai passé, {clock.silence if clock and clock.silence else data['clock']}"
        case Kind.FOLLOWED:
            return f"Suite demandée : {_title(workflow, data['to'])}"
        case Kind.DONE:
            return f"Fait : {data['key']}"
        case Kind.POSTPONED:
            return f"Reporté au {data['until']} : {data['key']}"
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
            what = "annulé" if data["data"] is None else f"rectifié : {data['data']}"
            return f"Événement {data['seq']} {what}"


def _title(workflow: Workflow, target: str) -> str:
    known = target in workflow.steps or target in workflow.ends
    return workflow.title_of(target) if known else target
