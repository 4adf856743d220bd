"""`memorybank eval retrieval`: keys by contract, and numbers equal to a computation of our own."""

from __future__ import annotations

import gzip
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from test_cli import Run, run

from memorybank import MemoryBank
from memorybank.errors import MemoryBankError

__all__ = ["run"]

SAID = {
    "en": ("I adopted a grey cat called Miso.", "The dentist pulled my tooth.",
           "We saw a fox on the hill.", "I can float in the pool now.", "I cooked tofu for Anna.",
           "Anna liked the tofu very much.", "The cat sleeps on my books.",
           "My bicycle has a flat tyre.", "Rain all day, I read books.",
           "I bought a new tyre.", "The tooth hurts no more.", "Anna took me to the pool."),
    "zh": ("我领养了一只灰猫，叫年糕。", "牙医拔掉了我的牙。", "我们在山上看见一只狐狸。",
           "我在泳池能浮起来了。", "我给安娜做了豆腐。", "安娜很喜欢豆腐。", "猫睡在我的书上。",
           "我的自行车爆胎了。", "下了一天雨，我看书。",
           "我买了新轮胎。", "牙不疼了。", "安娜带我去了泳池。"),
}  # fmt: skip
# question, evidence, category, and what else the row says; m<n> are the memories above.
QUESTIONS: dict[str, list[tuple[str, list[str], str, dict[str, Any]]]] = {
    "en": [
        ("What is my cat called?", ["m0"], "single", {"split": "dev"}),
        ("Who ate tofu, and did they like it?", ["m4", "m5"], "multi",
         {"evidence_groups": [["m4"], ["m5"]], "split": "holdout"}),
        ("Where does the cat sleep?", ["m6"], "single", {"split": "dev"}),
        ("What about the tooth?", ["m1", "m10"], "multi", {"split": "holdout"}),
        ("tyre", ["m7", "m9"], "multi", {"evidence_groups": [["m7", "m9"]], "max_order": 8}),
        ("What happened on May 3rd?", ["m2"], "time", {"question_date": "2023-05"}),
        ("Do you know quantum chemistry?", ["m3"], "single", {}),
        ("This question has no evidence.", [], "none", {}),
    ],
    "zh": [
        ("我的猫叫什么？", ["m0"], "single", {"split": "dev"}),
        ("谁吃了豆腐，喜欢吗？", ["m4", "m5"], "multi",
         {"evidence_groups": [["m4"], ["m5"]], "split": "holdout"}),
        ("猫睡在哪里？", ["m6"], "single", {"split": "dev"}),
        ("牙怎么样了？", ["m1", "m10"], "multi", {"split": "holdout"}),
        ("轮胎", ["m7", "m9"], "multi", {"evidence_groups": [["m7", "m9"]], "max_order": 8}),
        ("5月3号发生了什么？", ["m2"], "time", {"question_date": "2023-05"}),
        ("你懂量子化学吗？", ["m3"], "single", {}),
        ("这个问题没有依据。", [], "none", {}),
    ],
}  # fmt: skip
KEYS = ("any@1", "any@3", "any@5", "any@10", "all@5", "all@10", "mrr")


def written(folder: Path, lang: str, *, packed: bool = False, prefix: str = "") -> Path:
    folder.mkdir(parents=True)
    memories = [
        {"bank_id": "b", "memory_id": f"m{i}", "session": None, "date": f"2023-05-{i + 1:02}",
         "speaker": "user", "text": text, "lang": lang, "order": i}
        for i, text in enumerate(SAID[lang])
    ]  # fmt: skip
    questions = [
        {"bank_id": "b", "question_id": f"{prefix}q{i}", "question": text, "lang": lang,
         "answer": "", "category": category, "evidence": evidence, "pair_id": f"p{i}", **more}
        for i, (text, evidence, category, more) in enumerate(QUESTIONS[lang])
    ]  # fmt: skip
    for name, rows in (("memories.jsonl", memories), ("questions.jsonl", questions)):
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        if packed:
            (folder / f"{name}.gz").write_bytes(gzip.compress(text.encode("utf-8")))
        else:
            (folder / name).write_text(text, "utf-8")
    return folder


