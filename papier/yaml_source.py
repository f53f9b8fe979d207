"""YAML that remembers its lines: every value knows where a person wrote it, and every mistake becomes a `Problem`.

Nothing is resolved: a scalar stays the text that was written, so that `non`, `6e`, `07:30` and `2026-09-01` mean what
a reader thinks they mean. The parsers ask a `Proofreader` for a text, a whole number, a flag …, and go on after a
mistake, so that all mistakes of a file are reported at once.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from papier.errors import Problem, UsageError, os_words
from papier.language import translate as _

# The longest definition written by hand is a few thousand lines, about 200 kB.
MAX_BYTES = 1_000_000
# Blocks inside a row inside an office block with worded options reach a depth of ten.
MAX_DEPTH = 40
# Below this likeness a suggestion confuses more than it helps (difflib's own default).
LIKENESS = 0.6
# A part of a name that is worth looking for, and how many names a sentence holds.
SHORTEST, MANY = 3, 3

# libyaml where PyYAML was built with it: ten times faster, same events.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# What YAML 1.1 calls non-printable (section 5.1), tab and line ends apart.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ufffe\uffff]")
_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})
_FLAGS = {"true": True, "yes": True, "oui": True, "on": True, "false": False, "no": False, "non": False, "off": False}
Content = str | tuple["Node", ...] | Mapping[str, "Node"] | None


@dataclass(frozen=True, slots=True)
class Node:
    """One value of a YAML file.

    `content`: the text as written, None for nothing, a tuple for a list, a mapping by key in the file's order.
    `line` (from 1): that of its key, for a value of a mapping; else where the value begins.
    """

    path: str
    line: int
    content: Content

    @property
    def text(self) -> str | None:
        """The text of a scalar, else None."""
        return self.content if isinstance(self.content, str) else None

    @property
    def entries(self) -> Mapping[str, Node]:
        """The entries of a mapping; empty for anything else."""
        # Not "is a Mapping": that question takes ten times as long, and is asked of every node.
        return {} if self.content is None or isinstance(self.content, (str, tuple)) else self.content

    @property
    def members(self) -> tuple[Node, ...]:
        """The members of a list; empty for anything else."""
        return self.content if isinstance(self.content, tuple) else ()

    def walk(self) -> Iterator[Node]:
        """The node and all below it, in the file's order."""
        ahead = [self]
        while ahead:
            node = ahead.pop()
            yield node
            ahead.extend(reversed((*node.members, *node.entries.values())))


def find_nearest(word: str, known: Iterable[str]) -> str | None:
    """The word of `known` most like `word`, or None when none is near."""
    folded = {name.casefold(): name for name in known}
    near = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=LIKENESS)
    return folded[near[0]] if near else None


def suggest(word: str, known: Iterable[str]) -> str:
    """` Did you mean …?` with the word of `known` most like `word`, or those that hold it, else an empty text."""
    listed = list(known)
    nearest = find_nearest(word, listed)
    found = [nearest] if nearest else _holding(word, listed)
    if not found:
        return ""
    return _(" Did you mean {names}?").format(names=_(" or ").join(f"`{name}`" for name in found))


def _holding(word: str, known: Iterable[str]) -> list[str]:
    """The first names that `word` is a part of: what people remember of `rgpd-reponse` is `rgpd`."""
    part = word.casefold()
    return [name for name in known if part in name.casefold()][:MANY] if len(part) >= SHORTEST else []


def suggest_or_list(word: str, known: Iterable[str]) -> str:
    """A suggestion where one is near, else everything that is known."""
    listed = list(known)
    return suggest(word, listed) or _(" Known are: {names}.").format(names=", ".join(f"`{name}`" for name in listed))


