"""What can be named at one point of a plan."""

from __future__ import annotations

import re

from deskhand.contract import Column, ResultColumn, Table
from deskhand.plan import Input
from deskhand.shapes import Shapes

NUMBER = (ResultColumn("number", "VARCHAR"),)


TABLES = {
    ("files", "old.xlsx"): Table("old.xlsx", (Column("a", "BIGINT"),)),
    ("files", "out/a.csv"): Table("out/a.csv", (Column("a", "BIGINT"),)),
}


class Catalog:
    def connections(self) -> list[str]:
        return ["files"]

    def table(self, connection: str, name: str) -> Table | None:
        return TABLES.get((connection.casefold(), name.casefold()))

    def table_names(self, connection: str) -> list[str]:
        return [name for _, name in TABLES]


def test_steps_are_found_whatever_their_case() -> None:
    shapes = Shapes(Catalog())
    shapes.add_step("Overdue", NUMBER)
    shapes.add_step("told.done", None)
    assert shapes.step("OVERDUE") == NUMBER
    assert shapes.step("nothing") is None
    assert shapes.step("told.done") is None
    assert shapes.is_open_step("TOLD.done")
    assert not shapes.is_open_step("overdue")
    assert list(shapes.step_names()) == ["Overdue", "told.done"]


def test_a_produced_table_stands_for_the_catalogs() -> None:
    shapes = Shapes(Catalog())
    shapes.produce("FILES", Table("Old.xlsx", (Column("b", "VARCHAR"),)))
    found = shapes.table("files", "OLD.XLSX")
    assert found is not None and [c.name for c in found.columns] == ["b"]
    assert sorted(shapes.table_names("files")) == ["Old.xlsx", "out/a.csv"]


def test_a_child_sees_its_parent_and_keeps_its_own() -> None:
    shapes = Shapes(Catalog(), {"month": Input(), "limit": Input(type="decimal")})
    shapes.add_step("overdue", NUMBER)
    inner = shapes.child("one", NUMBER).child("two", None)
    inner.add_step("nested", NUMBER)
    inner.produce("files", Table("new.csv", ()))
    assert inner.each == ("one", "two")
    assert inner.step("overdue") == inner.step("one") == inner.step("nested") == NUMBER
    assert inner.is_open_step("two")
    assert shapes.step("nested") is None and shapes.step("one") is None
    assert shapes.table("files", "new.csv") is not None, "what an act makes is there outside, too"
    assert inner.input_types() == {"month": "VARCHAR", "limit": "DECIMAL(38,10)"}


def test_a_called_process_sees_tables_and_no_steps() -> None:
    shapes = Shapes(Catalog())
    shapes.add_step("overdue", NUMBER)
    shapes.produce("files", Table("new.csv", ()))
    inner = shapes.called({"a": Input()})
    assert inner.step("overdue") is None
    assert inner.table("files", "new.csv") is not None
    assert list(inner.inputs) == ["a"]


def test_a_name_that_only_the_run_knows_is_known_by_its_form() -> None:
    shapes = Shapes(Catalog())
    made = Table("out/*.csv", (Column("b", "VARCHAR"),))
    shapes.produce("files", made)
    found = shapes.table("files", "OUT/new.csv")
    assert found is not None and found.columns == made.columns and not found.open
    assert shapes.table("files", "elsewhere/new.csv") is None
    there = shapes.table("files", "out/a.csv")
    assert there is not None and there.open, "the act may or may not have written this one"


def test_files_saved_under_any_name_leave_those_that_are_there() -> None:
    shapes = Shapes(Catalog())
    shapes.produce("files", Table("*", (), open=True))
    there, new = shapes.table("files", "old.xlsx"), shapes.table("files", "new.xlsx/sheet")
    assert there == TABLES["files", "old.xlsx"]
    assert new is not None and new.open


def test_a_form_with_the_catalogs_own_columns_keeps_them() -> None:
    shapes = Shapes(Catalog())
    shapes.produce_likely("files", re.compile("out/.+"), Table("out/?", (Column("A", "BIGINT"),)))
    found = shapes.table("files", "out/a.csv")
    assert found is not None and not found.open
