"""From the candidates of each cell to the text of a comb, with the probability that it is right.

Bayes' rule over whole texts: what each cell shows, times how likely people write such a text there (its alphabet, the
spelling of names, dates that exist, check keys, rosters). What was not enumerated, and what may be crossed out, stays
as doubt.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial

import numpy as np
import numpy.typing as npt

from papier.forms.definition import Demand
from papier.ocr.content_rules import Judgement, Rule, cells_text, rule_for, shown_text
from papier.ocr.name_prior import load_name_prior, plain
from papier.ocr.text_models import CORSICAN_CELL, DIGITS, LIKE_DIGITS, TextModel, corsican_model, text_model

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Of the cells that people write in, so many are crossed out or crossed by strokes (one field in a hundred, assumed); of
# the reader's classes that is one.
NOISE_PRIOR = 0.001
# What looks like letters that no digit looks like is a strange digit, whichever digit it comes nearest to. Ordinary
# digits have a few thousandths of it; beyond, an eighth of the share is doubt.
LOOK_LIKE_DIGITS = frozenset(DIGITS) | LIKE_DIGITS | {"A"}
ORDINARY, STRANGE = 0.01, 0.12
# A cell's candidates below this share of its likelihood are part of the doubt, not of the texts.
MIN_CANDIDATE = 1e-6
MAX_CANDIDATES = 8
# Texts followed from cell to cell, and how far behind the best they are followed: in doubt beyond e^-16 nobody reads.
BEAM, BEHIND = 96, 16.0
SHOWN = 5
# Shown candidates are at least this likely.
MIN_SHOWN = 0.002

# Odds that a cell is written in, before it is looked at: in a field that seems empty; and after the end of a text,
# whose own strokes show how dark that pen writes.
WRITTEN_ALONE, WRITTEN_AFTER = 1.0, 0.01

# A name whose first cell is blank was begun late, or its beginning lies under a stain or was too faint for the scan: on
# rough sheets, where nobody begins late, always the latter. Enough to ask, and to promise little. So with a blank cell
# before a digit: some write 9 for 09, but of 700 dates and hours on rough sheets four had lost a first digit (a 29 was
# read as 9).
LOST_BEGINNING = 0.3

# Closed lists, assumed: how often the truth is on the list; and, where it is not, how often it is a value of the list
# with one or two characters changed (a misspelling, a new form of a name) rather than something altogether different.
ON_LIST, NEAR_LIST, OFF_LIST = 0.97, 0.015, 0.015
# Of the near misses, how many differ in one character rather than two.
ONE_CHANGE = 0.7
# The characters that might stand in a cell instead, for the prior of a change.
LETTER_COUNT, DIGIT_COUNT = 32.0, 10.0
# Listed values this far behind the best, in logs, say nothing.
LISTED_BEHIND = 30.0
# People leave accents off capitals about this often (assumed).
WITHOUT_ACCENTS = 0.3


@dataclass(frozen=True)
class Alphabet:
    """What the columns of the reader's log-probabilities mean."""

    classes: tuple[str, ...]
    blank: str = "blank"
    noise: str = "noise"

    def index(self, character: str) -> int | None:
        """The column of `character`; a space is the blank cell; None for what the reader does not know."""
        wanted = self.blank if character == " " else character
        return self.classes.index(wanted) if wanted in self.classes else None


@dataclass(frozen=True, slots=True)
class Listed:
    """A value of the roster as the cells alone show it: the probability that it is what is written, every cell being
    sound; by how much likelier it is that it was changed in a character or two; and what the reader alone gives its
    least certain character (as `Decoding.weakest`).
    """

    value: str
    probability: float
    changed: float
    weakest: float


@dataclass(frozen=True, slots=True)
class Decoding:
    """The most probable value of a comb.

    `value`: as stored, None where what is written makes none; `text`: as it stands in the cells; `probability` that
    the value is right; `candidates`: values, or texts that make none, best first; `problem`: what is wrong with the
    best one; `blank`: the probability that nothing is written; `noise`: that of the cell most likely crossed out;
    `weakest`: what the reader alone gives the least certain character of the best value, among digits or among
    letters; None where nothing is written, the value stands on a closed list or a character may be lost.
    `listed`: the values of the roster that are not out of the question; `sound`: the probability that no cell is
    crossed out or overlooked, which `probability` holds and `listed` does not; `on_roster`: the value is one of them.
    """

    value: str | None
    text: str
    probability: float
    candidates: tuple[tuple[str, float], ...]
    problem: str | None
    blank: float
    noise: float
    weakest: float | None = None
    listed: tuple[Listed, ...] = ()
    sound: float = 1.0
    on_roster: bool = False


