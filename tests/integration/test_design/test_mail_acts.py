"""Mail: sent, replied to, forwarded, moved, copied, marked, deleted, and attachments saved."""

from __future__ import annotations

from .conftest import Office, mail, workbook_bytes


def test_one_mail_per_row(office: Office) -> None:
    outcome = office.run("""
        steps:
          - id: overdue
            query: |
              select i.number, i.amount, i.due_date, v.name as vendor, v.email
              from ledger.invoices i join ledger.vendors v on v.id = i.vendor_id
              where lower(i.status) = 'open' and i.due_date < days_ago(0)
              order by i.number
          - email.send:
              rows: overdue
              to: "{{ email }}"
              cc: [cc@acme.example, "Second <second@acme.example>"]
              bcc: secret@acme.example
              reply_to: office@acme.example
              subject: "Invoice {{ number }} is overdue"
              body: "Dear {{ vendor }}, invoice {{ number }} over {{ amount | money }} was due on {{ due_date }}."
    """)
    assert (outcome.code, outcome.json["status"]) == (4, "done_with_exceptions")
    assert outcome.states() == ["confirmed", "confirmed", "refused"]  # Core has no address
    first, second = office.sent()
    assert first["From"].addresses[0].addr_spec == "ap@acme.example"
    assert first["To"] == "ap@mueller.example"
    assert [a.addr_spec for a in first["Cc"].addresses] == ["cc@acme.example", "second@acme.example"]
    assert first["Reply-To"] == "office@acme.example"
    assert first["Subject"] == "Invoice 0001 is overdue"
    assert first.get_content().strip() == "Dear Müller & Söhne, invoice 0001 over 100.10 was due on 2026-01-10."
    assert first["Message-ID"] != second["Message-ID"]
    assert second["To"] == "bolt@bolt.example"
    assert len(office.mails()) == 7


def test_mail_to_oneself_arrives_in_the_inbox_too(office: Office) -> None:
    outcome = office.do("""
        steps:
          - email.send: {to: [ap@acme.example, boss@acme.example], subject: "Zahlen für März", body: "<p>Grüße</p>", format: html}
          - query: select subject, unread from mail.inbox where sender = 'ap@acme.example'
    """)
    assert outcome.answer == [["Zahlen für März", True]]
    (sent,) = office.sent()
    assert sent["Subject"] == "Zahlen für März"
    body = sent.get_body(("html",))
    assert body is not None
    assert "<p>Grüße</p>" in body.get_content()
    assert "Zahlen für März" in office.subjects()


GROUPED = """
    steps:
      - id: open
        query: |
          select v.name as vendor, v.email, i.number as invoice, i.amount, i.status
          from ledger.invoices i left join ledger.vendors v on v.id = i.vendor_id
          where lower(i.status) = 'open' order by i.number
      - id: send
        email.send:
          rows: open
          per: PER
          to: "{{ email | default('nobody@acme.example') }}"
          subject: "{{ rows.count }} for {{ vendor }}"
          body: |
            {{ rows | table('invoice', 'amount') }}
            {{ rows | join('invoice', ' + ') }}
            {% for r in rows %}[{{ r.invoice }}={{ r["amount"] | money }}]{% endfor %}
          attach: [{table: rows, name: list.csv}]
      - query: select invoice from send.done
"""


def test_one_mail_per_group(office: Office) -> None:
    outcome = office.run(GROUPED.replace("PER", "email"))
    assert outcome.code == 4
    assert outcome.states() == ["confirmed", "confirmed", "refused"]  # the group of nulls is an exception
    first = office.sent()[0]
    assert first["Subject"] == "2 for Müller & Söhne"
    body = first.get_body(("plain",))
    assert body is not None
    lines = body.get_content().splitlines()
    assert [line.split() for line in lines[:4]] == [
        ["invoice", "amount"], ["-------", "------"], ["0001", "100.10"], ["0002", "50.00"],
    ]  # fmt: skip
    assert lines[4:] == ["0001 + 0002", "[0001=100.10][0002=50.00]"]
    (attached,) = first.iter_attachments()
    content = attached.get_payload(decode=True).decode("utf-8-sig").splitlines()
    assert attached.get_filename() == "list.csv"
    assert content[0].split(",")[-3:] == ["invoice", "amount", "status"]
    assert len(content) == 3
    assert outcome.answer == [["0001"], ["0002"], ["0003"]]
    (waiting,) = office.agent("exceptions --json").json
    assert "email" in waiting["reason"]


