"""Texts with values in them: every filter, nulls, loops, and the order in which names are looked up."""

from __future__ import annotations

from .conftest import Office

STEPS = """
    inputs:
      who: {{type: text, default: Ann}}
      number: {{type: text, default: "an input"}}
    steps:
      - id: invoices
        query: select number, amount, due_date, status, note, amount / 3 as third, vendor_id, amount > 60 as large,
                      cast('2026-03-11 08:05:00' as timestamp) as at, 1234567.5 as big, 'ann lee' as person, 0.5 as "Amount EUR"
               from ledger.invoices where number in ('0001', '0003') order by number
      - id: one
        query: select number, amount, due_date, status, note, amount / 3 as third, vendor_id, amount > 60 as large,
                      cast('2026-03-11 08:05:00' as timestamp) as at, 1234567.5 as big, 'ann lee' as person, 0.5 as "Amount EUR"
               from ledger.invoices where number = '0001'
      - id: nothing
        query: select number from ledger.invoices where false
      - email.send:
          rows: one
          to: boss@acme.example
          subject: s
          body: |
{body}
"""

LINES = [
    ("{{ number }} {{ amount }} {{ due_date }} {{ vendor_id }} {{ large }}", "0001 100.10 2026-01-10 1 true"),
    ("{{ amount | money }} {{ big | money }} {{ third | money }}", "100.10 1,234,567.50 33.37"),
    ("{{ third }}", "33.37"),
    ("{{ big }} {{ big | number }}", "1234567.5 1,234,567.5"),
    ("{{ due_date | date('%d.%m.%Y') }} {{ due_date | date }}", "10.01.2026 2026-01-10"),
    ("{{ at | time }} {{ at }}", "08:05 2026-03-11 08:05:00"),
    ("{{ person | title }} {{ person | upper }} {{ status | lower }}", "Ann Lee ANN LEE open"),
    ("{{ note | default('none') }} {{ note | default(\"x\") | upper }}", "none X"),
    ('{{ row["Amount EUR"] }} {{ row.number }} {{ row["Amount EUR"] | money }}', "0.5 0001 0.50"),
    ("{{ inputs.who }} {{ inputs.number }} {{ number }}", "Ann an input 0001"),
    ("{{ today }}", "2026-03-11"),
    ("{{ invoices.count }} {{ invoices.first.number }} {{ nothing.count }}", "2 0001 0"),
    ("{{ invoices | join('number', '/') }}", "0001/0003"),
    ("{% for i in invoices %}{{ i.number }}:{{ i.amount | money }};{% endfor %}", "0001:100.10;0003:75.25;"),
    ("{% if large %}big{% else %}small{% endif %}", "big"),
    ("{% if note %}{{ note }}{% else %}no note{% endif %}", "no note"),
    ("{{ NUMBER }} {{ Amount }}", "0001 100.10"),
]


def test_every_filter(office: Office) -> None:
    body = "\n".join(f"            {line}" for line, _ in LINES)
    office.do(STEPS.format(body=body))
    (sent,) = office.sent()
    got = sent.get_content().splitlines()
    assert [(line, g) for (line, wanted), g in zip(LINES, got, strict=True) if wanted != g] == []


def test_a_table_of_a_step(office: Office) -> None:
    office.do("""
        steps:
          - id: overdue
            query: select number as "No", amount, due_date, note from ledger.invoices where number in ('0001', '0003', '0006') order by 1
          - email.send: {to: boss@acme.example, subject: s, body: "{{ overdue | table }}"}
    """)
    lines = [line.split() for line in office.sent()[0].get_content().splitlines()]
    assert lines[0] == ["No", "amount", "due_date", "note"]
    assert lines[2:] == [["0001", "100.10", "2026-01-10"], ["0003", "75.25", "2026-02-01", "call"], ["0006", "0.20"]]


