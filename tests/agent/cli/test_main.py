"""Outcomes and exit codes of `agent`: errors, usage, interruptions, crashes, pipes."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from deskhand import __version__
from deskhand.cli import commands
from deskhand.cli.common import json_option, open_workspace, session, workspace_option
from deskhand.cli.main import main
from deskhand.errors import (
    BusinessError,
    DataError,
    DeskhandError,
    InDoubtError,
    Problem,
    ProblemsError,
    RefusedError,
    UnavailableError,
    UsageError,
    Where,
    WorkspaceError,
)

Outcome = tuple[int, str, str]
AGENT = [sys.executable, "-c", "import sys; from deskhand.cli.main import main; sys.exit(main())"]


@pytest.fixture
def agent(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Outcome]:
    """Runs `agent` in a folder of its own; gives exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DESKHAND_DEBUG", raising=False)

    def run(*arguments: str) -> Outcome:
        code = main(list(arguments))
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def doing(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], None]:
    """Adds a command `boom [--json] [--workspace DIR]` that does what the test says."""

    def add(action: Callable[[], Any]) -> None:
        @click.command()
        @click.option("--count", type=int)
        @workspace_option
        @json_option
        def boom(workspace: Path | None, as_json: bool, count: int | None) -> Any:
            return action()

        module = types.ModuleType("toy_commands")
        module.boom = boom  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "toy_commands", module)
        entry = commands.Entry("boom", "toy_commands:boom", "work", "Goes wrong.")
        monkeypatch.setattr(commands, "COMMANDS", (*commands.COMMANDS, entry))

    return add


def raising(error: BaseException) -> Callable[[], Any]:
    def action() -> Any:
        raise error

    return action


# ---------------------------------------------------------------- help, version, usage


def test_help_is_made_from_the_table(agent: Callable[..., Outcome]) -> None:
    code, out, err = agent("--help")
    assert (code, err) == (0, "")
    for entry in commands.COMMANDS:
        assert f"  {entry.name:<12}{entry.summary}\n" in out
    assert "64  wrong usage" in out
    assert agent("-h") == (0, out, "")
    assert agent("--help", "--version")[1].strip() == out.strip(), "click's own help says the same"


@pytest.mark.parametrize("entry", commands.COMMANDS, ids=lambda e: e.name)
def test_every_command_is_there_and_explains_itself(agent: Callable[..., Outcome], entry: commands.Entry) -> None:
    code, out, err = agent(entry.name, "--help")
    assert (code, err) == (0, "")
    assert out.startswith(f"Usage: agent {entry.name} ")
    assert entry.group in commands.GROUPS
    assert entry.summary.endswith(".")


def test_version(agent: Callable[..., Outcome]) -> None:
    assert agent("--version") == (0, f"agent {__version__}\n", "")


def test_nothing_asked_is_wrong_usage(agent: Callable[..., Outcome]) -> None:
    code, out, err = agent()
    assert (code, out) == (64, "")
    assert "Usage: agent COMMAND" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["catlog"], "there is no command 'catlog'. Did you mean 'catalog'"),
        (["catalog", "--refrsh"], "No such option '--refrsh'"),
        (["init"], "Missing argument 'DIR'"),
        (["--nonsense"], "No such option '--nonsense'"),
        (["completion", "tcsh"], "'tcsh' is not one of"),
        (["boom", "--count", "many"], "'many' is not a valid integer"),
        (["catalog", "--now", "tomorrow", "--workspace", "w"], "--now 'tomorrow' is no time"),
        (["audit", "--head", "7"], "--head '7' is no head"),
    ],
)
def test_wrong_usage(agent: Callable[..., Outcome], doing: Any, arguments: list[str], said: str) -> None:
    doing(lambda: None)
    Path("w").mkdir()
    Path("w/agent.toml").write_text("[workspace]\n")
    code, out, err = agent(*arguments)
    assert (code, out) == (64, "")
    assert said in err
    code, out, err = agent(*arguments, "--json")
    head = json.loads(out)
    assert (code, err) == (64, "")
    assert head["status"] == "refused"
    if arguments[0] != "completion":  # there `--json` itself is what click names first
        assert said in head["reason"] or "--json" in head["reason"]


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (DeskhandError("broken"), 1, "failed"),
        (UsageError("broken"), 64, "refused"),
        (RefusedError("broken"), 2, "refused"),
        (WorkspaceError("broken"), 2, "refused"),
        (DataError("broken"), 1, "failed"),
        (BusinessError("broken"), 1, "failed"),
        (UnavailableError("broken"), 1, "failed"),
        (InDoubtError("broken"), 5, "in_doubt"),
    ],
)
def test_errors(agent: Any, doing: Any, error: DeskhandError, code: int, status: str) -> None:
    error.mend, error.where = "Mend it.", Where(file="x.yaml", line=3)
    doing(raising(error))
    assert agent("boom") == (code, "", "x.yaml:3: broken\n  Mend it.\n")
    got, out, err = agent("boom", "--json")
    assert (got, err) == (code, "")
    assert json.loads(out) == {
        "status": status,
        "run_id": None,
        "plan": None,
        "answer": None,
        "effects": [],
        "reason": "x.yaml:3: broken\n  Mend it.",
    }


def test_problems_are_listed(agent: Any, doing: Any) -> None:
    problem = Problem("unknown-table", "no table", "Did you mean x?", where=Where("p.yaml", 3, 7, "s"))
    doing(raising(ProblemsError([problem])))
    code, out, _ = agent("boom", "--json")
    head = json.loads(out)
    assert (code, head["status"]) == (2, "refused")
    assert head["problems"] == [
        {
            "code": "unknown-table",
            "message": "no table",
            "mend": "Did you mean x?",
            "file": "p.yaml",
            "line": 3,
            "column": 7,
            "step": "s",
        }
    ]


