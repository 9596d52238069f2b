"""How acts follow from one another: when and unless, expect, on_error, for_each, call, done."""

from __future__ import annotations

import pytest

from .conftest import Office

SEND = 'email.send: {{to: boss@acme.example, subject: "{0}", body: x}}'


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("some_rows", True),
        ("no_rows", False),
        ("select count(*) > 3 from ledger.invoices", True),
        ("select count(*) > :limit from ledger.invoices", False),
        ("select max(due_date) > current_date from ledger.invoices where number = '0006'", False),  # null is false
        ("select true from ledger.invoices where false", False),
        ("select exists (select 1 from some_rows) and not exists (select 1 from no_rows)", True),
    ],
)
def test_when_and_unless_are_complements(office: Office, condition: str, holds: bool) -> None:
    outcome = office.do(f"""
        inputs: {{limit: {{type: integer, default: 100}}}}
        steps:
          - id: some_rows
            query: select number from ledger.invoices
          - id: no_rows
            query: select number from ledger.invoices where false
          - email.send: {{when: "{condition}", to: boss@acme.example, subject: "then", body: x}}
          - email.send: {{unless: "{condition}", to: boss@acme.example, subject: "otherwise", body: x}}
    """)
    assert outcome.states() == ["confirmed"]
    assert office.subjects("Sent") == ["then" if holds else "otherwise"]


def test_when_is_asked_when_the_act_is_reached(office: Office) -> None:
    office.do("""
        steps:
          - id: sent
            query: select id, 'expired' as status from ledger.quotes where status = 'sent'
          - database.update: {table: ledger.quotes, rows: sent}
          - email.send: {when: "select count(*) = 0 from ledger.quotes where status = 'sent'", to: boss@acme.example, subject: none left, body: x}
          - email.send: {when: sent, to: boss@acme.example, subject: kept rows, body: x}
    """)
    assert office.subjects("Sent") == ["kept rows", "none left"]


def test_rows_and_when_together(office: Office) -> None:
    outcome = office.do("""
        steps:
          - id: a
            query: select id from ledger.quotes order by id
          - email.send: {rows: a, when: "select false", to: boss@acme.example, subject: "no {{ id }}", body: x}
          - id: act
            email.send: {rows: a, when: a, to: boss@acme.example, subject: "yes {{ id }}", body: x}
          - query: select count(*) from act.done
    """)
    assert outcome.states() == ["confirmed"] * 3
    assert outcome.answer == [[3]]
    assert office.subjects("Sent") == ["yes 1", "yes 2", "yes 3"]


@pytest.mark.parametrize(
    ("expect", "count", "holds"),
    [("one", 1, True), ("one", 0, False), ("one", 2, False), ("some", 2, True), ("some", 0, False),
     ("none", 0, True), ("none", 1, False), ("2", 2, True), ("2", 3, False), ("0", 0, True)],
)  # fmt: skip
def test_expect(office: Office, expect: str, count: int, holds: bool) -> None:
    outcome = office.run(f"""
        steps:
          - id: found
            query: select number from ledger.invoices order by number limit {count}
            expect: {expect}
          - email.send: {{to: boss@acme.example, subject: went on, body: x}}
    """)
    assert (outcome.code, outcome.json["status"]) == ((0, "done") if holds else (2, "refused"))
    assert (office.subjects("Sent") if holds else []) == (["went on"] if holds else [])
    if not holds:
        assert "found" in outcome.json["reason"]
        assert outcome.json["effects"] == []
        assert not office.folder("Sent").exists() or not office.sent()


def test_expect_after_a_change_fails_the_run(office: Office) -> None:
    outcome = office.run("""
        steps:
          - email.send: {to: boss@acme.example, subject: first, body: x}
          - query: select number from ledger.invoices where number = 'nowhere'
            expect: one
          - email.send: {to: boss@acme.example, subject: second, body: x}
    """)
    assert (outcome.code, outcome.json["status"]) == (1, "failed")
    assert office.subjects("Sent") == ["first"]
    assert outcome.states() == ["confirmed"]
    assert outcome.json["reason"]


