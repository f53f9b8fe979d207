"""The commands of `papier`, without importing any of them: all of them together take a second and more."""

from __future__ import annotations

from papier.language import translate as _

# command → its module, and what the list of commands says of it: the first sentence of its help.
COMMANDS = {
    "init": ("papier.cli.init", _("Make a workspace: settings, key, store, inbox, archive.")),
    "forms": ("papier.cli.forms", _("List the forms known.")),
    "workflows": ("papier.cli.workflows", _("List the workflows known: what follows each sheet.")),
    "new": ("papier.cli.new", _("Start a form: from a few questions, or from a form that is there already.")),
    "layout": ("papier.cli.layout", _("Show where a form's zones lie, in millimetres from the page's top left.")),
    "print": (
        "papier.cli.print_sheets",
        _("Number and print sheets of a form: one a person of the roster, or blank copies."),
    ),
    "printers": (
        "papier.cli.printers",
        _("The printers that CUPS knows: how each is doing, its trays, and which one papier prints on."),
    ),
    "sheets": ("papier.cli.sheets", _("Where the printed sheets stand: numbered, sent, printed, unknown, voided.")),
    "calibration": (
        "papier.cli.calibration",
        _(
            "What the scanned test pages tell of printer and scanner: scale, skew, margins, contrast, and whether"
            " forms will read."
        ),
    ),
    "recipients": (
        "papier.cli.recipients",
        _("List the recipients that `papier print FORM --to NAME` knows, with where and when their address was read."),
    ),
    "guide": (
        "papier.cli.guide",
        _(
            "Print the one-page guide of a family of forms, for whoever hands its sheets out: which sheet when, "
            "what to keep, what comes next."
        ),
    ),
    "poster": (
        "papier.cli.poster",
        _("Print the poster of a family, to hang up in a waiting room or at school: the sheets one may ask for."),
    ),
    "carnet": (
        "papier.cli.carnet",
        _(
            "Print a class's carnets: A5 booklets on A4, with the calendar of the school year and numbered slips "
            "to tear off, each with its stub."
        ),
    ),
    "read": ("papier.cli.read", _("Read scans and print what they say.")),
    "debug": (
        "papier.cli.debug",
        _(
            "Draw how papier sees the pages of a scan: where each sheet lies, its zones, what was read and how "
            "surely; and a gallery of the least certain zones."
        ),
    ),
    "intake": ("papier.cli.intake", _("Take scans in: read, keep, file as records.")),
    "scan": ("papier.cli.scan", _("Scan a stack and take it in: read, keep, file as records, while the feeder runs.")),
    "watch": ("papier.cli.watch", _("Take in whatever a copier drops in DIR, until it is stopped.")),
    "status": (
        "papier.cli.status",
        _("Is the watcher alive, what waits, what was set aside, what needs a person, what is due."),
    ),
    "check": (
        "papier.cli.check",
        _("What only a person can answer: doubtful fields, contradictions, pages without a number."),
    ),
    "learn": ("papier.cli.learn", _("Learn from your own answers how sure a reading must be before nobody is asked.")),
    "records": ("papier.cli.records", _("The records: what the sheets that came back say.")),
    "search": ("papier.cli.search", _("Find records and cases by their words.")),
    "file": ("papier.cli.file", _("File any other paper: a letter that came, a decision, a postal receipt.")),
    "where": ("papier.cli.where", _("Where the paper is: binder, box, shelf.")),
    "register": (
        "papier.cli.register",
        _(
            "Print the month's register: every record that came in, the hash of its scan, and the head of the "
            "chain of events."
        ),
    ),
    "today": (
        "papier.cli.today",
        _(
            "Print the day's sheet: what came in, what to check, decide, sign and hand out; and the letters that "
            "are due, with the list for the post office."
        ),
    ),
    "orders": ("papier.cli.orders", _("Print order sheets: what is ticked on one, signed and scanned, papier does.")),
    "cases": ("papier.cli.cases", _("Cases: what left, what came back, what is waited for, and until when.")),
    "desk": (
        "papier.cli.desk",
        _("Open the office in the browser: check readings, drop scans in, look at records and cases, print again."),
    ),
    "deadline": ("papier.cli.deadline", _("Compute one legal clock and explain it.")),
    "verify": ("papier.cli.verify", _("Prove that store and archive are whole.")),
    "backup": (
        "papier.cli.backup",
        _("Copy the whole workspace, key included, into a new folder of DEST, and prove the copy."),
    ),
    "restore": ("papier.cli.restore", _("Put a backup in the workspace's place, once every byte of it is proved.")),
    "encrypt": (
        "papier.cli.encrypt",
        _(
            "Encrypt the workspace on the disk with a passphrase: store, scans, index, journal, and the backups "
            "made from then on (SQLCipher for the store, age for the files)."
        ),
    ),
    "rebuild": (
        "papier.cli.rebuild",
        _("Make the records anew from the paper: the key, the library of forms and the scanned sheets are enough."),
    ),
    "purge": (
        "papier.cli.purge",
        _("Take out for good what has been kept as long as its form says: readings, names, pictures."),
    ),
    "person": ("papier.cli.person", _("Everything about one person: list it, print it for them, or erase it.")),
    "demo": (
        "papier.cli.demo",
        _("Make a practice folder: a workspace, and three numbered absence slips to print, fill with a pen and scan."),
    ),
    "completion": ("papier.cli.completion", _("Print the completion script of a shell.")),
}
