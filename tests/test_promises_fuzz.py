"""Whatever a model replies: it is judged or read, or refused as a bad reply; no more happens."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memorybank.errors import BadReply
from memorybank.judge import judged
from memorybank.portray import read_insight
from memorybank.summarise import Said

SAID = [
    Said(4, "I adopted a grey cat called Miso.", "", 0.5),
    Said(9, "我姐姐在里昂上班。", "好", 0.5),
]
LINES = st.sampled_from([
    "- Has a grey cat called Miso [1].", "心情：满足", "[999999999999999999999]", "[1,1,,2]", "1)",
    "- ", "Reply: ask", "```json", "{", "【2】", "(turns 1, 2)", "：", ":", "#" * 50, "**",
])  # fmt: skip
REPLIES = st.lists(LINES | st.text(max_size=40), max_size=8).map("\n".join)


@pytest.mark.parametrize("lang", ["en", "zh"])
@settings(max_examples=80)
@given(REPLIES)
def test_a_reply_is_judged_or_refused(lang: str, reply: str):
    with suppress(BadReply):
        kept = judged(reply, lang=lang, material="m", instruction="Write it.", most=500)  # type: ignore[arg-type]
        assert kept.strip() and len(kept) <= 500


@pytest.mark.parametrize("lang", ["en", "zh"])
@settings(max_examples=80)
@given(REPLIES)
def test_an_insight_stands_on_turns_that_are_there(lang: str, reply: str):
    reading = read_insight(reply, SAID, lang)  # type: ignore[arg-type]
    for draft in reading.drafts:
        assert draft.sources and set(draft.sources) <= {4, 9} and draft.text.strip()
