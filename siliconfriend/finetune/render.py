"""A dialogue becomes tokens, with what the companion says marked to be learnt. Pure.

Only the companion's words are learnt, and the mark that ends each of them. In a plain format the
history of a chat holds no such mark, so it is learnt where the reply ends without being put
there: the next token's label is the mark instead of the token.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from memorybank.adapters.transformers.families import Format, Part, TemplateRefused
from siliconfriend.finetune.data import Dialogue

IGNORED = -100
"""The label of a token that is not learnt, as torch has it."""
SHORTEST_REPLY = 16
"""Tokens; of a reply for which less room is left nothing is kept."""


@dataclass(frozen=True, slots=True)
class Coder:
    """A tokenizer as seen from here: text to tokens, the marks around a text."""

    tokens: Callable[[str], list[int]]
    end: int
    opening: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """Tokens of a whole dialogue, and of one reply (0: no limit of its own)."""

    whole: int
    reply: int = 0


@dataclass(frozen=True, slots=True)
class Sample:
    """Tokens and labels, of one length; a label is IGNORED or what is to be learnt there."""

    ids: list[int]
    labels: list[int]


@dataclass(slots=True)
class Rendered:
    """All samples, and what had to be cut."""

    samples: list[Sample] = field(default_factory=list)
    cut_at_turn: int = 0
    cut_in_reply: int = 0
    left_out: int = 0
    tokens: int = 0
    learnt: int = 0

    def lengths(self) -> tuple[int, int, int]:
        """Return the tokens of the middle dialogue, of the ninth of ten, and of the longest."""
        sizes = sorted(len(sample.ids) for sample in self.samples) or [0]
        return sizes[len(sizes) // 2], sizes[len(sizes) * 9 // 10], sizes[-1]

    def lines(self, zh: bool) -> list[str]:
        """Tell it in words."""
        n = len(self.samples)
        middle, ninth, longest = self.lengths()
        share = self.learnt / max(self.tokens, 1)
        if zh:
            return [
                f"{n:,} 段对话，{self.tokens:,} 个词元（每段中位 {middle:,}，九成不超过 {ninth:,}，"
                f"最长 {longest:,}），其中学习 {self.learnt:,} 个（{share:.0%}）",
                f"  过长：{self.cut_at_turn:,} 段在某一轮处截断，"
                f"{self.cut_in_reply:,} 条回复被截短，{self.left_out:,} 段放不下而略去",
            ]
        return [
            f"{n:,} dialogues, {self.tokens:,} tokens (a dialogue: half up to {middle:,}, nine "
            f"of ten up to {ninth:,}, longest {longest:,}), of which {self.learnt:,} "
            f"are learnt ({share:.0%})",
            f"  too long: {self.cut_at_turn:,} cut at a turn, {self.cut_in_reply:,} replies "
            f"shortened, {self.left_out:,} left out since nothing fitted",
        ]


def render(dialogues: Sequence[Dialogue], form: Format, coder: Coder, limits: Limits) -> Rendered:
    """Return the samples of dialogues within limits; raises TemplateRefused."""
    done = Rendered()
    for dialogue in dialogues:
        sample = _sample(dialogue, form, coder, limits, done)
        if sample is None:
            done.left_out += 1
            continue
        done.samples.append(sample)
        done.tokens += len(sample.ids)
        done.learnt += sum(label != IGNORED for label in sample.labels)
    return done


def _sample(
    dialogue: Dialogue, form: Format, coder: Coder, limits: Limits, done: Rendered
) -> Sample | None:
    """Return the sample of as many whole turns as fit, from the first on."""
    messages = [{"role": role, "content": text} for role, text in dialogue]
    parts = form.parts(messages)
    if not any(part.learn for part in parts):
        raise TemplateRefused
    writer = _Writer(coder, limits)
    for part in parts:
        if not writer.add(part):
            break
    else:
        done.cut_in_reply += writer.cut
        return writer.sample()
    if writer.replies:
        done.cut_at_turn += 1
        done.cut_in_reply += writer.cut
        return writer.sample()
    shorter = dialogue[:-2]
    if sum(part.learn for part in parts) == 1 and any(role == "assistant" for role, _ in shorter):
        # A template that can teach the last reply only: an earlier one then. Counted once.
        before = done.cut_at_turn
        sample = _sample(shorter, form, coder, limits, done)
        done.cut_at_turn = before + (sample is not None)
        return sample
    if sample := _first_turn(parts, coder, limits.whole):
        done.cut_in_reply += 1
    return sample


def _first_turn(parts: Sequence[Part], coder: Coder, room: int) -> Sample | None:
    """Return the first turn alone, its reply cut where the room ends; None if little would fit."""
    first = next(i for i, part in enumerate(parts) if part.learn)
    before = [*coder.opening]
    for part in parts[:first]:
        before += coder.tokens(part.text)
    reply = coder.tokens(parts[first].text)[: max(room - len(before), 0)]
    if len(reply) < SHORTEST_REPLY:
        return None
    return Sample(before + reply, [IGNORED] * len(before) + reply)


class _Writer:
    """Tokens of a dialogue as it grows, and where its last whole turn ended."""

    def __init__(self, coder: Coder, limits: Limits) -> None:
        self.coder, self.limits = coder, limits
        self.ids, self.labels = list(coder.opening), [IGNORED] * len(coder.opening)
        self.owed = False
        """An end mark is to be learnt at the next token."""
        self.replies = self.cut = 0
        self.kept = (0, False)
        """Length up to the last whole reply, and whether its end mark is still owed."""

    def add(self, part: Part) -> bool:
        """Append a part; says whether it fitted."""
        tokens = self.coder.tokens(part.text)
        ends = part.learn and part.ends
        if part.learn and self.limits.reply and len(tokens) > self.limits.reply:
            tokens, ends = tokens[: self.limits.reply], False
            self.cut += 1
        if len(self.ids) + len(tokens) + ends > self.limits.whole:
            return False
        self._append(tokens, part.learn)
        if part.learn:
            self.owed = ends
            self.replies += 1
            self.kept = (len(self.ids), ends)
        return True

    def _append(self, tokens: list[int], learn: bool) -> None:
        labels = list(tokens) if learn else [IGNORED] * len(tokens)
        if self.owed and tokens and not learn:
            labels[0], self.owed = self.coder.end, False
        self.ids += tokens
        self.labels += labels

    def sample(self) -> Sample:
        """Return everything up to the last whole reply, with its end mark."""
        length, owed = self.kept
        ids, labels = self.ids[:length], self.labels[:length]
        if owed:
            ids, labels = [*ids, self.coder.end], [*labels, self.coder.end]
        return Sample(ids, labels)
