"""From what a user typed to a form: a name of the library, or a YAML file."""

from __future__ import annotations

from pathlib import Path

from papier.forms.layout import Layout
from papier.forms.library import find_form, is_blank_form, library_folders
from papier.forms.parsing import load_form
from papier.forms.translation import with_translation
from papier.ocr.register import PrintedForm


def find_path(name: str, own_forms: Path | None) -> Path:
    """The file of a form; raises UsageError with the nearest names when there is none."""
    return find_form(name, library_folders(own_forms))


def find_layout(name: str, own_forms: Path | None, *, large: bool = False, language: str | None = None) -> Layout:
    """The layout of a form, of ours or of somebody else's. Raises UsageError, DefinitionError, LayoutError.

    `language`: the French with this translation facing it.
    """
    # What sets type and draws is imported where a form is named: commands that read scans take none of it.
    from papier.forms.blank import load_blank_form  # noqa: PLC0415
    from papier.forms.typesetting import lay_out  # noqa: PLC0415

    path = find_path(name, own_forms)
    if is_blank_form(path):
        return load_blank_form(path)[0]
    form = load_form(path)
    return lay_out(form if language is None else with_translation(form, language), large=large)


def find_printed_form(name: str, own_forms: Path | None) -> PrintedForm:
    """A form with its printed face, for reading pages as this form."""
    from papier.forms.blank import load_blank_form  # noqa: PLC0415
    from papier.forms.pdf import face_pdf  # noqa: PLC0415
    from papier.forms.typesetting import lay_out  # noqa: PLC0415

    path = find_path(name, own_forms)
    if is_blank_form(path):
        return PrintedForm(*load_blank_form(path))
    layout = lay_out(load_form(path))
    return PrintedForm(layout, face_pdf(layout))
