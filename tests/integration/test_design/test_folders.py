"""Which message an act means, and what happens to acts over no rows, over steps of steps, inside loops."""

from __future__ import annotations

import pytest

from .conftest import Office, mail


@pytest.mark.parametrize(
    "read",
    [
        """select id from mail."Newsletters" where subject = 'Twice'""",
        """select id, folder from mail.all where subject = 'Twice' and folder = 'Newsletters'""",
        """select n.id from mail."Newsletters" n join mail.inbox i on i.id = n.id""",
        """with n as (select * from mail."Newsletters") select id from n where subject = 'Twice'""",
        """select id from (select id, subject from mail."Newsletters") where subject = 'Twice'""",
        """select first.id from first""",
    ],
)
def test_the_folder_that_was_read(office: Office, read: str) -> None:
    outcome = office.run(f"""
        steps:
          - id: first
            query: select id from mail."Newsletters" where subject = 'Twice'
          - id: picked
            query: |
              {read}
          - email.mark: {{rows: picked, as: flagged}}
    """)
    assert outcome.code == 0, outcome.out
    assert outcome.states() == ["confirmed"]
    assert "F" in office.flags("Newsletters")["Twice"]
    assert "F" not in office.flags()["Twice"]


@pytest.mark.parametrize(
    "read",
    [
        "select id from mail.all where subject = 'Twice' and folder = 'Newsletters'",
        "with n as (select * from mail.all where 'Newsletters' = folder) select id from n where subject = 'Twice'",
        "select a.id from mail.all a join ledger.vendors v on v.id = 1 where (a.folder = 'Newsletters' and a.subject = 'Twice')",
    ],
)
def test_all_mails_of_one_folder_are_that_folders(office: Office, read: str) -> None:
    outcome = office.run(f"""
        steps:
          - id: first
            query: {read}
          - id: picked
            query: select id from first
          - email.mark: {{rows: picked, as: flagged}}
    """)
    assert (outcome.code, outcome.states()) == (0, ["confirmed"]), outcome.out
    assert "F" in office.flags("Newsletters")["Twice"]
    assert "F" not in office.flags()["Twice"]


def test_an_id_of_all_mails_that_does_not_say_which(office: Office) -> None:
    """One of two copies is meant and the row doesn't say which: an exception, never a guess; both are both."""
    text = """
        steps:
          - id: picked
            query: select id from mail.all where subject = 'Twice' WHICH
          - email.mark: {rows: picked, as: flagged}
    """
    outcome = office.run(text.replace("WHICH", "and folder in ('Newsletters', 'Old')"))
    assert (outcome.code, outcome.states()) == (4, ["refused"])
    assert "folder" in office.agent("exceptions --json").json[0]["reason"]
    assert "F" not in office.flags()["Twice"] + office.flags("Newsletters")["Twice"]
    assert office.do(text.replace("WHICH", "")).states() == ["confirmed"] * 2
    assert "F" in office.flags()["Twice"]
    assert "F" in office.flags("Newsletters")["Twice"]


def test_in_a_loop_too(office: Office) -> None:
    office.do("""
        steps:
          - id: news
            query: select id, subject from mail."Newsletters"
          - for_each: news
            as: one
            steps:
              - email.copy: {rows: one, folder: Kept}
              - id: again
                query: select id from one
              - email.delete: {rows: again}
    """)
    assert office.subjects("Kept") == ["Twice"]
    assert office.subjects("Newsletters") == []
    assert "Twice" in office.subjects()


def test_messages_in_new_and_cur_and_twice_in_one_folder(office: Office) -> None:
    twin = mail("Twin", "a", mid="<twin@x.example>")
    office.deliver(twin)
    office.deliver(twin, flags="S")
    outcome = office.run("""
        steps:
          - id: twins
            query: select id from mail.inbox where subject = 'Twin'
          - email.move: {rows: twins, folder: Done}
    """)
    assert outcome.code in (0, 4)
    left = [s for s in office.subjects() if s == "Twin"]
    assert len(left) + len([s for s in office.subjects("Done") if s == "Twin"]) == 2  # none is lost


def test_acts_over_no_rows_do_nothing(office: Office) -> None:
    outcome = office.do("""
        steps:
          - id: nobody
            query: select id, sender, subject from mail.inbox where sender = 'nobody@x.example'
          - email.reply: {rows: nobody, body: hello}
          - email.send: {rows: nobody, per: sender, to: "{{ sender }}", subject: "{{ rows.count }}", body: "{{ rows | table }}"}
          - email.save_attachments: {rows: nobody}
          - for_each: nobody
            as: x
            steps: [{email.send: {to: boss@acme.example, subject: "{{ subject }}", body: x}}]
          - query: select count(*) from nobody
    """)
    assert outcome.json["effects"] == []
    assert outcome.answer == [[0]]


