"""Offices of the corpus: hand-written schemas of real trades, read from `offices/*.toml` as catalogs.

An office is what a planner sees of a workspace: connections, tables with columns, types and sample values, mail
folders, people. There is no data behind it. The file's form, one line a column:

    name = "harbour-freight"                      # the file's name
    trade = "freight forwarder"
    about = "Books containers for small exporters; 14 people; the ledger is from 2009."
    languages = ["en", "de"]                      # of the names in it
    people = ["Ines Hoff <ines@harbour.example>: dispatcher"]
    jobs = ["tells shippers when their container has arrived"]     # what desks do there, in plain words

    [connections]
    ops = "database"                              # name = tool
    files = "spreadsheet"
    mail = "email"

    [[tables]]
    name = 'ops.tbl_cont'                         # as in a query; a file or folder: 'files."rates/2026.xlsx/FCL"'
    about = "one row a container on its way"
    key = ["cont_no"]                             # empty or left out where it has none
    rows = 4200
    columns = '''
    cont_no    text                 = MSKU7301234 | TCLU4265701
    cust       integer -> ops.CUSTOMERS.id
    "ETA Hbg"  date null            = 2026-03-14
    amt_eur    decimal(2)           = 1240.50 | 89.00
    sts        text                 = AV | GO | DL
    '''

Types are text, integer, decimal(n), boolean, date, timestamp. After a name: its type, `null` where it may be empty,
`->` the column it refers to, `=` sample values parted by `|`. Mailboxes have deskhand's own tables; an office only
names its folders and the tables attached to mails (`mail."attachments/prices*.csv"`).

This module refuses to invent anything: what a file doesn't say isn't there.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

from deskhand.contract import Column, Table
from deskhand.errors import DataError, Where

TOOLS = ("database", "spreadsheet", "email")
TYPES = {"text": "VARCHAR", "integer": "BIGINT", "boolean": "BOOLEAN", "date": "DATE", "timestamp": "TIMESTAMP"}

_COLUMN = re.compile(
    r"""(?P<name>"(?:[^"]|"")+"|\S+)\s+(?P<type>text|integer|boolean|date|timestamp|decimal\((?P<scale>\d)\))
        (?P<null>\s+null)?(?:\s*->\s*(?P<refers>\S.*?))?(?:\s+=\s*(?P<samples>.+?))?\s*""",
    re.VERBOSE,
)
_PERSON = re.compile(r"(?P<name>[^<>:]+?) <(?P<address>[^<>@\s]+@[^<>@\s]+\.example)>: (?P<role>.+)")
_TABLE = re.compile(r'(?P<connection>[A-Za-z_]\w*)\.(?P<name>"(?:[^"]|"")+"|[^\s"]+)')

_MAIL_COLUMNS = (
    ("id", "VARCHAR"), ("date", "TIMESTAMP"), ("day", "DATE"), ("sender", "VARCHAR"), ("sender_name", "VARCHAR"),
    ("recipients", "VARCHAR"), ("cc", "VARCHAR"), ("subject", "VARCHAR"), ("body", "VARCHAR"), ("unread", "BOOLEAN"),
    ("flagged", "BOOLEAN"), ("attachments", "BIGINT"),
)  # fmt: skip
_ATTACHMENT_COLUMNS = (
    ("mail_id", "VARCHAR"), ("folder", "VARCHAR"), ("mail_date", "TIMESTAMP"), ("mail_sender", "VARCHAR"),
    ("name", "VARCHAR"), ("type", "VARCHAR"), ("size", "BIGINT"),
)  # fmt: skip
_BESIDE_ATTACHED = (("mail_id", "VARCHAR"), ("mail_date", "TIMESTAMP"), ("mail_sender", "VARCHAR"))


@dataclass(frozen=True)
class Person:
    """Somebody whom the office writes to."""

    name: str
    address: str
    role: str


@dataclass(frozen=True, eq=False)
class OfficeTable:
    """A table with what it is about. `refers` gives, by column, the (connection, table, column) it refers to."""

    connection: str
    table: Table
    about: str
    refers: Mapping[str, tuple[str, str, str]]


@dataclass(frozen=True, eq=False)
class Office:
    """One office of the corpus."""

    name: str
    trade: str
    about: str
    languages: tuple[str, ...]
    people: tuple[Person, ...]
    jobs: tuple[str, ...]
    tools: Mapping[str, str]
    tables: tuple[OfficeTable, ...]

    @cached_property
    def _by_connection(self) -> dict[str, dict[str, Table]]:
        found: dict[str, dict[str, Table]] = {name.casefold(): {} for name in self.tools}
        for one in self.tables:
            found[one.connection.casefold()][one.table.name.casefold()] = one.table
        return found

    def connections(self) -> list[str]:
        """The connections' names."""
        return list(self.tools)

    def table_names(self, connection: str) -> list[str]:
        """The names of a connection's tables."""
        return [table.name for table in self._by_connection.get(connection.casefold(), {}).values()]

    def table(self, connection: str, name: str) -> Table | None:
        """The table of that name, ignoring case."""
        return self._by_connection.get(connection.casefold(), {}).get(name.casefold())


