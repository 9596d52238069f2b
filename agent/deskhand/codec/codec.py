"""`Codec`: one column's type and stored formats; `to_text`: how a value is shown where nothing else is asked.

A codec refuses what its formats don't cover with a ValueError that names the value. Blank texts are null.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from deskhand.codec import moments, numbers

if TYPE_CHECKING:
    import pyarrow as pa

    from deskhand.contract import Json, Value

Kind = Literal["text", "integer", "decimal", "double", "boolean", "date", "timestamp", "time", "blob"]

_TYPES = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "time": "TIME",
    "blob": "BLOB",
}
_WORDS = {"true": True, "false": False, "t": True, "f": False, "1": True, "0": False}
_MIDNIGHT = dt.time()


@dataclass(frozen=True)
class Codec:
    """One column's type and the stored formats seen in it, most frequent first.

    Formats by kind. Numbers: `integer` and `real` (stored as such), else a text, shown as 1234567.89 would
    look. Dates and timestamps: strftime's letters (`%-d` unpadded, `%3f` three digits of a fraction) for
    texts, `integer %Y%m%d` or `real %Y%m%d` for numbers, `date` and `datetime` for native cells. Times: the
    same, or `time`. Booleans: `bool`, `integer`, `real` or the word for true as it is written. Text: `text`,
    or the native type that values of a text column had.

    scale: decimals of a `decimal`. blank: what null is written as (None, or '' where only that was seen).
    """

    kind: Kind
    formats: tuple[str, ...] = ()
    scale: int = 0
    blank: str | None = None

    @property
    def type(self) -> str:
        """The DuckDB type of the decoded values."""
        return f"DECIMAL(18,{self.scale})" if self.kind == "decimal" else _TYPES[self.kind]

    # ------------------------------------------------------------ reading

    def decode(self, raw: Any) -> Value:
        """The typed value of a stored one. Raises ValueError where it doesn't fit this column."""
        if raw is None or (isinstance(raw, str) and not raw.strip()):
            return None
        value: Value = getattr(self, f"_decode_{self.kind}")(raw)
        return value

    def decode_column(self, raws: Sequence[Any]) -> pa.Array:
        """All values, decoded, as an Arrow array of `type`. Raises ValueError on the first that doesn't fit."""
        from deskhand.codec import columns

        return columns.decode(self, raws)

    def _decode_text(self, raw: Any) -> str:
        if isinstance(raw, str):
            return raw
        if isinstance(raw, bytes):
            raise self._misfit(raw)
        if isinstance(raw, float) and raw.is_integer() and abs(raw) < 1e18:
            return str(int(raw))
        return to_text(raw, "")

    def _decode_blob(self, raw: Any) -> bytes:
        if isinstance(raw, bytes):
            return raw
        if isinstance(raw, str):
            return raw.encode()
        raise self._misfit(raw)

    def _decode_boolean(self, raw: Any) -> bool:
        if isinstance(raw, (bool, int, float)) and raw in (0, 1):
            return bool(raw)
        if isinstance(raw, str):
            found = _WORDS.get(raw.strip().casefold())
            if found is not None:
                return found
        raise self._misfit(raw)

    def _number(self, raw: Any) -> Decimal:
        if isinstance(raw, int) and not isinstance(raw, bool):
            return Decimal(raw)
        if isinstance(raw, float) and math.isfinite(raw):
            return Decimal(repr(raw))
        if isinstance(raw, str):
            parsed = numbers.parse(raw.strip())
            if parsed is not None and not (parsed.unsettled == "," and self.point is None):
                settled = parsed.settle(self.point or ".")
                if settled.style.point in ("", self.point or settled.style.point):
                    return settled.value
        raise self._misfit(raw)

    def _decode_integer(self, raw: Any) -> int:
        value = self._number(raw)
        if value != value.to_integral_value() or abs(value) >= 2**63:
            raise self._misfit(raw)
        return int(value)

    def _decode_decimal(self, raw: Any) -> Decimal:
        value = self._number(raw)
        rounded = self._rounded(value, raw)
        if isinstance(raw, str) and rounded != value:
            raise self._misfit(raw)
        return rounded

    def _decode_double(self, raw: Any) -> float:
        if isinstance(raw, float):
            return raw
        return float(self._number(raw))

    def _moment(self, raw: Any) -> dt.datetime:
        if isinstance(raw, dt.datetime):
            return raw.replace(tzinfo=None)
        if isinstance(raw, dt.date):
            return dt.datetime.combine(raw, _MIDNIGHT)
        text = raw
        if f"{_native(raw)} %Y%m%d" in self.formats:
            text = str(int(raw)) if raw == int(raw) else ""
        if isinstance(text, str):
            parts = moments.take_apart(text.strip())
            if parts is not None and self._covers(parts, numeric=text is not raw):
                try:
                    return moments.moment(parts, self._orders)
                except ValueError:
                    raise self._misfit(raw) from None
        raise self._misfit(raw)

    def _covers(self, parts: moments.Parts, *, numeric: bool) -> bool:
        if numeric or parts.family == "ymd":
            return True  # year first leaves nothing to guess
        date = moments.format_of(parts._replace(between=""), self._orders).replace("%-", "%")
        return any(form.replace("%-", "%")[:8] == date[:8] for form in self.formats)

    def _decode_date(self, raw: Any) -> dt.date:
        found = self._moment(raw)
        if found.time() != _MIDNIGHT:
            raise self._misfit(raw)
        return found.date()

    def _decode_timestamp(self, raw: Any) -> dt.datetime:
        return self._moment(raw)

    def _decode_time(self, raw: Any) -> dt.time:
        if isinstance(raw, dt.time):
            return raw
        found = moments.time_of(raw.strip()) if isinstance(raw, str) else None
        if found is None:
            raise self._misfit(raw)
        return found[0]

    # ------------------------------------------------------------ writing

    def coerce(self, value: Value) -> Value:
        """The value as this column would read it back: a number rounded half up to its scale, a date of
        midnight, a text naming a date or number parsed. Raises ValueError where the column can't hold it."""
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        kind = self.kind
        if kind == "text":
            return value if isinstance(value, str) else self._decode_text(value)
        if kind in ("integer", "decimal", "double"):
            return self._coerce_number(value)
        if kind == "boolean" and not isinstance(value, str):
            return self._decode_boolean(value)
        if kind in ("date", "timestamp"):
            if isinstance(value, str):
                parts = moments.take_apart(value.strip())
                if parts is None or parts.family != "ymd":
                    raise self._misfit(value)
                value = moments.moment(parts, {})
            if isinstance(value, dt.date):
                return self._decode_date(value) if kind == "date" else self._moment(value)
            raise self._misfit(value)
        return self.decode(value)

    def _coerce_number(self, value: Value) -> Value:
        if isinstance(value, str):
            if not numbers.is_plain(value.strip()):
                raise self._misfit(value)
            number = Decimal(value.strip())
        elif isinstance(value, Decimal) and value.is_finite():
            number = value
        elif isinstance(value, float) and self.kind == "double":
            return value
        elif isinstance(value, bool) and self.kind == "integer":
            return int(value)  # yes and no are kept as 1 and 0 where a database has no booleans
        else:
            number = self._number(value)
        if self.kind == "double":
            return float(number)
        return self._decode_integer_value(number) if self.kind == "integer" else self._rounded(number, value)

    def _decode_integer_value(self, number: Decimal) -> int:
        if number != number.to_integral_value() or abs(number) >= 2**63:
            raise self._misfit(number)
        return int(number)

    def encode(self, value: Value, like: Any = None) -> Any:
        """The value as it is stored: in the format of `like` (the row's old stored value) where that is one
        of this column's, else in the most frequent one. Equal to what `like` means, it is `like` itself.

        Raises ValueError where the column can't hold the value.
        """
        value = self.coerce(value)
        try:
            old = self.decode(like)
        except ValueError:
            like, old = None, None
        if old == value and type(old) is type(value) and not (value is None and like is None):
            return like
        if value is None:
            return self.blank
        if old is None:
            like = None
        raw = getattr(self, f"_encode_{self.kind}")(value, like)
        if self.decode(raw) != value and value == value:
            raise ValueError(f"{to_text(value, self.type)} can't be kept exactly in this column")
        return raw

    def _encode_text(self, value: str, like: Any) -> Any:
        form = _native(like) if like is not None else (self.formats or ("text",))[0]
        if form in ("integer", "real") and numbers.is_plain(value):
            number = float(value) if form == "real" or "." in value else int(value)
            if abs(number) < 2**63 and self._decode_text(number) == value:
                return number
        return value

    def _encode_blob(self, value: bytes, like: Any) -> Any:
        return value

    def _encode_boolean(self, value: bool, like: Any) -> Any:
        form = _boolean_form(like) if like is not None else (self.formats or ("integer",))[0]
        if form == "bool":
            return value
        if form in ("integer", "real"):
            return int(value) if form == "integer" else float(value)
        other = {"1": "0", "t": "f", "T": "F", "true": "false", "TRUE": "FALSE", "True": "False"}
        return form if value else other.get(form, "false")

    def _encode_integer(self, value: int, like: Any) -> Any:
        form = _native(like) if like is not None else (self.formats or ("integer",))[0]
        if form == "integer":
            return value
        if form == "real":
            return float(value)
        return numbers.write(Decimal(value), self._style(like, form))

    def _encode_decimal(self, value: Decimal, like: Any) -> Any:
        form = _native(like) if like is not None else (self.formats or ("real",))[0]
        whole = value == value.to_integral_value()
        if form in ("integer", "real"):
            return int(value) if form == "integer" and whole else float(value)
        style = self._style(like, form)
        needed = _decimals(value)
        if needed > style.decimals:
            style = style._replace(point=style.point or self.point or ".", decimals=self.scale)
        return numbers.write(value, style)

    def _encode_double(self, value: float, like: Any) -> Any:
        form = _native(like) if like is not None else (self.formats or ("real",))[0]
        if form not in ("integer", "real") and math.isfinite(value):
            number = Decimal(repr(value))
            point = self.point or "."
            return numbers.write(number, self._style(like, form)._replace(point=point, decimals=_decimals(number)))
        return int(value) if form == "integer" and value.is_integer() and abs(value) < 2**53 else value

    def _style(self, like: Any, form: str) -> numbers.Style:
        if isinstance(like, str):
            parsed = numbers.parse(like.strip())
            if parsed is not None:
                settled = parsed.settle(self.point or ".")
                return settled.style if len(settled.digits) > numbers.GROUP else self._with_groups(settled.style)
        return numbers.style_of(form if form != "text" else "1234567")

    def _with_groups(self, style: numbers.Style) -> numbers.Style:
        """The style of a small number, with the groups that larger ones of this column have."""
        if style.group or numbers.shown(style) in self.formats:
            return style
        styles = (numbers.style_of(f) for f in self.formats if f not in ("integer", "real", "text"))
        return next((s for s in styles if s._replace(group="") == style), style)

    def _encode_date(self, value: dt.date, like: Any) -> Any:
        return self._encode_moment(dt.datetime.combine(value, _MIDNIGHT), like)

    def _encode_timestamp(self, value: dt.datetime, like: Any) -> Any:
        return self._encode_moment(value, like)

    def _encode_moment(self, value: dt.datetime, like: Any) -> Any:
        form = self._moment_form(like)
        midnight = value.time() == _MIDNIGHT
        if form == "datetime" or (form == "date" and not midnight):
            return value
        if form == "date":
            return value.date()
        if " %Y%m%d" in form:
            if not midnight:
                return moments.write(value, self._timed_form())
            number = int(moments.write(value, "%Y%m%d"))
            return number if form.startswith("integer") else float(number)
        if not midnight and ":%M" not in form:
            form = self._timed_form()
        return moments.write(value, moments.finer(form, value))

    def _timed_form(self) -> str:
        return next((form for form in self.formats if ":%M" in form), "%Y-%m-%d %H:%M:%S")

    def _moment_form(self, like: Any) -> str:
        default = "%Y-%m-%d" if self.kind == "date" else "%Y-%m-%d %H:%M:%S"
        if like is None:
            return self.formats[0] if self.formats else default
        if isinstance(like, dt.datetime):
            return "datetime"
        if isinstance(like, dt.date):
            return "date"
        if isinstance(like, (int, float)):
            return "integer %Y%m%d" if isinstance(like, int) else "real %Y%m%d"
        parts = moments.take_apart(like.strip())
        assert parts is not None  # `like` has been decoded
        form = moments.format_of(parts, self._orders)
        if not moments.shows_padding(parts):
            form = next((f for f in self.formats if moments.same_but_padding(f, form)), form)
        return form

    def _encode_time(self, value: dt.time, like: Any) -> Any:
        form = (self.formats or ("%H:%M:%S",))[0]
        if isinstance(like, dt.time):
            form = "time"
        elif isinstance(like, str):
            found = moments.time_of(like.strip())
            form = found[1] if found else form
        if form == "time":
            return value
        moment = dt.datetime.combine(dt.date(2000, 1, 1), value)
        return moments.write(moment, moments.finer(form, moment))

    # ------------------------------------------------------------ helpers

    @cached_property
    def _orders(self) -> moments.Orders:
        return moments.orders_of(self.formats)

    @cached_property
    def point(self) -> str | None:
        """The decimal point of this column's texts; None where there are none."""
        texts = [numbers.parse(f) for f in self.formats if f not in ("integer", "real", "text")]
        return numbers.point_of([p for p in texts if p is not None]) if texts else None

    def _rounded(self, value: Decimal, raw: Any) -> Decimal:
        try:
            rounded = value.quantize(Decimal(1).scaleb(-self.scale), ROUND_HALF_UP)
        except InvalidOperation:
            raise self._misfit(raw) from None
        if rounded.adjusted() >= numbers.DIGITS - self.scale:
            raise self._misfit(raw)
        return rounded if rounded else abs(rounded)

    def _misfit(self, raw: Any) -> ValueError:
        names = {"text": "text", "blob": "bytes", "integer": "whole number", "double": "number"}
        what = names.get(self.kind, self.kind)
        if self.kind == "decimal":
            what = f"number with {self.scale} decimals"
        return ValueError(f"{raw!r} is no {what}")

    # ------------------------------------------------------------ keeping

    def to_json(self) -> dict[str, Json]:
        """This codec as JSON, for the catalog's cache."""
        return {"kind": self.kind, "formats": list(self.formats), "scale": self.scale, "blank": self.blank}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Codec:
        """The codec that `to_json` gave. Raises KeyError or ValueError where it is none."""
        if data["kind"] not in (*_TYPES, "decimal"):
            raise ValueError(f"{data['kind']!r} is no kind of codec")
        return Codec(data["kind"], tuple(data["formats"]), int(data["scale"]), data["blank"])


