"""The executor: walks a checked plan step by step, durably.

Queries are asked when the plan reaches them and their rows kept; acts go through the effect ledger; approvals
wait; calls and loops are child workflows. Whatever is finished isn't done again when the run goes on after a
crash, a failure or a wait.

It refuses to run a plan that wasn't checked, to decide what is worth resuming (`runs` does), and to talk to
anybody but through its progress callback.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deskhand import acts, policy
from deskhand.contract import Call as EffectCall
from deskhand.contract import Json, Operation, RowsUse, Value
from deskhand.effects import Effects, Tally
from deskhand.engine import NotFinal, Steps
from deskhand.errors import BusinessError, DeskhandError, ExpectationError, RefusedError
from deskhand.faults import fault
from deskhand.frame import Context, Frame, StepData
from deskhand.ledger import EffectState
from deskhand.outcome import call_inputs, done_rows, expectation
from deskhand.plan import Act, Approve, Call, ForEach, Query, Step, loop_acts, placed, static_path
from deskhand.store import rows_digest
from deskhand.template import render
from deskhand.values import answer, columns_from_json, columns_to_json, row_to_json, totals

if TYPE_CHECKING:
    from deskhand.audit import AuditLog
    from deskhand.check import Checked
    from deskhand.ledger import Ledger
    from deskhand.store import Store


class StoppedError(DeskhandError):
    """An exception in an act with `on_error: stop`, or an approval that was denied."""


class DeniedError(DeskhandError):
    """A person said no."""


@dataclass(frozen=True)
class Progress:
    """What a run tells whoever watches: the step it is at, and how many of its effects are through."""

    path: str
    kind: str
    done: int = 0
    total: int = 0
    note: str = ""


@dataclass(frozen=True)
class Services:
    """What executors of one run and of its child runs share."""

    store: Store
    ledger: Ledger
    audit: AuditLog
    call: Callable[[Executor, Call, str, Mapping[str, str], Steps], Json]
    progress: Callable[[Progress], None] = lambda _: None


@dataclass
class Executor:
    """One run of one plan. `checked` is the check of exactly this plan."""

    run: str
    context: Context
    checked: Checked
    services: Services
    answer: Json = field(default=None, init=False)

    def walk(self, steps: Steps) -> Json:
        """All steps of the plan. Returns `{"answer": …}`; raises DeskhandError and NotFinal."""
        frame = Frame(self.context)
        self._walk(self.context.plan.steps, frame, steps, "", "")
        fault("before-end")
        return {"answer": self.answer}

    def _walk(
        self, plan: Sequence[Step], frame: Frame, steps: Steps, static: str, path: str, loop: ForEach | None = None
    ) -> bool:
        """These steps; False where an exception ended them early (inside a for_each, `loop`)."""
        for item in placed(plan, static):
            steps.checkpoint()
            here = _Here(item.name, item.path, f"{path}/{item.name}" if path else item.name, frame, steps, loop)
            step = item.step
            if isinstance(step, Query):
                self._query(step, here, last=not path and step is plan[-1])
            elif isinstance(step, Approve):
                self._approve(step, here)
            elif isinstance(step, ForEach):
                self._for_each(step, here)
            elif not (self._call(step, here) if isinstance(step, Call) else self._act(step, here)):
                return False
        return True

    # ------------------------------------------------------------ queries

    def _query(self, step: Query, here: _Here, *, last: bool) -> None:
        def ask() -> Json:
            data, query = here.frame.query(step.query)
            fault("before-rows")
            digest = self.services.store.save_rows(self.run, here.path, data.arrow, columns_to_json(data.columns))
            fault("after-rows")
            sources: list[Json] = [f"{s.connection}.{s.table.name}" for s in query.sources]
            self.services.audit.append(
                self.run, "read", {"step": here.path, "sources": sources, "rows": data.count, "digest": digest}
            )
            return {"count": data.count}

        self.services.progress(Progress(here.path, "query"))
        result = here.steps.step(here.path, ask)
        count = result["count"] if isinstance(result, dict) else 0
        assert isinstance(count, int)
        here.frame.put(here.name, self._kept(here.path))
        if (said := expectation(step, count)) is not None:
            raise ExpectationError(f"step {here.name}: {said}", mend="Nothing further was run.")
        if last:
            self.answer = answer(here.frame.data(here.name).rows)

    def _kept(self, path: str) -> StepData:
        found = self.services.store.load_rows(self.run, path)
        if found is None:
            raise RefusedError(f"the rows of step {path} are gone", mend="Cancel the run and start a new one.")
        return StepData(columns_from_json(found[1]), found[0])

    # ------------------------------------------------------------ acts

    def _skipped(self, step: Act | Call, here: _Here) -> bool:
        condition = step.when if step.when is not None else step.unless
        if condition is None:
            return False
        text = condition
        holds = here.steps.step(f"{here.path}#when", lambda: here.frame.holds(text))
        return not holds if step.when is not None else bool(holds)

    def _act(self, step: Act, here: _Here) -> bool:
        found = self.checked.steps[here.static]
        assert found.operation is not None and found.params is not None and found.connection is not None
        done = self._done_name(step, here)
        if self._skipped(step, here):
            if done:
                here.frame.put(done, here.frame.data(str(step.rows)).take([]))
            self.services.progress(Progress(here.path, "skipped"))
            return True
        operation, connection, params = found.operation, found.connection, found.params
        self._ask_by_policy(step, operation, here)

        def work() -> Json:
            bound = here.frame.bind(step, operation, connection, params)
            rows = bound.data.rows if bound.data is not None else None
            made = self._within_policy(step, acts.calls(step, operation, params, rows, here.frame.scope()), here)
            effects = Effects(
                self.services.ledger,
                self.run,
                checkpoint=here.steps.checkpoint,
                progress=lambda path, n, total: self.services.progress(Progress(path, step.operation, n, total)),
            )
            try:
                tally = effects.carry_out(here.path, bound.operation, connection, made, stop=step.on_error == "stop")
            finally:
                self._look_again()
            self._exceptions(here, made, tally)
            if tally.in_doubt:
                reason = next(iter(tally.in_doubt.values()))
                raise NotFinal({"status": "in_doubt", "reason": f"step {here.name}: {reason}"})
            if tally.refused and step.on_error == "stop":
                raise StoppedError(f"step {here.name}: {next(iter(tally.refused.values()))}")
            return {"confirmed": len(tally.confirmed), "unchanged": len(tally.unchanged), "refused": len(tally.refused)}

        self.services.progress(Progress(here.path, step.operation))
        result = here.steps.step(here.path, work)
        if done:
            here.frame.put(done, lambda: self._done(step, here), here.frame.data(str(step.rows)).columns)
        return not (here.inside and isinstance(result, dict) and result["refused"])

    def _done_name(self, step: Act, here: _Here) -> str | None:
        return f"{here.name}.done" if step.rows is not None else None

    def _done(self, step: Act, here: _Here) -> StepData:
        """The rows that the act confirmed, in order."""
        data = here.frame.data(str(step.rows))
        entries = self.services.ledger.of_step(self.run, here.path)
        confirmed = {n for n, e in entries.items() if e.state is EffectState.CONFIRMED}
        operation = self.checked.steps[here.static].operation
        return done_rows(step, data, confirmed, whole=operation is not None and operation.rows_use is RowsUse.TABLE)

    def _look_again(self) -> None:
        """What an act has changed may be read by any connection: a saved file, a mail to oneself."""
        self.context.catalog.refresh()

    def _exceptions(self, here: _Here, made: Sequence[EffectCall | acts.Fault], tally: Tally) -> None:
        path, around = here.path, here.frame.around()
        rows = {m.ordinal: {**around, **(m.row or {})} for m in made}
        self.services.store.add_exceptions(
            self.run, path, [(n, row_to_json(rows[n]), reason) for n, reason in sorted(tally.refused.items())]
        )
        self.services.store.settle_rows(self.run, path, tally.refused)

    # ------------------------------------------------------------ policy and approvals

    def _within_policy(
        self, step: Act, made: Sequence[EffectCall | acts.Fault], here: _Here
    ) -> list[EffectCall | acts.Fault]:
        rule = self.context.policy.get(step.operation)
        if rule is None:
            return list(made)
        self._limit(step, len(made), here)
        return [policy.judge(rule, m, self._allowed_recipients) if isinstance(m, EffectCall) else m for m in made]

    def _limit(self, step: Act, count: int, here: _Here) -> None:
        rule = self.context.policy.get(step.operation)
        if rule is None:
            return
        if (reason := policy.over_limit(rule, count + self._elsewhere(step, here))) is not None:
            raise ExpectationError(
                f"step {here.name}: {reason}", mend="Ask for fewer, or change [policy] in agent.toml."
            )

    def _elsewhere(self, step: Act, here: _Here) -> int:
        """Effects that this act has for other rows of the loops that it is in."""
        if not here.inside:
            return 0
        counts = self.services.ledger.paths(self.run, step.operation)
        return sum(n for path, n in counts.items() if path != here.path and static_path(path) == here.static)

    def _allowed_recipients(self, column: str) -> frozenset[str]:
        return policy.column_values(column, self.context.catalog)

    def _ask_by_policy(self, step: Act, operation: type[Operation], here: _Here) -> None:
        if here.loop is not None and step in loop_acts(here.loop):
            return  # asked once, for all rows of the loop
        if step.rows is not None and not step.per and operation.rows_use is RowsUse.EACH:
            # nobody is asked to approve what could never be done
            self._limit(step, here.frame.data(step.rows).count, here)
        self._ask(step.rows, [step], here)

    def _ask(self, rows: str | None, asked: Sequence[Act], here: _Here) -> None:
        """Wait for an approval where the policy of one of these acts wants one for these rows."""
        rules = policy.asking(asked, self.context.policy)
        if not rules:
            return
        data = here.frame.data(rows) if rows is not None else None
        needed = here.steps.step(f"{here.path}#policy", lambda: policy.first_asking(rules, data, self.context.now))
        if needed is not None:
            ask = f"[policy] asks for an approval of {needed}"
            self._wait_for_approval(f"{here.path}#policy", data, Approve(rows=rows, ask=ask), ask)

    def _loop_policy(self, step: ForEach, data: StepData, here: _Here) -> None:
        """The policy of acts that have one effect for each row of a loop, judged over all its rows beforehand."""
        if (reason := policy.loop_over_limit(step, data.count, self.context.policy)) is not None:
            raise ExpectationError(
                f"step {here.name}: {reason}", mend="Ask for fewer, or change [policy] in agent.toml."
            )
        self._ask(step.for_each, loop_acts(step), here)

    def _approve(self, step: Approve, here: _Here) -> None:
        data = here.frame.data(step.rows) if step.rows is not None else None
        if data is not None and data.count == 0:
            return  # nothing to approve, and nothing that later acts could do with these rows
        ask = render(step.ask, here.frame.scope()) if step.ask else f"Go on with {step.rows or 'the rest of the plan'}?"
        self._wait_for_approval(here.path, data, step, ask)

    def _wait_for_approval(self, path: str, data: StepData | None, step: Approve, ask: str) -> None:
        approval = self.services.store.ask_approval(
            self.run,
            path,
            ask=ask,
            digest=rows_digest(data.arrow) if data is not None else "no rows",
            count=data.count if data is not None else 0,
            totals=totals(data.rows) if data is not None else {},
            by=step.by,
            two=step.two,
        )
        if approval.state == "rejected":
            who = next(d for d in approval.decisions if not d.yes)
            raise DeniedError(f"{who.who} did not approve: {ask}" + (f" ({who.note})" if who.note else ""))
        if approval.state == "pending":
            raise NotFinal({"status": "waiting", "question": ask})

    # ------------------------------------------------------------ loops and calls

    def _for_each(self, step: ForEach, here: _Here) -> None:
        data = here.frame.data(step.for_each)
        self._loop_policy(step, data, here)

        def one(index: int, steps: Steps) -> Json:
            inner = here.frame.child(step.as_, data.take([index]))
            try:
                self._walk(step.steps, inner, steps, here.static, f"{here.path}/{index}", step)
            except NotFinal as ended:
                raise NotFinal(ended.result, halt=False) from None  # the other rows needn't wait
            return None

        for result in here.steps.children(here.path, data.count, one):
            if result is not None:
                raise NotFinal(result)

    def _call(self, step: Call, here: _Here) -> bool:
        if self._skipped(step, here):
            return True
        data = here.frame.data(step.rows) if step.rows is not None else None
        scope = here.frame.scope()
        rows: Sequence[Mapping[str, Value] | None] = data.rows.rows if data is not None else [None]

        def one(index: int, steps: Steps) -> Json:
            row = rows[index]
            path = f"{here.path}/{index}"
            try:
                ended = self.services.call(self, step, path, call_inputs(step, scope, row), steps)
            except BusinessError as error:
                ended = {"status": "refused", "reason": error.message}
            status = ended["status"] if isinstance(ended, dict) else "failed"
            if status in ("waiting", "in_doubt"):
                raise NotFinal(ended, halt=False)
            return ended

        results = here.steps.children(here.path, len(rows), one)
        bad: list[tuple[int, Json, str]] = []
        for index, result in enumerate(results):
            assert isinstance(result, dict)
            if result["status"] in ("waiting", "in_doubt"):
                raise NotFinal(result)
            if result["status"] not in ("done", "done_with_exceptions"):
                bad.append((index, row_to_json(dict(rows[index] or {})), str(result.get("reason") or result["status"])))
        self.services.store.add_exceptions(self.run, here.path, bad)
        if bad and step.on_error == "stop":
            raise StoppedError(f"step {here.name}: {bad[0][2]}")
        return not (here.inside and bad)


@dataclass(frozen=True)
class _Here:
    """Where the walk is: a step's name, its path in the plan, its path in this run (with row numbers)."""

    name: str
    static: str
    path: str
    frame: Frame
    steps: Steps
    loop: ForEach | None
    """The for_each that this is in, where an exception ends the row's remaining steps."""

    @property
    def inside(self) -> bool:
        return self.loop is not None
