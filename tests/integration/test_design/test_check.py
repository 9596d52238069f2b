"""A plan with a problem never starts: each mistake named with its line and the nearest right name, all at once."""

from __future__ import annotations

import pytest

from .conftest import Office

QUERIES = [
    ("select * from ledger.invoces", "invoices"),
    ("select nmber from ledger.invoices", "number"),
    ("select i.amonut from ledger.invoices i", "amount"),
    ("select * from leger.invoices", "ledger"),
    ("select * from invoices", "ledger.invoices"),
    ("select rond(amount, 1) from ledger.invoices", "round"),
    ("select number from ledger.invoices where amount > :limt", "limit"),
    ("select number from ledger.invoices where due_date > 5", "due_date"),
    ("select number from ledger.invoices where due_date < 'tomorrow'", "tomorrow"),
    ("select number from ledger.invoices where vendor_id = 'abc'", "vendor_id"),
    ("select sum(number) from ledger.invoices", "number"),
    ("select note + 1 from ledger.invoices", "note"),
    ("select number from ledger.invoices where amount", "where"),
    ("select i.number from ledger.invoices i join ledger.vendors v on v.name = i.vendor_id", "name"),
    ('select placed from ledger."order" where placed > current_date', "placed"),
    ("select amount as a, vendor_id as a from ledger.invoices", "a"),
    ("select subject from mail.inbox where unread = 1", "unread"),
    ("select number from ledger.invoices where number in (select number from ledger.vendors)", "number"),
    ('select * from files."budgt.xlsx"', "budget.xlsx"),
    ('select * from files."budget.xlsx/2027"', "budget.xlsx/202"),
    ('select Plannned from files."budget.xlsx"', "Planned"),
    ("select * from mail.inbx", "inbox"),
    ("select * from later", "later"),
    ("update ledger.invoices set amount = 1", "select"),
    ("delete from ledger.invoices", "select"),
    ("insert into ledger.log values (1, 'x', 'y')", "select"),
    ("drop table ledger.invoices", "select"),
    ("select 1; select 2", "one"),
    ("select 1; drop table ledger.invoices --", "one"),
    ("attach 'x.db' as x", "select"),
    ("pragma database_list", "select"),
    ("set memory_limit = '1GB'", "select"),
    ("copy (select 1) to '/tmp/x.csv'", "select"),
    ("select * from '/etc/passwd'", "/etc/passwd"),
    ("select * from read_csv('/etc/passwd')", "read_csv"),
    ("select getenv('HOME')", "getenv"),
    ("select * from duckdb_settings()", "duckdb_settings"),
    ("select * from information_schema.tables", "information_schema"),
    ("select random()", "random"),
    ("select localtime", "localtime"),
    ("select * from glob('/etc/*')", "glob"),
    ("select number from ledger.invoices where", "where"),
    ("selct 1", "select"),
]


def test_every_mistake_in_a_query_has_its_line(office: Office) -> None:
    """One plan with all of them: each step has its own problems, at its own line."""
    lines = ["inputs: {limit: {type: integer, default: 1}}", "steps:"]
    for query, _ in QUERIES:
        lines.append(f"  - query: {_quoted(query)}")
    lines.append("  - {id: later, query: select 1 as n}")
    outcome = office.run("\n".join(lines) + "\n")
    assert (outcome.code, outcome.json["status"], outcome.json["effects"]) == (2, "refused", [])
    problems = outcome.json["problems"]
    found = {n: [p for p in problems if p["line"] == n + 3] for n in range(len(QUERIES))}
    unseen = [query for n, (query, _) in enumerate(QUERIES) if not found[n]]
    assert unseen == []
    vague = [
        (query, found[n])
        for n, (query, word) in enumerate(QUERIES)
        if not any(word.casefold() in f"{p['message']} {p['mend']}".casefold() for p in found[n])
    ]
    assert vague == []
    assert all(p["message"] and p["mend"] for p in problems)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


