"""Random valid values for every field of a layout, in the terms of `papier read --json`.

Ticks are lists of options; combs are text (dates ISO 8601, hours HH:MM); signatures are booleans; None is blank. For
lines a value only says that something is written there: what it is comes from real handwriting.
"""

from __future__ import annotations

import datetime as dt
import random
import re
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from papier.forms.definition import Demand
from papier.forms.layout import Layout, Zone
from papier.records import Value

# fmt: off
SURNAMES = (
    "MARTIN", "BERNARD", "THOMAS", "PETIT", "ROBERT", "RICHARD", "DURAND", "DUBOIS", "MOREAU", "LAURENT", "SIMON",
    "MICHEL", "LEFÈVRE", "LEROY", "ROUX", "DAVID", "BERTRAND", "MOREL", "FOURNIER", "GIRARD", "BONNET", "DUPONT",
    "LAMBERT", "FONTAINE", "ROUSSEAU", "VINCENT", "MULLER", "FAURE", "ANDRÉ", "MERCIER", "BLANC", "GUÉRIN", "BOYER",
    "GARNIER", "CHEVALIER", "FRANÇOIS", "LEGRAND", "GAUTHIER", "GARCIA", "PERRIN", "ROBIN", "CLÉMENT", "MORIN",
    "NICOLAS", "HENRY", "ROUSSEL", "MATHIEU", "GAUTIER", "MASSON", "MARCHAND", "DUVAL", "DENIS", "DUMONT", "MARIE",
    "LEMAIRE", "NOËL", "MEYER", "DUFOUR", "MEUNIER", "BRUN", "BLANCHARD", "GIRAUD", "JOLY", "RIVIÈRE", "LUCAS",
    "BRUNET", "GAILLARD", "BARBIER", "ARNAUD", "GÉRARD", "ROCHE", "RENARD", "SCHMITT", "ROY", "LEROUX",
    "COLIN", "VIDAL", "CARON", "PICARD", "ROGER", "FABRE", "AUBERT", "LEMOINE", "RENAUD", "DUMAS", "LACROIX",
    "OLIVIER", "PHILIPPE", "BOURGEOIS", "PIERRE", "BENOÎT", "REY", "LECLERC", "PAYET", "ROLLAND", "LECLERCQ",
    "GUILLAUME", "LECOMTE", "JEAN", "DUPUY", "GUILLOT", "HUBERT", "BERGER", "CARPENTIER",
    "D'ALMEIDA", "D'HAENE", "L'HERMITE", "LE GALL", "LE GOFF", "DE SOUSA", "DA SILVA", "DOS SANTOS", "BEN SAÏD",
    "EL AMRANI", "DIALLO", "TRAORÉ", "KEÏTA", "NGUYEN", "YILMAZ", "KAYA", "KOWALSKI", "SCHAËFFER", "AÏT-ALI",
    "SAINT-MARTIN", "DUPONT-MOREL", "LE BRAS-PETIT", "HÉBERT", "PRÉVOST", "CÔTÉ", "FORÊT", "MAÎTRE",
)
FIRST_NAMES = (
    "MARIE", "JEAN", "PIERRE", "ANNE", "JEAN-PIERRE", "MARIE-CLAUDE", "ANNE-SOPHIE", "JEAN-FRANÇOIS", "LÉA", "ZOÉ",
    "CHLOÉ", "INÈS", "NOÉ", "LOÏC", "JOËL", "NOÉMIE", "HÉLÈNE", "JÉRÔME", "BENOÎT", "FRANÇOISE", "FRANÇOIS", "MAËL",
    "MAËLYS", "ANAÏS", "GAËTAN", "LOUISE", "EMMA", "JADE", "ALICE", "LINA", "GABRIEL", "LOUIS", "RAPHAËL", "ARTHUR",
    "JULES", "ADAM", "HUGO", "LUCAS", "ETHAN", "PAUL", "SACHA", "TOM", "NATHAN", "MOHAMED", "AMINE", "YASMINE",
    "FATOUMATA", "AÏCHA", "KADIATOU", "OLENA", "MEHMET", "NGUYÊN", "THÉO", "THÉA", "CÉLINE", "SÉBASTIEN", "STÉPHANE",
    "CÉCILE", "VÉRONIQUE", "FRÉDÉRIC", "ÉRIC", "ÉLISE", "ÉMILIE", "ÉTIENNE", "AGNÈS", "IRÈNE", "ÈVE", "MARC-ANTOINE",
    "LOU", "ÉLÉONORE", "VICTOR", "CLAUDE", "DOMINIQUE", "MICHEL", "CATHERINE", "NATHALIE", "ISABELLE", "SYLVIE",
)
# fmt: on
_COLLEGE = tuple(f"{level}{letter}" for level in "6543" for letter in "ABCDEF")
CLASSES = (*_COLLEGE, "2NDE3", "1ERE2", "TSTMG", "CM2", "CE1")
# Share of optional fields left blank: on real forms about one in five.
BLANK_SHARE = 0.2
TODAY = dt.date(2026, 11, 24)


