"""Whom the office writes to: names and addresses from the heads of its sent mails.

Names stand in the mails that those people sent, else they are read from the address. This module refuses to read a
subject or a body, and to name people who have only written to the office: an address that somebody else put into the
inbox is nothing to send mail to.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from deskhand.errors import DeskhandError

from deskhand_models.slices import SlicePerson

MOST_PEOPLE = 40
"""Those written to most often; an office's own people are a few dozen."""

_SENT, _INBOX = "sent", "inbox"


def people_of(catalog: Any) -> list[SlicePerson]:
    """The people, those written to most often first. None where there is no mailbox, or it can't be read."""
    found: Counter[str] = Counter()
    names: dict[str, str] = {}
    own: set[str] = set()
    for connection in catalog.workspace.connections.values():
        if connection.tool != "email":
            continue
        own.add(str(connection.values.get("address") or "").casefold())
        try:
            for (recipients,) in _rows(catalog, connection.name, _SENT, "recipients"):
                found.update({part.strip().casefold() for part in (recipients or "").split(",") if "@" in part})
            if found:
                for sender, name in _rows(catalog, connection.name, _INBOX, "sender", "sender_name"):
                    if sender and name:
                        names.setdefault(sender.casefold(), name)
        except DeskhandError:
            continue  # `agent doctor` and the catalog say what is wrong with it
    people = [(address, count) for address, count in found.items() if address not in own]
    people.sort(key=lambda one: (-one[1], one[0]))
    return [SlicePerson(names.get(address) or spoken(address), address) for address, _ in people[:MOST_PEOPLE]]


def spoken(address: str) -> str:
    """What a person is called by their address: `petra.klein@…` is Petra Klein."""
    words = re.split(r"[._\-+\d]+", address.partition("@")[0])
    return " ".join(word.capitalize() for word in words if word) or address


def _rows(catalog: Any, connection: str, name: str, *columns: str) -> list[tuple[str | None, ...]]:
    table = catalog.table(connection, name)
    if table is None:
        return []
    read = catalog.tool(connection).read(table, columns, ())
    return list(zip(*(read.column(column).to_pylist() for column in columns), strict=True))
