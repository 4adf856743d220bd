"""The drop-in proxy, with the official client and real sockets in front of a stubbed model."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from server.talking import (
    assistant,
    client_of,
    hang_up,
    openai,
    said,
    speaking_for,
    streamed,
    turns,
    user,
    whole,
)


@pytest.fixture(autouse=True)
def talk(tenant: str) -> Iterator[None]:
    speaking_for(tenant)
    yield
    hang_up()


@pytest.mark.parametrize("ask", [streamed, whole])
def test_an_exchange_is_stored_and_recalled_in_another_conversation(proxied, model, clock, ask):
    client = client_of(proxied)
    reply = ask(client, [user("My cat is called Miso.")])
    assert reply == "You said: My cat is called Miso."
    assert said(proxied) == [("My cat is called Miso.", reply)]
    clock.forward(days=3)
    ask(client, [user("What is my cat called?")])
    sent = model.asked[-1]["messages"]
    assert "Miso" in sent[-1]["content"] and sent[-1]["content"].startswith("<memory>")
    assert sent[-1]["content"].endswith("What is my cat called?")
    assert sent[0]["role"] == "system" and "<memory>" in sent[0]["content"]


def test_what_was_recalled_grows_stronger(proxied, clock, tenant):
    client = client_of(proxied)
    whole(client, [user("My cat is called Miso.")])
    clock.forward(days=3)
    whole(client, [user("What is my cat called?")])
    bank = proxied.house.open_bank(tenant, "me")
    first = turns(proxied)[0]
    assert [event.kind for event in bank.explain(first.id).events] == ["recall"]


def test_everything_unknown_passes_untouched(proxied, model):
    client = client_of(proxied)
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    messages = [
        {"role": "system", "content": "Be brief.", "name": "boss"},
        {"role": "user", "content": [{"type": "text", "text": "What is this?"}, picture]},
    ]
    made = client.chat.completions.create(
        model="echo", messages=messages, tools=tools, tool_choice="auto", seed=7,
        extra_body={"mirostat": 2, "nested": {"a": [1, None, "中"]}},
    )  # fmt: skip
    sent = model.asked[-1]
    assert sent["messages"] == messages  # there is nothing to recall yet
    assert sent["tools"] == tools and sent["seed"] == 7
    assert sent["mirostat"] == 2 and sent["nested"] == {"a": [1, None, "中"]}
    assert made.model_extra["mine"] == 1 and made.usage.total_tokens == 3


def test_notes_leave_pictures_and_system_prompts_as_they_are(proxied, model, clock):
    client = client_of(proxied)
    whole(client, [user("My cat is called Miso.")])
    clock.forward(days=3)
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    asked = {"type": "text", "text": "Is this my cat?"}
    whole(
        client,
        [{"role": "system", "content": "Be brief."}, {"role": "user", "content": [asked, picture]}],
    )
    system, last = model.asked[-1]["messages"]
    assert system["content"].startswith("Be brief.\n\n")
    assert last["content"][1:] == [asked, picture]
    assert "Miso" in last["content"][0]["text"]


def test_a_conversation_goes_on_and_its_beginning_is_stored_once(proxied):
    client = client_of(proxied)
    history: list[Any] = []
    for text in ("Good morning!", "I slept badly.", "It was the cat."):
        history.append(user(text))
        history.append(assistant(streamed(client, history)))
    assert [text for text, _ in said(proxied)] == [
        "Good morning!", "I slept badly.", "It was the cat.",
    ]  # fmt: skip
    assert len({turn.conversation for turn in turns(proxied)}) == 1


def test_what_the_client_still_shows_is_not_recalled(proxied, model):
    client = client_of(proxied)
    history = [user("My cat is called Miso.")]
    history.append(assistant(whole(client, history)))
    whole(client, [*history, user("What is my cat called?")])
    assert model.asked[-1]["messages"] == [*history, user("What is my cat called?")]


@pytest.mark.parametrize("before", [0, 1, 2])
def test_a_regeneration_supersedes(proxied, model, before):
    client = client_of(proxied)
    history: list[Any] = []
    for text in ("First of all, hello.", "Then the weather.")[:before]:
        history += [user(text), assistant(whole(client, [*history, user(text)]))]
    model.replies[:] = ["a poor reply", "a better reply", "a poor reply"]
    for _ in range(3):
        whole(client, [*history, user("Tell me about Tess.")])
    mine = [pair for pair in said(proxied) if pair[0] == "Tell me about Tess."]
    assert mine == [("Tell me about Tess.", "a poor reply")]
    replaced = [t.reply for t in turns(proxied, standing=False) if t.text == "Tell me about Tess."]
    assert replaced == ["a poor reply", "a better reply", "a poor reply"]


def test_the_same_request_again_is_stored_once(proxied):
    client = client_of(proxied)
    for _ in range(2):
        whole(client, [user("Hello there.")])
    assert len(turns(proxied, standing=False)) == 1


def test_the_same_opening_days_later_is_a_new_conversation(proxied, model, clock):
    client = client_of(proxied)
    model.replies[:] = ["Hello!", "Hello again!"]
    whole(client, [user("Hi, how are you today?")])
    clock.forward(days=1)
    whole(client, [user("Hi, how are you today?")])
    assert [reply for _, reply in said(proxied)] == ["Hello!", "Hello again!"]
    assert len({turn.conversation for turn in turns(proxied)}) == 2


def test_a_named_conversation_is_told_apart_at_once(proxied, model):
    client = client_of(proxied)
    model.replies[:] = ["Hello!", "Hello again!"]
    for name in ("a", "b"):
        headers = {"X-Memory-Conversation": name}
        whole(client, [user("Hi, how are you today?")], extra_headers=headers)
    assert len(said(proxied)) == 2


def test_an_edited_message_branches(proxied):
    client = client_of(proxied)
    history = [user("Good morning!")]
    history.append(assistant(whole(client, history)))
    whole(client, [*history, user("I flew to Osaka.")])
    whole(client, [*history, user("I flew to Kyoto.")])
    first, old, new = turns(proxied)
    assert (old.text, new.text) == ("I flew to Osaka.", "I flew to Kyoto.")
    assert old.conversation == first.conversation != new.conversation


def test_a_client_that_sends_only_the_end_of_its_list_stays_in_its_conversation(proxied):
    client = client_of(proxied)
    history: list[Any] = []
    for text in ("One was a racehorse.", "Two was one too.", "One won one race.", "Two won one."):
        history.append(user(text))
        history.append(assistant(whole(client, history[-3:])))
    assert len({turn.conversation for turn in turns(proxied)}) == 1


ASIDES = [
    "### Task:\nGenerate a concise, 3-5 word title with an emoji summarizing the chat history.\n"
    '### Output:\nJSON format: { "title": "…" }\n<chat_history>\nUSER: hi\n</chat_history>',
    "使用四到五个字直接返回这句话的简要主题，不要解释、不要标点、不要语气词",
    "### Task:\nSuggest 3-5 follow-up questions the user might ask in this conversation. JSON.",
    "根据以上对话生成三个用户可能的后续问题，只返回 JSON 数组",
]


@pytest.mark.parametrize("prompt", ASIDES)
def test_what_a_client_asks_for_itself_is_passed_by_and_not_stored(proxied, model, prompt):
    client = client_of(proxied)
    whole(client, [user("My cat is called Miso.")])
    history = [user("My cat is called Miso."), assistant("Nice."), user(prompt)]
    whole(client, history)
    assert model.asked[-1]["messages"] == history
    assert len(said(proxied)) == 1


def test_a_header_turns_memory_off_for_one_call(proxied, model, clock):
    client = client_of(proxied)
    whole(client, [user("My cat is called Miso.")])
    clock.forward(days=1)
    whole(client, [user("What is my cat called?")], extra_headers={"X-Memory": "off"})
    assert model.asked[-1]["messages"] == [user("What is my cat called?")]
    whole(client, [user("What is my cat called?")], extra_headers={"X-Memory": "read"})
    assert "Miso" in model.asked[-1]["messages"][-1]["content"]
    assert len(said(proxied)) == 1


def test_the_bank_comes_from_key_header_and_user(proxied):
    whole(client_of(proxied), [user("I am Emily.")], user="emily")
    whole(client_of(proxied), [user("我是曼婷。")], extra_headers={"X-Memory-Bank": "%E6%9B%BC"})
    whole(client_of(proxied, bank="zoe"), [user("I am Zoe.")], user="emily")
    assert said(proxied, "emily")[0][0] == "I am Emily."
    assert said(proxied, "曼")[0][0] == "我是曼婷。"
    assert said(proxied, "zoe")[0][0] == "I am Zoe."
    assert len(said(proxied, "emily")) == 1
    with pytest.raises(openai.NotFoundError):
        whole(
            client_of(proxied, bank="zoe"),
            [user("x y z")],
            extra_headers={"X-Memory-Bank": "emily"},
        )


def test_our_key_goes_up_and_the_clients_does_not(proxied, model):
    client = client_of(proxied)
    whole(client, [user("Hello there.")])
    assert model.headers[-1]["authorization"] == "Bearer sk-upstream"
    assert client.api_key not in str(model.headers[-1]) + str(model.asked[-1])


def test_a_client_that_leaves_in_the_middle_loses_nothing(proxied, model):
    client = client_of(proxied)
    model.replies[:] = ["one two three four five"]
    stream = client.chat.completions.create(
        model="waiting", messages=[user("Count to five.")], stream=True
    )
    got = [next(stream).choices[0].delta.content for _ in range(3)]
    assert got == ["one", " two", " three"]
    stream.close()
    assert model.hung_up.wait(5), "the model is not kept busy for nobody"
    until = threading.Event()
    for _ in range(200):
        if turns(proxied)[0].reply:
            break
        until.wait(0.02)
    assert said(proxied) == [("Count to five.", "one two three … [broke off here]")]


@pytest.mark.parametrize(
    ("name", "status", "kept"),
    [
        ("500", 500, None), ("429", 429, None), ("400", 400, None), ("401", 502, None),
        ("html", 502, None), ("moved", 502, None),
    ],
)  # fmt: skip
@pytest.mark.parametrize("stream", [True, False])
def test_a_model_that_fails_is_a_clear_status_and_no_harm(proxied, name, status, kept, stream):
    client = client_of(proxied)
    with pytest.raises(openai.APIStatusError) as failed:
        client.chat.completions.create(
            model=name, messages=[user("My sister called.")], stream=stream
        )
    assert failed.value.status_code == status
    if status == 429:
        assert failed.value.response.headers["retry-after"] == "7"
    assert said(proxied) == [("My sister called.", kept)]
    assert whole(client, [user("My sister called.")]) == "You said: My sister called."
    assert said(proxied) == [("My sister called.", "You said: My sister called.")]


def test_a_stream_that_breaks_off_says_so_and_is_kept_as_half(proxied):
    client = client_of(proxied)
    with pytest.raises(openai.APIError, match="broke off"):
        streamed(client, [user("One two three four five.")], "truncated")
    assert said(proxied) == [("One two three four five.", "You said: One … [broke off here]")]


@pytest.mark.parametrize("ask", [streamed, whole])
def test_an_empty_reply_keeps_what_the_user_said(proxied, ask):
    assert ask(client_of(proxied), [user("My sister called.")], "empty") in ("", "None")
    assert said(proxied) == [("My sister called.", None)]


def test_a_reply_at_its_length_is_kept_as_cut(proxied):
    streamed(client_of(proxied), [user("Good morning!")], "cut")
    assert said(proxied) == [("Good morning!", "You said: Good morning! … [broke off here]")]


def test_tools_are_called_and_the_exchange_is_one_turn(proxied):
    client = client_of(proxied)
    asked = [user("What is the weather?")]
    made = client.chat.completions.create(model="tools", messages=asked)
    call = made.choices[0].message
    assert call.tool_calls[0].function.name == "f"
    result = {"role": "tool", "tool_call_id": "c1", "content": "sunny"}
    whole(client, [*asked, call.model_dump(exclude_none=True), result], "tools")
    assert said(proxied) == [("What is the weather?", "You said: What is the weather?")]


def test_what_was_said_before_without_a_reply_is_kept_too(proxied):
    whole(client_of(proxied), [user("Tess is my sister."), user("And Ben my brother.")])
    assert [text for text, _ in said(proxied)] == ["Tess is my sister.", "And Ben my brother."]


def test_models_are_listed(proxied):
    assert [found.id for found in client_of(proxied).models.list()] == ["echo"]


@pytest.mark.parametrize("scopes", [["read"], ["write"], ["erase"]])
def test_a_key_that_may_not_is_refused(proxied, model, scopes):
    with pytest.raises(openai.PermissionDeniedError, match="may not"):
        whole(client_of(proxied, scopes=scopes), [user("Hello there.")])
    assert not model.asked


def test_a_wrong_key_is_refused(proxied, model):
    client = client_of(proxied)
    client.api_key = client.api_key[:-4] + "AAAA"
    with pytest.raises(openai.AuthenticationError):
        whole(client, [user("Hello there.")])
    assert not model.asked


@pytest.mark.parametrize(
    ("text", "words"), [("I want to kill myself.", "emergency"), ("我不想活了。", "急救")]
)
@pytest.mark.parametrize("ask", [streamed, whole])
def test_where_there_is_concern_help_stands_before_the_reply(proxied, model, ask, text, words):
    client = client_of(proxied)
    reply = ask(client, [user(text)])
    assert reply.endswith(f"You said: {text}") and words in reply
    assert "distress" in model.asked[-1]["messages"][0]["content"] or "痛苦" in str(model.asked[-1])
    assert said(proxied) == [(text, f"You said: {text}")]


@pytest.mark.parametrize("ask", [streamed, whole])
@pytest.mark.parametrize("name", ["html", "401", "moved"])
def test_help_is_shown_though_the_model_fails(proxied, ask, name):
    reply = ask(client_of(proxied), [user("I want to kill myself.")], name)
    assert "emergency" in reply


def test_in_distress_no_memory_is_used_against_the_person(proxied, model, clock):
    client = client_of(proxied)
    whole(client, [user("I keep a bottle of sleeping pills in the kitchen drawer.")])
    whole(client, [user("My friend Ben always makes me laugh.")])
    clock.forward(days=1)
    whole(client, [user("I want to kill myself, with pills, or ask my friend Ben.")])
    sent = str(model.asked[-1]["messages"])
    assert "kitchen drawer" not in sent and "makes me laugh" in sent


def test_words_are_stored_before_the_model_answers(proxied, model):
    client = client_of(proxied)
    stream = client.chat.completions.create(
        model="waiting", messages=[user("One two three four.")], stream=True
    )
    next(stream)
    assert said(proxied) == [("One two three four.", None)]
    model.go_on.set()
    assert "".join(c.choices[0].delta.content or "" for c in stream)
    assert said(proxied)[0][1] == "You said: One two three four."


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'{"messages": []}', b'{"messages": {}}', b'{"messages": [1]}',
     b"[" * 100_000, b'{"messages": [{"role": "user", "content": "x"}]'],
)  # fmt: skip
def test_a_body_that_is_none_is_a_400_in_both_forms(proxied, model, body):
    client = client_of(proxied)
    answer = client._client.post(
        f"{client.base_url}chat/completions", content=body,
        headers={"Authorization": f"Bearer {client.api_key}", "Content-Type": "application/json"},
    )  # fmt: skip
    assert answer.status_code == 400
    told = answer.json()
    assert told["cure"] and told["error"]["message"]
    assert not model.asked


def test_strange_messages_do_no_harm(proxied):
    client = client_of(proxied)
    strange: list[Any] = [
        {"role": "user"}, {"role": "user", "content": None}, {"role": 7, "content": 7},
        {"content": "x"}, {"role": "user", "content": [1, {"type": "text"}, {"text": 5}]},
        {"role": "assistant", "content": "\ud800"}, {"role": "user", "content": "Good morning!"},
    ]  # fmt: skip
    post = client._client.post
    headers = {"Authorization": f"Bearer {client.api_key}"}
    url = f"{client.base_url}chat/completions"
    answer = post(
        url, json={"model": "echo", "messages": strange[:5] + strange[6:]}, headers=headers
    )
    assert answer.status_code == 200
    content = b'{"model":"echo","messages":[{"role":"user","content":"Good \\ud800 morning"}]}'
    headers["Content-Type"] = "application/json"
    assert post(url, content=content, headers=headers).status_code == 200
    assert "Good morning!" in [text for text, _ in said(proxied)]


def test_personal_data_is_masked_before_it_leaves_and_kept_as_it_was_said():
    from siliconfriend.server.chat.upstream import _masked

    said = "Mail me at clara@example.com, or 打我手机13812345678。"
    picture = {"type": "image_url", "image_url": {"url": "data:x"}}
    for content in (said, [{"type": "text", "text": said}, picture]):
        shown = _masked({"role": "user", "content": content, "name": "c"})
        assert "clara@example.com" not in str(shown) and "13812345678" not in str(shown)
        assert "5678" in str(shown) and shown["name"] == "c"
    assert shown["content"][1] == picture
    assert _masked({"role": "assistant", "content": None}) == {"role": "assistant", "content": None}
