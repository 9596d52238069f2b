"""Sentences: from the shell to the checked plan, and warm; pairs for training; the training loop.

The floor of a warm plan is what its arithmetic can't do without: the encoder's and the GPT's weights read once for
each position or sign that they are applied to one by one. The floor of a cold one imports the libraries and reads
the files. This module needs the planner's packages, and those of training for its last two figures.
"""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.measure import BenchmarkError, Comparison, Side, function, python, run_child
from benchmarks.start import agent
from benchmarks.timing import Clock

OFFICES = 12
"""Of the corpus, for the figures of training."""
COLD = "which invoices above 500 euros are still open?"
WARM = (
    "list all vendors without an email address",
    "how many invoices did we get per vendor",
    "which payments came in last week",
    "mail accounting the five largest open invoices",
)

IMPORTS = """
import importlib, mmap, sys
for name in sys.argv[1].split(","):
    importlib.import_module(name)
for name in sys.argv[2:]:
    sum(open(name, "rb").read()[::4096])
"""
NEEDS = "click,ruamel.yaml,pydantic,sqlglot,sqlglot.dialects.duckdb,duckdb,pyarrow,numpy,tokenizers,safetensors"


def plan(folder: Path, quick: bool) -> Iterator[Comparison]:
    """`agent plan SENTENCE` from the shell, and four sentences planned in a process that has planned one."""
    from deskhand_models.checkpoint import shipped
    from deskhand_models.encoder import find

    places = [shipped(), *([encoder] if (encoder := find()) is not None else [])]
    files = [file for place in places for file in sorted(place.glob("*.safetensors"))]
    if len(files) < 2:
        raise BenchmarkError("there is no checkpoint, or no encoder: agent doctor says how to get them")
    office, turns = folder / "office", 1 if quick else 7
    run_child("benchmarks.start", "make_office", office)
    command = [*agent(), "plan", COLD, "--workspace", str(office), "--now", "2026-11-02T09:00", "--json"]
    yield Comparison(
        "agent plan SENTENCE, from the shell",
        Side("agent plan SENTENCE", command, codes=(0, 2)),
        Side("libraries imported, weights read", python("-c", IMPORTS, NEEDS, *map(str, files))),
        seconds=1.5,
        turns=turns,
    )
    yield Comparison(
        "a sentence planned, warm",
        function("linked, planned, checked, tried", __name__, "plan_ours", office),
        function("weights times one position, as often as needed", __name__, "plan_floor"),
        seconds=0.3,
        turns=turns,
        per=len(WARM),
    )


def pairs(folder: Path, quick: bool) -> Iterator[Comparison]:
    """Training examples drawn, changed and laid out as tensors, over the sentences alone drawn and changed."""
    _needs_training()
    count, many = (16, 1) if quick else (1024, OFFICES)
    cache = folder / "cache"
    run_child(__name__, "warm_cache", cache, many)
    yield Comparison(
        "a training pair, drawn and laid out",
        function("features and signs", __name__, "pairs_ours", cache, many, count),
        function("sentence and office drawn and changed", __name__, "pairs_bare", cache, many, count),
        seconds=1 / 5000,
        turns=1 if quick else 3,
        per=count,
    )


def training(folder: Path, quick: bool) -> Iterator[Comparison]:
    """The training loop, over a loop with the same model on batches that are there already."""
    _needs_training()
    steps, batch, many = (2, 2, 1) if quick else (32, 32, OFFICES)
    run_child(__name__, "warm_cache", folder / "cache", many)
    yield Comparison(
        f"a training step of {batch}",
        function("agent train's loop", __name__, "training_ours", folder, many, steps, batch),
        function("forward, backward, AdamW on batches at hand", __name__, "training_bare", folder, many, steps, batch),
        ratio=1.05,
        turns=1 if quick else 3,
        per=steps,
    )


def _needs_training() -> None:
    if importlib.util.find_spec("torch") is None:
        raise BenchmarkError("training isn't installed: pip install 'deskhand[train]'")


# ---------------------------------------------------------------- sides


