"""Which model and which embedder a bank uses, out of those that the operator has listed.

`[serve] models` and `embedders` name them as everywhere, "provider:model"; where they are and with
which key stands in the provider's section of the settings, and is never taken from a request. A
bank keeps the name of its choice beside it; a name that is listed no more counts for nothing. A
model is opened when it is first needed, and shared by all banks that chose it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from memorybank.bank import MemoryBank
from memorybank.errors import BadInput
from memorybank.models import LLM, Embedder, guarded, load_embedder, load_llm, passages
from memorybank.records import BankInfo
from memorybank.store.tables import bank_named
from memorybank.verbs import embedding
from memorybank.verbs.read import bank_info

if TYPE_CHECKING:
    from siliconfriend.server.house import House

MODEL, EMBEDDER = "chosen model", "chosen embedder"
"""Where a bank keeps its choices; "" is the server's own."""
_T = TypeVar("_T")


def models(house: House) -> list[str]:
    """Return the names to choose from; the first, "", is the server's own model."""
    return ["", *(name for name in house.serving.models if name != house.settings.llm)]


def embedders(house: House) -> list[str]:
    """Return the names to choose from; the first, "", is the server's own embedder."""
    return ["", *(name for name in house.serving.embedders if name != house.settings.embedder)]


def chosen_model(house: House, info: BankInfo) -> str:
    """Return the name of a bank's model, "" for the server's own."""
    name = info.extra.get(MODEL, "")
    return name if name in models(house) else ""


def chosen_embedder(house: House, info: BankInfo) -> str:
    """Return the name of a bank's embedder, "" for the server's own."""
    name = info.extra.get(EMBEDDER, "")
    return name if name in embedders(house) else ""


def model_of(house: House, bank: MemoryBank) -> LLM | None:
    """Return the model that speaks in a bank. Raises BadSetting where it cannot be opened."""
    return _model(house, chosen_model(house, bank.info()) if len(models(house)) > 1 else "")


def embedder_of(house: House, tenant: str, name: str) -> Embedder | None:
    """Return the embedder of a bank, the server's own for one that is not there yet."""
    if len(embedders(house)) == 1:
        return house.embedder
    with house.store.read() as tx:
        row = bank_named(tx, tenant, name)
        info = bank_info(tx, row) if row else None
    return _embedder(house, chosen_embedder(house, info) if info else "")


def choose_model(house: House, bank: MemoryBank, name: str) -> None:
    """Let a bank speak through a listed model from its next reply on; "" is the server's own."""
    _listed(name, models(house))
    _model(house, name)
    bank.set_extra(MODEL, name)


def choose_embedder(house: House, bank: MemoryBank, name: str) -> int:
    """Give a bank a listed embedder and ask the worker for its vectors; returns for how many texts.

    The queue lasts, whatever happens; meanwhile what has no vector yet is found by its words.
    The embedder is tried first: one that does not answer is not chosen.
    """
    _listed(name, embedders(house))
    embedder = _embedder(house, name)
    if embedder is None:
        raise BadInput(
            "the server has no embedder: set MEMORYBANK_EMBEDDER and start it again",
            "服务器没有向量模型：请设置 MEMORYBANK_EMBEDDER 再启动",
        )
    passages(embedder, ["…"])
    bank.set_extra(EMBEDDER, name)
    bank.desk.embedder = embedder
    waiting = embedding.change_later(bank.desk)
    house.nudge()
    return waiting


def _listed(name: str, names: list[str]) -> None:
    if name not in names:
        raise BadInput(
            "that model is not listed in the server's settings, under [serve]",
            "服务器设置的 [serve] 里没有列出这个模型",
        )


def _model(house: House, name: str) -> LLM | None:
    def load() -> LLM | None:
        opened = load_llm(name, house.settings.options)
        return guarded(opened, house.settings.personal_data)

    return _opened(house, MODEL, name, load) if name else house.llm


def _embedder(house: House, name: str) -> Embedder | None:
    if not name:
        return house.embedder
    return _opened(house, EMBEDDER, name, lambda: load_embedder(name, house.settings.options))


def _opened(house: House, kind: str, name: str, load: Callable[[], _T]) -> _T:
    opened: dict[tuple[str, str], Any] = house.opened
    with house.opening:
        if (kind, name) not in opened:
            opened[kind, name] = load()
        found: _T = opened[kind, name]
        return found
