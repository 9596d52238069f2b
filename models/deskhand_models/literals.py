"""Finds in an English request every value that a plan could use, and normalises it.

The planner's decoder points at these. Alternatives may overlap: `5%` is the percentage 0.05 and the number 5, and
where one span has two readings the likelier comes first. This module refuses to decide which value a plan needs, to
read a clock (the request's moment is given) and to look at any table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from deskhand_models.literal import Kind, Literal, Request
from deskhand_models.literal_calendar import Span, edge
from deskhand_models.literal_dates import days, numeric
from deskhand_models.literal_numbers import digits, literals_of, words
from deskhand_models.literal_periods import durations, periods, ranges

__all__ = ["Kind", "Literal", "literals"]

_EMAIL = re.compile(
    r"(?<![\w.+-])[\w.+'-]{1,64}@[a-z0-9](?:[a-z0-9-]{0,62}\.)(?:[a-z0-9-]{1,63}\.){0,6}[a-z]{2,24}(?![\w@-])"
)
_TYPES = "xlsx|xlsm|xls|csv|tsv|pdf|txt|docx|doc|json|xml|zip|ods|eml|html|md|png|jpe?g"
_TOKEN = re.compile(r"[^\s\"'<>|?*,;:()\[\]]{1,4000}")
_FILE = re.compile(rf"(?:[a-z]:[\\/]|[~.]{{0,2}}[\\/])?[^\\/].{{0,255}}\.(?:{_TYPES})", re.DOTALL)
_QUOTED = re.compile(rf"([\"'])([^\"'\n<>|?*]{{1,200}}\.(?:{_TYPES}))\1")


def literals(text: str, now: datetime) -> list[Literal]:
    """Every value stated in a request, sorted by its start, longest first; `now` is the moment it was typed."""
    request = Request(text, now.date())
    found = [*_addresses(request), *_files(request)]
    own = request.free()
    spans = [*numeric(request), *days(request), *periods(request)]
    spans = [one for one in spans if not own.count(0, one.start, one.end)]
    whole = list(ranges(request, spans))
    numbers = [*digits(request), *words(request)]
    found += literals_of(request, numbers)
    found += durations(request, numbers)
    for span in spans:
        found += _of_span(request, span)
    found += [Literal("period", span.start, span.end, span.first, span.last) for span in whole]
    found += [wider for one in found if (wider := _with_article(request.low, one))]
    return sorted(dict.fromkeys(found), key=lambda one: (one.start, -one.end))


def _with_article(low: str, one: Literal) -> Literal | None:
    """`the last 30 days` beside `last 30 days`: people mean the same words by both."""
    if one.kind in ("date", "period", "days") and low.startswith("the ", max(0, one.start - 4)) and one.start >= 4:
        return replace(one, start=one.start - 4)
    return None


def _of_span(request: Request, span: Span) -> Iterator[Literal]:
    if span.single:
        yield Literal("date", span.start, span.end, span.first)
        yield Literal("period", span.start, span.end, span.first, span.first)
        return
    yield Literal("period", span.start, span.end, span.first, span.last)
    asked = edge(request.low, span.start)
    if asked:
        yield Literal("date", span.start, span.end, span.first if asked == "first" else span.last)


def _addresses(request: Request) -> Iterator[Literal]:
    for match in request.find(_EMAIL, "@"):
        request.taken.append(match.span())
        yield Literal("email", match.start(), match.end(), request.text[match.start() : match.end()])


def _files(request: Request) -> Iterator[Literal]:
    """Paths with a known ending; one with spaces needs its quotes."""
    for match in request.find(_QUOTED, '"', "'"):
        request.taken.append(match.span(2))
        yield Literal("file", match.start(2), match.end(2), request.text[match.start(2) : match.end(2)])
    free = request.free()
    for token in request.find(_TOKEN, "."):
        start = token.start()
        word = token.group().rstrip(".!")
        if "." in word and free[start] and _FILE.fullmatch(word):
            if start >= 2 and request.low[start - 1] == ":" and request.low[start - 2].isalpha() and word[0] in "\\/":
                start -= 2
            end = token.start() + len(word)
            request.taken.append((start, end))
            yield Literal("file", start, end, request.text[start:end])
