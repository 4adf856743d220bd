"""What the surface of a text gives away, in Chinese and English: a question, a greeting, a name.

Closed word lists and patterns only, each with both languages side by side; used by
significance, the extractive digest and recall. Pure.
"""

from __future__ import annotations

import re
from typing import Literal

_MARK = r"[?？]\s*[\"'”’」』)）]*\s*$"
_QUESTION = re.compile(
    # A mark says it. Without one: an English opening that no statement has, a Chinese ending.
    _MARK + r"|^\s*(?:what(?:'s| is| was| are| were| did| do| does)|who(?:'s| is| was| did)|"
    r"where(?:'s| is| was| are| did| do)|which \w+ (?:did|do|does|is|was|are|were)|"
    r"how (?:do|did|does|is|was|are|many|much|long|old)|why (?:did|do|does|is|was|are)|"
    r"(?:do|did|does|can|could|would|will) (?:you|i|we)|are you|tell me|remind me|any idea)\b"
    r"|(?:吗|呢|(?<!那)(?<!这)么|什么|谁|哪[里儿天个些位]?|多少|几[个次点号天岁]|怎么样|如何|怎么办)"
    r"[。.!！~～\s]*$",
    re.IGNORECASE,
)
_ASKING_WORD = re.compile(
    r"\b(?:what|when|where|which|who|whom|whose|why|how)\b"
    r"|什么|怎么|怎样|如何|为何|哪[个些里儿天一位]|谁|多少|几[个次点天月号岁]|是否|有没有",
    re.IGNORECASE,
)
_ASKS_MEMORY = re.compile(
    r"\b(?:remember|recall|remind|told|mentioned|said|recommended|talked about|asked)\b"
    r"|记得|记不记得|提到|提过|说过|推荐过|推荐了|告诉过|聊过|问过|曾经",
    re.IGNORECASE,
)
_SMALL_TALK = re.compile(
    r"\W*(?:(?:hi|hello|hey|hi there|hello there|good (?:morning|afternoon|evening|night)|"
    r"how are you(?: today| doing)?|nice to meet you|thanks?|thank you(?: so much| very much)?|"
    r"ok(?:ay)?|sure|great|cool|nice|wow|yes|yeah|yep|no|nope|bye|goodbye|"
    r"see you(?: later| tomorrow)?|"
    r"you'?re welcome|no problem|lol|ha(?:ha)+|got it|sounds good|i see|of course|take care|"
    r"你好|您好|大家好|嗨|早上好|早安|早|晚上好|晚安|下午好|最近好吗|很高兴认识你|谢谢(?:你|您)?|多谢|"
    r"好的?|好吧|嗯+|哦+|噢|行|可以|没问题|不客气|再见|拜拜|哈哈+|是的?|对的?|不是|知道了|明白了?|"
    r"当然|没事|太好了|真的吗)[呀啊啦哦呢吧的]*[\W]*)+",
    re.IGNORECASE,
)
_FIRST_PERSON = re.compile(r"\b(?:i|i'm|i've|i'd|i'll|my|mine|me|we|our)\b|我|咱|俺", re.IGNORECASE)
_NAME = re.compile(
    r"(?=[A-Z])(?<![.!?。！？:：\"“]\s)(?<!^)\b[A-Z][a-z]+(?:\s+[A-Z][a-z]+)*\b"
    r"|《[^》]+》|“[^”]{2,40}”|\"[^\"]{2,40}\"|「[^」]{2,40}」"
    r"|(?<=叫)[\u4e00-\u9fff]{2,4}|(?<=名字是)[\u4e00-\u9fff]{2,4}"
)
_NUMBER = re.compile(r"\d+|[一二三四五六七八九十百千万两]+(?=[个只条本年月日号天岁点次块元])")
_SURNAMES = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏窦章苏潘葛奚范彭郎鲁韦马苗"
    "凤方俞任袁柳鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐傅皮卞齐康伍余元卜顾孟黄穆萧尹姚邵湛汪祁毛狄"
    "臧戴谈宋庞熊纪舒屈项祝董梁杜阮蓝闵席季贾路娄危江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万柯管卢莫"
    "房裘缪解丁宣邓郁单杭洪包左石崔吉龚程嵇邢裴陆荣翁"
)
_TITLES = "先生|女士|小姐|老师|医生|大夫|教授|经理|主任|师傅|阿姨|叔叔|大爷|大妈|同学|哥|姐|总"
_PLACES = (
    "省|市|县|区|镇|村|街|路|巷|山|湖|江|河|岛|海|寺|庙|塔|桥|公园|广场|大学|学院|中学|小学|医院|公司|集团|"
    "餐厅|饭店|酒店|咖啡馆|咖啡店|茶馆|书店|超市|商场|车站|机场|博物馆|图书馆|美术馆|体育馆|剧院|小区|大厦"
)
_KNOWN = (
    "北京|上海|天津|重庆|广州|深圳|成都|杭州|南京|武汉|西安|苏州|青岛|厦门|长沙|大连|昆明|郑州|济南|合肥|福州|沈阳|"
    "哈尔滨|长春|宁波|无锡|佛山|东莞|珠海|三亚|桂林|丽江|大理|拉萨|兰州|贵阳|南宁|海口|太原|香港|澳门|台北|云南|"
    "四川|新疆|西藏|广东|浙江|江苏|山东|东京|首尔|纽约|伦敦|巴黎|美国|日本|韩国|英国|法国|德国|泰国|新加坡|澳大利亚"
)
_KIN = (
    "朋友|同事|室友|邻居|老板|男友|女友|老公|老婆|丈夫|妻子|姐夫|妹夫|嫂子|姐姐|妹妹|哥哥|弟弟|"
    "儿子|女儿|表妹|表哥"
)
_PROPER = re.compile(
    # Chinese has no capitals: people by surname and title, by nickname or by a foreign name's
    # dot, places by how they end.
    rf"[小老阿][{_SURNAMES}](?![\u4e00-\u9fff]?[时心])|[{_SURNAMES}][\u4e00-\u9fff]{{0,2}}(?:{_TITLES})"
    rf"|{_KNOWN}|(?<=(?:{_KIN}))[{_SURNAMES}][\u4e00-\u9fff]{{1,2}}"
    rf"|[\u4e00-\u9fff]{{1,6}}[·•][\u4e00-\u9fff]{{1,6}}|[\u4e00-\u9fff]{{2,6}}?(?:{_PLACES})"
)
_COUNTED = re.compile(
    r"\d+(?:[.:/-]\d+)*|[一二三四五六七八九十百千万亿两半几]+(?=[个只条本年月日号天岁点次块元位名件"
    r"张杯瓶斤公里米层楼周家场道首部篇段分秒度])|第[一二三四五六七八九十百]+|(?:周|星期|礼拜)[一二三四五六日天]"
    r"|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|"
    r"hundreds?|thousands?|half|twice|first|second|third|fourth|fifth|"
    r"january|february|march(?= \d)|april|june|july|august|september|october|november|december|"
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day)\b"
)
"""For texts in small letters: ignoring case takes five times as long."""
_SENTENCE = re.compile(
    r"[^。！？!?\n]*?(?:[。！？!?\n]+|(?<!\bDr)(?<!\bMr)(?<!\bMrs)(?<!\bSt)\.(?=\s|$)|$)[”」』\"']?"
)

