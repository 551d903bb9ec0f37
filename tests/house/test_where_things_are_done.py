"""Deeds that belong to one kind of file only."""

import ast
import re
import tomllib

from tests.house.sources import PACKAGE, ROOT, called, modules, name, tree

EDGE = {"routes.py", "admin.py", "api.py", "commands.py", "recorder.py", "refresh.py", "jobs.py"}


def at_the_edge(path: str) -> bool:
    return path.rpartition("/")[2] in EDGE or path.startswith("quizapp/demo/")


def test_only_the_edge_commits() -> None:
    found = [
        f"{name(path)}:{node.lineno}"
        for path in modules()
        if not at_the_edge(name(path))
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and called(node) == "commit"
    ]
    assert not found, f"commits away from the edge: {found}"


def test_the_wall_clock_is_read_only_at_the_edge() -> None:
    # Signing in and staying so is the edge too: each request is measured against the session's own times.
    also_edge = {"quizapp/clock.py", "quizapp/accounts/sessions.py", "quizapp/cli.py"}
    found = [
        f"{name(path)}:{node.lineno}"
        for path in modules()
        if not at_the_edge(name(path)) and name(path) not in also_edge
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and (called(node) in {"utc_now", "utcnow", "today"} or ast.unparse(node.func) in {"datetime.now", "time.time"})
    ]
    assert not found, f"the wall clock is read in: {found}"


def test_the_environment_is_read_only_by_the_settings() -> None:
    allowed = ("quizapp/config.py", "quizapp/installation/", "quizapp/cli.py")
    found = [
        f"{name(path)}:{node.lineno}"
        for path in modules()
        if not name(path).startswith(allowed)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"} and ast.unparse(node.value) == "os"
    ]
    assert not found, f"the environment is read in: {found}"


def test_every_module_that_calls_itself_pure_is_held_to_it() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    held = next(contract["source_modules"] for contract in contracts if contract["name"].startswith("Rules are pure"))
    found = []
    for path in modules():
        words = re.findall(r"\b[Pp]ure\b", ast.get_docstring(tree(path)) or "")
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        is_feature = path.name == "__init__.py" and path.parent.parent == PACKAGE
        if words and not is_feature and not any(module == one or module.startswith(f"{one}.") for one in held):
            found.append(module)
    assert not found, f"they say that they are pure, but pyproject.toml does not hold them to it: {found}"


def test_no_catch_all_modules() -> None:
    found = [name(path) for path in modules() if path.stem in {"utils", "util", "helpers", "common", "misc"}]
    assert not found


def test_every_folder_says_what_it_is() -> None:
    for path in PACKAGE.glob("*/__init__.py"):
        module = tree(path)
        assert ast.get_docstring(module), f"{name(path)} has no docstring"
        assert len(module.body) == 1, f"{name(path)} does more than say what the folder is"
