"""The signs in which the shipped GPT writes a plan: some 130 words of the plan language, and pointers.

A plan is a sequence of signs. A sign is a word of the list below, or a `Ref`: a pointer to something in the catalog
slice (a table, a column, a value, a person) or in the request (a value that was read there, a word). Names and
values are never spelt, so a column that nobody has seen in training is as easy to write as one that everybody has.
`grammar` says which sequences are plans and makes the plan of one; `from_plan` makes the signs of a plan.

This module refuses to know what may follow what.
"""

from __future__ import annotations

from dataclasses import dataclass

UNITS = ("day", "week", "month", "quarter", "year")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
SHIFTS = ("-12", "-6", "-3", "-2", "-1", "0", "1", "2", "3")
NUMBERS = (
    "0",
    "1",
    "2",
    "3",
    "4",
    "5",
    "6",
    "7",
    "8",
    "10",
    "12",
    "14",
    "15",
    "20",
    "30",
    "50",
    "60",
    "90",
    "100",
    "365",
    "1000",
    "0.5",
)
STEPS = tuple(f"#{n}" for n in range(1, 8))
OUTPUTS = tuple(f"o{n}" for n in range(1, 9))
MARKS = ("read", "unread", "flagged", "unflagged")
ASKS = ("recipient", "value", "which", "what")
CANNOTS = ("operation", "data", "danger", "request")

COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")
TESTS = ("is_null", "is_not_null", "in", "not_in", "contains", "not_contains", "starts", "ends", "within", "not_within")
ARITHMETIC = ("+", "-", "*", "/")
AGGREGATES = ("count_all", "count", "countd", "sum", "avg", "min", "max")
FUNCTIONS = ("round", "round0", "abs", "coalesce", "lower", "upper", "trim", "year", "month", "greatest", "least")
DATES = (
    "days_ago",
    "days_ahead",
    "start_of",
    "end_of",
    "last_weekday",
    "next_weekday",
    "add_business_days",
    "current_date",
)
CLAUSES = ("from", "join", "left_join", "on", "where", "group", "having", "select", "as", "order", "desc", "limit")
LOGIC = ("and", "or", "not", "[", "]", "(", ")", "exists", "not_exists", "case", "when", "then", "else", "end", "^")
CONSTANTS = ("null", "true", "false", "empty")
TEXTS = ("span",)
ACTS = (
    "send", "reply", "forward", "move", "copy", "mark", "trash", "save",
    "update", "insert", "upsert", "delete", "write", "append", "sheet_update", "sheet_delete", "approve",
)  # fmt: skip
PARAMETERS = (
    "rows", "per", "to", "cc", "me", "subject", "say", "mention", "table", "list", "attach", "attach_file", "folder",
    "file", "sheet", "key", "if", "unless",
)  # fmt: skip
ENDS = ("stop", "ask", "cannot")

_GROUPS = (
    ENDS, CLAUSES, LOGIC, COMPARISONS, TESTS, ARITHMETIC, AGGREGATES, FUNCTIONS, DATES, CONSTANTS, TEXTS, ACTS,
    PARAMETERS, STEPS, OUTPUTS,
    tuple(f"u_{u}" for u in UNITS), tuple(f"d_{d}" for d in WEEKDAYS), tuple(f"s_{s}" for s in SHIFTS),
    tuple(f"n_{n}" for n in NUMBERS), tuple(f"m_{m}" for m in MARKS), tuple(f"a_{a}" for a in ASKS),
    tuple(f"c_{c}" for c in CANNOTS),
)  # fmt: skip

WORDS: tuple[str, ...] = ("<plan>", *(word for group in _GROUPS for word in group))
"""Every word, in the order in which a checkpoint numbers them. The first opens a plan and is never written."""

NUMBER_OF = {word: number for number, word in enumerate(WORDS)}


class Unfit(Exception):
    """A sign that the grammar doesn't take at its place, or that makes the plan say something twice."""


@dataclass(frozen=True, slots=True)
class Ref:
    """A pointer. key by kind:

    table: (connection, table) · column: (connection, table, column), where all folders of a mailbox share the table
    `*` · value: (connection, table, column, text) · person: (address,) · literal: (number,) of `literals` ·
    word: (number,) of the request's words.
    """

    kind: str
    key: tuple[str | int, ...]


Sign = str | Ref
