"""Types and rewrites one expression, bottom up: names, functions, comparisons, business dates, arithmetic.

Every node gets its type; a node whose type can't be found stays without one and isn't complained about a
second time. This module refuses to know of FROM clauses and set operations: those are `selects` and `from_clause`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

from sqlglot import exp

from deskhand.errors import Problem
from deskhand.sql import arithmetic, dates
from deskhand.sql.compare import disagreement, literal_text, shown
from deskhand.sql.dialect import marked, position, sql
from deskhand.sql.duck import constants
from deskhand.sql.names import did_you_mean
from deskhand.sql.probe import LEAVES, STRUCTURAL, plain, probe, sample, type_of, typed
from deskhand.sql.scope import Field, Frame
from deskhand.sql.types import NULL, family, words

_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ)
_WRAPPERS = (exp.Window, exp.Filter, exp.IgnoreNulls, exp.RespectNulls, exp.WithinGroup)
_MIXING_CALLS = frozenset({"coalesce", "ifnull", "greatest", "least", "nullif", "list_value", "list_contains"})
_SYNTAX_NODES = (
    exp.Cast, exp.TryCast, exp.Extract, exp.StrPosition, exp.Substring, exp.Trim, exp.Case, exp.If, exp.And,
    exp.Or, exp.Xor, exp.Exists, exp.Any, exp.All, exp.Array, exp.Struct, exp.ToMap, exp.Map, exp.Concat,
    exp.DPipe, exp.Pow, exp.Abs, exp.RegexpLike, exp.StartsWith, exp.JSONExtract, exp.JSONExtractScalar,
    exp.Anonymous, exp.Columns, exp.Unnest, exp.Coalesce, exp.CurrentDate, exp.CurrentTimestamp, exp.In,
    exp.ArrayContainsAll, exp.ArrayOverlaps,
)  # fmt: skip
"""Nodes that sqlglot makes of operators and of syntax, rather than of a call by name."""


_HANDLERS: dict[type[exp.Expr], str] = {
    exp.Paren: "_paren",
    exp.Literal: "_literal",
    exp.Placeholder: "_placeholder",
    exp.Parameter: "_placeholder",
    exp.CurrentDate: "_today",
    exp.CurrentTimestamp: "_now",
    exp.Column: "_column",
    exp.Aliases: "_aliases",
    exp.Cast: "_cast",
    exp.TryCast: "_cast",
    exp.DPipe: "_joined",
    exp.Exists: "_exists",
    exp.Any: "_quantified",
    exp.All: "_quantified",
    exp.And: "_connector",
    exp.Or: "_connector",
    exp.Not: "_connector",
    exp.Between: "_between",
    exp.In: "_in",
    exp.Is: "_is",
    exp.Case: "_case",
    exp.If: "_if",
    exp.Add: "_arithmetic",
    exp.Sub: "_arithmetic",
    exp.Mul: "_arithmetic",
    exp.Div: "_arithmetic",
    exp.IntDiv: "_arithmetic",
    exp.Mod: "_arithmetic",
    exp.Window: "_wrapped",
    exp.Filter: "_wrapped",
    exp.IgnoreNulls: "_wrapped",
    exp.RespectNulls: "_wrapped",
    exp.WithinGroup: "_wrapped",
    exp.Anonymous: "_anonymous",
    exp.Comprehension: "_comprehension",
    exp.Array: "_array",
    exp.Dot: "_dot",
}
"""The method for each kind of node that isn't simply typed by DuckDB; the rest are."""


