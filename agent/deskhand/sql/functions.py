"""Calls of functions: lambdas, aggregates with filter and window, business dates, exact arithmetic.

This module refuses functions that `calls` refuses, and calls through a dot.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import exp

from deskhand.sql import arithmetic, dates
from deskhand.sql.calls import check_call
from deskhand.sql.compare import disagreement, literal_text, shown
from deskhand.sql.dialect import sql
from deskhand.sql.expressions import Expressions
from deskhand.sql.probe import type_of, typed
from deskhand.sql.scope import Frame
from deskhand.sql.types import INTEGERS, NULL, words

_WRAPPERS = (exp.Window, exp.Filter, exp.IgnoreNulls, exp.RespectNulls, exp.WithinGroup)
_SMALL_COUNTS = frozenset(
    {"round", "round_even", "roundbankers", "trunc", "to_days", "to_weeks", "to_months", "to_quarters", "to_years"}
)
"""Functions whose last argument DuckDB wants as an INTEGER, while the sources' integers are BIGINT."""
_MIXING_CALLS = frozenset({"coalesce", "ifnull", "greatest", "least", "nullif", "list_value"})


class Functions(Expressions):
    """The part of an analysis that knows what a call means."""

    def _wrapped(self, node: exp.Expr, frame: Frame) -> exp.Expr:
        """A call with filter, window, nulls or within group around it."""
        chain: list[exp.Expr] = []
        core = node
        while isinstance(core, _WRAPPERS):
            chain.append(core)
            core = core.this
        for wrapper in chain:
            if isinstance(wrapper, exp.Filter):
                clause = wrapper.expression
                clause.set("this", self.condition(clause.this, frame, "filter"))
            for key, value in list(wrapper.args.items()):
                if key in ("this", "alias") or (isinstance(wrapper, exp.Filter) and key == "expression"):
                    continue
                if isinstance(value, list):
                    wrapper.set(key, [self.child(v, frame) for v in value])
                elif isinstance(value, exp.Expr):
                    wrapper.set(key, self.child(value, frame))
        if not isinstance(core, exp.Anonymous):
            chain[-1].set("this", self.expression(core, frame))
            return self.finish(node)

        def around(call: exp.Expr) -> exp.Expr:
            made = call
            for wrapper in reversed(chain):
                made = type(wrapper)(**{**wrapper.args, "this": made})
            return made

        return self._call(core, frame, around)

    def _anonymous(self, node: exp.Expr, frame: Frame) -> exp.Expr:
        return self._call(node, frame, lambda call: call)

    def _call(self, core: exp.Expr, frame: Frame, around: Callable[[exp.Expr], exp.Expr]) -> exp.Expr:
        name = core.name.lower()
        written = sql(core)
        refused = check_call(core)
        if refused is not None:
            self.problem(refused.code, refused.message, refused.mend, core)
            self._arguments(core, frame)
            return typed(core, None)
        if name in ("now", "current_timestamp") and not core.expressions:
            return self._now(core, frame)
        if name in ("today", "current_date") and not core.expressions:
            return self._today(core, frame)
        if name == "date" and len(core.expressions) == 1:
            return self.expression(arithmetic.cast(core.expressions[0], "DATE"), frame)
        if name in dates.ARGUMENTS:
            day = self._business(core, name, frame)
            for each in (day, day.unnest()):  # with its brackets and without
                if each is not None:
                    each.meta["written"] = written
            return day
        self._arguments(core, frame)
        core.meta["written"] = written
        if name in _MIXING_CALLS:
            values = [a for a in core.expressions if isinstance(a, exp.Expr)]
            if any(not self.agree(values[0], v, core, exp.EQ) for v in values[1:]):
                return typed(core, None)
        made = self._special(core, name, around)
        if made is not None:
            return made if type_of(made) is not None else self.finish(made)
        node = around(core)
        if name in ("grouping", "grouping_id"):
            return typed(node, "BIGINT")
        return self.finish(node)

    def _special(self, core: exp.Expr, name: str, around: Callable[[exp.Expr], exp.Expr]) -> exp.Expr | None:
        arguments = core.expressions
        if name in ("mod", "divide") and len(arguments) == 2:
            kind = exp.Mod if name == "mod" else exp.IntDiv
            right = arithmetic.call("nullif", arguments[1], exp.Literal.number(0))
            node = kind(this=exp.Paren(this=arguments[0]), expression=typed(right, type_of(arguments[1])))
            typed(node.this, type_of(arguments[0]))
            return exp.Paren(this=self.finish(node))
        if name in ("date_trunc", "datetrunc") and len(arguments) == 2 and type_of(arguments[1]) == "DATE":
            unit = (literal_text(arguments[0]) or "").lower().rstrip("s")
            if unit in ("day", "week", "month", "quarter", "year", "decade", "century", "isoyear"):
                return arithmetic.cast(core, "DATE")
        if name == "date_add" and len(arguments) == 2:
            return arithmetic.day_result(exp.Add(this=arguments[0], expression=arguments[1]), *arguments)
        if name in ("generate_series", "range") and len(arguments) == 3:
            days = type_of(arguments[0]) == type_of(arguments[1]) == "DATE"
            if days and arithmetic.whole_days(arguments[2]):
                return arithmetic.cast(core, "DATE[]")
        arithmetic.write_arguments(core)
        if name in _SMALL_COUNTS:
            core.set("expressions", [*arguments[:-1], arithmetic.narrowed(arguments[-1])])
        kept = arithmetic.round_by_input(core)
        if kept is not None:
            return arithmetic.cast(core, kept)
        return arithmetic.aggregate(core, around)

    def _arguments(self, core: exp.Expr, frame: Frame) -> None:
        """Type the arguments; a lambda's parameters take the element type of the list before it."""
        made: list[Any] = []
        for argument in core.expressions:
            if isinstance(argument, exp.Lambda):
                made.append(self._lambda(argument, made[0] if made else None, core.name.lower(), frame))
            else:
                made.append(self.child(argument, frame))
        core.set("expressions", made)

    def _lambda(self, node: exp.Expr, source: exp.Expr | None, name: str, frame: Frame) -> exp.Expr:
        list_type = type_of(source)
        element = list_type[:-2] if list_type and list_type.endswith("[]") else None
        parameters = [p.name.casefold() for p in node.expressions]
        reduce = name.endswith("reduce")
        kinds = [element, element, "BIGINT"] if reduce else [element, "BIGINT"]
        inner = Frame(frame.parent, frame.environment, frame.relations, frame.aliases, dict(frame.locals), frame.merged)
        inner.locals.update(dict(zip(parameters, kinds, strict=False)))
        node.set("this", self.child(node.this, inner))
        return node

    def _comprehension(self, node: exp.Expr, frame: Frame) -> exp.Expr:
        node.set("iterator", self.expression(node.args["iterator"], frame))
        list_type = type_of(node.args["iterator"])
        element = list_type[:-2] if list_type and list_type.endswith("[]") else None
        inner = Frame(frame.parent, frame.environment, frame.relations, frame.aliases, dict(frame.locals), frame.merged)
        inner.locals[node.expression.name.casefold()] = element
        node.set("this", self.expression(node.this, inner))
        if node.args.get("condition") is not None:
            node.set("condition", self.condition(node.args["condition"], inner, "if"))
        return typed(node, type_of(node.this))

    def _array(self, node: exp.Expr, frame: Frame) -> exp.Expr:
        self.children(node, frame)
        items = node.expressions
        if len(items) == 1 and isinstance(items[0], exp.Comprehension):
            inner = type_of(items[0])
            return typed(node, f"{inner}[]" if inner else None)
        if any(not self.agree(items[0], item, node, exp.EQ) for item in items[1:]):
            return typed(node, None)
        return self.finish(node)

    def _business(self, core: exp.Expr, name: str, frame: Frame) -> exp.Expr:
        kinds = dates.ARGUMENTS[name]
        least = sum(not kind.endswith("?") for kind in kinds)
        if not least <= len(core.expressions) <= len(kinds):
            self.problem(
                "type-mismatch", f"{name} takes {', '.join(kinds)}; here are {len(core.expressions)}", node=core
            )
            return typed(core, "DATE")
        self._arguments(core, frame)
        for argument, kind in zip(core.expressions, kinds, strict=False):
            self._business_argument(name, argument, kind.rstrip("?"))
        try:
            return typed(dates.build(name, core.expressions), "DATE")
        except dates.WrongWord as wrong:
            self.problem("wrong-word", f"{name}: {wrong.message}", wrong.mend, core)
        return typed(core, "DATE")

    def _business_argument(self, name: str, argument: exp.Expr, kind: str) -> None:
        type_ = type_of(argument)
        if type_ is None or type_ == NULL:
            return
        if kind in ("n", "shift"):
            fits = type_ in INTEGERS
        elif kind == "date":
            fits = type_ in ("DATE", "TIMESTAMP")
            text = literal_text(argument)
            if text is not None:
                fits = disagreement(argument, typed(dates.today(), "DATE")) is None
        else:
            fits = type_ == "VARCHAR"
        if not fits:
            want = {"n": "a whole number", "shift": "a whole number", "date": "a date"}.get(kind, f"a {kind} as text")
            self.problem(
                "type-mismatch", f"{name} takes {want}, but {shown(argument)} is {words(type_)}", node=argument
            )

    def _dot(self, node: exp.Expr, frame: Frame) -> exp.Expr:
        if isinstance(node.expression, exp.Anonymous):
            call = node.expression.name
            self.problem("forbidden-function", f"{sql(node)} calls {call} through a dot", f"write {call}(…)", node)
            return typed(node, None)
        node.set("this", self.expression(node.this, frame))
        return self.finish(node)
