"""Plans read from YAML, with file, line and column for everything that is wrong.

`parse(print_plan(plan)).plan == plan` for every plan (`plan_print` prints). Scalars stay the text that was
written (`sheet: 2026` is the text `2026`); only `true`, `false` and `null` are more than text.

It refuses anchors, tags, duplicate keys and several documents: a plan says each thing once, plainly.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from deskhand.errors import Problem, ProblemsError, RefusedError, Where
from deskhand.plan import RESERVED_IN_ACTS, Act, Approve, Call, ForEach, Input, Plan, Query, Step, Trigger

MAX_CHARACTERS = 1_000_000

Path_ = tuple[str | int, ...]
M = TypeVar("M", bound=BaseModel)

_STEP_KINDS = ("query", "approve", "call", "for_each")
_BESIDE = {
    "query": ("id", "query", "expect"),
    "approve": ("id", "approve"),
    "call": ("id", "call"),
    "for_each": ("id", "for_each", "as", "steps"),
}


@dataclass(frozen=True)
class Parsed:
    """What a YAML text held: the plan (None where it is too broken), every problem, and where things stand.

    marks: line and column (from 1) by path into the document. cut: texts behind which YAML has cut off a
    `#…` as a comment, with what was cut. text: the YAML itself.
    """

    plan: Plan | None
    problems: tuple[Problem, ...] = ()
    marks: Mapping[Path_, tuple[int, int]] = field(default_factory=dict)
    cut: Mapping[Path_, str] = field(default_factory=dict)
    file: str | None = None
    text: str = field(default="", repr=False)

    def where(self, path: Path_) -> Where:
        """The place of that path, or of the nearest one above it that is known."""
        for end in range(len(path), -1, -1):
            if (mark := self.marks.get(path[:end])) is not None:
                return Where(self.file, *mark)
        return Where(self.file)

    def place(self, problem: Problem) -> Problem:
        """The same problem with file, line and column."""
        if problem.where.line is not None:
            return problem
        return replace(problem, where=replace(self.where(problem.path), step=problem.where.step))


def load(path: Path) -> Parsed:
    """The plan in that file. Raises RefusedError where the file can't be read."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise RefusedError(f"there is no file {path}", mend="Check the path, or name a process.") from None
    except IsADirectoryError:
        raise RefusedError(f"{path} is a folder", mend="Name a YAML file in it.") from None
    except UnicodeDecodeError as error:
        raise RefusedError(f"{path} is not UTF-8 text (byte {error.start})", mend="Save it again as UTF-8.") from None
    except OSError as error:
        raise RefusedError(f"{path} can't be read: {error.strerror}") from None
    return parse(text, file=str(path))


def read_plan(path: Path) -> Plan:
    """The plan in that file; ProblemsError with all its problems where it isn't one."""
    parsed = load(path)
    if parsed.problems or parsed.plan is None:
        raise ProblemsError(parsed.problems, what=str(path))
    return parsed.plan


def parse(text: str, file: str | None = None) -> Parsed:
    """Read a plan from YAML. Never raises for what the text says: everything wrong is in `problems`."""
    reader = _Reader(text, file)
    document = reader.document()
    plan = _plan(document, reader) if isinstance(document, dict) else None
    if document is not None and not isinstance(document, dict):
        reader.problem("not-a-plan", "a plan is a mapping with `steps`", "Start with `steps:`.", ())
    problems = sorted(reader.problems, key=lambda p: (p.where.line or 0, p.where.column or 0))
    return Parsed(plan if not problems else None, tuple(problems), reader.marks, reader.cut, file, text)


# ---------------------------------------------------------------- YAML to plain values


