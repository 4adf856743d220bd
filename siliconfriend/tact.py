"""What is not brought up: painful memories unasked, and in distress anything but support.

`painful` keeps a memory from being brought up by the companion of its own accord; `withhold`
says which recalled memories may stay in a prompt when there is concern, so that no memory is
ever used against the person. Word lists, both languages always read, on the careful side: a
memory that is wrongly left out costs little. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from memorybank.records import Recalled
from siliconfriend.folding import folded
from siliconfriend.safety import KIN, Concern, concern

_PAINFUL = re.compile(
    r"\b(?:died|dead|death|dying|passed away|funeral|cremat\w*|grave\b|gravestone|cemetery|"
    r"griev\w*|grief|mourn\w*|widow\w*|lost (?:my|our|her|his) (?:\w+ )?(?:mum|mom|mother|dad|"
    r"father|wife|husband|son|daughter|baby|child|brother|sister|gran\w*|friend|dog|cat|pet)|"
    r"put (?:him|her|it|\w+) (?:down|to sleep)|miscarr\w*|stillb\w*|orphan\w*|euthan\w*|"
    r"hospice)\b|\b(?:broke up|break[- ]?up|breaking up|split up|divorc\w*|dumped|left me|"
    r"cheat(?:ed|ing)|affair|heart ?br\w+|estranged|my ex\b|called off the (?:wedding|"
    r"engagement))|\b(?:cancer|tumou?r|leuk\w+|chemo\w*|diagnos\w*|terminal|stroke|"
    r"heart attack|dementia|alzheimer\w*|parkinson\w*|hiv|depress\w*|anxiety|panic attacks?|"
    r"ptsd|trauma\w*|surgery|operation|intensive care|icu\b|hospital\w*|overdos\w*|addict\w*|"
    r"rehab|relaps\w*|accident|crash\w*|abus\w*|assault\w*|rap(?:e|ed)\b|violen\w*|bull(?:y|"
    r"ied|ying)\w*|beat(?:en|s)? me|hits? me|suicid\w*|self[- ]?harm\w*|eating disorder|"
    r"anorex\w*|bulimi\w*)|\b(?:fail(?:ed|ure|ing|s)?|fired|laid off|lost (?:my|the|his|"
    r"her) (?:job|house|home|money|savings|business|case)|bankrupt\w*|evict\w*|in debt|debts|"
    r"arrested|prison|jail|humiliat\w*|asham\w*|shame|mock\w*|laughed at me|rejected|"
    r"turned down|expelled|dropped out|betray\w*|lonely|loneliness|worthless|hopeless|"
    r"hate myself|cried|crying|sobb\w*|regret\w*|guilt\w*|scared|terrified|nightmares?|"
    r"miss (?:him|her|them|you) so)\b|去世|过世|逝世|病逝|离世|死(?!党|机|磕|心眼|板)|葬|坟|"
    r"墓|守寡|流产|夭折|遗体|遗照|安乐死|永远离开|走了(?=[，。,！]|$|.{0,4}(?:想|难过|哭))|"
    r"没能见.{0,4}最后|分手|离婚|离异|失恋|出轨|劈腿|背叛|抛弃|前任|前男友|前女友|前夫|前妻|"
    r"吵架|冷战|断绝|癌|肿瘤|白血病|化疗|确诊|重病|绝症|住院|手术|抢救|中风|心梗|痴呆|抑郁|"
    r"焦虑症|恐慌|创伤|瘫痪|残疾|车祸|事故|受伤|自残|自杀|轻生|家暴|虐待|性侵|强奸|猥亵|骚扰|"
    r"霸凌|欺负|打我|暴力|失败|没考上|落榜|挂科|不及格|考砸|被.{0,6}(?:裁|辞|开除|解雇|骗|拒|"
    r"骂|嘲|羞)|失业|破产|欠债|负债|坐牢|羞辱|丢脸|丢人|丢死|嘲笑|出丑|后悔|愧疚|内疚|绝望|"
    r"崩溃|痛苦|伤心|难过|心碎|痛哭|大哭|哭了|孤独|孤单|噩梦|害怕|恐惧|没用|废物"
)
_MEANS = re.compile(
    r"\b(?:pills?|tablets?|medication|meds|sleeping|painkillers?|paracetamol|insulin|knife|"
    r"knives|blades?|razors?|scissors|guns?|rifle|pistol|shotgun|hunting|ropes?|noose|"
    r"bridges?|roof\w*|balcon\w*|cliffs?|train tracks?|railway|platform|charcoal|pesticides?|"
    r"poison\w*|bleach|alcohol|whisky|vodka|drunk|drugs?|lake|river|tall building|top floor|"
    r"\d+th floor)\b|药|安定|刀|刃|剪|枪|绳|桥|天台|楼顶|阳台|顶楼|高楼|悬崖|铁轨|站台|烧炭|"
    r"木炭|农药|毒|酒|江边|河边|跳水"
)
_SUPPORT = re.compile(
    r"\b(?:love[sd]?|loving|lovely|friends?|bestie|family|mum|mom|mother|dad|father|sister|"
    r"brother|grand\w+|aunt|uncle|daughter|son|kids?|wife|husband|partner|girlfriend|"
    r"boyfriend|neighbou?r|teacher|mentor|dogs?|puppy|cats?|kitten|pets?|rabbit|hamster|"
    r"parrot|enjoy\w*|like[sd]?|favou?rite|happy|happiest|happily|joy\w*|fun|laugh\w*|smil\w*|"
    r"proud|hug\w*|kind|helped|support\w*|thank\w*|grateful|music|sing\w*|garden\w*|walk\w*|"
    r"paint\w*|bak\w+|cook\w*|hobby|hobbies|holiday|picnic|sunset|adopted|named|called)\b|爱|"
    r"喜欢|朋友|闺蜜|家人|妈|爸|姐|妹|哥|弟|爷爷|奶奶|外公|外婆|女儿|儿子|孩子|老公|老婆|"
    r"男朋友|女朋友|邻居|老师|同事|猫|狗|宠物|兔|仓鼠|鹦鹉|开心|快乐|高兴|幸福|骄傲|自豪|笑|"
    r"拥抱|抱抱|陪|帮|谢|感激|温暖|音乐|唱|花|散步|画|烘焙|做饭|旅行|最爱|享受|收养"
)


def painful(text: str) -> bool:
    """Say whether a memory is of grief, parting, illness, abuse, failure or shame."""
    plain = folded(text)
    return bool(_PAINFUL.search(plain)) or concern(text) is not None


def withhold(hits: Iterable[Recalled], found: Concern) -> tuple[Recalled, ...]:
    """Return the recalled memories that may stay in a prompt although there is concern.

    Only supportive ones stay: people, animals and things that are loved. What is painful or
    speaks of a means of harm goes, as does what nobody vouches for; where kin does harm, what
    speaks of such kin, and where it is not said who, of partners and parents alike.
    """
    return tuple(hit for hit in hits if hit.trusted and _supports(hit.text, found))


def _supports(text: str, found: Concern) -> bool:
    plain = folded(text)
    if not _SUPPORT.search(plain) or _MEANS.search(plain) or painful(text):
        return False
    if found.kind == "abuse":
        named = [found.by] if found.by else ["partner", "parent"]
        return not any(KIN[name].search(plain) for name in named)
    return True