def plan_ours(root: str) -> Clock:
    """From the sentence to the proposal, everything loaded."""
    from deskhand.cli.planning import open_planner
    from deskhand.planner import Request
    from deskhand.process import load_processes
    from deskhand.workspace import Workspace

    workspace = Workspace.load(Path(root))
    planner, processes, now = open_planner(workspace), load_processes(workspace), workspace.now("2026-11-02T09:00")
    planner.plan(Request(COLD, processes, now))
    with Clock() as clock:
        for sentence in WARM:
            assert planner.plan(Request(sentence, processes, now))
    return clock


def plan_floor() -> Clock:
    """160 positions through the GPT at once, 25 signs one by one, and the encoder once, for each sentence."""
    import numpy as np
    from deskhand_models.checkpoint import read_weights, shipped
    from deskhand_models.encoder import Encoder

    weights = [w.astype(np.float32) for w in read_weights(shipped()).values() if w.ndim == 2]
    encoder = Encoder.load()
    encoder.states(COLD)
    with Clock() as clock:
        for sentence in WARM:
            encoder.states(sentence)
            for matrix in weights:
                np.ones((160, matrix.shape[1]), dtype=np.float32) @ matrix.T
            for _ in range(25):
                for matrix in weights:
                    matrix @ np.ones(matrix.shape[1], dtype=np.float32)
    return clock


def warm_cache(cache: str, many: str) -> None:
    """Names' vectors, as a run that goes on finds them."""
    _examples(cache, many)


def _templates(many: str) -> Any:
    """The sentences of the corpus's first offices."""
    from deskhand_models.corpus.pairs import sentence_files
    from deskhand_models.training.loop import Settings
    from deskhand_models.training.run import chosen_templates

    names = sorted(file.name.removesuffix(".txt") for file in sentence_files())
    return chosen_templates(Settings(), Path(), names[: int(many)], ())


def _examples(cache: str, many: str) -> Any:
    import torch
    from deskhand_models.encoder import Encoder
    from deskhand_models.training.examples import Examples

    torch.set_num_threads(1)
    return Examples(_templates(many), Encoder.load(), Path(cache), seed=1)


def pairs_ours(cache: str, many: str, count: str) -> Clock:
    """As a batch is made, but for putting it together."""
    source = _examples(cache, many)
    drawn = list(source._drawn(range(int(count) + 32)))
    source.laid_out([source.example(one) for one in drawn[int(count) :]])
    with Clock() as clock:
        for start in range(0, int(count), 128):
            source.laid_out([source.example(one) for one in drawn[start : min(start + 128, int(count))]])
    return clock


def pairs_bare(cache: str, many: str, count: str) -> Clock:
    """Without encoding."""
    source = _examples(cache, many)
    drawn = list(source._drawn(range(int(count))))
    with Clock() as clock:
        for one in drawn:
            source.example(one)
    return clock


def training_ours(folder: str, many: str, steps: str, batch: str) -> Clock:
    """The loop as `agent train` runs it, its data read and its kernels warm."""
    from deskhand_models.training.loop import Settings, train

    data, cache = _templates(many), Path(folder) / "cache"
    run = Path(folder) / "run"
    size = int(batch)
    train(Settings(steps=1, warmup=1, batch=size), Path(folder) / "warm", cache, data=data)
    shutil.rmtree(run, ignore_errors=True)
    with Clock() as clock:
        train(Settings(steps=int(steps), warmup=2, keep_every=int(steps), batch=size), run, cache, data=data)
    return clock


def training_bare(folder: str, many: str, steps: str, batch: str) -> Clock:
    """The same arithmetic, nothing else."""
    import torch
    from deskhand_models.gpt import PlanGPT, Shape
    from torch.nn.functional import cross_entropy

    made = _examples(str(Path(folder) / "cache"), many).batches(int(batch))
    batches = [next(made) for _ in range(int(steps))]
    torch.set_num_threads(2)
    model = PlanGPT(Shape()).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, fused=True)
    with Clock() as clock:
        for ready in batches:
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = model(ready)
            targets = ready["targets"].reshape(-1)
            cross_entropy(logits.reshape(-1, logits.shape[-1]), targets, ignore_index=-100).backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
    return clock
