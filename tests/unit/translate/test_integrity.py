"""What a translation can be: right ones pass, wrong ones are told by their fault."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.chat_server import chinese, lines
from vat.subtitles.chinese import variant_counts
from vat.translate.glossary import Term
from vat.translate.integrity import begins, faults, repeated
from vat.translate.model_answers import BESIDE, MISSING, MOVED, clean, read_answer
from vat.translate.written_language import foreign_share, scripts_of, words


def reasons(source: str, answer: str, pair: str = "en zh", *terms: Term) -> str:
    """The faults as one text, certain ones with an exclamation mark."""
    first, second = pair.split()
    found = faults([source], [answer], (first, second), terms)
    return "; ".join(fault.reason + ("!" if fault.certain else "") for fault in found)


@pytest.mark.parametrize(
    ("source", "answer", "pair"),
    [
        ("Where is the red car?", "那辆红色的汽车在哪里？", "en zh"),
        ("I use Visual Studio Code on my iPhone.", "我在iPhone上用Visual Studio Code。", "en zh"),
        ("This is called gradient descent.", "这叫做梯度下降（gradient descent）。", "en zh"),
        ("OK.", "好的。", "en zh"),
        ("Yes, in 1999 it was 20 degrees.", "是的，1999年是20度。", "en zh"),
        ("We have three thousand, that is 3,000.", "我们有3000个。", "en zh"),
        ("It takes 20 minutes.", "需要二十分钟。", "en zh"),
        ("♪♪", "♪♪", "en zh"),
        ("1, 2, 3.", "1, 2, 3.", "en de"),
        ("Das ist das Haus meiner Tante.", "That is my aunt's house.", "de en"),
        ("画蛇添足。", "That only ruins the effect by adding something superfluous.", "zh en"),
        ("这是我的家。", "これは私の家です。", "zh ja"),
        ("Ich wohne in Köln.", "Мой дом в Кёльне.", "de ru"),
        ("Where are you?", "Где ты?", "en sr"),
        ("Où es-tu ?", "Gde si ti?", "fr sr"),
        ("Isto é bom para todos nós.", "Isto é bom para todos nós.", "pt pt-br"),
        ("这辆车是红色的", "這輛車是紅色的", "zh-hans zh-hant"),
        ("Det er en fin dag i dag.", "Det er en fin dag i dag.", "no da"),
        ("No, no, no!", "No, no, no!", "en es"),
        ("Ha ha ha ha ha ha ha ha ha ha ha!", "Ha ha ha ha ha ha ha ha ha ha ha!", "en pl"),
        ("Sushi, ramen, tempura.", "Sushi, ramen, tempura.", "en de"),
        ("No — don't —", "不——要——", "en zh-hans"),
        ("Wait — what · then?", "等一下——什么·然后～", "en zh-hans"),
        ("And then backpropagation.", "然后 backpropagation。", "en zh"),
        ("git push.", "git push。", "en zh"),
        ("So run pip install numpy.", "运行 pip install numpy。", "en zh"),
        ("It uses stochastic gradient descent and backpropagation.",
         "它使用 stochastic gradient descent 和 backpropagation。", "en zh"),
    ],
)  # fmt: skip
def test_right_translations_have_no_certain_fault(source: str, answer: str, pair: str) -> None:
    assert "!" not in reasons(source, answer, pair)


@pytest.mark.parametrize(
    ("source", "answer", "pair", "fault"),
    [
        ("Where is the car?", "  ", "en zh", "it is empty!"),
        ("Where is the car?", "...", "en zh", "it says nothing!"),
        ("Where is the red car now?", "Where is the red car now?", "en zh", "same as the source"),
        ("Where is the small red car?", "where is the small red car", "en de",
         "it is the same as the source!"),
        ("Where is the small red car?", "请 where is the small red car", "en zh",
         "not written in Chinese!"),
        ("Where is the red car?", "その赤い車はどこですか。", "en zh", "not written in Chinese!"),
        ("Где мой дом?", "Где мой дом?", "ru en", "not written in English!"),
        ("これは私の家です。", "これは私の家です。", "ja en", "not written in English!"),
        ("这辆车是红色的", "这辆车是红色的", "zh-hans zh-hant", "it is not written in Chinese (Tr"),
        ("Where is the red car that stood here yesterday?",
         "Où est la voiture rouge qui était ici hier soir avec les autres ?", "en de",
         "it is not in German (it looks like fr)!"),
        ("Where is the red car?", "Où est donc la voiture rouge ?", "en de", "it is not in German"),
        ("We met in 1999 near the house.", "我们在2005年见面。", "en zh", "its numbers"),
        ("We met near house 1999.", "我们在房子附近见面。", "en zh", "its numbers"),
        ("Yes.", "是的" * 30, "en zh", "it is far longer"),
        ("This is a rather long sentence about many things.", "是", "en zh", "it is far shorter"),
    ],
)  # fmt: skip
def test_wrong_translations_are_told_by_their_fault(
    source: str, answer: str, pair: str, fault: str
) -> None:
    assert fault in reasons(source, answer, pair)


@pytest.mark.parametrize(
    ("text", "pair"),
    [("Taxi!", "en de"), ("Ada Lovelace", "en de"), ("Oh, wow!", "en it"), ("No!", "en es")],
)
def test_what_many_languages_write_alike_may_stay(text: str, pair: str) -> None:
    assert reasons(text, text, pair) == ""


@pytest.mark.parametrize(
    ("text", "pair"),
    [("Help!", "en de"), ("New York, Tokyo, Berlin, Rome.", "en de"), ("NASA", "en zh")],
)
def test_names_may_stay_but_are_asked_about(text: str, pair: str) -> None:
    found = reasons(text, text, pair)
    assert "the same as the source" in found
    assert "!" not in found


def test_a_pinned_term_may_stay_without_a_question() -> None:
    pinned = Term("Veni, vidi, vici", "Veni, vidi, vici")
    assert "same as" in reasons("veni, vidi, vici", "veni, vidi, vici", "en de")
    assert reasons("Veni, vidi, vici", "Veni, vidi, vici", "en de", pinned) == ""


def test_words_of_the_glossary_are_in_no_wrong_script_or_language() -> None:
    terms = [Term(one, one) for one in ("stochastic gradient descent", "backpropagation")]
    assert "not written in" in reasons("Then backpropagation.", "然后 backpropagation。")
    assert reasons("Then backpropagation.", "然后 backpropagation。", "en zh", *terms) == ""
    source = "It uses stochastic gradient descent and backpropagation."
    answer = "它使用 stochastic gradient descent 和 backpropagation。"
    assert reasons(source, answer, "en zh", *terms) == ""


def test_more_digits_than_python_reads_are_a_fault_and_no_crash() -> None:
    assert "its numbers" in reasons("Go on to 7.", "一" + "9" * 5000)
    answer = '{"1": "a", "2": "b", "' + "1" * 5000 + '": "x"}'
    assert read_answer(answer, {1: "A.", 2: "B."}, echo=False)[0] == {}


def test_a_missing_term_is_certain() -> None:
    term = Term("river", "河流")
    assert reasons("The river is wide.", "这条河很宽。", "en zh", term) == (
        "the glossary wants '河流' for 'river'!"
    )
    assert reasons("The river is wide.", "这条河流很宽。", "en zh", term) == ""


def test_a_long_text_under_two_numbers_is_told_and_a_short_one_is_not() -> None:
    sources = {1: "The dog ran away.", 2: "We never saw it again.", 3: "Yes.", 4: "Yeah."}
    answers = {1: "那只狗跑掉了。", 2: "那只狗跑掉了", 3: "是。", 4: "是。"}
    assert repeated(sources, answers) == {1, 2}
    assert (
        repeated({1: "The dog ran away.", 2: "the dog ran away"}, {1: "x" * 9, 2: "x" * 9}) == set()
    )


ASKED = {1: "Alpha is first.", 2: "Beta is second.", 3: "Gamma is third.", 4: "Delta is last."}


def entry(at: int, text: str = "") -> str:
    return f'"{at}": {{"begins": "{ASKED[at].rsplit(" ", 1)[0]}", "translation": "{text or at}"}}'


@pytest.mark.parametrize(
    ("parts", "found"),
    [
        ([entry(1), entry(2), entry(3), entry(4)], "1234"),
        ([entry(1), entry(2), entry(3), entry(4), '"9": "x"', '"note": "y"'], "1234"),
        ([entry(1), entry(2), entry(3)], "12"),
        ([entry(1), entry(2), entry(3), entry(4, " \\u200b \\n")], "1234"),
        ([entry(1), entry(2), entry(2), entry(3), entry(4)], "4"),
        ([entry(1), entry(2), entry(3), '"4": ["c"]'], "12"),
        ([entry(1), entry(2), entry(3), '"4": {"begins": "Delta is", "translation": 4}'], "12"),
        ([entry(1), entry(2), entry(3), '"4": {"begins": "Gamma is", "translation": "4"}'], "123"),
        ([entry(1), entry(2), entry(3), '"4": {"begins": "Detla is", "translation": "4"}'], "1234"),
        ([entry(1), entry(2), entry(3), '"4": {"begins": "", "translation": "4"}'], "123"),
        ([entry(1), entry(2), entry(3), '"4": "4"'], "123"),
        (['"x": ' + "[" * 100_000], ""),
    ],
)  # fmt: skip
def test_what_is_taken_from_an_answer(parts: list[str], found: str) -> None:
    taken, refused = read_answer("{" + ", ".join(parts) + "}", ASKED, echo=True)
    assert "".join(map(str, taken)) == found
    assert set(taken) | set(refused) == set(ASKED)
    assert set(refused.values()) <= {MISSING, MOVED, BESIDE}


def test_without_proof_a_gap_or_an_invented_number_spoils_all() -> None:
    plain = '{"1": "a", "2": "b", "3": "c", "4": "d"}'
    assert list(read_answer(plain, ASKED, echo=False)[0].values()) == list("abcd")
    assert read_answer(plain.replace('"d"', '" "'), ASKED, echo=False)[0] == {}
    assert read_answer(plain.replace("}", ', "5": "e"}'), ASKED, echo=False)[0] == {}


def test_one_subtitle_needs_no_proof() -> None:
    assert read_answer('{"1": "a"}', {1: "Alpha."}, echo=True) == ({1: "a"}, {})
    assert read_answer('{"1": {"translation": "a"}}', {1: "Alpha."}, echo=True) == ({1: "a"}, {})


@pytest.mark.parametrize("answer", ["", "{", "null", "[1]", '"x"', "}{", '{"subtitles": 3}'])
def test_an_unusable_answer_gives_nothing(answer: str) -> None:
    assert read_answer(answer, {1: "a"}, echo=True) == ({}, {1: MISSING})


def test_characters_that_files_cannot_hold_are_cleaned_or_refused() -> None:
    assert clean("a\u0000\u001bb\r\nc") == "a b c"
    assert clean("Quoi\u00a0?") == "Quoi\u00a0?"
    assert clean("\ud83c") == ""
    assert clean(7) == ""


@pytest.mark.parametrize(
    ("echo", "source", "same"),
    [
        ("Where is the", "Where is the red car?", True),
        ("where IS the", "Where is the red car?", True),
        ("Where's the red", "Where is the red car?", True),
        ("Yes", "Yes.", True),
        ("我们今天", "我们今天去公园", True),
        ("There was a", "Where is the red car?", False),
        ("", "Where is the red car?", False),
        ("Wh", "Where is the red car?", False),
        ("anything", "♪", True),
    ],
)
def test_the_first_words_prove_whose_translation_it_is(echo: str, source: str, same: bool) -> None:
    assert begins(echo, source) == same


@given(st.lists(st.text(), max_size=4), st.text(), st.sampled_from(["zh", "de", "ja", "ar"]))
def test_any_text_can_be_judged(sources: list[str], answer: str, target: str) -> None:
    found = faults(sources, [answer] * len(sources), ("en", target))
    assert all(fault.reason for fault in found)


@given(st.text(), st.booleans())
def test_any_answer_can_be_read(answer: str, echo: bool) -> None:
    taken, refused = read_answer(answer, ASKED, echo=echo)
    assert set(taken) | set(refused) == set(ASKED)
    assert not set(taken) & set(refused)


def test_two_thousand_right_lines_raise_no_suspicion() -> None:
    texts = lines(2000)
    assert [text for text in texts if faults([text], [chinese(text)], ("en", "zh"))] == []


def test_scripts_and_words() -> None:
    assert scripts_of("ja") == {"CJK", "HIRAGANA", "KATAKANA"}
    assert scripts_of("la") == {"LATIN"}
    assert "CYRILLIC" in scripts_of("sr")
    assert words("我用iPhone 15 Pro，l'été.") == ("我用", "iPhone", "15", "Pro", "l'été")
    assert foreign_share("请 open the door", "zh", "Please open the door.") > 0.7
    assert foreign_share("请打开 Word", "zh", "Please open Word.") == 0
    assert foreign_share("♪ 12", "zh", "") == 0
    assert variant_counts("这辆车红") == (4, 0)
    assert variant_counts("這輛車紅") == (0, 4)
    assert variant_counts("囧着嘅咗喺裏") == (0, 1)
    assert variant_counts("——·～〜・×°Ⅱāб") == (0, 0)


@pytest.mark.parametrize(
    ("answer", "target", "certain"),
    [
        ("這個软體很好用，我們都喜歡它。", "zh-hant", [False]),
        ("这个软件很好用，我们都喜欢它。", "zh-hant", [True]),
        ("這個軟體很好用，我們都喜歡它。", "zh-hant", []),
        ("佢哋喺嗰度飲緊茶，着咗件衫。", "zh-hant", []),
        ("這個軟體很好用，我們都喜歡它。", "zh-hans", [True]),
        ("这个软件很好用，我们都喜欢它。", "zh-hans", []),
        ("陶喆说这个软件很好用。", "zh-hans", []),
    ],
)
def test_the_two_forms_of_chinese_are_told_apart(
    answer: str, target: str, certain: list[bool]
) -> None:
    found = faults(["This software is good, we all like it."], [answer], ("en", target))
    assert [fault.certain for fault in found] == certain
