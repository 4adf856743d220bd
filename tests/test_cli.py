"""The command line: what is asked for on standard output, everything else beside it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest

from memorybank.cli import main

BOTH = pytest.mark.parametrize("lang", ["en", "zh"])
SAID = {
    "en": (("My name is Clara.", "Hello, Clara."),
           ("I adopted a cat called Miso.", "Welcome, Miso!"),
           ("I work as a nurse in Lyon.", "A fine job.")),
    "zh": (("我叫克拉拉。", "你好，克拉拉。"), ("我领养了一只猫，叫年糕。", "欢迎年糕！"),
           ("我的工作是里昂的护士。", "了不起。")),
}  # fmt: skip
ASKED = {"en": "Which cat did I adopt?", "zh": "我领养了什么猫？"}


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        def strange(name: str) -> NoReturn:
            raise AssertionError(f"{name} is not JSON")

        return json.loads(self.out, parse_constant=strange)


Run = Callable[..., Done]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], home: Path) -> Run:
    """Runs `memorybank` in this process, just as its console script does."""
    for name, value in (("EMBEDDER", "none"), ("ZONE", "UTC")):
        monkeypatch.setenv(f"MEMORYBANK_{name}", value)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")

    def run(*arguments: object, code: int = 0) -> Done:
        monkeypatch.setattr(sys, "argv", ["memorybank", *map(str, arguments)])
        capsys.readouterr()
        try:
            main()
            ended: Any = 0
        except SystemExit as end:
            ended = end.code or 0
        out, err = capsys.readouterr()
        assert ended == code, (arguments, ended, out, err)
        if code and arguments[0] not in ("doctor", "digest"):  # whose answer may be a failure
            assert out == "" and err, "an error is no answer"
        assert "Traceback" not in err
        return Done(ended, out, err)

    return run


@pytest.fixture
def told(run: Run) -> Callable[[str], list[str]]:
    """Fills a bank through the command line, a day apart; returns the ids."""

    def told(lang: str) -> list[str]:
        return [
            run("remember", text, "--reply", reply, "--lang", lang, "--json",
                "--now", f"2026-03-0{day}T09:00").json["id"]
            for day, (text, reply) in enumerate(SAID[lang], 2)
        ]  # fmt: skip

    return told


Told = Callable[[str], list[str]]
CONTRACT = {"id", "external_id", "kind", "when", "text", "score", "retention", "faded", "why"}
LATER = ("--now", "2026-03-06")


# -- in and out ----------------------------------------------------------------------------


@BOTH
def test_recall_json_is_the_contract(run: Run, told: Told, lang: str) -> None:
    ids = told(lang)
    done = run("recall", ASKED[lang], "--json", *LATER)
    hits = done.json
    assert isinstance(hits, list) and len(hits) == 3 and done.err == ""
    for hit in hits:
        assert set(hit) >= CONTRACT
    assert [hit["score"] for hit in hits] == sorted((h["score"] for h in hits), reverse=True)
    first = hits[0]
    assert first["id"] == ids[1] and first["kind"] == "turn" and first["faded"] is False
    assert first["when"] == "2026-03-03T09:00:00+00:00" and first["external_id"] is None
    assert SAID[lang][1][0] in first["text"] and 0 < first["retention"] < 1
    shares = [signal["share"] for signal in first["why"]["signals"]]
    assert sum(shares) == pytest.approx(first["score"], abs=1e-4)
    assert SAID[lang][1][0] in done.out, "UTF-8, not escaped"
    assert len(run("recall", ASKED[lang], "-k", 1, "--json", *LATER).json) == 1


@BOTH
def test_recall_for_people(run: Run, told: Told, lang: str) -> None:
    told(lang)
    done = run("recall", ASKED[lang], *LATER)
    assert {"en": "Miso", "zh": "年糕"}[lang] in done.out and done.err == ""
    title = {"en": "why", "zh": "原因"}
    assert title[lang] in done.out
    other = {"en": "zh", "zh": "en"}[lang]
    for spelt in {"zh": ("zh", "cn", "ZH"), "en": ("en",)}[other]:
        assert title[other] in run("recall", ASKED[lang], "--lang", spelt, *LATER).out
    assert "--lang" in run("recall", ASKED[lang], "--lang", "fr", code=2).err


def test_remember_is_idempotent_by_id(run: Run) -> None:
    first = run("remember", "I like tea.", "--id", "a", "--json").json["id"]
    assert run("remember", "I like tea.", "--id", "a", "--json").json["id"] == first
    assert run("remember", "I like plums.", "--id", "a", "--json").json["id"] != first
    (hit,) = run("recall", "tea", "--json").json
    assert hit["external_id"] == "a" and hit["replaces"] == [first]
    (row,) = run("banks", "--json").json
    assert row["name"] == "me" and row["turns"] == 2


def test_times_are_read_in_the_zone_of_the_bank(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMORYBANK_ZONE", "Asia/Shanghai")
    run("remember", "I like tea.", "--at", "2026-03-02T23:30", "--now", "2026-03-03")
    monkeypatch.setenv("MEMORYBANK_ZONE", "UTC")
    (hit,) = run("recall", "tea", "--json", "--now", "2026-03-04").json
    assert hit["when"] == "2026-03-02T23:30:00+08:00"
    assert run("recall", "tea", "--json", "--now", "2026-03-02T23:29").json == []
    assert len(run("recall", "tea", "--json", "--now", "2026-03-02").json) == 1
    assert len(run("recall", "tea", "--json", "--now", "2026-03-02T15:31Z").json) == 1
    for wrong in ("yesterday", "2026-13", "02.03.2026"):
        assert "2023-05-02" in run("recall", "tea", "--now", wrong, code=2).err
    assert "future" in run("remember", "x", "--at", "2031-01-01", "--now", "2026-03-03", code=2).err


@BOTH
def test_digest_and_what_it_makes(run: Run, told: Told, lang: str) -> None:
    told(lang)
    waiting = run("jobs", "--json").json
    assert [job["subject"] for job in waiting] == [f"day:2026-03-0{day}" for day in (2, 3, 4)]
    done = run("digest", "--json", *LATER)
    assert (
        done.json == {"days": 3, "weeks": 1, "months": 1, "overall": 1, "failed": 0}
        and done.err == ""
    )
    assert "0" in run("digest", *LATER).out and run("jobs", "--json").json == []
    portrait = run("portrait")
    for text in (SAID[lang][0][0], SAID[lang][2][0]):
        assert text in portrait.out
    assert {"en": "Portrait", "zh": "画像"}[lang] in portrait.out
    statements = run("portrait", "--json").json["statements"]
    assert SAID[lang][0][0] in [statement["text"] for statement in statements]
    assert all(statement["sources"] for statement in statements)


@BOTH
def test_timeline(run: Run, told: Told, lang: str) -> None:
    ids = told(lang)
    run("digest", *LATER)
    shown = run("timeline", *LATER).out
    for day, (text, _) in enumerate(SAID[lang], 2):
        assert f"2026-03-0{day}" in shown and text in shown
    assert {"en": "What happened", "zh": "发生了什么"}[lang] in shown
    for memory in ids:
        assert memory[-8:] in shown
    days = run("timeline", "--from", "2026-03-03", "--to", "2026-03-03", "--json", *LATER).json
    assert [day["day"] for day in days] == ["2026-03-03"]
    assert [memory["id"] for memory in days[0]["memories"]] == [ids[1]]
    assert "2026-03-02" in run("timeline", "--from", "soon", code=2).err


@BOTH
def test_explain(run: Run, told: Told, lang: str) -> None:
    ids = told(lang)
    shown = run("explain", ids[1][-8:], *LATER).out
    words = {"en": ("Significance", "Strength S", "Retention R", "days"),
             "zh": ("重要度", "强度 S", "保持率 R", "天")}  # fmt: skip
    for word in (*words[lang], SAID[lang][1][0], "█"):
        assert word in shown
    data = run("explain", ids[1], "--json", *LATER).json
    assert data["memory"]["id"] == ids[1] and data["preset"] == "gentle" and data["curve"]
    assert "timeline" in run("explain", "no-such-id", code=2).err


@pytest.mark.parametrize("preset", ["gentle", "paper", "off"])
def test_json_is_json_under_every_curve(run: Run, told: Told, preset: str) -> None:
    ids = told("en")
    run("preset", preset)
    assert run("explain", ids[0], "--json", *LATER).json["preset"] == preset
    assert run("timeline", "--json", *LATER).json and run("recall", "cat", "--json", *LATER).json


@BOTH
def test_context(run: Run, told: Told, lang: str) -> None:
    told(lang)
    shown = run("context", ASKED[lang], "--json", *LATER).json
    assert shown["messages"][0]["role"] == "system"
    assert SAID[lang][1][0] in shown["messages"][-1]["content"]
    assert shown["tokens"] <= shown["budget"] == 2000
    assert SAID[lang][1][0] in run("context", ASKED[lang], *LATER).out
    assert run("context", ASKED[lang], "--budget", 0, code=2).err


# -- one memory ----------------------------------------------------------------------------


def test_pin_fade_revive(run: Run, told: Told) -> None:
    ids = told("en")

    def held(now: str = "2030-01-01") -> dict[str, Any]:
        memory: dict[str, Any] = run("explain", ids[1], "--json", "--now", now).json["memory"]
        return memory

    assert held()["faded"] is True
    run("pin", ids[1], *LATER)
    assert (held()["faded"], held()["pinned"]) == (False, True)
    run("unpin", ids[1], *LATER)
    assert (held()["faded"], held()["pinned"]) == (True, False)
    run("fade", ids[1], *LATER)
    assert held("2026-03-07")["faded"] is True
    assert ids[1] not in [h["id"] for h in run("recall", "Lyon", "--json", *LATER).json]
    hidden = run("recall", ASKED["en"], "--faded", "never", "--withheld", "--json", *LATER).json
    assert all(hit["faded"] for hit in hidden)
    run("revive", ids[1], "--now", "2026-03-08")
    assert held("2026-03-09")["faded"] is False
    events = run("explain", ids[1], "--json", "--now", "2026-03-09").json["events"]
    assert [e["kind"] for e in events] == ["pin", "unpin", "fade", "revive"]
    assert "on_cue" in run("recall", "x", "--faded", "maybe", code=2).err


@BOTH
def test_correct(run: Run, told: Told, lang: str) -> None:
    ids = told(lang)
    new = run("correct", ids[1], {"en": "The cat is called Mochi.", "zh": "猫叫麻薯。"}[lang],
              "--json", *LATER).json["id"]  # fmt: skip
    hits = run("recall", ASKED[lang], "--json", "--now", "2026-03-07").json
    assert new in [hit["id"] for hit in hits] and ids[1] not in [hit["id"] for hit in hits]
    told_new = run("explain", new, "--json", "--now", "2026-03-07").json
    assert told_new["replaces"] == [ids[1]]


def test_erase_asks_first(run: Run, told: Told, home: Path) -> None:
    ids = told("en")
    assert "--yes" in run("erase", ids[1], code=2).err
    assert len(run("recall", "cat", "--json", *LATER).json) == 3
    receipt = run("erase", ids[1], "--yes", "--json", *LATER).json
    assert receipt["turns"] == 1
    assert ids[1] not in [hit["id"] for hit in run("recall", "cat", "--json", *LATER).json]
    assert run("jobs", "--json").json == [], "and it digests what remains"
    assert b"Miso" not in b"".join(p.read_bytes() for p in home.glob("memory.db*"))
    assert run("erase", "--day", "2026-03-02", "--yes", "--json", *LATER).json["turns"] == 1
    run("erase", "--yes", code=2)
    run("erase", "--day", "soon", "--yes", code=2)


def test_erase_a_whole_bank(run: Run, told: Told) -> None:
    told("en")
    run("remember", "I like tea.", "--bank", "other")
    assert "--yes" in run("erase", "--whole-bank", "--bank", "me", code=2).err
    assert run("erase", "--whole-bank", "--bank", "me", "--yes", "--json").json is not None
    assert [row["name"] for row in run("banks", "--json").json] == ["other"]


# -- which bank ----------------------------------------------------------------------------

VERBS = {
    "recall": ("x",), "context": ("x",), "digest": (), "portrait": (), "timeline": (), "jobs": (),
    "explain": ("x",), "pin": ("x",), "unpin": ("x",), "fade": ("x",), "revive": ("x",),
    "correct": ("x", "y"), "erase": ("x", "--yes"), "preset": ("paper",), "reembed": (),
    "export": (),
}  # fmt: skip


@pytest.mark.parametrize("verb", VERBS)
def test_an_unknown_bank_is_told_with_near_names(run: Run, verb: str) -> None:
    for name in ("emily", "张曼婷", "zora"):
        run("remember", "Hello there.", "--bank", name)
    for wrong, near in (("emyli", "emily"), ("张曼亭", "张曼婷")):
        err = run(verb, *VERBS[verb], "--bank", wrong, code=2).err
        assert near in err and "zora" not in err
    if verb != "export":  # which takes them all
        err = run(verb, *VERBS[verb], code=2).err
        assert "--bank" in err and "emily" in err and "张曼婷" in err
    assert len(run("banks", "--json").json) == 3, "nothing was made by the way"


def test_where_there_is_no_file(run: Run, home: Path, tmp_path: Path) -> None:
    for verb, arguments in VERBS.items():
        assert run(verb, *arguments, code=2).err
        run(verb, *arguments, "--file", tmp_path / "none.db", code=2)
    assert run("banks", "--json").json == []
    assert "remember" in run("banks").out
    assert not (home / "memory.db").exists() and not (tmp_path / "none.db").exists()


def test_two_languages_side_by_side(run: Run) -> None:
    run("remember", "Hello there.", "--bank", "emily", "--lang", "en")
    run("remember", "你好啊。", "--bank", "张曼婷", "--lang", "cn")
    rows = {row["name"]: row for row in run("banks", "--json").json}
    assert {name: row["lang"] for name, row in rows.items()} == {"emily": "en", "张曼婷": "zh"}
    shown = run("banks", "--lang", "zh").out
    assert "张曼婷" in shown and "名字" in shown
    assert "什么也没想起来" in run("recall", "x", "--bank", "张曼婷", "--now", "2001").out
    assert "Nothing" in run("recall", "x", "--bank", "emily", "--now", "2001").out


def test_what_is_about_to_fade_is_shown(run):
    run("remember", "Hello there!", "--now", "2026-03-02T09:00", "--lang", "en")
    asked = ("fading", "--days", "60", "--now", "2026-03-03")
    told = json.loads(run(*asked, "--json").out)
    assert ["Hello there!" in row["text"] for row in told] == [True]
    assert "Hello there!" in run(*asked).out
    assert "Nothing fades" in run("fading", "--days", "0", "--now", "2026-03-03").out
    assert "没有要淡忘" in run("fading", "--days", "0", "--lang", "zh", "--now", "2026-03-03").out
    run("fading", "--days", "-1", code=2)


# -- every command says its help and takes the common options ----------------------------------

COMMON = {"--bank", "--file", "--now", "--json", "--lang"}


def commands() -> dict[str, set[str]]:
    """Return every command with the options that it takes."""
    import typer.main

    from memorybank.cli import app

    group: Any = typer.main.get_command(app)
    return {
        name: {option for p in one.params for option in p.opts}
        for name, one in group.commands.items()
    }


def test_the_commands_of_the_design_are_there(run: Run) -> None:
    wanted = "demo import export banks remember recall context digest portrait timeline jobs"
    wanted += " explain pin unpin fade revive correct erase backup restore doctor eval bench"
    assert set(wanted.split()) <= set(commands())
    for name in commands():
        assert run(name, "--help").out
    assert "recall" in run("--help").out
    run("no-such-command", code=2)


@pytest.mark.parametrize("name", [v for v in VERBS if v not in ("preset", "reembed", "export")])
def test_common_options_are_everywhere(name: str) -> None:
    assert commands()[name] >= COMMON


# -- as a process --------------------------------------------------------------------------


def test_standard_output_is_utf8_and_clean(run: Run, told: Told) -> None:
    told("zh")
    command = [sys.executable, "-m", "memorybank.cli", "recall", ASKED["zh"], "--json", *LATER]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    assert json.loads(done.stdout.decode("utf-8")) and done.stderr == b""
    assert "年糕".encode() in done.stdout
    bad = [*command[:3], "recall", "x", "--bank", "nobody"]
    failed = subprocess.run(bad, capture_output=True, check=False, timeout=60)
    assert failed.returncode == 2 and failed.stdout == b"" and b"Traceback" not in failed.stderr


def test_arguments_that_are_no_utf8(run: Run) -> None:
    run("remember", "tea \udcff plums")
    assert run("recall", "tea \udcff", "--json").json
    for verb in ("explain", "pin"):
        assert run(verb, "\udcff\udcfe\udcfd\udcfc", code=2).err
    assert run("recall", "x", "--bank", "\udcff\udcfe", code=2).err


def test_the_version_is_told(run):
    from memorybank import __version__

    assert run("--version").out == f"siliconfriend {__version__}\n"


def test_help_speaks_the_language_that_is_asked_for():
    for options, line in (
        ([], "Show which memories a message calls for"),
        (["--lang", "zh"], "显示一句话会让人想起哪些记忆"),
    ):
        command = [sys.executable, "-m", "memorybank.cli", "recall", *options, "--help"]
        told = subprocess.run(command, capture_output=True, text=True, check=True)
        assert line in told.stdout


@BOTH
def test_what_was_withheld_is_counted_once_and_not_called_brought_back(run, lang):
    for text, reply in SAID[lang]:
        run("remember", text, "--reply", reply, "--lang", lang, "--now", "2026-03-02")
    talk = {"en": "Nice weather", "zh": "天气真好"}[lang]
    done = run("recall", talk, "--now", "2031-01-01", "--withheld", "--faded", "never")
    counted = {"en": "withheld: faded", "zh": "没有列出"}[lang]
    assert done.out.count(counted) <= 1
    asked = run("recall", ASKED[lang], "--now", "2031-01-01", "--withheld", "--faded", "never")
    assert asked.out.count(counted) == 1
    assert {"en": "brought back", "zh": "因明确的线索"}[lang] not in asked.out


@BOTH
def test_timeline_and_explain_say_days_in_words_of_the_language(run, lang):
    text, reply = SAID[lang][1]
    stored = run(
        "remember", text, "--reply", reply, "--lang", lang, "--now", "2026-03-02", "--json"
    )
    run("digest", "--now", "2026-03-03")
    whole = run("timeline", "--lang", lang, "--now", "2026-03-03").out
    assert f"2026-03-02 {'周一' if lang == 'zh' else 'Mon'}" in whole
    days = run("timeline", "--lang", lang, "--now", "2026-03-03", "--from", "2026-03-02").out
    overall = {"en": "So far", "zh": "至今"}[lang]
    assert overall in whole and "\nall" not in whole
    assert overall not in days
    told = run("explain", stored.json["id"], "--lang", lang, "--now", "2026-03-03").out
    assert told.count("fades" if lang == "en" else "淡忘于") == 1


def test_a_bank_is_born_in_the_language_that_it_begins_with(run):
    def born(*arguments):
        run("remember", *arguments)
        return {row["name"]: row["lang"] for row in run("banks", "--json").json}[arguments[2]]

    assert born("我领养了一只猫，叫年糕。", "--bank", "小雨") == "zh"
    assert born("我领养了一只猫，叫年糕。", "--bank", "rain") == "zh"
    assert born("I adopted a cat.", "--bank", "clara") == "en"
    assert born("1234", "--bank", "克拉拉") == "zh"
    assert born("我领养了一只猫，叫年糕。", "--bank", "asked", "--lang", "en") == "en"
