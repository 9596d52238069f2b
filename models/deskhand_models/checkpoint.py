"""The shipped checkpoint: weights (safetensors, float16), config.json, calibration.json, card.md.

    sizes, weights = load(folder)

This module refuses a checkpoint whose signs aren't this version's: its numbers would mean other words.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from deskhand.errors import UnavailableError

from deskhand_models.fast import FastGPT, Sizes
from deskhand_models.signs import WORDS

Weights = Mapping[str, npt.NDArray[np.generic]]


def shipped() -> Path:
    """The folder of the checkpoint that comes with deskhand."""
    return Path(str(files("deskhand_models") / "checkpoint"))


def signs_digest() -> str:
    """Changes when the list of words does."""
    return hashlib.sha256(" ".join(WORDS).encode()).hexdigest()[:16]


def read_weights(folder: Path) -> Weights:
    """The weights by name. Raises UnavailableError where they are missing or damaged."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return dict(load_file(folder / "model.safetensors"))
    except FileNotFoundError:
        raise _wrong(folder, "there is no model.safetensors") from None
    except (SafetensorError, OSError, ValueError) as error:
        raise _wrong(folder, f"model.safetensors can't be read: {error}") from None


def read_config(folder: Path) -> dict[str, Any]:
    """config.json. Raises UnavailableError where it is missing, damaged or of other signs."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        if config["signs"] != signs_digest():
            raise _wrong(folder, "it was made for another version of the plan language")
        return dict(config)
    except FileNotFoundError:
        raise _wrong(folder, "there is no config.json") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _wrong(folder, f"config.json can't be read: {error}") from None


def load(folder: Path) -> FastGPT:
    """The model, ready to run without torch."""
    config = read_config(folder)
    shape = config["shape"]
    sizes = Sizes(shape["width"], shape["layers"], shape["heads"], shape["inner"])
    try:
        return FastGPT(read_weights(folder), sizes)
    except KeyError as error:
        raise _wrong(folder, f"the weights {error} are missing") from None


def save(folder: Path, weights: Weights, shape: Mapping[str, Any], about: Mapping[str, Any]) -> None:
    """Write weights (as float16) and config.json."""
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    save_file(
        {name: np.ascontiguousarray(array, dtype=np.float16) for name, array in weights.items()},
        folder / "model.safetensors",
    )
    config = {"signs": signs_digest(), "shape": dict(shape), **about}
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class Calibration:
    """How a candidate's evidence becomes a probability that it is right, and from where it is sure.

    weights: by feature, and `bias`: of a logistic regression. sure: run it; ask: below that, say what is missing.
    """

    weights: Mapping[str, float]
    sure: float = 0.8
    ask: float = 0.25

    @staticmethod
    def read(folder: Path) -> Calibration:
        """calibration.json. Raises UnavailableError where it is missing or damaged."""
        try:
            data = json.loads((folder / "calibration.json").read_text(encoding="utf-8"))
            return Calibration(
                {str(k): float(v) for k, v in data["weights"].items()}, float(data["sure"]), float(data["ask"])
            )
        except FileNotFoundError:
            raise _wrong(folder, "there is no calibration.json") from None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise _wrong(folder, f"calibration.json can't be read: {error}") from None


def _wrong(folder: Path, what: str) -> UnavailableError:
    return UnavailableError(
        f"the planner's checkpoint in {folder} can't be used: {what}",
        mend="Install deskhand again, or name another model in agent.toml: [planner] model = …. "
        "Processes still run by their names and phrases.",
    )
