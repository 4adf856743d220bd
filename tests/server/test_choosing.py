"""Models of a bank: among what the operator listed, from the settings alone, kept beside it."""

from __future__ import annotations

import pytest

from memorybank.errors import BadInput, BadSetting, EmbedderFailed
from memorybank.records import Turn
from memorybank.testing import HashEmbedder, ScriptedLLM
from memorybank.verbs import embedding, opening
from siliconfriend.server import choosing
from siliconfriend.server.choosing import EMBEDDER, MODEL
from siliconfriend.server.settings import Serving
from siliconfriend.server.worker import Worker

LISTED = {"models": ("testing:Second",), "embedders": ("testing:other",)}


@pytest.fixture
def house(open_house):
    opened = open_house(serving=LISTED)
    opened.opened[MODEL, "testing:Second"] = ScriptedLLM(name="testing:Second")
    opened.opened[EMBEDDER, "testing:other"] = HashEmbedder(dim=32, name="testing:other")
    return opened


@pytest.fixture
def bank(house):
    opened = house.open_bank("", "emily", create=True)
    opened.remember("My sister Tess moved to Osaka.", reply="I see.")
    opened.remember("I'm allergic to peanuts.", reply="Noted.")
    return opened


def test_names_keep_their_letters_in_the_settings():
    read = Serving.read({"models": ["openai:Qwen3"], "allow_hosts": ["Friend.example:8377"]})
    assert read.models == ("openai:Qwen3",) and read.allow_hosts == ("friend.example:8377",)
    with pytest.raises(BadSetting):
        Serving.read({"models": "openai:Qwen3"})


@pytest.mark.parametrize("name", ["openai:gpt", "http://192.0.2.7/v1", "testing:other", "x"])
def test_what_is_not_listed_is_never_used(house, bank, name):
    with pytest.raises(BadInput, match="not listed") as refused:
        choosing.choose_model(house, bank, name)
    assert "没有列出" in refused.value.say("zh")
    bank.set_extra(MODEL, name)  # as an operator's list that has grown shorter leaves it
    bank.set_extra(EMBEDDER, "testing:hash" if name == "x" else name.replace("other", "none"))
    assert choosing.model_of(house, bank) is house.llm
    assert house.open_bank("", "emily").desk.embedder is house.embedder


def test_a_bank_is_digested_by_the_model_it_chose_and_no_other_bank_is(house, bank):
    second = house.opened[MODEL, "testing:Second"]
    other = house.open_bank("", "zoe", create=True)
    other.remember("I work as a nurse.", reply="I see.")
    choosing.choose_model(house, bank, "testing:Second")
    house.digest(other)
    assert not second.asked
    house.digest(bank)
    assert second.asked
    choosing.choose_model(house, bank, "")
    assert choosing.model_of(house, bank) is house.llm


def test_another_embedder_queues_every_vector_and_the_worker_makes_them(house, bank):
    assert choosing.choose_embedder(house, bank, "testing:other") == 2
    assert house.nudged.is_set()
    assert embedding.coverage(bank.desk) == (0, 2)
    assert sum(job.kind == "embed" for job in bank.jobs()) == 2
    Worker(house).round()
    assert embedding.coverage(bank.desk) == (2, 2)
    held = house.open_bank("", "emily")
    assert held.desk.embedder.name == held.info().embedder == "testing:other"
    assert held.recall("Where did Tess move?")[0].text.startswith("My sister Tess")
    assert choosing.choose_embedder(house, bank, "testing:other") == 0


def test_an_embedder_that_does_not_answer_is_not_chosen(house, bank):
    class Broken(HashEmbedder):
        def embed_passages(self, texts):
            raise OSError("down")

    house.opened[EMBEDDER, "testing:other"] = Broken(name="testing:other")
    with pytest.raises(EmbedderFailed):
        choosing.choose_embedder(house, bank, "testing:other")
    assert bank.info().embedder == "testing:hash" and EMBEDDER not in bank.info().extra
    assert not [job for job in bank.jobs() if job.kind == "embed"]


def test_a_zone_is_free_until_something_was_said_even_if_it_is_gone(house):
    bank = house.open_bank("", "new", create=True)
    opening.change_zone(bank.desk, "Asia/Tokyo")
    assert bank.info().zone == "Asia/Tokyo"
    with pytest.raises(BadSetting):
        opening.change_zone(bank.desk, "Mars/Olympus")
    (kept,) = bank.remember_turns([Turn(text="A thing.", occurred_at=house.clock())])
    for _ in range(2):
        with pytest.raises(BadInput, match="new bank") as refused:
            opening.change_zone(bank.desk, "UTC")
        assert "新建" in refused.value.say("zh")
        if bank.info().turns:
            bank.erase(kept.id)
    assert bank.info().zone == "Asia/Tokyo" and bank.info().turns == 0
