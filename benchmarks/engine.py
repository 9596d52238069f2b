"""The executor over bare DBOS steps, and the effect ledger over a journal written by hand.

A step that does nothing shows what the executor adds to DBOS: an act whose `when` doesn't hold is one recorded
step and no more. A query step keeps rows and an audit entry besides, so its peer is a DBOS step in which the
same is done by hand: the query in DuckDB, the rows into a file, a line into a journal, all on disk.
The ledger's peer is a SQLite journal in WAL mode with the same transactions, each on disk when it returns:
one for all intents, then two for each batch.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from benchmarks.measure import Comparison, function
from benchmarks.timing import Clock

NOW = dt.datetime(2026, 3, 11, 9)
QUERY = "select 7 as id, date '2026-03-01' as day, cast(12.5 as decimal(18, 2)) as amount"


def executor(folder: Path, quick: bool) -> Iterator[Comparison]:
    """The executor's walk over a bare DBOS workflow of as many steps."""
    count, turns = (6, 1) if quick else (100, 5)
    yield Comparison(
        "executor, a step without work",
        function("acts whose `when` doesn't hold", __name__, "walk", folder, "acts", count),
        function("bare DBOS steps", __name__, "bare", folder, "acts", count),
        ratio=1.3,
        turns=turns,
        per=count,
    )
    yield Comparison(
        "executor, a query step",
        function("queries of one row", __name__, "walk", folder, "queries", count),
        function("bare DBOS steps: DuckDB, file, journal", __name__, "bare", folder, "queries", count),
        ratio=1.3,
        turns=turns,
        per=count,
    )


def ledger(folder: Path, quick: bool) -> Iterator[Comparison]:
    """Effects through the ledger over a journal by hand; half its rate is twice its time."""
    turns = 1 if quick else 5
    for batch, count in ((500, 1000 if quick else 20_000), (1, 20 if quick else 500)):
        yield Comparison(
            f"effects with the ledger, batches of {batch}",
            function("ledger", __name__, "effects", folder, batch, count),
            function("journal by hand, same transactions", __name__, "journal", folder, batch, count),
            ratio=2.0,
            turns=turns,
            per=count,
        )


# ---------------------------------------------------------------- sides: the executor


def _fresh(folder: str, name: str) -> Path:
    """An empty folder, for one turn."""
    import shutil

    place = Path(folder) / name
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    return place


def walk(folder: str, kind: str, count: str) -> Clock:
    """A plan of that many steps, from the engine's start of the run to its end; launching isn't counted."""
    from deskhand.audit import AuditLog
    from deskhand.catalog import Catalog
    from deskhand.engine import DbosEngine
    from deskhand.executor import Executor, Services
    from deskhand.frame import Frame
    from deskhand.ledger import Ledger
    from deskhand.plan_yaml import parse
    from deskhand.process import load_processes
    from deskhand.ready import make_ready
    from deskhand.store import Store
    from deskhand.workspace import Workspace

    root = _fresh(folder, "walk")
    (root / "agent.toml").write_text(
        '[workspace]\nname = "b"\ntimezone = "UTC"\n[connections.files]\ntool = "spreadsheet"\nfolder = "files"\n'
    )
    (root / "files").mkdir()
    steps = ["  - id: nothing\n    query: select 1 as x where false"]
    for n in range(int(count)):
        if kind == "acts":
            steps.append(f'  - spreadsheet.write: {{when: nothing, rows: nothing, file: "{n}.xlsx"}}')
        else:
            steps.append(f"  - id: q{n}\n    query: {QUERY}")
    parsed = parse("process: steps\nsteps:\n" + "\n".join(steps))
    assert parsed.plan is not None, parsed.problems
    workspace = Workspace.load(root)

    def unused(*_: Any) -> Any:
        raise AssertionError("nothing is called")

    with Store(root) as store, Catalog.open(workspace, NOW) as catalog:
        context, checked = make_ready(parsed.plan, {}, catalog, load_processes(workspace), parsed)
        engine = DbosEngine(store.folder / "engine.db", cancelled=store.cancel_requested)
        warm = store.start_run(source="b", plan="", plan_digest="", now=NOW.isoformat(), zone="UTC").id
        Frame(context).query(QUERY)
        engine.execute(warm, lambda steps: steps.step("once", lambda: 1))
        run = store.start_run(source="b", plan="", plan_digest="", now=NOW.isoformat(), zone="UTC").id
        callbacks = {field.name: unused for field in fields(Services)[3:] if field.default is MISSING}
        services = Services(store, Ledger(store), AuditLog(store), **callbacks)
        executor = Executor(run, context, checked, services)
        with Clock() as clock:
            engine.execute(run, executor.walk)
        engine.close()
    return clock


