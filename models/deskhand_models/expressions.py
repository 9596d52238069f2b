"""Conditions and expressions of the sign grammar: what may be compared with what, as one recursive descent.

Every part is a generator that yields what it wants next and is sent a sign; where something may end or go on, the
caller says what may follow it (`follow`). Families (text, number, date, timestamp, bool) are followed through
every expression. This module refuses to know clauses and acts.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from deskhand_models.scope import Scope
from deskhand_models.signs import COMPARISONS, NUMBERS, SHIFTS, UNITS, WEEKDAYS, Ref, Sign, Unfit
from deskhand_models.slices import Slice, Want, Wants

if TYPE_CHECKING:
    from deskhand_models.grammar import QueryDraft

Text = Generator[Wants, Sign, str]
Typed = Generator[Wants, Sign, tuple[str, str]]

DAY_KINDS = frozenset({"date", "timestamp"})
_ONE_ARGUMENT = {
    "abs": ("number", "number"), "round": ("number", "number"), "round0": ("number", "number"),
    "year": ("date", "number"), "month": ("date", "number"),
    "lower": ("text", "text"), "upper": ("text", "text"), "trim": ("text", "text"),
}  # fmt: skip
_TWO_ARGUMENTS = ("coalesce", "greatest", "least")
_COUNTS = ("count_all", "count", "countd")
_SUMS = ("sum", "avg")
_EXTREMES = ("min", "max")
_DAYS = ("days_ago", "days_ahead")
_NUMBER_LITERALS = frozenset({"number", "percent", "days", "business_days"})


def sql_text(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def once(said: list[str], text: str, how: str) -> None:
    """Keep what has been said. Raises Unfit for what has been said before: nobody means it twice."""
    if text in said:
        raise Unfit(f"{text} is {how} twice")
    said.append(text)


def _unlike(left: str, sign: str, right: str) -> str:
    if left == right:
        raise Unfit(f"{left} is compared with itself")
    return f"{left} {sign} {right}"


class Expressions(ABC):
    """The part of the descent that reads conditions, expressions and texts."""

    def __init__(self, cut: Slice) -> None:
        self.cut = cut
        self.last_column: Ref | None = None
        """The column that the expression just read is, where it is nothing more."""
        self.lookup = False
        """Whether a condition looks for something by the name or number that the request gives."""
        self._pushed: list[Sign] = []

    @abstractmethod
    def query(self, outer: Scope | None, follow: Wants, *, kind: str = "rows") -> Generator[Wants, Sign, QueryDraft]:
        """A query inside an expression: the grammar's own part."""

    # ------------------------------------------------------------ signs

    def push(self, sign: Sign) -> None:
        """Give a sign back: the next to ask gets it."""
        self._pushed.append(sign)

    def next(self, wants: Wants) -> Generator[Wants, Sign, Sign]:
        """The next sign, one of those wanted."""
        if self._pushed:
            return self._pushed.pop()
        sign = yield wants
        return sign

    @staticmethod
    def number_words() -> tuple[str, ...]:
        """The numbers that need not stand in the request."""
        return tuple(f"n_{number}" for number in NUMBERS)

    def number_text(self, sign: Sign) -> str:
        """A number's SQL: a word's or a literal's."""
        if isinstance(sign, Ref):
            return self.cut.literals[int(sign.key[0])].value
        return sign[2:]

    # ------------------------------------------------------------ conditions

    def condition(self, scope: Scope, follow: Wants, *, aggregates: bool = False) -> Text:
        """Tests joined by `and` and `or`."""
        text = ""
        tests: list[str] = []
        more = ("and", "or", *follow)
        while True:
            test = yield from self._test(scope, more, aggregates)
            once(tests, test, "asked")
            text += test
            sign = yield from self.next(more)
            if sign not in ("and", "or"):
                self.push(sign)
                return text
            text += f" {sign} "

    def _test(self, scope: Scope, follow: Wants, aggregates: bool) -> Text:
        bools = frozenset({"bool"})
        start = self.factor_wants(scope, None, aggregates=aggregates)
        sign = yield from self.next(("[", "not", "exists", "not_exists", *start))
        if sign == "[":
            inner = yield from self.condition(scope, ("]",), aggregates=aggregates)
            yield from self.next(("]",))
            return f"({inner})"
        if sign == "not":
            sign = yield from self.next(("[", *self._columns(scope, bools)))
            if sign == "[":
                inner = yield from self.condition(scope, ("]",), aggregates=aggregates)
                yield from self.next(("]",))
                return f"not ({inner})"
            self.push(sign)
            side, _ = yield from self.factor(scope, bools, aggregates=False)
            return f"not {side}"
        if sign in ("exists", "not_exists"):
            inner_query = yield from self.query(scope, (")",), kind="exists")
            yield from self.next((")",))
            return f"{'not ' if sign == 'not_exists' else ''}exists ({inner_query.sql})"
        self.push(sign)
        self.last_column = None
        return (yield from self._compared(scope, follow, aggregates))

    def _compared(self, scope: Scope, follow: Wants, aggregates: bool) -> Text:
        after: tuple[str, ...] = (*COMPARISONS, "is_null", "is_not_null", "in", "not_in")
        texts = ("contains", "not_contains", "starts", "ends")
        # The left side's family is known only once it is read; what doesn't fit it is taken out below.
        left, family = yield from self.expression(scope, None, _After(after, texts, follow), aggregates=aggregates)
        column = self.last_column
        left_day = f"{left}::date" if family == "timestamp" else left
        wants: tuple[str | Want, ...] = after
        if family == "text":
            wants = (*after, *texts)
        elif family in DAY_KINDS:
            wants = (*after, "within", "not_within")
        elif family == "bool":
            wants = (*after, *[f for f in follow if isinstance(f, str)])
        sign = yield from self.next(wants)
        if family == "bool" and sign in follow:
            self.push(sign)
            return left
        if sign in ("is_null", "is_not_null"):
            return f"{left} {str(sign).replace('_', ' ')}"
        if sign in texts:
            return self._like(left, str(sign), (yield from self.text(scope, column)))
        if sign in ("within", "not_within"):
            literal = yield from self.next((Want("literal", frozenset({"period"})),))
            assert isinstance(literal, Ref)
            period = self.cut.literals[int(literal.key[0])]
            test = f"{left_day} >= {period.value} and {left_day} <= {period.until}"
            return f"({test})" if sign == "within" else f"not ({test})"
        if sign in ("in", "not_in"):
            return (yield from self._in(scope, left, family, column, negated=sign == "not_in"))
        return (yield from self._other_side(scope, left, family, column, str(sign), follow, aggregates))

    def _other_side(
        self, scope: Scope, left: str, family: str, column: Ref | None, sign: str, follow: Wants, aggregates: bool
    ) -> Text:
        if family != "text":
            days = family in DAY_KINDS
            wanted = DAY_KINDS if days else frozenset({family})
            right, other = yield from self.expression(scope, wanted, follow, aggregates=aggregates)
            if sign == "=" and self._literal_side:
                self.lookup = True
            if family == "timestamp" and other != "timestamp":
                left = f"{left}::date"  # a moment is compared with a day by its day
            if family == "date" and other == "timestamp":
                right = f"{right}::date"
            return _unlike(left, sign, right)
        start = self.factor_wants(scope, frozenset({"text"}), aggregates=aggregates)
        first = yield from self.next((*self.text_wants(column), *start))
        self.push(first)
        if first == "span" or (isinstance(first, Ref) and first.kind in ("value", "literal", "person")):
            text = yield from self.text(scope, column)
            if first == "span" or (isinstance(first, Ref) and first.kind != "value"):
                # How a person writes a name in a sentence is rarely how the database does.
                self.lookup = self.lookup or sign == "="
                return f"lower({left}) {sign} {sql_text(text.lower())}"
            return f"{left} {sign} {sql_text(text)}"
        right, _ = yield from self.expression(scope, frozenset({"text"}), follow, aggregates=aggregates)
        return _unlike(left, sign, right)

    @staticmethod
    def _like(left: str, sign: str, text: str) -> str:
        negated = "not " if sign == "not_contains" else ""
        if any(mark in text for mark in "%_\\"):
            # LIKE would read these as patterns.
            function = {"starts": "starts_with", "ends": "ends_with"}.get(sign, "contains")
            return f"{negated}{function}(lower({left}), {sql_text(text.lower())})"
        pattern = {"starts": f"{text}%", "ends": f"%{text}"}.get(sign, f"%{text}%")
        return f"{left} {negated}ilike {sql_text(pattern)}"

    def _in(self, scope: Scope, left: str, family: str, column: Ref | None, *, negated: bool) -> Text:
        word = "not in" if negated else "in"
        items: list[str] = []
        folded = False
        yield from self.next(("(",))
        wanted: Wants = self.text_wants(column) if family == "text" else self._literal_wants(family)
        sign = yield from self.next(("from", *wanted))
        if sign == "from":
            self.push(sign)
            inner = yield from self.query(scope, (")",), kind="one")
            yield from self.next((")",))
            return f"{left} {word} ({inner.sql})"
        self.push(sign)
        while True:
            sign = yield from self.next((*wanted, *((")",) if items else ())))
            if sign == ")" and items:
                break
            if family == "text":
                self.push(sign)
                folded = folded or sign == "span" or (isinstance(sign, Ref) and sign.kind == "person")
                items.append((yield from self.text(scope, column)))
            else:
                items.append(self._literal_text(sign))
        if family == "text":
            listed = ", ".join(sql_text(item.lower() if folded else item) for item in items)
            return f"{f'lower({left})' if folded else left} {word} ({listed})"
        return f"{left} {word} ({', '.join(items)})"

    # ------------------------------------------------------------ texts

    def text_wants(self, column: Ref | None) -> tuple[str | Want, ...]:
        """How a text begins: a value of the column, words of the request, an address or file in it."""
        values = (Want("value", tuple(column.key)),) if column is not None and self._values(column) else ()
        return ("span", *values, Want("literal", frozenset({"email", "file"})), Want("person"))

    def _values(self, column: Ref) -> bool:
        try:
            return bool(self.cut.column(column).values)
        except KeyError:
            return False

    def text(self, scope: Scope | None, column: Ref | None) -> Text:
        """A text, unquoted."""
        sign = yield from self.next(self.text_wants(column))
        if isinstance(sign, Ref):
            if sign.kind == "literal":
                return self.cut.literals[int(sign.key[0])].value
            return str(sign.key[3] if sign.kind == "value" else sign.key[0])
        return (yield from self.span())

    def span(self) -> Text:
        """Words of the request, from one to another, after `span`."""
        count = len(self.cut.words)
        first = yield from self.next((Want("word", (0, count)),))
        assert isinstance(first, Ref)
        start = int(first.key[0])
        last = yield from self.next((Want("word", (start, count)),))
        assert isinstance(last, Ref)
        return self.cut.text(start, int(last.key[0]))

    # ------------------------------------------------------------ expressions

    def expression(self, scope: Scope, families: frozenset[str] | None, follow: Wants, *, aggregates: bool) -> Typed:
        """Factors joined by + - * /; last_column is the column that it is, where it is just one."""
        self._literal_side = False
        text, family = yield from self.factor(scope, families, aggregates=aggregates)
        column = self.last_column
        while True:
            signs: tuple[str, ...] = ()
            if family == "number":
                signs = ("+", "-", "*", "/")
            elif family in DAY_KINDS:
                signs = ("+", "-")
            ends = follow.for_family(family) if isinstance(follow, _After) else follow
            sign = yield from self.next((*signs, *ends))
            if sign not in signs:
                self.push(sign)
                self.last_column = column
                return text, family
            day = family in DAY_KINDS
            left = f"{text}::date" if family == "timestamp" else text
            wanted = frozenset({"number", "date", "timestamp"} if day and sign == "-" else {"number"})
            right, other = yield from self.factor(scope, wanted, aggregates=aggregates)
            if other == "timestamp":
                right = f"{right}::date"
            family = "number" if not day or other in DAY_KINDS else "date"
            text, column = f"{left} {sign} {right}", None
            self._literal_side = False

    def _columns(self, scope: Scope, families: frozenset[str] | None) -> tuple[str | Want, ...]:
        wants: list[str | Want] = []
        if groups := scope.groups():
            wants.append(Want("column", groups, families))
        if passed := scope.passed(families):
            if groups:
                wants.append("^")
            else:
                wants.append(Want("column", only=passed))
        return (*wants, *scope.computed(families))

    def _literal_wants(self, family: str | None) -> tuple[str | Want, ...]:
        if family == "number":
            return (*self.number_words(), Want("literal", _NUMBER_LITERALS))
        if family in DAY_KINDS:
            return (Want("literal", frozenset({"date"})),)
        if family == "bool":
            return ("true", "false")
        return ()

    def _literal_text(self, sign: Sign) -> str:
        if isinstance(sign, Ref):
            return self.cut.literals[int(sign.key[0])].value
        return sign[2:] if sign.startswith("n_") else sign

    def factor_wants(
        self, scope: Scope, families: frozenset[str] | None, *, aggregates: bool
    ) -> tuple[str | Want, ...]:
        """How a factor of these families (None: of any) may begin."""
        wants: list[str | Want] = [*self._columns(scope, families)]

        def fits(*kinds: str) -> bool:
            return families is None or bool(families & set(kinds))

        if fits("number"):
            wants += [*self._literal_wants("number"), "(", "abs", "round", "round0", "year", "month"]
            if aggregates:
                wants += [*_COUNTS, *_SUMS]
        if aggregates and scope.sources:
            wants += _EXTREMES
        if fits("date", "timestamp"):
            wants += [*self._literal_wants("date"), *_DAYS, "start_of", "end_of", "last_weekday", "next_weekday"]
            wants += ["add_business_days", "current_date"]
        if fits("bool"):
            wants += ["true", "false"]
        if fits("text"):
            wants += ["lower", "upper", "trim"]
            if families is None:
                wants += [*self.text_wants(None), Want("value"), "empty"]
            else:
                wants.append("empty")
        return (*wants, *_TWO_ARGUMENTS, "case", "null", *(("(",) if not fits("number") else ()))

    def factor(self, scope: Scope, families: frozenset[str] | None, *, aggregates: bool) -> Typed:
        """One factor: a column, a value, a function of factors, or something in brackets."""
        sign = yield from self.next(self.factor_wants(scope, families, aggregates=aggregates))
        self.last_column = None
        if isinstance(sign, Ref):
            return self._pointed(scope, sign)
        if sign == "^":
            ref = yield from self.next((Want("column", only=scope.passed(families)),))
            assert isinstance(ref, Ref)
            text, family = scope.column(ref, of_step=True)
            self.last_column = ref
            return text, family
        if sign.startswith("o") and sign[1:].isdigit():
            return scope.output(int(sign[1:]))
        if sign.startswith("n_"):
            return sign[2:], "number"
        if sign in ("true", "false"):
            return sign, "bool"
        if sign in ("null", "empty"):
            only = next(iter(families)) if families and len(families) == 1 else "any"
            return ("null", only) if sign == "null" else ("''", "text")
        if sign == "span":
            return sql_text((yield from self.span())), "text"
        if sign == "(":
            return (yield from self._bracket(scope, families, aggregates))
        if sign == "case":
            return (yield from self._case(scope, families, aggregates))
        return (yield from self._called(scope, sign, families, aggregates))

    def _pointed(self, scope: Scope, ref: Ref) -> tuple[str, str]:
        if ref.kind == "column":
            self.last_column = ref
            return scope.column(ref)
        if ref.kind in ("value", "person"):
            return sql_text(str(ref.key[3] if ref.kind == "value" else ref.key[0])), "text"
        literal = self.cut.literals[int(ref.key[0])]
        self._literal_side = literal.kind in ("number", "date")
        if literal.kind in ("email", "file"):
            return sql_text(literal.value), "text"
        return literal.value, "date" if literal.kind == "date" else "number"

    def _bracket(self, scope: Scope, families: frozenset[str] | None, aggregates: bool) -> Typed:
        # Two days apart are a number.
        inside = families | DAY_KINDS if families and "number" in families else families
        start = self.factor_wants(scope, inside, aggregates=aggregates)
        sign = yield from self.next(("from", *start))
        self.push(sign)
        if sign == "from":
            inner = yield from self.query(scope, (")",), kind="one")
            yield from self.next((")",))
            return f"({inner.sql})", inner.outputs[0].family
        text, family = yield from self.expression(scope, inside, (")",), aggregates=aggregates)
        yield from self.next((")",))
        self.last_column = None
        return f"({text})", family

    def _case(self, scope: Scope, families: frozenset[str] | None, aggregates: bool) -> Typed:
        text, family = "case", "any"
        yield from self.next(("when",))
        while True:
            test = yield from self.condition(scope, ("then",), aggregates=aggregates)
            yield from self.next(("then",))
            value, kind = yield from self.expression(scope, families, ("when", "else", "end"), aggregates=aggregates)
            family = kind if family == "any" else family
            text += f" when {test} then {value}"
            sign = yield from self.next(("when", "else", "end"))
            if sign == "else":
                other, _ = yield from self.expression(scope, families, ("end",), aggregates=aggregates)
                text += f" else {other}"
                sign = yield from self.next(("end",))
            if sign == "end":
                self.last_column = None
                return f"{text} end", family

    def _called(self, scope: Scope, name: str, families: frozenset[str] | None, aggregates: bool) -> Typed:
        def one(*kinds: str) -> Typed:
            return self.factor(scope, frozenset(kinds) if kinds else None, aggregates=False)

        if name == "count_all":
            return "count(*)", "number"
        if name in ("count", "countd"):
            text, _ = yield from one()
            made = f"count(distinct {text})" if name == "countd" else f"count({text})", "number"
        elif name in _SUMS:
            text, _ = yield from one("number")
            made = f"{name}({text})", "number"
        elif name in _EXTREMES:
            text, family = yield from self.factor(scope, families, aggregates=False)
            made = f"{name}({text})", family
        elif name in _ONE_ARGUMENT:
            needs, gives = _ONE_ARGUMENT[name]
            text, family = yield from self.factor(
                scope, frozenset(DAY_KINDS if needs == "date" else {needs}), aggregates=aggregates
            )
            rounded = {"round": f"round({text}, 2)", "round0": f"round({text}, 0)"}
            made = rounded.get(name, f"{name}({text})"), gives
        elif name in _TWO_ARGUMENTS:
            first, family = yield from self.factor(scope, families, aggregates=aggregates)
            others = frozenset({family}) if family != "any" else families
            second, _ = yield from self.factor(scope, others, aggregates=aggregates)
            made = f"{name}({first}, {second})", family
        else:
            made = (yield from self._date(scope, name)), "date"
        self.last_column = None
        return made

    def _date(self, scope: Scope, name: str) -> Text:
        if name == "current_date":
            return name
        if name in _DAYS:
            text, _ = yield from self.factor(scope, frozenset({"number"}), aggregates=False)
            return f"{name}({text})"
        if name in ("start_of", "end_of"):
            unit = yield from self.next(tuple(f"u_{unit}" for unit in UNITS))
            shift = yield from self.next(tuple(f"s_{shift}" for shift in SHIFTS))
            shifted = f", {str(shift)[2:]}" if shift != "s_0" else ""
            return f"{name}('{str(unit)[2:]}'{shifted})"
        if name == "add_business_days":
            day, family = yield from self.factor(scope, DAY_KINDS, aggregates=False)
            text, _ = yield from self.factor(scope, frozenset({"number"}), aggregates=False)
            return f"add_business_days({day}{'::date' if family == 'timestamp' else ''}, {text})"
        weekday = yield from self.next(tuple(f"d_{day}" for day in WEEKDAYS))
        return f"{name}('{str(weekday)[2:]}')"


class _After(tuple[Any, ...]):
    """What may follow a comparison's left side: it depends on the family that the side turns out to have."""

    def __new__(cls, after: Wants, texts: Wants, follow: Wants) -> _After:
        made = super().__new__(cls, (*after, *texts, "within", "not_within", *follow))
        made.after, made.texts, made.follow = after, texts, follow
        return made

    after: Wants
    texts: Wants
    follow: Wants

    def for_family(self, family: str) -> Wants:
        """The wants that fit the family."""
        if family == "text":
            return (*self.after, *self.texts)
        if family in DAY_KINDS:
            return (*self.after, "within", "not_within")
        return (*self.after, *self.follow) if family == "bool" else self.after
