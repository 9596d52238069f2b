"""The engine under SIGKILL: real processes, killed at fault points and at random, several at once."""

from __future__ import annotations

import itertools
import json
import random
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SERVER = Path(__file__).with_name("engine_server.py")
RUN = "20261121-7f3k2"


class Server:
    """Drives runs in processes of their own; see engine_server.py."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(SERVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"
        self.expected: list[str] = runpy.run_path(str(SERVER))["expected"]()

    def drive(self, *jobs: dict[str, Any]) -> list[int]:
        """Exit codes of the jobs' processes, -9 for a killed one."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(jobs) + "\n")
        self.process.stdin.flush()
        ends: list[int] = json.loads(self.process.stdout.readline())
        return ends

    def result(self, job: dict[str, Any]) -> Any:
        return json.loads((Path(job["folder"]) / f"{job['run']}.json").read_text())

    def ran(self, job: dict[str, Any]) -> list[str]:
        """The steps in the order in which they began, over all of the run's processes."""
        log = Path(job["folder"]) / f"{job['run']}.log"
        return log.read_text().split() if log.exists() else []


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server()
    yield server
    assert server.process.stdin is not None
    assert server.process.stdout is not None
    server.process.stdin.close()
    server.process.stdout.close()
    assert server.process.wait(10) == 0


def _whole(server: Server) -> list[Any]:
    leaf = [{"path": path} for path in server.expected]
    rows = [[leaf[2 + 4 * i], leaf[3 + 4 * i : 5 + 4 * i], leaf[5 + 4 * i]] for i in range(3)]
    return [*leaf[:2], *rows, *leaf[-2:]]


@pytest.mark.parametrize("number", [1, 2, 5, 9, 16])
def test_killed_after_a_step_was_recorded_it_is_not_run_again(server: Server, tmp_path: Path, number: int) -> None:
    job = {"folder": str(tmp_path), "run": RUN}
    assert server.drive({**job, "fault": f"after-step:{number}"}) == [-9]
    assert server.ran(job) == server.expected[:number]
    assert server.drive(job) == [0]
    assert server.ran(job) == server.expected
    assert server.result(job) == _whole(server)


@pytest.mark.parametrize("number", [1, 4, 7, 15])
def test_killed_before_a_step_was_recorded_only_that_one_is_run_again(
    server: Server, tmp_path: Path, number: int
) -> None:
    job = {"folder": str(tmp_path), "run": RUN}
    assert server.drive({**job, "fault": f"before-step:{number}"}) == [-9]
    assert server.drive(job) == [0]
    assert server.ran(job) == server.expected[:number] + server.expected[number - 1 :]
    assert server.result(job) == _whole(server)


def test_killed_at_random_again_and_again(server: Server, tmp_path: Path) -> None:
    chance = random.Random(20261121)
    job = {"folder": str(tmp_path), "run": RUN}
    # The steps of the first turn sleep for longer than its kill waits, however quick the machine is.
    assert server.drive({**job, "seconds": 1.0, "kill_after": chance.uniform(0.05, 0.5)}) == [-9]
    kills = 1
    for _ in range(11):
        if server.drive({**job, "seconds": 0.005, "kill_after": chance.uniform(0.05, 0.5)}) == [0]:
            break
        kills += 1
    assert server.drive(job) == [0]
    ran = server.ran(job)
    # What was in flight at a kill runs again at once; nothing that was followed by another step ever does.
    assert [path for path, _ in itertools.groupby(ran)] == server.expected
    assert len(ran) <= len(server.expected) + kills
    assert server.result(job) == _whole(server)


def test_four_processes_at_once_keep_to_their_own_runs(server: Server, tmp_path: Path) -> None:
    jobs = [{"folder": str(tmp_path), "run": f"20261121-0000{i}", "seconds": 0.01} for i in range(4)]
    # Two are killed on the way; their runs lie unfinished while the other two go on and while new ones start.
    killed = [{**job, "fault": "before-step:6"} if i % 2 else job for i, job in enumerate(jobs)]
    assert server.drive(*killed) == [0, -9, 0, -9]
    others = [{**job, "run": f"20261122-0000{i}"} for i, job in enumerate(jobs)]
    assert server.drive(*others) == [0, 0, 0, 0]
    assert [len(server.ran(job)) for job in jobs] == [16, 6, 16, 6], "nobody else touched them"
    assert server.drive(*jobs) == [0, 0, 0, 0]
    for i, job in enumerate(jobs):
        assert server.result(job) == _whole(server)
        assert len(server.ran(job)) == len(server.expected) + i % 2
    assert all(server.ran(job) == server.expected for job in others)