PLANS = [
    ("steps:\n  - query: select 1 as n\n    expct: one\n", 3, "expect"),
    ("stps:\n  - query: select 1 as n\n", 1, "steps"),
    ("steps:\n  - id: select\n    query: select 1 as n\n", 2, "select"),
    ("steps:\n  - id: two words\n    query: select 1 as n\n", 2, "word"),
    ("steps:\n  - id: a\n    query: select 1 as n\n  - id: A\n    query: select 1 as n\n", 4, "a"),
    ("steps:\n  - query: select 1 as n\n    expect: many\n", 3, "some"),
    ("steps:\n  - email.send: {to: a@acme.example, subject: x, body: y, rows: nowhere}\n", 2, "nowhere"),
    ("steps:\n  - email.send: {to: a@acme.example, subject: true, body: y}\n", 2, "quotes"),
    ("steps:\n  - email.send: {to: a@acme.example, subject: x, body: {a: b}}\n", 2, "quotes"),
    ("steps:\n  - email.send:\n      to: a@acme.example\n      subject: Order #12 is due\n      body: x # y\n", 4, "quotes"),
    ("steps:\n  - email.send: {to: a@acme.example, subject: {{ today }}, body: x}\n", 2, "quotes"),
    ("steps:\n  - email.send: {to: a@acme.example, subject: x, body: y, when: select 1}\n", 2, "boolean"),
    ("steps:\n  - email.send: {to: a@acme.example, subject: x, body: y, when: nowhere}\n", 2, "nowhere"),
    ("steps:\n  - email.send: {to: a@acme.example, subject: x, body: y, when: select true, unless: select true}\n", 2, "unless"),
    ("steps:\n  - email.send: {to: a@acme.example, subject: x, body: y, per: a}\n", 2, "per"),
    ("steps:\n  - email.send: {to: a@acme.example, subject: x, body: y, on_error: ignore}\n", 2, "skip"),
    ("steps:\n  - email.send: {to: a@acme.example, subject: x, body: y, connection: post}\n", 2, "mail"),
    ("steps:\n  - for_each: nowhere\n    as: x\n    steps: [{query: select 1 as n}]\n", 2, "nowhere"),
    ("steps:\n  - approve: {rows: nowhere, ask: ok}\n", 2, "nowhere"),
    ("steps:\n  - call: {process: nowhere}\n", 2, "nowhere"),
    ("steps:\n  - query: select 1 as n\n    query: select 2 as n\n", 3, "twice"),
    ("inputs: {a: {type: intger}}\nsteps:\n  - query: select :a as n\n", 1, "integer"),
    ("inputs: {a: {type: integer, default: x}}\nsteps:\n  - query: select :a as n\n", 1, "x"),
    ("triggers:\n  - cron: '0 7 * *'\nsteps:\n  - query: select 1 as n\n", 2, "cron"),
    ("steps:\n  - database.update: {table: ledger.nowhere, rows: a}\n", 2, "nowhere"),
]  # fmt: skip


@pytest.mark.parametrize(("plan", "line", "word"), PLANS, ids=[str(n) for n in range(len(PLANS))])
def test_mistakes_in_a_plan(office: Office, plan: str, line: int, word: str) -> None:
    outcome = office.run(office.plan(plan))
    assert (outcome.code, outcome.json["status"], outcome.json["effects"]) == (2, "refused", [])
    problems = outcome.json["problems"]
    assert line in [p["line"] for p in problems], problems
    assert word.casefold() in str(problems).casefold(), problems


def test_all_problems_at_once(office: Office) -> None:
    outcome = office.run("""
        steps:
          - id: a
            query: select nmber, amount from ledger.invoices
          - id: b
            query: select custmer from ledger.quotes
          - email.send: {rows: a, to: "{{ emial }}", subject: x, boddy: x}
          - email.send: {to: a@acme.example, subject: "{{ nowhere.count }}", body: x}
          - database.update: {table: ledger.quotse, rows: b}
          - spreadsheet.write: {file: ../x.xlsx, rows: c}
    """)
    lines = sorted({p["line"] for p in outcome.json["problems"]})
    assert lines == [4, 6, 7, 8, 9, 10]
    said = str(outcome.json["problems"])
    for word in ("number", "customer", "body", "quotes", "nowhere", "../x.xlsx"):
        assert word in said, word
