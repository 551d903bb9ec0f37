"""See to it that the tests have the programs of the system that they need: `make tools`. Installs their packages if it may."""

import os
import shutil
import subprocess
import sys

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NEEDED = {  # any of these programs, and the packages that bring it
    CHROMIUM: ("chromium", "fonts-noto-cjk"),  # without the font every Chinese character is a box
    ("strace",): ("strace",),
}


def find(names: tuple[str, ...]) -> str | None:
    """The path of the first of these programs that is there, or None."""
    return next((found for name in names if (found := shutil.which(name))), None)


def find_chromium() -> str | None:
    """The path of a Chromium, or None."""
    return find(CHROMIUM)


def missing_packages() -> list[str]:
    """The packages of what is not there."""
    return [package for names, packages in NEEDED.items() if not find(names) for package in packages]


def install(packages: list[str]) -> None:
    """Install Debian packages, as far as that is possible here."""
    print(f"正在安装测试所需的 {'、'.join(packages)} … Installing {', '.join(packages)} for the tests …", flush=True)
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *packages]):
        subprocess.run(
            ["apt-get", *command], env=environ, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )


def main() -> int:
    """Exit status 0 if all is there in the end."""
    if (packages := missing_packages()) and os.geteuid() == 0 and shutil.which("apt-get"):
        install(packages)
    if packages := missing_packages():
        names = " ".join(packages)
        print(
            f"测试还需要一些系统程序，请先安装：apt-get install {names}。"
            f" The tests need some programs of the system: install them with apt-get install {names}.",
            file=sys.stderr,
        )
    return 1 if packages else 0


if __name__ == "__main__":
    sys.exit(main())
