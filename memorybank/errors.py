"""Every error of the library, each saying its cure.

    MemoryBankError                     status 500
    ├── BadInput                        400  what was handed in cannot be taken as it is
    │   ├── EmptyText                        nothing to remember
    │   ├── TextTooLong                 413
    │   ├── BadTime                          a time without a zone, or outside the calendar
    │   ├── BadSetting                       an option, a preset or a model name that does not exist
    │   └── BadFile                          an import that does not parse, with its line
    ├── NotFound                        404
    │   ├── UnknownBank                      with near names
    │   └── UnknownMemory
    ├── StoreError                      500  the bank's file
    │   ├── NotABank                         some other kind of file
    │   ├── DamagedBank
    │   ├── NewerBank                        written by a later version
    │   ├── ReadOnlyBank
    │   ├── DiskFull                    507
    │   └── BankBusy                    503
    └── ModelError                      502  an embedder or a language model
        ├── MissingExtra                501  an optional package that is not installed
        ├── EmbedderFailed                   an embedder raised an error of its own
        ├── BadVector                        wrong dimension, not a number, zero
        ├── ModelUnreachable        503      refused, no answer in time, the line went dead
        ├── ModelBusy               503      asked to wait, with how long
        ├── ModelDenied             502      no key, or a wrong one
        ├── UnknownModel            404      the provider does not have it
        ├── PromptTooLong           413      more tokens than the model can read
        ├── ReplyCut                         a reply that broke off before its end
        └── BadReply                         nothing, nonsense, or not what was asked for

`status` is the HTTP status that a server should answer and decides the exit code of the
command line. `str(error)` is the English message, `error.say(lang)` either one. No message ever
quotes what a user said.
"""

from __future__ import annotations

from collections.abc import Sequence

from memorybank.records import Lang


class MemoryBankError(Exception):
    """Base of all errors here; catch it to catch them all."""

    status = 500

    def __init__(self, message: str = "", zh: str = "") -> None:
        super().__init__(message)
        self.zh = zh

    def say(self, lang: Lang) -> str:
        """Return the message in a language; English where there is no other."""
        return self.zh if lang == "zh" and self.zh else str(self)


class BadInput(MemoryBankError):
    """What was handed in cannot be taken as it is."""

    status = 400


class EmptyText(BadInput):
    """There is nothing to remember: give a text, a reply, or both."""

    def __init__(self, message: str = "", zh: str = "") -> None:
        super().__init__(
            message or str(self.__doc__), zh or "没有可记的内容：请给出 text、reply，或两者都给"
        )


class TextTooLong(BadInput):
    """A single text is longer than a memory may be."""

    status = 413

    def __init__(self, length: int, limit: int) -> None:
        super().__init__(
            f"a text of {length:,} characters is longer than the {limit:,} that one memory may "
            "hold: cut it into several turns, or import it as a file of turns",
            f"一段 {length:,} 字的文本超过了一条记忆最多 {limit:,} 字的上限："
            "请切成几轮对话，或作为一个对话文件导入",
        )


class BadTime(BadInput):
    """A time that cannot be placed."""


class BadSetting(BadInput):
    """An option, a preset or a model name that does not exist."""


class BadFile(BadInput):
    """A file that cannot be imported; nothing of it was taken."""

    def __init__(self, path: str, why: str, zh: str = "", *, line: int | None = None) -> None:
        where, there = path, path
        if line is not None:
            where, there = f"{path}, line {line}", f"{path} 第 {line} 行"
        super().__init__(
            f"{where}: {why}. Nothing of the file was imported",
            f"{there}：{zh or why}。文件内容一概没有导入",
        )
        self.line = line


class NotFound(MemoryBankError):
    """Something was named that is not there."""

    status = 404


class UnknownBank(NotFound):
    """No bank of this name in the file."""

    def __init__(self, name: str, near: Sequence[str] = ()) -> None:
        known = f"; did you mean {', '.join(map(repr, near))}?" if near else ""
        meant = f"，是不是 {'、'.join(map(repr, near))}？" if near else ""
        super().__init__(
            f"no bank named {name!r} in this file{known} "
            "(`memorybank banks` lists them; `remember` or `import` creates one)",
            f"这个文件里没有名为 {name!r} 的记忆库{meant}"
            "（`memorybank banks` 会列出所有记忆库；`remember` 或 `import` 会新建）",
        )
        self.near = tuple(near)


class UnknownMemory(NotFound):
    """No memory with this id in the bank."""

    def __init__(self, memory_id: str, why: str = "", zh: str = "") -> None:
        super().__init__(
            f"no memory {memory_id!r} in this bank{why}: "
            "`memorybank timeline` and `recall` print the ids",
            f"这个记忆库里没有 {memory_id!r} 这条记忆{zh}："
            "`memorybank timeline` 和 `recall` 会显示编号",
        )


class StoreError(MemoryBankError):
    """The bank's file cannot be used."""


class NotABank(StoreError):
    """The file is something else than a memory bank."""


class DamagedBank(StoreError):
    """The file is a memory bank, but parts of it cannot be read."""


class NewerBank(StoreError):
    """The file was written by a later version of this program."""


class ReadOnlyBank(StoreError):
    """The file, or its folder, cannot be written."""


class DiskFull(StoreError):
    """No space is left where the file is; what was there before is unharmed."""

    status = 507


class BankBusy(StoreError):
    """Another process has held the file for longer than we wait."""

    status = 503


class ModelError(MemoryBankError):
    """An embedder or a language model failed; no memory was lost by it."""

    status = 502


class MissingExtra(ModelError):
    """An optional package is not installed."""

    status = 501

    def __init__(self, extra: str, package: str) -> None:
        super().__init__(
            f"{package} is not installed: pip install 'siliconfriend[{extra}]'",
            f"没有安装 {package}：pip install 'siliconfriend[{extra}]'",
        )
        self.extra = extra


class EmbedderFailed(ModelError):
    """An embedder raised an error of its own."""


class BadVector(ModelError):
    """An embedder gave something that is not a direction in its space."""


class ModelUnreachable(ModelError):
    """A language model does not answer."""

    status = 503


class ModelBusy(ModelError):
    """A language model asks to wait; `retry_after` says how many seconds, if it said so."""

    status = 503

    def __init__(self, message: str, zh: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(message, zh)
        self.retry_after = retry_after


class ModelDenied(ModelError):
    """A language model's provider does not accept the key, or there is none."""


class UnknownModel(ModelError):
    """The provider has no model of this name."""

    status = 404


class PromptTooLong(ModelError):
    """The prompt has more tokens than the model can read."""

    status = 413


class ReplyCut(ModelError):
    """A reply broke off before its end: at the limit of its length, or the line went dead."""


class BadReply(ModelError):
    """A language model replied with nothing, with nonsense, or with what nobody asked for."""
