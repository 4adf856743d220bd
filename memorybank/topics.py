"""What a sentence about oneself speaks of: phrases that give it away, both languages alike.

Regular expressions, case-insensitive; English ones are bounded by word boundaries. The order of
the topics is that of weight: a sentence belongs to the first whose phrases stand in it. Pure.
"""

from __future__ import annotations

import re

from memorybank.records import Lang

_BEING = r"i(?:'m| am|'ve been| have been| feel| felt| was)(?: so| really| a bit| very| pretty)?"
_KIN = (
    r"(?:mother|mom|mum|father|dad|parents|sister|brother|grand(?:mother|father|ma|pa)|gran|nan|"
    r"wife|husband|girlfriend|boyfriend|partner|son|daughter|friend|cousin|aunt|uncle|"
    r"cat|dog|kitten|puppy|rabbit|parrot|roommate|flatmate|neighbour|neighbor)"
)
_ELDERS = "妈妈?|爸爸?|母亲|父亲|姐姐?|妹妹?|哥哥?|弟弟?|奶奶|爷爷|外婆|外公|姥姥|姥爷"
_CLOSE = "妻子|老婆|丈夫|老公|女朋友|男朋友|儿子|女儿|朋友|猫|狗|室友|邻居"
_PHRASES: dict[str, dict[Lang, tuple[str, ...]]] = {
    "self": {
        "en": (
            r"my (?:full )?name(?:'s| is)|call me|i am called|i(?:'m| am) \d+",
            r"i(?:'ve)? (?:just )?turned \d+|i(?:'m| am) \w+(?:-\w+)? years old",
            r"i(?:'m| am) (?:twenty|thirty|forty|fifty|sixty|seventy|eighty)(?:-\w+)?",
            r"i(?:'m| am) from|i come from|i (?:used to )?lived?|i grew up|my birthday",
            r"i(?:'ve| have)? (?:just )?moved",
        ),
        "zh": (
            "我叫|我的名字|叫我|我今年|我.{0,4}岁|我来自|我是.{0,8}人|我住",
            "我(?:刚刚?|才)?搬|老家|我的?生日|我属[鼠牛虎兔龙蛇马羊猴鸡狗猪]",
        ),
    },
    "health": {
        "en": (
            r"allergic|allergy|i can(?:'t|not) (?:eat|drink)|diagnosed|insomnia|can't sleep",
            r"(?:sleeping|slept|sleep) (?:badly|poorly)|i(?:'m| am) (?:sick|ill)",
            r"dentist|my doctor|migraines?|heartburn|(?:broke|fractured|sprained) my|in a cast",
        ),
        "zh": (
            "过敏|不能吃|失眠|睡不[好着]|没睡好|生病|牙医|看牙|医生",
            "体检|头疼|感冒|发烧|胃[疼痛]|骨折|扭伤|石膏",
        ),
    },
    "people": {
        "en": (
            rf"my (?:\w+ ){{0,2}}{_KIN}",
            r"i(?:'ve| have)? (?:just )?(?:adopted|got|have|brought home) (?:a|an|the) "
            rf"(?:\w+ ){{0,3}}{_KIN}",
            r"i(?:'m| am) going to be an? (?:\w+ )?(?:aunt|uncle|mother|mum|mom|father|dad)",
            r"i(?:'m| am) going to be a grand\w+",
        ),
        "zh": (
            "要[当做](?:姑姑|姑妈|舅舅|叔叔|伯伯|阿姨|小姨|妈妈?|爸爸?|奶奶|爷爷|外婆|外公)",
            rf"我(?:的)?(?:{_ELDERS}|{_CLOSE})",
            "[领收]?养了.{0,10}[猫狗兔鸟]",
            rf"(?<![姐兄])(?:{_ELDERS})(?![妹弟])",
        ),
    },
    "work": {
        "en": (
            r"my (?:new )?(?:job|work|boss|manager|team|company|colleagues?|office|thesis|degree)",
            r"i (?:work|study|teach)|i(?:'m| am) (?:studying|working)|at work",
            r"i(?:'m| am) an? \w+(?:er|or|ist|ian)|promoted|promotion|headmaster|headmistress",
            r"head of (?:\w+ )?department|job (?:offer|interview)|offered me .{0,40}\b(?:job|post)",
        ),
        "zh": (
            "我的?(?:新)?工作|上班|(?:我|我们|我的|新)(?:老板|领导|主管)|同事|公司|加班",
            "升职|晋升|校长|组长|面试|录用|我在?.{0,12}教(?:书|[语数英物化生历地政音体美]\\w)",
            "我的?专业|我(?:在|是).{0,10}(?:学习|读书|上学|老师|学生|工程师|设计师)",
        ),
    },
    "dislikes": {
        "en": (r"i (?:really |just )?(?:hate|dislike|don't like|can't stand|don't enjoy)",),
        "zh": ("我(?:很|最|真)?(?:讨厌|不喜欢|受不了|不爱)",),
    },
    "likes": {
        "en": (
            r"i (?:really |also |just |do )?(?:love|like|enjoy|prefer|adore)",
            r"my (?:all-time )?favou?rites?|i(?:'m| am) into|i(?:'m| am) a (?:big )?fan",
            r"loving (?:it|this|every)|i(?:'ve| have) (?:switched|gone over) to|vegetarian|vegan",
            r"i drink my|i (?:only|always) drink",
        ),
        "zh": (
            "我(?:很|最|特别|非常|也|挺|还|超|就)?(?:喜欢|爱|热爱)",
            "(?:^|[，,。！!；;])(?:特别|非常|超级?|好|很)喜欢|只[喝吃]|改[喝吃]|爱[喝吃]|吃素|素食",
            "最喜?爱|最喜欢|就爱|我的爱好|感兴趣|迷上",
        ),
    },
    "worries": {
        "en": (
            rf"{_BEING} (?:worried|anxious|nervous|afraid|scared|stressed|sad|lonely|tired|upset|"
            r"depressed|overwhelmed|homesick)",
            r"i(?:'m| am) dreading|i keep (?:worrying|thinking about)",
        ),
        "zh": (
            "担心|焦虑|紧张|害怕|压力|难过|孤独|孤单|寂寞",
            "沮丧|伤心|郁闷|烦恼|失落|想家",
        ),
    },
    "joys": {
        "en": (rf"{_BEING} (?:happy|proud|glad|excited|relieved|grateful|thrilled)",),
        "zh": ("(?:开心|高兴|骄傲|自豪|兴奋|激动|感激|欣慰|松了一?口气)",),
    },
    "plans": {
        "en": (
            r"i(?:'m| am) (?:going to|planning|thinking of)|i plan|i(?:'ve| have) decided",
            r"i want to|i(?:'d| would) like to|i(?:'ve)? promised|i(?:'ll| will)",
            r"next (?:week|month|year)|a promise|i(?:'ve| have)? signed up",
            r"i(?:'m| am) (?:visiting|seeing|meeting|flying|travell?ing|leaving|moving|starting)",
            r"(?:i |i've |^)booked .{0,30}\b(?:train|flight|ferry|hotel|room|table|tickets?|trip)",
        ),
        "zh": (
            "我(?:打算|计划|准备|决定|想要|希望|要去|会去)|下(?:周|个?月)|明年",
            "目标是|答应|立个?誓|[定订]了.{0,12}(?:票|酒店|民宿|餐厅)|买了.{0,20}票|报了.{0,8}[课班名]",
            "改[成到在].{0,12}[去看见]",
        ),
    },
}

