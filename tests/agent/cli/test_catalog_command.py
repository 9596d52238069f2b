"""`agent catalog`: readable when piped, whole as JSON, and quick on many tables."""

from __future__ import annotations

import json
import os
import pty
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from deskhand.cli.main import main
from deskhand.cli.text import clean
from deskhand_tools.database import DatabaseTool

HEAD = '[workspace]\nname = "acme"\ntimezone = "Europe/Berlin"\n'
LEDGER = '[connections.ledger]\ntool = "database"\nurl = "sqlite:///ledger.db"\n'
FILES = '[connections.files]\ntool = "spreadsheet"\nfolder = "files"\n'
MAIL = '[connections.mail]\ntool = "email"\nurl = "maildir:mail"\naddress = "a@acme.example"\n'


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "bank.csv").write_text("Paid in,day\n3.50,2026-01-02\n4.10,2026-02-03\n")
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as database:
        database.execute("create table invoices (number text primary key, amount real, due_date text not null)")
        rows = [(f"R-{n}", n + 0.5, f"{n % 28 + 1:02}/03/2026") for n in range(30)]
        database.executemany("insert into invoices values (?, ?, ?)", rows)
        database.commit()
    (tmp_path / "agent.toml").write_text(HEAD + LEDGER + FILES)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["catalog", *arguments])
    return code, *capsys.readouterr()


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    code, out, err = said(capsys, "--json", *arguments)
    assert err == ""
    return code, json.loads(out)


def test_everything(office: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(capsys)
    assert (code, err) == (0, "")
    assert "ledger (database): 1 table" in out
    (line,) = [line for line in out.splitlines() if line.startswith("  invoices ")]
    assert line.split() == ["invoices", "30", "number", "number,", "amount,", "due_date"]
    assert "bank.csv" in out
    assert "database.update" in out
    assert "spreadsheet.append" in out
    assert "\x1b" not in out


def test_one_table(office: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys, "ledger.Invoices")
    assert code == 0
    assert out.startswith("ledger.invoices: 30 rows; key number\n")
    lines = {line.split()[0]: line for line in out.splitlines()[1:]}
    assert "DATE" in lines["due_date"]
    assert "not null" in lines["due_date"]
    assert "%d/%m/%Y" in lines["due_date"], "the form in which dates are stored"
    assert "DECIMAL" in lines["amount"]


@pytest.mark.parametrize("name", ["files.bank.csv", 'files."bank.csv"', "FILES.BANK.CSV"])
def test_a_sheet_with_or_without_quotes(office: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    code, out, _ = said(capsys, name)
    assert code == 0
    assert out.startswith('files."bank.csv": 2 rows')
    assert "Paid in" in out


def test_json_holds_all_of_it(office: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = as_json(capsys)
    assert code == 0
    assert (found["workspace"], found["timezone"]) == ("acme", "Europe/Berlin")
    ledger, files = found["connections"]
    (invoices,) = ledger["tables"]
    assert (invoices["rows"], invoices["key"]) == (30, ["number"])
    due = invoices["columns"][2]
    assert (due["type"], due["nullable"]) == ("DATE", False)
    assert due["codec"]["formats"] == ["%d/%m/%Y"]
    assert files["tables"][0]["columns"][0]["name"] == "Paid in"
    update = next(o for o in found["operations"] if o["name"] == "database.update")
    assert {"name": "table", "required": True} in update["parameters"]
    assert as_json(capsys, "ledger.invoices")[1]["connections"][0]["tables"] == [invoices]
    assert [c["name"] for c in as_json(capsys, "files")[1]["connections"]] == ["files"]


@pytest.mark.parametrize(
    ("name", "message", "mend"),
    [
        ("legder", "there is no connection 'legder'", "'ledger'"),
        ("ledger.invioces", "ledger has no table 'invioces'", "'invoices'"),
        ("ledger.", "ledger has no table ''", "There are: invoices."),
    ],
)
def test_unknown_names(office: Path, capsys: pytest.CaptureFixture[str], name: str, message: str, mend: str) -> None:
    code, out, err = said(capsys, name)
    assert (code, out) == (2, "")
    assert message in err
    assert mend in err


def test_a_broken_connection_is_shown_beside_the_others(
    office: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BOX", raising=False)
    text = HEAD + FILES + MAIL.replace("maildir:mail", "maildir:${env:BOX}")
    (office / "agent.toml").write_text(text)
    code, out, _ = said(capsys)
    assert code == 2
    assert "bank.csv" in out
    assert "mail (email) can't be used:\n  connection mail needs the environment variable BOX" in out
    assert "export BOX=" in out
    code, found = as_json(capsys)
    assert code == 2
    files, mail = found["connections"]
    assert files["error"] is None
    assert "BOX" in mail["error"]["message"]
    assert mail["tables"] == []
    assert said(capsys, "files")[0] == 0
    assert said(capsys, "mail.inbox")[0] == 2


def test_no_connections_yet(office: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (office / "agent.toml").write_text(HEAD)
    code, out, _ = said(capsys)
    assert code == 0
    assert "acme has no connections; add one to" in out


def test_data_cannot_move_the_cursor() -> None:
    assert clean("a\x1b[31mb\u202ec\n\td") == "a\N{REPLACEMENT CHARACTER}[31mb\N{REPLACEMENT CHARACTER}c d"
    assert clean("abcdef", 4) == "abc…"


@pytest.mark.parametrize(
    ("environment", "options", "colored"),
    [({}, [], True), ({"NO_COLOR": "1"}, [], False), ({"TERM": "dumb"}, [], False), ({}, ["--no-color"], False)],
)
def test_colors_on_a_terminal_only(
    office: Path, environment: dict[str, str], options: list[str], colored: bool
) -> None:
    code = "import sys; from deskhand.cli.main import main; sys.exit(main(sys.argv[1:]))"
    leader, follower = pty.openpty()
    plain = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "TERM", "FORCE_COLOR")}
    with subprocess.Popen(
        [sys.executable, "-c", code, "catalog", "files.bank.csv", *options],
        stdout=follower,
        cwd=office,
        env={**plain, "TERM": "xterm-256color", "COLUMNS": "100", **environment},
    ) as process:
        os.close(follower)
        shown = b""
        try:
            while chunk := os.read(leader, 65536):
                shown += chunk
        except OSError:  # the other end is closed
            pass
    os.close(leader)
    assert process.returncode == 0
    assert b"Paid in" in shown
    assert (b"\x1b[" in shown) is colored


def test_two_hundred_tables_are_looked_at_once(
    office: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(sqlite3.connect(office / "ledger.db")) as database:
        for n in range(200):
            columns = ", ".join(f"c{i} {('text', 'real', 'integer')[i % 3]}" for i in range(12))
            database.execute(f"create table t{n} (id integer primary key, {columns})")
            rows = [(None, *("01.02.2026", 3.5, 7) * 4) for _ in range(100)]
            database.executemany(f"insert into t{n} values ({', '.join('?' * 13)})", rows)
        database.commit()
    (office / "agent.toml").write_text(HEAD + LEDGER)
    _, found = as_json(capsys)
    assert len(found["connections"][0]["tables"]) == 201

    def never(tool: DatabaseTool) -> None:
        raise AssertionError("the second look reads what the first one has remembered")

    monkeypatch.setattr(DatabaseTool, "tables", never)
    assert as_json(capsys) == (0, found)
