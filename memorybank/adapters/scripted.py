"""A language model that reads its replies from a file, for tests and for trying things out.

"scripted:replies.txt": replies stand one after another, apart by lines of three dashes. After the
last it quotes from its prompt, as without a file ("scripted:").
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from memorybank.errors import BadSetting
from memorybank.testing import ScriptedLLM


def load(model: str = "", options: Mapping[str, Any] | None = None) -> ScriptedLLM:
    """Return the model with the script in the file `model`; raises BadSetting if there is none."""
    try:
        script = Path(model).expanduser().read_text("utf-8") if model else ""
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(
            f"no script of replies at {model}: write 'scripted:FILE'",
            f"{model} 处没有回复的脚本：请写 'scripted:文件'",
        ) from error
    replies = [reply.strip() for reply in re.split(r"(?m)^---\s*$", script)]
    return ScriptedLLM([r for r in replies if r], name=f"scripted:{Path(model).name}")
