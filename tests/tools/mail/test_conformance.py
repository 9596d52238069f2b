"""The mail tool in the suite that every tool must pass."""

from __future__ import annotations

from pathlib import Path

import pytest
from deskhand.contract import ResultColumn, Tool
from deskhand_tools.mail import MailTool
from deskhand_tools.mail.fake import make_mailbox

from tests.tools.conformance import Bench, Case, Suite, context

COLUMNS = (ResultColumn("id", "VARCHAR", ("mail", "inbox", "id")),)
ROWS = [{"id": f"<{n}@example.org>"} for n in (1, 2, 3)]
BAD = [{"id": "<nobody@example.org>"}, {"id": None}, {"id": " "}]


def _make(root: Path) -> None:
    (root / "files").mkdir()
    mails = [
        {
            "id": f"<{n}@example.org>",
            "sender": f"Ada {n} <ada{n}@vendor.example>",
            "subject": f"Rechnung Größe {n}",
            "body": f"Zeile {n}\n\nzweite Zeile",
            "attachments": {f"bank {n}.csv": f"date,amount\n2026-03-0{n},{n}.50\n", "note.pdf": b"%PDF" * n},
        }
        for n in (1, 2, 3)
    ]
    make_mailbox(root / "mail", [*mails, {"folder": "Newsletters", "subject": "News", "unread": False}])


def _with_trash(root: Path) -> None:
    _make(root)
    make_mailbox(root / "mail", folders=["Trash"])


def _open(root: Path) -> Tool:
    config = MailTool.Config(url="maildir:mail", address="ap@acme.example", name="Acme")
    return MailTool(config, context(root, "mail", files=root / "files"))


def _gone(root: Path) -> None:
    sorted((root / "mail" / "new").iterdir())[0].unlink()


def _filed(root: Path) -> None:
    first = sorted((root / "mail" / "new").iterdir())[0]
    first.rename(root / "mail" / ".Newsletters" / "cur" / f"{first.name}:2,S")


def _saved_by_hand(root: Path) -> None:
    (root / "files" / "in").mkdir()
    (root / "files" / "in" / "bank 1.csv").write_text("mine")


def _case(operation: str, name: str = "", **changes: object) -> Case:
    settings = {"rows": ROWS, "bad_rows": BAD, "meddle": _gone, "columns": COLUMNS, "make": _make} | changes
    return Case(name=name or "plain", open=_open, operation=operation, **settings)  # type: ignore[arg-type]


CASES = [
    _case(
        "email.send",
        "once",
        params={"to": "x@y.example, ap@acme.example", "subject": "Hallo", "body": "Grüße"},
        rows=None,
        bad_rows=(),
        meddle=None,
        repeats="change",
    ),
    _case("email.reply", params={"body": "Danke"}, meddle=_gone, repeats="change"),
    _case("email.forward", params={"to": ["boss@acme.example"]}, meddle=_gone, repeats="change"),
    _case("email.move", params={"folder": "Done/2026"}),
    _case("email.move", "filed elsewhere meanwhile", params={"folder": "Done"}, meddle=_filed),
    _case("email.copy", params={"folder": "Newsletters"}),
    _case("email.delete", params={}, meddle=_filed, repeats="exception"),
    _case("email.delete", "to Trash", params={}, make=_with_trash),
    _case("email.mark", "read", params={"as": "read"}),
    _case("email.mark", "flagged", params={"as": "flagged"}),
    _case(
        "email.save_attachments",
        params={"to_folder": "in"},
        rows=[{"id": "<1@example.org>", "name": "bank 1.csv"}, {"id": "<2@example.org>", "name": "NOTE.pdf"}],
        bad_rows=[{"id": "<3@example.org>", "name": "none.csv"}, {"id": "<3@example.org>", "name": None}],
        columns=(*COLUMNS, ResultColumn("name", "VARCHAR")),
        meddle=_saved_by_hand,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
class TestConformance(Suite):
    def test_the_fingerprint_tells_a_write(self, bench: Bench) -> None:
        if bench.case.operation != "email.save_attachments":
            super().test_the_fingerprint_tells_a_write(bench)
            return
        before = bench.tool.fingerprint()  # it writes to the files' folder, and leaves the mailbox alone
        bench.apply(bench.items())
        assert bench.tool.fingerprint() == before
