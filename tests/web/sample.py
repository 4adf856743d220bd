"""Some weeks of a life in each language, for pages to show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from memorybank import MemoryBank
from memorybank.records import Lang, Turn

NOW = datetime(2026, 3, 20, 18, 30, tzinfo=UTC)
SAID: dict[Lang, list[tuple[int, str, str]]] = {
    "en": [
        (30, "Hello!", "Hello! Tell me about your day."),
        (30, "My name is Emily, I work as a nurse in Leeds.", "Nice to meet you, Emily."),
        (24, "It rained all day and I had toast for lunch.", "A day for a warm drink."),
        (18, "I adopted a cat called Miso, she is grey and shy.", "How lovely! Welcome, Miso."),
        (12, "I'm allergic to peanuts, so I read every label.", "I'll keep that in mind."),
        (5, "My sister Anna is getting married on May 9th.", "What good news!"),
        (2, "I've been learning the cello, my fingers hurt.", "It gets easier with time."),
        (1, "Miso slept on my cello case last night.", "She has found her place."),
        (1, "What did I have for lunch when it rained?", "You have not told me lately."),
    ],
    "zh": [
        (30, "你好！", "你好！说说你今天过得怎么样吧。"),
        (30, "我叫林晓，在成都的一家医院当护士。", "很高兴认识你，林晓。"),
        (24, "今天下了一整天雨，中午吃了碗面。", "下雨天适合喝点热的。"),
        (18, "我领养了一只猫叫汤圆，灰色的，很害羞。", "真好！欢迎汤圆。"),
        (12, "我对花生过敏，买东西都要看配料表。", "我记住了。"),
        (5, "我妹妹小安五月九号要结婚了。", "真是好消息！"),
        (2, "我最近在学大提琴，手指很疼。", "慢慢就会好的。"),
        (1, "汤圆昨晚睡在我的琴盒上。", "它找到自己的地方了。"),
        (1, "下雨那天我中午吃了什么？", "你最近没跟我说过。"),
    ],
}
CORRECTED = {
    "en": ("May 9th", "My sister Anna is getting married on May 16th, not the 9th."),
    "zh": ("五月九号", "我妹妹小安是五月十六号结婚，不是九号。"),
}
"""What a turn of five days ago says, and what is said three days ago in its place."""
CAT = {"en": "Miso", "zh": "汤圆"}
PINNED = {"en": "peanuts", "zh": "花生"}
ASKED = {"en": "What is my cat called?", "zh": "我领养的猫叫什么名字？"}


def live(bank: MemoryBank, lang: Lang) -> None:
    """Live through the weeks of a sample, digesting them at their end."""
    for ago, text, reply in SAID[lang]:
        at = NOW - timedelta(days=ago)
        turn = Turn(text=text, reply=reply, occurred_at=at, lang=lang)
        bank.remember_turns([turn], now=at)
    wrong, right = CORRECTED[lang]
    (known,) = [t for t in bank.recent(20, now=NOW) if wrong in (t.text or "")]
    bank.correct(known.id, right, now=NOW - timedelta(days=3))
    bank.digest(now=NOW - timedelta(hours=8))
