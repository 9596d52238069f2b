"""Tables from the bytes of a csv or xlsx file and back, for any tool: attachments are read and made with this.

    read_table_bytes("bank.csv", content)          -> Sheet: header, rows, typed columns, Arrow
    read_book_bytes("budget.xlsx", content)        -> {sheet name: Sheet}, in the workbook's order
    write_table_bytes(rows, "list.xlsx")           -> bytes, the same for the same rows

This module refuses to touch the disk and to guess a file's kind other than by its name's ending.
"""

from __future__ import annotations

import datetime as dt

from deskhand.contract import Rows
from deskhand.errors import DataError, Where

from deskhand_tools.spreadsheet import names
from deskhand_tools.spreadsheet.book import Book, open_book
from deskhand_tools.spreadsheet.csvtext import check_ragged, read_csv
from deskhand_tools.spreadsheet.grid import lay_out
from deskhand_tools.spreadsheet.sheet import Sheet

EMPTY = "the sheet has no values"


def is_table_file(name: str) -> bool:
    """Whether a file of that name can be read as a table."""
    return name.lower().endswith(names.READABLE)


def read_table_bytes(
    name: str,
    content: bytes,
    *,
    sheet: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
) -> Sheet:
    """The table in a file's bytes: of a workbook the first sheet, or the one asked for (ignoring case).

    Raises DataError saying what is wrong with the file (not a workbook, encrypted, cut off, ragged, without
    that sheet) and what to do. A file without values is a Sheet without columns whose `note` says so.
    """
    if not name.lower().endswith(names.WORKBOOKS):
        return read_csv_bytes(name, content, encoding=encoding, delimiter=delimiter)
    book = open_book(content, name)
    wanted = find_sheet(book, sheet)
    rows = book.grid(wanted)
    layout = lay_out(rows)
    title = name if sheet is None else f"{name}/{wanted}"
    return Sheet(title, rows, layout, note="" if layout.names else EMPTY)


def read_book_bytes(name: str, content: bytes) -> dict[str, Sheet]:
    """All worksheets of a workbook by their names, in order. Raises DataError as `read_table_bytes` does."""
    book = open_book(content, name)
    found = {}
    for sheet in book.sheets:
        rows = book.grid(sheet)
        layout = lay_out(rows)
        found[sheet] = Sheet(f"{name}/{sheet}", rows, layout, note="" if layout.names else EMPTY)
    return found


def read_csv_bytes(name: str, content: bytes, *, encoding: str | None = None, delimiter: str | None = None) -> Sheet:
    """The table of a csv file. Raises DataError naming the file and, where there is one, the line."""
    file = read_csv(content, name, encoding, delimiter)
    layout = lay_out(file.rows)
    check_ragged(file, layout)
    note = "" if layout.names else ("the file is empty" if not content else "the file has no values")
    return Sheet(name, file.rows, layout, csv=file, note=note)


def write_table_bytes(rows: Rows, name: str, *, now: dt.datetime | None = None, sheet: str | None = None) -> bytes:
    """The rows as an xlsx or csv file, which the name's ending decides; the columns are the header.

    `now` is the workbook's creation date (a fixed one without it), so that the same rows give the same bytes.
    Raises BusinessError for another ending or rows that the format can't hold.
    """
    from deskhand.errors import BusinessError

    from deskhand_tools.spreadsheet import output

    lowered = name.lower()
    if lowered.endswith(".xlsx"):
        return output.xlsx_bytes([(sheet or output.FIRST_SHEET, output.matrix(rows))], now)
    if lowered.endswith(".csv"):
        return output.csv_bytes(output.matrix(rows), name)
    raise BusinessError(
        f"{name} is neither an .xlsx nor a .csv file by its name", mend="End the name in .xlsx or .csv."
    )


def find_sheet(book: Book, wanted: str | None) -> str:
    """The sheet of that name, ignoring case where none is exactly so called; the first without a name.

    Raises DataError naming the nearest where there is none.
    """
    if wanted is None:
        if book.sheets:
            return book.sheets[0]
        raise DataError(f"{book.name} has no worksheet", mend="Add one.", where=Where(file=book.name))
    folded = wanted.casefold()
    for test in (wanted.__eq__, lambda sheet: sheet.casefold() == folded):
        for sheet in book.sheets:
            if test(sheet):
                return sheet
    raise DataError(
        f"{book.name} has no sheet {wanted}",
        mend=names.did_you_mean(wanted, book.sheets),
        where=Where(file=book.name),
    )
