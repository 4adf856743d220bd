"""The state machine of `tests/machine.py`, for minutes and not the same every time it is asked."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent.parent))
from machine import BankMachine

LONG = settings(
    max_examples=int(os.environ.get("MACHINE_EXAMPLES", "120")), stateful_step_count=40,
    suppress_health_check=list(HealthCheck), deadline=None, derandomize=False, print_blob=True,
)  # fmt: skip


class TestLong(BankMachine.TestCase):  # type: ignore[name-defined, misc]
    settings = LONG
