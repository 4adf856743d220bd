"""Every word of the page, in both languages side by side."""

from __future__ import annotations

from memorybank.records import Lang

_WORDS: dict[str, tuple[str, str]] = {
    # around every page
    "chat": ("Chat", "聊天"),
    "memories": ("Memories", "记忆"),
    "forgetting": ("Forgetting", "淡忘"),
    "portrait": ("Portrait", "画像"),
    "settings": ("Settings", "设置"),
    "other language": ("中文", "English"),
    "light and dark": ("light or dark", "浅色或深色"),
    "signed out": (
        "This browser is signed out: its key was taken back, or has expired.",
        "这个浏览器已退出登录：它的密钥被收回，或已过期。",
    ),
    "cancel": ("Cancel", "取消"),
    "yes": ("Yes", "确定"),
    "older": ("Show older", "显示更早的"),
    # a memory
    "held": ("held", "保持"),
    "why": ("why: {0}", "原因：{0}"),
    "faded": ("faded", "已淡忘"),
    "pinned": ("pinned", "已固定"),
    "replaced": ("replaced", "已更正"),
    "day summary": ("day summary", "当日小结"),
    "never fades": ("never fades", "不会淡忘"),
    "fades on": ("fades on {0}", "将于 {0} 淡忘"),
    # chat
    "message": ("Say something", "说点什么"),
    "send": ("Send", "发送"),
    "stop": ("Stop", "停止"),
    "regenerate": ("Reply anew", "重新回答"),
    "remove": ("Take back", "收回"),
    "remove?": (
        "Take the last turn back? It is erased from memory too, for good.",
        "收回上一轮对话？它也会从记忆里彻底删除。",
    ),
    "removed": ("Taken back, out of memory too.", "已收回，记忆里也删除了。"),
    "anew": ("New chat", "新对话"),
    "begun anew": (
        "A new conversation. What was said before is memory now.",
        "新的对话。之前说过的，现在是记忆。",
    ),
    "parameters": ("Parameters", "参数"),
    "own value": ("the model's own", "由模型决定"),
    "temperature": ("Temperature", "温度"),
    "top-p": ("Top-p", "Top-p"),
    "reply length": ("Reply length (tokens)", "回复长度（词元）"),
    "history length": ("History (turns)", "上文长度（轮）"),
    "recalled": ("Recalled: {0}", "想起了 {0} 条"),
    "recalled nothing": ("Recalled nothing", "没有想起什么"),
    "withheld": ("Withheld, since faded: {0}", "已淡忘而没有用到：{0} 条"),
    "left out": ("{0} left out: {1}", "{0} 条没有放入：{1}"),
    "stopped": ("Stopped; what was said is kept.", "已停止；说出的部分保留着。"),
    "no reply": ("(no reply)", "（没有回复）"),
    "name": ("Name", "名字"),
    "name is": ("My name is {0}.", "我叫{0}。"),
    "not now": ("Not now", "先不说"),
    "hear": ("Tell me", "告诉你"),
    "cannot write": (
        "This browser may read, and nothing else: sign in by another link to chat.",
        "这个浏览器只能查看：要聊天，请用另一个链接登录。",
    ),
    # memories
    "search": ("Search memory", "搜索记忆"),
    "all": ("All", "全部"),
    "none": ("Nothing here yet.", "这里还没有内容。"),
    "found none": ("Nothing was found.", "什么也没找到。"),
    "event summary": ("What happened", "发生了什么"),
    "insight": ("Insight", "洞察"),
    "pin": ("Pin", "固定"),
    "unpin": ("Unpin", "取消固定"),
    "correct": ("Correct", "更正"),
    "what is right": ("What is right?", "正确的是什么？"),
    "fade": ("Let fade", "让它淡忘"),
    "revive": ("Revive", "唤回"),
    "erase": ("Erase", "删除"),
    "erase?": ("Erase this for good? It cannot be undone.", "要彻底删除吗？无法恢复。"),
    "takes along": (
        "It takes along {0} summaries or insights and {1} statements of the portrait; "
        "they are made anew from what is left.",
        "会一并删除 {0} 份小结或洞察、{1} 条画像；它们会用余下的内容重新生成。",
    ),
    "takes nothing": ("Nothing else is made from it.", "没有别的内容由它而来。"),
    "versions": ("Also what it replaced and what replaced it", "连同它更正的和更正它的"),
    "erased": (
        "Erased for good: {0} turns, {1} summaries and insights, {2} statements.",
        "已彻底删除：{0} 轮对话、{1} 份小结与洞察、{2} 条画像。",
    ),
    "done": ("Done.", "好了。"),
    # forgetting
    "on that day": ("Remembered on {0}: {1} of {2}", "到 {0} 还记得：{1} / {2}"),
    "days ahead": ("{0} days from today", "从今天起 {0} 天"),
    "slider": ("Days from today", "从今天起的天数"),
    "if nothing": (
        "If nothing is recalled until then. What is recalled lasts longer.",
        "假如在那以前都没有再想起。想起过的会记得更久。",
    ),
    "about to fade": ("About to fade (within 30 days)", "即将淡忘（30 天内）"),
    "none fade": ("Nothing fades in that time.", "这段时间里没有要淡忘的。"),
    "curves": ("Each memory's curve", "每条记忆的曲线"),
    "strength": ("Strength {0} days", "强度 {0} 天"),
    "coming": ("the coming {0} days without recall", "若不再想起，今后 {0} 天"),
    "on day": ("{0} on that day", "到那天 {0}"),
    "withheld lately": ("Withheld of late", "最近没有想起的"),
    "withheld how": (
        "What the last messages called for, and what stayed away since it had faded.",
        "最近几句话本会让人想起、却因已淡忘而没有出现的记忆。",
    ),
    "none withheld": ("Nothing stayed away.", "没有这样的记忆。"),
    "called by": ("called for on {0}: “{1}”", "{0} 被这句话问及：“{1}”"),
    "revived": ("Brought back: its curve starts anew.", "已唤回：它的曲线重新开始。"),
    # portrait
    "no portrait": (
        "No portrait yet. Once you have talked, digest the days.",
        "还没有画像。聊过之后，可以整理一下。",
    ),
    "digest": ("Digest now", "现在整理"),
    "digesting": ("{0}: {1} of {2}", "{0}：{1} / {2}"),
    "digested": (
        "Digested: {0} days, {1} weeks, {2} months.",
        "已整理：{0} 天、{1} 周、{2} 月。",
    ),
    "digest failed": ("{0} pieces wait: {1}", "还有 {0} 项在等待：{1}"),
    "extractive": ("in your own words, without a language model", "摘自原话，未用语言模型"),
    "turns behind": ("The turns it stands on", "依据的对话"),
    "turn erased": ("That turn was erased.", "那轮对话已删除。"),
    "how it came": ("How it came to be", "它是怎样形成的"),
    "new": ("new", "新的"),
    "back again": ("back again", "再次出现"),
    "renewed": ("said anew", "有了新说法"),
    "corrected": ("corrected", "已更正"),
    "crowded": ("made room for newer ones", "让位给更新的"),
    # settings
    "bank": ("Memory bank", "记忆库"),
    "turns": ("{0} turns", "{0} 轮对话"),
    "model": ("Language model", "语言模型"),
    "embedder": ("Embedder", "向量模型"),
    "no model": ("none: replies quote memory", "没有：只引用记忆来回答"),
    "no embedder": ("none: recall goes by words", "没有：按用词回忆"),
    "preset": ("Forgetting curve", "遗忘曲线"),
    "zone": ("Time zone", "时区"),
    "model fixed": (
        "The operator chooses it: MEMORYBANK_LLM, or llm in settings.toml; more to choose from "
        "here: models under [serve].",
        "由服务器的管理者决定：MEMORYBANK_LLM，或 settings.toml 里的 llm；"
        "要能在这里挑选，请在 [serve] 下列出 models。",
    ),
    "model listed": (
        "Those that the operator listed under [serve]. It holds for this bank, from the next page.",
        "管理者在 [serve] 下列出的模型。只对这个记忆库有效，打开下一页起生效。",
    ),
    "model chosen": ("From the next page on: {0}", "打开下一页起使用：{0}"),
    "embedder fixed": (
        "The operator chooses it: MEMORYBANK_EMBEDDER, or embedder in settings.toml; more to "
        "choose from here: embedders under [serve].",
        "由服务器的管理者决定：MEMORYBANK_EMBEDDER，或 settings.toml 里的 embedder；"
        "要能在这里挑选，请在 [serve] 下列出 embedders。",
    ),
    "embedder listed": (
        "Those that the operator listed under [serve]. Another one makes every vector anew.",
        "管理者在 [serve] 下列出的向量模型。换一个会重做全部向量。",
    ),
    "other embedder": (
        "The vectors here come from another embedder ({0}): recall goes by words alone.",
        "这里的向量来自另一个模型（{0}）：现在只按用词回忆。",
    ),
    "reembed": ("Make the vectors anew", "重做向量"),
    "reembed?": ("Make every vector of this bank anew?", "要重做这个记忆库的全部向量吗？"),
    "reembed means": (
        "{0} texts, in the background. Until each is done it is found by its words alone.",
        "共 {0} 段文本，在后台进行。每段做好之前，只按用词找到它。",
    ),
    "reembedding": ("{0} texts wait for their vectors.", "有 {0} 段文本等待生成向量。"),
    "vectors made": ("Vectors: {0} of {1}", "向量：{0} / {1}"),
    "embedded": ("All vectors are made.", "向量都做好了。"),
    "zone fixed": (
        "Days are counted in it since the first memory, so it stays: for another, make a new bank "
        "above, export this one and import it there with “memorybank import”.",
        "从第一条记忆起，日子就按它计算，所以不再改变：要换时区，请在上面新建记忆库，"
        "导出这一个，再用“memorybank import”导入。",
    ),
    "zone free": (
        "It can be changed until something is remembered.",
        "在记住第一件事之前都可以改。",
    ),
    "zone chosen": ("Days begin at midnight of {0}.", "日子从 {0} 的零点算起。"),
    "new bank": ("A new memory bank", "新建记忆库"),
    "bank name": ("Its name", "它的名字"),
    "make bank": ("Make it", "新建"),
    "preset changed": ("Every memory follows this curve now.", "所有记忆都改用这条曲线。"),
    "export": ("Export this bank", "导出这个记忆库"),
    "backup": ("Back up the whole file", "备份整个文件"),
    "sign out": ("Sign this browser out", "在这个浏览器上退出登录"),
    "downloads": ("Downloads", "下载"),
}


def word(key: str, lang: Lang, *values: object) -> str:
    """Return a phrase in a language; raises KeyError for one that there is not."""
    phrase = _WORDS[key][lang == "zh"]
    return phrase.format(*values) if values else phrase
