"""Makes the environments of the clients that the tests run: Python's with pip or uv, JavaScript's with npm.

Each has its own folder below `.clients`, made from a lock file here and made again when that has changed. Needs
Python's standard library alone: `python tests/clients/environments/make.py [NAME ...]`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

LOCKS = Path(__file__).parent
PLACE = LOCKS.parents[2] / ".clients"
PYTHONS = ("sdk", "llama-index", "javascript")  # the last one brings Node, which its packages are then installed with
PACKAGES = ("package.json", "package-lock.json")


def folder(name: str) -> Path:
    """Where the environment is, or would be."""
    return PLACE / name


def ready(name: str) -> bool:
    """Whether the environment is there, made from the lock file as it is now."""
    stamp = folder(name) / "made-from"
    return stamp.is_file() and stamp.read_text(encoding="ascii") == _recipe(name)


def make(name: str) -> None:
    """Make the environment anew."""
    shutil.rmtree(folder(name), ignore_errors=True)
    _make_python(name)
    if name == "javascript":
        _install_packages(folder(name))
    (folder(name) / "made-from").write_text(_recipe(name), encoding="ascii")


def _recipe(name: str) -> str:
    files = [f"{name}.lock", *(PACKAGES if name == "javascript" else ())]
    return hashlib.sha256(b"".join((LOCKS / file).read_bytes() for file in files)).hexdigest()


def _make_python(name: str) -> None:
    python, lock, uv = folder(name) / "bin" / "python", LOCKS / f"{name}.lock", shutil.which("uv")
    wanted = ["--quiet", "--require-hashes", "-r", str(lock)]
    if uv:
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(folder(name))], check=True)
        subprocess.run([uv, "pip", "install", "--python", str(python), *wanted], check=True)
    else:
        venv.create(folder(name), with_pip=True)
        pip = [str(python), "-m", "pip", "--disable-pip-version-check", "install", "--no-compile"]
        subprocess.run([*pip, *wanted], check=True)


def _install_packages(place: Path) -> None:
    for file in PACKAGES:
        shutil.copy(LOCKS / file, place)
    environment = {**os.environ, "PATH": f"{place / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]
    subprocess.run([str(place / "bin" / command[0]), *command[1:]], cwd=place, env=environment, check=True)


if __name__ == "__main__":
    for one in sys.argv[1:] or PYTHONS:
        if not ready(one):
            make(one)
