"""Runs: started, gone on with, cancelled, approved; and what is told of them.

A run belongs to one process of the operating system at a time (its run lock), and one process of the workspace
is run by one of them at a time: a second `agent run` of it is refused, and so is starting anew what an earlier
run of the same plan and inputs has left half done. Everything that a run was started with is frozen in the
store, so that going on with it needs nothing else.

This module refuses to print and to ask.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, cast

from deskhand.audit import AuditLog
from deskhand.contract import Json
from deskhand.engine import Cancelled, DbosEngine, Displaced, NotFinal
from deskhand.errors import DataError, DeskhandError, ProblemsError, RefusedError, UnavailableError
from deskhand.executor import DeniedError, Executor, Progress, Services
from deskhand.faults import fault
from deskhand.frame import StepData
from deskhand.ledger import EffectState, Ledger
from deskhand.plan import Call, ForEach, Plan, static_path, walk
from deskhand.plan_print import print_plan
from deskhand.plan_yaml import parse
from deskhand.process import Processes, load_processes
from deskhand.ready import Request, make_ready
from deskhand.store import RESUMABLE, Approval, Run, Store, Trace, rows_digest
from deskhand.values import columns_from_json

if TYPE_CHECKING:
    from deskhand.catalog import Catalog
    from deskhand.engine import Steps
    from deskhand.plan_yaml import Parsed
    from deskhand.store import RunStatus
    from deskhand.workspace import Workspace

EXIT_CODES: Mapping[str, int] = {
    "done": 0,
    "failed": 1,
    "cancelled": 1,
    "running": 1,
    "refused": 2,
    "asked": 2,
    "waiting": 3,
    "done_with_exceptions": 4,
    "in_doubt": 5,
}


class TurnedDown(DeskhandError):
    """A sentence that became no plan: a question (`asked`) or a reason (`refused`). Nothing has happened."""

    exit_code = 2

    def __init__(
        self,
        status: Literal["asked", "refused"],
        sentence: str,
        now: dt.datetime,
        *,
        question: str | None = None,
        reason: str | None = None,
        planning: Mapping[str, Json] | None = None,
    ) -> None:
        super().__init__(question or reason or "")
        self.status = status
        self.sentence = sentence
        self.now = now
        self.question = question
        self.reason = reason
        self.planning = planning or {}

    def to_json(self) -> dict[str, Json]:
        """The same object as a run's head, of a run that wasn't recorded."""
        head: dict[str, Json] = {"status": self.status, "run_id": None, "plan": None, "answer": None, "effects": []}
        return head | ({"question": self.question} if self.question is not None else {"reason": self.reason})


@dataclass(frozen=True)
class Head:
    """How a run stands; what `--json` prints. `problems` are those of a plan that failed its check."""

    run: Run
    effects: tuple[dict[str, Json], ...]
    problems: tuple[Json, ...] = ()

    @property
    def exit_code(self) -> int:
        """The command's exit code for this status."""
        return EXIT_CODES[self.run.status]

    def to_json(self) -> dict[str, Json]:
        """DESIGN's object: status, run_id, plan, answer, effects, and question, reason or problems."""
        head: dict[str, Json] = {
            "status": self.run.status,
            "run_id": self.run.id,
            "plan": self.run.plan or None,
            "answer": self.run.answer,
            "effects": list(self.effects),
        }
        if self.run.question is not None:
            head["question"] = self.run.question
        if self.run.reason is not None:
            head["reason"] = self.run.reason
        if self.problems:
            head["problems"] = list(self.problems)
        return head


