"""`eval forgetting`: a history lived as a chat, ranked by what `explain` says; gone stays gone."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from test_cli import Run, run
from test_evals_measures import question

from memorybank import MemoryBank, Turn
from memorybank.evals.forgetting import POLICIES, evaluate_forgetting
from memorybank.evals.gone import gone_stays_gone
from memorybank.evals.playing import Interlude, lives_of, memories_of, played
from memorybank.evals.sets import bundled, load_set
from memorybank.formats import Volume
from memorybank.testing import HashEmbedder

__all__ = ["run"]
START = datetime(2026, 1, 5, 20, tzinfo=UTC)
SAID = {
    "en": ["My cat Miso hates the vacuum cleaner.", "Good night.", "I sold my grandmother's piano.",
           "Miso hid under the sofa from it, the vacuum cleaner.", "Nothing new.",
           "Does Miso hate the vacuum cleaner?", "I start at the harbour office on Monday."],
    "zh": ["我的猫年糕讨厌吸尘器。", "晚安。", "我把外婆的钢琴卖了。",
           "年糕又躲到沙发底下怕吸尘器。", "没什么新鲜事。",
           "年糕讨厌吸尘器吗？", "我周一开始在港务局上班。"],
}  # fmt: skip


def diary(lang: str = "en", days: float = 2.0) -> Volume:
    turns = tuple(
        Turn(text=text, reply="Mm." if lang == "en" else "嗯。", seq=i, external_id=f"m{i}",
             occurred_at=START + timedelta(days=days * i), conversation=f"c{i}", lang=lang)
        for i, text in enumerate(SAID[lang])
    )  # fmt: skip
    return Volume(name="b", lang=lang, turns=turns, extra={})


# -- playing --------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_history_is_lived_as_a_chat_would(tmp_path: Path, lang: str):
    """The same through the library's own verbs, one by one: the same strengths to the bit."""
    volume = diary(lang)
    with MemoryBank.open(tmp_path / "own.db", bank="b", lang=lang, zone="UTC", embedder=None,
                         seed=b"evaluation") as own:  # fmt: skip
        for turn in volume.turns:
            now = turn.occurred_at
            used = own.context(turn.text, now=now)
            own.remember(turn.text, reply=turn.reply, at=now, now=now, used=used,
                         conversation=turn.conversation, external_id=turn.external_id)  # fmt: skip
            own.digest(now=now.replace(hour=0) + timedelta(days=1))
        end = volume.turns[-1].occurred_at.replace(hour=0) + timedelta(days=1)
        expected = {
            memory.external_id: own.explain(memory.id, now=end).memory
            for day in own.timeline(now=end)
            for memory in day.memories
        }
    with played(volume, None) as ended:
        held = memories_of(ended)
        explained = [ended.bank.explain(memory.id, now=ended.end).memory for memory in held]
    assert ended.end == end and held == explained
    assert [m.external_id for m in held] == [f"m{i}" for i in range(len(held))]
    for memory in held:
        same = expected[memory.external_id]
        assert (memory.retention, memory.strength, memory.significance) == (
            same.retention, same.strength, same.significance,
        )  # fmt: skip
    assert any(m.last_recalled_at for m in held), "somebody must have been recalled"
    assert len({m.retention for m in held}) > 3


def test_deliberate_recall_is_told_apart():
    interludes = [Interlude(5, "What became of the piano of my grandmother?")]
    with played(diary(), None) as ended:
        plain = lives_of(ended)
    with played(diary(), None, interludes=interludes) as ended:
        asked = lives_of(ended)
        assert len(ended.turns) == len(asked) == len(plain) == 7
    assert all(not life.deliberate for life in plain)
    assert len(asked[2].deliberate) == 1
    assert asked[2].birth == plain[2].birth < asked[2].deliberate[0][0]


# -- policies -------------------------------------------------------------------------------


def written(folder: Path, lang: str = "en", evidence: str = "m2") -> Path:
    folder.mkdir(parents=True)
    memories = [
        {"bank_id": "b", "memory_id": t.external_id, "session": t.conversation, "speaker": "user",
         "date": t.occurred_at.strftime("%Y-%m-%dT%H:%M"), "text": t.text, "lang": lang}
        for t in diary(lang).turns
    ]  # fmt: skip
    asked = [{"bank_id": "b", "question_id": "q", "question": "?", "evidence": [evidence]}]
    for name, rows in (("memories", memories), ("questions", asked)):
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(text, "utf-8")
    return folder


def kept(folder: Path, keep: tuple[float, ...] = (0.3, 0.5), **more: Any) -> dict[str, Any]:
    return evaluate_forgetting(load_set(folder), HashEmbedder(), keep, **more)


