"""One way of writing for everything that is read for signs: full width, traditional, sp a ced out.

`folded` gives lower case, simplified characters (those that the signs use), plain apostrophes,
no invisible characters, and no gaps or stand-in digits inside words. For looking only; never
shown to anybody. Pure.
"""

from __future__ import annotations

import re
import unicodedata

_TRADITIONAL = str.maketrans(
    "殺隨屍憊樓橋開關結個與後沒撐堅續盡繩媽爺親帶學應該說話覺聽見讓從過還這麼時間難題為給對們來"
    "兒會點著絕墜燒農藥針臺鎖門車軌脅嚇罵虐淩傷員強姦猥褻騷擾蹤監視禁毆踹摑勒頸紅婦國報復陪"
    "離別遺書寫無義勁樂愛戀氣熱餓睏煩尷尬羨慕鬧堵撥電腦機棋劇戲遊戰隊殼檔東萬場賽長歲兩內寧"
    "證據條處動靜總幾頭髮臉臟腳體麗緒壓憂鬱慮癥醫護減輕輩願許記憶談論調輸贏夠鬆終歸屬養貓養"
    "鄰師縊聲淚衝撞牆竈媳婆鬥單獨僅憑麻煩惡夢寶貝張紙筆劃掙紮脫懷抱舊輩齊聖誕節",
    "杀随尸惫楼桥开关结个与后没撑坚续尽绳妈爷亲带学应该说话觉听见让从过还这么时间难题为给对们来"
    "儿会点着绝坠烧农药针台锁门车轨胁吓骂虐凌伤员强奸猥亵骚扰踪监视禁殴踹掴勒颈红妇国报复陪"
    "离别遗书写无义劲乐爱恋气热饿困烦尴尬羡慕闹堵拨电脑机棋剧戏游战队壳档东万场赛长岁两内宁"
    "证据条处动静总几头发脸脏脚体丽绪压忧郁虑症医护减轻辈愿许记忆谈论调输赢够松终归属养猫养"
    "邻师缢声泪冲撞墙灶媳婆斗单独仅凭麻烦恶梦宝贝张纸笔划挣扎脱怀抱旧辈齐圣诞节",
)
_APOSTROPHES = str.maketrans("’‘`´ʼ", "'''''")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe0f\ufeff]")
# What is looked for comes first, and what stands before it is checked after: that is quick.
_CJK_GAP = re.compile(
    r"[ \t.*·_~/|+\-](?<=[\u4e00-\u9fff].)[ \t.*·_~/|+\-]{0,2}(?=[\u4e00-\u9fff])"
)
_SPELT = re.compile(r"(?<![a-z'])(?:[a-z][ .\-_*]{1,2}){3,}[a-z](?![a-z])")
_PARTED = re.compile(r"[.*_](?<=[a-z].)(?=[a-z]{2})")
_STAND_INS = {"0": "o", "1": "i", "3": "e", "4": "a", "$": "s", "@": "a"}
_STAND_IN = re.compile(r"[0134$@](?<=[a-z].)(?=[a-z])")
_DRAWN_OUT = re.compile(r"([^\W\d])\1{2,}")
_SPACES = re.compile(r"[ \t\u3000]+")


def folded(text: str) -> str:
    """Return a text as the signs are written; about as long, and not for showing."""
    text = unicodedata.normalize("NFKC", text).casefold()
    text = _INVISIBLE.sub("", text).translate(_APOSTROPHES).translate(_TRADITIONAL)
    text = _CJK_GAP.sub("", text)
    text = _SPELT.sub(_joined, text)
    text = _PARTED.sub("", text)
    text = _STAND_IN.sub(lambda found: _STAND_INS[found.group()], text)
    return _SPACES.sub(" ", _DRAWN_OUT.sub(r"\1", text))


def _joined(found: re.Match[str]) -> str:
    """Join letters that were spelt one by one; a wider gap stays a gap."""
    return " ".join(re.sub(r"[ .\-_*]", "", word) for word in re.split(r" {2}", found.group()))
