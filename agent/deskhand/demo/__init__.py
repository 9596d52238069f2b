"""The demo workspace: the office of acme, made by code, the same bytes every time.

`build(dir)` writes agent.toml, a SQLite ledger (40 vendors, 300 invoices), October's bank statement as a messy
workbook (260 payments), an FAQ workbook, other files, and a Maildir with 30 mails. `office()` is the same
data in memory, with the truth that tests compare against: the generator knows what each payment means because
it made it so, and no query has a part in it.

Refuses to build over files that are there, and to copy processes (that is `agent init`'s work).
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from deskhand.demo.bank import KeyRow, Statement, outcomes, reconciliation_key, statement
from deskhand.demo.ledger_data import MONTH_END, REFERENCE, Invoice, invoices
from deskhand.demo.people import OFFICE, Vendor, vendors
from deskhand.errors import WorkspaceError

__all__ = ["AGENT_TOML", "MONTH_END", "OFFICE", "REFERENCE", "KeyRow", "Office", "build", "office", "outcomes"]

_SEED = 20261102

AGENT_TOML = f"""\
# The demo office: a wholesaler whose vendors (the shops that sell its goods) pay by bank transfer.
[workspace]
name = "acme"
timezone = "Europe/Berlin"

[connections.ledger]
tool = "database"
url = "sqlite:///ledger.db"

[connections.files]
tool = "spreadsheet"
folder = "files"

[connections.mail]
tool = "email"
url = "maildir:mail"
address = "{OFFICE}"

# Mails go to colleagues and to vendors that the ledger knows, never to anybody else.
[policy."email.send"]
max_rows = 200
recipients = ["*@acme.example", "ledger.vendors.email"]
"""


@dataclass(frozen=True)
class Office:
    """The demo's data in memory."""

    vendors: tuple[Vendor, ...]
    invoices: tuple[Invoice, ...]
    statement: Statement

    @property
    def key(self) -> list[KeyRow]:
        """What reconciling October must come to, by outcome and currency."""
        return reconciliation_key(list(self.invoices), self.statement.truth)


@cache
def office(seed: int = _SEED) -> Office:
    """The demo office; the same every time, so don't change it. Another seed makes another office, for tests."""
    rng = random.Random(seed)
    shops = vendors()
    made = invoices(rng, shops)
    return Office(tuple(shops), tuple(made), statement(rng, made))


def build(dir: Path, data: Office | None = None) -> None:
    """Write the demo workspace's files into `dir`, which is made where missing. data: another office than the demo's.

    Raises WorkspaceError where one of them is there already; nothing is written then.
    """
    from deskhand.demo import write

    for name in ("agent.toml", "ledger.db", "files", "mail"):
        if (dir / name).exists():
            raise WorkspaceError(
                f"{dir / name} is there already", mend="Choose an empty folder; a demo never writes over an office."
            )
    data = data or office()
    for folder in ("", "files/bank", "files/archive", "files/support", "files/reports"):
        (dir / folder).mkdir(parents=True, exist_ok=True)
    write.ledger(dir / "ledger.db", data)
    write.statement(dir / "files/bank/statement.xlsx", data.statement.lines, data.statement.repeated)
    write.booked_payments(dir / "files/archive/bank.csv", data)
    write.faq(dir / "files/support/faq.xlsx")
    write.budget(dir / "files/budget.xlsx")
    write.contacts(dir / "files/contacts.csv", data.vendors)
    write.mailbox(dir / "mail")
    # last: a folder is a workspace once this file is there
    (dir / "agent.toml").write_text(AGENT_TOML, encoding="utf-8")
