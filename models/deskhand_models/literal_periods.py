"""Periods and durations in a request: `last month`, `Q3 2025`, `past two weeks`, `between 3 and 9 March`, `30 days`.

A month counts 30 days, a quarter 90, a year 365 where a length is meant. This module refuses fiscal years: an
office's own year isn't known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from deskhand_models.literal import Literal, Request, rx
from deskhand_models.literal_calendar import MONTHS, Span, full_year, month_of, months_span, real, season, sense, sql
from deskhand_models.literal_dates import call
from deskhand_models.literal_numbers import Number

_YEAR = r"(?:19|20)[0-9]{2}"
_UNIT = re.compile(
    r"(?:[ -]{0,3})(?:(?:of|full|whole|more|calendar|consecutive) {1,3}){0,2}"
    r"(?:((?:business|working|work|bank|trading|week)[ -]{0,3}days?)|(days?|d|nights?)|(weeks?|wks?|w)|(fortnights?)|"
    r"(months?|mths?|mos?)|(quarters?|qtrs?)|(years?|yrs?|y)|(hours?|hrs?|h))(?![^\W_])'?"
)
_LENGTHS = (Decimal(0), Decimal(0), Decimal(1), Decimal(7), Decimal(14), Decimal(30), Decimal(90), Decimal(365))
_ARTICLE = rx(
    r"(half[ -]{1,2})?(an?|another|one)_(?:(half)_)?(?:full_|whole_)?(?:(week)|(fortnight)|(month)|"
    r"(quarter)|(year)|(day)|((?:business|working)_day))"
    r"(_and_a_half)?"
)
_BARE = rx("fortnight")
_AGO = re.compile(r"(?:'s)? {1,3}(?:ago|back|earlier)(?![^\W_])")
_HENCE = re.compile(r" {1,3}(?:from (?:now|today)|hence|ahead|later|after today|time)(?![^\W_])")
_IN = re.compile(r"(?<![^\W_])in {1,3}(?:(?:about|around|exactly) {1,3})?$")
_WITHIN = re.compile(r"(?<![^\W_])within {1,3}$")
_LAST = re.compile(r"(?<![^\W_])(?:last|past|previous|preceding|latest|trailing) {1,3}$")
_NEXT = re.compile(r"(?<![^\W_])(?:(?:within|in|over) {1,3}the {1,3})?(?:next|coming|following|upcoming) {1,3}$")
_SHIFT = {
    "last": -1,
    "previous": -1,
    "prior": -1,
    "preceding": -1,
    "next": 1,
    "coming": 1,
    "following": 1,
    "upcoming": 1,
}
_CALENDAR = rx(
    r"(this|the_current|current|last|previous|prior|preceding|next|coming|following|upcoming)_(?:calendar_)?"
    r"(week|month|quarter|year)(?!'?s?_(?:before_last|after_next|end|start)(?![^\W_])|-end)(_so_far|_to_date)?"
)
_ROLLING = rx(r"past_(day|week|fortnight|month|quarter|year)")
_BEYOND = rx(r"(week|month|quarter|year)_(?:(before_last)|(after_next))")
_TO_DATE = rx(r"(?:(year|month|quarter|week)[ -]to[ -]date|(ytd|mtd|qtd|wtd)|so_far_this_(year|month|quarter|week))")
_WEEKEND = rx(r"(?:(this|last|next|coming|past|previous)_)?week[ -]{0,1}end(?!_of)s?")
_NTHS = {
    "first": 1,
    "1st": 1,
    "second": 2,
    "2nd": 2,
    "third": 3,
    "3rd": 3,
    "fourth": 4,
    "4th": 4,
    "last": 4,
    "final": 4,
}
_WHEN = (
    rf"(?:(?:_|_of_|_in_|-|/)?'?({_YEAR})|(?:['/-]|_')([0-9]{{2}})(?![0-9])|_(?:of_)?(last|this|the|"
    rf"next|previous|the_current|current)_year)"
)
_QUARTER = rx(rf"(?:(last|this|next)_)?q([1-4]){_WHEN}?")
_YEAR_QUARTER = rx(rf"({_YEAR})[ /-]{{0,2}}(?:q([1-4])|h([12]))")
_NTH_QUARTER = rx(rf"(first|1st|second|2nd|third|3rd|fourth|4th|last|final)_quarter{_WHEN}")
_BARE_QUARTER = rx("(first|1st|second|2nd|third|3rd|fourth|4th)_quarter")
_HALF = rx(rf"(?:(first|1st|second|2nd|last)_half|h([12])){_WHEN}?")
_HALF_MONTH = rx(rf"(first|1st|second|2nd|last)_half_of_({MONTHS})(?:_({_YEAR}))?")
_MONTH = rx(
    behind="[a-z]",
    pattern=rf"(?:(last|this|next)_)?({MONTHS})(?:\.?(?:,?_|_of_|-|/)'?({_YEAR})|\.?(?:-'?|_?'|"
    rf"/)([0-9]{{2}})(?![0-9])|_(?:of_)?(last|this|next|previous)_year|())",
)
_MONTH_NUMBER = re.compile(
    rf"(?<![^\W_])(?<![^\W_][-/.:#])(?:(0?[1-9]|1[0-2])[/.-]({_YEAR})|({_YEAR})-(0[1-9]|1[0-2]))(?![^\W_]|"
    rf"[-/.,:][^\W_])"
)
_ALONE = re.compile(
    rf"(?<![^\W_])(?<![^\W_][-/.:#,'])({_YEAR})(?![^\W_]|[/:,.][0-9]|-[0-9a-z]| {{0,2}}[%€$£]| (?:eur|usd|"
    rf"gbp|chf|euros?)(?![^\W_])| [0-9]{{3}}(?![0-9]))"
)
_YEARS = re.compile(rf"(?<![^\W_])(?<![^\W_][-/.:#,'])({_YEAR})-({_YEAR}|[0-9]{{2}})(?![^\W_]|[-/.,:][0-9])")
_WEEK = rx(rf"(?:week|wk|kw|cw|calendar_week)_?(?:no\.?_?|number_)?([0-9]{{1,2}})(?:(?:_|_of_|/|,_)({_YEAR}))?")
_ORDINARY = {"may", "march", "mar", "jan", "dec", "sept", "jun", "sep", "august"}
_MONTH_CUE = re.compile(
    r"(?:^|[^a-z])(?:in|of|last|since|until|till|this|next|by|from|before|after|for|through|between|during|"
    r"late|early|mid|end|start|to|and|previous)[ -]{1,3}$"
)
_VERB_BEFORE = re.compile(r"(?:^|[^a-z])(?:we|they|i|you|it|he|she|that|which|who|will|must|not) {1,3}$")
_VERB_AFTER = re.compile(
    r" {1,3}(?:i|we|you|they|he|she|it|be|not|have|the|need|also|in|on|to|into|off|out|well|this|please)(?![^\W_])"
)
_JOIN = re.compile(
    r" {0,2}(?:-|until|till|til|to|through|thru|up to|and) {0,2}(?:and {1,2}including {1,2})?(?:the {1,2}|"
    r"end of {1,2})?"
)
_BETWEEN = re.compile(r"(?<![^\W_])between {1,3}(?:the {1,3})?$")
_FROM = re.compile(r"(?<![^\W_])from {1,3}(?:the {1,3})?$")
_LEFT_DAY = re.compile(
    r"(?<![^\W_])(?<![^\W_][-/.:#])(?:the {1,3})?([0-9]{1,2})(?:st|nd|rd|th|\.)? {0,2}(-|to|until|till|"
    r"through|and) {0,2}(?:the {1,3})?$"
)
_RIGHT_DAY = re.compile(
    r"(?:,? {0,2}(?:-|to|until|till|through|and) {0,2})(?:the {1,3})?([0-9]{1,2})(?:st|nd|rd|th)?(?![^\W_]|"
    r"[.,:/][0-9])(?:,? {1,2}((?:19|20)[0-9]{2})(?![^\W_]))?"
)


def durations(request: Request, numbers: Sequence[Number]) -> Iterator[Literal]:
    """Lengths in days, with the dates (`3 days ago`, `in 10 days`) and periods (`last 30 days`) they make."""
    low = request.low
    found: list[tuple[int, int, Decimal, bool]] = []
    for number in numbers:
        unit = _UNIT.match(low, number.end)
        if not unit or number.value < 0 or number.value > 100_000:
            continue
        kind = unit.lastindex or 2
        if (
            unit[kind] in ("d", "w", "h", "y", "mo")
            and unit.group()[0] == " "
            and not request.text[number.end - 1].isdigit()
        ):
            continue
        if kind == 1:
            found.append((number.start, unit.end(), number.value, True))
        elif kind == 8:
            found.append((number.start, unit.end(), (number.value / 24).quantize(Decimal(1), ROUND_CEILING), False))
        elif kind == 5 and number.value and number.value % 12 == 0:
            found.append((number.start, unit.end(), number.value / 12 * 365, False))
        elif kind == 6 and number.value and number.value % 4 == 0:
            found.append((number.start, unit.end(), number.value / 4 * 365, False))
        else:
            found.append((number.start, unit.end(), number.value * _LENGTHS[kind], False))
    for match in request.find(_ARTICLE):
        index = next(one for one in range(4, 11) if match[one])
        length = Decimal((7, 14, 30, 90, 365, 1, 1)[index - 4])
        half = match[1] or match[3]
        length = length / 2 if half else length * Decimal("1.5") if match[11] else length
        found.append((match.start(), match.end(), length, index == 10))
    for match in request.find(_BARE, "fortnight"):
        found.append((match.start(), match.end(), Decimal(14), False))
    for start, end, length, business in dict.fromkeys(found):
        yield from _duration(low, start, end, int(length.to_integral_value(ROUND_FLOOR)), business)


def _duration(low: str, start: int, end: int, count: int, business: bool) -> Iterator[Literal]:
    if count < 1:
        return
    end -= low[end - 1] == "'"
    yield Literal("business_days" if business else "days", start, end, str(count))

    def moved(by: int) -> str:
        if business:
            return f"add_business_days(current_date, {by})"
        return f"days_ahead({by})" if by > 0 else f"days_ago({-by})"

    before = low[max(0, start - 28) : start]
    after = _AGO.match(low, end)
    hence = _HENCE.match(low, end)
    if low.startswith("'", end):
        hence = _HENCE.match(low, end + 1)
    into = _IN.search(before)
    point = ""
    if after:
        point, head, tail = moved(-count), start, after.end()
    elif hence or into:
        point, head, tail = moved(count), start - len(into.group()) if into else start, hence.end() if hence else end
    if point:
        yield Literal("date", head, tail, point)
        yield Literal("period", head, tail, point, point)
    last, ahead, within = _LAST.search(before), _NEXT.search(before), _WITHIN.search(before)
    if last:
        yield Literal("period", start - len(last.group()), end, moved(-count), "current_date")
    elif ahead:
        head = start - len(re.sub(r"^.*the +", "", ahead.group()))
        yield Literal("period", head, end, "current_date", moved(count))
    elif within:
        yield Literal("period", start - len(within.group()), end, "current_date", moved(count))


def periods(request: Request) -> Iterator[Span]:
    """Weeks, months, quarters, halves and years, by name and by their place around today."""
    today = request.today
    for match in request.find(_CALENDAR, "week", "month", "quarter", "year"):
        shift, unit = _SHIFT.get(match[1], 0), match[2]
        if match[3]:
            yield _span(match, call("start_of", unit, shift), "current_date")
        else:
            yield _span(match, call("start_of", unit, shift), call("end_of", unit, shift))
    for match in request.find(_ROLLING, "past"):
        count = {"day": 1, "week": 7, "fortnight": 14, "month": 30, "quarter": 90, "year": 365}[match[1]]
        yield _span(match, f"days_ago({count})", "current_date")
    for match in request.find(_BEYOND, "before", "after"):
        shift = -2 if match[2] else 2
        yield _span(match, call("start_of", match[1], shift), call("end_of", match[1], shift))
    for match in request.find(_TO_DATE, "date", "td", "so far"):
        letter = (match[1] or match[2] or match[3])[0]
        unit = {"y": "year", "m": "month", "q": "quarter", "w": "week"}[letter]
        yield _span(match, call("start_of", unit, 0), "current_date")
    for match in request.find(_WEEKEND, "end"):
        saturday = today + timedelta(5 - today.weekday())
        shift = {"last": -7, "past": -7, "previous": -7, "next": 7}.get(match[1] or "", 0)
        if shift == 7 and today.weekday() < 5 and match[1] == "coming":
            shift = 0
        yield _days(match.start(), match.end(), saturday + timedelta(shift), saturday + timedelta(shift + 1))
    yield from _quarters(request)
    yield from _months(request)
    free = request.free()
    for match in request.find(_YEARS, "19", "20"):
        opening, closing = int(match[1]), full_year(match[2], today)
        if 0 < closing - opening <= 30:
            yield _days(match.start(), match.end(), date(opening, 1, 1), date(closing, 12, 31))
            yield _days(match.start(1), match.end(1), date(opening, 1, 1), date(opening, 12, 31))
    for match in request.find(_ALONE, "19", "20"):
        if free[match.start()]:
            year = int(match[1])
            yield _days(match.start(), match.end(), date(year, 1, 1), date(year, 12, 31))
    for match in request.find(_WEEK, "we", "wk", "kw", "cw"):
        year, week = int(match[2] or today.year), int(match[1])
        if 1 <= week <= 53:
            try:
                first = date.fromisocalendar(year, week, 1)
            except ValueError:
                continue
            yield _days(match.start(), match.end(), first, first + timedelta(6))


def _span(match: re.Match[str], first: str, last: str) -> Span:
    return Span(match.start(), match.end(), first, last)


def _days(start: int, end: int, first: date, last: date, yearless: bool = False) -> Span:
    return Span(start, end, sql(first), sql(last), first, last, yearless)


def _seasonal(
    request: Request, match: re.Match[str], month: int, count: int, years: tuple[str | None, ...], which: str
) -> Span:
    """Some months of a year that is written, told by a word, or found by the words before."""
    full, short, said = years
    if full or short:
        year = full_year(full or short or "", request.today)
        request.taken.append(match.span())
    elif said:
        year = request.today.year + _SHIFT.get(re.split(" +", said)[-1], 0)
    else:
        first, last = season(request.today, month, count, which or sense(request.low, match.start()))
        return _days(match.start(), match.end(), first, last, yearless=not which)
    return _days(match.start(), match.end(), *months_span(year, month, count))


def _quarters(request: Request) -> Iterator[Span]:
    for match in request.find(_QUARTER, "q1", "q2", "q3", "q4"):
        yield _seasonal(request, match, int(match[2]) * 3 - 2, 3, match.group(3, 4, 5), match[1] or "")
    for match in request.find(_YEAR_QUARTER, "19", "20"):
        month, count = (int(match[2]) * 3 - 2, 3) if match[2] else (int(match[3]) * 6 - 5, 6)
        yield _seasonal(request, match, month, count, (match[1], None, None), "")
    for match in request.find(_NTH_QUARTER, "quarter"):
        yield _seasonal(request, match, _NTHS[match[1]] * 3 - 2, 3, match.group(2, 3, 4), "")
    for match in request.find(_BARE_QUARTER, "quarter"):
        yield _seasonal(request, match, _NTHS[match[1]] * 3 - 2, 3, (None, None, None), "")
    for match in request.find(_HALF, "half", "h1", "h2"):
        half = int(match[2]) if match[2] else min(_NTHS[match[1]], 2)
        if match[2] or any(match.group(3, 4, 5)):
            yield _seasonal(request, match, half * 6 - 5, 6, match.group(3, 4, 5), "")
    for match in request.find(_HALF_MONTH, "half"):
        first, last = (
            months_span(int(match[3]), month_of(match[2]), 1)
            if match[3]
            else season(request.today, month_of(match[2]), 1, sense(request.low, match.start()))
        )
        middle = first + timedelta(14)
        early = _NTHS[match[1]] == 1
        yield _days(match.start(), match.end(), first if early else middle + timedelta(1), middle if early else last)


def _months(request: Request) -> Iterator[Span]:
    for match in request.find(_MONTH):
        if any(match.group(1, 3, 4, 5)) or _is_month(request, match):
            yield _seasonal(request, match, month_of(match[2]), 1, match.group(3, 4, 5), match[1] or "")
    for match in request.find(_MONTH_NUMBER, "19", "20"):
        month, year = match[1] or match[4], match[2] or match[3]
        request.taken.append(match.span())
        yield _days(match.start(), match.end(), *months_span(int(year), int(month), 1))


def _is_month(request: Request, match: re.Match[str]) -> bool:
    """Whether a month's name that stands alone is one: `may`, `march` and short names are words as well."""
    low, (start, end) = request.low, match.span()
    word = match[2]
    before = low[max(0, start - 12) : start]
    if re.search(r"[0-9](?:st|nd|rd|th)?(?: of)?[ .-]{1,3}$", before) or re.match(
        r"\.?[ -]{1,3}[0-9]{1,2}(?![0-9])", low[end : end + 6]
    ):
        return True
    if word not in _ORDINARY:
        return True
    if _MONTH_CUE.search(before) and not (word in ("may", "march") and _VERB_BEFORE.search(before)):
        return True
    if word in ("may", "march") and (_VERB_BEFORE.search(before) or _VERB_AFTER.match(low, end)):
        return False
    capital = request.text[start].isupper()
    if word == "may":
        if start > 0 and re.match(r" {0,2}(?:[:,;.?!)]|$)", low[end : end + 4]):
            return True
        return capital and start > 0 and not request.text[max(0, start - 4) : start].rstrip().endswith((".", "!", "?"))
    return capital or word in ("march", "august", "sept")


