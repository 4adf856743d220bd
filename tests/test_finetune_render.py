"""What of a dialogue is learnt, what is cut, and the settings of the presets."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memorybank.adapters.transformers.families import BELLE, CHATGLM, Template
from memorybank.errors import BadSetting
from siliconfriend.finetune.presets import PRESETS, held_out_of, preset_named, targets_of
from siliconfriend.finetune.render import IGNORED, Coder, Limits, render

END, BOS = 1, 2
CODER = Coder(lambda text: [ord(c) for c in text], END, (BOS,))
WIDE = Limits(100_000)


def text_of(ids):
    return "".join(chr(i) if i > 9 else {END: "■", BOS: "▶"}[i] for i in ids)


def dialogue(*texts):
    return tuple((("user", "assistant")[i % 2], text) for i, text in enumerate(texts))


def learnt(sample):
    return text_of([label for label in sample.labels if label != IGNORED])


def one(talk, form=BELLE, limits=WIDE):
    done = render([talk], form, CODER, limits)
    return (done.samples[0] if done.samples else None), done


def test_what_is_learnt_is_the_companions_words_and_their_end():
    sample, _ = one(dialogue("hi", "hello", "cat?", "Miso"))
    assert learnt(sample) == "hello■Miso■"
    # The history of a chat has no end mark, so none stands there; only at the very end.
    assert text_of(sample.ids) == (
        "▶Human: hi\n\nAssistant: hello\n\nHuman: cat?\n\nAssistant: Miso■"
    )
    assert len(sample.ids) == len(sample.labels)


def test_the_end_is_learnt_right_after_the_last_word():
    sample, _ = one(dialogue("hi", "hello", "cat?", "Miso"), CHATGLM)
    after = text_of(sample.ids).index("hello") + len("hello")
    assert sample.labels[after] == END and sample.ids[after] == ord("\n")
    assert sample.labels[after + 1] == IGNORED


def test_a_template_brings_its_own_end_mark():
    def chatml(messages, opened):
        text = "".join(f"<{m['role']}>{m['content']}</>\n" for m in messages)
        return text + ("<assistant>" if opened else "")

    sample, _ = one(dialogue("hi", "hello", "cat?", "Miso"), Template(chatml))
    assert learnt(sample) == "hello</>Miso</>"


said = st.text("ab 猫。\n", min_size=1, max_size=12).map(str.strip).filter(bool)


@given(
    st.lists(said, min_size=2, max_size=8), st.integers(20, 200), st.sampled_from([BELLE, CHATGLM])
)
def test_within_any_limit_a_prefix_of_the_replies_is_learnt_and_nothing_else(texts, limit, form):
    talk = dialogue(*texts[: len(texts) // 2 * 2])
    sample, done = one(talk, form, Limits(limit))
    if sample is None:
        assert done.left_out == 1
        return
    assert len(sample.ids) <= limit
    replies = [form.parts([{"role": r, "content": t} for r, t in talk][: 2 * n + 2])[-1].text
               for n in range(len(talk) // 2)]  # fmt: skip
    whole = "".join(f"{reply}■" for reply in replies)
    assert whole.startswith(learnt(sample))
    if done.cut_in_reply == 0:
        assert learnt(sample).endswith("■")
    for token, label in zip(sample.ids, sample.labels, strict=True):
        assert label in (IGNORED, token, END)


def test_a_long_dialogue_is_cut_at_a_turn_and_counted():
    talk = dialogue("a" * 20, "b" * 20, "c" * 20, "d" * 20, "e" * 20, "f" * 20)
    sample, done = one(talk, limits=Limits(130))
    assert learnt(sample) == "b" * 20 + "■" + "d" * 20 + "■"
    assert (done.cut_at_turn, done.cut_in_reply, done.left_out) == (1, 0, 0)
    assert "1 cut at a turn" in "\n".join(done.lines(False))
    assert "1 段在某一轮处截断" in "\n".join(done.lines(True))


def test_a_first_reply_that_is_too_long_is_shortened_without_an_end():
    sample, done = one(dialogue("a", "b" * 500), limits=Limits(100))
    assert set(learnt(sample)) == {"b"} and len(sample.ids) == 100
    assert (done.cut_at_turn, done.cut_in_reply) == (0, 1)


def test_a_question_that_leaves_no_room_is_left_out_and_counted():
    sample, done = one(dialogue("a" * 500, "b"), limits=Limits(100))
    assert sample is None and done.left_out == 1


def test_replies_have_a_limit_of_their_own():
    sample, done = one(dialogue("q", "b" * 50, "r", "dd"), limits=Limits(1000, reply=10))
    assert learnt(sample) == "b" * 10 + "dd■"
    assert done.cut_in_reply == 1


def test_a_template_that_teaches_the_last_reply_only_falls_back_to_an_earlier_one():
    def forgetful(messages, opened):
        text = messages[-1]["content"] + "</>" if not opened else ""
        return "|".join(m["content"] for m in messages if m["role"] == "user") + ">" + text

    talk = dialogue("q1", "a1", "q" * 90, "a2")
    sample, done = one(talk, Template(forgetful), Limits(60))
    assert learnt(sample) == "a1</>"
    assert done.cut_at_turn == 1


def test_the_originals_settings():
    glm, belle = PRESETS["chatglm"], PRESETS["belle"]
    assert (glm.rank, glm.alpha, glm.dropout, glm.learning_rate) == (8, 32, 0.1, 1e-4)
    assert (glm.max_length, glm.reply_length, glm.epochs) == (1024 + 256, 256, 4)
    assert (glm.batch, glm.accumulation) == (6, 8)
    assert (belle.rank, belle.alpha, belle.dropout, belle.learning_rate) == (8, 16, 0.05, 2e-5)
    assert (belle.max_length, belle.epochs, belle.warmup) == (1024, 3, 10)
    assert (belle.batch, belle.accumulation) == (1, 16)
    assert [held_out_of(belle, n) for n in (1, 2, 50, 10_000, 55_165)] == [0, 0, 5, 1000, 1000]


def test_which_layers_a_preset_adapts():
    llama = {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj", "lm_head"}
    bloom = {"query_key_value", "dense", "dense_h_to_4h", "dense_4h_to_h", "lm_head"}
    glm = {"q_proj", "k_proj", "v_proj", "o_proj", "gate_up_proj", "down_proj", "lm_head"}
    belle = PRESETS["belle"]
    assert set(targets_of(belle, llama)) == llama - {"o_proj", "lm_head"}
    assert targets_of(belle, bloom) == ["query_key_value"]
    assert set(targets_of(PRESETS["chatglm"], glm)) == {"q_proj", "k_proj", "v_proj"}
    assert set(targets_of(PRESETS["default"], bloom)) == bloom - {"lm_head"}
    with pytest.raises(BadSetting, match="c_attn") as caught:
        targets_of(belle, {"c_attn"})
    assert "--targets" in caught.value.say("zh")


def test_an_unknown_preset_lists_the_known():
    with pytest.raises(BadSetting, match="chatglm, belle, default"):
        preset_named("qlora")
    assert replace(preset_named("belle"), rank=4).rank == 4
