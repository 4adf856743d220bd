"""Training files: what is read, what is refused, and how it is told."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from memorybank.errors import BadFile, BadInput
from siliconfriend.finetune.data import REASONS, BadRow, dialogue
from siliconfriend.finetune.files import read_files

DOG = (("user", "我的狗病了"), ("assistant", "真让人担心，它怎么了？"))


@pytest.mark.parametrize(
    "row",
    [
        {"messages": [{"role": r, "content": t} for r, t in DOG]},
        {"conversations": [{"from": "human", "value": DOG[0][1]},
                           {"from": "gpt", "value": DOG[1][1]}]},
        {"conversation": [{"role": "来访者", "content": DOG[0][1]},
                          {"role": "咨询师", "content": DOG[1][1]}]},
        {"instruction": "我的狗病了", "input": "", "output": DOG[1][1]},
        {"instruction": "", "input": "我的狗病了", "output": DOG[1][1], "history": None},
    ],
)  # fmt: skip
def test_one_dialogue_in_every_form(row):
    assert dialogue(row) == DOG


def test_instruction_input_history_and_system():
    row = {
        "system": "Be kind.", "instruction": "Summarise:", "input": "my day",
        "history": [["hello", "hi"], ["how are you", "fine"]], "output": "It was long.",
    }  # fmt: skip
    assert dialogue(row) == (
        ("system", "Be kind."), ("user", "hello"), ("assistant", "hi"),
        ("user", "how are you"), ("assistant", "fine"),
        ("user", "Summarise:\nmy day"), ("assistant", "It was long."),
    )  # fmt: skip


def test_turns_alternate_from_the_first_question_to_the_last_reply():
    said = ["assistant Welcome!", "user a", "user b", "assistant c", "assistant d", "user bye"]
    turns = [dict(zip(("role", "content"), line.split(" ", 1), strict=True)) for line in said]
    assert dialogue({"messages": turns}) == (("user", "a\nb"), ("assistant", "c\nd"))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ([], "object"),
        ({"text": "x"}, "shape"),
        ({"messages": [{"role": "user"}]}, "turn"),
        ({"messages": ["hello"]}, "turn"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "role"),
        ({"instruction": "a", "output": "b", "history": [["only one"]]}, "history"),
        ({"instruction": "a", "output": " \u200b"}, "silent"),
        ({"messages": [{"role": "assistant", "content": "nobody asked"}]}, "silent"),
        ({"messages": []}, "silent"),
    ],
)
def test_why_a_row_is_refused(row, reason):
    with pytest.raises(BadRow) as caught:
        dialogue(row)
    assert str(caught.value) == reason
    assert all(REASONS[reason])


def written(path: Path, rows, packed=False):
    text = "\n".join(
        row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows
    )
    data = text.encode()
    path.write_bytes(gzip.compress(data) if packed else data)
    return path


def alpaca(n):
    return {"instruction": f"ask {n}", "output": f"answer {n}"}


def test_several_files_of_several_kinds_are_one_corpus(tmp_path: Path):
    lines = written(tmp_path / "a.jsonl", [alpaca(1), alpaca(2)])
    packed = written(tmp_path / "b.gz", [alpaca(3), alpaca(1)], packed=True)
    whole = written(tmp_path / "c.json", [json.dumps([alpaca(4), alpaca(5)])])
    corpus = read_files([lines, packed, whole])
    assert [d[0][1] for d in corpus.dialogues] == [f"ask {n}" for n in (1, 2, 3, 4, 5)]
    assert corpus.tally.twice == 1
    assert [(s.name, s.rows) for s in corpus.sources] == [
        ("a.jsonl", 2),
        ("b.gz", 2),
        ("c.json", 2),
    ]
    assert len({s.sha256 for s in corpus.sources}) == 3


def test_bad_rows_are_counted_named_and_skipped(tmp_path: Path):
    rows = [alpaca(1), "{broken", alpaca(2), {"messages": [{"role": "tool", "content": "s3cret"}]}]
    corpus = read_files([written(tmp_path / "a.jsonl", [*rows, "[1]", alpaca(3), alpaca(4)])])
    assert len(corpus.dialogues) == 4
    assert dict(corpus.tally.bad) == {"json": 1, "role": 1, "object": 1}
    for zh in (False, True):
        told = "\n".join(corpus.tally.lines(zh))
        assert "a.jsonl, line 2" in told and "line 4" in told
        assert "s3cret" not in told
    assert "不是合法的 JSON" in "\n".join(corpus.tally.lines(True))


def test_strict_refuses_a_file_for_one_bad_row(tmp_path: Path):
    path = written(tmp_path / "a.jsonl", [alpaca(1), alpaca(2), alpaca(3), {}])
    assert len(read_files([path]).dialogues) == 3
    with pytest.raises(BadFile, match=r"1 of 4 rows are broken.*line 4") as caught:
        read_files([path], strict=True)
    assert "4 行中有 1 行有误" in caught.value.say("zh")


def test_a_file_that_is_mostly_bad_is_the_wrong_file(tmp_path: Path):
    good = written(tmp_path / "good.jsonl", [alpaca(n) for n in range(9)])
    bad = written(tmp_path / "bad.jsonl", [alpaca(9), {"title": "x"}, {"title": "y"}])
    with pytest.raises(BadFile, match="2 of 3 rows"):
        read_files([good, bad])


def test_nothing_in_it_and_nothing_there(tmp_path: Path):
    (tmp_path / "list.json").write_text("[]")
    with pytest.raises(BadInput):
        read_files([tmp_path / "list.json"])
    with pytest.raises(BadFile, match="no such file"):
        read_files([tmp_path / "none.jsonl"])
    damaged = tmp_path / "a.gz"
    damaged.write_bytes(gzip.compress(b'{"instruction": "a", "output": "b"}' * 99)[:60])
    with pytest.raises(BadFile, match="gzip"):
        read_files([damaged])
