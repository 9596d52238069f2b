"""Writing to a database: computed from old values, in the row's own format, and nothing that is already so."""

from __future__ import annotations

import pytest

from .conftest import Office

RAISE = """
    steps:
      - id: raised
        query: |
          select i.number, round(i.amount * 1.1, 2) as amount
          from ledger.invoices i join ledger.vendors v on v.id = i.vendor_id
          where upper(v.country) = 'DE' and lower(i.status) = 'open'
          order by i.number
      - id: raise
        database.update: {table: ledger.invoices, rows: raised}
      - query: select number, amount from raise.done
"""


def test_an_update_from_old_values_through_a_join(office: Office) -> None:
    untouched = "select * from invoices where number in ('0003', '0005', '0006') order by number"
    before = office.db(untouched)
    outcome = office.do(RAISE)
    assert office.db("select number, amount, typeof(amount) from invoices where vendor_id in (1, 3) order by 1") == [
        ("0001", 110.11, "real"), ("0002", 55.0, "real"), ("0004", 11.11, "real"),
    ]  # fmt: skip
    assert office.db(untouched) == before
    assert outcome.states() == ["confirmed"] * 3
    assert outcome.answer == [["0001", "110.11"], ["0002", "55.00"], ["0004", "11.11"]]
    keys = [effect["key"] for effect in outcome.json["effects"]]
    assert len(set(keys)) == 3
    assert {(e["step"], e["operation"]) for e in outcome.json["effects"]} == {("raise", "database.update")}


def test_new_equal_to_old_is_unchanged(office: Office) -> None:
    text = """
        steps:
          - id: same
            query: select ref, paid_on, amount from ledger.payments where ref in ('A-1', 'A-3')
          - id: act
            database.update: {table: ledger.payments, key: ref, rows: same}
          - query: select ref from act.done
    """
    before = office.db("select * from payments")
    outcome = office.do(text)
    assert outcome.states() == ["unchanged", "unchanged"]
    assert outcome.answer == []
    assert office.db("select * from payments") == before


def test_only_what_differs_is_written_the_second_time(office: Office) -> None:
    text = """
        steps:
          - id: close
            query: select number, 'closed' as status from ledger.invoices where vendor_id = 1
          - database.update: {table: ledger.invoices, rows: close}
    """
    assert office.do(text).states() == ["confirmed", "confirmed"]
    assert office.do(text).states() == ["unchanged", "unchanged"]
    office.alter("update invoices set status = 'open' where number = '0002'")
    assert office.do(text).states() == ["unchanged", "confirmed"]


def test_the_rows_own_format(office: Office) -> None:
    """dd/mm/yyyy and 1.234,56 stay so, row by row; ISO with a time stays so; yyyymmdd stays so."""
    office.alter("insert into stock values ('south', 'X3', 2, '20260115'), ('south', 'X4', 2, '20260116')")
    office.do("""
        steps:
          - id: later
            query: select ref, paid_on + 1 as paid_on, amount + 1000 as amount from ledger.payments where ref = 'A-1'
          - database.update: {table: ledger.payments, key: ref, rows: later}
          - id: moved
            query: select "order id", placed + interval 1 hour as placed, cents + 1 as cents from ledger."order" where urgent = 'Y'
          - database.update: {table: ledger."order", rows: moved}
          - id: counted
            query: select warehouse, sku, qty - 1 as qty, current_date as checked from ledger.stock where sku = 'X2'
          - database.update: {table: ledger.stock, rows: counted}
    """)
    assert office.db("select paid_on, amount from payments") == [
        ("01/02/2026", "2.234,56"), ("05/02/2026", "0,10"), ("13/02/2026", "0,20"), ("", "12,00"),
    ]  # fmt: skip
    assert office.db('select "order id", placed, cents from "order"')[0] == ("007", "2026-03-10 18:30:00", 2000)
    assert office.db("select qty, checked from stock where sku = 'X2'") == [(6, "20260311")]


