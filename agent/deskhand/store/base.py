"""What the parts of the store share: the folder, the open database, and the redactor's secrets."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from deskhand.errors import UnavailableError
from deskhand.store.database import Database
from deskhand.store.redact import Redactor


class StoreBase:
    """The workspace's `.deskhand` folder, opened; made where it is missing."""

    def __init__(self, root: Path, *, secrets: Iterable[str] = ()) -> None:
        if not root.is_dir():
            raise UnavailableError(f"the workspace {root} isn't there any more", mend="see whether its disk is mounted")
        self.root = root
        self.folder = root / ".deskhand"
        self.database = Database(self.folder / "state.db")
        self._secrets = tuple(secrets)

    def redactor(self) -> Redactor:
        """A fresh redactor that knows this workspace's secrets."""
        return Redactor(self._secrets)

    def close(self) -> None:
        """Let go of the database; safe to call twice."""
        self.database.close()
