"""Insights into the user, and the portrait (paper, section 2.1): who they are, by their own words.

Pure: turns in, dated statements out. Without a language model these are the user's own sentences,
sorted by what they speak of; with one, what it read in them: a mood, statements that stand on
turns, and how best to reply to this person. Only what the user said counts; what others said and
what tools brought does not. A model's statement that no turn bears out is dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from memorybank import cues, lexical
from memorybank.compose import neutral
from memorybank.extract import SAME, overlap
from memorybank.plans import passed
from memorybank.records import Departed, Departure, Lang, PortraitDay, Statement
from memorybank.summarise import Condensed, Said
from memorybank.topics import LABELS, PLANS, STRATEGY, TOPICS, topic_of

PER_TOPIC = 4
LONGEST = 160
DAILY = 8
CITED, FOUND = 0.1, 0.3
"""Share of terms that a statement has from the turn it names; and where it names none."""
_LINE = re.compile(r"^\s*(?:[-*•·]|\d{1,2}[.)、])?\s*(?P<text>.*?)\s*$")
_CITES = re.compile(r"\s*[\[(（【]\s*(?:turns?|第)?\s*(\d+(?:\s*[,，、]\s*\d+)*)\s*轮?\s*[\])）】]")
_MOOD = re.compile(r"^(?:mood|feelings?|emotions?|心情|情绪|感受)\s*[:：]\s*(?=\S)", re.IGNORECASE)
_STRATEGY = re.compile(
    r"^(?:repl(?:y|ies|ying)(?: strategy)?|strategy|how to (?:reply|speak)|回应(?:方式|策略)?|"
    r"回复(?:方式|策略)?|如何回应|策略)\s*[:：]\s*(?=\S)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A statement before it has a date: what it speaks of, in words, from which turns."""

    topic: str
    text: str
    sources: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a model read in a day: the insight as a text, and the statements that it holds."""

    insight: Condensed | None
    drafts: tuple[Draft, ...]


def drafts(turns: Sequence[Said]) -> list[Draft]:
    """Return what the user said of themselves in a day, one statement a sentence at most.

    A day adds no more than `DAILY` statements to a topic, so that one long text floods nothing.
    """
    found: list[Draft] = []
    room = dict.fromkeys(TOPICS, DAILY)
    for turn in own_words(turns):
        for sentence in cues.sentences(turn.text):
            if cues.is_question(sentence) or not 4 <= len(sentence) <= LONGEST:
                continue
            topic = topic_of(sentence)
            if topic and room[topic]:
                room[topic] -= 1
                found.append(Draft(topic, " ".join(sentence.split()), (turn.number,)))
    return found


def insight_extract(found: Sequence[Draft], lang: Lang) -> Condensed | None:
    """Return a day's insight: what moved the user and what they showed of themselves."""
    lines, sources = [], []
    for topic in TOPICS:
        of_topic = [draft for draft in found if draft.topic == topic][:2]
        if of_topic:
            lines.append(
                LABELS[lang][topic] + _colon(lang) + " ".join(draft.text for draft in of_topic)
            )
            sources += [source for draft in of_topic for source in draft.sources]
    if not lines:
        return None
    return Condensed("\n".join(lines), tuple(dict.fromkeys(sources)))


def own_words(turns: Iterable[Said]) -> list[Said]:
    """Return the turns that may feed a portrait: what the user said themselves."""
    return [turn for turn in turns if turn.by_user and turn.trusted and turn.text]


def numbered(turns: Sequence[Said]) -> list[str]:
    """Return the user's own words as a model reads them: each with a number to name it by."""
    return [f"[{i}] {neutral(turn.text)}" for i, turn in enumerate(turns, 1)]


def read_insight(reply: str, turns: Sequence[Said], lang: Lang) -> Reading:
    """Return what a judged reply says of the user, each statement with the turns it stands on.

    `turns` are those that `numbered` showed to the model, in their order.
    """
    everything = tuple(turn.number for turn in turns)
    lines: list[str] = []
    drafts: list[Draft] = []
    for raw in reply.splitlines():
        line = _LINE.sub(r"\g<text>", raw)
        if _MOOD.match(line):
            lines.append(f"{LABELS[lang]['mood']}{_colon(lang)}{_MOOD.sub('', line)}")
        elif _STRATEGY.match(line):
            drafts.append(Draft(STRATEGY, _STRATEGY.sub("", line)[: LONGEST * 2], everything))
        elif draft := _borne_out(line, turns):
            drafts.append(draft)
            lines.append(draft.text)
    insight = Condensed("\n".join(lines), everything) if lines else None
    return Reading(insight, tuple(drafts[: len(TOPICS) * DAILY]))


def _borne_out(line: str, turns: Sequence[Said]) -> Draft | None:
    """Return a line as a statement of the turns that bear it out, None if none does."""
    cited = {int(n) for group in _CITES.findall(line) for n in re.findall(r"\d+", group)}
    text = _CITES.sub("", line).strip()
    topic, text = _labelled(text)
    if not 4 <= len(text) <= LONGEST * 2:
        return None
    terms = frozenset(lexical.terms(text))
    share = {
        i: overlap(terms, frozenset(lexical.terms(turn.text))) for i, turn in enumerate(turns, 1)
    }
    named = [i for i in sorted(cited) if share.get(i, 0.0) >= CITED]
    best = max(share, key=lambda i: share[i], default=0)
    if not named and share.get(best, 0.0) >= FOUND:
        named = [best]
    if not named:
        return None
    sources = [turns[i - 1] for i in named]
    found = topic or topic_of(text) or next(filter(None, (topic_of(t.text) for t in sources)), None)
    return Draft(found or TOPICS[0], text, tuple(turn.number for turn in sources))


