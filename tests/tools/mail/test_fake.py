"""The builder of mailboxes for users' tests."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from deskhand.errors import UsageError
from deskhand_tools.mail.fake import make_mailbox

from .conftest import Office


def test_a_mailbox_from_a_few_words(office: Office) -> None:
    ids = office.fill(
        {"sender": "Ada <ada@b.example>", "subject": "Größe", "body": "x", "date": "2026-03-11 09:15"},
        {"folder": "Newsletters", "unread": False, "flagged": True, "html": True, "body": "<p>y</p>", "id": "<own@x>"},
        folders=["Trash"],
    )
    assert ids[1] == "<own@x>"
    rows = office.rows("all", "folder", "id", "sender_name", "subject", "body", "date", "unread", "flagged")
    assert [tuple(r.values()) for r in rows] == [
        ("inbox", ids[0], "Ada", "Größe", "x", dt.datetime(2026, 3, 11, 10, 15), True, False),
        ("Newsletters", "<own@x>", None, "", "y", dt.datetime(2026, 1, 1, 10, 2), False, True),
    ]
    assert office.tool.table("trash") is not None


def test_the_same_words_make_the_same_mailbox(tmp_path: Path) -> None:
    mails = [{"subject": "a", "attachments": {"a.csv": "x\n1\n"}}, {"subject": "b", "folder": "F"}]
    made = []
    for name in ("one", "two"):
        make_mailbox(tmp_path / name, mails)
        made.append(
            {str(p.relative_to(tmp_path / name)): p.read_bytes() for p in (tmp_path / name).rglob("*") if p.is_file()}
        )
    assert made[0] == made[1]


def test_mails_are_added_after_those_that_are_there(office: Office) -> None:
    first = office.fill({"subject": "a"})
    second = office.fill({"subject": "b"})
    assert office.ids("inbox") == first + second
    assert first != second


@pytest.mark.parametrize(("mail", "named"), [({"subjekt": "x"}, "subjekt"), ({"date": 7}, "no moment")])
def test_unknown_words_are_refused(tmp_path: Path, mail: dict[str, object], named: str) -> None:
    with pytest.raises(UsageError) as caught:
        make_mailbox(tmp_path / "mail", [mail])
    assert named in caught.value.message
    assert caught.value.mend