def test_nulls_blanks_and_umlauts(office: Office) -> None:
    office.do("""
        steps:
          - id: cleared
            query: select number, null as note, null as due_date from ledger.invoices where number = '0003'
          - database.update: {table: ledger.invoices, rows: cleared}
          - id: kunden
            query: select "Kunden Nr", 'übergroß' as "Größe", 0 as aktiv from ledger."Kunden Übersicht" where aktiv = 1
          - database.update: {table: 'ledger."Kunden Übersicht"', rows: kunden}
    """)
    assert office.db("select due_date, note from invoices where number = '0003'") == [(None, None)]
    assert office.db('select * from "Kunden Übersicht" order by 1') == [("00012", "übergroß", 0), ("00013", "klein", 0)]


def test_missing_and_double_keys_are_exceptions(office: Office) -> None:
    outcome = office.run("""
        steps:
          - id: new
            query: |
              select * from (values ('A-1', 5.00), ('A-2', 6.00), ('A-9', 7.00), (null, 8.00)) as t(ref, amount)
          - database.update: {table: ledger.payments, key: ref, rows: new}
    """)
    assert (outcome.code, outcome.json["status"]) == (4, "done_with_exceptions")
    assert outcome.states() == ["confirmed", "refused", "refused", "refused"]
    assert office.db("select ref, amount from payments") == [
        ("A-1", "5,00"), ("A-2", "0,10"), ("A-2", "0,20"), ("A-3", "12,00"),
    ]  # fmt: skip
    inbox = office.agent("exceptions --json").json
    assert [e["row"]["ref"] for e in inbox] == ["A-2", "A-9", None]
    assert all(e["reason"] and e["run_id"] == outcome.json["run_id"] for e in inbox)


def test_one_key_twice_among_the_rows(office: Office) -> None:
    outcome = office.run("""
        steps:
          - id: new
            query: select * from (values (1, 'won'), (1, 'lost'), (2, 'won')) as t(id, status)
          - database.update: {table: ledger.quotes, rows: new}
    """)
    assert outcome.code == 4
    assert "confirmed" in outcome.states()
    assert "refused" in outcome.states()
    assert office.db("select status from quotes where id = 2") == [("won",)]


def test_composite_keys(office: Office) -> None:
    outcome = office.do("""
        steps:
          - id: less
            query: select warehouse, sku, qty - 1 as qty from ledger.stock where sku = 'X1'
          - database.update: {table: ledger.stock, rows: less}
          - id: gone
            query: select warehouse, sku from ledger.stock where qty = 0
          - database.delete: {table: ledger.stock, rows: gone}
    """)
    assert outcome.states() == ["confirmed"] * 3
    assert office.db("select warehouse, sku, qty from stock order by 1, 2") == [("north", "X1", 4), ("north", "X2", 7)]


def test_insert_takes_defaults_and_upsert_takes_both(office: Office) -> None:
    outcome = office.do("""
        steps:
          - id: entries
            query: select 'closing ' || number as text from ledger.invoices where amount > 90 order by number
          - database.insert: {table: ledger.log, rows: entries}
          - id: paid
            query: select * from (values ('A-4', date '2026-03-10', 1500.5), ('A-5', null, 2)) as t(ref, paid_on, amount)
          - database.insert: {table: ledger.payments, rows: paid}
          - id: vendors
            query: select * from (values (4, 'Dent AG', 'dent@dent.example', 'DE'), (5, 'Eck', null, 'DE')) as t(id, name, email, country)
          - database.upsert: {table: ledger.vendors, rows: vendors}
    """)
    assert outcome.states() == ["confirmed"] * 6
    assert office.db("select * from log") == [(1, "closing 0001", "info"), (2, "closing 0005", "info")]
    rows = office.db("select * from payments where ref > 'A-3' order by 1")
    assert rows[0] == ("A-4", "10/03/2026", "1.500,50")
    assert rows[1][0], rows[1][2] == ("A-5", "2,00")
    assert office.db("select * from vendors where id > 3") == [
        (4, "Dent AG", "dent@dent.example", "DE"), (5, "Eck", None, "DE"),
    ]  # fmt: skip


def test_an_insert_of_a_key_that_is_there_is_an_exception(office: Office) -> None:
    outcome = office.run("""
        steps:
          - id: v
            query: select * from (values (1, 'Again'), (6, 'New')) as t(id, name)
          - database.insert: {table: ledger.vendors, rows: v}
    """)
    assert outcome.code == 4
    assert outcome.states() == ["refused", "confirmed"]
    assert office.db("select id, name from vendors where id in (1, 6)") == [(1, "Müller & Söhne"), (6, "New")]


