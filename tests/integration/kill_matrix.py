"""The kill matrix: every operation, killed by SIGKILL at every fault point, then resumed.

    python tests/integration/kill_matrix.py            the whole matrix, as a table
    python tests/integration/kill_matrix.py --once email.send database.update    only the first hit of each point

Each cell is a real process on a workspace of its own, killed at the first or the second time that it gets to the
point, and a second process that resumes the run. Judged from outside: the end state of the database, the files
and the mailbox must be that of a run that nobody killed. It reads SQLite, workbooks and mails by other libraries
than deskhand's tools.
"""

from __future__ import annotations

import email
import email.policy
import importlib
import json
import os
import shutil
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NOW = "2026-03-11T09:00"

_ITEMS = "steps:\n  - id: picked\n    query: select id, 'sold' as status from ledger.items where qty > 5 order by id\n"
_SHEET = (
    "steps:\n  - id: picked\n    query: |\n"
    '      select "Key", "Qty" + 1 as "Qty" from files."stock.xlsx" where "Qty" > 5 order by "Key"\n'
)
_MAILS = (
    "steps:\n  - id: picked\n    query: select id, subject from mail.inbox where subject like 'Order%' order by id\n"
)
_AFTER = "  - spreadsheet.write: {file: done.csv, rows: act.done}\n  - query: select count(*) as n from act.done\n"

SCENARIOS = {
    "database.insert": _ITEMS + "  - id: act\n    database.insert: {table: ledger.log, rows: picked, set: [status]}\n",
    "database.update": _ITEMS + "  - id: act\n    database.update: {table: ledger.items, rows: picked}\n",
    "database.upsert": _ITEMS + "  - id: act\n    database.upsert: {table: ledger.marks, rows: picked}\n",
    "database.delete": _ITEMS + "  - id: act\n    database.delete: {table: ledger.items, rows: picked}\n",
    "spreadsheet.write": _ITEMS + "  - id: act\n    spreadsheet.write: {file: out.xlsx, rows: picked}\n",
    "spreadsheet.append": _SHEET
    + "  - id: act\n    spreadsheet.append: {table: 'files.\"stock.xlsx\"', rows: picked}\n",
    "spreadsheet.update": _SHEET + "  - id: act\n    spreadsheet.update: {table: stock.xlsx, key: Key, rows: picked}\n",
    "spreadsheet.delete_rows": _SHEET
    + "  - id: act\n    spreadsheet.delete_rows: {table: stock.xlsx, key: Key, rows: picked}\n",
    "email.send": _ITEMS
    + "  - id: act\n    email.send: {rows: picked, to: ['ap@acme.example', 'x@b.example'],"
    + " subject: 'Item {{ id }}', body: '{{ status }}'}\n",
    "email.reply": _MAILS + "  - id: act\n    email.reply: {rows: picked, body: Thanks}\n",
    "email.forward": _MAILS + "  - id: act\n    email.forward: {rows: picked, to: boss@acme.example}\n",
    "email.move": _MAILS + "  - id: act\n    email.move: {rows: picked, folder: Done}\n",
    "email.copy": _MAILS + "  - id: act\n    email.copy: {rows: picked, folder: Kept}\n",
    "email.delete": _MAILS + "  - id: act\n    email.delete: {rows: picked}\n",
    "email.mark": _MAILS + "  - id: act\n    email.mark: {rows: picked, as: flagged}\n",
    "email.save_attachments": _MAILS + "  - id: act\n    email.save_attachments: {rows: picked, to_folder: in}\n",
}
"""One plan an operation: three rows, and steps after it that depend on what it confirmed."""