@dataclass
class _Belief:
    """Unnormalised weights of (value, shown text), what is wrong with each, the cells that each takes up, the likeliest
    text of its cells with its own weight, and the weight of everything else.
    """

    rest: float
    weights: dict[tuple[str | None, str], float] = field(default_factory=dict)
    problems: dict[tuple[str | None, str], str | None] = field(default_factory=dict)
    lengths: dict[tuple[str | None, str], int] = field(default_factory=dict)
    written: dict[tuple[str | None, str], tuple[float, str]] = field(default_factory=dict)

    def add(self, key: tuple[str | None, str], weight: float, problem: str | None, length: int, text: str = "") -> None:
        self.weights[key] = self.weights.get(key, 0.0) + weight
        self.problems.setdefault(key, problem)
        self.lengths[key] = max(length, self.lengths.get(key, 0))
        if text:
            self.written[key] = max((weight, text), self.written.get(key, (0.0, "")))


@dataclass(frozen=True)
class _Cells:
    """`likelihood` (n, classes) in logs, 0 for the likeliest class of each cell; `models`: one a cell; `noise` (n,):
    the probability that a cell is crossed out; `strange` (n,): that it holds a digit, whichever.
    """

    likelihood: Floats
    models: tuple[TextModel, ...]
    noise: Floats
    strange: Floats


def decode(
    log_probs: npt.NDArray[np.floating],
    alphabet: Alphabet,
    content: str,
    demand: Demand,
    known_values: Sequence[str] = (),
    printed_on: dt.date | None = None,
) -> Decoding:
    """Decode one comb. `log_probs` (cells, classes), each row a distribution where all classes were equally likely.

    `known_values`: the values that the roster knows for this field, as papier stores them; the demand's own choices
    come before them. `printed_on`: the day on which the sheet was printed, where that is known.
    """
    cells = _weigh(np.asarray(log_probs, dtype=np.float64), alphabet, content)
    texts, dropped = _best_texts(cells, alphabet)
    names = load_name_prior() if content == "letters" else None
    texts = [(text, weight + names.raised(text) if names is not None else weight) for text, weight in texts]
    listed = demand.choices or tuple(known_values)
    spellings = _find_listed(cells, alphabet, content, listed)
    peak = max([weight for _, weight in texts] + [spelling.weight for spelling in spellings], default=-np.inf)
    noise = float(cells.noise.max(initial=0.0))
    if not np.isfinite(peak):
        return Decoding(None, "", 0.0, (), "nothing can be read", 0.0, noise)
    rule = rule_for(content, demand, printed_on)
    belief = _open_belief(texts, dropped, peak, rule, content)
    blank_weight = belief.weights.get(("", ""), 0.0)
    if listed:
        belief = _listed(spellings, peak, content, listed, belief, closed=bool(demand.choices))
    ranked = sorted(belief.weights.items(), key=lambda entry: -entry[1])
    (value, shown), weight = ranked[0]
    problem = belief.problems[value, shown]
    text = belief.written.get((value, shown), (0.0, ""))[1]
    # Whatever the texts say: no cell may be crossed out, and nothing overlooked in those that seem blank.
    sound = float(np.prod(1 - cells.noise)) * (1 - _overlooked(cells, alphabet, belief.lengths[ranked[0][0]]))
    if cells.strange.any():
        prior = partial(_listed_prior, content=content, listed=tuple(listed)) if not text else _prior_of(rule, content)
        sound *= 1 - _strange_doubt(cells.strange, text or cells_text(shown, content), prior)
    total = sum(belief.weights.values()) + belief.rest
    clean = sound / total
    candidates = tuple(
        (shown, weight * clean) for (_, shown), weight in ranked[:SHOWN] if weight * clean >= MIN_SHOWN and shown
    )
    weakest, probability = _weakest(cells, alphabet, text) if text else None, weight * clean
    of_roster: tuple[Listed, ...] = ()
    if known_values and not demand.choices:
        likeliest = _likeliest(spellings)
        of_roster = tuple(
            Listed(name, belief.weights[name, name] / total, spelling.changed, spelling.weakest)
            for name, spelling in likeliest.items()
        )
        weakest = likeliest[shown].weakest if shown in likeliest else weakest
    lost = " " in text if content in {"date", "hour"} else content in {"letters", "mixed", "class"} and text[:1] == " "
    if lost:
        weakest, probability = None, min(probability, 1 - LOST_BEGINNING)
    return Decoding(
        value,
        shown,
        probability,
        candidates,
        problem,
        blank_weight * clean,
        noise,
        weakest,
        of_roster,
        sound,
        on_roster=any(entry.value == value for entry in of_roster),
    )


