"""Whatever goes wrong is said in a sentence."""

import ast
import inspect
import string

from quizapp.errors import Invalid, NotFound, QuizError, Refused, Unavailable
from quizapp.web import error_pages
from tests.house.sources import modules, name, tree
from tests.house.test_access_is_named import site

ERRORS = {
    "QuizError": QuizError,
    "NotFound": NotFound,
    "Refused": Refused,
    "Invalid": Invalid,
    "Unavailable": Unavailable,
}
OWN_ARGUMENTS = {"status", "retry_after_s", "code"}


def branches(node: ast.expr) -> list[ast.expr]:
    """Both sides of `a if b else c`, or the expression itself."""
    return branches(node.body) + branches(node.orelse) if isinstance(node, ast.IfExp) else [node]


def raised() -> list[tuple[str, str, set[str], bool]]:
    """Each error made with a literal code: where, the code, the facts given, and whether more facts are unpacked."""
    found = []
    for path in modules():
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ERRORS:
                given = [node.args[0]] if node.args else [word.value for word in node.keywords if word.arg == "code"]
                if not given:
                    default = inspect.signature(ERRORS[node.func.id]).parameters["code"].default
                    codes = [default]
                else:
                    codes = [part.value for part in branches(given[0]) if isinstance(part, ast.Constant)]
                facts = {word.arg for word in node.keywords if word.arg} - OWN_ARGUMENTS
                unpacked = any(word.arg is None for word in node.keywords)
                where = f"{name(path)}:{node.lineno}"
                found += [(where, code, facts, unpacked) for code in codes if isinstance(code, str)]
    return found


def test_every_error_code_has_its_sentence() -> None:
    site()
    missing = {code: where for where, code, _, _ in raised() if code not in error_pages._sentences}
    assert not missing, f"codes without a sentence: {missing}"


def test_every_place_in_a_sentence_is_filled() -> None:
    app = site()
    with app.app_context():
        for where, code, facts, unpacked in raised():
            if code in error_pages._sentences and not unpacked:
                places = {
                    place for _, place, _, _ in string.Formatter().parse(str(error_pages._sentences[code])) if place
                }
                assert places <= facts, f"{where}: {code} leaves {places - facts} empty"


def test_every_sentence_is_whole_and_ends_as_one() -> None:
    app = site()
    with app.app_context():
        for code, text in error_pages._sentences.items():
            assert str(text).rstrip().endswith(("。", "！", "？", "）")), f"{code}: {text}"