def test_ids_of_steps_ignore_case(office: Office) -> None:
    outcome = office.do("""
        steps:
          - id: Overdue
            query: select number from ledger.invoices where number = '0001'
          - email.send: {rows: overdue, when: OVERDUE, to: boss@acme.example, subject: "{{ overdue.count }} {{ Number }}", body: x}
          - query: select Number from OVERDUE
    """)
    assert outcome.answer == [["0001"]]
    assert office.subjects("Sent") == ["1 0001"]


def test_a_null_among_several_recipients(office: Office) -> None:
    outcome = office.run("""
        steps:
          - id: v
            query: select name, email from ledger.vendors order by id
          - email.send: {rows: v, to: [boss@acme.example, "{{ email }}"], subject: "{{ name }}", body: x}
          - email.send: {rows: v, to: boss@acme.example, cc: "{{ email | default('') }}", subject: "cc {{ name }}", body: x}
    """)
    assert outcome.code == 4
    assert outcome.states() == ["confirmed", "confirmed", "refused", "confirmed"] + ["confirmed"] * 4
    assert "cc Core" in office.subjects("Sent")


def test_html_mail_with_names_of_people(office: Office) -> None:
    office.do("""
        steps:
          - id: v
            query: select name from ledger.vendors where id = 1
          - email.send: {rows: v, to: boss@acme.example, subject: "Für {{ name }}", body: "<b>{{ name }}</b>", format: html}
    """)
    (sent,) = office.sent()
    assert sent["Subject"] == "Für Müller & Söhne"
    body = sent.get_body(("html",))
    assert body is not None
    assert body.get_content().strip() in ("<b>Müller & Söhne</b>", "<b>Müller &amp; Söhne</b>")


def test_loops_over_the_groups_rows(office: Office) -> None:
    office.do("""
        steps:
          - id: q
            query: select status, id, total, total as "Amount EUR" from ledger.quotes where status = 'sent' order by id
          - email.send:
              rows: q
              per: [status]
              to: boss@acme.example
              subject: "{{ status }}"
              body: |
                {% for r in rows %}{{ loop.index }}. {{ r.id }} {{ r["Amount EUR"] | money }}{% if not loop.last %};{% endif %}
                {% endfor %}
    """)
    lines = [line for line in office.sent()[0].get_content().splitlines() if line.strip()]
    assert lines == ["1. 1 10.50;", "2. 2 20.25"]


CHILD = """
    inputs: {quote: {type: integer}}
    steps:
      - id: q
        query: select id, customer from ledger.quotes where id = :quote
        expect: one
      - approve: {rows: q, ask: "Win {{ q.first.customer }}?"}
      - id: won
        query: select id, 'won' as status from q
      - database.update: {table: ledger.quotes, rows: won}
"""


def test_a_called_process_that_waits_makes_the_caller_wait(office: Office) -> None:
    office.process("win", CHILD)
    outcome = office.run("""
        steps:
          - id: a
            query: select id from ledger.quotes where id < 3 order by id
          - call: {process: win, rows: a, inputs: {quote: "{{ id }}"}}
          - query: select count(*) from ledger.quotes where status = 'won'
    """)
    assert (outcome.code, outcome.json["status"]) == (3, "waiting")
    done = office.agent("approve --json --yes --as me", outcome.json["run_id"])
    while done.code == 3:
        done = office.agent("approve --json --yes --as me", outcome.json["run_id"])
    assert (done.code, done.json["answer"]["rows"]) == (0, [[3]])


def test_a_called_process_that_is_refused_is_an_exception(office: Office) -> None:
    office.process("win", CHILD.replace('      - approve: {rows: q, ask: "Win {{ q.first.customer }}?"}\n', ""))
    text = """
        steps:
          - id: a
            query: select * from (values (1), (99), (2)) as t(id)
          - call: {process: win, rows: a, inputs: {quote: "{{ id }}"}, on_error: HOW}
          - email.send: {to: boss@acme.example, subject: after, body: x}
    """
    outcome = office.run(text.replace("HOW", "skip"))
    assert outcome.code == 4
    assert office.db("select status from quotes order by id") == [("won",), ("won",), ("won",)]
    assert office.subjects("Sent") == ["after"]
    (waiting,) = office.agent("exceptions --json").json
    assert waiting["row"]["id"] == 99
    assert office.run(text.replace("HOW", "stop"), name="stop").code in (1, 2)
    assert office.subjects("Sent") == ["after"]


def test_done_of_an_act_by_groups_and_in_loops(office: Office) -> None:
    outcome = office.run("""
        steps:
          - id: q
            query: select id, status, customer from ledger.quotes order by id
          - for_each: q
            as: one
            steps:
              - id: told
                email.send: {rows: one, to: boss@acme.example, subject: "{{ customer }}", body: x}
              - email.send: {rows: told.done, to: boss@acme.example, subject: "again {{ customer }}", body: x}
          - id: all_
            email.send: {rows: q, per: status, to: boss@acme.example, subject: "{{ status }}", body: x}
          - query: select customer from all_.done order by customer desc
    """)
    assert outcome.answer == [["Cy"], ["Bob"], ["Ada"]]
    assert len(office.sent()) == 8
