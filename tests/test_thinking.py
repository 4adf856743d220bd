"""Thoughts of reasoning models are taken out of replies, wherever the pieces break."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memorybank.adapters.thinking import without_thoughts

WHOLE = "<think>\n她想养猫。She wants a cat.\n</think>\n\n养吧！Do it: 2 < 3 > 1."
SAID = "养吧！Do it: 2 < 3 > 1."


def said(*pieces: str, thinking: bool = False) -> str:
    return "".join(without_thoughts(pieces, thinking=thinking))


@given(st.sets(st.integers(0, len(WHOLE))))
def test_however_a_reply_is_cut_up(cuts: set[int]):
    ends = [0, *sorted(cuts), len(WHOLE)]
    pieces = [WHOLE[a:b] for a, b in itertools.pairwise(ends)]
    assert said(*pieces) == SAID


@given(st.lists(st.text("<>/think ab", max_size=6)))
def test_no_whole_thought_is_ever_said(pieces: list[str]):
    reply = said(*pieces)
    assert "<think>" not in "".join(without_thoughts([reply])) and "think>x</think" not in reply
    assert said(*pieces) == said("".join(pieces))


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (["No thought at all."], "No thought at all."),
        (["a < b, a <t> b, <", "thin", " air"], "a < b, a <t> b, <thin air"),
        (["It ends on <thi"], "It ends on <thi"),
        (["<think>", "never ends"], ""),
        (["Yes.<think>hm", "</think> No."], "Yes. No."),
        (["<thinking>a </think> b</thinking>c"], "c"),
        (["<think>a</think><think>b</think>", "c"], "c"),
        ([" \n", " Hi"], "Hi"),
        ([], ""),
    ],
)
def test_by_hand(pieces: list[str], expected: str):
    assert said(*pieces) == expected


def test_a_thought_that_the_prompt_began():
    assert said("She wants", " a cat.</thi", "nk>\nDo it.", thinking=True) == "Do it."


def test_pieces_are_not_held_back_for_nothing():
    reply = without_thoughts(iter(["One ", "two ", "<", "3"]))
    assert [next(reply), next(reply), next(reply)] == ["One ", "two ", "<3"]
