"""Whatever a column holds: it reads as its catalog says, an update does what was asked and nothing else."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

from deskhand.contract import Change, Item, Verdict
from deskhand.errors import BusinessError
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tools.database.conftest import Ledger

DATES = st.dates(dt.date(1990, 1, 1), dt.date(2050, 1, 1))
MONEY = st.decimals(-(10**7), 10**7, places=2, allow_nan=False)
COLUMNS = st.one_of(
    st.lists(DATES.map(str) | DATES.map(lambda d: d.strftime("%d/%m/%Y")) | st.just(""), min_size=2, max_size=5),
    st.lists(DATES.map(lambda d: int(d.strftime("%Y%m%d"))) | st.none(), min_size=4, max_size=6),
    st.lists(MONEY.map(float) | st.integers(-99, 99) | st.none(), min_size=2, max_size=5),
    st.lists(MONEY.map(lambda v: f"{v:,.2f}") | st.none(), min_size=2, max_size=5),
    st.lists(st.integers(-(2**63), 2**63 - 1) | st.none(), min_size=2, max_size=5),
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=5), min_size=2, max_size=5),
    st.lists(st.floats(allow_nan=False) | st.sampled_from(["x", "07", "7", 7, None]), min_size=2, max_size=5),
    st.lists(st.sampled_from([0, 1, "true", "FALSE", "Y", "N", "", None]), min_size=2, max_size=5),
)
DECLARED = st.sampled_from(["", "text", "integer", "real", "date", "numeric", "boolean", "decimal(10,2)"])


def stored(made: Ledger) -> list[Any]:
    return made.all("select a, typeof(a) from t order by k")


@settings(max_examples=60, deadline=None)
@given(COLUMNS, DECLARED)
def test_an_update_does_what_was_asked(values: list[Any], declared: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        made = Ledger(Path(folder), f"create table t (k integer primary key, a {declared})")
        with closing(sqlite3.connect(made.path)) as connection, connection:
            connection.executemany("insert into t (a) values (?)", [(value,) for value in values])
        before = stored(made)
        table = made.tool.table("t")
        assert table is not None
        typed = made.tool.read(table, ["a"])["a"].to_pylist()
        params = {"table": "t"}
        operation = made.tool.operation("database.update")

        same = [{"k": i + 1, "a": value} for i, value in enumerate(typed)]
        assert {change.state for change in made.prepare("database.update", params, same)} == {"unchanged"}

        turned = [{"k": i + 1, "a": value} for i, value in enumerate([*typed[1:], typed[0]])]
        items = made.items("database.update", params, turned)
        assert "exception" not in {item.change.state for item in items}
        wanted = [item for item in items if item.change.state == "change"]
        kept = [Item(i.call, Change(**json.loads(json.dumps(vars(i.change)))), i.key) for i in wanted]
        assert operation.verify(kept) == [Verdict.ABSENT] * len(kept)
        assert not [r for r in operation.apply(kept) if isinstance(r, BusinessError)]
        assert operation.verify(kept) == [Verdict.CONFIRMED] * len(kept)
        after = made.tool.read(table, ["a"])["a"].to_pylist()
        for item, old, new, raw, now in zip(items, typed, after, before, stored(made), strict=True):
            if item.change.state == "change":
                assert new == turned[item.call.ordinal]["a"]
            else:
                assert (new, now) == (old, raw)