def expected(path: Path, lang: str, asked_in: str = "") -> list[tuple[str, dict[str, float]]]:
    """Compute every question's measures from plain recalls, by the definitions of the README."""
    last = datetime(2023, 5, len(SAID[lang]), tzinfo=UTC)
    dated = datetime(2023, 5, 31, 23, 59, 59, 999_999, tzinfo=UTC)  # the end of "2023-05"
    rows = []
    with MemoryBank.open(
        path, bank="b", lang=lang, zone="UTC", embedder=None, clock=lambda: last  # type: ignore[arg-type]
    ) as bank:  # fmt: skip
        for i, text in enumerate(SAID[lang]):
            at = datetime(2023, 5, i + 1, tzinfo=UTC)
            bank.remember(text, at=at, external_id=f"m{i}")
        for i, (question, evidence, category, more) in enumerate(QUESTIONS[lang]):
            if not evidence:
                continue
            now = dated if "question_date" in more else last
            wording = QUESTIONS[asked_in][i][0] if asked_in else question
            hits = bank.recall(wording, k=99, now=now, faded="always", kinds=("turn",))
            ids = [hit.external_id for hit in hits]
            ids = [m for m in ids if m and int(m[1:]) < more.get("max_order", 99)]
            groups = more.get("evidence_groups") or [[e] for e in evidence]
            row = {f"any@{k}": float(any(e in ids[:k] for e in evidence)) for k in (1, 3, 5, 10)}
            for k in (5, 10):
                row[f"all@{k}"] = float(all(any(e in ids[:k] for e in group) for group in groups))
            places = [ids.index(e) + 1 for e in evidence if e in ids]
            row["mrr"] = 1 / min(places) if places else 0.0
            rows.append((category, row))
    return rows


def mean(rows: list[dict[str, float]], key: str) -> Any:
    return pytest.approx(sum(row[key] for row in rows) / len(rows), abs=6e-5)


def evaluated(run: Run, tmp_path: Path, *arguments: object) -> Any:
    """Return the numbers; what they took, which no two runs share, is looked at and left out."""
    target = tmp_path / "result.json"
    done = run("eval", "retrieval", *arguments, "--embedder", "none", "--json", target)
    assert "mrr" in done.out and done.err == ""
    results = json.loads(target.read_text("utf-8"))
    for result in results if isinstance(results, list) else [results]:
        taken = result.pop("circumstances")
        assert taken["seconds"] >= 0 and taken["cpu_seconds"] >= 0 and taken["peak_mb"] > 10
        assert taken["versions"]["embedder"] == "none"
        assert {"siliconfriend", "python", "numpy", "sqlite"} <= taken["versions"].keys()
    return results


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("packed", [True, False])
def test_numbers_equal_our_own(run: Run, tmp_path: Path, lang: str, packed: bool) -> None:
    result = evaluated(run, tmp_path, written(tmp_path / "set", lang, packed=packed))
    rows = expected(tmp_path / "own.db", lang)
    assert {"set", "n", *KEYS, "by_category", "ci95"} <= result.keys()
    assert (result["set"], result["n"]) == ("set", 7)
    values = [row for _, row in rows]
    assert 0 < sum(row["any@1"] for row in values) < len(values), "a set that tells things apart"
    for key in KEYS:
        assert result[key] == mean(values, key), key
        low, high = result["ci95"][key]
        assert 0 <= low <= result[key] <= high <= 1
    assert result["by_category"].keys() == {"single", "multi", "time"}
    for name, of_category in result["by_category"].items():
        own = [row for category, row in rows if category == name]
        assert of_category["n"] == len(own)
        for key in KEYS:
            assert of_category[key] == mean(own, key)
    assert result["by_category"]["time"]["any@1"] == 1.0, "the day named comes first"


def test_a_second_run_says_the_same(run: Run, tmp_path: Path) -> None:
    folder = written(tmp_path / "set", "en")
    assert evaluated(run, tmp_path, folder) == evaluated(run, tmp_path, folder)


def test_several_sets_and_splits(run: Run, tmp_path: Path) -> None:
    english = written(tmp_path / "data" / "en", "en")
    chinese = written(tmp_path / "data" / "cn", "zh")
    results = evaluated(run, tmp_path, english, chinese)
    assert [(r["set"], r["n"]) for r in results] == [("data/en", 7), ("data/cn", 7)]
    dev = evaluated(run, tmp_path, english, "--split", "dev")
    holdout = evaluated(run, tmp_path, english, "--split", "holdout")
    assert (dev["n"], holdout["n"]) == (5, 5), "questions without a split are in both"
    err = run("eval", "retrieval", english, "--split", "test", code=2).err
    assert "dev" in err


