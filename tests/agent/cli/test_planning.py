"""Sentences on the command line: which model is asked, what is asked back, what is chosen."""

from __future__ import annotations

from decimal import Decimal

import pytest
from deskhand.cli import planning
from deskhand.errors import UnavailableError, WorkspaceError
from deskhand.planner import Cannot, Request
from deskhand.process import load_processes
from deskhand.testing import Desk


@pytest.fixture
def office(deskhand: Desk) -> Desk:
    deskhand.connect("ledger", "database", invoices=[{"number": "R-1", "amount": Decimal("10.50")}])
    return deskhand


@pytest.mark.parametrize("name", ["gpt-5", "openai:gpt-5", "local2"])
def test_a_model_of_no_kind_is_refused_with_the_kinds(office: Desk, name: str) -> None:
    workspace = office.workspace
    workspace.model = name
    with pytest.raises(WorkspaceError, match="names no model") as caught:
        planning.open_model(workspace)
    assert "langchain:<provider>:<model>" in (caught.value.mend or "")


@pytest.mark.parametrize(
    ("name", "kind"),
    [("local", planning.LocalModel), ("hf:./x", planning.TextModel), ("langchain:a:b", planning.TextModel)],
)
def test_the_named_model_is_opened(office: Desk, name: str, kind: type[object]) -> None:
    workspace = office.workspace
    workspace.model = name
    assert isinstance(planning.open_model(workspace), kind)


def test_without_a_model_processes_are_still_named(office: Desk) -> None:
    class Missing(planning.LocalModel):
        def readings(self, *_: object, **__: object) -> list[object]:  # type: ignore[override]
            raise UnavailableError("there is no checkpoint", mend="Install it.")

    workspace = office.workspace
    planner = planning.WorkspacePlanner(workspace, Missing())
    found = planner.plan(Request("add up all invoices", load_processes(workspace), workspace.now(None)))
    assert isinstance(found, Cannot)
    assert "To plan other sentences than processes: there is no checkpoint. Install it." in found.mend
