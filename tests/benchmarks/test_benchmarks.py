"""Every benchmark runs at a tiny size and prints its ratios. What they come to decides nothing here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import BENCHMARKS
from benchmarks.measure import BenchmarkError, Comparison, Figure, Sample, Side, compare, python
from benchmarks.report import duration, table

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
@pytest.mark.timeout(400)  # on a machine whose cores others use too, a minute becomes three
@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_gives_its_ratios(name: str) -> None:
    done = run(name, "--quick", "--json")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)["figures"]
    assert figures
    for figure in figures:
        assert figure["ratio"]["wall"] > 0 and figure["ratio"]["cpu"] > 0, figure
        assert figure["peak"]["ours"] > 2**20 and figure["peak"]["peer"] > 2**20, figure


def test_an_unknown_benchmark_is_named_with_the_known_ones() -> None:
    done = run("nonsense")
    assert done.returncode == 2
    assert "nonsense" in done.stderr and "ledger" in done.stderr


def _figure(ours: float, peer: float, **budget: float) -> Figure:
    side = Side("side", ["true"])
    samples = ((Sample(ours, ours, 2**20),) * 3, (Sample(peer, peer, 2**20),) * 3)
    return Figure(Comparison("what", side, side, **budget), *samples)


@pytest.mark.parametrize(
    ("figure", "verdict"),
    [
        (_figure(1.2, 1.0, ratio=1.3), "within"),
        (_figure(1.4, 1.0, ratio=1.3), "over"),
        (_figure(0.1, 0.001, seconds=0.15), "within"),
        (_figure(0.2, 1.0, seconds=0.15), "over"),
        (_figure(9.0, 1.0), ""),
    ],
)
def test_the_verdict_is_the_budgets(figure: Figure, verdict: str) -> None:
    assert figure.verdict == verdict
    assert table([figure]).splitlines()[-1].rstrip("| ").endswith(verdict)


def test_a_verdict_says_where_wall_and_cpu_disagree() -> None:
    side = Side("side", ["true"])
    figure = Figure(Comparison("what", side, side, ratio=1.3), [Sample(1.0, 2.0, 1)], [Sample(1.0, 1.0, 1)])
    assert figure.verdict == "within by wall, over by CPU"


def test_a_slow_turn_doesnt_move_the_median() -> None:
    side = Side("side", ["true"])
    ours = [Sample(1.0, 1.0, 1), Sample(60.0, 1.0, 1), Sample(1.0, 1.0, 1)]
    figure = Figure(Comparison("what", side, side, ratio=1.3), ours, [Sample(1.0, 1.0, 1)] * 3)
    assert (figure.ratio("wall"), figure.verdict) == (1.0, "within")


def test_a_side_that_fails_gives_no_figure() -> None:
    bad = Side("bad", python("-c", "import sys; sys.exit('it broke')"))
    good = Side("good", python("-c", "pass"))
    with pytest.raises(BenchmarkError, match="it broke"):
        compare(Comparison("what", bad, good, turns=1))


def test_sides_that_differ_give_no_figure() -> None:
    told = 'print(\'{"wall": 1, "cpu": 1, "note": %s}\')'
    one, two = (Side(str(n), python("-c", told % n), tells=True) for n in (1, 2))
    assert compare(Comparison("what", one, one, turns=1, same=True)).ratio("wall") == 1
    with pytest.raises(BenchmarkError, match="different results"):
        compare(Comparison("what", one, two, turns=1, same=True))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1.2345, "1.23 s"),
        (0.0731, "73.1 ms"),
        (0.000412, "412 µs"),
        (12.0, "12.0 s"),
        (0.0, "0.00 µs"),
        (345.6, "346 s"),
    ],
)
def test_durations_have_three_digits(seconds: float, text: str) -> None:
    assert duration(seconds) == text
