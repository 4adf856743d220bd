"""The house: which bank a key opens, on what, and who may have it digested."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

import pytest
from conftest import START

from memorybank.bank import MemoryBank
from memorybank.errors import BadSetting, StoreError, UnknownBank
from memorybank.testing import HashEmbedder, ScriptedLLM
from siliconfriend.server import house as rooms
from siliconfriend.server.house import WAITERS, House
from siliconfriend.server.keys import KEY_FILE, KeyRing
from siliconfriend.server.refusals import Crowded


def key_of(house: House, **wish: Any) -> Any:
    return house.keys.make(**wish).key


# -- which bank ----------------------------------------------------------------------------


def test_a_key_opens_its_tenants_banks_by_name_and_id_and_no_others(house: House):
    mine, theirs = key_of(house, tenant="a"), key_of(house, tenant="b")
    bank = house.bank(mine, "emily", create=True)
    other = house.bank(theirs, "emily", create=True)
    assert (bank.info().tenant, other.info().tenant) == ("a", "b")
    assert bank.info().id != other.info().id
    assert house.bank(mine, " emily\x00 ").info().id == bank.info().id
    assert house.bank(mine, bank.info().id).info().name == "emily"
    for name in (other.info().id, "zoe", bank.info().id[:-1] + "x"):
        with pytest.raises(UnknownBank):
            house.bank(mine, name)
    assert [info.tenant for info in house.banks(mine)] == ["a"]
    assert house.banks(key_of(house, tenant="c")) == []


def test_a_name_that_only_looks_like_an_id_is_a_name(house: House):
    key = key_of(house)
    names = ["a-b-c-d-" + "e" * 28, "a-b-c-d-e-" + "e" * 26, "emily"]
    for name in names:
        assert house.bank(key, name, create=True).info().name == name
    ids = {name: house.bank(key, name).info().id for name in names}
    assert {house.bank(key, bank_id).info().name for bank_id in ids.values()} == set(names)


def test_a_key_of_one_bank_knows_no_other(house: House):
    whole, mine = key_of(house), key_of(house, bank="emily")
    for name in ("emily", "zoe"):
        house.bank(whole, name, create=True)
    assert [info.name for info in house.banks(whole)] == ["emily", "zoe"]
    assert [info.name for info in house.banks(mine)] == ["emily"]
    assert house.bank(mine).info().name == house.bank(mine, "emily").info().name == "emily"
    with pytest.raises(UnknownBank) as refused:
        house.bank(mine, "zoe", create=True)
    assert "zoe" in refused.value.say("en"), "it is told like one that is not there"


def test_without_a_name_it_is_me(house: House):
    key = key_of(house)
    with pytest.raises(UnknownBank):
        house.bank(key)
    assert house.bank(key, create=True).info().name == "me"
    with pytest.raises(UnknownBank):
        house.open_bank("", "emily")


def test_a_new_bank_is_as_wished_or_as_the_settings_say(open_house):
    house = open_house({"preset": "paper"})
    key = key_of(house)
    plain = house.bank(key, "plain", create=True).info()
    assert (plain.zone, plain.preset) == ("UTC", "paper")
    wished = house.bank(
        key, "wished", create=True, lang="zh", zone="Asia/Shanghai", preset="gentle"
    ).info()
    assert (wished.lang, wished.zone, wished.preset) == ("zh", "Asia/Shanghai", "gentle")


# -- what is shared ------------------------------------------------------------------------


def test_all_banks_share_models_clock_and_one_bounded_cache(open_house, clock):
    house = open_house(serving={"index_bytes": 12_345})
    key = key_of(house)
    banks = [house.bank(key, name, create=True) for name in ("a", "b")]
    assert all(bank.desk.shelf is house.shelf for bank in banks)
    assert house.shelf.limit == 12_345
    assert all(bank.desk.embedder is house.embedder for bank in banks)
    assert banks[0].desk.moment(None) == clock()
    for bank in banks:
        bank.remember("I like tea.")
        assert bank.recall("tea")
    assert len(house.shelf._volumes) == 1, "what does not fit is loaded again"


def test_a_house_opens_what_the_settings_name_and_takes_what_is_given(open_house, tmp_path):
    llm, embedder = ScriptedLLM(["ok"]), HashEmbedder()
    elsewhere = tmp_path / "elsewhere" / "bank.db"
    house = open_house(file=elsewhere, llm=llm, embedder=embedder)
    assert (house.llm, house.embedder) == (llm, embedder)
    assert house.store.path == elsewhere and house.keys.path == elsewhere.parent / KEY_FILE
    ring = KeyRing(tmp_path / "ring.db")
    assert open_house(keys=ring).keys is ring
    assert open_house(help_lines=None).help_lines is None
    assert open_house().help_lines is not None
    named = House.open(
        house.settings.__class__(home=tmp_path, zone="UTC", llm="none", embedder="none"),
        house.serving, file=tmp_path / "third.db",
    )  # fmt: skip
    assert named.llm is None and named.embedder is None
    assert named.clock().tzinfo is UTC
    named.close()
    named.close()
    with pytest.raises(StoreError):
        named.bank(key_of(house), "emily", create=True)


@pytest.mark.parametrize("kind", ["llm", "embedder"])
def test_models_get_their_options_from_the_settings(open_house, house: House, kind: str):
    wrong = {"openai": {"no_such_option": 1}}
    settings = replace(
        house.settings, **{"llm": "none", "embedder": "none", kind: "openai:m", "options": wrong}
    )
    with pytest.raises(BadSetting, match="no_such_option"):
        House.open(settings, house.serving)


def test_bad_help_lines_are_logged_and_cost_the_numbers(
    open_house, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def bad() -> None:
        raise BadSetting("no such file", "没有这个文件")

    monkeypatch.setattr(rooms, "read_help_lines", bad)
    with caplog.at_level(logging.ERROR):
        assert open_house().help_lines is None
    assert caplog.messages == ["notes of help name no numbers: no such file"]


def test_personal_data_is_masked_before_a_model_sees_it(tmp_path):
    from memorybank.settings import Settings
    from siliconfriend.server.settings import Serving

    kept = Settings(home=tmp_path, llm="scripted:", embedder="none", personal_data="mask")
    house = House.open(kept, Serving())
    assert getattr(house.llm, "mode", "") == "mask"
    house.close()


# -- digests -------------------------------------------------------------------------------


def told(house: House, name: str, tenant: str = "") -> MemoryBank:
    bank = house.open_bank(tenant, name, create=True)
    bank.remember("My name is Clara and I work in Oslo.", reply="I see.")
    return bank


def test_what_is_asked_for_is_taken_once(house: House):
    emily, zoe = told(house, "emily"), told(house, "zoe", "t")
    assert house.take_asked() == set() and not house.nudged.is_set()
    house.ask_for(emily)
    house.ask_for(zoe)
    house.ask_for(zoe)
    assert house.nudged.is_set()
    assert house.take_asked() == {("", "emily"), ("t", "zoe")}
    assert house.take_asked() == set()


def test_a_digest_takes_the_servers_model_and_days_that_are_over(open_house, clock):
    llm = ScriptedLLM(otherwise=lambda _: "Clara works in Oslo.")
    house = open_house(llm=llm)
    bank = told(house, "emily")
    assert house.digest(bank, over_only=True).days == 0, "the day is not over"
    clock.forward(days=1)
    told(house, "emily")
    assert house.digest(bank, over_only=True).days == 1 and llm.asked
    assert [summary.period for summary in bank.summaries()] == ["2026-03-02"]
    steps: list[object] = []
    now = clock() + timedelta(hours=1)
    assert house.digest(bank, now=now, progress=lambda *step: steps.append(step)).days == 1
    assert steps and bank.summaries()[-1].made_at == now


def test_days_are_over_where_the_bank_is(open_house, clock):
    """09:00 in London is past midnight in Kiritimati, but yesterday still in Pago Pago."""
    house = open_house()
    bank = house.open_bank("", "far", create=True, zone="Pacific/Kiritimati")
    bank.remember("My name is Clara.")
    clock.forward(hours=2)  # 11:00 UTC: the third of March has begun there
    assert house.digest(bank, over_only=True).days == 1


def test_what_has_failed_waits_its_time_unless_somebody_asks(open_house, clock):
    house = open_house(llm=ScriptedLLM([RuntimeError("down")] * 9))
    bank = told(house, "emily")
    clock.forward(days=1)
    assert house.digest(bank, over_only=True).failed == 1
    assert house.digest(bank, over_only=True).failed == 0, "not before its time"
    assert house.digest(bank).failed == 1


def test_few_wait_for_a_digest_and_the_rest_is_left_to_the_worker(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    bank, entered, go_on = told(house, "emily"), threading.Semaphore(0), threading.Event()

    def slow(self: House, bank: MemoryBank, **more: Any) -> str:
        entered.release()
        assert go_on.wait(30)
        return f"{bank.desk.name} {more['now']:%H}"

    monkeypatch.setattr(House, "digest", slow)
    done: list[object] = []
    threads = [
        threading.Thread(target=lambda: done.append(house.digest_now(bank, START)))
        for _ in range(WAITERS)
    ]
    for thread in threads:
        thread.start()
        assert entered.acquire(timeout=30)
    with pytest.raises(Crowded):
        house.digest_now(bank, START)
    assert house.take_asked() == {("", "emily")}
    go_on.set()
    for thread in threads:
        thread.join(30)
    assert done == ["emily 09"] * WAITERS == [house.digest_now(bank, START)] * WAITERS
    assert WAITERS == 4 and house.take_asked() == set()


def test_a_digest_that_fails_frees_its_place(house: House, monkeypatch: pytest.MonkeyPatch):
    bank = told(house, "emily")

    def failing(self: House, bank: MemoryBank, **more: Any) -> None:
        raise StoreError("full", "满了")

    monkeypatch.setattr(House, "digest", failing)
    for _ in range(WAITERS + 2):
        with pytest.raises(StoreError):
            house.digest_now(bank, None)