def test_a_group_by_several_columns(office: Office) -> None:
    outcome = office.run(GROUPED.replace("PER", "[vendor, email]"))
    assert outcome.states() == ["confirmed", "confirmed", "refused", "refused"]  # Core (no email); no vendor at all


def test_columns_that_vary_in_a_group_have_no_single_value(office: Office) -> None:
    outcome = office.run(GROUPED.replace("PER", "email").replace("for {{ vendor }}", "for {{ invoice }}"))
    assert outcome.code in (2, 4)
    assert not any(m["Subject"] == "2 for 0001" for m in office.sent())


def test_a_step_attached_as_a_workbook(office: Office) -> None:
    office.do("""
        steps:
          - id: list
            query: select number, amount from ledger.invoices order by number limit 2
          - email.send: {to: boss@acme.example, subject: List, body: "", attach: [{table: list, name: "list {{ today }}.xlsx"}, rates.csv]}
    """)
    first, second = office.sent()[0].iter_attachments()
    assert first.get_filename() == "list 2026-03-11.xlsx"
    office.text("back.xlsx", first.get_payload(decode=True))
    assert office.cells("back.xlsx") == [["number", "amount"], ["0001", 100.1], ["0002", 50]]
    assert second.get_payload(decode=True) == (office.files / "rates.csv").read_bytes()


def test_an_attachment_that_is_not_there(office: Office) -> None:
    outcome = office.run("""
        steps:
          - email.send: {to: boss@acme.example, subject: x, body: y, attach: ["nowhere {{ today }}.pdf"]}
    """)
    assert outcome.code in (2, 4)
    assert not office.folder("Sent").exists() or office.sent() == []


def test_reply(office: Office) -> None:
    text = """
        steps:
          - id: asked
            query: select id, sender_name from mail.inbox where subject = 'Order 12'
            expect: one
          - email.reply: {rows: asked, body: "Thanks {{ sender_name }}!", all: ALL}
    """
    office.do(text.replace("ALL", "false"))
    office.do(text.replace("ALL", "true"))
    one, everybody = office.sent()
    assert one["Subject"] == "Re: Order 12"
    assert [a.addr_spec for a in one["To"].addresses] == ["ann@x.example"]
    assert one["Cc"] is None
    assert one["In-Reply-To"] == "<order-12@x.example>"
    assert "<order-12@x.example>" in one["References"]
    lines = one.get_content().splitlines()
    assert lines[0] == "Thanks Ann Lee!"
    assert "> Please send 5 chairs." in lines
    reached = [a.addr_spec for h in ("To", "Cc") for a in everybody[h].addresses]
    assert sorted(reached) == ["ann@x.example", "boss@x.example"]


def test_a_reply_to_a_reply_keeps_one_re_and_goes_to_reply_to(office: Office) -> None:
    office.deliver(mail("Re: Order 12", "again", mid="<second@x.example>", Reply_To="desk@x.example",
                        In_Reply_To="<order-12@x.example>", References="<order-12@x.example>"))  # fmt: skip
    office.do("""
        steps:
          - id: asked
            query: select id from mail.inbox where subject like 'Re%'
          - email.reply: {rows: asked, body: "Yes"}
    """)
    (sent,) = office.sent()
    assert sent["Subject"] == "Re: Order 12"
    assert sent["To"] == "desk@x.example"
    assert str(sent["References"]).split() == ["<order-12@x.example>", "<second@x.example>"]


