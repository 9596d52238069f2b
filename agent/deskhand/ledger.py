"""The effect ledger: one row per effect, written before and after it happens, so that nothing happens twice.

    intended ──> attempted ──> confirmed            (done, and read back)
       │  ^          ├───────> unchanged            (it already was so)
       │  └─absent───┤                              (read back after a crash: it hadn't happened)
       │             ├───────> in doubt ──> confirmed | absent | refused, once somebody can tell
       │             └───────> refused              (a business reason: the row becomes an exception)
       └─────────────────────> unchanged | refused  (seen before anything was tried)

An effect's key is `run/step/row`. Every method is one transaction for its whole batch, on disk when it returns,
and carries its entry in the audit log. An effect that is confirmed or unchanged never changes again; one that
was refused may be intended anew when its step runs again.

This module refuses illegal steps (`IllegalTransition`; nothing of the batch is written then), to do or verify
effects, and to keep rows that aren't effects.
"""

from __future__ import annotations

import enum
import hashlib
import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NoReturn

from deskhand.contract import Change, Json, Receipt
from deskhand.errors import DeskhandError
from deskhand.store.chain import append
from deskhand.store.times import utc_text

if TYPE_CHECKING:
    from deskhand.store import Store


class EffectState(enum.StrEnum):
    """Where an effect stands; the texts are DESIGN's."""

    INTENDED = "intended"
    ATTEMPTED = "attempted"
    CONFIRMED = "confirmed"
    UNCHANGED = "unchanged"
    IN_DOUBT = "in doubt"
    REFUSED = "refused"


_FROM: Final[Mapping[EffectState, tuple[EffectState, ...]]] = {
    EffectState.INTENDED: (EffectState.ATTEMPTED, EffectState.IN_DOUBT),
    EffectState.ATTEMPTED: (EffectState.INTENDED,),
    EffectState.CONFIRMED: (EffectState.ATTEMPTED, EffectState.IN_DOUBT),
    EffectState.UNCHANGED: (EffectState.INTENDED, EffectState.ATTEMPTED),
    EffectState.IN_DOUBT: (EffectState.ATTEMPTED, EffectState.IN_DOUBT),
    EffectState.REFUSED: (EffectState.INTENDED, EffectState.ATTEMPTED, EffectState.IN_DOUBT),
}
"""For each state, the states that may go before it (`intend` on a key that exists has a rule of its own)."""

_STATES: Final[Mapping[str, EffectState]] = {state.value: state for state in EffectState}

_OF_RUN: Final = "key > ?1 || '/' and key < ?1 || '0' and run = ?1"
"""The run's keys as a range (0 comes after the slash), so that the table needs no second index to keep up."""

_INTEND: Final = (
    "insert into effects (key, run, path, ordinal, operation, connection, state, change, reason, intended, settled)"
    " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " on conflict (key) do update set operation = excluded.operation, connection = excluded.connection,"
    " state = excluded.state, change = excluded.change, receipt = null, reason = excluded.reason,"
    " intended = excluded.intended, attempted = null, settled = excluded.settled"
    " where effects.state = 'intended' or effects.state = 'refused'"
)

_MAPPINGS: Final = ("before", "after", "preview", "data")
_FIRST: Final = {
    "change": EffectState.INTENDED,
    "unchanged": EffectState.UNCHANGED,
    "exception": EffectState.REFUSED,
}


class IllegalTransition(DeskhandError):
    """An effect was to go where it can't from its state; a fault in the caller, never of the data."""


@dataclass(frozen=True)
class Entry:
    """One effect. `ordinal` is the row's (or group's) number in its act, from 0; times are UTC texts."""

    key: str
    run: str
    step: str
    ordinal: int
    operation: str
    connection: str
    state: EffectState
    reason: str
    intended_at: str
    attempted_at: str | None
    settled_at: str | None
    change_text: str
    receipt_text: str | None

    # Most readers ask where effects stand, not what they are: parsing these two was half of reading them, and
    # keeping them parsed most of its memory.

    @property
    def change(self) -> Change:
        """What was to be done, as `prepare` gave it; parsed each time."""
        return Change(**json.loads(self.change_text))

    @property
    def receipt(self) -> Receipt | None:
        """What `apply` gave, parsed each time; None until it is confirmed."""
        found: Receipt | None = json.loads(self.receipt_text) if self.receipt_text is not None else None
        return found


def effect_key(run: str, path: str, ordinal: int) -> str:
    """The key of an effect: `run/step/row`."""
    return f"{run}/{path}/{ordinal}"


