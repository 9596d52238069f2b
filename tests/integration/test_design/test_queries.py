"""Everything that can be read is a table: what queries see, their types and what an answer looks like."""

from __future__ import annotations

import pytest

from .conftest import Office, mail


def test_an_answer_is_typed_json(office: Office) -> None:
    outcome = office.do("""
        steps:
          - query: |
              select number, vendor_id, amount, cast(due_date as date) as due, amount > 60 as large, note,
                     cast(due_date as timestamp) as moment
              from ledger.invoices where number in ('0001', '0006') order by number
    """)
    assert outcome.json["answer"] == {
        "columns": ["number", "vendor_id", "amount", "due", "large", "note", "moment"],
        "rows": [
            ["0001", 1, "100.10", "2026-01-10", True, None, "2026-01-10T00:00:00"],
            ["0006", 9, "0.20", None, False, None, None],
        ],
    }
    assert outcome.json["effects"] == []
    assert outcome.json["run_id"]
    assert "select number" in outcome.json["plan"]


def test_no_answer_where_the_last_step_is_an_act(office: Office) -> None:
    outcome = office.do("""
        steps:
          - id: a
            query: select 1 as n
          - spreadsheet.write: {file: a.xlsx, rows: a}
    """)
    assert outcome.json["answer"] is None
    assert set(outcome.json) == {"status", "run_id", "plan", "answer", "effects"}


def test_an_answer_without_rows_still_has_its_columns(office: Office) -> None:
    outcome = office.do("steps:\n  - query: select number, amount from ledger.invoices where amount > 100000\n")
    assert outcome.json["answer"] == {"columns": ["number", "amount"], "rows": []}


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ('select "order id", "group", cents, urgent from ledger."order" order by 1 limit 1', [["007", "A", 1999, "Y"]]),
        ("select count(*) from ledger.\"order\" where placed >= cast(date '2026-03-11' as timestamp)", [[2]]),
        ('select "GRÖSSE" from ledger."kunden übersicht" where "kunden nr" = \'00012\'', None),
        ("select \"größe\" from ledger.\"KUNDEN übersicht\" where \"kunden nr\" = '00012'", [["groß"]]),
        ("select sum(amount) from ledger.open_invoices", [["235.65"]]),
        ("select ref, paid_on, amount from ledger.payments where amount > 1000", [["A-1", "2026-01-31", "1234.56"]]),
        ("select sum(amount) from ledger.payments where ref = 'A-2'", [["0.30"]]),
        ("select sum(amount) = 0.3 from ledger.payments where ref = 'A-2'", [[True]]),
        ("select count(*) from ledger.payments where paid_on is null", [[1]]),
        ("select sum(vendor_id), max(vendor_id) from ledger.invoices", [[18, 9]]),
        ("select round(sum(amount), 1), sum(amount) / 3, avg(amount) from ledger.open_invoices",
         [["235.7", "78.55", "47.13"]]),
        ("select upper(status), count(*) from ledger.invoices group by 1 order by 1", [["OPEN", 5], ["PAID", 1]]),
        ("select median(amount), string_agg(number, '+' order by number desc) from ledger.open_invoices",
         [["50.00", "0006+0004+0003+0002+0001"]]),
        ("select unnest([1, 2]) as n", [[1], [2]]),
        ("select n from generate_series(1, 3) as t(n)", [[1], [2], [3]]),
        ("select regexp_extract('Invoice 0042 paid', '\\d+')", [["0042"]]),
        ("select number from ledger.invoices union select ref from ledger.payments order by 1 limit 2",
         [["0001"], ["0002"]]),
        ("with big as (select * from ledger.invoices where amount > 99) select count(*) from big", [[2]]),
        ("select row_number() over (order by amount desc) as place, number from ledger.invoices order by 1 limit 1",
         [[1, "0005"]]),
        ("select v.name, coalesce(sum(i.amount), 0) as total from ledger.vendors v left join ledger.invoices i\n"
         "on i.vendor_id = v.id where v.name = 'Dent' group by v.name", [["Dent", "0.00"]]),
        ("SELECT Number FROM Ledger.INVOICES WHERE NUMBER = '0001'", [["0001"]]),
        ("select exists(select 1 from ledger.log)", [[False]]),
        ("select cents / 100 from ledger.\"order\" where \"order id\" = '007'", [["19.99"]]),
    ],
    ids=lambda value: value[:60] if isinstance(value, str) else "",
)  # fmt: skip
def test_what_a_query_answers(office: Office, query: str, rows: list[list[object]] | None) -> None:
    if rows is None:  # another letter is another name: ß is no SS
        outcome = office.run(f"steps:\n  - query: |\n      {query}\n")
        assert outcome.code == 2 or outcome.answer == [["groß"]]
        return
    assert office.ask(query) == rows


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ('select * from files."budget.xlsx"', [["IT", 100, "50.50"], ["HR", 80, None]]),
        ('select * from files."budget.xlsx/2026"',
         [["IT", "0042", "200.50", "2026-03-31", "keep"], ["HR", "0043", "300.00", "2026-04-30", None]]),
        ('select "Paid in" from files."BUDGET.xlsx/2025"', [["50.50"], [None]]),
        ('select * from files."titled.xlsx"', [["North", 12, "10.25"], ["South", 7, "20.50"]]),
        ('select sum("Units"), sum("Amount EUR") from files."titled.xlsx/Report"', [[19, "30.75"]]),
        ('select * from files."umsatz.csv"', [["Müller", "1234.56", "2026-01-31"], ["Größe AG", "0.50", "2026-02-01"]]),
        ('select "Entry", "Ref" from files."archive/bank.csv" where "Ref" = \'0001\'', [["B-1", "0001"]]),
        ('select v.name, r.rate from ledger.vendors v join files."rates.csv" r on r.country = upper(v.country)\n'
         "where v.id in (2, 4) order by v.id", [["Bolt SARL", "0.20"], ["Dent", "0.19"]]),
        ('select b."Entry", i.amount - b."Amount" as short from files."archive/bank.csv" b\n'
         'join ledger.invoices i on i.number = b."Ref" order by 1', [["B-1", "0.00"], ["B-2", "0.25"]]),
    ],
    ids=lambda value: value[:60] if isinstance(value, str) else "",
)  # fmt: skip
def test_workbooks_and_csv_files_are_tables(office: Office, query: str, rows: list[list[object]]) -> None:
    assert office.ask(query) == rows


