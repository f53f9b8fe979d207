"""The key sheet: the workspace's secrets in plain characters, for a safe."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from papier.durable import write_private
from papier.forms.listing import listing_pdf

GROUPS_A_LINE = 4
# The alphabet of the recovery key has no B, I, O and, after its first group, no 1: nothing to confuse (BIP 173).
CLOSING_ENCRYPTED = (
    "Qui a cette feuille peut tout lire. Gardez-la dans un coffre, loin de l'ordinateur.",
    "Sans la phrase de passe ET sans cette feuille, plus personne ne peut ouvrir l'espace de travail,",
    "pas même les auteurs de papier. Les feuilles de papier, elles, restent : les numériser de nouveau.",
    "Phrase de passe perdue : tapez la clé de secours à sa place, avec ou sans espaces, puis : papier encrypt --change",
    "Sans papier : docs/chiffrement.md dit comment ouvrir chaque fichier avec age et SQLCipher.",
)
CLOSING = (
    "La clé des numéros prouve que les feuilles sont de cette maison, et sert à tout refaire : papier rebuild.",
    "Gardez cette feuille dans un coffre, loin de l'ordinateur.",
)


def write_key_sheet(
    output: Path, sheet_key: bytes, recovery: Sequence[str], establishment: str, folder: str, day: dt.date
) -> None:
    """Write the sheet as a PDF that only its owner can read. `recovery`: groups, none where nothing is encrypted."""
    numbers = sheet_key.hex()
    rows = [
        ("Clé de secours" if at == 0 else "", line)
        for at, line in enumerate(_lines(recovery[:1]) + _lines(recovery[1:]) if recovery else [])
    ]
    rows += [
        ("Clé des numéros de feuilles" if at == 0 else "", line)
        for at, line in enumerate(_lines([numbers[at : at + 4] for at in range(0, len(numbers), 4)]))
    ]
    rows += [("Espace de travail", folder), ("Fait le", f"{day:%d/%m/%Y}")]
    title = establishment or "Établissement : …………………"
    closing = CLOSING_ENCRYPTED if recovery else CLOSING
    write_private(
        output.resolve(), listing_pdf("Feuille de clé", title, ("Quoi", "À recopier exactement"), rows, closing)
    )


def _lines(groups: Sequence[str]) -> list[str]:
    return ["   ".join(groups[at : at + GROUPS_A_LINE]) for at in range(0, len(groups), GROUPS_A_LINE)]
