"""A person's YAML changed to mean another plan, with comments and layout of all that didn't change kept as they are.

    rewrite(text, plan)       # parse(rewrite(text, plan)).plan == plan, always

What differs between the plan that the text meant and the new one is replaced in the text, entry by entry and step
by step; the rest stays byte for byte. Where that can't be done (or wouldn't mean the plan), the whole is printed
anew under the comment that stood at its head. This module refuses to judge plans and to write files.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

from deskhand.plan import Plan
from deskhand.plan_print import print_entry, print_plan, print_value
from deskhand.plan_yaml import parse

_MISSING = object()


class _CannotError(Exception):
    """This change can't be made in the text as it stands."""


@dataclass(frozen=True)
class _Edit:
    start: int
    end: int
    text: str


def rewrite(text: str, plan: Plan) -> str:
    """The text changed to mean `plan`. A text that is no plan is replaced as a whole."""
    text = text.replace("\r\n", "\n")
    parsed = parse(text)
    if parsed.plan == plan:
        return text
    if parsed.plan is not None:
        try:
            made = _Surgeon(text).operate(_document(print_plan(parsed.plan)), _document(print_plan(plan)))
        except _CannotError:
            made = ""
        if made and parse(made).plan == plan:
            return made
    return _head(text) + print_plan(plan)


def _head(text: str) -> str:
    """The comment at the head of the text."""
    match = re.match(r"(?:[ \t]*#[^\n]*\n|[ \t]*\n)+", text)
    return match[0] if match and "#" in match[0] else ""


def _node(text: str) -> Any:
    from ruamel.yaml import YAML

    return YAML(typ="safe", pure=True).compose(text)


def _document(text: str) -> Any:
    """A canonical text as plain values: dicts, lists, texts, booleans and None."""

    def value(node: Any) -> Any:
        kind = type(node).__name__
        if kind == "SequenceNode":
            return [value(item) for item in node.value]
        if kind == "MappingNode":
            return {str(key.value): value(item) for key, item in node.value}
        if node.style is None and node.tag.endswith((":null", ":bool")):
            return None if node.tag.endswith(":null") else str(node.value).lower() == "true"
        return str(node.value)

    return value(_node(text))


