"""Background work: what is due, in whose order, under leases; and a clean stop."""

from __future__ import annotations

import threading

import pytest

from memorybank.errors import ModelUnreachable
from memorybank.testing import ScriptedLLM
from memorybank.verbs.leases import LASTS, lease, waiting
from siliconfriend.server.worker import Worker


def said(house, name, text="My sister Tess moved to Osaka.", tenant="", **more):
    bank = house.open_bank(tenant, name, create=True)
    bank.remember(text, reply="I see.", **more)
    return bank


def test_a_day_is_digested_once_it_is_over(house, clock):
    bank = said(house, "emily")
    assert Worker(house).round() == 0 and bank.jobs()
    clock.forward(days=1)
    assert Worker(house).round() == 1
    assert bank.jobs() == [] and len(bank.summaries()) == 1


def test_a_day_that_is_asked_for_is_digested_at_once(house):
    bank, other = said(house, "emily"), said(house, "zoe")
    house.ask_for(bank)
    Worker(house).round()
    assert bank.summaries() and not other.summaries()


def test_deferred_vectors_are_made_for_every_tenant(house):
    banks = [said(house, "me", tenant=tenant, vectors="later") for tenant in ("a", "b")]
    assert all("embed" in {job.kind for job in bank.jobs()} for bank in banks)
    Worker(house).round()
    assert not any("embed" in {job.kind for job in bank.jobs()} for bank in banks)


def test_a_bank_that_somebody_else_works_on_is_left_alone(house, clock):
    bank = said(house, "emily")
    clock.forward(days=1)
    held = lease(house.store, bank.desk.key, clock())
    assert held
    assert lease(house.store, bank.desk.key, clock()) is None
    assert Worker(house).round() == 0 and bank.jobs()
    clock.forward(seconds=LASTS.total_seconds() / 2)
    held.renew(clock())
    clock.forward(seconds=LASTS.total_seconds() * 0.75)
    assert Worker(house).round() == 0
    clock.forward(seconds=LASTS.total_seconds())  # whoever held it has died
    assert Worker(house).round() == 1 and not bank.jobs()


def test_a_lease_that_is_handed_back_is_free(house, clock):
    bank = said(house, "emily")
    clock.forward(days=1)
    held = lease(house.store, bank.desk.key, clock())
    assert held
    held.release()
    assert Worker(house).round() == 1


def test_what_a_model_failed_at_waits_and_is_visible(open_house, clock):
    down = ModelUnreachable("it is down", "它停了")
    house = open_house(llm=ScriptedLLM([down] * 9))
    bank = said(house, "emily")
    clock.forward(days=1)
    worker = Worker(house)
    worker.round()
    (job, *_) = [job for job in bank.jobs() if job.subject.startswith("day:")]
    assert job.attempts == 1 and job.error and job.run_after and job.run_after > clock()
    asked = len(house.llm.asked)
    worker.round()
    assert len(house.llm.asked) == asked, "not before its time"


def test_stopping_ends_between_two_pieces_and_hands_back_the_rest(house, clock):
    bank = said(house, "emily")
    for day in range(3):
        clock.forward(days=1)
        bank.remember(f"Day {day} was quiet.", reply="Good.")
    clock.forward(days=1)
    worker = Worker(house)
    done = 0

    def once(what, finished, total):
        nonlocal done
        done += 1
        worker._stopping.set()
        Worker._progress(worker, what, finished, total)

    worker._progress = once
    worker.round()
    assert done == 1 and bank.jobs()
    assert all(found.overdue for found in waiting(house.store, clock()))
    assert Worker(house).round() >= 1 and not bank.jobs()


def test_one_banks_trouble_is_not_everybodys(house, clock, monkeypatch):
    bad, good = said(house, "bad"), said(house, "good")
    clock.forward(days=1)
    through = house.digest

    def failing(bank, **more):
        if bank.info().name == "bad":
            raise ModelUnreachable("it is down")
        return through(bank, **more)

    monkeypatch.setattr(type(house), "digest", lambda self, bank, **more: failing(bank, **more))
    Worker(house).round()
    assert bad.jobs() and not good.jobs()


@pytest.mark.parametrize("waits", [0.0, 5.0])
def test_the_thread_starts_and_stops(open_house, clock, waits):
    house = open_house(serving={"worker_seconds": 0.01})
    bank = said(house, "emily")
    clock.forward(days=1)
    worker = Worker(house)
    worker.start()
    gone = threading.Event()
    for _ in range(500):
        if waits and not bank.jobs():
            break
        if not waits:
            break
        gone.wait(0.02)
    worker.stop(10.0)
    assert not worker._threads[0].is_alive()
    assert not waits or not bank.jobs()
