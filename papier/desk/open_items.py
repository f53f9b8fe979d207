"""What is open, derived once for as long as nothing is recorded."""

from __future__ import annotations

import threading

from sqlalchemy import Engine

from papier.checking.item import CheckItem
from papier.checking.queue import open_items
from papier.language import chosen_language
from papier.store.connection import reading
from papier.store.events import chain_head
from papier.store.workspace import Workspace


class OpenItems:
    """The queue as the pages ask for it; `form`: only what is open on sheets of this form."""

    def __init__(self, workspace: Workspace, engine: Engine, form: str | None = None) -> None:
        self._form = form
        self._workspace = workspace
        self._engine = engine
        self._lock = threading.Lock()
        self._made_for: tuple[int, str] | None = None
        self._items: tuple[CheckItem, ...] = ()

    def items(self) -> tuple[CheckItem, ...]:
        """Everything that is open, in the order in which it is best answered."""
        with self._lock:
            with reading(self._engine) as connection:
                # Whatever changes what is open is an event of the chain; the words are the reader's.
                now = chain_head(connection)[0], chosen_language()
            if self._made_for != now:
                self._items = open_items(self._workspace, engine=self._engine, form=self._form)
                self._made_for = now
            return self._items
