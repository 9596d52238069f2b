"""The plan: typed steps, frozen. A planner writes it, a person writes it as YAML, a recording yields it.

Everything that can be read is a table and everything that can be done takes rows, so a plan is a list of
queries (pure, in SQL) and acts (effects over the rows of a query), with `approve`, `call` and `for_each`
around them. Equal plans are equal objects; `plan_yaml` reads and prints them.

This module refuses to know any operation, table or workspace: whether a plan makes sense is `check`'s work.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

RESERVED_IN_ACTS = ("connection", "rows", "per", "when", "unless", "on_error")

# DuckDB's reserved words, and those of its words that can't stand as a bare table name after `from`.
SQL_KEYWORDS = frozenset(
    """
    all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create
    default deferrable desc describe distinct do else end except false fetch for foreign from group having in
    initially intersect into join lambda lateral leading left limit not null offset on only or order pivot
    pivot_longer pivot_wider placing primary qualify references returning right select show some summarize
    symmetric table then to trailing true union unique unpivot using variadic when where window with
    inner outer full cross natural anti semi asof positional values is between like ilike exists
    """.split()  # noqa: SIM905  a list of a hundred lines reads worse
)

_PLAIN_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")

# Names that templates and queries already give a meaning.
_TAKEN_IDS = frozenset({"rows", "row", "inputs", "today", "now", "loop", "done"})

INPUT_TYPES: dict[str, str] = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "decimal": "DECIMAL(38,10)",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "boolean": "BOOLEAN",
}
"""Input types and the DuckDB type that `:name` has in a query. A decimal keeps its own scale there."""

_INPUT_ALIASES = {
    "string": "text",
    "int": "integer",
    "number": "decimal",
    "money": "decimal",
    "bool": "boolean",
}


class Part(BaseModel):
    """Base of everything in a plan: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


def id_fault(name: str) -> str | None:
    """Why this can't be a step's id, or None where it can."""
    if not _PLAIN_WORD.match(name):
        return f"an id is a plain word of letters, digits and _, and {name!r} is not"
    if name.lower() in SQL_KEYWORDS:
        return f"{name!r} is a word of SQL and can't name a step"
    if name.lower() in _TAKEN_IDS:
        return f"{name!r} already has a meaning in templates and can't name a step"
    return None


def _check_id(value: str | None) -> str | None:
    if value is not None and (fault := id_fault(value)):
        raise ValueError(fault)
    return value


class Input(Part):
    """One typed input of a process. `default` is text as written, or None where the input must be given.

    A date's default may be a business date: `days_ago(30)`, `start_of('month', -1)`.
    """

    type: Literal["text", "integer", "decimal", "date", "timestamp", "boolean"] = "text"
    default: str | bool | None = None
    optional: bool = False
    description: str = ""

    @field_validator("type", mode="before")
    @classmethod
    def _alias(cls, value: Any) -> Any:
        return _INPUT_ALIASES.get(value, value) if isinstance(value, str) else value


class Trigger(Part):
    """When a process starts by itself: exactly one of `cron`, `every` and `at`."""

    cron: str | None = None
    every: str | None = None
    at: str | None = None
    missed: Literal["none", "last", "all"] = "last"
    shift: Literal["next-business-day", "previous-business-day", "skip"] | None = None
    overlap: Literal["skip", "queue", "cancel-running"] = "skip"
    jitter: str | None = None
    start: str | None = None
    end: str | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Trigger:
        if sum(kind is not None for kind in (self.cron, self.every, self.at)) != 1:
            raise ValueError("a trigger has exactly one of cron, every and at")
        if self.cron is not None and len(self.cron.split()) != 5:
            raise ValueError(f"a cron line has five fields (minute hour day month weekday): {self.cron!r}")
        return self


