"""What `make run` says before anything is installed."""

import ast
import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[3] / "quizapp" / "installation"


def run(before: str, tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """Run prepare.py on an empty environment folder, after the statement `before`."""
    code = f"import sys; import prepare; from pathlib import Path; prepare.VENV = Path({str(tmp_path / 'venv')!r}); "
    code += f"prepare.PYTHON = prepare.VENV / 'bin' / 'python'; {before}; prepare.main()"
    environ = {**os.environ, "PYTHONPATH": str(FOLDER), "PATH": str(tmp_path)}
    return subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False)


def test_an_old_python_is_said_in_one_sentence(tmp_path: Path) -> None:
    run_ = run("sys.version_info = (3, 9, 2, 'final', 0)", tmp_path)
    assert run_.returncode == 1
    assert run_.stderr.count("\n") == 1
    assert "需要 Python 3.11 或更高版本，当前是 3.9" in run_.stderr
    assert "Python 3.11 or later is needed, and this is 3.9" in run_.stderr


def test_an_old_python_goes_on_in_a_newer_one(tmp_path: Path) -> None:
    newer = tmp_path / "python3.12"
    newer.write_text("#!/bin/sh\necho went on\n")
    newer.chmod(0o755)
    assert run("sys.version_info = (3, 9, 2, 'final', 0)", tmp_path).stdout == "went on\n"


def test_a_missing_venv_module_is_said_in_one_sentence(tmp_path: Path) -> None:
    run_ = run("sys.modules['ensurepip'] = None", tmp_path)
    assert run_.returncode == 1
    assert run_.stderr.count("\n") == 1
    assert "缺少 venv 模块" in run_.stderr
    assert "apt-get install python3-venv" in run_.stderr


def test_an_old_python_can_read_the_file() -> None:
    """Nothing in it needs more than 3.6 to be parsed."""
    ast.parse((FOLDER / "prepare.py").read_text(), feature_version=(3, 6))
