"""Files in and out of banks: import takes a file whole or not at all, export gives it back.

A memory file of the original project can also be digested as a file, as its own script did.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from memorybank.bank import MemoryBank
from memorybank.errors import BadFile, ModelError
from memorybank.formats import Volume, read_file, without, write_original
from memorybank.models import LLM, Embedder, load_embedder
from memorybank.settings import Settings
from memorybank.store.sqlite import SQLiteStore
from memorybank.store.tables import BankRow, bank_named, memories, turns_by_number
from memorybank.verbs.desk import Progress, no_progress, zone_of
from memorybank.verbs.read import turn_record
from memorybank.verbs.remember import CurveFrom, Prepared, prepare, store
from memorybank.verbs.shelf import usable


@dataclass(frozen=True, slots=True)
class Taken:
    """What came in for one bank: its turns, how many of them were new, and how many were left
    out because they had been erased."""

    bank: str
    turns: int
    new: int
    erased: int = 0


def take_in(
    path: Path,
    target: Path,
    *,
    settings: Settings,
    zone: str,
    now: datetime,
    only: str = "",
    curve_from: CurveFrom = "arrival",
    vectors: Literal["inline", "later"] = "inline",
    trusted: bool = True,
    again: bool = False,
    progress: Progress = no_progress,
) -> list[Taken]:
    """Read every bank of a file into the bank file `target`, in one transaction.

    `only` takes a single bank under its name; a file with one bank is taken under `only`
    whatever its own name. Turns that were erased before are left out with all that the file says
    of them, unless they may come `again`. Raises BadFile with the line; then nothing was taken.
    """
    volumes = _chosen(path, read_file(path, ZoneInfo(zone), trusted=trusted), only)
    embedder = load_embedder(settings.embedder)
    file = SQLiteStore.open(target)
    try:
        known = {v.name: _known(file, v.name) for v in volumes}
        ready = [
            _prepared(
                v, known[v.name], embedder if vectors == "inline" else None, zone, now, progress
            )
            for v in volumes
        ]
        with file.write():
            return [
                _stored(file, v, p, embedder, settings, zone, now, curve_from, again)
                for v, p in zip(volumes, ready, strict=True)
            ]
    finally:
        file.close()


def _chosen(path: Path, volumes: Sequence[Volume], only: str) -> list[Volume]:
    if not only:
        return list(volumes)
    if len(volumes) == 1:
        return [replace(volumes[0], name=only)]
    found = [v for v in volumes if v.name == only]
    if not found:
        names = ", ".join(v.name for v in volumes[:12])
        raise BadFile(
            str(path),
            f"it holds no bank named {only!r}, but {names}",
            f"里面没有名为 {only!r} 的记忆库，只有 {names}",
        )
    return found


def _known(file: SQLiteStore, name: str) -> BankRow | None:
    with file.read() as tx:
        return bank_named(tx, "", name)


def _prepared(
    volume: Volume,
    bank: BankRow | None,
    embedder: Embedder | None,
    zone: str,
    now: datetime,
    progress: Progress,
) -> Prepared:
    fits = usable(embedder, bank) if bank else embedder
    own_zone = zone_of(bank) if bank else ZoneInfo(zone)
    return prepare(volume.turns, own_zone, volume.lang, fits, now=now, progress=progress)


def _stored(
    file: SQLiteStore, volume: Volume, ready: Prepared, embedder: Embedder | None,
    settings: Settings, zone: str, now: datetime, curve_from: CurveFrom, again: bool,
) -> Taken:  # fmt: skip
    bank = MemoryBank.open(
        file,
        bank=volume.name,
        lang=volume.lang,
        zone=zone,
        preset=settings.preset,
        embedder=embedder,
    )
    results = store(bank.desk, ready, now=now, curve_from=curve_from, again=again)
    left_out = [turn for turn, r in zip(ready.turns, results, strict=True) if r.erased]
    said = without(volume.extra, [turn.external_id or "" for turn in left_out])
    with file.write() as tx:
        row = bank_named(tx, "", volume.name)
        if row:
            extra = merged(json.loads(row.extra), said if left_out else volume.extra)
            tx.run("set_extra", bank=row.bank, extra=json.dumps(extra, ensure_ascii=False))
    new = sum(not (r.known or r.erased) for r in results)
    return Taken(volume.name, len(results), new, len(left_out))


def merged(old: Any, new: Any) -> Any:
    """Join what two imports said beside their turns; the newer wins where both say something."""
    if isinstance(old, dict) and isinstance(new, dict):
        return {key: merged(old.get(key), new.get(key, old.get(key))) for key in {**old, **new}}
    if isinstance(old, list) and isinstance(new, list):
        return old + [item for item in new if item not in old]
    return new


def volumes(bank: MemoryBank, *, only: str = "") -> list[Volume]:
    """Return the banks of a file as volumes for export; what was corrected away stays out."""
    desk = bank.desk
    result = []
    with desk.store.read() as tx:
        for row in tx.rows("banks_of", tenant=desk.tenant):
            info = BankRow(*row)
            if only and info.name != only:
                continue
            kept = [m for m in memories(tx.rows("memories_all", bank=info.bank)) if not m.kind]
            kept = [m for m in kept if m.superseded_by is None]
            turns = turns_by_number(tx, info.bank, [m.number for m in kept])
            records = tuple(turn_record(info, m, turns[m.number]) for m in kept)
            result.append(
                Volume(name=info.name, lang=info.lang, turns=records, extra=json.loads(info.extra))
            )
    return result


@dataclass(frozen=True, slots=True)
class BankDigest:
    """One bank of a digested file: its days, and the method of its newest summary."""

    bank: str
    days: int
    method: str


@dataclass(frozen=True, slots=True)
class FileDigest:
    """A digested file: its banks, how many pieces a model failed at, and how."""

    banks: tuple[BankDigest, ...]
    failed: int = 0
    error: ModelError | None = field(default=None, repr=False)


def digest_file(
    path: Path,
    target: Path,
    llm: LLM | None,
    *,
    zone: str,
    now: datetime,
    only: str = "",
    progress: Progress = no_progress,
) -> FileDigest:
    """Digest every bank of a file and write them to `target` in the original project's format.

    Daily summaries, daily personalities, the overall history and personality stand where that
    project keeps them. `path` is left alone unless it is the target; then it is replaced at once.
    """
    settings = Settings(home=path.parent, embedder="none")
    made: list[BankDigest] = []
    written: list[Volume] = []
    failed, error = 0, None
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "memory.db"
        taken = take_in(path, file, settings=settings, zone=zone, now=now, only=only)
        with closing(SQLiteStore.open(file)) as opened:
            for one in taken:
                bank = MemoryBank.open(opened, bank=one.bank, create=False, embedder=None)
                done = bank.digest(llm=llm, now=now, progress=progress)
                failed, error = failed + done.failed, error or done.error
                found = bank.summaries("day")
                method = found[-1].method if found else "extractive"
                made.append(BankDigest(one.bank, len(found), method))
                written += [_with_digests(v, bank, now) for v in volumes(bank, only=one.bank)]
    partial = target.with_name(target.name + ".partial")
    partial.touch(mode=0o600)
    partial.write_text(write_original(written), "utf-8")
    partial.replace(target)
    return FileDigest(tuple(made), failed, error)


def _with_digests(volume: Volume, bank: MemoryBank, now: datetime) -> Volume:
    """Return a volume whose record holds what was digested, in the original project's places."""
    overall = "\n".join(summary.text for summary in bank.summaries("global"))
    fields = {
        "summary": {s.period: {"content": s.text} for s in bank.summaries("day")},
        "personality": {s.period: s.text for s in bank.summaries("insight")},
        "overall_history": overall,
        "overall_personality": bank.portrait(now=now).text,
    }
    shape: Mapping[str, Any] = volume.extra.get("original") or {}
    extra = {**volume.extra, "original": {**shape, "fields": {**shape.get("fields", {}), **fields}}}
    return replace(volume, extra=extra)
