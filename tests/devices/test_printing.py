"""Printing through a real CUPS on a real network printer that fails as printers do."""

from __future__ import annotations

import re
import threading
import time
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
import pytest

from papier.devices.ipp import Attribute, Group, Operation, Tag, UnreachableError, decode, encode
from tests.cli.conftest import Papier
from tests.cli.sheets import cross, render, save, scribble, text_of, zones
from tests.devices.print_shop import PrintShop

NUMBER = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}")


def settings(tmp_path: Path, text: str) -> None:
    (tmp_path / "workspace" / "papier.yaml").write_text("etablissement: Collège Exemple\n" + text)


def states(papier: Papier) -> list[dict[str, int]]:
    return [line["states"] for line in papier("sheets", "--json").lines]


def numbers_in(pdf: Path) -> list[str]:
    return [NUMBER.findall(text)[0] for text in text_of(pdf) if NUMBER.search(text)]


def test_sheets_come_out_unscaled_in_order_and_are_printed(papier: Papier, shop: PrintShop, tmp_path: Path) -> None:
    out = papier(
        "print", "carnet/absence", "--copies", "3", "--output", tmp_path / "a.pdf", "--printer", shop.queue, "--json"
    )
    assert out.code == 0, out.err
    (printed,) = shop.printed()
    assert numbers_in(printed) == out.lines[0]["sheets"]
    assert states(papier) == [{"printed": 3}]
    ticket = shop.ticket(printed)
    assert ticket["IPP_SIDES"] == "one-sided"
    assert ticket["IPP_PRINT_QUALITY"] == "normal"
    # The corner marks stand where the layout has them: not a pixel is moved or scaled.
    with pdfium.PdfDocument(tmp_path / "a.pdf") as meant, pdfium.PdfDocument(printed) as got:
        wanted, came = (
            np.asarray(document[0].render(scale=2, grayscale=True).to_pil(), float) for document in (meant, got)
        )
    assert wanted.shape == came.shape
    assert np.abs(wanted - came).mean() < 0.5


def test_both_sides_and_tray_follow_form_and_settings(papier: Papier, shop: PrintShop, tmp_path: Path) -> None:
    settings(tmp_path, f"impression:\n  imprimante: {shop.queue}\n  papiers:\n    rose: {{bac: by-pass-tray}}\n")
    form = tmp_path / "essai.yaml"
    form.write_text(
        "form: essai/rose\nversion: 1\ntitle: Essai\nformat: A4\nrecto_verso: true\npaper: rose\n"
        "blocks:\n  - comb: nom\n    label: Nom\n    content: letters\n    cells: 10\n"
        "  - page_break\n  - comb: prenom\n    label: Prénom\n    content: letters\n    cells: 10\n"
    )
    out = papier("print", form, "--copies", "2")
    assert out.code == 0, out.err
    (printed,) = shop.printed()
    ticket = shop.ticket(printed)
    assert ticket["IPP_SIDES"] == "two-sided-long-edge"
    assert "by-pass-tray" in ticket["IPP_MEDIA_COL"]
    assert "x-dimension=21000 y-dimension=29700" in ticket["IPP_MEDIA_COL"]
    with pdfium.PdfDocument(printed) as document:
        assert len(document) == 4  # a blank back each


def test_without_a_tray_for_it_somebody_is_told_to_put_the_paper_in(
    papier: Papier, shop: PrintShop, tmp_path: Path
) -> None:
    settings(tmp_path, "impression:\n  formulaires:\n    carnet/retard: {papier: jaune}\n")
    out = papier("print", "carnet/retard", "--output", tmp_path / "r.pdf", "--printer", shop.queue)
    assert out.code == 0
    assert "paper “jaune”" in out.err


def test_out_of_paper_is_told_and_it_goes_on(papier: Papier, shop: PrintShop, tmp_path: Path) -> None:
    shop.trouble("media-empty-error")
    threading.Timer(3, shop.mend).start()
    out = papier("print", "carnet/absence", "--output", tmp_path / "a.pdf", "--printer", shop.queue)
    assert out.code == 0, out.err
    assert "out of paper" in out.err
    assert states(papier) == [{"printed": 1}]


