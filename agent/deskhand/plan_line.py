r"""Plans in their line form: one line a step, compact and canonical, for models that write plans as text.

    overdue expect=some: select number, email from ledger.invoices where status = 'open'
    mails: email.send rows=overdue to="{{ email }}" subject="Invoice {{ number }}"
    approve rows=overdue ask="Send these reminders?" by=[controller]
    call onboard-one rows=overdue name="{{ number }}"
    for_each overdue as invoice
      email.send to="{{ email }}" subject="Once more"

A step's id stands before a colon. Head lines stand first: `process`, `version`, `description`, `phrase`, `input`,
`trigger`. Texts stand in quotes (`\n`, `\"`, `\\`, `\uXXXX`), plain words may go without; a query goes without, with
its line breaks written `\n`. A key in quotes is a parameter even where its name is reserved.

`parse_line(print_line(plan)) == plan` for every plan whose parameters are texts, booleans, null, lists and mappings
of these, and equal plans print equally. `plan_line_read` reads; this module only prints, and refuses to keep
comments and to judge what a plan says: that is `check`'s work.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from deskhand.plan import Act, Approve, Call, ForEach, Input, Plan, Query, Step

ACT_WORDS = ("connection", "rows", "per", "when", "unless", "on_error")
CALL_WORDS = ("rows", "when", "unless", "on_error")
APPROVE_WORDS = ("rows", "ask", "by", "two")
TRIGGER_WORDS = ("cron", "every", "at", "missed", "shift", "overlap", "jitter", "start", "end")
INPUT_WORDS = ("default", "optional", "description")
INDENT = "  "

WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
DOTTED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")
OPERATION = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)+")
PROCESS = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
QUERY_START = re.compile(r"(?i:select|with)(?=[\s(*'\"\\]|\Z)|\(")
STEP_ID = re.compile(
    r"(?:(?P<id>[A-Za-z_][A-Za-z0-9_]*)(?: +expect=(?P<expect>[^\s:]*))?|expect=(?P<alone>[^\s:]*)) *:(?: +|\Z)"
)
"""What stands before a step: its id, what it expects, and the colon."""
SPECIAL = {"true": True, "false": False, "null": None}

_ESCAPED = re.compile('[\\\\"\x00-\x1f\x7f-\xa0\xad\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]')
_SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\\": "\\\\", '"': '\\"'}


def parse_line(text: str, file: str | None = None) -> Plan:
    """The plan in that text. Raises ProblemsError with line, column and mend of everything that is wrong."""
    from deskhand.plan_line_read import read

    return read(text, file)


def print_line(plan: Plan) -> str:
    """The plan in its line form, a line break after each line; equal plans print equally."""
    lines: list[str] = []
    if plan.process is not None:
        lines.append(f"process {plan.process}")
    if plan.version != 1:
        lines.append(f"version {plan.version}")
    if plan.description:
        lines.append(f"description {value(plan.description)}")
    lines += [f"phrase {value(phrase)}" for phrase in plan.phrases]
    lines += [f"input {name} {item.type}{_pairs(_shown(item, INPUT_WORDS))}" for name, item in plan.inputs.items()]
    lines += [f"trigger{_pairs(_shown(trigger, TRIGGER_WORDS))}" for trigger in plan.triggers]
    lines += _steps(plan.steps, "")
    return "\n".join(lines) + "\n"


def value(given: Any) -> str:
    """A value as it stands behind `=`: plain words bare, other texts quoted, lists and mappings in brackets.

    A number stands as the text that a plan has for it.
    """
    if given is None:
        return "null"
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, Mapping):
        return "{" + ", ".join(f"{_word(str(key), WORD)}: {value(item)}" for key, item in given.items()) + "}"
    if isinstance(given, Sequence) and not isinstance(given, str):
        return "[" + ", ".join(value(item) for item in given) + "]"
    return _word(str(given), DOTTED)


def quote(text: str) -> str:
    """The text in double quotes, on one line."""
    return f'"{escape(text)}"'


def escape(text: str, *, quotes: bool = True) -> str:
    """The text without line breaks and what can't be seen. quotes: double quotes are escaped too."""

    def one(match: re.Match[str]) -> str:
        mark = match[0]
        if mark == '"' and not quotes:
            return mark
        # the long form keeps two halves of a pair, standing side by side, from becoming one character
        return _SHORT.get(mark) or (f"\\U{ord(mark):08x}" if "\ud800" <= mark <= "\udfff" else f"\\u{ord(mark):04x}")

    return _ESCAPED.sub(one, text)


def _word(text: str, plain: re.Pattern[str]) -> str:
    return text if plain.fullmatch(text) and text not in SPECIAL else quote(text)


def _steps(steps: Iterable[Step], indent: str) -> list[str]:
    lines: list[str] = []
    for step in steps:
        lines.append(indent + _step(step))
        if isinstance(step, ForEach):
            lines += _steps(step.steps, indent + INDENT)
    return lines


def _step(step: Step) -> str:
    if isinstance(step, Query):
        return _query(step)
    head = f"{step.id}: " if step.id is not None else ""
    if isinstance(step, ForEach):
        return f"{head}for_each {_word(step.for_each, DOTTED)} as {step.as_}"
    if isinstance(step, Approve):
        return f"{head}approve{_pairs(_shown(step, APPROVE_WORDS))}"
    if isinstance(step, Call):
        process = step.process if PROCESS.fullmatch(step.process) else quote(step.process)
        return f"{head}call {process}{_pairs(_shown(step, CALL_WORDS))}{_pairs(step.inputs, CALL_WORDS)}"
    operation = step.operation if OPERATION.fullmatch(step.operation) else quote(step.operation)
    return f"{head}{operation}{_pairs(_shown(step, ACT_WORDS))}{_pairs(step.params, ACT_WORDS)}"


def _query(step: Query) -> str:
    text = step.query
    bare = QUERY_START.match(text) is not None and text[-1] not in " \t\xa0"
    body = escape(text, quotes=False) if bare else f"query {quote(text)}"
    expect = f"expect={step.expect}" if step.expect is not None else ""
    head = " ".join(part for part in (step.id, expect) if part)
    if not head and STEP_ID.match(body):
        body = f"query {quote(text)}"
    return f"{head}: {body}" if head else body


def _shown(part: Act | Approve | Call | Input | Any, names: Sequence[str]) -> dict[str, Any]:
    """What differs from its default, in that order; a list of one as that one."""
    fields = type(part).model_fields
    found: dict[str, Any] = {}
    for name in names:
        given = getattr(part, name)
        if given == fields[name].default:
            continue
        found[name] = given[0] if isinstance(given, tuple) and len(given) == 1 else given
    return found


def _pairs(entries: Mapping[str, Any], reserved: Sequence[str] = ()) -> str:
    """The entries behind a step, each with a space before it; names that are reserved stand in quotes."""
    shown = []
    for name, given in entries.items():
        key = quote(name) if name in reserved else _word(name, WORD)
        shown.append(f" {key}={value(given)}")
    return "".join(shown)
