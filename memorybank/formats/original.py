"""The original project's `memory_bank_*.json`, in every form that its versions wrote.

{name: {"name", "history": {date: [turn]}, "summary", "personality", "overall_history", ...}},
a turn being {"query", "response"} with or without memory_strength and the like, or, earlier,
["query", "response"]; a day may number its turns in an object. Summaries and all else come
back on export as they were, but what derives from an erased turn goes with it.

Law of this file: `extra["original"]` holds the shape of everything and the words of no turn:
  name, user   the bank's name, and as the file spells it
  fields       the person's record, "history" emptied but in its place
  days         {date: {count, keys?: the turns' numbers, blank?: {index: turn without words}}};
               missing where the file has no history
  turns        {external_id: the turn with null for its words, or [white space before them,
               white space after them]}; left out for a plain turn
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Any

from memorybank.formats.sniff import EXPECTED, EXPECTED_ZH
from memorybank.formats.strictjson import dumps, loads
from memorybank.formats.volume import (
    Refused,
    Volume,
    in_zone,
    languages,
    latest,
    pad_of,
    padded,
    visible,
)
from memorybank.lexical import detect
from memorybank.records import Turn

KEY = "original"
SIDES = ("query", "response")
DERIVED_BY_DAY = ("summary", "personality")
DERIVED = ("overall_history", "overall_personality")

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMBER = re.compile(r"[0-9]{1,9}")
_PLACES = (("person", "个人"), ("day", "天"), ("turn", "轮"))
_PLAIN: Any = dict.fromkeys(SIDES)
_NEW: Mapping[str, Any] = {
    "fields": {"name": None, "summary": {}, "personality": {}, **dict.fromkeys(DERIVED, "")},
    "days": {},
    "turns": {},
}


Place = tuple[int, ...]  # the person, the day, the turn, counted from 1


@dataclass(frozen=True, slots=True)
class _Source:
    name: str
    zone: tzinfo
    trusted: bool


def read(text: str, source: str, zone: tzinfo, *, trusted: bool) -> list[Volume]:
    """Read a whole file; `source` is its base name."""
    people = loads(text)
    if not isinstance(people, dict):
        raise Refused(f"not an object at the top: {EXPECTED}", f"最外层不是对象：{EXPECTED_ZH}")
    origin = _Source(source, zone, trusted)
    volumes: dict[str, Volume] = {}
    for number, (user, record) in enumerate(people.items(), 1):
        volume = _volume(user, record, (number,), origin)
        if volume.name in volumes:
            first = list(volumes).index(volume.name) + 1
            raise Refused(
                f"persons {first} and {number} have one name but for spaces around it: rename one",
                f"第 {first} 和第 {number} 个人的名字只差前后空格：请改掉一个",
            )
        volumes[volume.name] = volume
    return list(volumes.values())


def _refused(place: Place, why: str, zh: str) -> Refused:
    """Return the refusal of what stands at a place; both texts follow on its name."""
    named = list(zip(_PLACES, place, strict=False))
    where = ", ".join(f"{english} {number}" for (english, _), number in named)
    there = "".join(f"第 {number} {chinese}" for (_, chinese), number in named)
    return Refused(where + why, there + zh)


def _volume(user: str, record: Any, place: Place, origin: _Source) -> Volume:
    if not isinstance(record, dict):
        raise _refused(place, f" is not an object: {EXPECTED}", f"不是对象：{EXPECTED_ZH}")
    # A blank key is what the web page wrote for whoever logged in without a name.
    name = next((n for n in (user, record.get("name")) if visible(n)), "").strip()
    if not name:
        raise _refused(place, " has no name: give the record one", "没有名字：请给这条记录一个名字")
    shape: dict[str, Any] = {"name": name, "user": user, "fields": dict(record), "turns": {}}
    history = record.get("history")
    turns: list[Turn] = []
    if history is not None:
        if not isinstance(history, dict):
            raise _refused(
                place,
                f": the history is not an object of days: {EXPECTED}",
                f"：history 不是由各天组成的对象：{EXPECTED_ZH}",
            )
        shape["fields"]["history"] = None
        shape["days"] = {}
        for number, (date, entries) in enumerate(history.items(), 1):
            turns += _day(shape, date, entries, (*place, number), origin)
    main, langs = languages([t.text or t.reply or "" for t in turns], detect(name))
    turns = [replace(turn, lang=lang) for turn, lang in zip(turns, langs, strict=True)]
    return Volume(name=name, lang=main, turns=tuple(turns), extra={KEY: shape})


def _day(
    shape: dict[str, Any], date: str, entries: Any, place: Place, origin: _Source
) -> Iterator[Turn]:
    start = _start(date, origin.zone, place)
    day: dict[str, Any] = {}
    if isinstance(entries, dict) and all(_NUMBER.fullmatch(key) for key in entries):
        day["keys"] = list(entries)
        entries = list(entries.values())
    if not isinstance(entries, list):
        raise _refused(
            place,
            " is neither a list of turns nor an object of numbered turns",
            "既不是对话的列表，也不是编了号的对话的对象",
        )
    day["count"] = len(entries)
    shape["days"][date] = day
    for i, entry in enumerate(entries):
        said, frame = _taken_apart(entry, (*place, i + 1))
        if said == [None, None]:
            day.setdefault("blank", {})[str(i)] = frame
            continue
        external_id = _id(shape, date, i)
        if frame != _PLAIN:
            shape["turns"][external_id] = frame
        yield Turn(
            text=said[0],
            reply=said[1],
            occurred_at=start,
            precision="day",
            conversation=date,
            seq=i,
            speaker=shape["name"],
            channel="import",
            source=origin.name,
            author="user" if said[0] else "companion",
            trusted=origin.trusted,
            external_id=external_id,
        )


def _start(date: str, zone: tzinfo, place: Place) -> datetime:
    try:
        if _DATE.fullmatch(date):
            return in_zone(datetime.fromisoformat(date), zone)
    except (ValueError, Refused):
        pass
    raise _refused(
        place,
        ": not a date of the calendar: write it as 2023-04-27",
        "：不是日历上的日期：请写成 2023-04-27",
    )


def _taken_apart(entry: Any, place: Place) -> tuple[list[str | None], Any]:
    """Return the two sides of a turn, and the turn with null for what can be seen of them."""
    if isinstance(entry, dict):
        sides = [entry.get(side) for side in SIDES]
    elif isinstance(entry, list) and len(entry) == len(SIDES):
        sides = entry
    else:
        raise _refused(
            place,
            ' is neither {"query", "response"} nor ["query", "response"]',
            '既不是 {"query", "response"}，也不是 ["query", "response"]',
        )
    for name, side in zip(SIDES, sides, strict=True):
        if side is not None and not isinstance(side, str):
            raise _refused(
                place,
                f": the {name} is not a text: put it in quotes",
                f"：{name} 不是文本：请加引号",
            )
    said = [side if visible(side) else None for side in sides]
    left = [pad_of(text) if text else side for text, side in zip(said, sides, strict=True)]
    if isinstance(entry, list):
        return said, left
    return said, entry | {k: v for k, v in zip(SIDES, left, strict=True) if k in entry}


def _id(shape: Mapping[str, Any], date: str, i: int) -> str:
    return f"{shape['name']}_{date}_{i}"


def without(shape: Mapping[str, Any], erased: Collection[str]) -> dict[str, Any]:
    """Return `extra["original"]` without what it holds of erased turns or from them."""
    days = {
        date
        for date, day in shape.get("days", {}).items()
        if any(_id(shape, date, i) in erased for i in range(day["count"]))
    }
    fields = dict(shape["fields"])
    for name in DERIVED_BY_DAY if days else ():
        if isinstance(fields.get(name), dict):
            fields[name] = {date: v for date, v in fields[name].items() if date not in days}
        elif name in fields:
            fields[name] = _emptied(fields[name])
    for name in DERIVED if days else ():
        if name in fields:
            fields[name] = _emptied(fields[name])
    turns = {key: frame for key, frame in shape["turns"].items() if key not in erased}
    return {**shape, "fields": fields, "turns": turns}


def _emptied(value: Any) -> Any:
    return type(value)() if isinstance(value, (str, list, dict)) else None


def write(volumes: Sequence[Volume]) -> str:
    """Write volumes of any origin as one file."""
    people: dict[str, Any] = {}
    for volume in volumes:
        shape = volume.extra.get(KEY) or {**_NEW, "name": volume.name, "user": volume.name}
        # A bank that has been renamed since goes by its present name.
        user = shape["user"] if shape["name"] == volume.name else volume.name
        people[user if user not in people else volume.name] = _record(volume, shape)
    return dumps(people, indent=4) + "\n"


def _record(volume: Volume, shape: Mapping[str, Any]) -> dict[str, Any]:
    days = shape.get("days", {})
    known = {
        _id(shape, date, i)
        for date, day in days.items()
        for i in range(day["count"])
        if str(i) not in day.get("blank", {})
    }
    imported: dict[str, Turn] = {}
    new: dict[str, list[Turn]] = {}
    for turn in latest(volume.turns):
        if turn.external_id is not None and turn.external_id in known:
            imported[turn.external_id] = turn
        else:
            new.setdefault(turn.occurred_at.date().isoformat(), []).append(turn)
    shape = without(shape, known - imported.keys())
    fields: dict[str, Any] = shape["fields"]
    if "name" in fields and volume.extra.get(KEY) is None:
        fields["name"] = volume.name
    if "days" in shape or new:
        dates = [*days, *sorted(new.keys() - days.keys())]
        if list(days) == sorted(days):
            dates.sort()
        history = {date: _entries(shape, date, imported, new.get(date, [])) for date in dates}
        fields["history"] = {d: e for d, e in history.items() if e is not None}
    return fields


def _entries(
    shape: Mapping[str, Any], date: str, imported: Mapping[str, Turn], new: Sequence[Turn]
) -> Any:
    """Return the turns of a day in its own shape; None where all that it had is erased."""
    day = shape.get("days", {}).get(date, {"count": 0})
    blank = day.get("blank", {})
    keys = day.get("keys", range(day["count"]))
    entries: list[tuple[Any, Any]] = []
    for i, key in enumerate(keys):
        if str(i) in blank:
            entries.append((key, blank[str(i)]))
        elif turn := imported.get(_id(shape, date, i)):
            frame = shape["turns"].get(_id(shape, date, i), _PLAIN)
            entries.append((key, _put_together(frame, turn)))
    if not new and len(entries) == len(blank) < day["count"]:
        return None
    after = 1 + max(map(int, keys), default=-1)
    for key, turn in enumerate(sorted(new, key=lambda t: (t.occurred_at, t.seq)), after):
        frame = dict.fromkeys(SIDES, "")
        entries.append((str(key), _put_together(frame, turn)))
    return dict(entries) if "keys" in day else [entry for _, entry in entries]


def _put_together(frame: Any, turn: Turn) -> Any:
    pairs = isinstance(frame, list)
    old = dict(zip(SIDES, frame, strict=True)) if pairs else frame
    new = dict(old)
    for name, text in zip(SIDES, (turn.text, turn.reply), strict=True):
        if text is not None:
            pad = old.get(name)
            new[name] = padded(text, pad if isinstance(pad, list) else None)
    return list(new.values()) if pairs else new
