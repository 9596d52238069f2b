"""Acts in the sign grammar: the operations' words, their parameters in one order, and what rows they may take.

An act that has been read is a mapping of what was said; `to_plan` makes the plan's act of it. This module refuses
to write any text of a mail.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any

from deskhand_models.scope import Output
from deskhand_models.signs import MARKS, Ref, Sign
from deskhand_models.slices import MAIL, Slice, Want, Wants

if TYPE_CHECKING:
    from deskhand_models.expressions import Expressions

TOOLS = {
    "send": "email", "reply": "email", "forward": "email", "move": "email", "copy": "email", "mark": "email",
    "trash": "email", "save": "email", "update": "database", "insert": "database", "upsert": "database",
    "delete": "database", "write": "spreadsheet", "append": "spreadsheet", "sheet_update": "spreadsheet",
    "sheet_delete": "spreadsheet", "approve": "",
}  # fmt: skip
_ROWLESS = ("send",)
# Parameters in their order; `!` must stand.
_PARAMETERS = {
    "send": ("per", "to!", "cc", "subject", "say", "mention", "table", "list", "attach", "attach_file"),
    "reply": ("say", "mention"),
    "forward": ("to!", "say"),
    "move": ("folder!",),
    "copy": ("folder!",),
    "mark": ("mark!",),
    "trash": (),
    "save": ("folder",),
    "update": ("target!", "key"),
    "insert": ("target!",),
    "upsert": ("target!", "key"),
    "delete": ("target!", "key"),
    "write": ("file", "sheet"),
    "append": ("target!",),
    "sheet_update": ("target!", "key!"),
    "sheet_delete": ("target!", "key!"),
    "approve": (),
}
_CONDITIONS = ("if", "unless")


_LEAST_SHARED = {"update": 2, "upsert": 2, "sheet_update": 2}
_ALL_SHARED = ("update", "upsert", "insert")
_OF_A_MAIL = ("reply", "forward", "move", "copy", "mark", "trash")


def act_wants(cut: Slice, queries: Sequence[Any]) -> tuple[str, ...]:
    """The acts that may come: those of the workspace's tools, that have rows to take or need none.

    queries: those before it; None for one that is still being written, whose rows might suit any act.
    """
    tools = set(cut.connections.values()) | {""}
    return tuple(
        act
        for act, tool in TOOLS.items()
        if tool in tools and (act in _ROWLESS or any(one is None or suits(cut, act, one.outputs) for one in queries))
    )


def suits(cut: Slice, act: str, rows: Sequence[Output]) -> bool:
    """Whether rows with these columns are something that the act can take at all."""
    if act in _OF_A_MAIL:
        return any(output.name.casefold() == "id" for output in rows)
    if "target!" in _PARAMETERS[act]:
        return bool(targets(cut, act, rows))
    return True


def targets(cut: Slice, act: str, rows: Sequence[Output]) -> frozenset[Ref]:
    """The tables that such rows can be written to: they have the columns that the rows bring.

    What the check would refuse in any case is left out; the rest is for the check to say.
    """
    brought = {output.name.casefold() for output in rows}
    found: list[Ref] = []
    for group in cut.groups:
        if group.tool != TOOLS[act] or not group.writable:
            continue
        shared = brought & set(group.by_name)
        if len(shared) >= _LEAST_SHARED.get(act, 1) and (act not in _ALL_SHARED or shared == brought):
            found += [Ref("table", (group.connection, table)) for table in group.tables]
    return frozenset(found)


def parse_act(
    reader: Expressions, act: str, steps: Sequence[Sequence[Output]], follow: Wants
) -> Generator[Wants, Sign, dict[str, Any]]:
    """What is said after an act's own word. steps: the columns of every query before it, in order."""
    return (yield from _Act(reader, act, steps, follow).read())


