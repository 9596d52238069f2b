"""Which sequences of signs are plans for one request, and the plan that each of them is.

    parse = Parse(cut)                       # cut: the request's Slice
    parse.wants                              # what may come next; () when the plan is whole
    parse.feed(sign)                         # raises Unfit where it isn't wanted, or says something twice
    parse.draft                              # the finished Draft

One recursive descent does all three things a grammar is for: it says what may follow (so that a model can only
write plans), it accepts or refuses what is written, and it makes the plan. Columns are those of the tables in
scope, a comparison's other side is of the first one's type, a step can only name earlier ones. Queries begin
with `from`, so that what can be selected is known before it is selected.

This module refuses to look at data, to judge whether a plan is the right one, and to write acts' parameters
(`acts` does).
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field

from deskhand_models.acts import act_wants, parse_act
from deskhand_models.expressions import Expressions, once
from deskhand_models.scope import Output, Scope, Source, alias_for, quoted
from deskhand_models.signs import ACTS, ASKS, CANNOTS, Ref, Sign, Unfit
from deskhand_models.slices import MAIL, Slice, Want, Wants, takes

MAX_SIGNS = 200
MAX_STEPS = 7

Steps = Generator[Wants, Sign, None]


@dataclass
class QueryDraft:
    """A query: its SQL, its columns, what it is about. lookup: it looks for something that the request names."""

    sql: str
    outputs: tuple[Output, ...]
    about: str
    lookup: bool = False


@dataclass
class Draft:
    """A whole plan, not yet in the plan's own types; or a question back, or a refusal, of a kind."""

    steps: list[QueryDraft | dict[str, object]] = field(default_factory=list)
    ask: str = ""
    cannot: str = ""


class Parse:
    """A plan on its way, sign by sign."""

    def __init__(self, cut: Slice) -> None:
        self.cut = cut
        self.draft = Draft()
        self.signs: list[Sign] = []
        self.wants: Wants = ()
        self._running = _Plan(cut, self.draft).plan()
        self._step(None)

    @property
    def whole(self) -> bool:
        """Whether nothing may follow."""
        return not self.wants

    def feed(self, sign: Sign) -> None:
        """Take one sign. Raises Unfit where it isn't wanted, or where it ends something that has been said already.

        After that the parse is of no use.
        """
        if not takes(self.cut, self.wants, sign):
            raise Unfit(f"{sign} after {len(self.signs)} signs; wanted: {self.wants}")
        self.signs.append(sign)
        self._step(sign)

    def _step(self, sign: Sign | None) -> None:
        try:
            self.wants = next(self._running) if sign is None else self._running.send(sign)
        except StopIteration:
            self.wants = ()


def parse(cut: Slice, signs: list[Sign]) -> Draft:
    """The plan of a whole sequence. Raises Unfit where it is none."""
    running = Parse(cut)
    for sign in signs:
        running.feed(sign)
    if not running.whole:
        raise Unfit(f"the plan stops short; wanted: {running.wants}")
    return running.draft


