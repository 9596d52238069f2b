"""`agent init [--demo] DIR`: a workspace that works at once, with nothing to install or to set up.

It makes files in an empty folder only (a `.git` and a README may be there) and never writes over one.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import click

from deskhand.cli.common import count
from deskhand.errors import RefusedError

# What may lie in the folder already: it is neither read nor changed.
_HARMLESS = {".git", ".gitignore", ".gitattributes", "README.md", "README", "LICENSE", ".DS_Store"}

AGENT_TOML = """\
# What this office is connected to. `agent catalog` shows what the connections hold.

[workspace]
name = "{name}"
timezone = "{timezone}"               # whose days and hours dates and times mean

[connections.ledger]
tool = "database"
url = "sqlite:///ledger.db"            # relative to this folder

[connections.files]
tool = "spreadsheet"
folder = "files"                       # xlsx and csv, subfolders too; all paths in plans are relative to it

[connections.mail]
tool = "email"
url = "maildir:mail"                   # a Maildir in this folder
address = "office@{domain}"

# Secrets are references, never values:
# password = "${{env:MAIL_PASSWORD}}"    or    "${{keyring:service/name}}"

[policy."email.send"]                  # limits that hold for every plan
max_rows = 200                         # mails of one act
approve_when = "count(*) > 50"         # then a person must agree: agent approve
"""

EXAMPLE = """\
# A process is a plan with a name. Run this one:  agent run inbox-by-sender
# A plan whose last step is a query prints that query's rows.
process: inbox-by-sender
description: Count the mails in the inbox by sender, those not read first.
steps:
  - id: senders
    query: |
      select sender, count(*) as mails, count(*) filter (where unread) as unread
      from mail.inbox
      group by sender
      order by unread desc, mails desc, sender
"""


@click.command()
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--demo", is_flag=True, help="Fill it with an office's data and the shipped processes.")
def init(directory: Path, demo: bool) -> None:
    """Make a workspace in DIR: agent.toml, a database, a folder of files, a mailbox, processes."""
    _check_place(directory)
    there = set(directory.iterdir()) if directory.is_dir() else set()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        try:
            made = _make_demo(directory) if demo else _make_empty(directory)
        except BaseException:
            _clear(directory, there)  # half a workspace would look like a whole one
            raise
    except (PermissionError, NotADirectoryError, FileExistsError) as error:
        raise RefusedError(
            f"{error.filename or directory} can't be made: {error.strerror}",
            mend="Name a folder of your own.",
        ) from None
    _tell(directory, made, demo)


def _clear(directory: Path, keep: set[Path]) -> None:
    """Take away what was made here, as far as that goes."""
    for entry in set(directory.iterdir()) - keep:
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)


def _check_place(directory: Path) -> None:
    if directory.is_symlink() and not directory.exists():
        raise RefusedError(f"{directory} is a link that leads nowhere", mend="Name a folder.")
    if directory.exists() and not directory.is_dir():
        raise RefusedError(f"{directory} is a file", mend="Name a folder, a new one for instance.")
    if not directory.exists():
        return
    found = sorted(entry.name for entry in directory.iterdir())
    if "agent.toml" in found:
        raise RefusedError(
            f"{directory} is a workspace already",
            mend=f"See it with `agent catalog --workspace {directory}`, or name another folder.",
        )
    if others := [name for name in found if name not in _HARMLESS]:
        listed = ", ".join(others[:5]) + (", …" if len(others) > 5 else "")
        raise RefusedError(f"{directory} isn't empty: {listed}", mend="Name an empty folder, or a new one.")


def _make_empty(directory: Path) -> list[tuple[str, str]]:
    name = directory.resolve().name or "office"
    plain = "".join(c if c.isalnum() and c.isascii() else "-" for c in name.lower()).strip("-") or "office"
    text = AGENT_TOML.format(name=plain, timezone=_timezone(), domain=f"{plain}.example")
    for folder in ("files", "mail/cur", "mail/new", "mail/tmp", "processes"):
        (directory / folder).mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(directory / "ledger.db")) as database:
        database.execute("vacuum")  # writes the header: an empty file isn't a database to every program
    (directory / "processes" / "inbox-by-sender.yaml").write_text(EXAMPLE, encoding="utf-8")
    (directory / "agent.toml").write_text(text, encoding="utf-8")
    return [
        ("agent.toml", "what the workspace is connected to; read it first"),
        ("ledger.db", "an empty SQLite database: put yours in its place"),
        ("files/", "for workbooks and csv files"),
        ("mail/", "an empty Maildir"),
        ("processes/", "one small process to begin with"),
    ]


def _make_demo(directory: Path) -> list[tuple[str, str]]:
    from deskhand.demo import build
    from deskhand.workspace import Workspace, shipped_processes

    build(directory)
    folder = directory / "processes"
    folder.mkdir(exist_ok=True)
    processes = shipped_processes()
    for process in processes:
        (folder / process.name).write_bytes(process.read_bytes())
    workspace = Workspace.load(directory)
    connected = [(name, f"connection, tool {c.tool}") for name, c in workspace.connections.items()]
    return [
        ("agent.toml", "what the workspace is connected to; read it first"),
        *connected,
        ("processes/", count(len(processes), "shipped process", "shipped processes")),
    ]


def _timezone() -> str:
    """The machine's time zone by name, UTC where it has none that can be told."""
    import os
    from zoneinfo import ZoneInfo

    candidates = [os.environ.get("TZ", "").lstrip(":")]
    with suppress(OSError, UnicodeDecodeError):
        candidates.append(Path("/etc/timezone").read_text(encoding="utf-8").strip())
    _, marker, name = str(Path("/etc/localtime").resolve()).partition("zoneinfo/")
    candidates.append(name if marker else "")
    for candidate in candidates:
        try:
            if candidate:
                ZoneInfo(candidate)
                return candidate
        except (KeyError, ValueError, OSError):
            continue
    return "UTC"


def _tell(directory: Path, made: list[tuple[str, str]], demo: bool) -> None:
    print(f"Made the workspace {directory}:")
    width = max(len(name) for name, _ in made)
    for name, what in made:
        print(f"  {name:<{width}}  {what}")
    run = 'agent run "reconcile invoices"' if demo else "agent run inbox-by-sender"
    steps = [("agent catalog", "what is in it"), (run, "a first run; it shows what it would do and asks")]
    place = str(directory)
    place = f'"{place}"' if " " in place else place
    print("\nNext:")
    print(f"  cd {place}")
    for command, what in steps:
        print(f"  {command:<32}{what}")
