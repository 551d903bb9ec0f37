"""Whoever runs the program finds every setting in the README."""

from quizapp.config import PREFIX, SHARED_NAMES, Settings
from tests.house.sources import ROOT


def test_every_setting_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    names = [SHARED_NAMES.get(field, f"{PREFIX}{field.upper()}") for field in Settings.model_fields]
    missing = [name for name in names if f"`{name}`" not in readme]
    assert not missing, f"not in the README: {missing}"
