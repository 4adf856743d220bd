"""The companion (paper, section 3): one chat turn is recall, compose, ask, remember.

Every face talks through `Friend`. The person's words are stored before the model is asked, so
that nothing can take them; the reply joins them when it is there, together with what it recalled.
A model that fails costs the reply, never a turn. `concern` is the safety rule of every face.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from memorybank.bank import MemoryBank
from memorybank.cues import asks_memory
from memorybank.errors import BadInput, BadReply, ModelError, PromptTooLong, UnknownMemory
from memorybank.judge import echoes
from memorybank.lexical import detect
from memorybank.models import LLM, Style, replying
from memorybank.prompts import read as memory_prompt
from memorybank.records import Context, Lang, Recalled, Turn
from memorybank.rendering import clean, says_nothing
from siliconfriend import alone, reminding, tact
from siliconfriend.helplines import HelpLines
from siliconfriend.prompts import read as prompt
from siliconfriend.reminisce import Habit
from siliconfriend.safety import Concern, concern, note
from siliconfriend.words import word

__all__ = ["Exchange", "Friend", "Manner", "concern"]

REPLY_TOKENS = 600
"""Tokens kept free for a reply where nobody says how long it may get."""
MARGIN = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How the companion talks: what goes into its prompt, and how replies are made.

    `k` memories and `history` turns at most, within `budget` tokens. `lang` None answers in the
    language of the message. `regions` are whose help lines are shown.
    """

    k: int = 8
    history: int = 6
    budget: int = 3000
    style: Style = field(default_factory=Style)
    lang: Lang | None = None
    habit: Habit = field(default_factory=Habit)
    regions: tuple[str, ...] = ()


class Friend:
    """A companion with the memory of one bank; without a language model it quotes memory."""

    def __init__(
        self,
        bank: MemoryBank,
        llm: LLM | None = None,
        manner: Manner = Manner(),
        *,
        help_lines: HelpLines | None = None,
    ) -> None:
        """Take a bank and a model; `help_lines` None shows a note without numbers."""
        self.bank, self.llm, self.manner = bank, llm, manner
        self.help_lines = help_lines
        self.since: datetime | None = None

    def say(self, message: str, *, conversation: str = "", now: datetime | None = None) -> Exchange:
        """Say something to the companion; hear the reply by iterating over what is returned.

        Raises EmptyText, TextTooLong: nothing was said then.
        """
        moment = self.bank.desk.moment(now)
        return self._exchange(clean(message), moment, conversation=conversation)

    def retry(self, *, now: datetime | None = None) -> Exchange:
        """Answer the last message anew, in place of the reply that it had."""
        moment = self.bank.desk.moment(now)
        turn = self.last(now=moment)
        if turn is None or not turn.text:
            raise BadInput("there is nothing to answer anew yet", "还没有可以重新回答的话")
        return self._exchange(turn.text, moment, turn=turn)

    def undo(self, *, now: datetime | None = None) -> Turn:
        """Take the last turn back, out of memory too; returns what it was."""
        turn = self.last(now=now)
        if turn is None:
            raise BadInput("there is nothing to take back", "没有可以收回的话")
        self.bank.erase(turn.id, now=now)
        return turn

    def start_anew(self, *, now: datetime | None = None) -> None:
        """Begin another conversation: what was said before is memory, no longer the talk."""
        self.since = self.bank.desk.moment(now)

    def last(self, *, now: datetime | None = None) -> Turn | None:
        """Return the last turn of a chat, None before there is one."""
        chats = [turn for turn in self.bank.recent(1, now=now) if turn.channel == "chat"]
        return chats[-1] if chats else None

    def _exchange(
        self, message: str, moment: datetime, *, conversation: str = "", turn: Turn | None = None
    ) -> Exchange:
        info = self.bank.info()
        moment = moment.astimezone(ZoneInfo(info.zone))
        lang = self.manner.lang or detect(message, info.lang)
        found = concern(message, self.bank.desk.embedder)
        hint = reminding.hint(self.bank, message, moment, self.manner.habit, concern=bool(found))
        asking = _Asking(self, message, moment, lang, found, hint, turn.id if turn else None)
        context = asking.context(self.manner.budget)
        stored = turn.id if turn else self.bank.remember(
            message, at=moment, now=moment, conversation=conversation
        )  # fmt: skip
        return Exchange(asking, stored, context)


