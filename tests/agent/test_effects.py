"""Acts carried out on a scripted tool: what is retried, what isn't, what ends in doubt, and what a repeat does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from deskhand.acts import Fault
from deskhand.contract import Call, Change, Effect, Item, Operation, Params, Receipt, Verdict
from deskhand.effects import Effects, Tally
from deskhand.errors import ApplicationError, BusinessError, UnavailableError
from deskhand.ledger import EffectState, Ledger
from deskhand.store import Store


class World(Operation):
    """A list of keys that are done, and a script of what goes wrong."""

    name = "world.do"
    summary = "Do it"
    Params = Params
    effect = Effect.WRITE
    batch = 3

    def __init__(self) -> None:
        self.done: list[str] = []
        self.asked: list[list[str]] = []
        self.apply_script: list[Callable[[Sequence[Item]], None]] = []
        self.lost: set[str] = set()
        self.hidden = False
        self.refuses: set[int] = set()

    @classmethod
    def check(cls, params: Any, columns: Any, tables: Any) -> list[Any]:
        return []

    def prepare(self, calls: Sequence[Call]) -> list[Change]:
        return [
            Change("unchanged")
            if c.ordinal == 7
            else Change.exception("no such row")
            if c.ordinal == 8
            else Change("change")
            for c in calls
        ]

    def apply(self, items: Sequence[Item]) -> list[Receipt | BusinessError]:
        self.asked.append([item.key for item in items])
        if self.apply_script:
            self.apply_script.pop(0)(items)
        answers: list[Receipt | BusinessError] = []
        for item in items:
            if item.call.ordinal in self.refuses:
                answers.append(BusinessError("the books are closed"))
                continue
            if item.key in self.lost:
                self.lost.discard(item.key)
            else:
                self.done.append(item.key)
            answers.append({"n": len(self.done)})
        return answers

    def verify(self, items: Sequence[Item]) -> list[Verdict]:
        if self.hidden:
            return [Verdict.UNKNOWN] * len(items)
        return [Verdict.CONFIRMED if item.key in self.done else Verdict.ABSENT for item in items]


class Desk:
    def __init__(self, root: Path) -> None:
        self.store = Store(root)
        self.run = self.store.start_run(source="t", plan="", plan_digest="", now="2026-03-11T00:00:00", zone="UTC").id
        self.ledger = Ledger(self.store)
        self.world = World()
        self.cancel = False

    def checkpoint(self) -> None:
        if self.cancel:
            raise KeyboardInterrupt

    def carry_out(self, numbers: Sequence[int], *, stop: bool = False, faults: Sequence[int] = ()) -> Tally:
        made = [Fault(n, "email is empty") if n in faults else Call(n, Params()) for n in numbers]
        effects = Effects(self.ledger, self.run, checkpoint=self.checkpoint, delays=(0.0, 0.0))
        return effects.carry_out("act", self.world, "world", made, stop=stop)

    def states(self) -> dict[int, str]:
        return {n: str(entry.state) for n, entry in self.ledger.of_step(self.run, "act").items()}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.store.close()


def fails(error: Exception) -> Callable[[Sequence[Item]], None]:
    def script(items: Sequence[Item]) -> None:
        raise error

    return script


def test_every_row_ends_where_it_belongs(desk: Desk) -> None:
    tally = desk.carry_out([0, 1, 2, 3, 7, 8, 9], faults=[9])
    assert tally.confirmed == [0, 1, 2, 3]
    assert tally.unchanged == [7]
    assert tally.refused == {8: "no such row", 9: "email is empty"}
    assert [len(batch) for batch in desk.world.asked] == [3, 1]


def test_carrying_out_again_does_nothing(desk: Desk) -> None:
    first = desk.carry_out([0, 1, 7, 8])
    assert desk.carry_out([0, 1, 7, 8]) == first
    assert len(desk.world.asked) == 1


def test_an_application_error_is_retried_and_then_counts(desk: Desk) -> None:
    desk.world.apply_script = [fails(ApplicationError("server is down"))]
    assert desk.carry_out([0]).confirmed == [0]
    assert len(desk.world.asked) == 2

    desk.world.apply_script = [fails(ApplicationError("server is down"))] * 3
    effects = Effects(desk.ledger, desk.run, checkpoint=desk.checkpoint, delays=(0.0, 0.0))
    tally = effects.carry_out("other", desk.world, "world", [Call(0, Params()), Call(1, Params())], stop=False)
    assert set(tally.refused.values()) == {"server is down"}


def test_a_business_error_is_never_retried(desk: Desk) -> None:
    desk.world.refuses = {1}
    tally = desk.carry_out([0, 1, 2])
    assert tally.confirmed == [0, 2]
    assert tally.refused == {1: "the books are closed"}
    assert len(desk.world.asked) == 1


def test_a_connection_that_is_gone_stops_the_run_and_can_be_gone_on_with(desk: Desk) -> None:
    desk.world.apply_script = [lambda items: None, *[fails(UnavailableError("disk full"))] * 3]
    with pytest.raises(UnavailableError):
        desk.carry_out([0, 1, 2, 3, 4])
    assert desk.states() == {0: "confirmed", 1: "confirmed", 2: "confirmed", 3: "intended", 4: "intended"}
    assert desk.carry_out([0, 1, 2, 3, 4]).confirmed == [0, 1, 2, 3, 4]
    assert len(desk.world.done) == len(set(desk.world.done)) == 5


def test_an_error_after_the_effect_is_not_repeated(desk: Desk) -> None:
    def half(items: Sequence[Item]) -> None:
        desk.world.done.append(items[0].key)
        raise ApplicationError("the connection broke")

    desk.world.apply_script = [half, half, half]
    desk.world.batch = 1
    desk.carry_out([0])
    assert desk.states() == {0: "confirmed"}


def test_accepted_and_lost_is_tried_once_more_and_then_refused(desk: Desk) -> None:
    desk.world.lost = {f"{desk.run}/act/1"}
    assert desk.carry_out([0, 1]).confirmed == [0, 1]
    assert desk.world.done.count(f"{desk.run}/act/0") == 1

    class Black(World):
        def apply(self, items: Sequence[Item]) -> list[Receipt | BusinessError]:
            return [{} for _ in items]

    effects = Effects(desk.ledger, desk.run, checkpoint=desk.checkpoint, delays=())
    tally = effects.carry_out("hole", Black(), "world", [Call(0, Params())], stop=False)
    assert tally.refused == {0: "it was accepted, but reading back finds nothing"}


def test_what_cannot_be_told_is_in_doubt_until_it_can(desk: Desk) -> None:
    desk.world.hidden = True
    tally = desk.carry_out([0])
    assert list(tally.in_doubt) == [0]
    assert desk.states() == {0: "in doubt"}
    assert list(desk.carry_out([0]).in_doubt) == [0]
    desk.world.hidden = False
    assert desk.carry_out([0]).confirmed == [0]
    assert len(desk.world.asked) == 1


def test_what_was_attempted_is_read_back_before_anything_is_repeated(desk: Desk) -> None:
    key = f"{desk.run}/act/"
    desk.ledger.intend(desk.run, "act", "world.do", "world", [(n, f"{key}{n}", Change("change")) for n in range(3)])
    desk.ledger.attempt([f"{key}0", f"{key}1"])
    desk.world.done = [f"{key}0"]
    assert desk.carry_out([0, 1, 2]).confirmed == [0, 1, 2]
    assert sorted(desk.world.done) == [f"{key}0", f"{key}1", f"{key}2"]


def test_stop_applies_nothing_while_a_row_has_an_exception(desk: Desk) -> None:
    tally = desk.carry_out([0, 8], stop=True)
    assert tally.refused == {8: "no such row"}
    assert desk.world.asked == []
    assert desk.states()[0] == EffectState.INTENDED


def test_stop_ends_at_the_batch_with_the_first_exception(desk: Desk) -> None:
    desk.world.refuses = {1}
    desk.carry_out([0, 1, 2, 3, 4], stop=True)
    assert len(desk.world.asked) == 1


def test_a_cancelled_run_stops_between_batches(desk: Desk) -> None:
    def cancel(items: Sequence[Item]) -> None:
        desk.cancel = True

    desk.world.apply_script = [cancel]
    with pytest.raises(KeyboardInterrupt):
        desk.carry_out([0, 1, 2, 3])
    assert desk.states() == {0: "confirmed", 1: "confirmed", 2: "confirmed", 3: "intended"}


def test_what_was_attempted_is_read_back_though_it_may_not_be_done_any_more(desk: Desk) -> None:
    key = f"{desk.run}/act/"
    desk.ledger.intend(desk.run, "act", "world.do", "world", [(n, f"{key}{n}", Change("change")) for n in range(4)])
    desk.ledger.attempt([f"{key}0", f"{key}1", f"{key}2"])
    desk.world.done = [f"{key}0"]
    forbidden = [Fault(n, "outside the policy", call=Call(n, Params())) for n in (0, 1, 3)]
    effects = Effects(desk.ledger, desk.run, checkpoint=desk.checkpoint, delays=())
    tally = effects.carry_out("act", desk.world, "world", [*forbidden, Fault(2, "its address is gone")], stop=False)
    assert tally.confirmed == [0]
    assert tally.refused == {1: "outside the policy", 3: "outside the policy"}
    assert list(tally.in_doubt) == [2]
    assert desk.world.asked == []
