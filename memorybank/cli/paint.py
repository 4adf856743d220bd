"""How memories look in a terminal: tables, bars, curves. Returns what rich prints."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from memorybank.cli.words import word
from memorybank.compose import neutral
from memorybank.records import (
    Day,
    Explanation,
    Lang,
    Memory,
    Part,
    Portrait,
    PortraitDay,
    Recalled,
    Recollection,
    Summary,
)

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_LEVELS = "▁▂▃▄▅▆▇█"
SHORT = 8
"""So much of an id's tail is shown; commands take it for the whole."""


def bar(value: float, width: int = 10) -> Text:
    """Return a bar for a value of 0..1, green when full, red when nearly empty."""
    filled = max(0.0, min(1.0, value)) * width
    whole = int(filled)
    part = _EIGHTHS[int((filled - whole) * 8)] if whole < width else ""
    style = "green" if value >= 0.5 else "yellow" if value >= 0.05 else "red"
    return Text(("█" * whole + part).ljust(width), style=style) + Text(
        f" {value:4.0%}", style="dim"
    )


def recollection(found: Recollection, lang: Lang) -> RenderableType:
    """Return what was recalled, each with its retention and its reasons."""
    notes = [Text(note, style="dim") for note in found.notes]
    if not found.hits:
        return Group(Text(word("nothing", lang), style="dim"), *notes)
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, expand=True)
    table.add_column("", justify="right", style="dim", width=2)
    table.add_column(word("when", lang), width=10)
    table.add_column(word("memory", lang), ratio=3, overflow="fold")
    table.add_column(word("held", lang), width=15)
    table.add_column(word("why", lang), ratio=2, overflow="fold")
    for rank, hit in enumerate(found.hits, 1):
        table.add_row(
            str(rank), _when(hit.when), _text(hit, lang), bar(hit.retention), _why(hit, lang)
        )
        table.add_row("", "", Text(hit.id[-SHORT:], style="dim"), "", "")
    return Group(table, *notes)


def _text(hit: Recalled, lang: Lang) -> Text:
    text = Text(neutral(hit.text)[:600])
    tags = []
    if hit.kind == "day":
        tags.append(word("day summary", lang))
    if hit.faded:
        tags.append(word("faded", lang))
    return Text(f"[{', '.join(tags)}] ", style="magenta") + text if tags else text


def _why(hit: Recalled, lang: Lang) -> Text:
    strongest = sorted((s for s in hit.why.signals if s.share > 0.05), key=lambda s: -s.share)
    lines = [", ".join(f"{word(s.name, lang)} +{s.share:.1f}" for s in strongest)]
    return Text("\n".join(filter(None, [*hit.why.notes, *lines])), style="cyan")


