"""What agent.toml may say of a mailbox."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from deskhand.errors import BusinessError
from pydantic import BaseModel, ConfigDict, field_validator

from deskhand_tools.mail.headers import parse_addresses

SCHEME = "maildir:"


class MailConfig(BaseModel):
    """`[connections.mail]`: where the mails are kept and who the office is.

    address: the office's own, which its mails come from. name: shown beside it. password: a reference to a
    secret; a Maildir needs none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    tool: Literal["email"] = "email"
    url: str
    address: str
    name: str = ""
    password: str | None = None

    @field_validator("url")
    @classmethod
    def _known_url(cls, url: str) -> str:
        if not url.lower().startswith(SCHEME) or not url[len(SCHEME) :].strip():
            raise ValueError(
                f"{url!r} is no mailbox that can be used; write `maildir:` and a folder, as in `maildir:mail`"
            )
        return url

    @field_validator("address")
    @classmethod
    def _one_address(cls, address: str) -> str:
        try:
            found = parse_addresses(address)
        except BusinessError as error:
            raise ValueError(f"{error.message}; {error.mend}") from None
        if len(found) != 1 or found[0].name:
            raise ValueError(f'{address!r} isn\'t one plain address; write `address = "office@company.example"`')
        return found[0].address

    @field_validator("name")
    @classmethod
    def _one_line(cls, name: str) -> str:
        if any(ord(c) < 32 or ord(c) == 127 for c in name):
            raise ValueError("the name has a line break or control character in it; write it on one line")
        return name.strip()

    def folder(self, root: Path) -> Path:
        """The Maildir's folder; relative ones are below the workspace."""
        path = self.url[len(SCHEME) :].strip()
        if path.startswith("//"):
            path = path[2:]
        return root / Path(path).expanduser()
