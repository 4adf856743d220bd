"""Festivals of the Chinese lunar calendar, 2000 to 2050, as dates of the common calendar.

Law of this file: facts only. Computing them takes an astronomer's almanac; a table of 153 dates
does not. Columns: year, then month and day of Spring Festival (1st of the 1st lunar month),
Dragon Boat (5th of the 5th), Mid-Autumn (15th of the 8th). Two independent almanacs agree on
every entry (lunardate 0.3.0, cnlunar 0.2.5).
"""

from __future__ import annotations

from datetime import date
from typing import Literal

Lunar = Literal["spring-festival", "dragon-boat", "mid-autumn"]

_COLUMNS: dict[Lunar, int] = {"spring-festival": 0, "dragon-boat": 1, "mid-autumn": 2}

_TABLE = """
2000 0205 0606 0912   2001 0124 0625 1001   2002 0212 0615 0921
2003 0201 0604 0911   2004 0122 0622 0928   2005 0209 0611 0918
2006 0129 0531 1006   2007 0218 0619 0925   2008 0207 0608 0914
2009 0126 0528 1003   2010 0214 0616 0922   2011 0203 0606 0912
2012 0123 0623 0930   2013 0210 0612 0919   2014 0131 0602 0908
2015 0219 0620 0927   2016 0208 0609 0915   2017 0128 0530 1004
2018 0216 0618 0924   2019 0205 0607 0913   2020 0125 0625 1001
2021 0212 0614 0921   2022 0201 0603 0910   2023 0122 0622 0929
2024 0210 0610 0917   2025 0129 0531 1006   2026 0217 0619 0925
2027 0206 0609 0915   2028 0126 0528 1003   2029 0213 0616 0922
2030 0203 0605 0912   2031 0123 0624 1001   2032 0211 0612 0919
2033 0131 0601 0908   2034 0219 0620 0927   2035 0208 0610 0916
2036 0128 0530 1004   2037 0215 0618 0924   2038 0204 0607 0913
2039 0124 0527 1002   2040 0212 0614 0920   2041 0201 0603 0910
2042 0122 0622 0928   2043 0210 0611 0917   2044 0130 0531 1005
2045 0217 0619 0925   2046 0206 0608 0915   2047 0126 0529 1004
2048 0214 0615 0922   2049 0202 0604 0911   2050 0123 0623 0930
"""

_ENTRIES = _TABLE.split()
_DATES = {int(_ENTRIES[i]): _ENTRIES[i + 1 : i + 4] for i in range(0, len(_ENTRIES), 4)}


def lunar_date(name: Lunar, year: int) -> date | None:
    """Return the date of a lunar festival in a common year, None outside the table."""
    row = _DATES.get(year)
    if row is None:
        return None
    entry = row[_COLUMNS[name]]
    return date(year, int(entry[:2]), int(entry[2:]))
