"""A report in Markdown with its charts beside it, from the numbers that the commands hand out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from memorybank.evals import charts, tables
from memorybank.evals.tables import Result, markdown
from memorybank.records import Lang

_WORDS: dict[str, tuple[str, str]] = {
    "retrieval": ("Recall", "回忆"),
    "forgetting": ("Forgetting", "遗忘"),
    "answers": ("Answers", "回答"),
    "categories": ("By kind of question, ours", "按问题类型，本项目"),
    "kept": ("Evidence kept, by share of memories kept", "留下的依据，按保留记忆的比例"),
    "answerable": ("Questions that can still be answered", "仍可回答的问题"),
    "bounds": ("95 % intervals of ours", "本项目的 95 % 区间"),
    "gone": ("Gone stays gone", "消失的不再回来"),
    "worth": ("What reinforcement is worth", "强化值多少"),
    "cost": ("Time and memory", "时间与内存"),
    "versions": ("Versions", "版本"),
    "how": (
        "How to read and repeat this: `docs/evaluation.md`.",
        "怎样读懂、重复这些数字：见 `docs/evaluation.md`。",
    ),
}


def retrieval_report(path: Path, results: Sequence[Result], lang: Lang = "en") -> None:
    """Write the report of `eval retrieval`, and its chart."""
    chart = path.with_suffix(".svg")
    charts.retrieval_chart(chart, results)
    parts = [
        _title("retrieval", lang),
        _picture(chart, lang, "retrieval"),
        markdown(tables.retrieval(results)),
        _heading("categories", lang),
        markdown(tables.categories(results)),
        *_circumstances(results, lang),
    ]
    _write(path, parts)


def forgetting_report(path: Path, results: Sequence[Result], lang: Lang = "en") -> None:
    """Write the report of `eval forgetting`, and its chart."""
    chart = path.with_suffix(".svg")
    charts.forgetting_chart(chart, results)
    parts = [
        _title("forgetting", lang),
        _picture(chart, lang, "forgetting"),
        _heading("kept", lang),
        markdown(tables.forgetting(results)),
        _heading("bounds", lang),
        markdown(tables.bounds(results)),
        _heading("answerable", lang),
        markdown(tables.forgetting(results, "answerable")),
    ]
    for name, table in (("gone", tables.gone(results)), ("worth", tables.worth(results))):
        if table.rows:
            parts += [_heading(name, lang), markdown(table)]
    _write(path, [*parts, *_circumstances(results, lang)])


def answers_report(path: Path, results: Sequence[Result], lang: Lang = "en") -> None:
    """Write the report of `eval answers`."""
    made = (
        f"- {r['set']}: {r['n']}; llm {r['llm']}; judge {r['judge']}; "
        f"prompts {r.get('prompts', '-')}\n"
        for r in results
    )
    parts = [_title("answers", lang), markdown(tables.answers(results)), "".join(made)]
    _write(path, [*parts, *_circumstances(results, lang)])


def phrase(key: str, lang: Lang) -> str:
    """Return one of the report's phrases."""
    return _WORDS[key][lang == "zh"]


def _title(key: str, lang: Lang) -> str:
    return f"# {phrase(key, lang)}\n\n{phrase('how', lang)}\n"


def _heading(key: str, lang: Lang) -> str:
    return f"## {phrase(key, lang)}\n"


def _picture(chart: Path, lang: Lang, key: str) -> str:
    return f"![{phrase(key, lang)}]({chart.name})\n"


def _circumstances(results: Sequence[Result], lang: Lang) -> list[str]:
    """Return what it took, and with which versions; these differ from run to run."""
    found = [r["circumstances"]["versions"] for r in results if "circumstances" in r]
    told = dict.fromkeys(
        ", ".join(f"{name} {value}" for name, value in each.items()) for each in found
    )
    return [
        _heading("cost", lang),
        markdown(tables.circumstances(results)),
        _heading("versions", lang),
        "".join(f"- {line}\n" for line in told),
    ]


def _write(path: Path, parts: Sequence[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(parts), "utf-8")
