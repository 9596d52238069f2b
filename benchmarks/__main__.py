"""`python -m benchmarks [NAME…] [--quick] [--json]`; see the package's docstring."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from benchmarks import catalogs, engine, planner, plans, queries, report, start
from benchmarks.measure import BenchmarkError, Comparison, Figure, compare

BENCHMARKS: Mapping[str, Callable[[Path, bool], Iterator[Comparison]]] = {
    "help": start.help_,
    "run": start.run,
    "executor": engine.executor,
    "ledger": engine.ledger,
    "match": queries.match,
    "read": queries.read,
    "catalog": catalogs.catalog,
    "check": plans.check,
    "typing": queries.typing,
    "preview": plans.preview,
    "plan": planner.plan,
    "pairs": planner.pairs,
    "training": planner.training,
}


def main() -> int:
    """Exit code 0 whatever the figures are, 1 where a benchmark couldn't be carried out."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="What deskhand costs, as ratios against floors and peers."
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"some of: {', '.join(BENCHMARKS)} [default: all]")
    parser.add_argument("--quick", action="store_true", help="small data, few turns: to see that it works")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.names if name not in BENCHMARKS]:
        parser.error(f"there is no benchmark {unknown[0]!r}; there are: {', '.join(BENCHMARKS)}")
    heading, machine = report.heading(), report.machine()
    figures: list[Figure] = []
    failed = 0
    for name in arguments.names or BENCHMARKS:
        with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder:
            try:
                for comparison in BENCHMARKS[name](Path(folder), arguments.quick):
                    figures.append(compare(comparison))
                    report.progress("  ".join(report.row(figures[-1])))
            except BenchmarkError as error:
                failed += 1
                report.progress(f"{name}: {error}")
    if arguments.json:
        print(json.dumps({"machine": machine, "figures": report.as_json(figures)}, indent=2))
    else:
        print(f"{heading}\n\n{report.table(figures)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