def _open_belief(texts: list[tuple[str, float]], dropped: float, peak: float, rule: Rule, content: str) -> _Belief:
    """The texts as values, under the field's rules, without any list."""
    belief = _Belief(0.0)
    for text, log_weight in texts:
        judgement = rule(text) if text else Judgement("")
        shown = judgement.value if judgement.value is not None else shown_text(text, content)
        weight = float(np.exp(log_weight - peak)) * judgement.prior
        belief.add((judgement.value, shown), weight, judgement.problem, len(text), text)
    belief.rest = sum(belief.weights.values()) * dropped / max(1e-12, 1 - dropped)
    return belief


def _weigh(log_probs: Floats, alphabet: Alphabet, content: str) -> _Cells:
    """Likelihoods, and the doubt whether a cell holds a character at all."""
    likelihood = log_probs - log_probs.max(axis=1, keepdims=True)
    model = text_model(content, alphabet.classes, alphabet.blank)
    models = [model] * len(likelihood)
    if content == "nir" and len(models) > CORSICAN_CELL:
        models[CORSICAN_CELL] = corsican_model(alphabet.classes, alphabet.blank)
    noise_column = alphabet.classes.index(alphabet.noise)
    # Against noise stand all the classes that may be there, each as likely: a mark like none of them is noise too.
    possible = model.symbol_of >= 0
    against = np.logaddexp.reduce(likelihood[:, possible], axis=1) - np.log(np.count_nonzero(possible))
    noise = np.log(NOISE_PRIOR) + likelihood[:, noise_column]
    share = np.exp(noise - np.logaddexp(noise, against))
    strange = np.zeros(len(likelihood))
    if content not in {"letters", "mixed", "class"}:
        letters = [
            name not in LOOK_LIKE_DIGITS and name not in (alphabet.blank, alphabet.noise) for name in alphabet.classes
        ]
        chances = np.exp(likelihood)
        odd = chances[:, letters].sum(axis=1) / chances.sum(axis=1)
        strange = STRANGE * np.maximum(odd - ORDINARY, 0)
    return _Cells(likelihood, tuple(models), np.asarray(share), np.asarray(strange))


def _strange_doubt(strange: Floats, text: str, prior: Callable[[str], float]) -> float:
    """The probability that a cell whose digit may be any holds another than `text` has there.

    A check key or a roster that admits no other digit settles it. `prior` of a text, relative to another's.
    Cells are looked at one by one: two strange ones are rarer than the whole is ever promised.
    """
    sure, own = 1.0, prior(text)
    for cell, share in enumerate(strange[: len(text)].tolist()):
        if share > 0 and text[cell] in DIGITS:
            others = sum(prior(text[:cell] + digit + text[cell + 1 :]) for digit in DIGITS if digit != text[cell])
            weight = share * others / (len(DIGITS) - 1)
            sure *= 1 - weight / (weight + (1 - share) * own)
    return 1 - sure


def _prior_of(rule: Rule, content: str) -> Callable[[str], float]:
    """Dates and hours admit too many: 17:32 was read 07:32 with 0.997, the calendar having settled a strange 1. So do
    postcodes, of which some are on no list.
    """
    if content in {"date", "hour", "postcode"}:
        return lambda _: 1.0
    return lambda text: rule(text).prior


def _listed_prior(text: str, content: str, listed: tuple[str, ...]) -> float:
    """Of a text in digits, relative to one on the list: what differs in one digit from a listed one is rare."""
    return 1.0 if text in _texts_of(listed, content) else NEAR_LIST / ON_LIST * ONE_CHANGE / DIGIT_COUNT


@lru_cache(maxsize=64)
def _texts_of(listed: tuple[str, ...], content: str) -> frozenset[str]:
    return frozenset(cells_text(value, content) for value in listed)


def _overlooked(cells: _Cells, alphabet: Alphabet, end: int) -> float:
    """The probability that something stands in the cells from `end` on, by the worst of them alone.

    Cells of one field are faint together: five that show a trace each are no proof against a name, as the text's prior
    takes them to be.
    """
    rest = cells.likelihood[end:]
    if not len(rest):
        return 0.0
    possible = (cells.models[0].symbol_of >= 0).copy()
    blank = alphabet.classes.index(alphabet.blank)
    possible[blank] = False
    written = np.logaddexp.reduce(rest[:, possible], axis=1) - np.log(np.count_nonzero(possible))
    odds = np.log(WRITTEN_AFTER if end else WRITTEN_ALONE) + written - rest[:, blank]
    return float(1 / (1 + np.exp(-odds.max())))


