"""email.move, email.copy, email.delete, email.mark.

A mail keeps its name when it is moved, so that it is found again whatever another mail program does to its
flags meanwhile. This module refuses to overwrite a mail and to act on one that has gone.
"""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar, Literal, cast

from deskhand.contract import (
    Call,
    Change,
    Effect,
    Item,
    Json,
    Params,
    Receipt,
    ResultColumn,
    Table,
    Text,
    Verdict,
)
from deskhand.errors import BusinessError, Problem
from pydantic import Field

from deskhand_tools.mail.compose import key_digest
from deskhand_tools.mail.finding import Found, Search
from deskhand_tools.mail.maildir import check_folder_name
from deskhand_tools.mail.message import bare_id
from deskhand_tools.mail.office import MailOperation, id_problems, is_template
from deskhand_tools.mail.store import Delivery, Flag, Gone
from deskhand_tools.mail.tables import folder_table


class FolderParams(Params):
    """folder: by its name, made where missing; `Clients/Acme` is a folder in a folder."""

    folder: Text


class DeleteParams(Params):
    """Takes nothing."""


class MarkParams(Params):
    """as: what the mails are to be."""

    as_: Literal["read", "unread", "flagged", "unflagged"] = Field(alias="as")


class _Filing(MailOperation):
    """What the four have in common: the mail is found once, and again by its name."""

    batch = 200

    @classmethod
    def problems(cls, params: Any, columns: Sequence[ResultColumn] | None) -> Iterator[Problem]:
        yield from id_problems(cls.name, columns)
        if isinstance(params, FolderParams) and not is_template(params.folder):
            try:
                check_folder_name(params.folder)
            except BusinessError as error:
                yield Problem("bad-name", error.message, error.mend, ("folder",))

    @classmethod
    def produces(cls, params: Any, columns: Sequence[ResultColumn] | None) -> Sequence[tuple[str, Table]]:
        """The folder, which is made where it is missing, so that later queries may read it."""
        return [("email", folder_table(params.folder))] if isinstance(params, FolderParams) else ()

    def apply(self, items: Sequence[Item]) -> list[Receipt | BusinessError]:
        results: list[Receipt | BusinessError] = []
        for item in items:
            try:
                results.append(self.do(item))
            except Gone:
                if self.done(item, self._there()):  # by an earlier try of the same batch
                    results.append({"id": item.change.data.get("id")})
                    continue
                what = item.change.data.get("id", "")
                results.append(BusinessError(f"the mail {what} has been moved or deleted meanwhile", mend="Run again."))
            except BusinessError as error:
                results.append(error)
        return results

    @abstractmethod
    def do(self, item: Item) -> Receipt:
        """Do one change. Raises Gone where the mail isn't there any more."""

    def verify(self, items: Sequence[Item]) -> list[Verdict]:
        there = self._there()
        return [Verdict.CONFIRMED if self.done(item, there) else Verdict.ABSENT for item in items]

    def _there(self) -> Callable[[str, str], bool]:
        """Whether a folder holds a mail of that name, each folder listed once."""
        uids: dict[str, set[str]] = {}

        def there(folder: str, uid: str) -> bool:
            if folder not in uids:
                uids[folder] = set(self.office.store.uids(folder))
            return uid in uids[folder]

        return there

    @abstractmethod
    def done(self, item: Item, there: Callable[[str, str], bool]) -> bool:
        """Whether a change is plain to see in the mailbox; `there` tells whether a folder holds a name."""

    def target(self, name: str) -> str:
        """The folder that a name means, whether or not it is there yet."""
        folder = self.office.mailbox.folder(name)
        return folder.name if folder else check_folder_name(name)

    def same(self, folder: str, uid: str, item: Item) -> bool:
        """Whether a mail there is the one that the change was about."""
        mail = self.office.mailbox.read(folder, uid)
        return mail is not None and hashlib.sha256(mail.raw).hexdigest() == item.change.data.get("digest")

    def data(self, found: Found, **more: Json) -> dict[str, Json]:
        """What apply and verify need to know of a mail."""
        mail = self.office.mailbox.mail(found.entry)
        if mail is None:
            raise BusinessError("the mail has been moved or deleted meanwhile", mend="Run again.")
        return {
            "id": found.head.id,
            "folder": found.entry.folder,
            "uid": found.entry.uid,
            "digest": hashlib.sha256(mail.raw).hexdigest(),
            **more,
        }


