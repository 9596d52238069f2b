"""Plans printed as canonical YAML: equal plans print equally, and reading what is printed gives the same plan.

Texts are always quoted or stand in a block, so that YAML can't read them as anything else. It refuses to keep
comments: that is `rewrite`'s work, on a text that a person wrote.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from deskhand.plan import Act, Approve, ForEach, Input, Plan, Query, Step

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-/]*\Z")
_NOT_PLAIN = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
# What YAML 1.2 can't hold as it is inside double quotes, beside what JSON escapes already.
_UNPRINTABLE = re.compile("[\x7f-\x9f\xad\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]|[^\x00-\uffff]")


def print_plan(plan: Plan) -> str:
    """The plan as canonical YAML: equal plans print equally, and reading it gives the same plan."""
    lines: list[str] = []
    if plan.process is not None:
        lines.append(f"process: {_word(plan.process)}")
    if plan.version != 1:
        lines.append(f"version: {plan.version}")
    if plan.description:
        lines += _entry("description", plan.description, "")
    if plan.phrases:
        lines += _entry("phrases", list(plan.phrases), "")
    if plan.inputs:
        lines.append("inputs:")
        for name, item in plan.inputs.items():
            lines.append(f"  {_key(name)}: {_flow(_shown(item))}")
    if plan.triggers:
        lines.append("triggers:")
        lines += [f"  - {_flow(_shown(trigger))}" for trigger in plan.triggers]
    lines.append("steps:")
    lines += _print_steps(plan.steps, "  ")
    return "\n".join(lines) + "\n"


def print_value(value: Any) -> str:
    """One value on one line: texts quoted, lists and mappings in flow style."""
    return _flow(value)


def print_entry(key: str, value: Any) -> list[str]:
    """One entry of a mapping as lines; a text of several lines is a block where that gives it back exactly."""
    return _entry(key, value, "")


def _shown(part: BaseModel) -> dict[str, Any]:
    shown = part.model_dump(exclude_defaults=True)
    return {"type": part.type, **shown} if isinstance(part, Input) else shown


def _print_steps(steps: Sequence[Step], indent: str) -> list[str]:
    lines: list[str] = []
    for step in steps:
        body: list[str] = []
        if step.id is not None:
            body.append(f"id: {_word(step.id)}")
        if isinstance(step, Query):
            body += _entry("query", step.query, "", word=False)
            if step.expect is not None:
                body.append(f"expect: {step.expect}")
        elif isinstance(step, ForEach):
            body += [f"for_each: {_word(step.for_each)}", f"as: {_word(step.as_)}", "steps:"]
            body += _print_steps(step.steps, "  ")
        elif isinstance(step, Act):
            body += _mapping(step.operation, _act_entries(step))
        else:
            shown = step.model_dump(exclude_defaults=True, exclude={"id"})
            body += _mapping("approve" if isinstance(step, Approve) else "call", shown)
        lines += [f"{indent}{'- ' if n == 0 else '  '}{line}" if line else "" for n, line in enumerate(body)]
    return lines


def _act_entries(step: Act) -> dict[str, Any]:
    entries: dict[str, Any] = {}
    for name in ("connection", "rows"):
        if getattr(step, name) is not None:
            entries[name] = getattr(step, name)
    if step.per:
        entries["per"] = step.per[0] if len(step.per) == 1 else list(step.per)
    for name in ("when", "unless"):
        if getattr(step, name) is not None:
            entries[name] = getattr(step, name)
    if step.on_error != "skip":
        entries["on_error"] = step.on_error
    return entries | step.params


def _mapping(key: str, entries: Mapping[str, Any]) -> list[str]:
    if not entries:
        return [f"{_key(key)}: {{}}"]
    lines = [f"{_key(key)}:"]
    for name, value in entries.items():
        lines += _entry(name, value, "  ", word=name in ("rows", "per", "connection", "on_error", "process"))
    return lines


def _entry(key: str, value: Any, indent: str, *, word: bool = False) -> list[str]:
    if isinstance(value, str) and _block_fits(value):
        chomp = "" if value.endswith("\n") else "-"
        body = value[:-1] if value.endswith("\n") else value
        return [
            f"{indent}{_key(key)}: |{chomp}",
            *(f"{indent}  {line}" if line else "" for line in body.split("\n")),
        ]
    if word and isinstance(value, str):
        return [f"{indent}{_key(key)}: {_word(value)}"]
    return [f"{indent}{_key(key)}: {_flow(value)}"]


def _block_fits(text: str) -> bool:
    """Whether a block literal gives this text back exactly."""
    if "\n" not in text or text.endswith("\n\n") or text == "\n" or text[0] in " \t\n":
        return False
    if _UNPRINTABLE.search(text) or re.search(r"[\x00-\x08\x0b-\x1f\x85]", text):
        return False
    return all(not line.startswith("\t") and (line.strip() or not line) for line in text.split("\n"))


def _word(value: str) -> str:
    return value if _PLAIN.match(value) and value.lower() not in _NOT_PLAIN else _quoted(value)


def _key(value: str) -> str:
    return _word(value)


def _quoted(value: str) -> str:
    def escape(match: re.Match[str]) -> str:
        code = ord(match.group())
        return f"\\U{code:08x}" if code > 0xFFFF else f"\\u{code:04x}"

    return _UNPRINTABLE.sub(escape, json.dumps(value, ensure_ascii=False))


def _flow(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(str(k))}: {_flow(v)}" for k, v in value.items()) + "}"
    return "[" + ", ".join(_flow(item) for item in value) + "]"
