"""Names of tables and files in the folder of a spreadsheet connection, and the paths they may mean.

A table is named as in queries: `budget.xlsx` (its first sheet), `budget.xlsx/2026` (a named sheet),
`archive/bank.csv` (a file in a subfolder). Lookup ignores case. Acts may also write the name as a query does,
`files."budget.xlsx/2026"`.

This module refuses every path that leaves the folder: absolute ones, `..`, drives, and links that point out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from deskhand.errors import BusinessError, Problem

READABLE = (".csv", ".tsv", ".xlsx", ".xlsm")
WORKBOOKS = (".xlsx", ".xlsm")
WRITABLE = (".csv", ".xlsx")
_RESERVED = re.compile(r"(con|prn|aux|nul|com[1-9]|lpt[1-9])(\..*)?", re.IGNORECASE)
_QUALIFIED = re.compile(r'([^\W\d][\w-]*)\.("?)(.+)', re.DOTALL)
_SHEET_BAD = re.compile(r"[\[\]:*?/\\\x00-\x1f]")


def spellings(name: str) -> list[str]:
    """The table names that a text in an act may mean, likeliest first.

    `files."a.xlsx"` means `a.xlsx`; `files.a.xlsx` may be the file of that name or `a.xlsx` in `files`.
    """
    text = name.strip()
    found = [text]
    if len(text) > 2 and text[0] == text[-1] == '"':
        found.append(text[1:-1].replace('""', '"'))
    match = _QUALIFIED.fullmatch(text)
    if match is not None:
        rest = match[3]
        if match[2] and rest.endswith('"'):
            found.append(rest[:-1].replace('""', '"'))
        elif not match[2]:
            found.append(rest)
    return found


def path_problem(text: str) -> tuple[str, str] | None:
    """Why a relative path can't be used, and what to do; None where it is sound.

    Looks at the text only; `inside` also follows links.
    """
    mend = "Give a path below the files' folder, such as reports/list.xlsx."
    if not text.strip():
        return "the file has no name", mend
    if any(ord(c) < 32 for c in text):
        return f"the file name {text!r} holds a control character", mend
    if re.match(r"[A-Za-z]:", text) or text.startswith(("/", "\\", "~")):
        return f"{text} is an absolute path", mend
    if "\\" in text:
        return f"{text} holds a backslash", "Write folders with /: reports/list.xlsx."
    parts = text.split("/")
    if ".." in parts:
        return f"{text} leaves the files' folder", mend
    for part in parts:
        if part in ("", "."):
            return f"{text} holds an empty folder name", mend
        if _RESERVED.fullmatch(part):
            return f"{part} is a name that Windows reserves", "Choose another file name."
        if part[-1] in " ." or part[0] == " ":
            return f"{part!r} begins or ends with a blank or a dot", "Choose another file name."
        if any(c in part for c in '<>:"|?*'):
            return f'{part} holds one of < > : " | ? *', "Choose another file name."
        if part.startswith((".", "~$")):
            return f"{part} would be a hidden file, which is not a table", "Choose another file name."
        if len(part.encode("utf-8", "surrogatepass")) > 240:
            return f"{part[:40]}… is longer than a file name may be", "Choose a shorter file name."
    return None


def output_problem(text: str) -> tuple[str, str] | None:
    """As `path_problem`, for a file to be written: its ending must be .xlsx or .csv too."""
    found = path_problem(text)
    if found is not None:
        return found
    if not text.lower().endswith(WRITABLE):
        return (
            f"{text} is neither an .xlsx nor a .csv file by its name",
            "End the name in .xlsx or .csv.",
        )
    return None


def sheet_problem(name: str) -> tuple[str, str] | None:
    """Why no workbook may have a sheet of that name, and what to do; None where it may."""
    if not name.strip():
        return "the sheet has no name", "Name it, or leave `sheet` out."
    if len(name) > 31:
        return f"the sheet name {name!r} is longer than 31 characters", "Choose a shorter name."
    if _SHEET_BAD.search(name):
        return f"the sheet name {name!r} holds one of [ ] : * ? / \\", "Choose another name."
    if name[0] == "'" or name[-1] == "'":
        return f"the sheet name {name!r} begins or ends with an apostrophe", "Choose another name."
    if name.casefold() == "history":
        return "History is a sheet name that Excel reserves", "Choose another name."
    return None


def inside(folder: Path, text: str) -> Path:
    """The path of a file in the folder, existing or not; an existing one in its own case.

    Raises BusinessError where the text isn't a sound path or a link on the way leaves the folder.
    """
    found = path_problem(text)
    if found is not None:
        raise BusinessError(found[0], mend=found[1])
    path = folder
    for part in text.split("/"):
        path = _same_name(path, part)
    blocked = next((p for p in path.parents if p.exists() and not p.is_dir()), None)
    if blocked is not None:
        raise BusinessError(
            f"{blocked.name} is a file, so nothing can lie in it", mend="Choose another folder in the name."
        )
    root = folder.resolve()
    if not path.resolve().is_relative_to(root):
        raise BusinessError(
            f"{text} leaves the files' folder through a link",
            mend="Write to a folder that really lies below the files' folder.",
        )
    return path


def _same_name(folder: Path, part: str) -> Path:
    exact = folder / part
    if exact.exists() or not folder.is_dir():
        return exact
    folded = part.casefold()
    for entry in sorted(folder.iterdir()):
        if entry.name.casefold() == folded:
            return entry
    return exact


def nearest(name: str, candidates: Iterable[str], count: int = 3) -> list[str]:
    """The candidates that are spelt most like the name, best first; none where nothing is near."""
    from rapidfuzz import fuzz, process

    choices = list(dict.fromkeys(candidates))
    hits = process.extract(
        name.casefold(), [c.casefold() for c in choices], scorer=fuzz.WRatio, limit=count, score_cutoff=60
    )
    return [choices[index] for _, _, index in hits]


def did_you_mean(name: str, candidates: Sequence[str]) -> str:
    """A mend that names the nearest candidates, or lists a few where none is near."""
    near = nearest(name, candidates)
    if near:
        return "Did you mean " + " or ".join(near) + "?"
    if candidates:
        more = " …" if len(candidates) > 8 else ""
        return "There are: " + ", ".join(candidates[:8]) + (more or ".")
    return "There are none."


def problem(code: str, found: tuple[str, str], *path: str | int) -> Problem:
    """A Problem of (message, mend) at a parameter."""
    return Problem(code, found[0], found[1], tuple(path))