def _text(item: Item, name: str) -> str:
    return cast(str, item.change.data[name])


def _spare(item: Item) -> str:
    """The name for a mail where its own is taken by another one."""
    return f"{_text(item, 'uid')}.{key_digest(item.key)[:12]}"


class _Leaving(_Filing):
    """Operations after which the mail has left its folder."""

    def leave(self, item: Item, target: str) -> Receipt:
        office = self.office
        folder, uid = _text(item, "folder"), _text(item, "uid")
        if uid not in office.store.uids(folder):
            raise Gone(uid)  # before a folder is made for nothing
        office.store.make_folder(target)
        spare = _spare(item)
        office.finder.trail.note(folder, bare_id(_text(item, "id")), target, [uid, spare])
        name = office.store.move(folder, uid, target, spare)
        return {"folder": target, "uid": name}

    def left(self, item: Item, target: str, there: Callable[[str, str], bool]) -> bool:
        folder, uid = _text(item, "folder"), _text(item, "uid")
        if there(folder, uid):
            return False
        return any(there(target, name) and self.same(target, name, item) for name in (_spare(item), uid))

    def already(self, call: Call, search: Search, target: str | None, error: BusinessError) -> Change:
        """A mail that isn't where it was read, but where it should go, needs nothing done."""
        if target is None:
            raise error
        there = search.within(target, search.id_of(call))
        if there is None:
            raise error
        return Change("unchanged", about=Found(*there).about)


class Move(_Leaving):
    """Put mails into a folder."""

    name = "email.move"
    summary = "Move each row's mail into a folder, which is made where missing"
    Params = FolderParams
    effect = Effect.REVERSIBLE

    def changes(self) -> Callable[[Call], Change]:
        search = self.office.finder.search(self.calls)
        planned: dict[tuple[str, str], str] = {}

        def change(call: Call) -> Change:
            params = call.params
            assert isinstance(params, FolderParams)
            target = self.target(params.folder)
            try:
                found = search.find(call, take=True, anywhere=False)
            except BusinessError as error:
                return self.already(call, search, target, error)
            place = (found.entry.folder, found.entry.uid)
            if found.repeated and place in planned:
                if planned[place] == target:
                    return Change("unchanged", about=found.about)
                raise BusinessError(f"an earlier row moves the same mail to {planned[place]}")
            planned[place] = target
            if found.entry.folder == target:
                return Change("unchanged", about=found.about)
            return Change(
                "change",
                about=found.about,
                before={"folder": found.entry.folder},
                after={"folder": target},
                data=self.data(found, target=target),
            )

        return change

    def do(self, item: Item) -> Receipt:
        return self.leave(item, _text(item, "target"))

    def done(self, item: Item, there: Callable[[str, str], bool]) -> bool:
        return self.left(item, _text(item, "target"), there)


class Delete(_Leaving):
    """Throw mails away."""

    name = "email.delete"
    summary = "Move each row's mail to Trash; where there is no Trash, or it lies there already, delete it"
    Params = DeleteParams
    effect = Effect.IRREVERSIBLE

    def changes(self) -> Callable[[Call], Change]:
        search = self.office.finder.search(self.calls)
        bin = self.office.mailbox.role("trash")
        trash = bin.name if bin else None

        def change(call: Call) -> Change:
            try:
                found = search.find(call, take=True, anywhere=False)
            except BusinessError as error:
                return self.already(call, search, trash, error)
            if found.repeated or (found.followed and found.entry.folder == trash):
                return Change("unchanged", about=found.about)
            target = None if found.entry.folder == trash else trash
            return Change(
                "change",
                about=found.about,
                before={"folder": found.entry.folder},
                after={"folder": target},
                data=self.data(found, target=target),
            )

        return change

    def do(self, item: Item) -> Receipt:
        target = item.change.data["target"]
        if target is not None:
            return self.leave(item, str(target))
        self.office.store.remove(_text(item, "folder"), _text(item, "uid"))
        return {"folder": None}

    def done(self, item: Item, there: Callable[[str, str], bool]) -> bool:
        target = item.change.data["target"]
        if target is not None:
            return self.left(item, str(target), there)
        # One that lies in another folder now was moved by somebody else, not deleted by us.
        return not any(there(folder.name, _text(item, "uid")) for folder in self.office.store.folders())


