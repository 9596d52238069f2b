"""Finding a column's codec by looking at its values.

A declared type proves nothing: it decides only where there are no values, and settles what values leave open
(0 and 1 as booleans, 20260311 as a date, whole numbers in a money column). A column that is no clean date and
no clean number is text.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from deskhand.codec import moments, numbers
from deskhand.codec.codec import Codec, Kind, _boolean_form, _native, formats_by_count

_IDENTIFIERS = frozenset(
    {
        "id",
        "ids",
        "no",
        "nr",
        "num",
        "number",
        "numbers",
        "code",
        "codes",
        "key",
        "ref",
        "reference",
        "account",
        "acct",
        "iban",
        "bic",
        "sku",
        "ean",
        "isbn",
        "zip",
        "plz",
        "postcode",
        "phone",
        "fax",
        "mobile",
        "tel",
        "serial",
        "barcode",
        "nummer",
        "konto",
        "kontonummer",
        "kennung",
        "kunde",
        "ticket",
    }
)
_DATES = frozenset(
    {
        "date",
        "dates",
        "day",
        "datum",
        "tag",
        "due",
        "on",
        "at",
        "since",
        "until",
        "from",
        "to",
        "valid",
        "expires",
        "expiry",
        "born",
        "birthday",
        "dob",
        "start",
        "end",
        "begin",
        "created",
        "updated",
        "paid",
        "posted",
        "issued",
        "shipped",
        "received",
        "dated",
    }
)
_COMMON = 0.05
"""A share of values above which more than six decimals are what the column means, not dust."""
_MOST_DECIMALS = 6

Counted = Mapping[tuple[type, Any], int]


def infer(values: Iterable[Any], *, name: str = "", declared: str = "") -> Codec:
    """The codec of a column that holds these stored values.

    name: the column's name, which tells 20260311 as a date from an identifier. declared: the type that a
    database declares, '' for files. Currency codes (`EUR 12.50`) are read as numbers only in a database's
    column; in a file, a column with letters is text.
    """
    values = values if isinstance(values, list) else list(values)
    counted = _count(values)
    kind, scale = _declared(declared)
    filled = {key: n for key, n in counted.items() if not _is_blank(key[1])}
    nones = (type(None), None) in counted
    blank = "" if len(filled) < len(counted) and not nones else None
    if not filled:
        return Codec(kind, (), scale, blank)
    found = (
        _blob(filled)
        or _boolean(filled, kind)
        or _moments(filled, name, kind)
        or _times(filled, kind)
        or _numbers(filled, kind, scale, codes=bool(declared))
    )
    if found is None:
        found = Codec("text", _formats(filled, lambda key: _native(key[1])))
    return Codec(found.kind, found.formats, found.scale, blank)


def _count(values: list[Any]) -> dict[tuple[type, Any], int]:
    counts: dict[tuple[type, Any], int] = {}
    for value in values:
        key = (type(value), value)
        counts[key] = counts.get(key, 0) + 1
    return counts


def _is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _formats(counted: Counted, form: Any) -> tuple[str, ...]:
    return formats_by_count(text for key, n in counted.items() for text in (form(key),) * n)


def _declared(text: str) -> tuple[Kind, int]:
    """What a declared type asks for, and its scale."""
    word = text.upper()
    scale = re.search(r"\(\s*\d+\s*,\s*(\d+)\s*\)", word)
    if "BOOL" in word:
        return "boolean", 0
    if "TIMESTAMP" in word or "DATETIME" in word:
        return "timestamp", 0
    if "DATE" in word:
        return "date", 0
    if word.startswith("TIME"):
        return "time", 0
    if "BLOB" in word or "BINARY" in word or "BYTEA" in word:
        return "blob", 0
    if re.match(r"(DEC|NUMERIC|NUMBER)\w*\s*\(\s*\d+\s*(,\s*0\s*)?\)", word):
        return "integer", 0
    if re.match(r"DEC|NUM|MONEY|REAL|FLOA|DOUB|CURR", word):
        return "decimal", max(2, min(int(scale.group(1)), _MOST_DECIMALS)) if scale else 2
    return ("integer", 0) if "INT" in word and "POINT" not in word else ("text", 0)


def _blob(counted: Counted) -> Codec | None:
    if not any(kind is bytes for kind, _ in counted):
        return None
    return Codec("blob", ("blob",)) if all(kind in (bytes, str) for kind, _ in counted) else None


def _boolean(counted: Counted, declared: Kind) -> Codec | None:
    if all(kind is bool for kind, _ in counted):
        return Codec("boolean", ("bool",))
    if declared != "boolean":
        return None
    codec = Codec("boolean")
    try:
        for _, value in counted:
            codec.decode(value)
    except ValueError:
        return None
    return Codec("boolean", _formats(counted, lambda key: _boolean_form(key[1])))


# ---------------------------------------------------------------- dates


def _moments(counted: Counted, name: str, declared: Kind) -> Codec | None:
    taken: dict[tuple[type, Any], moments.Parts | None] = {}
    compact = 0
    for key, n in counted.items():
        kind, value = key
        if kind in (dt.datetime, dt.date):
            taken[key] = None
            continue
        if kind is float and value.is_integer() and 19000101 <= value <= 21001231:
            value = int(value)
        elif kind not in (str, int):
            return None
        parts = moments.take_apart(str(value).strip())
        if parts is None or (kind is not str and parts.family != "compact"):
            return None
        taken[key] = parts
        compact += n if parts.family == "compact" else 0
    orders = _orders([p for p in taken.values() if p is not None and p.family == "xyy"])
    if orders is None:
        return None
    if compact and not _compact_allowed(compact, sum(counted.values()), name, declared):
        return None
    midnight = True
    for (_, value), parts in taken.items():
        if parts is None:
            midnight = midnight and (not isinstance(value, dt.datetime) or value.time() == dt.time())
            continue
        try:
            found = moments.moment(parts, orders)
        except ValueError:
            return None
        if parts.family == "compact" and not 1900 <= found.year <= 2100:
            return None
        midnight = midnight and found.time() == dt.time()
    padded = [moments.format_of(p, orders) for p in taken.values() if p is not None and moments.shows_padding(p)]

    def form(key: tuple[type, Any]) -> str:
        parts = taken[key]
        if parts is None:
            return "datetime" if key[0] is dt.datetime else "date"
        text = moments.format_of(parts, orders)
        if key[0] is not str:
            return f"{'integer' if key[0] is int else 'real'} {text}"
        if not moments.shows_padding(parts):
            return next((f for f in padded if moments.same_but_padding(f, text)), text)
        return text

    return Codec("date" if midnight else "timestamp", _formats(counted, form))


def _compact_allowed(compact: int, total: int, name: str, declared: Kind) -> bool:
    if declared in ("date", "timestamp"):
        return True
    words = {w.casefold() for w in re.findall(r"[A-Z]?[a-zäöüß]+|[A-Z]+(?![a-z])", name)}
    folded = name.casefold()
    dated = bool(words & _DATES) or "date" in folded or "datum" in folded
    if words & _IDENTIFIERS and not dated:
        return False
    return compact < total or compact >= 3


def _orders(parts: list[moments.Parts]) -> moments.Orders | None:
    """Whether day or month stands first, per separator; None where values contradict each other."""
    orders: moments.Orders = {}
    for sep in sorted({p.sep for p in parts}):
        texts = [p for p in parts if p.sep == sep]
        choices = ("dm",) if sep == "." else ("dm", "md")
        for order in choices:
            if all(_real(p, {sep: order}) for p in texts):
                orders[sep] = order
                break
        else:
            return None
    return orders


def _real(parts: moments.Parts, orders: moments.Orders) -> bool:
    try:
        moments.moment(parts, orders)
    except ValueError:
        return False
    return True


def _times(counted: Counted, declared: Kind) -> Codec | None:
    if not all(kind is dt.time or (kind is str and declared == "time") for kind, _ in counted):
        return None
    forms: dict[tuple[type, Any], str] = {}
    for key in counted:
        if key[0] is dt.time:
            forms[key] = "time"
            continue
        found = moments.time_of(key[1].strip())
        if found is None:
            return None
        forms[key] = found[1]
    return Codec("time", _formats(counted, forms.__getitem__))


# ---------------------------------------------------------------- numbers


def _numbers(counted: Counted, declared: Kind, declared_scale: int, *, codes: bool) -> Codec | None:
    parsed: dict[tuple[type, Any], numbers.Parsed] = {}
    for key in counted:
        kind, value = key
        if kind is str:
            found = numbers.parse(value.strip())
            if found is None or (not codes and found.style.currency.isalpha()):
                return None
            parsed[key] = found
        elif kind is int:
            if abs(value) >= 10**numbers.DIGITS:
                return None
        elif kind is not float:
            return None
    point = numbers.point_of(list(parsed.values()))
    if point is None:
        return None
    parsed = {key: p.settle(point) for key, p in parsed.items()}
    currencies = {p.style.currency for p in parsed.values()} - {""}
    if len(currencies) > 1:
        return None

    def form(key: tuple[type, Any]) -> str:
        return str(parsed[key].style) if key in parsed else _native(key[1])

    formats = _formats(counted, form)
    double = Codec("double", formats)
    reals = {value: n for (kind, value), n in counted.items() if kind is float}
    if any(not math.isfinite(value) for value in reals):
        return None if parsed else double
    decimals = [len(p.decimals) for p in parsed.values()]
    long = sum(n for value, n in reals.items() if not value.is_integer() and real_decimals(value) > _MOST_DECIMALS)
    total = sum(counted.values())
    if long > total * _COMMON or max(decimals, default=0) > _MOST_DECIMALS:
        return double
    decimals += [d for value in reals if (d := real_decimals(value)) <= _MOST_DECIMALS]
    scale = max(decimals, default=0)
    if not scale and declared != "decimal" and not currencies and not long:
        return Codec("integer", formats) if all(abs(v) < 10**numbers.DIGITS for v in reals) else double
    codec = Codec("decimal", formats, max(2, scale, declared_scale if declared == "decimal" else 0))
    try:
        for _, value in counted:
            codec.decode(value)
    except ValueError:  # more digits than DECIMAL(18, s) holds
        return None if parsed else double
    return codec


def real_decimals(value: float) -> int:
    """How many decimals a REAL means: those of its shortest text, without the dust of binary arithmetic."""
    if round(value, 2) == value:
        return 0 if value.is_integer() else 1 if round(value, 1) == value else 2
    number = Decimal(repr(value))
    keep = min(9, max(0, 14 - number.adjusted()))
    exponent = number.quantize(Decimal(1).scaleb(-keep), ROUND_HALF_EVEN).normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    return max(0, -exponent)
