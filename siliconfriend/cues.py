"""Weak signs, of which none alone means anything: what `weigher` combines with the direction.

Each group has words of both languages and one meaning. `evidence` says which groups a text has,
and which pairs of groups meet in it (means and the speaker, kin and harm): a composition instead
of a list of phrases. Written for text from `folding.folded`; no pattern repeats without bound.
Pure.
"""

from __future__ import annotations

import re
from itertools import combinations

GROUPS: dict[str, str] = {
    "death": r"\b(?:die[ds]?|dying|dead|death|corpse|kill\w*|suicid\w*|funeral|grave|ashes|"
    r"buried|overdos\w*)\b|死|自杀|轻生|葬|骨灰|尸|遗照|追悼|断气|没命",
    "ending": r"\b(?:end (?:it|things|everything)|disappear|vanish|not exist|exist\w*|gone|"
    r"wake up|woke up|breath\w*|alive|go on|carry on|no longer|not be here|be here|stop (?:it|"
    r"everything))\b|消失|存在|醒|睁眼|解脱|走不下去|撑不|呼吸|喘气|活|结束|不在了|带我走|"
    r"收走|收了我|回不来",
    "living": r"\b(?:living|life|live[ds]?|world|tomorrow|future|birthday|days?)\b|人生|世界|人间|"
    r"明天|以后|生日|这辈子|活着",
    "means": r"\b(?:pills?|tablets?|meds|medication|dose|bleach|rope|knot|noose|blades?|razors?|"
    r"kni(?:fe|ves)|gun|rifle|pistol|shotgun|trigger|bridge|roof\w*|balcony|ledge|cliff|"
    r"railway|train|subway|tracks|quarry|monoxide|helium|insulin)\b|药|安定|百草枯|刀|绳|"
    r"枪|天台|楼顶|窗台|阳台|桥|江边|悬崖|铁路|地铁|氦气|一氧化碳|水库|炭",
    "wounding": r"\b(?:cut(?:s|ting)?|slit|carv\w+|scars?|bleed\w*|blood|bled|wrists?|arms?|"
    r"thighs?|veins?|skin|long sleeves|self[- ]?harm\w*|scratch\w*)\b|割|划|口子|伤口|疤|血|"
    r"手腕|胳膊|手臂|大腿|长袖|自残|圆规|针扎",
    "oneself": r"\b(?:myself|himself|herself|themsel\w+|my own)\b|自己",
    "farewell": r"\b(?:goodbyes?|farewell|note|letters?|last time|last message|thank you for|"
    r"sorry for|gave (?:away|me|my)|look for me|take care of|final|forgive me)\b|告别|永别|"
    r"遗书|遗嘱|信|最后|对不起|照顾好|别来找|密码|再见|送给",
    "burden": r"\b(?:burden|better off|without me|worthless|waste|useless|relie\w+|insurance|"
    r"debts?|trouble|nobody|no ?one|everyone|miss me|deserve)\b|累赘|拖累|没有我|少了我|没我|"
    r"松一口气|保险|没人|没用|浪费|不配|多余|省心|麻烦",
    "plan": r"\b(?:decided|plan(?:s|ned|ning)?|picked|ready|tonight|friday|sunday|counted|"
    r"collecting|saving up|practi[sc]\w+|rehears\w+|how (?:many|long|high|much)|quick\w*|"
    r"easiest|painless)\b|决定|计划|打算|选好|准备好|今晚|攒|够了|练习|排练|多少|几颗|最快|"
    r"想清楚|想好",
    "wish": r"\b(?:want|wanna|wish|hop(?:e|ing)|pray\w*|rather|need to|urge|imagin\w+|"
    r"fantasi\w+|thoughts?|think\w* (?:about|of)|voices?)\b|想|希望|巴不得|恨不得|盼|宁愿|"
    r"祈祷|幻想|念头|冲动|声音|求",
    "harming": r"\b(?:hits?|hitting|beat(?:s|en|ing)?|slap\w*|punch\w*|kick\w*|chok\w+|"
    r"strangl\w+|shov\w+|push\w*|threw|throws?|drag\w*|grab\w*|whip\w*|belt|burn\w*|smash\w*|"
    r"pinch\w*|bit(?:es)?|spit|spat|hurts?|hurting|stab\w*|attack\w*|squeez\w+)\b|打|揍|踢|踹|扇|"
    r"掐|抽|勒|推|砸|咬|拖|揪|烫|捅|动手|拳|巴掌|摔|拧|欺负|虐",
    "touching": r"\b(?:touch\w*|rap(?:ed?|es|ing)|molest\w*|grop\w+|assault\w*|naked|nudes?|"
    r"undress\w*|strip|clothes|shirt|skirt|pants|thigh|bed|bedroom|room at night|shower|sex|"
    r"lap|penis|pictures|photos?|film(?:s|ed)|said (?:no|stop))\b|摸|强奸|强暴|性侵|侵犯|猥亵|"
    r"裸|脱|衣服|裤子|裙子|床|被窝|洗澡|浴室|照片|下体|下面|硬来|强迫|腿上",
    "control": r"\b(?:let me|lets me|allow\w*|lock\w*|keeps? my|took my|takes my|my phone|"
    r"passport|visa|bank card|money|wages|pension|track\w*|leave (?:him|her|the)|follow\w*|"
    r"outside my|watch\w*|checks?|permission|obey|tie[sd]?|held|hold\w*|forc\w+|ma(?:de|kes) "
    r"me|won't let)\b|不许|不准|不让|锁|关起来|关在|关门|扣了|收走|手机|证件|护照|身份证|银行卡|"
    r"工资|"
    r"定位|跟着|盯着|逼|绑|按住|按着|按在|出门|堵",
    "threat": r"\b(?:threat\w*|said he'?ll|says he'?ll|if i (?:leave|tell|go|argue)|find me|kill "
    r"me|acid|petrol|pay|post my|send them|secret|tell anyone|never told|will kill)\b|威胁|"
    r"说出去|敢走|硫酸|汽油|不转钱|发出去|秘密|没告诉|不敢说|要我的命|埋了我|打断",
    "fear": r"\b(?:afraid|scared|fear\w*|flinch\w*|hide|hid|hiding|terrif\w+|dare|eggshells|"
    r"safe|unsafe|can't go home|shaking|begging|screams?|cry|cries|cried)\b|怕|不敢|躲|发抖|害怕|"
    r"小心翼翼|求饶|哭|吼",
    "marks": r"\b(?:bruis\w+|black eye|split|broken (?:rib|arm)|rib|teeth|fell|fingerprints|"
    r"marks?|neck|lip|swollen)\b|淤青|印子|肋骨|牙|嘴角|脖子|眼睛青|受伤|身上",
    "insult": r"\b(?:whore|stupid|ugly|crazy|worthless|filthy|idiot|calls? me|names|laughs?)\b|"
    r"骂|贱|疯子|笑我|蠢|丑|口水|羞辱|起哄",
    "kin": r"\b(?:husband|wife|boyfriend|girlfriend|bf|gf|partner|ex|fianc\w+|dad|father|mum|"
    r"mom|mother|step\w+|parents|brothers?|uncle|aunt|cousin|grand\w+|son|family)\b|老公|丈夫|"
    r"老婆|男友|女友|男朋友|女朋友|对象|前任|前夫|前男友|未婚夫|爸|妈|父|母|继|舅|叔|哥|表哥|"
    r"姑|婆婆|公公|爷爷|奶奶|儿子|儿媳",
    "outsider": r"\b(?:boss|coach|trainer|teacher|priest|carer|nurse|landlord|manager|supervisor|"
    r"employer|colleague|neighbou?r|men|man|guys?|boys|girls|kids|they|someone|stranger|"
    r"date)\b|老板|教练|老师|护工|保姆|房东|经理|主管|雇主|同事|邻居|男人|男的|男生|女生|同学|"
    r"他们|有人|校霸|师父",
    "he": r"\b(?:he|she|him|his)\b|他|她",
    "me": r"\b(?:i|i'm|im|i've|i'll|i'd|my|me|mine)\b|我|咱|俺",
    "child": r"\b(?:girl|boy|child|kid|pupil|student|daughter|niece|granddaughter|little "
    r"brother|friend|sister|mate|bestie|flatmate|roommate)\b|小姑娘|孩子|学生|女儿|侄女|"
    r"孙女|弟弟|闺蜜|朋友|姐|室友|妹",
    "laughing": r"\b(?:lol|lmao|haha\w*|laugh\w*|joke\w*|funny)\b|哈哈|笑死|逗|好笑|💀|😂",
    "play": r"\b(?:games?|match|boss fight|minecraft|level|team|tennis|chess|football|rugby|"
    r"boxing|quiz|cards|race|gym|marathon|ranked|respawn\w*)\b|游戏|排位|球|下棋|打牌|boss|"
    r"复活|跑步|健身|马拉松|拳击|狼人杀|跳绳|裁判",
    "told": r"\b(?:films?|movie|novel|book|read\w*|story|series|show|episode|news|paper|thesis|"
    r"lecture|class|poem|play|documentary|podcast|museum|history|word|phrase|heroine|"
    r"character|volunteer|charity|posters|studying)\b|电影|小说|书|剧|新闻|论文|课|诗|播客|"
    r"博物馆|历史|词|报道|报纸|海报|志愿|纪念|演",
    "care": r"\b(?:doctor|dentist|surgery|operation|headache|antibiotics?|vitamins|stitches|"
    r"physio|vet|hospital|chemo|knee|back)\b|医生|牙医|手术|头疼|抗生素|缝|体检|化疗|膝盖|腰|"
    r"阑尾|血压|兽医",
    "daily": r"\b(?:exam|deadline|thesis|meeting|work|job|boss|homework|printer|laptop|wifi|"
    r"traffic|bus|heat|coffee|kitchen|bread|cake|onions|eggs|dog|cat|garden|plants?|car|"
    r"phone)\b|考试|作业|开会|上班|加班|老板|论文|打印机|电脑|堵车|公交|咖啡|厨房|面包|蛋糕|猫|"
    r"狗|花|车|热|天气",
    "mourning": r"\b(?:miss (?:my|him|her)|passed|broke up|breakup|left me|lonely|fired|laid "
    r"off|divorc\w+|argument|stressed|sad)\b|想念|分手|失恋|孤单|孤独|被裁|离婚|吵架|压力|难过|"
    r"走的|走了",
    "quiet": r"\b(?:not suicidal|would never|don't want to die|never laid|used to be|years ago)\b|"
    r"不想死|绝对不会|没想不开|没人打我|从没动过|年前|从来没",
    "asking": r"[?？]|\bhow\b|\bwhat\b|吗|怎么|什么",
}  # fmt: skip
"""Meaning to pattern, both languages in one."""
_COMPILED = {name: re.compile(words) for name, words in GROUPS.items()}
PAIRED = (
    "death", "ending", "living", "means", "wounding", "oneself", "farewell", "burden", "plan",
    "wish", "harming", "touching", "control", "threat", "fear", "marks", "kin", "outsider", "he",
    "me", "child",
)  # fmt: skip
PAIRS = tuple(combinations(PAIRED, 2))
NAMES = (*GROUPS, *("&".join(pair) for pair in PAIRS))
"""What each number of `evidence` stands for."""


def evidence(plain: str) -> list[float]:
    """Return which groups a folded text has, and which pairs of them: 1 or 0 for each of NAMES."""
    here = {name: bool(pattern.search(plain)) for name, pattern in _COMPILED.items()}
    return [float(here[name]) for name in GROUPS] + [float(here[a] and here[b]) for a, b in PAIRS]
