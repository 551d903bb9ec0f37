"""A backup that is taken while people answer; then everything is destroyed, restored by the documented commands, started
and counted: what was acknowledged before the backup began is there, and everybody goes on."""

import shutil
import subprocess
import sys
import time

import pytest

from tests.fault.people import Crowd
from tests.fault.table import Row, Table
from tests.fault.under_fault import all_go_on, not_kept, wait_for, wait_until_compared
from tests.load.installation import Installation, installation

pytestmark = [pytest.mark.slow, pytest.mark.timeout(0)]

PEOPLE = 300


def quizapp(running: Installation, *arguments: str) -> str:
    """What the command line says; it must succeed."""
    command = [sys.executable, "-c", "import sys; from quizapp.cli import main; sys.exit(main())", *arguments]
    done = subprocess.run(command, env=running.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_what_was_acknowledged_before_a_backup_survives_everything(faults: Table) -> None:
    with installation(PEOPLE) as running:
        crowd = Crowd(running.port, running.open_attempts(PEOPLE), faults.seed)
        try:
            wait_for(crowd, 2 * PEOPLE)
            acknowledged = crowd.last()
            backup = running.folder / "backup"
            said = quizapp(running, "backup", str(backup))
            wait_for(crowd, PEOPLE)  # nobody was held up, and these are not in the backup
        finally:
            crowd.end()
        running.kill()
        shutil.rmtree(running.settings.data_dir)

        begun = time.monotonic()
        assert quizapp(running, "restore", str(backup)).startswith(said.strip())
        running.start()
        wait_until_compared(running)
        recovery_s = time.monotonic() - begun
        held, story, row = all_go_on(running, PEOPLE, faults.seed + 1)
        assert (len(acknowledged) > PEOPLE, not_kept(acknowledged, held)) == (True, set())
        story.acknowledged += len(acknowledged)
        faults.add("all destroyed, and a backup restored", row, story, recovery_s)
        assert (story.unexpected, len(story.scores)) == ([], PEOPLE)
        assert row == Row(lost=0, doubled=0, mis_scored=0, late=0)
