"""The figures as a table for people, or as JSON for another program."""

from __future__ import annotations

import datetime as dt
import os
import platform
import sqlite3
import sys
from collections.abc import Sequence
from typing import Any

from benchmarks.measure import Figure

HEADER = ("what", "ours", "CPU", "peak", "floor or peer", "wall", "CPU", "budget", "verdict")


def duration(seconds: float) -> str:
    """`1.84 s`, `73.0 ms`, `412 µs`: three digits."""
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if seconds * factor >= 1 or unit == "µs":
            value = seconds * factor
            return f"{value:.{max(0, 2 - len(str(int(value))) + 1)}f} {unit}"
    raise AssertionError(seconds)


def machine() -> dict[str, Any]:
    """What the figures were taken on; the load says how busy it was with other things."""
    return {
        "date": dt.date.today().isoformat(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "load": [round(n, 1) for n in os.getloadavg()],
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "system": f"{platform.system()} {platform.machine()}",
    }


def as_json(figures: Sequence[Figure]) -> list[dict[str, Any]]:
    """One object a figure; times in seconds, memory in bytes, ratios of ours over the peer's."""
    return [
        {
            "what": figure.comparison.what,
            "ours": figure.comparison.ours.name,
            "peer": figure.comparison.peer.name,
            "turns": len(figure.ours),
            "per": figure.comparison.per,
            "wall": {side: figure.median(side, "wall") for side in ("ours", "peer")},
            "cpu": {side: figure.median(side, "cpu") for side in ("ours", "peer")},
            "peak": {side: int(figure.median(side, "peak")) for side in ("ours", "peer")},
            "ratio": {of: figure.ratio(of) for of in ("wall", "cpu")},
            "budget": {"ratio": figure.comparison.ratio, "seconds": figure.comparison.seconds},
            "verdict": figure.verdict,
        }
        for figure in figures
    ]


def row(figure: Figure) -> tuple[str, ...]:
    """A figure's line: ours (wall, CPU, peak memory), the peer with its wall time, the ratios, the verdict."""
    said = figure.comparison
    budget = "" if said.seconds is None else duration(said.seconds)
    if said.ratio is not None:
        budget = f"{said.ratio:g}x"
    return (
        said.what,
        duration(figure.median("ours", "wall") / said.per),
        duration(figure.median("ours", "cpu") / said.per),
        f"{figure.median('ours', 'peak') / 2**20:.0f} MiB",
        f"{said.peer.name}: {duration(figure.median('peer', 'wall') / said.per)}",
        f"{figure.ratio('wall'):.2f}x",
        f"{figure.ratio('cpu'):.2f}x",
        budget,
        figure.verdict,
    )


def table(figures: Sequence[Figure]) -> str:
    """All figures as a Markdown table."""
    rows = [HEADER, *(row(figure) for figure in figures)]
    widths = [max(len(line[column]) for line in rows) for column in range(len(HEADER))]
    rule = tuple("-" * width for width in widths)

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"

    return "\n".join([line(rows[0]), line(rule), *map(line, rows[1:])])


def heading() -> str:
    """One line on the machine."""
    said = machine()
    load = " ".join(map(str, said["load"]))
    return (
        f"{said['date']}, {said['cores']} cores, {said['system']}, Python {said['python']}, SQLite {said['sqlite']};"
        f" load {load}. Medians over turns; ratios are of pairs of turns."
    )


def progress(text: str) -> None:
    """A line on standard error, for whoever waits."""
    print(text, file=sys.stderr, flush=True)
