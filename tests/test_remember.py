"""Remember, end to end: what went in is there, once, on disk, and found at once."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from memorybank import MemoryBank, Recalled, Turn
from memorybank.errors import BadTime, EmptyText, MemoryBankError
from memorybank.testing import Clock, HashEmbedder

HOUR = timedelta(hours=1)


def texts(bank: MemoryBank, question: str, **more: object) -> list[str]:
    return [hit.text for hit in bank.recall(question, faded="always", **more)]  # type: ignore[arg-type]


def turns_of(bank: MemoryBank) -> list[Turn]:
    """Everything that stands in the bank, through the way that export takes."""
    from memorybank.intake import volumes

    return list(volumes(bank, only=bank.info().name)[0].turns)


def again(bank: MemoryBank, path: Path, name: str = "emily") -> MemoryBank:
    return MemoryBank.open(
        path, bank=name, create=False, embedder=HashEmbedder(), clock=bank.desk.clock
    )


# -- durable and searchable ----------------------------------------------------------------


def test_searchable_as_soon_as_it_returns(bank: MemoryBank) -> None:
    bank.remember("I like strong tea.", reply="Noted.")
    memory = bank.remember("My cat Miso hates thunder.", reply="Poor Miso!")
    first = bank.recall("what does my cat hate?")[0]
    assert first.id == memory
    assert first.text == "My cat Miso hates thunder.\n→ Poor Miso!"


def test_searchable_as_soon_as_it_returns_in_chinese(bank_zh: MemoryBank) -> None:
    bank_zh.remember("我喜欢喝浓茶。", reply="记住了。")
    memory = bank_zh.remember("我的猫年糕怕打雷。", reply="可怜的年糕！")
    first = bank_zh.recall("我的猫怕什么？")[0]
    assert first.id == memory
    assert re.fullmatch("我的猫年糕怕打雷。\n→ ?可怜的年糕！", first.text)
    assert first.when.utcoffset() == timedelta(hours=8)


def test_durable_for_another_store(bank: MemoryBank, tmp_path: Path) -> None:
    memory = bank.remember("My cat Miso hates thunder.")
    with again(bank, tmp_path / "m.db") as other:  # the first is still open: nothing was flushed
        hit = other.recall("what does my cat hate?")[0]
        assert (hit.id, hit.text) == (memory, "My cat Miso hates thunder.")
        assert {signal.name for signal in hit.why.signals} <= {
            "words", "words before", "meaning", "typical", "meaning before", "nearby", "time",
        }  # fmt: skip


def test_a_reopened_bank_ranks_alike_to_the_last_digit(bank: MemoryBank, tmp_path: Path) -> None:
    for i, thing in enumerate(("tea", "a cat called Miso", "thunder", "the dentist", "Anna")):
        bank.remember(f"Number {i}: today it was about {thing}.", reply="I see.")
    warm = [(hit.id, hit.score) for hit in bank.recall("the cat and the thunder")]
    with again(bank, tmp_path / "m.db") as other:
        assert [(hit.id, hit.score) for hit in other.recall("the cat and the thunder")] == warm


READ = """
import sys
from memorybank import MemoryBank
from memorybank.testing import HashEmbedder
with MemoryBank.open(sys.argv[1], bank="emily", create=False, embedder=HashEmbedder()) as bank:
    print(bank.recall("what does my cat hate?", faded="always")[0].id)