def ranges(request: Request, spans: Sequence[Span]) -> Iterator[Span]:
    """`between 3 and 9 March`, `1 Feb to 15 Feb`, `January-March`: two dates or periods and the word between."""
    low = request.low
    starts: dict[int, list[Span]] = {}
    for span in spans:
        starts.setdefault(span.start, []).append(span)
    earliest: dict[int, int] = {}
    for span in spans:
        earliest[span.end] = min(span.start, earliest.get(span.end, span.start))
    for left in spans:
        if left.start > earliest[left.end]:
            continue  # the month of `1 Feb` begins no range of its own
        join = _JOIN.match(low, left.end)
        if not join:
            continue
        head = low[max(0, left.start - 14) : left.start]
        between, origin = _BETWEEN.search(head), _FROM.search(head)
        if join.group().strip().startswith("and") and not between:
            continue
        followers = starts.get(join.end()) or starts.get(join.end() - len("the "), [])
        if followers:
            tense = left.first.partition("_weekday")
            right = max(followers, key=lambda one: (one.end, one.last.startswith("".join(tense[:2]))))
            yield from _joined(left, right, between or origin)
    for span in spans:
        if span.single and span.day:
            yield from _short_left(low, span)
            yield from _short_right(request, span)


def _joined(left: Span, right: Span, word: re.Match[str] | None) -> Iterator[Span]:
    first, day = left.first, left.day
    if left.yearless and day and right.day and right.until:
        years = [real(right.day.year - back, day.month, day.day) for back in (-1, 0, 1, 2)]
        fitting = [one for one in years if one and one <= right.until]
        day = max(fitting, default=day)
        first = sql(day)
    if day and right.until and day > right.until:
        return
    yield Span(left.start, right.end, first, right.last, day, right.until)
    if word:
        yield Span(left.start - len(word.group()), right.end, first, right.last, day, right.until)


