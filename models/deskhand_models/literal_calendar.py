"""The calendar behind dates in words: names of months, the sense of the words before a date, the year that is meant.

A date without a year takes the nearest one in the sense of the words before it: by, until, due, before, next look
ahead; everything else looks back, but for the next 31 days. This module refuses to read text.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

MONTHS = (
    "jan(?:uary)?|feb(?:ruary|uary|urary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember|emeber)?|"
    "oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAYS = (
    "mon(?:day)?|tue(?:s|sday)?|wed(?:s|nesday|ensday)?|thu(?:r|rs|rsday|sday)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?"
)
UNITS = "day|week|month|quarter|year"
SOON = 31
_SHORT = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_AHEAD = re.compile(
    r"(?<![a-z])(?:by|until|till|til|due|before|next|coming|upcoming|up to|no later than|not later than|"
    r"deadline|expir\w{1,4}|"
    r"through|starting)(?: (?:on|by|the|in|from|at|of|before))?[ :]{1,3}$"
)
_BACK = re.compile(
    r"(?<![a-z])(?:since|after|from|last|past|previous|older than|dated|received|paid|sent|of|in|on)(?: the)? {1,3}$"
)
_FIRM = re.compile(r"(?<![a-z])(?:since|last|past|previous|dated|received|paid|sent)(?: on| in)?(?: the)? {1,3}$")
_FROM = re.compile(
    r"(?<![a-z])(?:since|from|starting|before|as of|prior to|earlier than|older than|begin\w{0,4})(?: in|"
    r" with| on| the){0,2} {1,3}$"
)
_TO = re.compile(
    r"(?<![a-z])(?:until|till|til|to|through|thru|by|after|up to|later than|newer than)(?: in| the){0,2} {1,3}$"
)


@dataclass(frozen=True)
class Span:
    """A date (first and last are one day) or a period, at its place, its ends as SQL and, where known, as days."""

    start: int
    end: int
    first: str
    last: str
    day: date | None = None
    until: date | None = None
    yearless: bool = False

    @property
    def single(self) -> bool:
        return self.first == self.last


def sql(day: date) -> str:
    """A date as a SQL literal."""
    return f"date '{day.isoformat()}'"


def month_of(word: str) -> int:
    return _SHORT.index(word[:3]) + 1


def weekday_of(word: str) -> str:
    return next(day for day in WEEKDAYS if day[:2] == word[:2])


def sense(low: str, start: int) -> str:
    """`ahead`, `firm` (surely past), `back` or nothing: what the words before a place say of the time meant."""
    before = low[max(0, start - 28) : start]
    if _AHEAD.search(before):
        return "ahead"
    if _FIRM.search(before):
        return "firm"
    return "back" if _BACK.search(before) else ""


def edge(low: str, start: int) -> str:
    """`first` or `last`: which end of a period the word before it asks for; nothing where none does."""
    before = low[max(0, start - 28) : start]
    if _FROM.search(before):
        return "first"
    return "last" if _TO.search(before) else ""


def real(year: int, month: int, day: int) -> date | None:
    """The day, or none where there is no such day."""
    if not (1 <= year <= 9998 and 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]):
        return None
    return date(year, month, day)


def full_year(text: str, today: date) -> int:
    """A year of two digits is the one nearest to today within 70 years back and 30 ahead."""
    year = int(text)
    if len(text) > 2:
        return year
    year += today.year - today.year % 100
    return year - 100 if year > today.year + 30 else year


def yearless(today: date, month: int, day: int, meant: str) -> list[date]:
    """The days meant by a day and month, the likelier first."""
    days = [one for year in range(today.year - 8, today.year + 9) if (one := real(year, month, day))]
    back = [one for one in days if one <= today]
    ahead = [one for one in days if one >= today]
    if not back or not ahead:
        return days[:1]
    if meant == "ahead":
        far = (ahead[0] - today).days > 270
        return [ahead[0], back[-1]] if far else [ahead[0]]
    if meant != "firm" and ahead[0] <= today + timedelta(days=SOON):
        return [ahead[0]]
    return [back[-1]]


def months_span(year: int, month: int, count: int) -> tuple[date, date]:
    """The first and the last day of some months."""
    total = year * 12 + month - 1 + count - 1
    last_year, last_month = divmod(total, 12)
    return date(year, month, 1), date(last_year, last_month + 1, monthrange(last_year, last_month + 1)[1])


def season(today: date, month: int, count: int, meant: str) -> tuple[date, date]:
    """A month, quarter or half without its year. `meant` may also be `last`, `this` or `next`, as said before it."""
    year = today.year
    spans = [months_span(one, month, count) for one in (year - 1, year, year + 1)]
    if meant == "this":
        return spans[1]
    if meant == "last":
        return [one for one in spans if one[1] < today][-1]
    if meant == "next":
        return next(one for one in spans if one[0] > today)
    if meant == "ahead":
        return next(one for one in spans if one[1] >= today)
    if meant != "firm":
        soon = [one for one in spans if today < one[0] <= today + timedelta(days=SOON)]
        if soon:
            return soon[0]
    return [one for one in spans if one[0] <= today][-1]
