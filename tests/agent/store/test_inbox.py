"""What waits for a person: exceptions and approvals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from deskhand.errors import RefusedError, UsageError
from deskhand.store import Run, Store

Start = Callable[..., Run]


def test_the_inbox(store: Store, start: Start) -> None:
    run, other = start().id, start().id
    store.add_exceptions(run, "steps/1", [(4, {"email": None}, "no address"), (2, {"email": "x"}, "no such mail")])
    store.add_exceptions(other, "steps/1", [(0, [1, "ü"], "twice")])
    store.add_exceptions(run, "steps/9", [])
    first, second, third = store.exceptions()
    assert [first.ordinal, second.ordinal, third.run] == [2, 4, other]
    assert (second.row, second.reason, second.state) == ({"email": None}, "no address", "open")
    settled = store.settle_exception(first.id, "dismissed", "sent by hand")
    assert (settled.state, settled.note) == ("dismissed", "sent by hand")
    assert [e.id for e in store.exceptions(run)] == [second.id]
    assert len(store.exceptions(run, state=None)) == 2
    assert store.exceptions(run, path="steps/2") == []


def test_an_exception_is_one_however_often_its_step_runs(store: Store, start: Start) -> None:
    run = start().id
    store.add_exceptions(run, "a", [(0, 1, "first")])
    store.add_exceptions(run, "a", [(0, 1, "second")])
    (only,) = store.exceptions(run)
    assert only.reason == "second"
    store.settle_exception(only.id, "retried")
    assert store.exceptions(run) == []
    store.add_exceptions(run, "a", [(0, 1, "third")])
    (again,) = store.exceptions(run)
    assert (again.id, again.reason, again.settled) == (only.id, "third", None)
    store.settle_exception(only.id, "dismissed")
    store.add_exceptions(run, "a", [(0, 1, "fourth")])
    assert store.exceptions(run) == [], "what a person dismissed stays so"


def test_what_cannot_be_settled(store: Store, start: Start) -> None:
    run = start().id
    store.add_exceptions(run, "a", [(0, 1, "r")])
    (only,) = store.exceptions()
    store.settle_exception(only.id, "dismissed")
    with pytest.raises(RefusedError, match="was dismissed on"):
        store.settle_exception(only.id, "retried")
    with pytest.raises(UsageError, match="no exception 99"):
        store.settle_exception(99, "retried")


def _ask(store: Store, run: str, digest: str = "d1", **more: Any) -> Any:
    return store.ask_approval(run, "steps/1", ask="Send these?", digest=digest, count=3, **more)


def test_an_approval_waits_and_is_given(store: Store, start: Start) -> None:
    run = start().id
    asked = _ask(store, run, totals={"amount": "12.50"}, by=["controller"])
    assert (asked.state, asked.totals, asked.by) == ("pending", {"amount": "12.50"}, ("controller",))
    assert store.pending_approvals() == [asked]
    given_ = store.decide(run, "steps/1", "d1", " Controller ", True, "fine")
    assert given_.state == "approved"
    assert (given_.decisions[0].who, given_.decisions[0].note) == ("Controller", "fine")
    assert store.pending_approvals() == []
    assert _ask(store, run, by=["controller"]).state == "approved", "the same rows aren't asked about again"


def test_a_no_rejects(store: Store, start: Start) -> None:
    run = start().id
    _ask(store, run, two=True)
    assert store.decide(run, "steps/1", "d1", "jo", False).state == "rejected"
    with pytest.raises(RefusedError, match="is rejected already"):
        store.decide(run, "steps/1", "d1", "kim", True)


def test_two_people_are_two_people(store: Store, start: Start) -> None:
    run = start().id
    _ask(store, run, two=True)
    assert store.decide(run, "steps/1", "d1", "jo", True).state == "pending"
    for same in ("jo", "JO", " jo "):
        with pytest.raises(RefusedError, match=r"has answered .* already"):
            store.decide(run, "steps/1", "d1", same, True)
    assert store.decide(run, "steps/1", "d1", "kim", True).state == "approved"


def test_only_those_who_were_asked(store: Store, start: Start) -> None:
    run = start().id
    _ask(store, run, by=["controller", "cfo"])
    with pytest.raises(RefusedError, match=r"jo may not answer .*\n.*controller, cfo"):
        store.decide(run, "steps/1", "d1", "jo", True)
    with pytest.raises(UsageError, match="needs the name"):
        store.decide(run, "steps/1", "d1", " ", True)


def test_other_rows_need_another_approval(store: Store, start: Start) -> None:
    run = start().id
    _ask(store, run)
    store.decide(run, "steps/1", "d1", "jo", True)
    newer = _ask(store, run, digest="d2")
    assert newer.state == "pending"
    assert store.pending_approvals(run) == [newer]
    assert [a.superseded for a in store.approvals(run)] == [True, False]
    with pytest.raises(RefusedError, match="have changed since"):
        store.decide(run, "steps/1", "d1", "kim", True)
    with pytest.raises(UsageError, match="asked nothing about those rows"):
        store.decide(run, "steps/1", "d3", "kim", True)
    with pytest.raises(UsageError, match="asked nothing"):
        store.decide("nope", "steps/1", "d1", "kim", True)


def test_what_a_finished_run_asked_waits_no_longer(store: Store, start: Start) -> None:
    run = start().id
    _ask(store, run)
    store.end_run(run, "waiting")
    assert len(store.pending_approvals()) == 1
    store.end_run(run, "cancelled")
    assert store.pending_approvals() == []
