"""The stage of the boards' tests."""

import pytest
from flask import Flask

from tests.cast import OpenCompetition
from tests.integration.leaderboards.stage import Stage


@pytest.fixture
def stage(app: Flask, competition: OpenCompetition) -> Stage:
    """An open competition without results."""
    return Stage(app, competition.id)
