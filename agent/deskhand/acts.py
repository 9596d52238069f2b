"""From an act of the plan to the calls that an operation takes: parameters typed, texts rendered, rows grouped.

The checker, the preview and the executor all come through here, so that what is checked and shown is what is
done. A row whose texts can't be rendered becomes a `Fault`, the others go on. This module refuses to read
data, to apply anything, and to know any particular operation.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from deskhand.contract import Call, Mark, Operation, Params, Row, Rows, RowsUse
from deskhand.errors import BusinessError, Problem
from deskhand.plan import Act
from deskhand.template import Scope, TemplateError, render

Path = tuple[str | int, ...]

RENDERED = ("template", "path", "recipient")
"""Kinds of `Mark` whose texts are templates."""


# ---------------------------------------------------------------- parameters


def read_params(operation: type[Operation], act: Act) -> tuple[Params | None, list[Problem]]:
    """The act's parameters as the operation types them, or the problems (paths relative to the parameters)."""
    from deskhand.nearest import suggest

    names = {f.alias or n for n, f in operation.Params.model_fields.items()}
    try:
        return operation.Params.model_validate({k: v for k, v in act.params.items() if v is not None}), []
    except ValidationError as error:
        problems: dict[Path, Problem] = {}
        for one in error.errors():
            # pydantic adds the branch of a union to the place; only names and numbers that are there count
            path = _known(one["loc"], act.params)
            key = str(path[-1]) if path else ""
            given = one.get("input")
            if one["type"] == "missing":
                missing = str(one["loc"][-1])
                problem = Problem(
                    "missing-parameter", f"{act.operation} needs `{missing}`", f"Add `{missing}:` to it.", path
                )
            elif one["type"] == "extra_forbidden" and len(path) == 1:
                mend = suggest(key, names) or f"It takes {', '.join(sorted(names))}."
                problem = Problem("unknown-parameter", f"{act.operation} has no parameter {key!r}", mend, path)
            elif one["type"] in ("string_type", "tuple_type", "list_type") and isinstance(given, bool | dict):
                shown = str(given).lower() if isinstance(given, bool) else "a mapping"
                problem = Problem(
                    "not-a-text", f"`{key}` is a text, and YAML reads {shown} here", 'Put it in quotes: "…".', path
                )
            elif one["type"] == "literal_error":
                problem = Problem(
                    "bad-value", f"`{key}` can't be {given!r}", f"It is one of {one['ctx']['expected']}.", path
                )
            else:
                said = str(one["ctx"]["error"]) if one["type"] == "value_error" else one["msg"]
                problem = Problem("bad-value", f"`{key}` can't be {given!r}: {said}", f"Change `{key}`.", path)
            problems.setdefault(path, problem)
        return None, list(problems.values())


def _known(loc: Sequence[str | int], params: Any) -> Path:
    path: list[str | int] = []
    here: Any = params
    for part in loc:
        try:
            here = typing.cast(Any, here)[part] if isinstance(here, dict | list) else None
        except (LookupError, TypeError):
            continue
        if here is None:
            continue
        path.append(part)
    return tuple(path)


def marked(params: BaseModel) -> Iterator[tuple[Path, Mark, str]]:
    """Every text in the parameters that carries a mark: where it stands, the mark, the text."""
    for name, info in type(params).model_fields.items():
        marks = [m for m in info.metadata if isinstance(m, Mark)]
        yield from _marked(info.annotation, marks, getattr(params, name), (info.alias or name,))


def _marked(annotation: Any, marks: list[Mark], value: Any, path: Path) -> Iterator[tuple[Path, Mark, str]]:
    annotation, marks = _branch(annotation, marks, value)
    if isinstance(value, str):
        if marks:
            yield path, marks[0], value
    elif isinstance(value, BaseModel):
        for inner in marked(value):
            yield (*path, *inner[0]), inner[1], inner[2]
    elif isinstance(value, tuple | list):
        for index, item in enumerate(value):
            yield from _marked(_item(annotation), marks, item, (*path, index))


def rendered(params: Params, text: Callable[[Mark, str], str]) -> Params:
    """The same parameters with every marked template replaced by `text(mark, template)`."""
    return typing.cast(Params, _rendered_model(params, text))


def _rendered_model(params: BaseModel, text: Callable[[Mark, str], str]) -> BaseModel:
    changes = {}
    html = params.html_texts() if isinstance(params, Params) else frozenset()
    for name, info in type(params).model_fields.items():
        marks = [replace(m, html=name in html) for m in info.metadata if isinstance(m, Mark)]
        before = getattr(params, name)
        after = _rendered(info.annotation, marks, before, text)
        if after is not before:
            changes[name] = after
    return params.model_copy(update=changes) if changes else params


