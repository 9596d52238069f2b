"""Numbers as texts: `1.234,56`, `1,234.56`, `12,50 €`, `(12.50)`, `12.50-`; read, and written in the same style.

A style is kept as what 1234567.89… would look like in it, so a format in the catalog reads like a value.
Leading zeros, phone numbers, percentages and more than 18 digits are no numbers here, and neither is a text
whose comma could be a decimal point as well as a thousands separator while nothing in the column settles it.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

GROUP = 3
"""The digits between two separators of thousands."""

DIGITS = 18
"""The most digits of a number; what is longer is an identifier."""

_SIGNS = "€$£¥₹₺₽₩₴฿₫₪₦"
_CODES = "EUR|USD|GBP|CHF|JPY|CNY|SEK|NOK|DKK|PLN|CZK|HUF|RON|BGN|TRY|AUD|CAD|NZD|INR|BRL|MXN|ZAR|SGD|HKD|KRW"
_SPACES = "    "
_TEXT = re.compile(
    rf"(?P<open>\()?(?P<sign>[-+])?(?P<before>(?:[{_SIGNS}]|{_CODES})[{_SPACES}]?|)(?P<inner>-)?"
    rf"(?P<body>\d(?:[\d.,'’{_SPACES}]*\d)?|[.,]\d+)"
    rf"(?P<after>[{_SPACES}]?(?:[{_SIGNS}]|{_CODES})|)(?P<trail>-)?(?P<close>\))?",
    re.ASCII,
)
_PLAIN = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?", re.ASCII)
_SAMPLE = "1234567"
_SAMPLE_DECIMALS = "891234567890123456"


class Style(NamedTuple):
    """How a number stands in a text. `negative` is `lead`, `inner` (after the currency), `trail` or `paren`."""

    before: str = ""
    group: str = ""
    point: str = ""
    decimals: int = 0
    after: str = ""
    negative: str = "lead"
    plus: bool = False

    @property
    def currency(self) -> str:
        """The currency's sign or code, without spaces."""
        return (self.before + self.after).strip(_SPACES)


_BARE = Style()


@lru_cache(maxsize=64)
def plain_style(decimals: int) -> Style:
    """The style of numbers as programs write them."""
    return Style(point="." if decimals else "", decimals=decimals)


class Parsed(NamedTuple):
    """A text taken apart; `unsettled` names the separator that could be point or group."""

    negative: bool
    digits: str
    decimals: str
    style: Style
    unsettled: str = ""

    def settle(self, point: str) -> Parsed:
        """This text, read with that decimal point where it was unsettled."""
        if not self.unsettled:
            return self
        if self.unsettled == point:
            return self._pointed()
        return self._replace(unsettled="", style=self.style._replace(group=self.unsettled))

    def _pointed(self) -> Parsed:
        head, tail = self.digits[:-3], self.digits[-3:]
        if self.style == _BARE and self.unsettled == ".":
            style = plain_style(3)
        else:
            style = self.style._replace(point=self.unsettled, decimals=3)
        return self._replace(digits=head, decimals=tail, style=style, unsettled="")

    @property
    def lettered(self) -> bool:
        """Whether the currency is a code in letters."""
        return self.style is not _BARE and self.style.currency.isalpha()

    @property
    def value(self) -> Decimal:
        """The number, exactly."""
        text = f"{self.digits or '0'}.{self.decimals}" if self.decimals else self.digits
        return -Decimal(text) if self.negative else Decimal(text)


@lru_cache(maxsize=512)
def shown(style: Style) -> str:
    """The style as a format: 1234567.89… written in it, negative where it has an own way for that."""
    number = Decimal(f"{_SAMPLE}.{_SAMPLE_DECIMALS[: style.decimals]}" if style.decimals else _SAMPLE)
    return write(number if style.negative == "lead" else -number, style)


def is_plain(text: str) -> bool:
    """Whether the text is a number as programs write it: 0, -12, 12.50."""
    return _PLAIN.fullmatch(text) is not None


