"""Aggregates with `filter`, `within group` or nulls handling around them are typed, so what is made of them is exact."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize(
    ("expression", "type"),
    [
        ("sum(amount) filter (where id > 0) / 3", "DECIMAL(38,10)"),
        ("count(*) filter (where id > 0) / 3", "DECIMAL(38,10)"),
        ("100.0 * count(*) filter (where id > 0) / count(*)", "DECIMAL(38,10)"),
        ("max(amount) filter (where id > 0) / 3", "DECIMAL(38,10)"),
        ("percentile_disc(0.5) within group (order by amount) / 3", "DECIMAL(38,10)"),
        ("sum(id) filter (where id > 0)", "BIGINT"),
        ("max(due_date) filter (where id > 0) < current_date", "BOOLEAN"),
    ],
)
def test_their_types(office: Any, expression: str, type: str) -> None:
    query = office.query(f"select {expression} as x from ledger.invoices")
    assert [column.type for column in query.columns] == [type]
    assert len(office.rows_of(f"select {expression} as x from ledger.invoices")) == 1


def test_a_filtered_aggregate_is_compared_as_what_it_is(office: Any) -> None:
    analysis = office.analyse("select count(*) filter (where id > 0) = 'x' as y from ledger.invoices")
    assert [problem.code for problem in analysis.problems] == ["type-mismatch"]
