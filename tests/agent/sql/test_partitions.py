"""The origin of columns read from a gathering table, where the query asks for one of its parts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from deskhand.contract import ResultColumn

from tests.agent.sql.conftest import make_office, table


@pytest.fixture(scope="module")
def mails() -> Any:
    office = make_office()
    columns = [("id", "VARCHAR"), ("subject", "VARCHAR")]
    everything = replace(table("all", ("folder", "VARCHAR"), *columns), partition="folder")
    office.tables["mail"] += [everything, table("Newsletters", *columns)]
    office.steps["read"] = (ResultColumn("id", "VARCHAR", ("mail", "all", "id")),)
    return office


PINNED = [
    "select id from mail.all where folder = 'Newsletters'",
    "select id from mail.all where 'Newsletters' = folder and subject like 'A%'",
    "select m.id from mail.all as m where (m.folder = 'Newsletters' and m.subject is not null)",
    "select m.id from mail.all as m left join ledger.vendors v on v.name = m.subject where m.folder = 'Newsletters'",
    "select id from (select * from mail.all where folder = 'Newsletters')",
    "with n as (select * from mail.all where folder = 'Newsletters') select id from n where subject = 'x'",
    "select id from mail.all where folder = 'Newsletters' group by id",
    "select id from mail.all where folder = 'Newsletters' union all select id from mail.\"Newsletters\"",
]
LEFT = [
    "select id from mail.all",
    "select id from mail.all where folder = 'Newsletters' or subject = 'x'",
    "select id from mail.all where not folder = 'Newsletters'",
    "select id from mail.all where folder <> 'Newsletters'",
    "select id from mail.all where folder in ('Newsletters', 'inbox')",
    "select id from mail.all where lower(folder) = 'newsletters'",
    "select id from mail.all where folder = 'Nowhere'",
    "select id from mail.all where subject = 'Newsletters'",
    "select id from mail.all where folder = :f",
    "select b.id from mail.all a join mail.all b on a.id = b.id where a.folder = 'Newsletters'",
    "select r.id from read r join mail.all a on a.id = r.id where a.folder = 'Newsletters'",
    "select l.id from mail.all a, lateral (select a.id from mail.all b where b.folder = 'Newsletters' and b.id = a.id) l",
]


@pytest.mark.parametrize("text", PINNED)
def test_one_part_is_asked_for(mails: Any, text: str) -> None:
    (column,) = mails.query(text).columns
    assert column.origin == ("mail", "Newsletters", "id")


@pytest.mark.parametrize("text", LEFT)
def test_no_guess(mails: Any, text: str) -> None:
    (column,) = mails.query(text, {"f": "VARCHAR"}).columns
    assert column.origin in (("mail", "all", "id"), None)


def test_the_partitioning_column_stays_what_it_is(mails: Any) -> None:
    folder, subject = mails.query("select folder, subject from mail.all where folder = 'Newsletters'").columns
    assert folder.origin == ("mail", "all", "folder")
    assert subject.origin == ("mail", "Newsletters", "subject")
