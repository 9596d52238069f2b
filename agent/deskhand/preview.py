"""The preview: what a plan would do if it ran now, row by row, without doing any of it.

Queries are run (they are pure), conditions are asked, and every act is prepared but never applied: old and new
values, mails in full, totals. What an earlier act of the plan would change is marked, since it can only be
shown as it stands now. The preview keeps nothing and writes nothing, in no source and in no store.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deskhand import acts, policy
from deskhand.contract import Call as EffectCall
from deskhand.contract import Change, Effect, Json, Operation, RowsUse
from deskhand.errors import DeskhandError
from deskhand.frame import Context, Frame, StepData
from deskhand.outcome import call_inputs, done_rows, expectation
from deskhand.plan import Act, Approve, Call, ForEach, Query, Step, loop_acts, placed
from deskhand.template import render
from deskhand.values import answer, totals

if TYPE_CHECKING:
    from collections.abc import Callable

    from deskhand.check import Checked

LOOP_LIMIT = 200
"""Rows of a for_each or a call that are previewed one by one; the rest are counted."""


@dataclass(frozen=True)
class StepPreview:
    """What one step would do.

    kind: `query`, an operation's name, `approve`, `call`, `for_each`. rows: how many rows it reads or is about.
    changes: one for each effect that the act would have, exceptions and unchanged ones included. depends: the
    earlier steps whose effects it would see, so that what is shown is as of now. skipped: the condition that
    doesn't hold. problem: why it can't be shown, or why the run would stop here. inner: the steps of a loop or
    of a called process, row by row.
    """

    path: str
    name: str
    kind: str
    rows: int | None = None
    connection: str | None = None
    effect: Effect | None = None
    changes: tuple[Change, ...] = ()
    data: StepData | None = None
    totals: Mapping[str, Json] = field(default_factory=dict)
    depends: tuple[str, ...] = ()
    skipped: str | None = None
    problem: str | None = None
    question: str | None = None
    inner: tuple[tuple[StepPreview, ...], ...] = ()

    def to_json(self) -> dict[str, Json]:
        """What `agent plan --json` prints of the step; only what there is."""
        shown: dict[str, Json] = {"step": self.path, "kind": self.kind}
        optional: dict[str, Json] = {
            "rows": self.rows,
            "connection": self.connection,
            "effect": str(self.effect) if self.effect is not None else None,
            "changes": [_change_json(change) for change in self.changes] or None,
            "answer": answer(self.data.rows) if self.data is not None else None,
            "totals": dict(self.totals) or None,
            "depends": list(self.depends) or None,
            "skipped": self.skipped,
            "problem": self.problem,
            "question": self.question,
            "inner": [[step.to_json() for step in steps] for steps in self.inner] or None,
        }
        return shown | {name: value for name, value in optional.items() if value is not None}


def _change_json(change: Change) -> Json:
    full: dict[str, Json] = {
        "state": change.state,
        "about": change.about,
        "reason": change.reason,
        "before": dict(change.before),
        "after": dict(change.after),
        "preview": dict(change.preview),
    }
    return {name: value for name, value in full.items() if value}


@dataclass
class _Touched:
    """What acts so far would change, as (connection, table or None for all of it) to the step's name."""

    places: list[tuple[str, str | None, str]] = field(default_factory=list)
    steps: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def by(self, connection: str, table: str) -> list[str]:
        folded = table.casefold()
        return [
            step
            for where, what, step in self.places
            if where.casefold() == connection.casefold() and (what is None or what.casefold() == folded)
        ]