ASKS, COMPANION, EXCHANGE = "asks", "companion", "exchange"
MARKS = (ASKS, COMPANION, EXCHANGE)
"""What recall wants to know of a turn beside its words: it ends by asking; the companion alone
speaks in it; both speak."""
Side = Literal["person", "companion", "either"]

_SAID = (
    "recommended|suggested|advised|told|said|mentioned|taught|explained|gave|given|showed|shown|"
    "described|proposed|shared|listed|provided|wrote|written|helped|answered|replied"
)
_SAY = "recommend|suggest|advise|tell|say|mention|teach|explain|give|show|propose|list|answer|reply"
_COMPANION = re.compile(
    rf"\byou(?:'d|'ve| had| have)? (?:(?:also|just|once|ever|previously) )?(?:{_SAID})\b"
    rf"|\b(?:did|have|had) you (?:(?:also|ever) )?(?:{_SAY}|{_SAID})\b"
    r"|\byour (?:\w+ )?(?:advice|recommendation|suggestion|answer|reply|tip|opinion)s?\b"
    r"|(?<![向和给跟对与同])你(?!能|可以|可否|会|是否|还?记)[^，。？?！!]{0,8}"
    r"(?:推荐|建议|告诉|提到|提[过了]|说[过了]|教|介绍|讲过|分享|回答|回复|列出|解释|劝)"
    r"|你的(?:建议|推荐|看法|意见|主意|回答|回复|说法)",
    re.IGNORECASE,
)
_PERSON = re.compile(
    rf"\bi(?:'d|'ve| had| have)? (?:(?:also|just|once|ever|previously) )?(?:{_SAID}|asked|shared)\b"
    r"|\b(?:did|have|had) i\b"
    r"|我[^，。？?！!]{0,8}[向和给跟对与]你|我[^，。？?！!你]{0,6}(?:告诉|问)过?你",
    re.IGNORECASE,
)
_BETWEEN = re.compile(
    r"\bour (?:\w+ )?(?:conversation|chat|discussion|talk|exchange)s?\b|\bremind me\b"
    r"|\bwe (?:\w+ )?(?:talked|discussed|spoke|chatted|went over|covered)\b"
    r"|(?:我们|咱们|咱俩)[^，。？?！!]{0,8}(?:聊|谈|讨论|说过|说的)|提醒我",
    re.IGNORECASE,
)

