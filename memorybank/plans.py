"""When a plan is over: what was said to be done by a day that has gone is no plan any more.

A plan belongs into a portrait as long as it is one. It has passed when every time that its words
name, read as it was meant on the day on which it was said, lies behind. Pure.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta

from memorybank.timewords import Span, spans

_WEEKDAY = re.compile(
    r"(?:on )?(?:mon|tues|wednes|thurs|fri|satur|sun)day|(?:周|星期|礼拜)[一二三四五六日天]",
    re.IGNORECASE,
)
_WEEK = timedelta(days=7)


def passed(text: str, said: date, now: datetime) -> bool:
    """Say whether all that a text, said on a day, names as coming is over; False if it names none.

    `now` is aware and in the zone of the days. A date without its year is read as the last one
    that was (`timewords.frame`), hence read twice: from the day it was said on, and from now.
    """
    noon = datetime.combine(said, time(12), now.tzinfo)
    again = {span.at: span for span in spans(text, now)}
    ends = [_end(span, again.get(span.at), said) for span in spans(text, noon)]
    coming = [end for end in ends if end is not None]
    return bool(coming) and max(coming) <= now.date()


def _end(then: Span, again: Span | None, said: date) -> date | None:
    """Return the day on which a time is over, None if it was not one to come."""
    if then.grain == "vague":
        return None
    start = then.start.date()
    if start >= said:
        return then.end.date()
    if _WEEKDAY.fullmatch(then.words.strip()):
        return then.end.date() + _WEEK
    if again and (again.start.month, again.start.day) == (start.month, start.day):
        return again.end.date() if again.start.date() >= said else date.max
    return None
