"""Finding a column's codec by looking at its values.

A declared type proves nothing: it decides only where there are no values, and settles what values leave open
(0 and 1 as booleans, 20260311 as a date, whole numbers in a money column). A column that is no clean date and
no clean number is text.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from deskhand.codec import moments, numbers
from deskhand.codec.codec import Codec, Kind, _boolean_form, _native

_IDENTIFIERS = frozenset(
    re.findall(
        r"\w+",
        """
    id ids no nr num number numbers code codes key ref reference account acct iban bic sku ean isbn zip
    plz postcode phone fax mobile tel serial barcode nummer konto kontonummer kennung kunde ticket
        """,
    )
)
_DATES = frozenset(
    re.findall(
        r"\w+",
        """
    date dates day datum tag due on at since until from to valid expires expiry born birthday dob start
    end begin created updated paid posted issued shipped received dated
        """,
    )
)
_MOMENTS = frozenset({"at", "created", "updated", "changed", "modified", "logged", "timestamp", "time", "datetime"})
"""Names of declared timestamps that stay so though all of them are midnight so far."""
_COMMON = 0.05
"""A share of values above which more than six decimals are what the column means, not dust."""
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOST_DECIMALS = 6

Counted = Mapping[tuple[type, Any], int]


def infer(values: Iterable[Any], *, name: str = "", declared: str = "") -> Codec:
    """The codec of a column that holds these stored values.

    name: the column's name, which tells 20260311 as a date from an identifier. declared: the type that a
    database declares, '' for files. Only a database's column is read as numbers in spite of currency codes
    (`EUR 12.50`), and as text in spite of being all digits: where it is declared as text and called like an
    identifier. In a file, letters and leading zeros alone decide.
    """
    values = values if isinstance(values, list) else list(values)
    kind, scale = _declared(declared)
    plain = _plain(values, kind, scale, declared)
    if plain is not None:
        return plain
    counted = _count(values)
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
        or (None if _text_ids(filled, name, declared) else _numbers(filled, kind, scale, codes=bool(declared)))
    )
    if found is None:
        found = Codec("text", _formats(filled, lambda key: _native(key[1])))
    return Codec(found.kind, found.formats, found.scale, blank)


def _plain(values: list[Any], kind: Kind, scale: int, declared: str) -> Codec | None:
    """The codec of a column that plainly is one thing, found at little cost; None for any other column."""
    kinds = set(map(type, values)) - {type(None)}
    if kinds == {float} and kind != "boolean":
        reals = [value for value in values if value is not None]
        whole = reals[0].is_integer() and all(map(float.is_integer, reals))
        if not whole or min(reals) < 19000101 or max(reals) > 21001231:  # else they may be dates
            return _reals(reals, {}, ("real",), kind, scale)
    elif kinds == {int} and kind not in ("boolean", "decimal"):
        wholes = [value for value in values if value is not None]
        low, high = min(wholes), max(wholes)
        if (low < 19000101 or high > 21001231) and -(10**numbers.DIGITS) < low <= high < 10**numbers.DIGITS:
            return Codec("integer", ("integer",))
    elif kinds == {str} and not declared:
        first = next(value for value in values if value is not None)
        if first[:1].isalpha():  # no date begins so, and no number of a file
            blank = None in values or not any(value.isspace() or not value for value in set(values))
            return Codec("text", ("text",), 0, None if blank else "")
        return _plain_texts(values) if None not in values else None
    return None


def _plain_texts(texts: list[str]) -> Codec | None:
    """The codec of a file's column of numbers without a cell that is blank, if all are as programs write them."""
    if not texts or not all(map(numbers.is_plain, texts)) or max(map(len, texts)) > numbers.DIGITS:
        return None
    decimals = Counter([len(text) - text.find(".") - 1 if "." in text else 0 for text in texts])
    scale = max(decimals)
    if scale > _MOST_DECIMALS or (not scale and len(texts[0]) == 8):  # measurements, or dates
        return None
    room = numbers.DIGITS - max(2, scale)
    if scale and max(len(text.partition(".")[0]) for text in texts) > room:
        return None
    shown = [numbers.shown(numbers.plain_style(count)) for count, _ in decimals.most_common()]
    return Codec("decimal", tuple(shown), max(2, scale)) if scale else Codec("integer", tuple(shown))


def _count(values: list[Any]) -> dict[tuple[type, Any], int]:
    """How often each stored value stands in the column; 1, 1.0 and True are three values."""
    kinds = set(map(type, values))
    if len(kinds - {type(None)}) <= 1:
        kind = next(iter(kinds - {type(None)}), type(None))
        return {(type(None) if value is None else kind, value): n for value, n in Counter(values).items()}
    return dict(Counter(zip(map(type, values), values, strict=True)))


def _is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _formats(counted: Counted, form: Any) -> tuple[str, ...]:
    """The formats of these values, the most frequent first (the first seen, where two are as frequent)."""
    totals: dict[str, int] = {}
    for key, n in counted.items():
        text = form(key)
        totals[text] = totals.get(text, 0) + n
    return tuple(sorted(totals, key=lambda text: -totals[text]))


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


