"""Simulated users talk with the companion, day by day; every exchange is kept at once.

Law of this file: the bank file is the only memory of what has been said. A run that was stopped,
by whatever, asks it what is there and goes on; a run that is done writes both formats from it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from memorybank import MemoryBank
from memorybank.errors import BadInput, BadReply, ReplyCut
from memorybank.formats import write_normal, write_original
from memorybank.intake import volumes
from memorybank.models import LLM, Style, replying
from memorybank.records import Turn
from memorybank.rendering import clean, is_blank
from siliconfriend.friend import instruction
from siliconfriend.safety import concern
from siliconfriend.simulate.plan import Draw, Talk, User, plan
from siliconfriend.simulate.speech import judged, user_prompt, whole_sentences

Progress = Callable[[str, int, int], None]
BANK, USERS = "bank.db", "users.json"
TRIES = 3
MINUTES = 4
"""Between one exchange and the next."""
STYLE = Style(temperature=0.9, max_tokens=300)
REPLY_STYLE = Style(temperature=0.7, max_tokens=400)
PLACE = {"zh": "cn", "en": "en"}
"""The original's names of languages, in the name of its file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """Who plays the user, who is the companion, and how long a conversation is in exchanges."""

    player: LLM
    companion: LLM
    exchanges: int = 3
    embedder: str = "none"


@dataclass(frozen=True, slots=True)
class Played:
    """What came of it: how much was there already, and the files."""

    users: int
    exchanges: int
    known: int
    original: Path
    normal: Path


def words_of(lang: str) -> dict[str, Any]:
    """Return the word lists and prompts of a language."""
    text = Path(__file__).with_name(f"words_{lang}.json").read_text("utf-8")
    return dict(json.loads(text))


def simulate(draw: Draw, cast: Cast, out: Path, progress: Progress = lambda *_: None) -> Played:
    """Play all users, or the rest of them, and write their histories to `out`.

    Raises:
        BadInput: another simulation is in `out`.
        ModelError: a model failed, or kept leaving its role; what was said so far is kept.
    """
    users = plan(draw, words_of(draw.lang))
    _claim(draw, cast, users, out)
    total = sum(len(user.talks) for user in users) * cast.exchanges
    known = done = 0
    zone = str(draw.zone)
    with MemoryBank.open(
        out / BANK, bank=users[0].persona.name, lang=draw.lang, zone=zone, embedder=cast.embedder,
        seed=f"{draw.seed}".encode(),
    ) as first:  # fmt: skip
        for user in users:
            bank = first.other(user.persona.name, create=True, lang=draw.lang)
            kept = _kept(bank, user.persona.name)
            for number, talk in enumerate(user.talks):
                stage = _Stage(user, number, draw, cast, bank)
                old = stage.play(talk, kept)
                known, done = known + old, done + cast.exchanges
                progress("simulate", done, total)
        return _written(first, draw, users, Played(len(users), done, known, out, out))


def _claim(draw: Draw, cast: Cast, users: list[User], out: Path) -> None:
    """Make the folder ours, or see that it is; raises BadInput."""
    file = out / USERS
    mark = {
        "lang": draw.lang, "seed": draw.seed, "start": draw.start.isoformat(),
        "zone": str(draw.zone), "exchanges": cast.exchanges,
    }  # fmt: skip
    if file.exists():
        known = json.loads(file.read_text("utf-8"))
        if known.get("draw") != mark or known.get("days", 0) > draw.days or (
            len(known.get("users", [])) > draw.users
        ):  # fmt: skip
            raise BadInput(
                f"{out}: another simulation is there: repeat its command to go on (with more users "
                "or days, if you like), or choose another --out",
                f"{out}：里面是另一次模拟：请用原来的命令继续（可增加人数或天数），或换一个 --out",
            )
    elif out.exists() and any(out.iterdir()):
        raise BadInput(
            f"{out}: not empty: choose a new folder", f"{out}：不是空文件夹：请换一个新的"
        )
    out.mkdir(parents=True, exist_ok=True)
    people = [
        asdict(user.persona) | {"topics": {talk.key: talk.topic for talk in user.talks}}
        for user in users
    ]
    models = {"player": cast.player.name, "companion": cast.companion.name}
    text = {"draw": mark, "days": draw.days, "models": models, "users": people}
    new = file.with_suffix(".new")
    new.write_text(json.dumps(text, ensure_ascii=False, indent=2) + "\n", "utf-8")
    new.replace(file)


