"""Files in a plan: paths that stay in the files' folder, files that a mail attaches, files that acts make.

A path is known when its template depends on nothing but inputs and the day; else only its form is. This module
refuses to open a file; it only looks whether one is there.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from deskhand.acts import marked
from deskhand.contract import Effect, Operation, Params, Value
from deskhand.errors import Problem, RefusedError
from deskhand.nearest import suggest
from deskhand.template import Scope, TemplateError, is_template, render
from deskhand.template_check import names_in

if TYPE_CHECKING:
    from deskhand.check import Checker
    from deskhand.shapes import Shapes

_CODE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_MEND = "Give a path below the files' folder, such as reports/list.xlsx."


@dataclass
class Made:
    """The files that the acts up to here make: paths (folded), and forms of paths that only the run knows."""

    files: dict[str, str] = field(default_factory=dict)
    templates: set[str] = field(default_factory=set)
    forms: list[re.Pattern[str]] = field(default_factory=list)


def known_text(text: str, now: dt.datetime, values: Mapping[str, Value], shapes: Shapes) -> str | None:
    """The text as it will be rendered, where it depends on inputs and the day alone; None where on more."""
    if not is_template(text):
        return text
    names = names_in(text)
    if not names <= {"today", "now", "inputs"} or any(shapes.has_step(name) for name in names):
        return None
    try:
        return render(text, Scope(now=now, inputs=values))
    except TemplateError:
        return None


def like(text: str) -> str:
    """The text with `*` in place of what will be rendered: the form of all that it may become."""
    return re.sub(r"\*+", "*", _CODE.sub("*", text))


def path_fault(text: str, known: str | None) -> Problem | None:
    """Why a path can't be used; `known` is the rendered path where that is known already."""
    shown = known if known is not None else like(text)
    if not shown.strip():
        return None  # whether a path may be empty is the operation's to say
    if shown.startswith(("/", "\\", "~")) or re.match(r"[A-Za-z]:", shown):
        return Problem("path", f"{text!r} is an absolute path", _MEND)
    if ".." in re.split(r"[/\\]", shown):
        return Problem("path", f"{text!r} leaves the files' folder", _MEND)
    if known is not None and any(ord(letter) < 32 for letter in known):
        return Problem("path", f"{text!r} holds a control character", _MEND)
    return None


def note_files(params: Params, operation: type[Operation], checker: Checker, shapes: Shapes) -> None:
    """Remember the files that an act writes. A mail's paths are read, not written."""
    if operation.effect is Effect.SEND:
        return
    for _, mark, text in marked(params):
        if mark.kind != "path":
            continue
        known = known_text(text, checker.now, checker.values, shapes)
        form = known if known is not None else like(text)
        checker.made.templates.add(_squeezed(text))
        if known is not None and Path(form).suffix:
            checker.made.files[_folded(form)] = form
        elif Path(form).suffix:
            checker.made.forms.append(_pattern(form))
        else:  # a folder: any file in it may come to be
            checker.made.forms.append(_pattern(f"{form}/*" if form else "*"))


def file_problems(text: str, checker: Checker, shapes: Shapes) -> list[Problem]:
    """What is wrong with a file that is to be attached: it isn't there, and no earlier act makes it."""
    if _squeezed(text) in checker.made.templates:
        return []
    known = known_text(text, checker.now, checker.values, shapes)
    if known is None:
        return []
    folded = _folded(known)
    if folded in checker.made.files or any(form.fullmatch(folded) for form in checker.made.forms):
        return []
    try:
        root = checker.catalog.workspace.files_root()
    except RefusedError as error:
        return [Problem("connection", f"the files' folder can't be used: {error.message}", error.mend)]
    if root is None:
        mend = 'Add a connection with `tool = "spreadsheet"` to agent.toml.'
        return [Problem("path", f"{text!r} is a file, and this workspace has no files' folder", mend)]
    there, names = _look(root, known)
    if there is not None and there.is_file():
        return []
    if there is not None:
        return [Problem("unknown-file", f"{known} is a folder", "Attach files, each by its path.")]
    later = checker.names.later_act_with(lambda value: _squeezed(value) == _squeezed(text))
    if later is not None:
        message = f"the file {known} isn't there yet: the act {later!r} below writes it"
        return [Problem("unknown-file", message, f"Move the act {later!r} up.")]
    mend = suggest(known, [*checker.made.files.values(), *names])
    return [
        Problem(
            "unknown-file",
            f"the file {known} isn't there, and no earlier act makes it",
            mend or "Write it in an earlier act, or correct its path (below the files' folder).",
        )
    ]


def _look(root: Path, text: str) -> tuple[Path | None, list[str]]:
    """The file of that path, ignoring case; else None, and the files in the last folder that is there."""
    here, before = root, ""
    for part in text.split("/"):
        try:
            entries = {entry.name.casefold(): entry for entry in here.iterdir()} if here.is_dir() else {}
        except OSError:
            entries = {}
        exact = here / part
        if exact.exists():
            here = exact
        elif part.casefold() in entries:
            here = entries[part.casefold()]
        else:
            return None, [f"{before}{e.name}" for e in list(entries.values())[:500] if e.is_file()]
        before += f"{here.name}/"
    return here, []


def _pattern(form: str) -> re.Pattern[str]:
    return re.compile(".+".join(re.escape(part) for part in _folded(form).split("*")))


def _folded(path: str) -> str:
    return re.sub(r"/+", "/", path.strip()).casefold()


def _squeezed(text: str) -> str:
    """A template without blanks that don't count, so that two ways of writing it are equal."""
    return _CODE.sub(lambda match: re.sub(r"\s+", "", match[0]), text.strip()).casefold()
