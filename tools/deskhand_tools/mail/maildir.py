"""A Maildir with Maildir++ folders, as a Store.

The root is the inbox; `.Newsletters` beside its `cur` is the folder Newsletters, `.Clients.Acme` the folder
Clients/Acme. Folders that lack `cur`, `new` or `tmp` are read all the same and completed when written to.
Other mail programs may work in it at the same time: a mail is found by the part of its name before `:2,`,
which never changes, and looked for again whenever its flags have just been changed by somebody else.

Folder names beyond ASCII are read as UTF-8 and as IMAP's modified UTF-7; new ones are written as UTF-8, or in
modified UTF-7 where the mailbox already has such folders. This module refuses to overwrite a mail, to parse
one, and to take directories for folders that hold something else (`.git`).
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from deskhand.errors import BusinessError, UnavailableError
from deskhand.faults import fault

from deskhand_tools.mail.store import INBOX, Delivery, Entry, Flag, Folder, Gone, Role, reaching
from deskhand_tools.mail.utf7 import decode_utf7, encode_utf7

T = TypeVar("T")

_FLAGS: dict[str, Flag] = {
    "D": "draft",
    "F": "flagged",
    "P": "forwarded",
    "R": "answered",
    "S": "seen",
    "T": "trashed",
}
_LETTERS = {flag: letter for letter, flag in _FLAGS.items()}
_PARTS = ("cur", "new", "tmp")
_TRIES = 8


class MaildirStore:
    """The Maildir at `root`, which must exist."""

    def __init__(self, root: Path) -> None:
        self.root = root

    # ------------------------------------------------------------ folders

    def fingerprint(self) -> str:
        digest = hashlib.sha256()
        with reaching(f"the mailbox {self.root}"):
            for folder, directory in self._directories():
                digest.update(folder.name.encode("utf-8", "surrogateescape"))
                for part in ("cur", "new"):
                    place = directory / part
                    try:
                        names = sorted(_listing(place))
                        changed = place.stat().st_mtime_ns
                    except (FileNotFoundError, NotADirectoryError):
                        continue
                    text = f"\0{part}\0{changed}\0" + "\0".join(names)
                    digest.update(text.encode("utf-8", "surrogateescape"))
        return digest.hexdigest()

    def folders(self) -> list[Folder]:
        with reaching(f"the mailbox {self.root}"):
            return [folder for folder, _ in self._directories()]

    def folder(self, name: str) -> Folder | None:
        wanted = _folded(name)
        for folder in self.folders():
            if _folded(folder.name) == wanted:
                return folder
        # Several mail programs show every folder below the inbox.
        if wanted.startswith(INBOX + "/"):
            return self.folder(wanted.removeprefix(INBOX + "/"))
        return None

    def make_folder(self, name: str) -> Folder:
        folder = self.folder(name)
        if folder is None:
            clean = check_folder_name(name)
            directory = self.root / ("." + self._encoded(clean).replace("/", "."))
            folder = Folder(clean, _role(clean))
        else:
            directory = self._directory(folder.name)
        with reaching(f"the folder {folder.name} of the mailbox {self.root}"):
            self._present()
            self._complete(directory)
        return folder

    def _directories(self) -> list[tuple[Folder, Path]]:
        self._present()
        found = [(Folder(INBOX, "inbox"), self.root)]
        others = []
        with os.scandir(self.root) as entries:
            for entry in entries:
                if entry.name.startswith(".") and entry.is_dir() and _is_folder(Path(entry.path)):
                    name = _readable(entry.name[1:])
                    others.append((Folder(name, _role(name)), Path(entry.path)))
        others.sort(key=lambda pair: (pair[0].role != "sent", pair[0].name.casefold(), pair[0].name))
        return found + others

    def _directory(self, name: str) -> Path:
        for folder, directory in self._directories():
            if folder.name == name:
                return directory
        raise Gone(name)

    def _encoded(self, name: str) -> str:
        if name.isascii() and "&" not in name:
            return name
        others = [entry[1:] for entry in _listing(self.root) if entry.startswith(".") and "&" in entry]
        return encode_utf7(name) if any(decode_utf7(raw) not in (None, raw) for raw in others) else name

    def _present(self) -> None:
        if not self.root.is_dir():
            raise UnavailableError(
                f"the mailbox {self.root} isn't there any more",
                mend="Put the folder back or connect its drive, then resume the run.",
            )

    @staticmethod
    def _complete(directory: Path) -> None:
        made = not directory.is_dir()
        for part in _PARTS:
            (directory / part).mkdir(parents=True, exist_ok=True, mode=0o700)
        if made:
            (directory / "maildirfolder").touch()
            _sync(directory)
            _sync(directory.parent)

    # ------------------------------------------------------------ mails

    def list(self, folder: str) -> list[Entry]:
        entries = []
        with reaching(f"the folder {folder} of the mailbox {self.root}"):
            try:
                directory = self._directory(folder)
            except Gone:
                return []
            for part, found in _files(directory):
                uid, flags = _parse(found.name, part)
                try:
                    status = found.stat()
                except FileNotFoundError:  # renamed by another program while we list
                    continue
                stamp = f"{status.st_size}-{status.st_mtime_ns}"
                entries.append(Entry(folder, uid, flags, status.st_size, stamp))
        entries.sort(key=lambda e: natural(e.uid))
        unique = {entry.uid: entry for entry in entries}  # a mail seen in new and, a moment later, in cur
        return list(unique.values())

    def uids(self, folder: str) -> Sequence[str]:
        with reaching(f"the folder {folder} of the mailbox {self.root}"):
            try:
                directory = self._directory(folder)
            except Gone:
                return []
            return [_parse(found.name, part)[0] for part, found in _files(directory)]

    def fetch(self, entry: Entry) -> bytes:
        return self._with_file(entry.folder, entry.uid, lambda path: path.read_bytes())

    def append(self, deliveries: Sequence[Delivery]) -> None:
        staged: list[tuple[Path, Path]] = []
        with reaching(f"writing to the mailbox {self.root}"):
            try:
                for delivery in deliveries:
                    self._present()
                    directory = self._directory(delivery.folder)
                    self._complete(directory)
                    if self._path(directory, delivery.uid) is not None:
                        continue
                    part = "new" if delivery.new else "cur"
                    name = delivery.uid if delivery.new else _name(delivery.uid, delivery.flags)
                    temporary = directory / "tmp" / delivery.uid
                    staged.append((temporary, directory / part / name))
                    _write(temporary, delivery.content)
                while staged:
                    temporary, final = staged[0]
                    fault("before-commit")
                    temporary.rename(final)
                    fault("in-batch" if len(staged) > 1 else "after-commit")
                    # The next copy may only appear once this one is safe: its presence vouches for this one.
                    _sync(final.parent)
                    staged.pop(0)
            except BaseException:
                for temporary, _ in staged:
                    with contextlib.suppress(OSError):
                        temporary.unlink(missing_ok=True)
                raise

    def move(self, folder: str, uid: str, target: str, spare: str) -> str:
        with reaching(f"moving a mail in the mailbox {self.root}"):
            directory = self._directory(target)
            self._complete(directory)
            name = spare if self._path(directory, uid) is not None else uid

            def rename(path: Path) -> str:
                final = directory / path.parent.name / (name + _suffix(path.name))
                fault("before-commit")
                path.rename(final)
                fault("in-batch")
                _sync(final.parent)
                _sync(path.parent)
                return name

            return self._with_file(folder, uid, rename)

    def remove(self, folder: str, uid: str) -> None:
        def unlink(path: Path) -> None:
            fault("before-commit")
            path.unlink()
            fault("in-batch")
            _sync(path.parent)

        self._with_file(folder, uid, unlink)

    def flag(self, folder: str, uid: str, add: frozenset[Flag], drop: frozenset[Flag]) -> None:
        def rename(path: Path) -> None:
            _, flags = _parse(path.name, path.parent.name)
            wanted = (flags | add) - drop
            if wanted == flags:
                return
            directory = path.parent.parent
            self._complete(directory)
            unknown = "".join(c for c in _suffix(path.name)[3:] if c not in _FLAGS)
            final = directory / "cur" / _name(uid, wanted, unknown)
            fault("before-commit")
            path.rename(final)
            fault("in-batch")
            _sync(final.parent)
            if path.parent != final.parent:
                _sync(path.parent)

        self._with_file(folder, uid, rename)

    def _with_file(self, folder: str, uid: str, act: Callable[[Path], T]) -> T:
        """Act on a mail's file; where another program renames it under our hands, look again."""
        with reaching(f"the folder {folder} of the mailbox {self.root}"):
            for _ in range(_TRIES):
                path = self._path(self._directory(folder), uid)
                if path is None:
                    raise Gone(uid)
                try:
                    return act(path)
                except FileNotFoundError:
                    continue
        raise Gone(uid)

    @staticmethod
    def _path(directory: Path, uid: str) -> Path | None:
        for likely in (f"cur/{uid}:2,S", f"cur/{uid}:2,", f"new/{uid}"):
            path = directory / likely
            if path.is_file():
                return path
        # Twice, since a mail may go from new to cur between the two listings.
        for _ in range(2):
            for part, entry in _files(directory):
                if entry.name == uid or (entry.name.startswith(uid) and _parse(entry.name, part)[0] == uid):
                    return Path(entry.path)
        return None


