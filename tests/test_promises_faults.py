"""Promise 4: whatever a model, an embedder or the store does at any step, nothing is lost, half
written or blanked, and doing it again succeeds.

Every statement of every transaction is a step: a dry run lists them, and then each fails in turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import fakemodel as fake
import numpy as np
import pytest
from fakemodel import FakeModel
from test_digest_model import SAID, diarist

from memorybank import MemoryBank
from memorybank.errors import ModelError, UnknownMemory
from memorybank.models import load_llm
from memorybank.records import Lang
from memorybank.store.care import examine
from memorybank.store.sqlite import SQLiteStore, SQLiteTransaction
from memorybank.testing import Clock, HashEmbedder, Ids
from siliconfriend.friend import Friend, Manner
from siliconfriend.reminisce import Habit

BOTH = pytest.mark.parametrize("lang", ["en", "zh"])
LEVELS = ("day", "insight", "week", "month", "global")
TABLES = ("turns", "memories", "vectors", "terms", "events", "derived", "sources", "jobs")


@pytest.fixture
def mine(bank: MemoryBank, bank_zh: MemoryBank, lang: Lang) -> MemoryBank:
    return {"en": bank, "zh": bank_zh}[lang]


# -- the store, statement by statement -----------------------------------------------------


class Injected(Exception):
    """What went wrong on purpose."""


class Steps:
    """Counts statements; raises at one of them, or just before a commit."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.names: list[str] = []
        self.fails_at = -1
        for verb in ("rows", "row", "run", "run_many"):
            monkeypatch.setattr(SQLiteTransaction, verb, self._watched(verb))
        monkeypatch.setattr(SQLiteStore, "write", self._committing(SQLiteStore.write))

    def step(self, name: str) -> None:
        self.names.append(name)
        if len(self.names) - 1 == self.fails_at:
            raise Injected(name)

    def _watched(self, verb: str) -> Callable[..., Any]:
        through = getattr(SQLiteTransaction, verb)

        def call(tx: SQLiteTransaction, statement: str, *args: Any, **values: Any) -> Any:
            self.step(statement)
            return through(tx, statement, *args, **values)

        return call

    def _committing(self, through: Callable[..., Any]) -> Callable[..., Any]:
        @contextmanager
        def write(store: SQLiteStore) -> Iterator[Any]:
            with through(store) as tx:
                yield tx
                self.step("COMMIT")

        return write

    def run(self, act: Callable[[], object], fails_at: int = -1) -> list[str]:
        """Do it, failing at one step; returns the steps that were taken."""
        self.names, self.fails_at = [], fails_at
        try:
            act()
        finally:
            self.fails_at = -1
        return list(self.names)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Steps:
    return Steps(monkeypatch)


def rows(bank: MemoryBank) -> dict[str, list[Any]]:
    """All that stands in a bank's tables."""
    with bank.desk.store.read() as tx:
        connection = tx._connection  # type: ignore[attr-defined]
        return {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in TABLES}


def held(bank: MemoryBank) -> list[tuple[str, float, float, bool]]:
    """What is recalled and how; the store keeps times to the microsecond, an index in days."""
    hits = bank.recall("cat", k=9, faded="always")
    return [(h.id, round(h.score, 6), round(h.retention, 6), h.faded) for h in hits]


def filled(bank: MemoryBank, clock: Clock, lang: Lang = "en") -> list[str]:
    """Two turns of a day and a reply that used the first; digested by a model."""
    ids = [bank.remember(text, reply="ok", external_id=str(i)) for i, text in enumerate(SAID[lang])]
    clock.forward(hours=1)
    ids.append(bank.remember("and?", used=ids[:1]))
    bank.digest(llm=diarist(lang))
    return ids


def acts(bank: MemoryBank, ids: list[str]) -> dict[str, Callable[[], object]]:
    return {
        "remember": lambda: bank.remember(SAID["en"][0] + "!", reply="ok", used=ids[:2]),
        "new wording": lambda: bank.remember("The cat is black.", external_id="0"),
        "correct": lambda: bank.correct(ids[1], "My sister works in Paris."),
        "answer": lambda: bank.answer(ids[2], "Anna, in Lyon.", used=ids[:2]),
        "pin": lambda: bank.pin(ids[0]),
        "preset": lambda: bank.change_preset("paper"),
    }


