"""The safety rule: words of self-harm or abuse are noticed, and answered with where to find help.

    found = concern("I don't want to live anymore", bank.desk.embedder)
    if found:
        text = note(found, "en", lines)        # calm, short, with help lines from a dated file

A lexicon and a few rules (`signs_en.py`, `signs_zh.py`), on text written one way (`folding.py`).
Both languages are always read, since people mix them. First what only looks like a sign is taken
out: idioms, games, film titles. What is left must be about somebody: taken back by a "not"
before it, told of a book or the news, or long over and well now, it is no concern. Beside the
lexicon, where the default embedder is at hand, a small classifier weighs the message as a whole
(`weigher.py`). It sees words, not people, and is no substitute for care: `docs/safety.md` says how
often it errs.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, chain
from types import ModuleType
from typing import Literal

from memorybank.models import Embedder
from memorybank.records import Lang
from siliconfriend import signs_en, signs_zh
from siliconfriend.folding import folded
from siliconfriend.helplines import HelpLines
from siliconfriend.lexicon import Entry, Lexicon
from siliconfriend.weigher import Weighed, read_weights, weigh

Sign = Literal["self_harm", "abuse"]
About = Literal["self", "other", "intent"]


@dataclass(frozen=True, slots=True)
class Concern:
    """What was noticed: `kind`, and who is in danger.

    `about` is "self" for the speaker, "other" for somebody they speak of, "intent" where the
    speaker means to hurt somebody. `by` names the kin that does it ("partner", "parent"), if
    the words say so; see `tact.withhold`.
    """

    kind: Sign
    about: About
    by: str = ""


LONGEST, OVERLAP = 240, 60
"""Characters that are read at once; a longer sentence is read in pieces that overlap."""
_SENTENCE = re.compile(r"(?:[^。！？!?\n;；….]|\.(?!\s|$))+")
_BY = {
    "partner": r"husband|wife|boyfriend|girlfriend|\bbf\b|\bgf\b|partner|\bex\b|fianc|丈夫|老公|"
    r"先生|老婆|妻子|男友|女友|男朋友|女朋友|前任|前夫|对象",
    "parent": r"\bdad|father|\bmum\b|\bmom\b|mother|step|parents|爸|妈|父|母|爹|娘",
    "kin": r"uncle|aunt|brother|sister|cousin|grand|叔|舅|伯|哥|弟|姐|妹|爷爷|奶奶|公公|婆婆|亲戚",
}
_THEIRS = re.compile(r"\b(?:her|him|them|his|their|the)\b|孩子|老婆|妻子|她|闺蜜|姐姐|朋友")
_PLAIN = re.compile(
    r"\bkms\b|\bsu[iy][cs]\w*d|\bkill\w* (?:my|him|her)self|\bto die\b|\bend my life|"
    r"goodbye letter|\brap(?:ed|es)\b|\bunaliv|自杀|轻生|不想活|想死|自残|割腕|遗书|家暴|强奸|性侵"
)
"""Words so plain that no classifier takes them back."""
_SOMEBODY_CLOSE = re.compile(
    r"我的?(?:亲|大|小|二|好)*(?:姐姐?|妹妹?|哥哥?|弟弟?|妈妈?|母亲|姑姑|姨妈?|奶奶|外婆|女儿|"
    r"儿子|朋友|闺蜜|同学|同事|室友|邻居|侄女|孙女|学生|表[姐妹哥弟])(?:一直|经常|总是?|老是?|天天|又|"
    r"昨[天晚]|今天|被|遭)*(?:被|遭|让|受)"
)
"""Said of somebody close, though "我" stands before it."""
KIN = {name: re.compile(words) for name, words in _BY.items()}
"""Who people live with, in both languages."""


class _Signs:
    """The lists of one language."""

    def __init__(self, lists: ModuleType) -> None:
        self.harmless, self.topic = Lexicon(lists.HARMLESS), Lexicon(lists.TOPIC)
        self.own, self.harm = Lexicon(lists.OWN_NEGATION), Lexicon(lists.SELF_HARM)
        self.abuse, self.intent = Lexicon(lists.ABUSE), Lexicon(lists.INTENT)
        self.no, self.told = re.compile(lists.NOT_BEFORE), re.compile(lists.TOLD)
        self.play, self.ago = re.compile(lists.PLAY), re.compile(lists.LONG_AGO)
        self.well, self.first = re.compile(lists.WELL_NOW), re.compile(lists.FIRST)
        self.other = re.compile(lists.OTHER)
        self.means, self.resolve = (Lexicon([one]) for one in lists.RESOLVE)


@dataclass(frozen=True, slots=True)
class _Possible:
    """The patterns of one language that a text could match at all."""

    signs: _Signs
    harmless: list[Entry]
    harm: list[tuple[Entry, str]]
    abuse: list[Entry]
    intent: list[Entry]

    @classmethod
    def of(cls, signs: _Signs, plain: str) -> _Possible:
        """Choose by the words that a text has."""
        letters = set(plain)
        harm = [
            (entry, name)
            for name in ("own", "harm", "topic")
            for entry in getattr(signs, name).possible(plain, letters)
        ]
        abuse = signs.abuse.possible(plain, letters)
        intent = signs.intent.possible(plain, letters)
        harmless = signs.harmless.possible(plain) if harm or abuse or intent else []
        return cls(signs, harmless, harm, abuse, intent)

    def hit(self, lines: list[str]) -> list[str]:
        """Return the lines that hold a sign, before anything is taken out or weighed.

        All lines are searched at once, which is quicker than one by one.
        """
        whole, found = "\n".join(lines), set()
        starts = list(accumulate((len(line) + 1 for line in lines), initial=0))
        for entry in chain((entry for entry, _ in self.harm), self.abuse, self.intent):
            found |= {bisect(starts, m.start()) - 1 for m in entry.pattern.finditer(whole)}
        return [lines[number] for number in sorted(found)]


_EN, _ZH = _Signs(signs_en), _Signs(signs_zh)
_ORDER = (
    ("self_harm", "self"), ("abuse", "self"), ("abuse", "intent"),
    ("self_harm", "other"), ("abuse", "other"),
)  # fmt: skip
"""If a text gives several, the first of these is answered."""
_SIGNS = ("own", "harm", "topic", "abuse", "intent", "resolve")
_ASIDES = ("idiom", "told", "play", "ago", "well")


def concern(text: str, embedder: Embedder | None = None) -> Concern | None:
    """Return what a message gives cause to worry about, or None.

    Args:
        text: the message.
        embedder: a bank's, if it has one. With the one that the classifier was fitted with,
            danger is heard that no sign tells, and a sign in what is clearly harmless is let be;
            with any other, or None, the signs decide alone.
    """
    found = _by_signs(text)
    weighed = weigh(text, sentences(text), embedder, traces)
    if weighed is None or certain(text):
        return found
    if weighed.danger <= read_weights().heard:
        return None
    return found or _by_weight(weighed, folded(text))


def certain(text: str) -> bool:
    """Say whether the signs find something in words so plain that nothing takes it back."""
    return bool(_PLAIN.search(folded(text))) and _by_signs(text) is not None


def _by_weight(weighed: Weighed, plain: str) -> Concern:
    """Return what the classifier means: the kind, whose danger, and who does it."""
    if weighed.abuse <= 0:
        return Concern("self_harm", "other" if weighed.other > 0 else "self")
    if weighed.intent > 0:
        return Concern("abuse", "intent")
    if weighed.other > 0:
        return Concern("abuse", "other")
    named = [name for name, words in KIN.items() if words.search(plain)]
    return Concern("abuse", "self", named[0] if len(named) == 1 else "")


def _by_signs(text: str) -> Concern | None:
    """Return what the lexicon finds."""
    found: set[Concern] = set()
    for one in _concerns(folded(text)):
        if (one.kind, one.about) == _ORDER[0]:
            return one
        found.add(one)
    return min(found, key=lambda c: (_ORDER.index((c.kind, c.about)), not c.by), default=None)


def _concerns(plain: str) -> Iterator[Concern]:
    lines = list(sentences(plain))
    for signs in (_EN, _ZH):
        here = _Possible.of(signs, plain)
        for line in here.hit(lines):
            left = line
            for entry in here.harmless:
                left = entry.pattern.sub("□", left)
            yield from (
                c for c in _weighed(left, here) if not (c.about == "self" and _well_now(plain))
            )
        decided = signs.resolve.found_in(plain) and signs.means.found_in(plain)
        if decided and signs.first.search(plain) and not signs.told.search(plain):
            yield Concern("self_harm", "self")


def traces(plain: str) -> list[float]:
    """Return what the lexicon made of a folded text, as the classifier counts it.

    1 or 0 each: what it found, by kind and person; which lists had a sign, before anything was
    taken back; whether there was an idiom, and whether all signs were taken back; whether it is
    told, played, long ago, well now; a word of `_PLAIN`; means together with a decision.
    """
    found = {(one.kind, one.about) for one in _concerns(plain)}
    signs, asides = set[str](), set[str]()
    for lists in (_EN, _ZH):
        here = _Possible.of(lists, plain)
        signs |= {name for entry, name in here.harm if entry.pattern.search(plain)}
        for name in ("abuse", "intent"):
            if any(entry.pattern.search(plain) for entry in getattr(here, name)):
                signs.add(name)
        if lists.harmless.found_in(plain):
            asides.add("idiom")
        asides |= {name for name in _ASIDES[1:] if getattr(lists, name).search(plain)}
        if lists.means.found_in(plain) and lists.resolve.found_in(plain):
            signs.add("resolve")
    told = [*(one in found for one in _ORDER), *(name in signs for name in _SIGNS)]
    told += [*(name in asides for name in _ASIDES), bool(signs and not found)]
    return [float(one) for one in (*told, bool(_PLAIN.search(plain)))]


def _well_now(plain: str) -> bool:
    """Say whether a text tells of what is long over, and of being well now."""
    return any(signs.ago.search(plain) and signs.well.search(plain) for signs in (_EN, _ZH))


def sentences(plain: str) -> Iterator[str]:
    """Cut a text into sentences of at most `LONGEST` characters."""
    for match in _SENTENCE.finditer(plain):
        whole = match.group().strip()
        for start in range(0, max(1, len(whole) - OVERLAP), LONGEST - OVERLAP):
            yield whole[start : start + LONGEST]


def _weighed(sentence: str, here: _Possible) -> Iterator[Concern]:
    """Yield what the signs in a sentence amount to, with idioms taken out before."""
    signs = here.signs
    told, play = bool(signs.told.search(sentence)), bool(signs.play.search(sentence))
    for entry, group in here.harm:
        for match in entry.pattern.finditer(sentence):
            about = _about(sentence, match, signs)
            revoked = group != "own" and _denied(sentence, match, signs)
            aside = play or (told and about != "self")
            bare = group == "topic" and (told or not about)
            if not (revoked or aside or bare):
                yield Concern("self_harm", about or "self")
    yield from _weighed_harm_by_others(sentence, here, told=told, play=play)


def _weighed_harm_by_others(
    sentence: str, here: _Possible, *, told: bool, play: bool
) -> Iterator[Concern]:
    """Yield what is done to somebody, and what the speaker means to do."""
    signs = here.signs
    for entry in here.abuse:
        for match in entry.pattern.finditer(sentence):
            if not _denied(sentence, match, signs):
                yield from _done(sentence, match, signs, told=told or play)
    for entry in here.intent:
        for match in entry.pattern.finditer(sentence):
            taken_back = re.search(r"\b(?:never|not)\b|n't|不", match.group())
            if not (play or taken_back or _denied(sentence, match, signs)):
                yield Concern("abuse", "intent")


def _denied(sentence: str, match: re.Match[str], signs: _Signs) -> bool:
    return bool(signs.no.search(sentence[max(0, match.start() - 60) : match.start()]))


def _about(sentence: str, match: re.Match[str], signs: _Signs) -> About | None:
    """Return whose life it is: the nearest person named before the sign, or in it."""
    inside = match.group()
    if "myself" in inside:
        return "self"
    if re.search(r"(?:him|her)self|themsel", inside):
        return "other"
    before = sentence[: match.start()]
    first = max((m.start() for m in signs.first.finditer(before)), default=-1)
    other = max((m.end() for m in signs.other.finditer(before)), default=-1)
    if first < 0 and other < 0:
        return "self" if signs.first.search(sentence) else None
    return "self" if first >= other - 1 else "other"


def _done(sentence: str, match: re.Match[str], signs: _Signs, *, told: bool) -> Iterator[Concern]:
    """Yield what is done to somebody: the speaker if the sign says so."""
    inside = match.group()
    mine = bool(re.search(r"\b(?:me|us|my|i|i'm|i've)\b|我|咱|俺", inside))
    if told and not mine:
        return
    first = signs.first.search(sentence)
    other = signs.other.search(sentence)
    if not (first or other or inside.startswith(("被", "遭", "being", "been"))):
        return
    theirs = signs.other.search(inside) if other and not first else _THEIRS.search(inside)
    about: About = "other" if theirs and not re.search(r"\b(?:me|us)\b|我", inside) else "self"
    if about == "self" and not mine and not first and other:
        about = "other"
    close = _SOMEBODY_CLOSE.search(sentence)
    if close and close.start() <= match.start() < close.end() + 12:
        about = "other"
    by = next((name for name, words in KIN.items() if words.search(inside)), "")
    yield Concern("abuse", about, by if about == "self" else "")


_NOTES: dict[tuple[Sign, About], tuple[str, str]] = {
    ("self_harm", "self"): (
        "I'm really glad you told me, and I'm sorry it hurts this much. You don't have to carry "
        "this alone. Please talk to someone who can be with you now: a person you trust, or "
        "people who listen day and night. If you might act on it, call emergency services, and "
        "put some distance between yourself and anything you could use.",
        "谢谢你告诉我。你一定很痛苦，我很心疼。这些不必一个人扛。请现在就找一个能陪着你的人："
        "一个你信任的人，或者随时愿意倾听的专业人员。如果你可能会伤害自己，请立刻拨打急救电话，"
        "也让自己离可能用到的东西远一点。",
    ),
    ("self_harm", "other"): (
        "It's good that you care, and it's a lot to carry. It is all right to ask them directly "
        "whether they are thinking of suicide; asking does not put the idea there. Stay with them "
        "if the danger is close, call emergency services, and let others help you both.",
        "你在为对方担心，这很可贵，也很沉重。可以直接问对方是不是想过自杀，问出来并不会让人产生这种念头。"
        "如果危险就在眼前，请陪着对方并拨打急救电话，也让别人来帮你们。",
    ),
    ("abuse", "self"): (
        "I'm sorry this is happening to you. It is not your fault, and you deserve to be safe. If "
        "you are in danger now, call the police or emergency services. When it is safe to, talk to "
        "someone who can help; they will not push you. (If somebody may look at this device, you "
        "can remove this conversation.)",
        "听到你遭遇这些，我很难过。这不是你的错，你理应安全。如果现在有危险，请报警或拨打急救电话。"
        "方便的时候，找能帮你的人谈谈，他们不会逼你做决定。（如果有人会翻看这台设备，可以删掉这段对话。）",
    ),
    ("abuse", "other"): (
        "Thank you for looking out for them. If someone is in danger now, call the police or "
        "emergency services. Believe what they tell you, don't confront the other person alone, "
        "and ask people who know how to help.",
        "谢谢你留心别人的安危。如果有人正处在危险中，请报警或拨打急救电话。相信对方说的话，"
        "不要独自去和施暴的人对质，请向懂得怎么帮忙的人求助。",
    ),
    ("abuse", "intent"): (
        "That sounds like a great deal of anger or pain. Before anything else, please get some "
        "distance: leave the place, put away anything that could hurt, and talk to someone now. "
        "If somebody is about to get hurt, call emergency services. There are people who will "
        "listen to you too.",
        "听得出你非常愤怒，也非常痛苦。请先拉开距离：离开那里，放下可能伤人的东西，现在就找人说说话。"
        "如果马上有人会受伤，请拨打报警或急救电话。也会有人愿意听你说。",
    ),
}  # fmt: skip
_HELP = ("Where to find help", "可以求助的地方")
_AS_OF = ("checked {0}; numbers can change", "核对于 {0}，号码可能有变")
_NO_LINES = (
    "I have no numbers at hand: your local emergency number, a doctor, or a crisis line of your "
    "country can help.",
    "我手边没有号码：当地的急救或报警电话、医生，或所在地区的心理援助热线都可以帮你。",
)
_HONEST = (
    "I'm a program and no substitute for care, but I'll stay here and listen.",
    "我只是一个程序，不能代替专业的帮助，但我会在这里听你说。",
)


def note(
    found: Concern, lang: Lang, lines: HelpLines | None, *, regions: tuple[str, ...] = ()
) -> str:
    """Return a calm note in a language, with where to find help.

    Args:
        found: what was noticed.
        lines: the help lines; None where their file could not be read: no number is invented.
        regions: show the lines of these regions only; the file's own choice if left out.
    """
    side = int(lang == "zh")
    shown = lines.chosen(found.kind, lang, regions) if lines else ()
    parts = [_NOTES[found.kind, found.about][side]]
    if lines and shown:
        title = f"{_HELP[side]} ({_AS_OF[side].format(lines.as_of.isoformat())}):"
        parts.append("\n".join([title, *(f"- {line.said(lang)}" for line in shown)]))
    else:
        parts.append(_NO_LINES[side])
    return "\n\n".join([*parts, _HONEST[side]])
