"""The type of an expression, asked of DuckDB: `describe` over stand-ins of the operands' types.

Types are kept on the nodes themselves. This module refuses to reason about SQL: what it can't describe it
reports in DuckDB's words, made plain.
"""

from __future__ import annotations

import re
from typing import Any

from sqlglot import exp

from deskhand.sql.dates import NOW, TODAY
from deskhand.sql.dialect import marked
from deskhand.sql.duck import describe
from deskhand.sql.types import NULL, normal

STRUCTURAL = (
    exp.Order,
    exp.Ordered,
    exp.Distinct,
    exp.Slice,
    exp.PropertyEQ,
    exp.Kwarg,
    exp.Where,
    exp.WindowSpec,
    exp.HavingMax,
    exp.IgnoreNulls,
    exp.RespectNulls,
    exp.Limit,
)
"""Parts of an expression that have no value of their own."""
LEAVES = (exp.Var, exp.DataType, exp.Identifier, exp.Star, exp.IntervalSpan, exp.JSONPath)


def type_of(node: exp.Expr | None) -> str | None:
    """The type found for a node; None where it isn't known."""
    if node is None:
        return None
    found: str | None = node.meta.get("duck") if node._meta else None
    return found


def typed(node: exp.Expr, type_: str | None) -> exp.Expr:
    """The node with its type kept on it."""
    node.meta["duck"] = type_
    return node


class Untypable(Exception):
    """An operand has no known type."""


def sample(type_: str) -> str:
    """SQL of a value of a type, for typing: not null where DuckDB wants constants that aren't."""
    if type_ in ("DATE", "TIMESTAMP"):
        return f"CAST('2000-01-01' AS {type_})"
    if type_ == "BOOLEAN" or type_.startswith("DECIMAL") or type_.endswith(("INT", "INTEGER", "DOUBLE")):
        return f"CAST(1 AS {type_})"
    return f"CAST(NULL AS {type_})"


class Probe:
    """Builds one probing query: operands become columns `p0`, `p1`, … of a subquery."""

    def __init__(self) -> None:
        self.types: list[str] = []

    def stand_in(self, node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Literal | exp.Boolean | exp.Null):
            return node.copy()
        if isinstance(node, exp.Neg | exp.Paren) and isinstance(node.this, exp.Literal):
            return node.copy()
        type_ = type_of(node)
        if type_ is None:
            raise Untypable
        if type_ == NULL:
            return exp.Null()
        if isinstance(node, exp.Placeholder) and node.name not in (TODAY, NOW):
            return exp.Anonymous(this=f"§{type_}")
        if type_ not in self.types:
            self.types.append(type_)
        return exp.Column(this=exp.to_identifier(f"p{self.types.index(type_)}"))

    def part(self, node: Any) -> Any:
        if isinstance(node, list):
            return [self.part(item) for item in node]
        if not isinstance(node, exp.Expr):
            return node
        if isinstance(node, LEAVES) and not (node._meta and "duck" in node._meta):
            return node.copy()  # a typed identifier is a lambda's parameter
        if isinstance(node, exp.Interval):
            return self.skeleton(node)
        if isinstance(node, exp.Lambda):
            return exp.Lambda(this=self.stand_in(node.this), expressions=[item.copy() for item in node.expressions])
        if isinstance(node, STRUCTURAL) or (type_of(node) is None and isinstance(node, exp.Tuple)):
            return self.skeleton(node)
        return self.stand_in(node)

    def skeleton(self, node: exp.Expr) -> exp.Expr:
        return node.__class__(**{key: self.part(value) for key, value in node.args.items() if value is not None})

    def text(self, node: exp.Expr) -> str:
        if isinstance(node, exp.Window):
            body: exp.Expr = exp.Window(this=self.window_function(node.this), over="OVER")
        elif isinstance(node, exp.Filter | exp.IgnoreNulls | exp.RespectNulls | exp.WithinGroup):
            body = self.window_function(node)
        else:
            body = self.skeleton(node)
        select = re.sub(r"\"?§([^\"(]+(?:\(\d+,\d+\))?)\"?\(\)", lambda m: sample(m[1]), marked(body))
        if not self.types:
            return f"SELECT {select}"
        columns = ", ".join(f"CAST(NULL AS {t}) AS p{i}" for i, t in enumerate(self.types))
        return f"SELECT {select} FROM (SELECT {columns})"

    def window_function(self, node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Filter | exp.IgnoreNulls | exp.RespectNulls | exp.WithinGroup):
            copy = node.__class__(this=self.window_function(node.this))
            if isinstance(node, exp.Filter | exp.WithinGroup):
                copy.set("expression", self.part(node.expression))
            return copy
        return self.skeleton(node)


def probe(node: exp.Expr) -> tuple[str | None, str | None]:
    """The type of a node whose operands are typed, or DuckDB's complaint; neither where an operand's type is
    unknown."""
    builder = Probe()
    try:
        text = builder.text(node)
    except Untypable:
        return None, None
    found = describe(text)
    if isinstance(found, str):
        return None, found
    type_ = normal(found[0][1])
    # A tuple's type can't be written, so nothing could be asked about what is made of it.
    return (None if "TUPLE(" in type_ else type_), None


def plain(complaint: str) -> str:
    """DuckDB's complaint without its class, its candidates and its echo of the query."""
    text = complaint.split("\n\nLINE ")[0].split("\nLINE ")[0]
    text = re.sub(r"^[A-Za-z ]+ Error: ", "", text)
    text = text.split("\n\tCandidate")[0].split("\nCandidate functions")[0]
    text = re.sub(r" You might need to add explicit type casts\.| In order to select one,.*", "", text, flags=re.DOTALL)
    text = re.sub(
        r"No function matches the given name and argument types '([^(]*)\((.*?)\)'", r"\1 doesn't take \2", text
    )
    text = re.sub(
        r'Could not choose a best candidate function for the function call "([^(]*)\((.*?)\)"',
        r"\1 doesn't take \2",
        text,
    )
    text = text.replace("_LITERAL", "").replace("STRING", "text")
    return " ".join(text.split()).rstrip(".")
