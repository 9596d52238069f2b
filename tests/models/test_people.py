"""Whom the office writes to."""

from __future__ import annotations

import pytest
from deskhand.catalog import Catalog
from deskhand.testing import Desk
from deskhand_models.people import people_of, spoken
from deskhand_models.slices import SlicePerson


def found(desk: Desk) -> list[SlicePerson]:
    with Catalog.open(desk.workspace, desk.workspace.now(None)) as catalog:
        return people_of(catalog)


def send(desk: Desk, *recipients: str) -> None:
    steps = "".join(
        f"  - email.send: {{to: {one}, subject: s{number}, body: b}}\n" for number, one in enumerate(recipients)
    )
    assert desk.run(f"steps:\n{steps}").status == "done"


def test_people_are_those_that_mails_were_sent_to(deskhand: Desk) -> None:
    deskhand.connect("mail", "email", address="me@acme.example")
    assert found(deskhand) == []
    send(deskhand, "petra.klein@acme.example", "jo@b.example", "petra.klein@acme.example", "me@acme.example")
    assert found(deskhand) == [
        SlicePerson("Petra Klein", "petra.klein@acme.example"),
        SlicePerson("Jo", "jo@b.example"),
    ]


def test_an_office_without_a_mailbox_writes_to_nobody(deskhand: Desk) -> None:
    deskhand.connect("ledger", "database", invoices=[{"number": "R-1"}])
    assert found(deskhand) == []


@pytest.mark.parametrize(
    ("address", "name"),
    [("petra.klein@a.example", "Petra Klein"), ("jo_2@b.example", "Jo"), ("7@c.example", "7@c.example")],
)
def test_a_name_is_read_from_an_address(address: str, name: str) -> None:
    assert spoken(address) == name
