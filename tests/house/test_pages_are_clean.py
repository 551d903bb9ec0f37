"""The content security policy allows no inline code, and nothing from outside."""

import re
from pathlib import Path

import pytest

from tests.house.sources import PACKAGE, files, name

TEMPLATES = files(PACKAGE, "*.html")
SCRIPTS = files(PACKAGE, "*.js")
STYLES = files(PACKAGE, "*.css")
HAN = r"[\u3400-\u9fff]"


def without_comments(text: str) -> str:
    return re.sub(r"\{#.*?#\}", "", text, flags=re.DOTALL)


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_no_inline_code_in_templates(path: Path) -> None:
    text = without_comments(path.read_text())
    assert not re.findall(r"<[^>{]*\sstyle\s*=", text), "a style attribute is blocked by the policy"
    assert not re.findall(r"<[a-z][^>]*\son[a-z]+\s*=", text), "a handler attribute is blocked by the policy"
    assert not re.findall(r"<style\b", text)
    assert not re.findall(r"javascript:", text)
    for tag in re.findall(r"<script\b[^>]*>", text):
        assert "src=" in tag or 'type="application/json"' in tag, f"an inline script: {tag}"


@pytest.mark.parametrize("path", TEMPLATES + STYLES + SCRIPTS, ids=name)
def test_nothing_comes_from_outside(path: Path) -> None:
    allowed = ("http://www.w3.org/",)
    for address in re.findall(r"https?://[^\s\"'<)]+", without_comments(path.read_text())):
        assert address.startswith(allowed), address


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_every_form_that_posts_carries_the_token(path: Path) -> None:
    text = without_comments(path.read_text())
    for form in re.findall(r"<form\b[^>]*method=\"post\".*?</form>", text, flags=re.DOTALL | re.IGNORECASE):
        assert re.search(r"hidden_tag\(\)|csrf_token", form), f"without a CSRF token: {form[:120]}"


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_every_text_of_a_template_can_be_translated(path: Path) -> None:
    text = re.sub(r"\{%-?\s*trans\b.*?endtrans\s*-?%\}", "", without_comments(path.read_text()), flags=re.DOTALL)
    text = re.sub(r"\{\{.*?\}\}|\{%.*?%\}|<code>[^<]*</code>", "", text, flags=re.DOTALL)  # <code> is what to type
    assert not re.findall(rf".*{HAN}.*", text)


@pytest.mark.parametrize("path", SCRIPTS, ids=name)
def test_scripts_hold_no_text_for_people(path: Path) -> None:
    code = re.sub(r"/\*.*?\*/|(?<!:)//[^\n]*", "", path.read_text(), flags=re.DOTALL)
    assert not re.findall(rf".*{HAN}.*", code)
