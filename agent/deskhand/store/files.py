"""Files under `.deskhand/`: names that are safe for any step path, and writes that are whole or not there.

This module refuses to overwrite a file in place.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from deskhand.store.database import store_error


def safe_name(text: str) -> str:
    """A file name for any text: what can be read of it, and a digest that tells it from every other."""
    readable = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:40]
    return f"{readable}-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}".lstrip("-")


def write_whole(path: Path, data: bytes | memoryview) -> None:
    """Write the file so that a crash leaves the old one or the new one, on disk when this returns.

    Raises UnavailableError where the disk is full or read-only.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)
    except OSError as error:
        raise store_error(error, path.as_posix().rpartition("/.deskhand/")[2]) from error


def _sync_folder(folder: Path) -> None:
    """Make a rename durable; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
