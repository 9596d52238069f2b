"""The mailbox as tables, by DESIGN's letter."""

from __future__ import annotations

import datetime as dt
import shutil
import time
from pathlib import Path

import pytest
from deskhand.contract import Filter
from deskhand.errors import DataError, UnavailableError, WorkspaceError
from deskhand_tools.mail import MailTool
from deskhand_tools.mail.store import Store

from .conftest import Office

MESSAGE = [
    ("id", "VARCHAR"),
    ("date", "TIMESTAMP"),
    ("day", "DATE"),
    ("sender", "VARCHAR"),
    ("sender_name", "VARCHAR"),
    ("recipients", "VARCHAR"),
    ("cc", "VARCHAR"),
    ("subject", "VARCHAR"),
    ("body", "VARCHAR"),
    ("unread", "BOOLEAN"),
    ("flagged", "BOOLEAN"),
    ("attachments", "BIGINT"),
]


def test_an_empty_mailbox_has_its_tables(office: Office) -> None:
    assert [(t.name, t.rows, t.writable) for t in office.tool.tables()] == [
        ("inbox", 0, False),
        ("sent", 0, False),
        ("all", 0, False),
        ("attachments", 0, False),
    ]
    assert office.rows("sent") == []


def test_columns_and_values(office: Office) -> None:
    office.fill(
        {
            "id": "<1@b.example>",
            "sender": "Müller, Jörg <J.Mueller@B.Example>".replace("Müller, Jörg", '"Müller, Jörg"'),
            "to": "ap@acme.example, Bob <bob@acme.example>",
            "cc": "boss@acme.example",
            "subject": "Größe: eine sehr lange Zeile, die gefaltet wird, weil sie über das Ende hinausgeht",
            "body": "erste\nzweite",
            # in Berlin it is the next day already
            "date": "2026-03-10T23:30:00+00:00",
            "attachments": {"a.csv": "x\n1\n", "b.pdf": b"%PDF"},
            "flagged": True,
        }
    )
    table = office.tool.table("INBOX")
    assert table is not None
    assert [(c.name, c.type) for c in table.columns] == MESSAGE
    assert office.rows("inbox") == [
        {
            "id": "<1@b.example>",
            "date": dt.datetime(2026, 3, 11, 0, 30),
            "day": dt.date(2026, 3, 11),
            "sender": "J.Mueller@b.example",
            "sender_name": "Müller, Jörg",
            "recipients": "ap@acme.example, bob@acme.example",
            "cc": "boss@acme.example",
            "subject": "Größe: eine sehr lange Zeile, die gefaltet wird, weil sie über das Ende hinausgeht",
            "body": "erste\nzweite",
            "unread": True,
            "flagged": True,
            "attachments": 2,
        }
    ]


def test_every_folder_by_its_name_and_all_with_its_folder(office: Office) -> None:
    office.fill(
        {"subject": "in"},
        {"subject": "out", "folder": "Sent", "unread": False},
        {"subject": "news", "folder": "Newsletters"},
        {"subject": "deep", "folder": "Clients/Acme"},
        {"subject": "gone", "folder": "Trash"},
    )
    names = [t.name for t in office.tool.tables()]
    assert names == ["inbox", "sent", "Clients/Acme", "Newsletters", "Trash", "all", "attachments"]
    for name in ("newsletters", "NEWSLETTERS", "Newsletters"):
        assert [r["subject"] for r in office.rows(name)] == ["news"]
    for name in ("Clients/Acme", "clients.acme"):
        assert [r["subject"] for r in office.rows(name)] == ["deep"]
    assert [r["subject"] for r in office.rows("Sent")] == ["out"]
    everything = office.tool.table("all")
    assert everything is not None
    assert [(c.name, c.type) for c in everything.columns] == [("folder", "VARCHAR"), *MESSAGE]
    assert [(r["folder"], r["subject"]) for r in office.rows("ALL")] == [
        ("inbox", "in"),
        ("Sent", "out"),
        ("Clients/Acme", "deep"),
        ("Newsletters", "news"),
        ("Trash", "gone"),
    ]
    assert office.tool.table("nowhere") is None
    listed = {t.name: t for t in office.tool.tables()}
    assert listed["all"].column("folder").samples == ("Clients/Acme", "Newsletters", "Sent", "Trash", "inbox")  # type: ignore[union-attr]


