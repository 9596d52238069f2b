"""Runs: their ids, what they were started with, and how they ended.

A run's end may be overwritten only by going on with it (`reopen_run`): a run that is done stays done. This
module refuses to run anything and to judge statuses; it keeps them.
"""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NoReturn

from deskhand.errors import DataError, RefusedError, UsageError
from deskhand.store.base import StoreBase
from deskhand.store.chain import append
from deskhand.store.times import utc_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from deskhand.contract import Json

RunStatus = Literal[
    "running",
    "done",
    "done_with_exceptions",
    "waiting",
    "in_doubt",
    "failed",
    "cancelled",
    "refused",
    "asked",
]
END_STATUSES: Final = (
    "done",
    "done_with_exceptions",
    "waiting",
    "in_doubt",
    "failed",
    "cancelled",
    "refused",
    "asked",
)
RESUMABLE: Final = ("running", "waiting", "in_doubt", "failed", "done_with_exceptions")
"""Statuses from which a run may be gone on with; `running` is one whose driver died, or hasn't yet begun."""

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's digits: no i, l, o, u, and their order is ASCII's."""
_PER_DAY: Final = len(_ALPHABET) ** 5


@dataclass(frozen=True)
class Run:
    """One execution of a plan, as the store knows it.

    source: what was asked for (a file's path, a process's name, a sentence). process: the process's name, None
    for a plan that is none. plan: its YAML. now: the logical time, ISO without a zone, in `zone`. started and
    ended: real time, UTC. process_digest: tells the same process with the same inputs again.
    """

    id: str
    process: str | None
    source: str
    sentence: str | None
    plan: str
    plan_digest: str
    process_digest: str | None
    inputs: Mapping[str, Json]
    now: str
    zone: str
    status: RunStatus
    started: str
    ended: str | None
    reason: str | None
    question: str | None
    answer: Json
    parent: str | None
    parent_path: str | None
    pid: int | None
    host: str | None
    cancel: bool


def _id(number: int) -> str:
    """The id of the number-th slot since 1970: the UTC day, and five digits for the time of day."""
    days, part = divmod(number, _PER_DAY)
    day = time.strftime("%Y%m%d", time.gmtime(days * 86400))
    digits = ""
    for _ in range(5):
        part, digit = divmod(part, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return f"{day}-{digits}"


def _number(run_id: str) -> int:
    day, _, digits = run_id.partition("-")
    number = round(_epoch(day) / 86400) * _PER_DAY
    for place, digit in enumerate(reversed(digits)):
        number += _ALPHABET.index(digit) * len(_ALPHABET) ** place
    return number


def _epoch(day: str) -> int:
    import calendar

    return calendar.timegm(time.strptime(day, "%Y%m%d"))


class Runs(StoreBase):
    """The part of the store that keeps runs."""

    def start_run(
        self,
        *,
        source: str,
        plan: str,
        plan_digest: str,
        now: str,
        zone: str,
        inputs: Mapping[str, Json] | None = None,
        process: str | None = None,
        process_digest: str | None = None,
        sentence: str | None = None,
        parent: str | None = None,
        parent_path: str | None = None,
        status: RunStatus = "running",
    ) -> Run:
        """Record a new run under a new id, driven by this process.

        Ids look like `20261121-7f3k2`: they sort by the time of their start and are unique in the workspace,
        whichever process asks. A child run (`parent`, `parent_path`) that was recorded before a crash is
        returned as it is. status: other than `running` for a request that ends before any step (refused,
        asked).
        """
        if (parent is None) != (parent_path is None):
            raise ValueError("a child run has both a parent and the path of its call")
        with self.database.write() as db:
            if parent is not None:
                known = db.execute(
                    "select id from runs where parent = ? and parent_path = ?", (parent, parent_path)
                ).fetchone()
                if known is not None:
                    return self.run(known["id"])
            last = db.execute("select max(id) as id from runs").fetchone()["id"]
            number = int(time.time() / 86400 * _PER_DAY)
            if last is not None:
                number = max(number, _number(last) + 1)
            run_id, started = _id(number), utc_text()
            db.execute(
                "insert into runs (id, process, source, sentence, plan, plan_digest, process_digest, inputs, now,"
                " zone, status, started, ended, parent, parent_path, pid, host)"
                " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    run_id,
                    process,
                    source,
                    sentence,
                    plan,
                    plan_digest,
                    process_digest,
                    _json(dict(inputs or {})),
                    now,
                    zone,
                    status,
                    started,
                    None if status == "running" else started,
                    parent,
                    parent_path,
                    os.getpid(),
                    socket.gethostname(),
                ),
            )
            self._audit_run(db, run_id, started, {"status": status, "plan": plan_digest, "process": process})
        return self.run(run_id)

    def end_run(
        self,
        run_id: str,
        status: RunStatus,
        *,
        reason: str | None = None,
        question: str | None = None,
        answer: Json = None,
    ) -> Run:
        """Write how a run ended (one of `END_STATUSES`).

        Raises UsageError for an unknown run, RefusedError for one that is over for good.
        """
        if status not in END_STATUSES:
            raise ValueError(f"{status!r} is no end of a run; these are: {', '.join(END_STATUSES)}")
        at = utc_text()
        with self.database.write() as db:
            was = self.run(run_id).status
            if was not in RESUMABLE:
                raise RefusedError(f"run {run_id} is {was} already", mend="a run that is over stays as it ended")
            db.execute(
                "update runs set status = ?, ended = ?, reason = ?, question = ?, answer = ? where id = ?",
                (status, at, reason, question, None if answer is None else _json(answer), run_id),
            )
            self._audit_run(db, run_id, at, {"status": status, "reason": reason})
        return self.run(run_id)

    def reopen_run(self, run_id: str) -> Run:
        """Go on with a run in this process: it is `running` again, its cancel flag is cleared.

        Raises RefusedError for a run that is over for good (done, cancelled, refused, asked).
        """
        at = utc_text()
        with self.database.write() as db:
            run = self.run(run_id)
            if run.status not in RESUMABLE:
                raise RefusedError(
                    f"run {run_id} is {run.status}, so there is nothing to go on with",
                    mend="start a new run; only " + ", ".join(RESUMABLE[1:]) + " or interrupted runs can be resumed",
                )
            db.execute(
                "update runs set status = 'running', ended = null, reason = null, question = null, cancel = 0,"
                " pid = ?, host = ? where id = ?",
                (os.getpid(), socket.gethostname(), run_id),
            )
            self._audit_run(db, run_id, at, {"status": "running", "resumed": run.status})
        return self.run(run_id)

    def request_cancel(self, run_id: str) -> Run:
        """Set the cancel flag: a run at work stops before its next step.

        Raises UsageError for an unknown run, RefusedError for one that is over.
        """
        at = utc_text()
        with self.database.write() as db:
            run = self.run(run_id)
            if run.status not in RESUMABLE or run.status == "done_with_exceptions":
                raise RefusedError(f"run {run_id} is {run.status} already", mend="there is nothing left to cancel")
            db.execute("update runs set cancel = 1 where id = ?", (run_id,))
            self._audit_run(db, run_id, at, {"cancel": True})
        return self.run(run_id)

    def cancel_requested(self, run_id: str) -> bool:
        """Whether the run's cancel flag, or that of a run which called it, is set."""
        row = self.database.row(
            "with recursive line (id, parent, cancel) as ("
            " select id, parent, cancel from runs where id = ?"
            " union all select r.id, r.parent, r.cancel from runs r join line on r.id = line.parent)"
            " select max(cancel) as cancel from line",
            (run_id,),
        )
        return bool(row and row["cancel"])

    def run(self, run_id: str) -> Run:
        """One run. Raises UsageError, with the nearest ids, where there is none of that id."""
        row = self.database.row("select * from runs where id = ?", (run_id,))
        if row is None:
            self._unknown(run_id)
        return _run(row)

    def runs(
        self,
        *,
        limit: int | None = None,
        status: Sequence[RunStatus] | None = None,
        process: str | None = None,
        parent: str | None = None,
    ) -> list[Run]:
        """Runs, newest first: those of that status, process or parent. Without `parent`, no child runs."""
        where = ["parent is ?"]
        values: list[str | None] = [parent]
        if status is not None:
            where.append(f"status in ({', '.join('?' * len(status))})")
            values.extend(status)
        if process is not None:
            where.append("process = ?")
            values.append(process)
        sql = f"select * from runs where {' and '.join(where)} order by id desc limit ?"
        return [_run(row) for row in self.database.rows(sql, (*values, -1 if limit is None else limit))]

    def unfinished_runs(self, process_digest: str) -> list[Run]:
        """Runs of the same process and inputs that are at work, interrupted, waiting, in doubt or failed."""
        rows = self.database.rows(
            "select * from runs where process_digest = ? and parent is null"
            " and status in ('running', 'waiting', 'in_doubt', 'failed') order by id desc",
            (process_digest,),
        )
        return [_run(row) for row in rows]

    def _audit_run(self, db: sqlite3.Connection, run_id: str, at: str, payload: dict[str, Json]) -> None:
        append(db, at, [(run_id, "run", self.redactor().value(payload))])

    def _unknown(self, run_id: str) -> NoReturn:
        near = self.database.rows(
            "select id from runs where parent is null order by instr(id, ?) > 0 desc, id desc limit 3", (run_id,)
        )
        known = ", ".join(row["id"] for row in near)
        raise UsageError(
            f"there is no run {run_id!r} in this workspace",
            mend=f"the nearest are {known}" if known else "nothing has been run here yet",
        )


def _json(value: Json) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def _run(row: sqlite3.Row) -> Run:
    fields = dict(row)
    try:
        fields["inputs"] = json.loads(fields["inputs"])
        fields["answer"] = None if fields["answer"] is None else json.loads(fields["answer"])
    except ValueError as error:
        raise DataError(f"run {row['id']} in .deskhand/state.db is damaged: {error}") from error
    fields["cancel"] = bool(fields["cancel"])
    return Run(**fields)
