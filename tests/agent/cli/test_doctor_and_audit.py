"""`agent doctor` finds what keeps deskhand from working; `agent audit` finds a changed log."""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from deskhand.audit import AuditLog
from deskhand.cli import doctor
from deskhand.cli.main import main
from deskhand.store import Store

HEAD = '[workspace]\nname = "acme"\ntimezone = "Europe/Berlin"\n'
FILES = '[connections.files]\ntool = "spreadsheet"\nfolder = "files"\n'


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "files").mkdir()
    (tmp_path / "agent.toml").write_text(HEAD + FILES)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def checks(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, dict[str, str]]]:
    code = main(["doctor", "--json", *arguments])
    out, err = capsys.readouterr()
    assert err == ""
    return code, {check["check"]: check for check in json.loads(out)["checks"]}


# ---------------------------------------------------------------- doctor


def test_all_is_well(office: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = checks(capsys)
    assert code == 0
    assert {name for name, check in found.items() if check["state"] == "ok"} == {
        *("python", "packages", "planner", "time zones", "workspace", "time zone", "permissions", "disk"),
        "connection files",
    }
    assert found["processes"]["state"] == "note"
    assert main(["doctor"]) == 0
    assert capsys.readouterr().out.endswith("All is well.\n")


def test_what_the_planner_lacks_is_worth_knowing(
    office: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "deskhand_models.encoder", None)
    code, found = checks(capsys)
    assert code == 0
    assert found["planner"]["state"] == "note"
    assert found["planner"]["mend"] == "pip install 'deskhand[planner]'"


def test_outside_a_workspace(office: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (office / "agent.toml").unlink()
    code, found = checks(capsys)
    assert (code, found["workspace"]["state"]) == (0, "note")
    code, found = checks(capsys, "--workspace", "nowhere")
    assert (code, found["workspace"]["state"]) == (2, "bad")


def test_every_fault_of_agent_toml(office: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (office / "agent.toml").write_text(HEAD + "[planer]\n" + FILES.replace("folder", "foldr"))
    assert main(["doctor"]) == 2
    out = capsys.readouterr().out
    assert "agent.toml:4: agent.toml knows no 'planer'" in out
    assert "agent.toml:7" in out
    assert "Did you mean 'planner'" in out


def test_a_folder_of_files_that_is_missing(office: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Doctor, catalog and check name the folder, and the way out; a write is no way to make it unseen."""
    folder = office.parent / "drive" / "files"
    settings = office / "agent.toml"
    settings.write_text(settings.read_text().replace('folder = "files"', f'folder = "{folder}"'))
    code, found = checks(capsys)
    assert (code, found["connection files"]["state"]) == (2, "bad")
    assert main(["catalog"]) == 2
    (office / "q.yaml").write_text('process: q\nsteps: [{query: select * from files."bank.csv"}]\n')
    (office / "w.yaml").write_text(
        "process: w\nsteps: [{id: q, query: select 1 as a}, {spreadsheet.write: {file: a.csv, rows: q}}]\n"
    )
    said = [json.dumps(found["connection files"]), "".join(capsys.readouterr())]
    for plan in ("q.yaml", "w.yaml"):
        assert main(["check", plan]) == 2
        said.append("".join(capsys.readouterr()))
    for text in said:
        assert f"points to the folder {folder}, and there is no such folder" in text
        assert "Make the folder" in text
    folder.mkdir(parents=True)
    assert checks(capsys)[0] == 0


def test_a_connection_that_cant_be_opened(office: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with (office / "agent.toml").open("a") as file:
        file.write('[connections.mail]\ntool = "email"\nurl = "maildir:mail"\naddress = "a@acme.example"\n')
    code, found = checks(capsys)
    assert (code, found["connection mail"]["state"]) == (2, "bad")
    assert found["connection mail"]["mend"]
    assert found["connection files"]["state"] == "ok"
    assert main(["doctor"]) == 2
    assert "1 thing to mend." in capsys.readouterr().out


def test_packages(office: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    needed = ["click>=8.2", "click<1", "no-such-package-here>=1", "pytest>=99; extra == 'test'"]
    monkeypatch.setattr("importlib.metadata.requires", lambda name: needed)
    assert main(["doctor"]) == 2
    out = capsys.readouterr().out
    assert "isn't in the range click<1" in out
    assert "no-such-package-here is missing" in out
    assert "pytest>=99" not in out


def test_disk_and_permissions(
    office: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1024**2))
    (office / ".deskhand").mkdir()
    (office / ".deskhand").chmod(0o755)
    code, found = checks(capsys)
    assert code == 2
    assert found["disk"]["found"] == "only 1 MiB free"
    assert found["permissions"]["mend"].startswith("chmod 700")
    monkeypatch.setattr(doctor.os, "access", lambda *_: False)
    assert checks(capsys)[1]["permissions"]["state"] == "bad"


def test_a_missing_time_zone_is_noted(office: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (office / "agent.toml").write_text("[workspace]\nname = 'x'\n")
    code, found = checks(capsys)
    assert (code, found["time zone"]["state"]) == (0, "note")
    assert found["connections"]["found"] == "there are none"


# ---------------------------------------------------------------- audit


def audit(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = main(["audit", "--json", *arguments])
    return code, json.loads(capsys.readouterr().out)


def log_three(office: Path) -> None:
    with Store(office) as store:
        AuditLog(store).extend([(None, "read", {"n": n}) for n in range(3)])


def test_nothing_logged_yet(office: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert audit(capsys) == (0, {"status": "ok", "entries": 0, "head": None, "broken": None})
    assert not (office / ".deskhand").exists(), "looking makes nothing"
    assert main(["audit"]) == 0
    assert main(["audit", "--head", "3:" + "0" * 64]) == 2


def test_a_whole_log(office: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log_three(office)
    code, found = audit(capsys)
    assert (code, found["status"], found["entries"]) == (0, "ok", 3)
    log_three(office)
    assert audit(capsys, "--head", found["head"])[0] == 0
    assert main(["audit"]) == 0
    assert "The audit log is whole: 6 entries." in capsys.readouterr().out


def test_a_changed_log(office: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log_three(office)
    with closing(sqlite3.connect(office / ".deskhand" / "state.db")) as database:
        for (name,) in database.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            database.execute(f'drop trigger "{name}"')
        database.execute("update audit set payload = '{}' where n = 2")
        database.commit()
    code, found = audit(capsys)
    assert (code, found["status"]) == (2, "broken")
    assert found["broken"] == {"entry": 2, "why": "its content was changed"}
    assert main(["audit"]) == 2
    assert "broken at entry 2" in capsys.readouterr().out


def test_a_log_that_was_replaced(office: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log_three(office)
    head = f"3:{'ab' * 32}"
    code, found = audit(capsys, "--head", head)
    assert (code, found["broken"]["entry"]) == (2, 3)
