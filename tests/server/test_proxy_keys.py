"""Several keys for the model's server are used in turn, over a real line."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from memorybank.settings import Settings
from memorybank.testing import HashEmbedder
from server.serving import Model, free_port, on_air
from server.talking import client_of, hang_up, openai, said, speaking_for, streamed, user, whole
from siliconfriend.server.app import Served, build
from siliconfriend.server.house import House
from siliconfriend.server.settings import Serving

ASK = pytest.mark.parametrize("ask", [streamed, whole])
SAID = {"en": "My sister called.", "zh": "我妹妹打电话来了。"}


@pytest.fixture
def keyed(model: Model, tmp_path_factory: pytest.TempPathFactory, tenant: str) -> Iterator[Served]:
    """Our server with three keys for the model's."""
    for heard in (model.asked, model.headers, model.refused):
        heard.clear()
    speaking_for(tenant)
    options = {"openai": {"base_url": model.url, "api_key": "sk-one, sk-two, sk-three"}}
    house = House.open(
        Settings(home=tmp_path_factory.mktemp("keyed"), zone="UTC", llm="openai:echo",
                 options=options),
        Serving(port=free_port(), stop_seconds=3.0), embedder=HashEmbedder(), llm=None,
    )  # fmt: skip
    served = build(house, worker=False)
    with on_air(served):
        yield served
        hang_up()


def keys(model: Model) -> list[str]:
    return [headers["authorization"].removeprefix("Bearer sk-") for headers in model.headers]


@ASK
@pytest.mark.parametrize("status", [401, 402, 403, 429, 503])
def test_a_key_that_is_refused_gives_way_to_the_next(keyed, model, ask, status):
    model.refused["sk-one"] = (status, "60")
    client = client_of(keyed)
    for text in SAID.values():
        assert ask(client, [user(text)]) == f"You said: {text}"
    assert keys(model) == ["one", "two", "two"], "the key that was taken is the first one then"
    assert said(keyed) == [(text, f"You said: {text}") for text in SAID.values()]
    model.refused = {"sk-two": (429, ""), "sk-three": (401, "")}
    ask(client, [user("Good morning!")])
    assert keys(model)[3:] == ["two", "three", "one"], "and round again"


@ASK
@pytest.mark.parametrize(
    ("met", "status", "wait"),
    [
        ([(429, "30"), (429, "9"), (429, "20")], 429, "9"),
        ([(401, ""), (429, ""), (403, "")], 429, None),
        ([(429, ""), (429, "40"), (401, "")], 429, "40"),
        ([(401, ""), (403, ""), (401, "")], 502, None),
        ([(503, "8"), (429, "9"), (402, "")], 503, "8"),
    ],
)
def test_where_no_key_will_do_the_shortest_wait_is_told(keyed, model, ask, met, status, wait):
    model.refused = dict(zip(("sk-one", "sk-two", "sk-three"), met, strict=True))
    with pytest.raises(openai.APIStatusError) as failed:
        ask(client_of(keyed), [user(SAID["en"])])
    assert failed.value.status_code == status
    assert failed.value.response.headers.get("retry-after") == wait
    assert keys(model) == ["one", "two", "three"], "each once"
    assert said(keyed) == [(SAID["en"], None)], "what was said is kept, once"


@ASK
@pytest.mark.parametrize("name", ["400", "404", "500"])
def test_what_has_nothing_to_do_with_the_key_is_asked_once(keyed, model, ask, name):
    with pytest.raises(openai.APIStatusError) as failed:
        ask(client_of(keyed), [user(SAID["zh"])], name)
    assert failed.value.status_code == int(name)
    assert keys(model) == ["one"]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_key_is_told_to_anybody(keyed, model, lang, caplog):
    model.refused = dict.fromkeys(("sk-one", "sk-two", "sk-three"), (403, ""))
    with pytest.raises(openai.APIStatusError) as failed:
        whole(client_of(keyed), [user(SAID[lang])], extra_headers={"Accept-Language": lang})
    told = failed.value.response.text
    assert {"en": "does not accept the key", "zh": "不接受"}[lang] in told
    assert "sk-" not in told + caplog.text


def test_the_list_of_models_goes_by_the_same_keys(keyed, model):
    model.refused["sk-one"] = (401, "")
    assert [found.id for found in client_of(keyed).models.list()] == ["echo"]
    assert keys(model) == ["one", "two"]
    assert whole(client_of(keyed), [user("Good morning!")]) == "You said: Good morning!"
    assert keys(model)[2:] == ["two"]
