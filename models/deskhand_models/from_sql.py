"""The signs of a query that is written in SQL: the way back of what `grammar` makes.

What the sign language has no words for (CTEs, unions, window functions, self joins) is an Unsayable, with the
reason: such a plan can be run, but the shipped GPT can't write it. Clauses are here; what stands in them is read by
`from_sql_conditions`, `from_sql_expressions` and `from_sql_names`. This module refuses to mend a query.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlglot
from sqlglot import exp

from deskhand_models.from_sql_conditions import ConditionSigns
from deskhand_models.from_sql_names import Names, Slot, Unsayable
from deskhand_models.scope import Output
from deskhand_models.signs import Ref, Sign
from deskhand_models.slices import Slice

__all__ = ["Unsayable", "parse_query", "query_signs"]


def parse_query(sql: str) -> exp.Select:
    """The query's tree. Raises Unsayable where it isn't one select."""
    try:
        tree = sqlglot.parse_one(sql, read="duckdb")
    except sqlglot.errors.ParseError as error:
        raise Unsayable(f"this is no SQL: {str(error).splitlines()[0]}") from None
    if not isinstance(tree, exp.Select):
        raise Unsayable("a query is one select")
    return tree


def query_signs(
    tree: exp.Select,
    cut: Slice,
    steps: Sequence[tuple[str, Sequence[Output]]],
    slot: Slot,
    targets: Mapping[str, Ref],
) -> list[Sign]:
    """The signs of a query.

    steps: the earlier queries' names and columns, in order. targets: the columns of the table that its rows are
    written to, by folded name: an alias that is one of them says where the value goes.
    """
    return _Writer(cut, steps, slot, targets).select(tree, None)


class _Writer(ConditionSigns):
    """A query's clauses."""

    def select(self, tree: exp.Select, outer: Names | None, kind: str = "rows") -> list[Sign]:
        unknown = {k for k, v in tree.args.items() if v} - {
            "expressions", "from_", "from", "joins", "where", "group", "having", "order", "limit", "kind",
        }  # fmt: skip
        if unknown:
            raise Unsayable(f"there are no signs for {', '.join(sorted(unknown))}")
        names = Names(outer=outer)
        signs: list[Sign] = []
        source = tree.args.get("from_") or tree.args.get("from")
        if source is not None:
            signs += ["from", self.source(source.this, names)]
        for join in tree.args.get("joins") or ():
            kind_, side = join.args.get("kind"), join.args.get("side")
            sayable = kind_ == "INNER" or (not kind_ and side in (None, "", "LEFT"))
            if not sayable or not join.args.get("on"):
                raise Unsayable("joins are `join … on` and `left join … on`")
            signs.append("left_join" if join.args.get("side") == "LEFT" else "join")
            signs += [self.source(join.this, names), "on", *self.condition(join.args["on"], names)]
        if where := tree.args.get("where"):
            signs += ["where", *self.condition(where.this, names)]
        if kind == "exists":
            return signs
        if group := tree.args.get("group"):
            signs.append("group")
            for item in group.expressions:
                signs += self.factor(self._positional(item, tree), names)
        if having := tree.args.get("having"):
            signs += ["having", *self.condition(having.this, names)]
        signs.append("select")
        if kind == "one" and len(tree.expressions) != 1:
            raise Unsayable("a query inside a comparison selects one thing")
        for item in tree.expressions:
            signs += self._item(item, names, kind)
        if order := tree.args.get("order"):
            signs.append("order")
            for item in order.expressions:
                signs += self.expression(self._positional(item.this, tree), names)
                if item.args.get("desc"):
                    signs.append("desc")
        if limit := tree.args.get("limit"):
            signs += ["limit", *self.number(limit.expression)]
        return signs

    def _positional(self, item: exp.Expr, tree: exp.Select) -> exp.Expr:
        """`group by 1` and `order by total` name what is selected."""
        if isinstance(item, exp.Literal) and not item.is_string and item.this.isdecimal():
            place = int(item.this) - 1
            if 0 <= place < len(tree.expressions):
                chosen: exp.Expr = tree.expressions[place].unalias()
                return chosen
        if isinstance(item, exp.Column) and not item.table:
            for selected in tree.expressions:
                if isinstance(selected, exp.Alias) and selected.alias.casefold() == item.name.casefold():
                    named: exp.Expr = selected.this
                    return named
        return item

    def _item(self, item: exp.Expr, names: Names, kind: str) -> list[Sign]:
        if isinstance(item, exp.Star):
            raise Unsayable("columns are named one by one")
        inner = item.unalias()
        target = None
        if isinstance(item, exp.Alias) and kind == "rows":
            target = self._alias(item.alias, inner, names)
        family = self.cut.column(target).family if target is not None else "any"
        signs = self.expression(inner, names, family, target)
        return [*signs, "as", target] if target is not None else signs

    def _alias(self, alias: str, inner: exp.Expr, names: Names) -> Ref | None:
        """The catalog column that an alias names, where it names one and the expression isn't that column."""
        own = self.column(inner, names)[-1] if isinstance(inner, exp.Column) else None
        if isinstance(own, Ref) and str(own.key[2]).casefold() == alias.casefold():
            return None
        return self.targets.get(alias.casefold())