def test_a_table_of_a_group_leaves_out_the_per_column(office: Office) -> None:
    office.do("""
        steps:
          - id: open
            query: select status, number, amount from ledger.invoices where vendor_id = 1 order by number
          - email.send: {rows: open, per: status, to: boss@acme.example, subject: "{{ status }}", body: "{{ rows | table }}"}
    """)
    bodies = {m["Subject"]: m.get_content().splitlines()[0].split() for m in office.sent()}
    assert bodies == {"open": ["number", "amount"], "Open": ["number", "amount"]}


def test_a_null_is_an_exception_for_that_row(office: Office) -> None:
    outcome = office.run("""
        steps:
          - id: all_of_them
            query: select number, note from ledger.invoices where number in ('0001', '0003') order by number
          - email.send: {rows: all_of_them, to: boss@acme.example, subject: "{{ number }}", body: "{{ note }}"}
    """)
    assert outcome.code == 4
    assert outcome.states() == ["refused", "confirmed"]
    assert [m["Subject"] for m in office.sent()] == ["0003"]
    (waiting,) = office.agent("exceptions --json").json
    assert "note" in waiting["reason"]
    assert waiting["row"]["number"] == "0001"


def test_a_null_in_an_act_without_rows_is_its_one_exception(office: Office) -> None:
    outcome = office.run("""
        steps:
          - id: latest
            query: select max(due_date) as due from ledger.invoices where false
          - email.send: {to: boss@acme.example, subject: "{{ latest.first.due }}", body: x}
          - id: none_such
            query: select number from ledger.invoices where false
          - email.send: {to: boss@acme.example, subject: "{{ none_such.first.number }}", body: x}
          - email.send: {to: boss@acme.example, subject: "fine {{ latest.first.due | default('never') }}", body: x}
    """)
    assert outcome.code == 4
    assert outcome.states() == ["refused", "refused", "confirmed"]
    assert [m["Subject"] for m in office.sent()] == ["fine never"]


def test_the_rows_columns_come_before_inputs_steps_and_today(office: Office) -> None:
    office.do("""
        inputs: {today: {type: text, default: "an input"}}
        steps:
          - id: other
            query: select 1 as n
          - id: r
            query: select 'a column' as today, 'col' as other
          - email.send: {rows: r, to: boss@acme.example, subject: "{{ today }}", body: "{{ other }} {{ inputs.today }}"}
    """)
    (sent,) = office.sent()
    assert (sent["Subject"], sent.get_content().strip()) == ("a column", "col an input")


WRONG = [
    ("{{ numbr }}", "number"),
    ("{{ number | monney }}", "money"),
    ("{{ invoces.count }}", "invoices"),
    ("{{ invoices.first.numbr }}", "number"),
    ("{{ inputs.whoo }}", "who"),
    ("{{ number.__class__.__mro__ }}", "__mro__"),
    ("{{ ''.__class__ }}", "__class__"),
    ("{{ range(3) }}", "call"),
    ("{{ number | attr('x') }}", "attr"),
    ("{% import 'os' as os %}", "import"),
    ("{{ number", "template"),
    ("{{ later.count }}", "later"),
    ("{% for i in invoices %}{{ i.numbr }}{% endfor %}", "number"),
    ("{{ rows.count }}", "rows"),
    ("{{ invoices | table('numbr') }}", "number"),
    ("{{ invoices | join('numbr') }}", "number"),
]


def test_templates_that_the_check_refuses(office: Office) -> None:
    """Every one of them at its own line, all at once."""
    steps = STEPS.format(body="            x").splitlines()
    first = len(steps) + 1
    for template, _ in WRONG:
        quoted = template.replace("'", "''")
        steps.append(f"      - email.send: {{rows: one, to: boss@acme.example, subject: s, body: '{quoted}'}}")
    outcome = office.run("\n".join([*steps, "      - {id: later, query: select 1 as n}", ""]))
    assert (outcome.code, outcome.json["status"], outcome.json["effects"]) == (2, "refused", [])
    for line, (template, word) in enumerate(WRONG, start=first):
        found = [p for p in outcome.json["problems"] if p["line"] == line]
        assert found, template
        assert word in str(found), (template, found)
