"""Language models: how they are named and opened, and that none can harm who listens."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from memorybank import models
from memorybank.errors import BadReply, BadSetting, ModelBusy, ModelError, ReplyCut
from memorybank.models import LLM, Messages, Style, complete, load_llm, replying
from memorybank.settings import read_settings
from memorybank.testing import ScriptedLLM

ASKED = [{"role": "user", "content": "hello"}]


class Giving:
    """A model that gives whatever it is told to, text or not."""

    name, window = "testing:giving", 0

    def __init__(self, pieces: Any) -> None:
        self.pieces, self.stopped = pieces, False

    def stream(self, messages: Messages, style: Style) -> Iterator[Any]:
        try:
            yield from self.pieces
        finally:
            self.stopped = True

    def count(self, text: str) -> int:
        return len(text)


def test_the_scripted_model_is_a_model_and_says_its_script_then_quotes():
    llm = ScriptedLLM(["First, 你好。", lambda m: m[-1]["content"].upper()])
    assert isinstance(llm, LLM)
    assert complete(llm, ASKED) == "First, 你好。"
    assert complete(llm, ASKED) == "HELLO"
    notes = "<memory>\n[2026-03-01] a cat called Miso\n[2026-03-02] the new job\n</memory>\n"
    for question, answer in (("what is the cat called?", "Miso"), ("which job?", "job")):
        assert answer in complete(llm, [{"role": "user", "content": notes + question}])
    assert len(llm.asked) == 4


def test_names_lead_to_models_by_one_door(tmp_path: Path):
    script = tmp_path / "replies.txt"
    script.write_text("Good morning.\n---\n早上好。\n", "utf-8")
    llm = load_llm(f"scripted:{script}")
    assert llm is not None
    assert [complete(llm, ASKED), complete(llm, ASKED)] == ["Good morning.", "早上好。"]
    assert load_llm("") is None and load_llm("none") is None


@pytest.mark.parametrize("name", ["nobody:model", "scripted:/not/there.txt"])
def test_a_name_that_leads_nowhere_says_so_in_both_languages(name: str):
    with pytest.raises(BadSetting) as caught:
        load_llm(name)
    assert "scripted" in str(caught.value)
    assert "请写" in caught.value.say("zh")


def test_pieces_arrive_as_they_come_and_a_listener_may_leave():
    llm = Giving(f"{i} " for i in itertools.count())
    reply = replying(llm, ASKED)
    assert list(itertools.islice(reply, 3)) == ["0 ", "1 ", "2 "]
    reply.close()  # type: ignore[attr-defined]
    assert llm.stopped


@pytest.mark.parametrize("pieces", [[], [""], [" \n", "\t"], ["\x00"]])
def test_nothing_is_not_a_reply(pieces: list[str]):
    with pytest.raises(BadReply):
        complete(Giving(pieces), ASKED)


@pytest.mark.parametrize("pieces", [[None], [b"bytes"], [{"text": "x"}], ["fine", 3]])
def test_only_text_is_a_reply(pieces: list[Any]):
    with pytest.raises(BadReply):
        complete(Giving(pieces), ASKED)


def test_a_reply_that_never_ends_is_stopped():
    llm = Giving(itertools.repeat("round and round "))
    with pytest.raises(ReplyCut):
        complete(llm, ASKED)
    assert llm.stopped


def test_a_reply_that_drips_for_ever_is_stopped(monkeypatch: pytest.MonkeyPatch):
    hours = itertools.count(step=3600)
    monkeypatch.setattr(models.time, "monotonic", lambda: next(hours))
    with pytest.raises(ReplyCut):
        complete(Giving(itertools.repeat(".")), ASKED)


def test_errors_of_a_models_own_become_ours_and_ours_stay():
    class Failing(Giving):
        def stream(self, messages: Messages, style: Style) -> Iterator[str]:
            yield "half a "
            raise self.pieces

    for error, expected in ((KeyError("secret"), ModelError), (ModelBusy("wait"), ModelBusy)):
        heard = []
        with pytest.raises(expected) as caught:
            heard += [*replying(Failing(error), ASKED)]
        assert "secret" not in str(caught.value)


def test_lone_surrogates_and_controls_do_not_reach_memory():
    assert complete(Giving(["ok\ud800", "\x07 then"]), ASKED) == "ok\ufffd then"


def test_a_providers_section_comes_from_file_and_environment(tmp_path: Path):
    (tmp_path / "settings.toml").write_text(
        'llm = "openai:m"\n[openai]\nbase_url = "http://a"\ntimeout = 5\n', "utf-8"
    )
    env = {"MEMORYBANK_HOME": str(tmp_path), "OPENAI_BASE_URL": "http://b", "OPENAI_API_KEY": "k"}
    settings = read_settings(env)
    assert settings.llm == "openai:m"
    assert settings.options["openai"] == {"base_url": "http://b", "timeout": 5, "api_key": "k"}
    assert "'k'" not in repr(settings), "a key must not stand where it may be printed"
