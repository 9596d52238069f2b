"""The effect ledger: legal steps only, whole batches only, and nothing that is known is ever lost."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from deskhand.audit import AuditLog
from deskhand.contract import Change
from deskhand.ledger import EffectState, IllegalTransition, Ledger, effect_key, split_key
from deskhand.store import Store
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

CHANGE = Change(
    "change",
    about="invoices R-17",
    before={"status": "open"},
    after={"status": None},
    preview={"body": "Dear Müller \U0001f600 \udce9"},
    data={"old": [1, None, "x"]},
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path) as store:
        yield store


@pytest.fixture
def ledger(store: Store) -> Ledger:
    return Ledger(store)


def _keys(count: int, run: str = "r", path: str = "steps/1") -> list[str]:
    return [effect_key(run, path, n) for n in range(count)]


def _intend(ledger: Ledger, count: int, *, run: str = "r", path: str = "steps/1", change: Change = CHANGE) -> list[str]:
    keys = _keys(count, run, path)
    ledger.intend(run, path, "database.update", "ledger", [(n, key, change) for n, key in enumerate(keys)])
    return keys


def test_the_way_of_an_effect(ledger: Ledger) -> None:
    keys = _intend(ledger, 3)
    assert ledger.counts("r")[EffectState.INTENDED] == 3
    ledger.attempt(keys)
    ledger.confirm([(keys[0], {"rowid": 7})])
    ledger.doubt([(keys[1], "the server didn't answer")])
    ledger.refuse([(keys[2], "the key is gone")])
    entries = ledger.of_step("r", "steps/1")
    assert [entries[n].state for n in range(3)] == ["confirmed", "in doubt", "refused"]
    assert entries[0].receipt == {"rowid": 7}
    assert entries[0].change == CHANGE
    assert [entries[n].reason for n in range(3)] == ["", "the server didn't answer", "the key is gone"]
    assert entries[0].key == "r/steps/1/0"
    assert all(e.settled_at and e.attempted_at and e.intended_at for e in entries.values())


def test_what_prepare_already_knew_is_recorded_at_once(ledger: Ledger) -> None:
    keys = _keys(3)
    changes = [CHANGE, Change("unchanged", about="R-2"), Change.exception("no such key", "R-3")]
    ledger.intend("r", "steps/1", "database.update", "ledger", list(zip(range(3), keys, changes, strict=True)))
    entries = ledger.of_step("r", "steps/1")
    assert [e.state for e in entries.values()] == ["intended", "unchanged", "refused"]
    assert entries[2].reason == "no such key"


def test_an_absent_effect_may_be_tried_again(ledger: Ledger) -> None:
    keys = _intend(ledger, 2)
    ledger.attempt(keys)
    ledger.doubt([(keys[1], "?")])
    ledger.absent(keys)
    assert ledger.counts("r")[EffectState.INTENDED] == 2
    assert ledger.of_step("r", "steps/1")[1].reason == ""
    ledger.attempt(keys)
    ledger.confirm([(key, {}) for key in keys])


def test_an_intent_may_be_renewed_while_nothing_was_attempted(ledger: Ledger) -> None:
    keys = _intend(ledger, 2)
    ledger.refuse([(keys[1], "no")])
    _intend(ledger, 2, change=Change("change", about="newer"))
    assert {e.change.about for e in ledger.of_run("r")} == {"newer"}
    assert {e.state for e in ledger.of_run("r")} == {"intended"}


MOVES = ["attempt", "confirm", "doubt", "refuse", "absent", "unchanged"]


@pytest.mark.parametrize(
    ("steps", "then"),
    [
        ([], "confirm"),
        ([], "doubt"),
        ([], "absent"),
        (["attempt"], "attempt"),
        (["attempt"], "intend"),
        (["attempt", "doubt"], "attempt"),
        (["attempt", "doubt"], "intend"),
        (["attempt", "doubt"], "unchanged"),
        *((["attempt", "confirm"], then) for then in [*MOVES, "intend"]),
        *((["unchanged"], then) for then in [*MOVES, "intend"]),
        *((["refuse"], then) for then in MOVES),
    ],
)
def test_illegal_steps_raise_and_write_nothing(ledger: Ledger, store: Store, steps: list[str], then: str) -> None:
    keys = _intend(ledger, 3)

    def go(how: str, which: list[str]) -> None:
        if how == "intend":
            _intend(ledger, len(which))
        elif how == "confirm":
            ledger.confirm([(key, {}) for key in which])
        elif how in ("doubt", "refuse"):
            getattr(ledger, how)([(key, "because") for key in which])
        else:
            getattr(ledger, how)(which)

    for how in steps:
        go(how, keys[:1])
    before, head = ledger.of_run("r"), AuditLog(store).head()
    # Where the other two of the batch could legally go along, they must not.
    with pytest.raises(IllegalTransition, match=r"effect r/steps/1/0 "):
        go(then, keys)
    assert ledger.of_run("r") == before
    assert AuditLog(store).head() == head


def test_an_unknown_key_is_named(ledger: Ledger) -> None:
    with pytest.raises(IllegalTransition, match=r"r/steps/1/0 isn't in the ledger"):
        ledger.attempt(_keys(1))


def test_a_key_twice_in_one_batch(ledger: Ledger) -> None:
    keys = _intend(ledger, 1)
    with pytest.raises(IllegalTransition, match="twice"):
        ledger.attempt(keys * 2)
    with pytest.raises(IllegalTransition, match="twice"):
        ledger.intend("r", "x", "o", "c", [(0, "r/x/0", CHANGE), (0, "r/x/0", CHANGE)])


def test_a_key_of_another_row_is_refused(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="not the key of row 2"):
        ledger.intend("r", "steps/1", "o", "c", [(2, "r/steps/1/3", CHANGE)])


@pytest.mark.parametrize("key", ["", "r", "r/1", "/p/1", "r/p/", "r/p/x", "r/p/-1"])
def test_what_is_no_key(key: str) -> None:
    with pytest.raises(ValueError, match="no effect key"):
        split_key(key)


def test_a_change_that_is_no_json_writes_nothing(ledger: Ledger) -> None:
    bad = Change("change", data={"amount": object()})  # type: ignore[dict-item]
    with pytest.raises(TypeError):
        ledger.intend("r", "p", "o", "c", [(0, "r/p/0", CHANGE), (1, "r/p/1", bad)])
    assert ledger.of_run("r") == []


def test_runs_and_steps_with_like_names_are_kept_apart(ledger: Ledger) -> None:
    for run, path in [("r", "a"), ("r", "a/0"), ("r", "a/0/b"), ("r1", "a"), ("r/", "a")]:
        if run != "r/":
            _intend(ledger, 2, run=run, path=path)
    assert len(ledger.of_run("r")) == 6
    assert len(ledger.of_run("r1")) == 2
    assert [e.step for e in ledger.of_step("r", "a").values()] == ["a", "a"]
    assert ledger.counts("r", "a/0")[EffectState.INTENDED] == 2
    assert ledger.of_step("nobody", "a") == {}


def test_empty_batches_are_nothing(ledger: Ledger, store: Store) -> None:
    ledger.intend("r", "p", "o", "c", [])
    ledger.attempt([])
    ledger.confirm([])
    assert AuditLog(store).head()[0] == 0


def test_a_batch_is_one_entry_of_the_audit_log(ledger: Ledger, store: Store) -> None:
    keys = _intend(ledger, 1000)
    ledger.attempt(keys)
    ledger.confirm([(key, {}) for key in keys[:3] + keys[5:]])
    ledger.absent(keys[3:5])
    payloads = [entry.payload for entry in AuditLog(store).entries(run="r", kind="effect")]
    assert [(p["state"], p["rows"]) for p in payloads if isinstance(p, dict)] == [
        ("intended", "0-999"),
        ("attempted", "0-999"),
        ("confirmed", "0-2,5-999"),
        ("intended", "3-4"),
    ]


WRITER = """
import os, signal, sys
from pathlib import Path
from deskhand.contract import Change
from deskhand.ledger import Ledger, effect_key
from deskhand.store import Store
store = Store(Path(sys.argv[1]))
ledger = Ledger(store)
run = sys.argv[2]
for step in range(20):
    path = f"steps/{step}"
    keys = [effect_key(run, path, n) for n in range(10)]
    ledger.intend(run, path, "o", "c", [(n, key, Change("change")) for n, key in enumerate(keys)])
    ledger.attempt(keys)
    ledger.confirm([(key, {"n": 1}) for key in keys])
    print(step, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_four_processes_and_a_kill_lose_nothing(tmp_path: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), f"r{i}"], stdout=subprocess.PIPE)
        for i in range(4)
    ]
    for writer in writers:
        out, _ = writer.communicate(timeout=60)
        assert out.split()[-1] == b"19"
        assert writer.returncode == -9
    with Store(tmp_path) as store:
        ledger = Ledger(store)
        assert [ledger.counts(f"r{i}")[EffectState.CONFIRMED] for i in range(4)] == [200] * 4
        assert AuditLog(store).verify_chain() is None


