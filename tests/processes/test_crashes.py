"""Each shipped process, killed in the middle and resumed: the office ends as if nothing had happened."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from deskhand.runs import Runner
from deskhand.workspace import Workspace

from .conftest import MORNING, PROCESSES, Desk, Small

TABLES = ("vendors", "invoices", "payments", "reminders", "support_log")


def office(root: Path) -> Desk:
    """Two invoices with a payment each, one overdue, and three mails: something for every process."""
    small = Small()
    for amount in ("100.00", "70.00"):
        small.pay(amount, small.invoice(amount).number)
    small.invoice("50.00")
    small.invoice("60.00", status="Open")
    small.mail("Opening hours?")
    small.mail("Credit note")
    small.mail("Out of office: hello")
    return small.write(root)


def kill(desk: Desk, process: str, fault: str) -> None:
    """Run it in a process of its own, which dies when it gets to that point."""
    command = [sys.executable, "-m", "deskhand.cli.main", "run", process, "--now", MORNING, "--yes"]
    done = subprocess.run(
        [*command, "--workspace", str(desk.root), "--json"],
        env=os.environ | {"DESKHAND_FAULT": fault},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, f"the fault point wasn't reached: {done.stdout}{done.stderr}"


def resume(desk: Desk) -> str:
    """Go on with the run that was killed; its end."""
    with Runner(Workspace.load(desk.root)) as runner:
        (run,) = runner.store.runs()
        return runner.resume(run.id).run.status


def world(desk: Desk) -> dict[str, Any]:
    """Everything that the processes change, without the times and names that differ from run to run."""
    mails = {
        folder: sorted((str(mail["To"]), str(mail["Subject"])) for mail in desk.folder(folder))
        for folder in ("", "Sent", "Answered", "Payments", "General", "Automatic", "Newsletters")
    }
    sheets = sorted(str(file.relative_to(desk.root)) for file in (desk.root / "files").rglob("*.xlsx"))
    return {"mails": mails, "files": sheets} | {
        table: sorted(desk.ledger(f"select * from {table}"), key=repr) for table in TABLES
    }


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What each process leaves behind when nobody kills it."""
    left = {}
    for file in sorted(PROCESSES.glob("*.yaml")):
        desk = office(tmp_path_factory.mktemp(file.stem))
        assert desk.run(file.stem)["status"] == "done"
        left[file.stem] = world(desk)
    return left


@pytest.mark.parametrize(
    ("process", "fault"),
    [
        ("reconcile-invoices", "after-effect"),  # payments are booked, and nobody knows
        ("reconcile-invoices", "before-confirm:4"),  # in the middle of the report
        ("reconcile-invoices", "after-commit:8"),  # the mail has arrived, and nobody knows
        ("overdue-reminders", "after-step:9"),  # sent; the table says nothing yet
        ("support-triage", "after-effect"),  # answered, not logged
    ],
)
def test_killed_and_resumed(tmp_path: Path, undisturbed: dict[str, dict[str, Any]], process: str, fault: str) -> None:
    desk = office(tmp_path)
    kill(desk, process, fault)
    assert resume(desk) == "done"
    assert world(desk) == undisturbed[process]
