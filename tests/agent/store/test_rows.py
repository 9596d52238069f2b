"""Kept rows come back as they were or not at all; a digest is of values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import pyarrow as pa
import pytest
from deskhand.errors import DataError
from deskhand.store import Run, Store, rows_digest
from deskhand.store.files import safe_name
from hypothesis import given
from hypothesis import strategies as st

Start = Callable[..., Run]


TABLE = pa.table(
    {
        "amount": pa.array([Decimal("1.50"), None], pa.decimal128(18, 2)),
        "day": pa.array([dt.date(2026, 1, 2), None]),
        "text": ["ü\n\0", ""],
        "list": [[1, 2], None],
    }
)


def test_rows_come_back_as_they_were(store: Store, start: Start) -> None:
    run = start().id
    assert store.load_rows(run, "steps/0") is None
    assert not store.has_rows(run, "steps/0")
    digest = store.save_rows(run, "steps/0", TABLE, {"types": ["DECIMAL(18,2)"]})
    loaded = store.load_rows(run, "steps/0")
    assert loaded is not None
    assert loaded[0].equals(TABLE)
    assert loaded[1] == {"types": ["DECIMAL(18,2)"]}
    assert len(digest) == 64
    assert store.has_rows(run, "steps/0")


def test_newer_rows_replace_older_ones(store: Store, start: Start) -> None:
    run = start().id
    for table in (TABLE, TABLE.slice(0, 0), TABLE.slice(1), TABLE.slice(1)):
        store.save_rows(run, "a", table)
    loaded = store.load_rows(run, "a")
    assert loaded is not None
    assert loaded[0].equals(TABLE.slice(1))
    assert len(list((store.folder / "runs").rglob("*.arrow"))) == 1


@pytest.mark.parametrize(
    "path", ["../../etc/passwd", "steps/1[2]/é", "a" * 500, "", "CON", "a/b", "a\\b", "\udce9", "."]
)
def test_any_path_is_a_safe_name(store: Store, path: str, start: Start) -> None:
    name = safe_name(path)
    assert name.isascii()
    assert len(name) < 80
    assert not set(name) & set('/\\:*?"<>|. ')
    if path != "\udce9":
        run = start().id
        store.save_rows(run, path, TABLE)
        assert store.load_rows(run, path) is not None
    outside = [f for f in store.root.rglob("*") if store.folder not in [f, *f.parents]]
    assert outside == []


@given(st.lists(st.text(), unique=True, max_size=20))
def test_names_are_told_apart(paths: list[str]) -> None:
    assert len({safe_name(path).casefold() for path in paths}) == len(paths)


def test_rows_changed_from_outside_are_not_handed_out(store: Store, start: Start) -> None:
    run = start().id
    store.save_rows(run, "a", TABLE)
    (file,) = (store.folder / "runs").rglob("*.arrow")
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(DataError, match=r"step a of run .* were changed from outside"):
        store.load_rows(run, "a")
    file.unlink()
    with pytest.raises(DataError, match="are gone"):
        store.load_rows(run, "a")


def test_a_digest_is_of_the_values_not_of_their_storage() -> None:
    table = pa.table({"a": ["x", "y", None, "x"], "n": [1, 2, 3, 4]})
    digest = rows_digest(table)
    assert rows_digest(pa.concat_tables([table.slice(0, 1), table.slice(1)])) == digest
    assert rows_digest(pa.concat_tables([table.slice(3), table]).slice(1)) == digest
    for other in (table.slice(0, 3), table.take([1, 0, 2, 3]), table.rename_columns(["b", "n"])):
        assert rows_digest(other) != digest
    assert rows_digest(pa.table({"a": ["1"]})) != rows_digest(pa.table({"a": [1]}))
    assert rows_digest(TABLE) != rows_digest(TABLE.slice(0, 1))