@dataclass
class _Surgeon:
    """Collects the edits that turn one document into another."""

    text: str
    edits: list[_Edit] = field(default_factory=list)

    def operate(self, old: Any, new: Any) -> str:
        """The text with all edits made. `old` and `new` are the canonical documents before and after."""
        self.value(_node(self.text), old, new)
        made = self.text
        for edit in sorted(self.edits, key=lambda e: (e.start, e.end), reverse=True):
            made = made[: edit.start] + edit.text + made[edit.end :]
        return made

    # ------------------------------------------------------------ values

    def value(self, node: Any, old: Any, new: Any) -> None:
        """Change what stands at this node; raises _CannotError where the entry around it must be replaced."""
        kind = type(node).__name__
        if kind != "ScalarNode" and node.flow_style is True:
            self.edits.append(_Edit(node.start_mark.index, node.end_mark.index, print_value(new)))
        elif kind == "MappingNode" and isinstance(old, dict) and isinstance(new, dict):
            self.mapping(node, old, new)
        elif kind == "SequenceNode" and isinstance(old, list) and isinstance(new, list):
            self.sequence(node, old, new)
        else:
            raise _CannotError

    def mapping(self, node: Any, old: dict[str, Any], new: dict[str, Any]) -> None:
        entries = {str(key.value): (key, value) for key, value in node.value}
        gone = [key for key in old if key not in new and key in entries]
        if len(gone) == len(entries) or (gone and next(iter(entries)) in gone and self.after_dash(node)):
            raise _CannotError
        for key in gone:
            self.cut(entries[key][0], entries[key][1])
        added = {}
        for key, value in new.items():
            before = old.get(key, _MISSING)
            if before is not _MISSING and before == value:
                continue
            if key in entries:
                self.entry(key, *entries[key], before, value)
            else:
                added[key] = value
        if added:
            self.insert(node, entries, added)

    def entry(self, key: str, key_node: Any, node: Any, old: Any, new: Any) -> None:
        """One entry that has another value now."""
        kept = len(self.edits)
        try:
            if old is _MISSING:
                raise _CannotError
            self.value(node, old, new)
        except _CannotError:
            del self.edits[kept:]
            start, end = key_node.start_mark.index, self.end(key_node, node)
            indent = " " * key_node.start_mark.column
            rest = self.text[end : self.line_end(end)]
            lines = [f"{_key(key_node)}: {print_value(new)}"] if rest.strip() else _entry(key, new)
            self.edits.append(_Edit(start, end, f"\n{indent}".join(lines).replace(f"\n{indent}\n", "\n\n")))

    def insert(self, node: Any, entries: dict[str, tuple[Any, Any]], added: dict[str, Any]) -> None:
        """New entries, below the last one; those of the plan itself above its steps."""
        first_key = next(iter(entries.values()))[0]
        indent = " " * first_key.start_mark.column
        lines = [line for key, value in added.items() for line in _entry(key, value)]
        block = "".join(f"{indent}{line}\n" if line else "\n" for line in lines)
        steps = entries.get("steps")
        if steps is not None and first_key.start_mark.column == 0 and "steps" not in added:
            at = self.line_start(steps[0].start_mark.index)
            self.edits.append(_Edit(at, at, block))
            return
        last_key, last = list(entries.values())[-1]
        at = self.line_end(self.end(last_key, last))
        self.edits.append(_Edit(at, at, "\n" + block.rstrip("\n")))

    # ------------------------------------------------------------ lists

    def sequence(self, node: Any, old: list[Any], new: list[Any]) -> None:
        if len(node.value) != len(old) or not new:
            raise _CannotError
        matcher = SequenceMatcher(None, [_frozen(v) for v in old], [_frozen(v) for v in new], autojunk=False)
        for tag, i1, i2, j1, j2 in matcher.get_opcodes():
            if tag == "equal":
                continue
            paired = min(i2 - i1, j2 - j1)
            for offset in range(paired):
                self.item(node.value[i1 + offset], old[i1 + offset], new[j1 + offset])
            for index in range(i1 + paired, i2):
                self.drop(node.value[index])
            if j1 + paired < j2:
                self.add(node, i1 + paired, new[j1 + paired : j2])

    def item(self, node: Any, old: Any, new: Any) -> None:
        kept = len(self.edits)
        try:
            self.value(node, old, new)
        except _CannotError:
            del self.edits[kept:]
            indent = " " * self.dash_column(node)
            lines = _item(new)
            text = f"\n{indent}".join(lines).replace(f"\n{indent}\n", "\n\n")
            self.edits.append(_Edit(self.dash(node), self.end(None, node), text))

    def drop(self, node: Any) -> None:
        start = self.line_start(self.dash(node))
        self.edits.append(_Edit(start, min(self.line_end(self.end(None, node)) + 1, len(self.text)), ""))

    def add(self, node: Any, index: int, values: Sequence[Any]) -> None:
        """New items before the one of that index, or behind the last."""
        indent = " " * self.dash_column(node.value[0])
        lines = [line for value in values for line in _item(value)]
        block = "".join(f"{indent}{line}\n" if line else "\n" for line in lines)
        if index < len(node.value):
            at = self.line_start(self.dash(node.value[index]))
            self.edits.append(_Edit(at, at, block))
        else:
            at = self.line_end(self.end(None, node.value[-1]))
            self.edits.append(_Edit(at, at, "\n" + block.rstrip("\n")))

    # ------------------------------------------------------------ places

    def cut(self, key_node: Any, node: Any) -> None:
        start = self.line_start(key_node.start_mark.index)
        if self.text[start : key_node.start_mark.index].strip():
            raise _CannotError
        self.edits.append(_Edit(start, min(self.line_end(self.end(key_node, node)) + 1, len(self.text)), ""))

    def end(self, key_node: Any, node: Any) -> int:
        """Where what is written at this node ends, comments behind it left out."""
        kind = type(node).__name__
        if kind == "ScalarNode" and node.style in ("|", ">"):
            return self.block_end(node)
        if kind == "ScalarNode" or node.flow_style is True:
            end: int = node.end_mark.index
            return end if end > node.start_mark.index or key_node is None else self.colon_end(key_node)
        last = node.value[-1] if node.value else None
        if last is None:
            raise _CannotError
        return self.end(last[0], last[1]) if isinstance(last, tuple) else self.end(None, last)

    def colon_end(self, key_node: Any) -> int:
        return self.text.index(":", key_node.end_mark.index) + 1

    def block_end(self, node: Any) -> int:
        """The end of the last line of a block text; its own indentation tells which lines are its."""
        header = self.line_end(node.start_mark.index)
        indent, end, at = None, header, header + 1
        while at < len(self.text):
            stop = self.line_end(at)
            line = self.text[at:stop]
            if line.strip():
                here = len(line) - len(line.lstrip(" "))
                indent = here if indent is None else indent
                if here < indent or (indent <= self.parent_indent(node)):
                    break
                end = stop
            at = stop + 1
        return end

    def parent_indent(self, node: Any) -> int:
        start = self.line_start(node.start_mark.index)
        line = self.text[start : self.line_end(start)]
        match = re.match(r"(?: |- )*", line)
        return len(match[0]) if match else 0

    def after_dash(self, node: Any) -> bool:
        start = self.line_start(node.start_mark.index)
        return "-" in self.text[start : node.start_mark.index]

    def dash(self, node: Any) -> int:
        start = self.line_start(node.start_mark.index)
        at = self.text.rfind("-", start, node.start_mark.index)
        if at < 0 or self.text[start:at].strip():
            raise _CannotError
        return at

    def dash_column(self, node: Any) -> int:
        at = self.dash(node)
        return at - self.line_start(at)

    def line_start(self, index: int) -> int:
        return self.text.rfind("\n", 0, index) + 1

    def line_end(self, index: int) -> int:
        found = self.text.find("\n", index)
        return len(self.text) if found < 0 else found


def _key(node: Any) -> str:
    return print_value(str(node.value)) if node.style is not None else str(node.value)


def _entry(key: str, value: Any) -> list[str]:
    """One entry as lines: mappings and lists of mappings as blocks, the rest as `plan_print` has it."""
    inner: list[str] = []
    if isinstance(value, dict) and value:
        inner = [line for k, v in value.items() for line in _entry(k, v)]
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        inner = [line for item in value for line in _item(item)]
    if not inner:
        return print_entry(key, value)
    head = print_entry(key, {})[0].removesuffix(" {}")
    return [head, *(f"  {line}" if line else "" for line in inner)]


def _item(value: Any) -> list[str]:
    """One item of a list as lines, its dash included."""
    if not isinstance(value, dict) or not value:
        return [f"- {print_value(value)}"]
    lines = [line for key, item in value.items() for line in _entry(key, item)]
    return [f"{'- ' if number == 0 else '  '}{line}" if line else "" for number, line in enumerate(lines)]


def _frozen(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
