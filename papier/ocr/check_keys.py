"""Check keys of numbers that people copy by hand."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping


def nir_is_whole(value: str) -> bool:
    """French social security number: 13 characters and a key of two, 97 minus the number modulo 97.

    Corsica's departments 2A and 2B count as 19 and 18 (decree 82-103; INSEE, "Numéro d'inscription au répertoire").
    """
    found = re.fullmatch(r"([1-478]\d{4})(\d{2}|2A|2B)(\d{6})(\d{2})", value)
    if found is None:
        return False
    department = {"2A": "19", "2B": "18"}.get(found[2], found[2])
    return int(found[4]) == 97 - int(found[1] + department + found[3]) % 97


def luhn_is_right(value: str) -> bool:
    """ISO/IEC 7812: SIREN, SIRET and card numbers."""
    if not (value.isascii() and value.isdigit()):
        return False
    total = 0
    for position, character in enumerate(reversed(value)):
        digit = int(character) * (1 + position % 2)
        total += digit - 9 if digit > 9 else digit
    return total % 10 == 0


def mod97_is_right(value: str) -> bool:
    """ISO 7064 MOD 97-10; an IBAN (two letters first) has its first four characters moved to the end."""
    if not re.fullmatch(r"[0-9A-Z]{3,}", value):
        return False
    turned = value[4:] + value[:4] if value[:2].isalpha() else value
    return int("".join(str(int(character, 36)) for character in turned)) % 97 == 1


def mod11_is_right(value: str) -> bool:
    """Weights 1, 2, 3 … from the right, the key first; X stands for ten (ISBN-10)."""
    if not re.fullmatch(r"\d+[0-9X]", value):
        return False
    digits = [10 if character == "X" else int(character) for character in reversed(value)]
    return sum(weight * digit for weight, digit in enumerate(digits, 1)) % 11 == 0


KEYS: Mapping[str, Callable[[str], bool]] = {
    "nir": nir_is_whole,
    "luhn": luhn_is_right,
    "mod97": mod97_is_right,
    "mod11": mod11_is_right,
}
