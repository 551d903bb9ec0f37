"""A test that never runs proves nothing."""

import ast
import re
from collections import Counter

from tests.house.sources import ROOT, modules, name, tree

TESTS = modules(ROOT / "tests")


def functions(module: ast.AST) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef)]


def test_every_function_that_asserts_is_run() -> None:
    """It is a test, a fixture, or used somewhere."""
    words = Counter(re.findall(r"\w+", "\n".join(path.read_text() for path in TESTS)))
    idle = []
    for path in TESTS:
        for function in functions(tree(path)):
            asserts = any(isinstance(node, ast.Assert) for node in ast.walk(function))
            named = function.name.startswith(("test_", "pytest_")) or function.decorator_list
            if asserts and not named and words[function.name] < 2:
                idle.append(f"{name(path)}:{function.lineno} {function.name}")
    assert not idle


def test_no_test_hides_another_of_the_same_name() -> None:
    for path in TESTS:
        for scope in ast.walk(tree(path)):
            if isinstance(scope, (ast.Module, ast.ClassDef)):
                names = Counter(node.name for node in scope.body if isinstance(node, ast.FunctionDef))
                doubled = [one for one, count in names.items() if count > 1]
                assert not doubled, f"{name(path)}: {doubled}"


def test_tests_are_in_files_that_are_collected() -> None:
    for path in TESTS:
        own = [one.name for one in functions(tree(path)) if one.name.startswith("test_")]
        assert not own or path.name.startswith("test_"), f"{name(path)} is never collected: {own}"
        for scope in tree(path).body:
            if isinstance(scope, ast.ClassDef) and any(one.name.startswith("test_") for one in functions(scope)):
                assert scope.name.startswith("Test") or scope.bases, (
                    f"{name(path)}: class {scope.name} is not collected"
                )


def test_no_test_is_skipped() -> None:
    for path in TESTS:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Attribute):
                word = ast.unparse(node)
                assert word not in {"pytest.skip", "pytest.mark.skip", "pytest.mark.skipif"}, (
                    f"{name(path)}:{node.lineno}"
                )


def test_no_test_guesses_how_long_something_takes() -> None:
    """A sleep inside a loop looks again and again; a sleep alone hopes."""
    for path in TESTS:
        if path.relative_to(ROOT / "tests").parts[0] in {"unit", "integration", "house"}:
            polling = {
                id(inner)
                for loop in ast.walk(tree(path))
                if isinstance(loop, (ast.While, ast.For))
                for inner in ast.walk(loop)
            }
            for node in ast.walk(tree(path)):
                if isinstance(node, ast.Attribute) and ast.unparse(node) == "time.sleep":
                    assert id(node) in polling, f"{name(path)}:{node.lineno} sleeps"
