"""A turn is stored when it is said and completed when the reply is there; nothing in between."""

from __future__ import annotations

from pathlib import Path

import pytest

from memorybank import MemoryBank
from memorybank.errors import BadInput, EmptyText, ModelError, UnknownMemory
from memorybank.records import Turn
from memorybank.store.care import examine
from memorybank.testing import Clock, HashEmbedder
from memorybank.verbs import shelf
from memorybank.verbs.mending import check

SAID = {
    "en": (
        "I adopted a grey cat called Miso.",
        "Does Miso scratch the sofa?",
        "What is my cat called?",
    ),
    "zh": ("我领养了一只叫米索的灰猫。", "米索会抓沙发吗？", "我的猫叫什么？"),
}
BOTH = pytest.mark.parametrize("lang", ["en", "zh"])


@pytest.fixture
def mine(bank: MemoryBank, bank_zh: MemoryBank, lang: str) -> MemoryBank:
    return {"en": bank, "zh": bank_zh}[lang]


@BOTH
def test_the_turn_stays_and_gets_its_reply(mine: MemoryBank, clock: Clock, lang: str):
    text, reply, question = SAID[lang]
    turn = mine.remember(text)
    assert mine.recall(question)[0].id == turn, "the words are there before the reply"
    mine.pin(turn)
    clock.forward(minutes=1)
    assert mine.answer(turn[-8:], reply) == turn
    told = mine.explain(turn)
    assert told.turn and (told.turn.text, told.turn.reply) == (text, reply)
    assert told.memory.pinned, "what happened to the memory before stays"
    sofa = {"en": "sofa", "zh": "沙发"}[lang]
    found = mine.recall(sofa)
    assert found[0].id == turn and sofa in found[0].text
    assert mine.info().turns == 1
    assert [j.subject for j in mine.jobs()] == ["day:2026-03-02"]


@BOTH
def test_words_and_vectors_equal_those_of_a_turn_told_at_once(
    tmp_path: Path, clock: Clock, lang: str
):
    text, reply, question = SAID[lang]
    scores = []
    for name in ("late", "once"):
        with MemoryBank.open(
            tmp_path / f"{name}.db", bank="b", embedder=HashEmbedder(), clock=clock, seed=b"s"
        ) as bank:
            bank.remember("Something else. 别的事。", reply="Yes. 是。")
            if name == "late":
                bank.answer(bank.remember(text), reply)
            else:
                bank.remember(text, reply=reply)
            found = bank.recall(question)
            scores.append([(hit.text, hit.score) for hit in found])
    assert scores[0] == scores[1]


@BOTH
def test_what_an_earlier_reply_recalled_no_longer_counts(mine: MemoryBank, clock: Clock, lang: str):
    cat = mine.remember(SAID[lang][0])
    born = mine.explain(cat).memory.strength
    clock.forward(days=5)
    turn = mine.remember(SAID[lang][2])
    mine.answer(turn, "?", used=[cat])
    stronger = mine.explain(cat).memory.strength
    assert stronger > born
    mine.answer(turn, "!", used=[cat])
    assert mine.explain(cat).memory.strength == stronger, "once a turn, however often answered"
    mine.answer(turn, "...!", used=[])
    told = mine.explain(cat)
    assert told.memory.strength == born and told.events == ()


@BOTH
def test_what_cannot_be_answered_says_why(mine: MemoryBank, clock: Clock, lang: str):
    turn = mine.remember(SAID[lang][0], reply="ok")
    with pytest.raises(EmptyText):
        MemoryBank.answer(mine, mine.remember(reply="only me", author="companion"), " \x00")
    with pytest.raises(UnknownMemory):
        mine.answer("not-there", "hm")
    clock.forward(days=1)
    mine.digest()
    (summary,) = mine.summaries("day")
    with pytest.raises(BadInput):
        mine.answer(summary.id, "hm")
    mine.erase(turn)
    with pytest.raises(UnknownMemory):
        mine.answer(turn, "hm")


