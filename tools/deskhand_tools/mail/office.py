"""What the mail operations share: the office they work for, and the checks on what their rows bring."""

from __future__ import annotations

import datetime as dt
import difflib
from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deskhand.contract import Call, Change, Operation, ResultColumn, Tables, ToolContext
from deskhand.errors import BusinessError, DeskhandError, Problem

from deskhand_tools.mail.finding import Finder, id_column
from deskhand_tools.mail.headers import Address
from deskhand_tools.mail.mailbox import Mailbox
from deskhand_tools.mail.store import Store
from deskhand_tools.mail.tables import MailTables
from deskhand_tools.spreadsheet.names import inside

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Office:
    """The mailbox that operations work on, and for whom."""

    address: Address
    mailbox: Mailbox
    tables: MailTables
    finder: Finder
    context: ToolContext

    @property
    def store(self) -> Store:
        return self.mailbox.store

    @property
    def moment(self) -> dt.datetime:
        """The run's logical time, with its zone."""
        return self.context.now.replace(tzinfo=self.context.zone)

    def path(self, text: str) -> Path:
        """A path of the plan, below the files' folder. Raises BusinessError where it can't be one."""
        if self.context.files is None:
            raise BusinessError(
                f"{text!r} is a path below the files' folder, and this workspace has none",
                mend='Add a connection with `tool = "spreadsheet"` and a `folder` to agent.toml.',
            )
        return inside(self.context.files, text)

    def is_own(self, address: Address) -> bool:
        """Whether an address is the office's own."""
        return address.same == self.address.same


class MailOperation(Operation):
    """An operation on one office's mailbox."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.calls: Sequence[Call] = ()
        """All calls of the act that is being prepared."""

    @classmethod
    def check(cls, params: Any, columns: Sequence[ResultColumn] | None, tables: Tables) -> Iterable[Problem]:
        return list(cls.problems(params, columns))

    @classmethod
    def problems(cls, params: Any, columns: Sequence[ResultColumn] | None) -> Iterator[Problem]:
        """What `check` says; mails' operations need no other tables."""
        yield from ()

    def prepare(self, calls: Sequence[Call]) -> list[Change]:
        self.calls = calls
        change = self.changes()
        return [_caught(change, call) for call in calls]

    @abstractmethod
    def changes(self) -> Callable[[Call], Change]:
        """A function for the calls of one act; a BusinessError that it raises is that call's exception."""


def _caught(change: Callable[[Call], Change], call: Call) -> Change:
    try:
        return change(call)
    except BusinessError as error:
        return Change.exception(reason(error))


def reason(error: DeskhandError) -> str:
    """An error as the reason of an exception."""
    return " ".join(filter(None, [error.message, error.mend and f"({error.mend})"]))


def is_template(text: str) -> bool:
    """Whether a text's value is known only once it is rendered."""
    return "{{" in text or "{%" in text


def id_problems(operation: str, columns: Sequence[ResultColumn] | None) -> Iterator[Problem]:
    """Rows that don't bring the mails' ids."""
    if columns is None:
        return
    column = id_column(columns)
    if column is None:
        names = [c.name for c in columns]
        near = difflib.get_close_matches("id", [n.casefold() for n in names], 1, 0.5)
        mend = "Select the column `id` of the mails"
        mend += f"; the rows have {', '.join(names)}." if names else "."
        if near:
            mend += f" Is it {near[0]}? Then select it `as id`."
        yield Problem(
            "missing-column", f"{operation} needs the column `id`, which its rows don't have", mend, ("rows",)
        )
    elif column.type.upper() not in ("VARCHAR", '"NULL"', "NULL"):
        yield Problem(
            "wrong-type",
            f"{operation} takes the id of a mail, a text, and the column {column.name} is {column.type}",
            "Select the column `id` of the mails.",
            ("rows",),
        )
