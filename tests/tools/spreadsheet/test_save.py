"""Atomic saves: modes, full disks, crashes between the temporary file and the rename, open files."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from deskhand.errors import UnavailableError
from deskhand_tools.spreadsheet import save
from deskhand_tools.spreadsheet.fake import make_csv, make_workbook

from tests.tools.spreadsheet.helpers import Office

ROWS = [{"No": "R-1", "n": 1}, {"No": "R-2", "n": 2}]


def _listed(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_folders_are_made_and_modes_kept(tmp_path: Path) -> None:
    path = tmp_path / "a/b/c.csv"
    save.save_bytes(path, b"one", "c.csv")
    path.chmod(0o640)
    save.save_bytes(path, b"two", "c.csv")
    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == 0o640
    assert _listed(path.parent) == ["c.csv"]


def test_a_link_within_the_folder_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"one")
    (tmp_path / "b.csv").symlink_to("a.csv")
    save.save_bytes(tmp_path / "b.csv", b"two", "b.csv")
    assert (tmp_path / "b.csv").is_symlink()
    assert (tmp_path / "a.csv").read_bytes() == b"two"


@pytest.mark.parametrize("where", ["write", "fsync", "replace"])
def test_a_full_disk_leaves_the_old_file(office: Office, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    path = make_csv(office.files / "a.csv", ROWS)
    before = path.read_bytes()
    _, items = office.prepare("append", {"table": "a.csv"}, [{"No": "R-3", "n": 3}])

    def full(*_: Any, **__: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    if where == "write":
        monkeypatch.setattr(save.os, "fdopen", full)
    else:
        monkeypatch.setattr(save.os, where, full)
    with pytest.raises(UnavailableError, match="disk is full") as caught:
        office.apply("append", items)
    assert "resume" in caught.value.mend
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert _listed(office.files) == ["a.csv"]
    assert [str(v) for v in office.verify("append", items)] == ["absent"]
    assert not isinstance(office.apply("append", items)[0], Exception)


@pytest.mark.parametrize("lock", ["~$a.xlsx", ".~lock.a.xlsx#"])
def test_a_workbook_that_is_open_elsewhere(office: Office, lock: str) -> None:
    path = make_workbook(office.files / "a.xlsx", {"A": ROWS})
    before = path.read_bytes()
    office.put(lock, b"me")
    for operation, params, rows in (
        ("append", {"table": "a.xlsx"}, [{"No": "R-3"}]),
        ("update", {"table": "a.xlsx", "key": "No"}, [{"No": "R-1", "n": 5}]),
        ("delete_rows", {"table": "a.xlsx", "key": "No"}, [{"No": "R-1"}]),
        ("write", {"file": "a.xlsx"}, [{"x": 1}]),
    ):
        changes, items = office.prepare(operation, params, rows)
        assert "open in another program" in str(changes[0].preview["note"])
        with pytest.raises(UnavailableError, match="agent runs resume"):
            office.apply(operation, items)
        assert path.read_bytes() == before
        assert [str(v) for v in office.verify(operation, items)] == ["absent"]


def test_a_read_only_file_is_left_alone(office: Office) -> None:
    path = make_csv(office.files / "a.csv", ROWS)
    path.chmod(0o444)
    _, items = office.prepare("append", {"table": "a.csv"}, [{"No": "R-3"}])
    with pytest.raises(UnavailableError, match="read-only"):
        office.apply("append", items)


@pytest.mark.parametrize("point", ["fsync", "replace"])
def test_a_kill_before_the_rename_leaves_the_old_file(office: Office, point: str) -> None:
    path = make_csv(office.files / "a.csv", ROWS)
    before = path.read_bytes()
    program = textwrap.dedent(f"""
        import os, signal, pathlib
        from deskhand_tools.spreadsheet import save
        save.os.{point} = lambda *a: os.kill(os.getpid(), signal.SIGKILL)
        save.save_bytes(pathlib.Path({str(path)!r}), b"x" * 100000, "a.csv")
    """)
    done = subprocess.run([sys.executable, "-c", program], check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes() == before
    assert len(_listed(office.files)) == 2
    assert office.names() == ["a.csv"]
    assert len(office.rows("a.csv")) == 2


def test_a_kill_after_the_rename_leaves_the_new_file(office: Office) -> None:
    path = make_csv(office.files / "a.csv", ROWS)
    program = textwrap.dedent(f"""
        import os, signal, pathlib
        from deskhand_tools.spreadsheet import save
        save._sync_folder = lambda *a: os.kill(os.getpid(), signal.SIGKILL)
        save.save_bytes(pathlib.Path({str(path)!r}), b"a,b\\n1,2\\n", "a.csv")
    """)
    subprocess.run([sys.executable, "-c", program], check=False)
    assert path.read_bytes() == b"a,b\n1,2\n"
    assert _listed(office.files) == ["a.csv"]


def test_what_a_crash_left_behind_is_swept_later(tmp_path: Path) -> None:
    old, new = tmp_path / f"{save.PREFIX}1-old.tmp", tmp_path / f"{save.PREFIX}1-new.tmp"
    old.write_bytes(b"x")
    new.write_bytes(b"x")
    os.utime(old, (0, 0))
    save.save_bytes(tmp_path / "a.csv", b"x", "a.csv")
    assert _listed(tmp_path) == [new.name, "a.csv"]
