"""The reader of the evaluation's sets: one folder a workspace, with its data and its requests, all of it text.

    workspace.toml            name, now, address, [connections] name = tool
    <connection>.sql          a database: `create table` and `insert`, as SQLite reads them
    <connection>/             a folder of spreadsheets: csv files; a folder `budget.xlsx/` holds one csv a sheet
    <connection>.mails.toml   a mailbox: [[mails]] folder, from, to, subject, date, body, unread, flagged, attachments
    requests.toml             [[requests]] id, kind, voice, request, and plan (also), or ask or cannot with why

Everything that is wrong is a DataError with its file, and its line where that can be known. It refuses to run SQL
(`build` does) and to check plans: a gold plan is checked by being run.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from deskhand.errors import DataError, Where

SETS = Path(__file__).parent / "sets"
"""The sets that come with deskhand."""
EXPECTED = "expected.json"
"""Beside a workspace's requests: the states that its gold plans leave, made by `expected.py`."""
TOOLS = ("database", "spreadsheet", "email")
KINDS = (
    "question", "update", "mail", "mailbox", "report", "group-mail", "otherwise", "computed", "workbook",
    "attachment", "dates", "exception", "top", "several", "insert", "delete", "refusal", "ask",
)  # fmt: skip
FLAGS = ("named", "ordered", "subject")

T = TypeVar("T")
Sheet = tuple[tuple[str, ...], ...]
_KEYS = frozenset(("id", "kind", "voice", "request", "plan", "also", "ask", "cannot", "why", *FLAGS))
_MAIL_KEYS = frozenset("folder from to cc subject date body unread flagged attachments".split())  # noqa: SIM905


@dataclass(frozen=True)
class Letter:
    """One mail of a mailbox. folder: `inbox` or another's name. attachments: text by name."""

    folder: str
    sender: str
    to: str
    subject: str
    date: dt.datetime
    body: str
    cc: str = ""
    unread: bool = False
    flagged: bool = False
    attachments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """One request. plan and also: YAML texts, any of whose end states is right; ask, cannot: to be turned down.

    flags: what else counts, of FLAGS: `named` (a new file's path), `ordered` (the order of rows), `subject`.
    """

    workspace: Office = field(repr=False)
    id: str
    kind: str
    voice: str
    request: str
    plan: str | None
    also: tuple[str, ...] = ()
    ask: bool = False
    cannot: bool = False
    why: str = ""
    flags: frozenset[str] = frozenset()

    @property
    def plans(self) -> tuple[str, ...]:
        """The gold plan and the others that are as right; none where it is to be turned down."""
        return () if self.plan is None else (self.plan, *self.also)


@dataclass(frozen=True)
class Office:
    """One workspace of a set. sql, files and mails are by connection; files by path, a workbook by path and sheet."""

    folder: Path
    name: str
    now: str
    address: str
    connections: Mapping[str, str]
    sql: Mapping[str, str] = field(repr=False)
    files: Mapping[str, Mapping[str, str | Mapping[str, Sheet]]] = field(repr=False)
    mails: Mapping[str, tuple[Letter, ...]] = field(repr=False)
    cases: tuple[Case, ...] = field(default=(), repr=False, compare=False)

    @cached_property
    def digest(self) -> str:
        """Changes with every text of the folder, the requests included, that anything depends on."""
        digest = hashlib.sha256()
        for path in sorted(p for p in self.folder.rglob("*") if p.is_file() and p.name != EXPECTED):
            digest.update(f"{path.relative_to(self.folder).as_posix()}\0".encode())
            digest.update(path.read_bytes() + b"\0")
        return digest.hexdigest()[:16]


def set_names() -> list[str]:
    """The sets that are here, by name."""
    return sorted(path.name for path in SETS.iterdir() if path.is_dir()) if SETS.is_dir() else []


def read_set(folder: Path) -> tuple[Office, ...]:
    """All workspaces of a set's folder, by name. Raises DataError for the first fault."""
    if not folder.is_dir():
        raise DataError(f"there is no set in {folder}", mend="Name a folder of workspaces, or one of the sets.")
    if (folder / "workspace.toml").is_file():
        return (read_office(folder),)
    found = tuple(
        read_office(path) for path in sorted(folder.iterdir()) if path.is_dir() and not path.name.startswith((".", "_"))
    )
    if not found:
        raise DataError(f"the set {folder} holds no workspace", mend="Each is a folder with a workspace.toml.")
    ids = [case.id for office in found for case in office.cases]
    for twice in sorted({i for i in ids if ids.count(i) > 1}):
        raise DataError(f"the id {twice!r} stands twice in the set {folder.name}", mend="Give each request its own.")
    return found


