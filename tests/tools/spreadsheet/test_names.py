"""Names in acts, paths that leave the folder, sheet names."""

from __future__ import annotations

from pathlib import Path

import pytest
from deskhand.errors import BusinessError
from deskhand_tools.spreadsheet import names
from deskhand_tools.spreadsheet.fake import make_workbook

from tests.tools.spreadsheet.helpers import Office

ROWS = [{"No": "R-1", "n": 1}]


@pytest.mark.parametrize(
    "text",
    ["budget.xlsx", "budget.xlsx/2026", 'files."budget.xlsx"', 'files."budget.xlsx/2026"', "files.budget.xlsx",
     '"budget.xlsx"', "BUDGET.XLSX", " budget.xlsx "],
)  # fmt: skip
def test_a_table_however_an_act_spells_it(office: Office, text: str) -> None:
    make_workbook(office.files / "budget.xlsx", {"2026": ROWS})
    assert office.problems("append", {"table": text}, {"No": "VARCHAR"}) == []
    office.do("append", {"table": text}, [{"No": "R-2"}])
    assert [row["No"] for row in office.rows("budget.xlsx")] == ["R-1", "R-2"]


def test_an_unknown_table_is_a_problem_that_names_write(office: Office) -> None:
    (problem,) = office.problems("append", {"table": "lost.xlsx"}, {"No": "VARCHAR"})
    assert (problem.code, problem.path) == ("unknown-table", ("table",))
    assert "spreadsheet.write" in problem.mend
    changes, _ = office.prepare("append", {"table": "lost.xlsx"}, ROWS)
    assert changes[0].state == "exception"
    assert "spreadsheet.write" in changes[0].reason


BAD_PATHS = [
    "../x.xlsx", "a/../../x.xlsx", "/etc/x.csv", "~/x.csv", "C:\\x.csv", "C:x.csv", "a\\b.csv", "a\x00.csv", "a\nb.csv",
    "con.csv", "sub/LPT1.xlsx", "a//b.csv", "./a.csv", "", "  ", ".hidden.csv", "~$a.xlsx", "a?.csv", "a. /b.csv",
    "x" * 300 + ".csv",
]  # fmt: skip


@pytest.mark.parametrize("path", BAD_PATHS)
def test_paths_that_cannot_be_written(office: Office, path: str) -> None:
    (problem,) = office.problems("write", {"file": path}, {"a": "VARCHAR"})
    assert (problem.code, problem.path) == ("bad-file", ("file",))
    assert problem.mend
    changes, items = office.prepare("write", {"file": path}, ROWS)
    assert changes[0].state == "exception"
    assert not items
    with pytest.raises(BusinessError):
        names.inside(office.files, path)


@pytest.mark.parametrize("path", ["a.txt", "a", "a.xlsm", "a.xls", "a.tsv", "xlsx"])
def test_other_endings(office: Office, path: str) -> None:
    (problem,) = office.problems("write", {"file": path}, {"a": "VARCHAR"})
    assert ".xlsx nor a .csv" in problem.message
    assert office.prepare("write", {"file": path}, ROWS)[0][0].state == "exception"


@pytest.mark.parametrize(
    "path", ["a.xlsx", "reports/overdue {{ today }}.xlsx", "{{ name }}", "{{ a }}/b.CSV", "ü/ß.csv"]
)
def test_good_files(office: Office, path: str) -> None:
    assert office.problems("write", {"file": path}, {"a": "VARCHAR"}) == []


def test_a_template_does_not_hide_a_bad_path(office: Office) -> None:
    assert office.problems("write", {"file": "../{{ name }}.xlsx"}, {"a": "VARCHAR"})
    assert office.problems("write", {"file": "{{ name }}.txt"}, {"a": "VARCHAR"})


def test_a_link_out_of_the_folder(office: Office, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (office.files / "out").symlink_to(outside)
    (office.files / "x.csv").symlink_to(outside / "x.csv")
    for path in ("out/a.csv", "x.csv"):
        changes, _ = office.prepare("write", {"file": path}, ROWS)
        assert changes[0].state == "exception"
        assert "link" in changes[0].reason
    assert list(outside.iterdir()) == []


def test_a_file_in_the_place_of_a_folder(office: Office) -> None:
    office.put("a.csv", "x\n1\n")
    changes, _ = office.prepare("write", {"file": "a.csv/b.csv"}, ROWS)
    assert "a.csv is a file" in changes[0].reason
    (office.files / "c.csv").mkdir()
    changes, _ = office.prepare("write", {"file": "c.csv"}, ROWS)
    assert "is a folder" in changes[0].reason


@pytest.mark.parametrize("sheet", ["a/b", "x" * 32, "[a]", "a:b", "", "  ", "'a", "History", "a*"])
def test_bad_sheet_names(office: Office, sheet: str) -> None:
    (problem,) = office.problems("write", {"file": "a.xlsx", "sheet": sheet}, {"a": "VARCHAR"})
    assert problem.code == "bad-sheet"
    assert office.prepare("write", {"file": "a.xlsx", "sheet": sheet}, ROWS)[0][0].state == "exception"


def test_a_csv_file_has_no_sheets(office: Office) -> None:
    (problem,) = office.problems("write", {"file": "a.csv", "sheet": "A"}, {"a": "VARCHAR"})
    assert "no sheets" in problem.message
    assert office.prepare("write", {"file": "a.csv", "sheet": "A"}, ROWS)[0][0].state == "exception"


def test_nearest_names() -> None:
    assert names.did_you_mean("amuont", ["amount", "day"]) == "Did you mean amount?"
    assert names.did_you_mean("zzzz", ["amount", "day"]) == "There are: amount, day."
    assert names.did_you_mean("x", []) == "There are none."
