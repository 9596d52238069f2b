"""Kept rows: what a query gave when the plan reached it, as Arrow files, so that later acts see the same rows.

A file is named by its content; the database row that points to it is what counts, so a crash between the two
leaves at most a file that nobody refers to. This module refuses to hand out rows whose file was changed.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from deskhand.errors import DataError
from deskhand.store.base import StoreBase
from deskhand.store.files import safe_name, write_whole
from deskhand.store.times import utc_text

if TYPE_CHECKING:
    import pyarrow as pa

    from deskhand.contract import Json


class KeptRows(StoreBase):
    """The part of the store that keeps the rows of query steps."""

    def save_rows(self, run: str, path: str, table: pa.Table, meta: Json = None) -> str:
        """Keep a step's rows and its meta (JSON), replacing those kept before. Returns the file's digest.

        Raises UnavailableError where the disk is full or read-only; what was kept before stays then.
        """
        import pyarrow as pa

        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
        data = memoryview(sink.getvalue())
        digest = hashlib.sha256(data).hexdigest()
        file = f"{safe_name(path)}.{digest[:16]}.arrow"
        write_whole(self._rows_file(run, file), data)
        with self.database.write() as db:
            old = db.execute("select file from kept_rows where run = ? and path = ?", (run, path)).fetchone()
            db.execute(
                "insert into kept_rows values (?, ?, ?, ?, ?, ?, ?)"
                " on conflict (run, path) do update set file = excluded.file, digest = excluded.digest,"
                " count = excluded.count, meta = excluded.meta, at = excluded.at",
                (run, path, file, digest, table.num_rows, json.dumps(meta, allow_nan=False), utc_text()),
            )
        if old is not None and old["file"] != file:
            self._rows_file(run, old["file"]).unlink(missing_ok=True)
        return digest

    def load_rows(self, run: str, path: str) -> tuple[pa.Table, Json] | None:
        """The rows and the meta that a step kept; None where it kept none.

        Raises DataError where the file is gone or isn't what was written.
        """
        import pyarrow as pa

        row = self.database.row("select * from kept_rows where run = ? and path = ?", (run, path))
        if row is None:
            return None
        file = self._rows_file(run, row["file"])
        try:
            data = file.read_bytes()
        except OSError as error:
            raise DataError(
                f"the rows kept for step {path} of run {run} are gone: {error}",
                mend="restore .deskhand/runs from a backup, or cancel the run and start a new one",
            ) from error
        if hashlib.sha256(data).hexdigest() != row["digest"]:
            raise DataError(
                f"the rows kept for step {path} of run {run} were changed from outside ({file})",
                mend="restore .deskhand/runs from a backup, or cancel the run and start a new one",
            )
        with pa.ipc.open_file(pa.py_buffer(data)) as reader:
            return reader.read_all(), json.loads(row["meta"])

    def has_rows(self, run: str, path: str) -> bool:
        """Whether the step has kept rows."""
        return self.database.row("select 1 from kept_rows where run = ? and path = ?", (run, path)) is not None

    def _rows_file(self, run: str, file: str) -> Any:
        return self.folder / "runs" / safe_name(run) / file


def rows_digest(table: pa.Table) -> str:
    """A digest of the values and column names, for approvals: alike for equal rows however they are stored.

    The order of rows counts (they'd be mailed in it), the storage (chunks, dictionaries, offsets) doesn't.
    """
    digest = hashlib.sha256(json.dumps([[f.name, str(f.type)] for f in table.schema]).encode())
    for batch in table.to_batches(max_chunksize=1000):
        for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            digest.update(json.dumps(row, default=_plain).encode())
    return digest.hexdigest()


def _plain(value: Any) -> str:
    if isinstance(value, Decimal | dt.date | dt.time | dt.timedelta):
        return f"{type(value).__name__} {value}"
    if isinstance(value, bytes):
        return f"bytes {value.hex()}"
    return f"{type(value).__name__} {value!r}"
