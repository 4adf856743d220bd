"""A language model as judge of answers, with pinned prompts in both languages.

Law of this file: what is judged is data between marks, with role markers taken out, and a verdict
that cannot be read is asked for once more and then left open, never taken for a nought. The
prompts stand in `memorybank/prompts/judge_*.txt`; a hash of each goes into the output, so that
numbers made with other prompts cannot be mistaken for ours.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from string import ascii_uppercase

from memorybank.compose import neutral
from memorybank.models import LLM, Style, complete
from memorybank.prompts import read
from memorybank.records import Lang

MEASURES = ("correctness", "coherence", "ranking")
STYLE = Style(temperature=0.0, max_tokens=64)
TRIES = 2
_SCORE = re.compile(r"\W*(?:(?:score|分数|得分)\W{0,4})?(0?\.5|[01])(?:\.0)?\W*", re.IGNORECASE)
_ORDER = re.compile(
    r"\W*(?:order|顺序)\s*[:：]\W*([A-Z](?:\s*[,，、>]\s*[A-Z])*)\W*", re.IGNORECASE
)


def prompt_hashes() -> dict[str, str]:
    """Return a short hash of every judge's prompt by its name, such as correctness_en."""
    langs: tuple[Lang, ...] = ("en", "zh")
    return {
        f"{name}_{lang}": hashlib.blake2b(
            read(f"judge_{name}", lang).encode(), digest_size=6
        ).hexdigest()
        for name in MEASURES
        for lang in langs
    }


class Judge:
    """Judges answers with a language model."""

    def __init__(self, llm: LLM) -> None:
        self.llm = llm
        self.name = llm.name
        self.unread = 0
        """How many verdicts could not be read."""

    def correctness(self, question: str, right: str, given: str, lang: Lang) -> float | None:
        """Return 0, .5 or 1 for how much of the right answer was given; None if unread."""
        return self._score("correctness", lang, question, right, given)

    def coherence(self, question: str, given: str, lang: Lang) -> float | None:
        """Return 0, .5 or 1 for how coherent an answer is; None if unread."""
        return self._score("coherence", lang, question, "", given)

    def ranking(
        self, question: str, right: str, answers: Sequence[str], lang: Lang
    ) -> list[int] | None:
        """Return the rank of each answer, 1 the best, in the order given; None if unread."""
        letters = ascii_uppercase[: len(answers)]
        shown = "\n\n".join(
            f"{letter}:\n{_data(text)}" for letter, text in zip(letters, answers, strict=True)
        )
        prompt = _filled("ranking", lang, _data(question), _data(right), shown)
        for _ in range(TRIES):
            order = read_order(self._ask(prompt), letters)
            if order is not None:
                return [order.index(letter) + 1 for letter in letters]
        self.unread += 1
        return None

    def _score(self, name: str, lang: Lang, question: str, right: str, given: str) -> float | None:
        prompt = _filled(name, lang, *map(_data, (question, right, given)))
        for _ in range(TRIES):
            score = read_score(self._ask(prompt))
            if score is not None:
                return score
        self.unread += 1
        return None

    def _ask(self, prompt: str) -> str:
        return complete(self.llm, [{"role": "user", "content": prompt}], STYLE)


def read_score(verdict: str) -> float | None:
    """Read "Score: 0.5", 分数：0.5 or a number alone off the last line; None for all else."""
    match = _SCORE.fullmatch(_last_line(verdict))
    return float(match[1]) if match else None


def read_order(verdict: str, letters: str) -> str | None:
    """Read "Order: B, A, C" off the last line; None unless it names every letter once."""
    match = _ORDER.fullmatch(_last_line(verdict))
    if not match:
        return None
    order = "".join(re.findall(r"[A-Z]", match[1].upper()))
    return order if sorted(order) == sorted(letters) else None


def _last_line(verdict: str) -> str:
    """Return the last line with anything in it: some models think aloud before."""
    return next((line for line in reversed(verdict.splitlines()) if line.strip()), "")


def _filled(name: str, lang: Lang, question: str, right: str, given: str) -> str:
    """Fill a prompt in one pass, so that no text can bring a field of its own."""
    values = {"question": question, "right": right, "given": given}
    return re.sub(r"\{(\w+)\}", lambda m: values.get(m[1], m[0]), read(f"judge_{name}", lang))


def _data(text: str) -> str:
    """Return a text in which nothing can pass for a mark of the prompt."""
    return re.sub(r"</?(?:question|right|given|answers)>", " ", neutral(text), flags=re.IGNORECASE)
