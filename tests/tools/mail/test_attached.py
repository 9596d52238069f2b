"""Attached csv and xlsx files as tables."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest
from deskhand.contract import Filter, ResultColumn, Rows
from deskhand.errors import DataError
from deskhand_tools.spreadsheet.sheetio import write_table_bytes

from .conftest import Office

ROWS = Rows(
    (ResultColumn("No", "VARCHAR"), ResultColumn("amount", "DECIMAL(18,2)")), [{"No": "R-9", "amount": Decimal("9.90")}]
)


def _bank(office: Office) -> None:
    office.fill(
        {
            "id": "<1@x.example>",
            "sender": "bank@x.example",
            "attachments": {"Bank 03.csv": "No,amount\nR-1,1.50\nR-2,2.00\n"},
        },
        {"id": "<2@x.example>", "attachments": {"bank 04.CSV": "amount,Note\n3.25,late\n"}, "folder": "Filed"},
        {
            "id": "<3@x.example>",
            "attachments": {"list.xlsx": write_table_bytes(ROWS, "list.xlsx"), "scan.pdf": b"%PDF"},
        },
        {"id": "<4@x.example>", "attachments": {"bank 05.csv": "No,amount\nR-0,0\n"}, "folder": "Trash"},
        {"id": "<5@x.example>", "attachments": {"bank 06.csv": "No,amount\nR-0,0\n"}, "folder": "Sent"},
    )


def test_each_attached_file_is_listed(office: Office) -> None:
    _bank(office)
    tables = {t.name: t for t in office.tool.tables() if t.name.startswith("attachments/")}
    assert list(tables) == ["attachments/Bank 03.csv", "attachments/bank 04.CSV", "attachments/list.xlsx"]
    first = tables["attachments/Bank 03.csv"]
    assert [(c.name, c.type) for c in first.columns] == [
        ("mail_id", "VARCHAR"),
        ("mail_date", "TIMESTAMP"),
        ("mail_sender", "VARCHAR"),
        ("No", "VARCHAR"),
        ("amount", "DECIMAL(18,2)"),
    ]
    assert (first.rows, first.writable) == (2, False)


@pytest.mark.parametrize("name", ["attachments/bank*.csv", "ATTACHMENTS/BANK 0?.CSV", "attachments/bank 0[34].csv"])
def test_a_glob_joins_the_files_by_the_names_of_their_columns(office: Office, name: str) -> None:
    _bank(office)
    rows = office.rows(name)
    assert [tuple(r) for r in rows[:1]] == [("mail_id", "mail_date", "mail_sender", "No", "amount", "Note")]
    assert [(r["mail_id"], r["mail_sender"], r["No"], r["amount"], r["Note"]) for r in rows] == [
        ("<1@x.example>", "bank@x.example", "R-1", Decimal("1.50"), None),
        ("<1@x.example>", "bank@x.example", "R-2", Decimal("2.00"), None),
        ("<2@x.example>", "someone@example.org", None, Decimal("3.25"), "late"),
    ]
    assert isinstance(rows[0]["mail_date"], dt.datetime)


def test_types_are_those_of_all_files_together(office: Office) -> None:
    office.fill(
        {"attachments": {"a1.csv": "code\n1\n2\n"}},
        {"attachments": {"a2.csv": "code\n007\n"}},
    )
    assert [r["code"] for r in office.rows("attachments/a1.csv")] == [1, 2]
    assert [r["code"] for r in office.rows("attachments/a*.csv")] == ["1", "2", "007"]


def test_a_name_with_brackets_means_itself(office: Office) -> None:
    office.fill({"attachments": {"report[1].csv": "a\n1\n"}}, {"attachments": {"report1.csv": "a\n2\n"}})
    assert [r["a"] for r in office.rows("attachments/report[1].csv")] == [1]


def test_the_same_name_in_two_mails_is_one_table(office: Office) -> None:
    office.fill({"attachments": {"a.csv": "x\n1\n"}}, {"attachments": {"A.csv": "x\n2\n"}})
    assert [r["x"] for r in office.rows("attachments/a.csv")] == [1, 2]
    assert len([t for t in office.tool.tables() if t.name.casefold() == "attachments/a.csv"]) == 1


@pytest.mark.parametrize("name", ["attachments/none.csv", "attachments/*.pdf", "attachments/scan.pdf", "attachments/"])
def test_what_matches_nothing_is_no_table(office: Office, name: str) -> None:
    _bank(office)
    assert office.tool.table(name) is None


def test_a_files_own_column_named_as_ours_is_kept_under_another_name(office: Office) -> None:
    office.fill({"id": "<1@x.example>", "attachments": {"a.csv": "mail_id,x\nown,1\n"}})
    assert [(r["mail_id"], r["mail_id_2"]) for r in office.rows("attachments/a.csv")] == [("<1@x.example>", "own")]


def test_columns_and_filters_of_the_mail_choose_files(office: Office) -> None:
    _bank(office)
    where = [Filter("mail_id", "=", "<2@x.example>"), Filter("amount", "=", Decimal(0))]
    assert office.rows("attachments/bank*.csv", "AMOUNT", where=where) == [{"amount": Decimal("3.25")}]
    table = office.tool.table("attachments/bank*.csv")
    assert table is not None
    assert office.tool.read(table, []).num_rows == 3


def test_a_file_that_cant_be_read_is_named_and_nothing_left_out(office: Office) -> None:
    _bank(office)
    office.fill({"sender": "spam@x.example", "subject": "Offer", "attachments": {"bank 99.xlsx": b"no workbook"}})
    listed = {t.name: t for t in office.tool.tables()}["attachments/bank 99.xlsx"]
    assert listed.open
    assert "can't be read" in listed.note
    for name in ("attachments/bank 99.xlsx", "attachments/*"):
        table = office.tool.table(name)
        assert table is not None
        assert table.open
        with pytest.raises(DataError) as caught:
            office.tool.read(table, ["mail_id"])
        assert "bank 99.xlsx" in caught.value.message
        assert "spam@x.example" in caught.value.message
        assert caught.value.mend


def test_an_empty_file_is_a_table_without_columns_of_its_own(office: Office) -> None:
    office.fill({"attachments": {"a.csv": ""}})
    table = office.tool.table("attachments/a.csv")
    assert table is not None
    assert (len(table.columns), table.rows) == (3, 0)
    assert table.note
    assert office.rows("attachments/a.csv") == []


def test_text_csv_without_an_ending_is_a_table(office: Office) -> None:
    raw = b"Content-Type: text/csv; name=export\nContent-Disposition: attachment; filename=export\n\na,b\n1,2\n"
    office.raw(raw)
    assert [r["b"] for r in office.rows("attachments/export.csv")] == [2]


def test_values_that_dont_fit_the_catalogs_types_any_more_are_said(office: Office) -> None:
    office.fill({"attachments": {"a1.csv": "code\n1\n"}})
    table = office.tool.table("attachments/a*.csv")
    assert table is not None
    office.fill({"attachments": {"a2.csv": "code\nx\n"}})
    with pytest.raises(DataError) as caught:
        office.tool.read(table, ["code"])
    assert "code" in caught.value.message


def test_a_thousand_attached_files_list_the_latest(office: Office, tmp_path: Path) -> None:
    office.fill({"attachments": {f"{n:04d}.csv": "a\n1\n" for n in range(101)}, "date": "2026-01-01"})
    office.fill({"attachments": {"new.csv": "a\n1\n"}, "date": "2026-02-01"})
    names = [t.name for t in office.tool.tables() if t.name.startswith("attachments/")]
    assert len(names) == 100
    assert "attachments/new.csv" in names
    assert office.tool.table("attachments/0100.csv") is not None
