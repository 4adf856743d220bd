"""The file of help lines: the user's own replaces ours; a bad one is a clear error."""

from __future__ import annotations

import pytest

from memorybank.errors import BadSetting
from siliconfriend.helplines import OURS, read_help_lines
from siliconfriend.safety import Concern, note

GOOD = """
as_of = 2026-11-01
[[line]]
region = "XX"
kinds = ["self_harm"]
name = "Night Line"
reach = "call 000-TEST"
source = "example.org"
"""


def test_a_users_file_replaces_ours(tmp_path):
    mine = tmp_path / "mine.toml"
    mine.write_text(GOOD, "utf-8")
    lines = read_help_lines(mine)
    text = note(Concern("self_harm", "self"), "zh", lines)
    assert "Night Line" in text and "000-TEST" in text and "2026-11-01" in text
    assert "988" not in text
    assert "000-TEST" not in note(Concern("abuse", "self"), "en", lines)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("as_of = ", "Mend"),
        ("x = 1", "as_of"),
        ("as_of = 2026-11-01", "[[line]]"),
        (GOOD.replace('name = "Night Line"', ""), "name"),
        (GOOD.replace('"self_harm"', '"other"'), "kinds"),
        (GOOD.replace('reach = "call', 'call = "call'), "known are"),
        (GOOD.replace('"Night Line"', '"Night\\nLine"'), "one line"),
        (GOOD.replace("[[line]]", '[shown]\nen = ["YY"]\n[[line]]'), "[shown]"),
    ],
)
def test_a_bad_file_is_an_error_that_names_the_file_and_the_cure(tmp_path, text, said):
    bad = tmp_path / "bad.toml"
    bad.write_text(text, "utf-8")
    with pytest.raises(BadSetting) as caught:
        read_help_lines(bad)
    assert str(bad) in str(caught.value) and said in str(caught.value)
    assert str(bad) in caught.value.say("zh") and "求助热线" in caught.value.say("zh")


def test_a_missing_file_is_an_error_too(tmp_path):
    with pytest.raises(BadSetting, match=r"nowhere\.toml"):
        read_help_lines(tmp_path / "nowhere.toml")


def test_ours_is_shipped():
    assert OURS.is_file() and OURS.suffix == ".toml"