def make_office(root: Path) -> None:
    """The workspace that every cell starts from."""
    import openpyxl

    (root / "files").mkdir(parents=True)
    with sqlite3.connect(root / "ledger.db") as db:
        db.executescript(
            "create table items (id integer primary key, qty integer, status text);"
            "create table marks (id integer primary key, status text);"
            "create table log (at text, status text);"
            "insert into items values (1, 9, 'new'), (2, 3, 'new'), (3, 7, 'new'), (4, 8, 'new');"
            "insert into marks values (3, 'old');"
        )
    db.close()
    book = openpyxl.Workbook()
    for row in [["Key", "Qty"], ["a", 9], ["b", 2], ["c", 7], ["d", 6]]:
        book.active.append(row)
    book.save(root / "files" / "stock.xlsx")
    for part in ("cur", "new", "tmp"):
        (root / "mail" / part).mkdir(parents=True)
    for number in range(4):
        message = email.message.EmailMessage()
        message["From"] = f"c{number}@b.example"
        message["To"] = "ap@acme.example"
        message["Subject"] = f"Order {number}" if number else "News"
        message["Message-ID"] = f"<{number}@b.example>"
        message["Date"] = f"Tue, 10 Mar 2026 0{number}:00:00 +0000"
        message.set_content("Please")
        message.add_attachment(f"n\n{number}\n".encode(), maintype="text", subtype="csv", filename=f"{number}.csv")
        (root / "mail" / "cur" / f"{number}.x:2,").write_bytes(message.as_bytes())
    (root / "agent.toml").write_text(
        '[workspace]\nname = "t"\ntimezone = "Europe/Berlin"\n'
        '[connections.ledger]\ntool = "database"\nurl = "sqlite:///ledger.db"\n'
        '[connections.files]\ntool = "spreadsheet"\nfolder = "files"\n'
        '[connections.mail]\ntool = "email"\nurl = "maildir:mail"\naddress = "ap@acme.example"\n'
    )


def end_state(root: Path) -> dict[str, Any]:
    """Everything that a run can have changed, without what differs from run to run (ids, file names)."""
    import openpyxl

    with sqlite3.connect(root / "ledger.db") as db:
        tables = {t: db.execute(f"select * from {t} order by 1, 2").fetchall() for t in ("items", "marks", "log")}
    db.close()
    files: dict[str, Any] = {}
    for path in sorted((root / "files").rglob("*")):
        name = str(path.relative_to(root))
        if path.name.startswith(".deskhand-"):
            continue  # a temporary file that the crash left: hidden, and swept after an hour
        if path.suffix == ".xlsx":
            book = openpyxl.load_workbook(path)
            files[name] = [[cell.value for cell in row] for sheet in book for row in sheet.iter_rows()]
            book.close()
        elif path.is_file():
            files[name] = path.read_text()
    mails = []
    for path in (root / "mail").rglob("*"):
        # what a crash leaves in tmp no mail program shows; Maildir has it swept after 36 hours
        if path.is_file() and path.parent.name in ("cur", "new"):
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            flags = path.name.partition(":2,")[2]
            folder = str(path.parent.relative_to(root / "mail"))
            mails.append([folder, flags, str(message["Subject"]), str(message["To"]), str(message["In-Reply-To"])])
    return {"tables": tables, "files": files, "mails": sorted(mails)}


# ---------------------------------------------------------------- one process


