"""See to it that the tests have the programs of the system that they need: `make tools`. Installs their packages if it may."""

import os
import shutil
import subprocess
import sys

# The shell is Chromium without windows: the browser tests cost a third less with it.
CHROMIUM = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FONT = "fonts-noto-cjk"  # without it every Chinese character is a box
NEEDED = {  # any of these programs, and the packages that bring one; the first that the system has
    CHROMIUM: (["chromium-headless-shell", FONT], ["chromium", FONT]),
    ("strace",): (["strace"],),
}


def find(names: tuple[str, ...]) -> str | None:
    """The path of the first of these programs that is there, or None."""
    return next((found for name in names if (found := shutil.which(name))), None)


def find_chromium() -> str | None:
    """The path of a Chromium, or None."""
    return find(CHROMIUM)


def missing() -> list[tuple[list[str], ...]]:
    """The packages of each that is not there."""
    return [packages for names, packages in NEEDED.items() if not find(names)]


def install(*packages: list[str]) -> None:
    """Install the first of these groups of Debian packages that can be."""
    apt_get("update")
    for group in packages:
        print(f"正在安装测试所需的 {'、'.join(group)} … Installing {', '.join(group)} for the tests …", flush=True)
        if apt_get("install", "-y", "--no-install-recommends", *group):
            return


def apt_get(*arguments: str) -> bool:
    """Whether it did."""
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "-qq", *arguments]
    return not subprocess.run(
        command, env=environ, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    ).returncode


def main() -> int:
    """Exit status 0 if all is there in the end."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        for packages in missing():
            install(*packages)
    if left := missing():
        names = " ".join(name for groups in left for name in groups[-1])
        print(
            f"测试还需要一些系统程序，请先安装：apt-get install {names}。"
            f" The tests need some programs of the system: install them with apt-get install {names}.",
            file=sys.stderr,
        )
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