def _kept(bank: MemoryBank, name: str) -> dict[str, Turn]:
    """Return what a user has said before this run, by external id."""
    found = [v for v in volumes(bank, only=name) if v.name == name]
    return {turn.external_id: turn for v in found for turn in v.turns if turn.external_id}


class _Stage:
    """One conversation of one user with the companion."""

    def __init__(self, user: User, number: int, draw: Draw, cast: Cast, bank: MemoryBank) -> None:
        self.user, self.draw, self.cast, self.bank = user, draw, cast, bank
        self.earlier = user.talks[:number]
        self.words: Mapping[str, Any] = words_of(draw.lang)
        self.said: list[tuple[str, str]] = []

    def play(self, talk: Talk, kept: Mapping[str, Turn]) -> int:
        """Play what is missing of a conversation; returns how many exchanges were there."""
        known = 0
        for n in range(self.cast.exchanges):
            key = f"{self.user.persona.name}_{talk.key}-{n}"
            if key in kept:
                self.said.append((kept[key].text or "", kept[key].reply or ""))
                known += 1
                continue
            self.said.append(self._exchange(talk, n, key))
        return known

    def _exchange(self, talk: Talk, n: int, key: str) -> tuple[str, str]:
        name, lang = self.user.persona.name, self.draw.lang
        prompt = user_prompt(self.user.persona, talk, self.earlier, self.said, self.words, lang)
        text = _tried(self.cast.player, prompt, STYLE, lambda r: judged(r, name, self.said))
        now = talk.starts + timedelta(minutes=MINUTES * n)
        companion = self.cast.companion
        budget = min(2000, companion.window * 2 // 3) if companion.window else 2000
        ctx = self.bank.context(
            text, now=now, budget=budget, count=companion.count,
            instruction=instruction(now, lang, distress=concern(text) is not None),
        )  # fmt: skip
        reply = _tried(
            companion, ctx.messages, REPLY_STYLE, lambda r: "" if is_blank(r) else r.strip()
        )
        self.bank.remember(
            text, reply=reply, at=now, now=now, used=ctx, conversation=talk.key, speaker=name,
            external_id=key,
        )  # fmt: skip
        return text, reply


def _tried(llm: LLM, messages: Any, style: Style, judge: Callable[[str], str]) -> str:
    """Return the first reply that passes; raises BadReply after a few that did not."""
    for _ in range(TRIES):
        if text := judge(_heard(llm, messages, style)):
            return text
    raise BadReply(
        f"{llm.name} left its role {TRIES} times in a row: take a larger model; what was said so "
        "far is kept, and the same command goes on",
        f"{llm.name} 连续 {TRIES} 次没有按角色说话：请换大一些的模型；"
        "已有的对话都在，同一条命令可继续",
    )


def _heard(llm: LLM, messages: Any, style: Style) -> str:
    """Return a reply; one that was cut at its limit, up to its last whole sentence."""
    pieces: list[str] = []
    try:
        for piece in replying(llm, messages, style):
            pieces.append(piece)  # noqa: PERF402 - what came before the cut counts
    except ReplyCut:
        return whole_sentences(clean("".join(pieces)))
    return clean("".join(pieces))


def _written(bank: MemoryBank, draw: Draw, users: list[User], played: Played) -> Played:
    """Write both formats from the bank file, users in their order."""
    found = {volume.name: volume for volume in volumes(bank)}
    ordered = [found[user.persona.name] for user in users]
    original = played.original / f"memory_bank_{PLACE[draw.lang]}.json"
    normal = played.normal / "memories.jsonl"
    original.write_text(write_original(ordered), "utf-8")
    normal.write_text(write_normal(ordered), "utf-8")
    return Played(played.users, played.exchanges, played.known, original, normal)
