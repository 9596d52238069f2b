"""People and mail desks: timesheets, quotes, archives and hires, worked out once more in plain Python."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from collections import defaultdict
from decimal import Decimal as D
from textwrap import dedent

from .conftest import Desk, cells, cents, text_of


def test_timesheets_of_twelve_mails_become_the_payroll(desk: Desk) -> None:
    desk.sql("create table staff (id integer primary key, name text, email text, rate decimal(8,2), active text)")
    desk.sql(
        "insert into staff values (?,?,?,?,?)",
        [(i, f"Person {i}", f"p{i}@acme.example", 20 + i / 2, "N" if i == 14 else "Y") for i in range(1, 16)],
    )
    hours = {i: [7 + day * i % 5 / 4 for day in range(2, 7)] for i in range(1, 13)}
    for i, worked in hours.items():
        lines = "".join(f"2026-02-{day:02d},{h}\r\n" for day, h in enumerate(worked, 2))
        desk.receive(
            f"Person {i} <P{i}@Acme.example>",
            "Timesheet",
            attach=[(f"timesheet-{i}.csv", f"Date,Hours\r\n{lines}".encode())],
        )
    desk.run("""
        steps:
          - {id: t, query: 'select lower(mail_sender) as email, "Hours" as hours from mail."attachments/timesheet*.csv" where mail_date::date >= start_of(''month'')'}
          - id: payroll
            query: |
              select s.id, s.name, sum(t.hours) as hours, s.rate, round(sum(t.hours) * s.rate, 2) as pay
              from t join ledger.staff s on s.email = t.email group by s.id, s.name, s.rate order by s.id
          - {id: missing, query: "select name, email from ledger.staff s where active = 'Y' and not exists (select 1 from t where t.email = s.email)"}
          - spreadsheet.write: {file: payroll.xlsx, sheet: 2026-02, rows: payroll}
          - {id: total, query: "select 'Total' as name, sum(hours) as hours, sum(pay) as pay from payroll"}
          - spreadsheet.append: {table: 'files."payroll.xlsx/2026-02"', rows: total}
          - email.send: {rows: missing, to: "{{ email }}", subject: "Your timesheet of {{ today | date('%B') }}", body: "Hi {{ name }}"}
        """)
    expected = [
        [i, f"Person {i}", float(sum(h)), 20 + i / 2, float(cents(D(str(sum(h))) * D(str(20 + i / 2))))]
        for i, h in hours.items()
    ]
    total = [None, "Total", sum(sum(h) for h in hours.values()), None, float(sum(D(str(row[4])) for row in expected))]
    assert cells(desk.files / "payroll.xlsx", "2026-02")[1:] == [*expected, total]
    assert {(m["to"], m["subject"]) for m in desk.mails()} == {
        (f"p{i}@acme.example", "Your timesheet of March") for i in (13, 15)
    }


def test_everyone_who_asked_for_a_quote_gets_one(desk: Desk) -> None:
    desk.book(
        "prices.xlsx",
        {
            "Intro": [["Internal"]],
            "Prices": [
                ["Preisliste 2026"],
                [],
                ["Item", "Unit price", "Min qty"],
                ["Gear", 120.5, 10],
                ["Bolt", 0.25, 1000],
                ["Nut", None, 1],
            ],
        },
    )
    desk.receive("Ann <ann@x.example>", "Quote for Gear please", "20 pieces")
    desk.receive("bob@x.example", "AW: request for QUOTE: bolt")
    desk.receive("cid@x.example", "Quote: Nut")
    desk.receive("dee@x.example", "Hello")
    desk.run(
        """
        steps:
          - id: asked
            query: |
              select m.id, coalesce(m.sender_name, 'customer') as name, p."Item" as item, p."Unit price" as price, p."Min qty" as least
              from mail.inbox m join files."prices.xlsx/Prices" p on contains(lower(m.subject), lower(p."Item"))
              where m.subject ilike '%quote%' and m.unread
          - id: answered
            email.reply: {rows: asked, body: "{{ name }}: {{ item }} {{ price | money('EUR') }}{% if least > 1 %} from {{ least }} pieces{% endif %}"}
          - email.mark: {rows: answered.done, as: read}
        """,
        code=4,
    )
    sent = {m["in-reply-to"]: (m["to"], m["subject"], text_of(m).splitlines()[0]) for m in desk.mails()}
    assert sent == {
        "<1@outside.example>": (
            "Ann <ann@x.example>",
            "Re: Quote for Gear please",
            "Ann: Gear 120.50 EUR from 10 pieces",
        ),
        "<2@outside.example>": (
            "bob@x.example",
            "AW: request for QUOTE: bolt",
            "customer: Bolt 0.25 EUR from 1000 pieces",
        ),
    }
    assert {m["from"] for m in desk.mails("") if "S" in m["x-flags"]} == {"Ann <ann@x.example>", "bob@x.example"}


def test_old_mails_are_archived_by_year_with_their_flags(desk: Desk) -> None:
    filed: dict[str, set[tuple[str, bool]]] = defaultdict(set)
    for i in range(120):
        at = dt.datetime(2023, 1, 1, 23, 30, tzinfo=dt.UTC) + dt.timedelta(days=i * 10 - 1)
        desk.receive(f"a{i % 7}@x.example", f"m{i}", at=at.isoformat(), seen=i % 3 == 0)
        year = (at + dt.timedelta(hours=1)).year  # half past eleven in the evening is the next day here, in winter
        filed[f"Archive.{year}" if year < 2026 else ""].add((f"m{i}", i % 3 == 0))
    desk.run("""
        steps:
          - {id: old, query: "select id, year(day) as y from mail.inbox where day < start_of('year')"}
          - email.move: {rows: old, folder: "Archive.{{ y }}"}
        """)
    for folder, expected in filed.items():
        assert {(m["subject"], "S" in m["x-flags"]) for m in desk.mails(folder)} == expected


def test_hires_are_taken_on_and_what_is_wrong_with_one_stops_only_that_one(desk: Desk) -> None:
    desk.csv(
        "hires.csv",
        [
            ["name", "email", "start"],
            ["Ann Lee", "ann@acme.example", "2026-04-01"],
            ["Bob", "bob@acme.example", "2026-04-01"],
            ["Cid", "", "2026-04-01"],
        ],
    )
    desk.sql(
        "create table accounts (login text primary key, name text, created timestamp); create table tasks (id integer primary key, login text, task text, due date); insert into accounts values ('bob', 'Old Bob', '2020-01-01 00:00:00')"
    )
    (desk.root / "processes").mkdir()
    (desk.root / "processes" / "prepare.yaml").write_text(
        dedent("""
        process: prepare
        inputs: {login: {type: text}, start: {type: date}}
        steps:
          - id: t
            query: |
              select :login as login, t.task, add_business_days(:start, t.n) as due from (values ('Laptop', -5), ('Badge', 0), ('Review', 60)) t(task, n)
          - database.insert: {table: ledger.tasks, rows: t}
        """)
    )
    answer = desk.rows(
        """
        steps:
          - {id: hires, query: "select name, email, start, lower(split_part(name, ' ', 1)) as login from files.\\"hires.csv\\" where start > current_date"}
          - for_each: hires
            as: hire
            steps:
              - {id: account, query: "select login, name, current_timestamp as created from hire"}
              - database.insert: {table: ledger.accounts, rows: account}
              - email.send: {to: "{{ email }}", subject: "Welcome {{ name }}", body: "You start on {{ start | date('%d.%m.%Y') }} as {{ login }}."}
              - call: {process: prepare, inputs: {login: "{{ login }}", start: "{{ start }}"}}
          - query: select login, name, created from ledger.accounts order by login
        """,
        code=4,
    )
    assert answer == [
        ["ann", "Ann Lee", "2026-03-11T08:00:00"],
        ["bob", "Old Bob", "2020-01-01T00:00:00"],
        ["cid", "Cid", "2026-03-11T08:00:00"],
    ]
    assert desk.sql("select login, task, due from tasks") == [
        ("ann", "Laptop", "2026-03-25"),
        ("ann", "Badge", "2026-04-01"),
        ("ann", "Review", "2026-06-24"),
    ]
    assert [(m["to"], text_of(m).strip()) for m in desk.mails()] == [
        ("ann@acme.example", "You start on 01.04.2026 as ann.")
    ]


def test_a_process_of_its_own_says_nothing_but_its_answer(desk: Desk) -> None:
    plan = desk.plan("steps:\n  - query: select sum(x) as total from (values (1.10), (2.25)) t(x)\n")
    code = "import sys; from deskhand.cli.main import main; sys.exit(main())"
    arguments = ["run", str(plan), "--workspace", str(desk.root), "--yes", "--json"]
    ended = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert json.loads(ended.stdout)["answer"]["rows"] == [["3.35"]]
