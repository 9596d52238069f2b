"""The check of one act: its operation and connection, rows and groups, parameters, files, recipients, policy.

What an act makes (a file, a folder's files) is known to the steps after it, by its name where that depends on
nothing but the inputs and the day, else by the form of its name. This module refuses to open a tool.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import TypeAdapter, ValidationError

from deskhand import policy
from deskhand.acts import RENDERED, marked, read_params, rendered
from deskhand.check import StepCheck
from deskhand.check_files import Made, file_problems, known_text, like, note_files, path_fault
from deskhand.contract import Effect, Mark, Operation, Params, ResultColumn, RowsUse, Table
from deskhand.errors import Problem
from deskhand.nearest import suggest
from deskhand.plan import Act
from deskhand.template import is_template
from deskhand.template_check import TemplateShape

if TYPE_CHECKING:
    from deskhand.check import Checker, Columns, Path
    from deskhand.shapes import Shapes

__all__ = ["Made", "check_act"]


@dataclass
class _Here:
    """One act while it is checked. `columns` None: it has rows, and only the run knows their columns."""

    checker: Checker
    act: Act
    path: str
    place: Path
    shapes: Shapes
    columns: Columns | None = ()

    @property
    def inner(self) -> Path:
        return (*self.place, self.act.operation)

    def problem(self, problem: Problem, *path: str | int) -> None:
        self.checker.problem(problem, (*self.inner, *path), self.path)


def check_act(checker: Checker, act: Act, path: str, place: Path, shapes: Shapes) -> StepCheck:
    """Everything that is wrong with an act is noted with the checker; returns what was found out."""
    here = _Here(checker, act, path, place, shapes)
    if act.rows is not None:
        here.columns, _ = checker.step_columns(act.rows, "rows", (*here.inner, "rows"), path, shapes)
    condition = checker.condition(act, here.inner, path, shapes)
    _per(here)
    found = StepCheck(path, act, columns=here.columns, condition=condition)
    operation = checker.catalog.operations().get(act.operation)
    if operation is None:
        _unknown_operation(here)
        return found
    if act.rows is None and operation.needs_rows:
        message = f"{act.operation} is done to rows, and this act has none"
        here.problem(Problem("missing-rows", message, "Add `rows:` with the id of a query."))
    params, problems = read_params(operation, act)
    for problem in problems:
        here.problem(replace(problem, path=()), *problem.path)
    connection = _connection(here, operation)
    if connection is not None and checker.connection_failed(connection, here.inner, path):
        return replace(found, operation=operation, params=params, connection=connection)
    _texts(here, operation, params if params is not None else _partly(operation, act))
    if params is not None and connection is not None:
        _operation_check(here, operation, params, connection)
        _produce(here, operation, params, connection)
    _policy(here, operation, params)
    return replace(found, operation=operation, params=params, connection=connection)


def _per(here: _Here) -> None:
    if here.columns is None:
        return
    names = {c.name.casefold() for c in here.columns}
    for index, name in enumerate(here.act.per):
        if name.casefold() not in names:
            listed = [c.name for c in here.columns]
            mend = suggest(name, listed) or f"They have {', '.join(listed[:12])}."
            path: tuple[str | int, ...] = ("per", index) if len(here.act.per) > 1 else ("per",)
            here.problem(Problem("unknown-column", f"`per` names {name!r}, which the rows don't have", mend), *path)


def _unknown_operation(here: _Here) -> None:
    operations = here.checker.catalog.operations()
    mend = suggest(here.act.operation, operations)
    if not mend:
        listed = sorted(operations)
        mend = f"There are {', '.join(listed)}." if listed else "Add a connection to agent.toml."
    message = f"no connection here has an operation {here.act.operation!r}"
    here.problem(Problem("unknown-operation", message, mend))


# ---------------------------------------------------------------- which connection


def _connection(here: _Here, operation: type[Operation]) -> str | None:
    """The connection that the act means; None where that is a problem."""
    act, catalog = here.act, here.checker.catalog
    able: Sequence[str] = catalog.connections_for(act.operation)
    tables = _tables(operation, act)
    meant: str | None
    if act.connection is not None:
        meant = _given(here, act.connection, able)
    elif len(able) == 1:
        meant = able[0]
    else:
        meant = _named_by_table(here, list(tables.values()), able) if tables else _named_by_rows(here, able)
        if meant is None and not _foreign(here, tables, able):
            message = f"{act.operation} could mean any of {', '.join(able)}"
            mend = f"Add `connection: {able[0]}`" + (", or name it in the table." if tables else ".")
            here.problem(Problem("several-connections", message, mend))
    return None if meant is None or _foreign(here, tables, [meant]) else meant


def _given(here: _Here, name: str, able: Sequence[str]) -> str | None:
    connections = here.checker.catalog.connections()
    known = next((c for c in connections if c.casefold() == name.casefold()), None)
    if known is None:
        mend = suggest(name, connections) or f"There are {', '.join(connections)}."
        here.problem(Problem("unknown-connection", f"there is no connection {name!r}", mend), "connection")
    elif known not in able:
        message = f"the connection {known!r} has no {here.act.operation}"
        here.problem(Problem("unknown-connection", message, f"It is done by {' or '.join(able)}."), "connection")
        return None
    return known


def _foreign(here: _Here, tables: Mapping[str, str], able: Sequence[str]) -> bool:
    """Note a table that names a connection which the act doesn't write to; whether there is one."""
    for name, text in tables.items():
        first = text.partition(".")[0].casefold()
        other = next((c for c in here.shapes.connections() if c.casefold() == first and "." in text), None)
        if other is None or other in able or any(here.shapes.table(c, text) is not None for c in able):
            continue
        message = f"{text} is a table of {other!r}, and this {here.act.operation} writes to {' or '.join(able)}"
        doing = sorted(op for op in here.checker.catalog.operations() if other in _able(here, op))
        mend = f"{other} is changed by {', '.join(doing[:6])}." if here.act.operation not in doing else ""
        here.problem(Problem("wrong-connection", message, mend or "Let `connection` and `table` agree."), name)
        return True
    return False