@BOTH
def test_a_reply_loads_no_index_anew(
    mine: MemoryBank, lang: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    text, reply, question = SAID[lang]
    mine.remember("Something else. 别的事。", reply="Yes. 是。")
    turn = mine.remember(text)
    mine.recall(question)

    def refuse(*_: object) -> None:
        raise AssertionError("the whole index was loaded")

    monkeypatch.setattr(shelf, "_load", refuse)
    mine.answer(turn, reply)
    found = [(hit.id, hit.text, hit.score) for hit in mine.recall(question)]
    monkeypatch.undo()
    mine.desk.shelf.drop(mine.desk.key)
    assert found == [(hit.id, hit.text, hit.score) for hit in mine.recall(question)]


@BOTH
def test_another_process_sees_the_reply(mine: MemoryBank, clock: Clock, lang: str):
    text, reply, _ = SAID[lang]
    sofa = {"en": "sofa", "zh": "沙发"}[lang]

    def found(bank: MemoryBank) -> list[tuple[str, float]]:
        return [(hit.id, hit.score) for hit in bank.recall(sofa)]

    other = MemoryBank.open(
        mine.desk.store.path, bank=mine.desk.name, embedder=mine.desk.embedder, clock=clock
    )
    with other:
        mine.remember("Something else. 别的事。", reply="Yes. 是。")
        turn = mine.remember(text)
        before = found(other)
        mine.answer(turn, reply)
        assert found(other) == found(mine) != before
        mine.answer(turn, text)
        assert found(other) == found(mine)


def test_a_reply_that_comes_while_its_vector_is_made_wins(tmp_path: Path, clock: Clock):
    class Slow(HashEmbedder):
        meanwhile = staticmethod(lambda: None)

        def embed_passages(self, texts):  # type: ignore[no-untyped-def]
            self.meanwhile, run = (lambda: None), self.meanwhile
            run()
            return super().embed_passages(texts)

    slow = Slow()
    with MemoryBank.open(tmp_path / "m.db", bank="b", embedder=slow, clock=clock) as bank:
        said = Turn(text="I adopted a cat.", occurred_at=clock())
        (turn,) = bank.remember_turns([said], vectors="later")
        slow.meanwhile = lambda: bank.answer(turn.id, "What is her name?")
        bank.embed_pending()
        assert [j.kind for j in bank.jobs()] == ["digest"], "the reply brought the vector along"
        assert not check(tmp_path / "m.db").findings, "and it is that of the whole exchange"


def test_an_embedder_that_fails_costs_the_vector_not_the_reply(tmp_path: Path, clock: Clock):
    class Failing(HashEmbedder):
        down = False

        def embed_passages(self, texts):  # type: ignore[no-untyped-def]
            if self.down:
                raise ModelError("down")
            return super().embed_passages(texts)

    embedder = Failing()
    with MemoryBank.open(tmp_path / "m.db", bank="b", embedder=embedder, clock=clock) as bank:
        turn = bank.remember("I adopted a cat.")
        embedder.down = True
        bank.answer(turn, "What is the cat's name?")
        assert {j.kind for j in bank.jobs()} == {"digest", "embed"}
        embedder.down = False
        assert bank.embed_pending() == 1
        assert examine(tmp_path / "m.db") == []


def test_a_context_can_leave_out_take_in_and_count_as_unsaid(bank: MemoryBank, clock: Clock):
    funeral = bank.remember("My cat Tom died and we buried him in the garden.")
    cat = bank.remember("I adopted a cat called Miso.")
    plan = bank.remember("I promised to send my aunt a postcard from Gannet Island.")
    clock.forward(days=2)
    asked = bank.remember("What is my cat called?")
    (aside,) = [hit for hit in bank.recall("postcard aunt") if hit.id == plan]
    ctx = bank.context(
        "What is my cat called?", instruction="You are Silicon.", aside=aside,
        leave_out=lambda hit: hit.id in (funeral, plan), without=[asked],
    )  # fmt: skip
    system, last = ctx.messages[0]["content"], ctx.messages[-1]["content"]
    assert system == "You are Silicon." and len(ctx.messages) == 2
    assert "Miso" in last and "buried" not in last
    assert "bring this up yourself" in last and "postcard" in last.split("bring this up")[1]
    assert {hit.id for hit in ctx.recalled} >= {cat, plan}
    assert {(out.what, out.id) for out in ctx.left_out if out.what == "avoided"} == {
        ("avoided", funeral),
        ("avoided", plan),
    }
