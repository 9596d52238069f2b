"""A workspace with a real Maildir in a temporary folder, and acts on it as the executor does them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from deskhand.contract import Call, Change, Filter, Item, Receipt, ResultColumn, Row, Rows, ToolContext, Verdict
from deskhand.errors import BusinessError
from deskhand_tools.mail import MailTool
from deskhand_tools.mail.fake import make_mailbox
from deskhand_tools.mail.message import Mail

NOW = dt.datetime(2026, 3, 11, 9, 30)


def origin(table: str, column: str = "id", name: str | None = None) -> ResultColumn:
    """A column that a query passes through from one of the mailbox's tables."""
    return ResultColumn(name or column, "VARCHAR", ("mail", table, column))


@dataclass
class Done:
    """What one row's effect came to."""

    change: Change
    receipt: Receipt | BusinessError | None = None
    verdict: Verdict | None = None

    @property
    def reason(self) -> str:
        """Why the row is an exception."""
        if self.change.state == "exception":
            return self.change.reason
        assert isinstance(self.receipt, BusinessError), self
        return self.receipt.message


class Office:
    """A workspace with a mailbox and a files' folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.mail = root / "mail"
        self.files = root / "files"
        self.files.mkdir(parents=True)
        make_mailbox(self.mail)
        self.context = ToolContext("mail", root, self.files, root / "cache", ZoneInfo("Europe/Berlin"), NOW)
        self.tool = self.open()

    def open(self, **changes: Any) -> MailTool:
        """The mailbox, opened anew."""
        config = MailTool.Config(url="maildir:mail", address="ap@acme.example", name="Acme Büro")
        self.tool = MailTool(config, replace(self.context, **changes))
        return self.tool

    def fill(self, *mails: Mapping[str, Any], folders: Iterable[str] = ()) -> list[str]:
        """Add mails; returns their ids."""
        return make_mailbox(self.mail, mails, folders=folders)

    def raw(self, content: bytes, name: str = "1.raw", folder: str = "", part: str = "new") -> Path:
        """Put a mail's bytes into the Maildir by hand."""
        place = self.mail / folder / part
        place.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)
        return place / name

    def rows(self, table: str, *columns: str, where: Sequence[Filter] = ()) -> list[dict[str, Any]]:
        """A table's rows (all columns unless some are named)."""
        found = self.tool.table(table)
        assert found is not None, table
        names = columns or tuple(c.name for c in found.columns)
        return self.tool.read(found, names, where).to_pylist()

    def ids(self, table: str) -> list[str]:
        return [row["id"] for row in self.rows(table, "id")]

    def sent(self) -> list[Mail]:
        """The mails in Sent, parsed, in order of arrival."""
        return self.mails(".Sent/cur")

    def mails(self, part: str) -> list[Mail]:
        return [Mail(path.read_bytes()) for path in sorted((self.mail / part).iterdir())]

    def calls(
        self,
        operation: str,
        rows: Sequence[Row] | None = None,
        columns: Sequence[ResultColumn] = (origin("inbox"),),
        tables: Mapping[str, Rows] | None = None,
        **params: Any,
    ) -> list[Call]:
        """The calls of an act, one for each row, or one without rows."""
        typed = self.tool.operation(operation).Params.model_validate(params)
        if rows is None:
            return [Call(0, typed, tables=tables or {})]
        return [
            Call(number, typed, row=row, columns=tuple(columns), tables=tables or {}) for number, row in enumerate(rows)
        ]

    def prepare(self, operation: str, *args: Any, **params: Any) -> list[Change]:
        return self.tool.operation(operation).prepare(self.calls(operation, *args, **params))

    def items(self, operation: str, *args: Any, key: str = "run/act", **params: Any) -> list[Item]:
        """The act's changes on their way, each of which must be one."""
        calls = self.calls(operation, *args, **params)
        changes = self.tool.operation(operation).prepare(calls)
        assert [c.state for c in changes] == ["change"] * len(changes), changes
        return [Item(call, change, f"{key}/{call.ordinal}") for call, change in zip(calls, changes, strict=True)]

    def act(self, operation: str, *args: Any, key: str = "run/act", **params: Any) -> list[Done]:
        """Prepare, apply and verify an act."""
        doer = self.tool.operation(operation)
        calls = self.calls(operation, *args, **params)
        done = [Done(change) for change in doer.prepare(calls)]
        items = [
            (one, Item(call, one.change, f"{key}/{call.ordinal}"))
            for one, call in zip(done, calls, strict=True)
            if one.change.state == "change"
        ]
        for start in range(0, len(items), doer.batch):
            part = items[start : start + doer.batch]
            asked = [item for _, item in part]
            assert doer.verify(asked) == [Verdict.ABSENT] * len(asked)
            receipts = doer.apply(asked)
            for (one, _), receipt, verdict in zip(part, receipts, doer.verify(asked), strict=True):
                one.receipt, one.verdict = receipt, verdict
        return done

    def one(self, operation: str, *args: Any, **params: Any) -> Done:
        """The same for an act with one effect."""
        [done] = self.act(operation, *args, **params)
        return done

    def confirmed(self, operation: str, *args: Any, **params: Any) -> list[Done]:
        """The same, where everything must come about."""
        done = self.act(operation, *args, **params)
        assert [d.verdict for d in done] == [Verdict.CONFIRMED] * len(done), done
        return done

    def tree(self) -> dict[str, bytes]:
        """Every file below mailbox and files, with its content."""
        return {
            str(path.relative_to(self.root)): path.read_bytes()
            for top in (self.mail, self.files)
            for path in sorted(top.rglob("*"))
            if path.is_file()
        }


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path / "work")