@pytest.mark.parametrize(
    ("reason", "words"),
    [("media-jam-error", "jammed"), ("cover-open-error", "cover is open"), ("toner-empty-error", "toner is used up")],
)
def test_troubles_are_told_in_plain_words(
    papier: Papier, shop: PrintShop, tmp_path: Path, reason: str, words: str
) -> None:
    settings(tmp_path, "impression: {attente: 2}\n")
    shop.trouble(reason)
    out = papier("print", "carnet/absence", "--output", tmp_path / "a.pdf", "--printer", shop.queue)
    assert out.code == 20
    assert words in out.err
    assert "papier sheets" in out.err
    assert states(papier) == [{"sent": 1}]
    shop.mend()
    assert eventually(papier, [{"printed": 1}])
    assert len(shop.printed()) == 1


def test_a_stopped_queue_keeps_the_sheets_until_it_goes_on(papier: Papier, shop: PrintShop, tmp_path: Path) -> None:
    shop.admin("cupsdisable", "-r", "en panne", shop.queue)
    out = papier("print", "carnet/absence", "--copies", "2", "--output", tmp_path / "a.pdf", "--printer", shop.queue)
    assert out.code == 20
    assert f"sudo cupsenable {shop.queue}" in out.err
    assert papier("sheets", "send", "1").code == 2  # it waits already: sent again, each number would come out twice
    shop.admin("cupsenable", shop.queue)
    assert eventually(papier, [{"printed": 2}])
    assert len(numbers_in(shop.printed()[0])) == 2


def test_a_queue_that_takes_no_jobs_is_found_out_before_anything_is_numbered(papier: Papier, shop: PrintShop) -> None:
    shop.admin("cupsreject", shop.queue)
    out = papier("print", "carnet/absence", "--printer", shop.queue)
    assert out.code == 7
    assert f"sudo cupsaccept {shop.queue}" in out.err
    assert states(papier) == []


def test_a_printer_that_is_gone_is_told_and_its_run_is_taken_back(
    papier: Papier, shop: PrintShop, tmp_path: Path
) -> None:
    settings(tmp_path, "impression: {attente: 4}\n")
    shop.kill_printer()
    out = papier("print", "carnet/absence", "--copies", "2", "--output", tmp_path / "a.pdf", "--printer", shop.queue)
    assert out.code == 20
    assert "does not answer" in out.err
    assert papier("sheets", "drop", "1").code == 0
    assert states(papier) == [{"unknown": 2}]
    shop.start_printer()
    again = papier("sheets", "send", "1")
    assert again.code == 0, again.err
    assert numbers_in(shop.printed()[-1]) == numbers_in(tmp_path / "a.pdf")
    assert states(papier) == [{"printed": 2}]


def test_a_job_that_the_queue_gives_up_leaves_its_sheets_unknown(
    papier: Papier, shop: PrintShop, tmp_path: Path
) -> None:
    shop.kill_printer()
    out = papier("print", "carnet/absence", "--output", tmp_path / "a.pdf", "--printer", shop.gives_up)
    assert out.code == 20
    assert "Look in the tray" in out.err
    assert states(papier) == [{"unknown": 1}]
    assert papier("sheets").code == 20
    assert papier("sheets", "confirm", "1").code == 0
    assert states(papier) == [{"printed": 1}]


def test_a_tray_that_is_not_there_is_found_out_by_the_queue(papier: Papier, shop: PrintShop, tmp_path: Path) -> None:
    settings(tmp_path, "impression:\n  papiers: {jaune: tray-9}\n  formulaires: {carnet/retard: {papier: jaune}}\n")
    out = papier("print", "carnet/retard", "--output", tmp_path / "r.pdf", "--printer", shop.queue)
    assert out.code == 7
    assert "ByPassTray" in out.err
    assert states(papier) == [{"numbered": 1}]
    assert shop.printed() == []


