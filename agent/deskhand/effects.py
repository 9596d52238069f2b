"""One act carried out: prepared, written to the effect ledger, applied, read back, confirmed.

The order is what makes an effect happen once. All changes of an act are intended in one transaction; each batch
is attempted in the ledger before the tool is asked; an effect is confirmed only when `verify` has read it back.
After a crash, what was attempted is verified first, and only what is certainly absent is prepared and tried
again. What can't be told ends in doubt.

This module refuses to guess, to retry a business error, and to know where an act's rows came from.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from deskhand.acts import Fault
from deskhand.contract import Call, Change, Item, Operation, Receipt, Verdict
from deskhand.errors import ApplicationError, BusinessError, UnavailableError
from deskhand.faults import fault
from deskhand.ledger import EffectState, Entry, effect_key

if TYPE_CHECKING:
    from deskhand.ledger import Ledger

T = TypeVar("T")

RETRY_DELAYS = (0.2, 1.0, 3.0)
"""Seconds before an application error is tried again; after the last it counts."""


@dataclass
class Tally:
    """How an act's effects ended, by row number."""

    confirmed: list[int] = field(default_factory=list)
    unchanged: list[int] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)
    in_doubt: dict[int, str] = field(default_factory=dict)


class Effects:
    """Carries out the acts of one run.

    checkpoint: raises where the run was cancelled; asked before every batch. progress: told how many of how
    many effects of the act are through.
    """

    def __init__(
        self,
        ledger: Ledger,
        run: str,
        *,
        checkpoint: Callable[[], None],
        progress: Callable[[str, int, int], None] = lambda path, done, total: None,
        delays: Sequence[float] = RETRY_DELAYS,
    ) -> None:
        self._ledger = ledger
        self._run = run
        self._checkpoint = checkpoint
        self._progress = progress
        self._delays = delays

    def carry_out(
        self, path: str, operation: Operation, connection: str, made: Sequence[Call | Fault], *, stop: bool
    ) -> Tally:
        """All effects of the act at `path`, from wherever an earlier attempt left them.

        stop: `on_error: stop`. Then nothing is applied while any row has an exception, and rows refused by an
        earlier attempt are looked at again. Raises UnavailableError where the connection is gone; what was
        done by then is in the ledger.
        """
        act = _Act(path, operation, connection, {m.ordinal: m for m in made}, stop)
        known = self._ledger.of_step(self._run, path)
        if known:
            self._read_back(
                act, [e for e in known.values() if e.state in (EffectState.ATTEMPTED, EffectState.IN_DOUBT)]
            )
            known = self._ledger.of_step(self._run, path)
            again = (EffectState.INTENDED, EffectState.REFUSED) if stop else (EffectState.INTENDED,)
            self._intend(act, [n for n, entry in known.items() if entry.state in again])
            fault("after-intent")
            entries = self._ledger.of_step(self._run, path)
            due: list[_Due] = [e for e in entries.values() if e.state is EffectState.INTENDED]
            refused = any(e.state is EffectState.REFUSED for e in entries.values())
        else:
            changes = self._intend(act, list(act.made))
            fault("after-intent")
            # What was just written needn't be read again: that took as long as writing it.
            due = [_Fresh(n, effect_key(self._run, path, n), c) for n, c in changes.items() if c.state == "change"]
            refused = any(change.state == "exception" for change in changes.values())
        if not (stop and refused):
            self._apply_all(act, due, len(act.made))
        return self._tally(path)

    def _tally(self, path: str) -> Tally:
        tally = Tally()
        for ordinal, state, reason in self._ledger.outcomes(self._run, path):
            if state is EffectState.CONFIRMED:
                tally.confirmed.append(ordinal)
            elif state is EffectState.UNCHANGED:
                tally.unchanged.append(ordinal)
            elif state is EffectState.REFUSED:
                tally.refused[ordinal] = reason
            elif state in (EffectState.IN_DOUBT, EffectState.ATTEMPTED):
                tally.in_doubt[ordinal] = reason
        return tally

    # ------------------------------------------------------------ before

    def _intend(self, act: _Act, ordinals: Sequence[int]) -> dict[int, Change]:
        """Prepare these rows and write down, in one transaction, what will be tried and what can't be.

        The changes by row number, in the order of the rows.
        """
        if not ordinals:
            return {}
        calls = [made for n in ordinals if isinstance(made := act.made[n], Call)]
        changes = self._retried(lambda: act.operation.prepare(calls)) if calls else []
        found = {call.ordinal: change for call, change in zip(calls, changes, strict=True)}
        for n in ordinals:
            made = act.made[n]
            if isinstance(made, Fault):
                found[n] = Change.exception(made.reason)
        fault("before-intent")
        self._ledger.intend(
            self._run,
            act.path,
            act.operation.name,
            act.connection,
            [(n, effect_key(self._run, act.path, n), found[n]) for n in ordinals],
        )
        return {n: found[n] for n in ordinals}

    # ------------------------------------------------------------ during

    def _apply_all(self, act: _Act, entries: Sequence[_Due], total: int) -> None:
        done = total - len(entries)
        for batch in _chunks(entries, act.operation.batch):
            self._checkpoint()
            self._apply(act, batch)
            done += len(batch)
            self._progress(act.path, done, total)
            if act.stop and any(self._ledger.state(e.key) is EffectState.REFUSED for e in batch):
                return

    def _apply(self, act: _Act, entries: Sequence[_Due], *, again: bool = True) -> None:
        keys = [entry.key for entry in entries]
        self._ledger.attempt(keys)
        fault("after-attempt")
        items = [act.item(entry) for entry in entries]
        try:
            answers = self._retried(lambda: act.operation.apply(items))
        except ApplicationError as error:
            self._failed(act, entries, error)
            return
        fault("after-effect")
        refused = [(i.key, a.one_line) for i, a in zip(items, answers, strict=True) if isinstance(a, BusinessError)]
        tried = [(i, a) for i, a in zip(items, answers, strict=True) if not isinstance(a, BusinessError)]
        self._ledger.refuse(refused)
        absent = self._judge(act, [item for item, _ in tried], {item.key: answer for item, answer in tried})
        if not absent:
            return
        if again:
            # It was taken and isn't there: certainly not done, so it may be tried once more.
            self._ledger.absent(absent)
            self._apply(act, [e for e in entries if e.key in set(absent)], again=False)
        else:
            reason = "it was accepted, but reading back finds nothing"
            self._ledger.refuse([(key, reason) for key in absent])

    def _failed(self, act: _Act, entries: Sequence[_Due], error: ApplicationError) -> None:
        """The tool gave up on a batch. What it says of it isn't trusted: read back, then decide."""
        absent = self._read_back(act, entries)
        if isinstance(error, UnavailableError):
            raise error
        self._ledger.refuse([(key, error.one_line) for key in absent])

    # ------------------------------------------------------------ after

    def _read_back(self, act: _Act, entries: Sequence[_Due]) -> list[str]:
        """Verify attempted effects; those that are absent become intended again, and are returned.

        An effect whose row can't be made any more (what its texts came from has changed) can't be read back.
        """
        lost = [entry for entry in entries if act.call(entry.ordinal) is None]
        reason = "it was attempted, and its row can't be made any more to read it back"
        self._ledger.doubt([(entry.key, reason) for entry in lost])
        absent = self._judge(act, [act.item(entry) for entry in entries if entry not in lost], {})
        self._ledger.absent(absent)
        return absent

    def _judge(self, act: _Act, items: Sequence[Item], receipts: dict[str, Receipt]) -> list[str]:
        """Verify these and write down what is confirmed and what is in doubt; the keys of the absent ones."""
        if not items:
            return []
        verdicts = self._retried(lambda: act.operation.verify(items))
        fault("before-confirm")
        by_verdict: dict[Verdict, list[Item]] = {verdict: [] for verdict in Verdict}
        for item, verdict in zip(items, verdicts, strict=True):
            by_verdict[verdict].append(item)
        self._ledger.confirm([(i.key, receipts.get(i.key, {})) for i in by_verdict[Verdict.CONFIRMED]])
        self._ledger.doubt(
            [
                (i.key, "it was attempted, and reading back can't tell whether it happened")
                for i in by_verdict[Verdict.UNKNOWN]
            ]
        )
        fault("after-confirm")
        return [item.key for item in by_verdict[Verdict.ABSENT]]

    def _retried(self, work: Callable[[], T]) -> T:
        for delay in self._delays:
            try:
                return work()
            except ApplicationError:
                self._checkpoint()
                time.sleep(delay)
        return work()


class _Fresh(NamedTuple):
    """An effect that has just been intended."""

    ordinal: int
    key: str
    change: Change


_Due = Entry | _Fresh


@dataclass(frozen=True)
class _Act:
    path: str
    operation: Operation
    connection: str
    made: dict[int, Call | Fault]
    stop: bool

    def call(self, ordinal: int) -> Call | None:
        """The call of that row, also where it may not be done any more; None where it can't be made."""
        made = self.made[ordinal]
        return made if isinstance(made, Call) else made.call

    def item(self, entry: _Due) -> Item:
        """The entry's call again, with the change that the ledger holds."""
        call = self.call(entry.ordinal)
        assert call is not None
        return Item(call, entry.change, entry.key)


def _chunks(entries: Sequence[_Due], size: int) -> Iterator[Sequence[_Due]]:
    for start in range(0, len(entries), size):
        yield entries[start : start + size]
