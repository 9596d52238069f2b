"""The engine on DBOS, over a SQLite file.

How it sits on DBOS, and why not otherwise (all measured on 3.4):

- Every call of `execute` is one *attempt*: a fresh workflow `<run>#<attempt>`, which first reads the steps that
  earlier attempts of the run have recorded, by path. DBOS's own recovery was tried and dropped: it puts a dead
  run's workflow, and each of its unfinished children beside it, on a queue which every process on the same
  database serves, so that a stranger may pick up a run whose body it hasn't got, and the children of a loop
  start all at once. `fork_workflow` and `rewind_workflow` cut by step *number*, which a loop over other rows
  shifts, go through the same queue and can't cut inside children. An attempt needs none of it, starts at once,
  and serves failed, waiting and killed runs alike.
- The executor id is the attempt's, so launching finds nothing of anybody's to recover. A new attempt cancels the
  run's older ones: if such a process still lives (the caller's run lock should prevent it), it can't record
  another step and stops with `Displaced`.
- Our own exceptions never cross DBOS: it would record them as the step's outcome, with their texts. A step that
  fails leaves a mark that isn't final, and the exception continues on our side.

This module refuses to decide what is worth repeating, to keep rows (step results are small JSON), to import
dbos before a run is executed, and to let it write to the console.
"""

from __future__ import annotations

import json
import logging
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from deskhand.engine.interface import Cancelled, Displaced, NotFinal, Steps
from deskhand.errors import DeskhandError
from deskhand.faults import fault
from deskhand.store.database import store_error

if TYPE_CHECKING:
    import sqlalchemy

    from deskhand.contract import Json

INTERPRETER: Final = "1"
"""DBOS's application version: raise it only when steps recorded by older code can't be read any more. (Its
default hashes the sources, so that a changed comment would strand every waiting run.)"""


@dataclass
class _Known:
    """What earlier attempts of a run have finished, as JSON texts: steps by scope and path, children by name."""

    steps: dict[tuple[str, str], str] = field(default_factory=dict)
    children: dict[str, str] = field(default_factory=dict)


@dataclass
class _Scope:
    """A workflow about to run in this process: its body, and how it ended on our side of DBOS."""

    attempt: _Attempt
    name: str
    body: Callable[[Steps], Json]
    error: BaseException | None = None
    unfinished: NotFinal | None = None


_scopes: dict[str, _Scope] = {}
"""Bodies by workflow id: DBOS calls registered functions with JSON arguments, so the code waits here."""


def _run_scope(workflow_id: str) -> dict[str, str]:
    """The whole of both workflows. Whatever happens inside, DBOS sees an ordinary end."""
    scope = _scopes[workflow_id]
    try:
        return {"child": _text(scope.body(_DbosSteps(scope)), f"the end of {workflow_id}")}
    except NotFinal as ended:
        scope.unfinished = ended
        return {"unfinished": "NotFinal"}
    except Exception as error:
        scope.error = error
        return {"unfinished": type(error).__name__}


