"""The legal clocks that are known: how long, from what, under which text.

Only what a source was found for stands here. Where sources leave a doubt, the rule takes the side that loses nothing:
it acts early, and accuses late.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Unit(StrEnum):
    """What is counted. The day of the start never counts."""

    DAYS = "jours"
    WEEKS = "semaines"
    MONTHS = "mois"
    WORKING_DAYS = "jours ouvrés"


class Ending(StrEnum):
    """What the last day does."""

    # Saturday, Sunday or holiday: the clock runs to the next working day.
    MOVES = "moves"
    # The last day does not count either, and the day after it moves.
    FRANC = "franc"
    # Silence becomes a decision, on whatever day that is.
    DECIDES = "decides"
    # Something simply ends, on whatever day that is.
    STANDS = "stands"


@dataclass(frozen=True, slots=True)
class Rule:
    """One clock. Texts are French: they are printed.

    `after` completes "Un mois après …"; `basis` is the article as a sentence names it; `outcome` says what silence
    means; `caution` is a sentence that keeps the reader from a likely mistake. `version` rises when another text makes
    the same clock another one, so that a case can say by which it was counted.
    """

    name: str
    title: str
    count: int
    unit: Unit
    ending: Ending
    after: str
    basis: str
    sources: tuple[str, ...]
    outcome: str = ""
    caution: str = ""
    version: int = 1

    def to_json(self) -> dict[str, Any]:
        return {
            "rule": self.name,
            "version": self.version,
            "title": self.title,
            "count": self.count,
            "unit": str(self.unit),
            "ending": str(self.ending),
            "sources": list(self.sources),
            "caution": self.caution or None,
        }


_CPC = "CPC art. 641 et 642"
_CPP = "CPP art. 801"
_REGULATION = "règlement 1182/71 art. 3"

_NOT_STOPPED = (
    "Le Défenseur des droits et le médiateur n'arrêtent pas ce délai ; là où une médiation préalable est obligatoire, "
    "elle passe d'abord."
)

RULES: tuple[Rule, ...] = (
    Rule(
        "rgpd-reponse",
        "Réponse à une demande RGPD (accès, effacement, opposition…)",
        1,
        Unit.MONTHS,
        Ending.MOVES,
        "réception",
        "RGPD, art. 12-3",
        ("RGPD art. 12-3", _REGULATION),
    ),
    Rule(
        "rgpd-prolongation",
        "Prolongation d'une réponse RGPD, comptée de la fin du premier mois",
        2,
        Unit.MONTHS,
        Ending.MOVES,
        "la fin du premier mois, avant tout report",
        "RGPD, art. 12-3",
        ("RGPD art. 12-3", _REGULATION),
        caution="Elle ne vaut que si elle a été annoncée, avec ses motifs, pendant le premier mois.",
    ),
    Rule(
        "silence-rejet",
        "Silence de l'administration : naissance de la décision implicite de rejet",
        2,
        Unit.MONTHS,
        Ending.DECIDES,
        "réception par la première administration saisie",
        "CRPA, art. L231-4 et L114-3",
        ("CRPA art. L231-4", "CRPA art. L114-3"),
        outcome="le silence vaut rejet",
        caution=(
            "Pour une demande hors procédure prévue par un texte, une réclamation, une demande d'argent ou celle d'un "
            "agent, le silence ne vaut jamais acceptation."
        ),
    ),
    Rule(
        "motifs-reponse",
        "Communication des motifs d'une décision implicite de rejet",
        1,
        Unit.MONTHS,
        Ending.MOVES,
        "la demande de motifs",
        "CRPA, art. L232-4",
        ("CRPA art. L232-4", _CPC),
        caution="Demandez-les dans le délai de recours : il court alors jusqu'à deux mois après leur communication.",
    ),
    Rule(
        "recours-gracieux",
        "Recours gracieux ou hiérarchique facultatif",
        2,
        Unit.MONTHS,
        Ending.FRANC,
        "notification",
        "CRPA, art. L411-2",
        ("CRPA art. L411-2", "CRPA art. L112-1", "CE 19-9-2014 n° 362568", _CPC),
        caution="La date d'envoi compte, cachet de la poste faisant foi. " + _NOT_STOPPED,
    ),
    Rule(
        "tribunal-administratif",
        "Recours devant le tribunal administratif",
        2,
        Unit.MONTHS,
        Ending.FRANC,
        "notification",
        "CJA, art. R421-1",
        ("CJA art. R421-1 et R421-2", "CE 13-5-2024 n° 466541", _CPC),
        caution=(
            "La date d'envoi compte, cachet de la poste faisant foi. "
            + _NOT_STOPPED
            + " Contre la CAF, saisir d'abord la commission de recours amiable, puis le pôle social ; pour le RSA, le "
            "recours administratif préalable est obligatoire."
        ),
    ),
    Rule(
        "cada-refus",
        "Silence sur une demande de document administratif : naissance du refus",
        1,
        Unit.MONTHS,
        Ending.DECIDES,
        "réception",
        "CRPA, art. R311-13",
        ("CRPA art. R311-13",),
        outcome="le silence vaut refus",
    ),
    Rule(
        "cada-saisine",
        "Saisine de la CADA après un refus",
        2,
        Unit.MONTHS,
        Ending.MOVES,
        "le refus",
        "CRPA, art. R343-1",
        ("CRPA art. R343-1", _CPC),
        caution="Joindre la copie de la demande.",
    ),
    Rule(
        "cada-silence",
        "Silence après la saisine de la CADA : naissance du refus confirmé",
        2,
        Unit.MONTHS,
        Ending.DECIDES,
        "l'enregistrement par la CADA",
        "CRPA, art. R343-5",
        ("CRPA art. R343-5",),
        outcome="le silence vaut refus, et le tribunal administratif peut être saisi",
    ),
    Rule(
        "dossier-medical",
        "Copie du dossier médical",
        8,
        Unit.DAYS,
        Ending.MOVES,
        "réception",
        "CSP, art. L1111-7",
        ("CSP art. L1111-7", "CSP art. R1111-1", _CPC),
    ),
    Rule(
        "dossier-medical-ancien",
        "Copie du dossier médical, informations de plus de cinq ans",
        2,
        Unit.MONTHS,
        Ending.MOVES,
        "réception",
        "CSP, art. L1111-7",
        ("CSP art. L1111-7", "CSP art. R1111-1", _CPC),
    ),
    Rule(
        "mon-espace-sante-opposition",
        "Opposition à l'ouverture de Mon Espace Santé",
        6,
        Unit.WEEKS,
        Ending.MOVES,
        "l'envoi de la lettre d'information",
        "CSP, art. R1111-28",
        ("CSP art. R1111-28", _CPC),
        caution="Passé ce délai, la fermeture reste possible à tout moment.",
    ),
    Rule(
        "titre-sejour-silence",
        "Silence de la préfecture sur un titre de séjour : naissance du refus",
        4,
        Unit.MONTHS,
        Ending.DECIDES,
        "réception du dossier complet",
        "CESEDA, art. R432-1 et R432-2",
        ("CESEDA art. R432-1 et R432-2", "CE 10-10-2024 n° 493514 et 494718"),
        outcome="le silence vaut refus",
        caution=(
            "Un dossier incomplet, ou envoyé par la poste là où ce n'est pas la voie prévue, ne fait naître aucune "
            "décision attaquable."
        ),
    ),
    # The code is being renumbered (ordonnance 2025-1091); from when is not certain, so the articles in force are named.
    Rule(
        "afd-contestation",
        "Contestation d'une amende forfaitaire délictuelle",
        45,
        Unit.DAYS,
        Ending.MOVES,
        "la constatation ou l'envoi de l'avis",
        "CPP, art. 495-18",
        ("CPP art. 495-18", _CPP),
        caution=(
            "Contester avec le formulaire joint à l'avis, en recommandé avec accusé de réception, avec la consignation."
        ),
    ),
    Rule(
        "afd-majoree",
        "Réclamation contre une amende forfaitaire délictuelle majorée",
        30,
        Unit.DAYS,
        Ending.MOVES,
        "l'envoi de l'avis",
        "CPP, art. 495-19",
        ("CPP art. 495-19", _CPP),
        caution=(
            "Réclamer avec le formulaire joint à l'avis, en recommandé avec accusé de réception, avec la consignation."
        ),
    ),
    Rule(
        "recommande-non-reclame",
        "Lettre recommandée mise en instance, comptée de sa première présentation",
        15,
        Unit.DAYS,
        Ending.STANDS,
        "la première présentation",
        "recommandé mis en instance",
        ("recommandé mis en instance : quinze jours",),
        outcome="non réclamée, la lettre compte comme reçue le jour de sa première présentation",
    ),
    # The most recent text that was read is that of 1998; decisions of 2015 still apply the same delay.
    Rule(
        "feuille-de-soins",
        "Envoi d'une feuille de soins par le professionnel, tiers payant",
        8,
        Unit.WORKING_DAYS,
        Ending.MOVES,
        "la date de la feuille",
        "CSS, art. R161-47",
        ("CSS art. R161-47", "Cass. 2e civ. 8-10-2015 n° 14-20.252"),
        caution="Un envoi tardif ne prive pas du remboursement.",
    ),
    Rule(
        "taj-acces",
        "Droit d'accès au TAJ : réponse du ministère",
        2,
        Unit.MONTHS,
        Ending.DECIDES,
        "réception par le ministère",
        "accès au traitement d'antécédents judiciaires",
        ("accès au traitement d'antécédents judiciaires : ministère, puis CNIL",),
        outcome="sans réponse, la CNIL peut être saisie",
        caution="Le ministère d'abord, jamais la CNIL directement ; joindre la copie de la première lettre.",
    ),
    Rule(
        "video-images",
        "Effacement des images de vidéoprotection",
        1,
        Unit.MONTHS,
        Ending.STANDS,
        "l'enregistrement",
        "CSI, art. L252-5",
        ("CSI art. L252-5", "RGPD art. 15"),
        outcome="les images peuvent être effacées bien avant",
        caution="Envoyer la demande d'accès (RGPD, art. 15) dans les jours qui suivent les faits.",
    ),
)
