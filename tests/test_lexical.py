"""Words: what counts as a term in either language, and BM25 against an independent library."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import bm25s
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memorybank import lexical
from memorybank.lexical import K1, B, Postings, TermArray, detect, query_terms, term_array, terms

# -- terms --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The cats were running to the library", ["cat", "run", "librari"]),
        ("Cats! cat? CAT.", ["cat", "cat", "cat"]),
        ("Miso's dish and Miso’s toy", ["miso", "dish", "miso", "toy"]),
        ("I'm here; don’t go, it's late", ["here", "go", "late"]),
        ("snake_case and e-mail", ["snake", "case", "e", "mail"]),
        ("flight 307 at 12:45", ["flight", "307", "12", "45"]),
        ("", []),
        ("the of and", []),
        ("?! … —", []),
    ],
)
def test_english_terms(text, expected):
    assert terms(text) == expected


def test_threads_do_not_mix_the_words_they_stem():
    stem = lexical.stem.__wrapped__  # what stands in the cache would hide it
    words = [
        f"{word}{end}" for word in ("celebrat", "nation", "organ", "relat", "walk")
        for end in ("ed", "ing", "ions", "ional", "ement", "izer")
    ]  # fmt: skip
    expected = [stem(word) for word in words]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            results = list(pool.map(lambda _: [stem(word) for word in words], range(40)))
    finally:
        sys.setswitchinterval(before)
    assert all(result == expected for result in results)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("小猫", ["小", "猫", "小猫"]),
        ("我的猫", ["猫", "我的", "的猫"]),  # stop words go alone, never out of a pair
        ("小猫，黑狗", ["小", "猫", "小猫", "黑", "狗", "黑狗"]),  # no pair across a comma
        ("猫", ["猫"]),
        ("吗", []),
        ("。！？", []),
        ("𠮷野", ["𠮷", "野", "𠮷野"]),  # beyond the basic plane
    ],
)
def test_chinese_terms(text, expected):
    assert terms(text) == expected


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        ("我养了一只猫叫Miso", ["养", "猫", "miso"]),
        ("Miso是我的猫", ["miso", "猫"]),
        ("我的iPhone手机坏了", ["iphon", "手机", "坏"]),
        ("买了3本书", ["3", "本书", "书"]),
        ("2023年5月2号", ["2023", "5", "2", "月", "号"]),
        ("I love 火锅 in 成都", ["love", "火锅", "成都"]),
        ("用Python写代码", ["python", "代码"]),
    ],
)
def test_mixed_terms_are_found_by_either_language(text, needed):
    assert [term for term in needed if term not in terms(text)] == []


def test_stop_words_are_stems_of_nothing():
    for word in ("the", "I", "You", "WHAT", "where", "don't", "it’s"):
        assert terms(word) == []
    for character in "的了是我你吗呢":
        assert terms(character) == []
    assert terms("theory") and terms("hers and theirs") == ["their"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ＡＢＣ　１２３", "abc 123"),
        ("ｃａｔ", "cat"),
        ("café", "cafe\u0301"),
        ("Straße", "STRASSE"),
        ("\u2f08\u2f24", "人大"),  # Kangxi radicals
        ("㊥㊤", "中上"),
        ("don’t go", "don't go"),
        ("小\u200b猫".replace("\u200b", ""), "小猫"),
        ("hi 🐱 there 👍🏽", "hi there"),
    ],
)
def test_ways_of_writing_the_same(one, other):
    assert terms(one) == terms(other)
    assert list(term_array(one).hashes) == list(term_array(other).hashes)


def test_accents_tell_words_apart():
    assert terms("résumé") != terms("resume")


@given(st.text(st.characters(), max_size=60))
def test_any_text_at_all_has_terms_that_can_be_stored(text):
    """Lone halves of characters included; no term is blank, and case makes no difference."""
    found = terms(text)
    assert all(term.strip() for term in found)
    array = term_array(text)
    assert array.length == len(found)
    assert len(array.hashes) == len(set(array.hashes.tolist())) == len(array.counts)
    assert (array.hashes.dtype, array.counts.dtype) == (np.uint32, np.uint8)


def test_counts_stop_where_their_byte_ends():
    array = term_array("cat " * 1000 + "dog")
    assert sorted(array.counts.tolist()) == [1, 255]


def test_a_term_has_one_number_wherever_it_stands():
    assert lexical.term_hash("cat") == 0x9E5E43A8  # crc32, as stored in every bank so far
    assert query_terms("cat cat 猫") == {
        lexical.term_hash("cat"): 2.0,
        lexical.term_hash("猫"): 1.0,
    }
    assert set(term_array("my cat").hashes.tolist()) == set(query_terms("cats"))


@pytest.mark.parametrize(
    ("text", "default", "expected"),
    [
        ("I adopted a cat", "zh", "en"),
        ("我养了一只猫", "en", "zh"),
        ("我的猫叫Miso", "en", "zh"),
        ("My cat is called 米粒, she sleeps a lot", "zh", "en"),
        ("", "zh", "zh"),
        ("123 !?", "en", "en"),
        ("🐱", "zh", "zh"),
    ],
)
def test_detect(text, default, expected):
    assert detect(text, default) == expected


# -- BM25 ---------------------------------------------------------------------------------------

VOCABULARY = ["cat", "dog", "tea", "rain", "paris", "猫咪", "下雨", "咖啡", "北京", "上海", "1984"]
texts = st.lists(st.sampled_from(VOCABULARY), max_size=12).map(" ".join)
corpora = st.lists(texts, min_size=1, max_size=25)
BILINGUAL = [
    "I adopted a cat called Miso last spring.",
    "My sister Anna works at a bakery in Lyon.",
    "Thanks, good night!",
    "The cat knocked my coffee over again, the third cup this week.",
    "I am allergic to peanuts and a little to cats.",
    "We planned a trip to Lyon to see Anna.",
    "我养了一只橘猫，名字叫米粒。",
    "我的姐姐在成都开了一家面包店。",
    "晚安，明天见。",
    "米粒又把咖啡打翻了，这周第三次了。",
    "我对花生过敏。",
    "国庆节打算去成都看姐姐。",
    "Miso and 米粒 are both orange.",
]
QUESTIONS = [
    "What is my cat called?",
    "Where does Anna work?",
    "我的猫叫什么名字？",
    "姐姐在哪里？",
    "who is allergic to peanuts",
    "咖啡 coffee coffee",
    "米粒 Miso",
]


def built(corpus: list[str]) -> Postings:
    arrays = [term_array(text) for text in corpus]
    if not arrays:
        return Postings(np.zeros(0, np.uint32), np.zeros(0, np.uint8), np.zeros(0, np.int64))
    return Postings(
        np.concatenate([a.hashes for a in arrays]),
        np.concatenate([a.counts for a in arrays]),
        np.array([len(a.hashes) for a in arrays], dtype=np.int64),
    )


def oracle(corpus: list[str], question: str) -> np.ndarray:
    """Scores by bm25s, whose lucene method leaves out the constant factor k1 + 1."""
    tokens = [terms(text) for text in corpus]
    model = bm25s.BM25(method="lucene", k1=K1, b=B)
    model.index(tokens, show_progress=False)
    known = {token for text in tokens for token in text}
    asked = [term for term in terms(question) if term in known]
    return (K1 + 1) * model.get_scores(asked) if asked else np.zeros(len(corpus))


def check_against_oracle(corpus: list[str], question: str) -> None:
    expected = oracle(corpus, question)
    scores = built(corpus).bm25(query_terms(question))
    assert scores.shape == (len(corpus),)
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("question", QUESTIONS)
def test_bm25_equals_bm25s_on_two_languages(question):
    check_against_oracle(BILINGUAL, question)
    scores = built(BILINGUAL).bm25(query_terms(question))
    expected = oracle(BILINGUAL, question)
    assert list(np.argsort(-scores, kind="stable")) == list(np.argsort(-expected, kind="stable"))


@settings(max_examples=60)
@given(corpora.filter(any), texts)
def test_bm25_equals_bm25s_on_random_corpora(corpus, question):
    check_against_oracle(corpus, question)


def test_bm25_by_hand():
    # Two texts of 1 and 3 terms, mean 2; "dog" stands in one: idf = ln(1 + 1.5 / 1.5) = ln 2.
    # tf 2, norm = 1.2 * (.5 + .5 * 3 / 2) = 1.5, so ln 2 * 2 * 2.2 / (2 + 1.5) = .871385
    scores = built(["cat", "dog dog cat"]).bm25(query_terms("dog"))
    assert scores.tolist() == pytest.approx([0.0, 0.871385], abs=1e-5)


def test_a_word_asked_for_twice_weighs_twice():
    postings = built(BILINGUAL)
    once, twice = postings.bm25(query_terms("cat")), postings.bm25(query_terms("cat cat"))
    np.testing.assert_allclose(twice, 2 * once)


def test_a_word_in_every_text_never_counts_against_one():
    scores = built(["cat tea", "cat rain", "cat dog"]).bm25(query_terms("cat"))
    assert (scores > 0).all()


def test_empty_postings_and_unknown_words():
    empty = built([])
    assert empty.bm25(query_terms("cat")).shape == (0,)
    postings = built(["cat", "", "the"])
    assert postings.bm25(query_terms("zebra")).tolist() == [0, 0, 0]
    assert postings.bm25({}).tolist() == [0, 0, 0]
    assert postings.bm25(query_terms("cat")).tolist()[1:] == [0, 0]
    assert built(["", ""]).bm25(query_terms("cat")).tolist() == [0, 0]


@settings(max_examples=60)
@given(corpora, corpora, texts)
def test_one_by_one_equals_all_at_once(first, later, question):
    grown, query = built(first), query_terms(question)
    for i, text in enumerate(later, start=1):
        grown.append(term_array(text))
        expected = built(first + later[:i])
        assert grown.size == expected.size
        np.testing.assert_allclose(grown.bm25(query), expected.bm25(query), rtol=1e-5)
    assert grown.recent_lengths(5).tolist() == built(first + later).recent_lengths(5).tolist()


def test_one_by_one_equals_all_at_once_also_when_there_are_thousands():
    rng = np.random.default_rng(7)
    corpus = [" ".join(rng.choice(VOCABULARY, size=8)) + f" w{i}" for i in range(3000)]
    grown, expected = built(corpus[:1000]), built(corpus)
    for text in corpus[1000:]:
        grown.append(term_array(text))
    for question in ("cat", "北京 paris w5 w2999", "w1500"):
        query = query_terms(question)
        np.testing.assert_allclose(grown.bm25(query), expected.bm25(query), rtol=1e-4)
    assert grown.nbytes > 0


def test_frequencies_count_texts_not_words():
    postings = built(["cat cat dog", "cat", "tea 猫咪", ""])
    asked = term_array("cat dog tea 猫咪 zebra")
    names = {lexical.term_hash(t): t for t in ("cat", "dog", "tea", "猫咪", "猫", "咪", "zebra")}
    got = {names[int(h)]: int(n) for h, n in zip(asked.hashes, postings.frequencies(asked.hashes), strict=True)}  # noqa: E501  # fmt: skip
    assert got == {"cat": 2, "dog": 1, "tea": 1, "猫咪": 1, "猫": 1, "咪": 1, "zebra": 0}


def test_banks_never_share_their_word_statistics():
    mine, other = built(BILINGUAL[:6]), built(BILINGUAL[6:])
    before = mine.bm25(query_terms("cat coffee")).tolist()
    frequencies = mine.frequencies(term_array("cat").hashes).tolist()
    for _ in range(50):
        other.append(term_array("cat cat coffee"))
    assert mine.bm25(query_terms("cat coffee")).tolist() == before
    assert mine.frequencies(term_array("cat").hashes).tolist() == frequencies
    assert mine.size == 6


def test_neighbouring_hashes_and_texts_are_kept_apart():
    hashes = np.array([5, 6, 2**32 - 1], dtype=np.uint32)
    arrays = [TermArray(hashes[i : i + 1], np.array([255], np.uint8)) for i in range(3)]
    one = np.ones(3, dtype=np.int64)
    postings = Postings(hashes, np.full(3, 255, np.uint8), one)
    for array in arrays:
        postings.append(array)
    for i, h in enumerate(hashes.tolist()):
        found = np.flatnonzero(postings.bm25({h: 1.0})).tolist()
        assert found == [i, i + 3]


def test_a_month_is_found_in_either_numerals():
    for asked, said in (
        ("七月有什么打算？", "买了7月18号的火车票"),
        ("12月去哪？", "十二月去哈尔滨"),
    ):
        hold = set(query_terms(said))
        assert len(hold & set(lexical.said_terms([asked]))) > len(hold & set(query_terms(asked)))
    assert lexical.said_terms(["三个月没见了"]) == query_terms("三个月没见了")
    assert lexical.said_terms(["What about July?"]) == query_terms("What about July?")
