"""One row of the normal form and the turn that it tells of: each made from the other.

Law of this file: `made` writes the row of any turn, and `note` tells how the row of a file
differs from that in anything but words, in {keys?: {...}, without?: [keys], sign?, pad?}. So
a row comes back whole, and nothing that anyone said is kept beside the turn, where erasing it
would not reach. Defaults hang on the language of the file, since a bank judges that of each
turn anew.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from memorybank.formats.volume import Refused, in_zone, pad_of, padded, visible
from memorybank.records import Author, Lang, Precision, Turn

COMPANION = frozenset({"assistant", "ai", "bot", "companion", "ai companion", "ai伴侣", "助手"})
USER = frozenset({"user", "memory", "exchange", "human", ""})
WORDS = ("text", "user_text", "ai_text")
SIGN: Mapping[Lang, str] = {"zh": "：", "en": ": "}
REPLIER: Mapping[Lang, str] = {"zh": "AI伴侣", "en": "AI companion"}

_DATE = re.compile(
    r"[0-9]{4}-[0-9]{2}(?P<day>-[0-9]{2}"
    r"(?P<time>[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,6})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?)?"
)

Row = dict[str, Any]
When = tuple[datetime, Precision]


@dataclass(frozen=True, slots=True)
class Said:
    """Who says what in a row; `sign` joins names and words, None where one side stands alone."""

    text: str | None = None
    reply: str | None = None
    speaker: str | None = None
    replier: str | None = None
    author: Author = "user"
    sign: str | None = None


def when(date: str | None, zone: tzinfo, last: When | None) -> When:
    """Return the time of a row and how precise it is; without a date it is the last one's."""
    if date is None:
        if last is None:
            raise Refused(
                "it has no date, nor has an earlier row of its bank: give it one",
                "没有日期，同一记忆库前面的行也没有：请补上",
            )
        return last
    match = _DATE.fullmatch(date)
    try:
        if match and match["time"]:
            return in_zone(datetime.fromisoformat(date), zone), "instant"
        if match and match["day"]:
            return in_zone(datetime.fromisoformat(date), zone), "day"
        if match:
            return in_zone(datetime.fromisoformat(f"{date}-01"), zone), "month"
    except ValueError:
        pass
    raise Refused(
        "not a date: write 2023-04-27, 2023-04 or 2023-04-27T18:30, or null",
        "不是日期：请写 2023-04-27、2023-04 或 2023-04-27T18:30，或 null",
    )


def session_of(row: Row, moment: datetime) -> str:
    """Return the conversation of a row: its session, else the local day."""
    session = row.get("session")
    return moment.date().isoformat() if session in (None, "") else str(session)


def said_in(row: Row) -> Said:
    """Return who says what in a row; neither text nor reply where nobody says anything."""
    sides = any(visible(row.get(side)) for side in ("user_text", "ai_text"))
    if sides and (exchange := _exchange(row)):
        return exchange
    text = row.get("text")
    if not visible(text):
        return Said()
    speaker = (row.get("speaker") or "").strip()
    if speaker.casefold() in COMPANION:
        return Said(reply=text, author="companion")
    return Said(text=text, speaker=None if speaker.casefold() in USER else speaker)


def _exchange(row: Row) -> Said | None:
    """Return both sides; None where `text` says something that they do not add up to."""
    user, ai = (s if visible(s) else "" for s in (row.get("user_text"), row.get("ai_text")))
    text = row.get("text")
    if not visible(text) or text == _joined(user, ai, "", "", ""):
        return _sides(user, ai, "")
    for sign in ("：", ": ", ":"):
        if names := _names(text, user, ai, sign):
            return _sides(user, ai, sign, *names)
    return None


def _sides(
    user: str, ai: str, sign: str, speaker: str | None = None, replier: str | None = None
) -> Said:
    author: Author = "user" if user else "companion"
    return Said(user or None, ai or None, speaker, replier, author, sign)


def _names(text: str, user: str, ai: str, sign: str) -> tuple[str, str] | None:
    """Return the two names where `text` is "name: user's words", "name: companion's words"."""
    if not text.endswith(sign + ai):
        return None
    front, _, replier = text.removesuffix(sign + ai).rpartition("\n")
    speaker = front.removesuffix(sign + user)
    fits = front.endswith(sign + user) and "\n" not in speaker
    return (speaker, replier) if fits and visible(speaker) and visible(replier) else None


def _joined(user: str, ai: str, sign: str, speaker: str, replier: str) -> str:
    if not sign:
        return "\n".join(filter(None, (user, ai)))
    return f"{speaker}{sign}{user}\n{replier}{sign}{ai}"


def made(bank_id: str, memory_id: str, turn: Turn, lang: Lang, noted: Mapping[str, Any]) -> Row:
    """Return the row that a turn makes, given the sign and the white space noted of it."""
    pads = noted.get("pad", {})
    user, ai = padded(turn.text, pads.get("text")), padded(turn.reply, pads.get("reply"))
    sign = noted["sign"] if "sign" in noted else _usual_sign(turn, lang)
    row = {
        "bank_id": bank_id,
        "memory_id": memory_id,
        "session": turn.conversation,
        "date": _date(turn),
    }
    if sign is None:
        row |= {"speaker": (turn.speaker or "user") if user else "assistant", "text": user or ai}
    else:
        names = (turn.speaker or bank_id.strip(), turn.replier or REPLIER[lang])
        row |= {"speaker": "exchange", "text": _joined(user, ai, sign, *names)}
        row |= {"user_text": user, "ai_text": ai}
    return row | {"lang": lang}


def _usual_sign(turn: Turn, lang: Lang) -> str | None:
    return SIGN[lang] if turn.text and turn.reply else None


def _date(turn: Turn) -> str:
    moment = turn.occurred_at
    if turn.precision == "month":
        return f"{moment.year:04}-{moment.month:02}"
    if turn.precision == "day":
        return moment.date().isoformat()
    if turn.channel == "import":  # as the file had it; `note` keeps an offset that it gave
        moment = moment.replace(tzinfo=None)
    whole = not (moment.second or moment.microsecond)
    return moment.isoformat(timespec="minutes" if whole else "auto")


def note(row: Row, turn: Turn, lang: Lang, sign: str | None) -> dict[str, Any]:
    """Return how a row of the file differs from the one that its turn makes."""
    pads = {"text": pad_of(turn.text), "reply": pad_of(turn.reply)}
    noted: dict[str, Any] = {"pad": {side: pad for side, pad in pads.items() if pad}}
    if sign != _usual_sign(turn, lang):
        noted["sign"] = sign
    base = made(row["bank_id"], row["memory_id"], turn, lang, noted)
    noted["keys"] = {
        key: value
        for key, value in row.items()
        if (key not in base or base[key] != value) and not (key in WORDS and visible(value))
    }
    noted["without"] = [key for key in base if key not in row]
    return {name: part for name, part in noted.items() if part or name == "sign"}


def restored(bank_id: str, memory_id: str, turn: Turn, lang: Lang, noted: Mapping[str, Any]) -> Row:
    """Return the row of a turn as the file had it."""
    row = made(bank_id, memory_id, turn, lang, noted) | noted.get("keys", {})
    return {key: value for key, value in row.items() if key not in noted.get("without", ())}
