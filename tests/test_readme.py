"""The README tells the truth: its map names every file, its plan passes the check, its example test passes.

python tests/test_readme.py        writes the map anew, from the first line of every module's docstring
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from deskhand.plan_yaml import parse
from deskhand.testing import Desk

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
START, END = "<!-- map -->", "<!-- end of map -->"

FOLDERS = {
    "agent/deskhand": "the core: plan, check, engine; no particular tool",
    "agent/deskhand/cli": "the command line",
    "agent/deskhand/codec": "how stored values are read as typed ones and written back in the row's own format",
    "agent/deskhand/demo": "the demo office, made by code",
    "agent/deskhand/engine": "durable steps, on DBOS",
    "agent/deskhand/planner": "from words to a proposal",
    "agent/deskhand/sql": "queries: parsed, typed, run",
    "agent/deskhand/store": "what outlives a crash: runs, kept rows, inbox, approvals, traces, locks",
    "tools/deskhand_tools": "the tools, found by entry points",
    "tools/deskhand_tools/database": "SQLite",
    "tools/deskhand_tools/mail": "Maildir",
    "tools/deskhand_tools/spreadsheet": "xlsx and csv",
    "models/deskhand_models": "the planner: from words and a catalog to a plan, without torch but for `gpt`",
    "models/deskhand_models/corpus": "what it learns from; `offices/` has schemas of real trades, `sentences/` what people type, both hand-written",
    "models/deskhand_models/evaluation": "how well it plans, judged by what a plan leaves",
    "models/deskhand_models/training": "examples and the training loop, in torch",
    "processes": "the shipped processes; `agent init --demo` copies them",
    "benchmarks": "ratios against floors and peers",
}


def _line(path: Path) -> str:
    if path.suffix == ".py":
        text = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    else:
        found = re.search(r"^description: *(.+(?:\n  .+)*)", path.read_text("utf-8"), re.MULTILINE)
        text = re.sub(r"^>-?\s+", "", found[1]).strip("\"'") if found else ""
    return re.split(r"(?<=[a-z`)\d])\. ", " ".join(text.split("\n\n")[0].split()))[0].rstrip(".:")


def written_map() -> str:
    """The map: a heading a folder, a line a file."""
    lines = []
    for folder, purpose in FOLDERS.items():
        lines += ["", f"**`{folder}/`** {purpose}", ""]
        files = sorted(p for p in (ROOT / folder).iterdir() if p.suffix in (".py", ".yaml"))
        for path in files:
            if path.name != "__init__.py":
                lines.append(f"- `{path.name}` {_line(path)}")
    lines += [
        "",
        "**`tests/`** mirrors these folders; `tests/agent/plans/` is a corpus of right and wrong plans, `tests/tools/"
        "conformance.py` the one suite that every tool passes, `tests/integration/` runs `agent` from outside",
        "",
        "**`.ci/run`** what CI runs: installs what base Debian lacks, then `make test`",
    ]
    return "\n".join(lines).strip()


def test_the_map_names_every_file() -> None:
    text = README.read_text("utf-8")
    shown = text[text.index(START) + len(START) : text.index(END)].strip()
    assert shown == written_map(), "write it anew: python tests/test_readme.py"


def test_every_folder_of_code_is_in_the_map() -> None:
    packages = {
        str(path.parent.relative_to(ROOT))
        for root in ("agent", "tools", "models", "benchmarks")
        for path in (ROOT / root).rglob("*.py")
        if "__pycache__" not in path.parts
    }
    assert packages <= set(FOLDERS)


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README.read_text("utf-8"), re.DOTALL)


def test_the_plan_is_a_plan() -> None:
    (plan,) = _blocks("yaml")
    assert parse(plan).problems == ()


def test_the_example_test_passes(deskhand: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (plan,) = _blocks("yaml")
    (tmp_path / "processes").mkdir()
    (tmp_path / "processes" / "overdue-reminders.yaml").write_text(plan, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    (example,) = _blocks("python")
    names: dict[str, object] = {}
    exec(example, names)
    test = names["test_reminders"]
    assert callable(test)
    test(deskhand)


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README.read_text("utf-8")):
        assert (ROOT / target).exists(), target


if __name__ == "__main__":
    whole = README.read_text("utf-8")
    before, after = whole[: whole.index(START) + len(START)], whole[whole.index(END) :]
    README.write_text(f"{before}\n{written_map()}\n{after}", "utf-8")
