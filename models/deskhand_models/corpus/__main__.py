"""`python -m deskhand_models.corpus check|stats [FILE…]`: whether the corpus's pairs are pairs; what it holds.

`check` prints a line for each that isn't, and how many are; it exits 1 where there is any. Refuses to change a file.
"""

from __future__ import annotations

import sys
from importlib.resources.abc import Traversable
from pathlib import Path


def main(arguments: list[str]) -> int:
    """The command."""
    from deskhand_models.corpus.pairs import sentence_files
    from deskhand_models.corpus.validate import validate

    if not arguments or arguments[0] not in ("check", "stats"):
        sys.stderr.write("usage: python -m deskhand_models.corpus check|stats [FILE…]\n")
        return 64
    files: list[Traversable] = [Path(name) for name in arguments[1:]] or list(sentence_files())
    if arguments[0] == "stats":
        from deskhand_models.corpus.statistics import statistics

        sys.stdout.write(f"{statistics(files)}\n")
        return 0
    problems, counts = validate(files)
    for problem in problems:
        where = problem.where
        sys.stdout.write(f"{where.file}:{where.line}: {problem.message}\n")
    sys.stdout.write(
        f"{counts['sentences']} pairs ({counts['refusals']} refusals or questions), {len(problems)} problems\n"
    )
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
