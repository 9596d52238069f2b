"""Sentences that plainly are a process run it; near ones never do."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from deskhand.plan import Plan, Query
from deskhand.plan_yaml import load
from deskhand.planner import Ask, Cannot, KnownProcess, Proposal, Request
from deskhand.planner.known import KnownProcesses, singular, words
from deskhand.process import Process, Processes
from hypothesis import given
from hypothesis import strategies as st

NOW = dt.datetime(2026, 3, 12, 9)
SHIPPED = sorted((Path(__file__).parents[3] / "processes").glob("*.yaml"))


def process(name: str, description: str, *phrases: str) -> Process:
    plan = Plan(process=name, description=description, phrases=phrases, steps=(Query(query="select 1 as one"),))
    return Process(name, Path(f"{name}.yaml"), plan)


OFFICE = Processes(
    [
        process(
            "reconcile-invoices",
            "Match the bank statement with the open invoices and report what doesn't fit.",
            "reconcile the invoices",
            "reconcile invoices with the bank statement",
            "match payments with invoices",
            "do the bank reconciliation",
            "Rechnungen abgleichen",
        ),
        process(
            "overdue-reminders",
            "Remind every vendor of open invoices past their due date.",
            "remind vendors of overdue invoices",
            "send the overdue reminders",
            "invoices that are not paid",
        ),
        process("support-triage", "File the support mails.", "triage the support mails", "sort the support inbox"),
        process("pay-invoices", "Pay the approved invoices.", "pay approved invoices"),
        process("import-contacts", "", "import contacts from the crm", "forward contacts to sales"),
    ]
)


def propose(text: str, processes: Processes = OFFICE) -> Proposal:
    return KnownProcesses().plan(Request(text, processes, NOW))


PLAIN = [
    ("reconcile invoices", "reconcile-invoices"),
    ("Reconcile the invoices.", "reconcile-invoices"),
    ("RECONCILE OUR INVOICES!", "reconcile-invoices"),
    ("please reconcile the invoices", "reconcile-invoices"),
    ("could you please reconcile all invoices?", "reconcile-invoices"),
    ("Would you reconcile my invoices, please", "reconcile-invoices"),
    ("I'd like you to reconcile the invoices now", "reconcile-invoices"),
    ("I want to reconcile the invoices", "reconcile-invoices"),
    ("let's reconcile the invoices", "reconcile-invoices"),
    ("hi, reconcile the invoices for me, thanks", "reconcile-invoices"),
    ("reconcile invoice", "reconcile-invoices"),
    ("recncile the invoices", "reconcile-invoices"),
    ("reconcile the invocies", "reconcile-invoices"),
    ("reconcile the invoices with our bank statement", "reconcile-invoices"),
    ("Reconcile invoices and payments", "reconcile-invoices"),
    ("match the payments with the invoices", "reconcile-invoices"),
    ("run reconcile-invoices", "reconcile-invoices"),
    ("start the reconcile invoices process", "reconcile-invoices"),
    ("bank reconciliation", "reconcile-invoices"),
    ("do the bank reconciliation please", "reconcile-invoices"),
    ("match bank statement with the open invoices and report what doesn't fit", "reconcile-invoices"),
    ("Bitte die Rechnungen abgleichen", "reconcile-invoices"),
    ("remind the vendors of overdue invoices", "overdue-reminders"),
    ("remind all vendors about our overdue invoices", "overdue-reminders"),
    ("send overdue reminders", "overdue-reminders"),
    ("Send the overdue reminder", "overdue-reminders"),
    ("overdue reminders", "overdue-reminders"),
    ("the invoices that are not paid", "overdue-reminders"),
    ("triage support mail", "support-triage"),
    ("sort my support inbox", "support-triage"),
    ("pay the approved invoices", "pay-invoices"),
    ("import the contacts from our CRM", "import-contacts"),
]

NEAR = [
    "reconcile",
    "invoices",
    "the invoices",
    "reconcile invoices but only for Germany",
    "reconcile invoices for March",
    "reconcile the invoices of 2024",
    "reconcile only the invoices",
    "reconcile invoices without mail",
    "reconcile invoices except R-17",
    "don't reconcile invoices",
    "don’t reconcile the invoices",
    "do not reconcile the invoices",
    "please never reconcile invoices",
    "stop reconciling invoices",
    "cancel reconcile invoices",
    "undo reconcile invoices",
    "delete all invoices",
    "delete invoices",
    "remind me to reconcile invoices",
    "remind me of overdue invoices",
    "reconcile invoices tomorrow",
    "reconcile invoices every day",
    "should I reconcile invoices?",
    "can I reconcile invoices?",
    "how do I reconcile invoices",
    "why did you reconcile the invoices",
    "did you reconcile the invoices?",
    "have the invoices been reconciled?",
    "when will you reconcile invoices",
    "who reconciles invoices",
    "what is an overdue reminder",
    "reconcile invoices and remind vendors of overdue invoices",
    "reconcile invoices, then delete them",
    "pay invoices that are not approved",
    "pay unapproved invoices",
    "pay not approved invoices",
    "do not find invoices that are paid",
    "invoices that are paid",
    "remind customers of overdue invoices",
    "remind vendors of overdue orders",
    "remind lenders of overdue invoices",
    "invoice the vendors",
    "payments invoices match with",
    "vendors remind overdue invoices",
    "export contacts from the crm",
    "import contracts from the crm",
    "import contacts to the crm",
    "import the crm from contacts",
    "forward contacts from sales",
    "forward sales to contacts",
    "sort the inbox",
    "triage the support inbox of Ada",
    "rechnungen nicht abgleichen",
    "Rechnungen ohne Skonto abgleichen",
    "please",
    "run",
    "run the process",
    "???",
    "reconcile invoices; drop table invoices",
    "reconcile invoices " * 20,
]


@pytest.mark.parametrize(("text", "name"), PLAIN)
def test_a_plain_wording_is_the_process(text: str, name: str) -> None:
    found = propose(text)
    assert isinstance(found, KnownProcess), found
    assert found.name == name
    assert found.plan == OFFICE[name]
    assert found.file == Path(f"{name}.yaml")


@pytest.mark.parametrize("text", NEAR)
def test_a_near_wording_is_not(text: str) -> None:
    found = propose(text)
    assert not isinstance(found, KnownProcess), found


def test_there_are_enough_of_both() -> None:
    assert len(PLAIN) >= 20
    assert len(NEAR) >= 40


def test_a_refusal_names_the_nearest_and_what_was_strange() -> None:
    found = propose("reconcile invoices but only for Germany")
    assert isinstance(found, Cannot)
    assert found.processes[0] == "reconcile-invoices"
    assert "'germany'" in found.reason and "'only'" in found.reason
    assert "reconcile-invoices" in found.mend


def test_a_sentence_about_nothing_here_lists_what_there_is() -> None:
    found = propose("book a flight")
    assert isinstance(found, Cannot)
    assert "support-triage" in found.mend
    empty = propose("reconcile invoices", Processes())
    assert isinstance(empty, Cannot) and "no processes" in empty.reason


def test_two_processes_that_both_are_plainly_meant_are_asked_about() -> None:
    twins = Processes([process("a-totals", "", "total the week"), process("b-totals", "", "total the weeks")])
    found = propose("please total the week", twins)
    assert isinstance(found, Ask)
    assert found.processes == ("a-totals", "b-totals")
    assert "a-totals" in found.question and "b-totals" in found.question


def test_a_broken_process_is_never_run() -> None:
    broken = Processes([Process("reconcile-invoices", Path("x.yaml"), None)])
    assert isinstance(propose("reconcile invoices", broken), Cannot)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Could you please reconcile the invoices?", ("reconcile", "invoice")),
        ("invoices that aren't paid", ("invoice", "that", "are", "not paid")),
        ("mail from vendors to us", ("mail", "from vendor", "to us")),
        ("vendors' invoices, Ada's bosses", ("vendor", "invoice", "ada", "boss")),
        ("please", ()),
    ],
)
def test_the_words_that_matter(text: str, kept: tuple[str, ...]) -> None:
    assert words(text) == kept


@pytest.mark.parametrize(
    ("many", "one"),
    [("invoices", "invoice"), ("entries", "entry"), ("boxes", "box"), ("status", "status"), ("address", "address"),
     ("branches", "branch"), ("gas", "gas"), ("analysis", "analysis")],
)  # fmt: skip
def test_singular(many: str, one: str) -> None:
    assert singular(many) == one


@given(st.text(max_size=200))
def test_any_text_gets_a_proposal(text: str) -> None:
    assert isinstance(propose(text), KnownProcess | Ask | Cannot)


@given(st.sampled_from(PLAIN), st.sampled_from(["germany", "not", "only", "2024", "tomorrow", "delete", "except"]))
def test_one_more_word_of_weight_is_no_longer_plain(case: tuple[str, str], extra: str) -> None:
    assert not isinstance(propose(f"{extra} {case[0]}"), KnownProcess)
    assert not isinstance(propose(f"{case[0].rstrip('.!?')} {extra}"), KnownProcess)


# ---------------------------------------------------------------- the shipped processes


def shipped() -> Processes:
    found = []
    for file in SHIPPED:
        plan = load(file).plan
        assert plan is not None
        found.append(Process(plan.process or file.stem, file, plan))
    return Processes(found)


@pytest.mark.parametrize("file", SHIPPED, ids=lambda f: f.stem)
def test_every_phrase_of_a_shipped_process_is_that_process(file: Path) -> None:
    processes = shipped()
    plan = load(file).plan
    assert plan is not None and plan.process is not None
    for phrase in (plan.process, plan.description, *plan.phrases):
        for wording in (phrase, f"Please {phrase}", f"could you {phrase}?"):
            found = propose(wording, processes)
            assert isinstance(found, KnownProcess) and found.name == plan.process, (wording, found)


@pytest.mark.parametrize(
    "text",
    ["reconcile invoices but only for Germany", "don't reconcile invoices", "delete all invoices",
     "remind me to reconcile invoices", "remind vendors of nothing", "send overdue invoices to Ada",
     "do not send reminders", "triage", "support", "answer all mails", "which invoices have not been paid"],
)  # fmt: skip
def test_near_wordings_of_shipped_processes_are_not(text: str) -> None:
    assert not isinstance(propose(text, shipped()), KnownProcess)
