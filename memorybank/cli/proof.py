"""Proof: eval, bench."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from memorybank.cli.common import console, progress_bar
from memorybank.cli.words import both, machine_lang
from memorybank.errors import BadInput

if TYPE_CHECKING:
    from memorybank.evals.judge import Judge
    from memorybank.evals.tables import Table
    from memorybank.models import LLM, Embedder
    from memorybank.verbs.desk import Progress

_EVAL = both(
    "Measure recall, forgetting and answers on data sets.", "在数据集上测量回忆、遗忘与回答。"
)
_JSON = both("Also write the numbers here.", "把数字也写到这里。")
_PATHS = both(
    "Folders in the normal form, or files that `docs/evaluation.md` lists; without one the small "
    "set that comes along.",
    "标准格式的文件夹，或 `docs/evaluation.md` 所列的文件；不写则用自带的小数据集。",
)
_SPLIT = both("dev or holdout; all if left out.", "dev 或 holdout；不写则全部。")
_EMBEDDER = both("auto, none, or provider:model.", "auto、none，或“来源:模型”。")
_REPORT = both(
    "Also write a report in Markdown here, its charts beside it.",
    "另写一份 Markdown 报告到这里，图放在旁边。",
)
_QUESTIONS = both(
    "Take the questions from this set, by pair_id.", "按 pair_id 改用这个数据集的问题。"
)
_GONE = both("Also check that what is gone stays gone.", "同时检查消失的不会再回来。")
_RECALLS = both(
    "Also ask during the history, to see what reinforcement is worth.",
    "同时在历史途中提问，看强化值多少。",
)
_JOBS = both("How many processes share the work.", "用几个进程分担。")
_LLM = both(
    "The model that answers, provider:model; without one only what needs none is measured.",
    "作答的模型，“来源:模型”；不写则只测不需要模型的部分。",
)
_JUDGE = both(
    "The model that judges; the answering one if left out, none for nobody.",
    "评判的模型；不写则用作答的模型，none 表示不评判。",
)
_BUDGET = both("Tokens of our context.", "本项目上下文的词元数。")
_LIMIT = both("Only so many questions of each set.", "每个数据集只问这么多题。")
_SHEET = both(
    "Write a sheet for people to judge by, its key beside it.",
    "写一张供人打分的表，对照文件放在旁边。",
)
_READ = both(
    "Read filled sheets and tell means and agreement; several times for several people.",
    "读取填好的表，给出均值与一致性；几个人就写几次。",
)

app = typer.Typer(help=_EVAL, no_args_is_help=True)
Paths = Annotated[list[Path] | None, typer.Argument(help=_PATHS)]
Split = Annotated[str, typer.Option(help=_SPLIT)]
EmbedderName = Annotated[str, typer.Option("--embedder", help=_EMBEDDER)]
QuestionsOf = Annotated[Path | None, typer.Option("--questions", help=_QUESTIONS)]
JsonFile = Annotated[Path | None, typer.Option("--json", help=_JSON)]
ReportFile = Annotated[Path | None, typer.Option("--report", help=_REPORT)]


def register(root: typer.Typer) -> None:
    """Add this file's commands."""
    root.command(
        help=both(bench.__doc__, "给记忆计时，向量模型用替身，每项都是与同一次运行的下限之比。")
    )(bench)
    app.command(help=both(retrieval.__doc__, "把数据集的每个问题问一遍，看它的依据有多常被想起。"))(
        retrieval
    )
    app.command(help=both(forgetting.__doc__, "把历史像聊天一样重演，看留下的记忆够不够日后用。"))(
        forgetting
    )
    app.command(help=both(answers.__doc__, "让语言模型凭记忆作答并打分，或由人打分。"))(answers)


@app.callback(help=_EVAL)
def _eval() -> None:
    """Measure recall, forgetting and answers on data sets."""