class _Plan(Expressions):
    """The recursive descent: a plan, its queries, their clauses. Expressions are inherited."""

    def __init__(self, cut: Slice, draft: Draft) -> None:
        super().__init__(cut)
        self.draft = draft
        self.queries: list[QueryDraft] = []

    # ------------------------------------------------------------ a plan

    def plan(self) -> Steps:
        begin: Wants = ("from", "select", *act_wants(self.cut, []), "ask", "cannot")
        sign = yield begin
        if sign == "ask":
            self.draft.ask = str((yield tuple(f"a_{kind}" for kind in ASKS)))[2:]
            return
        if sign == "cannot":
            self.draft.cannot = str((yield tuple(f"c_{kind}" for kind in CANNOTS)))[2:]
            return
        self.push(sign)
        while True:
            sign = yield from self.next(self._following())
            if sign == "stop":
                return
            if sign in ACTS:
                outputs = [query.outputs for query in self.queries]
                act = yield from parse_act(self, str(sign), outputs, self._following_act())
                self.draft.steps.append(act)
            else:
                self.push(sign)
                query = yield from self.query(None, self._following_query())
                self.queries.append(query)
                self.draft.steps.append(query)

    def _following(self) -> Wants:
        """What may begin a step, or end the plan."""
        room = len(self.draft.steps) < MAX_STEPS
        ends: tuple[str, ...] = ("stop",) if self.draft.steps else ()
        queries = ("from", "select") if room else ()
        return (*ends, *queries, *(act_wants(self.cut, self.queries) if room else ()))

    def _following_query(self) -> Wants:
        """The same, with the query that is being written as a step that acts can name."""
        room = len(self.draft.steps) + 1 < MAX_STEPS
        return ("stop", *(("from", "select", *act_wants(self.cut, [*self.queries, None])) if room else ()))

    def _following_act(self) -> Wants:
        room = len(self.draft.steps) + 1 < MAX_STEPS
        return ("stop", *(("from", "select", *act_wants(self.cut, self.queries)) if room else ()))

    # ------------------------------------------------------------ a query

    def query(self, outer: Scope | None, follow: Wants, *, kind: str = "rows") -> Generator[Wants, Sign, QueryDraft]:
        """A query. kind: rows; exists (no select: `select 1`); one (a single expression, in a comparison)."""
        scope = Scope(self.cut, outer)
        self.lookup = False if outer is None else self.lookup
        parts: dict[str, str] = {}
        opening: Wants = ("from", "select") if kind == "rows" and outer is None else ("from",)
        sign = yield from self.next(opening)
        if sign == "from":
            ended = follow if kind == "exists" else ("select",)
            opened = ("where", *(() if kind == "exists" else ("group",)), *ended)
            yield from self._from(scope, opened)
            sign = yield from self.next(opened)
            if sign == "where":
                after = ended if kind == "exists" else ("group", "select")
                parts["where"] = yield from self.condition(scope, after)
                sign = yield from self.next(after)
            if kind == "exists":
                self.push(sign)
                return QueryDraft(_sql(scope, parts, "1"), (), "")
            if sign == "group":
                parts["group by"] = yield from self._groups(scope)
                sign = yield from self.next(("having", "select"))
                if sign == "having":
                    parts["having"] = yield from self.condition(scope, ("select",), aggregates=True)
                    sign = yield from self.next(("select",))
        lookup = self.lookup
        if kind == "one":
            text, family = yield from self.expression(scope, None, follow, aggregates=True)
            return QueryDraft(_sql(scope, parts, text), (Output("value", family),), "")
        outputs, items = yield from self._select(scope, ("order", "limit", *follow), grouped="group by" in parts)
        sign = yield from self.next(("order", "limit", *follow))
        if sign == "order":
            parts["order by"] = yield from self._order(scope, ("limit", *follow))
            sign = yield from self.next(("limit", *follow))
        if sign == "limit":
            wanted: Wants = (*self.number_words(), Want("literal", frozenset({"number"})))
            count = yield from self.next(wanted)
            parts["limit"] = self.number_text(count)
        else:
            self.push(sign)
        return QueryDraft(_sql(scope, parts, ", ".join(items)), tuple(outputs), scope.about(), lookup)

    def _from(self, scope: Scope, follow: Wants) -> Steps:
        yield from self._source(scope, "")
        while True:
            sign = yield from self.next(("join", "left_join", *follow))
            if sign not in ("join", "left_join"):
                self.push(sign)
                return
            source = yield from self._source(scope, "join" if sign == "join" else "left join")
            yield from self.next(("on",))
            source.on = yield from self.condition(scope, ("join", "left_join", *follow))

    def _source(self, scope: Scope, join: str) -> Generator[Wants, Sign, Source]:
        steps = tuple(f"#{n}" for n, query in enumerate(self.queries, start=1) if query.outputs)
        taken = scope.tables()
        tables = frozenset(r for r in self.cut.refs if r.kind == "table" and r.key not in taken)
        sign = yield from self.next((*steps, Want("table", only=tables)))
        if isinstance(sign, Ref):
            connection, table = str(sign.key[0]), str(sign.key[1])
            group = self.cut.group_of[connection.casefold(), table.casefold()]
            name = f"{connection}.{quoted(table)}"
            shared = group.name == MAIL
            source = Source(name, alias_for(table, scope), join, group=group, folder=table if shared else "")
        else:
            number = int(sign[1:])
            source = Source(
                self.step_name(number), self.step_name(number), join, outputs=self.queries[number - 1].outputs
            )
            source.about = self.queries[number - 1].about
        scope.add(source)
        return source

    def step_name(self, number: int) -> str:
        """What the step of that number is called until it gets its own name."""
        return f"s{number}"

    def _groups(self, scope: Scope) -> Generator[Wants, Sign, str]:
        items: list[str] = []
        while True:
            more: Wants = ("having", "select") if items else ()
            sign = yield from self.next((*self.factor_wants(scope, None, aggregates=False), *more))
            self.push(sign)
            if items and sign in more:
                return ", ".join(items)
            text, _ = yield from self.factor(scope, None, aggregates=False)
            once(items, text, "grouped by")

    def _select(
        self, scope: Scope, follow: Wants, *, grouped: bool
    ) -> Generator[Wants, Sign, tuple[list[Output], list[str]]]:
        outputs: list[Output] = []
        items: list[str] = []
        written: list[str] = []
        names: set[str] = set()
        while True:
            more: Wants = follow if items else ()
            start = self.factor_wants(scope, None, aggregates=True)
            sign = yield from self.next((*start, *more))
            self.push(sign)
            if items and sign in more:
                return outputs, items
            self.last_column = None
            text, family = yield from self.expression(scope, None, ("as", *start, *follow), aggregates=True)
            origin = self.last_column
            sign = yield from self.next(("as", *start, *follow))
            name = ""
            if sign == "as":
                target = yield from self.next((Want("column"),))
                assert isinstance(target, Ref)
                name, origin = str(target.key[2]), target
            else:
                self.push(sign)
            once(written, name or text, "selected")
            output, item = _named(text, family, name, origin, names)
            outputs.append(output)
            items.append(item)

    def _order(self, scope: Scope, follow: Wants) -> Generator[Wants, Sign, str]:
        items: list[str] = []
        while True:
            start = self.factor_wants(scope, None, aggregates=True)
            sign = yield from self.next((*start, *(follow if items else ())))
            self.push(sign)
            if items and sign in follow:
                return ", ".join(items)
            text, _ = yield from self.expression(scope, None, ("desc", *start, *follow), aggregates=True)
            sign = yield from self.next(("desc", *start, *follow))
            if sign == "desc":
                text += " desc"
            else:
                self.push(sign)
            once(items, text, "ordered by")


