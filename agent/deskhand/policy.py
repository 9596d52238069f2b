"""The limits of agent.toml's `[policy."<operation>"]`: how many effects, to whom, and what needs an approval.

    [policy."email.send"]
    max_rows = 200
    recipients = ["*@acme.example", "ledger.vendors.email"]
    approve_when = "count(*) > 20"

Pure functions over rules, calls and rows; only `column_values` reads, and only the column that a rule names. A
rule that can't be applied is a problem, never a rule that is left out.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from email.utils import getaddresses
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from deskhand.acts import Fault, marked
from deskhand.contract import Call, Operation, ResultColumn, Row
from deskhand.errors import Problem, ProblemsError, RefusedError
from deskhand.nearest import suggest
from deskhand.plan import Act, ForEach, loop_acts
from deskhand.settings import PolicyRule

if TYPE_CHECKING:
    import pyarrow as pa

    from deskhand.catalog import Catalog
    from deskhand.frame import StepData
    from deskhand.shapes import Shapes

Lookup = Callable[[str], frozenset[str]]
"""The addresses (lower case) that a column such as `ledger.vendors.email` holds."""

_COLUMN = re.compile(r"""([A-Za-z_]\w*)\.("(?:[^"]|"")+"|\w+)\.("(?:[^"]|"")+"|\w+)""")
_ADDRESS = re.compile(r"""[^\s@,;<>"()]+@[^\s@,;<>"()]+""")
_ONE = (ResultColumn("once", "INTEGER"),)


def over_limit(rule: PolicyRule, count: int) -> str | None:
    """Why so many effects are too many for one act; None where they aren't."""
    if rule.max_rows is None or count <= rule.max_rows:
        return None
    return f"{rule.operation} would be done {count:,} times, and the policy allows {rule.max_rows:,} in one act"


def loop_over_limit(loop: ForEach, count: int, policy: Mapping[str, PolicyRule]) -> str | None:
    """Why a loop over so many rows is too long for one of its acts; None where it isn't, or can't be told yet."""
    for act in loop_acts(loop):
        rule = policy.get(act.operation)
        if rule is None or act.when is not None or act.unless is not None:
            continue
        if (reason := over_limit(rule, count)) is not None:
            return reason
    return None


def judge(rule: PolicyRule, call: Call, lookup: Lookup) -> Call | Fault:
    """The call itself, or the fault of a call that writes to somebody outside the policy."""
    if rule.recipients is None:
        return call
    for address in recipients_of(call):
        if not recipient_allowed(address, rule.recipients, lookup):
            reason = f"{address} is outside the policy for {rule.operation}, which allows {', '.join(rule.recipients)}"
            return Fault(call.ordinal, reason, call.row, call)
    return call


def recipients_of(call: Call) -> list[str]:
    """Every mail address among the call's parameters, as written."""
    return [a for _, mark, text in marked(call.params) if mark.kind == "recipient" for a in addresses_in(text)]


def addresses_in(text: str) -> list[str]:
    """The addresses of a text such as `Ann <ann@acme.example>, bob@acme.example`.

    Where a text may be read in two ways, it is given whole, so that no pattern allows it.
    """
    if not text.strip():
        return []
    addresses = [address for _, address in getaddresses([text]) if address]
    plain = len(addresses) == re.sub(r'"[^"]*"', "", text).count("@") and ";" not in text
    return addresses if plain and addresses else [text]


def recipient_allowed(address: str, patterns: Sequence[str], lookup: Lookup) -> bool:
    """Whether one of the patterns allows the address: `*@acme.example`, or a column `ledger.vendors.email`."""
    folded = address.strip().casefold()
    if not _ADDRESS.fullmatch(folded):
        return False
    columns = [p for p in patterns if is_column(p)]
    if any(fnmatchcase(folded, p.strip().casefold()) for p in patterns if not is_column(p)):
        return True
    return any(folded in lookup(column) for column in columns)


def is_column(pattern: str) -> bool:
    """Whether a pattern of `recipients` names a column rather than addresses."""
    return "@" not in pattern and "*" not in pattern and _COLUMN.fullmatch(pattern.strip()) is not None


def column_parts(pattern: str) -> tuple[str, str, str]:
    """Connection, table and column of `ledger.vendors.email`. Raises ValueError where it is no such name."""
    match = _COLUMN.fullmatch(pattern.strip())
    if match is None:
        raise ValueError(f"{pattern!r} names no column")
    table, column = (p[1:-1].replace('""', '"') if p.startswith('"') else p for p in (match[2], match[3]))
    return match[1], table, column


def column_values(pattern: str, catalog: Catalog) -> frozenset[str]:
    """The addresses in that column, in lower case. Raises RefusedError where there is no such column."""
    connection, name, wanted = column_parts(pattern)
    table = catalog.table(connection, name)
    column = table.column(wanted) if table is not None else None
    if table is None or column is None:
        raise RefusedError(
            f"the policy's recipients name {pattern}, and there is no such column",
            mend="Correct [policy] in agent.toml.",
        )
    values = catalog.tool(connection).read(table, [column.name]).column(0).to_pylist()
    texts = [str(value) for value in values if value is not None]
    return frozenset(address.casefold() for _, address in getaddresses(texts) if address)


def needs_approval(
    rule: PolicyRule,
    columns: Sequence[ResultColumn],
    rows: pa.Table | Sequence[Row] | None,
    *,
    now: dt.datetime,
) -> bool:
    """Whether `approve_when` holds for the rows of an act; an act without rows counts as one.

    Where it can't be told, as the sum of amounts that are all empty, an approval is needed. Raises ProblemsError
    where the rule can't be applied to these columns.
    """
    if rule.approve_when is None:
        return False
    from deskhand import sql

    given: Any = rows
    if rows is None:
        columns, given = _ONE, [{"once": 1}]
    if not len(given):
        return False
    for text in (rule.approve_when, f"(\n{rule.approve_when}\n) is null"):
        analysis = sql.analyse_rule(text, columns, now)
        if analysis.query is None:
            raise ProblemsError(analysis.problems, what=f"the policy for {rule.operation}")
        if sql.run_rule(analysis.query, given, columns, now):
            return True
    return False


def asking(acts: Iterable[Act], policy: Mapping[str, PolicyRule]) -> list[PolicyRule]:
    """The rules of these acts that may want an approval."""
    rules = (policy.get(act.operation) for act in acts)
    return [rule for rule in rules if rule is not None and rule.approve_when is not None]


def first_asking(rules: Sequence[PolicyRule], data: StepData | None, now: dt.datetime) -> str | None:
    """The first of these rules that wants an approval for these rows, in words; None where none does."""
    columns, rows = (data.columns, data.arrow) if data is not None else ((), None)
    for rule in rules:
        if needs_approval(rule, columns, rows, now=now):
            return f"{rule.operation}: {rule.approve_when}"
    return None


# ---------------------------------------------------------------- the check


def rule_problems(
    rule: PolicyRule,
    operation: type[Operation],
    columns: Sequence[ResultColumn] | None,
    shapes: Shapes,
    *,
    now: dt.datetime,
    known: bool = True,
) -> Iterable[Problem]:
    """Why this rule can't be applied to such an act. columns: those of its rows, None without rows.

    known: False where only the run knows the columns. Problems have no path.
    """
    mend = "Correct [policy] in agent.toml."
    if rule.recipients is not None and not takes_recipients(operation):
        message = f"the policy limits the recipients of {rule.operation}, which names none in its parameters"
        yield Problem("bad-policy", message, "Limit another operation, or remove `recipients` from [policy].")
    for pattern in rule.recipients or ():
        if not is_column(pattern):
            continue
        connection, name, wanted = column_parts(pattern)
        table = shapes.table(connection, name)
        if table is None:
            found = suggest(name, shapes.table_names(connection)) if _has(connection, shapes) else ""
            message = f"the policy's recipients name {pattern}, and there is no table {connection}.{name}"
            yield Problem("bad-policy", message, found or mend)
        elif not table.open and table.column(wanted) is None:
            message = f"the policy's recipients name {pattern}, and {name} has no column {wanted}"
            yield Problem("bad-policy", message, suggest(wanted, [c.name for c in table.columns]) or mend)
    if rule.approve_when is not None and known:
        from deskhand import sql

        for problem in sql.analyse_rule(rule.approve_when, columns if columns is not None else _ONE, now).problems:
            said = problem.message.replace(" in rows_of_act", " in its rows")
            message = f"the policy's approve_when can't be applied to this act: {said}"
            yield Problem("bad-policy", message, problem.mend or mend)


def outside(text: str, rule: PolicyRule) -> list[str]:
    """The addresses in a text of a plan that are plainly outside: no pattern fits, and none is a column."""
    patterns = rule.recipients
    if patterns is None or any(is_column(p) for p in patterns):
        return []
    return [a for a in addresses_in(text) if not recipient_allowed(a, patterns, lambda _: frozenset())]


def takes_recipients(operation: type[Operation]) -> bool:
    """Whether the operation's parameters name recipients."""
    from deskhand.contract import Mark

    return any(
        isinstance(mark, Mark) and mark.kind == "recipient"
        for field in operation.Params.model_fields.values()
        for mark in field.metadata
    )


def _has(connection: str, shapes: Shapes) -> bool:
    return connection.casefold() in {c.casefold() for c in shapes.connections()}
