"""Queries over two sources, workbooks read, and queries typed.

The peers load as somebody would who knows exactly what lies in the sources: `sqlite3` and Arrow, DuckDB's own
csv reader, calamine; they cast by hand what our codecs find out. Our side has its catalog from before, as on
every day but the first.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.measure import Comparison, function, run_child
from benchmarks.timing import Clock

MATCH = """
select i.currency, count(*) as n, sum(i.amount) as invoiced, sum(b."Amount") as paid,
  count(*) filter (where i.amount <> b."Amount") as different, max(b."Booked" - i.due_date) as latest
from {invoices} i join {bank} b on b."Reference" = i.number and b."Currency" = i.currency
where lower(i.status) <> 'cancelled'
group by i.currency order by i.currency
"""

TYPED = """
with paid as (
  select b."Reference" as number, sum(b."Amount") as paid, max(b."Booked") as last
  from files."bank.csv" b where b."Booked" >= start_of('year') group by b."Reference"
)
select i.number, i.vendor, i.amount, coalesce(p.paid, 0) as paid, i.amount - coalesce(p.paid, 0) as rest,
  date_diff('day', i.due_date, current_date) as days,
  case when p.last > i.due_date then 'late' when p.last is null then 'open' else 'in time' end as how
from ledger.invoices i left join paid p on p.number = i.number
where lower(i.status) = 'open' and i.due_date < days_ago(14) and i.amount > 100
order by rest desc limit 50
"""


def match(folder: Path, quick: bool) -> Iterator[Comparison]:
    """100,000 by 100,000 rows across two sources, over bare DuckDB, loading included."""
    count, turns = (500, 1) if quick else (100_000, 5)
    run_child(__name__, "make_sources", folder / "office", count)
    for file in ("bank.csv", "bank.xlsx"):
        yield Comparison(
            f"match {count:,} x {count:,}, SQLite with {file.partition('.')[2]}",
            function("our query layer", __name__, "ours", folder / "office", file),
            function("sqlite3, DuckDB" + (", calamine" if file.endswith("xlsx") else ""), __name__, "bare",
                     folder / "office", file),
            ratio=1.3,
            turns=turns,
            same=True,
        )  # fmt: skip


def read(folder: Path, quick: bool) -> Iterator[Comparison]:
    """A workbook of 100,000 rows and 10 columns, typed, over bare calamine."""
    count, turns = (200, 1) if quick else (100_000, 5)
    run_child(__name__, "make_wide", folder / "wide", count)
    yield Comparison(
        f"read {count:,} x 10 xlsx",
        function("spreadsheet tool, to Arrow", __name__, "read_ours", folder / "wide"),
        function("bare calamine, to lists", __name__, "read_bare", folder / "wide"),
        ratio=1.2,
        turns=turns,
        same=True,
    )


def typing(folder: Path, quick: bool) -> Iterator[Comparison]:
    """A query of thirty parts parsed, checked and typed, over sqlglot's parse and DuckDB's DESCRIBE alone."""
    count, turns = (2, 1) if quick else (20, 5)
    run_child(__name__, "make_sources", folder / "typing", 300)
    yield Comparison(
        "type a query",
        function("our query layer", __name__, "type_ours", folder / "typing", count),
        function("sqlglot's parse, DuckDB's DESCRIBE", __name__, "type_bare", count),
        turns=turns,
        per=count,
    )


# ---------------------------------------------------------------- data


def make_sources(root: str, count: str) -> None:
    """A ledger and the same bank statement as csv and as workbook, with the catalog looked at once."""
    from benchmarks import office

    home = office.workspace(root, "ledger", "files")
    office.invoices(home / "ledger.db", int(count))
    header, rows = office.statement(int(count))
    office.write_csv(home / "files" / "bank.csv", header, rows)
    office.write_xlsx(home / "files" / "bank.xlsx", header, rows)
    _look(home)


def make_wide(root: str, count: str) -> None:
    """One workbook of ten columns, with the catalog looked at once."""
    from benchmarks import office

    home = office.workspace(root, "files")
    office.write_xlsx(home / "files" / "wide.xlsx", *office.wide(int(count)))
    _look(home)


def _look(root: Path) -> None:
    from deskhand.catalog import Catalog
    from deskhand.workspace import Workspace

    from benchmarks import office

    with Catalog.open(Workspace.load(root), office.NOW) as catalog:
        assert all(catalog.tables(name) for name in catalog.connections())


# ---------------------------------------------------------------- sides


def _frame(root: str) -> Any:
    """What a run has when it reaches a query: the catalog open, nothing read. And everything is imported."""
    from deskhand.catalog import Catalog
    from deskhand.frame import Context, Frame
    from deskhand.plan import Plan, Query
    from deskhand.workspace import Workspace

    from benchmarks import office

    catalog = Catalog.open(Workspace.load(Path(root)), office.NOW)
    plan = Plan(steps=(Query(query="select 1 as x"),))
    frame = Frame(Context(plan, catalog, office.NOW))
    frame.query("select 1 as x, current_date as d")
    return frame


def _plain(rows: Any) -> list[list[str]]:
    return [[str(cell) for cell in (row.values() if isinstance(row, dict) else row)] for row in rows]


def ours(root: str, file: str) -> Clock:
    """The query analysed, its sources read and run."""
    import python_calamine  # noqa: F401  what a side needs is imported before its clock starts

    frame = _frame(root)
    text = MATCH.format(invoices="ledger.invoices", bank=f'files."{file}"')
    with Clock() as clock:
        data, _ = frame.query(text)
    clock.note = _plain(data.arrow.to_pylist())
    return clock


def bare(root: str, file: str) -> Clock:
    """The same query, its tables loaded by hand."""
    import sqlite3
    from contextlib import closing

    import duckdb
    import pyarrow as pa
    import python_calamine

    duck = duckdb.connect()
    duck.sql("select 1").to_arrow_table()
    with Clock() as clock:
        with closing(sqlite3.connect(Path(root) / "ledger.db")) as connection:
            rows = connection.execute("select number, due_date, amount, currency, status from invoices").fetchall()
        columns = list(zip(*rows, strict=True))
        names = ["number", "due_date", "amount", "currency", "status"]
        loaded = pa.table([pa.array(column) for column in columns], names=names)
        duck.register("loaded", loaded)
        invoices = (
            "(select number, cast(due_date as date) as due_date, cast(amount as decimal(18, 2)) as amount,"
            " currency, status from loaded)"
        )
        path = Path(root) / "files" / file
        if file.endswith(".csv"):
            types = "{'Booked': 'DATE', 'Amount': 'DECIMAL(18,2)'}"
            bank = f"(select * from read_csv('{path}', header = true, types = {types}))"
        else:
            with python_calamine.load_workbook(path) as book:
                grid = book.get_sheet_by_index(0).to_python()
            cells = list(zip(*grid[1:], strict=True))
            sheet = pa.table([pa.array(column) for column in cells], names=grid[0])
            duck.register("sheet", sheet)
            bank = '(select * replace (cast("Amount" as decimal(18, 2)) as "Amount") from sheet)'
        found = duck.sql(MATCH.format(invoices=invoices, bank=bank)).to_arrow_table()
    clock.note = _plain(found.to_pylist())
    return clock


def read_ours(root: str) -> Clock:
    """All columns of the workbook, typed, as Arrow."""
    import pyarrow as pa
    import python_calamine  # noqa: F401
    from deskhand.catalog import Catalog
    from deskhand.workspace import Workspace

    from benchmarks import office

    pa.array(["imported"])
    with Catalog.open(Workspace.load(Path(root)), office.NOW) as catalog:
        table = catalog.table("files", "wide.xlsx")
        assert table is not None
        with Clock() as clock:
            found = catalog.tool("files").read(table, [c.name for c in table.columns])
    clock.note = [found.num_rows, found.num_columns]
    return clock


def read_bare(root: str) -> Clock:
    """All cells of the workbook, as Python values."""
    import python_calamine

    with Clock() as clock, python_calamine.load_workbook(Path(root) / "files" / "wide.xlsx") as book:
        grid = book.get_sheet_by_index(0).to_python()
    clock.note = [len(grid) - 1, len(grid[0])]
    return clock


def type_ours(root: str, count: str) -> Clock:
    """The query typed again and again, each time with another limit, so that no answer is remembered whole."""
    from deskhand import sql

    from benchmarks import office

    frame = _frame(root)
    catalog = frame.context.catalog
    assert catalog.tables("ledger") and catalog.tables("files")
    texts = [TYPED.replace("limit 50", f"limit {50 + n}") for n in range(int(count))]
    with Clock() as clock:
        for text in texts:
            analysis = sql.analyse(text, frame.shapes, {}, office.NOW)
            assert analysis.query is not None, analysis.problems
    return clock


def type_bare(count: str) -> Clock:
    """The same parsed, printed, and described over empty tables; no check, no business dates, no origins."""
    import duckdb
    import sqlglot

    duck = duckdb.connect()
    duck.execute("create schema ledger")
    duck.execute("create schema files")
    duck.execute(
        "create table ledger.invoices (id bigint, number varchar, vendor varchar, due_date date,"
        " amount decimal(18, 2), currency varchar, status varchar, note varchar)"
    )
    duck.execute(
        'create table files."bank.csv" ("Booked" date, "Reference" varchar, "Amount" decimal(18, 2),'
        ' "Currency" varchar, "Payer" varchar)'
    )
    duck.execute("create macro days_ago(n) as cast(current_date - n as date)")
    duck.execute("create macro start_of(unit) as cast(date_trunc(unit, current_date) as date)")
    texts = [TYPED.replace("limit 50", f"limit {50 + n}") for n in range(int(count))]
    duck.execute("describe " + sqlglot.parse_one("select 1 as x", dialect="duckdb").sql(dialect="duckdb")).fetchall()
    with Clock() as clock:
        for text in texts:
            parsed = sqlglot.parse_one(text, dialect="duckdb")
            assert duck.execute("describe " + parsed.sql(dialect="duckdb")).fetchall()
    return clock