@pytest.mark.parametrize(("result", "code"), [(None, 0), (0, 0), (3, 3), (4, 4)])
def test_a_commands_result_is_the_exit_code(agent: Any, doing: Any, result: int | None, code: int) -> None:
    doing(lambda: result)
    assert agent("boom")[0] == code


def test_json_after_two_dashes_is_no_option(agent: Any, doing: Any) -> None:
    doing(raising(RefusedError("broken")))
    assert agent("boom", "--", "--json")[0] == 64
    assert agent("boom", "--", "--json")[1] == ""


# ---------------------------------------------------------------- interruptions


def test_interrupted(agent: Any, doing: Any) -> None:
    doing(raising(KeyboardInterrupt()))
    assert agent("boom") == (130, "", "\nInterrupted.\n")


def test_an_interrupted_run_says_how_to_go_on(agent: Any, doing: Any) -> None:
    def action() -> None:
        session().run_id = "r7"
        raise KeyboardInterrupt

    doing(action)
    code, _, err = agent("boom")
    assert code == 130
    assert "agent runs resume r7" in err
    head = json.loads(agent("boom", "--json")[1])
    assert (head["status"], head["run_id"]) == ("failed", "r7")


def test_a_question_without_anybody(agent: Any, doing: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    doing(lambda: click.confirm("Do it?"))
    with open(os.devnull) as nobody:
        monkeypatch.setattr("sys.stdin", nobody)
        code, _, err = agent("boom")
    assert code == 2
    assert "--yes" in err


# ---------------------------------------------------------------- crashes


def workspace_in(folder: Path) -> Path:
    (folder / "agent.toml").write_text('[workspace]\nname = "x"\ntimezone = "UTC"\n')
    return folder


def test_a_crash_is_one_line_and_a_file(agent: Any, doing: Any, tmp_path: Path) -> None:
    workspace_in(tmp_path)

    def action() -> None:
        open_workspace(None)
        raise ValueError("odd\nsecond line")

    doing(action)
    code, out, err = agent("boom")
    assert (code, out) == (1, "")
    assert err.startswith("This should not have happened: ValueError: odd. The full traceback is in ")
    assert "Traceback" not in err
    (file,) = (tmp_path / ".deskhand").glob("crash-*.txt")
    assert str(file) in err
    text = file.read_text()
    assert "Traceback" in text
    assert "second line" in text
    assert file.stat().st_mode & 0o077 == 0


def test_a_crash_outside_a_workspace(agent: Any, doing: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(place))
    doing(raising(KeyError("x")))
    code, out, err = agent("boom", "--json")
    assert (code, err) == (1, "")
    assert json.loads(out)["status"] == "failed"
    assert len(list(place.glob("crash-*.txt"))) == 1


def test_a_crash_tells_no_secret(agent: Any, doing: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PW", "hunter22")

    def action() -> None:
        opened = open_workspace(None)
        monkeypatch.setattr(opened, "secrets", lambda: frozenset({"hunter22"}))
        raise ValueError("login with hunter22")

    workspace_in(tmp_path)
    doing(action)
    assert "hunter22" not in agent("boom")[2]
    (file,) = (tmp_path / ".deskhand").glob("crash-*.txt")
    assert "hunter22" not in file.read_text()


def test_debugging_shows_the_traceback(agent: Any, doing: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DESKHAND_DEBUG", "1")
    doing(raising(ValueError("odd")))
    code, _, err = agent("boom")
    assert code == 1
    assert "Traceback" in err


def test_a_full_disk_is_said_plainly(agent: Any, doing: Any) -> None:
    doing(raising(OSError(errno.ENOSPC, "No space left on device", "report.xlsx")))
    code, _, err = agent("boom")
    assert code == 1
    assert err.startswith("The disk is full (report.xlsx).")


# ---------------------------------------------------------------- the process around it


def test_a_reader_that_goes_away() -> None:
    with subprocess.Popen([*AGENT, "--help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        said = process.stderr.read()
    assert (process.returncode, said) == (141, b"")


def test_a_terminal_without_umlauts(tmp_path: Path) -> None:
    (tmp_path / "agent.toml").write_text('[workspace]\nname = "Büro"\n', encoding="utf-8")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run([*AGENT, "doctor"], cwd=tmp_path, capture_output=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert b"B?ro" in done.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(agent: Any, shell: str) -> None:
    code, out, _ = agent("completion", shell)
    assert code == 0
    assert "_AGENT_COMPLETE" in out
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=out.encode(), check=True)


def test_completion_finds_commands(agent: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_AGENT_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "agent cat")
    monkeypatch.setenv("COMP_CWORD", "1")
    code, out, _ = agent()
    assert code == 0
    assert out == "plain,catalog\n"


@pytest.mark.parametrize("redirect", [">&-", "2>&-", ">/dev/full"])
def test_an_output_that_is_closed_or_full_is_no_crash(redirect: str) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f"{sys.executable} -m deskhand.cli.main --help {redirect}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert done.returncode == (1 if "full" in redirect else 0)
    assert ("can't be written" in done.stderr) is ("full" in redirect)


def test_json_holds_no_signs_that_steer_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    from deskhand.cli.common import print_json

    print_json({"name": "\x1b[31m\x9b5m\u202eevil ä"})
    shown = capsys.readouterr().out
    assert not any(sign in shown for sign in "\x1b\x9b\u202e") and "ä" in shown
    assert json.loads(shown) == {"name": "\x1b[31m\x9b5m\u202eevil ä"}