@dataclass(frozen=True)
class FieldZones:
    """All zones of one field, in reading order, and what the form demands of it."""

    field: str
    zones: tuple[Zone, ...]
    demand: Demand


def fields_of(layout: Layout) -> list[FieldZones]:
    """The fields of a layout in reading order."""
    gathered: dict[str, list[Zone]] = {}
    for zone in layout.zones():
        gathered.setdefault(zone.field, []).append(zone)
    return [FieldZones(name, tuple(zones), layout.demands.get(name, Demand())) for name, zones in gathered.items()]


def random_values(
    layout: Layout,
    rng: np.random.Generator,
    *,
    blank_share: float = BLANK_SHARE,
    roster: Sequence[Mapping[str, str]] = (),
) -> dict[str, Value]:
    """A valid value for each field; optional ones are blank with probability `blank_share`.

    With a `roster` one row is drawn, and fields that take their value from one of its columns have it from that row.
    Rows of a table are filled from the top and then stop, as people fill them.
    """
    row = roster[int(rng.integers(len(roster)))] if roster else {}
    kept_rows = float(rng.uniform(0.2, 1.2))
    fields = fields_of(layout)
    rows = sorted({_table_row(f.field) for f in fields} - {None}, key=str)
    values: dict[str, Value] = {}
    for field in fields:
        place = _table_row(field.field)
        if place is not None and rows.index(place) > kept_rows * len(rows):
            values[field.field] = [] if field.zones[0].kind == "tick" else None
            continue
        blank = not field.demand.required and rng.random() < blank_share
        given = row.get(field.demand.roster or "")
        if given and len(given) <= sum(len(zone.cells) for zone in field.zones):
            values[field.field] = given
        else:
            values[field.field] = _blank(field.zones[0]) if blank else random_value(field, rng)
    return values


def random_value(field: FieldZones, rng: np.random.Generator) -> Value:
    """One valid value that is not blank. Falls back on None where no valid value is found (an impossible pattern)."""
    first = field.zones[0]
    if first.kind == "tick":
        options = [zone.option or "oui" for zone in field.zones]
        if not first.multiple:
            return [options[int(rng.integers(len(options)))]]
        count = 1 + int(rng.binomial(len(options) - 1, 0.3)) if len(options) > 1 else 1
        chosen = set(rng.permutation(len(options))[:count].tolist())
        return [option for index, option in enumerate(options) if index in chosen]
    if first.kind == "signature":
        return True
    if first.kind == "lines":
        return "…"
    if first.kind == "typed":
        return f"{_pick(FIRST_NAMES, rng).title()} {_pick(SURNAMES, rng)}"
    cells = sum(len(zone.cells) for zone in field.zones)
    return random_text(first.content or "mixed", cells, field.field, field.demand, rng)


def random_text(content: str, cells: int, name: str, demand: Demand, rng: np.random.Generator) -> str | None:
    """A valid text of at most `cells` characters (date and hour in ISO form, without their separators)."""
    if demand.choices:
        fitting = [choice for choice in demand.choices if len(choice) <= cells]
        return _pick(fitting, rng) if fitting else None
    if demand.check_key and content != "nir":
        return _with_key(demand.check_key, cells, rng)
    if demand.pattern:
        return _matching(demand.pattern, cells, rng)
    if content == "date":
        return _date(demand, name, rng).isoformat()
    if content == "hour":
        low, high = _minutes(demand.minimum, 7 * 60), _minutes(demand.maximum, 19 * 60)
        minutes = int(rng.integers(low, max(low, high) + 1))
        minutes = max(low, minutes - minutes % 5)
        return f"{minutes // 60:02d}:{minutes % 60:02d}"
    if content == "telephone":
        return "0" + str(int(rng.choice([1, 2, 3, 4, 5, 6, 6, 6, 7, 7, 9]))) + _digits(8, rng)
    if content == "postcode":
        return f"{int(rng.integers(1, 96)):02d}{int(rng.integers(0, 100)) * 10:03d}"
    if content == "class":
        return _pick([name for name in CLASSES if len(name) <= cells] or ["6A"[:cells]], rng)
    if content == "nir":
        return _nir(rng)
    if content in {"digits", "number"}:
        return _number(cells, demand, content, rng)
    if content == "letters":
        names = FIRST_NAMES if "prenom" in name or "prénom" in name else SURNAMES
        return _pick([text for text in names if len(text) <= cells] or ["A" * cells], rng)
    return _mixed(cells, rng)


def cells_of(content: str | None, value: str) -> str:
    """What goes into the cells for `value`: a date as JJMMAAAA, an hour as HHMM, anything else as it is."""
    if content == "date":
        return f"{value[8:10]}{value[5:7]}{value[:4]}"
    return value.replace(":", "") if content == "hour" else value


def nir_key(number: str) -> int:
    """The key of the 13 characters of a French social security number (2A counts as 19, 2B as 18)."""
    return 97 - int(number.replace("2A", "19").replace("2B", "18")) % 97


def _blank(zone: Zone) -> Value:
    if zone.kind == "tick":
        return []
    return False if zone.kind == "signature" else None


def _table_row(name: str) -> str | None:
    parts = name.split(".")
    return parts[1] if len(parts) == 3 and re.fullmatch(r"r\d+", parts[1]) else None


def _pick(options: Sequence[str], rng: np.random.Generator) -> str:
    return options[int(rng.integers(len(options)))]


def _digits(count: int, rng: np.random.Generator) -> str:
    return "".join(str(digit) for digit in rng.integers(0, 10, count).tolist())


def _minutes(bound: str | None, otherwise: int) -> int:
    return int(bound[:2]) * 60 + int(bound[3:5]) if bound and re.fullmatch(r"\d\d:\d\d", bound) else otherwise


def _day(bound: str | None, otherwise: dt.date) -> dt.date:
    try:
        return dt.date.fromisoformat(bound) if bound else otherwise
    except ValueError:
        return otherwise


def _date(demand: Demand, name: str, rng: np.random.Generator) -> dt.date:
    birth = "naissance" in name or "birth" in name
    low = _day(demand.minimum, dt.date(1935, 1, 1) if birth else TODAY - dt.timedelta(days=365))
    high = _day(demand.maximum, TODAY if birth else TODAY + dt.timedelta(days=300))
    return low + dt.timedelta(days=int(rng.integers(0, max(0, (high - low).days) + 1)))


def _nir(rng: np.random.Generator) -> str:
    department = _pick(["2A", "2B", *(f"{n:02d}" for n in range(1, 96) if n != 20)], rng)
    middle = f"{int(rng.integers(0, 100)):02d}{int(rng.integers(1, 13)):02d}{department}{int(rng.integers(1, 600)):03d}"
    number = f"{int(rng.integers(1, 3))}{middle}{int(rng.integers(1, 1000)):03d}"
    return f"{number}{nir_key(number):02d}"


