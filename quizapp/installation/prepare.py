"""Make the virtual environment and compile what must be compiled: the first half of `make run` and `make test`.

It is run by the system's Python before anything is installed: so it uses the standard library only, imports nothing of
the project, and is written so that even a Python that is too old (3.6) can read it and say so.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
OLDEST = (3, 11)
COMPILE_TRANSLATIONS = """
import sys
from babel.messages import mofile, pofile
for source, target in zip(sys.argv[1::2], sys.argv[2::2]):
    with open(source, "rb") as read:
        try:
            catalog = pofile.read_po(read, source.split("/")[-3], abort_invalid=True)
        except Exception as error:
            sys.exit(source + ": " + str(error))
    with open(target, "wb") as written:
        mofile.write_mo(written, catalog)
"""


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
    packages = re.split(r"(?m)^(?=[A-Za-z0-9])", source.read_text())[1:]
    say(
        f"正在安装 {lock} 中的 {len(packages)} 个依赖（首次约一分钟）…",
        f"Installing the {len(packages)} packages of {lock} (about a minute the first time) …",
    )
    # The lock names everything, so that pip has nothing to work out, and two can share the work.
    halves = [VENV / "half-1.txt", VENV / "half-2.txt"]
    for number, half in enumerate(halves):
        half.write_text("".join(packages[number::2]))
    command = [str(PYTHON), "-m", "pip", "install", "--require-hashes", "--no-deps", "--no-compile", "--no-input"]
    command += ["--disable-pip-version-check", "--progress-bar", "off", "-r"]
    read_end, write_end = os.pipe()
    pips = [subprocess.Popen([*command, str(half)], stdout=write_end, stderr=subprocess.STDOUT) for half in halves]
    os.close(write_end)
    seen = 0
    told = []  # what pip says, for the case that it fails
    with os.fdopen(read_end, encoding="utf-8", errors="replace") as output:
        for line in output:
            told.append(line)
            if line.startswith("Collecting "):
                seen += 1
                show(f"  {seen}/{len(packages)} {line.split()[1].split('=')[0]}")
            elif line.startswith("Installing collected"):
                show("  正在解包… Unpacking …")
    show("")
    codes = [pip.wait() for pip in pips]
    if any(codes):
        print("".join(told[-40:]), file=sys.stderr)
        stop(
            "依赖安装失败，原因见上，多半是网络或 pip 源的问题。解决后再运行一次即可。",
            "The packages could not be installed, for the reason above (mostly the network or pip's index). "
            "Mend it and run this again.",
        )
    compile_modules(installed_packages())
    stamp.write_text(wanted)


def show(text: str) -> None:
    """Progress: overwrites its line on a terminal, and is left out elsewhere."""
    if sys.stdout.isatty():
        sys.stdout.write("\r\033[K" + text)
        sys.stdout.flush()


def installed_packages() -> str:
    """The folder of .venv that packages are installed in."""
    code = "import sysconfig; print(sysconfig.get_path('purelib'))"
    return subprocess.check_output([str(PYTHON), "-c", code], universal_newlines=True).strip()


def compile_modules(folder: object) -> None:
    """Compile a folder's modules, on all cores: without that each start would take seconds longer.

    What is no Python of this version, as some packages' templates, stays as it is.
    """
    command = [str(PYTHON), "-m", "compileall", "-q", "-j", "0", str(folder)]
    subprocess.call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def link_the_project() -> None:
    """Put the project on the environment's path and its command beside Python.

    That is all an editable install would do, without a build tool that would have to be fetched first.
    """
    write(Path(installed_packages()) / "quizapp.pth", f"{ROOT}\n")
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
    changed = []
    for source in sorted((ROOT / "quizapp").glob("*/translations/*/LC_MESSAGES/*.po")):
        target = source.with_suffix(".mo")
        if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
            changed += [str(source), str(target)]
    if changed and subprocess.call([str(PYTHON), "-c", COMPILE_TRANSLATIONS, *changed]) != 0:
        stop("有翻译无法编译，原因见上。", "A translation can't be compiled, for the reason above.")
    compile_modules(ROOT / "quizapp")


def main() -> None:
    """Everything, in order; with `--tests` what the tests need too."""
    use_a_new_enough_python()
    make_virtual_environment()
    install("tests/requirements.lock" if "--tests" in sys.argv else "requirements.lock")
    link_the_project()
    compile_what_changed()


if __name__ == "__main__":
    main()
