"""The audit log: chained, append-only, safe among processes; every tampering is found where it happened."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from deskhand.audit import AuditLog, Broken
from deskhand.store import Store
from deskhand.store.chain import GENESIS


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path, secrets=["correct horse"]) as store:
        yield store


@pytest.fixture
def log(store: Store) -> AuditLog:
    log = AuditLog(store)
    log.extend([(None, "read", {"table": "ledger.invoices", "rows": n}) for n in range(5)])
    return log


def _tamper(store: Store, sql: str) -> None:
    """Change the file behind the log's back, as somebody would who has dropped its triggers."""
    db = sqlite3.connect(store.database.path)
    with db:
        db.execute("drop trigger audit_is_never_changed")
        db.execute("drop trigger audit_is_never_cut")
        db.execute(sql)
    db.close()


def test_an_untouched_log_holds(log: AuditLog) -> None:
    assert log.verify_chain() is None
    assert [entry.n for entry in log.entries()] == [1, 2, 3, 4, 5]
    assert next(log.entries()).prev == GENESIS


def test_an_empty_log_holds(store: Store) -> None:
    assert AuditLog(store).verify_chain() is None
    assert AuditLog(store).head() == (0, GENESIS)
    assert AuditLog(store).extend([]) == []


@pytest.mark.parametrize(
    ("sql", "broken"),
    [
        ("""update audit set payload = '{"rows":99}' where n = 3""", 3),
        ("update audit set at = '2020-01-01T00:00:00.000000Z' where n = 2", 2),
        ("update audit set run = 'x' where n = 1", 1),
        ("update audit set kind = 'effect' where n = 4", 4),
        ("update audit set prev = hash where n = 3", 3),
        ("update audit set hash = prev where n = 5", 5),
        ("delete from audit where n = 3", 3),
        ("delete from audit where n = 1", 1),
        ("delete from audit where n >= 4", 4),
        ("delete from audit", 1),
        ("insert into audit values (6, 'x', null, 'read', '{}', '', '')", 6),
    ],
)
def test_tampering_is_found_where_it_happened(log: AuditLog, store: Store, sql: str, broken: int) -> None:
    _tamper(store, sql)
    found = log.verify_chain()
    assert found is not None
    assert found.n == broken


def test_a_chain_written_anew_is_told_by_a_head_kept_elsewhere(log: AuditLog, store: Store) -> None:
    head = log.head()
    _tamper(store, "delete from audit where n > 1")
    _tamper_sequence(store)
    log.extend([(None, "read", {"table": "other"})] * 4)
    assert log.verify_chain() is None, "by itself it looks whole"
    assert log.verify_chain(head=head) == Broken(5, "it isn't the entry that was there when its hash was taken")


def test_a_head_that_was_cut_off_is_missed(log: AuditLog, store: Store) -> None:
    head = log.head()
    _tamper(store, "delete from audit where n > 3")
    _tamper_sequence(store)
    assert log.verify_chain() is None
    assert log.verify_chain(head=head) == Broken(4, "it and what followed were cut off")


def _tamper_sequence(store: Store) -> None:
    db = sqlite3.connect(store.database.path)
    with db:
        db.execute("update sqlite_sequence set seq = (select max(n) from audit) where name = 'audit'")
    db.close()


@pytest.mark.parametrize("sql", ["update audit set kind = 'run'", "delete from audit where n = 5"])
def test_the_file_itself_refuses_changes(log: AuditLog, store: Store, sql: str) -> None:
    db = sqlite3.connect(store.database.path)
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        db.execute(sql)
    db.close()
    assert log.verify_chain() is None


def test_payloads_are_redacted_before_they_are_hashed(log: AuditLog) -> None:
    log.append("r", "read", {"where": "mail to jo@acme.example with correct horse", "jo@acme.example": [1]})
    last = list(log.entries(run="r"))
    assert last[0].payload == {"where": "mail to <email 1> with <secret>", "<email 1>": [1]}
    assert log.verify_chain() is None


def test_entries_of_a_kind_or_a_run(log: AuditLog) -> None:
    log.extend([("a", "plan", {"n": 1}), ("b", "plan", {"n": 2}), ("a", "read", {"n": 3})])
    assert [e.payload for e in log.entries(run="a")] == [{"n": 1}, {"n": 3}]
    assert [e.payload for e in log.entries(kind="plan")] == [{"n": 1}, {"n": 2}]
    assert [e.n for e in log.entries(after=6)] == [7, 8]


def test_an_unknown_kind_writes_nothing(log: AuditLog) -> None:
    with pytest.raises(ValueError, match="'gossip' is no kind"):
        log.extend([(None, "read", {}), (None, "gossip", {})])  # type: ignore[list-item]
    assert log.head()[0] == 5


def test_what_is_no_json_writes_nothing(log: AuditLog) -> None:
    with pytest.raises(ValueError, match="Out of range float"):
        log.append(None, "read", {"x": float("nan")})
    assert log.head()[0] == 5


def test_a_surrogate_half_from_a_broken_mail_is_no_obstacle(log: AuditLog) -> None:
    log.append(None, "read", {"subject": "\udce9"})
    assert log.verify_chain() is None


WRITER = """
import sys
from pathlib import Path
from deskhand.audit import AuditLog
from deskhand.store import Store
with Store(Path(sys.argv[1])) as store:
    log = AuditLog(store)
    for n in range(50):
        log.extend([(sys.argv[2], "read", {"n": n})] * 2)
"""


def test_four_processes_write_one_chain(tmp_path: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), f"w{i}"]) for i in range(4)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0, 0]
    with Store(tmp_path) as store:
        log = AuditLog(store)
        assert log.verify_chain() is None
        assert log.head()[0] == 400
        assert [e.payload for e in log.entries(run="w2")] == [{"n": n // 2} for n in range(100)]
