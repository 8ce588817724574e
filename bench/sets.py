"""Public retrieval sets, read from the folder that `OUTCROP_BENCH_DATA` names; none is part of this repository.

scifact: BEIR SciFact (Wadden et al. 2020; Thakur et al. 2021), 5,183 abstracts (ODC-By 1.0), 300 claims (CC BY
4.0): `corpus.jsonl.xz`, `queries.jsonl`, `qrels.tsv`.
xquad: XQuAD (Artetxe et al. 2020; google-deepmind/xquad, CC BY-SA 4.0), 240 paragraphs and 1,190 questions in each
of 12 languages: `xquad.<language>.json`, those that are not there in `other_languages.tar.xz`.
"""

from __future__ import annotations

import json
import lzma
import os
import tarfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

VARIABLE = "OUTCROP_BENCH_DATA"
WHERE = {
    "scifact": "BEIR SciFact: corpus.jsonl.xz, queries.jsonl and qrels.tsv, as BEIR or allenai/scifact publish them",
    "minilm_reference": "texts.json (lists chunks and queries) and vectors.npz (arrays c and q, their vectors by "
    "sentence-transformers on torch, at most 256 tokens)",
    "xquad": "XQuAD: xquad.<language>.json for each language, from google-deepmind/xquad",
}


class DataMissing(RuntimeError):
    """A retrieval set is not on this machine."""


@dataclass(frozen=True, slots=True)
class RetrievalSet:
    """Documents and questions by id, and which documents are relevant to which question.

    `titles` has the documents' titles where the set knows them; `texts` are then without them.
    """

    name: str
    texts: Mapping[str, str]
    questions: Mapping[str, str]
    judgements: Mapping[str, Mapping[str, int]]
    titles: Mapping[str, str] = field(default_factory=dict)


def data_folder() -> Path:
    """The folder that holds the sets. Raises DataMissing where the variable is not set or names no folder."""
    named = os.environ.get(VARIABLE)
    if not named:
        raise DataMissing(f"Set {VARIABLE} to a folder that holds {_wanted(WHERE)}.")
    folder = Path(named)
    if not folder.is_dir():
        raise DataMissing(f"{VARIABLE} names {folder}, which is no folder. It should hold {_wanted(WHERE)}.")
    return folder


def scifact(folder: Path | None = None) -> RetrievalSet:
    """BEIR's test split of SciFact. Raises DataMissing."""
    place = _place("scifact", folder)
    with lzma.open(_file("scifact", place / "corpus.jsonl.xz"), "rt", encoding="utf-8") as lines:
        corpus = [json.loads(line) for line in lines]
    with _file("scifact", place / "queries.jsonl").open(encoding="utf-8") as lines:
        questions = {row["_id"]: row["text"] for row in map(json.loads, lines)}
    judgements: dict[str, dict[str, int]] = {}
    for row in _file("scifact", place / "qrels.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        question, document, grade = row.split("\t")
        judgements.setdefault(question, {})[document] = int(grade)
    return RetrievalSet(
        name="SciFact",
        texts={row["_id"]: row["text"] for row in corpus},
        questions=questions,
        judgements=judgements,
        titles={row["_id"]: row["title"] for row in corpus},
    )


def xquad(language: str, folder: Path | None = None) -> RetrievalSet:
    """Paragraph retrieval in one language: each question's only relevant document is its own paragraph.

    Raises DataMissing.
    """
    texts: dict[str, str] = {}
    questions: dict[str, str] = {}
    judgements: dict[str, dict[str, int]] = {}
    articles = _xquad_json(language, _place("xquad", folder))["data"]
    for number, paragraph in enumerate(paragraph for article in articles for paragraph in article["paragraphs"]):
        document = f"p{number:03}"
        texts[document] = paragraph["context"]
        for asked in paragraph["qas"]:
            questions[asked["id"]] = asked["question"]
            judgements[asked["id"]] = {document: 1}
    return RetrievalSet(name=f"XQuAD {language}", texts=texts, questions=questions, judgements=judgements)


def reference_vectors(folder: Path | None = None) -> tuple[list[str], Any]:
    """Texts, and their vectors by the published model run on torch: shape (n, 384). Raises DataMissing."""
    import numpy as np

    place = _place("minilm_reference", folder)
    texts = json.loads(_file("minilm_reference", place / "texts.json").read_text(encoding="utf-8"))
    with np.load(_file("minilm_reference", place / "vectors.npz")) as vectors:
        return texts["chunks"] + texts["queries"], np.concatenate([vectors["c"], vectors["q"]])


def _xquad_json(language: str, place: Path) -> dict[str, Any]:
    name = f"xquad.{language}.json"
    if (place / name).is_file():
        return json.loads((place / name).read_text(encoding="utf-8"))
    with tarfile.open(_file("xquad", place / "other_languages.tar.xz")) as archive:
        found = next((member for member in archive.getmembers() if Path(member.name).name == name), None)
        content = archive.extractfile(found) if found else None
        if content is None:
            raise DataMissing(f"There is no {name} in {place}, nor in its archive of other languages.")
        return json.loads(content.read())


def _place(name: str, folder: Path | None) -> Path:
    place = (folder or data_folder()) / name
    if not place.is_dir():
        raise DataMissing(f"There is no folder {place}. It should hold {WHERE[name]}.")
    return place


def _file(name: str, path: Path) -> Path:
    if not path.is_file():
        raise DataMissing(f"There is no file {path}. {path.parent} should hold {WHERE[name]}.")
    return path


def _wanted(sets: Iterable[str]) -> str:
    return "; and ".join(f"{name}/ ({WHERE[name]})" for name in sets)
