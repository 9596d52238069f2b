"""The signs of a query that is written in SQL: the way back of what `grammar` makes.

What the sign language has no words for (CTEs, unions, window functions, self joins) is an Unsayable, with the
reason: such a plan can be run, but the shipped GPT can't write it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import sqlglot
from sqlglot import exp

from deskhand_models.scope import Output
from deskhand_models.signs import NUMBERS, SHIFTS, UNITS, WEEKDAYS, Ref, Sign
from deskhand_models.slices import Group, Slice

Slot = Callable[[str, str], list[Sign]]
"""(the slot's number, the family that its place needs) -> its signs."""

_COMPARE = {exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">="}
_FLIPPED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_OPPOSITE = {
    "is_null": "is_not_null",
    "in": "not_in",
    "contains": "not_contains",
    "exists": "not_exists",
    "within": "not_within",
}
_MATH = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/"}
_AGGREGATE = {exp.Sum: "sum", exp.Avg: "avg", exp.Min: "min", exp.Max: "max"}
_ONE = {exp.Lower: "lower", exp.Upper: "upper", exp.Trim: "trim", exp.Year: "year", exp.Month: "month", exp.Abs: "abs"}


class Unsayable(Exception):
    """A plan, or a part of one, for which there are no signs."""


@dataclass
class _Source:
    alias: str
    group: Group | None = None
    step: int = 0
    outputs: tuple[Output, ...] = ()


@dataclass
class _Names:
    sources: list[_Source] = field(default_factory=list)
    outer: _Names | None = None

    def chain(self) -> list[_Names]:
        return [self, *(self.outer.chain() if self.outer else [])]


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


class _Writer:
    def __init__(
        self, cut: Slice, steps: Sequence[tuple[str, Sequence[Output]]], slot: Slot, targets: Mapping[str, Ref]
    ) -> None:
        self.cut = cut
        self.targets = targets
        self.steps = {
            name.casefold(): (number, tuple(outputs)) for number, (name, outputs) in enumerate(steps, start=1)
        }
        self.slot = slot

    # ------------------------------------------------------------ clauses

    def select(self, tree: exp.Select, outer: _Names | None, kind: str = "rows") -> list[Sign]:
        unknown = {k for k, v in tree.args.items() if v} - {
            "expressions", "from_", "from", "joins", "where", "group", "having", "order", "limit", "kind",
        }  # fmt: skip
        if unknown:
            raise Unsayable(f"there are no signs for {', '.join(sorted(unknown))}")
        names = _Names(outer=outer)
        signs: list[Sign] = []
        source = tree.args.get("from_") or tree.args.get("from")
        if source is not None:
            signs += ["from", self._source(source.this, names)]
        for join in tree.args.get("joins") or ():
            if join.args.get("kind") or join.args.get("side") not in (None, "", "LEFT") or not join.args.get("on"):
                if join.args.get("kind") != "INNER" or not join.args.get("on"):
                    raise Unsayable("joins are `join … on` and `left join … on`")
            signs.append("left_join" if join.args.get("side") == "LEFT" else "join")
            signs += [self._source(join.this, names), "on", *self.condition(join.args["on"], names)]
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
            signs += ["limit", *self._number(limit.expression)]
        return signs

    def _source(self, table: exp.Expression, names: _Names) -> Sign:
        if not isinstance(table, exp.Table):
            raise Unsayable("a source is a table or an earlier step")
        alias = table.alias or table.name
        if not table.db:
            if table.name.casefold() not in self.steps:
                raise Unsayable(f"there is no step {table.name!r} before this query")
            number, outputs = self.steps[table.name.casefold()]
            names.sources.append(_Source(alias, step=number, outputs=outputs))
            return f"#{number}"
        key = (table.db.casefold(), table.name.casefold())
        group = self.cut.group_of.get(key)
        if group is None:
            raise Unsayable(f"there is no table {table.db}.{table.name}")
        own = next(name for name in group.tables if name.casefold() == key[1])
        if any(s.group is group for n in names.chain()[:1] for s in n.sources):
            raise Unsayable(f"{own} stands twice in one query")
        names.sources.append(_Source(alias, group))
        return Ref("table", (group.connection, own))

    def _positional(self, item: exp.Expression, tree: exp.Select) -> exp.Expression:
        """`group by 1` and `order by total` name what is selected."""
        if isinstance(item, exp.Literal) and not item.is_string:
            place = int(item.this) - 1
            if place < len(tree.expressions):
                return tree.expressions[place].unalias()
        if isinstance(item, exp.Column) and not item.table:
            for selected in tree.expressions:
                if isinstance(selected, exp.Alias) and selected.alias.casefold() == item.name.casefold():
                    return selected.this
        return item

    def _item(self, item: exp.Expression, names: _Names, kind: str) -> list[Sign]:
        if isinstance(item, exp.Star):
            raise Unsayable("columns are named one by one")
        inner = item.unalias()
        target = None
        if isinstance(item, exp.Alias) and kind == "rows":
            target = self._alias(item.alias, inner, names)
        family = self.cut.column(target).family if target is not None else "any"
        signs = self.expression(inner, names, family, target)
        return [*signs, "as", target] if target is not None else signs

    def _alias(self, alias: str, inner: exp.Expression, names: _Names) -> Ref | None:
        """The catalog column that an alias names, where it names one and the expression isn't that column."""
        own = self._column(inner, names)[-1] if isinstance(inner, exp.Column) else None
        if isinstance(own, Ref) and str(own.key[2]).casefold() == alias.casefold():
            return None
        return self.targets.get(alias.casefold())

    # ------------------------------------------------------------ conditions

    def condition(self, node: exp.Expression, names: _Names, *, inside: str = "") -> list[Sign]:
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

    def _negated(self, node: exp.Expression, names: _Names) -> list[Sign]:
        while isinstance(node, exp.Paren):
            if isinstance(node.this, exp.And | exp.Or):
                return ["not", "[", *self.condition(node.this, names), "]"]
            node = node.this
        if isinstance(node, exp.Column):
            return ["not", *self._column(node, names)]
        signs = self._test(node, names)
        for place, sign in enumerate(signs):
            if sign in _OPPOSITE:
                return [*signs[:place], _OPPOSITE[str(sign)], *signs[place + 1 :]]
        return ["not", "[", *signs, "]"]

    def _test(self, node: exp.Expression, names: _Names) -> list[Sign]:
        kind = type(node)
        if kind in _COMPARE:
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
            return [*self.expression(column, names), "within", *self._slot(period, "period")]
        if isinstance(node, exp.Column):
            return self._column(node, names)
        if isinstance(node, exp.Contains):
            text = self._text(node.expression, None)
            return [*self.expression(_bare(node.this), names), "contains", *text]
        raise Unsayable(f"there are no signs for the condition {node.sql('duckdb')}")

    def _compared(self, node: exp.Expression, sign: str, names: _Names) -> list[Sign]:
        left, right = _bare(node.left), _bare(node.right)
        if not _has_column(left) and _has_column(right):
            left, right, sign = right, left, _FLIPPED[sign]
        if isinstance(right, exp.Boolean) and sign in ("=", "<>"):
            side = self.expression(left, names)
            return side if right.this == (sign == "=") else ["not", *side]
        family = self.family(left, names)
        other = self.family(right, names)
        family = other if family == "any" else family
        column = self._column(left, names)[-1] if isinstance(left, exp.Column) else None
        return [*self.expression(left, names, family), sign, *self.expression(right, names, family, column)]

    def _in(self, node: exp.In, names: _Names) -> list[Sign]:
        left = _bare(node.this)
        family = self.family(left, names)
        column = self._column(left, names)[-1] if isinstance(left, exp.Column) else None
        signs: list[Sign] = [*self.expression(left, names), "in", "("]
        query = node.args.get("query")
        if query is not None:
            inner = query.this if isinstance(query, exp.Subquery) else query
            assert isinstance(inner, exp.Select)
            return [*signs, *self.select(inner, names, "one"), ")"]
        for item in node.expressions:
            signs += self.expression(_bare(item), names, family, column)
        return [*signs, ")"]

    def _like(self, node: exp.Expression, names: _Names) -> list[Sign]:
        side = self.expression(_bare(node.this), names)
        column = self._column(_bare(node.this), names)[-1] if isinstance(_bare(node.this), exp.Column) else None
        right = _bare(node.expression)
        if isinstance(right, exp.Parameter | exp.Placeholder):
            return [*side, "contains", *self._slot(right, "text")]
        if isinstance(right, exp.DPipe):
            parts = [part for part in right.flatten() if not (isinstance(part, exp.Literal) and part.this == "%")]
            if len(parts) == 1:
                flat = list(right.flatten())
                opens, ends = flat[0] is not parts[0], flat[-1] is not parts[0]
                word = "contains" if opens == ends else "ends" if opens else "starts"
                return [*side, word, *self._text(parts[0], column)]
        if isinstance(right, exp.Literal) and right.is_string:
            text = right.this
            word = {(True, True): "contains", (True, False): "ends", (False, True): "starts", (False, False): "="}[
                text.startswith("%"), text.endswith("%")
            ]
            return [*side, word, *self._slot_or_text(text.strip("%"), column)]
        raise Unsayable(f"there are no signs for {node.sql('duckdb')}")

    # ------------------------------------------------------------ expressions

    def expression(
        self, node: exp.Expression, names: _Names, family: str = "any", column: Sign | None = None
    ) -> list[Sign]:
        kind = type(node)
        if kind in _MATH and isinstance(node, exp.Binary):
            own = self.family(node, names)
            left = self.expression(node.left, names, own if own == "number" else "date")
            sides = [node.right]
            right_family = "number" if self.family(node.right, names) in ("number", "any") else "date"
            return [*left, _MATH[kind], *self.factor(sides[0], names, right_family)]
        return self.factor(node, names, family, column)

    def factor(
        self, node: exp.Expression, names: _Names, family: str = "any", column: Sign | None = None
    ) -> list[Sign]:
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
            return self._column(node, names)
        if isinstance(node, exp.Cast | exp.TryCast):
            return self.factor(node.this, names, family, column)
        if isinstance(node, exp.Parameter | exp.Placeholder):
            return self._slot(node, family)
        if isinstance(node, exp.Literal) and node.is_string:
            return self._slot_or_text(node.this, column)
        if isinstance(node, exp.Neg):
            return ["(", "n_0", "-", *self.factor(node.this, names, family), ")"]
        if isinstance(node, exp.Literal):
            return self._number(node)
        if isinstance(node, exp.Null):
            return ["null"]
        if isinstance(node, exp.Boolean):
            return ["true" if node.this else "false"]
        if kind in _MATH:
            return ["(", *self.expression(node, names, family), ")"]
        if isinstance(node, exp.Case):
            return self._case(node, names, family, column)
        return self._function(node, names, family)

    def _case(self, node: exp.Case, names: _Names, family: str, column: Sign | None) -> list[Sign]:
        if node.this is not None:
            raise Unsayable("a case is `case when …`")
        signs: list[Sign] = ["case"]
        for branch in node.args["ifs"]:
            signs += ["when", *self.condition(branch.this, names), "then"]
            signs += self.expression(branch.args["true"], names, family, column)
        if (default := node.args.get("default")) is not None:
            signs += ["else", *self.expression(default, names, family, column)]
        return [*signs, "end"]

    def _function(self, node: exp.Expression, names: _Names, family: str) -> list[Sign]:
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
            return [_ONE[kind], *self.factor(_bare(node.this) if day else node.this, names, "date" if day else "text")]
        if isinstance(node, exp.Extract) and node.name.lower() in ("year", "month"):
            return [node.name.lower(), *self.factor(_bare(node.expression), names, "date")]
        if isinstance(node, exp.CurrentDate):
            return ["current_date"]
        if isinstance(node, exp.Anonymous):
            return self._date(node, names)
        if isinstance(node, exp.DateDiff):
            return ["(", *self.expression(node.this, names), "-", *self.factor(node.expression, names), ")"]
        raise Unsayable(f"there are no signs for {node.sql('duckdb')}")

    def _date(self, node: exp.Anonymous, names: _Names) -> list[Sign]:
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
            return [name, *self.factor(_bare(arguments[0]), names, "date"), *self.factor(arguments[1], names, "days")]
        raise Unsayable(f"there are no signs for {node.sql('duckdb')}")

    # ------------------------------------------------------------ names and values

    def _column(self, node: exp.Column, names: _Names) -> list[Sign]:
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

    def _number(self, node: exp.Expression) -> list[Sign]:
        if isinstance(node, exp.Parameter | exp.Placeholder):
            return self._slot(node, "number")
        if isinstance(node, exp.Literal) and not node.is_string and node.this in NUMBERS:
            return [f"n_{node.this}"]
        raise Unsayable(f"the number {node.sql()} stands neither in the request nor among the small ones")

    def _slot(self, node: exp.Expression, family: str) -> list[Sign]:
        return self.slot(node.sql("duckdb").lstrip("$"), family)

    def _text(self, node: exp.Expression, column: Sign | None) -> list[Sign]:
        node = _bare(node)
        if isinstance(node, exp.Parameter | exp.Placeholder):
            return self._slot(node, "text")
        if isinstance(node, exp.Literal):
            return self._slot_or_text(node.this, column)
        raise Unsayable(f"{node.sql('duckdb')} is no text")

    def _slot_or_text(self, text: str, column: Sign | None) -> list[Sign]:
        if text == "":
            return ["empty"]
        if text.startswith("$") and text[1:].isdigit():
            return self.slot(text[1:], "text")
        if isinstance(column, Ref) and column.kind == "column":
            value = next((v for v in self.cut.column(column).values if v.casefold() == text.casefold()), None)
            if value is not None:
                return [Ref("value", (*column.key[:3], value))]
        person = next((p for p in self.cut.people if p.address.casefold() == text.casefold()), None)
        if person is not None:
            return [Ref("person", (person.address,))]
        return self.slot("=" + text, "text")

    def family(self, node: exp.Expression, names: _Names) -> str:
        """The family of an expression, as far as it shows; else `any`."""
        node = _bare(node)
        if isinstance(node, exp.Column):
            sign = self._column(node, names)[-1]
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
            inner = _Names(outer=names)
            source = node.this.args.get("from_") or node.this.args.get("from")
            if source is not None:
                self._source(source.this, inner)
                for join in node.this.args.get("joins") or ():
                    self._source(join.this, inner)
            return self.family(node.this.expressions[0].unalias(), inner)
        return "any"


def _bare(node: exp.Expression) -> exp.Expression:
    """Without what a comparison does by itself: lower() around a text, a cast to a date."""
    while isinstance(node, exp.Lower | exp.Cast | exp.TryCast | exp.Trim | exp.TsOrDsToDate):
        node = node.this
    return node


def _has_column(node: exp.Expression) -> bool:
    return node.find(exp.Column, exp.AggFunc) is not None
