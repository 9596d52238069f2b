"""The catalog: lazily opened, remembered while nothing has changed, whole where one connection is broken."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest
from deskhand.catalog import Catalog, table_from_json, table_to_json
from deskhand.codec import infer
from deskhand.contract import Column, Effect, Operation, Params, Table, Tool
from deskhand.errors import UnavailableError, WorkspaceError
from deskhand.workspace import Workspace
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

NOW = dt.datetime(2026, 3, 12, 9)


class ShelfConfig(BaseModel):
    model_config = ConfigDict(extra="forbid")

    url: str
    password: str | None = None


class ShelfPut(Operation):
    name = "shelf.put"
    summary = "Put a thing on the shelf."
    Params = Params
    effect = Effect.WRITE

    @classmethod
    def check(cls, params: Any, columns: Any, tables: Any) -> Iterator[Any]:
        return iter(())

    def prepare(self, calls: Any) -> Any:
        raise NotImplementedError

    def apply(self, items: Any) -> Any:
        raise NotImplementedError

    def verify(self, items: Any) -> Any:
        raise NotImplementedError


class Shelf(Tool):
    """A tool over one text file: a line is a table's name; it counts how often it is looked at."""

    name = "shelf"
    Config = ShelfConfig
    operations: ClassVar[Mapping[str, type[Operation]]] = {"shelf.put": ShelfPut}
    looked: ClassVar[list[str]] = []
    closed: ClassVar[list[str]] = []

    def __init__(self, config: Any, context: Any) -> None:
        super().__init__(config, context)
        self.file: Path = context.root / config.url
        if not self.file.exists():
            raise WorkspaceError(f"{config.url} isn't there", mend="Make it.")

    def fingerprint(self) -> str:
        return self.file.read_text()

    def tables(self) -> list[Table]:
        self.looked.append(self.context.connection)
        text = self.file.read_text()
        if "bang" in text:
            raise RuntimeError(f"boom {self.config.password}")
        column = Column("Paid in", "DECIMAL(18,2)", codec=infer(["1,50", "2,75"]), samples=("1,50", "2,75"))
        return [Table(line, (Column("id", "BIGINT", nullable=False), column), ("id",), 2) for line in text.split()]

    def table(self, name: str) -> Table | None:
        return Table(name, (), open=True) if "*" in name else super().table(name)

    def read(self, table: Table, columns: Sequence[str], where: Any = ()) -> Any:
        raise NotImplementedError

    def _make(self, kind: type[Operation]) -> Operation:
        return kind()

    def close(self) -> None:
        self.closed.append(self.context.connection)


class PlainShelf(Shelf):
    """Without a `table` of its own: the inherited one may not be asked again and again."""

    table = Tool.table


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    Shelf.looked.clear()
    Shelf.closed.clear()
    (tmp_path / "a.txt").write_text("Invoices vendors")
    (tmp_path / "b.txt").write_text("notes")
    connections = "".join(
        f'[connections.{name}]\ntool = "{tool}"\nurl = "{name}.txt"\n'
        for name, tool in (("a", "shelf"), ("b", "plain"), ("gone", "shelf"))
    )
    text = f'[workspace]\nname = "x"\ntimezone = "UTC"\n{connections}'
    (tmp_path / "agent.toml").write_text(text)
    return Workspace.load(tmp_path, tools={"shelf": Shelf, "plain": PlainShelf})


def opened(workspace: Workspace, **options: Any) -> Catalog:
    return Catalog.open(workspace, NOW, **options)


def test_tables_by_any_case(workspace: Workspace) -> None:
    with opened(workspace) as catalog:
        assert catalog.connections() == ["a", "b", "gone"]
        assert catalog.table_names("A") == ["Invoices", "vendors"]
        table = catalog.table("A", "iNVOICES")
        assert table is not None
        assert (table.name, table.key) == ("Invoices", ("id",))
        assert catalog.table("a", "nothing") is None
        assert catalog.table("nothing", "vendors") is None
        assert catalog.table_names("nothing") == []


def test_the_tool_is_asked_for_what_it_cant_list(workspace: Workspace) -> None:
    with opened(workspace) as catalog:
        table = catalog.table("a", "bank-*.csv")
        assert table is not None
        assert table.open
        assert catalog.table("b", "missing") is None
        assert catalog.table("b", "missing too") is None
        assert Shelf.looked.count("b") == 1, "the inherited lookup goes through all tables each time"


def test_nothing_is_opened_before_it_is_asked_for(workspace: Workspace) -> None:
    with opened(workspace) as catalog:
        assert set(catalog.operations()) == {"shelf.put"}
        assert catalog.connections_for("shelf.put") == ["a", "b", "gone"]
        assert catalog.connections_for("shelf.take") == []
    assert Shelf.looked == Shelf.closed == []


def test_remembered_until_the_source_changes(workspace: Workspace) -> None:
    for _ in range(2):
        with opened(workspace) as catalog:
            first = catalog.tables("a")
    assert Shelf.looked == ["a"]
    with opened(workspace, refresh=True) as catalog:
        assert catalog.tables("a") == first
    assert Shelf.looked == ["a", "a"]
    (workspace.root / "a.txt").write_text("Invoices vendors payments")
    with opened(workspace) as catalog:
        assert catalog.table_names("a")[-1] == "payments"
        (workspace.root / "a.txt").write_text("Invoices")
        assert len(catalog.tables("a")) == 3, "one catalog is one look"
        catalog.refresh("A")
        assert len(catalog.tables("a")) == 1


