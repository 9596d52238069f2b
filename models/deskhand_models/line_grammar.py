"""The grammar of a plan's line form for one request, in Lark as llguidance reads it.

A query over one table names that table's columns only; over several, those of the tables in the prompt; over earlier
steps, whose columns no grammar can know, any plain word too. Operations have their own parameters, in their order.
Everything it lets through reads back with `parse_line`; whether it fits together is the check's to say.

llguidance takes the longest word that fits and never goes back, so that each word, space and mark is one terminal of
its own, and names that are no plain words stand in quotes. This module refuses to import the model's libraries.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Protocol

from deskhand.plan import SQL_KEYWORDS
from deskhand.plan_line import CALL_WORDS, escape, value

MOST_STEPS = 12
FUNCTIONS = """
    abs avg bool_and bool_or ceil coalesce concat concat_ws contains count count_if any_value date_diff date_part
    date_trunc day dayname dayofweek ends_with first floor greatest ifnull isodow last least length lower ltrim max
    median min month monthname nullif position quarter regexp_extract regexp_matches regexp_replace replace round
    row_number rank dense_rank lag lead rtrim split_part starts_with strftime string_agg strpos substr substring sum
    trim upper week weekday year
    days_ago days_ahead start_of end_of last_weekday next_weekday add_business_days
""".split()  # noqa: SIM905  a list of a hundred lines reads worse
TYPES = "bigint boolean date double integer text timestamp varchar".split()  # noqa: SIM905
_TAKEN = ("rows", "row", "inputs", "today", "now", "loop", "done", "true", "false", "null")


class Column(Protocol):
    """A column by its name."""

    @property
    def name(self) -> str:
        """As the catalog has it."""


class Table(Protocol):
    """A table with its columns."""

    @property
    def connection(self) -> str:
        """Its connection."""

    @property
    def name(self) -> str:
        """What stands behind the connection."""

    @property
    def sql(self) -> str:
        """Its name in a query, quoted where needed."""

    @property
    def columns(self) -> Sequence[Column]:
        """Its columns."""

    @property
    def writable(self) -> bool:
        """Whether acts may change it."""


class Parameter(Protocol):
    """A parameter of an operation; `kind` as `deskhand.planner.prompt` has it."""

    @property
    def name(self) -> str:
        """Its key."""

    @property
    def kind(self) -> str:
        """template, path, table, columns, recipient, step, choice, flag or other."""

    @property
    def required(self) -> bool:
        """Whether it must be given."""

    @property
    def choices(self) -> Sequence[str]:
        """Of a choice."""


class Operation(Protocol):
    """An operation with its parameters."""

    @property
    def name(self) -> str:
        """Its full name."""

    @property
    def needs_rows(self) -> bool:
        """Whether an act of it must have rows."""

    @property
    def parameters(self) -> Sequence[Parameter]:
        """In their order."""

    @property
    def connections(self) -> Sequence[str]:
        """Those that have it."""


class Process(Protocol):
    """A process that a plan may call."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def inputs(self) -> Sequence[str]:
        """Its inputs' names."""


