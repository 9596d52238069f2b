"""The check, before anything happens: every problem of a plan at once, each with its place and its mend.

    checked = check(plan, catalog, now=now, policy=workspace.policy, processes=processes, parsed=parsed)
    checked.problems                       # [] or everything that is wrong, in plan order
    checked.steps["overdue"].columns       # what was found out about each step

It walks the steps in order and keeps, as `Shapes`, what each may name: tables, earlier steps, inputs. A step with
a problem is taken for one whose columns aren't known, so that one mistake is told once. This module refuses to
read data and to change anything; what only the data can tell is for the preview and the act.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from deskhand import sql
from deskhand.check_names import Names, ids_problems
from deskhand.contract import Operation, Params, ResultColumn, Table, Value
from deskhand.errors import Problem, Where
from deskhand.inputs import default_value
from deskhand.nearest import suggest
from deskhand.plan import Act, Approve, Call, ForEach, Plan, Query, Step, placed
from deskhand.settings import PolicyRule
from deskhand.shapes import Shapes
from deskhand.template_check import TemplateShape, check_template

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deskhand.check_act import Made
    from deskhand.plan_yaml import Parsed

Path = tuple[str | int, ...]
Columns = tuple[ResultColumn, ...]

_SELECT = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/|\()*(?:select|with|from|values)\b", re.IGNORECASE | re.DOTALL)
STEP_NAME = re.compile(r"[A-Za-z_]\w*(\.done)?\Z")


@dataclass(frozen=True)
class StepCheck:
    """What the check found out about one step; what is None couldn't be found out, or isn't of this kind.

    columns: of the query's result, or of the act's rows (empty for an act without rows, None while only the
    run knows them). query: a query step's own. condition: that of a `when` or `unless` that is a select.
    """

    path: str
    step: Step
    columns: Columns | None = None
    query: sql.Query | None = None
    condition: sql.Query | None = None
    operation: type[Operation] | None = None
    params: Params | None = None
    connection: str | None = None


@dataclass
class Checked:
    """The outcome of a check. `steps` is by the step's path (`overdue`, `step2`, `each/step1`)."""

    problems: list[Problem] = field(default_factory=list)
    steps: dict[str, StepCheck] = field(default_factory=dict)
    shapes: Shapes | None = None

    @property
    def ok(self) -> bool:
        """Whether the plan may start."""
        return not self.problems


def check(
    plan: Plan,
    catalog: Any,
    *,
    now: dt.datetime,
    policy: Mapping[str, PolicyRule] | None = None,
    processes: Mapping[str, Plan] | None = None,
    parsed: Parsed | None = None,
    inputs: Mapping[str, Value] | None = None,
) -> Checked:
    """Check a plan against a catalog.

    now: the run's logical time, naive, in the workspace's zone. policy: agent.toml's rules by operation.
    processes: what `call` may name. parsed: the YAML the plan was read from, for lines and columns. inputs:
    the run's values where they are known; else the defaults stand for them in names of files.
    """
    known = processes if processes is not None else {}
    return Checker(plan, catalog, now, policy or {}, known, parsed, inputs).run()


