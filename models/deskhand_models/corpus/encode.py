"""A corpus pair as the model learns it: the slice of its office, and the signs of its plan.

    encoder = Encoder(cut, steps)
    signs = encoder.signs(sentence)

This module refuses pairs whose plan has no signs, or whose values the request doesn't state: Unsayable says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from deskhand_models.acts import TOOLS
from deskhand_models.corpus.pairs import Sentence, Step
from deskhand_models.from_sql import Unsayable, parse_query, query_signs
from deskhand_models.grammar import Draft, Parse
from deskhand_models.scope import Output
from deskhand_models.signs import ASKS, CANNOTS, MARKS, Ref, Sign, Unfit
from deskhand_models.slices import Slice

_ACTS = {
    "email.send": "send", "email.reply": "reply", "email.forward": "forward", "email.move": "move",
    "email.copy": "copy", "email.mark": "mark", "email.delete": "trash", "email.save_attachments": "save",
    "database.update": "update", "database.insert": "insert", "database.upsert": "upsert",
    "database.delete": "delete", "spreadsheet.write": "write", "spreadsheet.append": "append",
    "spreadsheet.update": "sheet_update", "spreadsheet.delete_rows": "sheet_delete", "approve": "approve",
}  # fmt: skip
_TAKES = {
    "send": "rows per to cc subject say mention table list attach when unless",
    "reply": "rows say mention when unless", "forward": "rows to say when unless", "move": "rows folder when unless",
    "copy": "rows folder when unless", "mark": "rows as when unless", "trash": "rows when unless",
    "save": "rows to_folder when unless", "update": "rows table key when unless", "insert": "rows table when unless",
    "upsert": "rows table key when unless", "delete": "rows table key when unless",
    "write": "rows file sheet when unless",
    "append": "rows table when unless", "sheet_update": "rows table key when unless",
    "sheet_delete": "rows table key when unless", "approve": "rows",
}  # fmt: skip


def slots_of(step: Step) -> set[str]:
    """The numbers of the slots that a step uses."""
    import re

    texts = [step.sql, *(value for values in step.parameters.values() for value in values)]
    return {found for text in texts for found in re.findall(r"\$(\d+)", text)}


class Encoder:
    """One sentence's plan as signs. cut: the slice whose request is the sentence."""

    def __init__(self, cut: Slice, sentence: Sentence) -> None:
        self.cut = cut
        self.sentence = sentence
        self.named: list[tuple[str, list[Output]]] = []

    def signs(self, steps: Sequence[Step]) -> list[Sign]:
        """The whole plan. Raises Unsayable, with what has no signs."""
        if steps[0].turned:
            kinds = ASKS if steps[0].turned == "ask" else CANNOTS
            if steps[0].kind not in kinds or len(steps) > 1:
                raise Unsayable(f"{steps[0].turned}: takes one of {', '.join(kinds)}, alone")
            return [steps[0].turned, f"{steps[0].turned[0]}_{steps[0].kind}"]
        used = set().union(*(slots_of(step) for step in steps))
        if used != set(self.sentence.slots):
            odd = ", ".join(sorted(used ^ set(self.sentence.slots)))
            raise Unsayable(f"the plan and the sentence don't have the same slots: {odd}")
        signs: list[Sign] = []
        for place, step in enumerate(steps):
            if step.sql:
                signs += self._query(step, steps[place + 1 :], signs)
            else:
                signs += self._act(step)
        signs.append("stop")
        self._drafted(signs)
        return signs

    def _drafted(self, signs: Sequence[Sign]) -> Draft:
        running = Parse(self.cut)
        for place, sign in enumerate(signs):
            try:
                running.feed(sign)
            except Unfit as error:
                before = " ".join(shown(s) for s in signs[max(0, place - 8) : place])
                wanted = ", ".join(str(w) for w in running.wants if isinstance(w, str))[:160]
                raise Unsayable(f"{shown(sign)!r} doesn't fit after {before!r} (could be: {wanted})") from error
        if not running.whole:
            raise Unsayable("the plan stops short")
        return running.draft

    # ------------------------------------------------------------ queries

    def _query(self, step: Step, later: Sequence[Step], before: Sequence[Sign]) -> list[Sign]:
        tree = parse_query(step.sql)
        signs = query_signs(tree, self.cut, self.named, self._slot, self._targets(step.name, later))
        from deskhand_models.grammar import QueryDraft

        drafts = [s for s in self._drafted([*before, *signs, "stop"]).steps if isinstance(s, QueryDraft)]
        made = drafts[-1].outputs
        named = [
            replace(out, name=item.alias_or_name or out.name) for out, item in zip(made, tree.expressions, strict=True)
        ]
        self.named.append((step.name, named))
        return signs

    def _targets(self, name: str, later: Sequence[Step]) -> dict[str, Ref]:
        """The columns of the table that the rows of this step are written to."""
        for step in later:
            if (
                step.parameters.get("rows") == (name,)
                and "table" in step.parameters
                and not step.operation.startswith("email.")
            ):
                table = self._table(step.parameters["table"][0])
                group = self.cut.group_of[str(table.key[0]).casefold(), str(table.key[1]).casefold()]
                return {c.name.casefold(): Ref("column", (group.connection, group.name, c.name)) for c in group.columns}
        return {}

    # ------------------------------------------------------------ acts

    def _act(self, step: Step) -> list[Sign]:
        act = _ACTS.get(step.operation)
        if act is None:
            raise Unsayable(f"there is no operation {step.operation}")
        said = dict(step.parameters)
        if odd := set(said) - set(_TAKES[act].split()):
            raise Unsayable(f"{step.operation} takes no {', '.join(sorted(odd))} here")
        signs: list[Sign] = [act]
        outputs: list[Output] = []
        if "rows" in said:
            number = self._number(said["rows"][0])
            outputs = self.named[number - 1][1]
            signs += ["rows", f"#{number}"]
        tool = TOOLS[act]
        if "table" in said and tool in ("database", "spreadsheet"):
            signs.append(self._table(said["table"][0]))
        if "as" in said:
            if said["as"][0] not in MARKS:
                raise Unsayable(f"mails are marked as one of {', '.join(MARKS)}")
            signs.append(f"m_{said['as'][0]}")
        for name in (
            "key",
            "per",
            "to",
            "cc",
            "subject",
            "file",
            "sheet",
            "folder",
            "to_folder",
            "say",
            "mention",
            "table",
            "list",
            "attach",
        ):
            if name not in said or (name == "table" and tool != "email"):
                continue
            signs += self._parameter(name, said[name], outputs)
        for name, word in (("when", "if"), ("unless", "unless")):
            if name in said:
                signs += [word, f"#{self._number(said[name][0])}"]
        return signs

    def _parameter(self, name: str, values: Sequence[str], outputs: Sequence[Output]) -> list[Sign]:
        if name in ("key", "per", "mention", "table"):
            if len(values) == 1 and all(o.name != values[0] for o in outputs):
                values = [part.strip() for part in values[0].split(",")]
            return [name, *(self._output(value, outputs) for value in values)]
        if name in ("to", "cc"):
            return [name, *(sign for value in values for sign in self._recipient(value, outputs))]
        if name in ("list", "attach") and (name == "list" or any(values[0] == known for known, _ in self.named)):
            return [name, f"#{self._number(values[0])}"]
        if name == "attach":
            return ["attach_file", *self._text(values[0])]
        if name in ("folder", "to_folder"):
            folder = self._folder(values[0]) if name == "folder" else None
            return ["folder", *([folder] if folder is not None else self._text(values[0]))]
        return [name, *self._text(values[0])]

    def _number(self, name: str) -> int:
        for number, (known, _) in enumerate(self.named, start=1):
            if known == name:
                return number
        raise Unsayable(f"there is no step {name!r} before this act")

    def _table(self, name: str) -> Ref:
        import re

        match = re.fullmatch(r'(\w+)\."?(.+?)"?', name)
        group = self.cut.group_of.get((match[1].casefold(), match[2].casefold())) if match else None
        if group is None or match is None:
            raise Unsayable(f"there is no table {name}")
        own = next(table for table in group.tables if table.casefold() == match[2].casefold())
        return Ref("table", (group.connection, own))

    def _folder(self, name: str) -> Ref | None:
        for ref in self.cut.refs:
            if ref.kind == "table" and str(ref.key[1]).casefold() == name.casefold():
                group = self.cut.group_of[str(ref.key[0]).casefold(), str(ref.key[1]).casefold()]
                if group.tool == "email":
                    return ref
        return None

    def _output(self, name: str, outputs: Sequence[Output]) -> Sign:
        for place, output in enumerate(outputs, start=1):
            if output.name.casefold() == name.casefold():
                return output.origin if output.origin is not None else f"o{place}"
        raise Unsayable(f"the rows have no column {name!r}: {', '.join(o.name for o in outputs)}")

    def _recipient(self, value: str, outputs: Sequence[Output]) -> list[Sign]:
        if value == "me":
            return ["me"]
        if value.startswith("$"):
            return self._slot(value[1:], "email")
        if "@" in value:
            for person in self.cut.people:
                if person.address == value:
                    return [Ref("person", (value,))]
            raise Unsayable(f"{value} is nobody of this office: give it as a slot")
        return [self._output(value, outputs)]

    def _text(self, value: str) -> list[Sign]:
        return self._slot(value[1:] if value.startswith("$") else "=" + value, "text")

    # ------------------------------------------------------------ slots

    def _slot(self, name: str, family: str) -> list[Sign]:
        if name.startswith("="):
            import re

            said = re.search(rf"(?<!\w){re.escape(name[1:])}(?!\w)", self.cut.request, re.IGNORECASE)
            start = said.start() if said else -1
            if start < 0:
                raise Unsayable(f"{name[1:]!r} is no sample value of its column and doesn't stand in the sentence")
            return self._span(start, start + len(name) - 1)
        if name not in self.sentence.slots:
            raise Unsayable(f"the sentence has no slot {name}")
        start, end = self.sentence.slots[name]
        kinds: Any = {
            "number": ("number", "percent", "days", "business_days"), "date": ("date",), "timestamp": ("date",),
            "period": ("period",), "days": ("business_days", "days", "number"), "email": ("email",),
            "text": ("file", "email"),
            "any": ("date", "number", "percent", "days", "email"),
        }.get(family, ())  # fmt: skip
        text = self.cut.request[start:end]
        if family == "number" and ("%" in text or "cent" in text):
            kinds = ("percent", "number")
        best = None
        for number, literal in enumerate(self.cut.literals):
            if literal.kind in kinds:
                # The exact words first, then what lies within them, then the likelier kind.
                exact = (literal.start, literal.end) == (start, end)
                within = start <= literal.start and literal.end <= end
                around = literal.start <= start and end <= literal.end
                if exact or within or (around and family not in ("text", "any")):
                    rank = (exact, -kinds.index(literal.kind), literal.end - literal.start)
                    if best is None or rank > best[0]:
                        best = (rank, number)
        if best is not None and (best[0][0] or family not in ("text", "any")):
            return [Ref("literal", (best[1],))]
        if family in ("text", "any"):
            return self._span(start, end)
        raise Unsayable(f"{text!r} isn't read as a {family}")

    def _span(self, start: int, end: int) -> list[Sign]:
        inside = [n for n, word in enumerate(self.cut.words) if word.start >= start and word.end <= end]
        if not inside or self.cut.words[inside[0]].start != start or self.cut.words[inside[-1]].end != end:
            raise Unsayable(f"{self.cut.request[start:end]!r} doesn't begin and end with whole words")
        return ["span", Ref("word", (inside[0],)), Ref("word", (inside[-1],))]


def shown(sign: Sign) -> str:
    """A sign as a person reads it."""
    return sign if isinstance(sign, str) else f"<{'.'.join(str(part) for part in sign.key[-2:])}>"
