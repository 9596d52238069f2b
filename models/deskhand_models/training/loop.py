"""The training loop: bare torch, bf16 autocast, checkpoints that a killed run goes on from.

    result = train(Settings(...), folder)

A run's folder holds `settings.json`, `state.pt` (weights, optimizer, step) and TensorBoard's events. The same
settings on the same machine with the same threads give the same weights. This module refuses to go on from a
state that other settings made.
"""

from __future__ import annotations

import importlib
import json
import os
import random
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from deskhand.errors import UsageError
from torch import distributed
from torch.nn.functional import cross_entropy

from deskhand_models.encoder import Encoder
from deskhand_models.gpt import PlanGPT, Shape, parameters
from deskhand_models.training.examples import Examples
from deskhand_models.training.splits import split
from deskhand_models.training.templates import Template, templates

Progress = Callable[[int, int, dict[str, float]], None]
"""(step, steps, figures): told after every ten steps."""


@dataclass(frozen=True)
class Settings:
    """What a run is. share: of the training sentences; steps of `batch` examples; rate: the highest learning rate.

    compiled: the GPT's layers by torch.compile, which takes a C++ compiler and some minutes at first and then makes a
    step 1.7 times as quick on two cores (1.05 s to 0.6 s for 32 examples).
    """

    shape: Shape = field(default_factory=Shape)
    steps: int = 3000
    batch: int = 32
    rate: float = 1.5e-3
    warmup: int = 200
    decay: float = 0.05
    share: float = 1.0
    augmented: bool = True
    seed: int = 1
    threads: int = 2
    keep_every: int = 200
    start: str = ""
    compiled: bool = False