def test_questions_of_another_set(run: Run, tmp_path: Path) -> None:
    english, chinese = written(tmp_path / "a", "en"), written(tmp_path / "b", "zh", prefix="zh-")
    result = evaluated(run, tmp_path, english, "--questions", chinese)
    rows = [row for _, row in expected(tmp_path / "own.db", "en", asked_in="zh")]
    assert result["n"] == 7
    for key in KEYS:
        assert result[key] == mean(rows, key), key


def test_parallel_sets_that_are_not(run: Run, tmp_path: Path) -> None:
    english, other = written(tmp_path / "a", "en"), written(tmp_path / "b", "zh")
    rows = [json.loads(line) for line in (other / "questions.jsonl").read_text().splitlines()]
    text = "".join(json.dumps(row | {"pair_id": "else"}) + "\n" for row in rows)
    (other / "questions.jsonl").write_text(text, "utf-8")
    assert "pair_id" in run("eval", "retrieval", english, "--questions", other, code=2).err


def test_sets_that_are_none(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "empty", tmp_path / "none"):
        assert run("eval", "retrieval", path, "--embedder", "none", code=2).err
    folder = written(tmp_path / "set", "en")
    broken = (folder / "questions.jsonl").read_text("utf-8").splitlines()
    (folder / "questions.jsonl").write_text("\n".join([*broken[:1], "{secret"]), "utf-8")
    err = run("eval", "retrieval", folder, "--embedder", "none", code=2).err
    assert "line 2" in err and "secret" not in err


def test_it_leaves_no_bank_behind(run: Run, tmp_path: Path, home: Path) -> None:
    evaluated(run, tmp_path, written(tmp_path / "set", "en"))
    assert not list(home.rglob("memory.db*"))
    assert run("banks", "--json").json == []


def test_digests_are_a_row_of_their_own(run: Run, tmp_path: Path) -> None:
    folder = written(tmp_path / "set", "en")
    plain = evaluated(run, tmp_path, folder, "--no-digests")
    both = evaluated(run, tmp_path, folder)
    digested = both.pop("with_digests")
    assert {"n", *KEYS} <= digested.keys() and digested["n"] == 7
    assert {k: plain[k] for k in KEYS} == {k: both[k] for k in KEYS}


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_baselines_stand_in_the_same_table(run: Run, tmp_path: Path, lang: str) -> None:
    folder, target = written(tmp_path / "set", lang), tmp_path / "out.json"
    plain = evaluated(run, tmp_path, folder)
    result = evaluated(run, tmp_path, folder, "--baselines")
    found = result.pop("baselines")
    assert result == plain, "ours is what it is without them"
    assert list(found) == ["random", "grep", "bm25"], "the others need an embedder"
    for name, row in found.items():
        assert {"n", *KEYS, "by_category", "ci95"} <= row.keys() and row["system"] == name
        assert row["n"] == result["n"]
    assert found["random"]["any@1"] < found["bm25"]["any@1"]
    target.unlink(missing_ok=True)


def test_a_report_has_its_chart_beside_it(run: Run, tmp_path: Path) -> None:
    folder = written(tmp_path / "set", "en")
    for kind in ("retrieval", "forgetting"):
        reports = [tmp_path / f"{n}" / f"{kind}.md" for n in (1, 2)]
        for report in reports:
            run("eval", kind, folder, "--embedder", "none", "--report", report)
        text, chart = reports[0].read_text("utf-8"), reports[0].with_suffix(".svg")
        assert f"({kind}.svg)" in text and "| ours |" in text and "numpy" in text
        drawn = chart.read_text("utf-8")
        assert "</svg>" in drawn and "ours" in drawn
        assert drawn == reports[1].with_suffix(".svg").read_text("utf-8"), "to the byte"


def test_a_report_speaks_chinese(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    report = tmp_path / "r.md"
    run("eval", "forgetting", written(tmp_path / "set", "zh"), "--embedder", "none",
        "--gone", "--report", report)  # fmt: skip
    text = report.read_text("utf-8")
    assert text.startswith("# 遗忘") and "消失的不再回来" in text and "Gone" not in text


def test_without_the_extra_there_is_a_pip_line(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    folder = written(tmp_path / "set", "en")
    err = run("eval", "retrieval", folder, "--report", tmp_path / "r.md", code=1).err
    assert "siliconfriend[eval]" in err


def test_the_errors_are_ours(tmp_path: Path) -> None:
    from memorybank.evals.sets import load_set

    with pytest.raises(MemoryBankError):
        load_set(tmp_path)