class _Reader:
    """Composes one YAML document into dicts, lists and texts, and remembers where each stood."""

    def __init__(self, text: str, file: str | None) -> None:
        self.text = text
        self.lines = text.splitlines()
        self.file = file
        self.problems: list[Problem] = []
        self.marks: dict[Path_, tuple[int, int]] = {}
        self.cut: dict[Path_, str] = {}

    def problem(self, code: str, message: str, mend: str, path: Path_, mark: Any = None) -> None:
        where = (
            Where(self.file, mark.line + 1, mark.column + 1)
            if mark is not None
            else Parsed(None, marks=self.marks, file=self.file).where(path)
        )
        self.problems.append(Problem(code, message, mend, path, where))

    def document(self) -> Any:
        if len(self.text) > MAX_CHARACTERS:
            self.problem("too-long", f"the file has {len(self.text)} characters", "A plan has at most 1,000,000.", ())
            return None
        from ruamel.yaml import YAML
        from ruamel.yaml.error import MarkedYAMLError, YAMLError

        yaml = YAML(typ="safe", pure=True)
        try:
            node = yaml.compose(self.text)
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            text = str(error.problem or error.context or "not YAML")
            self.problem("yaml", f"this is not YAML: {text}", self._mend(text, mark), (), mark)
            return None
        except YAMLError as error:
            text = str(error).splitlines()[0]
            self.problem("yaml", f"this is not YAML: {text}", "Remove the character.", ())
            return None
        except RecursionError:
            self.problem("yaml", "the file is nested too deeply", "A plan is a flat list of steps.", ())
            return None
        if node is None:
            self.problem("empty", "the file is empty", "A plan needs `steps:` with at least one step.", ())
            return None
        return self._value(node, (), set())

    def _mend(self, text: str, mark: Any) -> str:
        line = self.lines[mark.line] if mark is not None and mark.line < len(self.lines) else ""
        if "mapping values are not allowed" in text:
            return 'A text with ": " in it stands in quotes: key: "Re: invoice".'
        if "\t" in line:
            return "Indent with spaces; this line has a tab."
        if "{{" in line:
            return 'A text that starts with {{ stands in quotes: to: "{{ email }}".'
        if "another document" in text:
            return "One file holds one plan; remove the `---`."
        return "Check the indentation and the quotes of this line."

    def _value(self, node: Any, path: Path_, above: set[int]) -> Any:
        self.marks.setdefault(path, (node.start_mark.line + 1, node.start_mark.column + 1))
        if node.anchor is not None or id(node) in above:
            self.problem(
                "anchor",
                "anchors and aliases (&, *) are not used in plans",
                "Write the value out; quote texts with & or *.",
                path,
                node.start_mark,
            )
            return None
        kind = type(node).__name__
        if kind == "ScalarNode":
            return self._scalar(node, path)
        above = above | {id(node)}
        if kind == "SequenceNode":
            return [self._value(item, (*path, index), above) for index, item in enumerate(node.value)]
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if type(key_node).__name__ != "ScalarNode":
                self.problem(
                    "template-unquoted" if "{{" in self._line(node) else "yaml",
                    "YAML reads this as a mapping, not as a text",
                    'Put the text in quotes: "{{ … }}".',
                    path,
                    node.start_mark,
                )
                return None
            key = str(key_node.value)
            if key in result:
                self.problem(
                    "duplicate-key",
                    f"{key!r} stands here twice",
                    "Keep one of them.",
                    path,
                    key_node.start_mark,
                )
            self.marks[(*path, key)] = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
            result[key] = self._value(value_node, (*path, key), above)
        return result

    def _line(self, node: Any) -> str:
        number: int = node.start_mark.line
        return self.lines[number] if number < len(self.lines) else ""

    def _scalar(self, node: Any, path: Path_) -> Any:
        tag = str(node.tag)
        if not tag.startswith("tag:yaml.org,2002:") or "python" in tag:
            self.problem("tag", f"tags such as {tag!r} are not used in plans", "Remove the tag.", path, node.start_mark)
            return None
        plain = node.style is None
        if plain:
            rest = ""
            if node.end_mark.line < len(self.lines) and node.end_mark.line == node.start_mark.line:
                rest = self.lines[node.end_mark.line][node.end_mark.column :]
            if re.match(r"\s*#", rest):
                self.cut[path] = rest.strip()
            if tag.endswith(":null"):
                return None
            if tag.endswith(":bool"):
                return str(node.value).lower() == "true"
        return str(node.value)


# ---------------------------------------------------------------- plain values to the plan