"""


def test_durable_for_another_process(bank: MemoryBank, tmp_path: Path) -> None:
    bank.remember("I like strong tea.")
    memory = bank.remember("My cat Miso hates thunder.")
    read = [sys.executable, "-c", READ, str(tmp_path / "m.db")]
    assert subprocess.run(read, capture_output=True, text=True, check=True).stdout.strip() == memory


# -- message lists -------------------------------------------------------------------------


def test_messages_become_turns(bank: MemoryBank, clock: Clock) -> None:
    ids = bank.remember_messages(
        [
            {"role": "system", "content": "Be kind."},
            {"role": "assistant", "content": "Welcome back!"},
            {"role": "assistant", "content": "How was the hike?"},
            {"role": "user", "content": "We saw a fox."},
            {"role": "assistant", "content": "A fox!"},
            {"role": "assistant", "content": "Where?"},
            {"role": "user", "content": "Near the lake."},
            {"role": "user", "content": "It ran away."},
        ]
    )
    stored = turns_of(bank)
    assert [(t.text, t.reply) for t in stored] == [
        (None, "Welcome back!\nHow was the hike?"),
        ("We saw a fox.", "A fox!\nWhere?"),
        ("Near the lake.", None),
        ("It ran away.", None),
    ]
    assert [t.id for t in stored] == ids
    assert [t.seq for t in stored] == [0, 1, 2, 3]
    assert stored[0].author == "companion"
    assert [t.author for t in stored[1:]] == ["user", "user", "user"]
    assert {t.occurred_at for t in stored} == {clock()}
    assert "Be kind" not in "".join(texts(bank, "be kind"))


def test_messages_keep_their_own_time(bank: MemoryBank, clock: Clock) -> None:
    at = clock() - timedelta(days=3)
    (memory,) = bank.remember_messages([{"role": "user", "content": "We saw a fox."}], at=at)
    assert bank.explain(memory).memory.occurred_at == at


def test_no_messages_is_nothing_to_do(bank: MemoryBank) -> None:
    assert bank.remember_messages([]) == []
    assert bank.remember_messages([{"role": "system", "content": "Be kind."}]) == []
    assert bank.info().turns == 0


# -- batches -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        ({"text": "\u200b"}, EmptyText),
        ({"text": "Too early.", "occurred_at": datetime(1899, 12, 31, tzinfo=UTC)}, BadTime),
        ({"text": "Too late.", "occurred_at": datetime(2029, 1, 1, tzinfo=UTC)}, BadTime),
        ({"text": "Of nothing.", "supersedes": "no-such-memory"}, MemoryBankError),
    ],
)
def test_a_batch_is_taken_whole_or_not_at_all(
    bank: MemoryBank, clock: Clock, bad: dict[str, object], error: type[MemoryBankError]
) -> None:
    kept = bank.remember("I like strong tea.")
    good = [Turn(text=f"Good turn {i}.", occurred_at=clock()) for i in range(3)]
    broken = Turn(**({"occurred_at": clock()} | bad))  # type: ignore[arg-type]
    with pytest.raises(error):
        bank.remember_turns([*good, broken])
    assert [t.id for t in turns_of(bank)] == [kept]
    assert [hit.id for hit in bank.recall("good turn", faded="always")] == [kept]
    assert len(bank.remember_turns(good)) == 3, "the same turns go in once the bad one is out"
    assert bank.info().turns == 4


def test_a_batch_keeps_its_own_times_and_order(bank: MemoryBank, clock: Clock) -> None:
    days = [clock() - timedelta(days=n) for n in (9, 2, 5)]
    turns = [Turn(text=f"It was day {i}.", occurred_at=day) for i, day in enumerate(days)]
    results = bank.remember_turns(turns)
    assert [bank.explain(r.id).memory.occurred_at for r in results] == days
    assert [day.day for day in bank.timeline()] == sorted(day.date() for day in days)
    assert bank.info().first == min(days) and bank.info().last == max(days)


# -- idempotent by the caller's id ---------------------------------------------------------


def test_same_text_same_id_is_one_memory(bank: MemoryBank) -> None:
    first = bank.remember("I like tea.", reply="Noted.", external_id="a")
    assert bank.remember("I like tea.", reply="Noted.", external_id="a") == first
    assert bank.info().turns == 1


def test_same_text_other_id_is_two(bank: MemoryBank) -> None:
    first = bank.remember("I like tea.", external_id="a")
    second = bank.remember("I like tea.", external_id="b")
    assert first != second
    assert {hit.external_id for hit in bank.recall("what do I like?")} == {"a", "b"}


def test_same_text_without_an_id_is_two(bank: MemoryBank) -> None:
    assert bank.remember("I like tea.") != bank.remember("I like tea.")
    assert bank.info().turns == 2


def test_same_id_new_text_corrects(bank: MemoryBank) -> None:
    old = bank.remember("My sister lives in Oslo.", external_id="a")
    new = bank.remember("My sister lives in Bergen.", external_id="a")
    assert new != old
    hits = bank.recall("where does my sister live?")
    assert [hit.id for hit in hits] == [new]
    assert hits[0].replaces == (old,)
    assert any(old[-8:] in note and "Oslo" in note for note in hits[0].why.notes)
    assert bank.explain(old).replaced_by == new
    assert bank.explain(new).replaces == (old,)


def test_a_new_reply_is_a_new_wording(bank: MemoryBank) -> None:
    old = bank.remember("I like tea.", reply="Green?", external_id="a")
    new = bank.remember("I like tea.", reply="Black?", external_id="a")
    assert new != old
    assert [hit.id for hit in bank.recall("tea")] == [new]


def test_replaying_the_whole_sequence_changes_nothing(bank: MemoryBank, clock: Clock) -> None:
    sequence = [
        ("My sister lives in Oslo.", "a"), ("I like tea.", "b"), ("I like tea.", "c"),
        ("My sister lives in Bergen.", "a"), ("My sister lives in Trondheim.", "a"),
    ]  # fmt: skip

    def play() -> list[str]:
        return [bank.remember(text, external_id=external) for text, external in sequence]

    first = play()
    before = bank.timeline(), [h.to_json() for h in bank.recall("where does my sister live?")]
    clock.forward(seconds=1)
    assert play() == first
    clock.time -= timedelta(seconds=1)
    after = bank.timeline(), [h.to_json() for h in bank.recall("where does my sister live?")]
    assert after == before
    assert bank.info().turns == 5
    assert "Trondheim" in bank.recall("where does my sister live?")[0].text


def test_a_replay_is_told_as_known(bank: MemoryBank, clock: Clock) -> None:
    turn = Turn(text="I like tea.", occurred_at=clock(), external_id="a")
    first, second = bank.remember_turns([turn, turn])
    assert (first.known, second.known) == (False, True)
    assert first.id == second.id


# -- deferred vectors ----------------------------------------------------------------------


def share(hit: Recalled, name: str) -> float:
    return sum(signal.share for signal in hit.why.signals if signal.name == name)


def meaning(bank: MemoryBank, question: str, memory: str) -> float:
    """How like a question a memory is, from the average of the bank."""
    (hit,) = [hit for hit in bank.recall(question, k=99) if hit.id == memory]
    return sum(signal.value for signal in hit.why.signals if signal.name == "meaning")


def filled(bank: MemoryBank) -> None:
    for text in ("I like strong tea.", "The dentist was kind.", "We saw a fox.", "Anna cooks."):
        bank.remember(text)


def test_deferred_vectors_are_found_by_words_at_once_and_by_meaning_later(
    bank: MemoryBank, tmp_path: Path
) -> None:
    filled(bank)
    # "photobiography" is another word, but begins and ends alike for the hash embedder.
    memory = bank.remember("Photography, photography!", vectors="later")
    by_words = {hit.id: share(hit, "words") for hit in bank.recall("photography")}
    assert by_words.pop(memory) > max(by_words.values(), default=0.0)
    by_meaning = bank.recall("photobiography")
    assert all(s.name != "words" for hit in by_meaning for s in hit.why.signals)
    assert by_meaning[0].id != memory
    assert [job.kind for job in bank.jobs() if job.kind == "embed"] == ["embed"]
    with again(bank, tmp_path / "m.db") as warm:
        warm.recall("photobiography")
        assert bank.embed_pending() == 1
        assert bank.recall("photobiography")[0].id == memory
        assert warm.recall("photobiography")[0].id == memory, "a warm second store follows"
    assert not [job for job in bank.jobs() if job.kind == "embed"]
    assert bank.embed_pending() == 0


def test_inline_vectors_leave_no_job(bank: MemoryBank) -> None:
    bank.remember("Photography, photography!")
    assert not [job for job in bank.jobs() if job.kind == "embed"]


class Failing(HashEmbedder):
    """Works for so many calls and then no more."""

    def __init__(self, calls: int) -> None:
        super().__init__()
        self.calls = calls

    def embed_passages(self, texts):  # type: ignore[no-untyped-def]
        from memorybank.errors import ModelError

        self.calls -= 1
        if self.calls < 0:
            raise ModelError("the model is gone")
        return super().embed_passages(texts)


def test_interrupted_embedding_keeps_what_it_made(tmp_path: Path, clock: Clock) -> None:
    embedder = Failing(4)
    with MemoryBank.open(tmp_path / "i.db", bank="emily", embedder=embedder, clock=clock) as bank:
        filled(bank)  # four calls
        photo = bank.remember("Photography, photography!", vectors="later")
        bank.remember("Gardening is fun.", vectors="later")
        assert bank.recall("photobiography")[0].id != photo
        embedder.calls = 1
        with pytest.raises(MemoryBankError):
            bank.embed_pending()
        assert len([job for job in bank.jobs() if job.kind == "embed"]) == 1
        assert bank.recall("photobiography")[0].id == photo, "what was made counts at once"
        embedder.calls = 9
        assert bank.embed_pending() == 1


# -- long texts ----------------------------------------------------------------------------


def long_text(needle: str, at: int, length: int = 300_000) -> str:
    filler = "The rain fell on the roof and nobody came to the door. "
    text = filler * (length // len(filler) + 1)
    return text[:at] + " " + needle + " " + text[at:length]


@pytest.mark.parametrize("at", [1_000, 60_000])
def test_the_best_chunk_of_a_long_text_speaks_for_it(bank: MemoryBank, at: int) -> None:
    filled(bank)
    memory = bank.remember(long_text("Photography! " * 80, at))
    before = meaning(bank, "photobiography", memory)
    assert [job.kind for job in bank.jobs() if job.kind == "embed"] == ["embed"]
    words = {hit.id: share(hit, "words") for hit in bank.recall("photography")}
    assert words.pop(memory) > max(words.values()), "all of its words are found at once"
    assert bank.embed_pending() == 1
    after = meaning(bank, "photobiography", memory)
    if at < 3_000:  # so much is embedded before it returns, the rest by the job
        assert after == pytest.approx(before, abs=0.03)
    else:
        assert after > before + 0.2
    assert bank.recall("photobiography")[0].id == memory
    assert len(bank.recall("photobiography")[0].text) > 300_000


# -- language and names --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reply", "lang"),
    [
        ("I like strong tea.", None, "en"),
        ("我喜欢喝浓茶。", None, "zh"),
        ("我喜欢 iPhone 和 Mac。", "好的，记住了。", "zh"),
        ("How do I write 你好 with a brush?", "Slowly, stroke by stroke.", "en"),
        ("12345", None, "bank"),
    ],
)
def test_the_language_of_a_turn_is_that_of_its_words(
    bank: MemoryBank, bank_zh: MemoryBank, text: str, reply: str | None, lang: str
) -> None:
    for each, own in ((bank, "en"), (bank_zh, "zh")):
        each.remember(text, reply=reply)
        assert turns_of(each)[0].lang == (own if lang == "bank" else lang)


def test_names_that_nobody_knows_before(bank: MemoryBank) -> None:
    bank.remember("I like strong tea.")
    memory = bank.remember("I moved to Lyon.", reply="Bien!", speaker="Zoë ☂", replier="Клара")
    hit = bank.recall("where did Zoë move?")[0]
    assert hit.id == memory
    assert hit.text == "Zoë ☂: I moved to Lyon.\nКлара: Bien!"


def test_turns_without_names_read_without_names(bank_zh: MemoryBank) -> None:
    bank_zh.remember("我搬到里昂了。", reply="真好！", speaker="\u200b\x00", replier=" ")
    assert re.fullmatch("我搬到里昂了。\n→ ?真好！", bank_zh.recall("搬到哪里")[0].text)


# -- what was used grows stronger ----------------------------------------------------------


def recalls(bank: MemoryBank, memory: str) -> list[str | None]:
    return [e.turn_id for e in bank.explain(memory).events if e.kind == "recall"]


def test_used_memories_grow_stronger_once_a_turn(bank: MemoryBank, clock: Clock) -> None:
    memory = bank.remember("My cat Miso hates thunder.")
    other = bank.remember("I like strong tea.")
    born = bank.explain(memory).memory
    clock.forward(days=3)
    used = [memory, memory]
    turn = bank.remember("What about Miso?", reply="Thunder!", used=used, external_id="t")
    assert recalls(bank, memory) == [turn]
    grown = bank.explain(memory).memory
    assert grown.strength > born.strength
    assert grown.retention == 1.0 and grown.last_recalled_at == clock()
    assert bank.remember("What about Miso?", reply="Thunder!", used=used, external_id="t") == turn
    assert recalls(bank, memory) == [turn]
    assert bank.explain(memory).memory == grown
    assert recalls(bank, other) == []


def test_each_turn_counts(bank: MemoryBank, clock: Clock) -> None:
    memory = bank.remember("My cat Miso hates thunder.")
    turns, strengths = [], [bank.explain(memory).memory.strength]
    for _ in range(3):
        clock.forward(days=2)
        turns.append(bank.remember("And Miso?", reply="Thunder!", used=[memory]))
        strengths.append(bank.explain(memory).memory.strength)
    assert recalls(bank, memory) == turns
    assert strengths == sorted(set(strengths))


def test_a_whole_context_or_recollection_can_be_used(bank: MemoryBank, clock: Clock) -> None:
    memory = bank.remember("My cat Miso hates thunder.")
    clock.forward(days=1)
    first = bank.remember("And Miso?", used=bank.recall("what does Miso hate?"))
    clock.forward(days=1)
    context = bank.context("what does Miso hate?")
    assert memory in {hit.id for hit in context.recalled}
    second = bank.remember("And today?", used=context)
    assert recalls(bank, memory) == [first, second]
    assert recalls(bank, first) == [second]


def test_what_is_not_trusted_never_grows(bank: MemoryBank, clock: Clock) -> None:
    memory = bank.remember("Miso hates thunder.", trusted=False, channel="tool")
    before = bank.explain(memory).memory.strength
    clock.forward(days=3)
    bank.remember("And Miso?", reply="Thunder!", used=[memory])
    assert recalls(bank, memory) == []
    assert bank.explain(memory).memory.strength == before


def test_used_ids_that_are_gone_do_not_stop_a_turn(bank: MemoryBank, clock: Clock) -> None:
    gone = bank.remember("My cat Miso hates thunder.")
    bank.erase(gone)
    memory = bank.remember("And Miso?", used=[gone, "never-was"])
    assert bank.recall("Miso")[0].id == memory


def test_a_turn_and_what_it_used_are_one_transaction(
    bank: MemoryBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    from memorybank.verbs import log

    memory = bank.remember("My cat Miso hates thunder.")

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("midway")

    with monkeypatch.context() as patch:
        patch.setattr(log, "record", broken)
        with pytest.raises(RuntimeError):
            bank.remember("And Miso?", used=[memory])
    assert bank.info().turns == 1
    assert [hit.id for hit in bank.recall("Miso")] == [memory]
    bank.remember("And Miso?", used=[memory])
    assert bank.info().turns == 2 and len(recalls(bank, memory)) == 1
