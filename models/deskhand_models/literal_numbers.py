"""Numbers and percentages in a request: digits in every office's notation, words, currencies, scales.

The digits of a code (INV-2041, 2026/114, A12), of a time or of a telephone number with dashes are no numbers. This
module refuses to convert currencies and to read a number of more than 18 digits, which is an identifier.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from deskhand_models.literal import Literal, Request, rx

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
UNITS = {word: number for number, word in enumerate(re.findall("[a-z]+", _SMALL))}
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
TENS = {word: 10 * number for number, word in enumerate(re.findall("[a-z]+", _TENS), start=2)} | {"fourty": 40}
SCALES = {"hundred": 100, "thousand": 1000, "grand": 1000, "million": 10**6, "billion": 10**9, "dozen": 12}
SCALES |= {word + "s": value for word, value in list(SCALES.items()) if word != "grand"}
SHORT = {"k": 1000, "tsd": 1000, "m": 10**6, "mm": 10**6, "mio": 10**6, "mn": 10**6, "mln": 10**6, "mill": 10**6}
SHORT |= {"b": 10**9, "bn": 10**9, "bio": 10**9, "mrd": 10**9, "lakh": 10**5, "lakhs": 10**5, "crore": 10**7}
_ORDER = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
ORDINALS = {word: number for number, word in enumerate(re.findall("[a-z]+", _ORDER), start=1)}
TIMES = {"once": "1", "twice": "2", "thrice": "3", "double": "2", "triple": "3", "half": "0.5"}
_SIGNS = "€$£¥₹"
_CODES = (
    "eur|usd|gbp|chf|sek|nok|dkk|pln|czk|huf|ron|jpy|cny|inr|cad|aud|nzd|zar|try|aed|sgd|hkd|brl|mxn|"
    "euros?|dollars?|pounds?|quid|bucks|francs?|kroner|kronor|krona|yen|rupees?|cents?|sterling"
)
_BEFORE = re.compile(rf"(?<![^\W_])(?:(?:us|c|a)?[{_SIGNS}]|{_CODES}|rs\.?|kr\.?|fr\.?) {{0,2}}$")
_AFTER = re.compile(
    rf"(?:\.?(?= {{0,2}}[{_SIGNS}]) {{0,2}}[{_SIGNS}](?! {{0,2}}[0-9])| {{0,2}}(?:{_CODES}|kr\.?)(?![^\W_])|,-)"
)
_SCALE = re.compile(
    rf"( {{0,2}})(?:-(?=[a-z]{{4}}))?({'|'.join(sorted([*SCALES, *SHORT], key=len, reverse=True))})(?![^\W_])\.?"
)
_PERCENT = re.compile(
    r" {0,2}(?:(%)|(‰))|[ -]{1,3}(?:percent(?:age points?)?|per cent|pct|p\.c\.)(?![^\W_])|pct(?![^\W_])"
)
_RAW = re.compile(
    r"(?<![^\W_])(?<![^\W_][-:#_.,'\\@])(?<![a-z]/)(?<!\.)"
    r"[0-9]++(?:[.,'](?=[0-9])[0-9]++)*+"
)
_GROUPED = re.compile(r"[0-9]{1,3}(?: [0-9]{3}(?![0-9]))++(?:[.,][0-9]{1,2}(?![0-9]))?+")
_UNIT_TAIL = re.compile(
    r"(?:st|nd|rd|th|x|l|ltr|g|t|ml|cm|d|w|h|y|wks?|mos?|mths?|yrs?|hrs?|hours?|days?|weeks?|months?|years?|"
    r"quarters?|pcs|kg|km|%|pct)(?![^\W_])|"
    r"-(?:days?|weeks?|months?|years?|hours?|business|working|quarters?|yr)(?![^\W_])"
)
_PER = re.compile(
    r"/(?:(?:kg|g|t|l|h|hr|hour|day|night|week|month|year|yr|mo|pcs?|piece|unit|km|m|person|"
    r"head|each)(?![^\W_])|(?<=[.,][0-9]/)[0-9]|(?<=[.,][0-9]{2}/)[0-9])"
)
_RANGE = re.compile(r"-([0-9]{1,6})(?![0-9]|[^\W_]|-[^\W_])")
_WORDS = "|".join(sorted({*UNITS, *TENS, *SCALES} - {"grand"}, key=len, reverse=True))
_SEQUENCE = rx(r"(?:an?_)?<w>(?:(?:[ -]{1,3}|_and_|_and_a_|_point_)<w>)*(?:_and_a_half(?:_<w>)?)?", w=_WORDS)
_TOKEN = re.compile(r"[a-z]+")
_HALF_A = rx(r"half[ -]{1,2}(?:an?_)?(dozen|million|thousand|hundred|billion)")
_HALF_PERCENT = rx(r"(half_)?an?_(?:percent|per_cent|percentage_point)")
_TIMES = rx("|".join(TIMES))
_COUPLE = rx("(?:an?_)?couple")
_ORDINAL = rx("|".join(ORDINALS))
_QUARTERS = rx(r"(an?|one|three)_quarters?(?=_of)")


@dataclass(frozen=True)
class Number:
    """A number as written, before currency and percent: what durations and dates build upon."""

    start: int
    end: int
    value: Decimal
    text: str


def plain(value: Decimal) -> str:
    """The shortest decimal text, without exponent."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def readings(raw: str) -> list[str]:
    """The texts that digits with separators can mean, the likelier first; none where it is a code or a list."""
    marks = [one for one in raw if not one.isdigit()]
    if not marks:
        return [raw] if len(raw) <= 18 else []
    if len(raw) > 30:
        return []
    groups = re.split(r"[.,' ]", raw)
    grouped = 1 <= len(groups[0]) <= 3 and groups[0][0] != "0"
    whole = raw.translate({ord(one): None for one in ".,' "})
    if len(set(marks)) == 1:
        mark = marks[0]
        thousands = grouped and all(len(one) == 3 for one in groups[1:])
        if mark in "' ":
            return [whole] if thousands else []
        if len(marks) > 1:
            return [whole] if thousands else []
        decimal = f"{groups[0]}.{groups[1]}"
        return [whole, decimal] if thousands else [decimal]
    last = marks[-1]
    if last in "' " or marks.count(last) > 1 or len(set(marks)) > 2:
        return []
    if grouped and all(len(one) == 3 for one in groups[1:-1]):
        return ["".join(groups[:-1]) + "." + groups[-1]]
    return []


