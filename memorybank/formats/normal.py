"""JSON Lines in the normal form: one memory a row, as `memories.jsonl[.gz]`.

bank_id, memory_id, session, date, speaker, text, lang; user_text and ai_text where a memory is
an exchange; any other key is kept and comes back on export.

Law of this file: a row is what `rows.made` makes of its turn and what `extra["normal"]` notes
of it, and the words of a turn are never noted.
  bank_id  as the file spells it
  lang     the language of most rows
  source   the file's base name
  runs     [[first, count]]: which rows of the file are this bank's; a turn's `seq` counts them
  rows     {memory_id: note}, where there is anything to note
  blank    [[seq, row]]: rows in which nobody says anything
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from itertools import chain
from math import inf
from typing import Any

from memorybank.formats.rows import WORDS, Row, When, note, restored, said_in, session_of, when
from memorybank.formats.strictjson import dumps, loads
from memorybank.formats.volume import Refused, Volume, languages, latest, visible
from memorybank.lexical import detect
from memorybank.records import Lang, Turn

KEY = "normal"
TEXTS = (*WORDS, "speaker", "date", "lang")
LANGS: Mapping[object, Lang] = {"zh": "zh", "cn": "zh", "en": "en"}


@dataclass(slots=True)
class _Bank:
    spelt: str
    rows: list[tuple[int, Row]] = field(default_factory=list)
    ids: dict[str, int] = field(default_factory=dict)
    runs: list[list[int]] = field(default_factory=list)

    def add(self, line: int, place: int, row: Row) -> None:
        memory_id = row["memory_id"]
        if memory_id in self.ids:
            raise Refused(
                f"its memory_id is that of line {self.ids[memory_id]}: give it one of its own",
                f"memory_id 与第 {self.ids[memory_id]} 行的相同：请另给一个",
                line=line,
            )
        self.ids[memory_id] = line
        self.rows.append((line, row))
        if self.runs and sum(self.runs[-1]) == place:
            self.runs[-1][1] += 1
        else:
            self.runs.append([place, 1])


def read(
    lines: Iterable[tuple[int, str]], source: str, zone: tzinfo, *, trusted: bool
) -> list[Volume]:
    """Read numbered lines; `source` is the file's base name."""
    banks: dict[str, _Bank] = {}
    for place, (line, text) in enumerate(lines):
        try:
            row = _checked(loads(text))
        except Refused as exc:
            raise Refused(str(exc), exc.zh, line=line) from None
        bank = banks.setdefault(row["bank_id"].strip(), _Bank(row["bank_id"]))
        if bank.spelt != row["bank_id"]:
            why = "its bank_id is that of an earlier row but for spaces: spell them alike"
            raise Refused(why, "bank_id 与前面的行只差空格：请写成一样", line=line)
        bank.add(line, place, row)
    return [_volume(name, bank, source, zone, trusted) for name, bank in banks.items()]


def _checked(row: Any) -> Row:
    if not isinstance(row, dict):
        raise Refused(
            "a row is an object with bank_id, memory_id, date and text",
            "一行应是含有 bank_id、memory_id、date 和 text 的对象",
        )
    for key in ("bank_id", "memory_id"):
        if not visible(row.get(key)):
            raise Refused(
                f"its {key} is missing or not a text: give it one",
                f"缺少 {key}，或它不是文本：请补上",
            )
    for key in TEXTS:
        if not isinstance(row.get(key), (str, type(None))):
            raise Refused(
                f"its {key} is not a text: put it in quotes, or write null",
                f"{key} 不是文本：请加引号，或写 null",
            )
    session = row.get("session")
    if isinstance(session, bool) or not isinstance(session, (str, int, type(None))):
        raise Refused(
            "its session is neither a text nor a whole number: write null",
            "session 既不是文本也不是整数：请写 null",
        )
    return row


