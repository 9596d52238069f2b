"""Runs: their ids, their ends, what may follow on which."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from deskhand.audit import AuditLog
from deskhand.errors import RefusedError, UsageError
from deskhand.store import END_STATUSES, Run, Store

Start = Callable[..., Run]


def test_a_run_is_kept_as_it_was_started_and_ended(store: Store, start: Start) -> None:
    run = start(process="overdue", process_digest="p1", inputs={"grace": 3, "amount": "1.50"}, sentence="remind")
    assert (run.status, run.pid, run.cancel, run.ended) == ("running", os.getpid(), False, None)
    assert run.inputs == {"grace": 3, "amount": "1.50"}
    ended = store.end_run(run.id, "done", answer={"columns": ["a"], "rows": [["ü", None]]})
    assert ended.answer == {"columns": ["a"], "rows": [["ü", None]]}
    assert ended.ended is not None
    assert ended.ended >= ended.started
    assert store.run(run.id) == ended


def test_ids_sort_as_runs_began(store: Store, start: Start) -> None:
    ids = [start().id for _ in range(50)]
    assert ids == sorted(set(ids))
    assert [run.id for run in store.runs()] == ids[::-1]
    assert [run.id for run in store.runs(limit=2)] == ids[:-3:-1]
    day, _, digits = ids[0].partition("-")
    assert day == dt.datetime.now(dt.UTC).strftime("%Y%m%d")
    assert len(digits) == 5
    assert not set("".join(i.partition("-")[2] for i in ids)) & set("ilouILOU")


def test_ids_never_go_back_when_the_clock_does(store: Store, start: Start) -> None:
    first = start().id
    with store.database.write() as db:
        db.execute("update runs set id = '20991231-zzzzz'")
    assert start().id == "21000101-00000"
    assert first < "20991231-zzzzz"


STARTER = """
import sys
from pathlib import Path
from deskhand.store import Store
with Store(Path(sys.argv[1])) as store:
    for n in range(30):
        print(store.start_run(source="x", plan="", plan_digest="", now="", zone="").id)
"""


def test_ids_are_unique_among_processes_that_begin_a_workspace_at_once(tmp_path: Path) -> None:
    starters = [
        subprocess.Popen([sys.executable, "-c", STARTER, str(tmp_path)], stdout=subprocess.PIPE) for _ in range(4)
    ]
    ids = [line for starter in starters for line in starter.communicate(timeout=60)[0].split()]
    assert [starter.returncode for starter in starters] == [0] * 4
    assert len(ids) == len(set(ids)) == 120
    with Store(tmp_path) as store:
        assert len(store.runs()) == 120
        assert AuditLog(store).verify_chain() is None


def test_a_child_run_is_recorded_once(store: Store, start: Start) -> None:
    parent = start()
    child = start(parent=parent.id, parent_path="steps/2/0")
    assert start(parent=parent.id, parent_path="steps/2/0") == child
    assert start(parent=parent.id, parent_path="steps/2/1") != child
    assert store.runs() == [parent]
    assert len(store.runs(parent=parent.id)) == 2
    with pytest.raises(ValueError, match="both a parent"):
        start(parent=parent.id)


def test_a_cancelled_parent_cancels_its_children(store: Store, start: Start) -> None:
    parent = start()
    child = start(parent=parent.id, parent_path="a")
    grandchild = start(parent=child.id, parent_path="b")
    other = start()
    store.request_cancel(parent.id)
    flags = [store.cancel_requested(run.id) for run in (parent, child, grandchild, other)]
    assert flags == [True, True, True, False]
    assert not store.cancel_requested("unknown")


@pytest.mark.parametrize("status", END_STATUSES)
def test_what_may_follow_on_an_end(store: Store, status: Any, start: Start) -> None:
    run = start(process_digest="p1")
    store.end_run(run.id, status, reason="because", question="what?")
    if status in ("waiting", "in_doubt", "failed", "done_with_exceptions"):
        again = store.reopen_run(run.id)
        assert (again.status, again.reason, again.question, again.ended) == ("running", None, None, None)
        assert store.end_run(run.id, "done").status == "done"
    else:
        with pytest.raises(RefusedError, match=f"is {status}, so there is nothing to go on with"):
            store.reopen_run(run.id)
        with pytest.raises(RefusedError, match=f"is {status} already"):
            store.end_run(run.id, "failed")
        with pytest.raises(RefusedError, match=f"is {status} already"):
            store.request_cancel(run.id)
        assert store.run(run.id).reason == "because"


def test_going_on_clears_the_cancel_flag(store: Store, start: Start) -> None:
    run = start()
    store.end_run(run.id, "waiting")
    store.request_cancel(run.id)
    assert store.run(run.id).cancel
    assert not store.reopen_run(run.id).cancel


def test_the_same_process_unfinished(store: Store, start: Start) -> None:
    runs = [start(process_digest="p1") for _ in range(4)]
    start(process_digest="p2")
    store.end_run(runs[0].id, "done")
    store.end_run(runs[1].id, "failed")
    store.end_run(runs[2].id, "refused")
    assert [run.id for run in store.unfinished_runs("p1")] == [runs[3].id, runs[1].id]


def test_runs_by_status_and_process(store: Store, start: Start) -> None:
    runs = [start(process=name) for name in ("a", "b", "a")]
    store.end_run(runs[0].id, "done")
    assert [run.id for run in store.runs(process="a")] == [runs[2].id, runs[0].id]
    assert [run.id for run in store.runs(status=["done"])] == [runs[0].id]
    assert store.runs(status=["asked", "refused"]) == []


def test_an_unknown_run_names_the_nearest(store: Store, start: Start) -> None:
    with pytest.raises(UsageError, match="nothing has been run here yet"):
        store.run("x")
    run = start()
    start()
    with pytest.raises(UsageError, match=f"there is no run '{run.id[-5:]}'.*\n  the nearest are {run.id}"):
        store.end_run(run.id[-5:], "done")


def test_unknown_ends_are_refused(store: Store, start: Start) -> None:
    with pytest.raises(ValueError, match="'finished' is no end"):
        store.end_run(start().id, "finished")  # type: ignore[arg-type]
