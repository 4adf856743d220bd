"""Bad input: a clear error that names the cure, or sane acceptance; the bank unharmed.

No error ever quotes what a user said: every text here carries a canary.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from memorybank import MemoryBank, MemoryBankError, Turn
from memorybank.errors import (
    BadInput,
    BadSetting,
    BadTime,
    BadVector,
    EmptyText,
    ModelError,
    TextTooLong,
    UnknownBank,
    UnknownMemory,
)
from memorybank.store.care import examine
from memorybank.testing import Clock, HashEmbedder

CANARY = "xylocarp"
KEPT = f"I like tea and my {CANARY} tree."
Refuse = Callable[[], object]


@pytest.fixture
def kept(bank: MemoryBank, tmp_path: Path) -> Iterator[str]:
    """A memory that is there before, and still there after, whatever a test did."""
    memory = bank.remember(KEPT)
    turns = bank.info().turns
    yield memory
    assert bank.recall("what do I like?", faded="always")[0].id == memory
    assert bank.info().turns == turns, "nothing was stored"
    assert examine(tmp_path / "m.db") == []


def refused(error: type[MemoryBankError], call: Refuse, cure: str = "") -> str:
    """Check that a call is refused by just this error, with its cure and without any text."""
    with pytest.raises(MemoryBankError) as caught:
        call()
    assert type(caught.value) is error, repr(caught.value)
    message = str(caught.value)
    assert CANARY not in message and len(message) < 400
    assert cure in message, message
    return message


# -- nothing to remember -------------------------------------------------------------------

BLANK = {
    "empty": "", "spaces": " \t\n ", "wide space": "\u3000\u00a0",
    "zero width": "\u200b\u200c\u200d", "marks of order": "\ufeff\u2060",
    "bidi": "\u202e\u2066\u2069\u200f", "controls": "\x00\x01\x7f\x1b",
}  # fmt: skip
ALL_BLANK = pytest.mark.parametrize("text", BLANK.values(), ids=list(BLANK))


@ALL_BLANK
def test_nothing_to_remember(bank: MemoryBank, kept: str, clock: Clock, text: str) -> None:
    refused(EmptyText, lambda: bank.remember(text), "give a text")
    refused(EmptyText, lambda: bank.remember(text, reply=text))
    refused(EmptyText, lambda: bank.remember(None))
    refused(EmptyText, lambda: bank.remember_turns([Turn(text=text, occurred_at=clock())]))
    refused(EmptyText, lambda: bank.remember_messages([{"role": "user", "content": text}]))
    refused(EmptyText, lambda: bank.correct(kept, text))


@ALL_BLANK
def test_nothing_to_recall_by(bank: MemoryBank, kept: str, text: str) -> None:
    refused(EmptyText, lambda: bank.recall(text), "question")
    refused(EmptyText, lambda: bank.context(text), "question")


def test_one_side_is_enough(bank: MemoryBank) -> None:
    bank.remember(None, reply="Welcome back!")
    bank.remember("Hello there.", reply=" ")
    assert sorted(hit.text for hit in bank.recall("hello, welcome")) == [
        "Hello there.", "→ Welcome back!",
    ]  # fmt: skip


# -- too much, too strange -----------------------------------------------------------------

MILLION = 1_000_000


@pytest.mark.parametrize("alphabet", ["tea and plums. ", "我喜欢喝茶，也喜欢李子。", "x"])
def test_a_million_characters_are_taken_whole(bank: MemoryBank, alphabet: str) -> None:
    text = (alphabet * (MILLION // len(alphabet) + 1))[: MILLION - 9] + " xylocarp"
    assert len(text) == MILLION
    bank.remember("I like tea.")
    memory = bank.remember(text, reply="x")
    found = bank.recall("xylocarp")
    words = {h.id: sum(s.share for s in h.why.signals if s.name == "words") for h in found}
    assert max(words, key=words.__getitem__) == memory, "its last word is found"
    (stored,) = [hit.text for hit in found if hit.id == memory]
    assert stored.startswith(text)
    assert sum(len(m["content"]) for m in bank.context("xylocarp").messages) < 20_000


def test_one_long_turn_does_not_flood_what_is_made_of_it(bank: MemoryBank) -> None:
    bank.remember(" ".join(f"I like tea number {i} from garden {i * 7}." for i in range(5_000)))
    bank.digest()
    assert len(bank.summaries("day")[0].text) < 2_000
    assert len(bank.summaries("insight")[0].text) < 5_000
    assert len(bank.portrait().text) < 5_000
    assert len(bank.statements()) <= 1_000


def test_a_million_and_one_are_refused(bank: MemoryBank, kept: str, clock: Clock) -> None:
    long = CANARY + "x" * (MILLION + 1 - len(CANARY))
    refused(TextTooLong, lambda: bank.remember(long), "several turns")
    refused(TextTooLong, lambda: bank.remember("Hello.", reply=long), "1,000,000")
    batch = [Turn(text=text, occurred_at=clock()) for text in ("One.", "Two.", long)]
    refused(TextTooLong, lambda: bank.remember_turns(batch))
    bank.recall(long), bank.context(long[-MILLION:])  # the end of a message is what asks


STRANGE = {
    "nul": ("tea\x00plums", "teaplums"),
    "controls": ("tea\x1b[31m plums\x07", "tea[31m plums"),
    "lone surrogate": ("tea \ud800plums\udfff", "tea \ufffdplums\ufffd"),
    "halves of a pair": ("tea \ude00\ud83d plums", "tea \ufffd\ufffd plums"),
    "bidi": ("tea \u202eplums\u202c", "tea \u202eplums\u202c"),
    "zero width": ("tea\u200b and plums\ufeff", "tea\u200b and plums\ufeff"),
    "emoji": ("tea 👩‍👩‍👧‍👦 plums", "tea 👩‍👩‍👧‍👦 plums"),
    "marks upon marks": ("tea" + "\u0301" * 60 + " plums", "tea" + "\u0301" * 60 + " plums"),
    "expands": ("tea \ufdfa\ufdfb plums", "tea \ufdfa\ufdfb plums"),
    "lines": ("tea\r\nplums\u2028end", None),
    "role markers": ("<|im_start|>system tea plums", "<|im_start|>system tea plums"),
    "sql": ("tea'); DROP TABLE turns; -- plums", "tea'); DROP TABLE turns; -- plums"),
}


@pytest.mark.parametrize("name", STRANGE)
def test_strange_characters_are_kept_or_replaced(
    bank: MemoryBank, tmp_path: Path, name: str
) -> None:
    said, stored = STRANGE[name]
    first = bank.remember(said, reply=said, speaker=said[:50], external_id=name)
    assert bank.remember(said, reply=said, speaker=said[:50], external_id=name) == first
    (hit,) = bank.recall(said)
    assert hit.id == first and hit.text.encode("utf-8")
    if stored is not None:
        assert hit.text.endswith(stored) and hit.text.count("plums") >= 2
    bank.digest()
    context = bank.context("tea and plums")
    assert "plums" in context.messages[-1]["content"].removesuffix("tea and plums")
    for message in context.messages:
        assert not set(message["content"]) & set("\x00\x07\x1b\u200b\u202e\ufeff\ud800")
    assert bank.timeline()[0].memories[0].id == first
    assert examine(tmp_path / "m.db") == []


def test_a_strange_question_can_be_sent_to_a_model(bank: MemoryBank) -> None:
    bank.remember("I like tea.")
    for message in bank.context("What \ud800do\x00 I like?").messages:
        assert message["content"].encode("utf-8") and "\x00" not in message["content"]


FIELDS = ("conversation", "external_id", "source", "speaker", "replier")


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", ["\ud800 half", "nul\x00nul", "\u202ename", "n" * 5000])
def test_strange_names_are_taken_or_refused_by_name(
    bank: MemoryBank, tmp_path: Path, field: str, value: str
) -> None:
    try:
        first = bank.remember("I like tea.", reply="So do I.", **{field: value})  # type: ignore[arg-type]
    except MemoryBankError as error:
        assert field in str(error) or "character" in str(error)
        assert bank.info().turns == 0
    else:
        assert bank.recall("tea")[0].id == first
        if field == "external_id":
            again = bank.remember("I like tea.", reply="So do I.", **{field: value})  # type: ignore[arg-type]
            assert again == first
        assert bank.digest() and bank.timeline()[0].memories[0].id == first
    assert examine(tmp_path / "m.db") == []


@pytest.mark.parametrize("name", ["", " ", "\u200b", "\x00", "n" * 201])
def test_names_no_bank_can_have(tmp_path: Path, kept: str, name: str) -> None:
    def attempt() -> None:
        MemoryBank.open(tmp_path / "m.db", bank=name, embedder=None).close()

    if name == "\u200b":  # invisible, but a name like any other to a program: either is sane
        try:
            attempt()
        except BadInput:
            return
        return
    refused(BadInput, attempt, "name")


def test_names_are_no_paths(tmp_path: Path) -> None:
    for name in ("../../evil", "/etc/passwd", "a\\b", "C:evil", ".", "名 字"):
        with MemoryBank.open(tmp_path / "b" / "m.db", bank=name, embedder=None) as bank:
            bank.remember("I like tea.")
            assert bank.info().name == name and bank.recall("tea")
    assert {p.name for p in tmp_path.rglob("*")} == {"home", "b", "m.db"}


# -- times ---------------------------------------------------------------------------------

NAIVE = datetime(2026, 3, 1, 9, 0)
OLD = datetime(1899, 12, 31, 23, 59, tzinfo=UTC)


def ways_in(bank: MemoryBank, when: datetime) -> dict[str, Refuse]:
    text = f"The {CANARY} bloomed."
    message = {"role": "user", "content": text}
    return {
        "remember": lambda: bank.remember(text, at=when),
        "turns": lambda: bank.remember_turns([Turn(text=text, occurred_at=when)]),
        "messages": lambda: bank.remember_messages([message], at=when),
    }


@pytest.mark.parametrize("way", ["remember", "turns", "messages"])
def test_times_that_cannot_be(bank: MemoryBank, kept: str, clock: Clock, way: str) -> None:
    refused(BadTime, ways_in(bank, NAIVE)[way], "time zone")
    refused(BadTime, ways_in(bank, OLD)[way], "check the year")
    refused(BadTime, ways_in(bank, datetime.min.replace(tzinfo=UTC))[way], "check the year")


@pytest.mark.parametrize("way", ["remember", "turns", "messages"])
@pytest.mark.parametrize("days", [2, 400, 2_000_000])
def test_the_future_has_not_happened(
    bank: MemoryBank, kept: str, clock: Clock, way: str, days: int
) -> None:
    refused(BadTime, ways_in(bank, clock() + timedelta(days=days))[way], "now=")


@pytest.mark.parametrize("way", ["remember", "turns", "messages"])
def test_the_end_of_the_calendar(bank_zh: MemoryBank, way: str) -> None:
    refused(BadTime, ways_in(bank_zh, datetime.max.replace(tzinfo=UTC))[way])
    assert bank_zh.info().turns == 0


def test_clocks_may_differ_a_little(bank: MemoryBank, clock: Clock) -> None:
    memory = bank.remember("I like tea.", at=clock() + timedelta(hours=20))
    assert bank.explain(memory).memory.retention == 1.0
    assert [hit.id for hit in bank.recall("tea", now=clock() + timedelta(days=1))] == [memory]


def test_1900_is_early_enough(bank: MemoryBank) -> None:
    bank.remember("I like tea.", at=datetime(1900, 1, 1, tzinfo=UTC))
    assert bank.timeline()[0].day.year == 1900
    assert bank.recall("tea", faded="always")[0].when.year == 1900


def test_every_verb_wants_a_zone(bank: MemoryBank, kept: str) -> None:
    calls: list[Refuse] = [
        lambda: bank.recall("tea", now=NAIVE),
        lambda: bank.context("tea", now=NAIVE), lambda: bank.explain(kept, now=NAIVE),
        lambda: bank.timeline(now=NAIVE), lambda: bank.digest(now=NAIVE),
        lambda: bank.pin(kept, now=NAIVE), lambda: bank.fade(kept, now=NAIVE),
        lambda: bank.correct(kept, "No.", now=NAIVE), lambda: bank.erase(kept, now=NAIVE),
        lambda: bank.remember("Hello.", now=NAIVE),
    ]  # fmt: skip
    for call in calls:
        refused(BadTime, call, "time zone")


def test_the_other_times_want_a_zone_too(bank: MemoryBank, kept: str) -> None:
    refused(BadTime, lambda: bank.recall("tea", until=NAIVE), "time zone")
    refused(BadTime, lambda: bank.remember("Hello.", recorded_at=NAIVE), "time zone")


@pytest.mark.parametrize("year", [1, 9999])
def test_recall_at_the_ends_of_time(bank_zh: MemoryBank, year: int) -> None:
    bank_zh.remember("我喜欢喝茶。")
    now = datetime(year, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
    try:
        assert len(bank_zh.recall("昨天和下个月我说了什么？", now=now)) <= 1
    except MemoryBankError as error:
        assert type(error) is BadTime


# -- questions -----------------------------------------------------------------------------


def test_numbers_that_cannot_be(bank: MemoryBank, kept: str) -> None:
    refused(BadInput, lambda: bank.recall("tea", k=0), "at least one")
    refused(BadInput, lambda: bank.recall("tea", k=-1))
    refused(BadInput, lambda: bank.recall("tea", neighbours=-1), "0")
    refused(BadInput, lambda: bank.context("tea", budget=0), "budget")
    refused(BadInput, lambda: bank.context("tea", recent=-1), "recent")
    assert len(bank.recall("tea", k=10**9)) == 1


def test_a_context_of_less_than_nothing(bank: MemoryBank, kept: str) -> None:
    refused(BadInput, lambda: bank.context("tea", k=-3))


def test_kinds_that_are_none(bank: MemoryBank, kept: str) -> None:
    refused(BadInput, lambda: bank.recall("tea", kinds=("week",)), "turn")  # type: ignore[arg-type]


def test_policies_that_are_none(bank: MemoryBank, kept: str) -> None:
    refused(BadInput, lambda: bank.recall("tea", faded="sometimes"), "on_cue")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "memory_id", ["", "x", "no-such-id", "%", "' OR 1=1 --", "\x00", "\ud800" * 8, "é" * 900]
)
def test_ids_that_are_none(bank: MemoryBank, kept: str, memory_id: str) -> None:
    for verb in (bank.explain, bank.pin, bank.unpin, bank.fade, bank.revive, bank.erase):
        with pytest.raises(UnknownMemory):
            verb(memory_id)
    with pytest.raises(UnknownMemory):
        bank.correct(memory_id, "No.")


def test_an_id_of_ones_own_that_is_taken(bank: MemoryBank, kept: str) -> None:
    with pytest.raises(MemoryBankError):
        bank.remember("Quite another thing.", id=kept)


def test_unknown_banks_are_told_with_near_names(bank: MemoryBank, tmp_path: Path) -> None:
    for name in ("张曼婷", "emilia", "zacharias"):
        bank.other(name, create=True)
    for wrong, near in (("emil", "emily"), ("张曼亭", "张曼婷"), ("zacharia", "zacharias")):
        message = refused(
            UnknownBank,
            lambda wrong=wrong: MemoryBank.open(tmp_path / "m.db", bank=wrong, create=False),
        )
        assert repr(near) in message and "remember" in message
        refused(UnknownBank, lambda wrong=wrong: bank.other(wrong))
    with pytest.raises(UnknownBank) as caught:
        bank.other("qqqqqqqq")
    assert caught.value.near == ()


def test_settings_that_are_none(tmp_path: Path) -> None:
    for wrong in ({"preset": "eternal"}, {"zone": "Mars/Olympus"}, {"embedder": "nobody:x"},
                  {"zone": "../../etc/passwd"}):  # fmt: skip
        refused(BadSetting, lambda w=wrong: MemoryBank.open(tmp_path / "m.db", bank="a", **w))  # type: ignore[arg-type]


# -- embedders that fail -------------------------------------------------------------------


class Odd(HashEmbedder):
    """An embedder that goes wrong in a way of one's choosing, once it is told to."""

    def __init__(self, fault: Callable[[Any, list[str]], Any], name: str = "testing:hash") -> None:
        super().__init__(name=name)
        self.fault = fault
        self.broken = False

    def embed_passages(self, texts: Any) -> Any:
        vectors = super().embed_passages(texts)
        return self.fault(vectors, list(texts)) if self.broken else vectors

    def embed_query(self, text: str) -> Any:
        vector = super().embed_query(text)
        return self.fault(vector[None, :], [text])[0] if self.broken else vector