_SAYS = re.compile(r"\s*[^\W\d][^:：\n]{0,19}[:：](?!//)\s*\S")


def is_question(text: str) -> bool:
    """Say whether a text asks something."""
    return bool(_QUESTION.search(text.strip()[-400:]))


def asks_memory(text: str) -> bool:
    """Say whether a text asks for, or points to, something from before."""
    head = text[:2000]
    return is_question(text) or bool(_ASKING_WORD.search(head) or _ASKS_MEMORY.search(head))


def marks(text: str | None, reply: str | None) -> tuple[str, ...]:
    """Return which of MARKS a turn bears, by its two sides."""
    asks = (ASKS,) if is_question(reply or text or "") else ()
    if not reply:
        return asks
    return (*asks, EXCHANGE if text else COMPANION)


def side_asked(text: str) -> Side:
    """Say whose words a question is about: the person's, unless its last cue says otherwise."""
    head = text[:2000]
    person = max((m.start() for m in _PERSON.finditer(head)), default=-1)
    companion = max((m.start() for m in _COMPANION.finditer(head)), default=-1)
    if companion > person:
        return "companion"
    return "either" if person < 0 and _BETWEEN.search(head) else "person"


def said(text: str) -> list[str]:
    """Return the lines of a message that is a piece of conversation ("Emily: …", "AI: …"), the
    last said last; any other message is one piece, however many lines it has."""
    lines = [line for line in text.splitlines() if line.strip()]
    return lines if sum(bool(_SAYS.match(line)) for line in lines) > 1 else [text]


def is_small_talk(text: str) -> bool:
    """Say whether a text is a greeting, thanks or a bare yes, with nothing to keep."""
    return len(text) <= 60 and bool(_SMALL_TALK.fullmatch(text))


def first_person(text: str) -> int:
    """Count how often the speaker speaks of themselves."""
    return len(_FIRST_PERSON.findall(text[:5000]))


def names(text: str) -> list[str]:
    """Return names, titles and quotations in a text, in order."""
    return [match.group() for match in _NAME.finditer(text[:5000])]


def numbers(text: str) -> int:
    """Count numbers in a text, in figures or in Chinese."""
    return len(_NUMBER.findall(text[:5000]))


def proper(text: str) -> int:
    """Count the names of people, places and works in a text, each once, in both languages."""
    found = set(names(text))
    if text and max(text) >= "\u4e00":  # without a Chinese character there is none of those
        found.update(match.group() for match in _PROPER.finditer(text[:5000]))
    return len(found)


def quantities(text: str) -> int:
    """Count what a text says in numbers: figures, number words, days of the week, months."""
    return len(_COUNTED.findall(text[:5000].lower()))


def sentences(text: str) -> list[str]:
    """Cut a text into sentences, punctuation kept; "3.50" and "Dr. Li" stay whole."""
    return [s for match in _SENTENCE.finditer(text) if (s := match.group().strip())]
