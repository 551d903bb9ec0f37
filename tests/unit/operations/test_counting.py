"""Nothing that was counted is lost to threads, to other processes, or to an end."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from quizapp.counting import BUCKETS_S, Counts, Totals, read_slot

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def eager_threads() -> Iterator[None]:
    """Threads take turns as often as the interpreter can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def started(folder: Path) -> Counts:
    counts = Counts()
    counts.bind(folder)
    counts.start()
    return counts


@pytest.mark.usefixtures("eager_threads")
def test_threads_lose_no_count() -> None:
    counts = Counts()

    def work() -> None:
        for _ in range(20_000):
            counts.answers["saved"] += 1
            counts.replied(200)
            counts.answer_took(0.002)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts.answers["saved"] == counts.requests["2xx"] == counts.took[1] == 80_000


def test_a_time_falls_into_the_bucket_whose_bound_it_does_not_pass() -> None:
    counts = Counts()
    for bound in BUCKETS_S:
        counts.answer_took(bound)
    counts.answer_took(99)
    assert counts.took == [1] * (len(BUCKETS_S) + 1)


def test_two_processes_have_a_slot_each_and_the_next_counts_on(tmp_path: Path) -> None:
    one, two = started(tmp_path), started(tmp_path)
    one.answers["saved"] += 3
    two.answers["saved"] += 4
    one.release()
    two.release()
    assert [read_slot(tmp_path / f"{number}.json").answers["saved"] for number in (1, 2)] == [3, 4]
    again = started(tmp_path)
    again.answers["saved"] += 1
    again.release()
    assert [read_slot(tmp_path / f"{number}.json").answers["saved"] for number in (1, 2)] == [4, 4]
    assert len(list(tmp_path.glob("*.lock"))) == 2


def test_the_slot_of_a_killed_process_is_free_at_once(tmp_path: Path) -> None:
    code = (
        "import os, pathlib, sys; from quizapp.counting import Counts; counts = Counts();"
        "counts.bind(pathlib.Path(sys.argv[1])); counts.start(); counts.answers['saved'] += 5; counts.write();"
        "os.kill(os.getpid(), 9)"
    )
    child = subprocess.run([sys.executable, "-c", code, tmp_path], cwd=ROOT, check=False)
    assert child.returncode == -9
    heir = started(tmp_path)
    assert heir.answers["saved"] == 5
    heir.release()
    assert len(list(tmp_path.glob("*.lock"))) == 1


@pytest.mark.parametrize("content", ["", "{", "[]", '{"answers": 5}', '{"took": [1]}', "null", "\0"])
def test_a_file_that_makes_no_sense_says_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / "1.json").write_text(content)
    assert read_slot(tmp_path / "1.json") == Totals()
    counts = started(tmp_path)
    counts.replied(503)
    counts.release()
    assert read_slot(tmp_path / "1.json").requests == {"5xx": 1}


def test_a_folder_that_cannot_be_written_costs_no_request(tmp_path: Path) -> None:
    (tmp_path / "a file").touch()
    counts = started(tmp_path / "a file" / "counts")
    counts.replied(200)
    counts.write()
    assert counts.requests == {"2xx": 1}