def _number(cells: int, demand: Demand, content: str, rng: np.random.Generator) -> str:
    if demand.minimum or demand.maximum:
        low = int(float(demand.minimum or 0))
        high = min(int(float(demand.maximum or 10**cells - 1)), 10**cells - 1)
        return str(int(rng.integers(low, max(low, high) + 1)))
    length = cells if content == "digits" or rng.random() < 0.6 else int(rng.integers(1, cells + 1))
    first = str(int(rng.integers(1, 10)))
    return first + _digits(length - 1, rng)


def _with_key(key: str, cells: int, rng: np.random.Generator) -> str:
    """A number of `cells` digits with its key at the end; falls back to trying at random for an unknown key."""
    if key == "nir":
        return _nir(rng)
    if key == "luhn":
        body = str(int(rng.integers(1, 10))) + _digits(cells - 2, rng)
        doubled = [int(d) * (2 - i % 2) for i, d in enumerate(reversed(body))]
        return body + str(-sum(d - 9 if d > 9 else d for d in doubled) % 10)
    if key == "mod97":
        body = str(int(rng.integers(1, 10))) + _digits(cells - 3, rng)
        return f"{body}{97 - int(body) % 97:02d}"
    body = str(int(rng.integers(1, 10))) + _digits(cells - 2, rng)
    remainder = sum(int(d) * (i % 6 + 2) for i, d in enumerate(reversed(body))) % 11
    return _with_key(key, cells, rng) if remainder == 1 else body + str(-remainder % 11)


def _mixed(cells: int, rng: np.random.Generator) -> str:
    """A street address or a reference, whichever fits."""
    if cells >= 12:
        streets = [
            "RUE DES LILAS",
            "RUE PASTEUR",
            "AV JEAN JAURES",
            "PLACE DU MARCHE",
            "RUE DE L'EGLISE",
            "CHEMIN VERT",
        ]
        text = f"{int(rng.integers(1, 200))} {_pick(streets, rng)}"
        return text if len(text) <= cells else text[:cells].rstrip(" '-")
    letters = string.ascii_uppercase
    return "".join(_pick(letters if rng.random() < 0.4 else string.digits, rng) for _ in range(cells))


def _matching(pattern: str, cells: int, rng: np.random.Generator) -> str | None:
    """A text that matches a simple pattern: classes, digits, literals, groups, alternatives, counts."""
    source = random.Random(int(rng.integers(2**32)))
    try:
        parsed = _parser.parse(pattern)
    except re.error:
        return None
    for _ in range(200):
        text = _expand(parsed, source)
        if 0 < len(text) <= cells and re.fullmatch(pattern, text):
            return text
    return None


def _expand(parsed: object, source: random.Random) -> str:
    written = []
    for code, argument in parsed:  # type: ignore[attr-defined]
        match str(code):
            case "LITERAL":
                written.append(chr(argument))
            case "IN":
                written.append(source.choice(_members(argument)))
            case "ANY":
                written.append(source.choice(string.ascii_uppercase + string.digits))
            case "MAX_REPEAT" | "MIN_REPEAT":
                low, high, inner = argument
                count = source.randint(low, min(int(high), low + 6))
                written += [_expand(inner, source) for _ in range(count)]
            case "SUBPATTERN":
                written.append(_expand(argument[-1], source))
            case "BRANCH":
                written.append(_expand(source.choice(argument[1]), source))
    return "".join(written)


def _members(items: Sequence[tuple[object, object]]) -> str:
    """The capitals, digits and signs that a character class admits."""
    everything = string.ascii_uppercase + string.digits + "-"
    admitted = ""
    for code, argument in items:
        if str(code) == "LITERAL":
            admitted += chr(int(str(argument)))
        elif str(code) == "RANGE" and isinstance(argument, tuple):
            admitted += "".join(map(chr, range(argument[0], argument[1] + 1)))
        elif str(code) == "CATEGORY":
            admitted += string.digits if str(argument).endswith("DIGIT") else everything
        elif str(code) == "NEGATE":
            excluded = _members(items[1:])
            return "".join(c for c in everything if c not in excluded)
    upper = "".join(c for c in admitted if not c.islower())
    return upper or admitted or everything


_parser = re._parser  # type: ignore[attr-defined]  # noqa: SLF001 - the only parser of its own patterns Python has
