"""Dates and times in words, Chinese and English, as spans of time.

    spans("What did we do last week?", now)   ->  the seven days of last week
    moment("2023-05", zone)                   ->  the last microsecond of May 2023

Law of this package: the meaning of a word is a pure function of the text, of `now` and of the
bank's own first and last memory; all arithmetic is on calendar dates in the zone of `now`. The
two grammars only recognise; what is recognised means the same in both languages. Read in this
order: span, calendar, frame, then english and chinese, then parts and reach, then scan.
"""

from memorybank.timewords.moments import NotATime, moment, precision
from memorybank.timewords.scan import spans
from memorybank.timewords.span import Grain, Span

__all__ = ["Grain", "NotATime", "Span", "moment", "precision", "spans"]
