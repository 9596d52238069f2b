"""Values in a sentence and the inputs of a process that they are for: `for March`, `with 5 days of grace`.

A value belongs to an input when its kind fits the input's type and the words around it say which one: the input's
name, words that only its description has, or a preposition that fits its role (`since` a start, `until` an end).
Those words and the value leave the sentence together; what is left has to be the process word for word.

It refuses to guess: a value beside which no word tells the input is a question, a month is never taken for a part of
a day or of a quarter, and a comparison, a minus sign or a preposition that it doesn't know lets the value stay.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from deskhand.plan import Input
from deskhand.planner.known_families import related
from deskhand.planner.known_values import Find, Found, as_input, content, date_text, fits, stem, tells_when
from deskhand.planner.known_words import BOUNDARY, NEGATIONS, spoken

__all__ = ["Filling", "Find", "Found", "Inputs"]


@dataclass(frozen=True)
class Filling:
    """One way to read a sentence: what is left of it, and the inputs that the rest of it gives.

    open: values with the names of the inputs that each may be meant for, where no word tells which.
    """

    rest: tuple[str, ...]
    inputs: Mapping[str, str]
    open: tuple[tuple[str, tuple[str, ...]], ...] = ()
    evidence: int = 0


MOST_VALUES = 4
_MOST_WAYS = 3000
_MARK = "\0"

_STARTS = frozenset("from start since begin beginning first after".split())  # noqa: SIM905
_ENDS = frozenset("to end until till last before by".split())  # noqa: SIM905
_SINCE = frozenset("since from starting".split())  # noqa: SIM905
_UNTIL = frozenset("until till to through ending up".split())  # noqa: SIM905
_DURING = frozenset("for in of during from covering the month s only just but and with as".split())  # noqa: SIM905
_CAME = frozenset(
    """that which came come coming arrived received got everything anything all for in on onward onwards been have
    has and newer dated what it were was are is later""".split()  # noqa: SIM905
)
_ON_DAY = frozenset("on for of as at the dated day s".split())  # noqa: SIM905
_NUMBER = frozenset(
    """with a an the of at is to be for set as use using per each every and only after from period leaving leave keep
    keeping allow allowing accept same please have having instead on onwards but are fine okay ok acceptable
    allowed accepted ignore ignoring still can give giving them everybody goes go out sent wait day one
    starting""".split()  # noqa: SIM905
)
_ADDRESS = frozenset(
    """with the a to and send mail go goes going should is set as my our for it please cc copy be get gets including
    include in on via from leave""".split()  # noqa: SIM905
)
_PREPOSITIONS = frozenset(
    """from to by until till before after since at on in for of with about within over under per than above below
    around between against into onto through during minus plus least most""".split()  # noqa: SIM905
)
_BEHIND = frozenset("on onward onwards ago or to until till earlier later before after back".split())  # noqa: SIM905
_OTHER_WAY = frozenset({"before", "earlier", "ahead", "prior"})  # 3 days before aren't 3 days after
_QUANTIFIERS = frozenset({"most", "least", "limit", "number", "count", "amount", "value", "days"})
_LIMITS = frozenset({"tolerance", "limit", "cap", "leeway", "allowance", "threshold"})
_BOUNDS = {
    ("no", "more", "than"): ("at", "most"), ("not", "more", "than"): ("at", "most"), ("up", "to"): ("at", "most"),
    ("not", "more", "often", "than", "every"): ("at", "least", "between"),
    ("no", "more", "often", "than", "every"): ("at", "least", "between"),
    ("not", "more", "often", "than", "once", "every"): ("at", "least", "between"),
    ("not", "less", "than"): ("at", "least"), ("no", "less", "than"): ("at", "least"),
    ("no", "fewer", "than"): ("at", "least"),
    ("on", "or", "after"): ("since",), ("on", "and", "after"): ("since",), ("not", "before"): ("since",),
    ("not", "older", "than"): ("since",), ("no", "older", "than"): ("since",),
    ("min",): ("at", "least"), ("minimum",): ("at", "least"), ("a", "minimum", "of"): ("at", "least"),
    ("a", "maximum", "of"): ("at", "most"),
}  # fmt: skip
"""Bounds before a number that are said in several ways; the longest is taken."""


_ORDINALS = {"1": "first", "2": "second", "3": "third", "4": "fourth"}
_LATER = re.compile(r"(?i)\s+(?:or|and) (?:later|newer|after|onwards)\b")
_CLOSING = re.compile(r"(?i)clos(?:e|ing)\s")  # `we have to close June` is about all of June, and no day's close


class Inputs:
    """The inputs of one process as a sentence can give them."""

    def __init__(self, inputs: Mapping[str, Input], common: frozenset[str] = frozenset()) -> None:
        """common: words that the process is asked for with, which therefore don't tell an input."""
        self.inputs = inputs
        self.common = common
        self.named = {name: content(name.replace("_", " ").replace("-", " ")) for name in inputs}
        self.described = {name: content(item.description) for name, item in inputs.items()}

    @cached_property
    def starts(self) -> tuple[str, ...]:
        """Date inputs that a time begins with."""
        return tuple(n for n, i in self.inputs.items() if i.type in ("date", "timestamp") and self._role(n) == "start")

    @cached_property
    def ends(self) -> tuple[str, ...]:
        """Date inputs that a time ends with."""
        return tuple(n for n, i in self.inputs.items() if i.type in ("date", "timestamp") and self._role(n) == "end")

    def _role(self, name: str) -> str:
        parts = set(re.split(r"[_-]", name.casefold()))
        return "start" if parts & _STARTS else "end" if parts & _ENDS else "day"

    def fillings(self, text: str, found: Sequence[Found], now: dt.datetime) -> Iterator[Filling]:
        """Every way in which values of the text are for inputs, the way without any first."""
        yield Filling(tuple(spoken(text)), {})
        if not self.inputs:
            return
        found = [one for one in found if not _CLOSING.match(text[one.start : one.end])]
        able = {(one.start, one.end) for one in found if self._any(one, text[one.start : one.end])}
        spans = [span for span in _widest(found) if span in able]
        if len(spans) > MOST_VALUES:
            return
        ways = 0
        for size in range(1, len(spans) + 1):
            for chosen in itertools.combinations(spans, size):
                said = _tokens(text, chosen)
                clauses = [
                    list(self._clauses(said, said.index(f"{_MARK}{at}"), values, text, now))
                    for at, values in enumerate(_of_spans(found, chosen))
                ]
                for combination in itertools.product(*clauses):
                    ways += 1
                    if ways > _MOST_WAYS:
                        return
                    filling = _together(said, combination)
                    if filling is not None:
                        yield filling

    def _any(self, value: Found, shown: str) -> bool:
        """Whether an input can take the value at all, whatever is said beside it."""
        if value.kind == "period" and self.starts:
            return True
        return any(fits(item, name, value, shown) for name, item in self.inputs.items())

    def _clauses(
        self, said: list[str], at: int, values: Sequence[Found], text: str, now: dt.datetime
    ) -> Iterator[_Clause]:
        """The stretches of words around one value that tell which input it is for."""
        for value in values:
            if re.search(r"(?:^|\s)[-–−]\s?$", text[: value.start]):
                continue
            shown = text[value.start : value.end]
            for inputs, allowed in self._fitting(value, shown, now):
                yield from self._around(said, at, inputs, allowed, value, shown, now)

    def _fitting(
        self, value: Found, shown: str, now: dt.datetime
    ) -> Iterator[tuple[tuple[tuple[str, str], ...], frozenset[str]]]:
        """The inputs (with their texts) that a value can be for, and the small words that may stand beside it."""
        if value.kind == "period" and len(self.starts) == 1:
            first, last = date_text(value.value), date_text(value.until)
            if len(self.ends) == 1:
                if self.inputs[self.ends[0]].type == "date":
                    yield ((self.starts[0], first), (self.ends[0], last)), _DURING
            elif not self.ends and value.until == "current_date" and value.value != value.until:
                yield ((self.starts[0], first),), _DURING | _SINCE | _CAME
        for name, item in self.inputs.items():
            if (given := as_input(item, name, value, shown, now)) is not None:
                yield ((name, given),), self._beside(name, item, value)

    def _beside(self, name: str, item: Input, value: Found) -> frozenset[str]:
        if item.type in ("date", "timestamp"):
            return {"start": _SINCE | _CAME, "end": _UNTIL, "day": _ON_DAY}[self._role(name)]
        if value.kind == "period":
            return _DURING
        return _ADDRESS if value.kind in ("email", "file") else _NUMBER

    def _around(
        self, said: list[str], at: int, inputs: tuple[tuple[str, str], ...], allowed: frozenset[str], value: Found,
        shown: str, now: dt.datetime,
    ) -> Iterator[_Clause]:  # fmt: skip
        names = tuple(name for name, _ in inputs)
        own = frozenset().union(*(self.named[name] for name in names))
        if value.kind not in ("date", "period"):  # a preposition tells these; a description's words are the sentence's
            own = own.union(*(self.described[name] for name in names))
        rivals = self._rivals(names, value, shown)
        others = frozenset().union(*(self.named[n] | self.described[n] for n in rivals)) if rivals else frozenset()
        may = (own | allowed) - _OTHER_WAY
        if "before" in own and said[at + 1 : at + 2] == ["after"]:  # `3 days after it is due before the first`
            may |= {"before"}
        if value.kind == "number" and own & _LIMITS:
            may |= {"at", "most", "below", "under", "within"}
        left = at
        if left > 1 and said[left - 1] == BOUNDARY and _usable(said[left - 2], own):
            left -= 1  # `tolerance: 0.10`
        while left > 0 and at - left < 8 and _usable(said[left - 1], may):
            left -= 1
        right = at
        while right + 1 < len(said) and right - at < 10 and _usable(said[right + 1], may):
            right += 1
        for start in range(left, at + 1):
            if start > 0 and said[start - 1] in _PREPOSITIONS:
                continue
            for end in range(right, at - 1, -1):
                if end + 1 < len(said) and said[end + 1] in _BEHIND:
                    continue
                taken = _meant((*said[start:at], *said[at + 1 : end + 1]), own | others)
                strong = taken & frozenset().union(*(self.named[name] for name in names)) - _QUANTIFIERS
                weak = (taken & own) - others - strong
                if any(taken & self.named[rival] for rival in rivals):
                    continue
                if value.kind == "email" and "from" in said[start:at] and len((strong | weak) - self.common) < 2:
                    continue  # `mails from anna@…` are a part of the mails; `leave mails from … alone` is the input
                if value.kind == "period" and not strong and tells_when(said, start, at, value, shown, now):
                    continue
                if (
                    weak - self.common - _QUANTIFIERS - (_PREPOSITIONS - {"between"}) - {"day"}
                ):  # a word of this input alone beside another
                    weak = weak | {_MARK}
                yield from self._judged(start, end, inputs, said, at, value, shown, len(strong), len(weak))

    def _judged(
        self, start: int, end: int, inputs: tuple[tuple[str, str], ...], said: list[str], at: int, value: Found,
        shown: str, strong: int, weak: int,
    ) -> Iterator[_Clause]:  # fmt: skip
        """The stretch as a clause, if its words say enough."""
        item = self.inputs[inputs[0][0]]
        before = set(said[start:at])
        evidence = 2 * strong + weak
        if item.type in ("date", "timestamp") and value.kind == "date":
            role = self._role(inputs[0][0])
            told = {"start": before & _SINCE, "end": before & _UNTIL, "day": before & {"on", "for", "of"}}[role]
            same = [n for n, i in self.inputs.items() if i.type in ("date", "timestamp") and self._role(n) == role]
            if strong or (told and len(same) == 1):
                yield _Clause(start, end, inputs, 2 + evidence)
            elif told:
                yield _Clause(start, end, (), 0, (shown, tuple(same)))
        elif value.kind == "period":
            names = tuple(n for n, _ in inputs)
            rivals = self._rivals(names, value, shown)
            if not strong and before & {"with", "as"}:
                return
            if strong or not rivals:
                yield _Clause(start, end, inputs, 2 + evidence)
            else:
                yield _Clause(start, end, (), 0, (shown, tuple(n for n in self.inputs if n in (*names, *rivals))))
        elif value.kind in ("email", "file"):
            if strong or weak:
                yield _Clause(start, end, inputs, evidence)
            elif before == {"to"} and start == at - 1 and self._is_told(said[:start], inputs[0][0], value, shown):
                yield _Clause(start, end, inputs, 1)
        elif strong or weak >= (3 if self.named[inputs[0][0]] <= _QUANTIFIERS else 2):
            yield _Clause(start, end, inputs, evidence)
        elif value.kind == "days":
            rivals = self._rivals((inputs[0][0],), value, shown)
            if not rivals and before & {"with", "of"}:
                yield _Clause(start, end, inputs, 1)
            elif rivals and end == at:
                asked = tuple(n for n in self.inputs if n in (inputs[0][0], *rivals))
                yield _Clause(start, end, (), 0, (shown, asked))

    def _is_told(self, before: Sequence[str], name: str, value: Found, shown: str) -> bool:
        """Whether words before `to` an address are a report, and the input is who gets it: `report the rest to`."""
        last = max((at for at, word in enumerate(before) if word.startswith(BOUNDARY)), default=-1)
        gets = re.search(r"\b(gets?|receives?|recipient|receiver)\b", self.inputs[name].description.casefold())
        report = self.described[name] & {"report", "summary", "result", "overview"}
        told = _meant(before[last + 1 :], report) & report
        return bool(gets and told and not self._rivals((name,), value, shown))

    def _rivals(self, names: tuple[str, ...], value: Found, shown: str) -> tuple[str, ...]:
        """Other inputs that the same value fits."""
        return tuple(
            name
            for name, item in self.inputs.items()
            if name not in names and fits(item, name, value, shown)
        )  # fmt: skip