def test_printing_again_sends_the_same_numbers_and_only_when_the_first_stack_is_gone(
    papier: Papier, shop: PrintShop, tmp_path: Path
) -> None:
    papier("print", "carnet/absence", "--copies", "2", "--output", tmp_path / "a.pdf", "--printer", shop.queue)
    refused = papier("sheets", "send", "1")
    assert refused.code == 2
    assert "--again" in refused.err
    assert papier("sheets", "send", "1", "--again").code == 0
    first, second = shop.printed()
    assert numbers_in(first) == numbers_in(second)
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.4 something else")
    changed = papier("sheets", "send", "1", "--again")
    assert changed.code == 7
    assert "not the PDF that papier wrote" in changed.err
    assert len(shop.printed()) == 2


def test_a_pdf_that_was_only_written_can_be_sent_later(papier: Papier, shop: PrintShop, tmp_path: Path) -> None:
    papier("print", "carnet/absence", "--copies", "2", "--output", tmp_path / "a.pdf")
    assert papier("sheets", "send", "1").code == 2  # which printer?
    assert papier("sheets", "send", "1", "--printer", shop.queue).code == 0
    assert numbers_in(shop.printed()[0]) == numbers_in(tmp_path / "a.pdf")


def test_an_address_needs_no_queue(papier: Papier, shop: PrintShop, tmp_path: Path) -> None:
    shop.admin("lpadmin", "-x", shop.queue)
    shop.admin("lpadmin", "-x", shop.gives_up)
    try:
        out = papier("print", "carnet/absence", "--output", tmp_path / "a.pdf", "--printer", shop.address)
    finally:
        shop.add_queues()
    assert out.code == 0, out.err
    assert numbers_in(shop.printed()[0]) == numbers_in(tmp_path / "a.pdf")


def test_voided_numbers_are_not_expected_and_are_a_question_when_they_come(papier: Papier, tmp_path: Path) -> None:
    numbers = papier("print", "carnet/absence", "--copies", "5", "--output", tmp_path / "a.pdf", "--json").lines[0][
        "sheets"
    ]
    dry = papier("sheets", "void", f"{numbers[1]}..{numbers[3]}", "--dry-run")
    assert dry.code == 0
    assert [numbers[1], numbers[2], numbers[3]] == NUMBER.findall(dry.out)
    assert states(papier) == [{"printed": 5}]
    assert papier("sheets", "void", f"{numbers[1]}..{numbers[3]}", "--reason", "café").code == 0
    assert [line["sheet"] for line in papier("records", "missing", "--json").lines] == [numbers[0], numbers[4]]
    assert papier("sheets", "void", numbers[3], "--undo").code == 0
    assert states(papier) == [{"printed": 3, "voided": 2}]
    assert papier("sheets", "void", "AAAA-AAAA-AAAA").code == 2
    # One that was voided comes back: a question; put back into use, it is a record like any other.
    (layout,) = papier("layout", "carnet/mot-aux-parents", "--json").lines
    (slip,) = papier("print", "carnet/mot-aux-parents", "--output", tmp_path / "m.pdf", "--json").lines[0]["sheets"]
    image = render(tmp_path / "m.pdf")[0]
    cross(image, zones(layout, 1, field="lecture")[0]["rect"])
    scribble(image, zones(layout, 1, field="signature_1")[0]["rect"])
    papier("sheets", "void", slip)
    assert papier("intake", save([image], tmp_path / "scan.pdf")).code == 20
    assert any(
        item["key"].startswith("orphan:") and slip in item["label"]
        for item in papier("check", "--list", "--json").lines
    )
    assert papier("cases", "--json").lines == []
    assert papier("sheets", "void", slip, "--undo").code == 0
    assert not any(item["key"].startswith("orphan:") for item in papier("check", "--list", "--json").lines)
    assert len(papier("cases", "--json").lines) == 1


