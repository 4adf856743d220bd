"""From a path to bounded UTF-8 text, and which format it is in.

Law of this file: the format is told by content, never by name, gzip included; no file, however
large, packed or strange, makes it read without bound, wait for ever or raise anything else
than BadFile (Refused inside, see `formats.read_file`).
"""

from __future__ import annotations

import gzip
import json
import os
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from itertools import count
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import Literal, TypeAlias

from memorybank.formats import plain
from memorybank.formats.volume import Refused

MAX_DOCUMENT = 256 * 2**20  # one JSON value is parsed whole
MAX_LINES = 2**30  # JSON Lines, all together: what a small gzip file can unpack to has an end
MAX_LINE = 8 * 2**20
MAX_COUNT = 10_000_000  # of lines, blank ones too: a thousand million take minutes
FOLDER_FILES = ("memories.jsonl", "memories.jsonl.gz")
EXPECTED = (
    'expected is one object {name: {"history": {date: [turns]}}}, JSON Lines with bank_id, '
    'memory_id, date and text in each row, or messages {"role", "content"}'
)
EXPECTED_ZH = (
    '应为一个对象 {名字: {"history": {日期: [对话]}}}，每行都有 bank_id、memory_id、date 和 '
    'text 的 JSON Lines，或消息 {"role", "content"}'
)

Stream: TypeAlias = BufferedReader | gzip.GzipFile
Format = Literal["original", "normal", "plain"]

_BOM = b"\xef\xbb\xbf"
_TALK = re.compile(rb'\s*\{\s*"(?:id"\s*:\s*(?:\d+|"[^"]{0,200}")\s*,\s*")?messages"\s*:\s*\[')
_BEGINNING = 4096
_ROW = re.compile(rb'\s*\{[^{}]*"(?:bank_id|memory_id)"\s*:')


def locate(path: Path) -> Path:
    """Return the regular file meant by a path: itself, or the memories in a folder."""
    for candidate in (path, *(path / name for name in FOLDER_FILES)):
        try:
            mode = candidate.stat().st_mode
        except FileNotFoundError:
            if candidate is path:
                raise Refused(
                    "there is no such file: check the path", "没有这个文件：请检查路径"
                ) from None
            continue
        except (OSError, ValueError):
            raise Refused(
                "it cannot be looked at: check the path and its permissions",
                "无法查看：请检查路径和权限",
            ) from None
        if S_ISREG(mode):
            return candidate
        if not S_ISDIR(mode):
            raise Refused(
                "not a regular file: save what it holds to a file first",
                "不是普通文件：请先把内容存成文件",
            )
    raise Refused(
        f"the folder holds no {' or '.join(FOLDER_FILES)}: name the file itself",
        f"文件夹里没有 {' 或 '.join(FOLDER_FILES)}：请直接写出文件名",
    )


@contextmanager
def opened(file: Path) -> Iterator[Stream]:
    """Open a file for reading, unpacked where it is packed."""
    try:
        with file.open("rb") as raw:
            if raw.peek(2)[:2] != b"\x1f\x8b":
                yield raw
                return
            with gzip.GzipFile(fileobj=raw) as unpacked:
                yield unpacked
    except (gzip.BadGzipFile, EOFError, zlib.error):
        raise Refused(
            "its gzip data is damaged or cut off: copy the file again",
            "gzip 数据损坏或不完整：请重新复制文件",
        ) from None
    except OSError:
        raise Refused(
            "it cannot be read: check its permissions and its disk", "无法读取：请检查权限和磁盘"
        ) from None


def tell(stream: Stream) -> Format:
    """Tell the format by the first line that is not blank, and go back to the start."""
    head = _first(stream)
    if head.startswith(b"["):
        return "plain"
    if not head.startswith(b"{"):
        raise Refused(f"not JSON: {EXPECTED}", f"不是 JSON：{EXPECTED_ZH}")
    row = bool(_ROW.match(head))  # for what does not parse: the reader will say where
    if len(head) <= MAX_LINE:
        try:
            value = json.loads(head.decode("utf-8"))
        except (ValueError, RecursionError):
            if _TALK.match(_beginning(stream)):
                return "plain"
        else:
            # A person in the original format may be called "bank_id", but is an object.
            row = any(not isinstance(value.get(k, {}), dict) for k in ("bank_id", "memory_id"))
            if not row and plain.fits(value):
                return "plain"
    return "normal" if row else "original"


def _beginning(stream: Stream) -> bytes:
    start = stream.read(_BEGINNING).removeprefix(_BOM)
    stream.seek(0)
    return start


def _first(stream: Stream) -> bytes:
    size = 0
    for number in range(MAX_COUNT):
        line = stream.readline(MAX_LINE + 1)
        if head := (line if number else line.removeprefix(_BOM)).lstrip():
            stream.seek(0)
            return head
        size += len(line)
        if not line or size > MAX_DOCUMENT:
            break
    raise Refused("it is empty: nothing to import", "文件是空的：没有可导入的内容")


def document(stream: Stream) -> str:
    """Return the whole text, as one JSON document may be long."""
    if os.fstat(stream.fileno()).st_size > MAX_DOCUMENT:
        raise _too_large(MAX_DOCUMENT)
    chunks, size = [], 0
    while chunk := stream.read(2**20):
        chunks.append(chunk)
        size += len(chunk)
        if size > MAX_DOCUMENT:
            raise _too_large(MAX_DOCUMENT)
    return _decoded(b"".join(chunks).removeprefix(_BOM))


def lines(stream: Stream) -> Iterator[tuple[int, str]]:
    """Yield the lines that are not blank, with their numbers from 1."""
    size = 0
    for number in count(1):
        line = stream.readline(MAX_LINE + 1)
        if not line:
            return
        size += len(line)
        if len(line) > MAX_LINE:
            why = f"longer than {MAX_LINE >> 20} MB: cut it into several rows"
            zh = f"超过 {MAX_LINE >> 20} MB：请拆成几行"
            raise Refused(why, zh, line=number)
        if size > MAX_LINES:
            raise _too_large(MAX_LINES)
        if number > MAX_COUNT:
            raise Refused(
                f"more than {MAX_COUNT:,} lines: split it into one file per person",
                f"超过 {MAX_COUNT:,} 行：请拆成每人一个文件",
            )
        text = _decoded(line.removeprefix(_BOM) if number == 1 else line, number)
        if text.strip():
            yield number, text


def _too_large(limit: int) -> Refused:
    return Refused(
        f"larger than {limit >> 20} MB: split it into one file per person",
        f"大于 {limit >> 20} MB：请拆成每人一个文件",
    )


def _decoded(data: bytes, line: int | None = None) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as exc:
        line = line or data.count(b"\n", 0, exc.start) + 1
        raise Refused(
            "not UTF-8: save it in that encoding", "不是 UTF-8：请用这种编码保存", line=line
        ) from None