def _named(text: str, family: str, name: str, origin: Ref | None, names: set[str]) -> tuple[Output, str]:
    """A selected expression with a name that no other has: its alias, its column's name, or one made from it."""
    plain = origin is not None and not name
    own = name or (str(origin.key[2]) if origin is not None else _made_name(text))
    chosen = own
    if chosen.casefold() in names and origin is not None:
        chosen = f"{alias_word(str(origin.key[1]))}_{own}"
    number = 2
    while chosen.casefold() in names:
        chosen, number = f"{own}_{number}", number + 1
    names.add(chosen.casefold())
    item = text if plain and chosen == own else f"{text} as {quoted(chosen)}"
    return Output(chosen, family, origin), item


def alias_word(table: str) -> str:
    """A table's name as one plain word."""
    from deskhand_models.scope import plain_word

    return plain_word(table)


def _made_name(text: str) -> str:
    head, _, rest = text.partition("(")
    inner = "".join(ch if ch.isalnum() else "_" for ch in rest.rstrip(")").split(".")[-1]).strip("_").lower()
    if head == "count":
        return "count"
    if head in ("sum", "avg", "min", "max") and rest:
        word = {"sum": "total", "avg": "average", "min": "lowest", "max": "highest"}[head]
        return f"{word}_{inner}" if inner and len(inner) <= 30 else word
    return "value"


def _sql(scope: Scope, parts: dict[str, str], items: str) -> str:
    text = f"select {items}"
    if scope.sources:
        text += f" from {scope.text()}"
    for clause in ("where", "group by", "having", "order by", "limit"):
        if clause in parts:
            text += f" {clause} {parts[clause]}"
    return text
