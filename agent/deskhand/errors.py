"""Every error that deskhand shows a person, and the problems that a check reports.

    DeskhandError                 exit 1, unless a subclass says otherwise
    ├── UsageError                exit 64: the command line was used wrongly
    ├── RefusedError              exit 2: nothing was changed
    │   ├── WorkspaceError        agent.toml or the folder around it
    │   ├── ProblemsError         a plan that failed its check, with every problem
    │   └── ExpectationError      `expect` didn't hold before anything had changed
    ├── DataError                 stored data that can't be read as what it claims to be
    ├── BusinessError             this row can't be done, for a reason of the business: it becomes an
    │                             exception and is never retried
    ├── ApplicationError          something outside failed and may work again: it is retried with backoff,
    │   │                         then counts as the row's error
    │   └── UnavailableError      the whole connection is gone (file vanished, disk full, workbook open
    │                             elsewhere): the run stops as failed and can be resumed
    └── InDoubtError              an effect may or may not have happened and nothing can tell which

An error says what was wrong, where, and what to do (`mend`). This module refuses to log, to print and to
import anything of deskhand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Where:
    """A place in a file (line and column from 1) or a step of a plan; whatever is known of it."""

    file: str | None = None
    line: int | None = None
    column: int | None = None
    step: str | None = None

    def __str__(self) -> str:
        parts = []
        if self.file is not None or self.line is not None:
            place = self.file or "line"
            if self.line is not None:
                place += f":{self.line}" if self.file else f" {self.line}"
                if self.column is not None:
                    place += f":{self.column}"
            parts.append(place)
        if self.step is not None:
            parts.append(f"step {self.step}")
        return ", ".join(parts)


class DeskhandError(Exception):
    """The root. `message` says what was wrong, `where` the place, `mend` what to do about it."""

    exit_code = 1

    def __init__(self, message: str, *, mend: str = "", where: Where | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.mend = mend
        self.where = where

    @property
    def one_line(self) -> str:
        """Message and mend on one line, as the reason of an exception or a run."""
        end = "" if not self.mend or self.message.endswith((".", "!", "?")) else "."
        return f"{self.message}{end} {self.mend}".strip()

    def __str__(self) -> str:
        text = self.message
        if self.where is not None and str(self.where):
            text = f"{self.where}: {text}"
        return f"{text}\n  {self.mend}" if self.mend else text


class UsageError(DeskhandError):
    """The command line was used wrongly."""

    exit_code = 64


class RefusedError(DeskhandError):
    """Refused before anything changed."""

    exit_code = 2


class WorkspaceError(RefusedError):
    """agent.toml, or what it points to, can't be used; `problems` holds all that was found, if more is known."""

    def __init__(
        self, message: str, *, mend: str = "", where: Where | None = None, problems: Sequence[Problem] = ()
    ) -> None:
        super().__init__(message, mend=mend, where=where)
        self.problems = tuple(problems)


class ExpectationError(RefusedError):
    """A query's `expect` didn't hold."""


class DataError(DeskhandError):
    """Stored data can't be read as what it claims to be."""


class BusinessError(DeskhandError):
    """One row can't be done for a reason of the business; it becomes an exception and is never retried."""


class ApplicationError(DeskhandError):
    """Something outside failed and may work again; retried with backoff before it counts."""


class UnavailableError(ApplicationError):
    """A whole connection can't be used; the run stops as failed and can be resumed."""


class InDoubtError(DeskhandError):
    """An effect may or may not have happened and nothing can tell which."""

    exit_code = 5


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a plan.

    `code` is a stable word for tests and `--json` (`unknown-table`, `type-mismatch`, …), `path` the place in
    the plan (`("steps", 2, "email.send", "to")`), `where` the place in the file once that is known.
    """

    code: str
    message: str
    mend: str = ""
    path: tuple[str | int, ...] = ()
    where: Where = field(default_factory=Where)

    def to_json(self) -> dict[str, str | int | None]:
        """The problem as `--json` prints it; what isn't known of its place is null."""
        return {
            "code": self.code,
            "message": self.message,
            "mend": self.mend,
            "file": self.where.file,
            "line": self.where.line,
            "column": self.where.column,
            "step": self.where.step,
        }

    def __str__(self) -> str:
        place = str(self.where)
        text = f"{place}: {self.message}" if place else self.message
        return f"{text}\n  {self.mend}" if self.mend else text


class ProblemsError(RefusedError):
    """A plan that failed its check; `problems` holds all of them."""

    def __init__(self, problems: Sequence[Problem], *, what: str = "the plan") -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        noun = "problem" if count == 1 else "problems"
        super().__init__(f"{what} has {count} {noun}:\n" + "\n".join(str(p) for p in self.problems))
