"""The server's commands: serve, mcp, keys."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from memorybank.cli.common import FileOption, JsonOption, console, lang_of, print_json
from memorybank.cli.words import both, machine_lang
from memorybank.errors import BadInput, MissingExtra
from memorybank.records import Lang

if TYPE_CHECKING:
    from siliconfriend.server.app import Mount
    from siliconfriend.server.keys import Key, KeyRing
    from siliconfriend.server.settings import Serving

_WORDS: dict[str, tuple[str, str]] = {
    "sign in": (
        "Sign this browser in (the link is shown this once; it is also the API key):",
        "用这个链接登录浏览器（只显示这一次；其中的 token 也是 API 密钥）：",
    ),
    "serving": (
        "SiliconFriend is at {0}  (Ctrl-C stops it)",
        "SiliconFriend 在 {0}（Ctrl-C 停止）",
    ),
    "another link": (
        "To sign another browser in: siliconfriend keys link",
        "要登录另一个浏览器：siliconfriend keys link",
    ),
    "clear": (
        "Anybody on the way can read what is sent: give --cert and --cert-key, or put a server "
        "that speaks TLS in front.",
        "途中的任何人都能读到内容：请给出 --cert 和 --cert-key，或在前面放一个支持 TLS 的服务器。",
    ),
    "no model": (
        "No language model is set (MEMORYBANK_LLM): memory works, chat does not.",
        "没有设置语言模型（MEMORYBANK_LLM）：记忆可用，不能聊天。",
    ),
    "key": ("Shown this once:", "只显示这一次："),
    "revoked": ("revoked", "已撤销"),
    "no keys": ("No keys yet: siliconfriend keys new", "还没有密钥：siliconfriend keys new"),
}
LangOption = Annotated[
    str, typer.Option("--lang", help=both("zh or en; the machine's own if left out.", "zh 或 en。"))
]
HostOption = Annotated[
    str,
    typer.Option(
        help=both(
            "Address to listen on; other than this machine's own only once there are keys.",
            "监听的地址；除本机外，须先有密钥。",
        )
    ),
]
PortOption = Annotated[
    int | None,
    typer.Option(
        help=both(
            "Port; 8377, or that of the settings, if left out.", "端口；不写则为设置里的，或 8377。"
        ),
        min=1, max=65535, show_default=False,
    ),
]  # fmt: skip
"""None and not nought where nobody gives one: a default is held to the bounds too."""
AllowOption = Annotated[
    list[str],
    typer.Option(
        "--allow-host",
        help=both("A further Host to answer to, with its port.", "另一个要应答的 Host，带端口。"),
    ),
]


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command(help=both(serve.__doc__, "提供 REST、聊天代理、MCP 和网页，默认只对本机。"))(serve)
    app.command(help=both(mcp.__doc__, "经标准输入输出提供 MCP，供任何智能体使用。"))(mcp)
    keys = typer.Typer(
        help=both(
            "Keys of the server: new, list, revoke, link.",
            "服务器的密钥：新建、列出、撤销、登录链接。",
        ),
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    keys.command("new", help=both(new_key.__doc__, "新建一个密钥，只显示一次。"))(new_key)
    keys.command("list", help=both(list_keys.__doc__, "列出密钥，不含密文。"))(list_keys)
    keys.command("revoke", help=both(revoke_key.__doc__, "撤销一个密钥及由它登录的浏览器。"))(
        revoke_key
    )
    keys.command("link", help=both(link.__doc__, "生成一个登录浏览器的链接。"))(link)
    app.add_typer(keys, name="keys")


def serve(
    host: HostOption = "",
    port: PortOption = None,
    allow_host: AllowOption = [],  # noqa: B006
    cert: Annotated[str, typer.Option(help=both("TLS certificate.", "TLS 证书。"))] = "",
    cert_key: Annotated[str, typer.Option(help=both("Its key.", "证书的私钥。"))] = "",
    file: FileOption = "",
    lang: LangOption = "",
) -> None:
    """Serve REST, a chat proxy, MCP and the page, to this machine alone by default."""
    needs_serve()
    from memorybank.settings import read_settings
    from siliconfriend.server.app import build
    from siliconfriend.server.house import House
    from siliconfriend.server.keys import KEY_FILE, KeyRing
    from siliconfriend.server.run import log_to_stderr, run

    settings = read_settings()
    path = Path(file).expanduser() if file else settings.file
    serving = _serving(host, port, allow_host, cert, cert_key)
    keys = KeyRing(path.with_name(KEY_FILE))
    spoken = lang_of(lang, machine_lang())
    check_address(serving, keys)
    os.umask(0o077)
    log_to_stderr()
    house = House.open(settings, serving, file=path, keys=keys)
    run(build(house, page=_page()), lambda: _say(welcome(serving, keys, spoken, settings.llm)))


def _say(lines: list[str]) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _serving(
    host: str, port: int | None, allow_host: list[str], cert: str, cert_key: str
) -> Serving:
    from memorybank.settings import read_settings
    from siliconfriend.server.settings import Serving

    table = read_settings().options.get("serve", {})
    return Serving.read(
        table, host=host or None, port=port, allow_hosts=allow_host or None,
        cert=cert or None, cert_key=cert_key or None,
    )  # fmt: skip


def check_address(serving: Serving, keys: KeyRing) -> None:
    """Refuse an address that others can reach while there is no key."""
    from siliconfriend.server.refusals import BareAddress

    if not serving.loopback and not keys.usable():
        raise BareAddress(
            f"{serving.host} can be reached by others and there is no key yet: make one with "
            "`siliconfriend keys new`, or stay on 127.0.0.1",
            f"{serving.host} 别人也能访问，而现在还没有密钥：请先运行 `siliconfriend keys new`，"
            "或留在 127.0.0.1",
        )


def welcome(serving: Serving, keys: KeyRing, lang: Lang, llm: str) -> list[str]:
    """Return what to say once connections are taken; makes the first key, which is shown here."""
    lines = [_word("serving", lang).format(serving.url)]
    if not keys.usable():
        made = keys.make("first")
        lines += [_word("sign in", lang), f"  {_link(serving, made.token)}"]
    else:
        lines.append(_word("another link", lang))
    if not serving.loopback and not serving.cert:
        lines.append(_word("clear", lang))
    if llm in ("", "none"):
        lines.append(_word("no model", lang))
    return lines


def _link(serving: Serving, token: str) -> str:
    return f"{serving.url}/enter?token={token}"


def _page() -> Mount | None:
    """Return what mounts the page, where it is installed."""
    from importlib import import_module
    from importlib.util import find_spec

    if find_spec("nicegui") is None or find_spec("siliconfriend.web") is None:
        return None
    mount: Mount = import_module("siliconfriend.web").mount
    return mount


def mcp(
    bank: Annotated[
        str, typer.Option("--bank", "-b", help=both("Whose memory by default.", "默认是谁的记忆。"))
    ] = "",
    file: FileOption = "",
) -> None:
    """Serve MCP over standard input and output, for any agent."""
    from memorybank.settings import read_settings
    from siliconfriend.mcp import over_stdio
    from siliconfriend.server.house import House
    from siliconfriend.server.settings import Serving
    from siliconfriend.server.worker import Worker

    settings = read_settings()
    path = Path(file).expanduser() if file else settings.file
    house = House.open(settings, Serving(), file=path)
    worker = Worker(house)
    worker.start()
    try:
        over_stdio(house, bank)
    finally:
        worker.stop(2.0)
        house.close()


def new_key(
    name: Annotated[str, typer.Argument(help=both("What it is for.", "用途。"))] = "",
    tenant: Annotated[
        str, typer.Option(help=both("Whose banks it opens.", "它能打开谁的记忆库。"))
    ] = "",
    bank: Annotated[
        str,
        typer.Option(
            "--bank", "-b", help=both("The only bank it opens.", "它唯一能打开的记忆库。")
        ),
    ] = "",
    scopes: Annotated[
        str,
        typer.Option(
            help=both("Some of read,write,erase,admin.", "read,write,erase,admin 中的几项。")
        ),
    ] = "read,write",
    days: Annotated[
        float, typer.Option(help=both("Days until it expires; 0: never.", "几天后过期；0 为永不。"))
    ] = 0.0,
    rate: Annotated[
        float,
        typer.Option(
            help=both("Requests a second; 0: the server's own.", "每秒请求数；0 随服务器。")
        ),
    ] = 0.0,
    file: FileOption = "",
    lang: LangOption = "",
    as_json: JsonOption = False,
) -> None:
    """Make a key; its secret is shown this once and kept nowhere."""
    wanted = [scope.strip() for scope in scopes.split(",") if scope.strip()]
    if days < 0:
        raise BadInput(f"--days {days}: 0 or more", f"--days {days}：不能小于 0")
    with _ring(file) as ring:
        seconds = days * 86_400 if days else None
        made = ring.make(name, tenant=tenant, bank=bank, scopes=wanted, rate=rate, seconds=seconds)
    if as_json:
        print_json({**_shown(made.key), "token": made.token})
        return
    console(stderr=True).print(_word("key", lang_of(lang, machine_lang())))
    sys.stdout.write(made.token + "\n")


def list_keys(file: FileOption = "", lang: LangOption = "", as_json: JsonOption = False) -> None:
    """List the keys, never their secrets."""
    with _ring(file) as ring:
        rows = [_shown(key) for key in ring.all()]
    if as_json:
        print_json(rows)
        return
    if not rows:
        console().print(_word("no keys", lang_of(lang, machine_lang())))
        return
    from rich.table import Table

    table = Table(*rows[0], box=None)
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    console().print(table)


def revoke_key(
    key_id: Annotated[str, typer.Argument(help=both("Its id, see `list`.", "编号，见 list。"))],
    file: FileOption = "",
    lang: LangOption = "",
) -> None:
    """Take a key back, and every browser that it has signed in."""
    with _ring(file) as ring:
        ring.revoke(key_id)
    console(stderr=True).print(_word("revoked", lang_of(lang, machine_lang())))


def link(
    host: HostOption = "",
    port: PortOption = None,
    allow_host: AllowOption = [],  # noqa: B006
    tenant: Annotated[str, typer.Option(help=both("Whose banks.", "谁的记忆库。"))] = "",
    bank: Annotated[
        str, typer.Option("--bank", "-b", help=both("The only bank.", "唯一的记忆库。"))
    ] = "",
    file: FileOption = "",
) -> None:
    """Make a link that signs a browser in; it works for ten minutes."""
    serving = _serving(host, port, allow_host, "", "")
    with _ring(file) as ring:
        made = ring.make("browser", tenant=tenant, bank=bank, seconds=LINK_SECONDS, kind="link")
    sys.stdout.write(_link(serving, made.token) + "\n")


LINK_SECONDS = 600.0


class _ring:
    """Opens the key file for one command."""

    def __init__(self, file: str) -> None:
        from memorybank.settings import read_settings
        from siliconfriend.server.keys import KEY_FILE, KeyRing

        path = Path(file).expanduser() if file else read_settings().file
        self.ring = KeyRing(path.with_name(KEY_FILE))

    def __enter__(self) -> KeyRing:
        return self.ring

    def __exit__(self, *_: object) -> None:
        self.ring.close()


def _shown(key: Key) -> dict[str, str]:
    return {
        "id": key.id, "name": key.name, "tenant": key.tenant, "bank": key.bank,
        "scopes": ",".join(sorted(key.scopes)), "expires": _date(key.expires_at),
        "used": _date(key.used_at),
    }  # fmt: skip


def _date(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M") if seconds else "-"


def _word(name: str, lang: Lang) -> str:
    return _WORDS[name][lang == "zh"]


def needs_serve() -> None:
    """Raise MissingExtra where the server's packages are not installed."""
    from importlib.util import find_spec

    for package in ("fastapi", "uvicorn", "httpx2", "prometheus_client"):
        if find_spec(package) is None:
            raise MissingExtra("serve", package)