class Query(Part):
    """One pure `select`. Its rows are a table named by `id`."""

    id: str | None = None
    query: str
    expect: Literal["one", "some", "none"] | int | None = None

    _id = field_validator("id")(_check_id)

    @field_validator("query")
    @classmethod
    def _not_blank(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("the query is empty")
        return value

    @field_validator("expect")
    @classmethod
    def _count(cls, value: str | int | None) -> str | int | None:
        if isinstance(value, int) and value < 0:
            raise ValueError("expect takes one, some, none or a number of rows")
        return value


class Act(Part):
    """An operation with its parameters, over the rows of a step, a group of them, or none.

    `params` holds what stands inside the operation besides the reserved words: texts (numbers too, as
    written), booleans, None, lists and mappings of these. The operation's own `Params` types them.
    """

    id: str | None = None
    operation: str
    connection: str | None = None
    rows: str | None = None
    per: tuple[str, ...] = ()
    when: str | None = None
    unless: str | None = None
    on_error: Literal["skip", "stop"] = "skip"
    params: dict[str, Any] = Field(default_factory=dict)

    _id = field_validator("id")(_check_id)

    @field_validator("per", mode="before")
    @classmethod
    def _list(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _fits(self) -> Act:
        if self.per and self.rows is None:
            raise ValueError("`per` groups the rows of an act, and this act has no `rows`")
        if self.when is not None and self.unless is not None:
            raise ValueError("an act has `when` or `unless`, not both")
        return self


class Approve(Part):
    """Waits for a person. The approval binds to the digest of the rows; later acts on them need it."""

    id: str | None = None
    rows: str | None = None
    ask: str = ""
    by: tuple[str, ...] = ()
    two: bool = False

    _id = field_validator("id")(_check_id)

    @field_validator("by", mode="before")
    @classmethod
    def _list(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value


class Call(Part):
    """Runs another process, once or for each row; each is a child run. `inputs` are templates."""

    id: str | None = None
    process: str
    rows: str | None = None
    inputs: dict[str, Any] = Field(default_factory=dict)
    when: str | None = None
    unless: str | None = None
    on_error: Literal["skip", "stop"] = "skip"

    _id = field_validator("id")(_check_id)

    @model_validator(mode="after")
    def _fits(self) -> Call:
        if self.when is not None and self.unless is not None:
            raise ValueError("a call has `when` or `unless`, not both")
        return self


class ForEach(Part):
    """Several steps for each row of an earlier step, which `as_` names inside as a one-row table.

    An exception ends that row's remaining steps; the other rows go on.
    """

    id: str | None = None
    for_each: str
    as_: str = Field(alias="as")
    steps: tuple[Step, ...] = Field(min_length=1)

    _id = field_validator("id")(_check_id)
    _as = field_validator("as_")(_check_id)


Step = Query | Act | Approve | Call | ForEach


class Plan(Part):
    """A named, versioned list of steps; with triggers and phrases it is a process."""

    process: str | None = None
    version: int = 1
    description: str = ""
    phrases: tuple[str, ...] = ()
    inputs: dict[str, Input] = Field(default_factory=dict)
    triggers: tuple[Trigger, ...] = ()
    steps: tuple[Step, ...] = Field(min_length=1)

    @field_validator("process")
    @classmethod
    def _name(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", value):
            raise ValueError(f"a process is named by letters, digits, - and _, and {value!r} is not")
        return value

    @field_validator("inputs")
    @classmethod
    def _input_names(cls, value: dict[str, Input]) -> dict[str, Input]:
        for name in value:
            if not _PLAIN_WORD.match(name):
                raise ValueError(f"an input is named by a plain word, and {name!r} is not one")
        return value


ForEach.model_rebuild()
Plan.model_rebuild()


class Placed(Part):
    """A step with its place: `path` is unique in the plan and the same on every run of it.

    path: `overdue`, `step3` (no id: its number in the list), `each/step1` inside a for_each.
    name: the last part of it. place: the keys that lead to it in the YAML: ("steps", 2).
    """

    path: str
    name: str
    place: tuple[str | int, ...]
    step: Step


def placed(steps: Sequence[Step], parent: str = "", place: tuple[str | int, ...] = ("steps",)) -> list[Placed]:
    """These steps with their paths, one level deep, in order."""
    result = []
    for index, step in enumerate(steps):
        name = step.id or f"step{index + 1}"
        path = f"{parent}/{name}" if parent else name
        result.append(Placed(path=path, name=name, place=(*place, index), step=step))
    return result


def walk(plan: Plan) -> Iterator[Placed]:
    """Every step of the plan with its place, those inside a for_each after it."""

    def down(steps: Sequence[Step], parent: str, place: tuple[str | int, ...]) -> Iterator[Placed]:
        for item in placed(steps, parent, place):
            yield item
            if isinstance(item.step, ForEach):
                yield from down(item.step.steps, item.path, (*item.place, "steps"))

    yield from down(plan.steps, "", ("steps",))


def loop_acts(loop: ForEach) -> list[Act]:
    """The acts of a loop that have one effect for each of its rows."""
    row = loop.as_.casefold()
    return [s for s in loop.steps if isinstance(s, Act) and (s.rows is None or s.rows.casefold() == row)]


def static_path(path: str) -> str:
    """A step's path in its plan, from its path in a run, which holds the row numbers of loops too."""
    return "/".join(part for part in path.split("/") if not part.isdecimal())