@dataclass(frozen=True)
class _Clause:
    """Words `start` to `end` (inclusive) give these inputs, or leave open which."""

    start: int
    end: int
    inputs: tuple[tuple[str, str], ...]
    evidence: int
    open: tuple[str, tuple[str, ...]] | None = None


def _together(said: list[str], clauses: Sequence[_Clause]) -> Filling | None:
    """All clauses at once; None where two share a word or an input."""
    taken: set[int] = set()
    inputs: dict[str, str] = {}
    for clause in clauses:
        places = set(range(clause.start, clause.end + 1))
        if places & taken or any(name in inputs for name, _ in clause.inputs):
            return None
        taken |= places
        inputs.update(clause.inputs)
    rest = tuple(word for at, word in enumerate(said) if at not in taken)
    left_open = tuple(dict.fromkeys(clause.open for clause in clauses if clause.open))
    return Filling(rest, inputs, left_open, sum(clause.evidence for clause in clauses))


# ---------------------------------------------------------------- values


def _widest(found: Sequence[Found]) -> list[tuple[int, int]]:
    """The spans that lie in no other: `3 days` of `the last 3 days` is no value of its own."""
    spans = list(dict.fromkeys((one.start, one.end) for one in found))
    return [s for s in spans if not any(o != s and o[0] <= s[0] and s[1] <= o[1] for o in spans)]


