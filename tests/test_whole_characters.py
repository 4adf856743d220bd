"""Halves of characters: a server that writes JSON in ASCII may cut an emoji in two ("\\ud83d" in
one piece, "\\ude00" in the next), or lose a half. It neither ends a talk nor reaches memory."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import fakemodel as fake
import pytest
from fakemodel import FakeModel
from hypothesis import given
from hypothesis import strategies as st

from memorybank import MemoryBank
from memorybank.cli.running import run
from memorybank.errors import BadReply
from memorybank.models import load_llm
from memorybank.records import Lang
from memorybank.rendering import clean, says_nothing, whole, whole_pieces
from siliconfriend.cli import app
from siliconfriend.cli.screen import Pipe, harmless
from siliconfriend.cli.talk import Talk
from siliconfriend.friend import Friend

SAID = {"en": "I adopted a cat called Miso.", "zh": "我领养了一只叫米索的猫。"}
BOTH = pytest.mark.parametrize("lang", ["en", "zh"])


def pieces(*texts: str) -> fake.Fault:
    """A stream whose texts stand in JSON as they are, escapes and all."""
    form = '{"choices":[{"index":0,"delta":{"content":"%s"},"finish_reason":null}]}'
    return fake.streamed(*(form % text for text in texts), fake.delta(None, "stop"), "[DONE]")


REPLIES = {
    "split": (pieces("Oh \\ud83d", "\\ude00 nice"), "Oh \U0001f600 nice"),
    "split beside nothing": (pieces("Oh \\ud83d", "", "\\ude00"), "Oh \U0001f600"),
    "no end": (pieces("Oh \\ud83d", " nice"), "Oh \ufffd nice"),
    "no end at the end": (pieces("Oh nice ", "\\ud83d"), "Oh nice \ufffd"),
    "no beginning": (pieces("\\ude00", " nice"), "\ufffd nice"),
    "wrong way round": (pieces("Oh \\ude00", "\\ud83d!"), "Oh \ufffd\ufffd!"),
    "nothing else": (pieces("\\ud83d", " ", "\\ud83d"), None),
    "not to be seen": (pieces("\\u200b", "\\u200d"), None),
}


def talk(server: FakeModel, home: Path, lang: str, encoding: str = "utf-8:strict") -> str:
    """One sitting in a process of its own, whose output takes no half of a character."""
    env = {
        **os.environ, "MEMORYBANK_HOME": str(home), "OPENAI_BASE_URL": server.url,
        "OPENAI_API_KEY": "k", "MEMORYBANK_EMBEDDER": "none", "PYTHONIOENCODING": encoding,
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", "from siliconfriend.cli import main; main()", "chat", "--bank",
         "emily", "--lang", lang, "--llm", "openai:fake"],
        input=SAID[lang].encode(encoding.partition(":")[0]) + b"\n", env=env, capture_output=True,
        timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    return done.stdout.decode(encoding.partition(":")[0])


@BOTH
@pytest.mark.parametrize("name", REPLIES)
def test_a_talk_goes_on_and_memory_holds_whole_characters(
    bank: MemoryBank, bank_zh: MemoryBank, loopback: None, lang: Lang, name: str
):
    mine = bank_zh if lang == "zh" else bank
    reply, expected = REPLIES[name]
    with FakeModel([reply]) as server:
        options = {**server.options, "api_key": "k"}
        exchange = Friend(mine, load_llm("openai:fake", {"openai": options})).say(SAID[lang])
        heard = "".join(exchange)
    heard.encode()  # whoever shows it can
    (turn,) = mine.recent()
    assert (turn.text, turn.reply) == (SAID[lang], expected)
    assert exchange.reply == (expected or "")
    if expected is None:
        assert isinstance(exchange.error, BadReply) and not exchange.whole
    else:
        assert exchange.error is None and exchange.whole and heard == expected


@BOTH
def test_the_command_goes_on_too(tmp_path: Path, loopback: None, lang: str):
    home = tmp_path / "talks"
    with FakeModel([REPLIES["split"][0], REPLIES["no end"][0], REPLIES["nothing else"][0]]) as it:
        assert talk(it, home, lang) == "Oh \U0001f600 nice\n"
        assert talk(it, home, lang) == "Oh \ufffd nice\n"
        told = talk(it, home, lang)
    assert {"en": "What you said is kept", "zh": "你说的话已经记下"}[lang] in told
    with MemoryBank.open(home / "memory.db", bank="emily", create=False, embedder=None) as bank:
        stored = [(turn.text, turn.reply) for turn in bank.recent()]
    assert stored == [(SAID[lang], r) for r in ("Oh \U0001f600 nice", "Oh \ufffd nice", None)]


def test_a_terminal_that_knows_no_emoji_ends_nothing(tmp_path: Path, loopback: None):
    with FakeModel([REPLIES["split"][0]]) as server:
        assert talk(server, tmp_path, "zh", "gbk:strict") == "Oh ? nice\n"


def test_what_is_no_text_in_a_pipe_is_read_all_the_same(monkeypatch: pytest.MonkeyPatch):
    taken = io.TextIOWrapper(io.BytesIO(b"my caf\xe9\n"), "utf-8")
    monkeypatch.setattr(sys, "stdin", taken)
    monkeypatch.setattr(sys, "argv", ["siliconfriend", "--help"])
    with pytest.raises(SystemExit):
        run(app, "siliconfriend")
    assert Pipe().ask("") == "my caf\ufffd"


def test_a_screen_that_fails_costs_no_turn(bank: MemoryBank, loopback: None):
    """A reader who has gone, for one: what was said until then is kept at once, and marked."""

    class Gone(Pipe):
        def piece(self, text: str) -> None:
            raise BrokenPipeError

    with FakeModel(["one two three"]) as server:
        options = {**server.options, "api_key": "k"}
        friend = Friend(bank, load_llm("openai:fake", {"openai": options}))
        exchange = friend.say(SAID["en"])
        with pytest.raises(BrokenPipeError) as gone:
            Talk(friend, bank.desk.clock, Gone(), "en").hear(exchange)
    (turn,) = bank.recent()
    assert gone and turn.reply == "one … [broke off here]"


# -- the rule itself ------------------------------------------------------------------------


@given(st.text(), st.lists(st.integers(0, 40)))
def test_a_text_cut_anywhere_is_the_text(text: str, cuts: list[int]):
    units = text.encode("utf-16-le")
    ends = [0, *sorted(2 * cut for cut in cuts), len(units)]
    cut = [units[a:b].decode("utf-16-le", "surrogatepass") for a, b in pairwise(ends)]
    assert "".join(whole_pieces(cut)) == text


@given(st.lists(st.text(st.sampled_from("a \ud83d\ude00\udfff\ud800\U0001f600"))))
def test_halves_never_pass_and_nothing_waits_longer_than_it_must(parts: list[str]):
    given_so_far, passed = "", ""

    def given_one_by_one():
        nonlocal given_so_far
        for part in parts:
            given_so_far += part
            yield part

    for piece in whole_pieces(given_one_by_one()):
        piece.encode()
        passed += piece
        waiting = len(given_so_far.encode("utf-16-le", "surrogatepass")) - len(
            passed.encode("utf-16-le")
        )
        assert waiting in (0, 2), "no more than one half waits"
    assert passed == whole("".join(parts))


@pytest.mark.parametrize("end", ["\x07", "\r", "\u202e"])
def test_what_is_shown_is_whole_and_steers_nothing(end: str):
    assert harmless("a\ud83d\ude00\ud83d" + end) == "a\U0001f600\ufffd"


def test_what_is_kept_is_whole():
    assert clean(" \ud83d\ude00 \ude00\ud83d ") == "\U0001f600 \ufffd\ufffd"
    assert says_nothing("\ufffd\u200b \ufffd") and says_nothing("") and not says_nothing("\ufffd!")
