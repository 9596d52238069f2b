"""The Maildir itself: folders and their names, flags, and other programs at work in it."""

from __future__ import annotations

import errno
import mailbox
import os
from pathlib import Path
from typing import Any

import pytest
from deskhand.errors import BusinessError, UnavailableError
from deskhand_tools.mail.maildir import MaildirStore, check_folder_name, natural
from deskhand_tools.mail.store import Delivery, Entry, Gone
from deskhand_tools.mail.utf7 import decode_utf7, encode_utf7
from hypothesis import given
from hypothesis import strategies as st


@pytest.fixture
def store(tmp_path: Path) -> MaildirStore:
    root = tmp_path / "mail"
    root.mkdir()
    return MaildirStore(root)


def _put(store: MaildirStore, name: str, content: bytes = b"Subject: x\n\n") -> Path:
    path = store.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def _names(store: MaildirStore) -> list[str]:
    return sorted(str(p.relative_to(store.root)) for p in store.root.rglob("*") if p.is_file())


# ---------------------------------------------------------------- folders


def test_folders_by_name_inbox_and_sent_first(store: MaildirStore) -> None:
    for name in (".Newsletters/cur", ".Sent/cur", ".Clients.Acme/cur", ".archive/new", ".Empty"):
        (store.root / name).mkdir(parents=True)
    (store.root / ".git" / "objects").mkdir(parents=True)
    (store.root / "notes").mkdir()
    _put(store, ".hidden")
    assert [f.name for f in store.folders()] == ["inbox", "Sent", "archive", "Clients/Acme", "Empty", "Newsletters"]


@pytest.mark.parametrize(
    "name", ["Clients/Acme", "Clients.Acme", "clients/ACME", " .Clients.Acme ", "INBOX.Clients.Acme"]
)
def test_a_nested_folder_is_found_however_it_is_written(store: MaildirStore, name: str) -> None:
    store.make_folder("Clients/Acme")
    found = store.folder(name)
    assert found is not None
    assert found.name == "Clients/Acme"
    assert store.make_folder(name) == found
    assert (store.root / ".Clients.Acme" / "cur").is_dir()


@pytest.mark.parametrize("name", ["", "  ", "..", "/", "a//b", "a\nb", "a\x00b", "x" * 300])
def test_what_cant_be_a_folders_name_is_refused(store: MaildirStore, name: str) -> None:
    with pytest.raises(BusinessError) as caught:
        store.make_folder(name)
    assert caught.value.mend
    assert list(store.root.iterdir()) == []


def test_no_folder_name_leaves_the_mailbox(store: MaildirStore) -> None:
    store.make_folder("../../etc/passwd")
    assert [p.name for p in store.root.iterdir()] == [".etc.passwd"]


def test_umlauts_are_written_as_the_mailbox_has_them(store: MaildirStore) -> None:
    store.make_folder("Rückfragen")
    assert (store.root / ".Rückfragen").is_dir()
    (store.root / ".Entw&APw-rfe" / "cur").mkdir(parents=True)
    assert store.folder("entwürfe") is not None
    store.make_folder("Größe")
    assert (store.root / ".Gr&APYA3w-e").is_dir()
    assert [f.name for f in store.folders()] == ["inbox", "Entwürfe", "Größe", "Rückfragen"]


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=30))
def test_any_text_comes_back_from_utf7(text: str) -> None:
    assert decode_utf7(encode_utf7(text)) == text


@pytest.mark.parametrize("text", ["&", "a&b", "&AGE-", "&!!-", "ü", "&AP-"])
def test_what_isnt_utf7_is_none(text: str) -> None:
    assert decode_utf7(text) is None


@given(st.text(max_size=40))
def test_a_checked_name_checks_again_to_itself(name: str) -> None:
    try:
        clean = check_folder_name(name)
    except BusinessError:
        return
    assert check_folder_name(clean) == clean
    assert not clean.startswith((".", "/"))


def test_arrival_is_in_order_of_numbers() -> None:
    names = ["10.M1.h", "9.M10.h", "9.M9.h", "a.eml", "", "²", "0" * 5000]
    assert sorted(names, key=natural)[-6:-4] != ["10.M1.h", "9.M9.h"]
    assert sorted(names[:3], key=natural) == ["9.M9.h", "9.M10.h", "10.M1.h"]


# ---------------------------------------------------------------- mails and flags


def test_new_is_unread_and_flags_are_read_from_the_name(store: MaildirStore) -> None:
    for name in ("new/1.a", "cur/2.b:2,", "cur/3.c:2,FS", "cur/4.d", "cur/5.e:2,RT"):
        _put(store, name)
    _put(store, "new/.hidden")
    (store.root / "cur" / "folder").mkdir()
    entries = store.list("inbox")
    assert [(e.uid, e.unread, "flagged" in e.flags) for e in entries] == [
        ("1.a", True, False),
        ("2.b", True, False),
        ("3.c", False, True),
        ("4.d", True, False),
        ("5.e", True, False),
    ]


def test_flags_change_and_unknown_letters_stay(store: MaildirStore) -> None:
    _put(store, "new/1.a")
    _put(store, "cur/2.b:2,Sab")
    store.flag("inbox", "1.a", frozenset({"flagged"}), frozenset())
    store.flag("inbox", "2.b", frozenset({"flagged"}), frozenset({"seen"}))
    assert _names(store) == ["cur/1.a:2,F", "cur/2.b:2,Fab"]
    store.flag("inbox", "1.a", frozenset({"flagged"}), frozenset())
    assert _names(store)[0] == "cur/1.a:2,F"


