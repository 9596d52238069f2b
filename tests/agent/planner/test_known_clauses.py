"""A process of one's own in several clauses: what its description and its acts say may be said, and nothing else."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from deskhand.plan import Act, Input, Plan, Query
from deskhand.planner import KnownProcess, Request
from deskhand.planner.known import KnownProcesses
from deskhand.planner.known_typos import is_typo
from deskhand.process import Process, Processes

PLAN = Plan(
    process="order-stock",
    description="Order what runs low from the wholesalers, note the orders, and tell the storekeeper.",
    phrases=("order low stock", "order stock that runs low"),
    inputs={"storekeeper": Input(default="store@acme.example", description="who gets the report")},
    steps=(
        Query(id="low", query="select 1 as one"),
        Act(operation="email.send", params={"to": "{{ inputs.storekeeper }}"}),
    ),
)
OFFICE = Processes([Process("order-stock", Path("order-stock.yaml"), PLAN)])


def is_found(text: str) -> bool:
    return isinstance(KnownProcesses().plan(Request(text, OFFICE, dt.datetime(2026, 3, 12, 9))), KnownProcess)


@pytest.mark.parametrize(
    "text",
    [
        "order low stock and tell the storekeeper",
        "Would you be so kind as to order low stock? Thanks a lot!",
        "could you order low stock, note the orders and let the storekeeper know",
        "Time to order low stock again, report to the storekeeper",
        "low stock needs ordering",
        "it's that time of the month: order low stock",
    ],
)
def test_what_the_process_does_may_be_said_over_again(text: str) -> None:
    assert is_found(text)


@pytest.mark.parametrize(
    "text",
    [
        "tell the storekeeper",
        "note the orders and tell the storekeeper",
        "order low stock and tell the wholesalers' auditor",
        "order low stock but don't tell the storekeeper",
        "order low stock, then cancel the orders",
        "order low stock and send the orders to the storekeeper",
        "order low stock with a thank you",
        "was low stock ordered?",
        "low stock ordered?",
        "if stock runs low, order it",
    ],
)
def test_one_clause_more_is_no_longer_the_process(text: str) -> None:
    assert not is_found(text)


@pytest.mark.parametrize(
    ("word", "meant", "slip"),
    [
        ("tiage", "triage", True),
        ("statment", "statement", True),
        ("vender", "vendor", True),
        ("contract", "contact", False),
        ("lender", "vendor", False),
        ("bank", "blank", False),
        ("remand", "remind", True),
        ("rewind", "remind", False),
    ],
)
def test_slips(word: str, meant: str, slip: bool) -> None:
    assert is_typo(word, meant) is slip