def _weakest(cells: _Cells, alphabet: Alphabet, text: str) -> float:
    """The least share that a character of `text` has of its cell, among digits or among letters and signs."""
    chances = np.exp(cells.likelihood[: len(text)])
    digits = np.array([name in DIGITS for name in alphabet.classes])
    letters = np.array([name not in DIGITS and len(name) == 1 for name in alphabet.classes])
    shares = [1.0]
    for row, character in zip(chances, text, strict=True):
        column = alphabet.index(character)
        if character != " " and column is not None:
            shares.append(float(row[column] / row[digits if digits[column] else letters].sum()))
    return min(shares)


def _best_texts(cells: _Cells, alphabet: Alphabet) -> tuple[list[tuple[str, float]], float]:
    """The likeliest texts with their log weights, trailing blanks cut, and the share of weight that was dropped."""
    possible = np.stack([model.symbol_of >= 0 for model in cells.models]) if cells.models else np.ones((0, 1), bool)
    scores = np.where(possible, cells.likelihood, -np.inf)
    ranked = np.argsort(-scores, axis=1)[:, :MAX_CANDIDATES]
    best = np.take_along_axis(scores, ranked, axis=1)
    counts = (best >= best[:, :1] + np.log(MIN_CANDIDATE)).sum(axis=1).tolist()
    length = _written_length(scores, ranked, counts, alphabet)
    contexts = np.array([cells.models[0].start() if cells.models else 0])
    weights = np.zeros(1)
    steps: list[tuple[Ints, Ints]] = []
    kept = 1.0
    for row, order, count, model in zip(cells.likelihood, ranked[:length], counts, cells.models, strict=False):
        columns = order[:count]
        symbols = model.symbol_of[columns]
        grown = weights[:, None] + (row + model.own)[columns] + model.table[contexts[:, None], symbols]
        if count == 1:
            weights = grown[:, 0]
            steps.append((np.arange(len(weights)), np.full(len(weights), columns[0])))
            contexts = model.after(contexts, np.full(len(weights), symbols[0]))
            continue
        flat = grown.ravel()
        peak = flat.max()
        near = np.flatnonzero(flat >= peak - BEHIND)
        chosen = near[np.argsort(-flat[near])[:BEAM]] if len(near) > BEAM else near
        kept *= float(np.exp(flat[chosen] - peak).sum() / np.exp(flat - peak).sum())
        before, place = np.divmod(chosen, count)
        steps.append((before, columns[place]))
        contexts = model.after(contexts[before], symbols[place])
        weights = flat[chosen]
    written = np.empty((len(weights), length), np.int64)
    at = np.arange(len(weights))
    for cell in range(length - 1, -1, -1):
        before, columns = steps[cell]
        written[:, cell] = columns[at]
        at = before[at]
    characters = np.array([" " if name == alphabet.blank else name[0] for name in alphabet.classes])
    texts: dict[str, float] = {}
    for letters, weight in zip(characters[written].tolist(), weights.tolist(), strict=True):
        text = "".join(letters).rstrip(" ")
        texts[text] = float(np.logaddexp(texts[text], weight)) if text in texts else weight
    return list(texts.items()), 1 - kept


def _written_length(scores: Floats, ranked: Ints, counts: list[int], alphabet: Alphabet) -> int:
    """The cells to look at: two beyond the last that may hold anything; all others are blank for certain."""
    blank = alphabet.classes.index(alphabet.blank)
    doubtful = [i for i, count in enumerate(counts) if count > 1 or ranked[i, 0] != blank]
    return min(len(scores), doubtful[-1] + 3) if doubtful else min(len(scores), 1)


@dataclass(frozen=True)
class _Spelling:
    """A listed value as it may stand in the cells: log weight, prior included; `changed`: by how much likelier the
    texts are, together, that differ from it in one or two characters; `weakest` as in `Decoding`.
    """

    value: str
    weight: float
    changed: float
    weakest: float


def _likeliest(spellings: Sequence[_Spelling]) -> dict[str, _Spelling]:
    """The likeliest spelling of each listed value."""
    best: dict[str, _Spelling] = {}
    for spelling in spellings:
        if spelling.value not in best or spelling.weight > best[spelling.value].weight:
            best[spelling.value] = spelling
    return best


