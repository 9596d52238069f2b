"""csv files: encodings, delimiters, odd quoting, and edits that change nothing else."""

from __future__ import annotations

from decimal import Decimal

import pytest
from deskhand.errors import BusinessError, DataError
from deskhand_tools.spreadsheet.csvtext import CsvEdit, decode, field_text, read_csv, sniff
from deskhand_tools.spreadsheet.grid import lay_out
from deskhand_tools.spreadsheet.sheetio import read_table_bytes
from hypothesis import given
from hypothesis import strategies as st

from tests.tools.spreadsheet.helpers import Office

GERMAN = "Name;Straße;Betrag €\nMüller;Königsallee 5;1.234,50\nÄrzte „Nord“;Weg 3;2,00\n"


@pytest.mark.parametrize(
    ("encoding", "bom"),
    [
        ("utf-8", b""),
        ("utf-8", b"\xef\xbb\xbf"),
        ("cp1252", b""),
        ("utf-16-le", b"\xff\xfe"),
        ("utf-16-be", b"\xfe\xff"),
    ],
)
def test_umlauts_in_every_usual_encoding(encoding: str, bom: bytes) -> None:
    sheet = read_table_bytes("a.csv", bom + GERMAN.encode(encoding))
    assert sheet.header == ("Name", "Straße", "Betrag €")
    assert [row[0] for row in sheet.raw_rows()] == ["Müller", "Ärzte „Nord“"]
    assert [c.type for c in sheet.columns()] == ["VARCHAR", "VARCHAR", "DECIMAL(18,2)"]


def test_the_configured_encoding_comes_before_the_guess() -> None:
    content = "Имя;Цена\nИван;5\n".encode("cp1251")
    assert decode(content, "a.csv", "cp1251")[:2] == ("Имя;Цена\nИван;5\n", "cp1251")
    assert decode("ä".encode(), "a.csv", "cp1252")[1] == "utf-8"
    assert decode("Stra\xe1e;M\x81ller\n".encode("latin-1"), "a.csv", "cp850")[0] == "Straße;Müller\n"


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("a,b\n1,2\n", ","),
        ("a;b\n1,5;2,5\n3,5;4,5\n", ";"),
        ("a\tb\n1\t2\n", "\t"),
        ("a|b|c\n1|2,5|3\n", "|"),
        ('a;b\n"x;y,z";1\n', ";"),
        ("Amount\n1,50\n2,75\n", ","),
        ("Statement\n\nDay;Text;Amount\n1.1.2026;a, b, c;1,00\n2.1.2026;d;2,00\n", ";"),
    ],
)
def test_the_delimiter_is_sniffed(text: str, delimiter: str) -> None:
    if text.startswith("Amount"):
        assert read_table_bytes("a.csv", text.encode(), delimiter=";").header == ("Amount",)
    assert sniff(text) == delimiter


def test_embedded_newlines_and_doubled_quotes() -> None:
    sheet = read_table_bytes("a.csv", b'id,note\r\n1,"two\r\nlines, ""quoted"""\r\n2,\r\n')
    assert sheet.raw_rows() == [["1", 'two\r\nlines, "quoted"'], ["2", None]]


def test_missing_cells_are_null_and_too_many_are_named_by_line() -> None:
    assert read_table_bytes("a.csv", b"a,b,c\n1,2\n3,4,5\n").raw_rows() == [["1", "2", None], ["3", "4", "5"]]
    assert read_table_bytes("a.csv", b"a,b\n1,2,,\n").raw_rows() == [["1", "2"]]
    with pytest.raises(DataError, match=r"a\.csv, line 4: the row has 3 cells, the header 2") as caught:
        read_table_bytes("a.csv", b'a,b\n1,"x\ny"\n3,4,5\n')
    assert "quotes" in caught.value.mend
    assert caught.value.where is not None
    assert caught.value.where.line == 4


def test_a_quote_that_never_closes_swallows_nothing() -> None:
    with pytest.raises(DataError, match="quotes don't pair up") as caught:
        read_table_bytes("a.csv", b'a,b\n1,"x\n2,y\n3,z\n')
    assert caught.value.mend


def test_nul_bytes_are_no_text() -> None:
    with pytest.raises(DataError, match="NUL"):
        read_table_bytes("a.csv", b"a,b\n1,\x00\n")


def test_identifiers_stay_text_and_blanks_are_null(office: Office) -> None:
    office.put("a.csv", "id,zip,paid,amount\n0012,01067,Y,1.50\n13,80331,N,\n")
    assert office.types("a.csv") == {"id": "VARCHAR", "zip": "VARCHAR", "paid": "VARCHAR", "amount": "DECIMAL(18,2)"}
    assert office.rows("a.csv")[1] == {"id": "13", "zip": "80331", "paid": "N", "amount": None}


# ---------------------------------------------------------------- edits


def _edit(text: str, name: str = "a.csv") -> CsvEdit:
    file = read_csv(text.encode(), name)
    return CsvEdit(file, lay_out(file.rows))