def _of_spans(found: Sequence[Found], spans: Sequence[tuple[int, int]]) -> Iterator[list[Found]]:
    """The readings of each span, the likeliest of every kind."""
    for span in spans:
        first: dict[str, Found] = {}
        for one in found:
            if (one.start, one.end) == span:
                first.setdefault(one.kind, one)
        yield list(first.values())


def _tokens(text: str, spans: Sequence[tuple[int, int]]) -> list[str]:
    said: list[str] = []
    last = 0
    order = {span: at for at, span in enumerate(spans)}
    for start, end in sorted(spans):
        said += [*spoken(text[last:start]), f"{_MARK}{order[start, end]}"]
        last = max(last, end)
        for bound in sorted(_BOUNDS, key=len, reverse=True):
            if tuple(said[-1 - len(bound) : -1]) == bound:
                said[-1 - len(bound) : -1] = _BOUNDS[bound]
                break
        if later := _LATER.match(text, last):
            said[-1:-1] = ["since"]
            last = later.end()
    said += spoken(text[last:])
    for at in range(len(said) - 1):  # `level 2` is the second
        if said[at] in ("level", "stage", "step", "reminder", "lvl") and said[at + 1] in _ORDINALS:
            said[at : at + 2] = [_ORDINALS[said[at + 1]], "level"]
    return [
        _ORDINALS.get(word.removesuffix("nd").removesuffix("rd"), word) if word[-1:] == "d" else word for word in said
    ]


# ---------------------------------------------------------------- words beside a value


def _usable(word: str, may: frozenset[str]) -> bool:
    if word in NEGATIONS or word.startswith((_MARK, BOUNDARY)):
        return False
    return word in may or stem(word) in may or bool(related(stem(word), may))


def _meant(said: Sequence[str], known: frozenset[str]) -> frozenset[str]:
    """Which of the known words the said ones stand for."""
    return frozenset(one for word in said for one in related(stem(word), known) or {stem(word)})
