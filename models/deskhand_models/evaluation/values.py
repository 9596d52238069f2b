"""Values as a person reads them: numbers in any usual form, dates in any usual form, texts without their case.

What is stored (a cell, an answer's value) is read strictly by `cell`; what somebody wrote (a mail) is read
generously by `Prose`, which takes `1.250` for 1250 as well as for 1.25 and believes whichever is asked for. It
refuses to guess what a value means: it only says whether two could be the same.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cached_property, lru_cache

Value = Decimal | dt.datetime | str | None
"""What a cell holds for the judge: a number, a moment (a day is its midnight), a text, nothing."""

_STORED = re.compile(r"[+-]?\d{1,18}(\.\d+)?([eE][+-]?\d{1,2})?")
_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?)?")
_EXACT = Decimal("0.000001")


def cell(stored: object) -> Value:
    """A stored value as the judge compares it: 1, 1.0 and "1" are one number, "" is nothing."""
    if stored is None:
        return None
    if isinstance(stored, bool):
        return Decimal(int(stored))
    if isinstance(stored, int | float | Decimal):
        return _rounded(Decimal(repr(stored) if isinstance(stored, float) else stored))
    return _text_cell(str(stored))


@lru_cache(maxsize=20_000)
def _text_cell(stored: str) -> Value:
    text = stored.strip()
    if not text:
        return None
    if _STORED.fullmatch(text):
        digits = text.lstrip("+-")
        if len(digits) > 1 and digits[0] == "0" and digits[1].isdigit():
            return text  # a leading zero: an identifier
        return _rounded(Decimal(text))
    if iso := _ISO.fullmatch(text):
        year, month, day, hour, minute, second = (int(part or 0) for part in iso.groups())
        try:
            return dt.datetime(year, month, day, hour, minute, second)
        except ValueError:
            return text
    return text


def _rounded(number: Decimal) -> Decimal:
    try:
        return number.quantize(_EXACT).normalize() + 0
    except InvalidOperation:
        return number


def near(one: Decimal, other: Decimal) -> bool:
    """Whether both are the same number, or one is the other rounded to two places or more."""
    if one == other:
        return True
    for exact, rounded in ((one, other), (other, one)):
        places = max(2, -int(rounded.as_tuple().exponent))
        if places < 6 and abs(exact - rounded) <= Decimal(1).scaleb(-places) / 2:
            return True
    return False


def same(one: Value, other: Value) -> bool:
    """Whether two values say the same to a reader: numbers rounded or not, texts whatever their case and blanks."""
    if isinstance(one, Decimal) and isinstance(other, Decimal):
        return near(one, other)
    if isinstance(one, str) and isinstance(other, str):
        return folded(one) == folded(other)
    if isinstance(one, dt.datetime) and isinstance(other, str):
        return _says(other, one)
    if isinstance(one, str) and isinstance(other, dt.datetime):
        return _says(one, other)
    return one == other


@lru_cache(maxsize=20_000)
def folded(text: str) -> str:
    """The text without case, surplus blanks and what differs only in how a sign is typed."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    for curly, straight in (("’", "'"), ("‘", "'"), ("“", '"'), ("”", '"'), ("–", "-"), ("—", "-")):
        plain = plain.replace(curly, straight)
    return " ".join(plain.split())


def shown(value: object) -> str:
    """The value in a message."""
    if value is None or value == "":
        return "(empty)"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ", "minutes")
    return str(value)


# ---------------------------------------------------------------- dates in words