def _find_listed(cells: _Cells, alphabet: Alphabet, content: str, listed: Sequence[str]) -> list[_Spelling]:
    """Every spelling of every listed value that is not out of the question, each value as likely as another."""
    count = len(cells.likelihood)
    if not listed or not count:
        return []
    values, columns, priors = _columns_of(tuple(listed), content, alphabet, count)
    size = LETTER_COUNT if content in {"letters", "mixed", "class"} else DIGIT_COUNT
    rows = np.arange(count)
    shares = np.exp(cells.likelihood)
    shares = shares / shares.sum(axis=1, keepdims=True)
    weights = cells.likelihood[rows, columns].sum(axis=1) + priors
    of_kind = _shares_of_kind(shares, alphabet)
    found = []
    for index in np.flatnonzero(weights >= weights.max(initial=-np.inf) - LISTED_BEHIND).tolist():
        p = np.maximum(shares[rows, columns[index]], 1e-12)
        ratio = (1 - p) / (size * p) / count
        one = float(ratio.sum())
        two = max(0.0, one**2 - float((ratio**2).sum()))
        changed = ONE_CHANGE * one + (1 - ONE_CHANGE) * two
        weakest = float(of_kind[rows, columns[index]].min())
        found.append(_Spelling(values[index], float(weights[index]), changed, weakest))
    return found


def _shares_of_kind(shares: Floats, alphabet: Alphabet) -> Floats:
    """What each character, with or without its accent, has of its cell among digits or among letters and signs; 1 for
    a blank one.
    """
    answer = np.ones_like(shares)
    for digits in (True, False):
        kind = [at for at, name in enumerate(alphabet.classes) if (name in DIGITS) == digits and len(name) == 1]
        bases = np.array([plain(alphabet.classes[at]) for at in kind])
        together = shares[:, kind] @ (bases[:, None] == bases[None, :])
        answer[:, kind] = together / np.maximum(shares[:, kind].sum(axis=1, keepdims=True), 1e-30)
    return answer


@lru_cache(maxsize=64)
def _columns_of(
    listed: tuple[str, ...], content: str, alphabet: Alphabet, count: int
) -> tuple[list[str], Ints, Floats]:
    """The spellings of a list: the value of each, its class in every cell (n, count), its log prior (n,)."""
    values, columns, priors = [], [], []
    for value in listed:
        for text, share in _spellings(cells_text(value, content), count):
            classes = [alphabet.index(character) for character in text]
            if None not in classes:
                values.append(value)
                columns.append(classes)
                priors.append(np.log(share / len(listed)))
    return values, np.array(columns, np.int64).reshape(-1, count), np.array(priors)


def _listed(
    spellings: list[_Spelling], peak: float, content: str, listed: Sequence[str], belief: _Belief, *, closed: bool
) -> _Belief:
    """Weigh the listed values against the open reading.

    Beside the altogether open reading stand the values with one or two characters changed: a listed name is not forced
    on its neighbour.
    """
    found: dict[str, float] = {}
    near = 0.0
    for spelling in spellings:
        weight = float(np.exp(spelling.weight - peak))
        found[spelling.value] = found.get(spelling.value, 0.0) + ON_LIST * weight
        near += NEAR_LIST * weight * spelling.changed
    opened = sum(belief.weights.values()) + belief.rest
    scale = near / opened + OFF_LIST if opened > 0 else 0.0
    reason = "the value is not one of those allowed" if closed else "the value is not on the roster"
    spelled = {cells_text(value, content) for value in listed}
    combined = _Belief(belief.rest * scale)
    for key, weight in belief.weights.items():
        value_read, shown = key
        if shown in spelled or value_read in found:
            continue
        # Nothing written is no claim about the list.
        problem = belief.problems[key] or (reason if shown else None)
        text = belief.written.get(key, (0.0, ""))[1]
        combined.add(key, weight * (scale if shown else ON_LIST), problem, belief.lengths[key], text)
    for value, weight in found.items():
        combined.add((value, value), weight, None, len(cells_text(value, content)))
    return combined


def _spellings(text: str, cells: int) -> list[tuple[str, float]]:
    """How a listed value may stand in the cells, padded with blanks, with the share of people who write it so."""
    bare = plain(text)
    forms = {text: 1.0 - WITHOUT_ACCENTS, bare: WITHOUT_ACCENTS} if bare != text else {text: 1.0}
    for form, share in list(forms.items()):
        for other in {form.replace("-", " "), form.replace("-", ""), form.replace("'", " "), form.replace(" ", "-")}:
            forms.setdefault(other, 0.05 * share)
    return [(form[:cells].ljust(cells), share) for form, share in forms.items() if form]