def retrieval(
    paths: Paths = None,
    split: Split = "",
    questions: QuestionsOf = None,
    digests: Annotated[
        bool, typer.Option(help=both("Also ask with digests.", "整理之后再问一遍。"))
    ] = True,
    baselines: Annotated[
        bool,
        typer.Option(
            "--baselines",
            help=both(
                "Also ask chance, grep, BM25, vectors and the original project.",
                "同时问随机、grep、BM25、纯向量和原项目。",
            ),
        ),
    ] = False,
    embedder: EmbedderName = "auto",
    json_file: JsonFile = None,
    report: ReportFile = None,
) -> None:
    """Ask every question of a set, and tell how often its evidence came back."""
    from memorybank.evals import report as reports
    from memorybank.evals import tables
    from memorybank.evals.retrieval import Plan, compare, evaluate
    from memorybank.evals.sets import load_set

    results = _results(report)
    for each in _runs(paths, split, embedder, results):
        data = load_set(each.path, split=split or None, questions=questions)
        with each.measured() as result:
            result |= evaluate(data, Plan(each.model), progress=each.progress)
            if digests:
                plan = Plan(each.model, digested=True)
                result["with_digests"] = evaluate(data, plan, progress=each.progress)
            if baselines:
                result["baselines"] = compare(data, each.model, progress=each.progress)
    _hand_out(results, tables.retrieval(results), json_file)
    if report:
        reports.retrieval_report(report, results, machine_lang())


def forgetting(
    paths: Paths = None,
    split: Split = "",
    keep: Annotated[
        str,
        typer.Option(
            help=both("Which shares to keep, each between 0 and 1.", "保留多少，各在 0 与 1 之间。")
        ),
    ] = "0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9",
    gone: Annotated[bool, typer.Option(help=_GONE)] = False,
    recalls: Annotated[bool, typer.Option(help=_RECALLS)] = False,
    jobs: Annotated[int, typer.Option(min=1, help=_JOBS)] = 1,
    embedder: EmbedderName = "auto",
    json_file: JsonFile = None,
    report: ReportFile = None,
) -> None:
    """Live a history as a chat, and tell how much of what is asked later is still held."""
    from memorybank.evals import report as reports
    from memorybank.evals import tables
    from memorybank.evals.forgetting import evaluate_forgetting
    from memorybank.evals.sets import load_set

    shares = _shares(keep)
    results = _results(report)
    for each in _runs(paths, split, embedder, results):
        data = load_set(each.path, split=split or None)
        with each.measured() as result:
            result |= evaluate_forgetting(
                data,
                each.model,
                shares,
                gone=gone,
                recalls=recalls,
                jobs=jobs,
                progress=each.progress,
            )
    _hand_out(results, tables.forgetting(results), json_file)
    if report:
        reports.forgetting_report(report, results, machine_lang())


def answers(
    paths: Paths = None,
    split: Split = "",
    llm: Annotated[str, typer.Option(help=_LLM)] = "",
    judge: Annotated[str, typer.Option(help=_JUDGE)] = "",
    budget: Annotated[int, typer.Option(min=1, help=_BUDGET)] = 2000,
    limit: Annotated[int | None, typer.Option(min=1, help=_LIMIT)] = None,
    sheet: Annotated[Path | None, typer.Option(help=_SHEET)] = None,
    read_sheet: Annotated[list[Path] | None, typer.Option(help=_READ)] = None,
    embedder: EmbedderName = "auto",
    json_file: JsonFile = None,
    report: ReportFile = None,
) -> None:
    """Answer questions from memory by a language model, judged by one or by people."""
    from memorybank.evals import report as reports
    from memorybank.evals import tables
    from memorybank.evals.answers import Plan, answered, table
    from memorybank.evals.sets import load_set
    from memorybank.evals.sheet import write_sheet

    if read_sheet:
        _read_sheets(read_sheet, json_file)
        return
    model, mind = _minds(llm, judge, sheet)
    results: list[dict[str, Any]] = []
    everything = []
    for each in _runs(paths, split, embedder, results):
        data = load_set(each.path, split=split or None, unanswerable=True)
        with each.measured() as result:
            plan = Plan(each.model, model, mind() if mind else None, budget, limit)
            asked = answered(data, plan, progress=each.progress)
            result |= table(data.name, asked, plan)
        everything += asked
    if sheet:
        write_sheet(sheet, everything)
        if mind:
            write_sheet(sheet.with_suffix(".judge.csv"), everything, filled=True)
    _hand_out(results, tables.answers(results), json_file)
    if report:
        reports.answers_report(report, results, machine_lang())