class Checker:
    """One check of one plan; `check_act` does the acts."""

    def __init__(
        self,
        plan: Plan,
        catalog: Any,
        now: dt.datetime,
        policy: Mapping[str, PolicyRule],
        processes: Mapping[str, Plan],
        parsed: Parsed | None = None,
        inputs: Mapping[str, Value] | None = None,
        *,
        shapes: Shapes | None = None,
        made: Made | None = None,
        calls: tuple[str, ...] = (),
    ) -> None:
        from deskhand.check_act import Made

        self.plan = plan
        self.catalog = catalog
        self.now = now
        self.policy = policy
        self.processes = processes
        self.parsed = parsed
        self.names = Names(plan)
        self.shapes = shapes if shapes is not None else Shapes(catalog, plan.inputs)
        self.made = made if made is not None else Made()
        self.calls = calls or ((plan.process,) if plan.process else ())
        self.values = self._values(inputs)
        self.result = Checked(shapes=self.shapes)
        self._failed: set[str] = set()

    def run(self) -> Checked:
        """Check everything."""
        self._inputs()
        for index, phrase in enumerate(self.plan.phrases):
            if not any(letter.isalnum() for letter in phrase):
                problem = Problem("bad-phrase", f"the phrase {phrase!r} says nothing", "Write how people ask for it.")
                self.problem(problem, ("phrases", index))
        for path, problem in ids_problems(self.plan, self.shapes.connections()):
            self.problem(problem, path)
        self._walk(self.plan.steps, self.shapes, "", ("steps",))
        problems = self.result.problems
        if self.parsed is not None:
            problems.sort(key=lambda p: (p.where.line or 0, p.where.column or 0))
        return self.result

    # ------------------------------------------------------------ telling

    def problem(self, problem: Problem, path: Path, step: str | None = None) -> None:
        """Note a problem of that place in the document; a line in it is taken as one of the text that is there."""
        where = Where(step=step)
        if self.parsed is not None:
            where = replace(_place(self.parsed, path, problem.where), step=step)
        placed_there = replace(problem, path=path, where=where)
        if placed_there not in self.result.problems:
            self.result.problems.append(placed_there)

    # ------------------------------------------------------------ inputs

    def _values(self, given: Mapping[str, Value] | None) -> dict[str, Value]:
        """The inputs whose values are known: those that were given, else the defaults."""
        values: dict[str, Value] = {}
        for name, item in self.plan.inputs.items():
            if given is not None and name in given:
                values[name] = given[name]
            elif item.default is not None:
                value, problem = default_value(name, item, self.now)
                if problem is None:
                    values[name] = value
        return values

    def _inputs(self) -> None:
        seen: dict[str, str] = {}
        for name, item in self.plan.inputs.items():
            _, problem = default_value(name, item, self.now)
            if problem is not None:
                self.problem(problem, problem.path)
            if name.casefold() in seen:
                message = f"the inputs {seen[name.casefold()]!r} and {name!r} differ only in their case"
                self.problem(Problem("duplicate-input", message, "Rename one of them."), ("inputs", name))
            seen[name.casefold()] = name

    # ------------------------------------------------------------ steps

    def _walk(self, steps: Sequence[Step], shapes: Shapes, parent: str, place: Path) -> None:
        from deskhand.check_act import check_act
        from deskhand.check_call import check_call

        for item in placed(steps, parent, place):
            self.names.reach(item.path)
            step = item.step
            if isinstance(step, Query):
                found = self._query(step, item.path, item.place, shapes)
            elif isinstance(step, Act):
                found = check_act(self, step, item.path, item.place, shapes)
                if step.rows is not None:
                    shapes.add_step(f"{item.name}.done", found.columns)
            elif isinstance(step, Approve):
                found = self._approve(step, item.path, item.place, shapes)
            elif isinstance(step, Call):
                found = check_call(self, step, item.path, item.place, shapes)
            else:
                found = self._for_each(step, item.path, item.place, shapes)
            self.result.steps[item.path] = found
            if isinstance(step, Query) and step.id is not None:
                shapes.add_step(step.id, found.columns)

    def _query(self, step: Query, path: str, place: Path, shapes: Shapes) -> StepCheck:
        query = self.analyse(step.query, (*place, "query"), path, shapes)
        columns = query.columns if query is not None and not query.open else None
        return StepCheck(path, step, columns=columns, query=query)

    def analyse(
        self, text: str, place: Path, path: str, shapes: Shapes, *, condition: bool = False
    ) -> sql.Query | None:
        """The typed query; None where it has problems, which are noted."""
        view = _View(self, shapes)
        ask = sql.condition if condition else sql.analyse
        analysis = ask(text, view, shapes.input_types(), self.now)
        cut = self.parsed.cut.get(place) if self.parsed is not None else None
        for problem in analysis.problems:
            mend = problem.mend
            if cut is not None and problem.code == "syntax":
                mend = f"YAML has cut off {cut!r}: write the query below `query: |`."
            self.problem(replace(problem, mend=mend or _MENDS.get(problem.code, "")), place, path)
        for name, problem in view.told.items():
            self.problem(replace(problem, where=_found_in(text, name)), place, path)
        for connection in view.failed:
            self.connection_failed(connection, place, path)
        return None if view.told or view.failed else analysis.query

    def connection_failed(self, connection: str, place: Path, path: str) -> bool:
        """Note, once, why a connection can't be used; False where it can."""
        error = connection_error(self.catalog, connection)
        if error is None:
            return False
        if connection.casefold() not in self._failed:
            self._failed.add(connection.casefold())
            message = f"the connection {connection!r} can't be used: {error.message}"
            mend = error.mend or f"Check [connections.{connection}] in agent.toml."
            self.problem(Problem("connection", message, mend), place, path)
        return True

    def step_columns(self, name: str, what: str, place: Path, path: str, shapes: Shapes) -> tuple[Columns | None, bool]:
        """The columns of the step that `what` names, and whether there is such a step; None: only the run knows."""
        if shapes.has_step(name):
            return shapes.step(name), True
        known = self.names.why(name)
        if known is None:
            listed = list(shapes.step_names())
            mend = suggest(name, listed) or (
                f"Earlier steps: {', '.join(listed)}." if listed else "Give an earlier query an `id:`."
            )
            known = Problem("unknown-step", f"`{what}` names {name!r}, and there is no such step", mend)
        self.problem(known, place, path)
        return None, False

    def condition(self, step: Act | Call, place: Path, path: str, shapes: Shapes) -> sql.Query | None:
        """Check `when` or `unless`; its query where it is a select."""
        for key in ("when", "unless"):
            text = getattr(step, key)
            if text is None:
                continue
            if STEP_NAME.match(text.strip()):
                self.step_columns(text.strip(), key, (*place, key), path, shapes)
            elif not _SELECT.match(text):
                first = text.strip().partition(".")[0]
                mend = f"Write `{key}: select count(*) > 0 from …`, or the id of a step: it holds where that has rows."
                if shapes.has_step(first):
                    mend = f"Write `{key}: {first}`, or `{key}: select count(*) > 5 from {first}`."
                message = f"`{key}` takes the id of a step or a select, and {text.strip()!r} is neither"
                self.problem(Problem("bad-condition", message, mend), (*place, key), path)
            else:
                return self.analyse(text, (*place, key), path, shapes, condition=True)
        return None

    def template(self, text: str, scope: TemplateShape, place: Path, path: str) -> None:
        """Check one text that may be a template, and that YAML has left it whole."""
        cut = self.parsed.cut.get(place) if self.parsed is not None else None
        if cut is not None:
            whole = f"{text} {cut}".replace("\\", "\\\\").replace('"', '\\"')
            message = f"YAML takes {cut!r} for a comment, so the text ends before it"
            self.problem(Problem("cut-off", message, f'Put the whole text in quotes: "{whole}".'), place, path)
        for problem in check_template(text, scope):
            self.problem(problem, place, path)

    # ------------------------------------------------------------ approve, for_each

    def _approve(self, step: Approve, path: str, place: Path, shapes: Shapes) -> StepCheck:
        place = (*place, "approve")
        columns: Columns | None = ()
        if step.rows is not None:
            columns, _ = self.step_columns(step.rows, "rows", (*place, "rows"), path, shapes)
        if step.ask:
            mend = f"Write {{{{ {step.rows or 'step'}.count }}}} or {{{{ {step.rows or 'step'} | table }}}}."
            scope = TemplateShape(shapes, why_no_row=mend, why=self.names.why)
            self.template(step.ask, scope, (*place, "ask"), path)
        if step.two and len(set(step.by)) == 1:
            message = f"two people must approve, and only {step.by[0]!r} may"
            self.problem(Problem("bad-value", message, "Name two, or leave `two` out."), (*place, "by"), path)
        return StepCheck(path, step, columns=columns)

    def _for_each(self, step: ForEach, path: str, place: Path, shapes: Shapes) -> StepCheck:
        columns, _ = self.step_columns(step.for_each, "for_each", (*place, "for_each"), path, shapes)
        self._walk(step.steps, shapes.child(step.as_, columns), path, (*place, "steps"))
        return StepCheck(path, step, columns=columns)


