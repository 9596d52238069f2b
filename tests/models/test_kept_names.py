"""Names are encoded once for a workspace; whatever is wrong with what was kept, they are encoded anew."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from deskhand_models.encoder import WIDTH
from deskhand_models.kept_names import MOST_NAMES, KeptNames


class Counting:
    """An encoder that counts what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def pooled(self, texts: Sequence[str]) -> Any:
        self.asked += texts
        return np.array([np.full(WIDTH, len(text) / 64) for text in texts], dtype=np.float32)


def memory(file: Path) -> tuple[KeptNames, Counting]:
    source = Counting()
    return KeptNames(source, file), source  # type: ignore[arg-type]


def test_a_name_is_encoded_once(tmp_path: Path) -> None:
    file = tmp_path / "cache" / "names.npz"
    first, source = memory(file)
    vectors = first.pooled(["due date of invoices", "amount"])
    first.keep()
    assert len(source.asked) == 2
    second, source = memory(file)
    assert np.array_equal(second.pooled(["amount", "due date of invoices"]), vectors[::-1])
    assert source.asked == []
    stamp = file.stat().st_mtime_ns
    second.keep()
    assert file.stat().st_mtime_ns == stamp, "nothing new, nothing written"
    second.pooled(["status"])
    second.keep()
    third, source = memory(file)
    third.pooled(["status", "amount"])
    assert source.asked == []
    assert [one.name for one in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize("content", [b"", b"PK", b"rubbish", b"\x93NUMPY"])
def test_a_damaged_file_is_made_anew(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "names.npz"
    file.write_bytes(content)
    first, source = memory(file)
    first.pooled(["amount"])
    first.keep()
    assert source.asked == ["amount"]
    second, source = memory(file)
    second.pooled(["amount"])
    assert source.asked == []


def test_vectors_of_another_encoder_are_not_believed(tmp_path: Path) -> None:
    file = tmp_path / "names.npz"
    with file.open("wb") as out:
        np.savez(out, encoder=np.array("other"), texts=np.array(["amount"]), vectors=np.ones((1, WIDTH), np.float16))
    first, source = memory(file)
    first.pooled(["amount"])
    assert source.asked == ["amount"]


def test_a_folder_that_cant_be_written_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where a folder should be")
    first, _ = memory(tmp_path / "cache" / "names.npz")
    first.pooled(["amount"])
    first.keep()
    assert memory(tmp_path / "cache" / "names.npz")[0]._pooled == {}


def test_names_that_are_long_gone_are_let_go(tmp_path: Path) -> None:
    file = tmp_path / "names.npz"
    first, _ = memory(file)
    first._pooled = {str(n): np.zeros(WIDTH, np.float16) for n in range(MOST_NAMES + 1)}
    first.keep()
    assert list(memory(file)[0]._pooled) == [str(n) for n in range(MOST_NAMES // 2 + 1, MOST_NAMES + 1)]
