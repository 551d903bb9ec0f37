"""HTML as plain text: what can be said in text is kept, what can't is complained of."""

import gc
import sys
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quizapp.banks.formats.xml.elements import read_xml
from quizapp.banks.formats.xml.html import PRE_WRAP, markup_of, text_of_element, text_of_html
from quizapp.banks.pictures import digests_in
from tests.unit.banks.whole_contents import PICTURES, TEXTS


def text(markup: str) -> str:
    """The text; a picture as [address|words]."""
    return text_of_html(markup, lambda address, words: f"[{address}|{words}]", refused.append)


refused: list[str] = []


@pytest.fixture(autouse=True)
def _nothing_refused() -> None:
    refused.clear()


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("plain", "plain"),
        ("<p>一</p><p>二</p>", "一\n二"),
        ("<p>一<br>二<br/>\n三</p>", "一\n二\n三"),
        ("  many \n\t blanks  ", "many blanks"),
        ("a&nbsp;b &lt;c&gt; &amp;amp; &#8804; &copy;", "a b <c> &amp; ≤ ©"),
        ("H<sub>2</sub>O, 10<sup>-3</sup>, n<sup>2</sup>", "H₂O, 10⁻³, n²"),
        ("x<sup>ab</sup> y<sub>max</sub> z<sup>k</sup>", "x^(ab) y_(max) z^k"),
        ("<ol><li>甲</li><li><p>乙</p></li></ol>", "1. 甲\n2. 乙"),
        ('<ol type="A" start="3"><li>甲<li>乙</ol>', "C. 甲\nD. 乙"),
        ('<ol type="i"><li>甲</li><li>乙</li><li>丙</li><li>丁</li></ol>', "i. 甲\nii. 乙\niii. 丙\niv. 丁"),
        ("<ul><li>甲</li><li>乙</li></ul>后", "• 甲\n• 乙\n后"),
        ("<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>", "a | b\n1 | 2"),
        ("<pre>  if x:\n    y</pre>", "if x:\n    y"),
        ('<span style="white-space: pre-wrap">a  b</span>  c', "a  b c"),
        ("<q>引</q><ruby>质<rp>(</rp><rt>zhì</rt><rp>)</rp></ruby>", "“引”质(zhì)"),
        ("<ruby>质<rp>(<rt>zhì<rp>)</ruby>量", "质(zhì)量"),
        ("<table><colgroup><col><tr><td>a</table>b", "a\nb"),
        ("<head><title>no</title><p>a</p>b", "a\nb"),
        ("<p class=MsoNormal><o:p>a</o:p><table><td nowrap>b", "a\nb"),
        ("a<!-- no --><?no?><script>alert('<p>no</p>')</script><style>p{}</style>b", "ab"),
        ("<SCRIPT src='x'></SCRIPT >b", "b"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("a <b", "a <b"),
        ("<p>a<p>b</div></span>c", "a\nbc"),
        ("<b><i>a</b></i> b", "a b"),
        ('<img src="a.png" alt="图 &quot;1&quot;">', '[a.png|图 "1"]'),
        ("<img src=a.png alt='x'/>b", "[a.png|x]b"),
        ('<object data="a.png" type="image/png">words</object>b', "[a.png|]b"),
        ('<a href="@@PLUGINFILE@@/a.png"><img src="@@PLUGINFILE@@/a.png"></a>', "[@@PLUGINFILE@@/a.png|]"),
        ('<a href="https://example.org">see</a>', "see"),
        ("", ""),
    ],
)
def test_markup_is_read_as_people_see_it(markup: str, expected: str) -> None:
    assert text(markup) == expected
    assert refused == []


