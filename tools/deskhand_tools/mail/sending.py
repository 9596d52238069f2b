"""email.send, email.reply, email.forward.

A mail is one file in Sent, and one in the inbox where the office writes to itself. Its Message-ID and its
files' names are made from the effect's key, so that after a crash the copies that are there are found and only
missing ones are added; the copy in Sent appears last. This module refuses bad addresses, missing attachments
and to send a mail twice.
"""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from deskhand.contract import (
    Call,
    Change,
    Effect,
    Item,
    Json,
    Params,
    Receipt,
    Recipients,
    ResultColumn,
    Text,
    Verdict,
)
from deskhand.errors import BusinessError, Problem

from deskhand_tools.mail.compose import (
    Draft,
    compose,
    forward_subject,
    forwarded,
    key_digest,
    message_id,
    quoted,
    reply_subject,
    thread,
)
from deskhand_tools.mail.enclosing import Attach, Files, attach_problems
from deskhand_tools.mail.finding import Search
from deskhand_tools.mail.headers import Address, one_line, parse_addresses
from deskhand_tools.mail.message import Mail
from deskhand_tools.mail.office import MailOperation, id_problems, is_template
from deskhand_tools.mail.store import INBOX, Delivery


class SendParams(Params):
    """to, cc, bcc, reply_to: addresses. attach: files, or steps as files. body may be empty."""

    to: Recipients
    cc: Recipients = ()
    bcc: Recipients = ()
    reply_to: Recipients = ()
    subject: Text
    body: Text = ""
    format: Literal["text", "html"] = "text"
    attach: Attach = ()

    def html_texts(self) -> frozenset[str]:
        return frozenset({"body"}) if self.format == "html" else frozenset()


class ReplyParams(Params):
    """all: whether everybody who got the original gets the answer, too."""

    body: Text
    all: bool = False
    attach: Attach = ()


class ForwardParams(Params):
    """body stands above the original."""

    to: Recipients
    body: Text = ""
    attach: Attach = ()


@dataclass(frozen=True)
class _Made:
    """A draft, and what verify needs to know of it."""

    draft: Draft
    data: dict[str, Json]


