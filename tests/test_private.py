"""Personal data by rule: what is found, what is left alone, and that no model sees it if so set."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memorybank import MemoryBank
from memorybank.errors import BadSetting
from memorybank.models import Style, complete, guarded, load_llm
from memorybank.private import find, is_card, is_identity, masked
from memorybank.records import Lang
from memorybank.testing import Clock, ScriptedLLM
from siliconfriend.friend import Friend, Manner

BOTH = pytest.mark.parametrize("lang", ["en", "zh"])
# Made up, or the examples of the standards; the sums fit.
FOUND = [
    ("email", "ann.lee+x@mail.example.com", "write to ann.lee+x@mail.example.com, please"),
    ("email", "xiaoming@example.cn", "邮箱是xiaoming@example.cn，谢谢"),
    ("mobile", "13812345678", "我的手机13812345678，晚上打"),
    ("mobile", "138 1234 5678", "call me at 138 1234 5678."),
    ("mobile", "+86-138-1234-5678", "tel +86-138-1234-5678"),
    ("mobile", "19912340000", "（19912340000）"),
    ("identity", "11010519491231002X", "身份证号11010519491231002X。"),
    ("identity", "11010519491231002x", "my id: 11010519491231002x"),
    ("card", "4111 1111 1111 1111", "card 4111 1111 1111 1111, 12/27"),
    ("card", "4111111111111111", "卡号4111111111111111"),
    ("card", "6222020200000000006", "工行卡6222020200000000006在我这"),
    ("key", "sk-abcDEF1234567890abcdefGH", "the key is sk-abcDEF1234567890abcdefGH ok"),
    ("key", "AKIAABCDEFGHIJKLMNOP", "用 AKIAABCDEFGHIJKLMNOP 登录"),
    ("key", "ghp_" + "a1B2" * 9, "token: ghp_" + "a1B2" * 9),
]
LEFT = [
    "2026-03-02 09:00:00", "20260302090000", "20260302090000123", "2026年3月2日", "03/02/2026",
    "1700000000", "1700000000000", "1700000000000000", "3.14159265358979323846", "¥13812345.67",
    "138123456789 元", "978-7-111-40701-0", "9787111407010", "ISBN 978 7 111 40701 0",
    "订单号：13812345678", "order no. 13812345678", "Tracking #13812345678",
    "单号是4111111111111111",
    "110105194912310021", "11010519491331002X", "4111111111111112", "0000000000000000",
    "1234567890123456", "call 12345678901", "ann@localhost", "@ann", "a@b", "sk-short",
    "电话 010-12345678",
    "138.1234.5678", "v1.13812345678", "uuid 018f4e2a-1381-7345-8678-138123456789",
    "第13812次，共345678页", "100,000,000,000,000", "6222-0202",
    "task-management-system-for-everybody",
]  # fmt: skip


@pytest.fixture
def mine(bank: MemoryBank, bank_zh: MemoryBank, lang: Lang) -> MemoryBank:
    return {"en": bank, "zh": bank_zh}[lang]


@pytest.mark.parametrize(("kind", "said", "text"), FOUND)
def test_what_names_a_person_is_found_where_it_stands(kind: str, said: str, text: str):
    assert [(p.kind, text[p.start : p.end]) for p in find(text)] == [(kind, said)]


@pytest.mark.parametrize("text", LEFT)
def test_what_only_looks_alike_is_left_alone(text: str):
    for whole in (text, f"see {text}, ok", f"是{text}。"):
        assert find(whole) == [], whole
        assert masked(whole, "en") == whole


@pytest.mark.parametrize(
    ("said", "en", "zh"),
    [
        ("13812345678", "[mobile number …5678]", "[手机号 …5678]"),
        ("11010519491231002X", "[identity number …002X]", "[身份证号 …002X]"),
        ("4111 1111 1111 1111", "[bank card …1111]", "[银行卡号 …1111]"),
        ("ann@example.com", "[e-mail address]", "[邮箱]"),
        ("sk-abcDEF1234567890abcdefGH", "[key …efGH]", "[密钥 …efGH]"),
    ],
)
def test_a_mask_keeps_the_kind_and_the_last_signs(said: str, en: str, zh: str):
    assert masked(f"a {said} b", "en") == f"a {en} b"
    assert masked(f"甲{said}，乙", "zh") == f"甲{zh}，乙"


def test_checksums_by_hand():
    """GB 11643's own example; Luhn's: every single wrong digit is noticed."""
    assert is_identity("11010519491231002X")
    assert not any(is_identity(f"1101051949123100{d}X") for d in "013456789")
    good = "4111111111111111"
    assert is_card(good)
    for i in range(16):
        for digit in set("0123456789") - {good[i]}:
            assert not is_card(good[:i] + digit + good[i + 1 :])


@given(st.text(max_size=80), st.sampled_from([said for _, said, _ in FOUND]), st.text(max_size=80))
def test_a_masked_text_holds_no_more_and_the_rest_stays(before: str, said: str, after: str):
    whole = f"{before} {said} {after}"
    done = masked(whole, "en")
    assert find(done) == [] and masked(done, "en") == done
    if not find(before) and not find(after) and find(whole):
        assert done.startswith(before[:-24]) and done.endswith(after)


@BOTH
@pytest.mark.parametrize("mode", ["mask", "flag", "off"])
def test_no_model_sees_what_is_masked(
    mine: MemoryBank, clock: Clock, lang: Lang, mode: str, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.WARNING)
    said = {"en": "My number is 13812345678.", "zh": "我的手机号是13812345678。"}[lang]
    inner = ScriptedLLM(["ok"])
    llm = guarded(inner, mode)
    assert llm is not None and llm.window == inner.window and llm.count("猫") == 1
    "".join(Friend(mine, llm, Manner()).say(said))
    mine.digest(llm=llm)
    seen = repr(inner.asked)
    assert ("13812345678" not in seen) == (mode == "mask") and len(inner.asked) >= 2
    assert ("…5678" in seen) == (mode == "mask")
    assert ("mobile" in caplog.text) == (mode == "flag") and "13812345678" not in caplog.text
    assert mine.recent()[0].text == said, "memory keeps what was said"


def test_the_setting_reaches_every_model_that_is_named(home: Path, tmp_path: Path):
    (home / "settings.toml").write_text('personal_data = "mask"\n', "utf-8")
    llm = load_llm("scripted:")
    assert llm is not None
    reply = complete(llm, [{"role": "user", "content": "My number is 13812345678."}], Style())
    assert "13812345678" not in reply
    (home / "settings.toml").write_text('personal_data = "perhaps"\n', "utf-8")
    with pytest.raises(BadSetting, match="mask"):
        load_llm("scripted:")
