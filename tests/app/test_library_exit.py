"""The library in a program that does not close it."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from pathlib import Path
from outcrop import Outcrop

folder = Path(sys.argv[1], "documents")
folder.mkdir()
(folder / "note.txt").write_text("The canteen opens at eight in the morning.")
outcrop = Outcrop(data=Path(sys.argv[1], "data"))
outcrop.create("notes")
outcrop.add_folder("notes", folder)
outcrop.sync("notes")
print(len(outcrop.retrieve("notes", "canteen")))
"""


def test_a_program_that_leaves_outcrop_open_ends_all_the_same(tmp_path):
    """The event loop's thread is ended with the interpreter; the limit is only there to fail instead of hanging."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout) == (0, "1\n"), done.stderr
