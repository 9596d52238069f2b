"""`agent check`: what it prints for a person and for a program, and how it exits."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from deskhand.cli.main import main

PLANS = Path(__file__).parent.parent / "plans"
INVALID = sorted((PLANS / "invalid").glob("*.yaml"))
GOOD = "steps:\n  - query: select number from ledger.invoices\n"
BAD = "steps:\n  - id: a\n    query: |\n      select numbr\n      from ledger.invoices\n  - email.sent: {to: x}\n"


@pytest.fixture
def here(tmp_path: Path, office_folder: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """An office in the current folder, whose own processes are as they are."""
    monkeypatch.chdir(office_folder(tmp_path))
    return tmp_path


def test_each_invalid_file_is_told_with_its_line_and_mend(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", *map(str, INVALID), "--now", "2026-03-12T09:00"]) == 2
    out = capsys.readouterr().out
    for file in INVALID:
        text = file.read_text(encoding="utf-8")
        lines = text.splitlines()
        part = [p for p in re.split(r"(?<=\n)(?=\S)", out) if p.startswith(f"{file}:")]
        for expected in re.finditer(r"# expect: [a-z-]+ line (\d+): (.+)", text):
            number, said = int(expected[1]), expected[2]
            told = next((p for p in part if p.startswith(f"{file}:{number}") and said in p), None)
            assert told is not None, (file.name, said)
            head, source, *rest = told.splitlines()
            assert source[len(f"  {number} | ") :] in lines[number - 1], told
            mends = [line for line in rest if line.strip(" |^")]
            assert mends and all(line.startswith("  ") for line in mends), told
            column = re.match(re.escape(str(file)) + rf":{number}:(\d+)", head)
            if column and int(column[1]) < 100:  # a long line is cut to what is around the place
                assert rest[0].index("^") - rest[0].index("|") - 1 == int(column[1])


def test_a_caret_stands_under_the_place(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "bad.yaml").write_text(BAD)
    assert main(["check", "bad.yaml"]) == 2
    assert capsys.readouterr().out == (
        "bad.yaml:4:14, step a: there is no column numbr in invoices\n"
        "  4 |       select numbr\n"
        "    |              ^\n"
        "  did you mean number?\n"
        "bad.yaml:6:5, step step2: no connection here has an operation 'email.sent'\n"
        "  6 |   - email.sent: {to: x}\n"
        "    |     ^\n"
        "  Did you mean 'email.send' or 'email.save_attachments' or 'email.delete'?\n"
        "bad.yaml: 2 problems\n"
    )


def test_right_files_are_ok(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "good.yaml").write_text(GOOD)
    assert main(["check", "good.yaml", "onboard-one"]) == 0
    assert capsys.readouterr().out == f"good.yaml: ok\n{here}/processes/onboard.yaml: ok\n"


def test_without_a_file_all_processes_are_checked(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 2
    out = capsys.readouterr().out
    assert f"{here}/processes/onboard.yaml: ok\n" in out
    assert "nothing_there" in out and "the calls go round" in out and "this is not YAML" in out
    for file in (here / "processes").glob("*.yaml"):
        if file.name != "onboard.yaml":
            file.unlink()
    assert main(["check"]) == 0


def test_an_empty_workspace_has_nothing_to_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "agent.toml").write_text('[workspace]\nname = "acme"\n')
    assert main(["check", "--workspace", str(tmp_path)]) == 0
    assert "no processes" in capsys.readouterr().out


def test_json_is_one_object(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "bad.yaml").write_text(BAD)
    (here / "good.yaml").write_text(GOOD)
    assert main(["check", "bad.yaml", "good.yaml", "--json"]) == 2
    said = json.loads(capsys.readouterr().out)
    assert said["status"] == "refused"
    assert [len(file["problems"]) for file in said["files"]] == [2, 0]
    first = said["files"][0]["problems"][0]
    assert first == {
        "code": "unknown-column",
        "message": "there is no column numbr in invoices",
        "mend": "did you mean number?",
        "file": "bad.yaml",
        "line": 4,
        "column": 14,
        "step": "a",
    }
    assert main(["check", "good.yaml", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["status"] == "ok"


def test_a_file_that_is_not_there_does_not_hide_the_others(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "good.yaml").write_text(GOOD)
    assert main(["check", "nowhere.yaml", "good.yaml"]) == 2
    out = capsys.readouterr().out
    assert "nowhere.yaml: there is no file nowhere.yaml" in out and "good.yaml: ok" in out


def test_control_characters_of_a_file_do_not_reach_the_terminal(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "odd.yaml").write_text('steps:\n  - query: "select \\e[31mx"   # \t\u200b\n', encoding="utf-8")
    assert main(["check", "odd.yaml"]) == 2
    assert "\x1b" not in capsys.readouterr().out


def test_the_check_changes_nothing(here: Path) -> None:
    def digest() -> dict[str, bytes]:
        files = (f for f in here.rglob("*") if f.is_file() and ".deskhand" not in f.parts)
        return {str(f): f.read_bytes() for f in files}

    before = digest()
    main(["check", *map(str, (PLANS / "valid").glob("*.yaml"))])
    assert digest() == before
