"""Conditions that are written in SQL, as signs.

The third part of `from_sql`. This module refuses to know what an expression may be: `from_sql_expressions` does.
"""

from __future__ import annotations

from sqlglot import exp

from deskhand_models.from_sql_expressions import ExpressionSigns
from deskhand_models.from_sql_names import Names, Unsayable, bare, has_column
from deskhand_models.signs import Sign

_COMPARE: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
_FLIPPED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_OPPOSITE = {
    "is_null": "is_not_null",
    "in": "not_in",
    "contains": "not_contains",
    "exists": "not_exists",
    "within": "not_within",
}


class ConditionSigns(ExpressionSigns):
    """Conditions as signs."""

    def condition(self, node: exp.Expr, names: Names, *, inside: str = "") -> list[Sign]:
        """Tests joined by `and` and `or`. inside: and or or, where it is one side of such a condition."""
        if isinstance(node, exp.Paren):
            if isinstance(node.this, exp.And | exp.Or) and inside and type(node.this).__name__.lower() != inside:
                return ["[", *self.condition(node.this, names), "]"]
            return self.condition(node.this, names, inside=inside)
        if isinstance(node, exp.And | exp.Or):
            word = "and" if isinstance(node, exp.And) else "or"
            sides = (self.condition(side, names, inside=word) for side in (node.left, node.right))
            left, right = sides
            return [*left, word, *right]
        if isinstance(node, exp.Not):
            return self._negated(node.this, names)
        return self._test(node, names)

    def _negated(self, node: exp.Expr, names: Names) -> list[Sign]:
        while isinstance(node, exp.Paren):
            if isinstance(node.this, exp.And | exp.Or):
                return ["not", "[", *self.condition(node.this, names), "]"]
            node = node.this
        if isinstance(node, exp.Column):
            return ["not", *self.column(node, names)]
        signs = self._test(node, names)
        inside = 0
        for place, sign in enumerate(signs):
            if sign in _OPPOSITE and not inside:
                return [*signs[:place], _OPPOSITE[str(sign)], *signs[place + 1 :]]
            inside += (sign in ("(", "exists", "not_exists")) - (sign == ")")
        return ["not", "[", *signs, "]"]

    def _test(self, node: exp.Expr, names: Names) -> list[Sign]:
        kind = type(node)
        if kind in _COMPARE and isinstance(node, exp.Binary):
            return self._compared(node, _COMPARE[kind], names)
        if isinstance(node, exp.Between):
            column = self.expression(node.this, names)
            family = self.family(node.this, names)
            low = self.expression(node.args["low"], names, family)
            high = self.expression(node.args["high"], names, family)
            return [*column, ">=", *low, "and", *column, "<=", *high]
        if isinstance(node, exp.Is):
            side = self.expression(node.this, names)
            if isinstance(node.expression, exp.Null):
                return [*side, "is_null"]
            if isinstance(node.expression, exp.Boolean):
                return side if node.expression.this else ["not", *side]
        if isinstance(node, exp.In):
            return self._in(node, names)
        if isinstance(node, exp.ILike | exp.Like):
            return self._like(node, names)
        if isinstance(node, exp.Exists):
            assert isinstance(node.this, exp.Select)
            return ["exists", *self.select(node.this, names, "exists"), ")"]
        if isinstance(node, exp.Anonymous) and node.name.lower() == "within":
            column, period = node.expressions
            return [*self.expression(column, names), "within", *self.slot(period, "period")]
        if isinstance(node, exp.Column):
            return self.column(node, names)
        if isinstance(node, exp.Contains):
            text = self.text(node.expression, None)
            return [*self.expression(bare(node.this), names), "contains", *text]
        raise Unsayable(f"there are no signs for the condition {node.sql('duckdb')}")

    def _compared(self, node: exp.Binary, sign: str, names: Names) -> list[Sign]:
        left, right = bare(node.left), bare(node.right)
        if not has_column(left) and has_column(right):
            left, right, sign = right, left, _FLIPPED[sign]
        if isinstance(right, exp.Boolean) and sign in ("=", "<>"):
            side = self.expression(left, names)
            return side if right.this == (sign == "=") else ["not", *side]
        family = self.family(left, names)
        other = self.family(right, names)
        family = other if family == "any" else family
        column = self.column(left, names)[-1] if isinstance(left, exp.Column) else None
        return [*self.expression(left, names, family), sign, *self.expression(right, names, family, column)]

    def _in(self, node: exp.In, names: Names) -> list[Sign]:
        left = bare(node.this)
        family = self.family(left, names)
        column = self.column(left, names)[-1] if isinstance(left, exp.Column) else None
        signs: list[Sign] = [*self.expression(left, names), "in", "("]
        query = node.args.get("query")
        if query is not None:
            inner = query.this if isinstance(query, exp.Subquery) else query
            assert isinstance(inner, exp.Select)
            return [*signs, *self.select(inner, names, "one"), ")"]
        for item in node.expressions:
            signs += self.expression(bare(item), names, family, column)
        return [*signs, ")"]

    def _like(self, node: exp.Expr, names: Names) -> list[Sign]:
        left = bare(node.this)
        side = self.expression(left, names)
        column = self.column(left, names)[-1] if isinstance(left, exp.Column) else None
        right = bare(node.expression)
        if isinstance(right, exp.Parameter | exp.Placeholder):
            return [*side, "contains", *self.slot(right, "text")]
        if isinstance(right, exp.DPipe):
            parts = [part for part in right.flatten() if not (isinstance(part, exp.Literal) and part.this == "%")]
            if len(parts) == 1:
                flat = list(right.flatten())
                opens, ends = flat[0] is not parts[0], flat[-1] is not parts[0]
                word = "contains" if opens == ends else "ends" if opens else "starts"
                return [*side, word, *self.text(parts[0], column)]
        if isinstance(right, exp.Literal) and right.is_string:
            text = right.this
            word = {(True, True): "contains", (True, False): "ends", (False, True): "starts", (False, False): "="}[
                text.startswith("%"), text.endswith("%")
            ]
            return [*side, word, *self.slot_or_text(text.strip("%"), column)]
        raise Unsayable(f"there are no signs for {node.sql('duckdb')}")
