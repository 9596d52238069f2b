"""`MailTool`: a mailbox, opened: its tables and its operations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from deskhand.contract import Filter, Json, Operation, Table, Tool, ToolContext
from deskhand.errors import UsageError, WorkspaceError

from deskhand_tools.mail.attached import PREFIX, AttachedTables
from deskhand_tools.mail.config import MailConfig
from deskhand_tools.mail.filing import Copy, Delete, Mark, Move
from deskhand_tools.mail.finding import Finder
from deskhand_tools.mail.headers import Address
from deskhand_tools.mail.mailbox import Mailbox
from deskhand_tools.mail.maildir import MaildirStore
from deskhand_tools.mail.office import MailOperation, Office
from deskhand_tools.mail.saving import SaveAttachments
from deskhand_tools.mail.sending import Forward, Reply, Send
from deskhand_tools.mail.store import Store
from deskhand_tools.mail.tables import MailTables
from deskhand_tools.mail.trail import Trail

if TYPE_CHECKING:
    import pyarrow as pa

_OPERATIONS: tuple[type[MailOperation], ...] = (Send, Reply, Forward, Move, Copy, Delete, Mark, SaveAttachments)


class MailTool(Tool):
    """The mailbox that a connection names. Raises WorkspaceError where it isn't there."""

    name = "email"
    Config = MailConfig
    operations: ClassVar[Mapping[str, type[Operation]]] = {kind.name: kind for kind in _OPERATIONS}

    @classmethod
    def fake(
        cls,
        root: Path,
        connection: str,
        *,
        address: str = "office@example.org",
        mails: Iterable[Mapping[str, Any]] = (),
        folders: Iterable[str] = (),
        **unknown: Any,
    ) -> Mapping[str, Json]:
        """A Maildir of the connection's name, with these mails (see `fake.make_mailbox` for their words)."""
        from deskhand_tools.mail.fake import make_mailbox

        if unknown:
            raise UsageError(
                f"a fake mailbox has no {min(unknown)!r}", mend="It takes `address`, `mails` and `folders`."
            )
        make_mailbox(root / connection, mails, folders=folders)
        return {"url": f"maildir:{connection}", "address": address}

    def __init__(self, config: MailConfig, context: ToolContext) -> None:
        super().__init__(config, context)
        root = config.folder(context.root)
        if not root.is_dir():
            raise WorkspaceError(
                f"the connection {context.connection} points to the mailbox {root}, and there is no such folder",
                mend=f"Make the folder, or mend `url` of [connections.{context.connection}] in agent.toml.",
            )
        self._store: Store = MaildirStore(root)
        self._mailbox = Mailbox(self._store, context.cache)
        self._tables = MailTables(self._mailbox, context.zone)
        self._attached = AttachedTables(self._mailbox, self._tables, context.cache)
        self._office = Office(
            address=Address(config.address, config.name),
            mailbox=self._mailbox,
            tables=self._tables,
            finder=Finder(self._mailbox, context.connection, Trail(context.cache / "moves.jsonl")),
            context=context,
        )

    def fingerprint(self) -> str:
        return self._store.fingerprint()

    def tables(self) -> list[Table]:
        found = [*self._tables.tables(), *self._attached.tables()]
        self._save()
        return found

    def table(self, name: str) -> Table | None:
        if name.casefold().startswith(PREFIX):
            return self._attached.table(name)
        return self._tables.table(name)

    def read(self, table: Table, columns: Sequence[str], where: Sequence[Filter] = ()) -> pa.Table:
        if table.name.casefold().startswith(PREFIX):
            found = self._attached.read(table, columns, where)
        else:
            found = self._tables.read(table.name, columns, where)
        self._mailbox.save()
        return found

    def _make(self, kind: type[Operation]) -> Operation:
        assert issubclass(kind, MailOperation)
        return kind(self._office)

    def close(self) -> None:
        self._save()

    def _save(self) -> None:
        self._mailbox.save()
        self._attached.save()
