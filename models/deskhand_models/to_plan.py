"""The plan of a draft: steps with ids, operations with their parameters, and the texts of mails.

A mail says what the request gave to say, then names and values line by line, then tables; nothing else is made up.
This module refuses to choose recipients, rows or values: they stand in the draft.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from deskhand.plan import Act, Approve, Plan, Query, Step, id_fault

from deskhand_models.grammar import Draft, QueryDraft
from deskhand_models.scope import quoted
from deskhand_models.slices import Slice

_OPERATIONS = {
    "send": "email.send", "reply": "email.reply", "forward": "email.forward", "move": "email.move",
    "copy": "email.copy", "mark": "email.mark", "trash": "email.delete", "save": "email.save_attachments",
    "update": "database.update", "insert": "database.insert", "upsert": "database.upsert",
    "delete": "database.delete", "write": "spreadsheet.write", "append": "spreadsheet.append",
    "sheet_update": "spreadsheet.update", "sheet_delete": "spreadsheet.delete_rows",
}  # fmt: skip


def to_plan(draft: Draft, cut: Slice) -> Plan:
    """The plan. A draft that asks or refuses has none: ValueError."""
    if not draft.steps:
        raise ValueError("a question or a refusal is no plan")
    return Plan(steps=tuple(_Maker(draft, cut).steps()))


class _Maker:
    def __init__(self, draft: Draft, cut: Slice) -> None:
        self.draft = draft
        self.cut = cut
        self.queries = [step for step in draft.steps if isinstance(step, QueryDraft)]
        self.ids = _ids(self.queries, set(cut.connections))
        self.acted = {
            step[word]
            for step in draft.steps
            if isinstance(step, dict)
            for word in ("rows", "list", "attach")
            if word in step
        }

    def steps(self) -> list[Step]:
        made: list[Step] = []
        number = 0
        for step in self.draft.steps:
            if isinstance(step, QueryDraft):
                number += 1
                expect = "some" if step.lookup and number in self.acted else None
                made.append(Query(id=self.ids[number - 1], query=self._named(step.sql), expect=expect))
            else:
                made.append(self._act(step))
        return made

    def _named(self, sql: str) -> str:
        """The query with the steps' own names for `s1`, `s2`, …, which stand in it as sources only."""
        import re

        def name(match: re.Match[str]) -> str:
            if match[0].startswith(("'", '"')):
                return match[0]
            place = int(match[1]) - 1
            return self.ids[place] if place < len(self.ids) else match[0]

        return re.sub(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|(?<![\w.])s(\d)(?=[\s.)]|$)(?! as\b)", name, sql)

    def _step(self, number: Any) -> str:
        return self.ids[int(number) - 1]

    def _act(self, said: Mapping[str, Any]) -> Step:
        act = str(said["act"])
        rows = self._step(said["rows"]) if "rows" in said else None
        if act == "approve":
            return Approve(rows=rows, ask=f"Go on with these {_words(self._about(said))}?")
        params = self._mail(said) if act in ("send", "reply", "forward") else self._params(said)
        return Act(
            operation=_OPERATIONS[act],
            connection=self._connection(said),
            rows=rows,
            per=tuple(said.get("per", ())),
            when=self._step(said["if"]) if "if" in said else None,
            unless=self._step(said["unless"]) if "unless" in said else None,
            params=params,
        )

    def _connection(self, said: Mapping[str, Any]) -> str | None:
        """Named only where several connections have the operation's tool and the parameters don't say which."""
        tool = {"database": "database", "spreadsheet": "spreadsheet", "email": "email"}[
            _OPERATIONS[str(said["act"])].partition(".")[0]
        ]
        fitting = [name for name, kind in self.cut.connections.items() if kind == tool]
        if len(fitting) < 2:
            return None
        if "target" in said:
            return None
        return fitting[0]

    def _about(self, said: Mapping[str, Any]) -> str:
        number = said.get("rows") or said.get("list") or said.get("attach")
        return self.queries[int(number) - 1].about if number else ""

    # ------------------------------------------------------------ other operations

    def _params(self, said: Mapping[str, Any]) -> dict[str, Any]:
        params: dict[str, Any] = {}
        if "target" in said:
            connection, table = said["target"].key
            params["table"] = f"{connection}.{quoted(str(table))}"
        if "key" in said:
            params["key"] = said["key"][0] if len(said["key"]) == 1 else list(said["key"])
        if "mark" in said:
            params["as"] = said["mark"]
        if "folder" in said:
            params["to_folder" if said["act"] == "save" else "folder"] = escaped(said["folder"])
        if said["act"] == "write":
            params["file"] = _file(said.get("file") or f"{self._about(said) or 'report'} {{{{ today }}}}")
            if "sheet" in said:
                params["sheet"] = escaped(said["sheet"])
        return params

    # ------------------------------------------------------------ mails

    def _mail(self, said: Mapping[str, Any]) -> dict[str, Any]:
        params: dict[str, Any] = {}
        for word in ("to", "cc"):
            if word in said:
                found = [one.get("address") or f"{{{{ {column(one['column'])} }}}}" for one in said[word]]
                params[word] = found[0] if len(found) == 1 else found
        if said["act"] == "send":
            params["subject"] = self._subject(said)
        body = self._body(said)
        if body or said["act"] != "forward":
            params["body"] = body or f"{params.get('subject', '')}"
        attached: list[Any] = []
        if "attach" in said:
            step = self._step(said["attach"])
            attached.append({"table": step, "name": f"{step}.xlsx"})
        if "attach_file" in said:
            attached.append(escaped(said["attach_file"]))
        if attached:
            params["attach"] = attached
        return params

    def _subject(self, said: Mapping[str, Any]) -> str:
        if "subject" in said:
            return sentence(escaped(said["subject"]), stop=False)
        about = _words(self._about(said))
        if "mention" in said:
            first = said["mention"][0]
            return f"{about[:1].upper()}{about[1:]}: {{{{ {column(first)} | default('') }}}}"
        for word in ("list", "attach"):
            if word in said:
                return f"{about[:1].upper()}{about[1:]}: {{{{ {self._step(said[word])}.count }}}}"
        if "say" in said:
            words = said["say"].split()
            return sentence(escaped(" ".join(words[:8]) + (" …" if len(words) > 8 else "")), stop=False)
        return f"{about[:1].upper()}{about[1:]}" if about else "A note"

    def _body(self, said: Mapping[str, Any]) -> str:
        parts: list[str] = []
        if "say" in said:
            parts.append(sentence(escaped(said["say"])))
        if "mention" in said:
            parts.append(
                "\n".join(f"{_words(name)}: {{{{ {column(name)} | default('–') }}}}" for name in said["mention"])
            )
        if "table" in said:
            parts.append("{{ rows | table(" + ", ".join(_text(name) for name in said["table"]) + ") }}")
        if "list" in said:
            parts.append(f"{{{{ {self._step(said['list'])} | table }}}}")
        if not parts and "attach" in said:
            parts.append(f"{_words(self._about(said)).capitalize()}: see the attached list.")
        return "\n\n".join(parts)