class Copy(_Filing):
    """Put copies of mails into a folder."""

    name = "email.copy"
    summary = "Copy each row's mail into a folder, which is made where missing"
    Params = FolderParams
    effect = Effect.REVERSIBLE

    def changes(self) -> Callable[[Call], Change]:
        search = self.office.finder.search(self.calls)
        planned: set[tuple[str, str]] = set()

        def change(call: Call) -> Change:
            params = call.params
            assert isinstance(params, FolderParams)
            found = search.find(call, take=False, anywhere=True)
            target = self.target(params.folder)
            if (target, found.head.id) in planned or search.within(target, found.head.id):
                return Change("unchanged", about=found.about)
            planned.add((target, found.head.id))
            return Change(
                "change",
                about=found.about,
                before={"copy": None},
                after={"copy": target},
                data=self.data(found, target=target),
            )

        return change

    def do(self, item: Item) -> Receipt:
        office = self.office
        folder, uid, target = _text(item, "folder"), _text(item, "uid"), _text(item, "target")
        entry = office.mailbox.entry(folder, uid)
        if entry is None:
            raise Gone(uid)
        name = _spare(item)
        content = office.store.fetch(entry)
        office.store.make_folder(target)
        new = "seen" not in entry.flags and not entry.flags
        office.store.append([Delivery(target, name, content, entry.flags, new=new)])
        return {"folder": target, "uid": name}

    def done(self, item: Item, there: Callable[[str, str], bool]) -> bool:
        target, name = _text(item, "target"), _spare(item)
        return there(target, name) and self.same(target, name, item)


_MARKS: dict[str, tuple[frozenset[Flag], frozenset[Flag]]] = {
    "read": (frozenset({"seen"}), frozenset()),
    "unread": (frozenset(), frozenset({"seen"})),
    "flagged": (frozenset({"flagged"}), frozenset()),
    "unflagged": (frozenset(), frozenset({"flagged"})),
}


class Mark(_Filing):
    """Set or take away a mark."""

    name = "email.mark"
    summary = "Mark each row's mail as read, unread, flagged or unflagged"
    Params = MarkParams
    effect: ClassVar[Effect] = Effect.REVERSIBLE

    def changes(self) -> Callable[[Call], Change]:
        search = self.office.finder.search(self.calls)

        def change(call: Call) -> Change:
            params = call.params
            assert isinstance(params, MarkParams)
            found = search.find(call, take=True, anywhere=True)
            add, drop = _MARKS[params.as_]
            flags = found.entry.flags
            if found.repeated or (flags | add) - drop == flags:
                return Change("unchanged", about=found.about)
            column = "unread" if params.as_.endswith("read") else "flagged"
            new = params.as_ in ("unread", "flagged")
            return Change(
                "change",
                about=found.about,
                before={column: str(not new).lower()},
                after={column: str(new).lower()},
                data=self.data(found, **{"as": params.as_, "flags": cast(Json, sorted(flags))}),
            )

        return change

    def do(self, item: Item) -> Receipt:
        add, drop = _MARKS[_text(item, "as")]
        self.office.store.flag(_text(item, "folder"), _text(item, "uid"), add, drop)
        return {"folder": _text(item, "folder"), "as": _text(item, "as")}

    def done(self, item: Item, there: Callable[[str, str], bool]) -> bool:
        return False  # a mail that is gone can't be told to be marked

    def verify(self, items: Sequence[Item]) -> list[Verdict]:
        listed: dict[str, dict[str, frozenset[Flag]]] = {}
        verdicts = []
        for item in items:
            folder = _text(item, "folder")
            if folder not in listed:
                listed[folder] = {e.uid: e.flags for e in self.office.store.list(folder)}
            flags = listed[folder].get(_text(item, "uid"))
            add, drop = _MARKS[_text(item, "as")]
            done = flags is not None and (flags | add) - drop == flags
            verdicts.append(Verdict.CONFIRMED if done else Verdict.ABSENT)
        return verdicts
