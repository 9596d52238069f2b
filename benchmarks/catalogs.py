"""The catalog: of a database of 200 tables, of a mailbox and of a folder that were catalogued before.

"Again" means: something is new (one mail, one file), and the rest is remembered.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.measure import Comparison, function, run_child
from benchmarks.timing import Clock

_numbers = itertools.count(1_000_000)


def catalog(folder: Path, quick: bool) -> Iterator[Comparison]:
    """Each over reading by hand what it has to look at."""
    tables, mails, files = (5, 20, 3) if quick else (200, 10_000, 200)
    turns = 1 if quick else 5
    database, mailbox, sheets = folder / "database", folder / "mailbox", folder / "sheets"
    run_child(__name__, "make_database", database, tables)
    run_child(__name__, "make_mailbox", mailbox, mails)
    run_child(__name__, "make_folder", sheets, files)
    yield Comparison(
        f"catalog of {tables} SQLite tables",
        function("catalog, first time", __name__, "look", database, "ledger", before=_forget(database)),
        function("sqlite3, all rows fetched", __name__, "fetch", database),
        seconds=2.0,
        turns=turns,
    )
    yield Comparison(
        f"catalog of {mails:,} mails again, one new",
        function("catalog", __name__, "look", mailbox, "mail", before=_new_mail(mailbox)),
        function("files listed and their sizes asked", __name__, "sizes", mailbox / "mail"),
        turns=turns,
    )
    yield Comparison(
        f"catalog of {files} files again, one new",
        function("catalog", __name__, "look", sheets, "files", before=_new_file(sheets)),
        function("files listed, the new one read", __name__, "sizes", sheets / "files", "new.xlsx"),
        turns=turns,
    )


def _forget(root: Path) -> Callable[[], None]:
    return lambda: shutil.rmtree(root / ".deskhand", ignore_errors=True)


def _new_mail(root: Path) -> Callable[[], None]:
    def before() -> None:
        n = next(_numbers)
        text = f"From: a@vendor.example\r\nSubject: New {n}\r\nMessage-ID: <{n}@vendor.example>\r\n\r\nNew.\r\n"
        (root / "mail" / "new" / f"{1800000000 + n}.M{n}.bench").write_text(text, newline="")

    return before


def _new_file(root: Path) -> Callable[[], None]:
    def before() -> None:
        shutil.copy(root / "files" / "2026" / "0.xlsx", root / "files" / "new.xlsx")
        (root / "files" / "new.xlsx").touch()

    return before


# ---------------------------------------------------------------- data


def make_database(root: str, tables: str) -> None:
    """Tables of 500 rows and eight columns each."""
    import sqlite3
    from contextlib import closing

    from benchmarks import office

    home = office.workspace(root, "ledger")
    office.invoices(home / "ledger.db", 500)
    with closing(sqlite3.connect(home / "ledger.db")) as connection, connection:
        for n in range(1, int(tables)):
            connection.execute(f"create table invoices_{n} as select * from invoices")


def make_mailbox(root: str, mails: str) -> None:
    """A mailbox, catalogued once."""
    from benchmarks import office

    home = office.workspace(root, "mail")
    office.mails(home / "mail", int(mails))
    look(root, "mail")


def make_folder(root: str, files: str) -> None:
    """A folder of workbooks and csv files of 200 rows in turn, catalogued once."""
    from benchmarks import office

    home = office.workspace(root, "files")
    header, rows = office.statement(200)
    office.write_xlsx(home / "files" / "2026" / "0.xlsx", header, rows)
    office.write_csv(home / "files" / "2026" / "1.csv", header, rows)
    for n in range(2, int(files)):
        ending = "csv" if n % 2 else "xlsx"
        shutil.copy(home / "files" / "2026" / f"{n % 2}.{ending}", home / "files" / "2026" / f"{n}.{ending}")
    look(root, "files")


# ---------------------------------------------------------------- sides


def look(root: str, connection: str) -> Clock:
    """The connection's tables, as a command asks for them when it has just started."""
    import deskhand.codec
    from deskhand.catalog import Catalog
    from deskhand.workspace import Workspace

    from benchmarks import office

    assert deskhand.codec
    workspace = Workspace.load(Path(root))
    with Clock() as clock, Catalog.open(workspace, office.NOW) as catalog:
        tables = catalog.tables(connection)
        assert tables, catalog.error(connection)
    clock.note = len(tables)
    return clock


def fetch(root: str) -> Clock:
    """Every row of every table (the catalog looks at all rows of tables as small as these)."""
    import sqlite3
    from contextlib import closing

    with Clock() as clock, closing(sqlite3.connect(Path(root) / "ledger.db")) as connection:
        names = [row[0] for row in connection.execute("select name from sqlite_schema where type = 'table'")]
        for name in names:
            connection.execute(f"pragma table_xinfo({name})").fetchall()
            connection.execute(f"select * from {name}").fetchall()
    clock.note = len(names)
    return clock


def sizes(folder: str, read: str = "") -> Clock:
    """Every file's size below the folder; one workbook read with calamine."""
    import os

    import python_calamine

    with Clock() as clock:
        total = 0
        for place, _, names in os.walk(folder):
            total += sum(os.stat(f"{place}/{name}").st_size for name in names)  # noqa: PTH116  as quick as can be
        if read:
            with python_calamine.load_workbook(Path(folder) / read) as book:
                book.get_sheet_by_index(0).to_python()
    return clock
