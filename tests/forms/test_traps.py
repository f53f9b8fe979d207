"""The ten rules that are most easily got wrong: what the sheets print about each."""

from __future__ import annotations

import re

from papier.forms.definition import Address, LinesField
from papier.workflows.deadlines import list_rules
from tests.forms.printed import plain, printed, shipped, wordings

RULES = {rule.name: rule for rule in list_rules()}


def said(name: str) -> str:
    """What is printed on the sheet, and what its guide says of it."""
    return printed(name) + " " + " ".join(plain(words.fr) for words in wordings(shipped()[name]))


def everywhere() -> dict[str, str]:
    return {name: said(name) for name in shipped()}


def test_1_withdrawing_from_work_takes_a_grave_and_imminent_danger_and_not_a_conviction() -> None:
    sheet = printed("travail/danger-grave")
    assert "seulement pour un danger grave et imminent" in sheet
    assert "désaccord de conscience ou d'éthique ne suffit pas" in sheet
    others = [name for name, text in everywhere().items() if re.search(r"\b(me retire|droit de retrait)\b", text)]
    assert set(others) == {"travail/danger-grave"}


def test_2_the_police_file_is_asked_of_the_ministry_first() -> None:
    first, second = shipped()["police/taj"], shipped()["police/taj-cnil"]
    assert "Écrivez d'abord au ministère. Après deux mois sans réponse, écrivez à la CNIL" in printed(first.form)
    assert first.about is not None
    assert second.about is not None
    assert "ministère" in first.about.receiver.fr
    assert "CNIL" not in first.about.receiver.fr
    assert first.about.clock == "taj-acces"
    assert RULES["taj-acces"].count == 2
    assert second.about.receiver.fr.startswith("La CNIL, ensuite")
    assert "La copie de ma lettre au ministère" in printed(second.form)


def test_3_images_are_asked_under_the_gdpr_within_days() -> None:
    sheet = printed("refus/videosurveillance")
    assert "RGPD, article 15" in sheet
    assert "gardées un mois au plus. Envoyez cette lettre dans les jours qui suivent." in sheet
    assert not [name for name, text in everywhere().items() if re.search(r"L\.?\s?253-5", text)]


def test_4_the_caf_is_not_taken_to_the_administrative_court_first() -> None:
    sheet = printed("guichet/caf-recours")
    assert "Une prestation familiale : commission de recours amiable" in sheet
    assert "Pour une prestation familiale, c'est le pôle social" in sheet
    assert "Le RSA : recours préalable obligatoire" in sheet
    assert "Pour le RSA, c'est le tribunal administratif" in sheet
    about = shipped()["guichet/caf-recours"].about
    assert about is not None
    assert about.clock != "tribunal-administratif"


def test_5_a_posted_or_incomplete_residence_file_leaves_no_decision() -> None:
    sheet = printed("guichet/titre-sejour")
    assert "Cette lettre ne dépose pas votre dossier" in sheet
    assert "incomplet, ou envoyé par la poste sans que ce soit prévu, ne crée pas de décision à attaquer" in sheet
    about = shipped()["guichet/titre-sejour"].about
    assert about is not None
    assert about.clock is None
    assert "dossier complet, déposé par la voie prévue" in about.next.fr


def test_6_a_fine_is_contested_with_its_own_form_and_never_with_a_sheet_of_ours() -> None:
    assert "Seul le formulaire joint à l'avis permet de contester" in printed("police/amende")
    assert "recommandé avec avis de réception" in printed("police/amende")
    assert "consignation" in printed("police/amende")
    for name in ("police/amende", "police/amende-envoi"):
        form = shipped()[name]
        assert "n'est pas une contestation" in printed(name)
        # Nowhere to argue: the only lines are the sender's address.
        assert {field.field for field in form.fields() if isinstance(field, LinesField)} <= {"adresse"}
        assert not re.search(r"\bje conteste\b", printed(name), re.IGNORECASE)
    assert not any(isinstance(block, Address) for block in shipped()["police/amende"].blocks)


def test_7_silence_is_never_said_to_be_acceptance() -> None:
    for name, text in everywhere().items():
        for sentence in re.split(r"(?<=[.!?])\s", text):
            assert not re.search(r"silence (\w+ )*vaut (\w+ )*(accept|accord)", sentence), (name, sentence)
    for name, form in shipped().items():
        if form.about is not None and form.about.clock == "silence-rejet":
            assert re.search(r"rejet|silence", form.about.next.fr), name


def test_8_the_paper_workbook_adds_to_the_digital_one() -> None:
    sheet = said("carnet/cahier-textes")
    assert "Il complète le cahier de textes numérique" in sheet
    assert "Le cahier de textes officiel est numérique" in sheet
    assert "reste obligatoire" in sheet


def test_9_nobody_is_told_that_a_smart_meter_can_be_refused() -> None:
    sheet = printed("refus/linky")
    assert "Elle ne refuse pas la pose du compteur : aucun droit à la refuser n'existe" in sheet
    boxes = [
        option.fr for field in shipped()["refus/linky"].fields() for option in getattr(field, "options", {}).values()
    ]
    assert not [label for label in boxes if re.search(r"pose|install|compteur communicant", label)]


def test_10_ombudsman_and_mediator_stop_no_clock() -> None:
    for name, text in everywhere().items():
        if re.search(r"Défenseur des droits|\bmédiateur\b", text):
            assert re.search(r"n'(arrête|arrêtent|interrompt|interrompent) (pas|aucun)|ne suspend", text), name


def test_what_must_not_be_shipped_is_not() -> None:
    for name, text in everywhere().items():
        assert not re.search(r"puçage|L2242-17", text), name
    register = said("carnet/registre-releve")
    assert "relié et tenu à l'encre" in register
    assert "ne le remplace pas" in register
    paper = printed("carnet/communication-papier")
    assert "Aucun texte ne donne le droit de refuser l'espace numérique de travail" in paper
    assert "aucune autorisation d'opérer" in printed("carnet/fiche-urgence")
    assert "Aucun texte ne donne le droit de refuser le suivi par satellite" in printed("agriculture/pac-photos")
    assert "ne crée aucun statut" in printed("objecteur/declaration")
    assert "n'est pas un veto" in printed("travail/saisine-cse")


def test_what_is_sensitive_stays_on_paper_or_takes_two_readers() -> None:
    for name, form in shipped().items():
        for field in form.fields():
            if re.search(r"\bnir\b|allergies|sécurité sociale", f"{field.field} {field.label.fr}"):
                assert field.demand.paper_only or field.demand.two_readers, (name, field.field)
