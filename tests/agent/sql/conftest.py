"""A small office for the query layer's tests: a schema and the rows behind it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from deskhand.contract import Column, ResultColumn, Table, Value
from deskhand.sql import Analysis, Query, Source, analyse, arrow_type, run, to_rows

NOW = dt.datetime(2026, 3, 11, 9, 30)  # a Wednesday
D = Decimal
Rows = list[tuple[Value, ...]]


def table(name: str, *columns: tuple[str, str], key: tuple[str, ...] = (), open_: bool = False) -> Table:
    return Table(name, tuple(Column(n, t) for n, t in columns), key=key, open=open_)


class Office:
    """A schema with tables, steps and rows."""

    now = NOW

    def __init__(
        self,
        tables: dict[str, list[Table]],
        rows: dict[tuple[str, str], Rows],
        steps: dict[str, tuple[ResultColumn, ...]] | None = None,
        step_rows: dict[str, Rows] | None = None,
        open_steps: Sequence[str] = (),
    ) -> None:
        self.tables = tables
        self.rows = rows
        self.steps = steps or {}
        self.step_rows = step_rows or {}
        self.open_steps = tuple(open_steps)
        self.read_sources: list[Source] = []

    def table(self, connection: str, name: str) -> Table | None:
        return next((t for t in self.tables[connection] if t.name.casefold() == name.casefold()), None)

    def step(self, name: str) -> tuple[ResultColumn, ...] | None:
        return next((v for k, v in self.steps.items() if k.casefold() == name.casefold()), None)

    def is_open_step(self, name: str) -> bool:
        return name.casefold() in [s.casefold() for s in self.open_steps]

    def connections(self) -> Sequence[str]:
        return list(self.tables)

    def table_names(self, connection: str) -> Sequence[str]:
        return [t.name for t in self.tables[connection]]

    def step_names(self) -> Sequence[str]:
        return [*self.steps, *self.open_steps]

    def read(self, source: Source) -> pa.Table:
        self.read_sources.append(source)
        return self.arrow(source, self.rows.get((source.connection, source.table.name), []))

    def arrow(self, source: Source, rows: Rows) -> pa.Table:
        names = [c.name for c in source.table.columns]
        arrays = []
        for column in source.columns:
            index = names.index(column)
            arrays.append(pa.array([r[index] for r in rows], type=arrow_type(source.table.columns[index].type)))
        return pa.Table.from_arrays(arrays, names=list(source.columns))

    def step_table(self, name: str) -> pa.Table:
        columns = self.steps[name]
        rows = self.step_rows[name]
        return pa.Table.from_arrays(
            [pa.array([r[i] for r in rows], type=arrow_type(c.type)) for i, c in enumerate(columns)],
            names=[c.name for c in columns],
        )

    def analyse(self, text: str, inputs: dict[str, str] | None = None) -> Analysis:
        return analyse(text, self, inputs or {}, NOW)

    def query(self, text: str, inputs: dict[str, str] | None = None) -> Query:
        analysis = self.analyse(text, inputs)
        assert not analysis.problems, "\n".join(map(str, analysis.problems))
        assert analysis.query is not None
        return analysis.query

    def table_of(self, text: str, inputs: dict[str, tuple[str, Value]] | None = None, **more: Any) -> pa.Table:
        given = inputs or {}
        query = self.query(text, {n: t for n, (t, _) in given.items()})
        values = {n: v for n, (_, v) in given.items()}
        found = run(query, self.read, self.step_table, values, now=more.pop("now", NOW), **more)
        assert [f.type for f in found.schema] == [arrow_type(c.type) for c in query.columns]
        assert found.column_names == [c.name for c in query.columns]
        return found

    def rows_of(
        self, text: str, inputs: dict[str, tuple[str, Value]] | None = None, **more: Any
    ) -> list[tuple[Value, ...]]:
        return [tuple(row.values()) for row in to_rows(self.table_of(text, inputs, **more))]

    def codes(self, text: str, inputs: dict[str, str] | None = None) -> list[str]:
        return [p.code for p in self.analyse(text, inputs).problems]


INVOICES: Rows = [
    (1, "R-1", 1, D("100.00"), dt.date(2026, 1, 31), "open", True, None),
    (2, "R-2", 2, D("250.50"), dt.date(2026, 2, 15), "paid", False, "ok"),
    (3, "R-3", 1, D("19.99"), dt.date(2026, 3, 10), "Open", True, None),
    (4, "R-4", 3, D("0.30"), dt.date(2026, 3, 11), "open", None, "it's late"),
    (5, "R-5", 2, D("1000.00"), dt.date(2026, 4, 1), "open", True, None),
    (6, "R-6", None, None, None, None, None, None),
]
VENDORS: Rows = [(1, "Ärzte & Co", "a@x.example"), (2, "Beta", "b@x.example"), (3, "Gamma", None)]
PAYMENTS: Rows = [
    ("P1", D("100.00"), "R-1", dt.date(2026, 2, 1)),
    ("P2", D("250.50"), "R-2", dt.date(2026, 2, 16)),
    ("P3", D("5.00"), "R-9", dt.date(2026, 3, 1)),
]
INBOX: Rows = [
    ("m1", dt.datetime(2026, 3, 10, 8, 15), dt.date(2026, 3, 10), "a@x.example", "Invoice R-1", True, 1),
    ("m2", dt.datetime(2026, 3, 11, 0, 0), dt.date(2026, 3, 11), "b@x.example", "Re: R-2", False, 0),
]


def make_office() -> Office:
    """Invoices, vendors, payments, a budget workbook with awkward names, an inbox, two steps."""
    return Office(
        {
            "ledger": [
                table("invoices", ("id", "BIGINT"), ("number", "VARCHAR"), ("vendor_id", "BIGINT"),
                      ("amount", "DECIMAL(18,2)"), ("due_date", "DATE"), ("status", "VARCHAR"),
                      ("checked", "BOOLEAN"), ("note", "VARCHAR"), key=("id",)),
                table("vendors", ("id", "BIGINT"), ("name", "VARCHAR"), ("email", "VARCHAR"), key=("id",)),
                table("order", ("id", "BIGINT"), ("Select", "VARCHAR")),
                table("measures", ("day", "DATE"), ("reading", "DOUBLE"), ("qty", "INTEGER")),
            ],
            "files": [
                table("bank.csv", ("Ref", "VARCHAR"), ("Paid in", "DECIMAL(18,2)"), ("Invoice no.", "VARCHAR"),
                      ("Date", "DATE")),
                table("budget.xlsx/2026", ("Cost centre", "VARCHAR"), ("Amount EUR", "DECIMAL(18,2)")),
                table("saved.csv", open_=True),
                table("invoices", ("id", "BIGINT"), ("x", "VARCHAR")),
            ],
            "mail": [
                table("inbox", ("id", "VARCHAR"), ("date", "TIMESTAMP"), ("day", "DATE"), ("sender", "VARCHAR"),
                      ("subject", "VARCHAR"), ("unread", "BOOLEAN"), ("attachments", "BIGINT")),
                table("attachments/*.csv", ("mail_id", "VARCHAR"), ("sku", "VARCHAR"), ("qty", "BIGINT")),
            ],
        },
        {
            ("ledger", "invoices"): INVOICES,
            ("ledger", "vendors"): VENDORS,
            ("ledger", "order"): [(1, "a"), (2, "b")],
            ("ledger", "measures"): [(dt.date(2026, 1, 1), 1.5, 2), (dt.date(2026, 1, 2), 0.0, 0)],
            ("files", "bank.csv"): PAYMENTS,
            ("files", "budget.xlsx/2026"): [("Ops", D("1200.00")), ("IT", D("800.00"))],
            ("files", "invoices"): [(1, "file")],
            ("mail", "inbox"): INBOX,
            ("mail", "attachments/*.csv"): [("m1", "007", 3)],
        },
        {
            "overdue": (
                ResultColumn("number", "VARCHAR", ("ledger", "invoices", "number")),
                ResultColumn("total", "DECIMAL(18,2)"),
            ),
            "remind.done": (ResultColumn("number", "VARCHAR", ("ledger", "invoices", "number")),),
        },
        {"overdue": [("R-1", D("100.00")), ("R-3", D("19.99"))], "remind.done": [("R-1",)]},
        ["later"],
    )  # fmt: skip


@pytest.fixture(scope="session")
def office() -> Office:
    return make_office()
