"""What makes a bad question, or a bank that can be guessed, though everything has its form. Pure.

Nothing here refuses a bank but a key that stands in the stem. What only may be wrong stays silent: an organiser who has
been warned for nothing three times reads no fourth warning.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date

from quizapp.banks.checking.editions import edition_doubts
from quizapp.banks.content import LETTERS, TYPES, BankContent, Question, letters, mask_of
from quizapp.banks.findings import ERROR, WARNING, Fault, Remark
from quizapp.banks.pictures import without_pictures
from quizapp.banks.spellings import bare, fold_width, squeezed

# Where an option speaks of its neighbours, it stops making sense as soon as the order changes. Options are compared as
# they stand after `squeezed`, English ones with their blanks.
_THINGS = r"(?:[各几两二三四五2-5][个项种者点条类]?|选项|答案|说法|描述|叙述|表述|观点|内容|情况|所有|的)*"
_ALL = r"(?:都|均|皆|全部?)"
_VERDICT = r"(?:不?(?:是|对|正确|准确|符合|属于|成立|可以?|行|合适|恰当)|错误?)"
_REFERS = re.compile(
    rf"(?:以上|上述|上面|前面){_THINGS}(?:{_ALL}.{{0,8}}|{_VERDICT})|(?:以上|上述)(?:选项|各项|答案|三项)?|"
    rf"(?:其他|其它|其余)[各几两二三]?(?:选项|项){_ALL}.{{0,8}}|全选|"
    r"(?:all|none|both|neither|any|either) of (?:the )?(?:above|others?|these|options)(?: \w+){0,3}|"
    r"(?:both|neither|either) [A-H] (?:and|n?or) [A-H]",
    re.I,
)
# These may also speak of things that the stem lists: ①②③, or two methods that it names.
_MAY_REFER = re.compile(
    rf"前[两二三四2-4](?:项|个|种|条|者|个选项)(?:{_ALL}?{_VERDICT}|{_ALL})?|(?:全部|全都?|都|均|皆)(?:不?(?:对|正确)|错误?)"
)
_STEM_LISTS = re.compile(r"[①-⑳⑴-⒇ⅠⅡⅢⅣⅤ]|[(（][1-9一二三四五六][)）]|[1-9][.、]")
_SPEAKS_OF_STEM = re.compile(r"只有|仅|前者|后者|[①-⑳]")
_REFERS_BY_LETTER = re.compile(
    rf"(?:选项)?([A-H](?:(?:[、,，;；和与及跟或&+/]|and|or)?[A-H])+)(?:[两二三四][项者])?(?:选项)?({_ALL}?{_VERDICT}|{_ALL})?"
)

_BRACKET = re.compile(r"[(（【\[]\s*([^()（）【】\[\]]{1,12}?)\s*[)）】\]]")
_ANSWER = re.compile(
    r"(?:答案|\banswer|\bans)\s*(?:[:：]|是|为)\s*([A-H](?:[\s、,，;；]*[A-H])*(?![A-Za-z])|[√×对错]|正确|错误)", re.I
)
_END = re.compile(r"[\s。．.？?！!：:；;，,]*$")
# What stands before the place of an answer; after a noun, a letter rather is its symbol: 检查（C）, 公差（T）.
_OPENS = re.compile(
    r"(?:^|[\s。．.？?！!：:；;，,、“”\"_是为指从在由用叫称有即属及以按被把将对给到向的于括含出么谁哪])$"
)
_NAMES = re.compile(r"类|级|型|组|款|等|厂|方案|产品|设备|公司|车间|点|线|区|图")
_TRUTHS = {1: ("√", "对", "正确", "T"), 2: ("×", "错", "错误", "F")}
_SEPARATORS = re.compile(r"[\s,;、/]+")

LONGEST_REFERENCE = 40  # "None of the above statements is correct"
LEAST_KEYS = 12  # fewer tell nothing
LEAST_LENGTHS, LONGEST_SHARE = 20, 0.4
LEAST_MULTIPLES, ALL_RIGHT_SHARE = 10, 0.5
_NOTICEABLE = 0.05  # of the questions; what is only statistically sure helps nobody to guess


def remarks(question: Question, *, shuffle: bool = True, today: date | None = None) -> Iterator[Remark]:
    """What is doubtful about one question. `today` decides what is out of date; None leaves that alone."""
    if question.right:
        yield from _giveaways(question)
    if question.type != "judge":
        if shuffle:
            yield from _references(question)
        yield from _twins(question)
        yield from _long_key(question)
    if not question.explanation:
        yield WARNING, "explanation_missing", "explanation", {}
    if not question.reference:
        yield WARNING, "reference_missing", "reference", {}
    if today and question.valid_to and question.valid_to < today and question.pool == "formal":
        yield WARNING, "question_expired", "valid_to", {"date": str(question.valid_to)}
    yield from edition_doubts(question)


def _giveaways(question: Question) -> Iterator[Remark]:
    shown = [*key_in_stem(question)]
    yield from shown
    if question.type == "judge" or shown:
        return
    stem = squeezed(without_pictures(question.stem)).lower()
    inside = [place for place, option in enumerate(question.options) if _stands_in(stem, option)]
    if inside and all(question.right >> place & 1 for place in inside):
        yield WARNING, "stem_holds_option", "stem", {"value": question.options[inside[0]]}


def _stands_in(stem: str, option: str) -> bool:
    words = squeezed(option).lower()
    if len(words) < 2 or words not in stem:
        return False
    # A number or a Latin word is there only as a whole: 16 does not stand in 2016.
    before = r"(?<![a-z0-9.])" if words[0].isascii() and words[0].isalnum() else ""
    after = r"(?![a-z0-9]|\.\d)" if words[-1].isascii() and words[-1].isalnum() else ""
    return re.search(before + re.escape(words) + after, stem) is not None


def key_in_stem(question: Question) -> Iterator[Remark]:
    """The answer as it is left over in the stem of a Word file, in brackets or after 答案：; the first that looks like one."""
    stem = question.stem
    if not question.right:
        return
    if found := _ANSWER.search(stem):
        told = _told(question, found.group(1), certain=True, differs=True)
        if told:
            yield told
            return
    for found in _BRACKET.finditer(stem):
        word = found.group(1)
        at_end = _END.fullmatch(stem, found.end()) is not None
        opens = _OPENS.search(stem, 0, found.start()) is not None
        if question.type == "judge":
            # T and F abbreviate too, as in 公差（T）: so these must stand apart.
            is_answer = (at_end or found.start() == 0) and (opens or squeezed(word).upper() not in ("T", "F"))
            told = _told(question, word, certain=True, differs=True) if is_answer else None
        elif _NAMES.match(stem, found.end()):
            told = None
        else:
            told = _told(question, word, certain=opens, differs=opens and at_end)
        if told:
            yield told
            return


def _told(question: Question, word: str, *, certain: bool, differs: bool) -> Remark | None:
    """`certain`: it can only be the answer. `differs`: if it is another than the key, that is worth a word."""
    shown = _SEPARATORS.sub("", fold_width(word)).upper()
    if question.type == "judge":
        mask = next((mask for mask, spellings in _TRUTHS.items() if shown in spellings), 0)
    else:
        offered = LETTERS[: len(question.options)]
        is_key = len(set(shown)) == len(shown) and all(letter in offered for letter in shown)
        mask = mask_of(shown) if is_key else 0
    if mask and mask == question.right:
        if certain or len(shown) > 1:
            return ERROR, "stem_shows_key", "stem", {"value": word}
        return WARNING, "stem_may_show_key", "stem", {"value": word}
    return (WARNING, "stem_key_differs", "stem", {"value": word}) if mask and differs else None


def _references(question: Question) -> Iterator[Remark]:
    for place, option in enumerate(question.options[: len(LETTERS)]):
        if len(option) > LONGEST_REFERENCE:
            continue
        text = fold_width(option).strip().rstrip("。.！!；;")
        words = squeezed(text)
        refers = bool(_REFERS.fullmatch(words) or _REFERS.fullmatch(" ".join(text.split())))
        if not refers and _MAY_REFER.fullmatch(words):
            refers = not _STEM_LISTS.search(question.stem) and not any(map(_SPEAKS_OF_STEM.search, question.options))
        if refers or _names_options(words, place, question):
            yield WARNING, "option_refers", LETTERS[place], {"letter": LETTERS[place]}


def _names_options(words: str, place: int, question: Question) -> bool:
    """Whether letters in an option are other options, and not what the question speaks of: AC, ABC 分析法, 甲方 A 和 B."""
    found = _REFERS_BY_LETTER.fullmatch(words)
    if not found:
        return False
    named = [letter for letter in found.group(1) if letter in LETTERS]
    others = [letter for number, letter in enumerate(LETTERS[: len(question.options)]) if number != place]
    if named != [letter for letter in others if letter in named]:
        return False
    if re.search(rf"(?<![A-Za-z])[{''.join(named)}](?![A-Za-z])", question.stem):
        return False
    return bool(found.group(2)) or len(named) < len(found.group(1))


def _twins(question: Question) -> Iterator[Remark]:
    """Options that differ in nothing but punctuation or case; wholly equal ones are a matter of form."""
    seen: dict[str, int] = {}
    for place, option in enumerate(question.options[: len(LETTERS)]):
        words = bare(option)
        if words in seen and squeezed(option) != squeezed(question.options[seen[words]]):
            facts = {"first": LETTERS[seen[words]], "second": LETTERS[place]}
            yield WARNING, "options_alike", LETTERS[place], facts
        if words:
            seen.setdefault(words, place)


def _width(option: str) -> int:
    """How long an option looks, in halves of a Chinese character: which is what GBK takes bytes for."""
    return len(squeezed(without_pictures(option)).encode("gbk", "replace"))


def _long_key(question: Question) -> Iterator[Remark]:
    """A right option more than twice as long as any wrong one; names and figures have the length that they have."""
    if question.type != "single" or question.right.bit_count() != 1 or question.right >> len(question.options):
        return
    widths = [_width(option) for option in question.options]
    place = question.right.bit_length() - 1
    longest = max((width for other, width in enumerate(widths) if other != place), default=0)
    if longest and widths[place] > 2 * longest and widths[place] - longest >= 16:
        facts = {"letter": LETTERS[place], "length": (widths[place] + 1) // 2, "other": (longest + 1) // 2}
        yield WARNING, "key_much_longer", LETTERS[place], facts


# --- the bank as a whole


def bank_doubts(content: BankContent) -> Iterator[Fault]:
    """What gives answers away only in the mass."""
    for kind in TYPES:
        rows = [each for each in content.questions if each.type == kind and _has_sound_key(each)]
        yield from _judgements(rows) if kind == "judge" else _letters(kind, rows)
    singles = [each for each in content.questions if each.type == "single" and _has_sound_key(each)]
    yield from _longest(singles)
    yield from _all_right([each for each in content.questions if each.type == "multiple" and _has_sound_key(each)])


def _has_sound_key(question: Question) -> bool:
    return 2 <= len(question.options) <= len(LETTERS) and 0 < question.right < 1 << len(question.options)


def _judgements(rows: Sequence[Question]) -> Iterator[Fault]:
    true, count = sum(row.right == 1 for row in rows), len(rows)
    if count >= LEAST_KEYS and _is_skewed(true, count / 2, math.sqrt(count) / 2, count, 2.576):
        facts = {"right": true, "offered": count, "more": "true" if 2 * true > count else "false"}
        yield Fault(WARNING, "judgements_skewed", facts=facts)


def _letters(kind: str, rows: Sequence[Question]) -> Iterator[Fault]:
    """Letters that are right too often or too seldom for chance; or else, that they are uneven altogether."""
    offered = Counter(place for row in rows for place in range(len(row.options)))
    right = Counter(place for row in rows for place in range(len(LETTERS)) if row.right >> place & 1)
    found = False
    for place, count in sorted(offered.items()):
        if count < LEAST_KEYS:
            continue
        # What chance would give: in each question that offers the letter, right options among all options.
        shares = [row.right.bit_count() / len(row.options) for row in rows if len(row.options) > place]
        expected = sum(shares)
        deviation = math.sqrt(sum(share * (1 - share) for share in shares))
        if _is_skewed(right[place], expected, deviation, count, 3):
            facts = {"type": kind, "letter": LETTERS[place], "right": right[place], "offered": count}
            yield Fault(WARNING, "keys_skewed", facts={**facts, "expected": round(expected)})
            found = True
    if not found:
        yield from _uneven(kind, rows)


def _is_skewed(count: int, expected: float, deviation: float, offered: int, limit: float) -> bool:
    off = abs(count - expected)
    return deviation > 0 and off > limit * deviation and off >= _NOTICEABLE * offered


def _uneven(kind: str, rows: Sequence[Question]) -> Iterator[Fault]:
    """A chi-square test over all positions, with 1 % for a false alarm; questions of as many options are one sample.

    With `m` of `k` options right in a question, a position's variance is m/k·(1 − m/k), and positions hang together as
    they do in a hypergeometric draw; for m = 1 this is Pearson's test.
    """
    for size in sorted({len(row.options) for row in rows}):
        sample = [row for row in rows if len(row.options) == size and row.right.bit_count() < size]
        expected = sum(row.right.bit_count() for row in sample) / size
        spread = sum((many := row.right.bit_count()) * (size - many) for row in sample) / size**2
        if expected < 5:  # the usual limit below which the test does not hold
            continue
        counts = [sum(row.right >> place & 1 for row in sample) for place in range(size)]
        statistic = (size - 1) / size * sum((count - expected) ** 2 for count in counts) / spread
        off = max(abs(count - expected) for count in counts)
        if chi_square_tail(statistic, size - 1) < 0.01 and off >= _NOTICEABLE * len(sample):
            shown = ", ".join(f"{letter} {count}" for letter, count in zip(LETTERS, counts, strict=False))
            facts = {"type": kind, "offered": len(sample), "counts": shown, "expected": round(expected)}
            yield Fault(WARNING, "keys_uneven", facts=facts)


def chi_square_tail(statistic: float, freedom: int) -> float:
    """The probability that chi-square with so many degrees of freedom exceeds the statistic (Abramowitz & Stegun 26.4.4–5)."""
    half = statistic / 2
    if freedom % 2:
        tail, term, step = math.erfc(math.sqrt(half)), 2 * math.sqrt(half / math.pi) * math.exp(-half), 1.5
    else:
        tail, term, step = math.exp(-half), half * math.exp(-half), 2.0
    for _ in range((freedom - 1) // 2):
        tail += term
        term *= half / step
        step += 1
    return tail


def _longest(rows: Sequence[Question]) -> Iterator[Fault]:
    """The right option is the only longest one too often; where all options are figures their length says nothing."""
    told = [row for row in rows if any(char.isalpha() for option in row.options for char in option)]
    count = sum(_only_longest(row) == row.right for row in told)
    if len(told) >= LEAST_LENGTHS and count > LONGEST_SHARE * len(told):
        facts = {"count": count, "offered": len(told), "percent": round(100 * count / len(told))}
        yield Fault(WARNING, "keys_longest", facts=facts)


def _only_longest(question: Question) -> int:
    """The mask of the longest option, 0 where two are as long."""
    widths = [_width(option) for option in question.options]
    longest = max(widths)
    return 1 << widths.index(longest) if widths.count(longest) == 1 else 0


def _all_right(rows: Sequence[Question]) -> Iterator[Fault]:
    count = sum(letters(row.right) == LETTERS[: len(row.options)] for row in rows)
    if len(rows) >= LEAST_MULTIPLES and count > ALL_RIGHT_SHARE * len(rows):
        facts = {"count": count, "offered": len(rows), "percent": round(100 * count / len(rows))}
        yield Fault(WARNING, "multiples_all_right", facts=facts)
