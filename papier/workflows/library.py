"""Where workflows are kept: `workflow.yaml` beside a family's forms, the office's own family before the shipped one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from papier.errors import DefinitionError, Problem, UsageError
from papier.forms.definition import FormDefinition
from papier.forms.library import find_form, is_blank_form
from papier.forms.parsing import in_order, load_form
from papier.language import translate as _
from papier.workflows.checking import check_openings, check_workflow
from papier.workflows.definition import Workflow
from papier.workflows.parsing import load_drafts, load_workflows
from papier.yaml_source import suggest

FILE = "workflow.yaml"


@dataclass(frozen=True)
class WorkflowFile:
    """One file with its workflows, those with mistakes left out, and everything that is wrong with it."""

    path: Path
    workflows: tuple[Workflow, ...]
    problems: tuple[Problem, ...]


def workflow_paths(folders: Sequence[Path]) -> list[Path]:
    """The `workflow.yaml` of each family; a family of an earlier folder hides the same one of a later."""
    found: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(folder.glob(f"*/{FILE}")):
            found.setdefault(path.parent.name, path)
    return [found[family] for family in sorted(found)]


def check_file(path: Path, folders: Sequence[Path]) -> WorkflowFile:
    """Read and check one file against the forms of `folders` (and those beside it). UsageError: it cannot be read."""
    drafts, problems = load_drafts(path)
    beside = path.resolve().parent.parent
    places = folders if beside in [folder.resolve() for folder in folders] else [beside, *folders]
    for draft in drafts:
        problems += check_workflow(
            draft.workflow, _forms_named(draft.workflow, places), None if draft.sound else draft.mistaken
        )
    problems += check_openings([draft.workflow for draft in drafts])
    sound = tuple(draft.workflow for draft in drafts if draft.sound)
    return WorkflowFile(path, sound, tuple(in_order(problems)))


def list_workflows(folders: Sequence[Path]) -> list[Workflow]:
    """Every workflow that can be read, unchecked against its forms: a case in hand needs no form to be known."""
    return [workflow for path in workflow_paths(folders) for workflow in load_workflows(path)[0]]


def find_problems(folders: Sequence[Path]) -> list[Problem]:
    """What is wrong with the files that `list_workflows` reads: their mistaken workflows are missing from it."""
    return [problem for path in workflow_paths(folders) for problem in load_workflows(path)[1]]


def find_workflow(name: str, folders: Sequence[Path]) -> Workflow:
    """A workflow by name (`carnet/absence`, or `absence` where one alone is called so), checked.

    Raises UsageError with the nearest names when there is none, DefinitionError when it is wrong.
    """
    known = {workflow.name: workflow for workflow in list_workflows(folders)}
    short = [known[full] for full in known if full.rpartition("/")[2] == name]
    found = known.get(name) or (short[0] if len(short) == 1 else None)
    if found is None:
        problems = find_problems(folders)
        if problems:
            raise DefinitionError(problems[0].path, problems)
        if short:
            names = ", ".join(workflow.name for workflow in short)
            raise UsageError(
                _("Several workflows are called `{name}`. Write one of: {names}.").format(name=name, names=names)
            )
        hint = suggest(name, known) or suggest(name, {full.rpartition("/")[2] for full in known})
        raise UsageError(
            _("There is no workflow `{name}`.{hint} `papier workflows` lists them all.").format(name=name, hint=hint)
        )
    problems = check_workflow(found, _forms_named(found, folders))
    if problems:
        raise DefinitionError(found.path, problems)
    return found


def find_opened(form: str, workflows: Sequence[Workflow]) -> Workflow | None:
    """The workflow whose case a sheet of `form` begins, None where there is none."""
    return next((workflow for workflow in workflows if form in workflow.opens), None)


def _forms_named(workflow: Workflow, folders: Sequence[Path]) -> dict[str, FormDefinition]:
    """The forms that the workflow names, as far as they are there and right."""
    forms: dict[str, FormDefinition] = {}
    for form, _line in workflow.all_forms():
        if form in forms:
            continue
        try:
            path = find_form(form, folders)
            if not is_blank_form(path):
                forms[form] = load_form(path)
        except (UsageError, DefinitionError):
            continue
    return forms
