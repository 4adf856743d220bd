"""The words of a message as the classifier of the safety rule counts them.

English in words, pairs and threes of words; Chinese in runs of one to three characters, which
needs no word list. Written for text from `folding.folded`. Pure.
"""

from __future__ import annotations

import re

_WORD = re.compile(r"[a-z']+")
_RUN = re.compile(r"[\u4e00-\u9fff]+")
LONGEST = 3
"""Words or characters that one term has at most."""


def terms(plain: str) -> frozenset[str]:
    """Return the terms of a folded text, each once."""
    words = _WORD.findall(plain)
    found = {
        " ".join(words[at : at + length])
        for length in range(1, LONGEST + 1)
        for at in range(len(words) - length + 1)
    }
    for run in _RUN.findall(plain):
        for length in range(1, LONGEST + 1):
            found.update(run[at : at + length] for at in range(len(run) - length + 1))
    return frozenset(found)