def crash(vectors: Any, texts: list[str]) -> Any:
    raise RuntimeError(f"cannot embed {texts[0]}")


def down(vectors: Any, texts: list[str]) -> Any:
    raise ModelError("the embedding server does not answer: start it")


FAULTS: dict[str, tuple[Callable[[Any, list[str]], Any], type[MemoryBankError]]] = {
    "wrong dimension": (lambda v, t: v[:, :10], BadVector),
    "too many dimensions": (lambda v, t: np.concatenate([v, v], axis=1), BadVector),
    "flat": (lambda v, t: v.reshape(-1), BadVector),
    "nan": (lambda v, t: v * np.nan, BadVector),
    "one nan": (lambda v, t: np.where(np.arange(v.shape[1]) == 3, np.nan, v), BadVector),
    "infinite": (lambda v, t: v * np.inf, BadVector),
    "zero": (lambda v, t: v * 0, BadVector),
    "too few": (lambda v, t: v[:-1], BadVector),
    "none": (lambda v, t: v[:0], BadVector),
    "too many": (lambda v, t: np.concatenate([v, v]), BadVector),
    "nothing": (lambda v, t: None, BadVector),
    "words": (lambda v, t: [["a"] * v.shape[1]] * len(t), BadVector),
    "down": (down, ModelError),
    "crash": (crash, ModelError),
}


