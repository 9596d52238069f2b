"""email.send, email.reply, email.forward on a real Maildir."""

from __future__ import annotations

import errno
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from deskhand.contract import Item, ResultColumn, Rows, Verdict
from deskhand.errors import BusinessError, UnavailableError
from deskhand_tools.mail.compose import forward_subject, reply_subject
from deskhand_tools.mail.headers import one_line
from deskhand_tools.mail.message import tidy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import Office

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=120)
LIST = Rows(
    (ResultColumn("No", "VARCHAR"), ResultColumn("amount", "DECIMAL(18,2)")),
    [{"No": "007", "amount": Decimal("1.50")}, {"No": "008", "amount": None}],
)


# ---------------------------------------------------------------- send


def test_a_mail_is_one_file_in_sent(office: Office) -> None:
    done = office.one(
        "email.send",
        to="Ada <ada@vendor.example>; bob@vendor.example",
        cc=["boss@acme.example"],
        bcc="audit@acme.example",
        reply_to="answers@acme.example",
        subject="Grüße",
        body="Hallo\nzweite Zeile",
        key="run/1",
    )
    assert done.verdict is Verdict.CONFIRMED
    assert done.change.about == "mail to Ada <ada@vendor.example>, bob@vendor.example: Grüße"
    assert done.change.preview == {
        "from": "Acme Büro <ap@acme.example>",
        "to": "Ada <ada@vendor.example>, bob@vendor.example",
        "cc": "boss@acme.example",
        "bcc": "audit@acme.example",
        "reply_to": "answers@acme.example",
        "subject": "Grüße",
        "body": "Hallo\nzweite Zeile",
    }
    [mail] = office.sent()
    assert mail.header("Bcc") == "audit@acme.example"
    assert mail.header("Reply-To") == "answers@acme.example"
    assert mail.header("Date") == "Wed, 11 Mar 2026 09:30:00 +0100"
    [row] = office.rows("sent")
    assert row["sender"] == "ap@acme.example"
    assert row["sender_name"] == "Acme Büro"
    assert row["recipients"] == "ada@vendor.example, bob@vendor.example"
    assert (row["cc"], row["subject"], row["body"], row["unread"]) == (
        "boss@acme.example",
        "Grüße",
        "Hallo\nzweite Zeile",
        False,
    )
    assert isinstance(done.receipt, dict)
    assert done.receipt["message_id"] == row["id"]
    assert office.rows("inbox") == []


def test_the_id_comes_from_the_key(office: Office) -> None:
    for key in ("a", "b"):
        office.act("email.send", to="x@y.example", subject="s", key=key)
    ids = office.ids("sent")
    assert len(set(ids)) == 2
    assert all(id.endswith("@acme.example>") and len(id) == len("<>@acme.example") + 32 for id in ids)


@pytest.mark.parametrize("field", ["to", "cc", "bcc"])
def test_the_office_gets_what_it_writes_to_itself(office: Office, field: str) -> None:
    params = {"to": "x@y.example", field: "AP <AP@Acme.Example>"}
    office.confirmed("email.send", subject="s", body="b", **params)
    [row] = office.rows("inbox")
    assert (row["subject"], row["unread"]) == ("s", True)
    assert office.ids("sent") == [row["id"]]
    [copy] = office.mails("new")
    assert copy.header("Bcc") is None