def offices() -> Iterator[Office]:
    """Every office of the corpus, by name. Raises DataError for the first that can't be read."""
    folder = files("deskhand_models.corpus") / "offices"
    for file in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if file.name.endswith(".toml"):
            yield read_office(file)


def read_office(file: Traversable) -> Office:
    """The office in that file. Raises DataError with file and line where it isn't one."""
    text = file.read_text(encoding="utf-8")
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"this isn't TOML: {error}", where=Where(file.name)) from None
    return _Reader(file.name, text, data).office()


class _Reader:
    def __init__(self, file: str, text: str, data: dict[str, Any]) -> None:
        self.file = file
        self.lines = text.splitlines()
        self.data = data

    def fault(self, message: str, near: str = "", mend: str = "") -> DataError:
        line = next((n for n, text in enumerate(self.lines, start=1) if near and near in text), None)
        return DataError(message, mend=mend, where=Where(self.file, line))

    def office(self) -> Office:
        known = {"name", "trade", "about", "languages", "people", "jobs", "connections", "tables"}
        for key in self.data:
            if key not in known:
                raise self.fault(f"an office has no {key!r}", key, f"Known here: {', '.join(sorted(known))}.")
        for key in known:
            if not self.data.get(key):
                raise self.fault(f"an office needs `{key}`")
        if f"{self.data['name']}.toml" != self.file:
            raise self.fault(f"the name {self.data['name']!r} isn't the file's", "name =")
        tools = dict(self.data["connections"])
        for connection, tool in tools.items():
            if tool not in TOOLS:
                raise self.fault(f"{connection} has the tool {tool!r}", connection, f"One of {', '.join(TOOLS)}.")
        written = [self._table(raw, tools) for raw in self.data["tables"]]
        mails = [table for name, tool in tools.items() if tool == "email" for table in _mail_tables(name, written)]
        office = Office(
            name=self.data["name"],
            trade=self.data["trade"],
            about=self.data["about"],
            languages=tuple(self.data["languages"]),
            people=tuple(self._person(text) for text in self.data["people"]),
            jobs=tuple(self.data["jobs"]),
            tools=tools,
            tables=(*written, *mails),
        )
        self._names(office)
        return office

    def _person(self, text: str) -> Person:
        match = _PERSON.fullmatch(text)
        if match is None:
            raise self.fault(f"{text!r} is no person", text, "Name Surname <name@office.example>: what they do")
        return Person(match["name"], match["address"], match["role"])

    def _table(self, raw: dict[str, Any], tools: Mapping[str, str]) -> OfficeTable:
        match = _TABLE.fullmatch(str(raw.get("name", "")))
        if match is None or match["connection"] not in tools:
            raise self.fault(f"{raw.get('name')!r} is no table of a connection here", str(raw.get("name")))
        name = match["name"].strip('"').replace('""', '"')
        if unknown := set(raw) - {"name", "about", "key", "rows", "columns", "folder"}:
            raise self.fault(f"a table has no {min(unknown)!r}", str(raw["name"]))
        tool = tools[match["connection"]]
        if tool == "email" and not name.startswith("attachments/"):
            return self._folder(raw, match["connection"], name)
        columns, refers = [], {}
        for line in str(raw.get("columns", "")).strip().splitlines():
            if line.strip():
                column, target = self._column(line.split("#")[0].strip())
                columns.append(column)
                if target is not None:
                    refers[column.name] = target
        if tool == "email":
            columns = [Column(n, t) for n, t in _BESIDE_ATTACHED] + columns
        table = Table(name, tuple(columns), tuple(raw.get("key", ())), raw.get("rows"), writable=tool != "email")
        for key in table.key:
            if table.column(key) is None:
                raise self.fault(f"{name} has no column {key!r} for its key", str(raw["name"]))
        if len(columns) < 2 or len({c.name.casefold() for c in columns}) < len(columns):
            raise self.fault(f"{name} needs two columns at least, no two of one name", str(raw["name"]))
        return OfficeTable(match["connection"], table, str(raw.get("about", "")), refers)

    def _folder(self, raw: dict[str, Any], connection: str, name: str) -> OfficeTable:
        if raw.get("columns"):
            raise self.fault(f"the mail folder {name} has deskhand's columns, not its own", str(raw["name"]))
        columns = tuple(Column(n, t) for n, t in _MAIL_COLUMNS)
        return OfficeTable(
            connection, Table(name, columns, rows=raw.get("rows"), writable=False), str(raw.get("about", "")), {}
        )

    def _column(self, line: str) -> tuple[Column, tuple[str, str, str] | None]:
        match = _COLUMN.fullmatch(line)
        if match is None:
            raise self.fault(f"{line!r} is no column", line, "name type [null] [-> table.column] [= sample | sample]")
        name = match["name"].strip('"').replace('""', '"')
        type_ = TYPES.get(match["type"]) or f"DECIMAL(18,{match['scale']})"
        samples = tuple(part.strip() for part in (match["samples"] or "").split("|") if part.strip())
        for sample in samples:
            if not _fits(sample, type_):
                raise self.fault(f"{sample!r} is no {match['type']}", line)
        target = None
        if match["refers"]:
            whole, _, column = match["refers"].strip().rpartition(".")
            place = _TABLE.fullmatch(whole)
            if place is None:
                raise self.fault(f"{match['refers']!r} names no column", line, "-> connection.table.column")
            target = (place["connection"], place["name"].strip('"'), column.strip('"'))
        return Column(name, type_, nullable=bool(match["null"]), samples=samples), target

    def _names(self, office: Office) -> None:
        """Every table once, and every reference to a column that is there."""
        seen: set[tuple[str, str]] = set()
        for one in office.tables:
            place = (one.connection.casefold(), one.table.name.casefold())
            if place in seen:
                raise self.fault(f"{one.connection}.{one.table.name} stands here twice", one.table.name)
            seen.add(place)
            for column, (connection, name, target) in one.refers.items():
                table = office.table(connection, name)
                if table is None or table.column(target) is None:
                    raise self.fault(f"{column} refers to {connection}.{name}.{target}, which isn't here", column)