# ---------------------------------------------------------------- names


def check_folder_name(name: str) -> str:
    """A folder's name as it will stand, parts split by `/`; BusinessError where it can't be one."""
    parts = [part.strip() for part in re.split(r"[/.]", name.strip())]
    while parts and not parts[0]:
        parts.pop(0)
    while parts and not parts[-1]:
        parts.pop()
    mend = "Give a name like `Invoices` or `Clients/Acme`."
    if not parts:
        raise BusinessError("the folder's name is empty", mend=mend)
    if not all(parts) or any(not c.isprintable() for part in parts for c in part):
        raise BusinessError(f"{name!r} can't be a folder's name", mend=mend)
    clean = "/".join(parts)
    if len(encode_utf7(clean).encode()) > 200 or len(clean.encode()) > 200:
        raise BusinessError(f"the folder's name {clean[:40]!r}… is too long", mend=mend)
    return clean


def natural(text: str) -> tuple[tuple[int, int | str], ...]:
    """A sort key under which `9.x` comes before `10.x`: Maildir names begin with the time of arrival."""
    return tuple(
        (0, int(part)) if part.isdecimal() and part.isascii() else (1, part)
        for part in re.split(r"([0-9]{1,300})", text)
        if part
    )


def _folded(name: str) -> str:
    return re.sub(r"[/.]+", "/", name.strip()).strip("/").casefold()


