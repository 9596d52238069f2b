"""The audit log's chain: how an entry is hashed, and how entries are added inside somebody's transaction.

What the ledger and the approvals write is logged in the same transaction as itself, so that there is never one
without the other; `deskhand.audit` is the door for everybody else. This module refuses to open transactions.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from deskhand.contract import Json

Kind = Literal["run", "plan", "read", "effect", "exception", "approval"]
KINDS: Final = ("run", "plan", "read", "effect", "exception", "approval")

GENESIS: Final = "0" * 64
"""What the first entry is chained to."""


def canonical(value: Json) -> str:
    """JSON text that is the same for equal values. Raises ValueError or TypeError where it is no JSON."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def entry_hash(prev: str, n: int, at: str, run: str | None, kind: str, payload: str) -> str:
    """sha256 over the previous hash and this entry, in hex."""
    body = canonical({"n": n, "at": at, "run": run, "kind": kind, "payload": payload})
    return hashlib.sha256((prev + body).encode()).hexdigest()


def append(connection: sqlite3.Connection, at: str, entries: Sequence[tuple[str | None, Kind, Json]]) -> list[int]:
    """Add entries (run, kind, redacted payload) within the running write transaction; their numbers."""
    last = connection.execute("select n, hash from audit order by n desc limit 1").fetchone()
    n, prev = (last[0], last[1]) if last else (0, GENESIS)
    rows = []
    for run, kind, payload in entries:
        if kind not in KINDS:
            raise ValueError(f"{kind!r} is no kind of audit entry; these are: {', '.join(KINDS)}")
        n += 1
        text = canonical(payload)
        digest = entry_hash(prev, n, at, run, kind, text)
        rows.append((n, at, run, kind, text, prev, digest))
        prev = digest
    connection.executemany("insert into audit values (?, ?, ?, ?, ?, ?, ?)", rows)
    return [row[0] for row in rows]
