"""A real model: in this process through `gguf:`, and behind a real server through `openai:`."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from memorybank.adapters.gguf import GGUF
from memorybank.errors import ModelDenied, ModelError, PromptTooLong, ReplyCut, UnknownModel
from memorybank.models import LLM, Style, complete, load_llm, replying

pytestmark = pytest.mark.usefixtures("loopback")
ASKED = [{"role": "user", "content": "What is the capital of France? One short sentence."}]
COUNTING = [{"role": "user", "content": "Count from one to a hundred, in words."}]
LONG = [{"role": "user", "content": "heron " * 800}]
CALM = Style(temperature=0.0, max_tokens=40)
LAYERS, WIDTH, VALUES = 30, 576, 192
"""Of SmolLM2-135M: blocks, and the ends of a block's value projection."""


def opened(file: Path, **options: object) -> GGUF:
    llm = load_llm(f"gguf:{file}", {"gguf": {"context": 512, "threads": 1, **options}})
    assert isinstance(llm, GGUF)
    return llm


@pytest.fixture(scope="module")
def in_process(smollm2: Path) -> Iterator[LLM]:
    llm = opened(smollm2, seed=1)
    yield llm
    llm.close()


@pytest.fixture(scope="module")
def behind_a_server(llama_server: str) -> LLM:
    section = {"base_url": llama_server, "api_key": "wrong, secret-key", "window": 512}
    llm = load_llm("openai:smollm2", {"openai": section})
    assert llm is not None
    return llm


@pytest.fixture(params=["in_process", "behind_a_server"])
def llm(request: pytest.FixtureRequest) -> LLM:
    found: LLM = request.getfixturevalue(request.param)
    return found


def test_it_replies_piece_by_piece_and_alike(llm: LLM):
    assert llm.window == 512
    pieces = list(replying(llm, ASKED, CALM))
    assert len(pieces) > 3 and "Paris" in "".join(pieces)
    assert complete(llm, ASKED, CALM) == "".join(pieces).strip()


def test_it_stops_where_it_should(llm: LLM):
    whole = complete(llm, ASKED, CALM)
    stopped = complete(llm, ASKED, Style(temperature=0.0, max_tokens=40, stop=("Paris",)))
    assert stopped == whole.split("Paris")[0].strip() != whole


def test_the_end_of_its_tokens_is_not_the_end_of_a_reply(llm: LLM):
    said: list[str] = []
    with pytest.raises(ReplyCut):
        said.extend(replying(llm, COUNTING, Style(temperature=0.0, max_tokens=5)))
    assert 3 <= len(said) <= 5


def test_a_prompt_too_long_is_said_to_be(llm: LLM):
    with pytest.raises(PromptTooLong):
        complete(llm, LONG, CALM)
    assert "Paris" in complete(llm, ASKED, CALM), "and it goes on"


def test_a_listener_who_leaves_stops_it(llm: LLM):
    reply = replying(llm, COUNTING, Style(temperature=0.0))
    assert len(list(itertools.islice(reply, 3))) == 3
    reply.close()  # type: ignore[attr-defined]
    assert "Paris" in complete(llm, ASKED, CALM)


def test_several_threads_may_ask(in_process: LLM):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(3) as pool:
        replies = list(pool.map(lambda _: complete(in_process, ASKED, CALM), range(3)))
    assert len(set(replies)) == 1


def test_tokens_are_counted_by_its_own_tokenizer(in_process: LLM):
    assert in_process.count("Hello there, my friend.") == 6
    assert in_process.count("") == 0
    assert in_process.count("heron " * 100) > 100
    assert in_process.count("曼婷养了一只猫。") > 8, "it never learnt Chinese"


def test_its_door_is_locked(in_process: GGUF):
    in_process.count("x")
    address = in_process._engine.server.listening_address
    for path in ("/tokenize", "/v1/chat/completions"):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"{address}{path}", b"{}", timeout=10)
        caught.value.close()
        assert caught.value.code == 401


# -- adapters ---------------------------------------------------------------------------------


def adapter(path: Path, size: float, width: int = WIDTH) -> Path:
    """Write a LoRA adapter of rank 4 for the value projections, as converters do."""
    import gguf

    rng = np.random.default_rng(0)
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", 4.0)
    for block in range(LAYERS):
        name = f"blk.{block}.attn_v.weight"
        writer.add_tensor(f"{name}.lora_a", rng.standard_normal((4, width)).astype(np.float32))
        b = size * rng.standard_normal((VALUES, 4)).astype(np.float32)
        writer.add_tensor(f"{name}.lora_b", b)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_an_adapter_changes_what_it_says(smollm2: Path, tmp_path: Path, in_process: LLM):
    plain = complete(in_process, ASKED, CALM)
    nothing = adapter(tmp_path / "nothing.gguf", 0.0)
    much = adapter(tmp_path / "much.gguf", 0.05)
    for lora, same in (
        ([str(nothing)], True),
        ([{"path": str(much), "scale": 0.0}], True),
        ([str(much)], False),
    ):
        llm = opened(smollm2, lora=lora)
        try:
            said = "".join(itertools.islice(llm.stream(ASKED, CALM), 8))
        finally:
            llm.close()
        assert plain.startswith(said.strip()) == same, lora


@pytest.mark.parametrize("broken", ["cut off", "an adapter of another model", "no adapter"])
def test_what_cannot_be_opened_says_so_and_nothing_else(
    broken: str, smollm2: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    short = tmp_path / "short.gguf"
    short.write_bytes(smollm2.read_bytes()[:1_000_000])
    llm = {
        "cut off": lambda: opened(short),
        "an adapter of another model": lambda: opened(
            smollm2, lora=str(adapter(tmp_path / "other.gguf", 0.1, WIDTH * 2))
        ),
        "no adapter": lambda: opened(smollm2, lora=str(smollm2)),
    }[broken]()
    with pytest.raises(ModelError, match="cannot be opened"):
        complete(llm, ASKED, CALM)
    assert capfd.readouterr() == ("", "")


# -- the end of the process ---------------------------------------------------------------------

TALKING = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
from memorybank.models import Style, load_llm
llm = load_llm("gguf:" + sys.argv[1], {"gguf": {"context": 512, "threads": 1}})
for piece in llm.stream([{"role": "user", "content": "Tell a long story."}], Style()):
    print("piece", flush=True)
    if sys.argv[2] == "leaves":
        break
"""


def test_a_process_ends_in_the_midst_of_a_reply_without_a_noise(smollm2: Path):
    done = subprocess.run(
        [sys.executable, "-c", TALKING, str(smollm2), "leaves"],
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "piece\n", "")


@pytest.mark.skipif(os.name == "nt", reason="signals are others there")
def test_control_c_is_heard_while_it_talks(smollm2: Path):
    with subprocess.Popen(
        [sys.executable, "-c", TALKING, str(smollm2), "stays"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None and process.stdout.readline() == "piece\n"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT or process.returncode == 1
    assert errors.strip().endswith("KeyboardInterrupt")


# -- what a real server says of what is wrong --------------------------------------------------


def test_a_wrong_key_and_a_wrong_address(llama_server: str):
    for section, expected in (
        ({"base_url": llama_server, "api_key": "wrong"}, ModelDenied),
        ({"base_url": llama_server + "/v2", "api_key": "secret-key"}, UnknownModel),
    ):
        llm = load_llm("openai:smollm2", {"openai": section})
        assert llm is not None
        with pytest.raises(expected):
            complete(llm, ASKED, CALM)