def _plan(document: dict[str, Any], reader: _Reader) -> Plan | None:
    known = tuple(Plan.model_fields)
    _unknown(document, known, (), reader, "a plan")
    raw_steps = document.get("steps")
    if not isinstance(raw_steps, list) or not raw_steps:
        reader.problem("no-steps", "a plan needs `steps`, a list with at least one step", "Add `steps:`.", ("steps",))
        raw_steps = []
    steps = _steps(raw_steps, ("steps",), reader)
    inputs: dict[str, Input] = {}
    raw_inputs = document.get("inputs") or {}
    if not isinstance(raw_inputs, dict):
        reader.problem("type", "`inputs` is a mapping of names to types", "inputs: {month: {type: date}}", ("inputs",))
        raw_inputs = {}
    for name, raw in raw_inputs.items():
        made = _build(Input, raw if raw is not None else {}, ("inputs", name), reader, "an input")
        if made is not None:
            inputs[name] = made
    triggers = []
    raw_triggers = document.get("triggers") or []
    if not isinstance(raw_triggers, list):
        reader.problem("type", "`triggers` is a list", 'triggers: [{cron: "0 7 * * mon-fri"}]', ("triggers",))
        raw_triggers = []
    for index, raw in enumerate(raw_triggers):
        trigger = _build(Trigger, raw, ("triggers", index), reader, "a trigger")
        if trigger is not None:
            triggers.append(trigger)
    if not steps:
        return None
    rest = {k: v for k, v in document.items() if k in known and v is not None}
    rest |= {"steps": tuple(steps), "inputs": inputs, "triggers": tuple(triggers)}
    if isinstance(rest.get("phrases"), str):
        rest["phrases"] = (rest["phrases"],)
    return _build(Plan, rest, (), reader, "a plan")


def _steps(raw: list[Any], path: Path_, reader: _Reader) -> list[Step]:
    steps = []
    for index, item in enumerate(raw):
        step = _step(item, (*path, index), reader)
        if step is not None:
            steps.append(step)
    seen: dict[str, int] = {}
    for index, item in enumerate(raw):
        name = item.get("id") if isinstance(item, dict) else None
        if not isinstance(name, str):
            continue
        if name.lower() in seen:
            reader.problem(
                "duplicate-id", f"two steps have the id {name!r}", "Give one of them another id.", (*path, index, "id")
            )
        seen[name.lower()] = index
    return steps


def _step(raw: Any, path: Path_, reader: _Reader) -> Step | None:
    if not isinstance(raw, dict):
        reader.problem(
            "not-a-step",
            "a step is a mapping: a query, an operation, approve, call or for_each",
            "- query: select …   or   - email.send: {to: …}",
            path,
        )
        return None
    if (cut := next((key for key in raw if re.search(r"\s", key)), None)) is not None:
        reader.problem(
            "cut-text",
            f"YAML reads {cut!r} as a key of its own",
            "A text with a comma inside {…} stands in quotes, or write the step on several lines.",
            (*path, cut),
        )
        return None
    kinds = [key for key in raw if key in _STEP_KINDS or "." in key]
    if len(kinds) != 1:
        from deskhand.nearest import suggest

        if kinds:
            reader.problem(
                "two-steps",
                f"this step is {' and '.join(kinds)} at once",
                "Make each a step of its own, with its own `-`.",
                path,
            )
        else:
            names = [k for k in raw if k != "id"]
            guess = suggest(names[0], _STEP_KINDS) if names else ""
            reader.problem(
                "not-a-step",
                f"this step does nothing: {', '.join(map(repr, names)) or 'it is empty'}",
                guess or "A step has `query`, an operation such as `email.send`, `approve`, `call` or `for_each`.",
                path,
            )
        return None
    kind = kinds[0]
    if kind in _BESIDE:
        _unknown(raw, _BESIDE[kind], path, reader, f"a `{kind}` step")
    else:
        _unknown(raw, ("id", kind), path, reader, "an act", inside=kind)
    builder = {"query": _query, "approve": _approve, "call": _call, "for_each": _for_each}.get(kind)
    return builder(raw, path, reader) if builder else _act(kind, raw, path, reader)


def _query(raw: dict[str, Any], path: Path_, reader: _Reader) -> Step | None:
    return _build(Query, {k: v for k, v in raw.items() if k in _BESIDE["query"]}, path, reader, "a query")


def _inner(raw: dict[str, Any], key: str, path: Path_, reader: _Reader) -> dict[str, Any] | None:
    inner = raw[key]
    if inner is None:
        return {}
    if not isinstance(inner, dict):
        reader.problem("type", f"`{key}` takes a mapping", f"{key}: {{…}}", (*path, key))
        return None
    return inner


def _approve(raw: dict[str, Any], path: Path_, reader: _Reader) -> Step | None:
    inner = _inner(raw, "approve", path, reader)
    if inner is None:
        return None
    _unknown(inner, ("rows", "ask", "by", "two"), (*path, "approve"), reader, "`approve`")
    return _build(Approve, {"id": raw.get("id"), **inner}, (*path, "approve"), reader, "`approve`", known_only=True)


