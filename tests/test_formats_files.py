"""Files of every sort, anything at all, and the development data where it is here.

Whatever a file holds, reading it gives volumes or BadFile; what was taken comes back equal.
"""

import gzip
import json
import os
import string
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memorybank.errors import BadFile
from memorybank.formats import read_file, sniff, write_normal, write_original
from memorybank.records import Turn

NEW_YORK = ZoneInfo("America/New_York")
DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


PEOPLE = {"小雨": {"name": "小雨", "history": {"2023-04-27": [["我怕水。", "慢慢来。"]]}}}
ROWS = [
    {"bank_id": "Rosa", "memory_id": "a", "date": "2024-02-03", "text": "I planted beans."},
    {"bank_id": "明", "memory_id": "a", "date": "2024-02-04", "text": "我怕水。"},
    {"bank_id": "Rosa", "memory_id": "b", "date": "2024-02-05", "text": "Beans are up."},
]


def put(tmp_path, content, name="bank.json"):
    path = tmp_path / name
    if not isinstance(content, (bytes, str)):
        content = json.dumps(content)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def rows_text(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def parsed(text):
    return [json.loads(line) for line in text.split("\n") if line]


def stored(volume):
    """A volume after its way through JSON, times by way of UTC."""
    turns = tuple(Turn.from_json(json.loads(json.dumps(t.to_json()))) for t in volume.turns)
    return replace(volume, turns=turns, extra=json.loads(json.dumps(volume.extra)))


def refusal(path):
    with pytest.raises(BadFile) as caught:
        read_file(path, UTC)
    return caught.value


# --- files of every sort ---


@pytest.mark.parametrize("wrap", [lambda b: b, lambda b: b"\xef\xbb\xbf" + b, gzip.compress])
def test_the_format_is_told_by_content(tmp_path, wrap):
    one_row = read_file(put(tmp_path, wrap(json.dumps(ROWS[0]).encode()), "odd.json"), UTC)
    assert [v.name for v in one_row] == ["Rosa"]
    people = PEOPLE | {"bank_id": {"name": "bank_id"}}
    for indent in (None, 2):
        data = b"\n \r\n" + json.dumps(people, indent=indent).encode()
        path = put(tmp_path, wrap(data), "odd.jsonl")
        assert [v.name for v in read_file(path, UTC)] == list(people)


def test_a_folder(tmp_path):
    assert "memories.jsonl" in str(refusal(tmp_path))
    put(tmp_path, gzip.compress(rows_text(ROWS).encode()), "memories.jsonl.gz")
    assert [v.turns[0].source for v in read_file(tmp_path, UTC)] == ["memories.jsonl.gz"] * 2
    put(tmp_path, rows_text(ROWS[:1]), "memories.jsonl")
    assert len(read_file(tmp_path, UTC)) == 1
    put(tmp_path, "{", "memories.jsonl")
    assert "memories.jsonl, line 1" in str(refusal(tmp_path)), "the file that is wrong is named"


@pytest.mark.parametrize(
    ("content", "cure", "line"),
    [
        (b"", "empty", None),
        (b"\xef\xbb\xbf \n\t\n", "empty", None),
        ('{"A": {}}'.encode("utf-16"), "not JSON", None),
        (b'{"A":\n {"\xff": 1}}', "not UTF-8", 2),
        (rows_text(ROWS[:1]).encode() + '{"bank_id": "明"}'.encode("gbk"), "not UTF-8", 2),
        (b'{"A": {},\n "B": [}', "not valid JSON at character 8", 2),
        (b'{"A": {}}\n{"B": {}}', "Extra data", 2),
        (b'{"A": {}, "A": {}}', "a key twice", None),
        (b'{"A": ' + b"[" * 100_000, "nested", None),
        (b'{"bank_id": ' + b"[" * 100_000, "nested", 1),
        (gzip.compress(b'{"A": {}}' * 1000, mtime=0)[:-20], "copy the file again", None),
        (b"\x1f\x8bnothing", "copy the file again", None),
        (gzip.compress(b'{"A": {}}', mtime=0)[:-8] + b"8 bytes!", "copy the file again", None),
        (gzip.compress(b'{"A": {}}', mtime=0)[:10] + b"\xff" * 20, "copy the file again", None),
    ],
)
def test_broken_files(tmp_path, content, cure, line):
    error = refusal(put(tmp_path, content))
    assert cure in str(error)
    assert error.line == line


def test_what_is_no_file(tmp_path):
    assert "no such file" in str(refusal(tmp_path / "absent.json"))
    os.mkfifo(tmp_path / "pipe")
    assert "regular file" in str(refusal(tmp_path / "pipe"))
    assert "regular file" in str(refusal(Path("/dev/null")))
    assert "cannot be looked at" in str(refusal(Path("nul\x00")))
    assert "cannot be looked at" in str(refusal(put(tmp_path, "{}") / "below"))


def test_sizes_are_bounded(tmp_path, monkeypatch):
    people = {"A": {"history": {}, "x": "y" * 5000}}
    path = put(tmp_path, people)
    packed = put(tmp_path, gzip.compress(path.read_bytes(), mtime=0), "packed.gz")
    read_file(path, UTC)
    monkeypatch.setattr(sniff, "MAX_DOCUMENT", 4096)
    assert packed.stat().st_size < 4096
    for file in (path, packed):
        assert "one file per person" in str(refusal(file))

    lines = put(tmp_path, rows_text(ROWS), "rows")
    monkeypatch.setattr(sniff, "MAX_LINES", len(rows_text(ROWS[:2])))
    assert "one file per person" in str(refusal(lines))
    monkeypatch.setattr(sniff, "MAX_COUNT", 1)
    assert "more than 1 lines" in str(refusal(lines))
    assert "empty" in str(refusal(put(tmp_path, "\n\n{}", "blank")))
    monkeypatch.setattr(sniff, "MAX_LINE", len(rows_text(ROWS[:1])) - 1)
    error = refusal(lines)
    assert "longer than" in str(error)
    assert error.line == 1


# --- anything at all ---

TEXT = st.text(st.characters(), max_size=8)  # lone surrogates and controls included
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3)
)
DAYS = st.dates().map(lambda day: day.isoformat()) | TEXT
SIDE = st.none() | TEXT
GOOD_TURN = st.tuples(SIDE, SIDE).map(list) | st.fixed_dictionaries(
    {}, optional={"query": SIDE, "response": SIDE, "memory_strength": VALUES, "x": VALUES}
)