def test_an_unchanged_act_is_no_change(office: Office) -> None:
    """Nothing has changed yet where all was so already: the run is refused, not failed."""
    outcome = office.run("""
        steps:
          - id: same
            query: select id, status from ledger.quotes
          - database.update: {table: ledger.quotes, rows: same}
          - query: select 1 as n where false
            expect: some
    """)
    assert (outcome.code, outcome.json["status"]) == (2, "refused")
    assert outcome.states() == ["unchanged"] * 3


ON_ERROR = """
    steps:
      - id: rows_
        query: select number, note from ledger.invoices where number in ('0001', '0003', '0005') order by note nulls NULLS
      - email.send: {rows: rows_, on_error: HOW, to: boss@acme.example, subject: "{{ number }}", body: "{{ note }}"}
      - email.send: {to: boss@acme.example, subject: after, body: x}
"""


def test_on_error_skip_and_stop(office: Office) -> None:
    outcome = office.run(ON_ERROR.replace("HOW", "skip").replace("NULLS", "first"))
    assert outcome.code == 4
    assert outcome.states() == ["refused", "refused", "confirmed", "confirmed"]
    assert office.subjects("Sent") == ["0003", "after"]
    outcome = office.run(ON_ERROR.replace("HOW", "stop").replace("NULLS", "first"), name="other")
    assert outcome.code in (1, 2)
    assert office.subjects("Sent") == ["0003", "after"]  # neither the rest of the rows nor the later act
    assert "note" in outcome.json["reason"]


NESTED = """
    steps:
      - id: vendors
        query: select id, name, email from ledger.vendors order by id
      - for_each: vendors
        as: vendor
        steps:
          - id: theirs
            query: select i.number, i.amount from ledger.invoices i join vendor v on v.id = i.vendor_id order by 1
          - for_each: theirs
            as: invoice
            steps:
              - email.send:
                  to: "{{ vendor.email }}"
                  subject: "{{ vendor.name }} {{ invoice.number }}"
                  body: "{{ number }} {{ amount }} of {{ theirs.count }}"
          - email.send: {to: boss@acme.example, subject: "{{ name }} {{ theirs.count }}", body: "{{ email }}"}
      - email.send: {to: boss@acme.example, subject: "end", body: x}
"""


def test_for_each_nested(office: Office) -> None:
    """Core has no address: the exception ends what remains for that row, and only for that row."""
    outcome = office.run(NESTED)
    assert (outcome.code, outcome.json["status"]) == (4, "done_with_exceptions")
    assert office.subjects("Sent") == sorted(
        ["Müller & Söhne 0001", "Müller & Söhne 0002", "Müller & Söhne 2", "Bolt SARL 0003", "Bolt SARL 0005",
         "Bolt SARL 2", "Dent 0", "end"]
    )  # fmt: skip
    bodies = {m["Subject"]: m.get_content().strip() for m in office.sent()}
    assert bodies["Bolt SARL 0003"] == "0003 75.25 of 2"


def test_for_each_row_sees_its_own_acts(office: Office) -> None:
    outcome = office.do("""
        steps:
          - id: quotes
            query: select id, customer, total from ledger.quotes where status = 'sent' order by id
          - for_each: quotes
            as: quote
            steps:
              - id: up
                query: select id, total + 1 as total from quote
              - database.update: {table: ledger.quotes, rows: up}
              - id: now_
                query: select q.total from ledger.quotes q join quote using (id)
              - spreadsheet.write: {file: "quotes/{{ customer }}.csv", rows: now_}
          - query: select id, total from ledger.quotes order by id
    """)
    assert outcome.answer == [[1, "11.50"], [2, "21.25"], [3, "30.00"]]
    assert (office.files / "quotes/Ada.csv").read_text() == "total\n11.50\n"
    assert (office.files / "quotes/Bob.csv").read_text() == "total\n21.25\n"


