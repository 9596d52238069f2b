"""Where tables are found in a grid: headers under titles, blank rows, odd headers."""

from __future__ import annotations

import datetime as dt

import pytest
from deskhand_tools.spreadsheet.grid import Cell, lay_out, letter, unique_names
from hypothesis import given
from hypothesis import strategies as st

DATA: list[list[Cell]] = [["IT", 100.0, 90.5], ["HR", 50.0, None]]
HEADER: list[Cell] = ["Dept", "Plan", "Actual"]


@pytest.mark.parametrize(
    "above",
    [
        [],
        [["Budget 2026", "", ""]],
        [["Budget 2026", "", ""], ["", "", ""]],
        [["", "", ""], ["", "", ""]],
        [["Budget", "", ""], ["as of", dt.date(2026, 3, 1), ""], ["", "", ""]],
        [["Prepared by:", "Anna", ""], ["Date:", dt.date(2026, 3, 1), ""]],
        [["Account", "DE12 3456", ""], ["", "", ""]],
        [["Company", "Acme", ""], ["Town", "Bonn", ""], ["", "", ""]],
        [["Report", "2026-03", ""]],
    ],
    ids=str,
)
def test_the_header_is_found_below_titles_and_notes(above: list[list[Cell]]) -> None:
    rows = [*above, HEADER, *DATA, ["", "", ""]]
    found = lay_out(rows)
    assert found.header == len(above)
    assert found.names == ("Dept", "Plan", "Actual")
    assert list(found.lines) == [len(above) + 1, len(above) + 2]
    assert found.end == len(above) + 3


def test_blank_rows_between_data_are_no_rows() -> None:
    found = lay_out([HEADER, DATA[0], ["", " ", None], DATA[1], [None, "", ""]])
    assert list(found.lines) == [1, 3]
    assert found.column([HEADER, DATA[0], ["", " ", None], DATA[1]], 1) == [100.0, 50.0]


def test_a_header_then_a_blank_row_then_data() -> None:
    assert lay_out([HEADER, ["", "", ""], *DATA]).header == 0
    assert lay_out([["A", "B"], ["", ""], ["x", "y"], ["z", "w"]]).header == 0


def test_a_blank_header_cell_over_values_is_named_by_its_letter() -> None:
    rows: list[list[Cell]] = [["", "Plan", "", "Note"], ["IT", 1.0, "", "a"], ["HR", 2.0, "", "b"]]
    found = lay_out(rows)
    assert found.names == ("column_A", "Plan", "Note")
    assert found.positions == (0, 1, 3)


def test_headers_stay_verbatim_and_doubles_are_numbered() -> None:
    rows: list[list[Cell]] = [["Name", " name ", "NAME", "Name (2)", 2026.0, dt.date(2026, 1, 1)], ["a"] * 6]
    assert lay_out(rows).names == ("Name", " name ", "NAME (3)", "Name (2)", "2026", "2026-01-01")


def test_years_as_headers() -> None:
    rows: list[list[Cell]] = [["Account", "Name", 2024.0, 2025.0], ["1", "a", 1.5, 2.5], ["2", "b", 1.5, 2.5]]
    assert lay_out(rows).header == 0


@pytest.mark.parametrize("rows", [[], [[]], [["", " "], [None]]])
def test_nothing_at_all(rows: list[list[Cell]]) -> None:
    found = lay_out(rows)
    assert (found.names, found.header, list(found.lines), found.end) == ((), None, [], 0)


def test_one_row_is_a_header_without_rows() -> None:
    found = lay_out([["A", "B"]])
    assert (found.names, list(found.lines), found.end) == (("A", "B"), [], 1)


@pytest.mark.parametrize("name", ["EUR", "T", "%", "z", "Nr.", "2nd", "Q1"])
def test_short_headers(name: str) -> None:
    assert lay_out([["A", name], ["x", 1.0], ["y", 2.0]]).names == ("A", name)


def test_one_column() -> None:
    found = lay_out([["Amount"], [1.5], [2.5]])
    assert (found.names, list(found.lines)) == (("Amount",), [1, 2])


def test_a_total_row_and_notes_below_stay_rows() -> None:
    rows: list[list[Cell]] = [HEADER, *DATA, ["Total", 150.0, 90.5], ["", "", ""], ["checked by Anna", "", ""]]
    assert list(lay_out(rows).lines) == [1, 2, 3, 5]


def test_a_table_that_begins_in_another_column() -> None:
    found = lay_out([["", "", ""], ["", "A", "B"], ["", 1.0, 2.0]])
    assert (found.names, found.positions) == (("A", "B"), (1, 2))


def test_letters() -> None:
    assert [letter(n) for n in (0, 25, 26, 701, 702)] == ["A", "Z", "AA", "ZZ", "AAA"]


@given(st.lists(st.one_of(st.none(), st.sampled_from(["a", "A", "a (2)", "column_B", "b"])), max_size=8))
def test_names_are_always_unique_and_first_ones_verbatim(names: list[str | None]) -> None:
    found = unique_names(names, list(range(len(names))))
    assert len({n.casefold() for n in found}) == len(names)
    for at, name in enumerate(names):
        earlier = [n.casefold() for n in found[:at]]
        if name is not None and name.casefold() not in earlier:
            assert found[at] == name