@dataclass
class Proofreader:
    """Reads nodes as what they should be, and notes what they are not; all methods return None for a mistake.

    `place` (such as "field `debut`") begins each message. Proofreaders made by `within` share one list of problems.
    """

    problems: list[Problem] = field(default_factory=list)
    place: str = ""

    def within(self, place: str) -> Proofreader:
        return Proofreader(self.problems, place)

    def report(self, node: Node, message: str) -> None:
        if self.place:
            message = _("{what}: {words}").format(what=self.place, words=message)
        self.problems.append(Problem(node.path, node.line, message))

    def report_unknown_key(self, node: Node, key: str, known: Iterable[str]) -> None:
        """A key that stands there and means nothing, with the nearest of those that do."""
        hint = suggest_or_list(key, tuple(known))
        self.report(node, _("unknown key `{name}`.{hint}").format(name=key, hint=hint))

    def text(self, node: Node, what: str) -> str | None:
        """A text that is not empty, without white space around it."""
        if node.text is not None and node.text.strip():
            return node.text.strip()
        self._expected(node, what, _("a text"))
        return None

    def flag(self, node: Node, what: str) -> bool | None:
        if node.text is not None and node.text.lower() in _FLAGS:
            return _FLAGS[node.text.lower()]
        self._expected(node, what, _("`true` or `false`"))
        return None

    def integer(self, node: Node, what: str, minimum: int, maximum: int) -> int | None:
        # Seven digits: int() of an endless text would be slow, and no quantity here is larger.
        if node.text is not None and re.fullmatch(r"[+-]?[0-9]{1,7}", node.text.strip()):
            value = int(node.text)
            if minimum <= value <= maximum:
                return value
        self._expected(
            node, what, _("a whole number from {minimum} to {maximum}").format(minimum=minimum, maximum=maximum)
        )
        return None

    def number(self, node: Node, what: str, minimum: float, maximum: float) -> float | None:
        if node.text is not None and re.fullmatch(r"[+-]?[0-9]{0,9}([.][0-9]{0,9})?", node.text.strip()):
            try:
                value = float(node.text)
            except ValueError:  # a lone sign or point
                value = float("nan")
            if minimum <= value <= maximum:
                return value
        self._expected(
            node,
            what,
            _("a number from {minimum:g} to {maximum:g} (with a point, not a comma)").format(
                minimum=minimum, maximum=maximum
            ),
        )
        return None

    def one_of(self, node: Node, what: str, known: Iterable[str]) -> str | None:
        listed = tuple(known)
        if node.text is not None:
            if node.text in listed:
                return node.text
            self.report(
                node,
                _("unknown {what} `{text}`.{hint}").format(
                    what=what, text=node.text, hint=suggest_or_list(node.text, listed)
                ),
            )
            return None
        self._expected(node, what, _("one of {names}").format(names=", ".join(f"`{name}`" for name in listed)))
        return None

    def members(self, node: Node, what: str) -> tuple[Node, ...] | None:
        """The members of a list that is not empty."""
        if node.members:
            return node.members
        self._expected(node, what, _("a list (one `- ` a line)"))
        return None

    def entries(self, node: Node, what: str) -> Mapping[str, Node] | None:
        """The entries of a mapping that is not empty."""
        if node.entries:
            return node.entries
        self._expected(node, what, _("a mapping (`key: value`)"))
        return None

    def _expected(self, node: Node, what: str, expected: str) -> None:
        if node.content is None or node.content in ("", (), {}):
            self.report(node, _("`{what}` is empty. Write {expected}.").format(what=what, expected=expected))
        elif node.text is not None:
            self.report(
                node,
                _("`{what}` is `{short}`. Write {expected}.").format(
                    what=what, short=_short(node.text), expected=expected
                ),
            )
        else:
            kind = _("a list") if node.members else _("a mapping")
            self.report(
                node, _("`{what}` is {kind}. Write {expected}.").format(what=what, kind=kind, expected=expected)
            )


def read_bytes(path: Path | str, most: int) -> bytes:
    """The bytes of a file that somebody named, `most` of them at most; raises UsageError where it cannot be read."""
    try:
        with Path(path).open("rb") as stream:
            return stream.read(most)
    except FileNotFoundError as error:
        raise UsageError(_("There is no file {path}. Check the name and the folder.").format(path=path)) from error
    except OSError as error:
        raise UsageError(
            _("{path} cannot be read: {strerror}. Check that it is a file and its rights.").format(
                path=path, strerror=os_words(error)
            )
        ) from error


def load_yaml(path: Path | str) -> tuple[Node | None, list[Problem]]:
    """Read a YAML file; raises UsageError when it is not there or may not be read."""
    return parse_yaml(read_bytes(path, MAX_BYTES + 1), str(path))


