"""support-triage, really run: answers from the FAQ, the rest filed and assigned, machines left unanswered."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from deskhand.demo import OFFICE, support, write

from .conftest import Desk, Small, Twice, run_twice, states, table

QUESTION = {"subject": "Opening hours?", "body": "When are you open?"}


@pytest.fixture(scope="module")
def demo(demo_office: Callable[[], Desk]) -> Twice:
    """The demo office, triaged twice."""
    return run_twice(demo_office(), "support-triage")


def mails(action: str) -> list[support.Mail]:
    return [mail for mail in support.MAILS if mail.action == action]


def ids(desk: Desk, folder: str = "") -> set[str]:
    return {mail["Message-ID"] for mail in desk.folder(folder)}


def test_known_questions_are_answered(demo: Twice) -> None:
    desk, first = demo.desk, demo.first
    assert first["status"] == "done", first
    replies = {mail["In-Reply-To"]: mail for mail in desk.folder("Sent") if mail["Date"].datetime.month == 11}
    answers = {question: answer for _, _, question, answer in support.FAQ}
    for mail in mails("answered"):
        reply = replies[mail.message_id]
        assert reply["To"].addresses[0].addr_spec == mail.sender
        assert reply["Subject"] == f"Re: {mail.subject}"
        body = " ".join(reply.get_body(("plain",)).get_content().split())
        assert any(" ".join(answer.split()) in body for answer in answers.values())
        assert ">" in body, "the question is quoted"
    assert ids(desk, "Answered") == {mail.message_id for mail in mails("answered")}


def test_the_rest_is_filed_and_assigned(demo: Twice) -> None:
    desk = demo.desk
    for topic in ("Payments", "Orders", "Returns", "General"):
        assert ids(desk, topic) == {mail.message_id for mail in mails("assigned") if mail.topic == topic}
    forwards = [mail for mail in desk.folder("Sent") if mail["Subject"].startswith("Fwd: ")]
    assert {mail["Subject"] for mail in forwards} == {f"Fwd: {mail.subject}" for mail in mails("assigned")}
    by_subject = {mail["Subject"]: mail for mail in forwards}
    damages = by_subject["Fwd: Broken glasses"]
    assert damages["To"] == "paul@acme.example"
    assert [part.get_filename() for part in damages.iter_attachments()] == ["damages.csv"]
    # in turn: two people take payments
    assert {by_subject[f"Fwd: {s}"]["To"] for s in ("Mahnung R-2026-0044", "Credit note")} == {
        "lena@acme.example",
        "jonas@acme.example",
    }


def test_machines_are_never_answered(demo: Twice) -> None:
    desk = demo.desk
    machines = {mail.message_id for mail in mails("set aside")}
    answered = {mail["In-Reply-To"] for mail in desk.folder("Sent")}
    assert not machines & answered
    recipients = " ".join(str(mail["To"]) for mail in desk.folder("Sent"))
    assert not any(mail.sender in recipients for mail in mails("set aside"))
    assert machines <= ids(desk, "Newsletters") | ids(desk, "Automatic")


def test_every_mail_has_its_row_in_the_log(demo: Twice) -> None:
    desk, first = demo.desk, demo.first
    log = {row[0]: row[1:] for row in desk.ledger("select mail_id, action, topic from support_log")}
    expected = {m.message_id: (m.action, m.topic or None) for m in support.MAILS if m.action != "left"}
    assert {key: log[key] for key in log} == expected
    assert sum(row["mails"] for row in table(first)) == 17
    assert not any(mail.message_id in ids(desk) for mail in support.MAILS if mail.action != "left")
    assert ids(desk) == {mail.message_id for mail in support.MAILS if mail.action == "left" and not mail.folder}


def test_the_second_run_does_nothing(demo: Twice) -> None:
    second = demo.second
    assert (second["status"], second["effects"], second["answer"]["rows"]) == ("done", [], [])
    assert states(second) == set()
    assert demo.same


# ---------------------------------------------------------------- small offices


def triage(small: Small, root: Path, **inputs: str) -> tuple[Desk, dict[str, Any]]:
    desk = small.write(root)
    return desk, desk.run("support-triage", **inputs)


def actions(desk: Desk) -> dict[str, str]:
    return dict(desk.ledger("select subject, action from support_log"))


def test_an_empty_inbox(small: Small, tmp_path: Path) -> None:
    desk, head = triage(small, tmp_path)
    assert (head["status"], head["effects"], head["answer"]["rows"]) == ("done", [], [])
    assert desk.folder("Sent") == []


def test_one_mail(small: Small, tmp_path: Path) -> None:
    small.mail(**QUESTION)
    desk, head = triage(small, tmp_path)
    assert head["status"] == "done", head
    assert head["answer"]["rows"] == [["answered", "General", None, 1]]
    assert [mail["To"].addresses[0].addr_spec for mail in desk.folder("Sent")] == ["kim@shops.example"]
    assert desk.folder() == []


def test_a_mail_that_was_read_is_left_alone(small: Small, tmp_path: Path) -> None:
    small.mail(**QUESTION, unread=False)
    desk, head = triage(small, tmp_path)
    assert head["effects"] == []
    assert len(desk.folder()) == 1


def test_only_mails_since_a_day_when_one_is_given(small: Small, tmp_path: Path) -> None:
    """The day itself counts from its first minute; what came before stays unread in the inbox for another run."""
    small.mail("Before", QUESTION["body"], date=dt.datetime(2026, 10, 28, 23, 59))
    small.mail("On the day", QUESTION["body"], date=dt.datetime(2026, 10, 29, 0, 0))
    small.mail("After", QUESTION["body"])
    desk, head = triage(small, tmp_path, since="2026-10-29")
    assert head["status"] == "done", head
    assert actions(desk) == {"On the day": "answered", "After": "answered"}
    assert [mail["Subject"] for mail in desk.folder()] == ["Before"]
    assert desk.run("support-triage")["status"] == "done"
    assert set(actions(desk)) == {"Before", "On the day", "After"}


def test_a_since_that_is_no_date_is_refused(small: Small, tmp_path: Path) -> None:
    small.mail(**QUESTION)
    desk = small.write(tmp_path)
    head = desk.run("support-triage", since="Monday")
    assert head["status"] == "refused"
    assert "'since' is a date, and 'Monday' is none" in str(head)
    assert len(desk.folder()) == 1


def test_an_empty_faq_answers_nothing(small: Small, tmp_path: Path) -> None:
    small.faq = ()
    small.mail(**QUESTION)
    _, head = triage(small, tmp_path)
    assert head["status"] == "done", head
    assert head["answer"]["rows"] == [["assigned", "General", "Amira Haddad", 1]]


def test_two_equal_matches_go_to_a_person(small: Small, tmp_path: Path) -> None:
    small.faq = (("A", "apples", "Apples?", "Red."), ("B", "quince", "Quinces?", "Yellow."))
    small.mail("Fruit", "Have you apples or quince?")
    small.mail("Apple", "Have you apples?")
    desk, _ = triage(small, tmp_path)
    assert actions(desk) == {"Fruit": "assigned", "Apple": "answered"}


def test_words_quoted_from_before_dont_count(small: Small, tmp_path: Path) -> None:
    small.mail("Thanks", "That helped.\n\n> Your opening hours?\n > opening hours")
    desk, _ = triage(small, tmp_path)
    assert actions(desk) == {"Thanks": "assigned"}


def test_an_answer_that_didnt_help_goes_to_a_person(small: Small, tmp_path: Path) -> None:
    small.mail("Hours", "What are your opening hours?")
    desk, _ = triage(small, tmp_path)
    assert actions(desk) == {"Hours": "answered"}
    again = Small()
    again.mail("first", unread=False)  # takes the number that the first mail had
    again.mail("Re: Hours", "I still want your opening hours!")
    write.mailbox(desk.root / "mail", again.mails)
    desk.run("support-triage")
    assert actions(desk) == {"Hours": "answered", "Re: Hours": "assigned"}


def test_one_sender_gets_three_answers_a_day(small: Small, tmp_path: Path) -> None:
    for number in range(5):
        small.mail(f"Opening hours {number}")
    desk, head = triage(small, tmp_path)
    assert [(row["action"], row["mails"]) for row in table(head)] == [("answered", 3), ("assigned", 1), ("assigned", 1)]
    assert set(actions(desk).values()) == {"answered", "assigned"}


@pytest.mark.parametrize(
    "mail",
    [
        {"subject": "Opening hours", "sender": "no-reply@shops.example"},
        {"subject": "Opening hours", "sender": "bounces+12@shops.example"},
        {"subject": "Opening hours", "sender": "MAILER-DAEMON@shops.example"},
        {"subject": "Out of office: opening hours"},
        {"subject": "Automatische Antwort: opening hours"},
        {"subject": "opening hours", "body": "News!\n\nUnsubscribe here"},
    ],
    ids=lambda mail: mail.get("sender") or mail["subject"],
)
def test_a_machine(small: Small, tmp_path: Path, mail: dict[str, str]) -> None:
    small.mail(**mail)
    desk, head = triage(small, tmp_path)
    assert head["status"] == "done", head
    assert list(actions(desk).values()) == ["set aside"]
    assert desk.folder("Sent") == []


def test_our_own_mails_stay_where_they_are(small: Small, tmp_path: Path) -> None:
    small.mail(**QUESTION, sender=OFFICE)
    desk, head = triage(small, tmp_path)
    assert head["effects"] == []
    assert len(desk.folder()) == 1


def test_turns_go_on_after_earlier_runs(small: Small, tmp_path: Path) -> None:
    small.mail("Credit note", sender="a@shops.example")
    desk, _ = triage(small, tmp_path)
    more = Small()
    more.mail("first", unread=False)
    more.mail("A second credit note", sender="b@shops.example")
    write.mailbox(desk.root / "mail", more.mails)
    desk.run("support-triage")
    assert desk.ledger("select assignee from support_log order by received") == [("Lena Hoffmann",), ("Jonas Keller",)]