class _View:
    """What a query may read, with reasons kept for names that are known and yet can't be used here."""

    def __init__(self, checker: Checker, shapes: Shapes) -> None:
        self._checker = checker
        self._shapes = shapes
        self.told: dict[str, Problem] = {}
        self.failed: list[str] = []

    def table(self, connection: str, name: str) -> Table | None:
        found = self._shapes.table(connection, name)
        if found is None and connection_error(self._checker.catalog, connection) is not None:
            if connection not in self.failed:
                self.failed.append(connection)
            return Table(name, (), open=True)
        return found

    def step(self, name: str) -> Columns | None:
        return self._shapes.step(name)

    def is_open_step(self, name: str) -> bool:
        if self._shapes.has_step(name):
            return self._shapes.is_open_step(name)
        why = self._checker.names.why(name)
        if why is None:
            return False
        self.told[name] = why
        return True

    def connections(self) -> Sequence[str]:
        return self._shapes.connections()

    def table_names(self, connection: str) -> Sequence[str]:
        return self._shapes.table_names(connection)

    def step_names(self) -> Sequence[str]:
        return self._shapes.step_names()


_MENDS = {
    "syntax": "Correct the query; it is one select in DuckDB's SQL.",
    "type-mismatch": "Correct the expression, or convert a value with a cast.",
    "unknown-table": "See `agent catalog`.",
    "unknown-column": "See `agent catalog`.",
    "ambiguous-column": "Put the table's name in front of it.",
}


