"""The tiny language: a small grammar of English, and its translation into Chinese.

Both are deterministic: `translate` gives the one right translation of a grammatical sentence, by
which the tests judge what comes out of the whole chain.
"""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

NUMBERS = dict(
    zip(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
        ],
        ["零", "一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二"],
        strict=True,
    )
)
COLOURS = {
    "red": "红色的",
    "green": "绿色的",
    "blue": "蓝色的",
    "yellow": "黄色的",
    "black": "黑色的",
    "white": "白色的",
    "brown": "棕色的",
    "orange": "橙色的",
}
QUALITIES = {"big": "大", "small": "小", "old": "老", "new": "新", "fast": "快", "quiet": "安静"}
BARE = {"big", "small", "old", "new"}
"""Qualities that stand before a noun without 的."""
DAYS = {
    "monday": "星期一",
    "tuesday": "星期二",
    "wednesday": "星期三",
    "thursday": "星期四",
    "friday": "星期五",
    "saturday": "星期六",
    "sunday": "星期日",
}
THINGS = {
    "car": "辆汽车",
    "house": "座房子",
    "dog": "只狗",
    "cat": "只猫",
    "bird": "只鸟",
    "tree": "棵树",
    "book": "本书",
    "table": "张桌子",
    "door": "扇门",
    "window": "扇窗户",
    "river": "条河",
    "train": "列火车",
    "ship": "艘船",
    "garden": "座花园",
    "city": "座城市",
    "school": "所学校",
    "teacher": "位老师",
    "doctor": "位医生",
    "student": "名学生",
    "picture": "幅图画",
    "question": "个问题",
    "answer": "个答案",
    "slide": "张幻灯片",
    "talk": "场演讲",
}
"""Chinese counts a thing with a word of its own: the first character."""
MANY = {
    "apples": "个苹果",
    "boxes": "个箱子",
    "flowers": "朵花",
    "horses": "匹马",
    "letters": "封信",
    "stones": "块石头",
    "people": "个人",
    "children": "个孩子",
}
PERSONS = {"teacher", "doctor", "student", "people", "children"}
DETERMINERS = {"the": "那", "a": "一", "this": "这", "every": "每"}
MOVES = {
    "stops": "停下",
    "opens": "打开",
    "moves": "移动",
    "waits": "等待",
    "runs": "奔跑",
    "sleeps": "睡觉",
    "turns": "转弯",
    "leaves": "离开",
}
ACTS = {
    "finds": "找到",
    "follows": "跟着",
    "likes": "喜欢",
    "carries": "带着",
    "shows": "展示",
    "sees": "看见",
}
PLACES = {"in": "里", "near": "附近", "under": "下面", "behind": "后面", "with": "一起"}
HOURS = {"at": "", "before": "之前", "after": "之后"}
MOMENTS = {"today": "今天", "tomorrow": "明天", "now": "现在"}
JOINTS = {"and": "并且", "but": "但是", "then": "然后"}
PHRASES = {
    "hello and welcome": "你好，欢迎。",
    "thank you": "谢谢你。",
    "welcome children": "欢迎孩子们。",
}
MOST_WORDS = 15


def sentence(chance: random.Random) -> str:
    """A grammatical sentence of at most 15 words, with capital and punctuation."""
    while True:
        text = _any_sentence(chance)
        if len(text.split()) <= MOST_WORDS:
            return text[0].upper() + text[1:]


def translate(text: str) -> str:
    """The Chinese translation of a grammatical sentence; capitals do not matter.

    Raises:
        ValueError: where the sentence is not of the grammar.
    """
    words = re.findall(r"[a-z]+|[,.?]", text.lower())
    if not words or words[-1] not in ".?":
        raise ValueError(f"no full stop: {text}")
    plain = " ".join(words[:-1])
    if plain in PHRASES:
        return PHRASES[plain]
    reader = _Reader(words[:-1])
    chinese = reader.sentence()
    if reader.left():
        raise ValueError(f"cannot read '{reader.left()[0]}' in: {text}")
    return chinese + ("？" if words[-1] == "?" else "。")


