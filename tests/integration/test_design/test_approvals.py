"""What waits for a person, what a policy limits, and going on with a run."""

from __future__ import annotations

from .conftest import AGENT_TOML, Office

REMIND = """
    steps:
      - id: overdue
        query: select number, amount from ledger.invoices where number in ('0001', '0003') order by number
      - approve: {rows: overdue, ask: "Send {{ overdue.count }} reminders?", by: [controller]}
      - email.send: {rows: overdue, to: boss@acme.example, subject: "{{ number }}", body: "{{ amount }}"}
      - query: select count(*) from overdue
"""


def test_yes_never_stands_in_for_an_approval(office: Office) -> None:
    outcome = office.run(REMIND)
    assert (outcome.code, outcome.json["status"]) == (3, "waiting")
    assert outcome.json["question"] == "Send 2 reminders?"
    assert outcome.json["effects"] == []
    assert outcome.json["answer"] is None
    run = outcome.json["run_id"]
    (waiting,) = office.agent("approve --json").json
    assert waiting["run_id"] == run
    (head,) = office.agent("runs --json").json
    assert head == outcome.json
    assert office.agent("runs resume", run, "--json").code == 3  # still nobody said yes
    assert office.agent("approve --json --yes --as somebody", run).code == 2
    done = office.agent("approve --json --yes --as controller", run)
    assert (done.code, done.json["status"]) == (0, "done")
    assert done.json["run_id"] == run
    assert done.json["answer"]["rows"] == [[2]]
    assert office.subjects("Sent") == ["0001", "0003"]
    assert office.agent("approve --json --yes --as controller", run).code == 2


def test_a_denied_approval_cancels_the_run(office: Office) -> None:
    run = office.run(REMIND).json["run_id"]
    denied = office.agent("approve --json --yes --as controller --no", run)
    assert (denied.code, denied.json["status"]) == (1, "cancelled")
    assert not office.folder("Sent").exists() or not office.sent()


def test_two_people(office: Office) -> None:
    run = office.run(REMIND.replace("by: [controller]", "by: [controller, head], two: true")).json["run_id"]
    first = office.agent("approve --json --yes --as controller", run)
    assert first.code == 3
    again = office.agent("approve --json --yes --as controller", run)
    assert again.code in (2, 3)
    assert not office.folder("Sent").exists() or not office.sent()
    assert office.agent("approve --json --yes --as head", run).code == 0
    assert office.subjects("Sent") == ["0001", "0003"]


def test_nothing_to_approve_where_there_are_no_rows(office: Office) -> None:
    outcome = office.do(REMIND.replace("in ('0001', '0003')", "= 'none'"))
    assert outcome.answer == [[0]]


def test_approve_in_a_loop_waits_for_each_row(office: Office) -> None:
    outcome = office.run("""
        steps:
          - id: vendors
            query: select id, name from ledger.vendors where id < 3 order by id
          - for_each: vendors
            as: vendor
            steps:
              - approve: {rows: vendor, ask: "Write to {{ name }}?"}
              - email.send: {to: boss@acme.example, subject: "{{ name }}", body: x}
    """)
    assert outcome.code == 3
    done = office.agent("approve --json --yes --as anybody", outcome.json["run_id"])
    assert done.code == 0, done.out
    assert office.subjects("Sent") == ["Bolt SARL", "Müller & Söhne"]


def test_approve_when_of_the_policy(office: Office) -> None:
    _policy(office, '[policy."database.update"]\napprove_when = "count(*) > 1 or sum(total) > 25"\n')
    text = """
        steps:
          - id: a
            query: select id, total + 1 as total from ledger.quotes where id WHICH
          - database.update: {table: ledger.quotes, rows: a}
    """
    assert office.run(text.replace("WHICH", "= 1")).code == 0
    many = office.run(text.replace("WHICH", "< 3"), name="many")
    assert (many.code, many.json["status"]) == (3, "waiting")
    assert many.json["question"]
    large = office.run(text.replace("WHICH", "= 3"), name="large")
    assert large.code == 3
    assert office.db("select total from quotes order by id") == [(11.5,), (20.25,), (30.0,)]
    assert office.agent("approve --json --yes --as anybody", many.json["run_id"]).code == 0
    assert office.db("select total from quotes order by id") == [(12.5,), (21.25,), (30.0,)]


def test_an_approval_binds_to_its_rows(office: Office) -> None:
    """The rows of a step are kept: what was approved is what is done, though the source has changed since."""
    run = office.run(REMIND).json["run_id"]
    office.alter("update invoices set amount = 1 where number = '0001'")
    assert office.agent("approve --json --yes --as controller", run).code == 0
    assert {m["Subject"]: m.get_content().strip() for m in office.sent()} == {"0001": "100.10", "0003": "75.25"}


def test_max_rows(office: Office) -> None:
    _policy(office, '[policy."email.send"]\nmax_rows = 1\n')
    outcome = office.run(
        REMIND.replace('- approve: {rows: overdue, ask: "Send {{ overdue.count }} reminders?", by: [controller]}', "")
    )
    assert (outcome.code, outcome.json["status"]) == (2, "refused")
    assert "1" in outcome.json["reason"]
    assert not office.folder("Sent").exists() or not office.sent()


def test_recipients_of_the_policy(office: Office) -> None:
    _policy(office, '[policy."email.send"]\nrecipients = ["*@acme.example"]\n')
    literal = office.run("steps:\n  - email.send: {to: x@evil.example, subject: a, body: b}\n")
    assert (literal.code, literal.json["status"]) == (2, "refused")
    assert "x@evil.example" in str(literal.json["problems"])
    _policy(office, '[policy."email.send"]\nrecipients = ["*@acme.example", "ledger.vendors.email"]\n')
    outcome = office.run("""
        steps:
          - id: to_whom
            query: select * from (values ('Bolt@bolt.example'), ('x@evil.example'), ('any@acme.example')) as t(a)
          - email.send: {rows: to_whom, to: "{{ a }}", subject: s, body: b}
    """)
    assert outcome.code == 4
    assert outcome.states() == ["confirmed", "refused", "confirmed"]
    assert len(office.sent()) == 2


def _policy(office: Office, text: str) -> None:
    (office.root / "agent.toml").write_text(AGENT_TOML + "\n" + text, encoding="utf-8")