@dataclass(frozen=True, slots=True)
class _Asking:
    """All that one message brings with it: how it is asked, and anew with a smaller prompt."""

    friend: Friend
    message: str
    moment: datetime
    lang: Lang
    concern: Concern | None
    hint: Recalled | None
    before: str | None

    def context(self, budget: int) -> Context:
        """Return the prompt; where there is concern, no memory that could hurt is in it."""
        friend, manner = self.friend, self.friend.manner
        llm = friend.llm
        if llm and llm.window:
            free = llm.window - (manner.style.max_tokens or REPLY_TOKENS) - MARGIN
            budget = max(min(budget, free), 1)
        # Without a model no talk stands in a prompt: asked for, what was said just now is a
        # memory too.
        recent = manner.history if llm or not asks_memory(self.message) else 0
        return friend.bank.context(
            self.message, budget=budget, k=manner.k, recent=recent, lang=self.lang,
            instruction=instruction(self.moment, self.lang, distress=self.concern is not None),
            aside=self.hint, leave_out=self._harmful if self.concern else None,
            standing=self.concern is None, since=friend.since,
            without=[self.before] if self.before else (),
            now=self.moment, **({"count": llm.count} if llm else {}),
        )  # fmt: skip

    def _harmful(self, hit: Recalled) -> bool:
        return self.concern is not None and not tact.withhold([hit], self.concern)

    def pieces(self, context: Context) -> Iterator[tuple[Context, str]]:
        """Yield the model's reply, each piece with the prompt that it answers."""
        llm = self.friend.llm
        if llm is None:
            return
        while True:
            try:
                for piece in replying(llm, context.messages, self.friend.manner.style):
                    yield context, piece
                return
            except PromptTooLong:
                # The counter guessed too low. The question is never cut.
                smaller = self.context(context.tokens // 2)
                if smaller.tokens >= context.tokens:
                    raise
                context = smaller


class Exchange:
    """One exchange under way: iterate to hear the reply, once; `stop` to hear no more.

    Afterwards `reply` is what was said, `whole` whether all of it was, `error` what went wrong.
    `note` is to be shown before anything else: where to find help. Whatever happens, the
    person's words are in memory, and so is what was said in return.
    """

    def __init__(self, asking: _Asking, turn_id: str, context: Context) -> None:
        """Take what `Friend` has prepared."""
        self.message, self.lang, self.concern = asking.message, asking.lang, asking.concern
        self.turn_id, self.context = turn_id, context
        self.reply = ""
        self.whole = False
        self.error: ModelError | None = None
        friend = asking.friend
        self.note = (
            note(asking.concern, asking.lang, friend.help_lines, regions=friend.manner.regions)
            if asking.concern
            else ""
        )
        self._asking = asking
        self._stream = self._speak()

    def __iter__(self) -> Iterator[str]:
        return self._stream

    def stop(self) -> None:
        """Stop the reply; what was said of it is kept and marked as broken off."""
        self._stream.close()

    def _speak(self) -> Generator[str, None, None]:
        if self._asking.friend.llm is None:
            yield self._alone()
            return
        said: list[str] = []
        try:
            for context, piece in self._asking.pieces(self.context):
                self.context = context
                said.append(piece)
                yield piece
            self.whole = True
        except ModelError as error:
            self.error = error
        finally:
            told = clean("".join(said))
            self.reply = "" if says_nothing(told) else told
            self._keep()

    def _keep(self) -> None:
        """Store the reply with what it recalled; half a reply is marked as such."""
        asking, system = self._asking, self.context.messages[0]["content"]
        if self.reply and (echoes(self.reply, system, self.lang) or "<memory>" in self.reply):
            self.whole = False
            self.error = self.error or BadReply(
                "the model repeated its instructions instead of replying: try again, or another "
                "model. The reply was not kept",
                "模型只是重复了给它的指令，没有回答：请重试，或换一个模型。这个回复没有保存",
            )
            return
        if self.reply:
            kept = self.reply if self.whole else self.reply + word("half", self.lang)
            bank, moment, hint = asking.friend.bank, asking.moment, asking.hint
            try:
                bank.answer(self.turn_id, kept, used=self.context, now=moment)
            except UnknownMemory:
                return  # taken back while the reply was still coming
            if hint and self.whole and hint in self.context.recalled:
                reminding.given(bank, moment)

    def _alone(self) -> str:
        """Return what memory says by itself. A quotation is nothing new, so it is not kept."""
        self.whole = True
        if self.concern:
            self.reply = word("listening", self.lang)
            return self.reply
        bank, moment = self._asking.friend.bank, self._asking.moment
        hits = alone.chosen(self.context.recalled)
        turns = {hit.id: bank.explain(hit.id, now=moment).turn for hit in hits}
        known = {key: turn for key, turn in turns.items() if turn}
        self.reply = alone.reply(self.message, hits, known, self.lang)
        bank.strengthen(self.turn_id, [hit.id for hit in hits], now=moment)
        return self.reply


def instruction(moment: datetime, lang: Lang, *, distress: bool = False) -> str:
    """Return the system prompt: who the companion is, how to use notes, and what time it is.

    Nothing that anybody said stands in it.
    """
    weekdays = {
        "en": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
        "zh": [f"星期{day}" for day in "一二三四五六日"],
    }
    day = weekdays[lang][moment.weekday()]
    when = f"{moment:%Y-%m-%d %H:%M}"
    clock = f"现在是 {when}，{day}。" if lang == "zh" else f"It is {day}, {when}."
    parts = [prompt("persona", lang), memory_prompt("context", lang)]
    if distress:
        parts.append(prompt("distress", lang))
    return "\n\n".join([*parts, clock])
