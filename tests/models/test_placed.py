"""A catalog's tables, each once, with what their columns refer to by name."""

from __future__ import annotations

import pytest
from deskhand.catalog import Catalog
from deskhand.contract import Column, Table
from deskhand.testing import Desk
from deskhand_models.placed import placed_of, references


def table(name: str, key: str, *columns: str) -> Table:
    return Table(name, tuple(Column(one, "BIGINT") for one in (key, *columns)), (key,))


@pytest.mark.parametrize(
    ("column", "other", "key"),
    [
        ("vendor_id", "vendors", "id"),
        ("VendorID", "Vendors", "id"),
        ("category_id", "categories", "id"),
        ("account", "accounts", "number"),
        ("KTO", "D05KONTO", "KTO"),
        ("box_code", "boxes", "code"),
    ],
)
def test_a_column_refers_to_the_table_that_its_name_says(column: str, other: str, key: str) -> None:
    own = table("invoices", "nr", column)
    assert references("db", own, [own, table(other, key)]) == {column: ("db", other, key)}


@pytest.mark.parametrize(("column", "other", "key"), [("id", "vendors", "id"), ("amount", "vendors", "id")])
def test_a_column_that_says_nothing_refers_to_nothing(column: str, other: str, key: str) -> None:
    own = table("invoices", "nr", column)
    assert references("db", own, [own, table(other, key)]) == {}


def test_a_key_refers_to_nothing() -> None:
    own = table("invoices", "KTO")
    assert references("db", own, [own, table("other", "KTO")]) == {}


def test_a_workbooks_first_sheet_is_shown_once(deskhand: Desk) -> None:
    deskhand.connect(
        "files",
        "spreadsheet",
        workbooks={"budget.xlsx": {"2025": [{"Dept": "IT"}], "2026": [{"Dept": "HR"}]}},
        csv={"rates.csv": [{"rate": 1}]},
    )
    with Catalog.open(deskhand.workspace, deskhand.workspace.now(None)) as catalog:
        assert {one.name for one in catalog.tables("files")} > {"budget.xlsx"}
        names = {one.table.name for one in placed_of(catalog)}
    assert names == {"budget.xlsx/2025", "budget.xlsx/2026", "rates.csv"}