def _decimals(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    return max(0, -exponent)


def _native(raw: Any) -> str:
    if isinstance(raw, str):
        return "text"
    if isinstance(raw, bool):
        return "bool"
    if isinstance(raw, float):
        return "real"
    return "integer" if isinstance(raw, int) else type(raw).__name__


def _boolean_form(raw: Any) -> str:
    """The format of a stored boolean: its native type, or the word for true written the same way."""
    if not isinstance(raw, str):
        return _native(raw)
    word = raw.strip()
    true = {"0": "1", "f": "t", "false": "true"}.get(word.casefold(), word.casefold())
    if word.isupper():
        return true.upper()
    return true.title() if word[:1].isupper() else true


def to_text(value: Value, type: str) -> str:
    """How a value is shown unfiltered: dates ISO, Decimals with their column's scale and no separators,
    booleans true/false, null as nothing. `type` is the column's DuckDB type ('' where there is none)."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, Decimal):
        found = re.fullmatch(r"DECIMAL\(\d+, *(\d+)\)", type, re.IGNORECASE)
        if found:
            value = value.quantize(Decimal(1).scaleb(-int(found.group(1))), ROUND_HALF_UP)
        return format(value, "f")
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f") if math.isfinite(value) else repr(value)
    if isinstance(value, bytes):
        return value.hex()
    return str(value)
