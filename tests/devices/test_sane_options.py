"""The words of scanners: what real backends print, and what papier asks of them.

The option lists are those of the backends' manuals and of scanimage's own help, cut to what matters here.
"""

from __future__ import annotations

from papier.devices.sane_options import Side, find_sources, parse_options, reading_arguments

FUJITSU = """\
All options specific to device `fujitsu:fi-7160:1':
  Standard:
    --source ADF Front|ADF Back|ADF Duplex [ADF Front]
        Selects the scan source (such as a document-feeder).
    --mode Lineart|Halftone|Gray|Color [Lineart]
        Selects the scan mode (e.g., lineart, monochrome, or color).
    --resolution 50..600dpi (in steps of 1) [600]
        Sets the resolution of the scanned image.
  Geometry:
    --page-width 0..224.846mm (in steps of 0.0211639) [215.872]
        Specifies the width of the media.
    --page-height 0..863.489mm (in steps of 0.0211639) [279.364]
    -l 0..224.846mm (in steps of 0.0211639) [0]
    -t 0..863.489mm (in steps of 0.0211639) [0]
    -x 0..215.872mm (in steps of 0.0211639) [215.872]
    -y 0..279.364mm (in steps of 0.0211639) [279.364]
    --df-action Default|Continue|Stop [Default] [advanced]
"""
BROTHER = """\
    --mode Black & White|Gray[Error Diffusion]|True Gray|24bit Color|24bit Color[Fast] [24bit Color[Fast]]
    --resolution 100|150|200|300|400|600|1200dpi [200]
    --source FlatBed|Automatic Document Feeder(left aligned)|Automatic Document Feeder(left aligned,Duplex) [FlatBed]
    -x 0..215.9mm (in steps of 0.0999908) [215.9]
    -y 0..297mm (in steps of 0.0999908) [297]
"""
EPSON = """\
    --mode Lineart|Gray|Color [Lineart]
    --depth 8|16 [inactive]
    --resolution 75|150|600dpi [75]
    --source Flatbed|Automatic Document Feeder [Flatbed]
    --adf-mode Simplex|Duplex [inactive]
    --eject [inactive]
"""
PNM = """\
    --filename <string> [/tmp/input.ppm]
    --resolution auto||75|90|300dpi [75]
    --grayify[=(yes|no)] [no]
    --read-only <int> [0] [read-only]
"""


def test_the_sources_of_a_production_scanner() -> None:
    sources = find_sources(parse_options(FUJITSU))
    assert sources == {Side.FEEDER: ["--source=ADF Front"], Side.DUPLEX: ["--source=ADF Duplex"]}


def test_what_a_production_scanner_is_asked_for() -> None:
    assert reading_arguments(parse_options(FUJITSU)) == [
        *("--mode=Gray", "--resolution=300", "--page-width=216", "--page-height=300"),
        *("-l", "0", "-t", "0", "-x", "215.872", "-y", "279.364", "--df-action=Stop"),
    ]


def test_an_office_machine_with_words_of_its_own() -> None:
    options = parse_options(BROTHER)
    assert find_sources(options) == {
        Side.GLASS: ["--source=FlatBed"],
        Side.FEEDER: ["--source=Automatic Document Feeder(left aligned)"],
        Side.DUPLEX: ["--source=Automatic Document Feeder(left aligned,Duplex)"],
    }
    # Error diffusion is black and white in disguise.
    assert reading_arguments(options) == ["--mode=True Gray", "--resolution=300", "-x", "215.9", "-y", "297"]


def test_duplex_may_be_an_option_of_the_feeder_and_the_next_finer_resolution_is_taken() -> None:
    options = parse_options(EPSON)
    assert find_sources(options)[Side.DUPLEX] == ["--source=Automatic Document Feeder", "--adf-mode=Duplex"]
    assert reading_arguments(options) == ["--mode=Gray", "--resolution=600"]


def test_a_scanner_without_sources_and_modes() -> None:
    options = parse_options(PNM)
    assert find_sources(options) == {}
    assert reading_arguments(options) == ["--resolution=300"]
    assert not options["read-only"].active