_COMMON = r"""
start: ("ask" " " TEXT | "cannot" " " TEXT | steps) "\n"?
steps: block ("\n" block){0,%(more)d}
block: head? simple | query | head? "for_each" " " STEP " " "as" " " ID ("\n" "  " (query | head? simple)){1,6}
simple: act | approve%(call)s
head: ID ":" " "
query: (ID (" " "expect" "=" EXPECT)? ":" " ")? select
EXPECT: "some" | "one" | "none" | /[1-9][0-9]{0,3}/
act: %(acts)s
approve: "approve" (" " "rows" "=" STEP)? (" " "ask" "=" text)? (" " "by" "=" texts)? (" " "two" "=" "true")?
over: " " "rows" "=" STEP (" " "per" "=" texts)?
condition: " " ("when" | "unless") "=" (STEP | TEXT)
text: BARE | TEXT
texts: text | "[" text (", " text){0,8} "]"
any: text | "true" | "false" | "[" one (", " one){0,8} "]" | mapping
one: text | mapping
mapping: "{" "table" ":" " " STEP ", " "name" ":" " " text "}"
STEP: /[A-Za-z_][A-Za-z0-9_]{0,40}(\.done)?/ & ~/true|false|null/
BARE: /[A-Za-z_][A-Za-z0-9_]{0,60}(\.[A-Za-z_][A-Za-z0-9_]{0,60})*/ & ~/true|false|null/
TEXT: /"([^"\\\x00-\x1f\x7f]|\\["\\nt])*"/
ID: /[A-Za-z_][A-Za-z0-9_]{0,40}/ & ~/(?i:%(words)s)/
WORD: /[A-Za-z_][A-Za-z0-9_]{0,40}/ & ~/(?i:%(keywords)s)/
W: " " | /\\n {0,12}/
NAME: WORD | /"([^"\\\x00-\x1f\x7f]|""){1,60}"/
STRING: /'([^'\\\x00-\x1f\x7f]|''|\\\\)*'/
NUMBER: /[0-9]{1,15}(\.[0-9]{1,10})?/
TYPE: %(types)s | /decimal(\([0-9]{1,2}(, ?[0-9]{1,2})?\))?/
FUNCTION: %(functions)s
COMPARE: "=" | "<>" | "!=" | "<" | "<=" | ">" | ">=" | "+" | "-" | "*" | "/" | "%%" | "||" | "and" | "or"
UNIT: "day" | "days" | "week" | "weeks" | "month" | "months" | "year" | "years" | "hour" | "hours"
select: ctes? one_select (W sets W one_select){0,4}
sets: ("union" | "except" | "intersect") (W "all")?
ctes: "with" W cte ("," W cte){0,6} W
cte: ID W "as" W "(" W? select W? ")"
one_select: %(selects)s
inner: %(inners)s
"""

# One set of rules for each set of columns; @ stands for its name.
_SELECT = r"""
items@: "*" | item@ ("," W item@){0,30}
item@: e@ (W "as" W NAME)? | ID "." "*"
rest@: (W "where" W e@)? (W "group" W "by" W es@ (W "having" W e@)?)? (W "order" W "by" W order@)? (W "limit" W NUMBER)?
order@: key@ ("," W key@){0,8}
key@: (e@ | ID) (W ("asc" | "desc"))? (W "nulls" W ("first" | "last"))?
es@: e@ ("," W e@){0,30}
e@: u@ (W COMPARE W u@)*
u@: "not" W u@ | "-" p@ after@* | p@ after@*
after@: "::" TYPE | W "is" W ("not" W)? "null" | W ("not" W)? "in" W? "(" W? (es@ | inner) W? ")"
  | W ("not" W)? "between" W u@ W "and" W u@ | W ("not" W)? ("like" | "ilike") W u@
p@: column@ | STRING | NUMBER | "null" | "true" | "false" | "current_date" | "current_timestamp"
  | "date" W STRING | "timestamp" W STRING | "interval" W (STRING | NUMBER W UNIT)
  | "(" W? e@ W? ")" | "(" W? inner W? ")" | "exists" W? "(" W? inner W? ")"
  | "cast" "(" e@ W "as" W TYPE ")" | "case" (W e@)? (W "when" W e@ W "then" W e@){1,12} (W "else" W e@)? W "end"
  | FUNCTION "(" ("*" | ("distinct" W)? es@ (W "order" W "by" W order@)?)? ")" (W "over" W "(" window@ ")")?
window@: ("partition" W "by" W es@)? W? ("order" W "by" W order@)?
"""