class _Act:
    def __init__(self, reader: Expressions, act: str, steps: Sequence[Sequence[Output]], follow: Wants) -> None:
        self.reader = reader
        self.act = act
        self.steps = steps
        self.follow = follow
        self.said: dict[str, Any] = {"act": act}
        self.rows: Sequence[Output] = ()

    def read(self) -> Generator[Wants, Sign, dict[str, Any]]:
        names = tuple(f"#{number}" for number in range(1, len(self.steps) + 1))
        left = [*(p.rstrip("!") for p in _PARAMETERS[self.act])]
        needed = [p[:-1] for p in _PARAMETERS[self.act] if p.endswith("!")]
        optional_rows = self.act in _ROWLESS
        if names:
            first = next((name for name in left if name in needed), None)
            open_ = left[: left.index(first) + 1] if first else left
            opening: Wants = ("rows", *(self._openings(open_, needed) if optional_rows else ()))
            sign = yield from self.reader.next(opening)
            if sign == "rows":
                suited = [n for n, rows in enumerate(self.steps, start=1) if suits(self.reader.cut, self.act, rows)]
                # The act's word may have come before its rows were known. Where none suit, the check will say so.
                step = yield from self.reader.next(tuple(f"#{number}" for number in suited) or names)
                self.said["rows"] = int(str(step)[1:])
                self.rows = self.steps[self.said["rows"] - 1]
            else:
                self.reader.push(sign)
        while True:
            needs = next((name for name in left if name in needed), None)
            open_ = left[: left.index(needs) + 1] if needs else left
            wants = (*self._openings(open_, [needs] if needs else []), *(() if needs else self._ends(names)))
            sign = yield from self.reader.next(wants)
            if sign in _CONDITIONS and names and not needs:
                step = yield from self.reader.next(names)
                self.said[str(sign)] = int(str(step)[1:])
                left = []
                continue
            name = self._meant(sign, open_)
            if name is None:
                self.reader.push(sign)
                return self.said
            yield from self._parameter(name, sign)
            left = left[left.index(name) + 1 :]

    def _ends(self, names: Wants) -> tuple[str | Want, ...]:
        conditions = () if "if" in self.said or "unless" in self.said or not names else _CONDITIONS
        return (*conditions, *self.follow)

    # ------------------------------------------------------------ what opens each parameter

    def _openings(self, names: Sequence[str], _needed: Sequence[str]) -> tuple[str | Want, ...]:
        wants: list[str | Want] = []
        for name in names:
            wants += self._opening(name)
        return tuple(wants)

    def _opening(self, name: str) -> list[str | Want]:
        grouped, rows = "per" in self.said, bool(self.rows)
        if name == "mark":
            return [f"m_{mark}" for mark in MARKS]
        if name == "target":
            fitting = targets(self.reader.cut, self.act, self.rows)
            return [Want("table", only=fitting) if fitting else Want("table", frozenset({TOOLS[self.act]}))]
        if name in ("per", "key") and not rows:
            return []
        if name == "mention" and not rows:
            return []
        if name == "table" and not grouped:
            return []
        if name in ("list", "attach") and not self.steps:
            return []
        return [name]

    def _meant(self, sign: Sign, names: Sequence[str]) -> str | None:
        if isinstance(sign, Ref):
            return "target" if sign.kind == "table" and "target" in names else None
        if sign.startswith("m_"):
            return "mark"
        return sign if sign in names else None

    # ------------------------------------------------------------ parameters

    def _parameter(self, name: str, sign: Sign) -> Generator[Wants, Sign, None]:
        reader = self.reader
        if name == "mark":
            self.said["mark"] = str(sign)[2:]
        elif name == "target":
            assert isinstance(sign, Ref)
            self.said["target"] = sign
        elif name in ("per", "mention", "table", "key"):
            self.said[name] = yield from self._listed(name)
        elif name in ("to", "cc"):
            self.said[name] = yield from self._recipients()
        elif name in ("subject", "say", "file", "sheet", "attach_file"):
            self.said[name] = yield from reader.text(None, None)
        elif name == "folder":
            folders = frozenset(
                ref
                for ref in reader.cut.refs
                if ref.kind == "table"
                and reader.cut.group_of[str(ref.key[0]).casefold(), str(ref.key[1]).casefold()].name == MAIL
            )
            folder_wants: Wants = (Want("table", only=folders),) if self.act != "save" else ()
            place = yield from reader.next((*folder_wants, *reader.text_wants(None)))
            if isinstance(place, Ref) and place.kind == "table":
                self.said["folder"] = str(place.key[1])
            else:
                reader.push(place)
                self.said["folder"] = yield from reader.text(None, None)
        elif name in ("list", "attach"):
            step = yield from reader.next(tuple(f"#{n}" for n in range(1, len(self.steps) + 1)))
            self.said[name] = int(str(step)[1:])

    def _columns(self, families: frozenset[str] | None = None) -> tuple[str | Want, ...]:
        fitting = [o for o in self.rows if families is None or o.family in families]
        known = frozenset(o.origin for o in fitting if o.origin is not None)
        made = tuple(f"o{n}" for n, o in enumerate(self.rows[:8], start=1) if o.origin is None and o in fitting)
        return (*((Want("column", only=known),) if known else ()), *made)

    def _output(self, sign: Sign) -> str:
        if isinstance(sign, Ref):
            return next(output.name for output in self.rows if output.origin == sign)
        return self.rows[int(sign[1:]) - 1].name

    def _after(self, name: str) -> tuple[str | Want, ...]:
        """What may come after the items of a parameter's list."""
        order = [p.rstrip("!") for p in _PARAMETERS[self.act]]
        needed = [p[:-1] for p in _PARAMETERS[self.act] if p.endswith("!")]
        later = order[order.index(name) + 1 :]
        needs = next((one for one in later if one in needed), None)
        open_ = later[: later.index(needs) + 1] if needs else later
        names = tuple(f"#{n}" for n in range(1, len(self.steps) + 1))
        if name == "per":
            self.said["per"] = []  # so that a table of the group may follow
        return (*self._openings(open_, []), *(() if needs else self._ends(names)))

    def _listed(self, name: str) -> Generator[Wants, Sign, list[str]]:
        items: list[str] = []
        wanted = self._columns()
        while True:
            after = self._after(name) if items else ()
            sign = yield from self.reader.next((*wanted, *after))
            if items and not (isinstance(sign, Ref) and sign.kind == "column") and not _is_output(sign):
                self.reader.push(sign)
                return items
            items.append(self._output(sign))

    def _recipients(self) -> Generator[Wants, Sign, list[dict[str, str]]]:
        found: list[dict[str, str]] = []
        wanted: tuple[str | Want, ...] = (
            *self._columns(frozenset({"text"})),
            "me",
            Want("person"),
            Want("literal", frozenset({"email"})),
        )
        while True:
            after = self._after("to" if "to" not in self.said else "cc") if found else ()
            sign = yield from self.reader.next((*wanted, *after))
            kind = sign.kind if isinstance(sign, Ref) else ""
            if kind == "person" and isinstance(sign, Ref):
                found.append({"address": str(sign.key[0])})
            elif kind == "literal" and isinstance(sign, Ref):
                found.append({"address": self.reader.cut.literals[int(sign.key[0])].value})
            elif sign == "me":
                found.append({"address": self.reader.cut.me or "me"})
            elif kind == "column" or _is_output(sign):
                found.append({"column": self._output(sign)})
            else:
                self.reader.push(sign)
                return found


def _is_output(sign: Sign) -> bool:
    return isinstance(sign, str) and sign.startswith("o") and sign[1:].isdigit()
