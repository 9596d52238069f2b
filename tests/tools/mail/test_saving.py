"""email.save_attachments: nothing overwritten, nothing outside the folder, nothing by halves."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from deskhand.contract import ResultColumn, Verdict
from deskhand.errors import BusinessError, UnavailableError
from deskhand_tools.mail.saving import safe_name
from hypothesis import given
from hypothesis import strategies as st

from .conftest import Office, origin

NAMED = (origin("attachments", "mail_id"), origin("attachments", "name"))


def _saved(office: Office) -> dict[str, bytes]:
    return {str(p.relative_to(office.files)): p.read_bytes() for p in office.files.rglob("*") if p.is_file()}


def _mail(office: Office, **attachments: bytes) -> str:
    return office.fill({"attachments": {name.replace("_", "."): content for name, content in attachments.items()}})[0]


def test_all_attachments_of_a_mail_are_saved_to_the_files_root(office: Office) -> None:
    id = _mail(office, a_csv=b"a\n1\n", b_pdf=b"%PDF")
    [done] = office.confirmed("email.save_attachments", [{"id": id}])
    assert _saved(office) == {"a.csv": b"a\n1\n", "b.pdf": b"%PDF"}
    assert done.receipt == {"files": ["a.csv", "b.pdf"]}
    assert office.one("email.save_attachments", [{"id": id}]).change.state == "unchanged"


def test_only_the_named_ones_are_saved_below_a_folder_that_is_made(office: Office) -> None:
    id = _mail(office, a_csv=b"1", b_csv=b"2", c_csv=b"3")
    rows = [{"mail_id": id, "name": "A.CSV"}, {"mail_id": id, "name": "c.csv"}]
    office.confirmed("email.save_attachments", rows, NAMED, to_folder="in/2026/")
    assert _saved(office) == {"in/2026/a.csv": b"1", "in/2026/c.csv": b"3"}


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"name": "none.csv"}, "no attachment none.csv; it has a.csv"),
        ({"name": None}, "name of the attachment is empty"),
        ({"id": "<9@x.example>"}, "no mail with the id"),
    ],
)
def test_what_isnt_there_is_an_exception(office: Office, row: dict[str, Any], why: str) -> None:
    id = _mail(office, a_csv=b"1")
    columns = (origin("inbox"), ResultColumn("name", "VARCHAR"))[: 1 + ("name" in row)]
    assert why in office.one("email.save_attachments", [{"id": id, **row}], columns).reason
    assert _saved(office) == {}


def test_a_mail_without_attachments_is_an_exception(office: Office) -> None:
    [id] = office.fill({"subject": "Nothing"})
    assert "has no attachments" in office.one("email.save_attachments", [{"id": id}]).reason


def test_a_file_with_another_content_is_never_overwritten(office: Office) -> None:
    id = _mail(office, a_csv=b"new", b_csv=b"2")
    (office.files / "a.csv").write_bytes(b"old")
    assert "never overwritten" in office.one("email.save_attachments", [{"id": id}]).reason
    assert _saved(office) == {"a.csv": b"old"}


def test_two_mails_with_the_same_name(office: Office) -> None:
    ids = [_mail(office, a_csv=b"1"), _mail(office, a_csv=b"1"), _mail(office, a_csv=b"2")]
    done = office.act("email.save_attachments", [{"id": id} for id in ids])
    assert [d.change.state for d in done] == ["change", "unchanged", "exception"]
    assert _saved(office) == {"a.csv": b"1"}


def test_a_file_that_appears_meanwhile_is_kept(office: Office) -> None:
    id = _mail(office, a_csv=b"new")
    items = office.items("email.save_attachments", [{"id": id}])
    (office.files / "a.csv").write_bytes(b"old")
    doer = office.tool.operation("email.save_attachments")
    [receipt] = doer.apply(items)
    assert isinstance(receipt, BusinessError)
    assert doer.verify(items) == [Verdict.ABSENT]
    assert _saved(office) == {"a.csv": b"old"}


def test_a_mail_filed_meanwhile_is_still_saved(office: Office) -> None:
    id = _mail(office, a_csv=b"1")
    items = office.items("email.save_attachments", [{"id": id}])
    office.confirmed("email.move", [{"id": id}], folder="Done")
    doer = office.tool.operation("email.save_attachments")
    doer.apply(items)
    assert doer.verify(items) == [Verdict.CONFIRMED]


@pytest.mark.parametrize("folder", ["../out", "/tmp/out", "link/out", "a/../../b"])
def test_no_folder_leads_out(office: Office, folder: str, tmp_path: Path) -> None:
    (office.files / "link").symlink_to(tmp_path)
    id = _mail(office, a_csv=b"1")
    assert office.one("email.save_attachments", [{"id": id}], to_folder=folder).change.state == "exception"
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_a_file_is_an_exception(office: Office) -> None:
    (office.files / "in").write_text("x")
    id = _mail(office, a_csv=b"1")
    assert "is a file" in office.one("email.save_attachments", [{"id": id}], to_folder="in").reason


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("a.csv", "a.csv"),
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\a.csv", "a.csv"),
        (".bashrc", "bashrc"),
        ("..", "attachment"),
        ("", "attachment"),
        ("a\x00b\nc.txt", "a_b_c.txt"),
        ('x<>:"|?*.csv', "x_______.csv"),
        ("CON.txt", "_CON.txt"),
        ("name. . ", "name"),
        ("x" * 300 + ".csv", "x" * 196 + ".csv"),
        ("Größe.csv", "Größe.csv"),
    ],
)
def test_names_are_made_safe(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@given(st.text(max_size=300))
def test_any_name_is_made_a_safe_one(name: str) -> None:
    safe = safe_name(name)
    assert safe == Path(safe).name
    assert 0 < len(safe.encode("utf-8")) <= 201
    assert not safe.startswith(".")
    assert safe_name(safe) == safe


def test_a_name_with_a_path_is_saved_without_it(office: Office) -> None:
    office.raw(
        b'Message-ID: <1@x>\nContent-Type: text/csv\nContent-Disposition: attachment; filename="../../evil.csv"\n\na\n'
    )
    office.confirmed("email.save_attachments", [{"id": "<1@x>"}])
    assert list(_saved(office)) == ["evil.csv"]


def test_a_full_disk_is_unavailable_and_leaves_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    items = office.items("email.save_attachments", [{"id": _mail(office, a_csv=b"1")}])

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UnavailableError):
        office.tool.operation("email.save_attachments").apply(items)
    assert _saved(office) == {}


def test_a_file_system_without_links_still_saves(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: Any) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    id = _mail(office, a_csv=b"1")
    office.confirmed("email.save_attachments", [{"id": id}])
    assert _saved(office) == {"a.csv": b"1"}


@pytest.mark.parametrize(("folder", "name"), [("", "*"), (".", "*"), ("in/2026/", "in/2026/*"), ("./in", "in/*")])
def test_what_may_come_to_be_is_told(office: Office, folder: str, name: str) -> None:
    doer = office.tool.operations["email.save_attachments"]
    [(tool, table)] = doer.produces(doer.Params.model_validate({"to_folder": folder}), ())
    assert (tool, table.name, table.open) == ("spreadsheet", name, True)