def read_office(folder: Path) -> Office:
    """One workspace's folder. Raises DataError for the first fault."""
    file = folder / "workspace.toml"
    head = _toml(file)
    _known(head, {"name", "now", "address", "connections"}, file, lambda key: _line_of(file, key))
    connections = _need(head, "connections", dict, file)
    if not connections:
        raise _fault("it has no connections", file, _line_of(file, "connections"))
    for name, tool in connections.items():
        if tool not in TOOLS:
            raise _fault(f"{name} = {tool!r}: no such tool", file, _line_of(file, name), f"Tools: {', '.join(TOOLS)}.")
    now = _need(head, "now", str, file)
    _moment(now, file, _line_of(file, "now"))
    sql, files, mails = {}, {}, {}
    for name, tool in connections.items():
        if tool == "database":
            sql[name] = _text(folder / f"{name}.sql")
        elif tool == "spreadsheet":
            files[name] = _files(folder / name)
        else:
            mails[name] = tuple(_letters(folder / f"{name}.mails.toml"))
    known = {"workspace.toml", "requests.toml", EXPECTED, *(f"{n}.sql" for n in sql), *files}
    known |= {f"{n}.mails.toml" for n in mails}
    for path in sorted(folder.iterdir()):
        if path.name not in known and not path.name.startswith("."):
            raise DataError(f"{path} belongs to no connection", mend="Name the connection in workspace.toml, or it.")
    office = Office(
        folder, _need(head, "name", str, file), now, _need(head, "address", str, file), connections, sql, files, mails
    )
    cases = tuple(_cases(office, folder / "requests.toml"))
    object.__setattr__(office, "cases", cases)  # they know their workspace, and it knows them
    return office


# ---------------------------------------------------------------- requests


def _cases(office: Office, file: Path) -> Iterator[Case]:
    seen: set[str] = set()
    for raw, where in _entries(file, "requests"):
        _known(raw, _KEYS, file, where)
        case = Case(
            office,
            _need(raw, "id", str, file, where("id")),
            _need(raw, "kind", str, file, where("kind")),
            _need(raw, "voice", str, file, where("voice")),
            _need(raw, "request", str, file, where("request")),
            _maybe(raw, "plan", str, file, where("plan")),
            tuple(_maybe(raw, "also", list, file, where("also")) or ()),
            bool(_maybe(raw, "ask", bool, file, where("ask"))),
            bool(_maybe(raw, "cannot", bool, file, where("cannot"))),
            _maybe(raw, "why", str, file, where("why")) or "",
            frozenset(flag for flag in FLAGS if _maybe(raw, flag, bool, file, where(flag))),
        )
        fault = _case_fault(case)
        if fault is None and case.id in seen:
            fault = f"the id {case.id!r} stands twice"
        if fault is not None:
            raise _fault(f"{case.id}: {fault}", file, where("id"))
        seen.add(case.id)
        yield case


def _case_fault(case: Case) -> str | None:
    if not case.request.strip():
        return "the request is empty"
    if case.kind not in KINDS:
        return f"there is no kind {case.kind!r}; kinds: {', '.join(KINDS)}"
    if (case.plan is not None) + case.ask + case.cannot != 1:
        return "it needs one of plan, ask = true and cannot = true"
    if case.plan is None and not case.why.strip():
        return "whoever asks or refuses says why"
    if case.plan is None and (case.also or case.flags):
        return "also, named, ordered and subject belong to a plan"
    for plan in case.plans:
        if not isinstance(plan, str) or not re.search(r"^steps:", plan, re.MULTILINE):
            return "a plan is a YAML text with `steps:`"
    return None


# ---------------------------------------------------------------- mails


def _letters(file: Path) -> Iterator[Letter]:
    if not file.exists():
        return
    for raw, where in _entries(file, "mails"):
        _known(raw, _MAIL_KEYS, file, where)
        attached = _maybe(raw, "attachments", dict, file, where("attachments")) or {}
        for name, text in attached.items():
            if not isinstance(text, str):
                raise _fault(f"the attachment {name!r} is no text", file, where(name))
        yield Letter(
            _need(raw, "folder", str, file, where("folder")),
            _need(raw, "from", str, file, where("from")),
            _need(raw, "to", str, file, where("to")),
            _need(raw, "subject", str, file, where("subject")),
            _moment(str(_need(raw, "date", (str, dt.datetime, dt.date), file, where("date"))), file, where("date")),
            _need(raw, "body", str, file, where("body")),
            _maybe(raw, "cc", str, file, where("cc")) or "",
            bool(_maybe(raw, "unread", bool, file, where("unread"))),
            bool(_maybe(raw, "flagged", bool, file, where("flagged"))),
            attached,
        )


