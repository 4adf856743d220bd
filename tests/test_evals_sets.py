"""Sets: the bundled one, other people's files, and our labels for the original's questions."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from test_cli import Run, run

from memorybank.errors import BadFile, MemoryBankError
from memorybank.evals import labels
from memorybank.evals.retrieval import Plan, evaluate
from memorybank.evals.sets import bundled, load_set, rows

__all__ = ["run"]
SHARED = Path(__file__).parent.parent.parent / "shared" / "data" / "memorybank"
needs_shared = pytest.mark.skipif(
    not SHARED.is_dir(), reason="the original project's data is not here: ../shared/data/memorybank"
)


# -- the bundled set --------------------------------------------------------------------------


def test_the_bundled_sets_are_parallel_and_sound():
    shapes = []
    for path in bundled():
        memories, questions = rows(path, "memories.jsonl"), rows(path, "questions.jsonl")
        known = {(row["bank_id"], row["memory_id"]) for row in memories}
        assert len(known) == len(memories) == 60 and len(questions) == 24
        for asked in questions:
            assert asked["answer"] and asked["evidence"]
            assert all((asked["bank_id"], e) in known for e in asked["evidence"])
            assert {e for group in asked["evidence_groups"] for e in group} == set(
                asked["evidence"]
            )
        shapes.append([
            (q["pair_id"], q["category"], [[e.split("_", 1)[1] for e in g] for g in
                                           q["evidence_groups"]]) for q in questions
        ])  # fmt: skip
        kinds = Counter(q["category"] for q in questions)
        assert set(kinds) == {"single", "multi", "temporal", "advice", "update", "faded"}
        assert min(kinds.values()) >= 3
    assert shapes[0] == shapes[1], "the same questions in both languages"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_bundled_set_tells_recall_from_chance(lang: str):
    path = next(p for p in bundled() if p.name == lang)
    result = evaluate(load_set(path), Plan(None))
    assert result["set"] == f"bundled/{lang}" and result["n"] == 24
    assert result["any@1"] > 0.5 and result["any@10"] > 0.8, "chance finds .03 and .43"


def test_it_is_what_is_measured_where_no_path_is_given(run: Run, tmp_path: Path):
    target = tmp_path / "out.json"
    run("eval", "retrieval", "--no-digests", "--embedder", "none", "--json", target)
    assert [r["set"] for r in json.loads(target.read_text("utf-8"))] == ["bundled/zh", "bundled/en"]


# -- other people's files ---------------------------------------------------------------------

LOCOMO = [{
    "sample_id": "conv-7",
    "conversation": {
        "speaker_a": "Ines", "speaker_b": "Piet",
        "session_2_date_time": "9:05 am on 3 June, 2024",
        "session_2": [
            {"speaker": "Piet", "dia_id": "D2:1", "text": "I sold the canoe.",
             "blip_caption": "a red canoe"},
        ],
        "session_10_date_time": "11:00 pm on 9 July, 2024",
        "session_10": [{"speaker": "Ines", "dia_id": "D10:1", "text": "I moved to Ghent."}],
        "session_1_date_time": "1:56 pm on 8 May, 2024",
        "session_1": [
            {"speaker": "Ines", "dia_id": "D1:1", "text": "I bought a canoe with Piet."},
            {"speaker": "Piet", "dia_id": "D1:2", "text": "We named it Otter."},
        ],
    },
    "qa": [
        {"question": "What is the canoe called?", "answer": "Otter", "evidence": ["D1:2"],
         "category": 4},
        {"question": "Bought and sold what?", "answer": 2, "category": 1,
         "evidence": ["D1:1; D2:1", "D9:9"]},
        {"question": "Did Ines sell a boat to Ghent?", "adversarial_answer": "yes", "category": 5,
         "evidence": ["D10:1"]},
    ],
}]  # fmt: skip
LONGMEMEVAL = [{
    "question_id": "q1", "question_type": "single-session-user", "answer": "a bassoon",
    "question": "Which instrument did I buy?", "question_date": "2023/05/30 (Tue) 23:40",
    "haystack_session_ids": ["s1", "s2"], "answer_session_ids": ["s2"],
    "haystack_dates": ["2023/05/20 (Sat) 02:21", "2023/05/21 (Sun) 10:00"],
    "haystack_sessions": [
        [{"role": "user", "content": "What rhymes with moon?"},
         {"role": "assistant", "content": "Spoon, June."}],
        [{"role": "user", "content": "I bought a bassoon today.", "has_answer": True},
         {"role": "assistant", "content": "Lovely."}],
    ],
}, {
    "question_id": "q2_abs", "question_type": "single-session-user", "answer": "unknown",
    "question": "Which car?", "question_date": "2023/05/30 (Tue) 23:40",
    "haystack_session_ids": ["s1"], "haystack_dates": ["2023/05/20 (Sat) 02:21"],
    "haystack_sessions": [[{"role": "user", "content": "Good night."}]], "answer_session_ids": [],
}]  # fmt: skip


def saved(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False), "utf-8")
    return path


def test_locomo_as_its_authors_publish_it(tmp_path: Path):
    data = load_set(saved(tmp_path / "locomo10.json", LOCOMO))
    assert data.name == "locomo10"
    (volume,) = data.volumes()
    assert [t.external_id for t in volume.turns] == [
        "conv-7_D1:1", "conv-7_D1:2", "conv-7_D2:1", "conv-7_D10:1",
    ]  # fmt: skip
    assert volume.turns[0].occurred_at.isoformat() == "2024-05-08T13:56:00+00:00"
    assert volume.turns[2].text == "I sold the canoe. [shares a photo: a red canoe]"
    assert volume.turns[2].speaker == "Piet"
    kinds = [(q.category, sorted(q.evidence), q.answer) for q in data.questions]
    assert kinds == [
        ("single_hop", ["conv-7_D1:2"], "Otter"),
        ("multi_hop", ["conv-7_D1:1", "conv-7_D2:1"], "2"),
        ("adversarial", ["conv-7_D10:1"], "yes"),
    ]
    assert evaluate(data, Plan(None))["any@1"] > 0.5


def test_longmemeval_as_its_authors_publish_it(tmp_path: Path):
    path = saved(tmp_path / "longmemeval_s.json", LONGMEMEVAL)
    data = load_set(path)
    (asked,) = data.questions
    assert asked.evidence == {"q1_1_0"} and asked.date == "2023-05-30T23:40"
    assert len(load_set(path, unanswerable=True).questions) == 2, "abstention has no evidence"
    volumes = {volume.name: volume for volume in data.volumes()}
    assert set(volumes) == {"q1", "q2_abs"}, "each question has a history of its own"
    assert [t.reply for t in volumes["q1"].turns] == [None, "Spoon, June.", None, "Lovely."]
    assert evaluate(data, Plan(None))["any@1"] == 1.0


def test_a_known_file_that_lacks_something_says_so(tmp_path: Path):
    broken = [{**LOCOMO[0], "conversation": {"session_1": [{}]}}]
    for name, content in (("a.json", broken), ("b.json", [{"haystack_sessions": []}])):
        with pytest.raises(BadFile, match="authors"):
            load_set(saved(tmp_path / name, content))
    with pytest.raises(MemoryBankError):
        load_set(saved(tmp_path / "c.json", [{"no": "set"}]))


# -- our labels for the original's questions ---------------------------------------------------


def original(folder: Path) -> Path:
    """An Emily of our own: the first label of the real one points at the fourth turn of a day."""
    turns = [{"query": f"Tea number {i}.", "response": "Mm."} for i in range(3)]
    turns.append({"query": "You should watch The Brass Comet, a fine science fiction film.",
                  "response": "I will."})  # fmt: skip
    saved(folder / "memory_bank_en.json", {"Emily": {"history": {"2023-04-30": turns}}})
    saved(folder / "probing_questions_en.jsonl", {"Emily": ['"Which film did I recommend?"']})
    return folder


def test_the_original_s_files_are_asked_by_our_labels(tmp_path: Path):
    for path in (original(tmp_path / "en"), tmp_path / "en" / "memory_bank_en.json"):
        (asked,) = load_set(path).questions
        assert asked.text == "Which film did I recommend?", "the outer quotes are stripped"
        assert (asked.id, asked.pair, asked.split) == ("Emily_1", "Emily_1", "dev")
        assert asked.evidence == {"Emily_2023-04-30_3"} and asked.date == "2023-05-07"
    assert evaluate(load_set(tmp_path / "en"), Plan(None))["any@1"] == 1.0


def test_without_its_questions_it_says_what_is_missing(tmp_path: Path):
    (original(tmp_path / "en") / "probing_questions_en.jsonl").unlink()
    with pytest.raises(BadFile, match="probing_questions"):
        load_set(tmp_path / "en")


def test_labels_hold_no_text_but_short_answers():
    for lang in ("zh", "en"):
        found = labels.read(lang)
        assert len(found) == 56 and {row["split"] for row in found} == {"dev"}
        for row in found:
            assert set(row) == {
                "bank_id", "number", "pair_id", "question_id", "lang", "answer", "category",
                "split", "question_date", "evidence_groups", "evidence",
            }  # fmt: skip
            assert len(row["answer"]) <= 200
    assert {row["pair_id"] for row in labels.read("zh")} == {
        row["pair_id"] for row in labels.read("en")
    }


@needs_shared
@pytest.mark.parametrize(("folder", "lang"), [("cn", "zh"), ("en", "en")])
def test_labels_repeat_the_numbers_of_the_labelled_set(tmp_path: Path, folder: str, lang: str):
    bank = (SHARED / "original" / f"memory_bank_{folder}.json").read_text("utf-8")
    (tmp_path / f"memory_bank_{folder}.json").write_text(bank, "utf-8")
    people: dict[str, list[str]] = {}
    for row in rows(SHARED / folder, "questions.jsonl"):
        people.setdefault(row["bank_id"], []).append(row["question"])
    text = "".join(json.dumps({name: asked}) + "\n" for name, asked in people.items())
    (tmp_path / f"probing_questions_{folder}.jsonl").write_text(text, "utf-8")
    theirs, ours = load_set(tmp_path), load_set(SHARED / folder)
    assert [q.text for q in theirs.questions] == [q.text for q in ours.questions]
    names = ("n", "any@1", "any@5", "all@10", "mrr", "by_category")
    expected, found = (evaluate(data, Plan(None)) for data in (ours, theirs))
    assert {name: found[name] for name in names} == {name: expected[name] for name in names}
