"""From the shell: how long `agent --help` takes, and `agent run` to its first effect and to its end.

The peer of a run is a script that imports what the run needs and launches DBOS on a file, set up as ours is
(WAL, full durability, the same polling), with nothing to do. The way to the first effect ends where the mail
has been delivered, by the fault point that kills the process there.
"""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

from benchmarks.measure import ROOT, BenchmarkError, Comparison, Side, python, run_child

PLAN = """process: benchmark
steps:
  - id: late
    query: |
      select i.number, i.amount, i.due_date, v.name as vendor, v.email
      from ledger.invoices i join ledger.vendors v on v.id = i.vendor_id
      where lower(i.status) = 'open' and i.amount > 100 and v.email is not null
      order by i.due_date, i.number limit 1
  - email.send:
      rows: late
      to: "office@acme.example"
      subject: "Invoice {{ number }} is overdue"
      body: "Invoice {{ number }} of {{ vendor }} over {{ amount | money }} was due on {{ due_date | date }}."
  - id: invoices
    query: "select count(*) as n, sum(amount) as total from ledger.invoices"
"""

PEER = """
import importlib, os, sys
for name in sys.argv[2].split(","):
    importlib.import_module(name)
import sqlalchemy as sa
from dbos import DBOS, DBOSPortableJSONSerializer
engine = sa.create_engine(f"sqlite:///{sys.argv[1]}")
@sa.event.listens_for(engine, "connect")
def prepare(connection, record):
    connection.execute("PRAGMA synchronous=FULL")
with engine.connect() as connection:
    connection.exec_driver_sql("PRAGMA journal_mode=WAL")
DBOS(config={"name": "bare", "system_database_url": f"sqlite:///{sys.argv[1]}", "system_database_engine": engine,
             "application_version": "1", "executor_id": "bare", "serializer": DBOSPortableJSONSerializer(),
             "notification_listener_polling_interval_sec": 0.02, "enable_otlp": False, "log_level": "CRITICAL"})
DBOS.launch()
if sys.argv[3] == "launch":
    os._exit(0)
DBOS.destroy()
"""

NEEDS = (
    "click,filelock,tomllib,ruamel.yaml,pydantic,pydantic.main,pydantic.fields,sqlglot,sqlglot.dialects.duckdb,"
    "duckdb,pyarrow,jinja2,jinja2.sandbox,email,email.policy,sqlite3,dbos"
)
"""What the run above has to import, whoever wrote it."""

NEVER = ("torch", "transformers", "langchain", "langchain_core", "playwright")


def agent() -> list[str]:
    """The installed command, or the module behind it where the package isn't installed."""
    script = Path(sysconfig.get_path("scripts")) / "agent"
    return [str(script)] if script.exists() else python("-m", "deskhand.cli.main")


def help_(folder: Path, quick: bool) -> Iterator[Comparison]:
    """`agent --help` over an interpreter that does nothing."""
    floor = Side("python -c pass", python("-c", "pass"))
    turns = 1 if quick else 11
    yield Comparison("agent --help", Side("agent --help", [*agent(), "--help"]), floor, seconds=0.150, turns=turns)


def run(folder: Path, quick: bool) -> Iterator[Comparison]:
    """`agent run plan.yaml` over the imports and a bare launch of DBOS."""
    office, plan, bare = folder / "office", folder / "plan.yaml", folder / "bare.db"
    plan.write_text(PLAN, encoding="utf-8")
    run_child("benchmarks.start", "make_office", office)
    command = [*agent(), "run", str(plan), "--workspace", str(office), "--now", "2026-03-11T09:00", "--yes", "--json"]
    _imports_nothing_heavy(office, plan)
    turns = 1 if quick else 7

    def peer(until: str) -> Side:
        name = {"launch": "imports, DBOS launched", "shutdown": "imports, DBOS launched and shut down"}[until]
        return Side(name, python("-c", PEER, str(bare), NEEDS, until))

    first = Side(
        "agent run, its mail delivered", command, _again(office), {"DESKHAND_FAULT": "after-effect:1"}, killed=True
    )
    yield Comparison("agent run, to its first effect", first, peer("launch"), ratio=1.3, turns=turns)
    whole = Side("agent run, to its exit", command, _again(office))
    yield Comparison("agent run, to its exit", whole, peer("shutdown"), ratio=1.3, turns=turns)


def make_office(folder: str) -> None:
    """A demo workspace with its catalog looked at once, as it is on any day but the first."""
    from deskhand.cli.main import main

    if main(["init", "--demo", folder]) or main(["catalog", "--json", "--workspace", folder]):
        raise BenchmarkError("the demo workspace couldn't be made")


def _again(office: Path) -> Callable[[], None]:
    """Before a turn: no run is known, and the mail isn't sent; what is remembered of the sources stays."""
    state = office / ".deskhand"

    def prepare() -> None:
        for file in state.glob("*.db*"):
            file.unlink()
        for name in ("runs", "traces", "locks"):
            shutil.rmtree(state / name, ignore_errors=True)
        with suppress(FileNotFoundError):
            for mail in (office / "mail" / ".Sent").glob("*/*"):
                mail.unlink()
        # The catalog as the last run leaves it; otherwise a turn after a kill would look at the mailbox anew.
        subprocess.run(
            [*agent(), "catalog", "--json", "--workspace", str(office)], check=True, stdout=subprocess.DEVNULL
        )
        for file in state.glob("*.db"):
            with closing(sqlite3.connect(file)) as connection:
                connection.execute("select count(*) from sqlite_schema").fetchone()

    return prepare


def _imports_nothing_heavy(office: Path, plan: Path) -> None:
    """Raises BenchmarkError where a run imports a learning framework or a browser."""
    code = (
        "import sys\nfrom deskhand.cli.main import main\n"
        "code = main(sys.argv[2:])\n"
        "found = sorted(set(sys.argv[1].split(',')) & {name.partition('.')[0] for name in sys.modules})\n"
        "sys.exit(f'imported: {found}' if found else code)"
    )
    arguments = ["run", str(plan), "--workspace", str(office), "--now", "2026-03-11T09:00", "--yes", "--json"]
    done = subprocess.run(
        [sys.executable, "-c", code, ",".join(NEVER), *arguments], capture_output=True, text=True, cwd=ROOT
    )
    if done.returncode != 0:
        raise BenchmarkError(f"agent run ended with {done.returncode}: {done.stdout[-800:]}{done.stderr[-2000:]}")