# ---------------------------------------------------------------- spreadsheets


def _files(folder: Path) -> dict[str, str | Mapping[str, Sheet]]:
    """The files of a folder by path: a csv as its text, a workbook as its sheets."""
    if not folder.is_dir():
        return {}
    found: dict[str, str | Mapping[str, Sheet]] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        inside = any(p.suffix.lower() == ".xlsx" for p in path.relative_to(folder).parents)
        if path.is_dir() and path.suffix.lower() == ".xlsx":
            sheets = {sheet.stem: read_sheet(sheet) for sheet in sorted(path.glob("*.csv"))}
            if not sheets:
                raise DataError(f"the workbook {path} has no sheet", mend="Put a csv in it for each sheet.")
            found[name] = sheets
        elif path.is_file() and not inside:
            found[name] = _text(path)  # a csv may be as untidy as it likes
        elif path.is_file() and path.suffix.lower() != ".csv":
            raise DataError(f"{path} is no sheet", mend="A workbook's folder holds csv files.")
    return found


def read_sheet(file: Path) -> Sheet:
    """The rows of a csv, header first. Raises DataError for one that is empty or has a row of another length."""
    rows = [tuple(row) for row in csv.reader(_text(file).splitlines(keepends=True))]
    if not rows:
        raise DataError(f"{file} is empty", mend="It needs a header at least.")
    for number, row in enumerate(rows, 1):
        if len(row) != len(rows[0]):
            message = f"row {number} has {len(row)} cells and the header {len(rows[0])}"
            raise _fault(message, file, number, 'A text with a comma stands in "quotes".')
    return tuple(rows)


# ---------------------------------------------------------------- texts and their faults


class _Lines:
    """Where the keys of one [[entry]] stand in its file."""

    def __init__(self, lines: list[str], start: int, end: int) -> None:
        self._lines, self._start, self._end = lines, start, end

    def __call__(self, key: str) -> int:
        pattern = re.compile(rf'\s*(\[\w+\.)?"?{re.escape(key)}"?\s*[=\]]')
        for number in range(self._start, self._end):
            if pattern.match(self._lines[number]):
                return number + 1
        return self._start + 1


def _entries(file: Path, name: str) -> Iterator[tuple[dict[str, Any], _Lines]]:
    """Each [[name]] of the file, with the lines that its keys stand in."""
    document = _toml(file)
    _known(document, {name}, file, lambda key: _line_of(file, key))
    raw = document.get(name)
    if not isinstance(raw, list) or not all(isinstance(entry, dict) for entry in raw):
        raise DataError(f"{file} has no [[{name}]]", where=Where(str(file)), mend=f"Write [[{name}]] above each.")
    lines = _text(file).splitlines()
    starts = [n for n, line in enumerate(lines) if line.replace(" ", "").startswith(f"[[{name}]]")]
    for number, entry in enumerate(raw):
        start = starts[number] if number < len(starts) else 0
        end = starts[number + 1] if number + 1 < len(starts) else len(lines)
        yield entry, _Lines(lines, start, end)


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise DataError(f"there is no {file}", mend="A workspace of a set needs it.") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise _fault(f"byte {error.start} is no UTF-8", file, line, "Save it again as UTF-8.") from None


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_text(file))
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        raise _fault(f"it is no TOML: {error}", file, int(line[1]) if line else None) from None


def _fault(message: str, file: Path, line: int | None, mend: str = "") -> DataError:
    where = Where(str(file), line)
    return DataError(message, where=where, mend=mend)


def _known(raw: Mapping[str, Any], known: set[str] | frozenset[str], file: Path, where: Any) -> None:
    for key in raw:
        if key not in known:
            raise _fault(f"there is no key {key!r}", file, where(key), f"Keys: {', '.join(sorted(known))}.")


def _need(raw: Mapping[str, Any], key: str, kind: Any, file: Path, line: int | None = None) -> Any:
    if key not in raw:
        raise _fault(f"{key} is missing", file, line)
    return _maybe(raw, key, kind, file, line)


def _maybe(raw: Mapping[str, Any], key: str, kind: type[T] | Any, file: Path, line: int | None = None) -> Any:
    value = raw.get(key)
    if value is not None and not isinstance(value, kind):
        raise _fault(f"{key} can't be {value!r}", file, line)
    return value


def _moment(text: str, file: Path, line: int | None) -> dt.datetime:
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        raise _fault(f"{text!r} is no time", file, line, "Write it as 2026-03-12T09:00:00.") from None


def _line_of(file: Path, key: str) -> int | None:
    lines = _text(file).splitlines()
    return _Lines(lines, 0, len(lines))(key)