def digits(request: Request) -> Iterator[Number]:
    """Every number in digits, with its scale (10k, 2.5 mio); alternatives follow one another."""
    low, free = request.low, request.free()
    allowed = -1  # the end of a range's first number, behind which a dash is no part of a code
    for match in _RAW.finditer(low):
        yield from _digits(low, free, match.start(), match.end(), allowed)
        other = _RANGE.match(low, match.end())
        first = match.group()
        if (
            other
            and first.isdigit()
            and len(first) <= 6
            and int(first) < int(other[1])
            and first[0] != "0"
            and free[match.start()]
        ):
            gap = len(other[1]) - len(first)
            if gap in (0, 1) and other[1][0] != "0":
                yield from _plain(low, match.start(), match.end())
                yield from _digits(low, free, other.start(1), other.end(1), allowed)
    for match in _GROUPED.finditer(low):
        start, end = match.span()
        if (start == 0 or not (low[start - 1].isalnum() or low[start - 1] in ".,'/-#:_")) and free[start]:
            for text in readings(match.group()):
                yield from _scaled(low, start, end, text)


def _plain(low: str, start: int, end: int) -> Iterator[Number]:
    yield Number(start, end, Decimal(low[start:end]), low[start:end])


def _digits(low: str, free: bytes, start: int, end: int, allowed: int) -> Iterator[Number]:
    if not free[start] or not free[end - 1]:
        return
    raw = low[start:end]
    if (
        start > 1
        and low[start - 1] == "/"
        and low[start - 2].isdigit()
        and not re.fullmatch(r"[0-9]+[.,][0-9]{1,2}", raw)
    ):
        return
    if start and low[start - 1] == "-":
        sign = start == 1 or low[start - 2] in " (=:<>" or low[start - 2] in _SIGNS
        if sign and (start < 3 or low[start - 2] != " " or not low[start - 3].isdigit()):
            start -= 1
    texts = readings(raw)
    if not texts:
        if set(raw) <= set("0123456789,") and "," in raw:
            at = end - len(raw)
            for piece in raw.split(","):
                if len(piece) <= 18:
                    yield Number(at, at + len(piece), Decimal(piece), piece)
                at += len(piece) + 1
        return
    for text in texts:
        yield from _scaled(low, start, end, text)


def _scaled(low: str, start: int, end: int, text: str) -> Iterator[Number]:
    sign = "-" if low[start] == "-" else ""
    value = Decimal(sign + text)
    scale = _SCALE.match(low, end)
    if scale:
        word = scale[2]
        factor = SCALES.get(word) or SHORT[word]
        stop = scale.end(2)
        yield Number(start, stop, value * factor, plain(value * factor))
        if not scale[1]:
            return
    elif not _ends(low, end):
        return
    yield Number(start, end, value, sign + text)