@pytest.mark.parametrize("name", ["remember", "new wording", "correct", "answer", "pin", "preset"])
def test_a_statement_that_fails_leaves_everything_as_it_was(
    bank: MemoryBank, clock: Clock, steps: Steps, tmp_path: Path, name: str
):
    ids = filled(bank, clock)
    act = acts(bank, ids)[name]
    before = rows(bank)
    given, n, done = bank.desk.new_id.count, 0, False  # type: ignore[attr-defined]
    while not done:
        bank.desk.new_id.count = given  # type: ignore[attr-defined]
        try:
            steps.run(act, n)
            done = True
        except Injected:
            assert rows(bank) == before, f"{name} failed at {steps.names[-1]}, step {n}"
            n += 1
    assert n >= 5 and n == len(steps.names), "every step was tried"
    assert rows(bank) != before
    assert steps.names.count("COMMIT") == 1
    warm = held(bank)
    bank.desk.shelf.drop(bank.desk.key)
    assert held(bank) == warm, "the index has followed"
    bank.close()
    assert examine(tmp_path / "m.db") == []


def copied(tmp_path: Path, base: Path, n: int, clock: Clock) -> MemoryBank:
    """A copy of a bank file, opened."""
    path = tmp_path / f"copy{n}.db"
    path.write_bytes(base.read_bytes())
    return MemoryBank.open(
        path, bank="emily", embedder=HashEmbedder(), clock=clock, new_id=Ids(), create=False
    )


def everything(bank: MemoryBank) -> dict[str, object]:
    """What a bank tells of its days, without ids."""
    levels = {level: [(s.period, s.text) for s in bank.summaries(level)] for level in LEVELS}  # type: ignore[arg-type]
    return {
        **levels,
        "statements": sorted((s.topic, s.text) for s in bank.statements()),
        "turns": [(t.text, t.reply) for t in bank.recent(99)],
        "jobs": [(j.kind, j.subject) for j in bank.jobs()],
    }


@pytest.mark.parametrize("model", [True, False])
def test_a_digest_that_fails_anywhere_loses_nothing_and_is_done_again(
    bank: MemoryBank, clock: Clock, steps: Steps, tmp_path: Path, model: bool
):
    filled(bank, clock)
    bank.remember(SAID["en"][1] + "!", reply="ok")
    bank.desk.store.backup(base := tmp_path / "base.db")  # type: ignore[attr-defined]

    def digest(one: MemoryBank) -> Callable[[], object]:
        return lambda: one.digest(llm=diarist("en") if model else None)

    with copied(tmp_path, base, 0, clock) as dry:
        old = everything(dry)
        names = steps.run(digest(dry))
        new = everything(dry)
    assert len(names) > 30 and new["jobs"] == [] and old["turns"] == new["turns"]
    for n in range(0, len(names), 1 if model else 5):
        with copied(tmp_path, base, n + 1, clock) as one:
            with pytest.raises(Injected):
                steps.run(digest(one), n)
            assert one.recall("cat"), "it goes on"
            between = everything(one)
            for what, value in between.items():
                good = (old[what], new[what])
                assert value in good or what == "jobs", f"{what} after {names[n]}, step {n}"
            digest(one)()
            assert everything(one) == new, f"again after {names[n]}, step {n}"
        (tmp_path / f"copy{n + 1}.db").unlink()


def test_an_erasure_that_fails_anywhere_is_all_or_nothing(
    bank: MemoryBank, clock: Clock, steps: Steps, tmp_path: Path
):
    ids = filled(bank, clock)
    before, n, done = rows(bank), 0, False
    while not done:
        try:
            steps.run(lambda: bank.erase(ids[0]), n)
            done = True
        except Injected:
            n += 1
            if rows(bank) != before:  # committed; what is left to do is of the files
                done = True
    assert n > 15 and "COMMIT" in steps.names
    with pytest.raises(UnknownMemory):
        bank.erase(ids[0])
    assert "Miso" not in repr(everything(bank))
    bank.digest()
    assert {t.id for t in bank.recent()} == {*ids[1:]}
    bank.close()
    assert examine(tmp_path / "m.db") == []


# -- the embedder --------------------------------------------------------------------------


class Broken(HashEmbedder):
    """Gives what `fault` makes of good directions, from the call `since` on."""

    def __init__(self, fault: Callable[[Any], Any], since: int = 0) -> None:
        super().__init__()
        self.fault, self.left = fault, since

    def _bad(self, good: Any) -> Any:
        self.left -= 1
        return self.fault(good) if self.left < 0 else good

    def embed_passages(self, texts: Any) -> Any:
        return self._bad(super().embed_passages(texts))

    def embed_query(self, text: str) -> Any:
        return self._bad(super().embed_query(text))


def _raise(error: BaseException) -> Any:
    raise error


EMBEDDERS: dict[str, Callable[[Any], Any]] = {
    "wrong dimension": lambda v: v[..., :5],
    "not a number": lambda v: v * np.nan,
    "infinite": lambda v: v * np.inf,
    "zero": lambda v: v * 0,
    "too many": lambda v: np.concatenate([v, v]),
    "text": lambda v: ["x"] * len(v),
    "nothing": lambda v: None,
    "raises": lambda v: _raise(RuntimeError("surprise")),
    "out of memory": lambda v: _raise(MemoryError()),
    "says why": lambda v: _raise(ModelError("down", "没有应答")),
}


