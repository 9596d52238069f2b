"""Running: inputs, order, limits, failures, origins, and what the locked-down DuckDB refuses."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import threading
from decimal import Decimal as D
from typing import Any

import pyarrow as pa
import pytest
from deskhand.contract import ResultColumn
from deskhand.errors import DataError
from deskhand.sql import run
from deskhand.sql.duck import connect


def test_inputs_are_typed_literals(office: Any) -> None:
    text = "select :who as who, :min as min, :since as since, :yes as yes, :at as at, :n as n, :none as none"
    values = {
        "who": ("VARCHAR", 'it\'s "quoted" \\ ; -- drop :min $x'),
        "min": ("DECIMAL(18,2)", D("12.50")),
        "since": ("DATE", dt.date(2026, 2, 1)),
        "yes": ("BOOLEAN", True),
        "at": ("TIMESTAMP", dt.datetime(2026, 1, 2, 3, 4, 5)),
        "n": ("BIGINT", -7),
        "none": ("VARCHAR", None),
    }
    assert office.rows_of(text, values) == [tuple(v for _, v in values.values())]


def test_an_input_never_becomes_sql(office: Any) -> None:
    evil = "' or 1 = 1 --"
    assert office.rows_of("select number from ledger.invoices where number = :n", {"n": ("VARCHAR", evil)}) == []


def test_input_names_ignore_case_and_may_repeat(office: Any) -> None:
    found = office.rows_of("select :Grace + :grace as x where :GRACE > 0", {"grace": ("BIGINT", 2)})
    assert found == [(4,)]


@pytest.mark.parametrize("value", ["5", D("5"), 5.0, True, dt.date(2026, 1, 1)])
def test_a_value_of_another_type_is_refused(office: Any, value: Any) -> None:
    with pytest.raises(DataError, match="input grace"):
        office.rows_of("select :grace as x", {"grace": ("BIGINT", value)})


def test_a_missing_input_is_refused(office: Any) -> None:
    query = office.query("select :grace as x", {"grace": "BIGINT"})
    with pytest.raises(DataError, match="input grace has no value"):
        run(query, office.read, office.step_table, {}, now=office.now)


def test_query_lists_its_inputs_steps_and_sources(office: Any) -> None:
    query = office.query(
        "select o.number from overdue o join ledger.invoices i using (number) where i.id > :least",
        {"least": "BIGINT", "x": "DATE"},
    )
    assert query.inputs == ("least",)
    assert query.steps == ("overdue",)
    assert [(s.connection, s.table.name) for s in query.sources] == [("ledger", "invoices")]


NUMBER = ("ledger", "invoices", "number")


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("select number from ledger.invoices", NUMBER),
        ("select number as n from ledger.invoices", NUMBER),
        ("select (number) as n from ledger.invoices", NUMBER),
        ("select i.NUMBER from ledger.invoices i", NUMBER),
        ("select number from (select * from ledger.invoices) x", NUMBER),
        ("with a as (select number as k from ledger.invoices), b as (select k as z from a) select z from b", NUMBER),
        ("select number from overdue", NUMBER),
        ("select number from remind.done", NUMBER),
        ("select number from ledger.invoices union all select number from overdue", NUMBER),
        ("select i.number from ledger.vendors v left join ledger.invoices i on i.vendor_id = v.id", NUMBER),
        ("select number from ledger.invoices group by number", NUMBER),
        ("select upper(number) as number from ledger.invoices", None),
        ("select max(number) as number from ledger.invoices", None),
        ("select number from ledger.invoices union all select name from ledger.vendors", None),
        ("select * replace (lower(number) as number) from overdue", None),
        ("select total from overdue", None),
        ("select 1 as x", None),
    ],
)
def test_origin(office: Any, text: str, origin: tuple[str, str, str] | None) -> None:
    assert office.query(text).columns[0].origin == origin


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("select count(*), sum(amount) from ledger.invoices", ["count", "sum"]),
        ("select sum(amount), sum(id) from ledger.invoices", ["sum(amount)", "sum(id)"]),
        ("select sum(amount), id as sum from ledger.invoices group by id", ["sum(amount)", "sum"]),
        ("select avg(amount) over () from ledger.invoices", ["avg"]),
        ("select amount / 2, amount * 2 from ledger.invoices", ["amount / 2", "amount * 2"]),
        ("select current_date, days_ago(1)", ["current_date", "days_ago"]),
        ("select 'x', 1", ["'x'", "1"]),
        ("select :a", ["a"]),
        ('select Number, "AMOUNT" from ledger.invoices', ["number", "amount"]),
    ],
)
def test_names_of_unnamed_columns(office: Any, text: str, names: list[str]) -> None:
    assert [c.name for c in office.query(text, {"a": "DATE"}).columns] == names


def many(office: Any, count: int) -> dict[str, pa.Table]:
    keys = [(i * 7919) % count for i in range(count)]
    return {
        "a": pa.table({"k": keys, "g": [f"g{k % 97}" for k in keys]}),
        "b": pa.table({"k": keys[::-1], "g": [f"h{k % 89}" for k in keys]}),
    }


class Steps:
    """A schema of steps only."""

    columns = (ResultColumn("k", "BIGINT"), ResultColumn("g", "VARCHAR"))

    def table(self, connection: str, name: str) -> None:
        return None

    def step(self, name: str) -> tuple[ResultColumn, ...] | None:
        return self.columns if name in ("a", "b") else None

    def is_open_step(self, name: str) -> bool:
        return False

    def connections(self) -> list[str]:
        return []

    def table_names(self, connection: str) -> list[str]:
        return []

    def step_names(self) -> list[str]:
        return ["a", "b"]


@pytest.mark.parametrize(
    "text",
    [
        "select k from a where k % 3 = 0",
        "select a.k, b.g from a join b on a.k = b.k",
        "select g, count(*) as n from a group by g",
        "select distinct g from a",
        "select a.g from a order by a.g",
        "select k, row_number() over (partition by g) as n from a",
        "select string_agg(g, ',') as s from a",
        "select first(k) as f, any_value(g) as g from a",
    ],
)
def test_the_same_data_give_the_same_order(office: Any, text: str) -> None:
    from deskhand.sql import analyse, digest

    tables = many(office, 60_000 if "join" in text else 30_000)
    query = analyse(text, Steps(), {}, office.now).query
    assert query is not None
    found = {digest(run(query, office.read, tables.__getitem__, {}, now=office.now)) for _ in range(3)}
    assert len(found) == 1
    if text == "select k from a where k % 3 = 0":
        rows = run(query, office.read, tables.__getitem__, {}, now=office.now).column("k").to_pylist()
        assert rows == [k for k in tables["a"].column("k").to_pylist() if k % 3 == 0]


SLOW = "select count(*) as n from range(100000000) a(x), range(100000) b(y) where (x * y) % 7 = 3"


def test_timeout(office: Any) -> None:
    with pytest.raises(DataError, match=r"didn't finish within 0.2 seconds"):
        office.rows_of(SLOW, timeout_s=0.2)
    assert office.rows_of("select 1 as one", timeout_s=5) == [(1,)]


def test_memory_limit(office: Any) -> None:
    text = "select length(string_agg(repeat('x', 100), '')) as n from range(2000000)"
    with pytest.raises(DataError, match="more memory"):
        office.rows_of(text, memory_limit="30MB")


def test_a_source_without_a_promised_column(office: Any) -> None:
    query = office.query("select number, id from ledger.invoices")
    with pytest.raises(DataError, match="gave no column number"):
        run(query, lambda s: pa.table({"id": [1]}), office.step_table, {}, now=office.now)


def test_a_source_of_another_type(office: Any) -> None:
    query = office.query("select id from ledger.invoices")
    narrow = run(query, lambda s: pa.table({"id": pa.array([1], pa.int16())}), office.step_table, {}, now=office.now)
    assert narrow.schema.field("id").type == pa.int64()
    with pytest.raises(DataError, match="isn't BIGINT"):
        run(query, lambda s: pa.table({"id": ["x"]}), office.step_table, {}, now=office.now)


def test_integers_and_floats_for_a_decimal_column(office: Any) -> None:
    query = office.query("select amount from ledger.invoices")

    def given(values: pa.Array) -> Any:
        return run(query, lambda s: pa.table({"amount": values}), office.step_table, {}, now=office.now)

    assert given(pa.array([5])).column("amount").to_pylist() == [D("5.00")]
    for wrong in (pa.array([5.5]), pa.array([10**17]), pa.array([D("1.005")])):
        with pytest.raises(DataError, match="column amount"):
            given(wrong)


def test_reconciling_by_hand(office: Any) -> None:
    """Invoices against the bank, as the shipped process does it, against plain Python over the same rows."""
    text = """
        with paid as (
          select "Invoice no." as number, sum("Paid in") as paid, max("Date") as last_day
          from files."bank.csv" group by 1
        )
        select coalesce(i.number, p.number) as number, i.amount, p.paid,
               coalesce(p.paid, 0) - coalesce(i.amount, 0) as diff,
               case when i.number is null then 'unexpected' when p.number is null then 'missing'
                    when abs(p.paid - i.amount) <= :tolerance then 'matched' else 'different' end as state,
               p.last_day - i.due_date as days
        from ledger.invoices i full join paid p on p.number = i.number
        where i.amount is not null or p.number is not null
        order by 1
    """
    invoices = {r[1]: r for r in office.rows["ledger", "invoices"] if r[3] is not None}
    bank = {r[2]: r for r in office.rows["files", "bank.csv"]}
    expected = []
    for number in sorted({*invoices, *bank}):
        amount = invoices[number][3] if number in invoices else None
        paid = bank[number][1] if number in bank else None
        state = (
            "unexpected"
            if amount is None
            else "missing"
            if paid is None
            else "matched"
            if amount == paid
            else "different"
        )
        days = (bank[number][3] - invoices[number][4]).days if amount is not None and paid is not None else None
        expected.append((number, amount, paid, (paid or D(0)) - (amount or D(0)), state, days))
    assert office.rows_of(text, {"tolerance": ("DECIMAL(18,2)", D("0.01"))}) == expected


def test_a_step_with_an_untyped_null_column(office: Any) -> None:
    from deskhand.sql import analyse

    class Nulls(Steps):
        columns = (ResultColumn("k", "NULL"), ResultColumn("g", "VARCHAR"))

    query = analyse("select k, g, coalesce(k, 1) as one from a where k is null", Nulls(), {}, office.now).query
    assert query is not None
    assert [c.type for c in query.columns] == ["NULL", "VARCHAR", "INTEGER"]
    rows = run(query, office.read, lambda _: pa.table({"k": pa.nulls(1), "g": ["x"]}), {}, now=office.now)
    assert rows.to_pylist() == [{"k": None, "g": "x", "one": 1}]


def test_open_queries_dont_run(office: Any) -> None:
    with pytest.raises(ValueError, match="open"):
        run(office.query("select * from later"), office.read, office.step_table, {}, now=office.now)


def test_runs_in_threads_dont_mix(office: Any) -> None:
    query = office.query("select :n as n, count(*) as c from overdue", {"n": "BIGINT"})
    found: dict[int, list[int]] = {}

    def one(number: int) -> None:
        table = run(
            query,
            office.read,
            lambda _: pa.table({"number": ["x"] * number, "total": pa.array([D(1)] * number, pa.decimal128(18, 2))}),
            {"n": number},
            now=office.now,
        )
        found[number] = [table.column("n")[0].as_py(), table.column("c")[0].as_py()]

    threads = [threading.Thread(target=one, args=(n,)) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {n: [n, n] for n in range(1, 9)}


@pytest.mark.parametrize(
    "statement",
    [
        "select * from read_csv('/etc/passwd')",
        "select * from '/etc/passwd'",
        "select * from read_text('/etc/passwd')",
        "copy (select 1) to '/tmp/deskhand-test.csv'",
        "attach '/tmp/deskhand-test.db'",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "set threads = 8",
        "reset lock_configuration",
    ],
)
def test_the_database_itself_is_locked_down(statement: str) -> None:
    import duckdb

    session = connect()
    with pytest.raises(duckdb.Error):
        session.execute(statement).fetchall()
    session.close()


def test_variables_of_python_are_no_tables() -> None:
    import duckdb

    secrets = pa.table({"x": [1]})
    assert secrets.num_rows == 1
    session = connect()
    with pytest.raises(duckdb.Error):
        session.execute("select * from secrets").fetchall()
    session.close()


def test_importing_the_package_is_cheap() -> None:
    code = "import sys, deskhand.sql; print([m for m in ('duckdb', 'sqlglot', 'pyarrow') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_public_name_can_be_had() -> None:
    import deskhand.sql

    for name in deskhand.sql.__all__:
        assert getattr(deskhand.sql, name) is not None
    with pytest.raises(AttributeError):
        _ = deskhand.sql.nope


@pytest.mark.parametrize(
    "value", ["days_ago(10000000)", "date '9999-12-31' + 1", "date '0001-01-01' - 1", "timestamp 'infinity'"]
)
def test_a_date_that_no_calendar_shows_is_told(office: Any, value: str) -> None:
    with pytest.raises(DataError, match="outside the years 1 to 9999"):
        office.rows_of(f"select {value} as due")
