"""Opaque ids: UUID version 7 (RFC 9562), ordered by time, injectable for replays."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable

NewId = Callable[[], str]


def uuid7() -> str:
    """Return a new id: 48 bits of milliseconds, then random."""
    stamp = time.time_ns() // 1_000_000
    value = (stamp << 80) | int.from_bytes(os.urandom(10), "big")
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return str(uuid.UUID(int=value))
