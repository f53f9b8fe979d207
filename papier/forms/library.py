"""Where forms are kept: the folders of definitions, the user's own first, those shipped with papier last.

In a folder the form `family/name` is the file `family/name.yaml`. `workflow.yaml` beside it is no form; blank forms
that somebody else printed are found by name but not listed, since they are not printed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from papier.errors import Problem, UsageError
from papier.forms.definition import FormDefinition
from papier.forms.parsing import in_order, parse_form_node
from papier.forms.shapes import FORM_ID
from papier.forms.shipped import shipped_folder
from papier.language import translate as _
from papier.yaml_source import Node, load_yaml, suggest

_SUFFIXES = (".yaml", ".yml")
_NOT_FORMS = frozenset({"workflow.yaml", "workflow.yml"})


@dataclass(frozen=True)
class ListedForm:
    """One form of the library: its name, its file, and its definition or what is wrong with it."""

    form: str
    path: Path
    definition: FormDefinition | None
    problems: tuple[Problem, ...] = ()


def library_folders(extra: Path | None = None) -> list[Path]:
    """The folders to look in, in this order; `extra` (the user's own forms) may be missing on the disk."""
    folders = [extra] if extra is not None and extra.is_dir() else []
    shipped = shipped_folder()
    return folders if shipped is None else [*folders, shipped]


def list_forms(folders: Sequence[Path]) -> list[ListedForm]:
    """Every form of the folders by name, with its problems; a form of an earlier folder hides one of a later."""
    listed: dict[str, ListedForm] = {}
    for folder in folders:
        for name, path in _files(folder).items():
            if name in listed:
                continue
            form = _read(name, path)
            if form is not None:
                listed[name] = form
    return [listed[name] for name in sorted(listed)]


def find_form(name_or_path: str, folders: Sequence[Path]) -> Path:
    """The file of a form given by name (`carnet/absence`, or `absence` where one form alone is called so) or by path.

    Raises UsageError with the nearest names when there is none.
    """
    if name_or_path.endswith(_SUFFIXES):
        path = Path(name_or_path)
        if not path.is_file():
            raise UsageError(
                _("There is no file {name_or_path}. Check the name and the folder.").format(name_or_path=name_or_path)
            )
        return path
    known: dict[str, Path] = {}
    for folder in folders:
        known = _files(folder) | known
    if name_or_path in known:
        return known[name_or_path]
    short = [name for name in known if name.rpartition("/")[2] == name_or_path]
    if len(short) == 1:
        return known[short[0]]
    if short:
        raise UsageError(
            _("Several forms are called `{name_or_path}`. Write one of: {listed}.").format(
                name_or_path=name_or_path, listed=", ".join(sorted(short))
            )
        )
    if any(name.startswith(f"{name_or_path}/") for name in known):
        raise UsageError(
            _("`{family}` is a family of forms. Which ones it has: papier forms {family}").format(family=name_or_path)
        )
    hint = suggest(name_or_path, known) or suggest(name_or_path, {name.rpartition("/")[2] for name in known})
    raise UsageError(
        _("There is no form `{name_or_path}`.{hint} `papier forms` lists them all.").format(
            name_or_path=name_or_path, hint=hint
        )
    )


def _files(folder: Path) -> dict[str, Path]:
    """The form files of a folder by form name, in the order of their names; no links that lead out of it."""
    inside = folder.resolve()
    return {
        path.relative_to(folder).with_suffix("").as_posix(): path
        for path in sorted(folder.glob("*/*"))
        if path.suffix in _SUFFIXES
        and path.name not in _NOT_FORMS
        and path.is_file()
        and path.resolve().is_relative_to(inside)
    }


def _read(name: str, path: Path) -> ListedForm | None:
    """A form with its problems; None for a blank form."""
    try:
        node, problems = load_yaml(path)
    except UsageError as error:
        return ListedForm(name, path, None, (Problem(str(path), 1, str(error)),))
    if node is not None and describes_blank_form(node):
        return None
    definition, found = parse_form_node(node, str(path))
    problems = [*problems, *found]
    written = node.entries.get("form") if node is not None else None
    if written is not None and written.text is not None and written.text != name and FORM_ID.fullmatch(written.text):
        problems.append(
            Problem(
                str(path),
                written.line,
                _("`form` is `{text}`, but the file stands at `{name}`. Move the file or change `form`.").format(
                    text=written.text, name=name
                ),
            )
        )
    return ListedForm(name, path, None if problems else definition, tuple(in_order(problems)))


def is_blank_form(path: Path | str) -> bool:
    """True when the file describes somebody else's blank form; False when it does not or cannot be read."""
    try:
        node, _problems = load_yaml(path)
    except UsageError:
        return False
    return node is not None and describes_blank_form(node)


def describes_blank_form(node: Node) -> bool:
    return "pages" in node.entries and "blocks" not in node.entries
