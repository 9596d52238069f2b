"""What a sentence can state, as an input of a process takes it: whether a value is of an input's type, and its text.

It refuses to guess a value: `the second reminder` is no number, 5% of no share is none, and a week is no month.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Protocol

from deskhand.plan import Input
from deskhand.planner.known_families import PAST, SYNONYMS
from deskhand.planner.known_words import singular, tokens


class Found(Protocol):
    """A value that a sentence states: `kind` number, percent, date, period, days, business_days, email or file.

    start, end: offsets of its characters. value: its text; of a date and a period's first day a SQL expression.
    until: a period's last day.
    """

    @property
    def kind(self) -> str: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def value(self) -> str: ...
    @property
    def until(self) -> str: ...


Find = Callable[[str, dt.datetime], Sequence[Found]]

_IDLE = frozenset(
    """a an the of to in on at is it its are be been by for from with and or that which what who when where than this
    still them has have was were as such without""".split()  # noqa: SIM905
)
_VAGUE = re.compile(r"(?i)\d(st|nd|rd|th)\b|first|second\b|third\b|fourth|twice|double|half|couple|dozen|quarter|few")
_CENTS = re.compile(r"(?i)(?<![^\W\d_])(?:cents?|ct|pence)$")
_VERB = {past: verb for past, verb in PAST.items() if verb in ("leave", "give", "send", "ignore", "skip", "keep")}
_MONEY = re.compile(r"[€$£¥]|[A-Za-z]{3}")
_LITERAL_DATE = re.compile(r"date '(\d{4}-\d\d-\d\d)'\Z")


def fits(item: Input, name: str, value: Found, shown: str) -> bool:
    """Whether a value is of the input's type, whatever day it is."""
    form = _form(item, name)
    if value.kind == "number":
        if _VAGUE.search(shown):
            return False
        whole = bool(re.fullmatch(r"\d{1,18}", value.value))
        return item.type == "decimal" or (item.type == "integer" and whole and not _MONEY.search(_unit(shown)))
    if value.kind == "days":
        return item.type == "integer" and _counts_days(item, name) and not _VAGUE.search(shown)
    if value.kind == "percent":
        return item.type == "decimal" and bool({"percent", "percentage", "share", "rate"} & _about(item, name))
    if value.kind == "date":
        return item.type in ("date", "timestamp")
    return item.type == "text" and form is not None and form == {"period": "month"}.get(value.kind, value.kind)


def as_input(item: Input, name: str, value: Found, shown: str, now: dt.datetime) -> str | None:
    """The value as the input's text; None where it isn't of its type."""
    if not fits(item, name, value, shown):
        return None
    if value.kind == "period":
        return _month(value, now)
    if value.kind == "number" and item.type == "decimal" and _CENTS.search(shown):
        return f"{Decimal(value.value) / 100}"
    return date_text(value.value) if value.kind == "date" else value.value


def _unit(shown: str) -> str:
    """What a stated number has beside its digits; a number in words has nothing."""
    return re.sub(r"[\d.,' ]", "", shown) if re.search(r"\d", shown) else ""


def _counts_days(item: Input, name: str) -> bool:
    return "days" in re.findall(r"[a-z]+", f"{name.replace('_', ' ')} {item.description}".casefold())


def _about(item: Input, name: str) -> frozenset[str]:
    return content(f"{name.replace('_', ' ')} {item.description}")


def _form(item: Input, name: str) -> str | None:
    """What a text input holds, as its default or its description shows: a month (2026-10), an address, a file."""
    shown = f"{item.default or ''} {item.description}"
    if re.search(r"(?<![\d-])\d{4}-(?:0[1-9]|1[0-2])(?![\d-])", shown) or "yyyy-mm " in f"{shown.casefold()} ":
        return "month"
    if re.search(r"[\w.+-]+@[\w-]+\.\w", shown):
        return "email"
    if re.search(r"\w\.(?:xlsx?|csv|pdf|txt|ods)\b", shown):
        return "file"
    return None


def tells_when(said: Sequence[str], start: int, at: int, value: Found, shown: str, now: dt.datetime) -> bool:
    """Whether a time says when to do it rather than for what: `reconcile invoices next month`."""
    before = set(said[start:at])
    if before & {"for", "of", "from"} or said[at + 1 : at + 2] == ["s"]:
        return False
    if re.search(r"\d{4}", shown) and not before & {"in", "on", "by", "at", "until", "before"}:
        return False  # a month of a year is no usual way to say when
    beside = 0 < at < len(said) - 1
    if re.match(r"(?i)(the )?(this|next|coming|today|tonight|tomorrow)", shown) and not beside:
        return True
    first = _day(value.value, now)
    return first is not None and first > now.date()


def date_text(expression: str) -> str:
    """A date as an input takes it: ISO, or a business date as it is."""
    literal = _LITERAL_DATE.match(expression)
    return literal[1] if literal else expression


def _month(value: Found, now: dt.datetime) -> str | None:
    """The calendar month that a period is, as 2026-03; None where it is anything else."""
    first, last = _day(value.value, now), _day(value.until, now)
    if first is None or last is None or first.day != 1 or (first.year, first.month) != (last.year, last.month):
        return None
    if last.day != calendar.monthrange(last.year, last.month)[1]:
        return None
    return f"{first:%Y-%m}" if first.year >= 1000 else None


def _day(expression: str, now: dt.datetime) -> dt.date | None:
    literal = _LITERAL_DATE.match(expression)
    try:
        if literal:
            return dt.date.fromisoformat(literal[1])
        from deskhand.inputs import business_date

        return business_date(expression, now)
    except ValueError:
        return None


def content(text: str) -> frozenset[str]:
    return frozenset(stem(word) for word in tokens(text) if word not in _IDLE and not word.isdigit())


def stem(word: str) -> str:
    one = _VERB.get(word) or singular(word)
    one = SYNONYMS.get(one, one)
    return one if " " not in one and one else word
