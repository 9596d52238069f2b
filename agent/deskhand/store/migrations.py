"""The tables of `.deskhand/state.db`, as numbered migrations.

A migration that has been released is never changed: a new one is appended. The file's `user_version` counts
those it has had. Times are UTC as `YYYY-MM-DDTHH:MM:SS.ffffffZ`; columns that hold lists or mappings hold JSON.
A check by `in (…)` doubles the time of an insert (SQLite builds the list anew for every row); by `or` it is free.
"""

from __future__ import annotations

from typing import Final

MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (
    (
        """
        create table runs (
          id text primary key,
          process text,
          source text not null,
          sentence text,
          plan text not null,
          plan_digest text not null,
          process_digest text,
          inputs text not null,
          now text not null,
          zone text not null,
          status text not null,
          started text not null,
          ended text,
          reason text,
          question text,
          answer text,
          parent text references runs (id),
          parent_path text,
          pid integer,
          host text,
          cancel integer not null default 0
        ) strict
        """,
        "create index runs_process on runs (process, status)",
        "create index runs_digest on runs (process_digest, status)",
        "create index runs_parent on runs (parent, parent_path)",
        """
        create table kept_rows (
          run text not null references runs (id),
          path text not null,
          file text not null,
          digest text not null,
          count integer not null,
          meta text not null,
          at text not null,
          primary key (run, path)
        ) strict
        """,
        """
        create table exceptions (
          id integer primary key,
          run text not null references runs (id),
          path text not null,
          ordinal integer not null,
          row text not null,
          reason text not null,
          at text not null,
          state text not null check (state in ('open', 'retried', 'dismissed')),
          note text not null default '',
          settled text,
          unique (run, path, ordinal)
        ) strict
        """,
        "create index exceptions_state on exceptions (state, run)",
        """
        create table approvals (
          id integer primary key,
          run text not null references runs (id),
          path text not null,
          ask text not null,
          digest text not null,
          count integer not null,
          totals text not null,
          by text not null,
          two integer not null,
          asked text not null,
          unique (run, path, digest)
        ) strict
        """,
        """
        create table decisions (
          approval integer not null references approvals (id),
          who text not null,
          yes integer not null,
          note text not null,
          at text not null,
          primary key (approval, who)
        ) strict
        """,
        """
        create table effects (
          key text primary key,
          run text not null,
          path text not null,
          ordinal integer not null,
          operation text not null,
          connection text not null,
          state text not null check (
            state = 'intended' or state = 'attempted' or state = 'confirmed' or state = 'unchanged'
            or state = 'in doubt' or state = 'refused'
          ),
          change text not null,
          receipt text,
          reason text not null default '',
          intended text not null,
          attempted text,
          settled text
        ) strict, without rowid
        """,
        """
        create table audit (
          n integer primary key autoincrement,
          at text not null,
          run text,
          kind text not null,
          payload text not null,
          prev text not null,
          hash text not null
        ) strict
        """,
        """
        create trigger audit_is_never_changed before update on audit
        begin select raise(abort, 'the audit log is append-only'); end
        """,
        """
        create trigger audit_is_never_cut before delete on audit
        begin select raise(abort, 'the audit log is append-only'); end
        """,
    ),
)
