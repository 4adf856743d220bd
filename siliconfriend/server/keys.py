"""API keys and browser sessions: who may ask, for which tenant, and what.

A file of its own (`server.db`, 0600) beside the bank file. A key is "sf-ID-SECRET": found by its
id, checked by the SHA-256 of its 256 random bits in constant time, shown once and never stored.
A session is what a browser gets in its cookie for a key, and dies with it; a link is a key that
soon expires and can only sign a browser in.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import apsw

from memorybank.errors import BadInput, NotFound
from memorybank.rendering import clean
from memorybank.store.sqlite import translated
from memorybank.store.statements import statements
from siliconfriend.server.refusals import NoKey

KEY_FILE = "server.db"
Scope = Literal["read", "write", "erase", "admin"]
SCOPES: tuple[Scope, ...] = ("read", "write", "erase", "admin")
LONGEST_NAME = 200
SESSION_SECONDS = 30 * 86_400
MARK_EVERY = 60.0
"""Seconds between two notes of a key's last use; each note is a write to the disk."""
_FORM = re.compile(r"sf-([a-z2-7]{12})-([A-Za-z0-9_-]{43})", re.ASCII)
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_SQL = Path(__file__).with_name("keys.sql")


@dataclass(frozen=True, slots=True)
class Key:
    """Who is asking. `tenant` and `bank` come from here, never from a request."""

    id: str
    kind: Literal["key", "session", "link"]
    parent: str | None
    name: str
    tenant: str
    bank: str
    scopes: frozenset[Scope]
    rate: float
    created_at: int
    expires_at: int
    used_at: int = 0

    def may(self, scope: Scope) -> bool:
        """Say whether the key has a scope; no scope contains another."""
        return scope in self.scopes


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key with its secret, which is shown once."""

    key: Key
    token: str


class KeyRing:
    """The key file, opened; safe to use from several threads and processes."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        """Open the file, making it if need be, readable by its owner alone."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self.path, self.clock = path, clock
        self._lock = threading.Lock()
        self._marked: dict[str, float] = {}
        with translated(path):
            self._db = apsw.Connection(str(path))
            self._db.set_busy_timeout(10_000)
            self._db.pragma("journal_mode", "wal")
            for pragma in ("foreign_keys", "secure_delete"):
                self._db.pragma(pragma, True)
            self._db.pragma("synchronous", "full")
            self._db.execute(statements(_SQL)["schema"])

    def close(self) -> None:
        """Release the file; safe to call twice."""
        with self._lock:
            self._db.close()

    def make(
        self,
        name: str = "",
        *,
        tenant: str = "",
        bank: str = "",
        scopes: Iterable[str] = SCOPES,
        rate: float = 0.0,
        seconds: float | None = None,
        kind: Literal["key", "link"] = "key",
    ) -> NewKey:
        """Make a key that is good for so many seconds (None: for ever), or a sign-in link."""
        chosen = checked_scopes(scopes)
        if rate < 0 or (seconds is not None and seconds <= 0):
            raise BadInput("a key's rate and lifetime are above 0", "密钥的速率和有效期都要大于 0")
        names = {"name": clean(name), "tenant": clean(tenant), "bank": clean(bank)}
        for what, given in names.items():
            if len(given) > LONGEST_NAME:
                raise BadInput(
                    f"a key's {what} has at most {LONGEST_NAME} characters",
                    f"密钥的 {what} 最多 {LONGEST_NAME} 个字",
                )
        return self._insert(
            kind=kind, parent=None, scopes=chosen, rate=rate, seconds=seconds, **names
        )

    def session(self, key: Key) -> NewKey:
        """Make what a browser carries for a key; it can do what the key can, and dies with it."""
        self._rows("drop_expired", now=int(self.clock()))
        link = key.kind == "link"
        left = SESSION_SECONDS if link or not key.expires_at else key.expires_at - self.clock()
        return self._insert(
            kind="session", parent=None if link else key.parent or key.id, name=key.name,
            tenant=key.tenant, bank=key.bank, scopes=key.scopes, rate=key.rate,
            seconds=min(left, SESSION_SECONDS),
        )  # fmt: skip

    def find(self, token: str, *, entering: bool = False) -> Key:
        """Return the key of a token; raises NoKey for one that is unknown, wrong or expired.

        A link is good for signing a browser in and for nothing else.
        """
        form = _FORM.fullmatch(token)
        row = self._row("key_of_id", id=form[1]) if form else None
        digest = row[1] if row else bytes(32)
        fits = hmac.compare_digest(digest, _digest(form[2] if form else ""))
        if row is None or not fits or (row[2] == "link" and not entering):
            raise NoKey
        key = _key(row)
        if key.expires_at and key.expires_at <= self.clock():
            raise NoKey(expired=True)
        self._mark(key)
        return key

    def stands(self, key: Key) -> bool:
        """Say whether a key that was found before is still good: not taken back, not expired."""
        row = self._row("key_of_id", id=key.id)
        return row is not None and not 0 < _key(row).expires_at <= self.clock()

    def all(self, tenant: str | None = None) -> list[Key]:
        """Return every key, of one tenant if named, oldest first; sessions of keys are left out."""
        keys = [_key(row) for row in self._rows("all_keys")]
        return [key for key in keys if tenant is None or key.tenant == tenant]

    def usable(self) -> bool:
        """Say whether there is any key that opens something now; a browser signed in is none."""
        keys = [key for key in self.all() if key.kind == "key"]
        return any(not key.expires_at or key.expires_at > self.clock() for key in keys)

    def revoke(self, key_id: str, tenant: str | None = None, bank: str = "") -> None:
        """Take a key back, its sessions too; raises NotFound if there is none of that id."""
        open_to = [key for key in self.all(tenant) if not bank or key.bank == bank]
        if any(key.id == key_id for key in open_to):
            self._rows("revoke_key", id=key_id)
        else:
            raise NotFound(
                f"no key {key_id!r}: `siliconfriend keys list` shows their ids",
                f"没有 {key_id!r} 这个密钥：`siliconfriend keys list` 会列出编号",
            )

    def end(self, session: Key) -> None:
        """End a browser's session."""
        if session.kind == "session":
            self._rows("revoke_key", id=session.id)

    def _insert(self, *, scopes: frozenset[Scope], seconds: float | None, **more: Any) -> NewKey:
        key_id = "".join(secrets.choice(_ALPHABET) for _ in range(12))
        secret, now = secrets.token_urlsafe(32), int(self.clock())
        key = Key(
            id=key_id, scopes=scopes, created_at=now,
            expires_at=int(now + seconds) if seconds is not None else 0, **more,
        )  # fmt: skip
        self._rows(
            "insert_key", id=key.id, digest=_digest(secret), kind=key.kind, parent=key.parent,
            name=key.name, tenant=key.tenant, bank=key.bank, scopes=" ".join(sorted(scopes)),
            rate=float(key.rate), created_at=key.created_at, expires_at=key.expires_at,
        )  # fmt: skip
        return NewKey(key, f"sf-{key_id}-{secret}")

    def _mark(self, key: Key) -> None:
        """Note that a key was used, not more often than is worth a write."""
        now = self.clock()
        if now - self._marked.get(key.id, 0.0) >= MARK_EVERY:
            self._marked[key.id] = now
            self._rows("used_key", id=key.id, at=int(now))

    def _rows(self, statement: str, **values: Any) -> list[Any]:
        with self._lock, translated(self.path):
            return self._db.execute(statements(_SQL)[statement], values).fetchall()

    def _row(self, statement: str, **values: Any) -> Any:
        rows = self._rows(statement, **values)
        return rows[0] if rows else None


def checked_scopes(scopes: Iterable[str]) -> frozenset[Scope]:
    """Return scopes as a set; raises BadInput for an unknown one, and for none."""
    given = list(scopes)
    chosen = frozenset(scope for scope in SCOPES if scope in given)
    if not chosen or len(chosen) < len(set(given)):
        raise BadInput(
            f"scopes are one or more of {', '.join(SCOPES)}",
            f"权限是 {'、'.join(SCOPES)} 中的一项或几项",
        )
    return chosen


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _key(row: Any) -> Key:
    key_id, _, kind, parent, name, tenant, bank, scopes, rate, created, expires, used = row
    return Key(
        key_id, kind, parent, name, tenant, bank, checked_scopes(scopes.split()), rate, created,
        expires, used,
    )  # fmt: skip