@pytest.mark.parametrize("fault", sorted(EMBEDDERS))
@pytest.mark.parametrize("since", [0, 1, 2])
def test_an_embedder_that_fails_costs_vectors_never_a_turn(
    tmp_path: Path, clock: Clock, fault: str, since: int
):
    sound = HashEmbedder()
    with MemoryBank.open(tmp_path / "m.db", bank="emily", embedder=sound, clock=clock) as born:
        first = born.remember("I adopted a cat.")
    broken = Broken(EMBEDDERS[fault], since)
    with MemoryBank.open(tmp_path / "m.db", bank="emily", embedder=broken, clock=clock) as bank:
        second = bank.remember("My cat is called Miso.", reply="Lovely!")
        bank.answer(second, "Nice.", used=[first])
        bank.digest(llm=diarist("en"))
        assert {h.id for h in bank.recall("cat", kinds=("turn",))} == {first, second}
        assert len(bank.summaries("day")) == 1
        with suppress(ModelError):  # told to whoever asks for vectors; they go on waiting
            bank.embed_pending()
        assert {t.id for t in bank.recent()} == {first, second}
    assert examine(tmp_path / "m.db") == []
    clock.forward(days=1)
    with MemoryBank.open(tmp_path / "m.db", bank="emily", embedder=sound, clock=clock) as bank:
        bank.embed_pending()
        assert not [j for j in bank.jobs() if j.kind == "embed"], "what waited is done"
        assert bank.recall("cat")[0].why.signals


# -- the model, over a real line -----------------------------------------------------------

FAULTS = {
    name: getattr(fake, name)
    for name in (
        "REFUSES", "BUSY", "NO_CREDIT", "BROKEN", "WRONG_KEY", "NO_MODEL", "TOO_LONG", "PAGE",
        "CUT", "CUT_BY_LENGTH", "EMPTY", "REFUSAL", "FILTERED", "BROKEN_JSON", "NOT_UTF8", "NONES",
        "FLOOD", "ELSEWHERE",
    )
}  # fmt: skip
LONE = '{"choices":[{"index":0,"delta":{"content":"\\ud800"},"finish_reason":"stop"}]}'
FAULTS |= {"NUL": "\0\0", "ECHO": fake.echo, "SPACES": " \n\t"}
FAULTS["LONE_SURROGATE"] = fake.streamed(LONE, "[DONE]")


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_a_model_that_fails_at_any_call_of_a_digest_loses_nothing(
    bank: MemoryBank, clock: Clock, loopback: None, name: str
):
    filled(bank, clock)
    bank.remember(SAID["en"][1] + "!", reply="ok")
    before = everything(bank)
    good = diarist("en")

    def reply(body: dict[str, Any]) -> str:
        return "".join(good.stream(body["messages"], None))  # type: ignore[arg-type]

    for call in (0, 1):
        with FakeModel([*[reply] * call, *[FAULTS[name]] * 8]) as server:
            options = {**server.options, "api_key": "k"}
            done = bank.digest(llm=load_llm("openai:fake", {"openai": options}))
        assert done.failed and done.error is not None and done.error.say("zh")
        after = everything(bank)
        assert after["turns"] == before["turns"] and after["jobs"], "it waits"
        for level in (*LEVELS, "statements"):
            assert after[level], f"{level} is still there"
        assert all(text.strip() for level in LEVELS for _, text in after[level])  # type: ignore[attr-defined]
    with FakeModel([reply] * 9) as server:
        options = {**server.options, "api_key": "k"}
        assert not bank.digest(llm=load_llm("openai:fake", {"openai": options})).failed
    assert bank.jobs() == []


@BOTH
@pytest.mark.parametrize("name", sorted(set(FAULTS) - {"ECHO", "LONE_SURROGATE"}))
def test_a_model_that_fails_in_a_talk_costs_its_reply(
    mine: MemoryBank, loopback: None, lang: Lang, name: str
):
    with FakeModel([FAULTS[name]] * 2) as server:
        options = {**server.options, "api_key": "k"}
        llm = load_llm("openai:fake", {"openai": options})
        exchange = Friend(mine, llm, Manner(habit=Habit(on=False))).say(SAID[lang][0])
        "".join(exchange)
    (turn,) = mine.recent()
    assert turn.text == SAID[lang][0]
    assert exchange.error is not None and exchange.error.say(lang)
    assert not turn.reply or turn.reply.endswith(("[broke off here]", "［到此中断］"))
