"""Insights into the user, and the portrait (paper, section 2.1): who they are, by their own words.

Pure: turns in, dated statements out. Here is the version that needs no language model: the
user's own sentences, sorted by what they speak of. Only what the user said counts; what others
said, what tools brought and what was asked does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from memorybank import cues, lexical
from memorybank.records import Lang, Statement
from memorybank.summarise import SAME, Extract, Said, overlap
from memorybank.topics import LABELS, TOPICS, topic_of

PER_TOPIC = 4
LONGEST = 160
DAILY = 8


@dataclass(frozen=True, slots=True)
class Draft:
    """A statement before it has a date: what it speaks of, in whose words, from which turn."""

    topic: str
    text: str
    source: int


def drafts(turns: Sequence[Said]) -> list[Draft]:
    """Return what the user said of themselves in a day, one statement a sentence at most.

    A day adds no more than `DAILY` statements to a topic, so that one long text floods nothing.
    """
    found: list[Draft] = []
    room = dict.fromkeys(TOPICS, DAILY)
    for turn in turns:
        if not (turn.by_user and turn.trusted):
            continue
        for sentence in cues.sentences(turn.text):
            if cues.is_question(sentence) or not 4 <= len(sentence) <= LONGEST:
                continue
            topic = topic_of(sentence)
            if topic and room[topic]:
                room[topic] -= 1
                found.append(Draft(topic, " ".join(sentence.split()), turn.number))
    return found


def insight_extract(found: Sequence[Draft], lang: Lang) -> Extract | None:
    """Return a day's insight: what moved the user and what they showed of themselves."""
    lines, sources = [], []
    for topic in TOPICS:
        of_topic = [draft for draft in found if draft.topic == topic][:2]
        if of_topic:
            colon = "：" if lang == "zh" else ": "
            lines.append(LABELS[lang][topic] + colon + " ".join(draft.text for draft in of_topic))
            sources += [draft.source for draft in of_topic]
    if not lines:
        return None
    return Extract("\n".join(lines), tuple(dict.fromkeys(sources)))


def select(statements: Sequence[Statement], per_topic: int = PER_TOPIC) -> tuple[Statement, ...]:
    """Return the portrait: the newest of each topic, what repeats an other left out, by topic
    and then by time."""
    chosen: list[Statement] = []
    for topic in TOPICS:
        kept: list[tuple[Statement, frozenset[str]]] = []
        by_time = sorted((s for s in statements if s.topic == topic), key=lambda s: s.when)
        for statement in reversed(by_time):
            if len(kept) == per_topic:
                break
            terms = frozenset(lexical.terms(statement.text))
            if all(overlap(terms, other) < SAME for _, other in kept):
                kept.append((statement, terms))
        chosen += [statement for statement, _ in reversed(kept)]
    return tuple(chosen)