def connection_error(catalog: Any, connection: str) -> Any:
    """Why that connection can't be used; None where it can, or isn't there, or the catalog can't tell."""
    known = {name.casefold(): name for name in catalog.connections()}
    found = known.get(connection.casefold())
    ask = getattr(catalog, "error", None)
    return ask(found) if found is not None and ask is not None else None


def _found_in(text: str, name: str) -> Where:
    match = re.search(rf"(?:from|join|,)\s+({re.escape(name)})\b", text, re.IGNORECASE)
    if match is None:
        return Where()
    begin = match.start(1)
    return Where(line=text.count("\n", 0, begin) + 1, column=begin - (text.rfind("\n", 0, begin) + 1) + 1)


def _place(parsed: Parsed, path: Path, inside: Where) -> Where:
    """The place in the file of a place in the text that stands at `path`; the text's own where that can't be told."""
    at = parsed.where(path)
    if inside.line is None or at.line is None or path not in parsed.marks:
        return at
    lines = parsed.text.splitlines()
    if at.line > len(lines):
        return at
    key = lines[at.line - 1]
    if re.search(r":[ ]*\|[-+0-9]*[ ]*(?:#.*)?$", key):  # a block: its first line stands below the key
        body = next((line for line in lines[at.line :] if line.strip()), "")
        indent = len(body) - len(body.lstrip(" "))
        column = inside.column + indent if inside.column is not None else None
        return Where(at.file, at.line + inside.line, column)
    match = re.match(r"(?:\s*-)?\s*[\w.]+:[ ]+([^\s\"'>&].*)", key)
    if inside.line == 1 and inside.column is not None and match is not None:
        return Where(at.file, at.line, match.start(1) + inside.column)
    return at
