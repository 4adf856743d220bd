"""`siliconfriend`: the companion from the command line."""

from __future__ import annotations

import sys


def main() -> None:
    """Say what there is; the companion's commands come with the releases to follow."""
    sys.stderr.write(
        "siliconfriend: the companion cannot talk yet in this version; its memory can:\n"
        "  memorybank demo     a minute of it\n"
        "  memorybank --help   everything it does\n"
        "siliconfriend：这个版本的伙伴还不会说话，但它的记忆已经可用：memorybank demo\n"
    )
    sys.exit(2)
