"""Expressions that are written in SQL, as signs: arithmetic, functions, cases, dates.

The second part of `from_sql`. This module refuses to know clauses: a query inside an expression is `from_sql`'s.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from sqlglot import exp

from deskhand_models.from_sql_names import Names, NameSigns, Unsayable, bare
from deskhand_models.signs import SHIFTS, UNITS, WEEKDAYS, Sign

_MATH: dict[type[exp.Expr], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/"}
_AGGREGATE: dict[type[exp.Expr], str] = {exp.Sum: "sum", exp.Avg: "avg", exp.Min: "min", exp.Max: "max"}
_ONE: dict[type[exp.Expr], str] = {
    exp.Lower: "lower",
    exp.Upper: "upper",
    exp.Trim: "trim",
    exp.Year: "year",
    exp.Month: "month",
    exp.Abs: "abs",
}


class ExpressionSigns(NameSigns, ABC):
    """Expressions as signs."""

    @abstractmethod
    def select(self, tree: exp.Select, outer: Names | None, kind: str = "rows") -> list[Sign]:
        """A query inside an expression: from_sql's own part."""

    @abstractmethod
    def condition(self, node: exp.Expr, names: Names, *, inside: str = "") -> list[Sign]:
        """A condition inside a case: from_sql_conditions' own part."""

    def expression(self, node: exp.Expr, names: Names, family: str = "any", column: Sign | None = None) -> list[Sign]:
        """Factors joined by + - * /. family: what its place needs; column: what it is compared with."""
        kind = type(node)
        if kind in _MATH and isinstance(node, exp.Binary):
            own = self.family(node, names)
            left = self.expression(node.left, names, own if own == "number" else "date")
            sides = [node.right]
            right_family = "number" if self.family(node.right, names) in ("number", "any") else "date"
            return [*left, _MATH[kind], *self.factor(sides[0], names, right_family)]
        return self.factor(node, names, family, column)

    def factor(self, node: exp.Expr, names: Names, family: str = "any", column: Sign | None = None) -> list[Sign]:
        """One factor; arithmetic in its place gets brackets. Raises Unsayable."""
        kind = type(node)
        if isinstance(node, exp.Paren):
            inner = node.this
            if isinstance(inner, exp.Binary) and type(inner) in _MATH:
                return ["(", *self.expression(inner, names, family), ")"]
            return self.factor(inner, names, family, column)
        if isinstance(node, exp.Subquery):
            assert isinstance(node.this, exp.Select)
            return ["(", *self.select(node.this, names, "one"), ")"]
        if isinstance(node, exp.Column):
            return self.column(node, names)
        if isinstance(node, exp.Cast | exp.TryCast):
            return self.factor(node.this, names, family, column)
        if isinstance(node, exp.Parameter | exp.Placeholder):
            return self.slot(node, family)
        if isinstance(node, exp.Literal) and node.is_string:
            return self.slot_or_text(node.this, column)
        if isinstance(node, exp.Neg):
            return ["(", "n_0", "-", *self.factor(node.this, names, family), ")"]
        if isinstance(node, exp.Literal):
            return self.number(node)
        if isinstance(node, exp.Null):
            return ["null"]
        if isinstance(node, exp.Boolean):
            return ["true" if node.this else "false"]
        if kind in _MATH:
            return ["(", *self.expression(node, names, family), ")"]
        if isinstance(node, exp.Case):
            return self._case(node, names, family, column)
        return self._function(node, names, family)

    def _case(self, node: exp.Case, names: Names, family: str, column: Sign | None) -> list[Sign]:
        if node.this is not None:
            raise Unsayable("a case is `case when …`")
        signs: list[Sign] = ["case"]
        for branch in node.args["ifs"]:
            signs += ["when", *self.condition(branch.this, names), "then"]
            signs += self.expression(branch.args["true"], names, family, column)
        if (default := node.args.get("default")) is not None:
            signs += ["else", *self.expression(default, names, family, column)]
        return [*signs, "end"]

    def _function(self, node: exp.Expr, names: Names, family: str) -> list[Sign]:
        kind = type(node)
        if isinstance(node, exp.Count):
            inner = node.this
            if isinstance(inner, exp.Star) or inner is None:
                return ["count_all"]
            if isinstance(inner, exp.Distinct):
                return ["countd", *self.factor(inner.expressions[0], names)]
            return ["count", *self.factor(inner, names)]
        if kind in _AGGREGATE:
            return [
                _AGGREGATE[kind],
                *self.factor(node.this, names, "number" if kind in (exp.Sum, exp.Avg) else family),
            ]
        if isinstance(node, exp.Round):
            digits = node.args.get("decimals")
            word = "round0" if digits is None or digits.name == "0" else "round"
            return [word, *self.factor(node.this, names, "number")]
        if isinstance(node, exp.Coalesce | exp.Greatest | exp.Least):
            word = {"Coalesce": "coalesce", "Greatest": "greatest", "Least": "least"}[kind.__name__]
            arguments = [node.this, *node.expressions]
            if len(arguments) != 2:
                raise Unsayable(f"{word} takes two")
            own = self.family(arguments[0], names)
            own = family if own == "any" else own
            return [word, *self.factor(arguments[0], names, own), *self.factor(arguments[1], names, own)]
        if kind in _ONE:
            day = kind in (exp.Year, exp.Month)
            return [_ONE[kind], *self.factor(bare(node.this) if day else node.this, names, "date" if day else "text")]
        if isinstance(node, exp.Extract) and node.name.lower() in ("year", "month"):
            return [node.name.lower(), *self.factor(bare(node.expression), names, "date")]
        if isinstance(node, exp.CurrentDate):
            return ["current_date"]
        if isinstance(node, exp.Anonymous):
            return self._date(node, names)
        if isinstance(node, exp.DateDiff):
            return ["(", *self.expression(node.this, names), "-", *self.factor(node.expression, names), ")"]
        raise Unsayable(f"there are no signs for {node.sql('duckdb')}")

    def _date(self, node: exp.Anonymous, names: Names) -> list[Sign]:
        name = node.name.lower()
        arguments = node.expressions
        if name in ("days_ago", "days_ahead"):
            return [name, *self.factor(arguments[0], names, "days")]
        if name in ("start_of", "end_of"):
            shift = arguments[1].sql() if len(arguments) > 1 else "0"
            if arguments[0].name not in UNITS or shift not in SHIFTS:
                raise Unsayable(f"there are no signs for {node.sql('duckdb')}")
            return [name, f"u_{arguments[0].name}", f"s_{shift}"]
        if name in ("last_weekday", "next_weekday") and arguments[0].name.lower() in WEEKDAYS:
            return [name, f"d_{arguments[0].name.lower()}"]
        if name == "add_business_days":
            return [name, *self.factor(bare(arguments[0]), names, "date"), *self.factor(arguments[1], names, "days")]
        raise Unsayable(f"there are no signs for {node.sql('duckdb')}")