def _readable(raw: str) -> str:
    clean = raw.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return (decode_utf7(clean) or clean).replace(".", "/")


def _role(name: str) -> Role:
    folded = name.casefold()
    return "sent" if folded == "sent" else "trash" if folded == "trash" else "other"


def _listing(directory: Path) -> list[str]:
    with os.scandir(directory) as entries:
        return [entry.name for entry in entries]


def _is_folder(directory: Path) -> bool:
    try:
        names = _listing(directory)
    except OSError:
        return False
    return not names or any(name in names for name in (*_PARTS, "maildirfolder"))


def _files(directory: Path) -> Iterator[tuple[str, os.DirEntry[str]]]:
    for part in ("new", "cur"):
        try:
            entries = os.scandir(directory / part)
        except (FileNotFoundError, NotADirectoryError):
            continue
        with entries:
            for entry in entries:
                if not entry.name.startswith(".") and entry.is_file():
                    yield part, entry


def _suffix(name: str) -> str:
    place = name.rfind(":2,")
    return name[place:] if place > 0 else ""


def _parse(name: str, part: str) -> tuple[str, frozenset[Flag]]:
    suffix = _suffix(name)
    uid = name[: len(name) - len(suffix)] if suffix else name
    # Mail in `new` has been seen by nobody, whatever letters a program left there.
    letters = suffix[3:] if part == "cur" else suffix[3:].replace("S", "")
    return uid, frozenset(_FLAGS[c] for c in letters if c in _FLAGS)


def _name(uid: str, flags: frozenset[Flag], others: str = "") -> str:
    return f"{uid}:2," + "".join(sorted([*(_LETTERS[f] for f in flags), *others]))


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(directory: Path) -> None:
    try:
        handle = os.open(directory, os.O_RDONLY)
    except OSError as error:
        if error.errno == errno.EACCES:
            return
        raise
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # file systems that can't sync a directory
            raise
    finally:
        os.close(handle)