def _rendered(annotation: Any, marks: list[Mark], value: Any, text: Callable[[Mark, str], str]) -> Any:
    annotation, marks = _branch(annotation, marks, value)
    if isinstance(value, str):
        return text(marks[0], value) if marks and marks[0].kind in RENDERED else value
    if isinstance(value, BaseModel):
        return _rendered_model(value, text)
    if isinstance(value, tuple | list):
        made = [_rendered(_item(annotation), marks, item, text) for item in value]
        return type(value)(made) if any(a is not b for a, b in zip(made, value, strict=True)) else value
    return value


def _branch(annotation: Any, marks: list[Mark], value: Any) -> tuple[Any, list[Mark]]:
    """The part of a type that this value is of, with the marks on the way to it."""
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation, *more = get_args(annotation)
            marks = marks + [m for m in more if isinstance(m, Mark)]
        elif origin in (Union, UnionType):
            fitting = [a for a in get_args(annotation) if _fits(a, value)]
            if not fitting:
                return annotation, marks
            annotation = fitting[0]
        else:
            return annotation, marks


def _fits(annotation: Any, value: Any) -> bool:
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    base = get_origin(annotation) or annotation
    return isinstance(base, type) and isinstance(value, base)


def _item(annotation: Any) -> Any:
    arguments = [a for a in get_args(annotation) if a is not Ellipsis]
    return arguments[0] if arguments else str


# ---------------------------------------------------------------- calls


@dataclass(frozen=True)
class Fault:
    """A row (or group) that no call could be made for, or whose call may not be done; it becomes an exception.

    call: the call that may not be done. It is still needed to read back what an earlier attempt did with it.
    """

    ordinal: int
    reason: str
    row: Row | None = None
    call: Call | None = None


@dataclass(frozen=True)
class Group:
    """Rows that agree in the `per` columns. `blank` names a `per` column that is null in them."""

    rows: tuple[Row, ...]
    blank: str | None = None


def group(rows: Rows, per: Sequence[str]) -> list[Group]:
    """The rows by the `per` columns, groups in the order of their first row, rows in their own order.

    Texts are compared as they are; a null in a `per` column makes a group that can only be an exception.
    """
    names = [_column_name(rows, name) for name in per]
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows.rows:
        groups.setdefault(tuple(row[name] for name in names), []).append(row)
    return [
        Group(tuple(members), next((n for n, v in zip(names, key, strict=True) if v is None), None))
        for key, members in groups.items()
    ]


def _column_name(rows: Rows, name: str) -> str:
    return next((c.name for c in rows.columns if c.name.casefold() == name.casefold()), name)


def calls(act: Act, operation: type[Operation], params: Params, rows: Rows | None, scope: Scope) -> list[Call | Fault]:
    """One call for each effect that the act asks for, in order; a Fault where the texts can't be made.

    `rows` are those of the act's step (None for an act without rows); `scope` has inputs, steps and `now`.
    """
    if rows is None:
        return [_call(0, params, scope, None, None)]
    if operation.rows_use is RowsUse.TABLE and not act.per:
        return [_call(0, params, replace(scope, rows=rows), None, rows)]
    if act.per:
        made: list[Call | Fault] = []
        per = frozenset(name.casefold() for name in act.per)
        for ordinal, part in enumerate(group(rows, act.per)):
            shared = {name: part.rows[0][name] for name in part.rows[0]}
            varying = frozenset(n for n in shared if any(row[n] != shared[n] for row in part.rows))
            constant = {n: v for n, v in shared.items() if n not in varying}
            folded = frozenset(n.casefold() for n in varying)
            if part.blank is not None:
                made.append(Fault(ordinal, f"{part.blank} is empty, and the rows are grouped by it", constant))
                continue
            inner = replace(scope, row=constant, varying=folded, rows=Rows(rows.columns, part.rows), per=per)
            made.append(_call(ordinal, params, inner, constant, inner.rows))
        return made
    return [_call(n, params, replace(scope, row=row), row, None, rows) for n, row in enumerate(rows.rows)]


def _call(
    ordinal: int, params: Params, scope: Scope, row: Row | None, rows: Rows | None, source: Rows | None = None
) -> Call | Fault:
    try:
        ready = rendered(params, lambda mark, text: render(text, scope, html=mark.html))
        tables = {}
        for _, mark, name in marked(params):
            if mark.kind == "step":
                tables[name] = _step_table(name, scope)
    except BusinessError as error:
        return Fault(ordinal, error.one_line, row)
    columns = (rows or source).columns if (rows or source) is not None else ()  # type: ignore[union-attr]
    return Call(ordinal, ready, row=row, rows=rows, columns=columns, tables=tables)


def _step_table(name: str, scope: Scope) -> Rows:
    if name == "rows":
        if scope.rows is None:
            raise TemplateError("there are no `rows` here", mend="Use `per`, or name a step.")
        return scope.rows
    step = scope.step_name(name)
    if step is None:
        raise TemplateError(f"there is no step {name!r}")
    return scope.steps[step]