def test_remembered_for_these_settings_only(workspace: Workspace) -> None:
    with opened(workspace) as catalog:
        catalog.tables("a")
    file = workspace.root / "agent.toml"
    file.write_text(file.read_text().replace('url = "a.txt"', 'url = "./a.txt"'))
    again = Workspace.load(workspace.root, tools={"shelf": Shelf, "plain": PlainShelf})
    with opened(again) as catalog:
        catalog.tables("a")
    assert Shelf.looked == ["a", "a"]


@pytest.mark.parametrize("damage", ["", "{", "null", "[]", '{"version": 1}', "\x00"])
def test_a_damaged_cache_is_made_again(workspace: Workspace, damage: str) -> None:
    with opened(workspace) as catalog:
        names = catalog.table_names("a")
    file = workspace.cache_dir / "catalog" / "a.json"
    good = json.loads(file.read_text())
    for text in (damage, json.dumps({**good, "tables": [{}]}), json.dumps({**good, "tables": [3]})):
        file.write_text(text)
        with opened(workspace) as catalog:
            assert catalog.table_names("a") == names
    assert json.loads(file.read_text()) == good
    assert [f.name for f in file.parent.iterdir()] == ["a.json"], "no temporary files stay"


def test_without_a_place_for_the_cache(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.mkstemp", full)
    with opened(workspace) as catalog:
        assert catalog.table_names("a") == ["Invoices", "vendors"]


def test_a_broken_connection_leaves_the_others(workspace: Workspace) -> None:
    with opened(workspace) as catalog:
        error = catalog.error("GONE")
        assert error is not None
        assert error.message == "gone.txt isn't there"
        assert error.mend == "Make it."
        assert catalog.tables("gone") == []
        assert catalog.table("gone", "x*") is None
        assert catalog.error("a") is None
        assert len(catalog.tables("a")) == 2
        with pytest.raises(WorkspaceError):
            catalog.tool("gone")
        (workspace.root / "gone.txt").write_text("back")
        catalog.refresh()
        assert catalog.error("gone") is None
        assert catalog.table_names("gone") == ["back"]


def test_whatever_a_tool_raises_is_told_without_its_secret(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELF_PW", "hunter22")
    file = workspace.root / "agent.toml"
    file.write_text(file.read_text() + 'password = "${env:SHELF_PW}"\n')
    (workspace.root / "gone.txt").write_text("bang")
    with opened(Workspace.load(workspace.root, tools={"shelf": Shelf, "plain": PlainShelf})) as catalog:
        error = catalog.error("gone")
        assert isinstance(error, UnavailableError)
        assert error.message == "connection gone can't be read: RuntimeError: boom •••"


def test_a_missing_secret_is_that_connections_error(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHELF_PW", raising=False)
    file = workspace.root / "agent.toml"
    file.write_text(file.read_text() + 'password = "${env:SHELF_PW}"\n')
    with opened(Workspace.load(workspace.root, tools={"shelf": Shelf, "plain": PlainShelf})) as catalog:
        assert "SHELF_PW" in str(catalog.error("gone"))
        assert catalog.error("b") is None


def test_tools_are_opened_once_and_closed(workspace: Workspace) -> None:
    with opened(workspace) as catalog:
        assert catalog.tool("a") is catalog.tool("A")
        assert catalog.tool("a").context.now == NOW
        catalog.tables("b")
    assert sorted(Shelf.closed) == ["a", "b"]
    catalog.close()
    assert sorted(Shelf.closed) == ["a", "b"]


def test_digest_is_of_the_shape(workspace: Workspace) -> None:
    with opened(workspace) as catalog:
        before = catalog.digest()
    (workspace.root / "b.txt").write_text("notes ")
    with opened(workspace) as catalog:
        assert catalog.digest() == before
    (workspace.root / "b.txt").write_text("notes more")
    with opened(workspace) as catalog:
        assert catalog.digest() != before


names = st.text(min_size=1, max_size=8)
codecs = st.sampled_from([None, infer(["1,50"]), infer(["01.02.2026"]), infer(["yes", "no"]), infer(["x"])])
columns = st.builds(
    Column,
    name=names,
    type=st.sampled_from(["VARCHAR", "DECIMAL(18,2)", "DATE"]),
    nullable=st.booleans(),
    has_default=st.booleans(),
    generated=st.booleans(),
    codec=codecs,
    samples=st.lists(names, max_size=3).map(tuple),
)
tables = st.builds(
    Table,
    name=names,
    columns=st.lists(columns, max_size=4).map(tuple),
    key=st.lists(names, max_size=2).map(tuple),
    rows=st.none() | st.integers(0, 10**9),
    writable=st.booleans(),
    open=st.booleans(),
    note=st.text(max_size=9),
)


@given(tables)
def test_tables_survive_json(table: Table) -> None:
    assert table_from_json(json.loads(json.dumps(table_to_json(table)))) == table
