"""`python -m bench [NAME ...]`: run benchmarks and write their results to bench/results.md."""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from collections.abc import Sequence

from bench.children import PEERS, PEERS_PYTHON
from bench.options import Options
from bench.report import RESULTS, Section, save
from bench.sets import DataMissing

BENCHMARKS = ("quality", "embed", "ingestion", "resync", "retrieval", "start", "size")


def main(arguments: Sequence[str]) -> int:
    """Run what was named, all without names; 1 where a benchmark could not run for want of data."""
    chosen, options = _parse(arguments)
    done: list[Section] = []
    failed = False
    for name in chosen:
        print(f"{name} ...", flush=True)
        began = time.perf_counter()
        try:
            done.append(importlib.import_module(f"bench.{name}").run(options))
        except DataMissing as missing:
            print(f"{name} was not run. {missing}", file=sys.stderr)
            failed = True
            continue
        save(done)
        print(f"\n{done[-1].markdown()}\n({name} took {time.perf_counter() - began:.0f} s)\n", flush=True)
    if done:
        print(f"Written to {RESULTS}.")
    return int(failed)


def _parse(arguments: Sequence[str]) -> tuple[Sequence[str], Options]:
    usual = Options()
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; all when left out")
    parser.add_argument("--peers-python", help=f"the Python that has the peers; else {PEERS_PYTHON}")
    modules = [module for module, _ in PEERS.values()]
    parser.add_argument("--peers", nargs="+", choices=[*modules, "none"], default=[], help="only these peers")
    parser.add_argument("--files", type=int, default=usual.files, help="files of the mixed folder (%(default)s)")
    parser.add_argument("--rounds", type=int, default=usual.rounds, help="turns of ingestion (%(default)s)")
    parser.add_argument("--sizes", type=int, nargs="+", default=usual.sizes, help="chunks for retrieval (%(default)s)")
    parser.add_argument("--blocks", type=int, default=usual.blocks, help="turns of 40 questions (%(default)s)")
    given = parser.parse_args(arguments)
    unknown = [name for name in given.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"there is no benchmark {unknown[0]!r}; choose of {', '.join(BENCHMARKS)}")
    options = Options(
        peers_python=given.peers_python,
        peers=tuple(given.peers),
        files=given.files,
        rounds=given.rounds,
        sizes=tuple(given.sizes),
        blocks=given.blocks,
    )
    return given.names or BENCHMARKS, options


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