def split_key(key: str) -> tuple[str, str, int]:
    """Run, step path and row of a key. Raises ValueError where it is none."""
    run, _, rest = key.partition("/")
    path, _, ordinal = rest.rpartition("/")
    if not run or not path or not ordinal.isdecimal():
        raise ValueError(f"{key!r} is no effect key (run/step/row)")
    return run, path, int(ordinal)


class Ledger:
    """The effects of all runs of one workspace. Safe for several threads and processes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._database = store.database

    # ------------------------------------------------------------ writing

    def intend(
        self,
        run: str,
        path: str,
        operation: str,
        connection: str,
        entries: Sequence[tuple[int, str, Change]],
    ) -> None:
        """Write down what will be tried: (ordinal, key, change) each, as `prepare` gave them.

        A change that is `unchanged` or an `exception` is recorded as such at once (unchanged, refused). A key
        that is there already takes the new change if it is intended or refused: nothing has happened then.
        Raises IllegalTransition for any other, ValueError for a key that isn't this row's.
        """
        if not entries:
            return
        now = utc_text()
        _distinct([key for _, key, _ in entries])
        rows = []
        digest = hashlib.sha256()
        states: dict[EffectState, list[int]] = {}
        for ordinal, key, change in entries:
            if key != effect_key(run, path, ordinal):
                raise ValueError(f"{key!r} is not the key of row {ordinal} of step {path} in run {run}")
            text = _change_text(change)
            digest.update(text.encode())
            state = _FIRST[change.state]
            states.setdefault(state, []).append(ordinal)
            settled = None if state is EffectState.INTENDED else now
            rows.append(
                (key, run, path, ordinal, operation, connection, state.value, text, change.reason, now, settled)
            )
        audit: list[Json] = [
            _audit(path, state, ordinals, operation=operation, connection=connection, changes=digest.hexdigest())
            for state, ordinals in states.items()
        ]
        with self._database.write() as db:
            done = db.executemany(_INTEND, rows).rowcount
            if done != len(rows):
                self._illegal(db, [row[0] for row in rows], EffectState.INTENDED, new=True)
            append(db, now, [(run, "effect", payload) for payload in audit])

    def attempt(self, keys: Sequence[str]) -> None:
        """The tool is about to be asked to do these: intended -> attempted."""
        self._move(EffectState.ATTEMPTED, keys)

    def confirm(self, done: Sequence[tuple[str, Receipt]]) -> None:
        """Read back and there: attempted (or in doubt) -> confirmed, with each one's receipt."""
        self._move(EffectState.CONFIRMED, [key for key, _ in done], receipts=[_json(dict(r)) for _, r in done])

    def unchanged(self, keys: Sequence[str]) -> None:
        """It already was as it should be: intended or attempted -> unchanged."""
        self._move(EffectState.UNCHANGED, keys)

    def doubt(self, unknown: Sequence[tuple[str, str]]) -> None:
        """Nobody can tell, with the reason: attempted (or in doubt) -> in doubt."""
        self._move(EffectState.IN_DOUBT, [key for key, _ in unknown], reasons=[reason for _, reason in unknown])

    def refuse(self, refused: Sequence[tuple[str, str]]) -> None:
        """It can't be done, for a reason of the business: intended, attempted or in doubt -> refused."""
        self._move(EffectState.REFUSED, [key for key, _ in refused], reasons=[reason for _, reason in refused])

    def absent(self, keys: Sequence[str]) -> None:
        """Read back and not there: attempted or in doubt -> intended, to be attempted (again)."""
        self._move(EffectState.INTENDED, keys)

    def _move(
        self,
        state: EffectState,
        keys: Sequence[str],
        *,
        reasons: Sequence[str] | None = None,
        receipts: Sequence[str] | None = None,
    ) -> None:
        if not keys:
            return
        now = utc_text()
        count = len(keys)
        _distinct(keys)
        stamp = {
            EffectState.ATTEMPTED: "attempted = ?2",
            EffectState.INTENDED: "attempted = null, settled = null",
        }.get(state, "settled = ?2")
        # Not `in (…)`, for which SQLite builds a list anew for every row.
        allowed = " or ".join(f"state = '{was}'" for was in _FROM[state])
        sql = f"update effects set state = ?3, {stamp}, reason = ?4, receipt = ?5 where key = ?1 and ({allowed})"
        values = zip(
            keys,
            [now] * count,
            [state.value] * count,
            reasons if reasons is not None else [""] * count,
            receipts if receipts is not None else [None] * count,
            strict=True,
        )
        steps: dict[str, list[int]] = {}
        for key in keys:
            step, _, ordinal = key.rpartition("/")
            steps.setdefault(step, []).append(int(ordinal))
        groups = {split_key(f"{step}/0")[:2]: ordinals for step, ordinals in steps.items()}
        with self._database.write() as db:
            if db.executemany(sql, values).rowcount != count:
                self._illegal(db, keys, state, new=False)
            append(
                db,
                now,
                [(run, "effect", _audit(path, state, ordinals)) for (run, path), ordinals in groups.items()],
            )

    def _illegal(self, db: sqlite3.Connection, keys: Sequence[str], state: EffectState, new: bool) -> NoReturn:
        """Say which key it was, after undoing the batch: its own writes would blur what was there before."""
        db.execute("rollback")
        before = ("intended", "refused") if new else tuple(str(s) for s in _FROM[state])
        for key in keys:
            was = self.state(key)
            if was is None and new:
                continue
            if was is None or was not in before:
                how = f"is {was}" if was is not None else "isn't in the ledger"
                raise IllegalTransition(
                    f"effect {key} {how}, so it can't become {state}",
                    mend=f"only effects that are {' or '.join(before)} can",
                )
        raise IllegalTransition(f"another process is changing the effects of {keys[0]} and others")

    # ------------------------------------------------------------ reading

    def state(self, key: str) -> EffectState | None:
        """Where one effect stands; None where the ledger doesn't know it."""
        row = self._database.row("select state from effects where key = ?", (key,))
        return EffectState(row["state"]) if row else None

    def of_step(self, run: str, path: str) -> dict[int, Entry]:
        """The effects of one act, by row number, in order."""
        rows = self._database.rows(f"select * from effects where {_OF_RUN} and path = ?2 order by ordinal", (run, path))
        return {row["ordinal"]: _entry(row) for row in rows}

    def outcomes(self, run: str, path: str) -> list[tuple[int, EffectState, str]]:
        """Where the effects of one act stand: row number, state, reason; in order."""
        rows = self._database.rows(
            f"select ordinal, state, reason from effects where {_OF_RUN} and path = ?2 order by ordinal", (run, path)
        )
        return [(ordinal, _STATES[state], reason) for ordinal, state, reason in rows]

    def of_run(self, run: str) -> list[Entry]:
        """All effects of a run, in the order in which their acts began."""
        rows = self._database.rows(f"select * from effects where {_OF_RUN} order by intended, path, ordinal", (run,))
        return [_entry(row) for row in rows]

    def paths(self, run: str, operation: str) -> dict[str, int]:
        """How many effects that operation has in the run, by the step that has them."""
        rows = self._database.rows(
            f"select path, count(*) as n from effects where {_OF_RUN} and operation = ?2 group by path",
            (run, operation),
        )
        return {row["path"]: int(row["n"]) for row in rows}

    def counts(self, run: str, path: str | None = None) -> dict[EffectState, int]:
        """How many effects of a run (of one act) stand where; every state is a key."""
        rows = self._database.rows(
            f"select state, count(*) as n from effects where {_OF_RUN} and (?2 is null or path = ?2) group by state",
            (run, path),
        )
        found = {row["state"]: int(row["n"]) for row in rows}
        return {state: found.get(state, 0) for state in EffectState}