class Expressions(ABC):
    """State of one analysis, and how expressions are handled in it."""

    def __init__(self, text: str, inputs: Mapping[str, str]) -> None:
        self.text = text
        self.inputs = {name.casefold(): (name, type_) for name, type_ in inputs.items()}
        self.used_inputs: dict[str, str] = {}
        self.problems: list[Problem] = []

    @abstractmethod
    def subquery(self, node: exp.Query, frame: Frame) -> tuple[Field, ...] | None:
        """Analyse a query inside an expression; its columns, None where they aren't known."""

    def sample(self, name: str) -> str:
        """A value to type with, for an input or for the logical time."""
        if name.startswith("@"):
            return sample("DATE" if name == dates.TODAY else "TIMESTAMP")
        return sample(self.used_inputs.get(name, "VARCHAR"))

    def problem(self, code: str, message: str, mend: str = "", node: exp.Expr | None = None) -> None:
        found = Problem(code, message, mend, where=position(self.text, node))
        if found not in self.problems:
            self.problems.append(found)

    # ------------------------------------------------------------ the walk

    def expression(self, node: exp.Expr, frame: Frame) -> exp.Expr:
        """The node, rewritten and typed."""
        handler = _HANDLERS.get(type(node))
        if handler is not None:
            made: exp.Expr = getattr(self, handler)(node, frame)
            return made
        if isinstance(node, exp.Func) and not isinstance(node, _SYNTAX_NODES):
            clock = isinstance(node, exp.Localtime | exp.Localtimestamp | exp.CurrentTime)
            mend = "use current_date or current_timestamp: they mean the run's logical time" if clock else ""
            self.problem("forbidden-function", f"{sql(node).lower()} can't be used in a query", mend, node)
            return typed(node, None)
        if isinstance(node, _COMPARISONS):
            return self._comparison(node, frame)
        if isinstance(node, exp.Query):
            return self._scalar(node, frame)
        self.children(node, frame)
        return self.finish(node)

    def finish(self, node: exp.Expr) -> exp.Expr:
        """The node with its type, asked of DuckDB, or with a problem."""
        type_, complaint = probe(node)
        if complaint is not None:
            self.problem("type-mismatch", *_complaint(node, complaint), node=node)
        return typed(node, type_)

    def children(self, node: exp.Expr, frame: Frame) -> None:
        for key, value in list(node.args.items()):
            if isinstance(value, exp.Expr):
                node.set(key, self.child(value, frame))
            elif isinstance(value, list):
                node.set(key, [self.child(v, frame) if isinstance(v, exp.Expr) else v for v in value])

    def child(self, node: exp.Expr, frame: Frame) -> exp.Expr:
        if isinstance(node, exp.Identifier):
            known, type_ = frame.local(node.name)
            return typed(node, type_) if known else node
        if isinstance(node, LEAVES):
            return node
        if isinstance(node, STRUCTURAL):
            self.children(node, frame)
            return node
        return self.expression(node, frame)

    # ------------------------------------------------------------ values

    def _paren(self, node: exp.Expr, frame: Frame) -> exp.Expr:
        node.set("this", self.expression(node.this, frame))
        return typed(node, type_of(node.this))

    def _literal(self, node: exp.Expr, frame: Frame) -> exp.Expr:
        if node.is_string:
            return typed(node, "VARCHAR")
        return self.finish(node)

    def _aliases(self, node: exp.Expr, frame: Frame) -> exp.Expr:
        name = node.this.name
        self.problem("unknown-function", f"there is no function {name}", node=node)
        return typed(node, None)

    def _cast(self, node: exp.Expr, frame: Frame) -> exp.Expr:
        node.set("this", self.expression(node.this, frame))
        text = literal_text(node.this)
        if text is not None and type(node) is exp.Cast:
            kind = sql(node.args["to"]).upper()
            if kind in ("DATE", "TIMESTAMP") and constants([f"CAST({marked(node.this)} AS {kind})"]) is None:
                self.problem("type-mismatch", f"{text!r} is no {kind.lower()}", "write a day as 'YYYY-MM-DD'", node)
                return typed(node, kind)
        if node.args["to"].is_type(*exp.DataType.TEXT_TYPES):
            node.set("this", arithmetic.written(node.this))
        return self.finish(node)

    def _joined(self, node: exp.Expr, frame: Frame) -> exp.Expr:
        """`a || b`."""
        self.children(node, frame)
        for key in ("this", "expression"):
            node.set(key, arithmetic.written(node.args[key]))
        return self.finish(node)

    def _placeholder(self, node: exp.Expr, frame: Frame) -> exp.Expr:
        name = str(node.this or "")
        if name in (dates.TODAY, dates.NOW):
            return typed(node, "DATE" if name == dates.TODAY else "TIMESTAMP")
        known = self.inputs.get(name.casefold())
        if known is None:
            names = [original for original, _ in self.inputs.values()]
            mend = did_you_mean(name, names, "inputs") or "declare it under `inputs`"
            self.problem("unknown-input", f"there is no input :{name or '?'}", mend, node)
            return typed(node, None)
        self.used_inputs[known[0]] = known[1]
        node.set("this", known[0])
        return typed(node, known[1])

    def _today(self, node: exp.Expr, frame: Frame) -> exp.Expr:
        return typed(dates.today(), "DATE")

    def _now(self, node: exp.Expr, frame: Frame) -> exp.Expr:
        return typed(exp.Placeholder(this=dates.NOW), "TIMESTAMP")

    def _column(self, node: exp.Expr, frame: Frame) -> exp.Expr:
        return self.column(node, frame)

    @abstractmethod
    def column(self, node: exp.Expr, frame: Frame) -> exp.Expr:
        """A reference to a column, resolved."""

    def _scalar(self, node: exp.Expr, frame: Frame) -> exp.Expr:
        assert isinstance(node, exp.Query)
        fields = self.subquery(node, frame)
        if fields is not None and len(fields) != 1:
            self.problem("type-mismatch", f"a query used as a value gives {len(fields)} columns, not one", node=node)
            return typed(node, None)
        return typed(node, fields[0].type if fields else None)

    def _exists(self, node: exp.Expr, frame: Frame) -> exp.Expr:
        if isinstance(node.this, exp.Query):
            self.subquery(node.this, frame)
        else:
            self.children(node, frame)
        return typed(node, "BOOLEAN")

    def _quantified(self, node: exp.Expr, frame: Frame) -> exp.Expr:
        if isinstance(node.this, exp.Query):
            fields = self.subquery(node.this, frame)
            return typed(node, fields[0].type if fields else None)
        node.set("this", self.expression(node.this, frame))
        inner = type_of(node.this)
        return typed(node, inner[:-2] if inner and inner.endswith("[]") else None)

    # ------------------------------------------------------------ conditions

    def condition(self, node: exp.Expr, frame: Frame, where: str) -> exp.Expr:
        """An expression that must be boolean; `where` names the clause for the problem."""
        made = self.expression(node, frame)
        if family(type_of(made)) not in (None, "bool", "null"):
            self.problem(
                "type-mismatch",
                f"{where} takes a boolean, but {shown(made)} is {words(type_of(made))}",
                "compare it with something",
                node,
            )
        return made

    def _connector(self, node: exp.Expr, frame: Frame) -> exp.Expr:
        """`and`, `or`, `not`; long chains are walked without recursion."""
        word = type(node).__name__.lower()
        chain = [node]
        while isinstance(chain[-1].this, exp.And | exp.Or) and type(chain[-1].this) is type(node):
            chain.append(chain[-1].this)
        chain[-1].set("this", self.condition(chain[-1].this, frame, word))
        for link in reversed(chain):
            typed(link, "BOOLEAN")
            if link.args.get("expression") is not None:
                link.set("expression", self.condition(link.expression, frame, word))
        return node

    def _comparison(self, node: exp.Expr, frame: Frame) -> exp.Expr:
        self.children(node, frame)
        self.agree(node.this, node.expression, node, type(node))
        return typed(node, "BOOLEAN")

    def agree(self, left: exp.Expr, right: exp.Expr, node: exp.Expr, operator: type[exp.Expr] | None = None) -> bool:
        """Complain where two values can't meet; whether they can."""
        found = disagreement(left, right, operator)
        if found is not None:
            self.problem("type-mismatch", found[0], found[1], node)
        return found is None

    def _between(self, node: exp.Expr, frame: Frame) -> exp.Expr:
        self.children(node, frame)
        self.agree(node.this, node.args["low"], node, exp.GTE)
        self.agree(node.this, node.args["high"], node, exp.LTE)
        return typed(node, "BOOLEAN")

    def _in(self, node: exp.Expr, frame: Frame) -> exp.Expr:
        node.set("this", self.expression(node.this, frame))
        query = node.args.get("query")
        if query is not None:
            fields = self.subquery(query, frame)
            if fields is not None and len(fields) == 1:
                stand_in = typed(exp.column(fields[0].name), fields[0].type)
                self.agree(node.this, stand_in, node, exp.EQ)
            elif fields is not None and not isinstance(node.this.unnest(), exp.Tuple):
                self.problem("type-mismatch", f"the query after `in` gives {len(fields)} columns, not one", node=node)
            return typed(node, "BOOLEAN")
        for key in ("expressions", "unnest", "field"):
            value = node.args.get(key)
            if isinstance(value, list):
                node.set(key, [self.expression(v, frame) for v in value])
            elif value is not None:
                node.set(key, self.expression(value, frame))
        items = node.expressions
        if len(items) == 1 and family(type_of(items[0])) == "list":
            return typed(node, "BOOLEAN")
        for item in items:
            if isinstance(item, exp.Tuple) or not self.agree(node.this, item, node, exp.EQ):
                break
        return typed(node, "BOOLEAN")

    def _is(self, node: exp.Expr, frame: Frame) -> exp.Expr:
        self.children(node, frame)
        if not isinstance(node.expression, exp.Null):
            self.agree(node.this, node.expression, node)
        return typed(node, "BOOLEAN")

    def _case(self, node: exp.Expr, frame: Frame) -> exp.Expr:
        subject = node.this
        if subject is not None:
            subject = self.expression(subject, frame)
            node.set("this", subject)
        for branch in node.args["ifs"]:
            if subject is None:
                branch.set("this", self.condition(branch.this, frame, "case when"))
            else:
                branch.set("this", self.expression(branch.this, frame))
                self.agree(subject, branch.this, branch, exp.EQ)
            branch.set("true", self.expression(branch.args["true"], frame))
        if node.args.get("default") is not None:
            node.set("default", self.expression(node.args["default"], frame))
        results = [branch.args["true"] for branch in node.args["ifs"]] + [node.args.get("default")]
        return self._mixed(node, [r for r in results if r is not None])

    def _if(self, node: exp.Expr, frame: Frame) -> exp.Expr:
        node.set("this", self.condition(node.this, frame, "if"))
        for key in ("true", "false"):
            if node.args.get(key) is not None:
                node.set(key, self.expression(node.args[key], frame))
        return self._mixed(node, [node.args[k] for k in ("true", "false") if node.args.get(k) is not None])

    def _mixed(self, node: exp.Expr, values: list[exp.Expr]) -> exp.Expr:
        """A node whose value is one of several, which must be of one kind."""
        first = next((v for v in values if type_of(v) != NULL and literal_text(v) is None), None)
        if first is None and values:
            first = values[0]
        for value in values:
            if first is not None and value is not first and not self.agree(first, value, node, exp.EQ):
                return typed(node, None)
        if isinstance(node, exp.Case | exp.If):
            types = {type_of(v) for v in values}
            if len(types) == 1:
                return typed(node, types.pop())
            if None in types:
                return typed(node, None)
            found, _ = probe(exp.Anonymous(this="coalesce", expressions=[v.copy() for v in values]))
            return typed(node, found)
        return self.finish(node)

    # ------------------------------------------------------------ arithmetic

    def _arithmetic(self, node: exp.Expr, frame: Frame) -> exp.Expr:
        self.children(node, frame)
        left, right = node.this, node.expression
        made: exp.Expr | None = None
        for side in (left, right):
            if type_of(side) == "BOOLEAN":
                self.problem("type-mismatch", f"{shown(side)} is a boolean and can't be calculated with", node=side)
                return typed(node, None)
        if isinstance(node, exp.Div):
            made = arithmetic.divide(left, right)
        elif isinstance(node, exp.IntDiv):
            made = arithmetic.whole_quotient(left, right)
        elif isinstance(node, exp.Mod) and family(type_of(right)) == "number":
            node.set("expression", arithmetic.call("nullif", right, exp.Literal.number(0)))
            typed(node.expression, type_of(right))
        elif isinstance(node, exp.Mul):
            made = arithmetic.product(left, right)
            if made is not None and type_of(made) is None:
                self.finish(made.this)
                return typed(made, type_of(made.this))
        elif isinstance(node, exp.Add | exp.Sub):
            made = arithmetic.day_result(node, left, right)
            if type_of(left) == "DATE":
                node.set("expression", arithmetic.narrowed(right))
            elif type_of(right) == "DATE":
                node.set("this", arithmetic.narrowed(left))
        if made is None:
            return self.finish(node)
        return made if type_of(made) is not None else self.finish(made)


def _complaint(node: exp.Expr, complaint: str) -> tuple[str, str]:
    said = plain(complaint)
    mend = "give it arguments as the candidates take them, cast where needed" if "andidate" in said else ""
    return f"{shown(node).removesuffix(' (None)')} can't be computed: {said}", mend
