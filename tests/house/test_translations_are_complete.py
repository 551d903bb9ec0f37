"""Every text has its English."""

import re
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from tests.house.sources import PACKAGE, name

FEATURES = sorted(path.parent for path in PACKAGE.glob("*/__init__.py"))
METHODS = [("**.py", "python"), ("**/templates/**.html", "jinja2")]
KEYWORDS = {"_": None, "_l": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2), "lazy_ngettext": (1, 2)}
PLACE = r"%\((\w+)\)|\{(\w+)\}"


def catalog(feature: Path) -> Catalog:
    path = feature / "translations" / "en" / "LC_MESSAGES" / "messages.po"
    return read_po(BytesIO(path.read_bytes()), locale="en") if path.exists() else Catalog(locale="en")


def texts_of(feature: Path) -> dict[str, str]:
    """What the feature shows to people, and where."""
    found: dict[str, str] = {}
    options = {"**/templates/**.html": {"trimmed": "true", "silent": "false"}}
    extracted = extract_from_dir(feature, METHODS, options_map=options, keywords=KEYWORDS, comment_tags=())
    for file, line, message, *_ in extracted:
        found.setdefault(message[0] if isinstance(message, tuple) else message, f"{feature.name}/{file}:{line}")
    return found


def english(message: Message | None) -> list[str]:
    """The English of a message, one or one a plural; empty if there is none."""
    if message is None or message.fuzzy:
        return []
    forms = list(message.string) if isinstance(message.string, (tuple, list)) else [message.string]
    return [] if any(not form for form in forms) else [str(form) for form in forms]


@pytest.mark.parametrize("feature", FEATURES, ids=name)
def test_every_text_has_its_english(feature: Path) -> None:
    catalogs = [catalog(feature), *(catalog(other) for other in FEATURES if other != feature)]
    missing = {
        text: where for text, where in texts_of(feature).items() if not any(english(one.get(text)) for one in catalogs)
    }
    assert not missing, f"without English: {missing}"


@pytest.mark.parametrize("feature", FEATURES, ids=name)
def test_the_english_has_the_same_places(feature: Path) -> None:
    for message in catalog(feature):
        if not message.id:
            continue
        ids = message.id if isinstance(message.id, (tuple, list)) else [message.id]
        wanted = set(re.findall(PLACE, "".join(ids)))
        for form in english(message):
            assert set(re.findall(PLACE, form)) <= wanted, f"{ids[0]}: {form}"
            assert len(ids) > 1 or set(re.findall(PLACE, form)) == wanted, f"{ids[0]}: {form}"


@pytest.mark.parametrize("feature", FEATURES, ids=name)
def test_the_english_is_english(feature: Path) -> None:
    for message in catalog(feature):
        for form in english(message) if message.id else []:
            # What is typed or printed in Chinese may be quoted; a text that is mostly Chinese was not translated.
            assert len(re.findall(r"[\u3400-\u9fff]", form)) <= max(4, len(form) // 8), form