def test_rows_come_in_the_order_of_arrival(office: Office) -> None:
    for name in ("100.M1.h", "99.M10.h:2,S", "99.M9.h", "7.h"):
        office.raw(f"Subject: {name[:6]}\n\n".encode(), name, part="cur")
    assert [r["subject"] for r in office.rows("inbox")] == ["7.h", "99.M9.", "99.M10", "100.M1"]


def test_attachments_over_all_folders_but_sent_and_trash(office: Office) -> None:
    for folder in ("inbox", "Sent", "Trash", "Filed"):
        office.fill(
            {"folder": folder, "attachments": {f"{folder}.csv": "a\n1\n", "x.pdf": b"%PDF"}, "id": f"<{folder}>"}
        )
    table = office.tool.table("attachments")
    assert table is not None
    assert [(c.name, c.type) for c in table.columns] == [
        ("mail_id", "VARCHAR"),
        ("folder", "VARCHAR"),
        ("mail_date", "TIMESTAMP"),
        ("mail_sender", "VARCHAR"),
        ("name", "VARCHAR"),
        ("type", "VARCHAR"),
        ("size", "BIGINT"),
    ]
    assert [(r["mail_id"], r["folder"], r["name"], r["type"], r["size"]) for r in office.rows("attachments")] == [
        ("<inbox>", "inbox", "inbox.csv", "text/csv", 4),
        ("<inbox>", "inbox", "x.pdf", "application/pdf", 4),
        ("<Filed>", "Filed", "Filed.csv", "text/csv", 4),
        ("<Filed>", "Filed", "x.pdf", "application/pdf", 4),
    ]


def test_reading_marks_nothing_as_read(office: Office) -> None:
    office.fill({"body": "x"}, {"body": "y", "folder": "Other", "attachments": {"a.csv": "a\n1\n"}})
    before = office.tree()
    office.tool.tables()
    for name in ("inbox", "all", "Other", "attachments", "attachments/*.csv"):
        office.rows(name)
    assert office.tree() == before
    assert [r["unread"] for r in office.rows("all")] == [True, True]


def test_a_text_is_read_only_when_asked_for_and_only_of_the_rows_kept(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.fill(*({"id": f"<{n}@x.example>", "body": f"text {n}"} for n in range(5)))
    office.rows("inbox", "id")
    fetched: list[str] = []
    store: Store = office.tool._store
    fetch = store.fetch
    monkeypatch.setattr(store, "fetch", lambda entry: fetched.append(entry.uid) or fetch(entry))
    office.rows("inbox", "id", "subject", "date")
    assert fetched == []
    where = [Filter("ID", "=", "<3@x.example>"), Filter("body", "=", "something else")]
    assert office.rows("inbox", "body", where=where) == [{"body": "text 3"}]
    assert len(fetched) == 1


@pytest.mark.parametrize(
    ("condition", "kept"),
    [
        (Filter("day", ">=", dt.date(2026, 3, 2)), {"b", "c"}),
        (Filter("day", "<", dt.date(2026, 3, 2)), {"a"}),
        (Filter("date", "<=", dt.datetime(2026, 3, 2, 10)), {"a", "b"}),
        (Filter("date", "is null"), {"d"}),
        (Filter("date", "is not null"), {"a", "b", "c"}),
        (Filter("unread", "=", False), {"c"}),
        (Filter("subject", "in", ("a", "d")), {"a", "d"}),
        (Filter("attachments", ">", 0), set()),
        (Filter("day", "=", "2026-03-01"), {"a", "b", "c"}),  # of another type: left to the query
    ],
)
def test_filters_lose_no_row(office: Office, condition: Filter, kept: set[str]) -> None:
    office.fill(
        {"subject": "a", "date": "2026-03-01T09:00:00"},
        {"subject": "b", "date": "2026-03-02T09:00:00"},
        {"subject": "c", "date": "2026-03-03T09:00:00", "unread": False},
        {"raw": b"Subject: d\nDate: soon\n\nx"},
    )
    assert {r["subject"] for r in office.rows("inbox", "subject", where=[condition])} == kept


def test_no_columns_give_as_many_rows(office: Office) -> None:
    office.fill({}, {})
    table = office.tool.table("inbox")
    assert table is not None
    found = office.tool.read(table, [])
    assert (found.num_columns, found.num_rows) == (0, 2)


def test_a_mail_without_id_keeps_its_own_under_another_name(office: Office) -> None:
    office.raw(b"Subject: x\n\nbody", "1.a")
    [id] = office.ids("inbox")
    assert id.startswith("sha256:")
    (office.mail / "new/1.a").rename(office.mail / "cur/1.a:2,S")
    assert office.ids("inbox") == [id]


def test_names_used_twice_in_two_folders_are_two_mails(office: Office) -> None:
    office.raw(b"Subject: one\n\n", "1.eml", part="cur")
    office.raw(b"Subject: two\n\n", "1.eml", folder=".Other", part="cur")
    assert [r["subject"] for r in office.rows("all")] == ["one", "two"]


# ---------------------------------------------------------------- the cache


@pytest.mark.slow
def test_ten_thousand_mails_are_catalogued_again_without_reading_them(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(10_000):
        raw = f"Message-ID: <{n}@x.example>\nFrom: a{n % 50}@b.example\nSubject: Nr {n}\n\ntext\n"
        (office.mail / "cur" / f"{n}.x:2,S").write_bytes(raw.encode())
    first = office.tool.tables()
    assert first[0].rows == 10_000
    office.open()
    store: Store = office.tool._store

    def never(_: object) -> bytes:
        raise AssertionError("a mail was read again")

    monkeypatch.setattr(store, "fetch", never)
    started = time.perf_counter()
    assert office.tool.tables() == first
    print(f"10,000 mails catalogued again in {time.perf_counter() - started:.2f} s")


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b'{"version": 1, "heads": []}', b'{"version": 1, "heads": {"x": 1}}']
)
def test_a_damaged_cache_is_done_without(office: Office, content: bytes) -> None:
    office.fill({"subject": "x", "attachments": {"a.csv": "a\n1\n"}})
    before = office.tool.tables()
    (office.root / "cache").mkdir(exist_ok=True)
    for name in ("heads.json", "attached.json"):
        (office.root / "cache" / name).write_bytes(content)
    office.open()
    assert office.tool.tables() == before


