"""Chats as other programs keep them: message lists, whole talks, lines with a text."""

from __future__ import annotations

import gzip
import json
import os
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from memorybank import MemoryBank
from memorybank.errors import BadFile
from memorybank.formats import read_file, write_normal
from memorybank.intake import take_in
from memorybank.settings import Settings

ZONE = ZoneInfo("Asia/Shanghai")
CHANGED = datetime(2026, 5, 2, 20, 30, tzinfo=UTC)
SAID = {
    "en": ("I moved to Bergen in May.", "Nice!", "I bought a kayak."),
    "zh": ("我五月搬到了卑尔根。", "真好！", "我买了一条皮划艇。"),
}
both = pytest.mark.parametrize("lang", ["en", "zh"])


def messages(lang, **more):
    one, reply, two = SAID[lang]
    return [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": one, **more},
        {"role": "assistant", "content": reply},
        {"role": "tool", "content": "{}"},
        {"role": "user", "content": [{"type": "text", "text": two}, {"type": "image_url"}]},
    ]


def put(tmp_path, content, name="chat.json"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    os.utime(path, (CHANGED.timestamp(), CHANGED.timestamp()))
    return path


def lines(rows):
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n"


@both
def test_a_message_list_in_every_shape_is_the_same_talk(lang, tmp_path):
    one, reply, two = SAID[lang]
    talk = messages(lang)
    shapes = [
        json.dumps(talk), json.dumps(talk, indent=2), lines(talk), json.dumps([talk]),
        json.dumps({"messages": talk}, indent=2), lines([{"messages": talk}]),
        gzip.compress(json.dumps(talk).encode()),
    ]  # fmt: skip
    for n, shape in enumerate(shapes):
        (volume,) = read_file(put(tmp_path, shape, f"chat{n}.json"), ZONE)
        assert [(t.text, t.reply) for t in volume.turns] == [(one, reply), (two, None)]
        assert (volume.name, volume.lang) == (f"chat{n}", lang)
        assert {t.conversation for t in volume.turns} == {"talk 1"}


@both
def test_lines_with_a_text_and_their_times(lang, tmp_path):
    one, reply, two = SAID[lang]
    rows = [
        {"text": one, "reply": reply, "date": "2026-05-02"},
        {"text": two, "timestamp": 1_777_800_000},
        {"text": one, "created_at": "2026-05-04T09:00:00Z"},
        {"text": two},
    ]
    (volume,) = read_file(put(tmp_path, lines(rows), "diary.jsonl"), ZONE)
    stamps = [(t.occurred_at.isoformat(), t.precision) for t in volume.turns]
    assert stamps == [
        ("2026-05-02T00:00:00+08:00", "day"), ("2026-05-03T17:20:00+08:00", "instant"),
        ("2026-05-04T17:00:00+08:00", "instant"), ("2026-05-04T17:00:00+08:00", "instant"),
    ]  # fmt: skip
    assert len({t.external_id for t in volume.turns}) == 4


@both
def test_without_a_time_it_is_the_day_of_the_file(lang, tmp_path):
    (volume,) = read_file(put(tmp_path, json.dumps(messages(lang))), ZONE)
    assert {(t.occurred_at.isoformat(), t.precision) for t in volume.turns} == {
        ("2026-05-03T00:00:00+08:00", "day")
    }


@both
def test_a_file_that_has_grown_repeats_nothing(lang, tmp_path):
    target = tmp_path / "m.db"
    settings = Settings(home=tmp_path, embedder="none", zone="Asia/Shanghai")
    now = datetime(2026, 5, 9, tzinfo=UTC)
    more = [*messages(lang), {"role": "assistant", "content": "Wow."}]
    for talk, new in ((messages(lang), 2), (messages(lang), 0), (more, 1)):
        path = put(tmp_path, json.dumps(talk))
        (taken,) = take_in(
            path, target, settings=settings, zone="Asia/Shanghai", now=now, only="ann"
        )
        assert (taken.bank, taken.turns, taken.new) == ("ann", 2, new)
    bank = MemoryBank.open(target, bank="ann", embedder=None)
    assert SAID[lang][2] + "\n→ Wow." in [h.text.replace("→W", "→ W") for h in bank.recall("Wow")]
    (volume,) = read_file(path, ZONE)
    assert read_file(put(tmp_path, write_normal([volume]), "again.jsonl"), ZONE)[0].turns


@pytest.mark.parametrize(
    ("content", "why", "zh"),
    [
        ("[1]", "a row is a message", "一行应是"),
        ("[]", "nobody says anything", "没有人说话"),
        ('[{"role": "system", "content": "x"}]', "nobody says anything", "没有人说话"),
        ('{"text": "a"}\n{"text": \n', "not valid JSON", "JSON"),
        ('{"text": "a", "date": "yesterday"}', "not a date", "不是日期"),
        ('{"text": "a", "timestamp": 1e300}', "out of all bounds", "超出了范围"),
        ('{"text": "a"}\n{"words": "b"}', "a row is a message", "一行应是"),
    ],
)
def test_what_does_not_fit_is_told_in_both_languages(content, why, zh, tmp_path):
    with pytest.raises(BadFile) as caught:
        read_file(put(tmp_path, content), ZONE)
    assert why in caught.value.say("en")
    assert zh in caught.value.say("zh")
