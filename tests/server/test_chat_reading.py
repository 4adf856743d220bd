"""What is read from a message list: places, marks, and prompts that a client makes for itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siliconfriend.server.chat.asides import is_aside
from siliconfriend.server.chat.dialogue import read
from siliconfriend.server.chat.reply import Gathered

MACHINE = [
    "Based on the chat history, give this conversation a name.\nKeep it short - 10 characters max, "
    "no quotes.",
    "Please generate a concise, 5-word-or-less title for the conversation, using its same "
    "language, with no punctuation.",
    "Summarize the discussion briefly in 200 words or less to use as a prompt for future context.",
    "Generate a title in less than 6 words for the following message:\nUser: hi\nAssistant: yes",
    "### Task:\nGenerate 1-3 broad tags categorizing the main themes of the chat history.\nJSON",
    "### Task:\nAnalyze the chat history to determine the necessity of generating search queries.\n"
    "Respond with JSON.",
    "使用四到五个字直接返回这句话的简要主题，不要解释、不要标点",
    "简要总结一下对话内容，用作后续的上下文提示 prompt，控制在 200 字以内",
    "请为这段对话起一个不超过十个字的标题，不要标点",
    "根据以上对话生成三个用户可能的后续问题，只返回 JSON 数组",
]
PEOPLE = [
    "Can you suggest a title for my poem about the sea? Keep it under five words.",
    "My therapist asked me to write a summary of our conversation yesterday. It was hard.",
    "Could you summarize our conversation so far?",
    "We had a long chat about tags on the cat's collar.",
    "I told Tom: generate a report in JSON. He laughed.",
    "What is the name of my cat?",
    "Give the following message a friendlier tone: please send the file.",
    "请给我的小说起个标题吧",
    "帮我总结一下我们今天聊的内容好吗？",
    "今天的对话让我很开心，谢谢你。",
    "我的作文要写800字，题目还没想好。",
    "我们聊天时他总是不要我解释。",
]


@pytest.mark.parametrize("prompt", MACHINE)
def test_a_clients_own_prompts_are_known(prompt):
    assert is_aside(prompt)


@pytest.mark.parametrize("said", PEOPLE)
def test_what_people_say_is_never_taken_for_one(said):
    assert not is_aside(said)
    assert not is_aside(said, "You are a warm companion. Reply in the user's language.")


def test_a_title_asked_by_a_system_prompt_is_known():
    system = "Generate a concise title for the conversation in at most 10 words. Return only it."
    assert is_aside("User: hi\nAssistant: hello\n", system)
    assert is_aside("User: 你好\nAssistant: 你好呀\n", "请为对话生成标题，不超过10个字，不要标点")


def chat(*texts: str) -> list[dict[str, str]]:
    roles = ("user", "assistant")
    return [{"role": roles[i % 2], "content": text} for i, text in enumerate(texts)]


@given(st.lists(st.text(max_size=12), min_size=1, max_size=9))
def test_a_place_follows_from_what_stands_before_and_from_nothing_else(texts):
    whole = read(chat(*texts))
    assert whole is not None
    for end in range(1, len(texts) + 1, 2):
        part = read(chat(*texts[:end]))
        assert part is not None
        assert part.newest.key == whole.steps[end // 2].key


def test_places_differ_where_anything_said_differs():
    one = read(chat("hello", "hi there", "what now?"))
    for other in (
        chat("hello", "hi you", "what now?"),
        chat("hallo", "hi there", "what now?"),
        chat("hello hi there", "", "what now?"),
        chat("what now?"),
    ):
        found = read(other)
        assert found and one and found.newest.key != one.newest.key
        assert found.newest.mark == one.newest.mark
    pictured = read([{"role": "user", "content": [
        {"type": "text", "text": "what now?"},
        {"type": "image_url", "image_url": {"url": "data:,x"}},
    ]}])  # fmt: skip
    assert pictured and one and pictured.newest.mark != one.newest.mark


def test_system_prompts_tools_thoughts_and_blanks_do_not_move_a_place():
    plain = read(chat("hello", "hi there", "what now?"))
    rich = read([
        {"role": "system", "content": "It is Monday."}, *chat("hello"),
        {"role": "assistant", "content": None, "tool_calls": []},
        {"role": "tool", "content": "42"},
        {"role": "assistant", "content": "<think>hm</think>\n hi there\n"},
        {"role": "user", "content": [{"type": "text", "text": "what now?"}]},
    ])  # fmt: skip
    assert plain and rich and plain.newest.key == rich.newest.key


def test_a_reply_is_gathered_from_pieces_cut_anywhere():
    lines = [
        'data: {"choices":[{"index":0,"delta":{"content":"你好，"}}]}', "", ": a comment",
        'data: {"choices":[{"index":1,"delta":{"content":"another choice"}}]}', "data: {broken",
        'data: {"choices":[{"index":0,"delta":{"content":"Emily"},"finish_reason":"stop"}]}',
        "data: [DONE]", "",
    ]  # fmt: skip
    data = "\r\n".join(lines).encode()
    for size in (1, 2, 3, 7, len(data)):
        gathered = Gathered()
        for start in range(0, len(data), size):
            gathered.feed(data[start : start + size])
        gathered.close()
        assert gathered.text == "你好，Emily"
        assert gathered.whole


def test_a_character_in_two_events_is_kept_whole():
    gathered = Gathered()
    for half in (b"Hi \\ud83d", b"\\ude00 there"):
        gathered.feed(b'data: {"choices":[{"index":0,"delta":{"content":"%s"}}]}\n\n' % half)
    assert gathered.text == "Hi \U0001f600 there"


@given(st.binary(max_size=300))
def test_no_bytes_break_the_gathering(data):
    gathered = Gathered()
    gathered.feed(b"data: " + data + b"\n\n")
    gathered.close()
    assert isinstance(gathered.text, str)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["role", "content", "text", "type", "choices", "message", "index"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_no_json_breaks_the_reading(value):
    assert Gathered().take(value) in (True, False)
    read([value] if isinstance(value, dict) else [{"role": "user", "content": value}])
