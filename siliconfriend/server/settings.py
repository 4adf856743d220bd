"""How the server runs: one frozen object, from the `[serve]` table of the settings and options."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from memorybank.errors import BadSetting

MIB = 2**20
PORT = 8377


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """Address and limits. Sizes in bytes, durations in seconds, rates in requests a second.

    `models` and `embedders` ("provider:model") are what a bank may choose besides the server's own.
    What a tenant may keep (`tenant_…`): 0 stands for as much as there is room for.
    """

    host: str = "127.0.0.1"
    port: int = PORT
    allow_hosts: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    embedders: tuple[str, ...] = ()
    cert: str = ""
    cert_key: str = ""
    body: int = 4 * MIB
    chat_body: int = 24 * MIB
    body_seconds: float = 30.0
    header_seconds: float = 15.0
    key_seconds: float = 2.0
    rate: float = 500.0
    stranger_rate: float = 10.0
    at_once: int = 128
    connections: int = 512
    streams: int = 64
    index_bytes: int = 96 * MIB
    first_piece_seconds: float = 120.0
    reply_seconds: float = 600.0
    stop_seconds: float = 15.0
    worker_seconds: float = 5.0
    tenant_banks: int = 0
    tenant_turns: int = 0
    tenant_bytes: int = 0

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the address."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"

    @property
    def scheme(self) -> str:
        """What stands in front of the address."""
        return "https" if self.cert else "http"

    @property
    def hosts(self) -> frozenset[str]:
        """Every value of the Host header that is answered to."""
        here = ("127.0.0.1", "localhost", "[::1]") if self.loopback else ()
        own = f"[{self.host}]" if ":" in self.host else self.host
        plain = {*here, *(() if own in ("0.0.0.0", "[::]") else (own,))}  # noqa: S104
        default = 443 if self.cert else 80
        names = {f"{name}:{self.port}" for name in plain}
        names |= plain if self.port == default else set()
        return frozenset(name.lower() for name in (*names, *self.allow_hosts))

    @property
    def origins(self) -> frozenset[str]:
        """Every origin whose pages may speak with the server: its own.

        Behind a proxy that ends TLS the page's origin is https though this end is not.
        """
        own = {f"{self.scheme}://{host}" for host in self.hosts}
        return frozenset(own | {f"https://{host.lower()}" for host in self.allow_hosts})

    @property
    def url(self) -> str:
        """The address that a person opens."""
        if self.allow_hosts:
            return f"{self.scheme}://{self.allow_hosts[0]}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @classmethod
    def read(cls, table: Mapping[str, Any], **given: Any) -> Serving:
        """Read the `[serve]` table; options that were given win. Raises BadSetting by name."""
        known = {field.name: field for field in fields(cls)}
        values = dict(table) | {name: value for name, value in given.items() if value is not None}
        for name, value in values.items():
            if name not in known:
                raise BadSetting(
                    f"[serve] has no setting {name!r}; known are {', '.join(known)}",
                    f"[serve] 没有 {name!r} 这项设置；可用的有 {'、'.join(known)}",
                )
            values[name] = _fitting(name, value, known[name].default)
        return replace(cls(), **values)


def _fitting(name: str, value: Any, default: Any) -> Any:
    if isinstance(default, tuple) and isinstance(value, (list, tuple)):
        if all(isinstance(item, str) for item in value):
            return tuple(item.lower() if name == "allow_hosts" else item for item in value)
    elif isinstance(default, (int, float)) and not isinstance(value, bool):
        if isinstance(value, (int, float)) and (value > 0 or value == default == 0):
            return type(default)(value)
    elif isinstance(value, type(default)):
        return value
    raise BadSetting(
        f"[serve] {name} = {value!r} is no {type(default).__name__} that can be used",
        f"[serve] {name} = {value!r} 不是可用的值（要 {type(default).__name__}）",
    )