@pytest.mark.parametrize(
    ("markup", "name", "rest"),
    [
        ("a<math><mi>x</mi></math>b", "math", "ab"),
        ("a<video src='x'>no</video>b", "video", "ab"),
        ("a<audio/>b", "audio", "ab"),
        ("a<svg><circle/></svg>b", "svg", "ab"),
        ("a<iframe src='x'></iframe>b", "iframe", "ab"),
        ("a<input type='text'>b", "input", "ab"),
        ("a<select><option>1</option></select>b", "select", "ab"),
        (
            "a<object data='a.swf' type='application/x-shockwave-flash'></object>b",
            "application/x-shockwave-flash",
            "ab",
        ),
        ('<a href="@@PLUGINFILE@@/a%20b.mp3">hear</a>', "a b.mp3", "hear"),
        ("<p>以下<del>不</del>正确</p>", "del", "以下正确"),
        ("以下<s>不</s>正确", "s", "以下正确"),
        ('以下<span style="text-decoration: line-through">不</span>正确', "span", "以下正确"),
        ('a<span style="display:none">答案 A</span>b', "span", "ab"),
        ("a<p hidden>答案 A</p>b", "p", "ab"),
        ("若 x<y 则 z>w", "<y 则 z>", "若 xw"),
        ("a<b and c>d", "<b and c>", "ad"),
        ("a<b 且 c>d", "<b 且 c>", "ad"),
        ("b<script>never closed", "script", "b"),
        ("b<!-- never closed", "<!--", "b"),
        ("b<title>never closed", "title", "b"),
        ("b<template>never <p>closed</p>", "template", "b"),
    ],
)
def test_what_is_neither_text_nor_picture_is_complained_of(markup: str, name: str, rest: str) -> None:
    assert (text(markup), refused) == (rest, [name])


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "<",
            "<a ",
            "<a></b>",
            "<!--",
            "<!",
            "<?",
            "<a 'x",
            '<a b="',
            "&#",
            "&",
            "<p>",
            "</p>",
            "<sub>",
            "<li>",
            "<ol>",
        ),
        *("<script>", "<td>", "<q>", " ", "<video>", "<img src=x>", "a=", "<a a a a "),
    ],
)
def test_no_markup_takes_longer_than_its_length_allows(piece: str) -> None:
    """Ten times as much takes ten times as many steps, not a hundred times."""
    assert lines_run(piece * (20_000 // len(piece))) < 12 * lines_run(piece * (2_000 // len(piece)))


def lines_run(markup: str) -> int:
    """How many lines of Python reading takes, each turn of a loop counted: a figure that no busy machine changes."""
    count = 0

    def see(_frame: FrameType, _event: str, _value: object) -> Any:
        nonlocal count
        count += 1
        return see

    text(markup)  # what is loaded or compiled by the first reading is no step of this one
    before = sys.gettrace()
    gc.disable()  # nor is what others left to be cleaned away
    sys.settrace(see)
    try:
        text(markup)
    finally:
        sys.settrace(before)
        gc.enable()
    return count


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.sampled_from("<>/&;'\"=! -abpx\n") | st.sampled_from(["<p>", "<img ", "</", "<!--", "script"]), max_size=40
    )
)
def test_no_markup_makes_the_reader_raise(pieces: list[str]) -> None:
    text("".join(pieces))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["<p>", "</p>", "<b>", "</i>", "<li>", "<ol>", "<td>", "<tr>", "</table>", "<sup>", "<q>", "<pre>"]
        )
        | st.sampled_from(
            ["<rt>", "<colgroup>", "<head>", "<x>", "</x>", "<b ", ">", "<", "</", "<!--", "<!", "<s>", "<a x"]
        )
        | st.sampled_from(["<script>", "<title>", "<noscript>", "<math>", "<object>", "&lt;", "&", " ", "\n", "/"]),
        max_size=12,
    )
)
def test_no_word_is_lost_without_a_complaint(pieces: list[str]) -> None:
    words = [f"词{number}。" for number in range(len(pieces))]
    found = text("".join(f"{word}{piece}" for word, piece in zip(words, pieces, strict=True)))
    assert refused or all(word in found for word in words)


def test_scripts_and_styles_in_xhtml_are_no_text() -> None:
    element = read_xml(b"<x>a<script>alert(1)</script><style>p {}</style><p>b</p></x>")
    assert text_of_element(element, lambda address, _words: address, refused.append, lambda _element: False) == "a\nb"


@settings(max_examples=50, deadline=None)
@given(TEXTS)
def test_our_texts_come_back_from_both_kinds_of_reader(written: str) -> None:
    address = {digest: f"a/{digest}.png" for digest in digests_in([written]) & set(PICTURES)}
    back = {place: digest for digest, place in address.items()}
    markup = markup_of(written, address, keep_blanks=f'class="{PRE_WRAP}"')

    def named(place: str, words: str) -> str:
        return f"![{words}](sha256:{back[place]})"

    assert text_of_html(markup, named, refused.append) == written
    element = read_xml(f"<x>{markup}</x>".encode())
    assert text_of_element(element, named, refused.append, lambda _element: False) == written
    assert refused == []