def _mail_tables(connection: str, written: Sequence[OfficeTable]) -> list[OfficeTable]:
    """The tables that every mailbox has, but for those that the office describes itself."""
    there = {one.table.name.casefold() for one in written if one.connection == connection}
    mails = tuple(Column(n, t) for n, t in _MAIL_COLUMNS)
    made = [
        Table("inbox", mails, writable=False),
        Table("sent", mails, writable=False),
        Table("all", (Column("folder", "VARCHAR"), *mails), writable=False),
        Table("attachments", tuple(Column(n, t) for n, t in _ATTACHMENT_COLUMNS), writable=False),
    ]
    return [OfficeTable(connection, table, "", {}) for table in made if table.name not in there]


def _fits(sample: str, type_: str) -> bool:
    if type_ == "VARCHAR":
        return True
    if type_ == "BOOLEAN":
        return sample in ("true", "false")
    forms = {"BIGINT": r"-?\d+", "DATE": r"\d{4}-\d\d-\d\d", "TIMESTAMP": r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?"}
    if type_ in forms:
        return re.fullmatch(forms[type_], sample) is not None
    scale = int(type_.removesuffix(")").rpartition(",")[2])
    return re.fullmatch(r"-?\d+(\.\d+)?", sample) is not None and -int(Decimal(sample).as_tuple().exponent) <= scale
