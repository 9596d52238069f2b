"""Decoding whole columns into Arrow, fast for what columns usually hold, exact for all.

Every fast path either gives what `Codec.decode` gives for each value or steps aside for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from deskhand.codec.codec import Codec

_EXACT = 2**53


def arrow_type(codec: Codec) -> pa.DataType:
    """The Arrow type of a codec's decoded values."""
    if codec.kind == "decimal":
        return pa.decimal128(18, codec.scale)
    return {
        "text": pa.string(),
        "integer": pa.int64(),
        "double": pa.float64(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "timestamp": pa.timestamp("us"),
        "time": pa.time64("us"),
        "blob": pa.binary(),
    }[codec.kind]


def decode(codec: Codec, raws: Sequence[Any]) -> pa.Array:
    """All values, decoded. Raises ValueError naming the first value that doesn't fit."""
    kinds = set(map(type, raws)) - {type(None)}
    if not kinds:
        return pa.nulls(len(raws), arrow_type(codec))
    if kinds == {str}:
        texts = pa.array(raws, pa.string())
        if codec.kind == "text":
            return _text(texts)
        found = _iso_dates(texts) if codec.kind == "date" else _plain_numbers(codec, texts)
        return _by_distinct(codec, texts) if found is None else found
    if codec.kind == "integer" and kinds == {int}:
        return pa.array(raws, pa.int64())
    if codec.kind == "integer" and kinds <= {int, float}:
        found = _wholes(raws)
        return _slow(codec, raws) if found is None else found
    if codec.kind == "double" and kinds <= {float}:
        return pa.array(raws, pa.float64())
    if codec.kind == "decimal" and kinds <= {float, int}:
        found = _money(codec, raws)
        if found is not None:
            return found
    return _slow(codec, raws)


def _wholes(raws: Sequence[Any]) -> pa.Array | None:
    """Whole numbers stored as REALs; None where one isn't whole or is too large for a REAL to be sure."""
    try:
        reals = pa.array(raws, pa.float64())
        if pc.all(pc.less(pc.abs(reals), float(_EXACT))).as_py():
            return pc.cast(reals, pa.int64())
    except (pa.ArrowInvalid, OverflowError):
        pass
    return None


def _slow(codec: Codec, raws: Sequence[Any]) -> pa.Array:
    known: dict[tuple[type, Any], Any] = {}
    out = []
    for raw in raws:
        key = (type(raw), raw)
        if key not in known:
            known[key] = codec.decode(raw)
        out.append(known[key])
    return pa.array(out, arrow_type(codec))


def _text(texts: pa.Array) -> pa.Array:
    """Texts as they are, blank ones null."""
    blank = pc.fill_null(pc.equal(pc.binary_length(pc.utf8_trim_whitespace(texts)), 0), False)
    if not pc.any(blank).as_py():
        return texts
    return pc.if_else(blank, pa.scalar(None, pa.string()), texts)


def _plain_numbers(codec: Codec, texts: pa.Array) -> pa.Array | None:
    """Numbers without currency or odd signs, parsed by Arrow; None where any text is something else."""
    if codec.kind not in ("integer", "decimal"):
        return None
    point = codec.point or "."
    group = "," if point == "." else "."
    digits = f"0|[1-9][0-9]*|[1-9][0-9]{{0,2}}([{group}][0-9]{{3}})+" if codec.point else "0|[1-9][0-9]*"
    if not pc.all(pc.match_substring_regex(texts, f"^-?({digits})([{point}][0-9]+)?$")).as_py():
        return None
    if codec.point:
        texts = pc.replace_substring(pc.replace_substring(texts, group, ""), point, ".")
    try:
        return pc.cast(texts, arrow_type(codec))
    except pa.ArrowInvalid:
        return None


def _iso_dates(texts: pa.Array) -> pa.Array | None:
    """ISO dates, parsed by Arrow (which refuses days that don't exist); None where any text is something else."""
    iso = pc.match_substring_regex(texts, r"^[12][0-9]{3}-[0-9]{2}-[0-9]{2}$")
    if not pc.all(iso).as_py():
        return None
    try:
        return pc.cast(texts, pa.date32())
    except pa.ArrowInvalid:
        return None


def _by_distinct(codec: Codec, texts: pa.Array) -> pa.Array:
    """Each distinct text decoded once."""
    encoded = texts.dictionary_encode()
    values = pa.array([codec.decode(text) for text in encoded.dictionary.to_pylist()], arrow_type(codec))
    return values.take(encoded.indices)


def _money(codec: Codec, raws: Sequence[Any]) -> pa.Array | None:
    """REALs as exact Decimals.

    A REAL x is the nearest one to n / 10^scale for a whole n < 2^53 exactly if that division, which is
    rounded correctly, gives x; such values need no Decimal arithmetic. The others (dust, more decimals than
    the scale) are decoded one by one.
    """
    try:
        reals = pa.array(raws, pa.float64())
    except (pa.ArrowInvalid, OverflowError):
        return None
    power = float(10**codec.scale)
    scaled = pc.round(pc.multiply(reals, power))
    small = pc.less(pc.abs(scaled), float(min(_EXACT, 10**15)))
    exact = pc.and_(small, pc.equal(pc.divide(scaled, power), reals))
    odd = pc.indices_nonzero(pc.invert(pc.fill_null(exact, True)))
    if len(odd) * 4 > len(raws):
        return None
    if len(odd):
        scaled = pc.if_else(pc.fill_null(exact, True), scaled, 0.0)
    units = pc.cast(scaled, pa.int64()).cast(pa.decimal128(19, 0))
    money = pa.Array.from_buffers(pa.decimal128(18, codec.scale), len(units), units.buffers(), offset=units.offset)
    if not len(odd):
        return money
    mended = pa.array([codec.decode(raws[i.as_py()]) for i in odd], money.type)
    mask = pc.invert(pc.fill_null(exact, True))
    return pc.replace_with_mask(money, mask, mended)