def test_a_mail_is_found_after_another_program_changed_its_flags(store: MaildirStore) -> None:
    _put(store, "new/1.a", b"one")
    [entry] = store.list("inbox")
    (store.root / "cur").mkdir()
    (store.root / "new/1.a").rename(store.root / "cur/1.a:2,RS")
    assert store.fetch(entry) == b"one"
    store.make_folder("Done")
    assert store.move("inbox", "1.a", "Done", "spare") == "1.a"
    assert ".Done/cur/1.a:2,RS" in _names(store)


def test_a_rename_between_looking_and_doing_is_looked_for_again(
    store: MaildirStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    _put(store, "cur/1.a:2,", b"one")
    rename, times = Path.rename, []

    def first_another(path: Path, target: Any) -> Path:
        if not times:
            times.append(1)
            rename(path, path.with_name("1.a:2,S"))
        return rename(path, target)

    store.make_folder("Done")
    monkeypatch.setattr(Path, "rename", first_another)
    store.move("inbox", "1.a", "Done", "spare")
    assert ".Done/cur/1.a:2,S" in _names(store)
    assert times


@pytest.mark.parametrize("act", ["fetch", "move", "remove", "flag"])
def test_a_mail_that_has_gone_is_said_to_be(store: MaildirStore, act: str) -> None:
    store.make_folder("Done")
    with pytest.raises(Gone):
        match act:
            case "fetch":
                store.fetch(Entry("inbox", "1.a", frozenset(), 0, ""))
            case "move":
                store.move("inbox", "1.a", "Done", "spare")
            case "remove":
                store.remove("inbox", "1.a")
            case _:
                store.flag("inbox", "1.a", frozenset({"seen"}), frozenset())


def test_a_name_that_is_taken_is_never_overwritten(store: MaildirStore) -> None:
    _put(store, "cur/1.a:2,S", b"mine")
    _put(store, ".Done/cur/1.a:2,", b"another")
    assert store.move("inbox", "1.a", "Done", "1.a.spare") == "1.a.spare"
    assert {(store.root / n).read_bytes() for n in _names(store)} == {b"mine", b"another"}


def test_missing_parts_are_read_and_completed(store: MaildirStore) -> None:
    (store.root / ".Sent").mkdir()
    assert store.list("inbox") == store.list("Sent") == store.list("nowhere") == []
    store.append([Delivery("Sent", "1.a", b"x", frozenset({"seen"})), Delivery("inbox", "1.b", b"y", new=True)])
    assert _names(store) == [".Sent/cur/1.a:2,S", "new/1.b"]
    assert (store.root / "tmp").is_dir()
    assert (store.root / ".Sent" / "tmp").is_dir()


def test_a_delivery_that_is_there_isnt_made_again(store: MaildirStore) -> None:
    store.append([Delivery("inbox", "1.a", b"x", new=True)])
    store.flag("inbox", "1.a", frozenset({"seen"}), frozenset())
    store.append([Delivery("inbox", "1.a", b"x", new=True)])
    assert _names(store) == ["cur/1.a:2,S"]


def test_the_standard_library_reads_what_we_write(store: MaildirStore) -> None:
    store.make_folder("Done")
    store.append([Delivery("Done", "1.a", b"Subject: x\n\ny", frozenset({"seen", "flagged"}))])
    box = mailbox.Maildir(store.root, create=True)
    assert box.list_folders() == ["Done"]
    [message] = box.get_folder("Done")
    assert (message["subject"], message.get_flags()) == ("x", "FS")


# ---------------------------------------------------------------- trouble


@pytest.mark.parametrize("stage", ["fsync", "rename"])
def test_a_full_disk_leaves_nothing_by_halves(store: MaildirStore, monkeypatch: pytest.MonkeyPatch, stage: str) -> None:
    store.make_folder("Sent")
    before = _names(store)
    calls = []

    def full(*_: Any) -> Any:
        calls.append(1)
        raise OSError(errno.ENOSPC, "No space left on device")

    if stage == "fsync":
        monkeypatch.setattr(os, "fsync", full)
    else:
        monkeypatch.setattr(Path, "rename", full)
    deliveries = [Delivery("inbox", "1.a", b"x", new=True), Delivery("Sent", "1.b", b"x")]
    with pytest.raises(UnavailableError) as caught:
        store.append(deliveries)
    assert "disk is full" in caught.value.message
    assert caught.value.mend
    assert _names(store) == before
    assert calls


def test_a_mailbox_that_vanishes_is_unavailable(store: MaildirStore) -> None:
    store.root.rmdir()
    for act in (store.folders, store.fingerprint, lambda: store.list("inbox"), lambda: store.make_folder("x")):
        with pytest.raises(UnavailableError) as caught:
            act()
        assert caught.value.mend
    assert not store.root.exists()


def test_the_fingerprint_tells_every_change(store: MaildirStore) -> None:
    seen = [store.fingerprint()]
    store.append([Delivery("inbox", "1.a", b"x", new=True)])
    seen.append(store.fingerprint())
    store.flag("inbox", "1.a", frozenset({"seen"}), frozenset())
    seen.append(store.fingerprint())
    store.make_folder("Done")
    seen.append(store.fingerprint())
    store.move("inbox", "1.a", "Done", "s")
    seen.append(store.fingerprint())
    assert len(set(seen)) == len(seen)
    assert store.fingerprint() == store.fingerprint()