def _able(here: _Here, operation: str) -> Sequence[str]:
    found: Sequence[str] = here.checker.catalog.connections_for(operation)
    return found


def _tables(operation: type[Operation], act: Act) -> dict[str, str]:
    """The texts of the act's parameters that name tables, by parameter."""
    names = [
        info.alias or name
        for name, info in operation.Params.model_fields.items()
        if any(isinstance(mark, Mark) and mark.kind == "table" for mark in info.metadata)
    ]
    return {name: text for name in names if isinstance(text := act.params.get(name), str)}


def _named_by_table(here: _Here, tables: Sequence[str], able: Sequence[str]) -> str | None:
    for text in tables:
        for name in able:
            if text.casefold().startswith(f"{name.casefold()}."):
                return name
        having = [name for name in able if here.shapes.table(name, text) is not None]
        if len(having) == 1:
            return having[0]
    return None


def _named_by_rows(here: _Here, able: Sequence[str]) -> str | None:
    """The one of these connections that the rows' `id` was read from."""
    for column in here.columns or ():
        if column.name.casefold() == "id" and column.origin is not None:
            return next((name for name in able if name.casefold() == column.origin[0].casefold()), None)
    return None


# ---------------------------------------------------------------- texts


def _scope(here: _Here, operation: type[Operation]) -> TemplateShape:
    """What the act's templates may name."""
    act, columns = here.act, here.columns
    scope = TemplateShape(here.shapes, why=here.checker.names.why)
    if act.rows is None:
        return scope
    whole = operation.rows_use is RowsUse.TABLE and not act.per
    if whole:
        mend = "It is done once, for the whole table: `per:` makes it once a group, "
        mend += f"{{{{ {act.rows}.first.… }}}} names one row."
        scope = replace(scope, why_no_row=mend)
    else:
        scope = replace(scope, row=columns or (), open_row=columns is None)
    if whole or act.per:
        scope = replace(scope, rows=columns or (), open_rows=columns is None)
    return scope


def _partly(operation: type[Operation], act: Act) -> Params:
    """The parameters that are right by themselves, so that one wrong one doesn't hide what is wrong with others."""
    values: dict[str, Any] = {}
    for name, info in operation.Params.model_fields.items():
        values[name] = None
        given = act.params.get(info.alias or name)
        if given is not None:
            annotation: Any = Annotated[(info.annotation, None, *info.metadata)]
            adapter: TypeAdapter[Any] = TypeAdapter(annotation)
            with suppress(ValidationError):
                values[name] = adapter.validate_python(given)
    return operation.Params.model_construct(**values)


def _texts(here: _Here, operation: type[Operation], params: Params) -> None:
    """Templates, paths, named steps and recipients among the parameters."""
    checker, act = here.checker, here.act
    scope = _scope(here, operation)
    rule = checker.policy.get(act.operation)
    for where, mark, text in marked(params):
        at = _written(act.params, where)
        if mark.kind in RENDERED:
            checker.template(text, scope, (*here.inner, *at), here.path)
        if mark.kind == "path":
            fault = path_fault(text, known_text(text, checker.now, checker.values, here.shapes))
            if fault is not None:
                here.problem(fault, *at)
            elif operation.effect is Effect.SEND:
                for problem in file_problems(text, checker, here.shapes):
                    here.problem(problem, *at)
        elif mark.kind == "step":
            _named_step(here, text, scope, at)
        elif mark.kind == "recipient" and rule is not None and not is_template(text):
            for address in policy.outside(text, rule):
                message = f"{address} is outside the policy for {act.operation}"
                mend = f"It allows {', '.join(rule.recipients or ())}."
                here.problem(Problem("policy", message, mend), *at)


