"""Single days in a request: ISO and numeric dates, `3rd of March`, `the 15th`, `last Friday`, `month end`, `today`.

A numeric date has its day first unless that is impossible. This module refuses times of day, and a day that no
calendar has (31/02/2026).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta

from deskhand_models.literal import Request, rx
from deskhand_models.literal_calendar import (
    DAYS,
    MONTHS,
    UNITS,
    WEEKDAYS,
    Span,
    full_year,
    month_of,
    months_span,
    real,
    season,
    sense,
    sql,
    weekday_of,
    yearless,
)

_EDGE = r"(?![^\W_])(?![-/.][0-9])"
_YEAR = r"(?:19|20)[0-9]{2}"
_ISO = re.compile(rf"(?<![^\W_])(?<![0-9][-/.])({_YEAR})([-/.])([0-9]{{1,2}})\2([0-9]{{1,2}})(?:(?=t[0-9])|{_EDGE})")
_COMPACT = re.compile(
    r"(?<![^\W_])(?<![^\W_][-/.:#])((?:19|20)[0-9]{2})([01][0-9])([0-3][0-9])(?![^\W_])(?![-/.,:][0-9])"
)
_NUMERIC = re.compile(
    rf"(?<![^\W_])(?<![^\W_][-/.:#])([0-9]{{1,2}})(?:([-/])([0-9]{{1,2}})\2|"
    rf"\. ?([0-9]{{1,2}})\. ?)([0-9]{{4}}|[0-9]{{2}}){_EDGE}"
)
_SHORT = re.compile(r"(?<![^\W_])(?<![^\W_][-/.:#])([0-9]{1,2})/([0-9]{1,2})(?![-/.,:%]?[^\W_])")
_DOTTED = re.compile(r"(?<![^\W_])(?<![^\W_][-/.:#])([0-9]{1,2})\. ?([0-9]{1,2})\.(?![^\W_])")
_DOTTED_CUE = re.compile(
    r"(?:^|[^a-z])(?:on|by|until|till|since|from|before|after|due|the|to|and|than)[ ]{1,3}$|- {0,2}$"
)
_TH = "(?:st|nd|rd|th)"
_DAY_MONTH = rx(
    behind="[0-9]",
    pattern=rf"(?:(?:{DAYS})\.?,?_)?(?:the_)?([0-9]{{1,2}})(?:{_TH}|\.)?(?:_day)?(?:_of_|_of_the_|[-./]|~)({MONTHS})"
    rf"(?:\.?(?:,?_|[-./]|_of_)?'?({_YEAR})|\.?(?:[-./]'?|_'?|,_')([0-9]{{2}})(?![0-9]|_?[a-z%€$£]|"
    rf"[.,:/-][0-9]|{_TH}))?",
)
_MONTH_DAY = rx(
    rf"(?:(?:{DAYS})\.?,?_)?({MONTHS})\.?(?:_|-)(?:the_)?([0-9]{{1,2}})({_TH})?(?![0-9]|[.,:/][0-9]|"
    rf"~%)(?:,?_({_YEAR}))?"
)
_NUMBERED = re.findall(
    r"[a-z]+",
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
    "sixteenth seventeenth eighteenth nineteenth twentieth",
)
_NTH_MONTH = rx(rf"(?:the_)?({'|'.join(_NUMBERED)})_of_({MONTHS})(?:,?_({_YEAR}))?")
_NTH = rx(
    rf"(?:(the_)|(?<=on )|(?<=by )|(?<=until )|(?<=till )|(?<=since )|(?<=before )|(?<=after )|(?<=from ))"
    rf"(?:([0-9]{{1,2}}){_TH}|({'|'.join(_NUMBERED)})(?=_of_(?:(?:the|this|last|next|previous)_)?month))"
    rf"(?!_(?:of_)?(?:{MONTHS})(?![a-z]))(?!_(?:of_)?(?:the_)?(?:quarter|half|week|year|time|one|row|"
    rf"invoice|item|day))"
    r"(?:_of_(the|this|last|next|the_previous|previous|the_coming|the_current|the_last|the_next)_month)?"
)
_NTH_OF = rx(
    rf"([0-9]{{1,2}}){_TH}_of_(the|this|last|next|the_previous|previous|the_coming|the_current|the_last|"
    rf"the_next)_month"
)
_WORDS = {
    "today": 0, "todays": 0, "tonight": 0, "this morning": 0, "this afternoon": 0, "this evening": 0,
    "tomorrow": 1, "tommorow": 1, "tommorrow": 1, "tomorow": 1, "tmrw": 1, "tmr": 1,
    "yesterday": -1, "yesteday": -1, "yesturday": -1, "yday": -1,
    "day before yesterday": -2, "day after tomorrow": 2, "overmorrow": 2,
}  # fmt: skip
_WORD = rx("|".join(sorted(_WORDS, key=len, reverse=True)).replace(" ", "_"))
_ON_DAY = rx(rf"(?:(last|past|previous|this_past|this|next|coming|this_coming|following|upcoming)_)?({DAYS})")
_BUSINESS_DAY = rx("(last|past|previous|prior|next|coming|following)_(?:business|working|bank)[ -]day")
_LOOSE = re.compile(
    r"(?:^|[^a-z])(?:on|by|until|till|since|from|before|after|last|next|this|and|to|due|coming|past|every) {1,3}$"
)
_WHICH = "(?:the_)?(?:current|last|past|previous|next|coming)|the|this|this_coming|prior|following|closing"
_SHIFT = {"last": -1, "past": -1, "previous": -1, "prior": -1, "next": 1, "coming": 1, "following": 1}
_EDGE_WORDS = "start|begin|beginning|begining|first_day|opening"
_END_WORDS = "end|ends|close|last_day|very_end"
_OF_UNIT = rx(rf"(?:({_EDGE_WORDS})|({_END_WORDS}))_of_(?:(<which>)_)?({UNITS})(?!_to_date)", which=_WHICH)
_UNIT_END = rx(
    r"(?:(<which>)_)?(week|month|quarter|year)[ -]{0,2}(?:(end)|(start))(?!_of)|(eom|eoq|eoy|eow)", which=_WHICH
)
_OF_MONTH = rx(
    rf"(?:({_EDGE_WORDS})|({_END_WORDS})|(middle|mid))(?:_of_|_|-)(?:the_)?(?:(last|next|"
    rf"this)_)?(?:({MONTHS})|q([1-4])|({_YEAR}))"
    rf"(?:(?:,?_|_of_)({_YEAR})|-'?([0-9]{{2}})|_(?:of_)?(last|next|this)_year)?"
)


def numeric(request: Request) -> Iterator[Span]:
    """Dates in digits; their digits are taken from the numbers, but for the short form (3/4 may be a fraction)."""
    low, today = request.low, request.today
    for match in request.find(_ISO, "19", "20"):
        yield from _day(request, match, real(int(match[1]), int(match[3]), int(match[4])), match.end(4))
    for match in request.find(_COMPACT, "19", "20"):
        day = real(int(match[1]), int(match[2]), int(match[3]))
        if day:
            yield Span(match.start(), match.end(), sql(day), sql(day), day, day)
    for match in _NUMERIC.finditer(low):
        first, second = int(match[1]), int(match[3] or match[4])
        year = full_year(match[5], today)
        if match[2] == "-" and len(match[5]) == 2 and len(match[1]) != 2:
            continue
        yield from _day(request, match, real(year, second, first) or real(year, first, second), match.end(5))
    for match in request.find(_SHORT, "/"):
        if match.group() != "24/7":
            yield from _numeric_yearless(request, match)
    for match in request.find(_DOTTED, "."):
        if _DOTTED_CUE.search(low[max(0, match.start() - 10) : match.start()]):
            yield from _numeric_yearless(request, match)


def _day(request: Request, match: re.Match[str], day: date | None, end: int) -> Iterator[Span]:
    request.taken.append((match.start(), end))
    if day:
        yield Span(match.start(), end, sql(day), sql(day), day, day)


def _numeric_yearless(request: Request, match: re.Match[str]) -> Iterator[Span]:
    first, second = int(match[1]), int(match[2])
    if second > 12:
        first, second = second, first
    if real(2024, second, first):
        request.taken.append(match.span())
        yield from _yearless(request, match.start(), match.end(), second, first)


def _yearless(request: Request, start: int, end: int, month: int, day: int) -> Iterator[Span]:
    for one in yearless(request.today, month, day, sense(request.low, start)):
        yield Span(start, end, sql(one), sql(one), one, one, yearless=True)


def _dated(request: Request, match: re.Match[str], day: int, month: int, year: str | None) -> Iterator[Span]:
    """A day and a month, with or without its year."""
    start, end = match.span()
    if not real(2024, month, day):
        return
    if year:
        request.taken.append((start, end))
        one = real(full_year(year, request.today), month, day)
        if one:
            yield Span(start, end, sql(one), sql(one), one, one)
        return
    yield from _yearless(request, start, end, month, day)


def days(request: Request) -> Iterator[Span]:
    """Dates in words. Days with their month first: they keep the weekday before them from being read alone."""
    today, free = request.today, request.free()
    dated: set[int] = set()
    written: set[tuple[int, str]] = set()  # months of dates with a year, whose year is no day (3 mar 26)
    for match in request.find(_DAY_MONTH):
        dated.add(match.start())
        if match[3] or match[4]:
            written.add((match.start(2), match[2]))
        yield from _dated(request, match, int(match[1]), month_of(match[2]), match[3] or match[4])
    for match in request.find(_MONTH_DAY):
        if (match.start(), match[1]) in written or not free[match.start()]:
            continue
        if "-" in match.group() and not match[3] and abs(full_year(match[2], today) - today.year) <= 10:
            continue  # mar-26 is a month and its year
        dated.add(match.start())
        yield from _dated(request, match, int(match[2]), month_of(match[1]), match[4])
    for match in request.find(_NTH_MONTH, "first", "second", "third", "th"):
        yield from _dated(request, match, _NUMBERED.index(match[1]) + 1, month_of(match[2]), match[3])
    for match in request.find(_NTH, "st", "nd", "rd", "th"):
        number = int(match[2]) if match[2] else _NUMBERED.index(match[3]) + 1
        yield from _nth(request, match, number, match[4])
    for match in request.find(_NTH_OF, "month"):
        yield from _nth(request, match, int(match[1]), match[2])
    for match in request.find(
        _WORD, "day", "tomor", "tommor", "mrw", "morning", "afternoon", "evening", "tonight", "tmr", "morrow"
    ):
        start = match.start()
        shift = _WORDS[re.sub(" +", " ", match.group())]
        said, day = _shifted(shift), today + timedelta(shift)
        yield Span(start, match.end(), said, said, day, day)
    for match in request.find(_BUSINESS_DAY, "day"):
        expression = f"add_business_days(current_date, {_SHIFT[match[1]]})"
        yield Span(match.start(), match.end(), expression, expression)
    for match in request.find(_ON_DAY, "mon", "tue", "wed", "thu", "fri", "sat", "sun"):
        if match.start() not in dated:
            yield from _weekday(request, match)
    yield from _edges(request)


def _shifted(days: int) -> str:
    if not days:
        return "current_date"
    return f"days_ahead({days})" if days > 0 else f"days_ago({-days})"


def _nth(request: Request, match: re.Match[str], number: int, which: str | None) -> Iterator[Span]:
    """`the 15th`: of this month, unless the words before it look the other way."""
    today = request.today
    shift = _SHIFT.get(re.split(" +", which)[-1], 0) if which else 0
    meant = "" if which else sense(request.low, match.start())
    for step in (0, 1, -1):
        year, month = divmod(today.year * 12 + today.month - 1 + shift + step, 12)
        one = real(year, month + 1, number)
        if one and (step == 0 or not which):
            if not which and step == 0 and ((meant == "ahead" and one < today) or (meant == "firm" and one > today)):
                continue
            if (step == 1 and meant != "ahead") or (step == -1 and meant != "firm"):
                continue
            yield Span(match.start(), match.end(), sql(one), sql(one), one, one)
            return


def _weekday(request: Request, match: re.Match[str]) -> Iterator[Span]:
    """`last Friday` is behind, `next`, `coming` and `this` are ahead; a bare one has both readings."""
    start, end = match.span()
    word, which = match[2], (match[1] or "").strip()
    doubtful = len(word) <= 4 and word != "tues" and not which and not request.text[match.start(2)].isupper()
    if doubtful and not _LOOSE.search(request.low[max(0, start - 10) : start]):
        return
    day = weekday_of(word)
    readings = {"last": f"last_weekday('{day}')", "next": f"next_weekday('{day}')"}
    gap = (request.today.weekday() - WEEKDAYS.index(day)) % 7
    days = {"last": request.today - timedelta(gap or 7), "next": request.today + timedelta(7 - gap)}
    if which.endswith(("last", "past", "previous")):
        order = ["last"]
    elif which:
        order = ["next"]
    else:
        before = request.low[max(0, start - 28) : start]
        back = sense(request.low, start) == "firm" or re.search(r"(?<![a-z])(?:since|after|from) {1,3}$", before)
        order = ["last", "next"] if back else ["next", "last"]
    for one in order:
        yield Span(start, end, readings[one], readings[one], days[one], days[one])


def call(name: str, unit: str, shift: int) -> str:
    """`start_of` or `end_of` a unit, shifted."""
    return f"{name}('{unit}', {shift})" if shift else f"{name}('{unit}')"


def _edges(request: Request) -> Iterator[Span]:
    """Ends and beginnings: `end of next month`, `month end`, `start of the year`, `end of Q3`, `mid March`."""
    for match in request.find(_OF_UNIT, " of"):
        if match[4] == "day" and not match[3]:
            continue
        shift = _SHIFT.get(re.split(" +", match[3])[-1], 0) if match[3] else 0
        yield _edge(match, "start_of" if match[1] else "end_of", match[4], shift)
    for match in request.find(_UNIT_END, "end", "start", "eo"):
        if match[5]:
            yield _edge(match, "end_of", {"m": "month", "q": "quarter", "y": "year", "w": "week"}[match[5][2]], 0)
        elif match[2] != "week" or match[4]:
            shift = _SHIFT.get(re.split(" +", match[1])[-1], 0) if match[1] else 0
            yield _edge(match, "start_of" if match[4] else "end_of", match[2], shift)
    for match in request.find(_OF_MONTH, "start", "begin", "first", "open", "end", "close", "last", "mid"):
        month, count = (month_of(match[5]), 1) if match[5] else (int(match[6]) * 3 - 2, 3) if match[6] else (1, 12)
        year = match[7] or match[8] or match[9]
        if match[10]:
            year = str(request.today.year + _SHIFT.get(match[10], 0))
        if match[3] and not match[5]:
            continue
        if year:
            first, last = months_span(full_year(year, request.today), month, count)
        else:
            first, last = season(request.today, month, count, match[4] or sense(request.low, match.start()))
        one = first if match[1] else last if match[2] else first + timedelta(14)
        yield Span(match.start(), match.end(), sql(one), sql(one), one, one)


def _edge(match: re.Match[str], name: str, unit: str, shift: int) -> Span:
    expression = call(name, unit, shift)
    return Span(match.start(), match.end(), expression, expression)
