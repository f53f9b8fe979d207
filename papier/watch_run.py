"""In by itself: what copiers drop in folders and mail is taken in batch by batch, as long as the program runs.

Nothing here has to be remembered: a file leaves its folder for the inbox, and the inbox for the archive; so a watcher
that was killed goes on with what is there. Only that a batch still waits for what follows it (`after`) is written down.
"""

from __future__ import annotations

import datetime as dt
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import Engine

from papier.devices.delivery import StuckError, bring_in, readable_name, set_aside
from papier.devices.sane_options import Side
from papier.devices.scanning import ScannerStoppedError, ScanPlan, Trouble, plan_scan
from papier.devices.watching import ASIDE, Refused, WatchedFolder, modified_at
from papier.devices.wholeness import is_being_written
from papier.errors import PapierError, ScanFileError, StoreError, os_words
from papier.intake import IntakeQueue, Progress, TakenIn
from papier.language import translate as _
from papier.language import translate_count as _n
from papier.mail_intake import deliver_mail
from papier.page_pool import PagePool
from papier.scan_run import ScanRun, StoppedError, belongs_to_scan, open_spool, rescue_pages, scan_in
from papier.store.records import PurgedScanError
from papier.store.workspace import Workspace
from papier.watch_batch import Batch, summarise
from papier.watch_state import WatchState, write_state
from papier.workflows.definition import Workflow

# Copiers that make a file of every page pause for less between two pages.
QUIET_SECONDS = 20.0
# A printer that was off is tried again after this long.
AGAIN_SECONDS = 300.0
# A power cut may come while a sound file is read; twice is no chance.
MOST_FALLS = 2
# Printers take minutes.
TEND_SECONDS = 30.0
# A feeder is asked this often whether there is paper in it.
FEED_SECONDS = 5.0
# A heart that beats too often wears the disk out.
BEAT_SECONDS = 5.0
# What follows a batch may be the letters of a whole school, on a slow machine.
LONGEST_PRINT_SECONDS = 1800.0


@dataclass(frozen=True, slots=True)
class MailRule:
    """A maildir to look into, whose messages count, and whether they are filed as read."""

    folder: Path
    sender: str | None = None
    mark_read: bool = False


# What follows a batch (orders, correction sheet, day's sheet, letters); gives what there is to tell, a line each, as
# soon as it is done. It may be called again for the same batch: it goes by what the store says is still to do.
After = Callable[[Batch], Iterable[str]]


@dataclass(frozen=True, slots=True)
class FeederRule:
    """A scanner whose feeder is looked after: whatever is put into it is scanned."""

    scanner: str
    side: Side = Side.FEEDER


