"""What deskhand costs: ratios against floors and peers that are measured in the same run.

    python -m benchmarks                   every benchmark
    python -m benchmarks help match        some of them, by name
    python -m benchmarks --quick --json    small data, one turn each, as JSON

Each figure is taken in a child process of its own, ours and the peer's by turns, so that a machine that is busy
with other things slows both alike. This package refuses to judge by its exit code: a budget that isn't kept is
a line in the table.
"""
