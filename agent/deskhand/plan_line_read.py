"""Reads plans from their line form, with line and column for everything that is wrong.

`plan_line` says what the form is, and prints it. What a person or a model is likely to write otherwise is read too
where it can mean only one thing: single quotes, bare words with other marks in them, a colon behind a for_each.

It refuses to guess: an unknown key, a second value for one, an unfinished text are problems, all reported at once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from deskhand.errors import Problem, ProblemsError, Where
from deskhand.nearest import suggest
from deskhand.plan import Act, Approve, Call, ForEach, Input, Plan, Query, Step, Trigger
from deskhand.plan_line import (
    ACT_WORDS,
    APPROVE_WORDS,
    CALL_WORDS,
    INPUT_WORDS,
    OPERATION,
    PROCESS,
    QUERY_START,
    STEP_ID,
    TRIGGER_WORDS,
    WORD,
)
from deskhand.plan_line_values import BARE, MOST_NESTED, Fault, Line, cut, unescape
from deskhand.plan_yaml import MAX_CHARACTERS

M = TypeVar("M", bound=BaseModel)

_HEADS = ("process", "version", "description", "phrase", "input", "trigger")
_STEP_MEND = "A step is a select, an operation such as email.send, approve, call or for_each: overdue: select …"


def read(text: str, file: str | None = None) -> Plan:
    """The plan in that text. Raises ProblemsError with all its problems."""
    reader = _Reader(file)
    plan = reader.plan(text)
    if reader.problems or plan is None:
        raise ProblemsError(reader.problems, what=file or "the plan")
    return plan


def read_text(written: str) -> str:
    """One text as it stands in a line, in quotes or a bare word. Raises ProblemsError."""
    line = Line(written)
    try:
        given = line.value()
        line.end()
    except Fault as fault:
        raise ProblemsError([_problem(fault, None, 1, ())], what="the text") from None
    return given if isinstance(given, str) else written.strip()


def _problem(fault: Fault, file: str | None, line: int, path: tuple[str | int, ...]) -> Problem:
    return Problem(fault.code, fault.message, fault.mend, path, Where(file, line, fault.column))


class _Open:
    """A for_each whose steps are being read, or the plan itself."""

    def __init__(self, indent: int | None, path: tuple[str | int, ...], loop: dict[str, Any] | None, line: int) -> None:
        self.indent, self.path, self.loop, self.line = indent, path, loop, line
        self.steps: list[Step] = []
        self.count = 0


class _Reader:
    def __init__(self, file: str | None) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.head: dict[str, Any] = {}
        self.head_lines: dict[str, int] = {}
        self.open = [_Open(None, ("steps",), None, 1)]
        self.path: tuple[str | int, ...] = ()

    def add(self, fault: Fault, line: int, path: tuple[str | int, ...]) -> None:
        self.problems.append(_problem(fault, self.file, line, path))

    def plan(self, text: str) -> Plan | None:
        if len(text) > MAX_CHARACTERS:
            self.add(
                Fault("too-long", f"the text has {len(text)} characters", "A plan has at most 1,000,000.", 1), 1, ()
            )
            return None
        for number, line in enumerate(text.split("\n"), start=1):
            if line.strip():
                try:
                    self.line(line, number)
                except Fault as fault:
                    self.add(fault, number, self.path)
        while len(self.open) > 1:
            self.close()
        root = self.open[0]
        if not root.count:
            self.add(Fault("no-steps", "a plan needs at least one step", _STEP_MEND, 1), 1, ("steps",))
        if self.problems:
            return None
        try:
            return Plan.model_validate({**self.head, "steps": tuple(root.steps)})
        except ValidationError as error:
            for one in error.errors():
                name = str(one["loc"][0]) if one["loc"] else ""
                self.add(_plain(one, "a plan", 1), self.head_lines.get(name, 1), (name,))
            return None

    # ------------------------------------------------------------ lines

    def line(self, text: str, number: int) -> None:
        indent = len(text) - len(text.lstrip(" "))
        if text[indent] == "\t":
            raise Fault("tab", "the line is indented by a tab", "Indent with spaces, two a level.", indent + 1)
        line = Line(text, indent)
        word = line.take(WORD)
        if word in _HEADS and line.rest()[:1] == " " and not STEP_ID.match(text, indent):
            if indent or self.open[0].count:
                raise Fault("head", f"`{word}` stands behind a step", "Head lines stand first.", indent + 1)
            self.head_line(word, line, number)
            return
        line.at = indent
        self.path = ()
        self.indent(indent)
        inside = self.open[-1]
        inside.count += 1
        self.path = (*inside.path, inside.count - 1)
        self.step(line, number)

    def indent(self, indent: int) -> None:
        """Close the loops that this line is no longer in."""
        inside = self.open[-1]
        if inside.indent is None:
            above = self.open[-2].indent if len(self.open) > 1 else -1
            if above is not None and indent > above and (len(self.open) > 1 or indent == 0):
                inside.indent = indent
                return
        while len(self.open) > 1 and (self.open[-1].indent is None or indent < (self.open[-1].indent or 0)):
            self.close()
        if indent != (self.open[-1].indent or 0):
            raise Fault(
                "indent",
                "the line is indented like none above it",
                "Only steps of a for_each are indented.",
                indent + 1,
            )

    def close(self) -> None:
        """The loop whose steps have ended becomes a step of what it stands in."""
        done = self.open.pop()
        if not done.count:
            fault = Fault("no-steps", "the for_each has no steps", "Indent its steps by two spaces, below it.", 1)
            self.add(fault, done.line, done.path[:-1])
        elif done.loop is not None and done.steps:
            self.open[-1].steps.append(ForEach.model_validate({**done.loop, "steps": tuple(done.steps)}))

    def head_line(self, word: str, line: Line, number: int) -> None:
        self.head_lines.setdefault(
            {"phrase": "phrases", "input": "inputs", "trigger": "triggers"}.get(word, word), number
        )
        line.space()
        start = line.at
        if word == "trigger":
            own, others, columns = line.pairs(TRIGGER_WORDS)
            _known(others, TRIGGER_WORDS, columns, "a trigger")
            made = _build(Trigger, own, columns, "a trigger", start)
            self.head["triggers"] = (*self.head.get("triggers", ()), made)
        elif word == "input":
            name, kind = line.take(WORD), None
            line.space()
            if name is not None and not re.match(r"\w+=", line.rest()):
                kind = line.take(WORD)
            if name is None:
                line.fault(
                    "input", "an input needs a name and a type", 'input month date description="which one"', start
                )
            own, others, columns = line.pairs(INPUT_WORDS)
            _known(others, INPUT_WORDS, columns, "an input")
            inputs = self.head.setdefault("inputs", {})
            if name in inputs:
                line.fault("duplicate-input", f"there are two inputs {name!r}", "Rename one of them.", start)
            inputs[name] = _build(Input, {**own, **({"type": kind} if kind else {})}, columns, "an input", start)
        else:
            given = line.value()
            line.end()
            if not isinstance(given, str):
                line.fault("type", f"`{word}` takes a text", f'{word} "…"', start)
            if word == "version" and not re.fullmatch(r"-?\d{1,18}", given):
                line.fault("type", f"a version is a whole number, and {given!r} is none", "version 2", start)
            if word == "phrase":
                self.head["phrases"] = (*self.head.get("phrases", ()), given)
            elif word in self.head:
                line.fault("duplicate-key", f"`{word}` stands here twice", "Keep one of them.", start)
            else:
                self.head[word] = int(given) if word == "version" else given

    def step(self, line: Line, number: int) -> None:
        start = line.at
        head = STEP_ID.match(line.text, start)
        beside: dict[str, Any] = {}
        if head is not None:
            line.at = head.end()
            beside = {"id": head["id"]} if head["id"] else {}
            group = "alone" if head["alone"] is not None else "expect"
            if head[group] is not None:
                beside["expect"] = _expect(head[group], head.start(group) + 1)
        columns = {"id": start + 1}
        if (query := _query(line)) is not None:
            self.open[-1].steps.append(_build(Query, {**beside, "query": query}, columns, "a query", start))
            return
        if "expect" in beside:
            line.fault("expect", "only a query has `expect`", "found expect=some: select …")
        at = line.at
        word = line.take(WORD)
        if word in ("approve", "call", "for_each") and line.rest()[:1] in ("", " "):
            if word == "for_each":
                inside = _Open(None, (*self.path, "steps"), None, number)
                if len(self.open) > MOST_NESTED:
                    line.fault("nested", "the loops are nested too deeply", f"At most {MOST_NESTED} levels.", at)
                # open even where the line is wrong, so that what stands inside isn't said to be indented for nothing
                self.open.append(inside)
                inside.loop = _loop(line, beside)
                return
            self.open[-1].steps.append(_approve(line, beside, at) if word == "approve" else _call(line, beside, at))
            return
        line.at = at
        operation = line.string()
        operation = line.take(OPERATION) if operation is None else operation
        if operation is None or line.rest()[:1] not in ("", " "):
            guess = suggest(word, ("select", "with", "approve", "call", "for_each")) if word else ""
            line.fault("not-a-step", f"{cut(line.text[at:])!r} is no step", guess or _STEP_MEND, at)
        own, params, found = line.pairs(ACT_WORDS)
        values = {**beside, "operation": operation, "params": params, **own}
        self.open[-1].steps.append(_build(Act, values, {**columns, **found}, f"`{operation}`", at))


def _loop(line: Line, beside: Mapping[str, Any]) -> dict[str, Any]:
    line.space()
    start = line.at
    over = line.string()
    over = line.take(BARE) if over is None else over
    line.space()
    has_as = line.take(re.compile(r"as(?=[ =])"))
    line.take(re.compile(r"[ =]*"))
    at = line.at
    name = line.take(WORD)
    line.take(re.compile(":"))
    if over is None or not has_as or name is None:
        line.fault(
            "for-each", "a for_each says over which rows, and what one is called", "for_each hires as hire", start
        )
    line.end()
    values = {**beside, "for_each": over, "as": name}
    # checked now, with a step that stands for those to come, so that a fault has this line
    _build(ForEach, {**values, "steps": (Approve(),)}, {"as": at + 1}, "a for_each", start)
    return values


def _query(line: Line) -> str | None:
    """The text of the query that begins here; None where none does."""
    at = line.at
    if QUERY_START.match(line.text, at):
        line.at = len(line.text)
        return unescape(line.text[at:], at + 1)
    if line.take(re.compile(r"query(?= +[\"'])")) is None:
        return None
    line.space()
    text = line.string()
    line.end()
    return text


def _expect(text: str, column: int) -> str | int:
    if text in ("one", "some", "none"):
        return text
    if re.fullmatch(r"\d{1,18}", text):
        return int(text)
    raise Fault("expect", f"expect can't be {text!r}", "It is one, some, none or a number of rows.", column)


def _approve(line: Line, beside: Mapping[str, Any], at: int) -> Approve:
    own, others, columns = line.pairs(APPROVE_WORDS)
    _known(others, APPROVE_WORDS, columns, "`approve`")
    return _build(Approve, {**beside, **own}, columns, "`approve`", at)


def _call(line: Line, beside: Mapping[str, Any], at: int) -> Call:
    line.space()
    start = line.at
    process = line.string()
    process = line.take(PROCESS) if process is None else process
    if process is None or line.rest()[:1] not in ("", " "):
        line.fault("call", "a call names a process", 'call onboard-one rows=hires name="{{ name }}"', start)
    own, inputs, columns = line.pairs(CALL_WORDS)
    return _build(Call, {**beside, "process": process, "inputs": inputs, **own}, columns, "`call`", at)


def _known(others: Mapping[str, Any], known: Sequence[str], columns: Mapping[str, int], what: str) -> None:
    for key in others:
        mend = suggest(key, known) or f"Known here: {', '.join(known)}."
        raise Fault("unknown-key", f"{what} has no {key!r}", mend, columns[key])


def _build(model: type[M], values: Mapping[str, Any], columns: Mapping[str, int], what: str, at: int) -> M:
    try:
        return model.model_validate({key: given for key, given in values.items() if given is not None})
    except ValidationError as error:
        one = error.errors()[0]
        name = str(one["loc"][0]) if one["loc"] else ""
        raise _plain(one, what, columns.get(name, at + 1)) from None


def _plain(error: Any, what: str, column: int) -> Fault:
    """Pydantic's complaint in plain words."""
    key = ".".join(str(part) for part in error["loc"][:1])
    kind, given = error["type"], error.get("input")
    if kind == "value_error":
        return Fault("value", str(error["ctx"]["error"]), f"Change `{key}`." if key else "Change this.", column)
    if kind == "literal_error":
        return Fault("value", f"`{key}` can't be {given!r}", f"It is one of {error['ctx']['expected']}.", column)
    if kind == "string_type":
        return Fault(
            "value", f"{what} takes a text as `{key}`, and this is {given!r}", 'Write it in quotes: "…".', column
        )
    return Fault("value", f"`{key}` can't be {given!r}: {error['msg']}", f"Change `{key}`.", column)
