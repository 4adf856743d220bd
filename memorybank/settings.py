"""Settings: one frozen object, read once, at the edge, from a TOML file and the environment.

The environment wins over the file; an empty variable counts as unset. A table of the file is a
provider's section, handed to its models as it stands: `[openai] base_url = "…"`. The library
itself reads none of it, except to open a model that is named by a string alone.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import platformdirs

from memorybank.errors import BadSetting

BANK_FILE = "memory.db"
SETTINGS_FILE = "settings.toml"
NAMES = ("embedder", "llm", "preset", "zone", "personal_data")
_PROVIDERS = {"openai": {"base_url": "OPENAI_BASE_URL", "api_key": "OPENAI_API_KEY"}}
"""Variables that a provider's users have set anyway, and where they go."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where memory is kept and by which models; see the README for each variable."""

    home: Path
    embedder: str = "auto"
    llm: str = "none"
    preset: str = "gentle"
    zone: str = ""
    personal_data: str = "off"
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)

    @property
    def file(self) -> Path:
        """The bank file."""
        return self.home / BANK_FILE


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; raises BadSetting on a file that does not parse or a name unknown."""
    env = os.environ if environment is None else environment
    home = Path(env.get("MEMORYBANK_HOME") or platformdirs.user_data_dir("memorybank")).expanduser()
    values, options = _from_file(home / SETTINGS_FILE)
    for name in NAMES:
        if env.get(f"MEMORYBANK_{name.upper()}"):
            values[name] = env[f"MEMORYBANK_{name.upper()}"]
    for provider, variables in _PROVIDERS.items():
        given = {option: env[name] for option, name in variables.items() if env.get(name)}
        if given:
            options[provider] = {**options.get(provider, {}), **given}
    return Settings(home=home, options=options, **values)


def _from_file(path: Path) -> tuple[dict[str, str], dict[str, dict[str, Any]]]:
    """Return the names of the file and its tables."""
    if not path.is_file():
        return {}, {}
    try:
        found = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSetting(f"{path}: {error}", f"{path}：不是合法的 TOML（{error}）") from error
    tables = {name: value for name, value in found.items() if isinstance(value, dict)}
    values = {name: value for name, value in found.items() if name not in tables}
    for name, value in values.items():
        if name not in NAMES or not isinstance(value, str):
            raise BadSetting(
                f"{path}: {name!r} is not a setting; known are {', '.join(NAMES)}, "
                "and tables of model providers such as [openai]",
                f"{path}：没有 {name!r} 这项设置；可用的有 {'、'.join(NAMES)}，"
                "以及 [openai] 这样的模型来源",
            )
    return values, tables
