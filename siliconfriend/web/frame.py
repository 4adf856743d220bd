"""What stands around every page: name, ways to the others, language, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from nicegui import ui

from siliconfriend.web.visit import Visit

WAYS = (
    ("/", "chat", "chat"), ("/memories", "memories", "auto_stories"),
    ("/forgetting", "forgetting", "show_chart"), ("/portrait", "portrait", "face"),
    ("/settings", "settings", "tune"),
)  # fmt: skip
STYLE = """
body { --q-primary: #2563a8 !important; }
body.body--dark { --q-primary: #4a8bcb !important; }
.q-btn { text-transform: none; }
body { font-family: system-ui, "Noto Sans CJK SC", "WenQuanYi Micro Hei", sans-serif; }
.page { width: 100%; max-width: 46rem; margin: 0 auto; gap: .75rem; }
.quiet { opacity: .7; font-size: .85rem; }
.said { white-space: pre-wrap; overflow-wrap: anywhere; }
.bubble { border-radius: 1rem; padding: .6rem .9rem; max-width: 85%; }
.mine { align-self: flex-end; background: #3d6fb6; color: #fff; }
.theirs { align-self: flex-start; background: rgba(128,128,128,.16); }
.memory { width: 100%; padding: .6rem .8rem; gap: .25rem; }
.memory.faded { opacity: .6; }
.gone { opacity: .65; text-decoration: line-through; }
.instead { border-left: 3px solid currentColor; padding-left: .6rem; width: 100%; }
.across { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem; width: 100%; }
.across.tight { flex-wrap: nowrap; }
.grow { flex: 1 1 8rem; min-width: 0; }
.ways { display: flex; overflow-x: auto; flex-wrap: nowrap; gap: 0; width: 100%; }
.ways a { color: inherit; text-decoration: none; padding: .45rem .7rem; white-space: nowrap; }
.ways a.here { border-bottom: 3px solid currentColor; font-weight: 600; }
.facts { display: flex; flex-wrap: wrap; gap: 0 .25rem; }
.facts > * { white-space: nowrap; }
.facts > *:not(:last-child)::after { content: " ·"; }
.kept .said { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.kept .bar-of { flex: none; width: 9rem; }
.lines { min-height: calc(100dvh - 16rem); }
.curve { width: 100%; height: 4rem; color: #2e8b57; }
.composer { position: sticky; bottom: 0; padding: .5rem 0; background: #fff; gap: 0; }
.body--dark .composer { background: #121212; }
.q-header { background: #264a7c; }
.q-header .page { padding: 0 .5rem; gap: .25rem; }
.note { border-left: 4px solid #c05621; padding: .6rem .9rem; white-space: pre-wrap; }
.fact { margin-top: .6rem; }
.summary { border-color: #3d6fb6; }
@media (max-width: 480px) {
  .ways a { padding: .35rem .4rem; font-size: .85rem; }
  .q-header .page { padding: 0; }
  .kept .bar-of { width: 6rem; }
  .composer .q-btn { padding: .2rem .25rem; font-size: .82rem; }
  .composer .q-btn--round { font-size: 1rem; }
}
"""

GONE = """<script>
const waiting = setInterval(() => {
  if (!window.socket) return;
  clearInterval(waiting);
  window.socket.on("connect_error", async () => {
    const answer = await fetch(location.href, {method: "HEAD"});
    if (answer.status === 401) location.reload();
  });
}, 250);
</script>"""
"""A page whose key was taken back does not wait for its socket to return: it asks for a key."""


@contextmanager
def around(visit: Visit, path: str, name: str) -> Iterator[None]:
    """Draw the frame; what is drawn within stands in its middle column."""
    ui.add_css(STYLE)
    ui.add_body_html(GONE)
    ui.page_title(f"{visit.say(name)} · SiliconFriend")
    dark = ui.dark_mode(value=None)
    with ui.header().classes("q-py-xs"), ui.element("div").classes("page column no-wrap"):
        with ui.element("div").classes("across tight"):
            ui.label("SiliconFriend").classes("text-h6 grow")
            other = "en" if visit.lang == "zh" else "zh"
            ui.link(visit.say("other language"), visit.to(path, lang=other)).style(
                "color:inherit"
            ).classes("language")
            ui.button(icon="contrast", on_click=lambda: _turn(dark)).props(
                f'flat round dense color=white aria-label="{visit.say("light and dark")}"'
            )
        with ui.element("nav").classes("ways"):
            for way, title, _ in WAYS:
                here = "here" if way == path else ""
                ui.link(visit.say(title), visit.to(way)).classes(here)
    with ui.column().classes("page q-pa-sm"):
        yield


def _turn(dark: ui.dark_mode) -> None:
    """Go from the system's own to dark, to light, and round again."""
    dark.value = {None: True, True: False, False: None}[dark.value]
