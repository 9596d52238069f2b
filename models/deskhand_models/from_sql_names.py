"""What a query that is written in SQL names: its sources, their columns, and the values that it compares them with.

The first part of `from_sql`. This module refuses to know functions, conditions and clauses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from deskhand_models.scope import Output
from deskhand_models.signs import NUMBERS, Ref, Sign
from deskhand_models.slices import Group, Slice

Slot = Callable[[str, str], list[Sign]]
"""(the slot's number, the family that its place needs) -> its signs."""


class Unsayable(Exception):
    """A plan, or a part of one, for which there are no signs."""


@dataclass
class Source:
    """A table (group) or an earlier step (its number and columns) in a `from`."""

    alias: str
    group: Group | None = None
    step: int = 0
    outputs: tuple[Output, ...] = ()


@dataclass
class Names:
    """The sources of one query, and those of the query around it."""

    sources: list[Source] = field(default_factory=list)
    outer: Names | None = None

    def chain(self) -> list[Names]:
        """This query's names and those around it, innermost first."""
        return [self, *(self.outer.chain() if self.outer else [])]


class NameSigns:
    """Names and values as signs. slot: says the signs of what the request states."""

    def __init__(
        self, cut: Slice, steps: Sequence[tuple[str, Sequence[Output]]], slot: Slot, targets: Mapping[str, Ref]
    ) -> None:
        self.cut = cut
        self.targets = targets
        self.steps = {
            name.casefold(): (number, tuple(outputs)) for number, (name, outputs) in enumerate(steps, start=1)
        }
        self._stated = slot

    def source(self, table: exp.Expr, names: Names) -> Sign:
        """The sign of a table or step in a `from`, added to the names. Raises Unsayable."""
        if not isinstance(table, exp.Table):
            raise Unsayable("a source is a table or an earlier step")
        alias = table.alias or table.name
        if not table.db:
            if table.name.casefold() not in self.steps:
                raise Unsayable(f"there is no step {table.name!r} before this query")
            number, outputs = self.steps[table.name.casefold()]
            names.sources.append(Source(alias, step=number, outputs=outputs))
            return f"#{number}"
        key = (table.db.casefold(), table.name.casefold())
        group = self.cut.group_of.get(key)
        if group is None:
            raise Unsayable(f"there is no table {table.db}.{table.name}")
        own = next(name for name in group.tables if name.casefold() == key[1])
        if any(s.group is group for n in names.chain()[:1] for s in n.sources):
            raise Unsayable(f"{own} stands twice in one query")
        names.sources.append(Source(alias, group))
        return Ref("table", (group.connection, own))

    def column(self, node: exp.Column, names: Names) -> list[Sign]:
        """A column's signs. Raises Unsayable where no source has it."""
        name, table = node.name.casefold(), node.table.casefold()
        for level in names.chain():
            for source in level.sources:
                if table and source.alias.casefold() != table:
                    continue
                if source.group is not None and name in source.group.by_name:
                    column = source.group.by_name[name]
                    return [Ref("column", (source.group.connection, source.group.name, column.name))]
                for place, output in enumerate(source.outputs, start=1):
                    if output.name.casefold() == name:
                        if output.origin is None:
                            return [f"o{place}"]
                        beside = any(s.group is not None for n in names.chain() for s in n.sources)
                        return ["^", output.origin] if beside else [output.origin]
        raise Unsayable(f"no table here has the column {node.sql('duckdb')}")

    def number(self, node: exp.Expr) -> list[Sign]:
        """A number's: one that the request states, or a small one. Raises Unsayable."""
        if isinstance(node, exp.Parameter | exp.Placeholder):
            return self.slot(node, "number")
        if isinstance(node, exp.Literal) and not node.is_string and node.this in NUMBERS:
            return [f"n_{node.this}"]
        raise Unsayable(f"the number {node.sql()} stands neither in the request nor among the small ones")

    def slot(self, node: exp.Expr, family: str) -> list[Sign]:
        """The signs of a slot's value."""
        return self._stated(node.sql("duckdb").lstrip("$"), family)

    def text(self, node: exp.Expr, column: Sign | None) -> list[Sign]:
        """A text's signs. Raises Unsayable where the expression is none."""
        node = bare(node)
        if isinstance(node, exp.Parameter | exp.Placeholder):
            return self.slot(node, "text")
        if isinstance(node, exp.Literal):
            return self.slot_or_text(node.this, column)
        raise Unsayable(f"{node.sql('duckdb')} is no text")

    def slot_or_text(self, text: str, column: Sign | None) -> list[Sign]:
        """A quoted text's: a sample value of its column, somebody's address, or words of the request."""
        if text == "":
            return ["empty"]
        if text.startswith("$") and text[1:].isdigit():
            return self._stated(text[1:], "text")
        if isinstance(column, Ref) and column.kind == "column":
            value = next((v for v in self.cut.column(column).values if v.casefold() == text.casefold()), None)
            if value is not None:
                return [Ref("value", (*column.key[:3], value))]
        person = next((p for p in self.cut.people if p.address.casefold() == text.casefold()), None)
        if person is not None:
            return [Ref("person", (person.address,))]
        return self._stated("=" + text, "text")

    def family(self, node: exp.Expr, names: Names) -> str:
        """The family of an expression, as far as it shows; else `any`."""
        node = bare(node)
        if isinstance(node, exp.Column):
            sign = self.column(node, names)[-1]
            if isinstance(sign, Ref):
                return self.cut.column(sign).family
            sources = [s for n in names.chain() for s in n.sources if s.outputs]
            return sources[0].outputs[int(sign[1:]) - 1].family
        if isinstance(node, exp.Paren):
            return self.family(node.this, names)
        if isinstance(node, exp.Sub):
            sides = {self.family(node.left, names), self.family(node.right, names)}
            left = self.family(node.left, names)
            if (
                left in ("date", "timestamp")
                and len(sides & {"date", "timestamp"})
                and self.family(node.right, names) in ("date", "timestamp")
            ):
                return "number"
            return left
        if isinstance(node, exp.Add | exp.Mul | exp.Div):
            return self.family(node.left, names)
        if isinstance(node, exp.Count | exp.Sum | exp.Avg | exp.Round | exp.Year | exp.Month | exp.Extract | exp.Abs):
            return "number"
        if isinstance(node, exp.Min | exp.Max | exp.Coalesce | exp.Greatest | exp.Least):
            return self.family(node.this, names)
        if isinstance(node, exp.CurrentDate | exp.Anonymous):
            return "date"
        if isinstance(node, exp.Literal):
            return "text" if node.is_string else "number"
        if isinstance(node, exp.Lower | exp.Upper | exp.Trim):
            return "text"
        if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Select):
            inner = Names(outer=names)
            source = node.this.args.get("from_") or node.this.args.get("from")
            if source is not None:
                self.source(source.this, inner)
                for join in node.this.args.get("joins") or ():
                    self.source(join.this, inner)
            return self.family(node.this.expressions[0].unalias(), inner)
        return "any"


def bare(node: exp.Expr) -> exp.Expr:
    """Without what a comparison does by itself: lower() around a text, a cast to a date."""
    while isinstance(node, exp.Lower | exp.Cast | exp.TryCast | exp.Trim | exp.TsOrDsToDate):
        node = node.this
    return node


def has_column(node: exp.Expr) -> bool:
    """Whether it depends on the rows."""
    return node.find(exp.Column, exp.AggFunc) is not None