def _distinct(keys: Sequence[str]) -> None:
    if len(set(keys)) < len(keys):
        seen: set[str] = set()
        twice = next(key for key in keys if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise IllegalTransition(f"effect {twice} stands twice in one batch")


_json = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
"""`json.dumps` with options makes an encoder for every call, which was a fifth of the ledger's time."""


def _change_text(change: Change) -> str:
    full: dict[str, Json] = {"state": change.state, "about": change.about}
    if change.reason:
        full["reason"] = change.reason
    for name, mapping in zip(_MAPPINGS, (change.before, change.after, change.preview, change.data), strict=True):
        if mapping:
            full[name] = dict(mapping)
    return _json(full)


def _entry(row: sqlite3.Row) -> Entry:
    return Entry(
        key=row["key"],
        run=row["run"],
        step=row["path"],
        ordinal=row["ordinal"],
        operation=row["operation"],
        connection=row["connection"],
        state=_STATES[row["state"]],
        reason=row["reason"],
        intended_at=row["intended"],
        attempted_at=row["attempted"],
        settled_at=row["settled"],
        change_text=row["change"],
        receipt_text=row["receipt"],
    )


def _ranges(ordinals: Iterable[int]) -> str:
    """`0-2,5` for 0, 1, 2, 5: a batch of a thousand rows is one short text in the audit log."""
    spans: list[list[int]] = []
    for n in sorted(ordinals):
        if spans and n == spans[-1][1] + 1:
            spans[-1][1] = n
        else:
            spans.append([n, n])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in spans)


def _audit(path: str, state: EffectState, ordinals: list[int], **more: Json) -> Json:
    return {"step": path, "state": str(state), "rows": _ranges(ordinals), **more}
