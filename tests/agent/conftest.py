"""A small office for tests of the check, processes and policies: a ledger, workbooks, a csv file and a mailbox."""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from textwrap import dedent

import pytest
from deskhand.catalog import Catalog
from deskhand.check import Checked, check
from deskhand.plan_yaml import Parsed, parse
from deskhand.process import Processes, load_processes
from deskhand.workspace import Workspace
from deskhand_tools.database.fake import make_database
from deskhand_tools.mail.fake import make_mailbox
from deskhand_tools.spreadsheet.fake import make_csv, make_workbook

NOW = dt.datetime(2026, 3, 12, 9)

AGENT_TOML = """
    [workspace]
    name = "acme"
    timezone = "Europe/Berlin"

    [connections.ledger]
    tool = "database"
    url = "sqlite:///ledger.db"

    [connections.old_ledger]
    tool = "database"
    url = "sqlite:///old.db"

    [connections.crm]
    tool = "database"
    url = "${env:CRM_URL_THAT_NOBODY_SET}"

    [connections.files]
    tool = "spreadsheet"
    folder = "files"

    [connections.mail]
    tool = "email"
    url = "maildir:mail"
    address = "ap@acme.example"

    [policy."email.forward"]
    recipients = ["*@acme.example"]

    [policy."email.copy"]
    approve_when = "sum(amount) > 100"
"""

PROCESSES = {
    "onboard.yaml": """
        process: onboard-one
        description: Greet one new colleague.
        inputs:
          name: {}
          start: {type: date, optional: true}
          desk: {type: integer, default: "1"}
        steps:
          - email.send: {to: "office@acme.example", subject: "{{ inputs.name }} starts at desk {{ inputs.desk }}"}
    """,
    "round-a.yaml": "process: round-a\nsteps: [{call: {process: round-b}}]\n",
    "round-b.yaml": "process: round-b\nsteps: [{call: {process: round-a}}]\n",
    "broken.yaml": "process: broken\nsteps: [{query: select nothing_there from ledger.invoices}]\n",
    "unreadable.yaml": "process: unreadable\nsteps: [\n",
}


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def make_office(root: Path) -> Path:
    """The office's folder."""
    make_database(
        root / "ledger.db",
        {
            "invoices": [
                {"id": 1, "number": "R-1", "vendor_id": 1, "amount": Decimal("100.00"), "due_date": day("2026-02-01"),
                 "status": "open", "note": None},
                {"id": 2, "number": "R-2", "vendor_id": 2, "amount": Decimal("25.50"), "due_date": day("2026-04-01"),
                 "status": "paid", "note": "thanks"},
            ],
            "vendors": [
                {"id": 1, "name": "Ada Ltd", "email": "ada@acme.example", "city": "Bonn"},
                {"id": 2, "name": "Bob KG", "email": "bob@bob.example", "city": "Kiel"},
            ],
            "payments": [{"id": 1, "invoice_id": 2, "amount": Decimal("25.50"), "paid_on": day("2026-03-01")}],
        },
        keys={"invoices": "id", "vendors": "id", "payments": "id"},
    )  # fmt: skip
    with closing(sqlite3.connect(root / "ledger.db")) as connection, connection:
        connection.execute("create view open_invoices as select id, number from invoices where status = 'open'")
    make_database(root / "old.db", {"invoices": [{"id": 1, "number": "A-1"}], "journal": [{"id": 1, "text": "x"}]})
    budget = [{"Account": "4000", "Planned": Decimal("10.00"), "Paid in": Decimal("4.00")}]
    make_workbook(root / "files" / "budget.xlsx", {"2026": budget, "2025": budget})
    make_csv(root / "files" / "archive" / "bank.csv", [{"Entry": "B-1", "Amount": Decimal("25.50"), "Invoice": "R-2"}])
    make_csv(root / "files" / "contacts.csv", [{"Vendor": "Ada Ltd", "Phone": "0228 1"}])
    make_mailbox(
        root / "mail",
        [
            {"sender": "Ada <ada@acme.example>", "subject": "Invoice", "date": "2026-03-11 09:15",
             "attachments": {"hours.csv": b"Person,Hours\nAda,3\n"}},
            {"sender": "news@bob.example", "subject": "News", "folder": "Newsletters", "unread": False},
        ],
    )  # fmt: skip
    (root / "agent.toml").write_text(dedent(AGENT_TOML), encoding="utf-8")
    (root / "processes").mkdir()
    for name, text in PROCESSES.items():
        (root / "processes" / name).write_text(dedent(text), encoding="utf-8")
    return root


class Office:
    """The office with its catalog open. Nothing here changes it, so one serves a whole session."""

    def __init__(self, root: Path) -> None:
        self.workspace = Workspace.load(make_office(root))
        self.catalog = Catalog.open(self.workspace, NOW)
        self.processes: Processes = load_processes(self.workspace)
        self.now = NOW

    def parsed(self, text: str, file: str | None = None) -> tuple[Parsed, Checked]:
        """The plan of this YAML with its check."""
        parsed = parse(text, file)
        if parsed.plan is None:
            return parsed, Checked([*parsed.problems])
        checked = check(
            parsed.plan,
            self.catalog,
            now=NOW,
            policy=self.workspace.policy,
            processes=self.processes,
            parsed=parsed,
        )
        return parsed, checked

    def check(self, text: str) -> Checked:
        """The check of a plan in YAML, indented as the test is."""
        return self.parsed(dedent(text))[1]


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The office, for tests that change nothing."""
    made = Office(tmp_path_factory.mktemp("office"))
    yield made
    made.catalog.close()


@pytest.fixture
def office_folder() -> Callable[[Path], Path]:
    """Makes an office of one's own in a folder."""
    return make_office
