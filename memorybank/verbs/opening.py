"""Opening a bank: found by its name or made, and seated at a desk; its time zone by name."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from memorybank.errors import BadInput, BadSetting, UnknownBank
from memorybank.store.tables import bank_named, to_us
from memorybank.store.tombstones import graveyard
from memorybank.verbs import log, read
from memorybank.verbs.desk import Desk, zone_of


def seat(desk: Desk, name: str, birth: Mapping[str, Any] | None) -> Desk:
    """Return the desk seated at a bank, which is made if `birth` says with what."""
    with desk.store.read() as tx:
        row = bank_named(tx, desk.tenant, name)
    if row is None and birth is None:
        names = [info.name for info in read.banks(desk.store, desk.tenant)]
        raise UnknownBank(name, get_close_matches(name, names, n=3, cutoff=0.4))
    if row is None and birth is not None:
        if birth["lang"] not in ("en", "zh"):
            raise BadSetting(
                f"lang={birth['lang']!r}: choose zh or en", f"lang={birth['lang']!r}：请选 zh 或 en"
            )
        with desk.store.write() as tx:
            tx.run(
                "create_bank", tenant=desk.tenant, name=name, id=desk.new_id(),
                embedder=desk.embedder.name if desk.embedder else None,
                created_at=to_us(desk.clock()), extra="{}", **birth,
            )  # fmt: skip
            row = bank_named(tx, desk.tenant, name)
    if row is None:
        raise UnknownBank(name)
    zone_of(row)
    return replace(desk, name=name, key=row.bank, bank_id=row.id)


def change_zone(desk: Desk, zone: str) -> None:
    """Give a bank another time zone, as long as nothing was ever said in it.

    Afterwards its days, what was digested of them, and what is known of what was erased on them
    are counted in its zone; raises BadInput then, and BadSetting for no zone.
    """
    name = zone_name(zone)
    with desk.write() as (tx, volume, bank):
        turns = tx.rows("bank_extent", bank=bank.bank)[0][0]
        if turns or graveyard(tx, bank.tenant, bank.name):
            raise BadInput(
                "this bank's days are counted in its time zone already: make a new bank with "
                "another one, export this one and import it there",
                "这个记忆库的日子已按它的时区计算：请用另一个时区新建记忆库，再导出、导入",
            )
        tx.run("set_zone", bank=bank.bank, zone=name)
        log.reserve(tx, volume, bank.bank, edition=True)


def zone_name(zone: str) -> str:
    """Return a known time zone's name, the machine's own for "", UTC where it has none."""
    name = zone or _machine_zone()
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadSetting(
            f"no time zone {name!r}: use a name such as Asia/Shanghai or UTC",
            f"没有 {name!r} 这个时区：请用 Asia/Shanghai 或 UTC 这样的名字",
        ) from None


def _machine_zone() -> str:
    if name := os.environ.get("TZ", "").lstrip(":"):
        return name
    target = os.path.realpath("/etc/localtime")
    return target.partition("zoneinfo/")[2] or "UTC"
