"""What a template may name at its place, and what each name stands for, before anything is rendered.

Pure descriptions; nothing here judges a template.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from deskhand.contract import ResultColumn
from deskhand.errors import Problem
from deskhand.shapes import Shapes
from deskhand.template import is_number

Columns = tuple[ResultColumn, ...]


@dataclass(frozen=True)
class TemplateShape:
    """What a template may name at its place.

    row: the columns that each rendering has at hand, None where the act is done once. rows: the columns of the
    group or table, None where there is none. `open_row` and `open_rows`: there are such columns, but only the
    run knows them. why_no_row: the mend where a column is named and there is no row. why: what is wrong with
    naming a step that isn't at hand, None for a name that no step has.
    """

    shapes: Shapes
    row: Columns | None = None
    rows: Columns | None = None
    open_row: bool = False
    open_rows: bool = False
    why_no_row: str = ""
    why: Callable[[str], Problem | None] = lambda _: None


@dataclass(frozen=True)
class Value:
    """One value; `type` is a DuckDB type, or None where it isn't known."""

    type: str | None = None


@dataclass(frozen=True)
class Row:
    """A row: of the act, of a loop, the first of a step. `columns` None where only the run knows them."""

    columns: Columns | None
    what: str


@dataclass(frozen=True)
class Rows:
    """The rows of a step or a group. `one`: the single row of a for_each."""

    columns: Columns | None
    what: str
    one: bool = False


@dataclass(frozen=True)
class Items:
    """A list that was written out in the template."""


@dataclass(frozen=True)
class Loop:
    """`loop` inside a for."""


Shape = Value | Row | Rows | Items | Loop
ANY = Value()
TEXT = Value("VARCHAR")
BIGINT = Value("BIGINT")
BOOLEAN = Value("BOOLEAN")


_KIND_WORDS = {
    "text": "a text",
    "number": "a number",
    "date": "a date",
    "timestamp": "a timestamp",
    "time": "a time",
    "boolean": "a boolean",
    "table": "a table",
    "row": "a row",
    "loop": "the loop",
    "list": "a list",
}


def constant(value: Any) -> Shape:
    """What a value that is written out in a template stands for."""
    if isinstance(value, bool):
        return BOOLEAN
    if isinstance(value, int):
        return BIGINT
    if isinstance(value, float):
        return Value("DOUBLE")
    return TEXT if isinstance(value, str) else ANY


def kind_of(shape: Shape) -> str | None:
    """The kind of a value as far as it is known: `text`, `number`, `table`, …."""
    if isinstance(shape, Rows):
        return "table"
    if isinstance(shape, Row):
        return "row"
    if isinstance(shape, Loop):
        return "loop"
    if isinstance(shape, Items):
        return "list"
    if shape.type is None:
        return None
    if is_number(shape.type):
        return "number"
    kinds = {"VARCHAR": "text", "DATE": "date", "TIME": "time", "BOOLEAN": "boolean"}
    return "timestamp" if shape.type.startswith("TIMESTAMP") else kinds.get(shape.type)


def in_words(shape: Shape) -> str:
    """The same for a person: `a number`, `a table`."""
    return _KIND_WORDS.get(kind_of(shape) or "", "something else")
