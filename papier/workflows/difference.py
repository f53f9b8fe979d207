"""What is different in another version of a workflow, said to the person who moves a case to it."""

from __future__ import annotations

from papier.workflows.definition import Clock, Step, Workflow


def list_differences(old: Workflow, new: Workflow) -> list[str]:
    """One French sentence a difference, in the order of the steps; empty when nothing that matters differs."""
    lines = []
    for name, step in old.steps.items():
        if name not in new.steps:
            lines.append(f"L'étape « {step.title.fr} » ({name}) disparaît.")
    for name, step in new.steps.items():
        before = old.steps.get(name)
        if before is None:
            lines.append(f"L'étape « {step.title.fr} » ({name}) est ajoutée.")
        else:
            lines += [f"Étape « {step.title.fr} » ({name}) : {words}." for words in _step(before, step)]
    lines += [f"L'issue « {end.fr} » ({name}) disparaît." for name, end in old.ends.items() if name not in new.ends]
    lines += [f"L'issue « {end.fr} » ({name}) est ajoutée." for name, end in new.ends.items() if name not in old.ends]
    for name in sorted(old.answers.keys() | new.answers.keys()):
        if old.answers.get(name) != new.answers.get(name):
            lines.append(f"La réponse « {name} » mène ailleurs ou change de nom.")
    return lines


def _step(old: Step, new: Step) -> list[str]:
    words = []
    for what, before, after in (
        ("titre", old.title.fr, new.title.fr),
        ("imprimé", ", ".join(old.prints), ", ".join(new.prints)),
        ("destinataire", old.to or "", new.to or ""),
        ("envoi", ", ".join(old.ways), ", ".join(new.ways)),
        ("feuille de suivi", old.slip or "", new.slip or ""),
        ("suite", old.then or "", new.then or ""),
    ):
        if before != after:
            words.append(f"{what} « {before or 'rien'} » devient « {after or 'rien'} »")
    if old.back != new.back:
        words.append("ce qui est attendu en retour change")
    if old.decision != new.decision:
        words.append("la décision à prendre change")
    if old.answers != new.answers:
        words.append("les réponses attendues changent")
    clocks = {clock.name: clock for clock in old.clocks}
    for clock in new.clocks:
        before_clock = clocks.pop(clock.name, None)
        if before_clock is None:
            words.append(f"le délai « {clock.name} » ({_length(clock)}) est ajouté")
        elif _shape(before_clock) != _shape(clock):
            words.append(f"le délai « {clock.name} » ({_length(before_clock)}) devient {_length(clock)}")
    words += [f"le délai « {name} » disparaît" for name in clocks]
    return words


def _length(clock: Clock) -> str:
    counted = str(clock.wait) if clock.wait is not None else f"règle {' puis '.join(clock.rules)}"
    return f"{counted} depuis {', '.join(clock.start)}" + (f", puis {clock.then}" if clock.then else "")


def _shape(clock: Clock) -> tuple[object, ...]:
    return (clock.rules, clock.wait, clock.start, clock.ours, clock.stops, clock.unless, clock.then, clock.silence)
