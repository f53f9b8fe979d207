"""What a reader of a dispute's clocks must know besides their own sentences, in French and in English."""

from __future__ import annotations

from typing import NamedTuple


class Note(NamedTuple):
    french: str
    english: str


UNPROVEN = Note(
    french=(
        "Réception non prouvée : compté de l'envoi ; n'accusez personne de retard avant d'avoir l'avis de réception."
    ),
    english="Receipt not proven: counted from the sending; accuse nobody of lateness before you have the receipt.",
)

NOT_ENFORCEABLE = Note(
    french=(
        "Les voies de recours n'ont pas été indiquées : ce délai ne peut pas vous être opposé (CRPA, art. L112-6 ;"
        " CJA, art. R421-5), mais tenez-vous-y si c'est possible."
    ),
    english=(
        "The remedies were not stated: this period cannot be held against you (CRPA, art. L112-6; CJA, art. "
        "R421-5), but keep to it if you can."
    ),
)

MAYBE_LONGER = Note(
    french=(
        "Les motifs ont été demandés : si la décision devait être motivée, ce délai est prorogé jusqu'à deux mois "
        "après leur communication (CRPA, art. L232-4) ; la date prudente n'y compte pas."
    ),
    english=(
        "The reasons were asked for: if they were owed, this period is extended until two months after they are "
        "given (CRPA, art. L232-4); the prudent date does not count on it."
    ),
)

TOO_LATE = Note(
    french=(
        "Le recours administratif est parti après la date prudente : il n'est pas sûr qu'il ait interrompu ce délai."
    ),
    english="The appeal was sent after the prudent date: it is not certain that it interrupted this period.",
)

REASONS_TOO_LATE = Note(
    french="Les motifs ont été demandés après la date prudente : il n'est pas sûr que ce délai soit prorogé.",
    english="The reasons were asked for after the prudent date: it is not certain that this period is extended.",
)

EXTENSION_TOO_LATE = Note(
    french="La prolongation a été annoncée après le premier mois : elle ne vaut pas (RGPD, art. 12-3).",
    english="The extension was announced after the first month: it does not count (GDPR, art. 12-3).",
)