def test_mail_tables(office: Office) -> None:
    assert office.ask("select subject from mail.inbox where unread and flagged") == [["Payment list"]]
    assert office.ask(
        "select id, date, day, sender, sender_name, recipients, cc, body, unread, flagged, attachments\n"
        "from mail.inbox where subject = 'Order 12'"
    ) == [
        ["<order-12@x.example>", "2026-03-10T08:00:00", "2026-03-10", "ann@x.example", "Ann Lee", "ap@acme.example",
         "boss@x.example", "Please send 5 chairs.\nThanks", True, False, 0],
    ]  # fmt: skip
    # 23:30 UTC is the next day in Berlin
    assert office.ask("select day from mail.inbox where subject = 'Payment list'") == [["2026-03-10"]]
    assert office.ask("select body like '%Hello there%' and body not like '%<%' from mail.inbox where subject = 'Html only'") == [[True]]  # fmt: skip
    assert office.ask("select folder from mail.all where subject = 'Twice' order by lower(folder)") == [
        ["inbox"], ["Newsletters"],
    ]  # fmt: skip
    assert office.ask('select subject, unread from mail."newsletters"') == [["Twice", False]]
    assert office.ask("select count(*) from mail.sent") == [[0]]
    found = office.ask("select id from mail.inbox where subject = 'No id'")
    assert found[0][0]
    assert found == office.ask("select id from mail.inbox where subject = 'No id'")


def test_attachments_are_listed_and_read(office: Office) -> None:
    office.deliver(mail("Sent away", files={"payments.csv": b"number,paid\n0009,1.00\n"}), "Sent", flags="S")
    office.deliver(mail("Thrown away", files={"payments.csv": b"number,paid\n0008,1.00\n"}), "Trash", flags="S")
    office.deliver(mail("More", files={"payments 2.csv": b"number,paid\n0002,50.00\n"}), "Newsletters", flags="S")
    assert office.ask("select folder, mail_sender, name, size from mail.attachments order by name") == [
        ["inbox", "cy@x.example", "hours.xlsx", len(_hours(office))],
        ["Newsletters", "ann@x.example", "payments 2.csv", 23],
        ["inbox", "bob@bolt.example", "payments.csv", 35],
    ]
    assert office.ask(
        'select a.number, a.paid, i.amount from mail."attachments/pay*.csv" a\n'
        "left join ledger.invoices i using (number) order by 1"
    ) == [["0001", "100.10", "100.10"], ["0002", "50.00", "50.00"], ["0003", "70.00", "75.25"]]
    assert office.ask(
        'select mail_id, mail_sender, cast(mail_date as date), "Person", "Hours" from mail."attachments/hours.xlsx" limit 1'
    ) == [["<hours@x.example>", "cy@x.example", "2026-03-10", "Ada", 3]]