TOPICS = tuple(_PHRASES)
PLANS = "plans"
STRATEGY = "strategy"
"""No topic of sentences: how best to reply to this person, as a language model has seen it."""
LABELS: dict[Lang, dict[str, str]] = {
    "en": {
        "self": "Self",
        "health": "Health",
        "people": "People and pets",
        "work": "Work and study",
        "dislikes": "Dislikes",
        "likes": "Likes",
        "worries": "Worries",
        "joys": "Joys",
        "plans": "Plans",
        "mood": "Mood",
        "strategy": "How to reply to them",
    },
    "zh": {
        "self": "自己",
        "health": "健康",
        "people": "亲友宠物",
        "work": "工作学习",
        "dislikes": "不喜欢",
        "likes": "喜欢",
        "worries": "烦恼",
        "joys": "开心",
        "plans": "打算",
        "mood": "心情",
        "strategy": "如何回应对方",
    },
}


def _compiled(topic: str) -> re.Pattern[str]:
    english = "|".join(_PHRASES[topic]["en"])
    return re.compile(rf"\b(?:{english})\b|" + "|".join(_PHRASES[topic]["zh"]), re.IGNORECASE)


_PATTERNS = {topic: _compiled(topic) for topic in TOPICS}


def topic_of(sentence: str) -> str | None:
    """Return what a sentence says of its speaker, None for nothing."""
    return next((topic for topic, pattern in _PATTERNS.items() if pattern.search(sentence)), None)