def column(name: str) -> str:
    """A column in a template: bare where it is a plain word, else `row["…"]`."""
    plain = (
        name.isidentifier()
        and name.isascii()
        and id_fault(name) is None
        and name.lower() not in ("not", "and", "or", "in", "is", "if", "else", "true", "false", "none")
    )
    return name if plain else f"row[{_text(name)}]"


def _text(name: str) -> str:
    escaped_name = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped_name}"'


def escaped(text: str) -> str:
    """A text of the request as a template that renders as itself: what looks like a template there is data."""
    if not any(mark in text for mark in ("{{", "{%", "{#", "}}", "%}", "#}")):
        return text
    return "{{ " + "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'" + " }}"


def sentence(text: str, *, stop: bool = True) -> str:
    """The text with a capital at its beginning and, where wanted, a stop at its end."""
    if not text or text.startswith("{{"):
        return text
    text = text[0].upper() + text[1:]
    return text if not stop or text[-1] in ".!?…:;" else f"{text}."


def _words(name: str) -> str:
    return name.replace("_", " ").strip()


def _file(name: str) -> str:
    return name if name.lower().endswith((".xlsx", ".csv")) else f"{name}.xlsx"


def _ids(queries: Sequence[QueryDraft], taken: set[str]) -> list[str]:
    """A name for every query: what its rows are about, with a number where several are about the same."""
    found: list[str] = []
    used = {name.casefold() for name in taken}
    for query in queries:
        word = query.about or "found"
        if id_fault(word):
            word = f"{word}_rows" if id_fault(f"{word}_rows") is None else "found"
        chosen, number = word, 2
        while chosen.casefold() in used:
            chosen, number = f"{word}_{number}", number + 1
        used.add(chosen.casefold())
        found.append(chosen)
    return found
