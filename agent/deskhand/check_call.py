"""The check of a `call`: the process, its inputs, and the called process itself, round trips included.

It refuses to run anything; what the called process does is checked with what was made up to here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from deskhand.check import Checker, StepCheck
from deskhand.errors import Problem, Where
from deskhand.inputs import value_problem
from deskhand.nearest import suggest
from deskhand.plan import Call, Plan
from deskhand.template import is_template
from deskhand.template_check import TemplateShape, sole_column

if TYPE_CHECKING:
    from deskhand.check import Columns, Path
    from deskhand.shapes import Shapes


def check_call(checker: Checker, step: Call, path: str, place: Path, shapes: Shapes) -> StepCheck:
    """Everything that is wrong with a call is noted with the checker; returns what was found out."""
    place = (*place, "call")
    columns: Columns | None = ()
    scope = TemplateShape(shapes, why=checker.names.why)
    if step.rows is not None:
        columns, known = checker.step_columns(step.rows, "rows", (*place, "rows"), path, shapes)
        scope = replace(scope, row=columns or (), open_row=columns is None or not known)
    condition = checker.condition(step, place, path, shapes)
    called = next((p for n, p in checker.processes.items() if n.casefold() == step.process.casefold()), None)
    if called is None:
        _unknown_process(checker, step.process, (*place, "process"), path)
        for name, text in step.inputs.items():
            if isinstance(text, str):
                checker.template(text, scope, (*place, "inputs", name), path)
    elif step.process.casefold() in {name.casefold() for name in checker.calls}:
        cycle = " → ".join([*checker.calls, step.process])
        mend = "A process can't call itself, neither directly nor through others."
        checker.problem(Problem("cycle", f"the calls go round: {cycle}", mend), (*place, "process"), path)
    else:
        _call_inputs(checker, step, called, scope, place, path)
        _called(checker, step.process, called, place, path, shapes)
    return StepCheck(path, step, columns=columns, condition=condition)


def _unknown_process(checker: Checker, name: str, place: Path, path: str) -> None:
    broken = getattr(checker.processes, "file", lambda _: None)(name)
    if broken is not None and broken.problems:
        first = broken.problems[0]
        message = f"the process {name!r} can't be used: {first.message}"
        checker.problem(Problem("broken-process", message, f"See `agent check {broken.file}`."), place, path)
        return
    names = list(checker.processes)
    mend = suggest(name, names) or (f"There are {', '.join(names[:12])}." if names else "Put it into processes/.")
    checker.problem(Problem("unknown-process", f"there is no process {name!r}", mend), place, path)


def _call_inputs(checker: Checker, step: Call, called: Plan, scope: TemplateShape, place: Path, path: str) -> None:
    given = {name.casefold() for name, value in step.inputs.items() if value is not None}
    for name, value in step.inputs.items():
        at = (*place, "inputs", name)
        wanted = next((n for n in called.inputs if n.casefold() == name.casefold()), None)
        if wanted is None:
            mend = suggest(name, called.inputs) or f"It takes {', '.join(called.inputs) or 'no inputs'}."
            checker.problem(Problem("unknown-input", f"{step.process} has no input {name!r}", mend), at, path)
            continue
        if isinstance(value, dict | list | tuple):
            mend = f'Write one text: {name}: "{{{{ … }}}}".'
            checker.problem(Problem("not-a-text", f"the input {name!r} takes one value", mend), at, path)
            continue
        text = str(value).lower() if isinstance(value, bool) else str(value)
        if isinstance(value, str):
            checker.template(value, scope, at, path)
        if isinstance(value, str) and is_template(value):
            _fits(checker, wanted, called.inputs[wanted].type, sole_column(value, scope), at, path)
        elif value is not None:
            problem = value_problem(wanted, called.inputs[wanted], text, checker.now)
            if problem is not None:
                checker.problem(problem, at, path)
    for name, item in called.inputs.items():
        if name.casefold() not in given and item.default is None and not item.optional:
            message = f"{step.process} needs the input {name!r}, and the call doesn't give it"
            mend = f'Add it: inputs: {{{name}: "…"}}.'
            checker.problem(Problem("missing-input", message, mend), (*place, "inputs"), path)


def _fits(checker: Checker, name: str, wanted: str, type_: str | None, place: Path, path: str) -> None:
    """A problem where a column's type can never be read as the input's."""
    if type_ is None or wanted == "text" or type_ == "VARCHAR":
        return
    kind = "date" if type_ == "DATE" else "timestamp" if type_.startswith("TIMESTAMP") else "number"
    kind = {"BOOLEAN": "boolean", "TIME": "time"}.get(type_, kind)
    fitting = {
        "integer": ("number",),
        "decimal": ("number",),
        "date": ("date",),
        "timestamp": ("timestamp", "date"),
        "boolean": ("boolean",),
    }
    if kind not in fitting[wanted]:
        message = f"the input {name!r} takes a value of type {wanted}, and this is a {kind}"
        checker.problem(Problem("type-mismatch", message, "Convert it in the query."), place, path)


def _called(checker: Checker, name: str, called: Plan, place: Path, path: str, shapes: Shapes) -> None:
    """Check the called process too, with what was made up to here; its problems count here."""
    inner = Checker(
        called,
        checker.catalog,
        checker.now,
        checker.policy,
        checker.processes,
        shapes=shapes.called(called.inputs),
        made=checker.made,
        calls=(*checker.calls, name),
    )
    cycles = False
    for problem in (problems := inner.run().problems):
        if problem.code == "cycle":
            checker.problem(replace(problem, where=Where()), (*place, "process"), path)
            cycles = True
    if problems and not cycles:
        count = "a problem" if len(problems) == 1 else f"{len(problems)} problems"
        first = problems[0]
        at = f" (step {first.where.step})" if first.where.step else ""
        message = f"the process {name!r} has {count}: {first.message}{at}"
        checker.problem(Problem("broken-process", message, first.mend), (*place, "process"), path)