def test_an_edit_keeps_every_other_byte() -> None:
    text = 'No;"Name";Amount\r\n1;"Meier, Hans";"1,50"\r\n\r\n2; b ;3,00\r\n3;c;4,00'
    edit = _edit(text)
    edit.set(1, 2, "2,50")
    edit.set(4, 1, 'x;"y"')
    assert edit.text() == 'No;"Name";Amount\r\n1;"Meier, Hans";"2,50"\r\n\r\n2; b ;3,00\r\n3;"x;""y""";4,00'


def test_rows_taken_out_and_added() -> None:
    edit = _edit("a;b\n1;x\n2;y\n3;z\n")
    edit.delete(1)
    edit.delete(3)
    edit.append({0: "4", 1: "w"})
    assert edit.text() == "a;b\n2;y\n4;w\n"


@pytest.mark.parametrize("end", ["", "\n", "\n\n", "\r\n"])
def test_a_row_is_added_whatever_the_file_ends_with(end: str) -> None:
    newline = "\r\n" if end == "\r\n" else "\n"
    text = f"a,b{newline}1,2{end}"
    edit = _edit(text)
    edit.append({0: "3", 1: "4"})
    edit.append({1: "5"})
    assert edit.text() == f"a,b{newline}1,2{newline}3,4{newline},5{end}"


def test_new_rows_are_quoted_as_the_column_is() -> None:
    edit = _edit('"id","name",n\n"1","a",2\n"2","b",3\n')
    edit.append({0: "3", 1: "c", 2: "4"})
    assert edit.text().endswith('\n"3","c",4\n')


def test_a_short_row_is_filled_up() -> None:
    edit = _edit("a,b,c\n1\n")
    edit.set(1, 2, "x")
    assert edit.text() == "a,b,c\n1,,x\n"


FIELD = st.text(st.characters(codec="utf-8", exclude_characters="\x00\ufeff"), max_size=6)


@given(
    st.lists(st.lists(FIELD, min_size=2, max_size=2), min_size=1, max_size=6),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
    st.data(),
)
def test_an_edit_changes_just_what_was_asked(
    rows: list[list[str]], newline: str, quoted: bool, data: st.DataObject
) -> None:
    lines = [",".join(field_text(cell, ",", quoted) for cell in row) for row in [["head", "line"], *rows]]
    file = read_csv(newline.join([*lines, ""]).encode(), "a.csv", delimiter=",")
    assert file.rows == [["head", "line"], *rows]
    edit = CsvEdit(file, lay_out(file.rows))
    assert edit.text() == file.text
    line = data.draw(st.integers(1, len(rows)))
    value = data.draw(FIELD)
    edit.set(line, 1, value)
    expected = [["head", "line"], *(list(r) for r in rows)]
    expected[line][1] = value
    assert read_csv(edit.text().encode(), "a.csv", delimiter=",").rows == expected


def test_bom_encoding_and_line_ends_survive_an_update(office: Office) -> None:
    before = "\ufeffNo;Betrag;Text\r\n1;1,00;ä\r\n2;2,00;ö\r\n"
    path = office.put("a.csv", before)
    office.do("update", {"table": "a.csv", "key": "No"}, [{"No": 2, "Betrag": Decimal("7.5")}])
    assert path.read_bytes().decode() == before.replace("2,00", "7,50")


def test_append_in_the_columns_own_formats(office: Office) -> None:
    path = office.put("a.csv", "Tag;Betrag;Id\n01.03.2026;1.234,50;007\n02.03.2026;-2,00;008\n".encode("cp1252"))
    import datetime as dt

    rows = [
        {"ID": "009", "betrag": Decimal("12345.5"), "tag": dt.date(2026, 4, 1)},
        {"ID": "Total", "betrag": Decimal("13578.00"), "tag": None},
    ]
    office.do("append", {"table": "a.csv"}, rows)
    assert path.read_text().splitlines()[-2:] == ["01.04.2026;12.345,50;009", ";13.578,00;Total"]
    office.do("append", {"table": "a.csv"}, [{"Tag": "open", "Betrag": Decimal(1)}])
    office.do("append", {"table": "a.csv"}, [{"Tag": dt.date(2026, 4, 2), "Betrag": Decimal("1.25")}])
    assert path.read_text().splitlines()[-2:] == ["open;1,00;", "02.04.2026;1,25;"]


def test_a_character_that_the_encoding_lacks_is_an_exception_of_its_row(office: Office) -> None:
    office.put("a.csv", "a;b\nMüller;1\n".encode("cp1252"))
    changes, items = office.prepare("append", {"table": "a.csv"}, [{"a": "日本", "b": 1}, {"a": "Straße", "b": 2}])
    assert [c.state for c in changes] == ["exception", "change"]
    assert "cp1252" in changes[0].reason
    assert not isinstance(office.apply("append", items)[0], BusinessError)
