"""A bank, a companion and a memory file of the original project, for tests of what it got wrong."""

from __future__ import annotations

import json
from pathlib import Path

from memorybank import MemoryBank, prompts
from memorybank.intake import take_in
from memorybank.records import Lang
from memorybank.settings import Settings
from memorybank.testing import Clock, HashEmbedder, Reply, ScriptedLLM
from siliconfriend.friend import Friend, Manner
from siliconfriend.reminisce import Habit

CAT = {"en": "I adopted a grey cat called Miso.", "zh": "我领养了一只叫米索的灰猫。"}
ASKED = {"en": "What is my cat called?", "zh": "我的猫叫什么名字？"}
NAME = {"en": "Miso", "zh": "米索"}
DAY = {"en": "The user adopted Miso, a grey cat.", "zh": "用户领养了灰猫米索。"}
INSIGHT = {"en": "- Adopted a grey cat called Miso [1].", "zh": "- 领养了一只叫米索的灰猫 [1]。"}


def opened(folder: Path, name: str, clock: Clock, **more: object) -> MemoryBank:
    more = {"embedder": HashEmbedder(), "zone": "UTC", **more}
    return MemoryBank.open(folder / "o.db", bank=name, clock=clock, **more)  # type: ignore[arg-type]


def friend(mine: MemoryBank, *replies: Reply, **manner: object) -> Friend:
    return Friend(mine, ScriptedLLM(replies), Manner(habit=Habit(on=False), **manner))  # type: ignore[arg-type]


def original(folder: Path, people: object, name: str = "memory_bank.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(people, ensure_ascii=False), "utf-8")
    return path


def taken(folder: Path, path: Path, clock: Clock) -> Path:
    target = folder / "t.db"
    settings = Settings(home=folder, embedder="none")
    take_in(path, target, settings=settings, zone="UTC", now=clock())
    return target


def diarist(lang: Lang, day: Reply | None = None) -> ScriptedLLM:
    """Writes the day and the insight, whichever it is asked for."""

    def write(messages: object) -> str:
        insight = messages[0]["content"] in prompts.read("insight", lang)  # type: ignore[index]
        if isinstance(day, BaseException):
            raise day
        return INSIGHT[lang] if insight else str(day or DAY[lang])

    return ScriptedLLM(otherwise=write)
