"""docs/training.md and its Chinese twin name every option, preset and command line alike."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from memorybank.adapters.transformers import KNOWN
from siliconfriend.cli import app
from siliconfriend.finetune.presets import PRESETS

DOCS = Path(__file__).parent.parent / "docs"
PAGES = ("training.md", "training_zh.md")


@pytest.mark.parametrize("page", PAGES)
def test_every_option_and_preset_is_told(page: str):
    text = (DOCS / page).read_text("utf-8")
    for name in (*KNOWN, *PRESETS):
        assert f"`{name}`" in text, f"{page} does not tell of {name}"
    for preset in PRESETS.values():
        for value in (preset.rank, preset.alpha, f"{preset.max_length:,}"):
            assert str(value) in text


@pytest.mark.parametrize("page", PAGES)
def test_command_lines_name_commands_and_options_that_exist(page: str):
    group = typer.main.get_command(app)
    lines = re.findall(r"(?m)^siliconfriend (\S+) (.*)$", (DOCS / page).read_text("utf-8"))
    assert len(lines) >= 9
    for name, rest in lines:
        known = {flag for p in group.commands[name].params for flag in p.opts}
        for flag in re.findall(r"(--[\w-]+)", rest):
            assert flag in known, f"{page}: siliconfriend {name} {flag}"


def test_both_languages_show_the_same_commands():
    shown = []
    for page in PAGES:
        blocks = re.findall(r"(?s)```sh\n(.*?)```", (DOCS / page).read_text("utf-8"))
        shown.append([re.sub(r"\s*#.*", "", block) for block in blocks])
    assert shown[0] == shown[1]
