"""What is not brought up: painful memories, and in distress anything but support."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from memorybank.records import Recalled, Why
from siliconfriend.safety import Concern
from siliconfriend.tact import painful, withhold

PAINFUL = [
    "My grandmother died in spring.",
    "We broke up last week.",
    "I was diagnosed with cancer.",
    "My father used to beat me.",
    "I failed my exam and my teacher laughed at me.",
    "They fired me in front of everyone.",
    "I lost my baby in the fourth month.",
    "I feel so ashamed of what I did.",
    "We had to put Rex to sleep.",
    "Everyone mocked my stutter.",
    "爷爷去年去世了。",
    "我和他分手了。",
    "妈妈确诊了癌症。",
    "爸爸以前总打我。",
    "我高考失败了，被大家嘲笑。",
    "我被公司辞退了。",
    "狗狗昨天走了，难过。",
    "我流产了。",
    "那次演讲太丢人了。",
    "我离婚了。",
]
HARMLESS = [
    "I adopted a grey cat called Miso.",
    "My sister's birthday is on March 21st.",
    "We hiked up the hill and had a picnic.",
    "I'm learning to bake sourdough.",
    "Nora showed me her garden.",
    "I play the cello on Sundays.",
    "我收养了一只灰猫，叫米粒。",
    "姐姐的生日是三月二十一号。",
    "我们去爬山野餐了。",
    "我在学做面包。",
    "死党下个月来看我。",
]


@pytest.mark.parametrize("text", PAINFUL)
def test_what_hurts_is_known(text):
    assert painful(text)


@pytest.mark.parametrize("text", HARMLESS)
def test_what_does_not_is_let_be(text):
    assert not painful(text)


def hit(text: str, **more: object) -> Recalled:
    return Recalled(
        id=text,
        external_id=None,
        kind="turn",
        when=datetime(2026, 3, 1, tzinfo=UTC),
        text=text,
        score=1.0,
        retention=0.9,
        faded=False,
        why=Why(signals=()),
        **more,  # type: ignore[arg-type]
    )


SELF = Concern("self_harm", "self")


@pytest.mark.parametrize(
    "text",
    [
        "I adopted a grey cat called Miso.",
        "My best friend Ada makes me laugh.",
        "我收养了一只猫，叫米粒。",
        "我最喜欢和妹妹散步。",
    ],
)
def test_people_animals_and_things_loved_may_stay(text):
    assert [h.text for h in withhold([hit(text)], SELF)] == [text]


@pytest.mark.parametrize(
    "text",
    [
        *PAINFUL,
        "My friend says the sleeping pills work well.",
        "We love the view from the roof of our building.",
        "I like hunting with my father's rifle.",
        "我和朋友喜欢在天台看星星。",
        "妈妈把安眠药放在床头柜。",
        "I want to kill myself.",
        "The invoice number is 4411.",
        "发票号码是 4411。",
    ],
)
def test_pain_means_and_what_does_not_help_are_withheld(text):
    assert withhold([hit(text)], SELF) == ()


def test_what_nobody_vouches_for_is_withheld():
    assert withhold([hit("My friend Ada loves you.", trusted=False)], SELF) == ()


@pytest.mark.parametrize(
    ("text", "by", "stays"),
    [
        ("My husband makes lovely pancakes.", "partner", False),
        ("My husband makes lovely pancakes.", "", False),
        ("My husband makes lovely pancakes.", "parent", True),
        ("我老公做的饭我很喜欢。", "partner", False),
        ("My dog Rex loves the beach.", "", True),
        ("我的猫米粒很可爱，我很爱它。", "", True),
    ],
)
def test_who_does_harm_is_not_praised(text, by, stays):
    found = Concern("abuse", "self", by)
    assert bool(withhold([hit(text)], found)) == stays
    assert bool(withhold([hit(text)], SELF))


def test_the_order_is_kept():
    texts = ["My cat is called Miso.", "My grandmother died.", "I love the cello."]
    assert [h.text for h in withhold(map(hit, texts), SELF)] == [texts[0], texts[2]]