class Runner:
    """Runs of one workspace; a context manager. progress: told of every step while a run is at work."""

    def __init__(self, workspace: Workspace, *, progress: Callable[[Progress], None] = lambda _: None) -> None:
        self.workspace = workspace
        self.store = Store(workspace.root, secrets=workspace.secrets())
        self.ledger = Ledger(self.store)
        self.audit = AuditLog(self.store)
        self._progress = progress
        self._engine = DbosEngine(self.store.folder / "engine.db", cancelled=self.store.cancel_requested)

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @cached_property
    def processes(self) -> Processes:
        """The workspace's processes, read once."""
        return load_processes(self.workspace)

    def close(self) -> None:
        """Let go of the engine and the store; safe to call twice."""
        self._engine.close()
        self.store.close()

    # ------------------------------------------------------------ starting and going on

    def start(self, request: Request, *, started: Callable[[str], None] = lambda _: None) -> Head:
        """Check and run it to its end. started: told the run's id as soon as there is one.

        A plan that fails its check, or a wrong input, is a run that was refused. Raises RefusedError where the
        same is at work or was left half done.
        """
        name = request.plan.process or request.name
        text = print_plan(request.plan)
        # a process whose plan has been edited meanwhile is the same process: its mails would go out twice
        what = name if request.plan.process else text
        digest = _digest(name, what, json.dumps(dict(request.inputs), sort_keys=True))
        with self.store.process_lock(name):
            self._nothing_half_done(digest, name)
            run = self.store.start_run(
                source=request.source,
                plan=text,
                plan_digest=_digest(text),
                now=request.now.isoformat(),
                zone=self.workspace.zone.key,
                inputs=dict(request.inputs),
                process=name,
                process_digest=digest,
                sentence=request.sentence,
            )
            started(run.id)
            with self.store.run_lock(run.id):
                return self._drive(run, request.plan, request)

    def resume(self, run_id: str) -> Head:
        """Go on with a run that was interrupted, waits, failed or is in doubt.

        Raises UsageError for an unknown run, RefusedError for one that is over or at work elsewhere.
        """
        run = self.store.run(run_id)
        if run.parent is not None:
            raise RefusedError(f"run {run_id} was called by run {run.parent}", mend=f"agent runs resume {run.parent}")
        if run.status == "done_with_exceptions":
            raise RefusedError(f"run {run_id} is done; its exceptions wait for you", mend="agent exceptions")
        with self.store.process_lock(run.process or run.source), self.store.run_lock(run_id):
            run = self.store.reopen_run(run_id)
            return self._drive(run, _frozen(run))

    def cancel(self, run_id: str) -> Head:
        """Cancel a run: one at work stops before its next batch, any other is over at once."""
        run = self.store.request_cancel(run_id)
        if self.store.run_holder(run_id) is None:
            run = self.store.end_run(run_id, "cancelled", reason="cancelled by a person")
        return self.head(run)

    def _nothing_half_done(self, digest: str, name: str) -> None:
        for earlier in self.store.unfinished_runs(digest):
            status = "was interrupted" if earlier.status == "running" else f"is {earlier.status.replace('_', ' ')}"
            if earlier.status == "failed" and not self._changed(earlier.id):
                continue
            if earlier.status == "running" and not self._changed(earlier.id):
                self.store.end_run(earlier.id, "cancelled", reason="interrupted before it had changed anything")
                continue
            on = "approve" if earlier.status == "waiting" else "runs resume"
            raise RefusedError(
                f"run {earlier.id} of {name} with the same inputs {status}",
                mend=f"Go on with it: agent {on} {earlier.id}   or give it up: agent runs cancel {earlier.id}",
            )

    # ------------------------------------------------------------ one run

    def _drive(self, run: Run, plan: Plan, request: Request | None = None) -> Head:
        """Run it in this process, from wherever it is, and write down how it ends."""
        from deskhand.catalog import Catalog

        problems: tuple[Json, ...] = ()
        digest = ""
        try:
            with Catalog.open(self.workspace, dt.datetime.fromisoformat(run.now)) as catalog:
                executor = self._executor(run, plan, catalog, request.parsed if request else None)
                ended = self._settle(run.id, lambda: self._engine.execute(run.id, executor.walk))
                digest = catalog.digest()
        except Displaced:
            raise
        except DeskhandError as error:
            # A run that goes on may find its tables changed: what it has done by then makes it failed, not refused.
            if isinstance(error, ProblemsError):
                problems = tuple(dict[str, Json](p.to_json()) for p in error.problems)
            ended = self._fail(run.id, error)
        fault("after-end")
        self._trace(ended, digest, request)
        return self.head(ended, problems)

    def _executor(self, run: Run, plan: Plan, catalog: Catalog, parsed: Parsed | None = None) -> Executor:
        texts = {name: str(text) for name, text in run.inputs.items()}
        context, checked = make_ready(plan, texts, catalog, self.processes, parsed)
        services = Services(self.store, self.ledger, self.audit, self._called, self._progress)
        return Executor(run.id, context, checked, services)

    def _settle(self, run_id: str, work: Callable[[], Json]) -> Run:
        """Do the work and write the run's end, whatever it is. Only what nobody foresaw is raised."""
        try:
            return self._finish(run_id, work())
        except Displaced:
            raise
        except DeskhandError as error:
            return self._fail(run_id, error)
        except Exception as error:
            self.store.end_run(run_id, "failed", reason=f"unexpected: {type(error).__name__}: {error}")
            raise

    def _finish(self, run_id: str, result: Json) -> Run:
        """The end of a run whose walk came back: with an answer, or with what it waits for."""
        assert isinstance(result, dict)
        if result.get("status") is None:
            return self.store.end_run(run_id, self._end(run_id), answer=result.get("answer"))
        question, reason = result.get("question"), result.get("reason")
        return self.store.end_run(
            run_id,
            "waiting" if result["status"] == "waiting" else "in_doubt",
            question=None if question is None else str(question),
            reason=None if reason is None else str(reason),
        )

    def _fail(self, run_id: str, error: DeskhandError) -> Run:
        """The end of a run that an error stopped: refused where nothing had changed, else failed."""
        if isinstance(error, Cancelled | DeniedError):
            return self.store.end_run(run_id, "cancelled", reason=error.message)
        refused = isinstance(error, RefusedError) and not self._changed(run_id)
        return self.store.end_run(run_id, "refused" if refused else "failed", reason=str(error))

    def _end(self, run_id: str) -> Literal["done", "done_with_exceptions"]:
        family = self.family(run_id)
        exceptions = any(e.state != "retried" for one in family for e in self.store.exceptions(one, state=None))
        return "done_with_exceptions" if exceptions else "done"

    def family(self, run_id: str) -> list[str]:
        """The run and all that it called."""
        return [run_id, *(one for child in self.store.runs(parent=run_id) for one in self.family(child.id))]

    def _changed(self, run_id: str) -> bool:
        """Whether anything was, or may have been, changed by the run."""
        states = (EffectState.ATTEMPTED, EffectState.CONFIRMED, EffectState.IN_DOUBT)
        return any(self.ledger.counts(one)[state] for one in self.family(run_id) for state in states)

    # ------------------------------------------------------------ called processes

    def _called(self, parent: Executor, step: Call, path: str, inputs: Mapping[str, str], steps: Steps) -> Json:
        """A called process, run as a run of its own, the same one when the parent is resumed; how it ended.

        Raises what must stop the whole run.
        """
        plan = parent.context.processes[step.process]
        text = print_plan(plan)
        run = self.store.start_run(
            source=step.process,
            plan=text,
            plan_digest=_digest(text),
            now=parent.context.now.isoformat(),
            zone=self.workspace.zone.key,
            inputs=dict(inputs),
            process=step.process,
            parent=parent.run,
            parent_path=path,
        )
        if run.status not in RESUMABLE:  # its end was written, and the parent's process died before it knew
            return _end_json(run)
        if run.status != "running":
            run = self.store.reopen_run(run.id)
        try:
            executor = self._executor(run, _frozen(run), parent.context.catalog)
            ended = self._finish(run.id, executor.walk(steps))
        except NotFinal as waits:
            ended = self._finish(run.id, waits.result)
        except Displaced:
            raise
        except (Cancelled, UnavailableError, DataError) as error:
            self._fail(run.id, error)
            raise
        except DeskhandError as error:
            ended = self._fail(run.id, error)
        fault("after-call")
        return _end_json(ended)

    # ------------------------------------------------------------ telling

    def turn_down(self, turned: TurnedDown, *, source: str) -> Head:
        """Record a request that became no plan; the planner learns from these too."""
        run = self.store.start_run(
            source=source,
            plan="",
            plan_digest=_digest(""),
            now=turned.now.isoformat(),
            zone=self.workspace.zone.key,
            sentence=turned.sentence,
        )
        ended = self.store.end_run(run.id, turned.status, reason=turned.reason, question=turned.question)
        self._trace(ended, "", turned)
        return self.head(ended)

    def heads(self, *, limit: int | None = None, status: str | None = None) -> list[Head]:
        """How the latest runs stand, newest first; called runs stand under those that called them."""
        wanted = None if status is None else (cast("RunStatus", status),)
        return [self.head(run) for run in self.store.runs(limit=limit, status=wanted)]

    def approval_data(self, approval: Approval) -> StepData | None:
        """The rows that an approval is about, as they were kept; None where it is about none."""
        plan = _frozen(self.store.run(approval.run))
        path = approval.path.removesuffix("#policy")
        step = next((item.step for item in walk(plan) if item.path == static_path(path)), None)
        rows = step.for_each if isinstance(step, ForEach) else getattr(step, "rows", None)
        if rows is None:
            return None
        parent = path.rpartition("/")[0]
        for place in (f"{parent}/{rows}" if parent else rows, rows):
            kept = self.store.load_rows(approval.run, place)
            if kept is not None and rows_digest(kept[0]) == approval.digest:
                return StepData(columns_from_json(kept[1]), kept[0])
        return None

    def head(self, run: Run | str, problems: tuple[Json, ...] = ()) -> Head:
        """How a run stands, with the effects of the runs that it called."""
        run = self.store.run(run) if isinstance(run, str) else run
        effects: list[dict[str, Json]] = [
            {"step": entry.step, "operation": entry.operation, "key": entry.key, "state": str(entry.state)}
            for one in self.family(run.id)
            for entry in self.ledger.of_run(one)
        ]
        return Head(run, tuple(effects), problems)

    def _trace(self, run: Run, catalog_digest: str, asked: Request | TurnedDown | None) -> None:
        """asked: None for a run that goes on, whose first trace says how it was planned."""
        earlier = self._earlier_trace(run.id) if asked is None else None
        corrections = asked.corrections if isinstance(asked, Request) else earlier.corrections if earlier else ()
        planning = asked.planning if asked is not None else earlier.planning if earlier else {}
        counts = {str(state): n for state, n in self.ledger.counts(run.id).items() if n}
        self.store.write_trace(
            Trace(
                run=run.id,
                source=run.source,
                sentence=run.sentence,
                plan=run.plan,
                catalog_digest=catalog_digest,
                status=run.status,
                effects=counts,
                corrections=corrections,
                planning=planning,
                reason=run.reason,
                question=run.question,
            )
        )

    def _earlier_trace(self, run_id: str) -> Trace | None:
        try:
            return self.store.trace(run_id)
        except DataError:  # a damaged one is written anew
            return None


def _frozen(run: Run) -> Plan:
    """The plan as it was when the run began."""
    parsed = parse(run.plan)
    if parsed.plan is None:
        raise ProblemsError(parsed.problems, what=f"the plan of run {run.id}")
    return parsed.plan


def _end_json(run: Run) -> Json:
    """A called run's end, as its parent keeps it."""
    return {"status": run.status, "reason": run.reason, "question": run.question}


def _digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()
