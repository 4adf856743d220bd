"""What a run leaves behind while it runs, so that it can go on after any end.

Law of this file: a checkpoint counts once its mark is there, which is written last; what has no
mark is a torso and is thrown away. `run.json` says what run it is: another one never goes on with
its checkpoints.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from memorybank.errors import BadInput, DiskFull

MARK, RUN, DONE = "complete.json", "run.json", "training.json"
FOLDER = "checkpoints"
PICKLES = ("training_args.bin",)


class Keep:
    """The folder of one run."""

    def __init__(self, out: Path) -> None:
        self.out, self.folder = out, out / FOLDER

    def claim(self, run: Mapping[str, Any]) -> dict[str, Any]:
        """Make the folder this run's own; return what an interrupted one left in run.json.

        Raises BadInput where another run, or anything else, is there already.
        """
        if (self.out / DONE).exists():
            raise BadInput(
                f"{self.out}: a finished run is there already: choose another --out",
                f"{self.out}：里面已有一次完成的训练：请换一个 --out",
            )
        known = read_json(self.folder / RUN)
        if known is None:
            if self.out.exists() and any(self.out.iterdir()):
                raise BadInput(
                    f"{self.out}: not empty, and no run of ours: choose an empty --out",
                    f"{self.out}：不是空文件夹，也不是我们的训练：请给一个空的 --out",
                )
            self.folder.mkdir(parents=True, exist_ok=True)
            self.note({"run": dict(run)})
            return {}
        if known.get("run") != json.loads(json.dumps(run)):
            differs = sorted(
                key
                for key in {*run, *known.get("run", {})}
                if known.get("run", {}).get(key) != json.loads(json.dumps(run.get(key)))
            )
            raise BadInput(
                f"{self.out}: another run stopped there (it differs in {', '.join(differs)}): "
                "repeat that command to go on with it, or choose another --out",
                f"{self.out}：里面有另一次中断的训练（{'、'.join(differs)} 不同）："
                "请用原来的命令继续，或换一个 --out",
            )
        return known

    def note(self, values: Mapping[str, Any]) -> None:
        """Add values to run.json."""
        known = read_json(self.folder / RUN) or {}
        write_json(self.folder / RUN, known | dict(values))

    def last(self) -> Path | None:
        """Return the last whole checkpoint, having thrown away the torsos."""
        whole: dict[int, Path] = {}
        for path in self.folder.glob("checkpoint-*"):
            step = path.name.removeprefix("checkpoint-")
            if (path / MARK).is_file() and step.isdigit():
                whole[int(step)] = path
            else:
                shutil.rmtree(path, ignore_errors=True)
        return whole[max(whole)] if whole else None

    def mark(self, step: int) -> None:
        """Say that the checkpoint of a step is whole; no pickle of settings stays in it."""
        path = self.folder / f"checkpoint-{step}"
        for name in PICKLES:
            (path / name).unlink(missing_ok=True)
        write_json(path / MARK, {"step": step})

    def clear(self) -> None:
        """Throw away all checkpoints: the run is done."""
        shutil.rmtree(self.folder, ignore_errors=True)


def read_json(path: Path) -> dict[str, Any] | None:
    """Return an object of a file; None where there is none, or only the torso of one."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write an object whole or not at all."""
    new = path.with_name(path.name + ".new")
    with new.open("w", encoding="utf-8") as file:
        json.dump(value, file, ensure_ascii=False, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def is_disk_full(error: BaseException) -> bool:
    """Tell whether a failure was for want of space; the writers say so in several ways."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        if "No space left" in str(seen) or "failed writing" in str(seen):
            return True
        seen = seen.__cause__ or seen.__context__
    return False


def disk_full(out: Path) -> DiskFull:
    """Return the error for a full disk."""
    return DiskFull(
        f"no space left for {out}: the last whole checkpoint is safe; make room and repeat the "
        "same command to go on from it",
        f"{out} 所在的磁盘已满：最后一个完整的检查点还在；腾出空间后重复同一条命令即可继续",
    )
