"""Why the server says no: errors of its own, on the tree of the library's, each with its cure.

MemoryBankError
├── NoKey          401   no key, a wrong one, an expired one
├── NotAllowed     403   a key without the scope that is needed
├── Foreign        403   a request that another site's page has sent
├── WrongHost      421   a Host that this server does not answer to
├── TooLarge       413
├── TooSlow        408   a body that does not arrive
├── TooMany        429   more requests than the key, or the address, may send
├── Crowded        503   more requests at once than the server takes
├── NoModel        503   no language model is set
├── OverQuota      507   a tenant keeps as much as it may
└── BareAddress          a public address without what makes it safe
"""

from __future__ import annotations

from typing import Literal

from memorybank.errors import MemoryBankError


class Refusal(MemoryBankError):
    """The server does not take the request as it is."""

    status = 400
    retry_after: float | None = None


class NoKey(Refusal):
    """Nobody is known who asks this."""

    status = 401

    def __init__(self, expired: bool = False) -> None:
        super().__init__(
            "the key has expired: make another with `siliconfriend keys new`"
            if expired
            else "no key, or one that is not known here: send `Authorization: Bearer KEY`; "
            "`siliconfriend keys new` makes one",
            "密钥已过期：请用 `siliconfriend keys new` 另做一个"
            if expired
            else "没有密钥，或这里不认识它：请发送 `Authorization: Bearer 密钥`；"
            "`siliconfriend keys new` 会做一个",
        )


class NotAllowed(Refusal):
    """The key is known, but not for this."""

    status = 403

    def __init__(self, scope: str) -> None:
        super().__init__(
            f"this key may not {scope}: make one that may, `siliconfriend keys new --scopes …`",
            f"这个密钥没有 {scope} 权限：请用 `siliconfriend keys new --scopes …` 做一个有权限的",
        )
        self.scope = scope


class Foreign(Refusal):
    """A page of another site has sent this."""

    status = 403

    def __init__(self) -> None:
        super().__init__(
            "this came from a page of another site: open the page under the server's own address",
            "请求来自别的网站的页面：请用本服务器自己的地址打开页面",
        )


class WrongHost(Refusal):
    """The request is addressed to somebody else."""

    status = 421

    def __init__(self) -> None:
        super().__init__(
            "this server does not answer to that Host: use the address it printed, or name the "
            "host with `serve --allow-host`",
            "本服务器不应答这个 Host：请用它打印出的地址，或用 `serve --allow-host` 指定主机名",
        )


class TooLarge(Refusal):
    """A body beyond the limit."""

    status = 413

    def __init__(self, limit: int) -> None:
        super().__init__(
            f"the body is larger than the {limit:,} bytes taken here: send it in parts",
            f"请求体超过了这里接受的 {limit:,} 字节：请分几次发送",
        )


class TooSlow(Refusal):
    """A body that does not arrive."""

    status = 408

    def __init__(self) -> None:
        super().__init__(
            "the body did not arrive in time: send it again, faster",
            "请求体没有及时到达：请重新发送，快一些",
        )


class TooMany(Refusal):
    """More requests than are taken from one sender."""

    status = 429

    def __init__(self, wait: float) -> None:
        super().__init__(
            f"too many requests: wait {wait:.1f} seconds",
            f"请求太多：请等 {wait:.1f} 秒",
        )
        self.retry_after = wait


class Crowded(Refusal):
    """More requests at once than the server takes."""

    status = 503

    def __init__(self) -> None:
        super().__init__(
            "the server is busy with others: try again in a second",
            "服务器正忙：请过一秒再试",
        )
        self.retry_after = 1.0


class NoModel(Refusal):
    """Nothing is configured that could reply."""

    status = 503

    def __init__(self) -> None:
        super().__init__(
            "no language model is set: start the server with MEMORYBANK_LLM=openai:MODEL and "
            "OPENAI_BASE_URL, or with another provider",
            "没有设置语言模型：请以 MEMORYBANK_LLM=openai:模型 和 OPENAI_BASE_URL 启动服务器，"
            "或用别的来源",
        )


class OverQuota(Refusal):
    """A tenant keeps as much as it may; nothing of what was sent is stored."""

    status = 507

    def __init__(self, limit: int, what: Literal["banks", "turns", "bytes"]) -> None:
        zh = {"banks": "个记忆库", "turns": "轮对话", "bytes": "字节文字"}[what]
        told = "bytes of text" if what == "bytes" else what
        super().__init__(
            f"no more than {limit:,} {told} may be kept here, and this would be more: erase what "
            f"is no longer needed, or have tenant_{what} under [serve] raised",
            f"这里最多保存 {limit:,} {zh}，再存就超出了：请删除不再需要的，"
            f"或请管理服务器的人调高 [serve] 里的 tenant_{what}",
        )


class BareAddress(Refusal):
    """A public address without what makes it safe; nothing is started."""
