"""The bench looks at the chat page as a new browser does, and says so where it cannot."""

from __future__ import annotations

from contextlib import nullcontext

from siliconfriend.bench import measure, paint


def test_the_chat_page_is_painted_and_drawn(tmp_path, browser, monkeypatch):
    monkeypatch.setattr(paint, "_browser", lambda: nullcontext(browser))  # one at a time
    token = measure._fill(tmp_path, 0)
    rows = {row.what: row for row in measure._page(str(tmp_path), token, 0.1)}
    assert list(rows) == [
        "page, first paint, p50", "page, first paint, slowest", "page, drawn, p50",
    ]  # fmt: skip
    assert all(row.value > 0 and not row.note for row in rows.values())
    assert rows["page, first paint, p50"].bar == "<= 1,500"


def test_without_a_browser_a_line_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(paint.shutil, "which", lambda name: None)
    (row,) = measure._page(str(tmp_path), "none", 1.0)
    assert "not measured" in row.note and "apt-get install chromium" in row.note
