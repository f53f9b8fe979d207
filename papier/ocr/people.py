"""The person behind several combs: name, first name, class and date of birth of one row of the roster.

Each comb by itself is decoded against its own column. Together they say which row was meant: where one field names
a person clearly, the others need only agree with what the roster has for that person. Bayes' rule over rows, with room
for somebody who is on no row, and for a field that is written otherwise than its row has it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from papier.ocr.decoding import MIN_SHOWN, ON_LIST, SHOWN, Decoding

Floats = npt.NDArray[np.float64]

# Assumed: how often who fills in the sheet is on the roster, or is like somebody there: a sister who came later, a
# namesake. The others are strangers.
ON_ROSTER, LIKE_SOMEBODY = 0.94, 0.03
STRANGER = 1 - ON_ROSTER - LIKE_SOMEBODY
# How often a field then stands as that row has it, and how often with one or two characters changed (a misspelling, a
# date copied wrongly); else it is anything.
AS_LISTED, CHANGED = (0.97, 0.5), (0.015, 0.25)
# What is left of the doubt that a cell is crossed out or something overlooked, where all the others say what the row
# has: three times what AS_LISTED leaves, for a stroke through a field may also take it back.
UNSOUND = 0.1


def weigh_all(decodings: Mapping[str, Decoding], places: Sequence[Sequence[Mapping[str, str]]]) -> dict[str, Decoding]:
    """The decodings of a page, by field: `weigh_people` for each place where somebody of the roster is written."""
    answer = dict(decodings)
    for people in places:
        fields = {field for person in people for field in person}
        answer |= weigh_people({name: decoding for name, decoding in decodings.items() if name in fields}, people)
    return answer


def weigh_people(decodings: Mapping[str, Decoding], people: Sequence[Mapping[str, str]]) -> dict[str, Decoding]:
    """The decodings of one person's fields, each knowing of the others. `people`: the value of each field, by field,
    as the roster has it; what a row lacks says nothing.

    What the roster does not list keeps its place among the candidates, with what is left.
    """
    fields = [name for name, decoding in decodings.items() if decoding.listed and any(name in p for p in people)]
    if len(fields) < 2:
        return dict(decodings)
    # How much likelier each row makes what a field shows than its column by itself does: (rows, fields), nan for none.
    listed, changed = np.full((2, len(people), len(fields)), np.nan)
    for column, name in enumerate(fields):
        known = {entry.value: entry for entry in decodings[name].listed}
        prior = ON_LIST / len({person[name] for person in people if name in person})
        for row, person in enumerate(people):
            if name in person:
                entry = known.get(person[name])
                listed[row, column] = entry.probability / prior if entry else 0.0
                changed[row, column] = listed[row, column] * entry.changed if entry else 0.0
    answer = dict(decodings)
    weights, whole = [], []
    for share, as_listed, as_changed in zip((ON_ROSTER, LIKE_SOMEBODY), AS_LISTED, CHANGED, strict=True):
        raised = as_listed * listed + as_changed * changed + (1 - as_listed - as_changed)
        raised = np.where(np.isnan(raised), 1.0, raised)
        whole.append(raised)
        weights.append(np.log(share / len(people)) + np.log(raised).sum(axis=1))
    total = np.logaddexp(np.logaddexp.reduce(np.concatenate(weights)), np.log(STRANGER))
    for column, name in enumerate(fields):
        gained: dict[str, float] = {}
        misspelt = 0.0
        for logs, raised, as_listed, as_changed in zip(weights, whole, AS_LISTED, CHANGED, strict=True):
            chances = np.exp(logs - total) / raised[:, column]
            misspelt += float(np.nansum(chances * as_changed * changed[:, column]))
            for person, share in zip(people, (chances * as_listed * listed[:, column]).tolist(), strict=True):
                if share > 0:
                    gained[person[name]] = gained.get(person[name], 0.0) + share
        answer[name] = _gaining(decodings[name], gained, misspelt)
    return answer


def _gaining(decoding: Decoding, gained: Mapping[str, float], misspelt: float) -> Decoding:
    """The decoding where listed values have gained so much, values like them `misspelt`, and all share what is left."""
    left = max(0.0, 1 - sum(gained.values()) - misspelt)
    listed = tuple(
        dataclasses.replace(entry, probability=left * entry.probability + gained.get(entry.value, 0.0))
        for entry in decoding.listed
    )
    unlisted = 1 - sum(entry.probability for entry in decoding.listed)
    raised = left + (misspelt / unlisted if unlisted > 0 else 0.0)
    names = {entry.value for entry in listed}
    others = [(text, min(1.0, raised * chance)) for text, chance in decoding.candidates if text not in names]
    sound = 1 - UNSOUND * (1 - decoding.sound)
    ranked = sorted(
        [*((entry.value, entry.probability * sound) for entry in listed), *others], key=lambda entry: -entry[1]
    )
    candidates = tuple(entry for entry in ranked[:SHOWN] if entry[1] >= MIN_SHOWN)
    best = max(listed, key=lambda entry: entry.probability)
    own = decoding.probability * (left if decoding.value == "" else raised)
    if not decoding.on_roster and own >= best.probability * sound:
        # What seems to be written is on no row, or nothing is: it stays the answer.
        return dataclasses.replace(decoding, probability=min(1.0, own), candidates=candidates, listed=listed)
    return dataclasses.replace(
        decoding,
        value=best.value,
        text=best.value,
        probability=best.probability * sound,
        candidates=candidates,
        problem=None,
        weakest=best.weakest,
        listed=listed,
        on_roster=True,
    )
