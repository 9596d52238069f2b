"""Saving a file so that a crash leaves either the old one or the new one, whole.

The bytes go to a temporary file in the same folder, are fsynced, take the old file's mode and replace it in
one rename; then the folder is fsynced. This module refuses to write to a file that another program has open
(it looks for the lock files of Excel and LibreOffice) and knows nothing of workbooks.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
import time
from pathlib import Path

from deskhand.errors import UnavailableError
from deskhand.faults import fault

PREFIX = ".deskhand-"
"""How temporary files begin; hidden, so that no catalog ever lists one that a crash left."""


def lock_of(path: Path) -> Path | None:
    """The lock file that shows another program has this file open; None where there is none."""
    names = (f"~${path.name}", f".~lock.{path.name}#")
    return next((lock for name in names if (lock := path.with_name(name)).exists()), None)


def refuse_if_open(path: Path, name: str) -> None:
    """Raise UnavailableError where another program has the file open. `name` is what the person calls it."""
    lock = lock_of(path)
    if lock is not None:
        raise UnavailableError(
            f"{name} is open in another program: close it and run `agent runs resume`",
            mend=f"If it is open nowhere, delete the lock file {lock.name} beside it.",
        )


def save_bytes(path: Path, content: bytes, name: str) -> None:
    """Replace the file (or make it, its folder included) with these bytes, atomically and durably.

    Raises UnavailableError where the disk is full or the folder can't be written; the old file then stands
    as it was and no temporary file is left.
    """
    refuse_if_open(path, name)
    try:
        made = _make_folder(path.parent)
        _sweep(path.parent)
        target = path.resolve() if path.is_symlink() else path
        _replace(target, content)
        for folder in made:
            _sync_folder(folder)
    except OSError as error:
        raise _explained(error, name) from error


def _make_folder(folder: Path) -> list[Path]:
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for new in reversed(missing):
        new.mkdir(exist_ok=True)
    return [new.parent for new in missing]


def _sweep(folder: Path) -> None:
    """Delete temporary files that a crash left here more than an hour ago; younger ones may be in use."""
    for path in folder.glob(f"{PREFIX}*.tmp"):
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < time.time() - 3600:
                path.unlink()


def _replace(target: Path, content: bytes) -> None:
    mode = target.stat().st_mode & 0o7777 if target.exists() else None
    if mode is not None and not mode & stat.S_IWUSR:
        raise PermissionError(errno.EACCES, "it is marked read-only")
    temporary = target.with_name(f"{PREFIX}{os.getpid()}-{secrets.token_hex(4)}.tmp")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            temporary.chmod(mode)
        fault("before-commit")
        os.replace(temporary, target)  # noqa: PTH105 - named as every guarantee of it is
        fault("after-commit")
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _explained(error: OSError, name: str) -> UnavailableError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return UnavailableError(
            f"the disk is full: {name} was left as it was",
            mend="Free some space and run `agent runs resume`.",
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return UnavailableError(
            f"{name} can't be written: {error.strerror}",
            mend="Give this user the right to write the file and its folder, then run `agent runs resume`.",
        )
    return UnavailableError(
        f"{name} can't be written: {error.strerror or error}", mend="Mend this and run `agent runs resume`."
    )