def _labelled(text: str) -> tuple[str | None, str]:
    """Return the topic that stands in front of a line, if one does, and the rest of it."""
    head, colon, rest = text.replace("：", ":", 1).partition(":")
    for names in LABELS.values():
        for topic, label in names.items():
            if colon and topic in TOPICS and head.strip().lower() in (label.lower(), topic):
                return topic, rest.strip()
    return None, text


def _colon(lang: Lang) -> str:
    return "：" if lang == "zh" else ": "


def select(
    statements: Sequence[Statement], per_topic: int = PER_TOPIC, now: datetime | None = None
) -> tuple[Statement, ...]:
    """Return the portrait: the newest of each topic, what repeats an other left out, by topic
    and then by time; how to reply to the user only as it was seen last, and of the plans, if the
    time is given, those that are still to come."""
    chosen: list[Statement] = []
    for topic in (*TOPICS, STRATEGY):
        by_time = sorted((s for s in statements if s.topic == topic), key=lambda s: s.when)
        if now and topic == PLANS:
            by_time = [s for s in by_time if not passed(s.text, s.when, now)]
        chosen += [
            known.statement for known in _newest(map(_Known.of, reversed(by_time)), per_topic)
        ]
    return tuple(chosen)


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """A statement with its terms, which are asked for again and again."""

    statement: Statement
    terms: frozenset[str]

    @classmethod
    def of(cls, statement: Statement) -> _Known:
        return cls(statement, frozenset(lexical.terms(statement.text)))

    def repeats(self, other: _Known) -> bool:
        return overlap(self.terms, other.terms) >= SAME


def _newest(newest_first: Iterable[_Known], per_topic: int) -> list[_Known]:
    """Return which statements of one topic the portrait shows, oldest first."""
    kept: list[_Known] = []
    for known in newest_first:
        if all(not known.repeats(other) for other in kept):
            kept.append(known)
        if len(kept) == (1 if known.statement.topic == STRATEGY else per_topic):
            break
    return kept[::-1]


def history(
    statements: Iterable[Statement],
    withdrawn: Iterable[tuple[Statement, date]] = (),
    per_topic: int = PER_TOPIC,
) -> list[PortraitDay]:
    """Return how the portrait came to be, the days that changed it in their order.

    `withdrawn` are statements of turns that were corrected, each with the day of that.
    """
    coming: dict[date, list[_Known]] = {}
    going: dict[date, list[_Known]] = {}
    for statement in statements:
        coming.setdefault(statement.when, []).append(_Known.of(statement))
    for statement, day in withdrawn:
        known = _Known.of(statement)
        coming.setdefault(statement.when, []).append(known)
        going.setdefault(max(day, statement.when), []).append(known)
    topics = {topic: _Topic(per_topic) for topic in (*TOPICS, STRATEGY)}
    days = []
    for day in sorted({*coming, *going}):
        new: list[Statement] = []
        back: list[Statement] = []
        left: list[Departed] = []
        for name, topic in topics.items():
            entered, departed = topic.turn(
                [k for k in coming.get(day, ()) if k.statement.topic == name],
                [k for k in going.get(day, ()) if k.statement.topic == name],
            )
            new += [statement for statement in entered if statement.when == day]
            back += [statement for statement in entered if statement.when < day]
            left += departed
        if new or back or left:
            days.append(PortraitDay(day=day, new=tuple(new), back=tuple(back), left=tuple(left)))
    return days


class _Topic:
    """One topic of the portrait as the days go by."""

    def __init__(self, per_topic: int) -> None:
        self._per_topic = per_topic
        self._all: list[_Known] = []
        self._shown: list[_Known] = []

    def turn(
        self, coming: Sequence[_Known], going: Sequence[_Known]
    ) -> tuple[list[Statement], list[Departed]]:
        """Live through a day; returns what entered the portrait and what left it.

        What comes and goes on one day was corrected at once: it is shown as having left.
        """
        if not coming and not going:
            return [], []
        gone = set(map(id, going))
        self._all += coming
        before = [*self._shown, *(known for known in coming if id(known) in gone)]
        self._all = [known for known in self._all if id(known) not in gone]
        self._shown = _newest(reversed(self._all), self._per_topic)
        stays = set(map(id, before))
        entered = [known.statement for known in self._shown if id(known) not in stays]
        shown = set(map(id, self._shown))
        left = [self._departed(k, corrected=id(k) in gone) for k in before if id(k) not in shown]
        return entered, left

    def _departed(self, known: _Known, *, corrected: bool) -> Departed:
        heirs = [other.statement for other in self._shown if known.repeats(other)]
        if not heirs and known.statement.topic == STRATEGY:
            heirs = [other.statement for other in self._shown]
        why: Departure = "corrected" if corrected else "renewed" if heirs else "crowded"
        by = heirs[-1] if heirs and not corrected else None
        return Departed(statement=known.statement, why=why, by=by)
