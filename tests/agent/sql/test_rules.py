"""Conditions of `when`, and the rules of a policy."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal as D
from typing import Any

import pyarrow as pa
import pytest
from deskhand.contract import ResultColumn
from deskhand.errors import DataError
from deskhand.sql import analyse_rule, condition, run, run_rule, truth

NOW = dt.datetime(2026, 3, 11)
COLUMNS = (ResultColumn("number", "VARCHAR"), ResultColumn("amount", "DECIMAL(18,2)"))
ROWS = [{"number": f"R-{i}", "amount": D(i) * 100} for i in range(1, 5)]


def holds(text: str, rows: list[dict[str, Any]] = ROWS) -> bool:
    analysis = analyse_rule(text, COLUMNS, NOW)
    assert not analysis.problems, analysis.problems
    assert analysis.query is not None
    return run_rule(analysis.query, rows, COLUMNS, NOW)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("count(*) > 20", False),
        ("count(*) > 3", True),
        ("sum(amount) > 1000 or max(amount) > 500", False),
        ("sum(amount) >= 1000 -- all of it", True),
        ("sum(amount) / count(*) = 250", True),
        ("bool_or(number = 'R-2')", True),
        ("current_date > '2026-03-10'", True),
        ("null", False),
        ("sum(amount) > 1000 or null", False),
        ("true", True),
    ],
)
def test_rules(text: str, expected: bool) -> None:
    assert holds(text) is expected


def test_a_rule_over_no_rows() -> None:
    assert holds("count(*) > 0", []) is False
    assert holds("sum(amount) > 0", []) is False
    assert holds("count(*) = 0", []) is True


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("count(*) >", "syntax"),
        ("", "syntax"),
        ("count(*) > 2) as a, (select 1", "syntax"),
        ("1) as holds from read_csv('/etc/passwd') --", "syntax"),
        ("count(*)", "type-mismatch"),
        ("sum(amont) > 3", "unknown-column"),
        ("sum(number) > 3", "type-mismatch"),
        ("random() > 0.5", "forbidden-function"),
        ("exists (select 1 from rows_of_act)", "not-a-query"),
        ("(select count(*) from ledger.invoices) > 3", "not-a-query"),
    ],
)
def test_faulty_rules(text: str, code: str) -> None:
    analysis = analyse_rule(text, COLUMNS, NOW)
    assert analysis.query is None
    assert code in [p.code for p in analysis.problems], analysis.problems


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("select count(*) > 3 from overdue", False),
        ("select count(*) = 2 from overdue", True),
        ("select max(total) > 50 as much from overdue where number = 'none'", False),
        ("select true from overdue where false", False),
        ("select null", False),
    ],
)
def test_conditions(office: Any, text: str, expected: bool) -> None:
    analysis = condition(text, office, {}, NOW)
    assert analysis.query is not None, analysis.problems
    assert truth(run(analysis.query, office.read, office.step_table, {}, now=NOW)) is expected


@pytest.mark.parametrize(
    "text", ["select count(*) from overdue", "select true as a, false as b", "select number from overdue"]
)
def test_what_is_no_condition(office: Any, text: str) -> None:
    assert [p.code for p in condition(text, office, {}, NOW).problems] == ["type-mismatch"]


def test_a_condition_with_several_rows(office: Any) -> None:
    query = condition("select total > 50 as x from overdue", office, {}, NOW).query
    assert query is not None
    with pytest.raises(DataError, match="gave 2 rows"):
        truth(run(query, office.read, office.step_table, {}, now=NOW))
    assert truth(pa.table({"x": [True]})) is True