def _minds(
    llm: str, judge: str, sheet: Path | None
) -> tuple[LLM | None, Callable[[], Judge] | None]:
    """Return the model that answers, and a maker of judges; each None if there is none."""
    from memorybank.evals.judge import Judge
    from memorybank.models import load_llm
    from memorybank.settings import read_settings

    model = load_llm(llm or read_settings().llm)
    if model is None and (judge not in ("", "none") or sheet):
        raise BadInput(
            "there is nothing to judge without answers: name the model that gives them with --llm",
            "没有回答就没有可评判的：请用 --llm 指定作答的模型",
        )
    judging = None if judge == "none" else load_llm(judge) if judge else model
    return model, (lambda: Judge(judging)) if judging is not None else None


def _read_sheets(sheets: Sequence[Path], json_file: Path | None) -> None:
    from memorybank.evals import tables
    from memorybank.evals.sheet import read_sheets

    result = read_sheets(sheets)
    _hand_out([result], tables.answers([result]), None)
    _hand_out([result], tables.agreed(result), json_file)


def _shares(text: str) -> list[float]:
    try:
        shares = [float(part) for part in text.split(",")]
    except ValueError:
        shares = []
    if not shares or not all(0 < share < 1 for share in shares):
        raise BadInput(
            f"--keep {text}: write shares between 0 and 1, such as 0.3,0.5",
            f"--keep {text}：请写 0 与 1 之间的数，例如 0.3,0.5",
        )
    return shares


@dataclass(slots=True)
class _Run:
    """One set to be measured: where it is, with what, and what came of it."""

    path: Path
    model: Embedder | None
    progress: Progress
    results: list[dict[str, Any]]

    @contextmanager
    def measured(self) -> Iterator[dict[str, Any]]:
        """Give a result to fill in, with its circumstances, and put it among the results."""
        from memorybank.evals.circumstances import measured

        result: dict[str, Any] = {}
        with measured(result, self.model):
            yield result
        self.results.append(result)


def _runs(
    paths: Sequence[Path] | None, split: str, embedder: str, results: list[dict[str, Any]]
) -> Iterator[_Run]:
    """Yield each set with the embedder, its vectors cached, under one progress bar."""
    from memorybank.evals.cache import CachedEmbedder
    from memorybank.evals.sets import bundled
    from memorybank.models import load_embedder
    from memorybank.settings import read_settings

    if split not in ("", "dev", "holdout"):
        raise BadInput(
            f"--split {split}: choose dev or holdout", f"--split {split}：请选 dev 或 holdout"
        )
    model = load_embedder(embedder)
    if model is not None:
        model = CachedEmbedder(model, read_settings().home / "cache" / "vectors.db")
    with progress_bar() as progress:
        for path in paths or bundled():
            yield _Run(path, model, progress, results)


def _results(report: Path | None) -> list[dict[str, Any]]:
    """Return a place for results; who wants charts learns first if they cannot be drawn."""
    if report:
        from memorybank.evals.charts import require_matplotlib

        require_matplotlib()
    return []


def _hand_out(results: list[dict[str, Any]], table: Table, json_file: Path | None) -> None:
    """Show the table, and write the numbers: one object for one set, a list for several."""
    from rich.table import Table as Shown

    shown = Shown(box=None, pad_edge=False)
    for i, name in enumerate(table.columns):
        shown.add_column(
            name, justify="left" if i < table.words else "right", no_wrap=i < table.words
        )
    for row in table.rows:
        shown.add_row(*row)
    console().print(shown)
    if json_file:
        numbers = results[0] if len(results) == 1 else results
        json_file.write_text(json.dumps(numbers, ensure_ascii=False, indent=2) + "\n", "utf-8")


def bench(
    json_file: JsonFile = None,
    quick: Annotated[
        bool, typer.Option("--quick", help=both("Small sizes only.", "只测小规模。"))
    ] = False,
) -> None:
    """Time the memory with its embedder stubbed, each as a ratio to a floor of the same run."""
    from memorybank.evals.bench import run

    with progress_bar() as report:
        rows = run(quick=quick, progress=report)
    from memorybank.evals.bench import table

    console().print(table(rows))
    if json_file:
        json_file.write_text(json.dumps(rows, indent=2) + "\n", "utf-8")
