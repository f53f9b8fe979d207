"""What the desk prints goes to the office's printer, where the settings name one; else the browser opens the PDF."""

from __future__ import annotations

from papier.after_batch import send_all
from papier.desk.office import Office
from papier.devices.ipp import Server
from papier.devices.print_settings import load_print_settings
from papier.errors import PapierError
from papier.language import translate as _
from papier.print_run import Destination
from papier.print_sending import Sending
from papier.store.print_jobs import PrintJob, State, list_jobs
from papier.store.workspace import SETTINGS_FILE


def find_destination(office: Office) -> Destination | None:
    """Where the settings let print; None: only the PDF. Raises DefinitionError where they are wrong."""
    settings = load_print_settings(office.workspace.folder / SETTINGS_FILE)
    named = settings.printer is not None or any(form.printer for form in settings.forms.values())
    return Destination(settings, unattended=True) if named else None


def hand_over(office: Office, to: Destination | None) -> list[str]:
    """Give the printer what waits for it; gives what there is to tell. What it refuses is told, and tried again."""
    if to is None:
        return []
    told: list[str] = []
    try:
        told.extend(send_all(office.workspace, office.engine, Sending(Server.find(), office.now)))
    except PapierError as error:
        told += str(error).splitlines()
    return told


def job_lines(office: Office, run: int) -> list[str]:
    """How the printing of a run goes, a line a job; none where it went to no printer."""
    return [_words(job) for job in list_jobs(office.engine, run=run)]


def _words(job: PrintJob) -> str:
    words = {
        State.SENT: _("{title}: sent to {printer}"),
        State.PRINTED: _("{title}: printed on {printer}"),
        State.REFUSED: _("{title}: {printer} refused it ({why})"),
        State.UNKNOWN: _("{title}: perhaps not printed whole ({why}). Look in the tray; then: papier sheets"),
    }
    text = words.get(job.state) or _("{title}: waits for {printer}")
    return text.format(title=job.title, printer=job.printer, why=job.reason or "–")
