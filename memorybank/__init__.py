"""MemoryBank: long-term memory for language models, with a real forgetting curve.

The public names, nothing else; each is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from memorybank.bank import MemoryBank as MemoryBank
    from memorybank.errors import MemoryBankError as MemoryBankError
    from memorybank.models import Embedder as Embedder
    from memorybank.records import Context as Context
    from memorybank.records import Day as Day
    from memorybank.records import Explanation as Explanation
    from memorybank.records import Memory as Memory
    from memorybank.records import Portrait as Portrait
    from memorybank.records import Recalled as Recalled
    from memorybank.records import Recollection as Recollection
    from memorybank.records import Statement as Statement
    from memorybank.records import Summary as Summary
    from memorybank.records import Turn as Turn

_HOME = {
    "MemoryBank": "bank",
    "MemoryBankError": "errors",
    "Embedder": "models",
    "Context": "records",
    "Day": "records",
    "Explanation": "records",
    "Memory": "records",
    "Portrait": "records",
    "Recalled": "records",
    "Recollection": "records",
    "Statement": "records",
    "Summary": "records",
    "Turn": "records",
}
__version__ = "0.1.0"
__all__ = [
    "Context",
    "Day",
    "Embedder",
    "Explanation",
    "Memory",
    "MemoryBank",
    "MemoryBankError",
    "Portrait",
    "Recalled",
    "Recollection",
    "Statement",
    "Summary",
    "Turn",
    "__version__",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'memorybank' has no attribute {name!r}")
    return getattr(import_module(f"memorybank.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