def parse_yaml(source: bytes | str, path: str = "<text>") -> tuple[Node | None, list[Problem]]:
    """The one document of `source`, and what is wrong with its YAML. The node is None when nothing can be made of it.

    Refused besides syntax errors: keys that stand twice, anchors and aliases (a few lines of them can stand for
    gigabytes), tags, several documents, nesting deeper than MAX_DEPTH, more than MAX_BYTES.
    """
    problems: list[Problem] = []

    def refuse(line: int, message: str) -> tuple[None, list[Problem]]:
        problems.append(Problem(path, line, message))
        return None, problems

    if len(source) > MAX_BYTES:
        return refuse(
            1, _("the file is larger than {count} kB. Divide it into several forms.").format(count=MAX_BYTES // 1000)
        )
    if isinstance(source, bytes):
        try:
            text = source.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = source[: error.start].count(b"\n") + 1
            return refuse(line, _("the text is not UTF-8. Save the file again with the encoding UTF-8."))
    else:
        text = source.removeprefix("\ufeff")
    control = _CONTROL.search(text)
    if control:
        line = text.count("\n", 0, control.start()) + 1
        return refuse(
            line, _("a control character ({code}) stands here. Delete it.").format(code=f"U+{ord(control[0]):04X}")
        )
    builder = _TreeBuilder(path, problems)
    try:
        node = builder.build(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        return refuse(line, _syntax_message(text, line, error))
    except _RefusedError as error:
        return refuse(error.line, str(error))
    except (yaml.YAMLError, RecursionError) as error:
        return refuse(1, _too_deep() if isinstance(error, RecursionError) else _not_yaml(error))
    if node is None or node.content is None:
        return refuse(1, _("the file is empty. Write the definition, or delete the file."))
    return node, problems


class _RefusedError(Exception):
    """YAML that is well formed and not taken."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


class _TreeBuilder:
    """Makes the tree of nodes from the parser's events; a key that stands twice is noted, and its first value kept."""

    def __init__(self, path: str, problems: list[Problem]) -> None:
        self._path = path
        self._problems = problems
        self._events: Iterator[Any] = iter(())

    def build(self, text: str) -> Node | None:
        self._events = yaml.parse(text, Loader=_LOADER)
        root: Node | None = None
        for event in self._events:
            if isinstance(event, (yaml.StreamStartEvent, yaml.StreamEndEvent, yaml.DocumentEndEvent)):
                continue
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    raise _RefusedError(
                        _line(event), _("a second document begins here (`---`). Put it in its own file.")
                    )
                continue
            root = self._node(event, depth=0)
        return root

    def _node(self, event: Any, depth: int) -> Node:
        line = _line(event)
        if isinstance(event, yaml.AliasEvent) or event.anchor:
            raise _RefusedError(
                line, _("anchors and aliases (`&`, `*`) are not taken. Write the value out, or quote it.")
            )
        if event.tag not in (None, "!"):
            raise _RefusedError(
                line, _("tags are not taken (`{tag}`). Delete it, or quote the text.").format(tag=event.tag)
            )
        if depth > MAX_DEPTH:
            raise _RefusedError(line, _too_deep())
        if isinstance(event, yaml.ScalarEvent):
            nothing = event.style in (None, "") and event.value in _NOTHING
            return Node(self._path, line, None if nothing else event.value)
        if isinstance(event, yaml.SequenceStartEvent):
            return Node(self._path, line, tuple(self._members(depth)))
        return Node(self._path, line, self._mapping(depth))

    def _members(self, depth: int) -> Iterator[Node]:
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                return
            yield self._node(event, depth + 1)

    def _mapping(self, depth: int) -> dict[str, Node]:
        entries: dict[str, Node] = {}
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            line = _line(event)
            if not isinstance(event, yaml.ScalarEvent):
                raise _RefusedError(
                    line, _("a key must be a word, not a list or a mapping. {remedy}").format(remedy=_quoting())
                )
            key, value = event.value, self._node(next(self._events), depth + 1)
            if key in entries:
                first = entries[key].line
                message = _(
                    "`{key}` stands twice (first on line {first}). Delete one, or give it another name."
                ).format(key=key, first=first)
                self._problems.append(Problem(self._path, line, message))
            else:
                entries[key] = Node(value.path, line, value.content)
        return entries


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _syntax_message(text: str, line: int, error: yaml.MarkedYAMLError) -> str:
    lines = text.split("\n")
    written = lines[line - 1] if line <= len(lines) else ""
    if "\t" in written[: len(written) - len(written.lstrip())] or "'\\t'" in str(error.problem):
        return _("a tab stands here, and YAML is indented with spaces. Replace the tab by spaces.")
    # PyYAML itself stops at a depth from version 6.0.4 on.
    return _too_deep() if "nesting depth" in str(error.problem) else _not_yaml(error.problem)


def _too_deep() -> str:
    return _("more than {depth} levels stand inside one another. Simplify this part.").format(depth=MAX_DEPTH)


def _not_yaml(why: object) -> str:
    return _("this is not YAML ({why}). {remedy}").format(why=why, remedy=_quoting())


def _quoting() -> str:
    return _(
        "Check the indentation, and put quotes around a text that contains `: ` or ` #`, "
        "or begins with one of { [ * & ! % @ ` > |."
    )


def _short(text: str) -> str:
    """A text as shown in a message: one line, 40 characters at most."""
    line = " ".join(text.split())
    return line if len(line) <= 40 else line[:39] + "…"
