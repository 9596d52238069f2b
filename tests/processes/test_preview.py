"""The preview of every shipped process on the demo office: all of it shown, and not a byte or a time changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from deskhand.cli.main import main

from .conftest import MORNING, PROCESSES, Desk


@pytest.fixture
def sealed(demo_office: Callable[[], Desk]) -> Iterator[Desk]:
    """The demo office with every source read-only (root may write all the same: hence the digest below)."""
    desk = demo_office()
    places = [desk.root / "ledger.db", desk.root / "files", desk.root / "mail"]
    every = [path for place in places for path in (place, *place.rglob("*"))]
    modes = {path: path.stat().st_mode for path in every}
    for path in reversed(every):
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield desk
    for path in every:
        path.chmod(modes[path])


def _look(root: Path) -> dict[str, tuple[bytes, int]]:
    """Bytes and times of everything but deskhand's own folder; folders too, since a file may come and go."""
    return {
        str(path.relative_to(root)): (path.read_bytes() if path.is_file() else b"", path.stat().st_mtime_ns)
        for path in (root, *root.rglob("*"))
        if ".deskhand" not in path.relative_to(root).parts and path != root
    }


@pytest.mark.parametrize("process", [file.stem for file in sorted(PROCESSES.glob("*.yaml"))])
def test_a_preview_writes_nothing(sealed: Desk, process: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = _look(sealed.root)
    assert main(["plan", process, "--workspace", str(sealed.root), "--now", MORNING]) == 0
    out = capsys.readouterr().out
    assert "nothing has happened yet" in out
    assert "mail to " in out
    assert _look(sealed.root) == before
