"""China's public holidays, read once from the file beside."""

from pathlib import Path

import yaml

from quizapp.notices.working_days import calendar_from

CALENDAR = calendar_from(yaml.safe_load(Path(__file__).with_name("holidays.yaml").read_text(encoding="utf-8")))
