"""Dates and times of day as texts: taking them apart, and writing another one in the same shape.

A format is written with strftime's letters, plus `%-d` and `%-m` for a day or month without a leading zero and
`%3f` for a fraction of three digits. Days that don't exist (31/02) are no dates. Years of two digits, names of
months and offsets from UTC are refused: what they mean can't be told from the text.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import NamedTuple

_TEXT = re.compile(
    r"(?:(?P<y>\d{4})(?P<s>[-/.])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})"
    r"|(?P<a>\d{1,2})(?P<s2>[-/.])(?P<b>\d{1,2})(?P=s2)(?P<y2>\d{4})"
    r"|(?P<c>\d{8}))"
    r"(?:(?P<sep>[ T])(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:\.(?P<f>\d{1,6}))?)?)?",
    re.ASCII,
)
_TIME = re.compile(r"(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:\.(?P<f>\d{1,6}))?)?", re.ASCII)
_TOKEN = re.compile(r"%(?:-?[dm]|[YHMS]|\df|-H)")

Orders = dict[str, str]
"""Per separator (`/`, `-`, `.`): whether day or month stands first, `dm` or `md`."""


class Parts(NamedTuple):
    """A text taken apart. `family` is `ymd`, `xyy` (day and month in an order to be settled) or `compact`."""

    family: str
    sep: str
    first: str
    second: str
    third: str
    between: str = ""
    hour: str = ""
    minute: str = ""
    second_of_minute: str = ""
    fraction: str = ""

    @property
    def timed(self) -> bool:
        return bool(self.between)


def take_apart(text: str) -> Parts | None:
    """The parts of a text that looks like a date or a timestamp, real or not; None for any other text."""
    found = _TEXT.fullmatch(text)
    if found is None:
        return None
    g = found.groupdict(default="")
    tail = (g["sep"], g["H"], g["M"], g["S"], g["f"])
    if g["c"]:
        if g["sep"]:
            return None
        return Parts("compact", "", g["c"][:4], g["c"][4:6], g["c"][6:])
    if g["y"]:
        return Parts("ymd", g["s"], g["y"], g["m"], g["d"], *tail)
    return Parts("xyy", g["s2"], g["a"], g["b"], g["y2"], *tail)


def moment(parts: Parts, orders: Orders) -> dt.datetime:
    """The moment that the parts mean. Raises ValueError where there is no such day or time."""
    if parts.family == "xyy":
        day, month = parts.first, parts.second
        if orders.get(parts.sep, "dm") == "md":
            day, month = month, day
        year = parts.third
    else:
        year, month, day = parts.first, parts.second, parts.third
    return dt.datetime(
        int(year),
        int(month),
        int(day),
        int(parts.hour or 0),
        int(parts.minute or 0),
        int(parts.second_of_minute or 0),
        int(parts.fraction.ljust(6, "0") or 0),
    )


def _number_token(letter: str, digits: str) -> str:
    return f"%-{letter}" if len(digits) == 1 else f"%{letter}"


def _time_format(hour: str, second: str, fraction: str) -> str:
    text = f"{_number_token('H', hour)}:%M"
    if second:
        text += ":%S"
    if fraction:
        text += f".%{len(fraction)}f"
    return text


def format_of(parts: Parts, orders: Orders) -> str:
    """The format that the text shows. Two digits count as padded although 11 would look so anyway."""
    if parts.family == "compact":
        return "%Y%m%d"
    if parts.family == "ymd":
        text = parts.sep.join(("%Y", _number_token("m", parts.second), _number_token("d", parts.third)))
    else:
        letters = orders.get(parts.sep, "dm")
        text = parts.sep.join((_number_token(letters[0], parts.first), _number_token(letters[1], parts.second), "%Y"))
    if parts.timed:
        text += parts.between + _time_format(parts.hour, parts.second_of_minute, parts.fraction)
    return text


def shows_padding(parts: Parts) -> bool:
    """Whether the text tells if days and months are padded (03/11 and 3/11 do, 11/12 doesn't)."""
    if parts.family == "compact":
        return True
    pair = (parts.second, parts.third) if parts.family == "ymd" else (parts.first, parts.second)
    return any(len(digits) == 1 or digits.startswith("0") for digits in pair)


def same_but_padding(one: str, other: str) -> bool:
    """Whether two formats differ at most in `%d` and `%-d`."""
    return one.replace("%-", "%") == other.replace("%-", "%")


def orders_of(formats: tuple[str, ...]) -> Orders:
    """The orders of day and month that these formats settle."""
    found: Orders = {}
    for text in formats:
        head = text.replace("%-", "%")
        if re.match(r"%[dm][-/.]", head):
            found.setdefault(head[2], head[1] + head[4])
    return found


def write(value: dt.datetime, form: str) -> str:
    """The moment in that format; a fraction longer than the format's is cut by nobody: see `finer`."""

    def token(found: re.Match[str]) -> str:
        name = found.group(0)
        if name.endswith("f"):
            return f"{value.microsecond:06d}"[: int(name[1])]
        number = {
            "Y": value.year,
            "m": value.month,
            "d": value.day,
            "H": value.hour,
            "M": value.minute,
            "S": value.second,
        }[name[-1]]
        if name[1] == "-":
            return str(number)
        return f"{number:04d}" if name == "%Y" else f"{number:02d}"

    return _TOKEN.sub(token, form)


def finer(form: str, value: dt.datetime) -> str:
    """The format, extended by as much of the time of day as the value needs in order not to be cut."""
    if (value.hour or value.minute or value.second or value.microsecond) and ":%M" not in form:
        form += " %H:%M:%S"
    if (value.second or value.microsecond) and ":%M" in form and ":%S" not in form:
        form += ":%S"
    if value.microsecond:
        digits = len(f"{value.microsecond:06d}".rstrip("0"))
        found = re.search(r"\.%(\d)f", form)
        if found is None:
            form += f".%{digits}f"
        elif int(found.group(1)) < digits:
            form = form.replace(found.group(0), f".%{digits}f")
    return form


def time_of(text: str) -> tuple[dt.time, str] | None:
    """A time of day and its format; None for any other text, also for 25:00."""
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    g = found.groupdict(default="")
    try:
        value = dt.time(int(g["H"]), int(g["M"]), int(g["S"] or 0), int(g["f"].ljust(6, "0") or 0))
    except ValueError:
        return None
    return value, _time_format(g["H"], g["S"], g["f"])
