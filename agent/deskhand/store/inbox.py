"""The exception inbox and the approvals: what waits for a person.

An exception's row is kept as it is, since a person must be able to see and mend it. An approval binds to the
digest of the rows that were shown: other rows need another one. This module refuses decisions by people who
weren't asked, a second decision by the same person, and any change of a decision.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from deskhand.errors import RefusedError, UsageError
from deskhand.store.base import StoreBase
from deskhand.store.chain import append
from deskhand.store.times import utc_text

if TYPE_CHECKING:
    from deskhand.contract import Json

ExceptionState = Literal["open", "retried", "dismissed"]


@dataclass(frozen=True)
class RowException:
    """A row that an act couldn't take. `id` is its number in the inbox, `ordinal` its row's in the act."""

    id: int
    run: str
    path: str
    ordinal: int
    row: Json
    reason: str
    at: str
    state: ExceptionState
    note: str
    settled: str | None


@dataclass(frozen=True)
class Decision:
    """One person's answer to an approval."""

    who: str
    yes: bool
    note: str
    at: str


@dataclass(frozen=True)
class Approval:
    """A question about rows. by: who may answer (empty: anybody). two: whether two people must say yes.

    digest, count, totals: of the rows that were shown. asked: UTC.
    """

    run: str
    path: str
    ask: str
    digest: str
    count: int
    totals: Mapping[str, Json]
    by: tuple[str, ...]
    two: bool
    asked: str
    decisions: tuple[Decision, ...]
    superseded: bool
    """Whether a newer question about other rows has taken its place."""

    @property
    def state(self) -> Literal["pending", "approved", "rejected"]:
        """One no rejects; one yes approves, or two where `two` is set."""
        if any(not d.yes for d in self.decisions):
            return "rejected"
        return "approved" if len(self.decisions) >= (2 if self.two else 1) else "pending"