def _volume(name: str, bank: _Bank, source: str, zone: tzinfo, trusted: bool) -> Volume:
    main, langs = _languages([row for _, row in bank.rows], detect(name))
    shape: dict[str, Any] = {"bank_id": bank.spelt, "lang": main, "source": source}
    shape |= {"runs": bank.runs, "rows": {}, "blank": []}
    turns: list[Turn] = []
    last: When | None = None
    for seq, ((line, row), lang) in enumerate(zip(bank.rows, langs, strict=True)):
        said = said_in(row)
        blank = said.text is None and said.reply is None
        if blank:
            shape["blank"].append([seq, row])
            if row.get("date") is None:
                continue
        try:
            last = when(row.get("date"), zone, last)
        except Refused as exc:
            raise Refused(str(exc), exc.zh, line=line) from None
        if blank:
            continue
        turn = Turn(
            text=said.text,
            reply=said.reply,
            occurred_at=last[0],
            precision=last[1],
            conversation=session_of(row, last[0]),
            seq=seq,
            speaker=said.speaker,
            replier=said.replier,
            author=said.author,
            channel="import",
            source=source,
            trusted=trusted,
            lang=lang,
            external_id=row["memory_id"],
        )
        turns.append(turn)
        if noted := note(row, turn, main, said.sign):
            shape["rows"][row["memory_id"]] = noted
    return Volume(name=name, lang=main, turns=tuple(turns), extra={KEY: shape})


def _languages(rows: Sequence[Row], default: Lang) -> tuple[Lang, list[Lang]]:
    # A language that is given counts as a text that shows it clearly.
    shown = {"zh": "中", "en": "word"}
    given = [LANGS.get(row.get("lang")) for row in rows]
    texts = [
        shown[lang] if lang else "\n".join(filter(None, map(row.get, WORDS)))
        for lang, row in zip(given, rows, strict=True)
    ]
    return languages(texts, default)


def without(shape: Mapping[str, Any], erased: Collection[str]) -> dict[str, Any]:
    """Return `extra["normal"]` without what it holds of erased turns."""
    rows = {key: note for key, note in shape["rows"].items() if key not in erased}
    return {**shape, "rows": rows}


def write(volumes: Sequence[Volume]) -> str:
    """Write volumes of any origin as one file, rows of one file in the order they had there."""
    written = [_rows(volume) for volume in volumes]
    places = [place for rows in written for place, _ in rows if place != inf]
    rows = list(chain.from_iterable(written))
    # Where places clash, the volumes come from several files, and stay one after the other.
    if len(set(places)) == len(places):
        rows.sort(key=lambda pair: pair[0])
    return "".join(dumps(row) + "\n" for _, row in rows)


def _rows(volume: Volume) -> list[tuple[float, Row]]:
    """Return the rows of a volume with their places in the file that they came from."""
    shape = volume.extra.get(KEY) or {"bank_id": volume.name, "runs": [], "rows": {}, "blank": []}
    bank_id = shape["bank_id"] if shape["bank_id"].strip() == volume.name else volume.name
    places = [first + i for first, count in shape["runs"] for i in range(count)]
    rows = [(float(places[seq]), row | {"bank_id": bank_id}) for seq, row in shape["blank"]]
    turns = latest(volume.turns)
    ids = {row["memory_id"] for _, row in rows} | {turn.external_id for turn in turns}
    for number, turn in enumerate(turns):
        memory_id = turn.external_id or turn.id or f"{volume.name}_{number}"
        while turn.external_id is None and memory_id in ids:
            memory_id += "'"
        ids.add(memory_id)
        known = turn.channel == "import" and turn.source == shape.get("source")
        noted = shape["rows"].get(memory_id, {}) if known else {}
        place = places[turn.seq] if known and turn.seq < len(places) else inf
        lang = shape["lang"] if known else turn.lang
        rows.append((place, restored(bank_id, memory_id, turn, lang, noted)))
    return sorted(rows, key=lambda pair: pair[0])