class _Sending(MailOperation):
    """What send, reply and forward have in common."""

    effect = Effect.SEND
    batch = 1

    @abstractmethod
    def draft(self, call: Call, search: Search, files: Files) -> _Made:
        """The mail that a call asks for. Raises BusinessError where it can't be made."""

    def changes(self) -> Callable[[Call], Change]:
        search = self.office.finder.search()
        files = Files(self.office, final=False)

        def change(call: Call) -> Change:
            made = self.draft(call, search, files)
            draft = made.draft
            attached: list[Json] = [{"name": a.name, "size": len(a.content)} for a in draft.attachments]
            attached += [{"name": name, "size": None} for name in files.missing]
            preview: dict[str, Json] = {"from": str(draft.sender)}
            for heading, addresses in (
                ("to", draft.to),
                ("cc", draft.cc),
                ("bcc", draft.bcc),
                ("reply_to", draft.reply_to),
            ):
                if addresses:
                    preview[heading] = _shown(addresses)
            preview |= {"subject": draft.subject, "body": draft.body}
            if draft.html:
                preview["format"] = "html"
            if attached:
                preview["attachments"] = attached
            if files.missing:
                preview["note"] = "not there yet: " + ", ".join(files.missing)
            about = f"mail to {_shown(draft.to or draft.everyone)}: {draft.subject}"
            return Change("change", about=about, preview=preview, data=made.data)

        return change

    def apply(self, items: Sequence[Item]) -> list[Receipt | BusinessError]:
        results: list[Receipt | BusinessError] = []
        search = self.office.finder.search()
        for item in items:
            try:
                results.append(self._send(item, self.draft(item.call, search, Files(self.office, final=True)).draft))
            except BusinessError as error:
                results.append(error)
        return results

    def _send(self, item: Item, draft: Draft) -> Receipt:
        office = self.office
        id = message_id(item.key, office.address.address)
        digest = key_digest(item.key)
        sent = office.mailbox.role("sent") or office.store.make_folder("Sent")
        second, fraction = divmod(time.time_ns() // 1000, 1_000_000)
        uid = f"{second}.M{fraction:06d}K{digest}"
        deliveries = []
        if self._to_self(draft) and not self._in_inbox(digest, id):
            content = compose(draft, id, office.moment, with_bcc=False)
            deliveries.append(Delivery(INBOX, uid + "I.deskhand", content, new=True))
        if not self._in_sent(digest, id):
            content = compose(draft, id, office.moment, with_bcc=True)
            deliveries.append(Delivery(sent.name, uid + "S.deskhand", content, frozenset({"seen"})))
        office.store.append(deliveries)
        return {"message_id": id, "to": _shown(draft.to), "folder": sent.name}

    def verify(self, items: Sequence[Item]) -> list[Verdict]:
        verdicts = []
        for item in items:
            id = message_id(item.key, self.office.address.address)
            digest = key_digest(item.key)
            there = self._in_sent(digest, id)
            if there and item.change.data.get("self"):
                there = self._in_inbox(digest, id)
            verdicts.append(Verdict.CONFIRMED if there else Verdict.ABSENT)
        return verdicts

    def _to_self(self, draft: Draft) -> bool:
        return any(self.office.is_own(address) for address in draft.everyone)

    def _in_sent(self, digest: str, id: str) -> bool:
        sent = self.office.mailbox.role("sent")
        return sent is not None and self._holds([sent.name], f"K{digest}S", id)

    def _in_inbox(self, digest: str, id: str) -> bool:
        """Whether the copy to oneself was delivered: it may have been filed elsewhere since."""
        folders = [f.name for f in self.office.store.folders() if f.role != "sent"]
        return self._holds(folders, f"K{digest}I", id)

    def _holds(self, folders: Sequence[str], mark: str, id: str) -> bool:
        """Whether one of the folders has a mail with that Message-ID; the name only says where to look first."""
        mailbox = self.office.mailbox
        for folder in folders:
            for uid in mailbox.store.uids(folder):
                if mark in uid:
                    mail = mailbox.read(folder, uid)
                    if mail is not None and mail.id == id:
                        return True
        return any(mailbox.holds(folder, id) for folder in folders)


def _shown(addresses: Sequence[Address]) -> str:
    return ", ".join(str(address) for address in addresses)


def read_recipients(texts: Sequence[str], what: str, known: set[str], *, optional: bool = False) -> tuple[Address, ...]:
    """The addresses of rendered texts, those already `known` left out. Raises BusinessError."""
    found = []
    for text in texts:
        if not text.strip() and optional:
            continue
        addresses = parse_addresses(text)
        if not addresses:
            raise BusinessError(f"`{what}` is empty: there is no address to write to")
        for address in addresses:
            if address.same not in known:
                known.add(address.same)
                found.append(address)
    if not texts and not optional:
        raise BusinessError(f"`{what}` is empty: there is no address to write to")
    return tuple(found)


# ---------------------------------------------------------------- checks


def _address_problems(params: Any, *names: str) -> Iterator[Problem]:
    for name in names:
        texts: tuple[str, ...] = getattr(params, name)
        if name == "to" and not texts:
            yield Problem("bad-address", "`to` names nobody", "Give at least one address.", ("to",))
        for index, text in enumerate(texts):
            if is_template(text):
                continue
            try:
                empty = not parse_addresses(text)
            except BusinessError as error:
                yield Problem("bad-address", error.message, error.mend, (name, index))
                continue
            if empty:
                yield Problem("bad-address", f"`{name}` has an empty text", "Give an address.", (name, index))


# ---------------------------------------------------------------- the three operations


class Send(_Sending):
    """Write to somebody."""

    name = "email.send"
    summary = "Send a mail"
    Params = SendParams
    needs_rows: ClassVar[bool] = False

    @classmethod
    def problems(cls, params: Any, columns: Sequence[ResultColumn] | None) -> Iterator[Problem]:
        yield from _address_problems(params, "to", "cc", "bcc", "reply_to")
        yield from attach_problems(params.attach)

    def draft(self, call: Call, search: Search, files: Files) -> _Made:
        params = call.params
        assert isinstance(params, SendParams)
        known: set[str] = set()
        draft = Draft(
            sender=self.office.address,
            to=read_recipients(params.to, "to", known),
            cc=read_recipients(params.cc, "cc", known, optional=True),
            bcc=read_recipients(params.bcc, "bcc", known, optional=True),
            reply_to=read_recipients(params.reply_to, "reply_to", set(), optional=True),
            subject=one_line(params.subject),
            body=params.body,
            html=params.format == "html",
            attachments=files.of(params.attach, call),
        )
        return _Made(draft, {"self": self._to_self(draft)})


class Reply(_Sending):
    """Answer a mail."""

    name = "email.reply"
    summary = "Answer each row's mail; the original is quoted below"
    Params = ReplyParams

    @classmethod
    def problems(cls, params: Any, columns: Sequence[ResultColumn] | None) -> Iterator[Problem]:
        yield from id_problems(cls.name, columns)
        yield from attach_problems(params.attach)

    def draft(self, call: Call, search: Search, files: Files) -> _Made:
        params = call.params
        assert isinstance(params, ReplyParams)
        found = search.find(call, take=False, anywhere=True)
        mail = _original(self, found.entry)
        answer = _usable(mail.addresses("Reply-To")) or _usable(mail.addresses("From"))
        if not answer:
            raise BusinessError(f"the mail {mail.id} names no sender that could be answered")
        known = {a.same for a in answer}
        to = list(answer)
        cc: list[Address] = []
        if params.all:
            known.add(self.office.address.same)
            for wanted, header in ((to, "To"), (cc, "Cc")):
                for address in _usable(mail.addresses(header)):
                    if address.same not in known:
                        known.add(address.same)
                        wanted.append(address)
            others = [a for a in to if not self.office.is_own(a)]
            to = others or to
        in_reply_to, references = thread(mail)
        moment = self.office.tables.local(found.head.date)
        draft = Draft(
            sender=self.office.address,
            to=tuple(to),
            cc=tuple(cc),
            subject=reply_subject(found.head.subject),
            body=_above(params.body, quoted(mail, moment)),
            attachments=files.of(params.attach, call),
            in_reply_to=in_reply_to,
            references=references,
        )
        return _Made(draft, {"self": self._to_self(draft), "original": found.head.id})


class Forward(_Sending):
    """Pass a mail on."""

    name = "email.forward"
    summary = "Pass each row's mail on, with its attachments"
    Params = ForwardParams

    @classmethod
    def problems(cls, params: Any, columns: Sequence[ResultColumn] | None) -> Iterator[Problem]:
        yield from id_problems(cls.name, columns)
        yield from _address_problems(params, "to")
        yield from attach_problems(params.attach)

    def draft(self, call: Call, search: Search, files: Files) -> _Made:
        params = call.params
        assert isinstance(params, ForwardParams)
        to = read_recipients(params.to, "to", set())
        found = search.find(call, take=False, anywhere=True)
        mail = _original(self, found.entry)
        moment = self.office.tables.local(found.head.date)
        draft = Draft(
            sender=self.office.address,
            to=to,
            subject=forward_subject(found.head.subject),
            body=_above(params.body, forwarded(mail, moment)),
            attachments=(*mail.attachments(), *files.of(params.attach, call)),
            references=thread(mail)[1],
        )
        return _Made(draft, {"self": self._to_self(draft), "original": found.head.id})


def _original(operation: _Sending, entry: Any) -> Mail:
    mail = operation.office.mailbox.mail(entry)
    if mail is None:
        raise BusinessError("the mail has been moved or deleted meanwhile", mend="Run again.")
    return mail


def _usable(addresses: Sequence[Address]) -> list[Address]:
    """Those of a mail's own addresses that can be written to, each once."""
    found: dict[str, Address] = {}
    for address in addresses:
        try:
            checked = parse_addresses(address.address)
        except BusinessError:
            continue
        for one in checked:
            found.setdefault(one.same, Address(one.address, address.name))
    return list(found.values())


def _above(body: str, original: str) -> str:
    body = body.rstrip()
    return f"{body}\n\n{original}" if body else original
