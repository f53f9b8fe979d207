"""How far a decoded comb is to be trusted.

The decoder multiplies what its cells say as if each erred on its own, and the network is timid on clear ones: of office
fields that it gives 0.99, more than 999 in 1,000 are right. So its probability is put through a curve that was fitted
on whole fields of writers that trained nothing (`training.characters.trust`). The curve never says more than those
fields could show.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from papier.ocr.decoding import Decoding
from papier.ocr.name_prior import load_name_prior

# Probabilities nearer to 0 or 1 than this say no more.
NEAREST = 1e-7
# From here on a field is clear, unless a character of it is not: benchmarks/combs.md, "What the decoder's probability
# is worth".
CLEAR = 0.95
# What a name is given at most that stands on no list, and is one letter away from one that does. Chosen, not measured:
# of 3,239 accepted office names 23 were such and right; of three wrong ones on 4,000 sheets, two were.
NEAR_A_NAME = 0.95
# Contents of which no fields were fitted, and the one whose constraints are as weak.
LIKE = {"digits": "telephone", "number": "telephone"}


@dataclass(frozen=True)
class Curve:
    """Log odds that a field is right: `start`, and `whole` times the log odds of the decoder's probability, and `clear`
    times their part beyond `CLEAR` if the weakest character has at least `legible`, and `weakest` times its log odds.
    The probability is at most `ceiling`.
    """

    start: float
    whole: float
    clear: float
    weakest: float
    legible: float
    ceiling: float

    def probability(self, whole: float, weakest: float) -> float:
        """From the decoder's probability and that of the weakest character; never falls when either rises."""
        parts = terms(whole, weakest, self.legible)
        odds = self.start + self.whole * parts[0] + self.clear * parts[1] + self.weakest * parts[2]
        return min(self.ceiling, 1 / (1 + math.exp(-odds)))


def terms(whole: float, weakest: float, legible: float) -> tuple[float, float, float]:
    """What a curve weighs: log odds of the whole, their part beyond `CLEAR` where all is legible, the weakest's."""
    odds = log_odds(whole)
    return odds, max(0.0, odds - log_odds(CLEAR)) if weakest >= legible else 0.0, log_odds(weakest)


def trusted(decoding: Decoding, content: str, curves: Mapping[str, Curve] | None = None) -> Decoding:
    """`decoding` with the probability that such fields turned out to have.

    What is blank, stands on a closed list or has something wrong with it keeps the decoder's own; so does content for
    which nothing was fitted. `curves`: by content; those shipped, unless given.
    """
    known = load_curves(roster=decoding.on_roster) if curves is None else curves
    curve = known.get(LIKE.get(content, content))
    if curve is None or decoding.weakest is None or decoding.value is None or decoding.problem is not None:
        return decoding
    probability = curve.probability(decoding.probability, decoding.weakest)
    near = load_name_prior().near(decoding.value)[:1] if content == "letters" and not decoding.on_roster else []
    if near:
        # A hand may write H so that every reader takes it for W: what looks like WÉBERT is more often HÉBERT.
        probability = min(probability, NEAR_A_NAME)
    # The others share what is left as they shared it before.
    factor = (1 - probability) / max(1 - decoding.probability, NEAREST)
    candidates = tuple(
        (text, probability if place == 0 else min(chance * factor, 1 - probability))
        for place, (text, chance) in enumerate(decoding.candidates)
    )
    read = {text for text, _ in candidates}
    candidates += tuple((text, (1 - probability) / 2) for text in near if text not in read)
    return dataclasses.replace(decoding, probability=probability, candidates=candidates)


def log_odds(probability: float) -> float:
    held = min(max(probability, NEAREST), 1 - NEAREST)
    return math.log(held / (1 - held))


@cache
def load_curves(readers: int = 1, *, roster: bool = False) -> Mapping[str, Curve]:
    """The curves shipped with the package, by content: for what the first reader read, or both together.

    Those of both are for fields that the first left in doubt, and only for contents that both are asked about;
    `roster`: for values that stand on the roster (`training.characters.rosters`).
    """
    name = "rosters.json" if roster else "combs.json"
    stored = json.loads((resources.files("papier.ocr") / "models" / name).read_text("utf-8"))
    return {content: Curve(**values) for content, values in stored[{1: "curves", 2: "joined"}[readers]].items()}