def _call(raw: dict[str, Any], path: Path_, reader: _Reader) -> Step | None:
    inner = _inner(raw, "call", path, reader)
    if inner is None:
        return None
    known = tuple(name for name in Call.model_fields if name != "id")
    _unknown(inner, known, (*path, "call"), reader, "`call`")
    return _build(Call, {"id": raw.get("id"), **inner}, (*path, "call"), reader, "`call`", known_only=True)


def _for_each(raw: dict[str, Any], path: Path_, reader: _Reader) -> Step | None:
    steps = raw.get("steps")
    if not isinstance(steps, list) or not steps:
        reader.problem("no-steps", "a for_each needs `steps`, a list with at least one step", "Add `steps:`.", path)
        return None
    inner = _steps(steps, (*path, "steps"), reader)
    if not inner:
        return None
    values = {k: raw.get(k) for k in ("id", "for_each", "as")} | {"steps": tuple(inner)}
    if values["as"] is None:
        reader.problem("missing", "a for_each needs `as`: the name of one row", "as: item", path)
        return None
    return _build(ForEach, values, path, reader, "a for_each")


def _act(operation: str, raw: dict[str, Any], path: Path_, reader: _Reader) -> Step | None:
    inner = _inner(raw, operation, path, reader)
    if inner is None:
        return None
    reserved = {k: v for k, v in inner.items() if k in RESERVED_IN_ACTS and v is not None}
    params = {k: v for k, v in inner.items() if k not in RESERVED_IN_ACTS}
    values = {"id": raw.get("id"), "operation": operation, "params": params, **reserved}
    return _build(Act, values, (*path, operation), reader, f"`{operation}`", id_path=(*path, "id"))


def _unknown(
    raw: Mapping[str, Any], known: Sequence[str], path: Path_, reader: _Reader, what: str, inside: str = ""
) -> None:
    from deskhand.nearest import suggest

    for key in raw:
        if key in known:
            continue
        mend = suggest(key, known) or f"Known here: {', '.join(known)}."
        if inside:
            mend = f"Parameters stand inside, indented under `{inside}:`."
        reader.problem("unknown-key", f"{what} has no {key!r}", mend, (*path, key))


def _build(
    model: type[M],
    raw: Any,
    path: Path_,
    reader: _Reader,
    what: str,
    *,
    known_only: bool = False,
    id_path: Path_ | None = None,
) -> M | None:
    if not isinstance(raw, dict):
        reader.problem("type", f"{what} is a mapping", "Write it as key: value.", path)
        return None
    names = {f.alias or n for n, f in model.model_fields.items()}
    if known_only:
        raw = {k: v for k, v in raw.items() if k in names}
    else:
        for key in [k for k in raw if k not in names]:
            _unknown({key: None}, tuple(sorted(names)), path, reader, what)
        raw = {k: v for k, v in raw.items() if k in names}
    try:
        return model.model_validate({k: v for k, v in raw.items() if v is not None})
    except ValidationError as error:
        for one in error.errors():
            # pydantic adds the branch of a union to the place; that isn't a place in the file
            place = tuple(
                part for part in one["loc"] if not isinstance(part, str) or not re.search(r"[\[(]|^int$", part)
            )
            full = id_path if id_path and place[:1] == ("id",) else (*path, *place)
            if not any(p.path == full and p.code == "value" for p in reader.problems):
                reader.problem("value", *_plain_words(one, what, place), full)
        return None


def _plain_words(error: Any, what: str, place: Sequence[str | int]) -> tuple[str, str]:
    """Pydantic's complaint as a message and a mend."""
    key = ".".join(str(part) for part in place)
    kind, given = error["type"], error.get("input")
    if kind == "missing":
        return f"{what} needs {key!r}", f"Add `{key}:`."
    if kind == "value_error":
        return str(error["ctx"]["error"]), f"Change `{key}`." if key else "Change this."
    if kind == "string_type":
        return f"`{key}` is a text, and YAML reads {given!r} here", 'Put the text in quotes: "…".'
    if kind == "literal_error":
        return f"`{key}` can't be {given!r}", f"It is one of {error['ctx']['expected']}."
    return f"`{key}` can't be {given!r}: {error['msg']}", f"Change `{key}`."
