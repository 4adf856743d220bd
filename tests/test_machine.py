"""A bank against a plain model of it, for some seconds; `make test-trust` plays it for minutes."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from machine import BankMachine

TestBank = BankMachine.TestCase
TestBank.settings = settings(
    max_examples=12, stateful_step_count=18, suppress_health_check=list(HealthCheck), deadline=None
)
