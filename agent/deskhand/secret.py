"""References to secrets in agent.toml: `${env:NAME}` and `${keyring:service/name}`.

A reference is resolved when a connection is opened, not before, so that `agent plan` of a process that needs
no mailbox doesn't ask for the mailbox's password. This module also finds secrets that were written out as
values, and masks known ones in texts.

It refuses to store a secret, to print one, and to use a keyring that keeps them in plain text.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote, unquote

from deskhand.errors import WorkspaceError

MASK = "•••"
_REFERENCE = re.compile(r"\$\{([A-Za-z_]+):([^}]*)\}")
_SECRET_WORDS = ("password", "passwd", "passphrase", "pwd", "secret", "token", "credential", "credentials")
_SECRET_KEYS = ("apikey", "accesskey", "privatekey", "secretkey", "authkey", "pass")
# `user:password@` of a URL. SQLAlchemy takes a password with a slash in it, so the slash doesn't end it here.
_IN_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://[^/:@\s]*:(?P<value>[^@\s]+)@")
_IN_QUERY = re.compile(
    r"(?i)(?<![A-Za-z0-9])(?P<key>[a-z0-9_\-]*(?:password|passwd|pwd|secret|token|api_?key))=(?P<value>[^&;\s]+)"
)
_PLACE = "\x00"  # stands for a reference where only the text around it counts
_PORT = re.compile(r"\d+(/|\Z)")


def references(value: Any) -> list[str]:
    """The references in a text, a list or a mapping, as written (`${env:X}`), in order."""
    return [m.group(0) for text in _texts(value) for m in _REFERENCE.finditer(text)]


def is_secret_key(key: str) -> bool:
    """Whether a setting of this name holds a secret: `password`, `imap-password`, `apiKey`, `auth_token`."""
    folded = re.sub(r"[^a-z0-9]", "", key.lower())
    return folded.endswith(_SECRET_WORDS) or folded in _SECRET_KEYS or folded.endswith(_SECRET_KEYS[:-1])


def literal_secret(key: str, value: Any) -> str | None:
    """What is wrong where a secret was written out (`the key "password"`, `the password in the URL`), or None.

    The secret itself is never part of the answer.
    """
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        return None
    if is_secret_key(key) and not references(value):
        return f"`{key}` holds a secret as a value"
    text = _REFERENCE.sub(_PLACE, str(value))
    for match in _IN_URL.finditer(text):
        found = match["value"]
        if _PLACE not in found and not _PORT.match(found):
            return f"the URL in `{key}` holds a password as a value"
    for match in _IN_QUERY.finditer(text):
        if _PLACE not in match["value"]:
            return f"`{key}` holds a secret as a value, in `{match['key']}=`"
    return None


def reference_fault(value: Any) -> str | None:
    """What is wrong with the form of a reference in this value, or None; its target is not looked at."""
    for text in _texts(value):
        for match in _REFERENCE.finditer(text):
            kind, name = match.groups()
            if kind not in ("env", "keyring"):
                return f"{match.group(0)!r} is no reference that deskhand knows"
            if kind == "env" and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
                return f"{match.group(0)!r} names no environment variable"
            if kind == "keyring" and not all(name.rpartition("/")[::2]):
                return f"{match.group(0)!r} needs a service and a name"
    return None


def resolve(value: Any, *, where: str) -> Any:
    """The value with every reference replaced by what it points to; `where` says whose it is in errors.

    Inside the `user:password@` part of a URL the secret is percent-encoded, so that any secret fits.
    Raises WorkspaceError naming the variable or the keyring entry that is missing.
    """
    if isinstance(value, dict):
        return {key: resolve(item, where=where) for key, item in value.items()}
    if isinstance(value, list):
        return [resolve(item, where=where) for item in value]
    if not isinstance(value, str):
        return value

    def replace(match: re.Match[str]) -> str:
        found = _look_up(match[1], match[2], where)
        before = _REFERENCE.sub(_PLACE, value[: match.start()])
        after = _REFERENCE.sub(_PLACE, value[match.end() :])
        in_userinfo = re.search(r"://[^/@\s]*\Z", before) and re.match(r"[^/\s]*@", after)
        return quote(found, safe="") if in_userinfo else found

    return _REFERENCE.sub(replace, value)


def known_secrets(values: Any) -> Iterator[str]:
    """The secret texts that these settings point to, as far as they can be resolved now, in every spelling."""
    yield from (text for text in _secrets(values, secret=False) if len(text) >= 4)


def mask(text: str, secrets: Iterable[str]) -> str:
    """The text with every known secret replaced."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text


def _secrets(value: Any, *, secret: bool) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _secrets(item, secret=secret or is_secret_key(str(key)))
        return
    if isinstance(value, list):
        for item in value:
            yield from _secrets(item, secret=secret)
        return
    if not isinstance(value, str) or not references(value):
        return
    for match in _REFERENCE.finditer(value):
        try:
            found = _look_up(match[1], match[2], "")
        except WorkspaceError:
            continue
        in_url = "://" in value[: match.start()] and "@" in value[match.end() :]
        if secret or match[1] == "keyring" or in_url:
            yield from {found, quote(found, safe="")}
        for inner in (*_IN_URL.finditer(found), *_IN_QUERY.finditer(found)):
            if not _PORT.match(inner["value"]):
                yield from {inner["value"], unquote(inner["value"])}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


def _look_up(kind: str, name: str, where: str) -> str:
    if kind == "env":
        found = os.environ.get(name)
        if not found:
            what = "is empty" if found == "" else "isn't set"
            raise WorkspaceError(
                f"{where} needs the environment variable {name}, which {what}",
                mend=f"Set it before you start: export {name}=…",
            )
        return found
    if kind == "keyring":
        return _from_keyring(name, where)
    raise WorkspaceError(
        f"{where} refers to a secret by '${{{kind}:…}}', which deskhand doesn't know",
        mend="Write ${env:NAME} or ${keyring:service/name}.",
    )


def _from_keyring(entry: str, where: str) -> str:
    service, _, name = entry.rpartition("/")
    instead = "Install one (GNOME Keyring, KWallet), or use ${env:NAME} instead."
    try:
        import keyring
        from keyring.errors import KeyringError
    except ModuleNotFoundError:
        raise WorkspaceError(
            f"{where} reads the keyring, and the package keyring isn't installed",
            mend="pip install 'deskhand[keyring]', or use ${env:NAME} instead.",
        ) from None
    backend = keyring.get_keyring()
    candidates = list(getattr(backend, "backends", None) or [backend])
    safe = [b for b in candidates if not type(b).__module__.startswith(("keyrings.alt", "keyring.backends.fail"))]
    safe = [b for b in safe if not type(b).__module__.startswith("keyring.backends.null")]
    if not safe:
        plain = any(type(b).__module__.startswith("keyrings.alt") for b in candidates)
        why = "keeps secrets in plain text (keyrings.alt) and isn't used" if plain else "isn't there"
        raise WorkspaceError(f"{where} reads the keyring, and this machine's keyring {why}", mend=instead)
    for candidate in safe:
        try:
            found: str | None = candidate.get_password(service, name)
        except (KeyringError, OSError) as error:
            raise WorkspaceError(f"{where} can't read the keyring: {error}", mend=instead) from error
        if found:
            return found
    raise WorkspaceError(
        f"{where} needs the keyring's entry {service}/{name}, which isn't there",
        mend=f"Store it: keyring set {service} {name}",
    )
