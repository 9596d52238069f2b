"""The store: everything about runs that must outlive a crash, in the workspace's `.deskhand` folder.

`state.db` holds runs, exceptions, approvals, the effect ledger (`deskhand.ledger`) and the audit log
(`deskhand.audit`); `runs/` the rows that queries gave; `traces/` what the planner learns from; `locks/` who is
at work. Whatever a method of the store has written is on disk when it returns.

This package refuses to run plans, to delete runs, and to import anything heavy before rows are kept.
"""

from __future__ import annotations

from deskhand.store.inbox import Approval, Decision, Inbox, RowException
from deskhand.store.locks import HeldError, Holder, Locks
from deskhand.store.redact import Redactor
from deskhand.store.rows import KeptRows, rows_digest
from deskhand.store.runs import END_STATUSES, RESUMABLE, Run, Runs, RunStatus
from deskhand.store.sentences import last_sentence, remember_sentence
from deskhand.store.traces import Trace, Traces, read_trace, trace_files

__all__ = [
    "END_STATUSES",
    "RESUMABLE",
    "Approval",
    "Decision",
    "HeldError",
    "Holder",
    "Redactor",
    "RowException",
    "Run",
    "RunStatus",
    "Store",
    "Trace",
    "last_sentence",
    "read_trace",
    "remember_sentence",
    "rows_digest",
    "trace_files",
]


class Store(Runs, KeptRows, Inbox, Traces, Locks):
    """The workspace's state. Safe for several threads and processes; a context manager.

    root: the workspace's folder. secrets: values that must not appear in logs and traces.
    Raises UnavailableError (read-only, full, locked) and DataError (damaged, of a newer version).
    """

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