def _hours(office: Office) -> bytes:
    message = next(m for m in office.mails() if m["Subject"] == "Hours")
    return next(part.get_content() for part in message.iter_attachments())  # type: ignore[no-any-return]


def test_a_step_is_a_table_and_keeps_its_rows(office: Office) -> None:
    """`select 'expired' as st … where st = 'sent'` reads the old value; later acts don't change kept rows."""
    outcome = office.do("""
        steps:
          - id: late
            query: select id, 'expired' as status, status as was from ledger.quotes where status = 'sent' and valid_until < current_date
          - database.update: {table: ledger.quotes, rows: late, set: [status]}
          - id: after
            query: select id from ledger.quotes where status = 'expired'
          - query: |
              select l.id, l.was, (select count(*) from after) as after, q.status as now
              from late l join ledger.quotes q on q.id = l.id
    """)
    assert outcome.answer == [[1, "sent", 1, "expired"]]
    assert office.db("select id, status from quotes order by id") == [(1, "expired"), (2, "sent"), (3, "won")]


def test_order_is_kept_in_answers_files_and_mails(office: Office) -> None:
    office.do("""
        steps:
          - id: ordered
            query: select number, amount from ledger.invoices order by amount desc
          - spreadsheet.write: {file: ordered.csv, rows: ordered}
          - spreadsheet.write: {file: ordered.xlsx, rows: ordered}
          - email.send: {to: boss@acme.example, subject: ordered, body: "{{ ordered | join('number', ' ') }}"}
          - query: select number from ordered
    """)
    wanted = [n for (n,) in office.db("select number from invoices order by amount desc")]
    assert [line.split(",")[0] for line in (office.files / "ordered.csv").read_text().split()[1:]] == wanted
    assert [row[0] for row in office.cells("ordered.xlsx")[1:]] == wanted
    assert office.sent()[0].get_content().split() == wanted


INPUTS = """
    inputs:
      who: {type: text, default: Ann}
      least: {type: decimal, default: "10.50"}
      many: {type: integer, default: 3}
      since: {type: date, default: "2026-01-31"}
      at: {type: timestamp, default: "2026-01-31 12:00"}
      urgent: {type: boolean, default: false}
      day: {type: date, default: "start_of('month', -1)"}
      perhaps: {type: text, optional: true}
    steps:
      - query: select :who as who, :least as least, :many + 1 as many, :since as since, :at as moment, :urgent as urgent, :day as day, :perhaps as perhaps
"""


def test_inputs_of_every_type(office: Office) -> None:
    assert office.do(INPUTS).answer == [
        ["Ann", "10.50", 4, "2026-01-31", "2026-01-31T12:00:00", False, "2026-02-01", None]
    ]
    given = ["who=O'Hara; drop", "least=7", "many=-2", "since=2026-12-31", "at=2026-12-31T23:59", "urgent=true",
             "day=2026-05-05", "perhaps=x=y"]  # fmt: skip
    options = [part for one in given for part in ("--input", one)]
    row = office.do(INPUTS, *options).answer[0]
    assert row[0] == "O'Hara; drop"
    assert float(row[1]) == 7
    assert row[2:] == [-1, "2026-12-31", "2026-12-31T23:59:00", True, "2026-05-05", "x=y"]


@pytest.mark.parametrize("wrong", ["many=three", "since=31/31/2026", "urgent=perhaps", "least=1.2.3", "unknown=1"])
def test_wrong_inputs_are_refused(office: Office, wrong: str) -> None:
    outcome = office.run(INPUTS, "--input", wrong)
    assert (outcome.code, outcome.json["status"]) == (2, "refused")
    assert wrong.split("=")[0] in str(outcome.json)


def test_a_missing_input_is_refused(office: Office) -> None:
    outcome = office.run("inputs:\n  who: {}\nsteps:\n  - query: select :who as who\n")
    assert (outcome.code, outcome.json["status"]) == (2, "refused")
    assert "who" in str(outcome.json.get("problems") or outcome.json["reason"])


@pytest.mark.parametrize(
    ("table", "name"),
    [("checked", "20260131"), ("due", "20260228")],
)
def test_dates_without_separators(office: Office, table: str, name: str) -> None:
    office.alter(
        f"create table t (id integer primary key, {table} text); insert into t values (1, '{name}'), (2, '20260401');"
    )
    if table == "due":
        assert office.ask(f"select id from ledger.t where {table} < current_date") == [[1]]
    office.alter("insert into t values (3, '20260301'), (4, '20251231')")
    assert office.ask(f"select count(*) from ledger.t where {table} < current_date") == [[3]]