def test_set_names_the_columns_to_use(office: Office) -> None:
    rows = "select id, 'won' as status, 99.0 as total, 'x' as remark from ledger.quotes where id = 1"
    without = f"steps:\n  - id: a\n    query: {rows}\n  - database.update: {{table: ledger.quotes, rows: a}}\n"
    outcome = office.run(without)
    assert outcome.code == 2
    assert "remark" in str(outcome.json["problems"])
    office.do(without.replace("rows: a}", "rows: a, set: [status]}"))
    assert office.db("select total, status from quotes where id = 1") == [(10.5, "won")]


@pytest.mark.parametrize(
    ("act", "word"),
    [
        ("database.update: {table: ledger.open_invoices, key: number, rows: a}", "open_invoices"),
        ("database.update: {table: ledger.payments, rows: a}", "key"),
        ("database.update: {table: mail.inbox, key: id, rows: a}", "mail"),
        ("database.delete: {table: ledger.invoices, rows: b}", "number"),
    ],
)
def test_writes_that_the_check_refuses(office: Office, act: str, word: str) -> None:
    outcome = office.run(f"""
        steps:
          - id: a
            query: select number, 5.00 as amount from ledger.invoices
          - id: b
            query: select 5 as five
          - {act}
    """)
    assert (outcome.code, outcome.json["status"]) == (2, "refused")
    assert word in str(outcome.json["problems"])
    assert outcome.json["effects"] == []


def test_money_is_exact(office: Office) -> None:
    office.alter("create table tens (id integer primary key, amount real)")
    office.alter(
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 1000) insert into tens select i, 0.1 from n"
    )
    assert office.ask("select sum(amount), sum(amount) = 100, avg(amount), sum(amount) / 3 from ledger.tens") == [
        ["100.00", True, "0.10", "33.33"],
    ]  # fmt: skip
    office.do("""
        steps:
          - id: total
            query: select 1 as id, sum(amount) / 7 as amount from ledger.tens
          - database.update: {table: ledger.tens, rows: total}
    """)
    assert office.db("select amount from tens where id = 1") == [(14.29,)]


DIVISIONS = {
    "sum(amount) filter (where vendor_id = 2) / 7": "153.61",
    "100.0 * count(*) filter (where vendor_id = 2) / count(*)": "33.33",
    "max(amount) filter (where vendor_id = 1) / 3": "33.37",
    "any_value(everything.total) / 7": "176.52",
    "coalesce(sum(amount), 0) / 7": "176.52",
    "(select sum(amount) from ledger.invoices) / 7": "176.52",
    "sum(case when vendor_id = 2 then amount else 0 end) / 7": "153.61",
    "sum(amount) / 7 * 7": "1235.64",
    "sum(sum(amount)) over () / 7": "176.52",
    "avg(vendor_id)": "3.00",
    "median(amount) / 2": "31.31",
}


def test_a_division_stays_exact_whatever_stands_around_it(office: Office) -> None:
    columns = ", ".join(f"{expression} as c{n}" for n, expression in enumerate(DIVISIONS))
    (row,) = office.ask(
        f"with everything as (select sum(amount) as total from ledger.invoices)\n"
        f"select {columns} from ledger.invoices, everything"
    )
    assert dict(zip(DIVISIONS, row, strict=True)) == DIVISIONS


def test_a_row_changed_by_somebody_else_keeps_the_others(office: Office) -> None:
    """The old values are part of the write's condition: a trigger that moves them makes an exception."""
    office.alter("""
        create trigger meddle after update on quotes when new.id = 1
        begin update quotes set total = total + 1 where id = 2; end;
    """)
    outcome = office.run("""
        steps:
          - id: up
            query: select id, total + 5 as total from ledger.quotes where id < 4 order by id
          - database.update: {table: ledger.quotes, rows: up}
    """)
    assert outcome.code == 4
    assert outcome.states() == ["confirmed", "refused", "confirmed"]
    assert office.db("select total from quotes order by id") == [(15.5,), (21.25,), (35.0,)]
