"""The `database` tool: tables of a SQLite file, and rows inserted, updated, upserted and deleted in it.

Values are read and written through the codecs that the catalog finds (`schema`), each effect is one row under
its own savepoint (`writes`), and each is verified by reading back through another connection (`verify`).
Not here: other databases than SQLite, changes of schema, and SQL handed through from a plan.
"""

from __future__ import annotations

from deskhand_tools.database.tool import DatabaseConfig, DatabaseTool

__all__ = ["DatabaseConfig", "DatabaseTool"]