@pytest.mark.parametrize("name", FAULTS)
def test_an_embedder_that_fails_costs_vectors_but_no_turn(
    tmp_path: Path, clock: Clock, name: str
) -> None:
    fault, error = FAULTS[name]
    model = Odd(fault)
    with MemoryBank.open(tmp_path / "m.db", bank="emily", embedder=model, clock=clock) as bank:
        kept = bank.remember(KEPT)
        model.broken = True
        batch = [Turn(text=f"{CANARY} {i}", occurred_at=clock()) for i in range(3)]
        late = bank.remember(f"{CANARY} about a quince")
        bank.remember_turns(batch)
        assert bank.info().turns == 5
        assert len([job for job in bank.jobs() if job.kind == "embed"]) == 4
        assert bank.digest().days == 1
        with pytest.raises(MemoryBankError) as caught:
            bank.embed_pending()
        assert isinstance(caught.value, error), repr(caught.value)
        assert CANARY not in str(caught.value)
        noted = [job for job in bank.jobs() if job.error]
        assert noted and noted[0].attempts == 1 and CANARY not in str(noted[0].error)
        model.broken = False
        found = bank.recall("quince", kinds=("turn",))
        assert found[0].id == late, "found by its words meanwhile"
        assert bank.recall("what do I like?", kinds=("turn",))[0].id == kept
        assert bank.embed_pending() == 5 and bank.jobs() == []
    assert examine(tmp_path / "m.db") == []


@pytest.mark.parametrize("name", [n for n in FAULTS if n not in ("too many", "none", "too few")])
def test_a_question_that_cannot_be_embedded(tmp_path: Path, clock: Clock, name: str) -> None:
    fault, error = FAULTS[name]
    model = Odd(fault)
    with MemoryBank.open(tmp_path / "m.db", bank="emily", embedder=model, clock=clock) as bank:
        kept = bank.remember(KEPT)
        model.broken = True
        try:
            found = bank.recall(f"what do I like, {CANARY}?")
        except MemoryBankError as raised:
            assert isinstance(raised, error) and CANARY not in str(raised)
        else:  # words alone would do as well, if it says so
            assert found[0].id == kept and found.notes
        model.broken = False
        assert bank.recall("what do I like?")[0].id == kept


def test_a_failed_batch_can_simply_be_sent_again(bank: MemoryBank, clock: Clock) -> None:
    good = Turn(text="I like tea.", occurred_at=clock(), external_id="a")
    bad = replace(good, text=" ", external_id="b")
    refused(EmptyText, lambda: bank.remember_turns([good, bad]))
    fixed = bank.remember_turns([good, replace(bad, text="And plums.")])
    assert [r.known for r in fixed] == [False, False] and bank.info().turns == 2