# ---------------------------------------------------------------- the whole machine


class Machine(RuleBasedStateMachine):
    """Random batches against a dictionary that knows the rules; the file is opened anew now and then."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.store = Store(Path(self.folder.name))
        self.ledger = Ledger(self.store)
        self.model: dict[str, str] = {}

    legal = {  # noqa: RUF012
        "attempt": ({"intended"}, "attempted"),
        "confirm": ({"attempted", "in doubt"}, "confirmed"),
        "unchanged": ({"intended", "attempted"}, "unchanged"),
        "doubt": ({"attempted", "in doubt"}, "in doubt"),
        "refuse": ({"intended", "attempted", "in doubt"}, "refused"),
        "absent": ({"attempted", "in doubt"}, "intended"),
    }

    @rule(rows=st.lists(st.integers(0, 7), unique=True, max_size=4), path=st.sampled_from(["a", "a/0"]))
    def intend(self, rows: list[int], path: str) -> None:
        entries = [(n, effect_key("r", path, n), Change("change")) for n in rows]
        keys = [key for _, key, _ in entries]
        if all(self.model.get(key, "refused") in ("intended", "refused") for key in keys):
            self.ledger.intend("r", path, "o", "c", entries)
            self.model.update(dict.fromkeys(keys, "intended"))
        else:
            with pytest.raises(IllegalTransition):
                self.ledger.intend("r", path, "o", "c", entries)

    @precondition(lambda self: self.model)
    @rule(data=st.data(), how=st.sampled_from(sorted(legal)), only_legal=st.booleans())
    def move(self, data: st.DataObject, how: str, only_legal: bool) -> None:
        allowed, becomes = self.legal[how]
        known = sorted(key for key, state in self.model.items() if not only_legal or state in allowed)
        if not known:
            return
        keys = data.draw(st.lists(st.sampled_from(known), unique=True, max_size=4))
        if how == "confirm":
            call = lambda: self.ledger.confirm([(key, {"k": key}) for key in keys])  # noqa: E731
        elif how in ("doubt", "refuse"):
            call = lambda: getattr(self.ledger, how)([(key, "why") for key in keys])  # noqa: E731
        else:
            call = lambda: getattr(self.ledger, how)(keys)  # noqa: E731
        if all(self.model[key] in allowed for key in keys):
            call()
            self.model.update(dict.fromkeys(keys, becomes))
        else:
            with pytest.raises(IllegalTransition):
                call()

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = Store(Path(self.folder.name))
        self.ledger = Ledger(self.store)

    @invariant()
    def they_agree(self) -> None:
        entries = self.ledger.of_run("r")
        assert {entry.key: str(entry.state) for entry in entries} == self.model
        assert all((entry.receipt == {"k": entry.key}) == (entry.state == "confirmed") for entry in entries)
        assert all((entry.settled_at is None) == (entry.state in ("intended", "attempted")) for entry in entries)

    def teardown(self) -> None:
        assert AuditLog(self.store).verify_chain() is None
        self.store.close()
        self.folder.cleanup()


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