class Preview:
    """Previews one checked plan. open_call: the context and check of a called process, for that step's inputs."""

    def __init__(
        self,
        context: Context,
        checked: Checked,
        open_call: Callable[[Context, Call, Mapping[str, str]], tuple[Context, Checked]],
    ) -> None:
        self._context = context
        self._checked = checked
        self._open_call = open_call
        self._touched = _Touched()
        self._stopped = False

    def steps(self) -> tuple[StepPreview, ...]:
        """Every step, in order; those after one that would stop the run are left out."""
        return tuple(self._walk(self._context.plan.steps, Frame(self._context), "", ""))

    @property
    def stops(self) -> bool:
        """Whether the run would stop on the way for what can be seen now."""
        return self._stopped

    def _walk(self, plan: Sequence[Step], frame: Frame, static: str, path: str) -> list[StepPreview]:
        shown = []
        for item in placed(plan, static):
            here = f"{path}/{item.name}" if path else item.name
            try:
                one = self._step(item.step, item.name, item.path, here, frame)
            except DeskhandError as error:
                kind = item.step.operation if isinstance(item.step, Act) else type(item.step).__name__.lower()
                waits = self._waits_for()
                problem = f"known only when {waits} has run: {error.message}" if waits else str(error)
                shown.append(StepPreview(here, item.name, kind, problem=problem, depends=tuple(self._acts())))
                self._stopped = not waits
                break
            shown.append(one)
            if self._stopped:
                break
        return shown

    def _acts(self) -> list[str]:
        return list(dict.fromkeys(step for _, _, step in self._touched.places))

    def _waits_for(self) -> str:
        return ", ".join(self._acts())

    def _step(self, step: Step, name: str, static: str, path: str, frame: Frame) -> StepPreview:
        if isinstance(step, Query):
            return self._query(step, name, path, frame)
        if isinstance(step, Approve):
            data = frame.data(step.rows) if step.rows is not None else None
            ask = render(step.ask, frame.scope()) if step.ask else f"Go on with {step.rows or 'the rest of the plan'}?"
            return StepPreview(
                path,
                name,
                "approve",
                rows=data.count if data else None,
                totals=totals(data.rows) if data else {},
                question=ask,
            )
        if isinstance(step, ForEach):
            return self._for_each(step, name, static, path, frame)
        if isinstance(step, Call):
            return self._call(step, name, path, frame)
        return self._act(step, name, static, path, frame)

    # ------------------------------------------------------------ the kinds of step

    def _query(self, step: Query, name: str, path: str, frame: Frame) -> StepPreview:
        data, query = frame.query(step.query)
        frame.put(name, data)
        depends = [by for s in query.sources for by in self._touched.by(s.connection, s.table.name)]
        depends += [by for used in query.steps for by in self._depends(used)]
        self._touched.steps[name.casefold()] = tuple(dict.fromkeys(depends))
        problem = None
        if (said := expectation(step, data.count)) is not None:
            problem = f"the run would stop here: {said}"
            self._stopped = not depends
        return StepPreview(
            path, name, "query", data.count, data=data, depends=self._touched.steps[name.casefold()], problem=problem
        )

    def _depends(self, name: str) -> tuple[str, ...]:
        return self._touched.steps.get(name.casefold(), ())

    def _condition(self, step: Act | Call, frame: Frame) -> str | None:
        """What keeps the step from being done; None where nothing does."""
        text = step.when if step.when is not None else step.unless
        if text is None:
            return None
        holds = frame.holds(text)
        if step.when is not None:
            return None if holds else f"when {' '.join(text.split())}"
        return f"unless {' '.join(text.split())}" if holds else None

    def _act(self, step: Act, name: str, static: str, path: str, frame: Frame) -> StepPreview:
        found = self._checked.steps[static]
        assert found.operation is not None and found.params is not None and found.connection is not None
        operation, params = found.operation, found.params
        depends = self._depends(step.rows) if step.rows else ()
        if (skipped := self._condition(step, frame)) is not None:
            if step.rows is not None:
                frame.put(f"{name}.done", frame.data(step.rows).take([]))
            return StepPreview(path, name, step.operation, 0, found.connection, operation.effect, skipped=skipped)
        bound = frame.bind(step, operation, found.connection, params)
        rows = bound.data.rows if bound.data is not None else None
        made = acts.calls(step, operation, params, rows, frame.scope())
        problem = None
        rule = self._context.policy.get(step.operation)
        if rule is not None:
            if (reason := policy.over_limit(rule, len(made))) is not None:
                problem = f"the run would stop here: {reason}"
                self._stopped = True
            made = [policy.judge(rule, m, self._recipients) if isinstance(m, EffectCall) else m for m in made]
        calls = [m for m in made if isinstance(m, EffectCall)]
        prepared = {c.ordinal: change for c, change in zip(calls, bound.operation.prepare(calls), strict=True)}
        changes = tuple(prepared[m.ordinal] if isinstance(m, EffectCall) else Change.exception(m.reason) for m in made)
        if step.on_error == "stop" and any(c.state == "exception" for c in changes):
            problem = "the run would stop here: a row can't be taken, and on_error is stop"
            self._stopped = True
        done = {m.ordinal for m, c in zip(made, changes, strict=True) if c.state == "change"}
        if bound.data is not None:
            whole = operation.rows_use is RowsUse.TABLE
            frame.put(f"{name}.done", done_rows(step, bound.data, done, whole=whole))
            self._touched.steps[f"{name}.done".casefold()] = depends
        if done:
            self._touch(name, found.connection, made, operation, bound.data)
        return StepPreview(
            path,
            name,
            step.operation,
            bound.data.count if bound.data is not None else None,
            found.connection,
            operation.effect,
            changes,
            totals=totals(bound.data.rows) if bound.data is not None else {},
            depends=depends,
            problem=problem,
            question=self._question(step, bound.data),
        )

    def _recipients(self, column: str) -> frozenset[str]:
        return policy.column_values(column, self._context.catalog)

    def _question(self, step: Act, data: StepData | None) -> str | None:
        rule = self._context.policy.get(step.operation)
        if rule is None or rule.approve_when is None:
            return None
        needed = policy.needs_approval(
            rule, data.columns if data else (), data.arrow if data else None, now=self._context.now
        )
        return f"an approval is needed: {rule.approve_when}" if needed else None

    def _touch(
        self,
        name: str,
        connection: str,
        made: Sequence[EffectCall | acts.Fault],
        operation: type[Operation],
        data: StepData | None,
    ) -> None:
        for one in made:
            if not isinstance(one, EffectCall):
                continue
            tables = [text for _, mark, text in acts.marked(one.params) if mark.kind == "table"]
            for text in tables:
                self._touched.places.append((connection, text.removeprefix(f"{connection}.").replace('"', ""), name))
            for tool, table in operation.produces(one.params, data.columns if data is not None else None):
                for other in self._context.catalog.connections():
                    if self._context.catalog.workspace.connections[other].tool == tool:
                        self._touched.places.append((other, table.name, name))
            if not tables:
                self._touched.places.append((connection, None, name))
                return

    def _for_each(self, step: ForEach, name: str, static: str, path: str, frame: Frame) -> StepPreview:
        data = frame.data(step.for_each)
        problem = None
        if (reason := policy.loop_over_limit(step, data.count, self._context.policy)) is not None:
            problem = f"the run would stop here: {reason}"
            self._stopped = True
        rules = policy.asking(loop_acts(step), self._context.policy)
        asking = policy.first_asking(rules, data, self._context.now)
        inner = []
        for index in range(0 if problem else min(data.count, LOOP_LIMIT)):
            child = frame.child(step.as_, data.take([index]))
            inner.append(tuple(self._walk(step.steps, child, static, f"{path}/{index}")))
            if self._stopped:
                break
        return StepPreview(
            path,
            name,
            "for_each",
            data.count,
            inner=tuple(inner),
            depends=self._depends(step.for_each),
            problem=problem,
            question=f"an approval is needed: {asking}" if asking else None,
        )

    def _call(self, step: Call, name: str, path: str, frame: Frame) -> StepPreview:
        if (skipped := self._condition(step, frame)) is not None:
            return StepPreview(path, name, "call", 0, skipped=skipped)
        data = frame.data(step.rows) if step.rows is not None else None
        rows = data.rows.rows if data is not None else [None]
        inner = []
        for row in rows[:LOOP_LIMIT]:
            texts = call_inputs(step, frame.scope(), row)
            context, checked = self._open_call(self._context, step, texts)
            called = Preview(context, checked, self._open_call)
            called._touched = self._touched
            inner.append(called.steps())
        return StepPreview(path, name, "call", len(rows), inner=tuple(inner))
