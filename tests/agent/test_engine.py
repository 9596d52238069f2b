"""The engine: finished steps are never run again, whatever ended the run."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from deskhand.engine import Cancelled, DbosEngine, Displaced, NotFinal, Steps
from deskhand.errors import BusinessError, DataError, UnavailableError

RUN = "20261121-7f3k2"


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DbosEngine]:
    with DbosEngine(tmp_path / ".deskhand" / "engine.db") as engine:
        yield engine


class Calls(list[str]):
    """Steps that note that they ran."""

    def __call__(self, path: str, result: Any = None) -> Callable[[], Any]:
        def fn() -> Any:
            self.append(path)
            return result

        return fn


@pytest.fixture
def calls() -> Calls:
    return Calls()


# ---------------------------------------------------------------- steps


def test_a_finished_step_returns_what_it_returned(engine: DbosEngine, calls: Calls) -> None:
    value: Any = {"text": "Grüße \U0001f600 \udce9", "list": [1, None, True, 0.5], "": {}}

    def body(steps: Steps) -> Any:
        return [steps.step("steps/0", calls("steps/0", value)), steps.step("steps/1", calls("steps/1"))]

    assert engine.execute(RUN, body) == [value, None]
    assert engine.execute(RUN, body) == [value, None]
    assert calls == ["steps/0", "steps/1"]


def test_runs_share_nothing(engine: DbosEngine, calls: Calls) -> None:
    for run in ("20261121-00001", "20261121-00002", "20261121-0000"):
        engine.execute(run, lambda steps: steps.step("a", calls("a")))
    assert calls == ["a", "a", "a"]


def test_a_failed_step_and_those_after_it_run_again(engine: DbosEngine, calls: Calls) -> None:
    healthy = False

    def flaky() -> Any:
        calls.append("flaky")
        if not healthy:
            raise BusinessError("jo@acme.example isn't there")
        return 1

    def body(steps: Steps) -> Any:
        steps.step("a", calls("a"))
        try:
            steps.step("flaky", flaky)
        except BusinessError as error:
            return {"status": "failed", "reason": error.message}
        steps.step("b", calls("b"))
        return {"status": "done"}

    assert engine.execute(RUN, body) == {"status": "failed", "reason": "jo@acme.example isn't there"}
    healthy = True
    assert engine.execute(RUN, body) == {"status": "done"}
    assert calls == ["a", "flaky", "flaky", "b"]


def test_what_failed_leaves_no_text_of_the_error_behind(engine: DbosEngine, tmp_path: Path) -> None:
    def fails() -> Any:
        raise BusinessError("jo@acme.example has no account")

    with pytest.raises(BusinessError):
        engine.execute(RUN, lambda steps: steps.step("a", fails))
    engine.close()
    assert b"jo@acme.example" not in (tmp_path / ".deskhand" / "engine.db").read_bytes()


def test_a_wait_is_gone_on_from(engine: DbosEngine, calls: Calls) -> None:
    answer: str | None = None

    def approve() -> Any:
        calls.append("approve")
        if answer is None:
            raise NotFinal({"status": "waiting"})
        return answer

    def body(steps: Steps) -> Any:
        steps.step("a", calls("a"))
        return {"status": "done", "answer": steps.step("approve", approve), "b": steps.step("b", calls("b", 2))}

    assert engine.execute(RUN, body) == {"status": "waiting"}
    assert engine.execute(RUN, body) == {"status": "waiting"}
    answer = "yes"
    assert engine.execute(RUN, body) == {"status": "done", "answer": "yes", "b": 2}
    assert calls == ["a", "approve", "approve", "approve", "b"]


def test_an_exception_comes_out_as_it_was(engine: DbosEngine) -> None:
    error = BusinessError("no", mend="yes")

    def fails() -> Any:
        raise error

    for body in (lambda steps: steps.step("a", fails), lambda steps: fails()):
        with pytest.raises(BusinessError) as caught:
            engine.execute(RUN, body)
        assert caught.value is error


def test_keys_pressed_by_a_person_end_it_too(engine: DbosEngine, calls: Calls) -> None:
    interrupted = False

    def interrupt() -> Any:
        if not interrupted:
            raise KeyboardInterrupt
        return "went on"

    def body(steps: Steps) -> Any:
        steps.step("a", calls("a"))
        return steps.step("b", interrupt)

    with pytest.raises(KeyboardInterrupt):
        engine.execute(RUN, body)
    interrupted = True
    assert engine.execute(RUN, body) == "went on"
    assert calls == ["a"]


@pytest.mark.parametrize("value", [Decimal("1.00"), object(), float("nan"), {"a": {1}}])
def test_a_result_that_would_come_back_otherwise_is_refused(engine: DbosEngine, value: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="step a returned something that is no JSON"):
        engine.execute(RUN, lambda steps: steps.step("a", lambda: value))


def test_a_result_is_the_same_the_first_time(engine: DbosEngine) -> None:
    def body(steps: Steps) -> Any:
        return steps.step("a", lambda: {"pair": (1, 2)})  # type: ignore[dict-item]

    assert engine.execute(RUN, body) == engine.execute(RUN, body) == {"pair": [1, 2]}


def test_a_path_used_twice_is_refused(engine: DbosEngine) -> None:
    def body(steps: Steps) -> Any:
        steps.step("a", lambda: 1)
        return steps.children("a", 1, lambda i, inside: 2)

    with pytest.raises(ValueError, match="'a' is used twice"):
        engine.execute(RUN, body)


@pytest.mark.parametrize("run", ["", "a#b"])
def test_what_cannot_be_a_run_id(engine: DbosEngine, run: str) -> None:
    with pytest.raises(ValueError, match="can't be a run id"):
        engine.execute(run, lambda steps: None)


def test_paths_may_hold_anything(engine: DbosEngine) -> None:
    paths = ["DBOS.getResult", "run_child", "a:b[0]", "a'\"%_#", "ü" * 300, " "]

    def body(steps: Steps) -> Any:
        return [steps.step(path, lambda path=path: path) for path in paths]  # type: ignore[misc]

    assert engine.execute(RUN, body) == engine.execute(RUN, body) == paths


# ---------------------------------------------------------------- children


@pytest.mark.parametrize("concurrency", [1, 3])
def test_children_are_run_once_each(engine: DbosEngine, calls: Calls, concurrency: int) -> None:
    def row(i: int, steps: Steps) -> Any:
        return steps.step("x", calls(f"x{i}", i)), steps.children("in", 2, lambda j, s: s.step("z", calls(f"z{i}{j}")))

    def body(steps: Steps) -> Any:
        return steps.children("loop", 4, row, concurrency=concurrency)

    first = engine.execute(RUN, body)
    assert first == [[i, [None, None]] for i in range(4)]
    assert len(calls) == 12
    assert engine.execute(RUN, body) == first
    assert len(calls) == 12


def test_children_really_run_at_once(engine: DbosEngine) -> None:
    meeting = threading.Barrier(3, timeout=20)

    def row(i: int, steps: Steps) -> Any:
        return steps.step("x", lambda: bool(meeting.wait() >= 0))

    assert engine.execute(RUN, lambda steps: steps.children("loop", 3, row, concurrency=3)) == [True] * 3


@pytest.mark.parametrize("concurrency", [1, 2])
def test_a_failing_child_keeps_its_finished_steps(engine: DbosEngine, calls: Calls, concurrency: int) -> None:
    healthy = False

    def fails(i: int) -> Any:
        if i == 1 and not healthy:
            raise UnavailableError("the server is down")
        return i

    def row(i: int, steps: Steps) -> Any:
        steps.step("x", calls(f"x{i}"))
        return steps.step("y", lambda: fails(i))

    def body(steps: Steps) -> Any:
        return steps.children("loop", 3, row, concurrency=concurrency)

    with pytest.raises(UnavailableError, match="the server is down"):
        engine.execute(RUN, body)
    healthy = True
    assert engine.execute(RUN, body) == [0, 1, 2]
    assert sorted(calls) == ["x0", "x1", "x2"]


def test_a_waiting_child_leaves_its_siblings_alone_unless_it_halts(engine: DbosEngine, calls: Calls) -> None:
    waiting = True

    def row(halt: bool) -> Callable[[int, Steps], Any]:
        def body(i: int, steps: Steps) -> Any:
            steps.step("x", calls(f"x{i}"))
            if i == 1 and waiting:
                raise NotFinal({"status": "waiting", "row": i}, halt=halt)
            return i

        return body

    waits = {"status": "waiting", "row": 1}
    assert engine.execute("going-on", lambda steps: steps.children("loop", 3, row(False))) == [0, waits, 2]
    assert engine.execute("halting", lambda steps: steps.children("loop", 3, row(True))) == waits
    assert calls == ["x0", "x1", "x2", "x0", "x1"]
    waiting = False
    assert engine.execute("going-on", lambda steps: steps.children("loop", 3, row(False))) == [0, 1, 2]
    assert engine.execute("halting", lambda steps: steps.children("loop", 3, row(True))) == [0, 1, 2]
    assert calls == ["x0", "x1", "x2", "x0", "x1", "x2"]


def test_no_children_and_no_such_concurrency(engine: DbosEngine) -> None:
    assert engine.execute(RUN, lambda steps: steps.children("loop", 0, lambda i, s: i)) == []
    with pytest.raises(ValueError, match="concurrency"):
        engine.execute(RUN, lambda steps: steps.children("loop", 1, lambda i, s: i, concurrency=0))


# ---------------------------------------------------------------- cancelling, displacing, closing


def test_a_cancelled_run_stops_between_steps(tmp_path: Path, calls: Calls) -> None:
    flagged: set[str] = set()
    with DbosEngine(tmp_path / "engine.db", cancelled=flagged.__contains__) as engine:

        def body(steps: Steps) -> Any:
            steps.step("a", lambda: flagged.add(RUN))
            steps.checkpoint()
            return steps.step("b", calls("b"))

        with pytest.raises(Cancelled, match=f"run {RUN} was cancelled"):
            engine.execute(RUN, body)
        assert calls == []
        assert engine.execute("another", lambda steps: steps.checkpoint()) is None


def test_a_driver_that_was_taken_over_records_nothing_more(engine: DbosEngine, calls: Calls, tmp_path: Path) -> None:
    """As if the run lock had failed: a second process began the run while the first was still in a step."""

    def take_over() -> Any:
        other = sqlite3.connect(tmp_path / ".deskhand" / "engine.db")
        with other:
            other.execute("update workflow_status set status = 'CANCELLED' where status = 'PENDING'")
        other.close()
        return "mine"

    def body(steps: Steps) -> Any:
        first = steps.step("a", take_over)
        return [first, steps.step("b", calls("b"))]

    with pytest.raises(Displaced, match="taken over"):
        engine.execute(RUN, body)
    assert calls == []


def test_another_file_takes_over_the_process(tmp_path: Path, calls: Calls) -> None:
    with DbosEngine(tmp_path / "1" / "engine.db") as first, DbosEngine(tmp_path / "2" / "engine.db") as second:
        for engine in (first, second, first, second):
            engine.execute(RUN, lambda steps: steps.step("a", calls("a")))
    assert calls == ["a", "a"]


def test_closing_twice_and_opening_again(engine: DbosEngine, calls: Calls) -> None:
    engine.close()
    engine.execute(RUN, lambda steps: steps.step("a", calls("a")))
    engine.close()
    engine.close()
    engine.execute(RUN, lambda steps: steps.step("a", calls("a")))
    assert calls == ["a"]


def test_a_folder_with_an_odd_name(tmp_path: Path) -> None:
    with DbosEngine(tmp_path / "Büro #1 %20 ?x=y" / "engine.db") as engine:
        assert engine.execute(RUN, lambda steps: steps.step("a", lambda: 1)) == 1
    assert (tmp_path / "Büro #1 %20 ?x=y" / "engine.db").exists()


def test_the_file_is_a_journal_that_survives(engine: DbosEngine, tmp_path: Path) -> None:
    engine.execute(RUN, lambda steps: None)
    assert engine._sql is not None
    with engine._sql.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2


def test_a_damaged_file_is_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "engine.db").write_bytes(b"this is no database, whatever its name says" * 100)
    with DbosEngine(tmp_path / "engine.db") as engine, pytest.raises(DataError, match="damaged"):
        engine.execute(RUN, lambda steps: None)


QUIET = """
import sys
from pathlib import Path
from deskhand.engine import DbosEngine
assert not {"dbos", "sqlalchemy", "pydantic"} & set(sys.modules), "importing the engine is free"
with DbosEngine(Path(sys.argv[1])) as engine:
    engine.execute("r", lambda steps: steps.step("a", lambda: 1))
    engine.execute("r", lambda steps: steps.step("a", lambda: 1))
    try:
        engine.execute("r", lambda steps: 1 / 0)
    except ZeroDivisionError:
        pass
"""


def test_it_writes_nothing_to_the_console(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", QUIET, str(tmp_path / "engine.db")], capture_output=True, text=True
    )
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


FULL = """
import resource, sys
from pathlib import Path
from deskhand.engine import DbosEngine
from deskhand.errors import UnavailableError
with DbosEngine(Path(sys.argv[1])) as engine:
    engine.execute("r", lambda steps: steps.step("a", lambda: 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (Path(sys.argv[1]).stat().st_size, resource.RLIM_INFINITY))
    try:
        engine.execute("s", lambda steps: [steps.step(f"{n}", lambda: "x" * 100_000) for n in range(100)])
    except UnavailableError as error:
        print(error.message)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    print(engine.execute("s", lambda steps: [steps.step(f"{n}", lambda: n) for n in range(2)][1]))
    print(engine.execute("r", lambda steps: steps.step("a", lambda: 2)))
"""


def test_a_full_disk_is_said_and_got_over(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path / "engine.db")], capture_output=True, text=True, timeout=60
    )
    message, *rest = done.stdout.splitlines()
    assert "full" in message
    assert "engine.db" in message
    assert rest == ["1", "1"]
    assert done.stderr == ""