def _agent(root: Path, fault: str | None, *arguments: str) -> int:
    """`agent …` in a forked process; its exit code, negative where it was killed. Its output goes to a file."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 70
    try:
        if fault is not None:
            _arm(fault)
        out = os.open(root / "out.json", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(out, 1)
        from deskhand.cli.main import main

        code = main([*arguments, "--workspace", str(root), "--json"])
        sys.stdout.flush()
    finally:
        os._exit(code)


def _arm(setting: str) -> None:
    """Switch the fault on in this process, which was forked with everything imported already."""
    asleep = sys.modules.pop("deskhand.faults").fault
    os.environ["DESKHAND_FAULT"] = setting
    armed = importlib.import_module("deskhand.faults").fault
    for module in list(sys.modules.values()):
        if getattr(module, "fault", None) is asleep:
            module.fault = armed  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Cell:
    """One kill and what became of it. verdict: `same` as without a kill, `in doubt`, `not reached`, `WRONG: …`."""

    operation: str
    point: str
    hit: int
    verdict: str


@dataclass
class Office:
    """The prepared workspace and, for each operation, the end state that nobody disturbed."""

    folder: Path
    undisturbed: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        make_office(self.folder / "office")

    def fresh(self) -> Path:
        root = Path(tempfile.mkdtemp(dir=self.folder))
        shutil.copytree(self.folder / "office", root, dirs_exist_ok=True)
        return root

    def expected(self, operation: str) -> Any:
        if operation not in self.undisturbed:
            root = self.fresh()
            code = self.run(root, operation, None)
            assert code == 0, f"{operation} ends with {code} undisturbed: {(root / 'out.json').read_text()}"
            self.undisturbed[operation] = end_state(root)
            assert self.undisturbed[operation] != end_state(self.folder / "office")
        return self.undisturbed[operation]

    def run(self, root: Path, operation: str, fault: str | None) -> int:
        (root / "plan.yaml").write_text(SCENARIOS[operation] + _AFTER)
        return _agent(root, fault, "run", str(root / "plan.yaml"), "--now", NOW, "--yes")

    def kill(self, operation: str, point: str, hit: int) -> Cell:
        """Kill the run at the hit-th time it gets to the point, resume it, and compare."""
        expected = self.expected(operation)
        root = self.fresh()
        try:
            code = self.run(root, operation, f"{point}:{hit}")
            if code >= 0:
                return Cell(operation, point, hit, "not reached" if code == 0 else f"WRONG: it ended with {code}")
            _agent(root, None, "runs")
            latest = json.loads((root / "out.json").read_text())[0]
            if latest["status"] == "running":
                _agent(root, None, "runs", "resume", latest["run_id"])
                latest = json.loads((root / "out.json").read_text())
            if latest["status"] == "in_doubt":
                return Cell(operation, point, hit, "in doubt")
            if latest["status"] != "done":
                return Cell(operation, point, hit, f"WRONG: {latest['status']}, {latest.get('reason')}")
            found = end_state(root)
            if found != expected:
                differs = [name for name in expected if found[name] != expected[name]]
                return Cell(operation, point, hit, f"WRONG: {', '.join(differs)} differ")
            return Cell(operation, point, hit, "same")
        finally:
            shutil.rmtree(root)


def matrix(operations: Sequence[str], folder: Path, hits: Sequence[int] = (1, 2)) -> Iterator[Cell]:
    """Every cell of these operations, as they are through."""
    _preload()
    from deskhand.faults import NAMES

    office = Office(folder)
    for operation in operations:
        for point in NAMES:
            for hit in hits:
                yield office.kill(operation, point, hit)


def _preload() -> None:
    """Import what every process needs, once, so that a fork is quick."""
    names = """
        dbos duckdb jinja2 openpyxl pyarrow pyarrow.ipc python_calamine ruamel.yaml xlsxwriter sqlglot.dialects.duckdb
        sqlalchemy.dialects.sqlite deskhand.cli.run deskhand.cli.runs deskhand.runs deskhand.check deskhand.ready
        deskhand.catalog deskhand.planner.known deskhand_tools.database deskhand_tools.spreadsheet deskhand_tools.mail
    """
    for name in names.split():
        importlib.import_module(name)
    from deskhand import sql

    assert sql.analyse and sql.run


def main(arguments: Sequence[str]) -> int:
    """Print the matrix; 1 where a cell is wrong."""
    hits = (1,) if "--once" in arguments else (1, 2)
    operations = [argument for argument in arguments if not argument.startswith("-")]
    counted: dict[str, Counter[str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for cell in matrix(operations or list(SCENARIOS), Path(folder), hits):
            counted.setdefault(cell.operation, Counter())[cell.verdict.split(":")[0]] += 1
            if cell.verdict.startswith("WRONG"):
                print(f"{cell.operation} killed at {cell.point}:{cell.hit}: {cell.verdict}")
    print(f"{'operation':<26}{'kills':>6}{'same end':>10}{'in doubt':>10}{'wrong':>7}")
    total: Counter[str] = Counter()
    for operation, verdicts in [*counted.items(), ("in all", total)]:
        kills = sum(n for verdict, n in verdicts.items() if verdict != "not reached")
        print(f"{operation:<26}{kills:>6}{verdicts['same']:>10}{verdicts['in doubt']:>10}{verdicts['WRONG']:>7}")
        if operation != "in all":
            total.update(verdicts)
    return 1 if total["WRONG"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
