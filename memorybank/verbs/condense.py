"""A piece of time condensed by a language model; what it does badly never takes a good one's place.

Two calls for a day (its event summary, its insight), one for a week, a month, everything, none
where there is but one part; a day longer than the model's window takes a call for each part and
one to join them. Nothing here touches the store.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, replace

from memorybank import portray, prompts
from memorybank.errors import BadReply, ModelError, PromptTooLong, ReplyCut
from memorybank.judge import judged
from memorybank.models import LLM, Style, complete
from memorybank.records import Lang
from memorybank.summarise import Condensed, Counter, merged, messages, parts, told
from memorybank.verbs.plan import Plan

LONGEST = 1600
"""Characters of one summary or insight; the prompts ask for far less."""
REPLY_TOKENS = 700
UNKNOWN_WINDOW = 4096
LARGEST_BLOCK = 12_000
"""Tokens of material in one call; more makes models forget the middle."""
CALM = 0.2
"""The temperature: a digest should say what was said."""
_PURPOSES = ("day", "merge", "insight")


@dataclass(frozen=True, slots=True)
class Attempt:
    """A plan as far as the model came with it, and what went wrong."""

    plan: Plan
    error: ModelError | None = None


def edition(lang: Lang) -> bytes:
    """Return what names the way a model condenses in a language: a hash of its prompts."""
    texts = "\0".join(prompts.read(purpose, lang) for purpose in _PURPOSES)
    return hashlib.blake2b(texts.encode(), digest_size=16).digest()


def is_outage(error: ModelError) -> bool:
    """Say whether an error lies with the model's door, so that the next piece would fail too."""
    return not isinstance(error, (BadReply, ReplyCut, PromptTooLong))


def condensed(llm: LLM, level: str, plan: Plan, good: Container[str]) -> Attempt:
    """Return the plan with the model's texts.

    `good` says which of "summary" and "insight" a model has written before: where it fails now,
    that stays, and elsewhere the extract fills in until the model has written.
    """
    if not plan.summary:
        return Attempt(plan)
    asking = _Asking(llm, plan.lang)
    attempts: dict[str, Callable[[Plan], Plan]] = {"summary": asking.merge}
    if level == "day":
        attempts = {"summary": asking.day, "insight": asking.insight}
    failed: ModelError | None = None
    for what, attempt in attempts.items():
        try:
            if failed is None or not is_outage(failed):
                plan = attempt(plan)
                continue
        except ModelError as error:
            failed = failed or error
        if what in good:
            plan = replace(plan, keeps=plan.keeps | {what})
    return Attempt(plan, failed)


class _Asking:
    """One model asked in one language."""

    def __init__(self, llm: LLM, lang: Lang) -> None:
        self.llm, self.lang = llm, lang
        self.method = f"model:{llm.name}"

    def day(self, plan: Plan) -> Plan:
        """Return the plan with the day's event summary."""
        text = self._condense("day", told(plan.said, self.lang))
        sources = tuple(turn.number for turn in plan.said)
        return replace(plan, summary=Condensed(text, sources), method=self.method)

    def merge(self, plan: Plan) -> Plan:
        """Return the plan with the summary of a longer time; a single part stands for itself."""
        if len(plan.parts) == 1:
            return replace(plan, method=plan.part_methods[0])
        text = self._condense("merge", merged(plan.parts))
        sources = tuple(part.number for part in plan.parts)
        return replace(plan, summary=Condensed(text, sources), method=self.method)

    def insight(self, plan: Plan) -> Plan:
        """Return the plan with what the day shows of the user."""
        turns = portray.own_words(plan.said)
        if not turns:
            return plan
        prompt = prompts.read("insight", self.lang)
        entries = portray.numbered(turns)
        blocks = self._blocks(prompt, entries)
        replies = [self._ask(prompt, block, grounded=False) for block in blocks]
        read = portray.read_insight("\n".join(replies), turns, self.lang)
        if read.insight is None:
            raise BadReply(
                "the model's insight says nothing that the user's words bear out",
                "模型的洞察没有一条能在用户的话里找到依据",
            )
        return replace(plan, insight=read.insight, drafts=read.drafts, insight_method=self.method)

    def _condense(self, purpose: str, entries: Sequence[str], *, pairs: bool = False) -> str:
        """Return one summary of all entries, by as few calls as the window allows."""
        prompt = prompts.read(purpose, self.lang)
        blocks = self._blocks(prompt, entries, pairs=pairs)
        replies = [self._ask(prompt, block) for block in blocks]
        return replies[0] if len(replies) == 1 else self._condense("merge", replies, pairs=True)

    def _blocks(self, prompt: str, entries: Sequence[str], *, pairs: bool = False) -> list[str]:
        """Return the material of each call; `pairs` puts two entries into each at least."""
        counter: Counter = self.llm.count
        room = (self.llm.window or UNKNOWN_WINDOW) - REPLY_TOKENS - counter(prompt) - 64
        if room < 100:
            raise PromptTooLong(
                f"{self.llm.name} can read {self.llm.window} tokens, too few for a digest: "
                "give it a larger window",
                f"{self.llm.name} 只能读 {self.llm.window} 个词元，不够做整理：请给它更大的窗口",
            )
        budget = min(room, LARGEST_BLOCK)
        return parts(entries, budget, counter, longest=budget // 2 if pairs else budget)

    def _ask(self, prompt: str, block: str, *, grounded: bool = True) -> str:
        asked = messages(prompt, block)
        style = Style(temperature=CALM, max_tokens=REPLY_TOKENS)
        reply = complete(self.llm, asked, style)
        return judged(
            reply, lang=self.lang, material=block, instruction=prompt, most=LONGEST,
            grounded=grounded,
        )  # fmt: skip