def test_forward_keeps_attachments(office: Office) -> None:
    office.do("""
        steps:
          - id: lists
            query: select id from mail.inbox where attachments > 0 order by subject
          - email.forward: {rows: lists, to: "boss@acme.example", body: "Please see below."}
          - id: html
            query: select id from mail.inbox where subject = 'Html only'
          - email.forward: {rows: html, to: [boss@acme.example]}
    """)
    hours, payments, html = office.sent()
    assert [m["Subject"] for m in (hours, payments, html)] == ["Fwd: Hours", "Fwd: Payment list", "Fwd: Html only"]
    text = payments.get_body(("plain",))
    assert text is not None
    assert text.get_content().startswith("Please see below.")
    assert "attached" in text.get_content()
    (attached,) = payments.iter_attachments()
    assert attached.get_filename() == "payments.csv"
    assert attached.get_payload(decode=True) == b"number,paid\n0001,100.10\n0003,70.00\n"
    assert "there" in html.as_string()


def test_the_message_in_the_folder_that_was_read(office: Office) -> None:
    """The same Message-ID lies in the inbox and in Newsletters; an act means the one that was read."""
    outcome = office.do("""
        steps:
          - id: there
            query: select id from mail."Newsletters" where subject = 'Twice'
          - email.mark: {rows: there, as: flagged}
          - email.move: {rows: there, folder: Archive/2026}
          - query: select folder, flagged from mail.all where subject = 'Twice' order by lower(folder)
    """)
    assert outcome.states() == ["confirmed", "confirmed"]
    assert "Twice" in office.subjects()
    assert office.subjects("Newsletters") == []
    assert [flagged for _, flagged in outcome.answer] == [True, False]
    assert "F" not in office.flags()["Twice"]


def test_mark_in_every_way(office: Office) -> None:
    outcome = office.do("""
        steps:
          - id: asked
            query: select id from mail.inbox where subject = 'Order 12'
          - email.mark: {rows: asked, as: read}
          - email.mark: {rows: asked, as: flagged}
          - email.mark: {rows: asked, as: flagged}
          - id: list
            query: select id from mail.inbox where flagged and subject = 'Payment list'
          - email.mark: {rows: list, as: unflagged}
          - id: old
            query: select id from mail.inbox where not unread
          - email.mark: {rows: old, as: unread}
    """)
    assert outcome.states() == ["confirmed", "confirmed", "unchanged", "confirmed", "confirmed", "confirmed"]
    flags = office.flags()
    assert flags["Order 12"] == "F"
    assert flags["Payment list"] == ""
    assert flags["Old news"] == ""


def test_copy_move_and_delete(office: Office) -> None:
    outcome = office.do("""
        steps:
          - id: asked
            query: select id from mail.inbox where subject = 'Order 12'
          - email.copy: {rows: asked, folder: Orders}
          - id: noid
            query: select id from mail.inbox where subject = 'No id'
          - email.move: {rows: noid, folder: "Müll & more"}
          - id: news
            query: select id from mail.inbox where sender like 'news@%'
          - email.delete: {rows: news}
          - query: select subject from mail."Müll & more"
    """)
    assert outcome.answer == [["No id"]]
    assert "Order 12" in office.subjects()
    assert office.subjects("Orders") == ["Order 12"]
    assert "No id" not in office.subjects()
    assert "Old news" not in office.subjects()
    again = office.run("""
        steps:
          - id: gone
            query: select '<old-news@x.example>' as id
          - email.mark: {rows: gone, as: read}
    """)
    assert again.code in (2, 4)


def test_delete_moves_to_trash_where_there_is_one(office: Office) -> None:
    office.deliver(mail("In trash"), "Trash", flags="S")
    office.do("""
        steps:
          - id: news
            query: select id from mail.inbox where subject = 'Old news'
          - email.delete: {rows: news}
    """)
    assert office.subjects("Trash") == ["In trash", "Old news"]
    office.do(
        """
        steps:
          - id: all
            query: select id from mail.trash
          - email.delete: {rows: all}
    """.replace("id: all", "id: everything").replace("rows: all", "rows: everything")
    )
    assert office.subjects("Trash") == []


