"""Settings: one frozen object, read once, at the edge, from a TOML file and the environment.

The environment wins over the file; an empty variable counts as unset. The library itself never
reads either: it takes arguments.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import platformdirs

from memorybank.errors import BadSetting

BANK_FILE = "memory.db"
SETTINGS_FILE = "settings.toml"


@dataclass(frozen=True, slots=True)
class Settings:
    """Where memory is kept and by which models; see the README for each variable."""

    home: Path
    embedder: str = "auto"
    preset: str = "gentle"
    zone: str = ""

    @property
    def file(self) -> Path:
        """The bank file."""
        return self.home / BANK_FILE


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings; raises BadSetting on a file that does not parse or a name unknown."""
    env = os.environ if environment is None else environment
    home = Path(env.get("MEMORYBANK_HOME") or platformdirs.user_data_dir("memorybank")).expanduser()
    values: dict[str, str] = _from_file(home / SETTINGS_FILE)
    for name in ("embedder", "preset", "zone"):
        if env.get(f"MEMORYBANK_{name.upper()}"):
            values[name] = env[f"MEMORYBANK_{name.upper()}"]
    return Settings(home=home, **values)


def _from_file(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    try:
        values = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSetting(f"{path}: {error}", f"{path}：不是合法的 TOML（{error}）") from error
    known = {f.name for f in fields(Settings)} - {"home"}
    for name, value in values.items():
        if name not in known or not isinstance(value, str):
            raise BadSetting(
                f"{path}: {name!r} is not a setting; known are {', '.join(sorted(known))}",
                f"{path}：没有 {name!r} 这项设置；可用的有 {'、'.join(sorted(known))}",
            )
    return values
