"""Make the virtual environment and compile what must be compiled: the first half of `make run` and `make test`.

It is run by the system's Python before anything is installed: so it uses the standard library only, imports nothing of
the project, and is written so that even a Python that is too old (3.6) can read it and say so.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
OLDEST = (3, 11)


def say(chinese: str, english: str) -> None:
    """One line in both languages, at once."""
    print(f"{chinese} {english}", flush=True)


def stop(chinese: str, english: str) -> None:
    """Say why it can't go on, and end."""
    print(f"{chinese} {english}", file=sys.stderr, flush=True)
    sys.exit(1)


def use_a_new_enough_python() -> None:
    """Go on in a newer Python from the PATH if this one is too old; stop if there is none."""
    found = sys.version_info[:2]
    if found >= OLDEST:
        return
    for minor in (14, 13, 12, 11):
        newer = shutil.which(f"python3.{minor}")
        if newer:
            os.execv(newer, [newer, *sys.argv])  # noqa: S606
    stop(
        f"需要 Python 3.11 或更高版本，当前是 {found[0]}.{found[1]}。请安装后重试，或用 make PYTHON=… 指定。",
        f"Python 3.11 or later is needed, and this is {found[0]}.{found[1]}: install one, or name it: make PYTHON=….",
    )


def make_virtual_environment() -> None:
    """Make .venv, unless it is there and works."""
    if PYTHON.exists() and subprocess.call([str(PYTHON), "-c", "import pip"], stderr=subprocess.DEVNULL) == 0:
        return
    try:
        import ensurepip
        import venv  # noqa: F401

        ensurepip.version()  # Debian without python3-venv has the module but none of what it installs
    except (ImportError, OSError):
        stop(
            "Python 缺少 venv 模块，请先安装：apt-get install python3-venv。",
            "Python lacks its venv module: install it with apt-get install python3-venv.",
        )
    say("正在创建虚拟环境 .venv …", "Making the virtual environment .venv …")
    if subprocess.call([sys.executable, "-m", "venv", "--clear", str(VENV)]) != 0:
        stop("无法创建虚拟环境 .venv，原因见上。", "The virtual environment .venv can't be made, for the reason above.")


def install(lock: str) -> None:
    """Install what the file `lock` names, by hash, showing how far it is; nothing if it is there already."""
    source = ROOT / lock
    stamp = VENV / (lock.replace("/", "-") + ".installed")
    wanted = f"{hashlib.sha256(source.read_bytes()).hexdigest()} {ROOT}"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    total = sum(1 for line in source.read_text().splitlines() if line[:1].isalnum())
    say(
        f"正在安装 {lock} 中的 {total} 个依赖（首次约一分钟）…",
        f"Installing the {total} packages of {lock} (about a minute the first time) …",
    )
    command = [str(PYTHON), "-m", "pip", "install", "--require-hashes", "--disable-pip-version-check", "--no-input"]
    pip = subprocess.Popen(
        [*command, "--progress-bar", "off", "-r", str(source)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
        # pip compiles modules unless it is told not to write them; without them each start would take seconds longer
        env={name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
    )
    assert pip.stdout is not None
    seen = 0
    told = []  # what pip says, for the case that it fails
    for line in pip.stdout:
        told.append(line)
        if line.startswith("Collecting "):
            seen += 1
            show(f"  {seen}/{total} {line.split()[1].split('=')[0]}")
        elif line.startswith("Installing collected"):
            show("  正在解包… Unpacking …")
    show("")
    if pip.wait() != 0:
        print("".join(told[-40:]), file=sys.stderr)
        stop(
            "依赖安装失败，原因见上，多半是网络或 pip 源的问题。解决后再运行一次即可。",
            "The packages could not be installed, for the reason above (mostly the network or pip's index). "
            "Mend it and run this again.",
        )
    stamp.write_text(wanted)


def show(text: str) -> None:
    """Progress: overwrites its line on a terminal, and is left out elsewhere."""
    if sys.stdout.isatty():
        sys.stdout.write("\r\033[K" + text)
        sys.stdout.flush()


def link_the_project() -> None:
    """Put the project on the environment's path and its command beside Python.

    That is all an editable install would do, without a build tool that would have to be fetched first.
    """
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = subprocess.check_output([str(PYTHON), "-c", code], universal_newlines=True).strip()
    write(Path(packages) / "quizapp.pth", f"{ROOT}\n")
    command = VENV / "bin" / "quizapp"
    # sh starts Python by its path in quotes, since a #! line could not hold a path with a space or a long one
    start = f"#!/bin/sh\n'''exec' \"{PYTHON}\" \"$0\" \"$@\"\n' '''\n"
    write(command, f"{start}import sys\n\nfrom quizapp.cli import main\n\nsys.exit(main())\n")
    command.chmod(0o755)


def write(path: Path, text: str) -> None:
    """Write a file, only if it differs."""
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def compile_what_changed() -> None:
    """Compile the translations whose source is newer, and the modules, so that each start is spared it."""
    for source in sorted((ROOT / "quizapp").glob("*/translations/*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
            command = [str(PYTHON), "-m", "babel.messages.frontend", "--quiet", "compile"]
            if subprocess.call([*command, "-i", str(source), "-o", str(target)], stderr=subprocess.DEVNULL) != 0:
                stop(f"翻译 {source} 无法编译。", f"The translation {source} can't be compiled.")
    subprocess.call([str(PYTHON), "-m", "compileall", "-q", str(ROOT / "quizapp")], stdout=subprocess.DEVNULL)


def main() -> None:
    """Everything, in order; with `--tests` what the tests need too."""
    use_a_new_enough_python()
    make_virtual_environment()
    install("tests/requirements.lock" if "--tests" in sys.argv else "requirements.lock")
    link_the_project()
    compile_what_changed()


if __name__ == "__main__":
    main()
