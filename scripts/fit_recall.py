"""The weights of recall, fitted and doubted: which signal is worth what, on which sets.

    python scripts/fit_recall.py ../shared/data/memorybank/cn ../shared/data/lifebench_zh …
    python scripts/fit_recall.py … --measure ../shared/data/locomo --keep /tmp/banks

Every set is remembered by the library and asked by its own signals (`memorybank/signals.py`).
Weights are fitted by listwise logistic regression: the chance that a set's evidence comes first,
a small pull towards nought, every family of sets counting alike. Each family is also judged by
weights fitted without it. A set of exchanges is taken a second time with its two sides apart
("…/sides"), as friends or chat logs come. `--measure` sets are never fitted on. `--keep` keeps
the banks for the next run; vectors come from the evaluation's cache. Rounded results stand in
`memorybank/signals.py`; what was learnt stands in `docs/LOG.md`.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

from memorybank import MemoryBank, cues, lexical, signals
from memorybank.evals.cache import CachedEmbedder
from memorybank.evals.metrics import Asked, measures
from memorybank.evals.sets import Question, RetrievalSet, load_set, rows
from memorybank.formats import read_file
from memorybank.models import Embedder, load_embedder, question
from memorybank.records import Turn
from memorybank.settings import read_settings
from memorybank.store.tables import turns_by_number
from memorybank.timewords import moment
from memorybank.verbs import recall
from memorybank.verbs.desk import index_of

FEATURES = ("own", "before", "answers", "nearby", "other side", "asked side")
"""Its own words and meaning; those of the turn before, of any and of one that asks; …"""
SHIPPED = np.array(
    [1.0, 0.0, signals.ANSWERS, signals.NEARBY, signals.OTHER_SIDE, signals.ASKED_SIDE]
)
PULL = 0.02
"""The pull of each weight towards nought, beside a mean over questions."""
CANDIDATES = 300
SHOWN = ("any@1", "any@5", "any@10", "mrr")


@dataclass(frozen=True)
class Case:
    """One question: its features (n, len(FEATURES)), who is in a day named, and the evidence."""

    question: Question
    features: np.ndarray
    inside: np.ndarray
    allowed: np.ndarray
    ids: Sequence[str]

    @property
    def evidence(self) -> np.ndarray:
        """Which memories answer."""
        return np.array([name in self.question.evidence for name in self.ids])

    def judged(self, weights: np.ndarray) -> dict[str, float]:
        """Return the measures of a ranking by weights, the day named first."""
        score = self.features @ weights + 1000.0 * self.inside
        order = np.argsort(-score, kind="stable")
        return measures(Asked(self.question, [self.ids[i] for i in order if self.allowed[i]]))

    def contest(self) -> tuple[np.ndarray, np.ndarray] | None:
        """Return features and evidence of those who compete; None if no evidence does."""
        evidence, pool = self.evidence, self.allowed.copy()
        if (self.inside & pool).any():
            pool &= self.inside if (evidence & self.inside).any() else ~self.inside
        at = np.flatnonzero(pool)
        score = self.features[at] @ SHIPPED + 1000.0 * evidence[at]
        at = at[np.argsort(-score)[:CANDIDATES]]
        return (self.features[at], evidence[at]) if evidence[at].any() else None


@dataclass(frozen=True)
class Family:
    """Sets that are alike: fitted on together, left out together."""

    name: str
    cases: dict[str, list[Case]]


def sides(turns: Iterable[Turn], data: RetrievalSet) -> tuple[list[Turn], RetrievalSet]:
    """Take exchanges apart into two turns each; evidence is the side that holds the fact."""
    apart: list[Turn] = []
    for turn in turns:
        name = turn.external_id
        for half, gone in (("user", "reply"), ("ai", "text")):
            one = replace(turn, **{gone: None}, seq=len(apart), external_id=f"{name}/{half}")
            if one.text or one.reply:
                apart.append(replace(one, author="user" if one.text else "companion"))
    held = {turn.external_id for turn in apart}
    side = {str(r["question_id"]): r.get("fact_side") for r in rows(data.folder, "questions.jsonl")}

    def halves(question: Question, names: Iterable[str]) -> frozenset[str]:
        both = {f"{n}/{half}" for n in names for half in ("user", "ai")} & held
        told = {n for n in both if n.endswith(f"/{side[question.id]}")}
        return frozenset(told or both)

    asked = tuple(
        replace(
            q,
            evidence=halves(q, q.evidence),
            groups=tuple(halves(q, group) for group in q.groups),
        )
        for q in data.questions
    )
    return apart, replace(data, name=f"{data.name}/sides", questions=asked)


def remembered(
    data: RetrievalSet, turns: list[Turn], name: str, lang: str, embedder: Embedder, keep: Path
) -> MemoryBank:
    """Open the bank of some turns, remembering them if it is not kept from an earlier run."""
    file = keep / f"{data.name}-{name}.db".replace("/", "_")
    known = file.exists()
    bank = MemoryBank.open(file, bank=name, lang=lang, zone="UTC", embedder=embedder)  # type: ignore[arg-type]
    if not known:
        last = max(turn.occurred_at for turn in turns)
        bank.remember_turns([replace(turn, channel="chat") for turn in turns], now=last)
    return bank


def cases(path: Path, embedder: Embedder, keep: Path, *, apart: bool) -> list[Case]:
    """Return every question of a set with its features."""
    whole = load_set(path)
    result: list[Case] = []
    for volume in read_file(path, UTC):
        data, turns = whole, list(volume.turns)
        if apart:
            turns, data = sides(volume.turns, whole)
        asked = [q for q in data.questions if q.bank.strip() == volume.name]
        if turns and asked:
            last = max(turn.occurred_at for turn in turns)
            with remembered(data, turns, volume.name, volume.lang, embedder, keep) as bank:
                result += _asked(bank, asked, last, data, embedder)
    return result


def _asked(
    bank: MemoryBank,
    questions: Sequence[Question],
    last: datetime,
    data: RetrievalSet,
    embedder: Embedder,
) -> Iterator[Case]:
    with bank.desk.read() as (tx, volume, row):
        index = index_of(volume)
        turns = turns_by_number(tx, row.bank, index["number"].tolist())
        ids = [str(turns[n].external_id) for n in index["number"].tolist()]
        for asked in questions:
            now = moment(asked.date, UTC) if asked.date else last
            text = asked.text[-recall.LONGEST_QUESTION :]
            named = recall._spans(text, now, index, row)
            inside = np.zeros(index.size, dtype=bool)
            for window in recall._windows(named, text, now):
                if window.rule:
                    occurred = index["occurred"]
                    inside |= (occurred >= window.start) & (occurred < window.end)
            allowed = np.ones(index.size, dtype=bool)
            if asked.max_order is not None:
                allowed = np.array([data.orders.get(name, -1) < asked.max_order for name in ids])
            yield Case(asked, _features(index, text, embedder), inside, allowed, ids)


def _features(index: signals.Index, text: str, embedder: Embedder) -> np.ndarray:
    said = cues.said(text)
    direction = question(embedder, "\n".join(said[-recall.LINES :]))
    everyone = np.ones(index.size, dtype=bool)
    side = cues.side_asked(text)
    asked = signals.Asked(lexical.said_terms(said), direction, side)
    channels = signals.relevance(index, asked, everyone, everyone).channels
    own = channels["words"].shares + channels["meaning"].shares
    previous, alone = index.previous(), index.marked(cues.COMPANION)
    before = np.where(previous >= 0, own[previous], 0.0)
    takes = np.where(index.marked(cues.EXCHANGE), signals.EXCHANGES, 1.0)
    answers = index.marked(cues.ASKS)[previous] & ~alone
    nearby = channels["nearby"].values
    sides = (alone * (side == "person"), alone * (side == "companion"))
    columns = (own, before, takes * before * answers, nearby, *sides)
    return np.stack(columns, axis=1).astype(np.float32)


def fitted(families: Sequence[Family]) -> np.ndarray:
    """Return the weights that make evidence come first, by damped Newton steps."""
    contests = [
        (contest, 1.0 / len(families) / len(family.cases) / len(several))
        for family in families
        for several in family.cases.values()
        for case in several
        if (contest := case.contest())
    ]
    weights = SHIPPED.copy()
    for _ in range(60):
        slope = -PULL * weights
        bend = PULL * np.eye(len(weights))
        for (features, evidence), part in contests:
            score = features @ weights
            chance = np.exp(score - score.max())
            chance /= chance.sum()
            right = chance * evidence
            mean = chance @ features
            slope += part * (right @ features / right.sum() - mean)
            bend += part * ((features * chance[:, None]).T @ features - np.outer(mean, mean))
        weights = weights + np.linalg.solve(bend, slope)
    return weights


def line(name: str, judged: list[dict[str, float]], base: list[dict[str, float]]) -> str:
    """Return a row of the table: means, and the difference in MRR with its 95 % interval."""
    means = " | ".join(f"{np.mean([one[key] for one in judged]):.3f}" for key in SHOWN)
    gain = np.array([a["mrr"] - b["mrr"] for a, b in zip(judged, base, strict=True)])
    picks = np.random.default_rng(0).integers(0, len(gain), size=(2000, len(gain)))
    low, high = np.percentile(gain[picks].mean(axis=1), [2.5, 97.5])
    return f"| {name} | {len(judged)} | {means} | {gain.mean():+.3f} ({low:+.3f} to {high:+.3f}) |"


def main() -> None:
    """Print the weights and the table."""
    parser = argparse.ArgumentParser(description="Fit the weights of recall.")
    parser.add_argument("paths", nargs="+", type=Path)
    parser.add_argument("--measure", nargs="*", type=Path, default=[])
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    model = load_embedder("auto")
    if model is None:
        sys.exit("no embedder: pip install 'siliconfriend[local]'")
    embedder = CachedEmbedder(model, read_settings().home / "cache" / "vectors.db")
    keep = options.keep or Path(mkdtemp(prefix="memorybank-fit-"))
    keep.mkdir(parents=True, exist_ok=True)

    grouped: dict[str, dict[str, list[Case]]] = defaultdict(dict)
    for path in options.paths:
        family = path.resolve().parent.name if path.name in ("cn", "zh", "en") else path.name
        grouped[family][f"{family}/{path.name}"] = cases(path, embedder, keep, apart=False)
        if any("fact_side" in row for row in rows(path, "questions.jsonl")):
            apart = cases(path, embedder, keep, apart=True)
            grouped[family][f"{family}/{path.name}/sides"] = apart
    families = [Family(name, several) for name, several in grouped.items()]

    together = fitted(families)
    print("| weights of |", " | ".join(FEATURES), "|")
    print("|---" * (1 + len(FEATURES)) + "|")
    for name, weights in (("shipped", SHIPPED), ("all", together)):
        print(f"| {name} |", " | ".join(f"{w / weights[0]:+.2f}" for w in weights), "|")
    without = {}
    for family in families:
        without[family.name] = fitted([f for f in families if f is not family] or families)
        relative = without[family.name] / without[family.name][0]
        print(f"| without {family.name} |", " | ".join(f"{w:+.2f}" for w in relative), "|")

    print("\n| set, weights | n |", " | ".join(SHOWN), "| MRR against shipped |")
    print("|---" * (3 + len(SHOWN)) + "|")
    measured = [
        Family(path.name, {path.name: cases(path, embedder, keep, apart=False)})
        for path in options.measure
    ]
    for family in [*families, *measured]:
        tried = {"shipped": SHIPPED, "all": together}
        if family.name in without:
            tried["left out"] = without[family.name]
        for name, several in family.cases.items():
            base = [case.judged(SHIPPED) for case in several]
            for label, weights in tried.items():
                print(line(f"{name}, {label}", [c.judged(weights) for c in several], base))


if __name__ == "__main__":
    main()
