"""The entry point of `agent`: finds the command, runs it, and turns every outcome into an exit code.

An error is told without a traceback: what was wrong, where, what to do. Under `--json` it is one object on
standard output and nothing else there. An unexpected exception is one line, and its traceback goes to a file.

This module refuses to import click for `--help` and `--version`, and a command's module before it is used.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from deskhand import __version__
from deskhand.cli import commands
from deskhand.errors import DeskhandError, InDoubtError, RefusedError, UsageError

if TYPE_CHECKING:
    from deskhand.cli.common import Session

USAGE = UsageError.exit_code
INTERRUPTED = 130
BROKEN_PIPE = 141
_COMPLETE = "_AGENT_COMPLETE"


def main(argv: Sequence[str] | None = None) -> int:
    """Run `agent` with these arguments (the process's own by default); gives the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started this
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal that can't show a sign shows a substitute
            stream.reconfigure(errors="replace")
    try:
        code = _start(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader is gone; without this the interpreter would complain when it flushes at exit.
        devnull = os.open(os.devnull, os.O_WRONLY)
        os.dup2(devnull, sys.stdout.fileno())
        return BROKEN_PIPE
    except OSError as error:
        # The disk that the output goes to is full, or the terminal is gone; what was done is recorded.
        with contextlib.suppress(OSError):
            print(f"The output can't be written: {error.strerror}. `agent runs` tells how it ended.", file=sys.stderr)
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    if argv is None:
        _end(code)
    return code


def _end(code: int) -> NoReturn:
    """End the process here and now, everything said.

    Left to itself, Python would go through all objects of the imported modules looking for cycles to free, a sixth
    of the time of a short run; and told to leave them alone, it has duckdb complain of what wasn't freed.
    """
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def _start(arguments: list[str]) -> int:
    if _COMPLETE in os.environ:
        from click.shell_completion import shell_complete

        from deskhand.cli.group import build

        return shell_complete(build(), {}, "agent", _COMPLETE, os.environ[_COMPLETE])
    if arguments in (["--help"], ["-h"]):
        print(commands.help_text())
        return 0
    if arguments == ["--version"]:
        print(f"agent {__version__}")
        return 0
    if not arguments:
        print(commands.help_text(), file=sys.stderr)
        return USAGE
    return _run(arguments)


def _run(arguments: list[str]) -> int:
    import click

    from deskhand.cli.common import Session
    from deskhand.cli.group import build

    session = Session()
    as_json = _asked_for_json(arguments)
    try:
        with build().make_context("agent", list(arguments), obj=session) as context:
            result = context.command.invoke(context)
        return result if isinstance(result, int) else 0
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except click.ClickException as error:
        return _wrong_usage(error, as_json)
    except DeskhandError as error:
        return _tell(error, as_json)
    except (KeyboardInterrupt, EOFError, click.Abort) as error:
        return _interrupted(error, session, as_json)
    except BrokenPipeError:
        raise
    except Exception as error:
        return _crashed(error, session, arguments, as_json)


def _asked_for_json(arguments: Sequence[str]) -> bool:
    before = arguments[: arguments.index("--")] if "--" in arguments else arguments
    return "--json" in before


def _fail(text: str, as_json: bool, status: str, **more: Any) -> None:
    """Tell a failure: on standard error, or under `--json` as the head of a run in which nothing was done."""
    if as_json:
        from deskhand.cli.common import print_json

        head: dict[str, Any] = {"status": status, "run_id": None, "plan": None, "answer": None, "effects": []}
        print_json({**head, **more})
    else:
        print(text, file=sys.stderr)


def _tell(error: DeskhandError, as_json: bool) -> int:
    if isinstance(error, RefusedError | UsageError):
        status = "refused"
    else:
        status = "in_doubt" if isinstance(error, InDoubtError) else "failed"
    more: dict[str, Any] = {"reason": str(error)}
    if problems := getattr(error, "problems", ()):
        more["problems"] = [problem.to_json() for problem in problems]
    _fail(str(error), as_json, status, **more)
    return error.exit_code


def _wrong_usage(error: Any, as_json: bool) -> int:
    context = getattr(error, "ctx", None)
    text = error.format_message()
    if context is not None:
        text = f"{context.get_usage()}\n\n{text}\n  `{context.command_path} --help` explains it."
    _fail(text, as_json, "refused", reason=error.format_message())
    return USAGE


def _interrupted(error: BaseException, session: Session, as_json: bool) -> int:
    if isinstance(error, EOFError) or isinstance(error.__context__, EOFError):
        reason = "an answer was needed and there is nobody to give it; --yes runs without asking"
        _fail(reason, as_json, "refused", reason=reason)
        return RefusedError.exit_code
    run = session.run_id
    if run is not None:
        reason = f"Interrupted. What is confirmed stays so; go on with `agent runs resume {run}`."
    else:
        reason = "Interrupted."
    _fail(f"\n{reason}", as_json, "failed", run_id=run, reason=reason)
    return INTERRUPTED


def _crashed(error: Exception, session: Session, arguments: Sequence[str], as_json: bool) -> int:
    import errno
    import traceback

    from deskhand.secret import mask

    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        place = f" ({error.filename})" if error.filename else ""
        reason = f"The disk is full{place}. Make room, then start again; a run goes on with `agent runs resume`."
        _fail(reason, as_json, "failed", run_id=session.run_id, reason=reason)
        return 1
    secrets = session.workspace.secrets() if session.workspace is not None else frozenset()
    full = mask("".join(traceback.format_exception(error)), secrets)
    summary = mask(f"{type(error).__name__}: {error}".splitlines()[0], secrets)
    if os.environ.get("DESKHAND_DEBUG") == "1":
        print(full, file=sys.stderr)
        place = "above"
    else:
        place = f"in {_crash_file(session, arguments, full)}"
    reason = f"This should not have happened: {summary}. The full traceback is {place}."
    _fail(reason, as_json, "failed", run_id=session.run_id, reason=reason)
    return 1


def _crash_file(session: Session, arguments: Sequence[str], text: str) -> Path:
    """Write the traceback under the workspace's `.deskhand/`, else where temporary files go."""
    import datetime as dt
    import platform
    import tempfile

    stamp = dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%S%f")
    command = arguments[0] if arguments else ""
    header = f"deskhand {__version__}, python {platform.python_version()}, agent {command}\n\n"
    temporary = Path(tempfile.gettempdir())
    for workspace in (session.workspace, None):
        try:
            folder = temporary if workspace is None else workspace.make_state_dir()
            file = folder / f"crash-{stamp}.txt"
            file.touch(mode=0o600)
            file.write_text(header + text, encoding="utf-8")
            return file
        except OSError:
            continue
    print(text, file=sys.stderr)
    return Path("the lines above")


if __name__ == "__main__":
    sys.exit(main())