def _short_left(low: str, right: Span) -> Iterator[Span]:
    """`3 and 9 March`: the first day borrows its month."""
    head = low[max(0, right.start - 24) : right.start]
    match = _LEFT_DAY.search(head)
    if not match or not right.day:
        return
    place = right.start - len(head) + match.start()
    day = real(right.day.year, right.day.month, int(match[1]))
    lead = low[max(0, place - 14) : place]
    word = _BETWEEN.search(lead) or _FROM.search(lead)
    if day is None or day > right.day or (match[2] == "and" and not _BETWEEN.search(lead)):
        return
    yield Span(place, right.end, sql(day), right.last, day, right.day)
    if word:
        yield Span(place - len(word.group()), right.end, sql(day), right.last, day, right.day)


def _short_right(request: Request, left: Span) -> Iterator[Span]:
    """`March 3 to 9`, `from the 1st to the 15th`: the last day borrows its month."""
    low = request.low
    match = _RIGHT_DAY.match(low, left.end)
    if not match or not left.day or not re.search(r"[a-z]", low[left.start : left.end]):
        return
    year = int(match[2]) if match[2] else left.day.year
    first, last = real(year, left.day.month, left.day.day), real(year, left.day.month, int(match[1]))
    head = low[max(0, left.start - 14) : left.start]
    between = _BETWEEN.search(head)
    if not first or not last or last < first or ("and" in match.group() and not between):
        return
    if re.match(rf" {{0,2}}(?:{MONTHS})(?![a-z])", low[match.end() : match.end() + 12]):
        return
    word = between or _FROM.search(head)
    yield Span(left.start, match.end(), sql(first), sql(last), first, last)
    if word:
        yield Span(left.start - len(word.group()), match.end(), sql(first), sql(last), first, last)
