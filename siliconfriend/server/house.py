"""What is open while the server runs: the bank file, one bounded index cache, models, keys.

Banks are opened for each request, which is one look-up; their indexes stay in one shelf that is
bounded in bytes for all banks together. The tenant of every bank is that of the key.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from memorybank.bank import MemoryBank
from memorybank.errors import BadSetting, UnknownBank
from memorybank.models import LLM, Embedder, guarded, load_embedder, load_llm
from memorybank.records import BankInfo, Lang
from memorybank.rendering import clean
from memorybank.settings import Settings
from memorybank.store.sqlite import SQLiteStore
from memorybank.store.tables import bank_named
from memorybank.verbs.desk import Progress, no_progress
from memorybank.verbs.digest import Digested
from memorybank.verbs.read import banks
from memorybank.verbs.shelf import Shelf
from siliconfriend.helplines import HelpLines, read_help_lines
from siliconfriend.server import choosing
from siliconfriend.server.keys import KEY_FILE, Key, KeyRing
from siliconfriend.server.quotas import Quotas
from siliconfriend.server.refusals import Crowded
from siliconfriend.server.settings import Serving

LOG = logging.getLogger(__name__)
DEFAULT_BANK = "me"
WAITERS = 4
"""So many may wait for a digest at once; each holds a thread."""


def _help_lines() -> HelpLines | None:
    try:
        return read_help_lines()
    except BadSetting as error:
        LOG.error("notes of help name no numbers: %s", error)
        return None


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class House:
    """Everything that requests share. `close` it at the end."""

    settings: Settings
    serving: Serving
    store: SQLiteStore
    keys: KeyRing
    embedder: Embedder | None = None
    llm: LLM | None = None
    help_lines: HelpLines | None = None
    forwards: bool = True
    """Whether chats go straight to the model's server, where it has one, past `llm`."""
    clock: Callable[[], datetime] = _now
    shelf: Shelf = field(default_factory=Shelf)
    nudged: threading.Event = field(default_factory=threading.Event)
    """Set when there may be work for the worker."""
    opened: dict[tuple[str, str], Any] = field(default_factory=dict)
    opening: threading.Lock = field(default_factory=threading.Lock)
    """Models that banks have chosen out of those listed, and who is opening one: `choosing`."""
    _asked: set[tuple[str, str]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _making: threading.Lock = field(default_factory=threading.Lock)
    """Held where a bank is made, so that two at once do not go past a quota."""
    _digesting: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(WAITERS))

    @classmethod
    def open(cls, settings: Settings, serving: Serving, **given: Any) -> House:
        """Open file, keys and models as the settings say; `given` parts are taken as they are."""
        path: Path = given.pop("file", settings.file)
        if "embedder" not in given:
            given["embedder"] = load_embedder(settings.embedder, settings.options)
        if "llm" not in given:
            opened = load_llm(settings.llm, settings.options)
            given["llm"] = guarded(opened, settings.personal_data)
        if "help_lines" not in given:
            given["help_lines"] = _help_lines()
        keys = given.pop("keys", None) or KeyRing(path.with_name(KEY_FILE))
        store = SQLiteStore.open(path)
        return cls(
            settings, serving, store, keys, shelf=Shelf(serving.index_bytes), **given
        )  # fmt: skip

    def close(self) -> None:
        """Release the files; safe to call twice."""
        self.store.close()
        self.keys.close()

    def bank(
        self,
        key: Key,
        name: str = "",
        *,
        create: bool = False,
        lang: Lang | None = None,
        zone: str = "",
        preset: str = "",
    ) -> MemoryBank:
        """Open a bank of the key's tenant by name or id; "" is the key's own, or "me".

        Raises UnknownBank, also for every bank that the key does not open.
        """
        wanted = clean(name) if name else key.bank or DEFAULT_BANK
        if key.bank and wanted != key.bank:
            raise UnknownBank(wanted)
        return self.open_bank(
            key.tenant, wanted, create=create, lang=lang, zone=zone, preset=preset
        )

    def open_bank(
        self,
        tenant: str,
        name: str,
        *,
        create: bool = False,
        lang: Lang | None = None,
        zone: str = "",
        preset: str = "",
    ) -> MemoryBank:
        """Open a bank on the shared file, index cache and models."""
        found = self._named(tenant, name)
        quotas = Quotas.of(self.serving)
        with self._making if create and quotas.banks else nullcontext():
            if create and quotas.banks and not self._there(tenant, found):
                quotas.admit_bank(len(banks(self.store, tenant)))
            opened = MemoryBank.open(
                self.store, bank=found, tenant=tenant, create=create, lang=lang,
                zone=zone or self.settings.zone, preset=preset or self.settings.preset,
                embedder=choosing.embedder_of(self, tenant, found), clock=self.clock,
            )  # fmt: skip
        opened.desk.shelf = self.shelf
        opened.desk.admit = quotas.admit if quotas.counts_turns else None
        return opened

    def banks(self, key: Key) -> list[BankInfo]:
        """Return the banks that a key opens."""
        found = banks(self.store, key.tenant)
        return [info for info in found if not key.bank or info.name == key.bank]

    @property
    def embeds(self) -> bool:
        """Whether there is any embedder that could make a vector."""
        return self.embedder is not None or bool(self.serving.embedders)

    def nudge(self) -> None:
        """Say that there may be work for the worker."""
        self.nudged.set()

    def ask_for(self, bank: MemoryBank) -> None:
        """Ask for a bank's digest now, though its day is not over."""
        with self._lock:
            self._asked.add((bank.desk.tenant, bank.desk.name))
        self.nudge()

    def take_asked(self) -> set[tuple[str, str]]:
        """Return the banks that were asked for since the last time."""
        with self._lock:
            asked, self._asked = self._asked, set()
        return asked

    def digest(
        self,
        bank: MemoryBank,
        *,
        over_only: bool = False,
        now: datetime | None = None,
        progress: Progress = no_progress,
    ) -> Digested:
        """Digest a bank with its language model, if there is one.

        `over_only`: days that are over, and not what failed a short while ago.
        """
        today = self.clock().astimezone(ZoneInfo(bank.info().zone)).date() if over_only else None
        return bank.digest(
            llm=choosing.model_of(self, bank),
            due_only=over_only,
            before=today,
            now=now,
            progress=progress,
        )

    def digest_now(self, bank: MemoryBank, now: datetime | None) -> Digested:
        """Digest a bank for somebody who waits for it; no more than a few at once.

        Raises Crowded, and then the worker has been asked instead.
        """
        if not self._digesting.acquire(blocking=False):
            self.ask_for(bank)
            raise Crowded
        try:
            return self.digest(bank, now=now)
        finally:
            self._digesting.release()

    def _there(self, tenant: str, name: str) -> bool:
        with self.store.read() as tx:
            return bank_named(tx, tenant, name) is not None

    def _named(self, tenant: str, name: str) -> str:
        """Return a bank's name where its id was given: names may hold what no path can."""
        if len(name) == 36 and name.count("-") == 4:
            for info in banks(self.store, tenant):
                if info.id == name:
                    return info.name
        return name
