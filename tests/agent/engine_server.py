"""A helper of test_engine_kills.py: forks real processes that drive runs, from one that has imported dbos already.

It reads one JSON list of jobs a line and forks them all at once; each job drives one run of the same body to
its end, or is killed by SIGKILL after some seconds or at a fault point. It answers with how each ended.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import dbos  # noqa: F401 — the two seconds that this takes are why there is a server


def expected() -> list[str]:
    """The steps of the body below, in order."""
    loop = [f"loop/{i}/{name}" for i in range(3) for name in ("x", "in/0/z", "in/1/z", "y")]
    return ["a", "b", *loop, "c", "d"]


def drive(job: dict[str, Any]) -> Any:
    if job.get("fault"):
        os.environ["DESKHAND_FAULT"] = job["fault"]
    from deskhand.engine import DbosEngine, Steps

    journal = os.open(Path(job["folder"]) / f"{job['run']}.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def work(path: str) -> Any:
        os.write(journal, f"{path}\n".encode())
        time.sleep(job.get("seconds", 0.0))
        return {"path": path}

    def inner(i: int, j: int, steps: Steps) -> Any:
        return steps.step("z", lambda: work(f"loop/{i}/in/{j}/z"))

    def row(i: int, steps: Steps) -> Any:
        x = steps.step("x", lambda: work(f"loop/{i}/x"))
        z = steps.children("in", 2, lambda j, inside: inner(i, j, inside))
        return [x, z, steps.step("y", lambda: work(f"loop/{i}/y"))]

    def body(steps: Steps) -> Any:
        result: list[Any] = [steps.step("a", lambda: work("a")), steps.step("b", lambda: work("b"))]
        result += steps.children("loop", 3, row)
        return [*result, steps.step("c", lambda: work("c")), steps.step("d", lambda: work("d"))]

    with DbosEngine(Path(job["folder"]) / "engine.db") as engine:
        return engine.execute(job["run"], body)


def fork(job: dict[str, Any]) -> int:
    child = os.fork()
    if child:
        return child
    answer = Path(job["folder"]) / f"{job['run']}.json"
    try:
        answer.write_text(json.dumps(drive(job)))
        os._exit(0)
    except BaseException as error:
        answer.write_text(json.dumps({"error": f"{type(error).__name__}: {error}"}))
        os._exit(1)


def serve() -> None:
    print("ready", flush=True)
    for line in sys.stdin:
        jobs = json.loads(line)
        started = time.monotonic()
        children = [fork(job) for job in jobs]
        for job, child in sorted(zip(jobs, children, strict=True), key=lambda pair: pair[0].get("kill_after", 1e9)):
            if "kill_after" in job:
                time.sleep(max(0.0, job["kill_after"] - (time.monotonic() - started)))
                os.kill(child, signal.SIGKILL)
        ends = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        print(json.dumps(ends), flush=True)


if __name__ == "__main__":
    serve()
