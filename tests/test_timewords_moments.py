"""Times typed on a command line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memorybank.timewords import moment, precision

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("text", "expected", "exact"),
    [
        ("2023", "2023-12-31T23:59:59.999999+08:00", "year"),
        ("0001", "0001-12-31T23:59:59.999999+08:05:43", "year"),
        ("9999", "9999-12-31T23:59:59.999999+08:00", "year"),
        ("2023-02", "2023-02-28T23:59:59.999999+08:00", "month"),
        ("2024-02", "2024-02-29T23:59:59.999999+08:00", "month"),
        ("2023-12", "2023-12-31T23:59:59.999999+08:00", "month"),
        ("2023-05-02", "2023-05-02T23:59:59.999999+08:00", "day"),
        ("2023-05-02T09:00", "2023-05-02T09:00:00+08:00", "instant"),
        ("2023-05-02 09:00", "2023-05-02T09:00:00+08:00", "instant"),
        ("2023-05-02T09:00:30", "2023-05-02T09:00:30+08:00", "instant"),
        ("2023-05-02T09:00:30.25", "2023-05-02T09:00:30.250000+08:00", "instant"),
        ("2023-05-02T09:00Z", "2023-05-02T09:00:00+00:00", "instant"),
        ("2023-05-02T09:00:30-03:30", "2023-05-02T09:00:30-03:30", "instant"),
        (" 2023-05-02 ", "2023-05-02T23:59:59.999999+08:00", "day"),
    ],
)
def test_accepted(text: str, expected: str, exact: str) -> None:
    assert moment(text, ZONE).isoformat() == expected
    assert precision(text) == exact


@pytest.mark.parametrize(
    "text",
    """|23|0000|0000-05|10000|-2023|2023-5|2023-13|2023-00|2023-02-30|2023-05-00|2023/05/02|20230502
2023-05-02T|2023-05-02T9:00|2023-05-02T09|2023-05-02T24:00|2023-05-02T09:60|2023-05-02T09:00:60
2023-05-02T09:00+8|2023-05-02T09:00+0800|2023-05-02T09:00+24:00|2023-05-02T09:00+08:60
2023-05-02T09:00z|2023-05-02t09:00|2023-05Z|yesterday|２０２３|2023-05-02T09:00 Z|2023-W18
2023-05-02T09:00:30.1234567""".replace("\n", "|").split("|"),
)
def test_refused_with_the_accepted_forms(text: str) -> None:
    for read in (lambda: moment(text, ZONE), lambda: precision(text)):
        with pytest.raises(ValueError, match="written 2023, 2023-05, 2023-05-02 or 2023-05-02T"):
            read()


def test_the_end_of_a_day_whose_midnight_comes_twice() -> None:
    havana = ZoneInfo("America/Havana")  # 2023-11-05 01:00 back to 00:00
    assert moment("2023-11-04", havana) < moment("2023-11-05T00:00", havana)
    sao_paulo = ZoneInfo("America/Sao_Paulo")  # 2018-02-18 00:00 back to 2018-02-17 23:00
    end = moment("2018-02-17", sao_paulo)
    assert end.astimezone(UTC) + timedelta(microseconds=1) == datetime(2018, 2, 18, 3, tzinfo=UTC)


@given(st.datetimes(timezones=st.just(UTC)))
def test_what_isoformat_writes_is_read_back(when: datetime) -> None:
    assert moment(when.isoformat(), ZONE) == when
    assert moment(when.isoformat(" "), ZONE) == when


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        assert moment(text, ZONE).tzinfo is not None
    except ValueError:
        return
    assert precision(text) in ("instant", "day", "month", "year")
