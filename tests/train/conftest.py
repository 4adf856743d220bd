"""Tests with torch: `make test-train` runs them; without the extra `train` they are skipped."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

NEEDED = ("torch", "transformers", "peft", "trl")
missing = [package for package in NEEDED if find_spec(package) is None]
collect_ignore_glob = ["test_*.py"] if missing else []


def pytest_report_header() -> str:
    """Say why nothing is collected here."""
    return f"tests/train skipped: {', '.join(missing)} not installed" if missing else ""


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """Tiny models are quicker with one thread, and their sums the same everywhere."""
    if not missing:
        import torch

        torch.set_num_threads(1)


@pytest.fixture(scope="session")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of tiny models by family; those ending in + have a chat template."""
    import tiny

    folder = tmp_path_factory.mktemp("bases")
    made = {}
    for family in tiny.FAMILIES:
        made[family] = tiny.saved(folder / family, family)
    made["llama+"] = tiny.saved(folder / "llama+", "llama", tiny.TEMPLATE)
    return made


@pytest.fixture(params=["a bare pickle", "a file of torch's"])
def bomb(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A pickle whose loading would create a file; after the test that file must not be there."""
    import pickle

    import torch

    mark = tmp_path / "it-ran"

    class Payload:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (mark,))

    file = tmp_path / "bomb.bin"
    if request.param == "a bare pickle":
        file.write_bytes(pickle.dumps({"weight": Payload()}))
        pickle.loads(file.read_bytes())
    else:
        torch.save({"weight": Payload()}, file)
        torch.load(file, weights_only=False)
    assert mark.exists(), "the payload is a real one"
    mark.unlink()
    yield file
    assert not mark.exists()