def test_attachments_saved_and_then_read(office: Office) -> None:
    office.deliver(mail("Two files", mid="<two@x.example>", files={
        "a.csv": b"n\n1\n", "../../evil.csv": b"n\n2\n", "list.xlsx": workbook_bytes([["n"], [3]]),
    }))  # fmt: skip
    outcome = office.do("""
        steps:
          - id: two
            query: select mail_id as id, name from mail.attachments where mail_sender = 'ann@x.example' and name like '%.csv'
          - id: save
            email.save_attachments: {rows: two, to_folder: "in/{{ today }}"}
          - id: pay
            query: select id from mail.inbox where subject = 'Payment list'
          - email.save_attachments: {rows: pay}
          - query: select p.number, p.paid - i.amount as diff from files."payments.csv" p join ledger.invoices i using (number) order by 1
    """)
    assert outcome.answer == [["0001", "0.00"], ["0003", "-5.25"]]
    saved = sorted(p.name for p in (office.files / "in/2026-03-11").iterdir())
    assert len(saved) == 2
    assert saved[0] == "a.csv"
    assert (office.files / "in/2026-03-11/a.csv").read_bytes() == b"n\n1\n"
    assert not list(office.root.glob("*.csv")) and not list(office.root.parent.glob("evil*"))
    assert (office.files / "payments.csv").read_bytes() == b"number,paid\n0001,100.10\n0003,70.00\n"


def test_a_file_that_is_not_there_yet_can_be_named_in_a_query(office: Office) -> None:
    outcome = office.do("""
        steps:
          - id: hours
            query: select id from mail.inbox where subject = 'Hours'
          - email.save_attachments: {rows: hours, to_folder: incoming}
          - id: total
            query: select sum("Hours") as hours from files."incoming/hours.xlsx"
          - email.send: {to: boss@acme.example, subject: "{{ total.first.hours }} hours", body: "-"}
          - query: select hours + 1 as more from total
    """)
    assert outcome.answer == [[8]]
    assert office.sent()[0]["Subject"] == "7 hours"


MISTAKES = [
    ("email.send: {to: x@acme.example, subject: a, body: '{{ nowhere }}'}", "nowhere"),
    ("email.send: {subject: a, body: b}", "to"),
    ("email.send: {to: x@acme.example, subject: a, body: b, atach: [x.pdf]}", "attach"),
    ("email.mark: {rows: a, as: seen}", "read"),
    ("email.mark: {rows: b, as: read}", "id"),
    ("email.move: {rows: a}", "folder"),
    ("email.send: {to: true, subject: a, body: b}", "to"),
    ("email.sent: {to: x@acme.example, subject: a, body: b}", "email.send"),
    ("email.forward: {rows: a}", "to"),
    ("email.send: {rows: a, per: sendr, to: x@acme.example, subject: a, body: b}", "sender"),
    ("email.send: {to: not an address, subject: a, body: b}", "address"),
]


def test_mistakes_that_the_check_finds(office: Office) -> None:
    """Every one of them at its own line, all at once."""
    steps = """steps:
  - id: a
    query: select id, sender from mail.inbox
  - id: b
    query: select subject from mail.inbox""".splitlines()
    first = len(steps) + 1
    steps += [f"  - {act}" for act, _ in MISTAKES]
    outcome = office.run("\n".join([*steps, ""]))
    assert (outcome.code, outcome.json["status"], outcome.json["effects"]) == (2, "refused", [])
    for line, (act, word) in enumerate(MISTAKES, start=first):
        found = [p for p in outcome.json["problems"] if p["line"] == line]
        assert found, act
        assert word in str(found), (act, found)
