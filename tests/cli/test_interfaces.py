"""The commands, formats and exit codes that others rely on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import cv2
import jsonschema
import numpy as np
import pytest

from papier.cli.commands import COMMANDS
from tests.cli.conftest import Papier
from tests.cli.sheets import cross, render, save, scribble, text_of, zones

NUMBER = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}")

RECT = {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 4}
CONTENTS = ["letters", "digits", "mixed", "date", "hour", "telephone", "postcode", "class", "nir", "number"]


def _zone(kind: str, required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    properties = {"field": {"type": "string"}, "kind": {"const": kind}} | required
    return {
        "type": "object",
        "properties": properties | (optional or {}),
        "required": list(properties),
        "additionalProperties": False,
    }


LAYOUT_SCHEMA = {
    "type": "object",
    "required": ["form", "version", "page_size", "pages"],
    "additionalProperties": False,
    "properties": {
        "form": {"type": "string", "pattern": "^[a-z0-9-]+/[a-z0-9-]+$"},
        "version": {"type": "integer", "minimum": 1},
        "page_size": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
        "pages": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["page", "zones"],
                "additionalProperties": False,
                "properties": {
                    "page": {"type": "integer", "minimum": 1},
                    "zones": {
                        "type": "array",
                        "items": {
                            "oneOf": [
                                _zone(
                                    "tick",
                                    {"option": {"type": "string"}, "multiple": {"type": "boolean"}, "rect": RECT},
                                    {"shape": {"enum": ["bubble"]}},
                                ),
                                _zone(
                                    "comb",
                                    {"content": {"enum": CONTENTS}, "cells": {"type": "array", "items": RECT}},
                                ),
                                _zone("lines", {"rect": RECT, "lines": {"type": "array", "items": RECT}}),
                                _zone("signature", {"rect": RECT}),
                                _zone("typed", {"rect": RECT}),
                            ]
                        },
                    },
                },
            },
        },
    },
}

PROBABILITY = {"type": "number", "minimum": 0, "maximum": 1}
READ_SCHEMA = {
    "type": "object",
    "required": ["source", "source_page", "form", "version", "sheet", "page", "status", "reason", "fields"],
    "additionalProperties": False,
    "properties": {
        "source": {"type": "string"},
        "source_page": {"type": "integer", "minimum": 1},
        "form": {"type": ["string", "null"]},
        "version": {"type": ["integer", "null"]},
        "sheet": {"anyOf": [{"type": "null"}, {"type": "string", "pattern": f"^{NUMBER.pattern}$"}]},
        "page": {"type": ["integer", "null"]},
        "status": {"enum": ["read", "doubtful", "damaged", "unknown", "copy"]},
        "reason": {"type": ["string", "null"]},
        "fields": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "required": ["value", "state", "probability"],
                "additionalProperties": False,
                "properties": {
                    "value": {"type": ["string", "boolean", "array", "null"], "items": {"type": "string"}},
                    "state": {"enum": ["sure", "doubtful", "blank", "unreadable"]},
                    "probability": PROBABILITY,
                    "candidates": {
                        "type": "array",
                        "items": {"type": "array", "prefixItems": [{"type": "string"}, PROBABILITY], "maxItems": 2},
                    },
                    "options": {
                        "type": "object",
                        "additionalProperties": {
                            "type": "object",
                            "required": ["state", "probability"],
                            "additionalProperties": False,
                            "properties": {
                                "state": {"enum": ["ticked", "empty", "cancelled", "doubtful"]},
                                "probability": PROBABILITY,
                            },
                        },
                    },
                },
            },
        },
    },
}


def test_every_shipped_form_has_the_layout_that_others_rely_on(papier: Papier) -> None:
    listed = papier("forms", "--json").lines
    assert len(listed) >= 14
    for entry in listed:
        assert entry["problems"] == []
        for large in ([], ["--large"]):
            (layout,) = papier("layout", entry["form"], "--json", *large).lines
            jsonschema.validate(layout, LAYOUT_SCHEMA)
            assert layout["form"] == entry["form"]
            for page in layout["pages"]:
                for zone in page["zones"]:
                    for x, y, width, height in [*zone.get("cells", []), *([zone["rect"]] if "rect" in zone else [])]:
                        assert 0 <= x < x + width <= layout["page_size"][0]
                        assert 0 <= y < y + height <= layout["page_size"][1]


def test_a_sheet_goes_round_the_loop(papier: Papier, tmp_path: Path) -> None:
    (layout,) = papier("layout", "carnet/absence", "--json").lines
    printed = papier("print", "carnet/absence", "--copies", "3", "--output", tmp_path / "p.pdf", "--json")
    assert printed.code == 0
    numbers = printed.lines[0]["sheets"]
    assert [NUMBER.findall(text)[0] for text in text_of(tmp_path / "p.pdf")] == numbers
    assert all(len(NUMBER.findall(text)) == 2 for text in text_of(tmp_path / "p.pdf"))

    images = render(tmp_path / "p.pdf")
    cross(images[0], zones(layout, 1, field="motif", option="maladie")[0]["rect"])
    cross(images[1], zones(layout, 1, field="motif", option="autre")[0]["rect"])
    scribble(images[1], zones(layout, 1, field="signature")[0]["rect"])
    images[1] = np.ascontiguousarray(images[1][::-1, ::-1])  # upside-down
    scan = save(images[:2], tmp_path / "scan.pdf")

    outcome = papier("read", scan, "--json")
    first, second = outcome.lines
    for reading in (first, second):
        jsonschema.validate(reading, READ_SCHEMA)
    assert [first["sheet"], second["sheet"]] == numbers[:2]
    assert first["fields"]["motif"]["value"] == ["maladie"]
    assert first["fields"]["motif"]["state"] == "sure"
    assert first["fields"]["motif"]["options"]["autre"]["state"] == "empty"
    assert first["fields"]["signature"]["state"] == "blank"
    assert first["fields"]["nom"] == {"value": None, "state": "blank"} | {
        "probability": first["fields"]["nom"]["probability"]
    }
    assert second["fields"]["motif"]["value"] == ["autre"]
    assert second["fields"]["signature"]["value"] is True
    assert outcome.code == 20  # required fields are empty: a person must look

    taken = papier("intake", scan)
    assert taken.code == 20
    assert papier("intake", scan).out.count("taken in before") == 1
    assert [record["sheet"] for record in papier("records", "list", "--json").lines] == numbers[:2]
    assert [sheet["sheet"] for sheet in papier("records", "missing", "--json").lines] == numbers[2:]
    assert papier("records", "missing", "--output", tmp_path / "missing.pdf").code == 0
    assert numbers[2] in "".join(text_of(tmp_path / "missing.pdf"))
    assert papier("verify").code == 0


@pytest.mark.parametrize("suffix", [".pdf", ".tif", ".png", ".jpg"])
def test_all_scan_formats_give_the_same_reading(papier: Papier, tmp_path: Path, suffix: str) -> None:
    (layout,) = papier("layout", "carnet/mot-aux-parents", "--json").lines
    papier("print", "carnet/mot-aux-parents", "--output", tmp_path / "p.pdf")
    image = render(tmp_path / "p.pdf")[0]
    cross(image, zones(layout, 1, field="lecture")[0]["rect"])
    (reading,) = papier("read", save([image], tmp_path / f"scan{suffix}"), "--json").lines
    assert reading["fields"]["lecture"]["value"] == ["lu"]


def test_a_roster_names_each_sheet_and_reports_incomplete_lines(papier: Papier, tmp_path: Path) -> None:
    roster = tmp_path / "6A.csv"
    roster.write_bytes("Nom;Prénom;Classe\nLEFÈVRE;Zoé;6A\nMARTIN;;6A\nD'ALMEIDA;Jean-Noël;6A\n".encode("cp1252"))
    outcome = papier("print", "carnet/absence", "--roster", roster, "--output", tmp_path / "p.pdf", "--json")
    assert outcome.code == 20
    assert "6A.csv:3" in outcome.err
    assert len(outcome.lines[0]["sheets"]) == 2
    (first, second) = papier("read", save(render(tmp_path / "p.pdf"), tmp_path / "s.pdf"), "--json").lines
    assert first["fields"]["nom"]["value"] == "LEFÈVRE"
    assert second["fields"]["nom"]["value"] == "D'ALMEIDA"


def test_a_sheet_of_another_workspace_is_unknown(
    papier: Papier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    papier("print", "carnet/absence", "--output", tmp_path / "p.pdf")
    scan = save(render(tmp_path / "p.pdf"), tmp_path / "scan.png")
    monkeypatch.setenv("PAPIER_WORKSPACE", str(tmp_path / "other"))
    papier("init")
    outcome = papier("read", scan, "--json")
    (reading,) = outcome.lines
    jsonschema.validate(reading, READ_SCHEMA)
    assert reading["status"] == "unknown"
    assert reading["sheet"] is None
    assert outcome.code == 21


def test_a_blank_back_is_told_and_is_no_fault(papier: Papier, tmp_path: Path) -> None:
    outcome = papier("read", save([np.full((2339, 1654), 250, np.uint8)], tmp_path / "scan.png"), "--json")
    assert outcome.code == 0
    assert outcome.lines[0]["status"] == "unknown"
    assert outcome.lines[0]["reason"] == "blank page"


def test_the_same_sheet_twice_in_a_run_is_a_copy(papier: Papier, tmp_path: Path) -> None:
    papier("print", "carnet/mot-aux-parents", "--output", tmp_path / "p.pdf")
    image = render(tmp_path / "p.pdf")[0]
    first, second = papier("read", save([image, image], tmp_path / "scan.pdf"), "--json").lines
    assert first["status"] != "copy"
    assert second["status"] == "copy"


def test_a_form_somebody_else_printed_is_read_without_a_number(papier: Papier, tmp_path: Path) -> None:
    blank = np.full((1169, 827), 255, np.uint8)
    rng = np.random.default_rng(1)
    for line in range(12):
        words = " ".join("".join(rng.choice(list("abdeghiklmnoprstu"), 6)) for _ in range(7))
        cv2.putText(blank, words, (90, 120 + 80 * line), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 0, 1, cv2.LINE_AA)
        cv2.rectangle(blank, (50, 104 + 80 * line), (68, 122 + 80 * line), 0, 1)
    cv2.imwrite(str(tmp_path / "enquete-1.png"), blank)
    rows = "".join(
        f"      - {{field: q{n}, kind: tick, option: a, multiple: true, rect: "
        f"[{50 * 25.4 / 100:.2f}, {(104 + 80 * n) * 25.4 / 100:.2f}, 4.6, 4.6]}}\n"
        for n in range(12)
    )
    (tmp_path / "enquete.yaml").write_text(
        "form: voisin/enquete\nversion: 1\ntitle: {fr: Enquête}\npages:\n"
        f"  - background: enquete-1.png\n    dpi: 100\n    zones:\n{rows}"
    )
    scan = cv2.resize(blank, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC).astype(np.uint8)
    cross(scan, [50 * 25.4 / 100, (104 + 80 * 3) * 25.4 / 100, 4.6, 4.6])
    turn = cv2.getRotationMatrix2D((827, 1169), 1.5, 1.0)
    scan = cv2.warpAffine(scan, turn, (1654, 2338), borderValue=(255,)).astype(np.uint8)
    outcome = papier("read", "--form", tmp_path / "enquete.yaml", save([scan], tmp_path / "scan.png"), "--json")
    (reading,) = outcome.lines
    jsonschema.validate(reading, READ_SCHEMA)
    assert reading["form"] == "voisin/enquete"
    assert {name: field["value"] for name, field in reading["fields"].items() if field["value"]} == {"q3": ["a"]}


def test_exit_codes(papier: Papier, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("form: carnet/absence\nversion: 1\ntitle: x\nformat: A9\nblocks: []\n")
    assert papier("forms", "check", bad).code == 3
    assert "bad.yaml:4" in papier("forms", "check", bad).err
    assert papier("print", "carnet/absance").code == 2
    assert "carnet/absence" in papier("print", "carnet/absance").err
    assert papier("raed").code == 2
    empty = tmp_path / "empty.pdf"
    empty.touch()
    assert papier("read", empty, "--json").code == 5
    assert papier("read", tmp_path / "none.pdf").code == 5
    assert papier("--workspace", tmp_path / "nowhere", "intake", empty).code == 2


def test_a_printed_pdf_is_not_replaced_unasked(papier: Papier, tmp_path: Path) -> None:
    assert papier("print", "carnet/absence", "--output", tmp_path / "p.pdf").code == 0
    again = papier("print", "carnet/absence", "--output", tmp_path / "p.pdf")
    assert again.code == 2
    assert "--overwrite" in again.err
    assert len(papier("records", "missing", "--json").lines) == 1
    assert papier("print", "carnet/absence", "--output", tmp_path / "p.pdf", "--overwrite").code == 0


@pytest.mark.parametrize("command", [("list",), ("missing",), ("export",)])
def test_a_mistyped_form_is_no_empty_answer(papier: Papier, command: tuple[str, ...]) -> None:
    outcome = papier("records", *command, "--form", "carnet/absense")
    assert outcome.code == 2
    assert "carnet/absence" in outcome.err


def test_one_bad_file_does_not_stop_the_others(papier: Papier, tmp_path: Path) -> None:
    papier("print", "carnet/mot-aux-parents", "--output", tmp_path / "p.pdf")
    good = save(render(tmp_path / "p.pdf"), tmp_path / "scan.png")
    bad = tmp_path / "bad.pdf"
    bad.write_bytes(b"%PDF-1.7\nnothing")
    outcome = papier("intake", bad, good)
    assert outcome.code == 5
    assert len(papier("records", "list", "--json").lines) == 1


def test_deadline_is_explained(papier: Papier) -> None:
    (deadline,) = papier("deadline", "rgpd-reponse", "--from", "2026-10-01", "--json").lines
    assert set(deadline) == {"rule", "from", "prudent", "theoretical", "because", "sources"}
    assert (deadline["prudent"], deadline["theoretical"]) == ("2026-11-01", "2026-11-02")


def test_every_command_has_help_with_an_example(papier: Papier) -> None:
    for name in COMMANDS:
        outcome = papier(name, "--help")
        assert outcome.code == 0
        assert "papier" in outcome.out.split("Options")[0]
