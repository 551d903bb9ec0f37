"""`tests/fault/README.md` names only tests that are there."""

import re

from tests.house.sources import ROOT


def test_every_test_that_the_list_names_exists() -> None:
    text = (ROOT / "tests" / "fault" / "README.md").read_text()
    named = re.findall(r"([\w/]*\btest_\w+)(?:::(test_\w+))?", text)
    assert len(named) > 40
    files = {path.relative_to(ROOT).with_suffix("").as_posix(): path for path in (ROOT / "tests").rglob("test_*.py")}
    missing = [
        f"{file}::{test}"
        for file, test in named
        if not any(
            name.endswith(f"/{file}") and (not test or f"def {test}(" in path.read_text())
            for name, path in files.items()
        )
    ]
    assert not missing