def test_rows_are_one_mail_each_in_their_order(office: Office) -> None:
    for number in range(12):
        office.confirmed("email.send", to=f"v{number}@y.example", subject=str(number), key=str(number))
    assert [r["subject"] for r in office.rows("sent")] == [str(n) for n in range(12)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(subject=TEXTS, body=TEXTS, name=TEXTS)
def test_any_text_comes_back_from_sent(
    tmp_path_factory: pytest.TempPathFactory, subject: str, body: str, name: str
) -> None:
    office = Office(tmp_path_factory.mktemp("office") / "work")
    name = "".join(c for c in one_line(name).strip() if c not in '<>"\\,;' and c.isprintable())
    params = {"to": f'"{name}" <x@y.example>', "subject": subject, "body": body}
    office.confirmed("email.send", **params)
    [row] = office.rows("sent")
    assert row["subject"] == one_line(subject)
    assert row["body"] == tidy(body)
    [address] = office.sent()[0].addresses("To")
    assert address.name.split() == name.split()


def test_html_goes_out_with_its_text(office: Office) -> None:
    done = office.one("email.send", to="x@y.example", subject="s", body="<p>Grüße &amp; <b>Dank</b></p>", format="html")
    assert done.change.preview["format"] == "html"
    assert office.rows("sent")[0]["body"] == "Grüße & Dank"
    assert b"multipart/alternative" in office.sent()[0].raw


def test_two_spellings_of_an_address_are_written_to_once(office: Office) -> None:
    office.confirmed(
        "email.send",
        to="a@b.example, A@B.example",
        cc="a@b.example; c@d.example",
        bcc=["c@d.example", ""],
        subject="s",
    )
    [mail] = office.sent()
    assert (mail.header("To"), mail.header("Cc"), mail.header("Bcc")) == ("a@b.example", "c@d.example", None)


@pytest.mark.parametrize(
    ("params", "why"),
    [
        ({"to": ""}, "`to` is empty"),
        ({"to": " , "}, "`to` is empty"),
        ({"to": []}, "`to` is empty"),
        ({"to": ["a@b.example", ""]}, "`to` is empty"),
        ({"to": "vendor"}, "no @"),
        ({"to": "a@b.example", "cc": "c@"}, "after the @"),
        ({"to": "a@b.example", "bcc": "x y@z.example"}, "before the @"),
        ({"to": "a@b.example\nBcc: evil@x.example"}, "line break"),
        ({"to": "a@b.example", "reply_to": "a\r\nTo: b@c.example"}, "line break"),
    ],
)
def test_a_bad_recipient_is_an_exception_and_nothing_is_sent(office: Office, params: dict[str, Any], why: str) -> None:
    done = office.one("email.send", **{"subject": "s", **params})
    assert done.change.state == "exception"
    assert why in done.reason
    assert office.tool.table("sent") is not None
    assert office.rows("sent") == []


def test_line_breaks_in_a_subject_are_folded(office: Office) -> None:
    office.confirmed("email.send", to="x@y.example", subject="one\nBcc: evil@x.example\r\n two\n")
    [mail] = office.sent()
    assert mail.header("Subject") == "one Bcc: evil@x.example two"
    assert mail.header("Bcc") is None


def test_a_name_that_would_break_headers_is_quoted(office: Office) -> None:
    office.confirmed("email.send", to='"A, B: <c@d.example>" <x@y.example>', subject="s")
    [address] = office.sent()[0].addresses("To")
    assert (address.address, address.name) == ("x@y.example", "A, B: <c@d.example>")


# ---------------------------------------------------------------- attachments


def test_files_and_tables_are_attached(office: Office) -> None:
    (office.files / "reports").mkdir()
    (office.files / "reports" / "März 1.pdf").write_bytes(b"%PDF" * 100)
    params = {
        "attach": [
            "reports/März 1.pdf",
            {"table": "overdue", "name": "list.csv"},
            {"table": "overdue", "name": "Liste Ä.xlsx"},
        ]
    }
    done = office.one("email.send", to="ap@acme.example", subject="s", tables={"overdue": LIST}, **params)
    assert done.verdict is Verdict.CONFIRMED
    shown = done.change.preview["attachments"]
    assert isinstance(shown, list)
    assert shown[0] == {"name": "März 1.pdf", "size": 400}
    [mail] = office.sent()
    assert [a.name for a in mail.attachments()] == ["März 1.pdf", "list.csv", "Liste Ä.xlsx"]
    assert mail.attachments()[0].content == b"%PDF" * 100
    assert office.rows("attachments/list.csv", "No", "amount") == [
        {"No": "007", "amount": Decimal("1.50")},
        {"No": "008", "amount": None},
    ]
    assert [r["No"] for r in office.rows("attachments/Liste Ä.xlsx")] == ["007", "008"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)
@given(
    st.text(
        st.characters(exclude_categories=("C", "Zl", "Zp", "Zs"), exclude_characters="/\\"), min_size=1, max_size=60
    )
)
def test_any_attachments_name_comes_back(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    office = Office(tmp_path_factory.mktemp("office") / "work")
    params = {"attach": {"table": "t", "name": name + ".csv"}}
    office.confirmed("email.send", to="x@y.example", subject="s", tables={"t": LIST}, **params)
    assert [a.name for a in office.sent()[0].attachments()] == [name + ".csv"]


def test_a_file_that_isnt_there_yet_is_noted_and_refused_only_when_sent(office: Office) -> None:
    items = office.items("email.send", to="x@y.example", subject="s", attach="reports/a.xlsx")
    assert items[0].change.preview["note"] == "not there yet: a.xlsx"
    assert items[0].change.preview["attachments"] == [{"name": "a.xlsx", "size": None}]
    [receipt] = office.tool.operation("email.send").apply(items)
    assert isinstance(receipt, BusinessError)
    assert "reports/a.xlsx" in receipt.message
    assert receipt.mend
    (office.files / "reports").mkdir()
    (office.files / "reports" / "a.xlsx").write_bytes(b"x")
    [receipt] = office.tool.operation("email.send").apply(items)
    assert not isinstance(receipt, BusinessError)
    assert len(office.sent()) == 1


@pytest.mark.parametrize(
    ("attach", "why"),
    [
        ("../secret.txt", "secret"),
        ("/etc/passwd", "passwd"),
        ("sub", "is a folder"),
        ({"table": "none", "name": "a.csv"}, "no rows"),
        ({"table": "t", "name": "a.pdf"}, "neither"),
        ({"table": "t", "name": "../a.csv"}, "can't be the name"),
    ],
)
def test_what_cant_be_attached_is_an_exception(office: Office, attach: Any, why: str) -> None:
    (office.files / "sub").mkdir()
    (office.root / "secret.txt").write_text("secret")
    done = office.one("email.send", to="x@y.example", subject="s", attach=attach, tables={"t": LIST})
    assert why in done.reason
    assert not (office.mail / ".Sent").exists()


def test_without_a_files_folder_a_path_is_an_exception(office: Office) -> None:
    office.open(files=None)
    assert "spreadsheet" in office.one("email.send", to="x@y.example", subject="s", attach="a.pdf").reason


# ---------------------------------------------------------------- reply and forward


def test_a_reply_answers_the_mail(office: Office) -> None:
    [id] = office.fill(
        {
            "sender": "Jörg Müller <joerg@vendor.example>",
            "subject": "Größe",
            "body": "eins\n\nzwei",
            "date": "2026-03-10T09:15:00+01:00",
        }
    )
    office.confirmed("email.reply", [{"id": id}], body="Danke!\n")
    [mail] = office.sent()
    assert mail.header("To") == "Jörg Müller <joerg@vendor.example>"
    assert mail.header("Subject") == "Re: Größe"
    assert mail.header("In-Reply-To") == mail.header("References") == id
    assert mail.body == ("Danke!\n\nOn 2026-03-10 09:15, Jörg Müller <joerg@vendor.example> wrote:\n> eins\n>\n> zwei")
    assert office.rows("inbox", "unread") == [{"unread": True}]


def test_a_reply_goes_to_reply_to_and_all_leaves_us_out(office: Office) -> None:
    [id] = office.fill(
        {
            "sender": "bot@vendor.example",
            "reply_to": "desk@vendor.example",
            "to": "AP <ap@Acme.example>, bob@acme.example",
            "cc": "carol@acme.example, bob@acme.example, desk@vendor.example",
        }
    )
    office.confirmed("email.reply", [{"id": id}], body="x", key="one")
    office.confirmed("email.reply", [{"id": id}], body="x", all=True, key="all")
    one, everyone = office.sent()
    assert (one.header("To"), one.header("Cc")) == ("desk@vendor.example", None)
    assert (everyone.header("To"), everyone.header("Cc")) == (
        "desk@vendor.example, bob@acme.example",
        "carol@acme.example",
    )
    assert office.ids("inbox") == [id]


def test_a_thread_goes_on(office: Office) -> None:
    raw = (
        b"From: a@b.example\nMessage-ID: <3@b.example>\nReferences: <1@b.example>\n <2@b.example>\nSubject: RE: x\n\ny"
    )
    office.raw(raw)
    office.confirmed("email.reply", [{"id": "<3@b.example>"}], body="z")
    [mail] = office.sent()
    assert mail.header("References") == "<1@b.example> <2@b.example> <3@b.example>"
    assert mail.header("In-Reply-To") == "<3@b.example>"
    assert mail.header("Subject") == "RE: x"


def test_a_mail_without_id_can_be_answered(office: Office) -> None:
    office.raw(b"From: a@b.example\n\nhello")
    office.confirmed("email.reply", [{"id": office.ids("inbox")[0]}], body="hi")
    [mail] = office.sent()
    assert (mail.header("In-Reply-To"), mail.header("References")) == (None, None)
    assert mail.body.endswith("a@b.example wrote:\n> hello")


@pytest.mark.parametrize("sender", [b"", b"From: nobody\n", b"From: <>\n"])
def test_a_mail_without_a_sender_cant_be_answered(office: Office, sender: bytes) -> None:
    office.raw(sender + b"Message-ID: <1@b.example>\n\nhello")
    assert "no sender" in office.one("email.reply", [{"id": "<1@b.example>"}], body="x").reason


def test_the_offices_own_mail_is_answered_to_the_office(office: Office) -> None:
    [id] = office.fill({"sender": "ap@acme.example", "to": "ap@acme.example"})
    office.confirmed("email.reply", [{"id": id}], body="x", all=True)
    assert office.sent()[0].header("To") == "ap@acme.example"
    assert len(office.rows("inbox")) == 2


@pytest.mark.parametrize(
    ("subject", "reply", "forward"),
    [
        ("x", "Re: x", "Fwd: x"),
        ("Re: x", "Re: x", "Fwd: Re: x"),
        ("AW: x", "AW: x", "Fwd: AW: x"),
        ("Antw: x", "Antw: x", "Fwd: Antw: x"),
        ("re[2]: x", "re[2]: x", "Fwd: re[2]: x"),
        ("WG: x", "Re: WG: x", "WG: x"),
        ("FW: x", "Re: FW: x", "FW: x"),
        ("Fwd:x", "Re: Fwd:x", "Fwd:x"),
        ("Report: x", "Re: Report: x", "Fwd: Report: x"),
        ("", "Re:", "Fwd:"),
    ],
)
def test_subjects_arent_doubled(subject: str, reply: str, forward: str) -> None:
    assert (reply_subject(subject), forward_subject(subject)) == (reply, forward)


def test_a_forward_keeps_the_attachments(office: Office) -> None:
    [id] = office.fill(
        {
            "sender": "Ada <ada@vendor.example>",
            "cc": "bob@vendor.example",
            "subject": "Bank",
            "body": "anbei",
            "attachments": {"Bank Ä.csv": "a\n1\n", "b.pdf": b"%PDF"},
        }
    )
    (office.files / "c.txt").write_text("more")
    params = {"to": "boss@acme.example", "body": "zur Kenntnis", "attach": "c.txt"}
    office.confirmed("email.forward", [{"id": id}], **params)
    [mail] = office.sent()
    assert mail.header("Subject") == "Fwd: Bank"
    assert mail.header("In-Reply-To") is None
    assert [(a.name, a.type, a.content) for a in mail.attachments()] == [
        ("Bank Ä.csv", "text/csv", b"a\n1\n"),
        ("b.pdf", "application/pdf", b"%PDF"),
        ("c.txt", "text/plain", b"more"),
    ]
    assert mail.body.startswith(
        "zur Kenntnis\n\n---------- Forwarded message ----------\nFrom: Ada <ada@vendor.example>"
    )
    assert "Cc: bob@vendor.example\n\nanbei" in mail.body


def test_an_attached_mail_and_a_nameless_part_are_forwarded(office: Office) -> None:
    office.raw(
        b"From: a@b.example\nMessage-ID: <1@b.example>\nContent-Type: multipart/mixed; boundary=x\n\n"
        b"--x\nContent-Type: message/rfc822\n\nSubject: in\n\ntext\n"
        b"--x\nContent-Type: application/x-odd\n\nraw\n--x--\n"
    )
    office.confirmed("email.forward", [{"id": "1@b.example"}], to="boss@acme.example")
    assert [a.name for a in office.sent()[0].attachments()] == ["message-1.eml", "attachment-2.bin"]


def test_a_mail_that_has_gone_since_is_an_exception(office: Office) -> None:
    [id] = office.fill({})
    items = office.items("email.reply", [{"id": id}], body="x")
    next((office.mail / "new").iterdir()).unlink()
    [receipt] = office.tool.operation("email.reply").apply(items)
    assert isinstance(receipt, BusinessError)
    assert not (office.mail / ".Sent").exists()


# ---------------------------------------------------------------- crashes and trouble


def _mine(office: Office) -> list[Item]:
    return office.items("email.send", to="ap@acme.example, x@y.example", subject="s", body="b", key="k")


def test_a_crash_between_the_two_copies_is_mended_by_doing_it_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = _mine(office)
    rename = Path.rename

    def crash_at_sent(path: Path, target: Any) -> Path:
        if ".Sent" in str(target):
            raise KeyboardInterrupt
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", crash_at_sent)
    with pytest.raises(KeyboardInterrupt):
        office.tool.operation("email.send").apply(items)
    monkeypatch.undo()
    assert len(office.mails("new")) == 1
    office.open()
    doer = office.tool.operation("email.send")
    assert doer.verify(items) == [Verdict.ABSENT]
    doer.apply(items)
    assert doer.verify(items) == [Verdict.CONFIRMED]
    doer.apply(items)
    assert (len(office.mails("new")), len(office.sent())) == (1, 1)


def test_a_missing_copy_is_added_alone(office: Office) -> None:
    items = _mine(office)
    doer = office.tool.operation("email.send")
    doer.apply(items)
    next((office.mail / "new").iterdir()).unlink()
    assert doer.verify(items) == [Verdict.ABSENT]
    doer.apply(items)
    assert doer.verify(items) == [Verdict.CONFIRMED]
    assert (len(office.mails("new")), len(office.sent())) == (1, 1)


def test_a_copy_that_was_filed_or_renamed_since_counts(office: Office) -> None:
    items = _mine(office)
    doer = office.tool.operation("email.send")
    doer.apply(items)
    (office.mail / ".Done" / "cur").mkdir(parents=True)
    next((office.mail / "new").iterdir()).rename(office.mail / ".Done" / "cur" / "other.name:2,S")
    sent = next((office.mail / ".Sent" / "cur").iterdir())
    sent.rename(sent.with_name("renamed:2,FS"))
    office.open()
    doer = office.tool.operation("email.send")
    assert doer.verify(items) == [Verdict.CONFIRMED]
    before = office.tree()
    doer.apply(items)
    assert office.tree() == before


def test_a_name_alone_is_no_proof(office: Office) -> None:
    items = _mine(office)
    doer = office.tool.operation("email.send")
    doer.apply(items)
    for path in (*(office.mail / ".Sent" / "cur").iterdir(), *(office.mail / "new").iterdir()):
        path.write_bytes(b"Subject: something else\n\n")
    assert doer.verify(items) == [Verdict.ABSENT]


def test_a_full_disk_is_unavailable_and_leaves_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    items = _mine(office)
    office.fill(folders=["Sent"])
    before = office.tree()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UnavailableError) as caught:
        office.tool.operation("email.send").apply(items)
    monkeypatch.undo()
    assert "disk is full" in caught.value.message
    assert office.tree() == before
    assert office.tool.operation("email.send").verify(items) == [Verdict.ABSENT]


def test_a_mailbox_that_vanishes_is_unavailable(office: Office) -> None:
    items = _mine(office)
    office.mail.rename(office.root / "elsewhere")
    doer = office.tool.operation("email.send")
    for act in (doer.apply, doer.verify):
        with pytest.raises(UnavailableError):
            act(items)
    assert not office.mail.exists()
