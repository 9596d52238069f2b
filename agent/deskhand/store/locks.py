"""Locks that only a living process can hold: the operating system lets go of them when it dies, however.

One lock a run (two drivers would repeat each other's steps) and one a process (two runs of it at once would
both find the same open invoices). Who holds a lock stands in a file beside it. This module refuses to break
locks and to work on network disks that have none.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deskhand.errors import RefusedError
from deskhand.store.base import StoreBase
from deskhand.store.database import store_error
from deskhand.store.files import safe_name
from deskhand.store.times import utc_text

PROBE_SECONDS: Final = 0.2
"""Asking who holds a lock takes it for an instant; whoever wants it is patient for that long."""


@dataclass(frozen=True)
class Holder:
    """Who holds a lock, since when (UTC)."""

    pid: int
    host: str
    since: str


class HeldError(RefusedError):
    """Somebody else holds the lock; `holder` says who, where that could be read."""

    def __init__(self, what: str, holder: Holder | None) -> None:
        self.holder = holder
        who = f" by process {holder.pid} on {holder.host} since {holder.since}" if holder else ""
        super().__init__(
            f"{what} is being worked on{who}", mend="wait until that is through, or cancel it: `agent runs cancel`"
        )


class Locks(StoreBase):
    """The part of the store that keeps locks."""

    @contextmanager
    def run_lock(self, run_id: str, *, wait: float = 0.0) -> Iterator[None]:
        """Hold the run while the block lasts. wait: seconds to wait for it. Raises HeldError."""
        with self._held("run", run_id, wait):
            yield

    @contextmanager
    def process_lock(self, process: str, *, wait: float = 0.0) -> Iterator[None]:
        """Hold the process (by name) while the block lasts; a second run of it is refused (HeldError).

        wait: seconds to wait for it instead.
        """
        with self._held("process", process, wait):
            yield

    def run_holder(self, run_id: str) -> Holder | None:
        """Who drives the run right now; None where nobody does (a `running` run was interrupted then)."""
        return self._holder(self._lock_file("run", run_id))

    def process_holder(self, process: str) -> Holder | None:
        """Who runs the process right now; None where nobody does."""
        return self._holder(self._lock_file("process", process))

    def _lock_file(self, kind: str, name: str) -> Path:
        return self.folder / "locks" / f"{kind}-{safe_name(name)}.lock"

    @contextmanager
    def _held(self, kind: str, name: str, wait: float) -> Iterator[None]:
        from filelock import FileLock, Timeout

        file = self._lock_file(kind, name)
        about = file.with_suffix(".json")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            lock = FileLock(file, timeout=max(wait, PROBE_SECONDS), thread_local=False)
            lock.acquire(poll_interval=0.05)
        except Timeout:
            raise HeldError(f"{kind} {name}", self._read(about)) from None
        except OSError as error:
            raise store_error(error, f"locks/{file.name}") from error
        try:
            about.write_text(json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": utc_text()}))
            yield
        finally:
            about.unlink(missing_ok=True)
            lock.release()

    def _holder(self, file: Path) -> Holder | None:
        from filelock import FileLock, Timeout

        if not file.exists():
            return None
        try:
            with FileLock(file, timeout=0, thread_local=False):
                return None
        except Timeout:
            return self._read(file.with_suffix(".json")) or Holder(0, "?", "?")
        except OSError as error:
            raise store_error(error, f"locks/{file.name}") from error

    @staticmethod
    def _read(about: Path) -> Holder | None:
        try:
            return Holder(**json.loads(about.read_text()))
        except (OSError, ValueError, TypeError):
            return None