@dataclass
class Watcher:
    """Takes in what comes. `turn` does one round; whoever calls it decides how often.

    `clock` gives the day and hour that records bear; `tell` gets a line for the log now and then.
    """

    workspace: Workspace
    engine: Engine
    pool: PagePool
    folders: Sequence[WatchedFolder]
    clock: Callable[[], dt.datetime]
    workflows: Callable[[], Sequence[Workflow]]
    after: After
    tell: Callable[[str], None]
    mail: Sequence[MailRule] = ()
    feeder: FeederRule | None = None
    quiet: float = QUIET_SECONDS
    state: WatchState = field(default_factory=WatchState)
    stopping: Callable[[], bool] = lambda: False
    # Looks after what was handed to printers; gives what there is to tell.
    tend: Callable[[], Iterable[str]] = tuple
    _taken: list[TakenIn] = field(default_factory=list)
    _aside: list[Refused] = field(default_factory=list)
    _last: float | None = None
    _retry: float | None = None
    _beaten: float | None = None
    _next_tend: float = 0.0
    _untended: list[str] = field(default_factory=list)
    _plan: ScanPlan | None = None
    _fed: list[str] = field(default_factory=list)
    _next_feed: float = 0.0
    # Files in the folders that are not whole yet.
    _growing: int = 0
    # What kept a batch from being finished, until it is.
    _late: list[str] = field(default_factory=list)
    # Where a file in the inbox came from, so that it is set aside there.
    _from: dict[Path, Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for folder in self.folders:
            folder.examine = self._careful(folder.examine)

    @property
    def idle(self) -> bool:
        """True when nothing waits: no file, no open batch, nothing that is to follow one."""
        return self._last is None and self.state.waiting == 0 and not self.state.after_due

    def start(self, at: float) -> None:
        """Say that the watcher is there, and remember whether a batch was left open."""
        if self.state.after_due:
            self._last = at
        self._beat(at, _("watching"), now=True)

    def stop(self) -> None:
        """Say that the watcher is gone, and fell over nothing."""
        self.state.doing, self.state.at_work = _("stopped"), ""
        self._write()

    def turn(self, at: float) -> None:
        """One round at `at`, seconds of a clock that never goes back. Raises StoppedError between two pages."""
        self.state.trouble = list(self._late)
        self._growing = 0
        for folder in self.folders:
            self._collect(folder, at)
        for rule in self.mail:
            self._guarded(lambda rule=rule: self._fetch(rule, at))  # type: ignore[misc]
        if self.feeder is not None and at >= self._next_feed:
            self._next_feed = at + FEED_SECONDS
            self._fed = []
            self._guarded(lambda: self._feed(at))
        self.state.trouble += self._fed
        if at >= self._next_tend and not self.state.after_due:
            self._next_tend = at + TEND_SECONDS
            self._tend()
        self.state.trouble += self._untended
        if self._guarded(lambda: self._take_in(at)):
            self._close_batch(at)
        self.state.told &= set(self.state.trouble)
        self._beat(at, _("watching"))

    def _careful(self, examine: Callable[[Path], str | None]) -> Callable[[Path], str | None]:
        def examine_carefully(path: Path) -> str | None:
            return self._work_on(path) or examine(path)

        return examine_carefully

    def _work_on(self, path: Path) -> str | None:
        """Write down which file is worked on, lest one watcher after the other fall over it; gives a refusal."""
        name = readable_name(path.name)
        if name == self.state.suspect and self.state.falls >= MOST_FALLS:
            return _("papier was ended twice while it worked on this file.")
        if name != self.state.at_work:
            self.state.at_work = name
            self._write()
        return None

    def _collect(self, folder: WatchedFolder, at: float) -> None:
        """Bring whole files into the inbox, set aside what is none."""
        look = folder.look(at)
        if look.away is not None:
            self._trouble(
                _("{folder} cannot be looked into ({why}). Is the share connected?").format(
                    folder=folder.path, why=look.away
                )
            )
        self._growing += look.waiting
        for path in look.ready:
            try:
                self._from[bring_in(path, self.workspace.inbox)] = folder.path
            except StuckError as error:
                self._from[error.target] = folder.path
                folder.forget(path)
                self.tell(str(error))
            except FileNotFoundError:
                continue  # somebody else has taken it
            except (OSError, StoreError) as error:
                self._growing += 1
                self._trouble(str(error))
        for refused in look.refused:
            self._put_aside(refused.path, folder.path / ASIDE, refused.reason)
            if refused.path.exists():
                folder.forget(refused.path)
            self._last = at

    def _fetch(self, rule: MailRule, at: float) -> None:
        mail = deliver_mail(self.workspace, rule.folder, sender=rule.sender, mark_read=rule.mark_read)
        if mail.scans:
            self._last = at

    def _tend(self) -> None:
        """Hand over what waits for a printer, and tell what became of what was sent."""
        self._untended = []
        try:
            for line in self.tend():
                self.tell(line)
        except Exception as error:  # noqa: BLE001 - as above
            self._tell_fault(error)
            self._untended = [readable_name(str(error))]
            self._tell_once(self._untended[0])

    def _feed(self, at: float) -> None:
        """Scan what lies in the feeder and take it in, page by page; an empty feeder is none of anybody's business."""
        assert self.feeder is not None  # noqa: S101 - the caller has looked
        run = ScanRun()
        try:
            self._plan = self._plan or plan_scan(self.feeder.scanner, self.feeder.side)
            with open_spool(self.workspace, self.clock()) as spool:
                intake = IntakeQueue(self.workspace, self.engine, self.pool)
                scan_in(
                    self.workspace,
                    spool,
                    self._plan,
                    intake,
                    self.clock,
                    run=run,
                    workflows=self.workflows(),
                    progress=lambda page, _share, _filed: self._feeding(at, page),
                    stopping=self.stopping,
                )
        except ScannerStoppedError as error:
            run.stopped = error
            # It may be another one when it is there again.
            self._plan = None
        for taken in run.taken:
            self._note(taken)
        if run.pages:
            # What was filed so far is a batch too, and stays one if the watcher is killed now.
            self._last = at
            self.state.after_due = True
            self._write()
        if run.stopped is not None and (run.stopped.trouble is not Trouble.EMPTY or run.pages):
            # Said until the feeder is looked at again and is well.
            self._fed = [readable_name(str(run.stopped))]
            self._tell_once(self._fed[0])

    def _feeding(self, at: float, page: int) -> None:
        if not self.state.after_due:
            self.state.after_due = True
            self._beat(at, _("scanning"), now=True)
        self.state.doing = _("scanning page {page}").format(page=page)
        self._beat_soon()

    def _take_in(self, at: float) -> None:
        """Everything that lies in the inbox, oldest first, those that follow read meanwhile."""
        rescue_pages(self.workspace)
        self.state.waiting = self._growing
        waiting = sorted(self._inbox(), key=lambda path: (modified_at(path), path.name))
        if not waiting:
            return
        self._last = at
        if not self.state.after_due:
            self.state.after_due = True
            self._beat(at, _("reading"), now=True)
        workflows = self.workflows()
        intake = IntakeQueue(self.workspace, self.engine, self.pool)
        waiting.reverse()
        while waiting or len(intake):
            self._check_stop()
            self.state.waiting = self._growing + len(waiting) + len(intake)
            self._beat_soon()
            path = waiting[-1] if waiting and not intake.is_full else intake.first
            refusal = self._work_on(path)
            try:
                if waiting and not intake.is_full:
                    waiting.pop()
                    if refusal is not None:
                        self._refuse(path, refusal)
                        continue
                    intake.begin(path)
                else:
                    self._note(intake.finish(self.clock(), workflows, self._following(path)))
            except (StoreError, StoppedError) as error:
                if not isinstance(error, PurgedScanError):
                    raise
                self._refuse(path, str(error))
            except ScanFileError as error:
                self._refuse(path, str(error))
            except Exception as error:  # noqa: BLE001 - one file that breaks papier must not stop all others for ever
                self._tell_fault(error)
                self._refuse(path, _("papier failed on it ({why}).").format(why=type(error).__name__))
        self.state.waiting, self.state.at_work = self._growing, ""

    def _following(self, path: Path) -> Progress:
        def follow(done: int, total: int) -> None:
            self._check_stop()
            if total > 1:
                self.state.doing = _("reading {file}, page {page} of {pages}").format(
                    file=readable_name(path.name), page=done, pages=total
                )
                self._beat_soon()

        return follow

    def _inbox(self) -> Iterator[Path]:
        for path in self.workspace.inbox.iterdir():
            others = path.name.startswith(".") or belongs_to_scan(self.workspace, path)
            if not others and path.is_file() and not is_being_written(path):
                yield path

    def _note(self, taken: TakenIn) -> None:
        self._from.pop(taken.path, None)
        # A long batch need not hold every reading.
        pages = taken.pages and [replace(page, reading=replace(page.reading, fields={})) for page in taken.pages]
        self._taken.append(replace(taken, pages=pages))
        name = readable_name(taken.path.name)
        if taken.pages is None:
            self.tell(_("{file}: taken in before; nothing to do.").format(file=name))
        else:
            records = {page.record for page in taken.pages if page.record is not None}
            self.tell(
                _("{file}: {pages}, {records}").format(
                    file=name,
                    pages=_n("{count} page", "{count} pages", len(taken.pages)).format(count=len(taken.pages)),
                    records=_n("{count} record", "{count} records", len(records)).format(count=len(records)),
                )
            )

    def _refuse(self, path: Path, reason: str) -> None:
        """Set a file of the inbox aside, unless another papier has taken it meanwhile or still writes it."""
        if not path.exists():
            return
        origin = self._from.pop(path, None)
        self._put_aside(path, self._own_aside if origin is None else origin / ASIDE, reason)

    @property
    def _own_aside(self) -> Path:
        return self.workspace.folder / ASIDE

    def _put_aside(self, path: Path, folder: Path, reason: str) -> None:
        name = readable_name(path.name)
        try:
            aside = set_aside(path, folder, reason, self._own_aside)
        except OSError as error:
            self._trouble(_("{file} cannot be set aside ({why}).").format(file=name, why=os_words(error)))
            return
        self._aside.append(Refused(aside, reason))
        self.tell(_("{file} is set aside: {reason}").format(file=name, reason=readable_name(reason)))

    def _close_batch(self, at: float) -> None:
        """Once nothing more comes, what follows the batch."""
        if self._last is None or self.state.waiting or at - self._last < self.quiet:
            return
        if self._retry is not None and at < self._retry:
            return
        batch = Batch(tuple(self._taken), tuple(self._aside))
        self._beat(at, _("printing what follows the batch"), now=True)
        try:
            with self._beating():
                for line in self.after(batch) if self.state.after_due else ():
                    self.tell(line)
        except Exception as error:  # noqa: BLE001 - whatever fails at the printer, scans must go on coming in
            # A printer that is off, a full disk: the batch stays open until it can be done.
            self._tell_fault(error)
            self._retry = at + AGAIN_SECONDS
            self._late = [readable_name(str(error))]
            self._trouble(str(error))
            return
        self.state.trouble = [words for words in self.state.trouble if words not in self._late]
        self._late = []
        self.state.after_due = False
        self.state.last_batch = summarise(batch, self.clock(), self.engine, self.pool.reader.register)
        for line in self.state.last_batch.missing:
            self.tell(line)
        self.state.batches += 1
        self._taken, self._aside, self._last, self._retry = [], [], None, None
        self._beat(at, _("watching"), now=True)

    def _guarded(self, work: Callable[[], None]) -> bool:
        """Do some work that the next round may do again; gives False when it could not be done."""
        try:
            work()
        except (PapierError, OSError) as error:
            self._trouble(str(error))
            return False
        return True

    def _check_stop(self) -> None:
        if self.stopping():
            raise StoppedError

    def _trouble(self, words: str) -> None:
        """Tell a trouble once, and keep it in the state as long as it lasts."""
        words = readable_name(words)
        self._tell_once(words)
        self.state.trouble.append(words)

    def _tell_fault(self, error: Exception) -> None:
        """What is no trouble of the office's is papier's own fault: the log gets all that there is."""
        if not isinstance(error, PapierError):
            self.tell("".join(traceback.format_exception(error)))

    def _tell_once(self, words: str) -> None:
        if words not in self.state.told:
            self.state.told.add(words)
            self.tell(words)

    def _beat(self, at: float, doing: str, *, now: bool = False) -> None:
        self.state.doing = doing
        if now or self._beaten is None or at - self._beaten >= BEAT_SECONDS:
            self._beaten = at
            self._write()

    def _beat_soon(self) -> None:
        """While a long file is read."""
        if (self.clock() - dt.datetime.fromisoformat(self.state.beat)).total_seconds() >= BEAT_SECONDS:
            self._write()

    @contextmanager
    def _beating(self) -> Iterator[None]:
        """Beat on while a long print is made, which has no pages to count; not for ever: a hang must show."""
        done = threading.Event()

        def beat() -> None:
            for _beat in range(int(LONGEST_PRINT_SECONDS / BEAT_SECONDS)):
                if done.wait(BEAT_SECONDS):
                    return
                self._write()

        heart = threading.Thread(target=beat, name="heartbeat", daemon=True)
        heart.start()
        try:
            yield
        finally:
            done.set()
            heart.join()

    def _write(self) -> None:
        self.state.beat = self.clock().isoformat()
        self.state.folders = [str(folder.path) for folder in self.folders] + [str(rule.folder) for rule in self.mail]
        self.state.folders += [self.feeder.scanner] if self.feeder is not None else []
        try:
            write_state(self.workspace, self.state)
        except OSError as error:
            # A full disk stops the heart, not the watcher.
            self.tell(_("The heartbeat cannot be written ({why}).").format(why=os_words(error)))
