"""A state folder that is damaged, newer, locked, read-only or full."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from deskhand.audit import AuditLog
from deskhand.errors import DataError, UnavailableError
from deskhand.store import Run, Store
from deskhand.store.database import store_error
from deskhand.store.files import write_whole
from deskhand.store.migrations import MIGRATIONS


def _start(store: Store, plan: str = "") -> Run:
    return store.start_run(source="x.yaml", plan=plan, plan_digest="d", now="2026-11-21T09:00:00", zone="UTC")


def test_a_damaged_file_is_said_to_be_one(tmp_path: Path) -> None:
    Store(tmp_path).close()
    file = tmp_path / ".deskhand" / "state.db"
    file.write_bytes(b"no database at all, though it is long enough" * 100)
    with pytest.raises(DataError, match=r"\.deskhand/state\.db is damaged") as caught:
        Store(tmp_path)
    assert "backup" in caught.value.mend


def test_a_page_damaged_within(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        for _ in range(200):
            _start(store, "x" * 500)
        store.database.rows("pragma wal_checkpoint(truncate)")
    file = tmp_path / ".deskhand" / "state.db"
    data = bytearray(file.read_bytes())
    data[8192:-4096] = b"\xff" * (len(data) - 12288)
    file.write_bytes(data)
    with pytest.raises(DataError, match="damaged"), Store(tmp_path) as store:
        store.runs()


def test_a_file_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    Store(tmp_path).close()
    file = tmp_path / ".deskhand" / "state.db"
    db = sqlite3.connect(file)
    db.execute(f"pragma user_version={len(MIGRATIONS) + 1}")
    db.close()
    before = file.read_bytes()
    with pytest.raises(DataError, match="newer deskhand") as caught:
        Store(tmp_path)
    assert "install the newer" in caught.value.mend
    assert file.read_bytes() == before


def test_every_migration_is_one_step_on(tmp_path: Path) -> None:
    """A file of any older version comes to hold what a fresh one does."""
    Store(tmp_path).close()
    fresh = sqlite3.connect(tmp_path / ".deskhand" / "state.db")
    schema = fresh.execute("select sql from sqlite_master order by name").fetchall()
    fresh.close()
    for version in range(len(MIGRATIONS)):
        old = tmp_path / str(version)
        (old / ".deskhand").mkdir(parents=True)
        db = sqlite3.connect(old / ".deskhand" / "state.db", isolation_level=None)
        for statement in (s for migration in MIGRATIONS[:version] for s in migration):
            db.execute(statement)
        db.execute(f"pragma user_version={version}")
        db.close()
        with Store(old) as store:
            found = [tuple(row) for row in store.database.rows("select sql from sqlite_master order by name")]
            assert found == schema


def test_a_workspace_that_has_vanished(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="isn't there any more"):
        Store(tmp_path / "gone")


def test_a_file_in_the_folders_place(tmp_path: Path) -> None:
    (tmp_path / ".deskhand").write_text("")
    with pytest.raises(DataError, match=r"\.deskhand/state\.db can't be used"):
        Store(tmp_path)


def test_a_read_only_file(tmp_path: Path) -> None:
    """By SQLite's own read-only mode: the tests may run as root, to whom no file is read-only."""
    Store(tmp_path).close()
    db = sqlite3.connect(f"file:{tmp_path}/.deskhand/state.db?mode=ro", uri=True)
    with pytest.raises(sqlite3.OperationalError) as caught:
        db.execute("delete from runs")
    db.close()
    error = store_error(caught.value, "state.db")
    assert isinstance(error, UnavailableError)
    assert "state.db can't be written" in error.message
    assert "must be writable" in error.mend


@pytest.mark.skipif(os.name == "nt" or os.getuid() == 0, reason="nothing is read-only to root")
def test_a_read_only_folder(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(UnavailableError, match="can't be written"):
            Store(tmp_path)
    finally:
        tmp_path.chmod(0o700)


def test_a_file_that_another_program_keeps_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deskhand.store.database.BUSY_SECONDS", 0.1)
    with Store(tmp_path) as store:
        other = sqlite3.connect(store.database.path, isolation_level=None)
        other.execute("begin immediate")
        with pytest.raises(UnavailableError, match="locked by another process"):
            _start(store)
        other.execute("rollback")
        other.close()
        assert _start(store).status == "running"


FULL = """
import resource, sys
from pathlib import Path
import pyarrow as pa
from deskhand.errors import UnavailableError
from deskhand.store import Store, Trace
def start(store, plan):
    return store.start_run(source="x", plan=plan, plan_digest="", now="", zone="").id
with Store(Path(sys.argv[1])) as store:
    run = start(store, "first")
    store.save_rows(run, "a", pa.table({"n": [1]}))
    full = 300_000
    resource.setrlimit(resource.RLIMIT_FSIZE, (full, resource.RLIM_INFINITY))
    for what in (
        lambda: [start(store, "x" * 50_000) for _ in range(20)],
        lambda: store.save_rows(run, "a", pa.table({"n": list(range(100_000))})),
        lambda: store.write_trace(Trace("t", "x" * 400_000, None, "", "", "done")),
    ):
        try:
            what()
            print("written?")
        except UnavailableError as error:
            print(error.message)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    print(store.run(run).plan, store.load_rows(run, "a")[0].to_pylist(), store.trace("t"))
    print(store.database.row("pragma integrity_check")[0], store.run(start(store, "after")).plan)
    print(sorted(f.name.split(".")[-1] for f in (store.folder / "runs").rglob("*") if f.is_file()))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit there")
def test_a_full_disk_is_said_and_loses_nothing(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FULL, str(tmp_path)], capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    database, rows, trace, kept, after, files = done.stdout.splitlines()
    assert "full" in database
    assert "state.db" in database
    assert "the disk is full, so .deskhand/" in rows
    assert "the disk is full, so .deskhand/traces/t.json" in trace
    assert kept == "first [{'n': 1}] None"
    assert after == "ok after"
    assert files == "['arrow']", "no half-written file is left behind"


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    write_whole(file, b"old")
    with pytest.raises(TypeError):
        write_whole(file, "not bytes")  # type: ignore[arg-type]
    assert file.read_bytes() == b"old"
    assert [f.name for f in tmp_path.iterdir()] == ["a.json"]


def test_a_transaction_is_whole_or_nothing(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.database.write() as outer:
        outer.execute("insert into audit values (1, '', null, 'read', '{}', '', '')")
        with store.database.write() as inner:
            assert inner is outer
        raise ZeroDivisionError
    assert AuditLog(store).head()[0] == 0
    with pytest.raises(ValueError, match="Circular"), store.database.write():
        loop: list[Any] = []
        loop.append(loop)
        json.dumps(loop)
    assert _start(store).status == "running"


def test_opening_costs_no_heavy_imports() -> None:
    code = (
        "import sys, deskhand.store, deskhand.store.database, deskhand.audit;"
        "assert not {'pyarrow', 'pydantic', 'filelock', 'dbos', 'sqlalchemy', 'duckdb'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