def _text(value: Json, what: str) -> str:
    """The value as JSON text, in ASCII: half a surrogate pair out of a broken mail must not stop a run.

    Raises TypeError or ValueError for what JSON can't hold (a Decimal, a date, NaN): it would come back as
    something else, or not at all.
    """
    try:
        return json.dumps(value, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{what} returned something that is no JSON: {error}") from None


def _value(text: str) -> Json:
    value: Json = json.loads(text)
    return value


@dataclass
class _Attempt:
    run_id: str
    id: str
    known: _Known
    cancelled: Callable[[str], bool]
    displaced: bool = False

    def workflow(self, scope: str) -> str:
        return self.id + scope

    def displace(self) -> Displaced:
        self.displaced = True
        return Displaced(
            f"run {self.run_id} has been taken over by another process",
            mend="nothing is lost: the other process goes on from the last recorded step",
        )


class _DbosSteps:
    """`Steps` inside a running DBOS workflow."""

    def __init__(self, scope: _Scope) -> None:
        self._scope = scope
        self._attempt = scope.attempt
        self._used: set[str] = set()

    def _claim(self, path: str) -> None:
        if path in self._used:
            raise ValueError(f"the plan path {path!r} is used twice in one scope of run {self._attempt.run_id}")
        self._used.add(path)

    def checkpoint(self) -> None:
        if self._attempt.cancelled(self._attempt.run_id):
            raise Cancelled(f"run {self._attempt.run_id} was cancelled")

    def step(self, path: str, fn: Callable[[], Json]) -> Json:
        from dbos import DBOS

        self._claim(path)
        known = self._attempt.known.steps
        if (self._scope.name, path) in known:
            return _value(known[self._scope.name, path])
        error: Exception | None = None

        def work() -> dict[str, str]:
            nonlocal error
            try:
                result = {"kept": _text(fn(), f"step {path}")}
            except Exception as raised:
                error = raised
                return {"unfinished": type(raised).__name__}
            fault("before-step")
            return result

        with _translated(self._attempt):
            result = DBOS.run_step({"name": path}, work)
        if error is not None:
            raise error
        fault("after-step")
        return _value(result["kept"])

    def children(
        self, path: str, count: int, body: Callable[[int, Steps], Json], *, concurrency: int = 1
    ) -> list[Json]:
        if concurrency < 1:
            raise ValueError(f"concurrency is a number from 1, not {concurrency}")
        self._claim(path)
        known = self._attempt.known.children
        results: list[Json] = [None] * count
        flying: deque[_Child] = deque()
        failure: BaseException | None = None
        for index in range(count):
            name = f"{self._scope.name}:{path}[{index}]"
            if name in known:
                results[index] = _value(known[name])
                continue
            child = _Child(self._attempt, name, index, body)
            try:
                if concurrency > 1 and len(flying) == concurrency:
                    first = flying.popleft()
                    results[first.index] = first.result()
                child.start(inline=concurrency == 1)
                if concurrency == 1:
                    results[index] = child.result()
                else:
                    flying.append(child)
            except Exception as error:
                failure = error
                break
        for child in flying:
            try:
                results[child.index] = child.result()
            except Exception as error:
                failure = failure or error
        if failure is not None:
            raise failure
        return results


class _Child:
    """One row of a loop, or one called process, as a child workflow."""

    def __init__(self, attempt: _Attempt, name: str, index: int, body: Callable[[int, Steps], Json]) -> None:
        self.index = index
        self._attempt = attempt
        self._scope = _Scope(attempt, name, lambda steps: body(index, steps))
        self._id = attempt.workflow(name)
        self._handle: Any = None
        self._output: dict[str, str] = {}

    def start(self, *, inline: bool) -> None:
        """Run the child to its end in this thread (`inline`), or begin it in another."""
        from dbos import DBOS, SetWorkflowID

        _scopes[self._id] = self._scope
        try:
            with _translated(self._attempt), SetWorkflowID(self._id):
                if inline:
                    self._output = _workflows()[1](self._id)
                else:
                    self._handle = DBOS.start_workflow(_workflows()[1], self._id)
        finally:
            if self._handle is None:
                del _scopes[self._id]

    def result(self) -> Json:
        if self._handle is not None:
            try:
                with _translated(self._attempt):
                    self._output = self._handle.get_result()
            finally:
                del _scopes[self._id]
        if self._scope.error is not None:
            raise self._scope.error
        if self._scope.unfinished is not None:
            if self._scope.unfinished.halt:
                raise self._scope.unfinished
            return self._scope.unfinished.result
        return _value(self._output["child"])


class DbosEngine:
    """`Engine` on DBOS over a SQLite file.

    database: the file (`.deskhand/engine.db`), made where missing; several processes may have it open.
    cancelled: asked by `checkpoint` whether a run's cancel flag is set.

    DBOS is one to a process: an engine on another file closes the one before it.
    """

    _active: DbosEngine | None = None

    def __init__(self, database: Path, *, cancelled: Callable[[str], bool] = lambda run_id: False) -> None:
        self._database = database.absolute()
        self._cancelled = cancelled
        self._sql: sqlalchemy.Engine | None = None

    def execute(self, run_id: str, body: Callable[[Steps], Json]) -> Json:
        from dbos import SetWorkflowID

        if "#" in run_id or not run_id:
            raise ValueError(f"{run_id!r} can't be a run id")
        token = f"{time.time_ns() // 1000:x}{secrets.token_hex(2)}"
        attempt = _Attempt(run_id, f"{run_id}#{token}", _Known(), self._cancelled)
        with _translated(attempt):
            self._launch(attempt)
            attempt.known = _remember(run_id)
        scope = _Scope(attempt, "", body)
        _scopes[attempt.id] = scope
        try:
            with _translated(attempt), SetWorkflowID(attempt.id):
                output = _workflows()[0](attempt.id)
        except DeskhandError:
            if scope.error is None:
                raise
        finally:
            del _scopes[attempt.id]
        if scope.error is not None:
            raise scope.error
        if attempt.displaced:
            raise attempt.displace()
        if scope.unfinished is not None:
            return scope.unfinished.result
        return _value(output["child"])

    def _launch(self, attempt: _Attempt) -> None:
        """Start DBOS for this process, once."""
        if DbosEngine._active is self:
            return
        if DbosEngine._active is not None:
            DbosEngine._active.close()
        _silence()
        from dbos import DBOS, DBOSPortableJSONSerializer

        self._database.parent.mkdir(parents=True, exist_ok=True)
        self._sql = _open(self._database)
        _workflows()
        DBOS(
            config={
                "name": "deskhand",
                "system_database_url": self._sql.url.render_as_string(),
                "system_database_engine": self._sql,
                "application_version": INTERPRETER,
                "executor_id": f"run-{attempt.id}",
                "serializer": DBOSPortableJSONSerializer(),
                # Why DBOS.destroy() takes a second: it waits for a thread that sleeps this long between looks
                # for messages (default 1.0). We send none. Measured: 560 ms to destroy before, 15 ms now.
                "notification_listener_polling_interval_sec": 0.02,
                "enable_otlp": False,
                "log_level": "CRITICAL",
            }
        )
        DbosEngine._active = self
        try:
            DBOS.launch()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        if DbosEngine._active is self:
            from dbos import DBOS

            DbosEngine._active = None
            DBOS.destroy()
        if self._sql is not None:
            self._sql.dispose()
            self._sql = None

    def __enter__(self) -> DbosEngine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _silence() -> None:
    """Keep DBOS from adding its console handler: what a person should know, our own errors say."""
    logger = logging.getLogger("dbos")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    logger.propagate = False


def _open(database: Path) -> sqlalchemy.Engine:
    """SQLAlchemy's engine over the file, set up as DBOS sets up its own, plus WAL and full durability."""
    import sqlalchemy as sa

    engine = sa.create_engine(sa.URL.create("sqlite", database=str(database)))

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, record: Any) -> None:
        connection.isolation_level = "IMMEDIATE"
        connection.execute("PRAGMA busy_timeout=30000")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA synchronous=FULL")

    with engine.connect() as connection:
        (mode,) = connection.exec_driver_sql("PRAGMA journal_mode").one()
        if mode != "wal":
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
    return engine