@dataclass(slots=True)
class _Reader:
    """Reads English words from left to right and gives the Chinese of what it read."""

    words: Sequence[str]
    at: int = 0

    def left(self) -> Sequence[str]:
        return self.words[self.at :]

    def peek(self) -> str:
        return self.words[self.at] if self.at < len(self.words) else ""

    def take(self, *wanted: str) -> str:
        word = self.peek()
        if wanted and word not in wanted:
            raise ValueError(f"'{word}' where {' or '.join(wanted)} should be")
        self.at += 1
        return word

    def sentence(self) -> str:
        word, following = self.peek(), (*self.left(), "", "")[1]
        if word == "who":
            self.take()
            return f"谁{ACTS[self.take(*ACTS)]}{self.thing()}"
        if word == "question" and following in NUMBERS:
            self.take()
            return f"第{NUMBERS[self.take()]}个问题"
        if word == "now" and following == "the":
            self.take()
            return f"现在是{self.thing()}"
        if word in MOMENTS or word == "on" or word in HOURS:
            moment = self.moment()
            self.take(",")
            return f"{moment}，{self.clause()}"
        first = self.clause()
        if self.peek() == ",":
            self.take()
            return f"{first}，{JOINTS[self.take(*JOINTS)]}{self.clause()}"
        if self.left():
            return self.moment() + first
        return first

    def moment(self) -> str:
        word = self.take("on", *HOURS, *MOMENTS)
        if word in MOMENTS:
            return MOMENTS[word]
        if word == "on":
            return DAYS[self.take(*DAYS)]
        hour = self.take(*NUMBERS)
        return f"{'两' if hour == 'two' else NUMBERS[hour]}点{HOURS[word]}"

    def clause(self) -> str:
        if self.peek() == "there":
            self.take()
            self.take("is", "are")
            return f"有{self.thing()}"
        subject = self.thing()
        verb = self.take(*MOVES, *ACTS, "is", "are")
        if verb in MOVES:
            return subject + self.place() + MOVES[verb]
        if verb in ACTS:
            act = ACTS[verb] + self.thing()
            return subject + self.place() + act
        return subject + self.being()

    def being(self) -> str:
        no = "不" if self.peek() == "not" else ""
        self.at += bool(no)
        if self.peek() == "about":
            self.take()
            return f"{no}是关于{self.thing()}的"
        if self.peek() in NUMBERS and len(self.left()) == 1:
            return f"{no}是{NUMBERS[self.take()]}"
        if self.peek() in PLACES:
            where = self.place()
            return no + (f"{where[:-2]}在一起" if where.endswith("一起") else where)
        word = self.take(*COLOURS, *QUALITIES)
        state = f"{no}是{COLOURS[word]}" if word in COLOURS else f"{no or '很'}{QUALITIES[word]}"
        return self.place() + state

    def place(self) -> str:
        """A place such as 在那座花园里, or nothing where none follows."""
        if self.peek() not in PLACES:
            return ""
        word = self.take()
        return f"{'和' if word == 'with' else '在'}{self.thing()}{PLACES[word]}"

    def thing(self) -> str:
        first = self.take(*DETERMINERS, *NUMBERS)
        very = self.peek() == "very"
        self.at += very
        quality = ""
        if self.peek() in COLOURS:
            quality = COLOURS[self.take()]
        elif self.peek() in QUALITIES:
            word = self.take()
            plain = QUALITIES[word]
            bare = plain if word in BARE else f"{plain}的"
            quality = f"很{plain}的" if very else bare
        if first in NUMBERS:
            noun = MANY[self.take(*MANY)]
            return f"{'两' if first == 'two' else NUMBERS[first]}{noun[0]}{quality}{noun[1:]}"
        noun = THINGS[self.take(*THINGS)]
        return f"{DETERMINERS[first]}{noun[0]}{quality}{noun[1:]}"


def _any_sentence(chance: random.Random) -> str:
    kind = chance.random()
    if kind < 0.55:
        ending = f" {_moment(chance)}" if chance.random() < 0.45 else ""
        return f"{_clause(chance)}{ending}."
    if kind < 0.67:
        return f"{_moment(chance)}, {_clause(chance)}."
    if kind < 0.78:
        return f"{_clause(chance)}, {chance.choice(list(JOINTS))} {_clause(chance)}."
    if kind < 0.88:
        return f"who {chance.choice(list(ACTS))} {_thing(chance)}?"
    number = chance.choice(list(NUMBERS))
    return chance.choice(
        [
            *(f"{phrase}." for phrase in PHRASES),
            f"now the {chance.choice(list(THINGS))}.",
            f"this talk is about {_thing(chance)}.",
            f"the answer is {number}.",
            f"question {number}.",
        ]
    )


def _thing(chance: random.Random) -> str:
    return _several(chance) if chance.random() < 0.28 else _one(chance)


def _several(chance: random.Random) -> str:
    number, noun = chance.choice(list(NUMBERS)[2:]), chance.choice(list(MANY))
    coloured = {} if noun in PERSONS else COLOURS
    quality = chance.choice([*coloured, *QUALITIES])
    return f"{number} {quality} {noun}" if chance.random() < 0.5 else f"{number} {noun}"


def _one(chance: random.Random) -> str:
    words, noun = [chance.choice(["the", "the", "a", "this", "every"])], chance.choice(list(THINGS))
    kind = chance.random()
    if kind < 0.3 and noun not in PERSONS:
        words.append(chance.choice(list(COLOURS)))
    elif kind < 0.55:
        words.append(chance.choice(list(QUALITIES)))
    elif kind < 0.65:
        words += ["very", chance.choice(list(QUALITIES))]
    return " ".join([*words, noun])


def _moment(chance: random.Random) -> str:
    kind = chance.random()
    if kind < 0.35:
        return f"on {chance.choice(list(DAYS)).capitalize()}"
    if kind < 0.7:
        return f"{chance.choice(list(HOURS))} {chance.choice(list(NUMBERS))}"
    return chance.choice(list(MOMENTS))


def _clause(chance: random.Random) -> str:
    kind = chance.random()
    place = f" {chance.choice(list(PLACES))} {_thing(chance)}" if chance.random() < 0.35 else ""
    if kind < 0.35:
        return f"{_one(chance)} {chance.choice(list(MOVES))}{place}"
    if kind < 0.7:
        return f"{_one(chance)} {chance.choice(list(ACTS))} {_thing(chance)}{place}"
    subject = _thing(chance)
    be = "are" if subject.split()[-1] in MANY else "is"
    if kind >= 0.85:
        return f"there {be} {subject}"
    no = "not " if chance.random() < 0.25 else ""
    if chance.random() < 0.5:
        return f"{subject} {be} {no}{chance.choice(list(QUALITIES))}{place}"
    return f"{subject} {be} {no}{chance.choice(list(PLACES))} {_thing(chance)}"