def train(
    settings: Settings, folder: Path, cache: Path, progress: Progress | None = None, data: list[Template] | None = None
) -> PlanGPT:
    """Train, or go on where the folder's run was stopped. Returns the model in evaluation mode."""
    folder.mkdir(parents=True, exist_ok=True)
    _same(settings, folder / "settings.json")
    torch.manual_seed(settings.seed)
    share = own, processes = _together()
    torch.set_num_threads(max(1, settings.threads // processes))
    chosen = data if data is not None else training_templates(settings, cache)
    source = Examples(chosen, Encoder.load(), cache, seed=settings.seed, augmented=settings.augmented, share=share)
    model = PlanGPT(settings.shape)
    if settings.start:
        from deskhand_models.checkpoint import read_weights

        model.load_state_dict(
            {name: torch.from_numpy(array).float() for name, array in read_weights(Path(settings.start)).items()}
        )
    optimizer = torch.optim.AdamW(_groups(model, settings.decay), lr=settings.rate, betas=(0.9, 0.98), fused=True)
    if settings.compiled:
        _compile(model)
    step = 0
    state = folder / "state.pt"
    if state.exists():
        kept = torch.load(state, weights_only=False)
        model.load_state_dict(kept["model"])
        optimizer.load_state_dict(kept["optimizer"])
        step = kept["step"]
    writer = _board(folder) if own == 0 else None
    model.train()
    batches = source.batches(max(1, settings.batch // processes), begin=step)
    begun, first = time.monotonic(), step
    figures: dict[str, float] = {}
    while step < settings.steps:
        batch = next(batches)
        for group in optimizer.param_groups:
            group["lr"] = settings.rate * _schedule(step, settings)
        # so that dropout is the same after a kill, and another in each process
        torch.manual_seed((settings.seed * 1_000_003 + step) * processes + own)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = model(batch)
        targets = batch["targets"]
        loss = cross_entropy(logits.reshape(-1, logits.shape[-1]), targets.reshape(-1), ignore_index=-100)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        if processes > 1:
            _average(model, processes)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step += 1
        if step % 10 == 0 or step == settings.steps:
            seen = targets != -100
            right = (logits.detach().argmax(-1) == targets) & seen
            whole = (right | ~seen).all(dim=1).float().mean().item()
            rate = (time.monotonic() - begun) / max(1, step - first)
            figures = {
                "loss": loss.item(),
                "signs": (right.sum() / seen.sum()).item(),
                "plans": whole,
                "seconds a step": rate,
            }
            for name, value in figures.items():
                if writer is not None:
                    writer.add_scalar(name, value, step)
            if progress is not None and own == 0:
                progress(step, settings.steps, figures)
        if own == 0 and (step % settings.keep_every == 0 or step == settings.steps):
            _keep(
                state,
                {
                    "model": model.state_dict(),
                    "optimizer": optimizer.state_dict(),
                    "step": step,
                },
            )
    if writer is not None:
        writer.close()
    return model.eval()


def training_templates(settings: Settings, cache: Path) -> list[Template]:
    """The sentences that this run may learn from."""
    parts = split(templates(cache))
    chosen = parts["train"]
    if settings.share < 1:
        chance = random.Random(7)
        chosen = chance.sample(chosen, round(len(chosen) * settings.share))
    return chosen


def _schedule(step: int, settings: Settings) -> float:
    """Linear warm-up, level, and a linear fall to nothing over the last quarter.

    Level in the middle, so that a run can be given more steps before its fall has begun.
    """
    if step < settings.warmup:
        return (step + 1) / settings.warmup
    fall = settings.steps * 0.25
    return min(1.0, (settings.steps - step) / fall)


def _together() -> tuple[int, int]:
    """(k, n): this is the k-th of n processes that train together, as torchrun says; (0, 1) alone.

    On a machine with few cores that others use too, two processes of one thread each that meet once a step are quicker
    than one process whose two threads meet at every product.
    """
    processes = int(os.environ.get("WORLD_SIZE", "1"))
    if processes == 1:
        return 0, 1
    if not distributed.is_initialized():
        distributed.init_process_group("gloo")
    return distributed.get_rank(), processes


def _average(model: PlanGPT, processes: int) -> None:
    """The mean of all processes' gradients, in one exchange."""
    gradients = [p.grad for p in model.parameters() if p.grad is not None]
    flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
    distributed.all_reduce(flat)
    flat /= processes
    start = 0
    for gradient in gradients:
        gradient.copy_(flat[start : start + gradient.numel()].view_as(gradient))
        start += gradient.numel()


def _compile(model: PlanGPT) -> None:
    """Layer by layer: all layers share what is compiled for a length, where the whole model would be compiled anew."""
    if shutil.which("c++") is None and shutil.which("g++") is None:
        raise UsageError(
            "compiling the model needs a C++ compiler, and there is none",
            mend="Install one (Debian: apt-get install g++), or train without compiling.",
        )
    torch._dynamo.config.recompile_limit = 64
    for layer in model.body.layers:
        layer.compile(dynamic=False)


def _groups(model: PlanGPT, decay: float) -> list[dict[str, Any]]:
    matrices = [p for p in model.parameters() if p.ndim >= 2]
    others = [p for p in model.parameters() if p.ndim < 2]
    return [{"params": matrices, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}]


def _same(settings: Settings, file: Path) -> None:
    own = asdict(settings)
    text = json.dumps(own, indent=1)
    # A run may be given more steps, or fewer, or a compiler; everything else has shaped the state that is there.
    free = {"steps": 0, "compiled": False}
    if file.exists() and {**json.loads(file.read_text(encoding="utf-8")), **free} != {**own, **free}:
        raise UsageError(
            f"{file.parent} holds a run with other settings", mend="Give another folder, or empty this one."
        )
    file.write_text(text, encoding="utf-8")


def _keep(file: Path, state: dict[str, Any]) -> None:
    """Written whole or not at all, so that a kill leaves the state before."""
    beside = file.with_suffix(".new")
    torch.save(state, beside)
    beside.replace(file)


def _board(folder: Path) -> Any:
    try:
        board: Any = importlib.import_module("torch.utils.tensorboard")  # it has types only where it is installed
    except ImportError:
        return None  # it is for looking at, and not everybody has it
    return board.SummaryWriter(str(folder))


__all__ = ["Settings", "parameters", "train"]