@lru_cache(maxsize=1)
def _workflows() -> tuple[Callable[[str], dict[str, str]], Callable[[str], dict[str, str]]]:
    """The two registered workflows, the plan's and a child's; DBOS keeps them for the process's life."""
    from dbos import DBOS

    @DBOS.workflow(name="run_plan", max_recovery_attempts=None)
    def run_plan(workflow_id: str) -> dict[str, str]:
        return _run_scope(workflow_id)

    @DBOS.workflow(name="run_child", max_recovery_attempts=None)
    def run_child(workflow_id: str) -> dict[str, str]:
        return _run_scope(workflow_id)

    return run_plan, run_child


def _remember(run_id: str) -> _Known:
    """What earlier attempts of the run have finished; those that didn't end are cancelled."""
    from dbos import DBOS

    known = _Known()
    prefix = f"{run_id}#"
    workflows = DBOS.list_workflows(workflow_id_prefix=prefix, load_input=False)
    if stale := [w.workflow_id for w in workflows if w.status == "PENDING"]:
        # First close the door, then look what is inside: a driver that still lives could record more meanwhile.
        DBOS.cancel_workflows(stale)
        workflows = DBOS.list_workflows(workflow_id_prefix=prefix, load_input=False)
    for workflow in workflows:
        _, colon, rest = workflow.workflow_id.removeprefix(prefix).partition(":")
        name = colon + rest
        output = workflow.output if isinstance(workflow.output, dict) else {}
        if name and "child" in output:
            known.children[name] = output["child"]
            continue
        for step in DBOS.list_workflow_steps(workflow.workflow_id):
            if isinstance(step["output"], dict) and "kept" in step["output"]:
                known.steps[name, step["function_name"]] = step["output"]["kept"]
    return known


@contextmanager
def _translated(attempt: _Attempt) -> Iterator[None]:
    """DBOS's and SQLAlchemy's errors in our words. What bodies raise never gets here."""
    import sqlalchemy.exc
    from dbos import error as dbos_error

    try:
        yield
    except (
        dbos_error.DBOSWorkflowCancelledError,
        dbos_error.DBOSAwaitedWorkflowCancelledError,
        dbos_error.DBOSWorkflowConflictIDError,
    ):
        raise attempt.displace() from None
    except sqlalchemy.exc.DBAPIError as error:
        raise store_error(error.orig or error, "engine.db") from error
