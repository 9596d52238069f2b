"""`agent init`: what it makes works at once, and it never writes over anything."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from deskhand.catalog import Catalog
from deskhand.cli.main import main
from deskhand.plan_yaml import read_plan
from deskhand.workspace import Workspace, shipped_processes


def everything_in(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


@pytest.mark.parametrize("name", ["office", "Büro & Söhne", "a/b/c", "quote'\"quote", "{braces}", "..."])
def test_the_workspace_works_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    folder = tmp_path / name
    assert main(["init", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "agent catalog" in out
    assert "agent run inbox-by-sender" in out
    workspace = Workspace.load(folder)
    assert workspace.settings.timezone == "Europe/Berlin"
    assert workspace.policy["email.send"].max_rows == 200
    with Catalog.open(workspace, workspace.now()) as catalog:
        assert {name: catalog.error(name) for name in catalog.connections()} == dict.fromkeys(
            ("ledger", "files", "mail")
        )
        assert catalog.table("mail", "inbox") is not None
    for part in ("cur", "new", "tmp"):
        assert (folder / "mail" / part).is_dir()
    with closing(sqlite3.connect(folder / "ledger.db")) as database:
        assert database.execute("select count(*) from sqlite_master").fetchone() == (0,)
    for file in workspace.processes_dir.iterdir():
        assert read_plan(file).steps


def test_the_demo(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "--demo", str(tmp_path / "demo")]) == 0
    assert 'agent run "reconcile invoices"' in capsys.readouterr().out
    workspace = Workspace.load(tmp_path / "demo")
    shipped = {p.name: p.read_text(encoding="utf-8") for p in shipped_processes()}
    assert "reconcile-invoices.yaml" in shipped
    assert {p.name: p.read_text(encoding="utf-8") for p in workspace.processes_dir.iterdir()} == shipped
    with Catalog.open(workspace, workspace.now()) as catalog:
        assert catalog.connections()
        assert [str(catalog.error(name)) for name in catalog.connections() if catalog.error(name)] == []


def test_what_lies_there_and_does_no_harm_stays(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "README.md").write_text("mine")
    assert main(["init", str(tmp_path)]) == 0
    assert (tmp_path / "README.md").read_text() == "mine"


@pytest.mark.parametrize("demo", [[], ["--demo"]])
def test_refused_where_something_is(tmp_path: Path, capsys: pytest.CaptureFixture[str], demo: list[str]) -> None:
    (tmp_path / "taxes.xlsx").write_bytes(b"mine")
    assert main(["init", *demo, str(tmp_path)]) == 2
    assert f"{tmp_path} isn't empty: taxes.xlsx" in capsys.readouterr().err
    assert everything_in(tmp_path) == {"taxes.xlsx": b"mine"}


def test_refused_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", str(tmp_path / "w")]) == 0
    before = everything_in(tmp_path)
    assert main(["init", str(tmp_path / "w")]) == 2
    assert "is a workspace already" in capsys.readouterr().err
    assert everything_in(tmp_path) == before


def test_refused_for_a_file_and_for_a_dead_link(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    assert main(["init", str(tmp_path / "file")]) == 2
    assert "is a file" in capsys.readouterr().err
    assert main(["init", str(tmp_path / "link")]) == 2
    assert "leads nowhere" in capsys.readouterr().err
    assert main(["init", str(tmp_path / "file" / "inside")]) == 2
    assert "can't be made" in capsys.readouterr().err


@pytest.mark.parametrize("demo", [[], ["--demo"]])
def test_half_a_workspace_is_taken_away(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, demo: list[str]
) -> None:
    (tmp_path / "README.md").write_text("mine")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", "x")

    monkeypatch.setattr(Path, "write_bytes" if demo else "write_text", full)
    assert main(["init", *demo, str(tmp_path)]) == 1
    monkeypatch.undo()
    assert "The disk is full" in capsys.readouterr().err
    assert everything_in(tmp_path) == {"README.md": b"mine"}
    assert main(["init", *demo, str(tmp_path)]) == 0


@pytest.mark.parametrize(("zone", "found"), [(":Asia/Tokyo", "Asia/Tokyo"), ("Nowhere/Atall", None), ("", None)])
def test_time_zone_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zone: str, found: str | None
) -> None:
    monkeypatch.setenv("TZ", zone)
    assert main(["init", str(tmp_path / "w")]) == 0
    named = Workspace.load(tmp_path / "w").settings.timezone
    assert named == found if found else named not in ("", "Nowhere/Atall")