def bare(folder: str, kind: str, count: str) -> Clock:
    """As many steps of a DBOS workflow, on a file set up as the engine's is."""
    import duckdb
    import pyarrow as pa
    import sqlalchemy as sa
    from dbos import DBOS, DBOSPortableJSONSerializer

    root = _fresh(folder, "bare")
    engine = sa.create_engine(f"sqlite:///{root / 'engine.db'}")

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, record: Any) -> None:
        connection.isolation_level = "IMMEDIATE"
        connection.execute("PRAGMA busy_timeout=30000")
        connection.execute("PRAGMA synchronous=FULL")

    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
    DBOS(
        config={
            "name": "bare",
            "system_database_url": f"sqlite:///{root / 'engine.db'}",
            "system_database_engine": engine,
            "application_version": "1",
            "executor_id": "bare",
            "serializer": DBOSPortableJSONSerializer(),
            "notification_listener_polling_interval_sec": 0.02,
            "enable_otlp": False,
            "log_level": "CRITICAL",
        }
    )
    log = _journal(root / "journal.db")
    duck = duckdb.connect(config={"threads": 1})

    def by_hand(n: int) -> Callable[[], Any]:
        def work() -> Any:
            if kind == "acts":
                return False
            table = duck.sql(QUERY).to_arrow_table()
            with open(root / f"{n}.arrow", "wb") as file:
                with pa.ipc.new_file(file, table.schema) as writer:
                    writer.write_table(table)
                file.flush()
                os.fsync(file.fileno())
            log.execute("begin immediate")
            log.execute("insert into journal values (?, 'kept', ?)", (str(n), json.dumps({"rows": table.num_rows})))
            log.execute("commit")
            return {"count": table.num_rows}

        return work

    @DBOS.workflow(name="bare")
    def workflow(steps: int) -> Any:
        for n in range(steps):
            DBOS.run_step({"name": f"step{n}"}, by_hand(n))
        return None

    DBOS.launch()
    workflow(1)
    log.execute("delete from journal")
    with Clock() as clock:
        workflow(int(count))
    DBOS.destroy()
    return clock


# ---------------------------------------------------------------- sides: the ledger


def _payload(n: int) -> dict[str, Any]:
    """What is known of one effect: a row's key, old and new values."""
    return {
        "about": f"invoices R-{n}",
        "before": {"status": "open", "amount": f"{n}.50"},
        "after": {"status": "paid", "amount": f"{n}.50"},
        "data": {"raw": {"status": "open", "amount": n + 0.5}},
    }


def effects(folder: str, batch: str, count: str) -> Clock:
    """Effects of an operation that has nothing to do, through `Effects` and the ledger."""
    from deskhand import contract
    from deskhand.contract import Call, Change, Effect, Item, Operation, Receipt, Verdict
    from deskhand.effects import Effects
    from deskhand.errors import BusinessError
    from deskhand.ledger import Ledger
    from deskhand.store import Store

    class Nothing(Operation):
        name = "nothing.do"
        summary = "Do nothing."
        Params = contract.Params
        effect = Effect.WRITE
        batch = 1

        @classmethod
        def check(cls, params: Any, columns: Any, tables: Any) -> Any:
            return ()

        def prepare(self, calls: Sequence[Call]) -> list[Change]:
            return [Change("change", **_payload(call.ordinal)) for call in calls]

        def apply(self, items: Sequence[Item]) -> list[Receipt | BusinessError]:
            return [{"rowid": item.call.ordinal} for item in items]

        def verify(self, items: Sequence[Item]) -> list[Verdict]:
            return [Verdict.CONFIRMED] * len(items)

    Nothing.batch = int(batch)
    made = [Call(n, contract.Params(), row={"id": n}) for n in range(int(count))]
    with Store(_fresh(folder, "ledger")) as store:
        run = store.start_run(source="b", plan="", plan_digest="", now=NOW.isoformat(), zone="UTC").id
        work = Effects(Ledger(store), run, checkpoint=lambda: None)
        work.carry_out("warm", Nothing(), "none", made[:2], stop=False)
        with Clock() as clock:
            tally = work.carry_out("act", Nothing(), "none", made, stop=False)
    assert len(tally.confirmed) == int(count)
    return clock


def _journal(file: Path) -> sqlite3.Connection:
    """A journal: one table, WAL, on disk at every commit."""
    journal = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    journal.execute("pragma journal_mode=wal")
    journal.execute("pragma synchronous=full")
    journal.execute("create table journal (key text primary key, state text not null, payload text) without rowid")
    return journal


def journal(folder: str, batch: str, count: str) -> Clock:
    """The same effects in a journal that somebody writes who needs no audit log and no rules."""
    log = _journal(_fresh(folder, "journal") / "journal.db")
    keys = [f"20260311-00000/act/{n}" for n in range(int(count))]
    size = int(batch)
    with Clock() as clock:
        log.execute("begin immediate")
        log.executemany(
            "insert into journal values (?, 'intended', ?)",
            ((key, json.dumps(_payload(n))) for n, key in enumerate(keys)),
        )
        log.execute("commit")
        for start in range(0, len(keys), size):
            part = keys[start : start + size]
            log.execute("begin immediate")
            log.executemany("update journal set state = 'attempted' where key = ?", ((key,) for key in part))
            log.execute("commit")
            log.execute("begin immediate")
            log.executemany("update journal set state = 'confirmed' where key = ?", ((key,) for key in part))
            log.execute("commit")
    log.close()
    return clock