def _when(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d")


def memories(rows: Sequence[Memory], lang: Lang, *, numbered: bool = False) -> Table:
    """Return memories with how they are held; numbered, if they may be named so."""
    table = Table(box=None, show_header=False, pad_edge=False, expand=True)
    if numbered:
        table.add_column(justify="right", style="dim", width=2)
    table.add_column(width=SHORT, style="dim")
    table.add_column(ratio=1, overflow="fold")
    table.add_column(width=15)
    table.add_column(width=20, style="dim")
    for number, row in enumerate(rows, 1):
        text = Text(neutral(row.text)[:300], style="dim" if row.faded or row.replaced_by else "")
        first = [str(number)] if numbered else []
        table.add_row(*first, row.id[-SHORT:], text, bar(row.retention), _fate(row, lang))
    return table


def _fate(row: Memory, lang: Lang) -> str:
    if row.replaced_by:
        return word("replaced", lang)
    if row.pinned:
        return word("pinned", lang)
    if row.faded:
        return word("faded", lang)
    return f"{word('fades', lang)} {_end(row, lang)}"


def _end(row: Memory, lang: Lang) -> str:
    return _when(row.fades_at) if row.fades_at else word("never", lang)


def _dated(day: date, lang: Lang) -> str:
    return f"{day.isoformat()} {word('weekdays', lang).split()[day.weekday()]}"


def timeline(days: Sequence[Day], lang: Lang) -> RenderableType:
    """Return days, each with its event summary, its insight and its memories."""
    parts: list[RenderableType] = []
    for day in days:
        inside: list[RenderableType] = []
        for title, summary in (("event summary", day.summary), ("insight", day.insight)):
            if summary:
                inside.append(Text(word(title, lang), style="bold"))
                inside.append(Text(neutral(summary.text), style="italic"))
        inside.append(memories(day.memories, lang))
        parts.append(Panel(Group(*inside), title=_dated(day.day, lang), title_align="left"))
    return Group(*parts) if parts else Text(word("nothing", lang), style="dim")


def portrait(who: Portrait, lang: Lang) -> RenderableType:
    """Return the portrait by topic."""
    from memorybank.topics import LABELS

    if not who.statements:
        return Text(word("no portrait", lang), style="dim")
    table = Table(box=SIMPLE_HEAD, show_header=False, show_edge=False, pad_edge=False)
    topic = ""
    for statement in who.statements:
        label = LABELS[lang][statement.topic] if statement.topic != topic else ""
        topic = statement.topic
        table.add_row(
            Text(label, style="bold"),
            neutral(statement.text),
            Text(statement.when.isoformat(), style="dim"),
        )
    subtitle = word("extractive", lang) if who.method == "extractive" else who.method
    return Panel(table, title=word("portrait", lang), subtitle=subtitle, title_align="left")


def portrait_history(days: Sequence[PortraitDay], lang: Lang) -> RenderableType:
    """Return how the portrait came to be: what each day brought, and what left for what."""
    if not days:
        return Text(word("no portrait", lang), style="dim")
    table = Table(box=SIMPLE_HEAD, show_header=False, show_edge=False, pad_edge=False)
    for day in days:
        lines = [("new", "green", s.text, "") for s in day.new]
        lines += [("back again", "green", s.text, "") for s in day.back]
        lines += [
            (
                "was corrected" if gone.why == "corrected" else gone.why,
                "dim",
                gone.statement.text,
                f" → {gone.by.text}" if gone.by else "",
            )
            for gone in day.left
        ]
        for place, (what, style, text, by) in enumerate(lines):
            when = Text("" if place else day.day.isoformat(), style="bold")
            told = Text(neutral(text), style="strike dim" if style == "dim" else "")
            table.add_row(when, Text(word(what, lang), style=style), told + Text(neutral(by)))
    return table


def summaries(rows: Sequence[Summary], title: str, lang: Lang) -> RenderableType:
    """Return summaries of one level."""
    lines: list[RenderableType] = [Text(word(title, lang), style="bold")]
    for row in rows:
        if row.level != "global":
            lines.append(Text(row.period, style="dim"))
        lines.append(Text(neutral(row.text)))
    return Group(*lines)


def explanation(told: Explanation, lang: Lang) -> RenderableType:
    """Return everything about one memory, its curve drawn."""
    memory = told.memory
    facts = Table(box=None, show_header=False, pad_edge=False)
    facts.add_row(
        word("significance", lang), Text(f"{memory.significance:.2f}  ") + parts(told.parts, lang)
    )
    strength = (
        "∞" if memory.strength == float("inf") else f"{memory.strength:.1f} {word('days', lang)}"
    )
    facts.add_row(word("strength", lang), strength)
    facts.add_row(word("retention", lang), bar(memory.retention))
    plain = not (memory.replaced_by or memory.pinned or memory.faded)
    facts.add_row(word("fades", lang), _end(memory, lang) if plain else _fate(memory, lang))
    for title, ids in (
        ("made of", told.sources), ("in", told.derived), ("replaces", told.replaces),
        ("replaced by", (told.replaced_by,) if told.replaced_by else ()),
    ):  # fmt: skip
        if ids:
            facts.add_row(word(title, lang), ", ".join(i[-SHORT:] for i in ids))
    log: list[RenderableType] = []
    if told.events:
        log.append(Text("\n" + word("log", lang), style="bold"))
        for event in told.events:
            held = f"  R {event.retention:.2f}" if event.retention is not None else ""
            log.append(Text(f"{event.at:%Y-%m-%d %H:%M}  {word(event.kind, lang)}{held}"))
    drawn = Text("\n" + word("curve", lang, int(told.curve[-1][0])), style="bold")
    return Panel(
        Group(
            Text(neutral(memory.text)), Text(""), facts, *log, drawn,
            curve([held for _, held in told.curve]),
        ),
        title=f"{memory.id}  {_when(memory.occurred_at)}", title_align="left",
    )  # fmt: skip


def parts(judged: Sequence[Part], lang: Lang) -> Text:
    """Return what a significance is made of."""
    shown = sorted(judged, key=lambda p: -abs(p.share))
    return Text(", ".join(f"{word(p.name, lang)} {p.share:+.1f}" for p in shown), style="cyan")


def curve(values: Sequence[float], *, height: int = 6, style: str = "green") -> Text:
    """Draw values of 0..1 over equal steps as columns, highest row first."""
    rows = []
    for level in range(height - 1, -1, -1):
        label = "100%" if level == height - 1 else "  0%" if level == 0 else "    "
        cells = []
        for value in values:
            filled = max(0.0, min(1.0, value)) * height - level
            cells.append("█" if filled >= 1 else _LEVELS[int(filled * 8)] if filled > 0 else " ")
        rows.append(f"{label} ┤{''.join(cells)}")
    rows.append("     └" + "─" * len(values))
    return Text("\n".join(rows), style=style)


def strip(values: Sequence[float], theta: float = 0.05) -> Text:
    """Draw values of 0..1 over equal steps in one line; a dot stands where it has faded."""
    line = Text()
    for value in values:
        if value < theta:
            line.append("·", style="dim")
        else:
            style = "green" if value >= 0.5 else "yellow"
            line.append(_LEVELS[min(7, int(value * 8))], style=style)
    return line
