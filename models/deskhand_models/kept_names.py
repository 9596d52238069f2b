"""Vectors of a workspace's names, kept between processes: a name is encoded once, not at every request.

    memory = KeptNames(encoder, workspace.state_dir / "cache" / "names.npz")
    features(cut, said, memory, items)
    memory.keep()

The file is written whole; a damaged one, or one of another encoder, is made anew. This module refuses to keep a
request: what is kept are names and sample values that the catalog's cache holds too.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from deskhand_models.encoder import SHA256, WIDTH, Encoder
from deskhand_models.features import Memory

MOST_NAMES = 20_000
"""About 15 MB; beyond that only the newer half is kept, since names of tables that are gone are never taken out."""


class KeptNames(Memory):
    """A memory with a file behind it."""

    def __init__(self, encoder: Encoder, file: Path) -> None:
        super().__init__(encoder)
        self._file = file
        with suppress(OSError, ValueError, KeyError, BadZipFile, EOFError), np.load(file, allow_pickle=False) as found:
            texts, vectors = found["texts"].tolist(), found["vectors"]
            if str(found["encoder"]) == SHA256 and vectors.shape == (len(texts), WIDTH) and vectors.dtype == np.float16:
                self._pooled = dict(zip(texts, vectors, strict=True))
        self._written = len(self._pooled)

    def keep(self) -> None:
        """Write what is new. Where that can't be written, names are encoded again the next time."""
        if len(self._pooled) == self._written:
            return
        names = list(self._pooled.items())[-MOST_NAMES if len(self._pooled) <= MOST_NAMES else -MOST_NAMES // 2 :]
        with suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            handle, beside = tempfile.mkstemp(dir=self._file.parent, suffix=".new")
            with os.fdopen(handle, "wb") as out:
                np.savez(
                    out,
                    encoder=np.array(SHA256),
                    texts=np.array([text for text, _ in names]),
                    vectors=np.stack([vector for _, vector in names]),
                )
            Path(beside).replace(self._file)
            self._written = len(self._pooled)
