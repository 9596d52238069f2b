"""`agent audit`: does the audit log still say what was written? It verifies the chain of hashes.

Whoever can write the file could write a whole new chain; against that, keep the head that this prints
somewhere else and hand it back with `--head`.
"""

from __future__ import annotations

import re
from pathlib import Path

import click

from deskhand.cli.common import count, json_option, open_workspace, print_json, workspace_option
from deskhand.errors import UsageError


@click.command()
@click.option("--head", metavar="N:HASH", help="A head printed earlier; its entry must still be there, unchanged.")
@workspace_option
@json_option
def audit(head: str | None, workspace: Path | None, as_json: bool) -> int:
    """Verify the audit log: every read, effect, approval and plan change, chained by hashes.

    The exit code is 2 where the chain is broken.
    """
    expected = _head(head)
    opened = open_workspace(workspace)
    if not (opened.state_dir / "state.db").exists():
        return _nothing_yet(expected, as_json)
    from deskhand.audit import AuditLog
    from deskhand.store import Store

    with Store(opened.root, secrets=opened.secrets()) as store:
        log = AuditLog(store)
        broken = log.verify_chain(head=expected)
        number, last = log.head()
    if as_json:
        fault = None if broken is None else {"entry": broken.n, "why": broken.why}
        status = "ok" if broken is None else "broken"
        print_json({"status": status, "entries": number, "head": f"{number}:{last}", "broken": fault})
    elif broken is None:
        print(f"The audit log is whole: {count(number, 'entry', 'entries')}.")
        print(f"Its head, to keep elsewhere: {number}:{last}")
    else:
        print(f"The audit log is broken at entry {broken.n}: {broken.why}.")
        print("What stands before that entry is as it was written; nothing after it can be trusted.")
        print(f"Compare {opened.state_dir / 'state.db'} with a backup.")
    return 0 if broken is None else 2


def _head(text: str | None) -> tuple[int, str] | None:
    if text is None:
        return None
    match = re.fullmatch(r"(\d+):([0-9a-f]{64})", text.strip())
    if match is None:
        raise UsageError(f"--head {text!r} is no head", mend="Copy it whole from what `agent audit` printed: N:HASH.")
    return int(match[1]), match[2]


def _nothing_yet(expected: tuple[int, str] | None, as_json: bool) -> int:
    gone = expected is not None and expected[0] > 0
    if as_json:
        fault = {"entry": 1, "why": "the whole log is gone"} if gone else None
        print_json({"status": "broken" if gone else "ok", "entries": 0, "head": None, "broken": fault})
    else:
        print("The whole audit log is gone." if gone else "Nothing has been logged yet: no run was started here.")
    return 2 if gone else 0