def _written(params: Any, path: Path) -> Path:
    """The place of a value as it was written: a single value may stand where a list is meant."""
    kept: list[str | int] = []
    inside = params
    for part in path:
        if isinstance(part, int) and not isinstance(inside, list | tuple):
            continue
        kept.append(part)
        try:
            inside = inside[part]
        except (LookupError, TypeError):
            break
    return tuple(kept)


def _named_step(here: _Here, name: str, scope: TemplateShape, at: Path) -> None:
    if name.casefold() == "rows":
        if scope.rows is None:
            mend = "Use `per:`, or name a step."
            here.problem(Problem("no-rows", "there are no `rows` here: they exist for a group or a table", mend), *at)
        return
    here.checker.step_columns(name, str(at[-1]) if at else "table", (*here.inner, *at), here.path, here.shapes)


# ---------------------------------------------------------------- the operation's own check


class _OwnTables:
    """Tables of one connection by name, with the connection in front or without; `names` for suggestions."""

    def __init__(self, shapes: Shapes, connection: str) -> None:
        self._shapes = shapes
        self._connection = connection

    def __call__(self, name: str) -> Table | None:
        found = self._shapes.table(self._connection, name)
        first, _, rest = name.partition(".")
        if found is None and rest and first.casefold() == self._connection.casefold():
            plain = rest[1:-1].replace('""', '"') if len(rest) > 1 and rest[0] == rest[-1] == '"' else rest
            return self._shapes.table(self._connection, plain)
        return found

    @property
    def names(self) -> Sequence[str]:
        return self._shapes.table_names(self._connection)


def _operation_check(here: _Here, operation: type[Operation], params: Params, connection: str) -> None:
    columns = here.columns if here.act.rows is not None else None
    for problem in operation.check(params, columns, _OwnTables(here.shapes, connection)):
        at = _written(here.act.params, problem.path)
        if not any(p.path == (*here.inner, *at) for p in here.checker.result.problems) or at in ((), ("rows",)):
            here.problem(problem, *at)


def _produce(here: _Here, operation: type[Operation], params: Params, connection: str) -> None:
    """Note the tables and files that the act will have made."""
    checker = here.checker
    note_files(params, operation, checker, here.shapes)
    columns: Sequence[ResultColumn] | None = here.columns if here.act.rows is not None else None
    unknown = False

    def text(mark: Mark, template: str) -> str:
        nonlocal unknown
        known = known_text(template, checker.now, checker.values, here.shapes)
        unknown = unknown or known is None
        return known if known is not None else like(template)

    for tool, table in operation.produces(rendered(params, text), columns):
        target = connection if tool == act_tool(here.act.operation) else _home(here, tool)
        if target is None:
            continue
        if here.act.rows is not None and here.columns is None:
            table = replace(table, columns=(), open=True)
        here.shapes.produce(target, table)


def act_tool(operation: str) -> str:
    """The name of the tool that an operation belongs to."""
    return operation.partition(".")[0]


def _home(here: _Here, tool: str) -> str | None:
    """The connection of that tool which paths in plans are relative to: `files`, else the first."""
    classes = here.checker.catalog.workspace.connections
    names = [name for name, connection in classes.items() if connection.tool == tool]
    return next((name for name in names if name.casefold() == "files"), names[0] if names else None)


# ---------------------------------------------------------------- policy


def _policy(here: _Here, operation: type[Operation], params: Params | None) -> None:
    checker = here.checker
    rule = checker.policy.get(here.act.operation)
    if rule is None:
        return
    columns = here.columns if here.act.rows is not None else None
    known = here.act.rows is None or here.columns is not None
    if here.act.rows is None and here.shapes.each:  # the rule is asked of all the loop's rows
        columns = here.shapes.step(here.shapes.each[-1])
        known = columns is not None
    for problem in policy.rule_problems(rule, operation, columns, here.shapes, now=checker.now, known=known):
        here.problem(problem)
    if here.act.rows is None and (reason := policy.over_limit(rule, 1)) is not None:
        here.problem(Problem("policy", reason, "Change [policy] in agent.toml."))