class Inbox(StoreBase):
    """The part of the store that keeps exceptions and approvals."""

    # ------------------------------------------------------------ exceptions

    def add_exceptions(self, run: str, path: str, rows: Sequence[tuple[int, Json, str]]) -> None:
        """Put rows (ordinal, row, reason) of an act into the inbox.

        A row that is there already stays the one exception it is: it takes the new reason, and is open again
        if it had been retried.
        """
        if not rows:
            return
        at = utc_text()
        with self.database.write() as db:
            db.executemany(
                "insert into exceptions (run, path, ordinal, row, reason, at, state)"
                " values (?, ?, ?, ?, ?, ?, 'open') on conflict (run, path, ordinal) do update set"
                " row = excluded.row, reason = excluded.reason,"
                " settled = case state when 'retried' then null else settled end,"
                " state = case state when 'retried' then 'open' else state end",
                [(run, path, ordinal, _json(row), reason, at) for ordinal, row, reason in rows],
            )
            payload: Json = {"step": path, "rows": [ordinal for ordinal, _, _ in rows]}
            append(db, at, [(run, "exception", payload)])

    def settle_rows(self, run: str, path: str, still: Collection[int]) -> None:
        """Take those rows of an act out of the inbox that it has taken after all: all but `still`."""
        gone = [e for e in self.exceptions(run, path=path) if e.ordinal not in still]
        if not gone:
            return
        at = utc_text()
        with self.database.write() as db:
            db.executemany(
                "update exceptions set state = 'retried', settled = ? where id = ?", [(at, e.id) for e in gone]
            )
            payload: Json = {"step": path, "rows": [e.ordinal for e in gone], "state": "retried"}
            append(db, at, [(run, "exception", payload)])

    def exceptions(
        self, run: str | None = None, *, state: ExceptionState | None = "open", path: str | None = None
    ) -> list[RowException]:
        """Exceptions of a run and step (of all), in that state (None: any), oldest first."""
        rows = self.database.rows(
            "select * from exceptions where (?1 is null or run = ?1) and (?2 is null or state = ?2)"
            " and (?3 is null or path = ?3) order by run, path, ordinal",
            (run, state, path),
        )
        return [_exception(row) for row in rows]

    def settle_exception(
        self, exception_id: int, state: Literal["retried", "dismissed"], note: str = ""
    ) -> RowException:
        """Say what became of an open exception. Raises UsageError (unknown), RefusedError (settled already)."""
        at = utc_text()
        with self.database.write() as db:
            row = db.execute("select * from exceptions where id = ?", (exception_id,)).fetchone()
            if row is None:
                raise UsageError(f"there is no exception {exception_id}", mend="`agent exceptions` lists them")
            if row["state"] != "open":
                raise RefusedError(f"exception {exception_id} was {row['state']} on {row['settled']}")
            db.execute(
                "update exceptions set state = ?, note = ?, settled = ? where id = ?",
                (state, note, at, exception_id),
            )
            payload: Json = {"step": row["path"], "rows": [row["ordinal"]], "state": state, "note": note}
            append(db, at, [(row["run"], "exception", self.redactor().value(payload))])
            return _exception(db.execute("select * from exceptions where id = ?", (exception_id,)).fetchone())

    # ------------------------------------------------------------ approvals

    def ask_approval(
        self,
        run: str,
        path: str,
        *,
        ask: str,
        digest: str,
        count: int,
        totals: Mapping[str, Json] | None = None,
        by: Sequence[str] = (),
        two: bool = False,
    ) -> Approval:
        """Ask, or find what was answered: the same rows (by digest) are never asked about twice.

        The approval returned tells by its `state` whether the act may go on.
        """
        at = utc_text()
        with self.database.write() as db:
            new = db.execute(
                "insert into approvals (run, path, ask, digest, count, totals, by, two, asked)"
                " values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (run, path, digest) do nothing",
                (run, path, ask, digest, count, _json(dict(totals or {})), _json(list(by)), int(two), at),
            ).rowcount
            if new:
                payload: Json = {"step": path, "asked": ask, "digest": digest, "count": count}
                append(db, at, [(run, "approval", self.redactor().value(payload))])
        return self._approval(run, path, digest)

    def approvals(self, run: str) -> list[Approval]:
        """All questions of a run, oldest first, superseded ones too."""
        return self._approvals("where a.run = ?", (run,))

    def pending_approvals(self, run: str | None = None) -> list[Approval]:
        """What waits for an answer (of one run, of all), oldest first; not of runs that are over."""
        waiting = self._approvals(
            "join runs r on r.id = a.run where (?1 is null or a.run = ?1)"
            " and r.status in ('running', 'waiting', 'failed', 'in_doubt')",
            (run,),
        )
        return [a for a in waiting if a.state == "pending" and not a.superseded]

    def decide(self, run: str, path: str, digest: str, who: str, yes: bool, note: str = "") -> Approval:
        """Answer a question about exactly the rows with that digest.

        Raises UsageError where nothing was asked there, RefusedError where the rows have changed since, where
        it is decided, or where `who` may not (or not again) answer.
        """
        at = utc_text()
        if not who.strip():
            raise UsageError("an approval needs the name of who gives it", mend="say who you are: `--as NAME`")
        with self.database.write() as db:
            approval = self._approval(run, path, digest)
            if approval.superseded:
                raise RefusedError(
                    f"the rows of step {path} have changed since that was asked",
                    mend=f"look at them again: `agent approve {run}`",
                )
            if approval.state != "pending":
                raise RefusedError(f"step {path} of run {run} is {approval.state} already")
            name = who.strip()
            if approval.by and name.casefold() not in {b.casefold() for b in approval.by}:
                raise RefusedError(
                    f"{name} may not answer for step {path}", mend=f"it was asked of: {', '.join(approval.by)}"
                )
            if name.casefold() in {d.who.casefold() for d in approval.decisions}:
                raise RefusedError(
                    f"{name} has answered for step {path} already", mend="a second person has to say yes too"
                )
            db.execute(
                "insert into decisions values ((select id from approvals where run = ? and path = ? and digest = ?),"
                " ?, ?, ?, ?)",
                (run, path, digest, name, int(yes), note, at),
            )
            payload: Json = {"step": path, "digest": digest, "who": name, "yes": yes, "note": note}
            append(db, at, [(run, "approval", self.redactor().value(payload))])
        return self._approval(run, path, digest)

    def _approval(self, run: str, path: str, digest: str) -> Approval:
        found = self._approvals("where a.run = ? and a.path = ? and a.digest = ?", (run, path, digest))
        if not found:
            raise UsageError(
                f"step {path} of run {run} asked nothing about those rows",
                mend=f"`agent approve {run}` shows what it asks",
            )
        return found[0]

    def _approvals(self, where: str, values: tuple[str | None, ...]) -> list[Approval]:
        rows = self.database.rows(
            "select a.*, exists (select 1 from approvals b where b.run = a.run and b.path = a.path and b.id > a.id)"
            f" as superseded from approvals a {where} order by a.id",
            values,
        )
        return [_approval(row, self._decisions(row["id"])) for row in rows]

    def _decisions(self, approval: int) -> tuple[Decision, ...]:
        rows = self.database.rows("select * from decisions where approval = ? order by at", (approval,))
        return tuple(Decision(row["who"], bool(row["yes"]), row["note"], row["at"]) for row in rows)


def _json(value: Json) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)


def _exception(row: sqlite3.Row) -> RowException:
    return RowException(**{**dict(row), "row": json.loads(row["row"])})


def _approval(row: sqlite3.Row, decisions: tuple[Decision, ...]) -> Approval:
    return Approval(
        run=row["run"],
        path=row["path"],
        ask=row["ask"],
        digest=row["digest"],
        count=row["count"],
        totals=json.loads(row["totals"]),
        by=tuple(json.loads(row["by"])),
        two=bool(row["two"]),
        asked=row["asked"],
        decisions=decisions,
        superseded=bool(row["superseded"]),
    )
