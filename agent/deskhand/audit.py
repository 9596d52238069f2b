"""The audit log: every read, effect, approval and plan change, each entry chained to the one before it.

An entry's hash covers its content and the previous hash, so that changing, removing or inserting an entry
anywhere breaks the chain from there on, and cutting off the end shows in the number that comes next. What the
ledger and the approvals write is logged by them, in the same transaction; reads, plans and the rest come in
through `append` and `extend`. Payloads are redacted before they are hashed.

What it doesn't prove: whoever can write the file can write a whole new chain. Keep `head()` elsewhere (print
it, mail it) to be able to tell: `verify_chain(head=…)`.

This module refuses to change or delete entries.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deskhand.store.chain import GENESIS, Kind, append, entry_hash
from deskhand.store.times import utc_text

if TYPE_CHECKING:
    from deskhand.contract import Json
    from deskhand.store import Store


@dataclass(frozen=True)
class AuditEntry:
    """One entry; `n` counts from 1 without gaps, `at` is UTC, `run` None for what belongs to no run."""

    n: int
    at: str
    run: str | None
    kind: str
    payload: Json
    prev: str
    hash: str


@dataclass(frozen=True)
class Broken:
    """The first place where the log isn't what was written: entry `n`, and why."""

    n: int
    why: str


class AuditLog:
    """The audit log of one workspace. Safe for several threads and processes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._database = store.database

    def append(self, run: str | None, kind: Kind, payload: Json) -> int:
        """Add one entry, redacted; its number. On disk when it returns."""
        return self.extend([(run, kind, payload)])[0]

    def extend(self, entries: Sequence[tuple[str | None, Kind, Json]]) -> list[int]:
        """Add several entries (run, kind, payload) in one transaction; their numbers."""
        redactor = self._store.redactor()
        redacted = [(run, kind, redactor.value(payload)) for run, kind, payload in entries]
        if not redacted:
            return []
        with self._database.write() as db:
            return append(db, utc_text(), redacted)

    def entries(self, *, run: str | None = None, kind: Kind | None = None, after: int = 0) -> Iterator[AuditEntry]:
        """Entries in order, those after number `after`, of one run, of one kind."""
        while True:
            rows = self._database.rows(
                "select * from audit where n > ?1 and (?2 is null or run = ?2) and (?3 is null or kind = ?3)"
                " order by n limit 1000",
                (after, run, kind),
            )
            if not rows:
                return
            for row in rows:
                yield AuditEntry(**{**dict(row), "payload": json.loads(row["payload"])})
            after = rows[-1]["n"]

    def head(self) -> tuple[int, str]:
        """Number and hash of the last entry: (0, sixty-four zeros) of an empty log."""
        row = self._database.row("select n, hash from audit order by n desc limit 1")
        return (row["n"], row["hash"]) if row else (0, GENESIS)

    def verify_chain(self, *, head: tuple[int, str] | None = None) -> Broken | None:
        """The first broken entry, or None where the whole chain holds.

        head: what `head()` said some time ago; that entry must still be there as it was.
        """
        prev, n = GENESIS, 0
        seen = head is None or head == (0, GENESIS)
        while rows := self._database.rows("select * from audit where n > ? order by n limit 1000", (n,)):
            for row in rows:
                if row["n"] != n + 1:
                    return Broken(n + 1, "it is missing")
                n = row["n"]
                if row["prev"] != prev:
                    return Broken(n, "it isn't chained to the entry before it")
                expected = entry_hash(prev, n, row["at"], row["run"], row["kind"], row["payload"])
                if row["hash"] != expected:
                    return Broken(n, "its content was changed")
                prev = expected
                if head is not None and n == head[0]:
                    if prev != head[1]:
                        return Broken(n, "it isn't the entry that was there when its hash was taken")
                    seen = True
        last = self._database.row("select seq from sqlite_sequence where name = 'audit'")
        if (last is not None and last["seq"] != n) or not seen:
            return Broken(n + 1, "it and what followed were cut off")
        return None