def test_the_contract_of_the_numbers(run: Run, tmp_path: Path):
    folder = written(tmp_path / "set")
    target = tmp_path / "out.json"
    done = run("eval", "forgetting", folder, "--keep", "0.3,0.5", "--embedder", "none",
               "--gone", "--recalls", "--json", target)  # fmt: skip
    assert "significance" in done.out and done.err == ""
    result = json.loads(target.read_text("utf-8"))
    assert result["set"] == "set" and (result["n"], result["memories"]) == (1, 7)
    assert list(result["keep"]) == ["0.3", "0.5"]
    for share in result["keep"].values():
        assert tuple(share) == POLICIES and all(0 <= value <= 1 for value in share.values())
    assert result["gone"]["faded_came_back"] == result["gone"]["erased_left_traces"] == 0
    assert {"seconds", "cpu_seconds", "peak_mb", "versions"} == set(result["circumstances"])
    assert set(result["worth"]) == {"again"}, "one question makes no second half"


def test_each_policy_ranks_as_it_says(tmp_path: Path):
    """Seven memories, three kept: the last three, the longest three."""
    recent = [kept(written(tmp_path / f"r{i}", evidence=f"m{i}"), (0.43,)) for i in range(7)]
    found = [r["keep"]["0.43"] for r in recent]
    assert [f["recency"] for f in found] == [0.0] * 4 + [1.0] * 3
    longest = sorted(range(7), key=lambda i: -len(SAID["en"][i]))[:3]
    assert [i for i in range(7) if found[i]["length"] == 1.0] == sorted(longest)
    for policy in POLICIES:
        assert sum(f[policy] for f in found) == pytest.approx(3.0, abs=1e-3), "three are kept"


def test_no_policy_sees_a_question(tmp_path: Path):
    """Other questions, of any wording, change nothing in what is kept."""
    first = written(tmp_path / "a")
    second = written(tmp_path / "b")
    row = {"bank_id": "b", "question_id": "q", "question": "vacuum cleaner?", "evidence": ["m2"]}
    (second / "questions.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    assert kept(first)["keep"] == kept(second)["keep"]


@pytest.mark.parametrize("keep", ["", "0", "1.5", "half", "0.3,,"])
def test_shares_that_are_none(run: Run, keep: str):
    assert "0.3,0.5" in run("eval", "forgetting", "--keep", keep, code=2).err


# -- gone stays gone ------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_gone_stays_gone_on_the_bundled_set(lang: str):
    path = next(p for p in bundled() if p.name == lang)
    result = evaluate_forgetting(load_set(path), None, (0.5,), gone=True)["gone"]
    assert result["faded"] > 20 and result["erased"] > 10
    assert (result["faded_came_back"], result["erased_left_traces"]) == (0, 0)


def test_the_check_sees_what_comes_back(monkeypatch: pytest.MonkeyPatch):
    with played(diary(days=20.0), HashEmbedder()) as ended:
        monkeypatch.setattr(MemoryBank, "erase", lambda self, *ids, **more: None)
        result = gone_stays_gone(ended)
    assert result["erased"] and result["erased_left_traces"] == result["erased"]
    monkeypatch.undo()
    digest = MemoryBank.digest

    def reviving(bank: MemoryBank, **more: Any) -> Any:
        done = digest(bank, **more)
        for day in bank.timeline(now=more["now"]):
            for memory in day.memories:
                if memory.faded:
                    bank.revive(memory.id, now=more["now"])
        return done

    with played(diary(days=20.0), HashEmbedder()) as ended:
        monkeypatch.setattr(MemoryBank, "digest", reviving)
        result = gone_stays_gone(ended)
    assert result["faded"] and result["faded_came_back"] == result["faded"]


def test_a_companion_s_name_is_no_trace():
    volume = diary(days=20.0)
    turns = [replace(turn, replier="AI companion") for turn in volume.turns]
    turns[2] = replace(turns[2], text="AI companion, I sold my grandmother's piano.")
    with played(replace(volume, turns=tuple(turns)), None) as ended:
        result = gone_stays_gone(ended)
    assert result["erased"] and result["erased_left_traces"] == 0


def test_questions_do_not_count_where_their_evidence_is_unknown(tmp_path: Path):
    data = load_set(written(tmp_path / "set"))
    lost = replace(data, questions=(*data.questions, question("lost", "elsewhere")))
    assert evaluate_forgetting(lost, None, (0.5,))["n"] == 1


def test_several_processes_say_the_same():
    data = load_set(bundled()[0])
    alone, together = (evaluate_forgetting(data, None, (0.5,), jobs=jobs) for jobs in (1, 2))
    assert alone == together
