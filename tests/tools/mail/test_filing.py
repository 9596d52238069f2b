"""email.move, email.copy, email.delete, email.mark, and which mail a row means."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from deskhand.contract import ResultColumn, Verdict
from deskhand.errors import BusinessError, UnavailableError

from .conftest import Office, origin

PLAIN = (ResultColumn("id", "VARCHAR"),)


def _folders(office: Office) -> dict[str, list[str]]:
    """The subjects in each folder."""
    found: dict[str, list[str]] = {}
    for row in office.rows("all", "folder", "subject"):
        found.setdefault(row["folder"], []).append(row["subject"])
    return found


def _two(office: Office, *folders: str) -> str:
    """The same mail, by its id, in several folders; the subject tells which."""
    office.fill(*({"id": "<1@x.example>", "subject": f"in {folder}", "folder": folder} for folder in folders))
    return "<1@x.example>"


# ---------------------------------------------------------------- move


def test_a_mail_moves_with_its_flags_into_a_folder_that_is_made(office: Office) -> None:
    ids = office.fill({"subject": "a", "unread": False, "flagged": True}, {"subject": "b"})
    done = office.confirmed("email.move", [{"id": id} for id in ids], folder="Clients/Acme")
    assert [(d.change.before, d.change.after) for d in done] == [
        ({"folder": "inbox"}, {"folder": "Clients/Acme"}),
        ({"folder": "inbox"}, {"folder": "Clients/Acme"}),
    ]
    assert _folders(office) == {"Clients/Acme": ["a", "b"]}
    rows = office.rows("Clients/Acme", "unread", "flagged")
    assert rows == [{"unread": False, "flagged": True}, {"unread": True, "flagged": False}]


def test_moving_to_where_it_is_changes_nothing(office: Office) -> None:
    [id] = office.fill({"folder": "Newsletters"})
    before = office.tree()
    columns = (origin("Newsletters"),)
    assert office.one("email.move", [{"id": id}], columns, folder="NEWSLETTERS").change.state == "unchanged"
    # read from the inbox long ago, and moved since
    assert office.one("email.move", [{"id": id}], folder="Newsletters").change.state == "unchanged"
    assert office.tree() == before


def test_the_folder_may_differ_by_row_and_be_the_inbox(office: Office) -> None:
    [id] = office.fill({"folder": "Other", "subject": "x"})
    office.confirmed("email.move", [{"id": id}], (origin("Other"),), folder="INBOX")
    assert _folders(office) == {"inbox": ["x"]}


def test_a_bad_folder_name_is_an_exception(office: Office) -> None:
    [id] = office.fill({})
    assert "folder's name" in office.one("email.move", [{"id": id}], folder="a\nb").reason


def test_a_mail_of_the_same_name_in_the_target_is_kept(office: Office) -> None:
    office.raw(b"Message-ID: <1@x>\nSubject: mine\n\n", "1.eml", part="cur")
    office.raw(b"Message-ID: <2@x>\nSubject: another\n\n", "1.eml", folder=".Done", part="cur")
    office.confirmed("email.move", [{"id": "<1@x>"}], folder="Done")
    assert sorted(_folders(office)["Done"]) == ["another", "mine"]


def test_a_batch_that_stopped_in_the_middle_can_be_done_again(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = office.fill({"subject": "a"}, {"subject": "b"}, {"subject": "c"})
    items = office.items("email.move", [{"id": id} for id in ids], folder="Done")
    rename, count = Path.rename, []

    def stops(path: Path, target: Any) -> Path:
        count.append(1)
        if len(count) == 2:
            raise OSError(28, "No space left on device")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", stops)
    doer = office.tool.operation("email.move")
    with pytest.raises(UnavailableError):
        doer.apply(items)
    assert doer.verify(items) == [Verdict.CONFIRMED, Verdict.ABSENT, Verdict.ABSENT]
    office.open()
    doer = office.tool.operation("email.move")
    assert not any(isinstance(r, BusinessError) for r in doer.apply(items))
    assert doer.verify(items) == [Verdict.CONFIRMED] * 3
    assert _folders(office) == {"Done": ["a", "b", "c"]}


def test_flags_changed_meanwhile_are_no_hindrance(office: Office) -> None:
    [id] = office.fill({"subject": "x"})
    items = office.items("email.move", [{"id": id}], folder="Done")
    path = next((office.mail / "new").iterdir())
    path.rename(office.mail / "cur" / f"{path.name}:2,RS")
    doer = office.tool.operation("email.move")
    doer.apply(items)
    assert doer.verify(items) == [Verdict.CONFIRMED]
    assert [p.name.rpartition(":")[2] for p in (office.mail / ".Done" / "cur").iterdir()] == ["2,RS"]


# ---------------------------------------------------------------- copy, delete, mark


def test_a_copy_is_made_once(office: Office) -> None:
    [id] = office.fill({"subject": "x", "flagged": True, "body": "text"})
    for state in ("change", "unchanged"):
        assert office.one("email.copy", [{"id": id}], folder="Archive").change.state == state
    assert _folders(office) == {"inbox": ["x"], "Archive": ["x"]}
    assert office.rows("Archive", "flagged", "body", "unread") == [{"flagged": True, "body": "text", "unread": True}]
    assert office.one("email.copy", [{"id": id}], folder="inbox").change.state == "unchanged"


def test_the_same_row_twice_is_copied_once(office: Office) -> None:
    [id] = office.fill({"subject": "x"})
    states = [d.change.state for d in office.act("email.copy", [{"id": id}, {"id": id}], folder="Archive")]
    assert states == ["change", "unchanged"]
    assert _folders(office) == {"inbox": ["x"], "Archive": ["x"]}


def test_a_copy_done_again_after_a_crash_is_one(office: Office) -> None:
    [id] = office.fill({"subject": "x"})
    items = office.items("email.copy", [{"id": id}], folder="Archive")
    for _ in range(2):
        office.open().operation("email.copy").apply(items)
    assert _folders(office) == {"inbox": ["x"], "Archive": ["x"]}


def test_delete_moves_to_trash_where_there_is_one(office: Office) -> None:
    [id] = office.fill({"subject": "x"}, folders=["Trash"])
    assert office.confirmed("email.delete", [{"id": id}])[0].change.after == {"folder": "Trash"}
    assert _folders(office) == {"Trash": ["x"]}
    assert office.one("email.delete", [{"id": id}]).change.state == "unchanged"
    office.open()
    assert office.one("email.delete", [{"id": id}]).change.state == "unchanged"
    # asked for in so many words, what lies in Trash is deleted for good
    assert office.confirmed("email.delete", [{"id": id}], (origin("Trash"),))[0].change.after == {"folder": None}
    assert _folders(office) == {}


def test_delete_without_trash_deletes(office: Office) -> None:
    id, _ = office.fill({"subject": "x"}, {"subject": "y"})
    office.confirmed("email.delete", [{"id": id}])
    assert _folders(office) == {"inbox": ["y"]}
    assert "no mail with the id" in office.one("email.delete", [{"id": id}]).reason
    assert not (office.mail / ".Trash").exists()


@pytest.mark.parametrize(
    ("flags", "mark", "name"),
    [
        ("", "read", "cur/1.a:2,S"),
        ("", "flagged", "cur/1.a:2,F"),
        (":2,FS", "unread", "cur/1.a:2,F"),
        (":2,FRS", "unflagged", "cur/1.a:2,RS"),
    ],
)
def test_marks(office: Office, flags: str, mark: str, name: str) -> None:
    path = office.raw(b"Message-ID: <1@x>\n\n", f"1.a{flags}", part="cur" if flags else "new")
    rows = [{"id": "<1@x>"}]
    done = office.confirmed("email.mark", rows, **{"as": mark})[0]
    column = "unread" if "read" in mark else "flagged"
    value = str(mark in ("unread", "flagged")).lower()
    assert done.change.after == {column: value}
    assert done.change.before == {column: str(value == "false").lower()}
    assert not path.exists()
    assert (office.mail / name).exists()
    assert office.one("email.mark", rows, **{"as": mark}).change.state == "unchanged"


# ---------------------------------------------------------------- which mail is meant


@pytest.mark.parametrize("spelling", ["<1@x.example>", "1@x.example", " <1@x.example> "])
def test_an_id_with_or_without_brackets(office: Office, spelling: str) -> None:
    _two(office, "inbox")
    office.confirmed("email.move", [{"id": spelling}], folder="Done")


@pytest.mark.parametrize(
    ("columns", "row", "moved"),
    [
        ((origin("Newsletters"),), {}, "Newsletters"),
        ((origin("newsletters"),), {}, "Newsletters"),
        ((origin("sent"),), {}, "Sent"),
        ((origin("all"), origin("all", "folder")), {"folder": "Trash"}, "Trash"),
        ((origin("attachments", "mail_id"), origin("attachments", "folder")), {"folder": "Newsletters"}, "Newsletters"),
        (PLAIN, {}, "inbox"),
        ((*PLAIN, ResultColumn("folder", "VARCHAR")), {"folder": "Newsletters"}, "Newsletters"),
        # where a mail should go says nothing about where it is
        ((*PLAIN, ResultColumn("folder", "VARCHAR", ("files", "rules.csv", "folder"))), {"folder": "Sent"}, "inbox"),
        ((origin("inbox"), ResultColumn("folder", "VARCHAR")), {"folder": "Newsletters"}, "inbox"),
        ((*PLAIN, ResultColumn("folder", "VARCHAR")), {"folder": "Nowhere"}, "inbox"),
        ((ResultColumn("id", "VARCHAR", ("other", "Newsletters", "id")),), {}, "inbox"),
    ],
)
def test_an_id_means_the_mail_in_the_folder_that_was_read(
    office: Office, columns: tuple[ResultColumn, ...], row: dict[str, Any], moved: str
) -> None:
    id = _two(office, "Trash", "Sent", "Newsletters", "inbox")
    name = columns[0].name
    office.confirmed("email.move", [{name: id, **row}], columns, folder="Done")
    assert _folders(office)["Done"] == [f"in {moved}"]


def test_a_row_of_all_mails_must_say_which_copy_it_means(office: Office) -> None:
    id = _two(office, "Sent", "Newsletters", "inbox")
    change = office.one("email.move", [{"id": id}], (origin("all"),), folder="Done")
    assert "Newsletters" in change.reason
    assert "inbox" in change.reason
    assert "`folder`" in change.reason


def test_a_copy_in_sent_leaves_no_doubt_which_is_meant(office: Office) -> None:
    id = _two(office, "Sent", "Trash", "inbox")
    office.confirmed("email.move", [{"id": id}], (origin("all"),), folder="Done")
    assert _folders(office)["Done"] == ["in inbox"]


def test_the_mails_own_id_comes_before_another_id(office: Office) -> None:
    id = _two(office, "inbox")
    columns = (ResultColumn("id", "BIGINT", ("ledger", "invoices", "id")), origin("attachments", "mail_id"))
    office.confirmed("email.move", [{"id": 7, "mail_id": id}], columns, folder="Done")


def test_trash_and_sent_are_searched_only_where_they_were_read(office: Office) -> None:
    id = _two(office, "Trash", "Sent")
    assert "any folder but Trash and Sent" in office.one("email.move", [{"id": id}], PLAIN, folder="Done").reason
    assert "in inbox" in office.one("email.move", [{"id": id}], folder="Done").reason
    office.confirmed("email.move", [{"id": id}], (origin("all"),), folder="Done")
    assert _folders(office)["Done"] == ["in Sent"]


def test_two_copies_are_two_mails_and_a_third_row_is_none(office: Office) -> None:
    id = _two(office, "inbox", "inbox")
    states = [d.change.state for d in office.act("email.move", [{"id": id}] * 3, folder="Done")]
    assert states == ["change", "change", "unchanged"]
    assert _folders(office) == {"Done": ["in inbox", "in inbox"]}


@pytest.mark.parametrize(("row", "why"), [({"id": None}, "empty"), ({"id": ""}, "empty"), ({"x": 1}, "brings no id")])
def test_a_row_without_an_id_is_an_exception(office: Office, row: dict[str, Any], why: str) -> None:
    assert why in office.one("email.mark", [row], PLAIN if "id" in row else (), **{"as": "read"}).reason


@pytest.mark.parametrize("resumed", [False, True])
def test_acts_follow_a_mail_that_an_earlier_act_has_moved(office: Office, resumed: bool) -> None:
    rows = [{"id": id} for id in office.fill({"subject": "x", "body": "text"}, {"subject": "y"})]
    office.confirmed("email.move", rows, folder="Done", key="1")
    if resumed:
        office.open()
    office.confirmed("email.mark", rows, key="2", **{"as": "read"})
    office.confirmed("email.move", rows, folder="Done/2026", key="3")
    office.confirmed("email.reply", rows[:1], body="x", key="4")
    office.confirmed("email.delete", rows[:1], key="5")
    assert _folders(office) == {"Sent": ["Re: x"], "Done/2026": ["y"]}


@pytest.mark.parametrize("content", [b"{\n[1]\n[1, 2, 3, 4]\n\xff", b"[]\n" * 20_001])
def test_a_damaged_trail_is_done_without(office: Office, content: bytes) -> None:
    [id] = office.fill({"subject": "x"})
    (office.root / "cache").mkdir(exist_ok=True)
    (office.root / "cache" / "moves.jsonl").write_bytes(content)
    office.confirmed("email.move", [{"id": id}], folder="Done", key="1")
    office.confirmed("email.move", [{"id": id}], folder="Later", key="2")
    assert _folders(office) == {"Later": ["x"]}


def test_another_copy_isnt_deleted_instead_of_one_that_went(office: Office) -> None:
    id = _two(office, "inbox", "Archive")
    next((office.mail / "new").iterdir()).unlink()
    assert office.one("email.delete", [{"id": id}]).change.state == "exception"
    assert _folders(office) == {"Archive": ["in Archive"]}