def test_a_cache_that_cant_be_written_is_done_without(office: Office, tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where a folder should be")
    office.fill({"subject": "x", "attachments": {"a.csv": "a\n1\n"}})
    office.open(cache=blocked / "cache")
    office.tool._mailbox._parsed = 10_000
    assert office.tool.tables()[0].rows == 1
    assert blocked.read_text() == "a file where a folder should be"


# ---------------------------------------------------------------- the connection


def test_a_missing_mailbox_is_the_workspaces_fault(office: Office) -> None:
    config = MailTool.Config(url="maildir:nowhere", address="ap@acme.example")
    with pytest.raises(WorkspaceError) as caught:
        MailTool(config, office.context)
    assert "nowhere" in caught.value.message
    assert caught.value.mend


def test_a_mailbox_that_vanishes_is_unavailable(office: Office) -> None:
    office.mail.rename(office.root / "elsewhere")
    for act in (office.tool.tables, office.tool.fingerprint, lambda: office.rows("all")):
        with pytest.raises(UnavailableError):
            act()


def test_where_the_mailbox_lies(tmp_path: Path) -> None:
    def folder(url: str) -> Path:
        return MailTool.Config(url=url, address="ap@acme.example").folder(tmp_path)

    assert folder("maildir:mail") == folder("maildir:./mail") == tmp_path / "mail"
    assert folder("maildir:/var/mail/x") == folder("maildir:///var/mail/x") == Path("/var/mail/x")
    assert folder("maildir:~/Maildir") == Path.home() / "Maildir"


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"url": "mail"}, "maildir:"),
        ({"url": "maildir:"}, "maildir:"),
        ({"url": "imaps://x"}, "maildir:"),
        ({"address": "ap"}, "no @"),
        ({"address": "a@b.example, c@d.example"}, "one plain address"),
        ({"address": "Ada <a@b.example>"}, "one plain address"),
        ({"name": "a\nBcc: x@y.example"}, "line break"),
        ({"adress": "x"}, "adress"),
    ],
)
def test_wrong_settings_are_refused(settings: dict[str, str], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        MailTool.Config(**({"url": "maildir:mail", "address": "a@b.example"} | settings))


def test_a_folder_that_vanished_is_never_read_as_empty(office: Office) -> None:
    office.fill({"folder": "Newsletters"})
    table = office.tool.table("Newsletters")
    assert table is not None
    shutil.rmtree(office.mail / ".Newsletters")
    with pytest.raises(DataError) as caught:
        office.tool.read(table, ["id"])
    assert "Newsletters" in caught.value.message


def test_close_twice(office: Office) -> None:
    with office.tool as tool:
        tool.tables()
    tool.close()
