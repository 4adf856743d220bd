"""The way to an OpenAI-compatible server: its address and keys, bounded answers, errors as ours.

Shared by the language model and the embedder `openai:`. The package `openai` is imported at the
first request. Law of this file: no message quotes what a server or a person said, nor a key; the
server is trusted with nothing, not even to end.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from ipaddress import ip_address
from typing import Any, TypeVar
from urllib.parse import urlsplit

from memorybank.adapters.openai_errors import Server, denied, failures, translated
from memorybank.adapters.options import Section
from memorybank.errors import BadSetting, MissingExtra, ModelBusy, ModelDenied

HOME = "https://api.openai.com/v1"
CLIENT_OPTIONS = frozenset(
    {"base_url", "api_key", "api_key_file", "proxy", "headers", "timeout", "connect_timeout",
     "organization", "project", "extra"}
)  # fmt: skip
PATIENCE = 5.0
"""Seconds that we wait by ourselves when a server asks us to; longer is for the caller."""
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the server is and how it wants to be asked. Nothing of it is printed."""

    base_url: str
    keys: tuple[str, ...] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    extra: Mapping[str, Any] = field(repr=False)
    proxy: str = field(repr=False)
    timeout: float
    connect_timeout: float

    @property
    def host(self) -> str:
        """The server's name and port, for messages."""
        return urlsplit(self.base_url).netloc.rpartition("@")[2]

    @property
    def is_here(self) -> bool:
        """Whether the server runs on this very machine."""
        name = urlsplit(self.base_url).hostname or ""
        if name == "localhost" or name.endswith(".localhost"):
            return True
        try:
            return ip_address(name).is_loopback
        except ValueError:
            return False


def endpoint(section: Section) -> Endpoint:
    """Read the options that all of `openai:` share; raises BadSetting."""
    from_file = section.file("api_key_file").splitlines()
    keys = [key for line in from_file for key in line.partition("#")[0].split(",")]
    keys = [key.strip() for key in keys if key.strip()] or section.texts("api_key")
    if not all(key.isascii() and key.isprintable() and " " not in key for key in keys):
        raise section.wrong(
            "api_key", "without spaces and signs that no key has", "不含空格和怪字符的密钥"
        )
    headers = section.table("headers")
    for name in ("organization", "project"):
        if section.text(name):
            headers[f"OpenAI-{name.title()}"] = section.text(name)
    if not all(isinstance(v, str) and f"{k}{v}".isascii() and f"{k}{v}".isprintable()
               for k, v in headers.items()):  # fmt: skip
        raise section.wrong("headers", "a table of plain texts", "只含普通文字的表")
    proxy = section.text("proxy")
    if proxy and not proxy.startswith(("http://", "https://", "socks5://", "socks5h://")):
        raise section.wrong(
            "proxy",
            'an address such as "http://127.0.0.1:7890"',
            '一个地址，例如 "http://127.0.0.1:7890"',
        )
    return Endpoint(
        base_url=_address(section), keys=tuple(dict.fromkeys(keys)), headers=headers,
        extra=section.table("extra"), proxy=proxy,
        timeout=section.number("timeout", 120.0, 0.001),
        connect_timeout=section.number("connect_timeout", 10.0, 0.001),
    )  # fmt: skip


def _address(section: Section) -> str:
    url = section.text("base_url") or HOME
    try:
        parts = urlsplit(url)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound or parts.query or parts.fragment:
        raise section.wrong(
            "base_url", 'an address such as "http://localhost:11434/v1"',
            "一个地址，例如 \"http://localhost:11434/v1\"",
        )  # fmt: skip
    return url.rstrip("/").removesuffix("/chat/completions").removesuffix("/embeddings")


def model_named(model: str, what: str, zh: str) -> str:
    """Return the model's name; raises BadSetting, naming the form, if there is none."""
    if not model.strip():
        raise BadSetting(
            f'"openai:" needs the name of {what}: write "openai:MODEL", as its server calls it',
            f"“openai:”后面还要写{zh}的名字：请写“openai:模型”，照服务器上的叫法",
        )
    if find_spec("openai") is None:
        raise MissingExtra("openai", "openai")
    return model.strip()


class Client:
    """One server, asked with one key after another. Safe to use from several threads."""

    def __init__(self, name: str, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.server = Server(name, endpoint.host)
        self._clients: dict[str, Any] = {}
        self._http: Any = None
        self._opening = threading.Lock()
        self._good = 0

    def ask(self, request: Callable[[Any], T]) -> T:
        """Return what `request` makes of the first client whose key the server takes.

        Each key is tried once; if a server then asks for a short wait, all are tried once more.

        Raises:
            ModelError: what the last key met, or the shortest wait asked for.
        """
        if not self.endpoint.keys and not self.endpoint.is_here:
            raise denied(self.server, "no key")
        try:
            return self._round(request)
        except ModelBusy as busy:
            if busy.retry_after is None or busy.retry_after > PATIENCE:
                raise
            time.sleep(busy.retry_after)
        return self._round(request)

    def _round(self, request: Callable[[Any], T]) -> T:
        keys = self.endpoint.keys or ("none",)
        first, met = self._good, []
        for turn in range(len(keys)):
            index = (first + turn) % len(keys)
            try:
                answer = request(self._client(keys[index]))
            except failures() as error:
                failure = translated(error, self.server)
                if not isinstance(failure, (ModelBusy, ModelDenied)):
                    raise failure from None
                met.append(failure)
            else:
                self._good = index
                return answer
        busy = [error for error in met if isinstance(error, ModelBusy)]
        raise min(busy, key=_wait) if busy else met[-1]

    def _client(self, key: str) -> Any:
        with self._opening:
            if key not in self._clients:
                self._clients[key] = self._opened(key)
            return self._clients[key]

    def _opened(self, key: str) -> Any:
        from memorybank.adapters.openai_wire import http_client

        self._http = self._http or http_client(self.endpoint, self.server)
        client = import_module("openai").OpenAI(
            base_url=self.endpoint.base_url, api_key=key, max_retries=0,
            default_headers=dict(self.endpoint.headers), http_client=self._http,
            timeout=self._http.timeout,
        )  # fmt: skip
        client.organization = client.project = None  # the environment's are for another server
        return client


def _wait(error: ModelBusy) -> float:
    return float("inf") if error.retry_after is None else error.retry_after
