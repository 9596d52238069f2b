"""email.save_attachments: attached files, saved below the files' folder.

A file that is there already is never overwritten: with the same content nothing needs doing, with another one
the row is an exception. This module refuses names that lead out of the folder.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from deskhand.contract import (
    Call,
    Change,
    Effect,
    FilePath,
    Item,
    Json,
    Params,
    Receipt,
    ResultColumn,
    Table,
    Verdict,
)
from deskhand.errors import BusinessError, Problem
from deskhand.faults import fault

from deskhand_tools.mail.compose import key_digest
from deskhand_tools.mail.message import Attachment
from deskhand_tools.mail.office import MailOperation, id_problems
from deskhand_tools.mail.store import reaching

_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)


class SaveParams(Params):
    """to_folder: below the files' folder, made where missing; empty is the files' folder itself."""

    to_folder: FilePath = ""


class SaveAttachments(MailOperation):
    """Save attached files."""

    name = "email.save_attachments"
    summary = "Save the attachments of each row's mail, or the one that its column `name` names"
    Params = SaveParams
    effect = Effect.WRITE
    batch = 200

    @classmethod
    def problems(cls, params: Any, columns: Sequence[ResultColumn] | None) -> Iterator[Problem]:
        yield from id_problems(cls.name, columns)
        column = next((c for c in columns or () if c.name.casefold() == "name"), None)
        if column is not None and column.type.upper() not in ("VARCHAR", "NULL", '"NULL"'):
            yield Problem(
                "wrong-type",
                f"{cls.name} takes the name of an attachment, a text, and the column name is {column.type}",
                "Select it under another name.",
                ("rows",),
            )

    @classmethod
    def produces(cls, params: Any, columns: Sequence[ResultColumn] | None) -> Sequence[tuple[str, Table]]:
        """Any file in the folder may come to be: the name is a pattern, the columns are open."""
        folder = _clean_folder(params.to_folder)
        pattern = f"{folder}/*" if folder else "*"
        return [("spreadsheet", Table(pattern, (), open=True, note="attachments saved by an earlier act"))]

    def changes(self) -> Callable[[Call], Change]:
        search = self.office.finder.search()
        planned: dict[str, str] = {}

        def change(call: Call) -> Change:
            params = call.params
            assert isinstance(params, SaveParams)
            folder = self._folder(params.to_folder)
            found = search.find(call, take=False, anywhere=True)
            mail = self.office.mailbox.mail(found.entry)
            if mail is None:
                raise BusinessError("the mail has been moved or deleted meanwhile", mend="Run again.")
            files: list[dict[str, Json]] = []
            fresh: dict[str, str] = {}
            for index, attachment in _wanted(mail.attachments(), call, found.head.subject):
                name = safe_name(attachment.name)
                digest = hashlib.sha256(attachment.content).hexdigest()
                path = folder / name
                shown = f"{_clean_folder(params.to_folder)}/{name}".lstrip("/")
                key = str(path).casefold()
                standing = fresh.get(key) or planned.get(key) or _digest(path)
                if standing == digest:
                    continue
                if standing is not None:
                    raise BusinessError(
                        f"{shown} is there already with another content, and files are never overwritten",
                        mend="Save to another folder, or move that file away.",
                    )
                fresh[key] = digest
                files.append({"index": index, "name": name, "digest": digest, "size": len(attachment.content)})
            planned.update(fresh)
            if not files:
                return Change("unchanged", about=found.about)
            names = ", ".join(str(f["name"]) for f in files)
            return Change(
                "change",
                about=f"save {names} from {found.about}",
                before={str(f["name"]): None for f in files},
                after={str(f["name"]): f"{f['size']} bytes" for f in files},
                preview={
                    "to_folder": params.to_folder,
                    "files": [{"name": f["name"], "size": f["size"]} for f in files],
                },
                data={
                    "id": found.head.id,
                    "folder": found.entry.folder,
                    "uid": found.entry.uid,
                    "to": _clean_folder(params.to_folder),
                    "files": cast(Json, files),
                },
            )

        return change

    def apply(self, items: Sequence[Item]) -> list[Receipt | BusinessError]:
        results: list[Receipt | BusinessError] = []
        for item in items:
            try:
                results.append(self._save(item))
            except BusinessError as error:
                results.append(error)
        return results

    def _save(self, item: Item) -> Receipt:
        data = item.change.data
        mail = self.office.mailbox.read(str(data["folder"]), str(data["uid"]))
        if mail is None:  # moved by another program: the same mail will do from wherever it lies
            folders = [f.name for f in self.office.store.folders()]
            entry = next(iter(self.office.mailbox.find(folders, str(data["id"]))), None)
            mail = self.office.mailbox.mail(entry) if entry else None
        if mail is None:
            raise BusinessError("the mail has been moved or deleted meanwhile", mend="Run again.")
        attachments = mail.attachments()
        folder = self._folder(str(data["to"]))
        saved: list[Json] = []
        for file in _files(item):
            index, name, digest = int(file["index"]), str(file["name"]), str(file["digest"])
            content = attachments[index].content if index < len(attachments) else b""
            if hashlib.sha256(content).hexdigest() != digest:
                raise BusinessError(f"the attachment {name} isn't the one that was looked at", mend="Run again.")
            save_new(folder / name, content, key_digest(item.key)[:12], name)
            saved.append(f"{data['to']}/{name}".lstrip("/"))
        return {"files": saved}

    def verify(self, items: Sequence[Item]) -> list[Verdict]:
        verdicts = []
        for item in items:
            folder = self._folder(str(item.change.data["to"]))
            done = all(_digest(folder / str(f["name"])) == f["digest"] for f in _files(item))
            verdicts.append(Verdict.CONFIRMED if done else Verdict.ABSENT)
        return verdicts

    def _folder(self, text: str) -> Path:
        clean = _clean_folder(text)
        if clean:
            folder = self.office.path(clean)
            if folder.exists() and not folder.is_dir():
                raise BusinessError(f"{clean} is a file, not a folder", mend="Name another folder.")
            return folder
        self.office.path("x")  # says where there is no files' folder at all
        assert self.office.context.files is not None
        return self.office.context.files


def _files(item: Item) -> list[dict[str, Any]]:
    return cast(list[dict[str, Any]], item.change.data["files"])


def _clean_folder(text: str) -> str:
    clean = text.strip().rstrip("/")
    while clean.startswith("./"):
        clean = clean[2:]
    return "" if clean == "." else clean


def _wanted(attachments: Sequence[Attachment], call: Call, subject: str) -> Iterator[tuple[int, Attachment]]:
    if not attachments:
        raise BusinessError(f"the mail {subject!r} has no attachments")
    row = {name.casefold(): value for name, value in (call.row or {}).items()}
    if "name" not in row:
        yield from enumerate(attachments)
        return
    name = str(row["name"]).strip() if row["name"] is not None else ""
    if not name:
        raise BusinessError("the name of the attachment is empty")
    folded = name.casefold()
    exact = [(i, a) for i, a in enumerate(attachments) if a.name == name]
    found = exact or [(i, a) for i, a in enumerate(attachments) if a.name.casefold() == folded]
    if not found:
        there = ", ".join(a.name for a in attachments)
        raise BusinessError(f"the mail {subject!r} has no attachment {name}; it has {there}")
    yield from found


def safe_name(name: str) -> str:
    """A file name without folders, control characters or what file systems keep for themselves."""
    clean = re.sub(r'[\x00-\x1f\x7f<>:"|?*]', "_", re.split(r"[/\\]", name)[-1]).strip().rstrip(". ").lstrip(".")
    clean = clean.encode("utf-8", "replace").decode("utf-8") or "attachment"
    if _RESERVED.fullmatch(clean):
        clean = "_" + clean
    stem, dot, ending = clean.rpartition(".")
    while len(clean.encode()) > 200:
        stem = (stem if dot else clean)[:-1]
        clean = f"{stem}{dot}{ending}" if dot and len(ending) < 20 else (stem or clean[:-1])
        dot = dot if len(ending) < 20 else ""
    return clean


def _digest(path: Path) -> str | None:
    """The digest of a file's content; None where there is no file."""
    with reaching(f"reading {path.name}"):
        try:
            return hashlib.sha256(path.read_bytes()).hexdigest()
        except FileNotFoundError:
            return None
        except IsADirectoryError:
            return "a folder"


def save_new(path: Path, content: bytes, mark: str, shown: str) -> None:
    """Make a file with this content, whole or not at all; BusinessError where another one stands there.

    `mark` makes the temporary file's name; the same one again cleans up what a crash has left.
    """
    with reaching(f"saving {shown}"):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".deskhand-{mark}-{hashlib.sha256(path.name.encode()).hexdigest()[:8]}")
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            try:
                fault("before-commit")
                _link(temporary, path)
                fault("in-batch")
            except FileExistsError:
                if _digest(path) != hashlib.sha256(content).hexdigest():
                    raise BusinessError(
                        f"{shown} is there already with another content, and files are never overwritten",
                        mend="Save to another folder, or move that file away.",
                    ) from None
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
        handle = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _link(temporary: Path, path: Path) -> None:
    try:
        os.link(temporary, path)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.EXDEV):
            raise
        if path.exists():  # a file system without links
            raise FileExistsError(path) from error
        temporary.rename(path)
