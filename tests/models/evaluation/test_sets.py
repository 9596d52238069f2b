"""The reader names every fault with its place; the builder's workspaces read back as the set's texts say."""

from __future__ import annotations

import filecmp
import tomllib
from pathlib import Path

import pytest
from deskhand.errors import DataError
from deskhand_models.evaluation.build import build, cell, statements
from deskhand_models.evaluation.expected import load
from deskhand_models.evaluation.sets import SETS, read_office, read_set, set_names
from deskhand_models.evaluation.state import Table, mails_of, read_state

WORKSPACE = """name = "shop"
now = "2026-11-20T09:00:00"
address = "me@acme.example"
[connections]
ledger = "database"
files = "spreadsheet"
mail = "email"
"""
SQL = """-- the shop; with a semicolon
create table goods (id integer primary key, name text, price decimal(8,2), since date);
insert into goods values (1, 'nut; bolt', 2.50, '2026-01-03'),
  (2, 'O''Ring', null, null);
"""
MAILS = """[[mails]]
folder = "inbox"
from = "Ada Ö <ada@b.example>"
to = "me@acme.example, you@acme.example"
subject = "Grüße"
date = "2026-11-19T08:00:00"
body = '''
One.
Two.'''
unread = true
[mails.attachments]
"list.csv" = "a;b\\n1;2,5\\n"

[[mails]]
folder = "Old news"
from = "b@b.example"
to = "me@acme.example"
subject = "x"
date = "2026-11-18"
body = "y"
flagged = true
"""
REQUESTS = """[[requests]]
id = "shop-01"
kind = "question"
voice = "boss"
request = "what do we sell?"
plan = '''
steps:
  - query: select name from ledger.goods
'''
also = ['''
steps:
  - query: select id from ledger.goods
''']
ordered = true

[[requests]]
id = "shop-02"
kind = "ask"
voice = "boss"
request = "raise it"
ask = true
why = "What, and to how much?"
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "set" / "shop"
    (folder / "files" / "sub" / "budget.xlsx").mkdir(parents=True)
    (folder / "workspace.toml").write_text(WORKSPACE)
    (folder / "ledger.sql").write_text(SQL)
    (folder / "mail.mails.toml").write_text(MAILS)
    (folder / "requests.toml").write_text(REQUESTS)
    (folder / "files" / "stock.csv").write_text("Item;Left\n007;3\n")
    (folder / "files" / "note.txt").write_text("as it is")
    (folder / "files" / "sub" / "budget.xlsx" / "2026.csv").write_text("Who,Amount,Day\nAda,12.50,2026-03-01\n007,,x\n")
    return folder


def test_a_set_is_read_whole(shop: Path) -> None:
    (office,) = read_set(shop.parent)
    assert (office.name, office.connections) == (
        "shop",
        {"ledger": "database", "files": "spreadsheet", "mail": "email"},
    )
    question, ask = office.cases
    assert (question.id, question.kind, question.flags, len(question.plans)) == ("shop-01", "question", {"ordered"}, 2)
    assert (ask.plan, ask.plans, ask.ask, ask.cannot, ask.why) == (None, (), True, False, "What, and to how much?")
    assert question.workspace is office
    assert read_set(shop) == (office,)


def test_what_is_built_reads_back(shop: Path, tmp_path: Path) -> None:
    office = read_office(shop)
    folder = build(office, tmp_path / "w")
    state = read_state(folder, office.connections)
    assert state.parts["db/ledger/goods"] == Table(
        ("id", "name", "price", "since"), ((1, "nut; bolt", 2.5, "2026-01-03"), (2, "O'Ring", None, None))
    )
    assert state.parts["file/files/stock.csv"] == Table(("Item", "Left"), (("007", "3"),))
    assert state.parts["file/files/note.txt"] == "as it is"
    assert state.parts["file/files/sub/budget.xlsx/2026"] == Table(
        ("Who", "Amount", "Day"), (("Ada", 12.5, "2026-03-01"), ("007", None, "x"))
    )
    old, new = mails_of(state, "mail")
    assert (old.folder, old.flagged, old.unread) == ("Old news", True, False)
    assert (new.folder, new.sender, new.subject, new.text) == ("inbox", "ada@b.example", "Grüße", "One.\nTwo.")
    assert new.recipients == ("me@acme.example", "you@acme.example")
    assert (new.unread, new.flagged) == (True, False)
    assert new.attachments[0].tables == (Table(("a", "b"), (("1", "2,5"),)),)
    assert tomllib.loads((folder / "agent.toml").read_text())["connections"]["mail"]["address"] == "me@acme.example"


def test_the_same_texts_give_the_same_bytes(shop: Path, tmp_path: Path) -> None:
    office = read_office(shop)
    one, two = build(office, tmp_path / "one"), build(office, tmp_path / "two")
    files = [p.relative_to(one) for p in one.rglob("*") if p.is_file()]
    assert len(files) >= 6
    assert filecmp.cmpfiles(one, two, list(map(str, files)), shallow=False)[0] == list(map(str, files))
    with pytest.raises(FileExistsError):
        build(office, one)


@pytest.mark.parametrize(
    ("text", "value"),
    [("12", 12), ("-1.5", -1.5), ("007", "007"), ("", None), ("12 kg", "12 kg"), ("2026-13-01", "2026-13-01")],
)
def test_cells_are_what_a_person_would_see(text: str, value: object) -> None:
    assert cell(text) == value


def test_statements_know_their_lines() -> None:
    found = list(
        statements("-- one;\n\ncreate table a (b);\n\ninsert into a\nvalues ('x;\ny');insert into a values (1)")
    )
    assert [line for line, _ in found] == [1, 5, 7]


FAULTS = [
    ("workspace.toml", 'mail = "email"', 'mail = "imap"', "no such tool", 7),
    ("workspace.toml", "2026-11-20T09:00:00", "today", "'today' is no time", 2),
    ("workspace.toml", 'name = "shop"', 'nam = "shop"', "no key 'nam'", 1),
    ("requests.toml", 'kind = "question"', 'kind = "riddle"', "no kind 'riddle'", 2),
    ("requests.toml", "shop-02", "shop-01", "stands twice", 17),
    ("requests.toml", "ask = true", "ask = false", "needs one of plan", 17),
    ("requests.toml", "ask = true", 'ask = "yes"', "ask can't be 'yes'", 21),
    ("requests.toml", 'why = "What, and to how much?"', "", "says why", 17),
    ("requests.toml", 'request = "raise it"', 'request = " "', "the request is empty", 17),
    ("requests.toml", 'voice = "boss"', "", "voice is missing", 1),
    ("requests.toml", "ordered = true", "orderd = true", "no key 'orderd'", 14),
    ("requests.toml", "steps:\n  - query: select id", "step:\n  - query: select id", "with `steps:`", 2),
    ("requests.toml", "[[requests]]\nid = \"shop-02\"", "[[requests]\nid = 2", "no TOML", 16),
    ("mail.mails.toml", 'date = "2026-11-18"', 'date = "18/11"', "is no time", 19),
    ("mail.mails.toml", 'subject = "x"', "subject = 3", "subject can't be 3", 18),
    ("files/sub/budget.xlsx/2026.csv", "007,,x", "007,x", "row 3 has 2 cells", 3),
]  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "message", "line"), FAULTS)
def test_every_fault_has_its_place(shop: Path, name: str, old: str, new: str, message: str, line: int) -> None:
    file = shop / name
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    with pytest.raises(DataError) as caught:
        read_set(shop.parent)
    assert message in str(caught.value)
    assert caught.value.where is not None
    assert Path(caught.value.where.file or "").name == file.name
    assert abs((caught.value.where.line or 0) - line) <= 1


def test_files_that_are_missing_or_strange_are_named(shop: Path) -> None:
    (shop / "stray.csv").write_text("a\n")
    with pytest.raises(DataError, match="belongs to no connection"):
        read_office(shop)
    (shop / "stray.csv").unlink()
    (shop / "ledger.sql").rename(shop / "leger.sql")
    with pytest.raises(DataError, match=r"there is no .*ledger\.sql"):
        read_office(shop)
    with pytest.raises(DataError, match="there is no set"):
        read_set(shop / "nowhere")


def test_sql_that_sqlite_refuses_has_its_line(shop: Path, tmp_path: Path) -> None:
    (shop / "ledger.sql").write_text(SQL + "insert into good values (1);\n")
    with pytest.raises(DataError, match="no such table: good") as caught:
        build(read_office(shop), tmp_path / "w")
    assert caught.value.where is not None
    assert caught.value.where.line == 5


def test_the_sets_that_come_with_deskhand_are_sound() -> None:
    assert set_names() == ["calibration", "exam"]
    exam, calibration = read_set(SETS / "exam"), read_set(SETS / "calibration")
    assert sum(len(office.cases) for office in exam) == 300
    assert sum(len(office.cases) for office in calibration) == 100
    assert {o.name for o in exam}.isdisjoint(o.name for o in calibration)
    for office in (*exam, *calibration):
        known = load(office)
        assert known is not None, f"{office.folder.name} has changed: agent eval --set … --write-expected"
        assert {c.id: len(c.plans) for c in office.cases if c.plan is not None} == {i: len(o) for i, o in known.items()}
