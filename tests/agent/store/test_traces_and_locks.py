"""Traces are redacted; locks are held by the living only."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from deskhand.errors import DataError
from deskhand.store import HeldError, Run, Store, Trace

Start = Callable[..., Run]


def test_a_trace_comes_back_redacted(tmp_path: Path) -> None:
    with Store(tmp_path, secrets=["s3cr3t-value"]) as store:
        trace = Trace(
            run="20261121-00001",
            source="sentence",
            sentence="mail jo@acme.example and kim@acme.example that s3cr3t-value is out",
            plan='steps:\n  - email.send: {to: "kim@acme.example", cc: "jo@acme.example"}\n',
            catalog_digest="c",
            status="done",
            effects={"confirmed": 2},
            corrections=['to: "jo@acme.example"'],
        )
        file = store.write_trace(trace)
        assert file == tmp_path / ".deskhand" / "traces" / "20261121-00001.json"
        assert not {b"acme.example", b"s3cr3t"} & set(file.read_bytes().split(b'"'))
        assert b"acme" not in file.read_bytes()
        back = store.trace(trace.run)
        assert back is not None
        assert back.sentence == "mail <email 1> and <email 2> that <secret> is out"
        assert 'to: "<email 2>", cc: "<email 1>"' in back.plan, "the same person keeps one name"
        assert (back.effects, back.corrections) == ({"confirmed": 2}, ('to: "<email 1>"',))
        assert list(store.traces()) == [back]
        assert store.trace("nope") is None


def test_a_damaged_trace_is_named(store: Store) -> None:
    file = store.write_trace(Trace("r1", "s", None, "", "", "done"))
    for text in ("{", "[]", '{"version": 9}', '{"version": 1, "run": "r1"}'):
        file.write_text(text)
        with pytest.raises(DataError, match=r"traces/r1\.json can't be read"):
            list(store.traces())


HOLDER = """
import sys, time
from pathlib import Path
from deskhand.store import Store
with Store(Path(sys.argv[1])) as store, store.process_lock("overdue"), store.run_lock("r1"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_lock_is_held_by_the_living_only(store: Store, tmp_path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    said = f"process overdue is being worked on by process {holder.pid}"
    with pytest.raises(HeldError, match=said) as caught, store.process_lock("overdue"):
        raise AssertionError("held twice")
    assert caught.value.holder is not None
    assert caught.value.holder.pid == holder.pid
    assert caught.value.exit_code == 2
    found = store.run_holder("r1")
    assert found is not None
    assert found.pid == holder.pid
    assert store.run_holder("r2") is None
    holder.kill()
    holder.communicate()
    assert store.run_holder("r1") is None
    assert store.process_holder("overdue") is None
    with store.process_lock("overdue"):
        own = store.process_holder("overdue")
        assert own is not None
        assert own.pid == os.getpid()
    assert store.process_holder("overdue") is None


def test_a_second_run_may_wait(store: Store, tmp_path: Path) -> None:
    waiter = HOLDER.replace("60", "0.3")
    holder = subprocess.Popen([sys.executable, "-c", waiter, str(tmp_path)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    with store.process_lock("overdue", wait=20):
        pass
    holder.communicate()


def test_a_lock_is_let_go_when_the_work_fails(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.run_lock("r1"):
        raise ZeroDivisionError
    with store.run_lock("r1"):
        pass


def test_names_of_processes_may_hold_anything(store: Store) -> None:
    with store.process_lock("a/../b ü"), store.process_lock("a/../b u"), store.run_lock("a/../b ü"):
        assert store.process_holder("a/../b ü") is not None