def _ends(low: str, end: int) -> bool:
    """Whether a number may end here: what follows is no more of a code."""
    rest = low[end : end + 2]
    if not rest or rest[0] in " ,;!?)\"'%‰" or rest[0] in _SIGNS:
        return True
    if _UNIT_TAIL.match(low, end) or _AFTER.match(low, end):
        return True
    if rest[0].isalnum():
        return False
    if rest[0] == "/" and _PER.match(low, end):
        return True
    if rest[0] in "-/:_\\@#+":
        return len(rest) == 1 or not rest[1].isalnum()
    return True


def words(request: Request) -> Iterator[Number]:
    """Every number in words: `two hundred and fifty`, `a dozen`, `one and a half million`, `two point five`."""
    for match in request.find(_SEQUENCE):
        tokens = [
            (one.group(), match.start() + one.start(), match.start() + one.end())
            for one in _TOKEN.finditer(match.group())
        ]
        at = 0
        while at < len(tokens):
            number, used = _spoken(tokens, at)
            if used:
                stop = tokens[at + used - 1][2]
                yield Number(tokens[at][1], stop, number, plain(number))
            at += used or 1
    for match in request.find(_COUPLE, "couple"):
        yield Number(match.start(), match.end(), Decimal(2), "2")
    for match in request.find(_HALF_A, "half"):
        value = Decimal(SCALES[match[1]]) / 2
        yield Number(match.start(), match.end(), value, plain(value))


def _spoken(tokens: list[tuple[str, int, int]], at: int) -> tuple[Decimal, int]:
    """The longest number that begins at a token, and how many tokens it has (0: none begins here)."""
    total, current, limit = Decimal(0), Decimal(0), 10**12
    used, place = 0, at
    if tokens[at][0] in ("a", "an"):
        if at + 1 >= len(tokens) or tokens[at + 1][0] not in SCALES:
            return Decimal(0), 0
        current, place = Decimal(1), at + 1
    while place < len(tokens):
        word = tokens[place][0]
        after = tokens[place + 1][0] if place + 1 < len(tokens) else ""
        if word == "and" and used:
            if after == "a" and place + 2 < len(tokens) and tokens[place + 2][0] == "half":
                current += Decimal("0.5")
                place += 3
                used = place - at
                continue
            if tokens[place - 1][0] not in SCALES or not (after in UNITS or after in TENS) or after == "zero":
                break
            place += 1
            continue
        if word == "point" and used:
            figures = ""
            while place + 1 + len(figures) < len(tokens) and UNITS.get(tokens[place + 1 + len(figures)][0], 10) < 10:
                figures += str(UNITS[tokens[place + 1 + len(figures)][0]])
                if len(figures) > 6:
                    break
            if not figures:
                break
            current += Decimal("0." + figures)
            place += 1 + len(figures)
            used = place - at
            continue
        rest = current % 100
        if word in UNITS:
            value = UNITS[word]
            fits = (rest == 0 and not (used and value == 0)) or (0 < value < 10 and rest >= 20 and rest % 10 == 0)
            if not fits or (used and tokens[at][0] == "zero"):
                break
            current += value
        elif word in TENS:
            if rest or (used and tokens[at][0] == "zero"):
                break
            current += TENS[word]
        elif word in ("hundred", "hundreds"):
            if not 0 < current < 100:
                break
            current *= 100
        elif word in SCALES:
            scale = SCALES[word]
            if not current or scale >= limit:
                break
            total, current, limit = total + current * scale, Decimal(0), scale
            if scale == 12:
                place += 1
                used = place - at
                break
        else:
            break
        place += 1
        used = place - at
    return total + current, used


def literals_of(request: Request, found: list[Number]) -> Iterator[Literal]:
    """The number and percent literals: each number bare, with its currency, and as a percentage where one is meant."""
    low = request.low
    for number in found:
        yield Literal("number", number.start, number.end, number.text)
        percent = _PERCENT.match(low, number.end)
        if percent:
            factor = Decimal("0.001") if percent[2] else Decimal("0.01")
            yield Literal("percent", number.start, percent.end(), plain(number.value * factor))
            continue
        before = _BEFORE.search(low[max(0, number.start - 12) : number.start])
        start = number.start - len(before.group()) if before else number.start
        after = _AFTER.match(low, number.end)
        if before or after:
            yield Literal("number", start, after.end() if after else number.end, number.text)
    for match in request.find(_HALF_PERCENT, "cent"):
        yield Literal("percent", match.start(), match.end(), "0.005" if match[1] else "0.01")
    for match in request.find(_TIMES):
        yield Literal("number", match.start(), match.end(), TIMES[match.group()])
    for match in request.find(_ORDINAL):
        yield Literal("number", match.start(), match.end(), str(ORDINALS[match.group()]))
    for match in request.find(_QUARTERS, "quarter"):
        yield Literal("number", match.start(), match.end(), "0.75" if match[1] == "three" else "0.25")