_MONTHS = {
    name: number
    for number, names in enumerate(
        ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
         "september sep sept", "october oct", "november nov", "december dec"), 1,
    )
    for name in names.split()
}  # fmt: skip
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DAY_MONTH = re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th)?\.?(?: of)? ({_MONTH})\b\.?(?:,? (\d{{4}}))?")
_MONTH_DAY = re.compile(rf"\b({_MONTH})\.? (\d{{1,2}})(?:st|nd|rd|th)?\b(?!:)(?:,? (\d{{4}}))?")
_ISO_IN = re.compile(r"(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_NUMERIC = re.compile(r"(?<![\d.])(\d{1,2})[./-](\d{1,2})[./-](\d{4}|\d{2})(?!\d)")
_SHORT = re.compile(r"(?<![\d.,/])(\d{1,2})[./](\d{1,2})\.?(?![\d/])")
_TIME = re.compile(r"(?<![\d:])([01]?\d|2[0-3])[:.]([0-5]\d)(?::[0-5]\d)?(?!\d)\s*(am|pm|a\.m\.|p\.m\.)?")
_HOUR = re.compile(r"(?<![\d:.,])(1[0-2]|[1-9])\s*(am|pm)\b")

Day = tuple[int | None, int, int]
"""A year where it is said, a month, a day."""


def _says(text: str, moment: dt.datetime) -> bool:
    prose = Prose(text)
    return prose.has_day((moment.year, moment.month, moment.day)) and (
        moment.time() == dt.time() or prose.has_time((moment.hour, moment.minute))
    )


@dataclass(frozen=True)
class Prose:
    """A text that somebody wrote, and what it can be said to mention."""

    text: str

    @cached_property
    def folded(self) -> str:
        """Without case and surplus blanks, lines joined."""
        return folded(self.text)

    @cached_property
    def words(self) -> frozenset[str]:
        """Its words and numbers, as they stand."""
        return frozenset(re.findall(r"[^\W_]+", self.folded))

    def has_text(self, text: str) -> bool:
        """Whether the text stands in it as whole words."""
        wanted = folded(text).strip(" .,;:!?")
        if not wanted:
            return True
        start = -1
        while (start := self.folded.find(wanted, start + 1)) >= 0:
            end = start + len(wanted)
            before, after = self.folded[start - 1 : start], self.folded[end : end + 1]
            if not (before.isalnum() and wanted[0].isalnum()) and not (after.isalnum() and wanted[-1].isalnum()):
                return True
        return False

    # ------------------------------------------------------------ numbers

    @cached_property
    def numbers(self) -> frozenset[Decimal]:
        """Every number that could be meant, in each of its readings."""
        return frozenset(reading for number in _NUMBERS.findall(self.folded) for reading in readings(number))

    def has_number(self, wanted: Decimal) -> bool:
        """Whether it mentions that number, rounded to two places or not."""
        return any(near(number, wanted) for number in self.numbers)

    def has_numbers_of(self, text: str) -> bool:
        """Whether it mentions each number of the other text, in one of its readings."""
        return all(any(map(self.has_number, readings(token))) for token in _NUMBERS.findall(folded(text)))

    # ------------------------------------------------------------ dates

    @cached_property
    def days(self) -> frozenset[Day]:
        """Every day that could be meant; 03/04/2026 is both."""
        return frozenset(day for choice in _days(self.folded) for day in choice)

    def has_day(self, wanted: Day) -> bool:
        """Whether it mentions that day; where either says no year, month and day are enough."""
        return any(
            day[1:] == wanted[1:] and (day[0] is None or wanted[0] is None or day[0] == wanted[0]) for day in self.days
        )

    @cached_property
    def times(self) -> frozenset[tuple[int, int]]:
        """Every time of day."""
        found = [(_hour(int(h), half), int(m)) for h, m, half in _TIME.findall(self.folded)]
        return frozenset(found + [(_hour(int(h), half), 0) for h, half in _HOUR.findall(self.folded)])

    def has_time(self, wanted: tuple[int, int]) -> bool:
        """Whether it mentions that time of day."""
        return wanted in self.times


_NUMBER = r"(?:\d{1,3}(?:[ ,.'’]\d{3})+(?!\d)(?:[.,]\d+)?|\d+(?:[.,]\d+)*)"
_BEFORE = r"(?:(?<![\w.,'’-])-?|(?<=[€$£¥])|(?<=\beur)|(?<=\busd)|(?<=\bchf))"
_AFTER = r"(?=[a-z%]{1,3}\b|(?!\w))"  # a unit may follow at once, an identifier may not
_NUMBERS = re.compile(_BEFORE + _NUMBER + _AFTER)


def readings(text: str) -> Iterator[Decimal]:
    """What a number as somebody wrote it can be: `1.250` is 1250 and 1.25, `1.240,50` is 1240.5."""
    if " " in text:  # thousands, or two numbers beside each other
        for part in text.split(" "):
            yield from readings(part)
    bare = re.sub(r"[ '’]", "", text)
    points, commas = bare.count("."), bare.count(",")
    english, german = bare.replace(",", ""), bare.replace(".", "").replace(",", ".")
    if points and commas:
        found = [english if bare.rfind(".") > bare.rfind(",") else german]
    elif points + commas > 1:
        found = [re.sub("[.,]", "", bare)]
    else:
        found = [bare.replace(",", ".")]
        if re.fullmatch(r"-?\d{1,3}[.,]\d{3}", bare):
            found.append(re.sub("[.,]", "", bare))
    for number in found:
        with contextlib.suppress(InvalidOperation):
            yield _rounded(Decimal(number))


def _days(text: str, *, short: bool = True) -> Iterator[list[Day]]:
    """For each date in the text, the days that it can be. short: also `3.4.`, which might be no date at all."""
    for day, month, year in _DAY_MONTH.findall(text):
        yield _day(year, _MONTHS[month], day)
    for month, day, year in _MONTH_DAY.findall(text):
        yield _day(year, _MONTHS[month], day)
    for year, month, day in _ISO_IN.findall(text):
        yield _day(year, month, day)
    for first, second, year in _NUMERIC.findall(text):
        yield _day(year, second, first) + _day(year, first, second)
    for first, second in _SHORT.findall(text) if short else ():
        yield _day("", second, first) + _day("", first, second)


def _day(year: str, month: str | int, day: str | int) -> list[Day]:
    full = (int(year) + 2000 if len(year) == 2 else int(year)) if year else None
    try:
        dt.date(full or 2024, int(month), int(day))
    except ValueError:
        return []
    return [(full, int(month), int(day))]


def _hour(hour: int, half: str) -> int:
    if half.startswith("p"):
        return hour if hour == 12 or hour > 12 else hour + 12
    return 0 if half.startswith("a") and hour == 12 else hour


@dataclass(frozen=True)
class Phrase:
    """A line that is to be said, taken apart: its dates and times, and the words and numbers besides."""

    days: tuple[tuple[Day, ...], ...]
    times: tuple[tuple[int, int], ...]
    rest: str

    @classmethod
    def of(cls, line: str) -> Phrase:
        """The parts of a line."""
        text = folded(line)
        days = tuple(tuple(choice) for choice in _days(text, short=False) if choice)
        for pattern in (_DAY_MONTH, _MONTH_DAY, _ISO_IN, _NUMERIC):
            text = pattern.sub(" ", text)
        times = [(_hour(int(h), half), int(m)) for h, m, half in _CLOCK.findall(text)]
        times += [(_hour(int(h), half), 0) for h, half in _HOUR.findall(text)]
        return cls(days, tuple(times), _HOUR.sub(" ", _CLOCK.sub(" ", text)))

    def stands_in(self, prose: Prose) -> bool:
        """Whether the prose says all of it, in whatever order."""
        words = [w for w in re.findall(r"[^\W_]+", self.rest) if not re.fullmatch(r"\d+[a-z]{0,3}", w)]
        wanted = frozenset(words) - _SMALL
        return (
            all(any(map(prose.has_day, choice)) for choice in self.days)
            and all(map(prose.has_time, self.times))
            and prose.has_numbers_of(self.rest)
            and wanted <= prose.words
        )


_CLOCK = re.compile(r"(?<![\d:])([01]?\d|2[0-3]):([0-5]\d)(?::[0-5]\d)?(?!\d)\s*(am|pm|a\.m\.|p\.m\.)?")
_SMALL = frozenset("a an the is are was were be to of in on at for and or it its this that with by".split())  # noqa: SIM905