def parse(text: str) -> Parsed | None:
    """The text as a number, or None. `settle` decides where its one separator is ambiguous."""
    if _PLAIN.fullmatch(text) is not None:
        negative = text[0] == "-"
        head, _, tail = text.lstrip("-").partition(".")
        if len(head) + len(tail) > DIGITS:
            return None
        if len(tail) == 3 and len(head) <= 3 and head != "0":
            return Parsed(negative, head + tail, "", _BARE, ".")
        return Parsed(negative, head, tail, plain_style(len(tail)))
    found = _TEXT.fullmatch(text)
    if found is None:
        return None
    g = found.groupdict(default="")
    signs = [g["open"] + g["close"] == "()", g["sign"] == "-", bool(g["inner"]), bool(g["trail"])]
    if bool(g["open"]) != bool(g["close"]) or sum(signs) > 1 or (g["sign"] == "+" and any(signs)):
        return None
    if g["before"] and g["after"]:
        return None
    where = "paren" if signs[0] else "inner" if signs[2] else "trail" if signs[3] else "lead"
    plus = g["sign"] == "+"
    body = _body(g["body"])
    if body is None:
        return None
    digits, decimals, group, point, unsettled = body
    whole = digits[:-3] if unsettled else digits
    if len(whole) > 1 and whole[0] == "0":
        return None
    if len(digits) + len(decimals) > DIGITS:
        return None
    if plus and not (decimals or unsettled):
        return None  # +4930123456 is a phone number
    style = Style(g["before"], group, point, len(decimals), g["after"], where, plus)
    return Parsed(any(signs), digits, decimals, style, unsettled)


def _body(text: str) -> tuple[str, str, str, str, str] | None:
    """Digits, decimals, group sign, decimal point and the unsettled separator of a number without its sign."""
    kinds = sorted({c for c in text if not c.isdigit()}, key=text.rindex)
    if not kinds:
        return text, "", "", "", ""
    if len(kinds) > 2:
        return None
    point = ""
    if kinds[-1] in ".," and text.count(kinds[-1]) == 1:
        head, _, tail = text.rpartition(kinds[-1])
        if len(kinds) == 1 and len(tail) == 3 and 1 <= len(head) <= 3 and head != "0":
            return head + tail, "", "", "", kinds[-1]
        point = kinds.pop()
    else:
        head, tail = text, ""
    group = kinds.pop() if kinds else ""
    if kinds:
        return None
    if group:
        first, *rest = head.split(group)
        if not 1 <= len(first) <= 3 or any(len(part) != 3 for part in rest):
            return None
        if group in ".," and not point:
            # 1.234.567 settles that the point, were there one, is the other sign
            return head.replace(group, ""), "", group, "", ""
    return head.replace(group, "") if group else head, tail, group, point, ""


def write(value: Decimal, style: Style) -> str:
    """The number in that style, with exactly the style's decimals (the caller has made sure they suffice)."""
    sign, digits, exponent = value.quantize(Decimal(1).scaleb(-style.decimals)).as_tuple()
    assert isinstance(exponent, int)
    text = "".join(map(str, digits)).rjust(style.decimals + 1, "0")
    head, tail = (text[: -style.decimals], text[-style.decimals :]) if style.decimals else (text, "")
    if style.group:
        head = re.sub(r"(?<=\d)(?=(?:\d{3})+$)", style.group, head)
    body = f"{head}{style.point or '.'}{tail}" if tail else head
    minus = bool(sign) and any(digits)
    if not minus:
        return f"{'+' if style.plus else ''}{style.before}{body}{style.after}"
    if style.negative == "paren":
        return f"({style.before}{body}{style.after})"
    if style.negative == "trail":
        return f"{style.before}{body}{style.after}-"
    if style.negative == "inner":
        return f"{style.before}-{body}{style.after}"
    return f"-{style.before}{body}{style.after}"


@lru_cache(maxsize=512)
def style_of(form: str) -> Style:
    """The style that a format (a written sample) stands for. Raises ValueError for any other text."""
    found = parse(form)
    if found is None:
        raise ValueError(f"{form!r} is no format of numbers")
    return found.style


def point_of(parsed: list[Parsed]) -> str | None:
    """The decimal point that all these texts share; None where they contradict each other or don't tell.

    Texts whose only separator is an ambiguous `.` are read as programs would write them; with an ambiguous
    `,` nothing is settled.
    """
    points = {p.style.point for p in parsed if p.style.point}
    for p in parsed:
        if p.style.group in (".", ",") and not p.unsettled:
            points.add("," if p.style.group == "." else ".")
    if len(points) > 1:
        return None
    if points:
        return points.pop()
    if any(p.unsettled == "," for p in parsed):
        return None
    return "."
