"""The mixed folder is the same every time and holds every format."""

from __future__ import annotations

import pytest
from bench.folder import SHARES, write_folder
from bench.sets import RetrievalSet


@pytest.fixture(scope="module")
def abstracts() -> RetrievalSet:
    names = [str(number) for number in range(300)]
    text = ". ".join(f"Sentence {number} says something of its own" for number in range(12))
    return RetrievalSet(
        name="made up",
        texts={name: f"{text} in {name}" for name in names},
        questions={},
        judgements={},
        titles={name: f"Title {name} <&>" for name in names},
    )


def test_every_format_is_there_with_about_its_share(tmp_path, abstracts):
    written = write_folder(tmp_path, abstracts, 20)
    counts = {extension: len(list(tmp_path.rglob(f"*.{extension}"))) for extension in SHARES}
    assert counts == {"pdf": 5, "docx": 4, "md": 3, "html": 3, "txt": 2, "csv": 2, "xlsx": 1}
    assert all(written[extension] > 1000 for extension in SHARES)


def test_the_same_folder_is_written_every_time(tmp_path, abstracts):
    for name in ("one", "two"):
        write_folder(tmp_path / name, abstracts, 9)
    files = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*.*"))
    same = [path for path in files if path.suffix not in {".docx", ".xlsx"}]  # zip archives carry their time
    assert len(same) > 4
    assert all((tmp_path / "one" / path).read_bytes() == (tmp_path / "two" / path).read_bytes() for path in same)
