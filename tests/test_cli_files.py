"""Files through the command line: import, export, backup, restore, doctor."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from test_cli import Run, run

__all__ = ["run"]

ORIGINAL: dict[str, Any] = {
    "Clara": {
        "name": "Clara",
        "meta_information": {"hobby": "nobody said this"},
        "summary": {"2023-04-27": {"content": "Clara planted beans."}},
        "personality": {},
        "overall_history": "",
        "overall_personality": "",
        "history": {
            "2023-04-27": [
                {"query": "I planted some beans.", "response": "How deep?"},
                {"query": "Two inches deep.", "response": "Good.", "memory_strength": 2},
            ],
            "2023-04-28": [],
            "2023-05-02": [["The beans are up.", "Lovely."]],
        },
    },
    "王小雨": {
        "name": "王小雨",
        "history": {"2023-04-27": [{"query": "我种了豆子。", "response": "种了多深？"}]},
        "summary": {}, "personality": {}, "overall_history": "", "overall_personality": "",
    },
}  # fmt: skip
ROWS: list[dict[str, Any]] = [
    {"bank_id": "Rosa", "memory_id": "a", "session": "s1", "date": "2024-02-03T08:30",
     "speaker": "user", "text": "I planted beans.", "lang": "en"},
    {"bank_id": "明", "memory_id": "a", "session": None, "date": "2024-02", "speaker": "user",
     "text": "我在二月学会了游泳。", "lang": "zh", "scene": "pool"},
    {"bank_id": "Rosa", "memory_id": "b", "session": "s1", "date": None, "speaker": "assistant",
     "text": "How deep?", "lang": "en"},
]  # fmt: skip
NOW = ("--now", "2026-03-06")


def original(folder: Path, people: dict[str, Any]) -> Path:
    path = folder / "memory_bank_en.json"
    path.write_text(json.dumps(people, ensure_ascii=False, indent=1), "utf-8")
    return path


def normal(folder: Path, rows: list[dict[str, Any]]) -> Path:
    path = folder / "memories.jsonl"
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), "utf-8")
    return path


def banks(run: Run) -> dict[str, int]:
    return {row["name"]: row["turns"] for row in run("banks", "--json").json}


def rows_of(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines()]


# -- import --------------------------------------------------------------------------------


def test_import_of_the_original_form(run: Run, tmp_path: Path) -> None:
    path = original(tmp_path, ORIGINAL)
    done = run("import", path, *NOW)
    assert "Clara" in done.out and "王小雨" in done.out and done.err == ""
    assert banks(run) == {"Clara": 3, "王小雨": 1}
    hits = run("recall", "how deep are the beans?", "--bank", "Clara", "--json", *NOW).json
    assert {hit["when"][:10] for hit in hits} == {"2023-04-27", "2023-05-02"}
    assert {hit["external_id"] for hit in hits} == {
        "Clara_2023-04-27_0", "Clara_2023-04-27_1", "Clara_2023-05-02_0",
    }  # fmt: skip
    assert not any(hit["faded"] for hit in hits), "their curves start on arrival"
    everything = json.dumps(hits) + run("timeline", "--bank", "Clara", "--json", *NOW).out
    assert "nobody said this" not in everything and "Clara planted beans." not in everything
    assert "种了多深" in run("recall", "豆子", "--bank", "王小雨", *NOW).out


def test_import_again_is_no_more(run: Run, tmp_path: Path) -> None:
    path = original(tmp_path, ORIGINAL)
    first = run("import", path, "--json", *NOW).json
    assert [(row["bank"], row["turns"], row["new"]) for row in first] == [
        ("Clara", 3, 3), ("王小雨", 1, 1),
    ]  # fmt: skip
    before = run("timeline", "--bank", "Clara", "--json", *NOW).out
    again = run("import", path, "--json", *NOW).json
    assert [row["new"] for row in again] == [0, 0]
    assert run("timeline", "--bank", "Clara", "--json", *NOW).out == before
    longer = json.loads(json.dumps(ORIGINAL))
    longer["Clara"]["history"]["2023-05-03"] = [["A snail ate one.", "Oh no."]]
    more = run("import", original(tmp_path, longer), "--json", *NOW).json
    assert [row["new"] for row in more] == [1, 0]
    assert banks(run) == {"Clara": 4, "王小雨": 1}


@pytest.mark.parametrize("way", ["occurred", "arrival"])
def test_import_says_where_curves_start(run: Run, tmp_path: Path, way: str) -> None:
    run("import", original(tmp_path, ORIGINAL), "--curve-from", way, *NOW)
    days = run("timeline", "--bank", "Clara", "--json", *NOW).json
    faded = {memory["faded"] for day in days for memory in day["memories"]}
    assert faded == {way == "occurred"}
    assert "occurred" in run("import", "x.json", "--curve-from", "birth", code=2).err


def test_import_of_one_bank_alone(run: Run, tmp_path: Path) -> None:
    path = original(tmp_path, ORIGINAL)
    run("import", path, "--bank", "王小雨", *NOW)
    assert banks(run) == {"王小雨": 1}
    assert "Clara" in run("import", path, "--bank", "Nobody", code=2).err
    run("import", original(tmp_path, {"Clara": ORIGINAL["Clara"]}), "--bank", "My own", *NOW)
    assert banks(run) == {"王小雨": 1, "My own": 3}


def test_untrusted_stays_out_of_the_portrait(run: Run, tmp_path: Path) -> None:
    history = {"2023-04-27": [["I love beans.", "Good."]]}
    people = original(tmp_path, {"Clara": {**ORIGINAL["Clara"], "history": history}})
    run("import", people, "--untrusted", *NOW)
    run("digest", *NOW)
    assert run("portrait", "--json").json["statements"] == []


def broken(how: str) -> list[dict[str, Any]]:
    bad: dict[str, Any] = {
        "too long": {"text": "x" * 1_000_001}, "future": {"date": "2031-01-01"},
        "before 1900": {"date": "1850-01-01"}, "no date": {"date": "some day"},
        "no text": {"text": 5}, "no bank": {"bank_id": ""}, "id twice": {"memory_id": "a"},
    }[how]  # fmt: skip
    return [*ROWS, {**ROWS[1], "memory_id": "z", **bad}]


@pytest.mark.parametrize(
    "how", ["too long", "future", "before 1900", "no date", "no text", "no bank", "id twice"]
)
def test_a_file_is_taken_whole_or_not_at_all(run: Run, tmp_path: Path, how: str) -> None:
    run("remember", "I like tea.", "--bank", "before")
    err = run("import", normal(tmp_path, broken(how)), *NOW, code=2).err
    assert "游泳" not in err and "xxx" not in err
    assert banks(run) == {"before": 1}, "the first bank of the file is not there either"
    run("import", normal(tmp_path, ROWS), *NOW)
    assert banks(run) == {"before": 1, "Rosa": 2, "明": 1}


def test_a_failure_while_storing_takes_all_back(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from memorybank.errors import DiskFull
    from memorybank.verbs import remember

    through = remember._Writer.store

    def store(self: Any, turn: Any, vectors: Any) -> Any:
        if "豆子" in (turn.text or ""):
            raise DiskFull("no space left")
        return through(self, turn, vectors)

    with monkeypatch.context() as patch:
        patch.setattr(remember._Writer, "store", store)
        run("import", original(tmp_path, ORIGINAL), *NOW, code=1)
    assert banks(run) == {}
    run("import", original(tmp_path, ORIGINAL), *NOW)
    assert banks(run) == {"Clara": 3, "王小雨": 1}


def test_malformed_json_is_told_by_line(run: Run, tmp_path: Path) -> None:
    path = normal(tmp_path, ROWS)
    lines = path.read_text("utf-8").splitlines()
    path.write_text("\n".join([*lines[:2], '{"bank_id": "Rosa", "text": secret}']), "utf-8")
    err = run("import", path, code=2).err
    assert "line 3" in err and "secret" not in err and banks(run) == {}
    assert run("import", tmp_path / "none.json", code=2).err
    assert not banks(run)


# -- export --------------------------------------------------------------------------------


def test_export_gives_the_original_form_back(run: Run, tmp_path: Path) -> None:
    run("import", original(tmp_path, ORIGINAL), *NOW)
    run("digest", "--bank", "Clara", *NOW)
    assert json.loads(run("export", "--format", "original").out) == ORIGINAL
    alone = run("export", "--format", "original", "--bank", "王小雨").out
    assert json.loads(alone) == {"王小雨": ORIGINAL["王小雨"]}
    target = tmp_path / "out.json"
    shown = run("export", target, "--format", "original").out
    assert json.loads(target.read_text("utf-8")) == ORIGINAL
    assert "out.json" in shown.replace("\n", "")
    assert target.stat().st_mode & 0o077 == 0
    assert "种了豆子" in target.read_text("utf-8"), "UTF-8, not escaped"


def test_export_gives_the_normal_form_back(run: Run, tmp_path: Path) -> None:
    run("import", normal(tmp_path, ROWS), *NOW)
    done = run("export")
    assert rows_of(done.out) == ROWS and done.err == ""
    assert rows_of(run("export", "--bank", "明").out) == [ROWS[1]]
    assert "original" in run("export", "--format", "yaml", code=2).err


def test_what_was_exported_can_be_imported(run: Run, tmp_path: Path) -> None:
    then = ("--now", "2026-03-02T09:00")
    run("remember", "I like tea.", "--reply", "Noted.", "--bank", "Clara", *then)
    run("remember", "我喜欢喝茶。", "--bank", "小雨", "--lang", "zh", *then)
    for form, suffix in (("normal", "jsonl"), ("original", "json")):
        target, file = tmp_path / f"out.{suffix}", tmp_path / f"{form}.db"
        run("export", target, "--format", form)
        run("import", target, "--file", file, *NOW)
        (hit,) = run("recall", "tea", "--bank", "Clara", "--file", file, "--json", *NOW).json
        assert "I like tea." in hit["text"] and hit["when"].startswith("2026-03-02")


# -- care ----------------------------------------------------------------------------------


def test_backup_restore_doctor(run: Run, tmp_path: Path, home: Path) -> None:
    run("remember", "I like tea.")
    assert run("backup", tmp_path / "b.db").out
    assert "another name" in run("backup", tmp_path / "b.db", code=1).err
    run("remember", "Said later.")
    assert run("doctor", "--json").json == [] and "sound" in run("doctor", "--lang", "en").out
    assert "完好" in run("doctor", "--lang", "zh").out
    assert run("restore", tmp_path / "b.db").out
    assert banks(run) == {"me": 1}
    (kept,) = home.glob("memory.db.before-*")
    assert run("banks", "--file", kept, "--json").json[0]["turns"] == 2
    assert run("restore", tmp_path / "none.db", code=1).err
    assert banks(run) == {"me": 1}


def test_doctor_finds_what_is_wrong(run: Run, tmp_path: Path, home: Path) -> None:
    import apsw

    run("remember", "I like tea.")
    connection = apsw.Connection(str(home / "memory.db"))
    connection.execute("DELETE FROM terms")
    connection.close()
    done = run("doctor", code=1)
    assert "without its words" in done.out
    (home / "memory.db").write_text("scribbled over " * 500)
    assert "memory.db" in run("doctor", code=1).err.replace("\n", "")


def test_a_file_that_is_no_bank(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("Dear diary, " * 500)
    for verb in (("recall", "x"), ("remember", "x"), ("banks",), ("doctor",), ("digest",)):
        err = run(*verb, "--file", tmp_path / "x.db", code=1).err
        assert "x.db" in err.replace("\n", "") and "Dear" not in err
    assert (tmp_path / "x.db").read_text() == "Dear diary, " * 500


def test_a_settings_file(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "settings.toml").write_text('preset = "paper"\nembedder = "nobody:x"\n')
    run("remember", "I like tea.")  # the environment wins over the file's embedder
    assert run("banks", "--json").json[0]["preset"] == "paper"
    monkeypatch.delenv("MEMORYBANK_EMBEDDER")
    assert "nobody" in run("recall", "tea", code=2).err
    (home / "settings.toml").write_text('color = "red"')
    assert "color" in run("recall", "tea", code=2).err


def test_reembed_needs_an_embedder(run: Run) -> None:
    run("remember", "I like tea.")
    assert "embedder" in run("reembed", code=2).err


def test_a_file_of_the_original_project_is_digested_in_one_command(
    run: Run, tmp_path: Path
) -> None:
    turns = [{"query": "I adopted a grey cat called Miso.", "response": "Lovely!"}]
    people = {
        "Emily": {"name": "Emily", "history": {"2026-03-02": turns}, "extra": {"kept": 1}},
        "李雪": {
            "name": "李雪",
            "history": {"2026-03-03": [["我领养了一只叫米索的灰猫。", "真好！"]]},
        },
    }
    path = tmp_path / "bank.json"
    path.write_text(json.dumps(people, ensure_ascii=False), "utf-8")
    script = tmp_path / "replies.txt"
    script.write_text(
        "The user adopted Miso.\n---\nMood: happy.\n- Has a cat called Miso [1].\n"
        "---\n用户领养了米索。\n---\n心情：开心。\n- 有一只叫米索的灰猫 [1]。\n",
        "utf-8",
    )
    out = tmp_path / "out.json"
    told = run("digest", "--file", str(path), "--out", str(out), "--llm", f"scripted:{script}")
    assert "Emily" in told.out and "model:scripted:replies.txt" in told.out
    made = json.loads(out.read_text("utf-8"))
    for name, day, cat in (("Emily", "2026-03-02", "Miso"), ("李雪", "2026-03-03", "米索")):
        assert made[name]["history"] == people[name]["history"]
        assert (
            cat in made[name]["summary"][day]["content"] and cat in made[name]["personality"][day]
        )
        assert cat in made[name]["overall_history"] and cat in made[name]["overall_personality"]
    assert made["Emily"]["extra"] == {"kept": 1} and out.stat().st_mode & 0o077 == 0
    assert json.loads(path.read_text("utf-8")) == people, "the file itself is left alone"
    alone = run("digest", "--file", str(path), "--json").json
    assert [b["method"] for b in alone["banks"]] == ["extractive"] * 2
    assert (tmp_path / "bank.digested.json").exists()


def test_a_digest_whose_model_fails_says_so_and_keeps_the_job(run: Run, tmp_path: Path) -> None:
    run("remember", "I adopted a grey cat called Miso.", "--now", "2026-03-02")
    script = tmp_path / "replies.txt"
    script.write_text("I'm sorry, but I can't help with that.\n", "utf-8")
    failed = run("digest", "--llm", f"scripted:{script}", "--now", "2026-03-03", code=1)
    assert "refused" in failed.err and "digested" in failed.out
    (job,) = run("jobs", "--json").json
    assert job["attempts"] == 1 and "refused" in job["error"] and "拒绝" in job["error_zh"]
    assert "拒绝" in run("jobs", "--lang", "zh").out