def lark(tables: Iterable[Table], operations: Iterable[Operation], processes: Iterable[Process] = ()) -> str:
    """The grammar for these tables, operations and processes."""
    known = [table for table in tables if any(_sayable(column.name) for column in table.columns)]
    offered = [operation for operation in operations if _sayable(operation.name)]
    rules: list[str] = []
    selects = ['"select" W items_free (W "where" W e_free)?']
    # expressions without columns: rows of values
    rules.append(_SELECT.replace("@", "_free"))
    rules.append('column_free: "null"')
    for number, table in enumerate(known):
        name = f"_t{number}"
        rules.append(_SELECT.replace("@", name))
        rules.append(f'column{name}: (ID ".")? ({_either(_names(table))})')
        rules.append(f"from{name}: {_quoted(_in_query(table.sql))} (W ID)?")
        selects.append(f'"select" W ("distinct" W)? items{name} W "from" W from{name} rest{name}')
    every = list(dict.fromkeys(name for table in known for name in _names(table)))
    if every:
        rules.append(_SELECT.replace("@", "_many"))
        rules.append(f'column_many: (ID ".")? ({_either(every)})')
        rules.append(f"table: {_either(_in_query(table.sql) for table in known)}")
        rules.append("source: table (W ID)?")
        rules.append('join_many: join W source W "on" W e_many | "cross" W "join" W source')
        selects.append('"select" W ("distinct" W)? items_many W "from" W source (W join_many){1,5} rest_many')
    rules.append(_SELECT.replace("@", "_step"))
    rules.append(f'column_step: (ID ".")? (NAME{" | " + _either(every) if every else ""})')
    rules.append("step: ID (W ID)?")
    rules.append(f"either: step{' | source' if every else ''}")
    rules.append('join_step: join W step W "on" W e_step | "cross" W "join" W step')
    rules.append('join_any: join W either W "on" W e_step | "cross" W "join" W either')
    rules.append('join: (("left" | "inner" | "full" | "right") W)? "join"')
    froms = ["step (W join_any){0,5}"]
    if every:
        rules.append('join_table: join W source W "on" W e_step | "cross" W "join" W source')
        froms.append("source (W join_table){0,4} W join_step (W join_any){0,4}")
    rules.append(f"from_step: {' | '.join(froms)}")
    selects.append('"select" W ("distinct" W)? items_step W "from" W from_step rest_step')
    inners = ["select"]
    if every:
        # a query inside another may name the columns around it
        inners.append('"select" W ("distinct" W)? items_many W "from" W source rest_many')
    acts = [_act(operation, known) for operation in offered]
    callable_ = [process for process in processes if _sayable(process.name)]
    if callable_:
        rules.append(f"call: {' | '.join(_call(process) for process in callable_)}")
    words = sorted({*SQL_KEYWORDS, *_TAKEN})
    common = _COMMON % {
        "more": MOST_STEPS - 1,
        "call": " | call" if callable_ else "",
        "acts": " | ".join(acts) or '"query" " " TEXT',
        "keywords": "|".join(sorted(SQL_KEYWORDS)),
        "words": "|".join(words),
        "types": " | ".join(_quoted(name) for name in TYPES),
        "functions": " | ".join(_quoted(name) for name in FUNCTIONS),
        "selects": "\n  | ".join(selects),
        "inners": " | ".join(inners),
    }
    return common + "\n".join(rules) + "\n"


def _call(process: Process) -> str:
    inputs = [value(name) if name not in CALL_WORDS else f'"{name}"' for name in process.inputs]
    pairs = " ".join(f'(" " {_quoted(name)} "=" text)?' for name in inputs)
    return f'"call" " " {_quoted(process.name)} (" " "rows" "=" STEP)? condition? {pairs}'


def _act(operation: Operation, tables: Sequence[Table]) -> str:
    parts = [_quoted(operation.name)]
    if len(operation.connections) > 1:
        parts.append(f'(" " "connection" "=" ({_either(operation.connections)}))?')
    parts.append("over" if operation.needs_rows else "over?")
    parts.append("condition?")
    parts.append('(" " "on_error" "=" "stop")?')
    for parameter in operation.parameters:
        pair = f'" " {_quoted(parameter.name)} "=" {_value(parameter, operation, tables)}'
        parts.append(pair if parameter.required else f"({pair})?")
    return "(" + " ".join(parts) + ")"


def _value(parameter: Parameter, operation: Operation, tables: Sequence[Table]) -> str:
    if parameter.kind == "choice":
        return f"({_either(value(choice) for choice in parameter.choices)})"
    if parameter.kind == "flag":
        return '("true" | "false")'
    if parameter.kind == "table":
        own = [table for table in tables if table.writable and table.connection in operation.connections]
        names = [value(table.sql) for table in own]
        return f"({_either(names)})" if names else "text"
    return {"columns": "texts", "recipient": "texts", "step": "STEP", "other": "any"}.get(parameter.kind, "text")


def _names(table: Table) -> list[str]:
    """A table's columns as a query names them: plain words bare or in quotes, others in quotes."""
    found: list[str] = []
    for column in table.columns:
        if not _sayable(column.name):
            continue
        quoted = '"' + column.name.replace('"', '""') + '"'
        plain = column.name.isascii() and column.name.isidentifier() and column.name.lower() not in SQL_KEYWORDS
        found += [column.name] if plain else []
        found.append(_in_query(quoted))
    return list(dict.fromkeys(found))


def _in_query(name: str) -> str:
    return escape(name, quotes=False)


def _sayable(name: str) -> bool:
    """Names with characters that nobody sees are left out: a model couldn't copy them."""
    return bool(name) and name.isprintable()


def _either(names: Iterable[str]) -> str:
    return " | ".join(_quoted(name) for name in names)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