def _all_iso(counted: Counted) -> bool:
    """Whether all values are days as ISO writes them: the commonest column of days, told at little cost."""
    try:
        for kind, value in counted:
            if kind is not str or _ISO_DAY.fullmatch(value) is None:
                return False
            dt.date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _moments(counted: Counted, name: str, declared: Kind) -> Codec | None:
    if _all_iso(counted):
        return Codec("timestamp" if _is_moment(name, declared) else "date", ("%Y-%m-%d",))
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

    return Codec("date" if midnight and not _is_moment(name, declared) else "timestamp", _formats(counted, form))


def _is_moment(name: str, declared: Kind) -> bool:
    """Whether a column that holds days is declared and called one of moments."""
    return declared == "timestamp" and bool(_words(name) & _MOMENTS) and not _words(name) & {"date", "day", "due"}


def _compact_allowed(compact: int, total: int, name: str, declared: Kind) -> bool:
    if declared in ("date", "timestamp"):
        return True
    folded = name.casefold()
    dated = bool(_words(name) & _DATES) or "date" in folded or "datum" in folded
    if _words(name) & _IDENTIFIERS:
        return dated and (compact < total or compact >= 3)
    return dated or compact < total or compact >= 3


def _words(name: str) -> set[str]:
    """The words of a column's name: `vendorId`, `vendor_id` and `Vendor ID` have the same."""
    return {word.casefold() for word in re.findall(r"[A-ZÄÖÜ]?[a-zäöüß]+|[A-ZÄÖÜ]+(?![a-z])", name)}


def _text_ids(counted: Counted, name: str, declared: str) -> bool:
    """Whether a database keeps identifiers of digits here: stored and declared as text, and called so."""
    if not re.search(r"CHAR|TEXT|CLOB|STRING", declared.upper()) or not _words(name) & _IDENTIFIERS:
        return False
    return all(kind is str and value.strip().isdigit() for kind, value in counted)


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
            if found is None or (not codes and found.lettered):
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
    currencies = {style.currency for style in {p.style for p in parsed.values()}} - {""}
    if len(currencies) > 1:
        return None

    grouped = _grouped(list(parsed.values()))

    def form(key: tuple[type, Any]) -> str:
        if key not in parsed:
            return _native(key[1])
        number = parsed[key]
        return numbers.shown(grouped.get(number.style, number.style) if grouped else number.style)

    formats = _formats(counted, form)
    plain = [value for (kind, value), n in counted.items() if kind is float for _ in range(n)]
    whole = [value for kind, value in counted if kind is int]
    texts = {p: counted[key] for key, p in parsed.items()}
    codec = _reals(plain, texts, formats, declared, declared_scale, whole)
    return None if parsed and plain and codec.kind == "double" else codec


def _grouped(parsed: Sequence[numbers.Parsed]) -> dict[numbers.Style, numbers.Style]:
    """Styles that only small numbers have here, by the style with groups that larger ones like them have.

    0,10 doesn't show whether thousands stand apart; beside 1.234,56 it is of the same style.
    """
    apart = {p.style._replace(group=""): p.style for p in parsed if p.style.group}
    if apart:
        for p in parsed:
            if not p.style.group and len(p.digits) > numbers.GROUP:
                apart.pop(p.style, None)
    return apart


def _reals(
    reals: list[float],
    texts: Mapping[numbers.Parsed, int],
    formats: tuple[str, ...],
    declared: Kind,
    declared_scale: int,
    whole: Sequence[int] = (),
) -> Codec:
    """The codec of a column of numbers: whole ones, money, or measurements that only a DOUBLE holds.

    A REAL with more than six decimals is dust unless such are common.
    """
    double = Codec("double", formats)
    try:
        odd = [value for value in reals if round(value, 2) != value]
    except (ValueError, OverflowError):
        return double
    if not all(map(math.isfinite, reals)):
        return double
    fine = [real_decimals(value) for value in odd]
    long = sum(decimals > _MOST_DECIMALS for decimals in fine)
    if long > (len(reals) + sum(texts.values()) + len(whole)) * _COMMON:
        return double
    scale = max((d for d in fine if d <= _MOST_DECIMALS), default=0)
    styles = {p.style for p in texts}
    scale = max([scale, *(style.decimals for style in styles)])
    if scale > _MOST_DECIMALS:
        return double
    integral = not scale and not odd and all(map(float.is_integer, reals))
    if integral and declared != "decimal" and not any(style.currency for style in styles):
        return Codec("integer", formats) if all(abs(v) < 10**numbers.DIGITS for v in reals) else double
    codec = Codec("decimal", formats, max(2, scale, declared_scale if declared == "decimal" else 0))
    room = 10 ** (numbers.DIGITS - codec.scale)
    long_texts = (abs(p.value) for p in texts if len(p.digits) > 9)
    largest = max([max(map(abs, reals), default=0), *map(abs, whole), *long_texts])
    return codec if largest < room else double


def real_decimals(value: float) -> int:
    """How many decimals a REAL means: those of its shortest text, without the dust of binary arithmetic."""
    if abs(value) < 1e-9:
        return 99  # nothing that money could mean
    number = Decimal(repr(value))
    keep = min(9, max(0, 14 - number.adjusted()))
    exponent = number.quantize(Decimal(1).scaleb(-keep), ROUND_HALF_EVEN).normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    return max(0, -exponent)
