"""Files of memories: what is read of them, what comes back, and what is refused."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from memorybank.errors import BadFile
from memorybank.formats import Volume, read_file, without, write_normal, write_original
from memorybank.lexical import detect
from memorybank.records import Turn
from memorybank.rendering import clean

SHANGHAI = ZoneInfo("Asia/Shanghai")
NEW_YORK = ZoneInfo("America/New_York")

# One person for every form that a version of the original project wrote, or a hand could.
HISTORICAL = {
    "may 2023, turns as objects": {
        "李 明/Ming_01": {
            "name": "李 明/Ming_01",
            "history": {
                "2023-04-27": [
                    {"query": "我养了一只叫年糕的猫。", "response": "年糕真可爱！"},
                    {"query": "它怕打雷。", "response": "抱抱它。"},
                ],
                "2023-04-28": [],
            },
            "summary": {},
            "meta_information": {"hobbies": "下棋", "age": 31},
        }
    },
    "april 2023, turns as lists, summaries as texts": {
        " Rosa ": {
            "name": "Rosa",
            "summary": {"2023-04-27": "Rosa planted beans."},
            "personality": {"2023-04-27": "Patient."},
            "overall_history": "A gardener.",
            "overall_personality": "Patient.",
            "history": {"2023-04-27": [["I planted beans.", "How deep?"], ["Two inches.", None]]},
        }
    },
    "after forgetting, with strengths": {
        "Rosa": {
            "history": {
                "2023-04-27": [
                    {
                        "query": "I planted beans.",
                        "response": "How deep?",
                        "memory_strength": 2,
                        "memory_id": "Rosa_2023-04-27_0",
                        "last_recall_date": "2023-05-01",
                        "source": "Rosa_2023-04-27_0",
                    },
                    {"memory_strength": 1, "response": "Good night.", "timestamp": "21:04"},
                ]
            },
            "summary": {
                "2023-04-27": {"content": "Beans.", "memory_strength": 1, "memory_id": "x"}
            },
        }
    },
    "days that number their turns": {
        "Rosa": {
            "history": {
                "2023-04-27": {
                    "1": {"query": "Beans are up.", "response": "Lovely."},
                    "2": ["Snails came.", "Oh no."],
                },
                "2023-04-28": {},
            }
        }
    },
    "blank turns of all sorts": {
        "Rosa": {
            "name": None,
            "history": {
                "2023-04-27": [
                    {"query": "", "response": "  "},
                    {"query": "Peas too.", "response": ""},
                    ["\u200b\x00", "\ud800"],
                    {"query": None, "response": "Nice."},
                    {"note": "nothing said"},
                ]
            },
        }
    },
    "just registered": {"小雨": {"name": "小雨"}, "Tom": {"name": "Tom", "history": None}},
    "white space": {
        "Rosa": {"history": {"2023-04-27": [[" Beans. ", "\n\nYes.\n"], {"response": "\u3000好"}]}}
    },
    "nobody": {},
}
STRANGE = {"Rosa": {"history": {"2023-04-27": [["a\x00b\ud800c", "😀 \ude00"]]}}}

ROWS = [
    {"bank_id": "Rosa", "memory_id": "a", "session": "s1", "date": "2024-02-03T08:30",
     "speaker": "user", "text": "I planted beans.", "lang": "en", "order": 1, "scene": ["garden"]},
    {"bank_id": "明", "memory_id": "a", "session": None, "date": "2024-02", "speaker": "memory",
     "text": "明在二月学会了游泳。", "lang": "zh"},
    {"bank_id": "Rosa", "memory_id": "b", "session": "s1", "date": None, "speaker": "assistant",
     "text": "How deep?", "lang": "en"},
    {"bank_id": "Rosa", "memory_id": "c", "session": 7, "date": "2024-02-04T01:00:30+09:00",
     "speaker": "Pablo", "text": "Hola, beans!", "lang": "es"},
    {"bank_id": "明", "memory_id": "b", "session": "二", "date": "2024-02-05",
     "speaker": "exchange", "text": "明：我怕水。\nAI伴侣：慢慢来。", "user_text": "我怕水。",
     "ai_text": "慢慢来。", "lang": "zh"},
    {"bank_id": "明", "memory_id": "c", "date": "2024-02-05", "text": "OK", "lang": "cn"},
    {"bank_id": "明", "memory_id": "d", "session": "二", "date": "2024-02-05", "speaker": "user",
     "text": " \u3000", "lang": "zh", "turn": 3},
    {"bank_id": "Rosa", "memory_id": "d", "session": "s2", "date": "2024-02-05", "speaker": "ai",
     "text": "Rosa: \nBot: 你好?", "user_text": "", "ai_text": "你好?", "lang": "zh"},
    {"bank_id": "Rosa", "memory_id": "e", "session": "s2", "date": "2024-02-05", "speaker": "x",
     "text": "Hi. \nHello.", "user_text": "Hi. ", "ai_text": "Hello.", "lang": "en"},
    {"bank_id": "明", "memory_id": "e", "session": "", "date": "2024-02-06", "speaker": "exchange",
     "text": "明：Hello there!\nAI：How are you?", "user_text": "Hello there!",
     "ai_text": "How are you?", "lang": "zh"},
    {"bank_id": "Rosa", "memory_id": "blank", "date": "2024-02-06", "text": None, "lang": "en"},
    {"bank_id": "Rosa", "memory_id": "f", "user_text": "Bye.", "ai_text": None, "lang": "en"},
]  # fmt: skip


def put(tmp_path, content, name="bank.json"):
    path = tmp_path / name
    if not isinstance(content, (bytes, str)):
        content = json.dumps(content)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def rows_text(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def parsed(text):
    return [json.loads(line) for line in text.split("\n") if line]


def kept(volume):
    """What is left of a volume after a bank has kept it: clean words, judged anew; JSON; UTC."""
    turns = []
    for turn in volume.turns:
        turn = Turn.from_json(json.loads(json.dumps(turn.to_json())))
        text, reply = clean(turn.text), clean(turn.reply)
        lang = detect(f"{text} {reply}", volume.lang)
        turns.append(replace(turn, text=text or None, reply=reply or None, lang=lang))
    return replace(volume, turns=tuple(turns), extra=json.loads(json.dumps(volume.extra)))


def refusal(path, zone=UTC):
    with pytest.raises(BadFile) as caught:
        read_file(path, zone)
    return caught.value


# --- the original format ---


def test_original_golden(tmp_path):
    path = put(tmp_path, HISTORICAL["may 2023, turns as objects"], "memory_bank_cn.json")
    [volume] = read_file(path, SHANGHAI, trusted=False)
    assert (volume.name, volume.lang) == ("李 明/Ming_01", "zh")
    assert volume.turns[1] == Turn(
        text="它怕打雷。", reply="抱抱它。", occurred_at=datetime(2023, 4, 27, tzinfo=SHANGHAI),
        precision="day", conversation="2023-04-27", seq=1, speaker="李 明/Ming_01", author="user",
        channel="import", source="memory_bank_cn.json", trusted=False, lang="zh",
        external_id="李 明/Ming_01_2023-04-27_1",
    )  # fmt: skip
    assert len(volume.turns) == 2


@pytest.mark.parametrize("form", HISTORICAL)
def test_original_comes_back(tmp_path, form):
    people = HISTORICAL[form]
    volumes = read_file(put(tmp_path, people), SHANGHAI)
    for some in (volumes, [kept(v) for v in volumes]):
        again = json.loads(write_original(some))
        assert again == people
        assert json.dumps(again) == json.dumps(people), "the order of keys is kept"


def test_strange_characters_are_left_as_they_are(tmp_path):
    volumes = read_file(put(tmp_path, STRANGE), UTC)
    assert volumes[0].turns[0].text == "a\x00b\ud800c"
    assert json.loads(write_original(volumes).encode()) == STRANGE
    assert r"\u0000b\ud800c" in write_normal(volumes)


def test_original_names_and_sides(tmp_path):
    [rosa] = read_file(put(tmp_path, HISTORICAL["blank turns of all sorts"]), UTC)
    assert [(t.text, t.reply, t.author, t.seq, t.external_id) for t in rosa.turns] == [
        ("Peas too.", None, "user", 1, "Rosa_2023-04-27_1"),
        (None, "Nice.", "companion", 3, "Rosa_2023-04-27_3"),
    ]
    [spaced] = read_file(
        put(tmp_path, HISTORICAL["april 2023, turns as lists, summaries as texts"]), UTC
    )
    assert spaced.name == "Rosa"
    assert {t.speaker for t in spaced.turns} == {"Rosa"}


def test_original_languages(tmp_path):
    day = [["我喜欢下棋", "好"], ["hello there", "hi"], ["123", "456"], ["去公园吧", "好"]]
    [volume] = read_file(put(tmp_path, {"Bo": {"history": {"2023-01-01": day}}}), UTC)
    assert volume.lang == "zh"
    assert [t.lang for t in volume.turns] == ["zh", "en", "zh", "zh"]
    [volume] = read_file(put(tmp_path, {"Bo": {"history": {"2023-01-01": day[1:3]}}}), UTC)
    assert [t.lang for t in volume.turns] == ["en", "en"]
    assert [v.lang for v in read_file(put(tmp_path, HISTORICAL["just registered"]), UTC)] == [
        "zh",
        "en",
    ]


@pytest.mark.parametrize("form", HISTORICAL)
def test_extra_holds_no_turns_words(tmp_path, form):
    volumes = read_file(put(tmp_path, HISTORICAL[form]), UTC)
    for volume in volumes:
        kept = json.dumps({k: v for k, v in volume.extra["original"].items() if k != "fields"})
        assert volume.extra["original"]["fields"].get("history") is None
        for turn in volume.turns:
            for words in filter(None, (turn.text, turn.reply)):
                assert json.dumps(words)[1:-1] not in kept


def test_erased_turns_and_what_they_led_to_stay_away(tmp_path):
    people = {
        "Rosa": {
            "summary": {"2023-04-27": "Beans.", "2023-04-28": "Peas."},
            "personality": {"2023-04-27": "Patient.", "2023-04-28": "Kind."},
            "overall_history": "Beans, peas.",
            "overall_personality": {"content": "Kind."},
            "history": {
                "2023-04-27": [["Beans.", "Yes."], {"query": "SECRET", "response": "", "k": 1}],
                "2023-04-28": [["Peas.", "Yes."]],
                "2023-04-29": [],
            },
        }
    }
    [rosa] = read_file(put(tmp_path, people), UTC)
    fewer = replace(rosa, turns=(rosa.turns[0], rosa.turns[2]))
    expected = {
        "summary": {"2023-04-28": "Peas."},
        "personality": {"2023-04-28": "Kind."},
        "overall_history": "",
        "overall_personality": {},
        "history": {
            "2023-04-27": [["Beans.", "Yes."]],
            "2023-04-28": [["Peas.", "Yes."]],
            "2023-04-29": [],
        },
    }
    assert json.loads(write_original([fewer]))["Rosa"] == expected

    purged = without(rosa.extra, {"Rosa_2023-04-27_1"})
    assert '"k"' not in json.dumps(purged)
    assert '"Beans' not in json.dumps(purged)
    assert '"k"' in json.dumps(rosa.extra), "the volume itself is left as it was"
    assert json.loads(write_original([replace(fewer, extra=purged)]))["Rosa"] == expected

    in_one_text = replace(fewer, extra={"original": rosa.extra["original"] | {
        "fields": {"summary": "Beans and peas.", "overall_history": 5, "history": None}
    }})  # fmt: skip
    assert json.loads(write_original([in_one_text]))["Rosa"] == {
        "summary": "", "overall_history": None, "history": expected["history"]
    }  # fmt: skip

    none_left = json.loads(write_original([replace(rosa, turns=())]))["Rosa"]
    assert none_left["history"] == {"2023-04-29": []}
    assert none_left["summary"] == {}


def test_original_with_turns_from_chat(tmp_path):
    [rosa] = read_file(put(tmp_path, HISTORICAL["days that number their turns"]), NEW_YORK)
    late = Turn(text="Late.", reply="Yes.", occurred_at=datetime(2023, 4, 27, 23, tzinfo=NEW_YORK))
    new = Turn(reply="Morning!", occurred_at=datetime(2023, 4, 26, 9, tzinfo=NEW_YORK))
    right = replace(rosa.turns[0], text="Peas are up.", channel="chat")
    early = replace(late, text="Early.", occurred_at=late.occurred_at.replace(hour=8))
    volume = replace(rosa, turns=(late, new, *rosa.turns[:1], right, early))
    history = json.loads(write_original([volume]))["Rosa"]["history"]
    assert list(history) == ["2023-04-26", "2023-04-27", "2023-04-28"]
    assert history["2023-04-26"] == [{"query": "", "response": "Morning!"}]
    assert history["2023-04-27"] == {
        "1": {"query": "Peas are up.", "response": "Lovely."},
        "3": {"query": "Early.", "response": "Yes."},
        "4": {"query": "Late.", "response": "Yes."},
    }


def test_original_of_a_bank_that_never_was_a_file():
    turn = Turn(text="Hi.", occurred_at=datetime(2026, 3, 1, 23, tzinfo=NEW_YORK))
    volume = Volume(name="Ana", lang="en", turns=(turn,), extra={})
    text = write_original([volume, replace(volume, name="Bo", turns=())])
    assert json.loads(text) == {
        "Ana": {
            "name": "Ana", "summary": {}, "personality": {},
            "overall_history": "", "overall_personality": "",
            "history": {"2026-03-01": [{"query": "Hi.", "response": ""}]},
        },
        "Bo": {
            "name": "Bo", "summary": {}, "personality": {},
            "overall_history": "", "overall_personality": "", "history": {},
        },
    }  # fmt: skip


def test_a_renamed_bank_goes_by_its_present_name(tmp_path):
    [rosa] = read_file(
        put(tmp_path, HISTORICAL["april 2023, turns as lists, summaries as texts"]), UTC
    )
    renamed = json.loads(write_original([replace(rosa, name="mum")]))
    assert list(renamed) == ["mum"]
    assert renamed["mum"]["history"]["2023-04-27"][0] == ["I planted beans.", "How deep?"]
    assert parsed(write_normal([replace(rosa, name="mum")]))[0]["bank_id"] == "mum"


@pytest.mark.parametrize(
    ("content", "where", "cure"),
    [
        ("[1]", "a row is a message", "a talk"),
        ('"text"', "not JSON", "expected is one object"),
        ({"A": 5}, "person 1", "expected is one object"),
        ({"A": {}, " ": {"name": 3}}, "person 2", "give the record one"),
        ({"A": {}, " A": {}}, "persons 1 and 2", "rename one"),
        ({"A": {"history": []}}, "person 1", "object of days"),
        ({"A": {"history": {"SECRET": []}}}, "person 1, day 1", "2023-04-27"),
        ({"A": {"history": {"2023-02-30": []}}}, "person 1, day 1", "2023-04-27"),
        ({"A": {"history": {"2023-02-03": "SECRET"}}}, "person 1, day 1", "list of turns"),
        ({"A": {"history": {"2023-02-03": {"query": "SECRET"}}}}, "day 1", "numbered"),
        ({"A": {"history": {"2023-02-03": [["a", "b"], "SECRET"]}}}, "turn 2", "query"),
        ({"A": {"history": {"2023-02-03": [["SECRET", 5]]}}}, "turn 1", "response is not a text"),
        ({"A": {"history": {"2023-02-03": [{"query": ["SECRET"]}]}}}, "turn 1", "put it in quotes"),
        ({"A": {"history": {"2023-02-03": [["SECRET"]]}}}, "turn 1", '["query", "response"]'),
    ],
)
def test_original_refusals(tmp_path, content, where, cure):
    message = str(refusal(path := put(tmp_path, content)))
    assert message.startswith(str(path))
    message = message.removeprefix(str(path))
    assert where in message
    assert cure in message
    assert "SECRET" not in message


# --- the normal form ---


def test_normal_golden(tmp_path):
    path = put(tmp_path, rows_text(ROWS), "memories.jsonl")
    rosa, ming = read_file(path, SHANGHAI)
    assert (rosa.name, rosa.lang, ming.name, ming.lang) == ("Rosa", "en", "明", "zh")
    common = {"channel": "import", "source": "memories.jsonl", "trusted": True}
    sat = datetime(2024, 2, 3, 8, 30, tzinfo=SHANGHAI)
    assert rosa.turns[:3] == (
        Turn(text="I planted beans.", occurred_at=sat, conversation="s1", external_id="a",
             seq=0, lang="en", **common),
        Turn(reply="How deep?", author="companion", occurred_at=sat, conversation="s1",
             external_id="b", seq=1, lang="en", **common),
        Turn(text="Hola, beans!", speaker="Pablo", conversation="7", external_id="c", seq=2,
             occurred_at=datetime(2024, 2, 4, 0, 0, 30, tzinfo=SHANGHAI), lang="en", **common),
    )  # fmt: skip
    assert [(t.text, t.reply, t.speaker, t.replier) for t in rosa.turns[3:]] == [
        (None, "你好?", "Rosa", "Bot"),
        ("Hi. ", "Hello.", None, None),
        ("Bye.", None, None, None),
    ]
    assert rosa.turns[5].conversation == "2024-02-06", "the last known date, be its row blank"
    noted = rosa.extra["normal"]["rows"]
    assert noted["a"] == {"keys": {"order": 1, "scene": ["garden"]}}
    assert noted["b"] == {"keys": {"date": None}}
    assert ming.turns[:2] == (
        Turn(text="明在二月学会了游泳。", occurred_at=datetime(2024, 2, 1, tzinfo=SHANGHAI),
             precision="month", conversation="2024-02-01", external_id="a", seq=0, lang="zh",
             **common),
        Turn(text="我怕水。", reply="慢慢来。", speaker="明", replier="AI伴侣",
             occurred_at=datetime(2024, 2, 5, tzinfo=SHANGHAI), precision="day",
             conversation="二", external_id="b", seq=1, lang="zh", **common),
    )  # fmt: skip
    assert [(t.text, t.reply, t.conversation, t.lang) for t in ming.turns[2:]] == [
        ("OK", None, "2024-02-05", "zh"),
        ("Hello there!", "How are you?", "2024-02-06", "zh"),
    ]
    assert not read_file(path, SHANGHAI, trusted=False)[0].turns[0].trusted


@pytest.mark.parametrize("zone", [SHANGHAI, NEW_YORK], ids=str)
def test_normal_comes_back(tmp_path, zone):
    volumes = read_file(put(tmp_path, rows_text(ROWS)), zone)
    assert parsed(write_normal(volumes)) == ROWS
    assert parsed(write_normal([kept(v) for v in volumes])) == ROWS
    assert "游泳" in write_normal(volumes)


def test_normal_keeps_no_words_in_extra(tmp_path):
    rosa, ming = read_file(put(tmp_path, rows_text(ROWS)), UTC)
    kept = json.dumps([rosa.extra, ming.extra], ensure_ascii=False)
    for words in ("planted", "deep", "Hola", "怕水", "慢慢来", "Hello", "Hi.", "Bye", "游泳"):
        assert words not in kept
    assert "garden" in kept
    assert "garden" not in json.dumps(without(rosa.extra, {"a"}))
    fewer = replace(rosa, turns=rosa.turns[1:])
    assert parsed(write_normal([fewer, ming])) == ROWS[1:]


def test_words_that_do_not_add_up_are_taken_from_text(tmp_path):
    for text in ("明说他怕水。", "天晴。\n明：我怕水。\nAI：慢慢来。", " ：我怕水。\nAI：慢慢来。"):
        [ming] = read_file(put(tmp_path, rows_text([ROWS[4] | {"text": text}])), UTC)
        assert (ming.turns[0].text, ming.turns[0].reply) == (text, None)
        assert "慢慢来" not in json.dumps(ming.extra, ensure_ascii=False)


def test_normal_with_turns_from_chat(tmp_path):
    [rosa, ming] = read_file(put(tmp_path, rows_text(ROWS)), NEW_YORK)
    autumn = datetime(2024, 11, 3, 1, 30, 5, tzinfo=NEW_YORK, fold=1)
    chat = Turn(text="明天见", reply="好", id="b", occurred_at=autumn, lang="zh", seq=1)
    right = replace(rosa.turns[1], reply="How very deep?")
    rows = parsed(write_normal([replace(rosa, turns=(chat, *rosa.turns, right)), ming]))
    assert rows[:12] == [*ROWS[:2], ROWS[2] | {"text": "How very deep?"}, *ROWS[3:]]
    assert rows[12:] == [
        {"bank_id": "Rosa", "memory_id": "b'", "session": "",
         "date": "2024-11-03T01:30:05-05:00", "speaker": "exchange",
         "text": "Rosa：明天见\nAI伴侣：好", "user_text": "明天见", "ai_text": "好", "lang": "zh"},
    ]  # fmt: skip


def test_volumes_of_two_files_stay_apart(tmp_path):
    first = read_file(put(tmp_path, rows_text(ROWS), "1"), UTC)
    second = [
        replace(v, name=f"{v.name} 2") for v in read_file(put(tmp_path, rows_text(ROWS)), UTC)
    ]
    names = [row["bank_id"] for row in parsed(write_normal(first + second))]
    assert names == ["Rosa"] * 7 + ["明"] * 5 + ["Rosa 2"] * 7 + ["明 2"] * 5


def test_from_one_format_to_the_other(tmp_path):
    people = HISTORICAL["may 2023, turns as objects"]
    volumes = read_file(put(tmp_path, people), SHANGHAI)
    [first, _] = parsed(write_normal(volumes))
    assert first == {
        "bank_id": "李 明/Ming_01", "memory_id": "李 明/Ming_01_2023-04-27_0",
        "session": "2023-04-27", "date": "2023-04-27", "speaker": "exchange",
        "text": "李 明/Ming_01：我养了一只叫年糕的猫。\nAI伴侣：年糕真可爱！",
        "user_text": "我养了一只叫年糕的猫。", "ai_text": "年糕真可爱！", "lang": "zh",
    }  # fmt: skip
    back = read_file(put(tmp_path, write_normal(volumes)), SHANGHAI)
    said = people["李 明/Ming_01"]["history"]["2023-04-27"]
    assert json.loads(write_original(back))["李 明/Ming_01"]["history"] == {"2023-04-27": said}


def test_times_that_do_not_exist_or_exist_twice(tmp_path):
    times = ["2024-03-10T02:30", "2024-11-03T01:30", "2024-11-03T01:30-05:00", "2024-11-03T06:30Z"]
    rows = [ROWS[0] | {"memory_id": str(i), "date": t} for i, t in enumerate(times)]
    [volume] = read_file(put(tmp_path, rows_text(rows)), NEW_YORK)
    assert [t.occurred_at.astimezone(UTC).isoformat()[:16] for t in volume.turns] == [
        "2024-03-10T07:30", "2024-11-03T05:30", "2024-11-03T06:30", "2024-11-03T06:30",
    ]  # fmt: skip
    assert [r["date"] for r in parsed(write_normal([volume]))] == times


def without_key(row, key):
    return {k: v for k, v in row.items() if k != key}


@pytest.mark.parametrize(
    ("row", "cure"),
    [
        ("{'SECRET': 1}", "not valid JSON at character 2"),
        ('{"bank_id": "SECRET", "memory_id": "m", "memory_id": "n"}', "a key twice"),
        ('{"bank_id": "SECRET", "x": NaN}', "write null instead"),
        ('{"bank_id": "SECRET", "x": 1e999}', "write null instead"),
        ('{"bank_id": "SECRET", "x": ' + "9" * 5000 + "}", "too long to read"),
        ('{"bank_id": "SECRET", "x": ' + "[" * 70 + "]" * 70 + "}", "nested deeper than 64"),
        ('["SECRET"]', "a row is an object"),
        (ROWS[0], "is that of line 1"),
        (without_key(ROWS[0], "memory_id"), "its memory_id is missing"),
        (ROWS[0] | {"bank_id": 5}, "its bank_id is missing or not a text"),
        (ROWS[0] | {"bank_id": " Rosa"}, "spell them alike"),
        (ROWS[0] | {"memory_id": "z", "text": 5}, "its text is not a text"),
        (ROWS[0] | {"memory_id": "z", "ai_text": ["SECRET"]}, "its ai_text is not a text"),
        (ROWS[0] | {"memory_id": "z", "speaker": 5}, "its speaker is not a text"),
        (ROWS[0] | {"memory_id": "z", "session": True}, "its session is neither"),
        (ROWS[0] | {"memory_id": "z", "date": 20240203}, "its date is not a text"),
        (ROWS[0] | {"memory_id": "z", "date": "SECRET"}, "not a date: write 2023-04-27"),
        (ROWS[0] | {"memory_id": "z", "date": "2024-02-30"}, "not a date"),
        (ROWS[0] | {"memory_id": "z", "date": "2024-13"}, "not a date"),
        (ROWS[0] | {"memory_id": "z", "date": "2024-02-03T25:00"}, "not a date"),
        (ROWS[0] | {"memory_id": "z", "date": "0001-01-01T00:00+14:00"}, "correct the year"),
        (ROWS[0] | {"bank_id": "SECRET", "date": None}, "it has no date"),
    ],
)
def test_normal_refusals(tmp_path, row, cure):
    text = rows_text([ROWS[0]]) + "\n\n" + (row if isinstance(row, str) else json.dumps(row))
    error = refusal(path := put(tmp_path, text, "memories.jsonl"))
    assert error.line == 4
    assert cure in str(error)
    assert "SECRET" not in str(error).removeprefix(str(path))
