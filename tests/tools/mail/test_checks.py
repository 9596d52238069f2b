"""What the mail operations find wrong before any data is read."""

from __future__ import annotations

from typing import Any

import pytest
from deskhand.contract import ResultColumn

from .conftest import Office, origin


@pytest.mark.parametrize(
    ("operation", "params", "columns", "found"),
    [
        ("email.send", {"to": "{{ email }}", "subject": "s"}, [], []),
        ("email.send", {"to": "vendor", "subject": "s"}, None, [("bad-address", ("to", 0))]),
        ("email.send", {"to": [], "subject": "s"}, None, [("bad-address", ("to",))]),
        (
            "email.send",
            {"to": "a@b.example", "cc": ["c@d.example", "x"], "subject": "s"},
            None,
            [("bad-address", ("cc", 1))],
        ),
        (
            "email.send",
            {"to": "a@b.example", "subject": "s", "attach": ["a", {"table": "t", "name": "x.pdf"}]},
            None,
            [("bad-name", ("attach", 1, "name"))],
        ),
        ("email.reply", {"body": "x"}, [ResultColumn("ID", "VARCHAR")], []),
        ("email.reply", {"body": "x"}, [ResultColumn("mail_id", "VARCHAR")], []),
        (
            "email.reply",
            {"body": "x"},
            [ResultColumn("id", "BIGINT", ("ledger", "invoices", "id")), origin("attachments", "mail_id")],
            [],
        ),
        ("email.reply", {"body": "x"}, [ResultColumn("ids", "VARCHAR")], [("missing-column", ("rows",))]),
        (
            "email.forward",
            {"to": "x"},
            [ResultColumn("id", "BIGINT")],
            [("wrong-type", ("rows",)), ("bad-address", ("to", 0))],
        ),
        ("email.move", {"folder": "{{ folder }}"}, [origin("inbox")], []),
        ("email.move", {"folder": ".."}, [origin("inbox")], [("bad-name", ("folder",))]),
        ("email.delete", {}, [ResultColumn("number", "VARCHAR")], [("missing-column", ("rows",))]),
        ("email.save_attachments", {}, [origin("inbox"), ResultColumn("name", "BIGINT")], [("wrong-type", ("rows",))]),
    ],
)
def test_problems_are_found_before_anything_is_read(
    office: Office, operation: str, params: dict[str, Any], columns: list[ResultColumn] | None, found: list[Any]
) -> None:
    doer = office.tool.operations[operation]
    problems = list(doer.check(doer.Params.model_validate(params), columns, office.tool.table))
    assert [(p.code, p.path) for p in problems] == found
    assert all(p.message and p.mend for p in problems)


def test_a_near_name_is_offered(office: Office) -> None:
    doer = office.tool.operations["email.mark"]
    params = doer.Params.model_validate({"as": "read"})
    [problem] = doer.check(params, [ResultColumn("idd", "VARCHAR"), ResultColumn("x", "VARCHAR")], office.tool.table)
    assert "idd" in problem.mend


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("email.send", {"subject": "s"}),
        ("email.send", {"to": "a@b.example"}),
        ("email.send", {"to": "a@b.example", "subject": "s", "format": "rtf"}),
        ("email.reply", {}),
        ("email.forward", {}),
        ("email.move", {}),
        ("email.mark", {"as": "done"}),
        ("email.mark", {}),
        ("email.delete", {"folder": "x"}),
    ],
)
def test_wrong_parameters_are_refused(office: Office, operation: str, params: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        office.tool.operations[operation].Params.model_validate(params)
