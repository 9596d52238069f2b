"""The pytest fixture `deskhand`: a workspace of fakes in a temporary folder, to test processes as they are run.

    def test_reminders(deskhand):
        deskhand.connect("ledger", "database", vendors=[...], invoices=[...])
        deskhand.connect("mail", "email", address="ap@acme.example")
        deskhand.process("processes/overdue-reminders.yaml")
        run = deskhand.run("overdue-reminders", now="2026-03-11")
        assert run.status == "done"
        assert run.effects("email.send") == {"confirmed": 2}
        assert deskhand.rows("select subject from mail.sent")[0]["subject"] == "Invoice R-1 is overdue"

Everything is real but the data: the same check, engine, ledger and tools as in a workspace. This module refuses
to import pytest unless the fixture is used, and to reach anything outside the temporary folder.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deskhand.contract import Json, Row

if TYPE_CHECKING:
    from deskhand.runs import Head
    from deskhand.workspace import Workspace

NOW = "2026-03-11T09:00"
"""The logical time of runs that don't say theirs: a Wednesday."""


@dataclass(frozen=True)
class Result:
    """How a run ended. `answer` has the rows of its last query as dicts, None where it has none."""

    head: Head

    @property
    def status(self) -> str:
        """DESIGN's end status."""
        return self.head.run.status

    @property
    def run_id(self) -> str:
        """The run's id, for `resume` and `approve`."""
        return self.head.run.id

    @property
    def reason(self) -> str:
        """Why it was refused, failed or stopped; the question where one was asked; else an empty text."""
        return self.head.run.reason or self.head.run.question or ""

    @property
    def problems(self) -> list[dict[str, Any]]:
        """What the check found, as `--json` shows it."""
        return [dict(problem) for problem in self.head.problems if isinstance(problem, dict)]

    @property
    def answer(self) -> list[dict[str, Json]] | None:
        """The rows of the last query, money as texts."""
        found: Any = self.head.run.answer
        return None if found is None else [dict(zip(found["columns"], row, strict=True)) for row in found["rows"]]

    def effects(self, operation: str | None = None, *, step: str | None = None) -> dict[str, int]:
        """How many effects ended in which state, of one operation or step or of all."""
        return dict(
            Counter(
                str(effect["state"])
                for effect in self.head.effects
                if operation in (None, effect["operation"]) and step in (None, effect["step"])
            )
        )


class Desk:
    """A workspace for tests."""

    def __init__(self, root: Path, *, timezone: str = "Europe/Berlin") -> None:
        self.root = root
        self.timezone = timezone
        self._connections: dict[str, dict[str, Json]] = {}
        self._policy: dict[str, dict[str, Json]] = {}
        (root / "processes").mkdir(parents=True, exist_ok=True)
        self._write()

    # ------------------------------------------------------------ the office

    def connect(self, name: str, tool: str, **content: Any) -> None:
        """A connection with a fake source of this content; again, to add to it."""
        from deskhand.workspace import installed_tools

        settings = installed_tools()[tool].load().fake(self.root, name, **content)
        self._connections[name] = {"tool": tool, **settings}
        self._write()

    def policy(self, operation: str, **limits: Json) -> None:
        """A `[policy."<operation>"]` of the workspace: max_rows, recipients, approve_when."""
        self._policy[operation] = limits
        self._write()

    def process(self, source: Path | str, name: str | None = None) -> Path:
        """Put a process into the workspace: a YAML file, or its text (then with a name)."""
        if isinstance(source, Path) or (name is None and "\n" not in source):
            file = self.root / "processes" / Path(source).name
            shutil.copyfile(source, file)
        else:
            file = self.root / "processes" / f"{name or 'process'}.yaml"
            file.write_text(str(source), encoding="utf-8")
        return file

    def _write(self) -> None:
        lines = ["[workspace]", 'name = "test"', f"timezone = {json.dumps(self.timezone)}"]
        for name, settings in self._connections.items():
            lines += ["", f"[connections.{name}]", *(f"{k} = {json.dumps(v)}" for k, v in settings.items())]
        for operation, limits in self._policy.items():
            lines += ["", f'[policy."{operation}"]', *(f"{k} = {json.dumps(v)}" for k, v in limits.items())]
        (self.root / "agent.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")

    @property
    def workspace(self) -> Workspace:
        """The workspace as it now is."""
        from deskhand.workspace import Workspace

        return Workspace.load(self.root)

    # ------------------------------------------------------------ at work

    def run(self, what: str | Path, *, now: str = NOW, **inputs: object) -> Result:
        """Run a process by its name, a plan by its file, or a plan's YAML text, as `--yes` would."""
        from deskhand.process import load_processes, resolve
        from deskhand.ready import Request
        from deskhand.runs import Runner

        workspace = self.workspace
        text = str(what)
        if "\n" in text:
            file = self.root / "plan.yaml"
            file.write_text(text, encoding="utf-8")
            text = str(file)
        found = resolve(text, workspace, load_processes(workspace))
        if found.plan is None:
            raise LookupError(f"there is no process {text!r} in this workspace")
        name = found.name or (found.file.stem if found.file is not None else text)
        given = {key: _text(value) for key, value in inputs.items()}
        with Runner(workspace) as runner:
            request = Request(text, found.plan, name, workspace.now(now), given, parsed=found.parsed)
            return Result(runner.start(request))

    def resume(self, run: Result | str) -> Result:
        """Go on with a run."""
        from deskhand.runs import Runner

        with Runner(self.workspace) as runner:
            return Result(runner.resume(run if isinstance(run, str) else run.run_id))

    def approve(self, run: Result, who: str = "tester", *, yes: bool = True) -> Result:
        """Approve (or deny) everything that the run waits for, and go on with it."""
        from deskhand.runs import Runner

        with Runner(self.workspace) as runner:
            for one in runner.family(run.run_id):
                for waiting in runner.store.pending_approvals(one):
                    runner.store.decide(waiting.run, waiting.path, waiting.digest, who, yes)
        return self.resume(run)

    def exceptions(self, run: Result | None = None) -> list[tuple[Mapping[str, Json], str]]:
        """The exception inbox: each row with its reason."""
        from deskhand.store import Store

        with Store(self.root) as store:
            found = store.exceptions(run.run_id if run is not None else None)
            return [(e.row if isinstance(e.row, dict) else {}, e.reason) for e in found]

    def rows(self, query: str, *, now: str = NOW) -> list[Row]:
        """The rows of a query over the workspace as it now is, typed."""
        from deskhand.catalog import Catalog
        from deskhand.frame import Context, Frame
        from deskhand.plan import Plan, Query

        workspace = self.workspace
        with Catalog.open(workspace, workspace.now(now)) as catalog:
            frame = Frame(Context(Plan(steps=(Query(query=query),)), catalog, catalog.now))
            return list(frame.query(query)[0].rows.rows)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


try:
    import pytest
except ImportError:  # the fixture is for people who test; deskhand runs without pytest
    pass
else:

    @pytest.fixture(name="deskhand")
    def _desk(tmp_path: Path) -> Iterator[Desk]:
        """A workspace in a temporary folder; see the module's docstring."""
        yield Desk(tmp_path / "office")