def people_of(days, turn, rest):
    numbered = st.lists(turn, max_size=3).map(lambda ts: {str(i): t for i, t in enumerate(ts)})
    history = st.dictionaries(days, st.lists(turn, max_size=4) | numbered, max_size=3)
    record = st.fixed_dictionaries(
        {}, optional={"history": history, "name": SCALARS, "summary": rest, "overall_history": rest}
    )
    return st.dictionaries(st.text(string.ascii_letters + "_/ 明", min_size=1), record, max_size=3)


def rows_of(dates, other):
    row = st.fixed_dictionaries(
        {"bank_id": st.sampled_from(["a", "b", "明"]), "date": dates},
        optional={
            "text": SIDE, "user_text": SIDE, "ai_text": SIDE, "session": SIDE | st.integers(),
            "speaker": st.sampled_from([None, "user", "AI", "助手", "Rosa"]) | TEXT,
            "lang": st.sampled_from(["zh", "en", "cn"]) | SIDE, "order": other,
        },
    )  # fmt: skip
    return st.lists(row, max_size=6).map(
        lambda rows: [row | {"memory_id": f"m{i}"} for i, row in enumerate(rows)]
    )


fuzz = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def only_bad_file(path):
    try:
        volumes = read_file(path, NEW_YORK)
    except BadFile as error:
        str(error).encode()
        return
    write_original(volumes).encode()
    write_normal(volumes).encode()


@fuzz
@given(st.binary() | st.binary().map(gzip.compress) | st.binary().map(lambda b: b'{"A": ' + b))
def test_any_bytes(tmp_path, data):
    only_bad_file(put(tmp_path, data))


@fuzz
@given(VALUES | people_of(DAYS, VALUES | GOOD_TURN, VALUES) | st.dictionaries(TEXT, st.floats()))
def test_any_json(tmp_path, value):
    only_bad_file(put(tmp_path, json.dumps(value)))


@fuzz
@given(rows_of(DAYS | SIDE, VALUES), st.lists(VALUES, max_size=2))
def test_any_rows(tmp_path, rows, others):
    only_bad_file(put(tmp_path, rows_text(rows + others)))


@fuzz
@given(people_of(st.dates().map(lambda day: day.isoformat()), GOOD_TURN, VALUES))
def test_any_good_original_comes_back(tmp_path, people):
    try:
        volumes = read_file(put(tmp_path, json.dumps(people)), NEW_YORK)
    except BadFile as error:
        assert "name" in str(error)
        return
    assert json.loads(write_original([stored(v) for v in volumes])) == people
    text = write_normal(volumes)
    if any(v.turns for v in volumes):
        again = read_file(put(tmp_path, text), NEW_YORK)
        assert sum(len(v.turns) for v in again) == sum(len(v.turns) for v in volumes)


def adds_up(row):
    """Only such rows come back whole: elsewhere the words beside `text` are let go."""
    return not any(isinstance(row.get(k), str) and row[k].strip() for k in ("user_text", "ai_text"))


@fuzz
@given(rows_of(st.sampled_from(["2024-11-03", "2024-03", "2024-03-10T02:30", "1850-01"]), VALUES))
def test_any_good_rows_come_back(tmp_path, rows):
    rows = [row for row in rows if adds_up(row) or not (row.get("text") or "").strip()]
    if rows:
        volumes = [stored(v) for v in read_file(put(tmp_path, rows_text(rows)), NEW_YORK)]
        assert parsed(write_normal(volumes)) == rows


# --- the development data, where it is ---

development = pytest.mark.skipif(not DATA.is_dir(), reason="the development data is not here")


@development
@pytest.mark.parametrize("lang", ["cn", "en"])
def test_development_originals(lang):
    path = DATA / "memorybank/original" / f"memory_bank_{lang}.json"
    volumes = read_file(path, NEW_YORK)
    assert json.loads(write_original([stored(v) for v in volumes])) == json.loads(path.read_text())
    labelled = parsed((DATA / "memorybank" / lang / "memories.jsonl").read_text())
    assert parsed(write_normal(volumes)) == [
        {k: v for k, v in row.items() if k != "turn"} for row in labelled
    ]


@development
@pytest.mark.parametrize(
    "path", sorted(DATA.rglob("memories.jsonl*")), ids=lambda p: str(p.parent.relative_to(DATA))
)
def test_development_rows(path):
    data = path.read_bytes()
    rows = parsed((gzip.decompress(data) if path.suffix == ".gz" else data).decode())
    assert parsed(write_normal(read_file(path.parent, NEW_YORK))) == rows
