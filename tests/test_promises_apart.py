"""Promise 6: no bank ever sees another's rows, through any verb, statistics of ranking included."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from conftest import START

from memorybank import MemoryBank, Turn
from memorybank.errors import MemoryBankError, NotFound, UnknownMemory
from memorybank.intake import volumes
from memorybank.records import Context, plain
from memorybank.store.sqlite import SQLiteStore
from memorybank.testing import Clock, HashEmbedder, Ids
from memorybank.verbs.mending import check

CANARY = "xylocarp"
LEVELS = ("day", "insight", "week", "month", "global")
TOLD = (
    "My name is Clara and I work in Oslo.",
    "I love my plum tree and my grey cat Miso.",
    "My sister's birthday is on March 21st.",
    "我喜欢我的梅花树，我的工作是护士。",
)
QUESTIONS = ("what about my tree?", "Clara Oslo", "我的工作", "last Monday", f"{CANARY} tree")


def ids_of(name: str) -> Callable[[], str]:
    """Ids that count, and that no other bank has, nor their tails."""
    ids, mine = Ids(), crc32(name.encode()) % 10**6
    return lambda: f"{ids()[:-12]}{mine:06d}{ids.count:06d}"


def opened(store: Any, name: str, clock: Clock, tenant: str = "") -> MemoryBank:
    return MemoryBank.open(
        store, bank=name, tenant=tenant, embedder=HashEmbedder(), clock=clock, zone="UTC",
        seed=b"seed", new_id=ids_of(tenant + name),
    )  # fmt: skip


def live(bank: MemoryBank, clock: Clock) -> list[str]:
    """The same three weeks of a life; returns the ids."""
    ids = []
    for text in TOLD:
        ids.append(bank.remember(text, source="diary", conversation="talk"))
        clock.forward(days=5)
    ids.append(bank.correct(ids[0], "My name is Clara and I work in Bergen."))
    bank.remember("and my tree?", used=[ids[1]])
    bank.pin(ids[2])
    bank.digest()
    return ids


def crowd(bank: MemoryBank, clock: Clock) -> list[str]:
    """Another life in the same file, full of the same words, ids and names."""
    ids = []
    for i in range(40):
        text = f"My {CANARY} tree {i}: Clara, Oslo, cat, sister. 我的工作 {CANARY}"
        turn = Turn(text=text, occurred_at=clock(), source="diary", conversation="talk",
                    external_id=f"mine{i}")  # fmt: skip
        ids += [r.id for r in bank.remember_turns([turn])]
    bank.pin(ids[3])
    bank.digest()
    return ids


@pytest.fixture
def both(tmp_path: Path, clock: Clock) -> Iterator[tuple[MemoryBank, list[str], list[str]]]:
    """Bank a beside bank b in one file; the ids of either."""
    start = clock.time
    store = SQLiteStore.open(tmp_path / "both.db")
    b = opened(store, "b", clock)
    theirs = crowd(b, clock)
    clock.time = start
    a = opened(store, "a", clock)
    mine = live(a, clock)
    yield a, mine, theirs
    store.close()


def everything(bank: MemoryBank) -> dict[str, Any]:
    """All that a bank tells through every verb that reads."""
    told: dict[str, Any] = {q: plain(bank.recall(q, k=99, faded="always")) for q in QUESTIONS}
    told |= {f"context {q}": plain(bank.context(q)) for q in QUESTIONS}
    told |= {level: plain(bank.summaries(level)) for level in LEVELS}  # type: ignore[arg-type]
    told |= {"portrait": plain(bank.portrait()), "statements": plain(bank.statements())}
    told |= {"timeline": plain(bank.timeline()), "jobs": plain(bank.jobs())}
    told |= {"info": {k: v for k, v in bank.info().to_json().items() if k != "id"}}
    told |= {"volumes": plain(volumes(bank, only=bank.info().name))}
    ids = [m.id for day in bank.timeline() for m in day.memories]
    told |= {f"explain {i}": plain(bank.explain(memory)) for i, memory in enumerate(ids)}
    return told


def test_a_bank_in_a_crowd_is_the_bank_alone(
    both: tuple[MemoryBank, list[str], list[str]], clock: Clock, tmp_path: Path
) -> None:
    a, mine, _ = both
    end, clock.time = clock.time, START
    with opened(tmp_path / "alone.db", "a", clock) as alone:
        assert live(alone, clock) == mine
        assert clock.time == end
        beside, apart = everything(a), everything(alone)
    assert beside.keys() == apart.keys()
    for key in beside:
        assert beside[key] == apart[key], f"{key}: to the last digit of every score"
    assert CANARY not in repr({k: v for k, v in beside.items() if CANARY not in k})


WITH_ID: dict[str, Callable[[MemoryBank, str], Any]] = {
    "explain": lambda bank, other: bank.explain(other),
    "pin": lambda bank, other: bank.pin(other),
    "unpin": lambda bank, other: bank.unpin(other),
    "fade": lambda bank, other: bank.fade(other),
    "revive": lambda bank, other: bank.revive(other),
    "correct": lambda bank, other: bank.correct(other, "Something else."),
    "erase": lambda bank, other: bank.erase(other),
    "answer": lambda bank, other: bank.answer(other, "Another reply."),
    "strengthen": lambda bank, other: bank.strengthen(other, [other]),
}
QUIET: dict[str, Callable[[MemoryBank, str], Any]] = {
    "remember": lambda bank, other: bank.remember("Hello there.", used=[other]),
    "remember_turns": lambda bank, other: bank.remember_turns(
        [Turn(text="Mine now?", occurred_at=START, external_id="mine3")]
    ),
    "remember_messages": lambda bank, other: bank.remember_messages(
        [{"role": "user", "content": other}]
    ),
    "recall": lambda bank, other: bank.recall(f"{other} {CANARY}", k=99, neighbours=3),
    "context": lambda bank, other: bank.context(f"{other} {CANARY}"),
    "portrait": lambda bank, other: bank.portrait(),
    "portrait_history": lambda bank, other: bank.portrait_history(),
    "recent": lambda bank, other: bank.recent(99),
    "fading": lambda bank, other: bank.fading(),
    "on_this_day": lambda bank, other: bank.on_this_day(),
    "set_extra": lambda bank, other: bank.set_extra("mine", other),
    "statements": lambda bank, other: bank.statements(),
    "summaries": lambda bank, other: [bank.summaries(lv) for lv in LEVELS],  # type: ignore[arg-type]
    "timeline": lambda bank, other: bank.timeline(first=date(1990, 1, 1)),
    "jobs": lambda bank, other: bank.jobs(),
    "digest": lambda bank, other: bank.digest(),
    "embed_pending": lambda bank, other: bank.embed_pending(),
    "change_embedder": lambda bank, other: bank.change_embedder(),
    "change_preset": lambda bank, other: bank.change_preset("paper"),
    "erase": lambda bank, other: bank.erase(day=START.date(), source="diary"),
    "erase_bank": lambda bank, other: bank.erase_bank(),
}
BESIDE_THE_POINT = {"open", "other", "desk", "close", "info", "banks"}
"""Of a file and not of a bank; names are told within one tenant."""


def test_every_verb_is_tried_here() -> None:
    public = {
        name for name, _ in inspect.getmembers(MemoryBank) if not name.startswith("_")
    } - BESIDE_THE_POINT
    assert public - set(WITH_ID) - set(QUIET) == set(), "say what a new verb does with foreign ids"


@pytest.mark.parametrize("verb", WITH_ID)
def test_a_foreign_id_is_no_id(
    both: tuple[MemoryBank, list[str], list[str]], verb: str, tmp_path: Path
) -> None:
    a, mine, theirs = both
    b = a.other("b")
    before = everything(b)
    for other in (theirs[3], theirs[3][-8:]):
        with pytest.raises(UnknownMemory) as caught:
            WITH_ID[verb](a, other)
        assert CANARY not in str(caught.value)
    assert everything(b) == before
    assert WITH_ID[verb](a, mine[1]) is None or verb in (
        "explain", "correct", "erase", "answer",
    )  # fmt: skip
    assert everything(b) == before, "nor does a change here touch anything there"
    assert check(tmp_path / "both.db").findings == ()


@pytest.mark.parametrize("verb", QUIET)
def test_a_verb_tells_and_touches_nothing_of_another(
    both: tuple[MemoryBank, list[str], list[str]], verb: str, tmp_path: Path
) -> None:
    a, _, theirs = both
    b = a.other("b")
    before = everything(b)
    told = QUIET[verb](a, theirs[3])
    if isinstance(told, Context):
        told = [m["content"] for m in told.messages[:-1]], told.recalled
    assert CANARY not in repr(told).replace(f"{theirs[3]} {CANARY}", "")
    assert everything(b) == before
    assert check(tmp_path / "both.db").findings == ()


def test_a_turn_of_another_cannot_be_superseded(
    both: tuple[MemoryBank, list[str], list[str]],
) -> None:
    a, _, theirs = both
    with pytest.raises(UnknownMemory):
        a.remember("Mine!", supersedes=theirs[3])


def test_tenants_do_not_even_see_names(tmp_path: Path, clock: Clock) -> None:
    store = SQLiteStore.open(tmp_path / "m.db")
    mine, theirs = opened(store, "emily", clock), opened(store, "emily", clock, tenant="other")
    memory = theirs.remember(f"My {CANARY}.")
    assert [info.turns for info in mine.banks()] == [0]
    assert not list(mine.recall(CANARY, faded="always"))
    with pytest.raises(UnknownMemory):
        mine.explain(memory)
    with pytest.raises(NotFound) as caught:
        MemoryBank.open(store, bank="emilx", tenant="third", create=False, embedder=None)
    assert "emily" not in str(caught.value)
    mine.erase_bank()
    assert theirs.info().turns == 1
    store.close()


def test_an_erased_banks_number_opens_no_other_bank(tmp_path: Path, clock: Clock) -> None:
    """SQLite gives the number of an erased bank to the next one; whoever still holds the old one
    must find nothing, neither rows nor a warm index."""
    store = SQLiteStore.open(tmp_path / "m.db")
    keeper = opened(store, "keeper", clock)
    old = opened(store, "old", clock)
    old.remember("I like tea.")
    with opened(tmp_path / "m.db", "old", clock) as elsewhere:
        assert len(elsewhere.recall("tea")) == 1 and keeper.other("old").recall("tea")
        beside = elsewhere.other("keeper")
        old.erase_bank()
        new = opened(store, "new", clock)
        new.remember(f"I like {CANARY} tea.")
        assert new.desk.key == old.desk.key, "else this test proves nothing"
        for stale in (old, elsewhere):
            for verb in (
                lambda b=stale: b.recall("tea"), lambda b=stale: b.remember("Tea!"),
                lambda b=stale: b.jobs(), lambda b=stale: b.erase_bank(),
            ):  # fmt: skip
                with pytest.raises(MemoryBankError):
                    verb()
        for warm in (beside, keeper):
            hits = warm.other("new").recall("tea")
            assert [CANARY in hit.text for hit in hits] == [True]
    store.close()