def test_without_cups_it_is_said_how_to_get_it(papier: Papier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUPS_SERVER", str(tmp_path / "nobody.sock"))
    for arguments in (["printers"], ["print", "carnet/absence", "--printer", "Copieur"]):
        out = papier(*arguments)
        assert out.code == 6
        assert "sudo apt install cups" in out.err
    assert states(papier) == []


def test_printers_are_listed_with_their_state(papier: Papier, shop: PrintShop) -> None:
    shop.admin("cupsdisable", shop.gives_up)
    listed = {line["printer"]: line for line in papier("printers", "--json").lines}
    assert listed[shop.queue]["both_sides"]
    assert "ByPassTray" in listed[shop.queue]["trays"]
    assert listed[shop.gives_up]["stopped"]
    assert "Did you mean `Copieur`" in papier("print", "carnet/absence", "--printer", "Copieure").err


def test_a_wrong_setting_is_told_with_its_line(papier: Papier, tmp_path: Path) -> None:
    settings(tmp_path, "impression:\n  imprimant: Copieur\n  attente: longtemps\n")
    out = papier("print", "carnet/absence")
    assert out.code == 3
    assert "papier.yaml:3" in out.err
    assert "imprimante" in out.err
    assert "papier.yaml:4" in out.err


def test_ipp_values_survive_and_rubbish_is_no_answer() -> None:
    request = encode(
        Operation.GET_JOBS, [Attribute(Tag.INTEGER, "limit", (7,)), Attribute(Tag.NAME, "job-name", ("é", "b"))]
    )
    answer = decode(request)
    assert answer.groups[0][0] == Group.OPERATION
    assert answer.groups[0][1]["limit"] == (7,)
    assert answer.groups[0][1]["job-name"] == ("é", "b")
    for at in range(9, len(request)):
        with pytest.raises(UnreachableError):
            decode(request[:at])


def eventually(papier: Papier, wanted: list[dict[str, int]], seconds: float = 20) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if states(papier) == wanted:
            return True
        time.sleep(0.2)
    return False


def test_every_command_that_prints_has_the_same_printer(papier: Papier, shop: PrintShop, tmp_path: Path) -> None:
    settings(tmp_path, f"impression: {{imprimante: {shop.queue}}}\n")
    (tmp_path / "6A.csv").write_text("nom;prenom;classe\nMARTIN;Zoé;6A\n")
    roster = ("--roster", tmp_path / "6A.csv")
    for at, command in enumerate(
        (
            ("cases", "open", "carnet/absence", *roster),
            ("today",),
            ("carnet", *roster, "--year", "2026", "--absences", "2", "--retards", "0", "--sorties", "0"),
            ("orders",),
            ("guide", "carnet", "--output", tmp_path / "g.pdf", "--printer", shop.queue),
        ),
        1,
    ):
        out = papier(*command)
        assert out.code == 0, (command, out.err)
        assert len(shop.printed()) == at, command
    assert shop.ticket(shop.printed()[2])["IPP_SIDES"] == "two-sided-short-edge"
    assert all(set(line) == {"printed"} for line in states(papier))
    # A PDF that is asked for is only written.
    assert papier("orders", "--output", tmp_path / "o.pdf").code == 0
    assert len(shop.printed()) == 5


def test_a_size_that_the_printer_does_not_take_is_told(papier: Papier, shop: PrintShop, tmp_path: Path) -> None:
    out = papier("print", "carnet/mot-aux-parents", "--output", tmp_path / "m.pdf", "--printer", shop.queue)
    assert out.code == 7
    assert "takes no A5 paper (it takes: A4)" in out.err
    assert states(papier) == [{"numbered": 1}]


def test_lists_and_registers_go_to_the_printer_too(papier: Papier, shop: PrintShop, tmp_path: Path) -> None:
    for arguments in (
        ["records", "missing"],
        ["register", "--month", "2026-11"],
        ["register", "--month", "2026-11", "--output", str(tmp_path / "registre.pdf")],
    ):
        before = len(shop.printed())
        out = papier(*arguments, "--printer", shop.queue)
        assert (out.code, "printed on" in out.err) == (0, True), out.err
        assert len(shop.printed()) == before + 1
    there = papier("register", "--month", "2026-11", "--output", str(tmp_path / "registre.pdf"))
    assert (there.code, "--overwrite" in there.err) == (2, True)
    assert papier("purge", "--printer", shop.queue).code == 2