GREET = """
    inputs:
      name: {}
      start: {type: date, default: "2026-01-01"}
      money: {type: decimal, default: "0"}
    steps:
      - email.send: {to: office@acme.example, subject: "{{ inputs.name }} on {{ inputs.start }}", body: "{{ inputs.money }}"}
"""


def test_call_once_and_per_row(office: Office) -> None:
    office.process("onboard-one", GREET)
    outcome = office.do("""
        steps:
          - call: {process: onboard-one, inputs: {name: Once, start: 2026-05-04}}
          - id: hires
            query: select * from (values ('Ada', date '2026-04-01', 1.50), ('Bob', date '2026-04-02', 2.25)) as t(name, start, pay)
          - call: {process: onboard-one, rows: hires, inputs: {name: "{{ name }}", start: "{{ start }}", money: "{{ pay }}"}}
          - call: {process: onboard-one, when: "select false", inputs: {name: Never}}
    """)
    assert office.subjects("Sent") == ["Ada on 2026-04-01", "Bob on 2026-04-02", "Once on 2026-05-04"]
    assert outcome.states("email.send") == ["confirmed"] * 3
    assert {m["Subject"]: m.get_content().strip() for m in office.sent()}["Ada on 2026-04-01"] == "1.50"
    heads = office.agent("runs --json").json
    assert [h["run_id"] for h in heads][:1] == [outcome.json["run_id"]] or len(heads) == 4


def test_a_call_that_cannot_be_made_is_an_exception_of_its_row(office: Office) -> None:
    office.process("onboard-one", GREET)
    outcome = office.run("""
        steps:
          - id: hires
            query: select * from (values ('Ada', '2026-04-01'), (null, '2026-04-01'), ('Cy', 'soon')) as t(name, start)
          - call: {process: onboard-one, rows: hires, inputs: {name: "{{ name }}", start: "{{ start }}"}}
    """)
    assert outcome.code == 4
    assert office.subjects("Sent") == ["Ada on 2026-04-01"]
    assert len(office.agent("exceptions --json").json) == 2


@pytest.mark.parametrize(
    ("call", "word"),
    [
        ("call: {process: onboard, inputs: {name: x}}", "onboard-one"),
        ("call: {process: onboard-one}", "name"),
        ("call: {process: onboard-one, inputs: {name: x, nmae: y}}", "nmae"),
        ("call: {process: onboard-one, inputs: {name: x, start: soon}}", "soon"),
        ("call: {process: round-a}", "round"),
    ],
)
def test_calls_that_the_check_refuses(office: Office, call: str, word: str) -> None:
    office.process("onboard-one", GREET)
    office.process("round-a", "steps: [{call: {process: round-b}}]\n")
    office.process("round-b", "steps: [{call: {process: round-a}}]\n")
    outcome = office.run(f"steps:\n  - {call}\n")
    assert (outcome.code, outcome.json["status"]) == (2, "refused")
    assert word in str(outcome.json["problems"])


def test_done_of_a_file_and_of_skipped_rows(office: Office) -> None:
    outcome = office.run("""
        steps:
          - id: notes
            query: select number, note from ledger.invoices where number in ('0001', '0003', '0005') order by number
          - id: mails
            email.send: {rows: notes, to: boss@acme.example, subject: "{{ number }}", body: "{{ note }}"}
          - id: book
            spreadsheet.write: {file: a.csv, rows: notes}
          - id: never
            email.send: {rows: notes, when: "select false", to: boss@acme.example, subject: a, body: b}
          - id: told
            query: select m.number, (select count(*) from book.done) as b, (select count(*) from never.done) as n from mails.done m
          - email.send: {rows: mails.done, to: boss@acme.example, subject: "done {{ number }}", body: "{{ note }}"}
          - query: select * from told
    """)
    assert outcome.code == 4
    assert outcome.answer == [["0003", 3, 0]]
    assert office.subjects("Sent") == ["0003", "done 0003"]
