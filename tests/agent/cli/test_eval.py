"""`agent eval` with planners of known quality on the sets that come with deskhand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import deskhand.cli.eval as command
import pytest
from deskhand.cli.main import main
from deskhand_models.evaluation import expected
from deskhand_models.evaluation.bench import Bench
from deskhand_models.evaluation.evaluate import Propose, Proposed
from deskhand_models.evaluation.judge import difference
from deskhand_models.evaluation.sets import SETS, Case, read_office


def gold(case: Case, folder: Path) -> Proposed:
    return Proposed("plan", case.plan, 0.9) if case.plan else Proposed("ask", says="which?")


def planner(monkeypatch: pytest.MonkeyPatch, propose: Propose) -> None:
    monkeypatch.setattr(command, "open_propose", lambda: propose)


def evaluated(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["eval", *arguments, "--json"]) == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


@pytest.mark.slow
@pytest.mark.parametrize("name", ["exam/hotel", "exam/backstube", "calibration"])
def test_gold_plans_are_right_and_what_they_leave_is_what_is_kept(name: str, tmp_path: Path) -> None:
    folders = [SETS / name] if (SETS / name / "workspace.toml").exists() else sorted((SETS / name).iterdir())[:2]
    for folder in folders:
        office = read_office(folder)
        bench = Bench(office, tmp_path / folder.name, command.run_plan, command.prepare)
        computed = expected.compute(bench)
        assert computed == expected.load(office)
        for case in office.cases:
            if case.plan is not None:
                (first, *others), flags = computed[case.id], case.flags
                assert difference(bench.first, first, first, flags) is None
                assert first.changes or first.answer is not None
                assert all(other.status in ("done", "done_with_exceptions") for other in others)
        assert bench.untouched()


@pytest.mark.slow
def test_a_perfect_planner(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    planner(monkeypatch, gold)
    html = tmp_path / "failures.html"
    told = evaluated(capsys, "--limit", "12", "--html", str(html))
    assert (told["set"], told["all"]["n"], told["all"]["rightly"]) == ("exam", 12, 12)
    assert "What went wrong: 0 of 12" in html.read_text(encoding="utf-8")


def test_one_that_always_asks(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    planner(monkeypatch, lambda case, folder: Proposed("ask", says="what do you mean?"))
    told = evaluated(capsys, "--set", "calibration")["all"]
    assert told["n"] == 100
    assert told["right"] == told["wrong"] == 0
    assert told["rightly"] == told["turned_down_rightly"] > 5
    assert told["asked_wrongly"] == 100 - told["rightly"]


def test_one_that_is_always_wrong(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    planner(monkeypatch, lambda case, folder: Proposed("plan", 'steps:\n  - query: "select 41 as answer"\n', 0.6))
    told = evaluated(capsys, str(SETS / "exam" / "hotel"), "--kind", "question", "--kind", "ask")
    assert told["all"]["wrong"] == told["all"]["n"] >= 3
    told = evaluated(capsys, str(SETS / "exam" / "hotel"), "--kind", "ask", "--threshold", "0.7")
    assert told["all"]["turned_down_rightly"] == told["all"]["n"] == 1


def test_plans_that_fail_the_check_are_counted_apart(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plans = iter(
        [
            "steps:\n  - query: select x from nowhere.at_all\n",
            "steps: [",
            "steps:\n  - query: select 1 as a\n    expect: none\n",
        ]
    )
    planner(monkeypatch, lambda case, folder: Proposed("plan", next(plans)))
    told = evaluated(capsys, str(SETS / "exam" / "hotel"), "--kind", "question", "--kind", "mail", "--limit", "3")
    assert [case["ending"] for case in told["cases"]] == ["invalid", "invalid", "refused"]
    assert "nowhere" in told["cases"][0]["difference"]


def test_the_table(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    planner(monkeypatch, lambda case, folder: Proposed("cannot", says="no"))
    assert main(["eval", str(SETS / "exam" / "hotel")]) == 0
    out = capsys.readouterr().out
    assert "hotel: 15 requests" in out
    assert "13.3% ended as they should" in out
    assert "0.0% silently wrong (95%: 0.0% to 20.4%)" in out


def test_the_planner_that_is_there_is_called(capsys: pytest.CaptureFixture[str]) -> None:
    told = evaluated(capsys, str(SETS / "exam" / "hotel"), "--kind", "refusal")
    assert told["all"]["n"] == told["all"]["turned_down_rightly"] == 1
    assert told["cases"][0]["says"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--set", "exm"], 64, "there is no set 'exm'"),
        (["nowhere"], 1, "there is no set in nowhere"),
        ([".", "--set", "exam"], 64, "SET and --set name the set twice"),
        (["--kind", "riddle"], 64, "there is no kind 'riddle'"),
        (["--threshold", "2"], 64, "--threshold"),
        (["--limit", "0"], 64, "--limit"),
        (["--html", "no/where/page.html"], 64, "there is no folder"),
    ],
)
def test_wrong_usage(capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, message: str) -> None:
    assert main(["eval", *arguments]) == code
    assert message in capsys.readouterr().err


def test_it_needs_no_learning_framework() -> None:
    import subprocess
    import sys

    code = "import sys, deskhand.cli.eval, deskhand_models.evaluation.page, deskhand_models.evaluation.expected; print([m for m in ('torch', 'transformers', 'onnx', 'onnxruntime', 'openpyxl', 'duckdb') if m in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )
