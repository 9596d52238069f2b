"""What a literal is, and the text in which the finders look for it.

A finder reads a `Request`: the text as typed, and a folded copy of the same length (lower case, one kind of space,
dash and apostrophe), so that one pattern fits all spellings and offsets stay those of the request. This module
refuses to know any form of any value.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

Kind = typing.Literal["number", "percent", "date", "period", "days", "business_days", "email", "file"]

_ALIKE = {
    ord(odd): plain
    for plain, many in {
        " ": "\t\n\r\v\f\u00a0\u2007\u2009\u202f\u2002\u2003",
        "-": "\u2010\u2011\u2012\u2013\u2014\u2212",
        "'": "\u2019\u2018\u00b4`\u02bc",
        '"': "\u201c\u201d\u201e\u00ab\u00bb",
    }.items()
    for odd in many
}


@dataclass(frozen=True)
class Literal:
    """A value that a request states. `start` and `end` are offsets in characters; `until` only of a period.

    `value`: number, percent and days as decimal text; a date (and both ends of a period) as a SQL expression: a date
    literal, `current_date` or a business date function; an e-mail address or a file's path as written.
    """

    kind: Kind
    start: int
    end: int
    value: str
    until: str = ""


@dataclass
class Request:
    """The text under reading; `taken` are the spans of dates, addresses and paths whose digits are no numbers."""

    text: str
    today: date
    low: str = field(init=False)
    taken: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.low = fold(self.text)

    def find(self, pattern: re.Pattern[str], *needs: str) -> Iterator[re.Match[str]]:
        """The matches; `needs` are words of which every match has one: looking for those first is much quicker."""
        if needs and not any(need in self.low for need in needs):
            return iter(())
        return pattern.finditer(self.low)

    def free(self) -> bytes:
        """For every character 1 where it is nobody's yet, else 0."""
        marks = bytearray(b"\x01") * len(self.text)
        for start, end in self.taken:
            marks[start:end] = bytes(end - start)
        return bytes(marks)


def fold(text: str) -> str:
    """The text in lower case with one kind of space, dash and quote, character by character."""
    low = text.lower()
    if len(low) != len(text):
        low = "".join(one if len(one.lower()) != 1 else one.lower() for one in text)
    return low.translate(_ALIKE)


def rx(pattern: str, *, behind: str = "", **parts: str) -> re.Pattern[str]:
    """A pattern over folded text that begins and ends a word; `_` is a space or a few, `~` none or a few.

    `behind` is a class of characters that a dash before the match may follow (3-9 March); else it is a code's dash.
    """
    for name, part in parts.items():
        pattern = pattern.replace(f"<{name}>", f"(?:{part})")
    pattern = pattern.replace("_", " {1,3}").replace("~", " {0,2}")
    code = f"(?!{behind})[^\\W_]" if behind else r"[^\W_]"
    return re.compile(rf"(?<![^\W_])(?<![^\W_][/.:#])(?<!{code}-)(?:{pattern})(?![^\W_])")
