"""Checkpoints: what is saved is what is loaded, and one that can't be used says why and what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from deskhand.errors import UnavailableError
from deskhand_models.checkpoint import Calibration, load, read_config, read_weights, save, signs_digest
from deskhand_models.gpt import PlanGPT, Shape

SHAPE = Shape(width=32, layers=2, heads=2, inner=48, dropout=0.0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(3)
    weights = {name: tensor.numpy() for name, tensor in PlanGPT(SHAPE).state_dict().items()}
    save(tmp_path / "made", weights, asdict(SHAPE), {"trained": "never"})
    return tmp_path / "made"


def test_saved_and_loaded(folder: Path) -> None:
    torch.manual_seed(3)
    state = PlanGPT(SHAPE).state_dict()
    kept = read_weights(folder)
    assert set(kept) == set(state)
    for name, tensor in state.items():
        assert kept[name].dtype == np.float16
        np.testing.assert_allclose(kept[name].astype(np.float32), tensor.numpy(), atol=2e-3)
    config = read_config(folder)
    assert (config["signs"], config["trained"], config["shape"]) == (signs_digest(), "never", asdict(SHAPE))
    assert load(folder).sizes.width == 32


def cut_short(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])


def other_signs(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "signs": "0" * 16}))


def a_layer_missing(folder: Path) -> None:
    weights = {n: w for n, w in read_weights(folder).items() if not n.startswith("body.layers.1.self_attn.k")}
    config = json.loads((folder / "config.json").read_text())
    save(folder, weights, config["shape"], {})


FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "no weights": (lambda folder: (folder / "model.safetensors").unlink(), "no model.safetensors"),
    "no config": (lambda folder: (folder / "config.json").unlink(), "no config.json"),
    "weights cut short": (cut_short, "model.safetensors can't be read"),
    "weights that are none": (lambda folder: (folder / "model.safetensors").write_bytes(b"no"), "can't be read"),
    "a config that is none": (lambda folder: (folder / "config.json").write_text("{"), "config.json can't be read"),
    "a config without signs": (lambda folder: (folder / "config.json").write_text("{}"), "config.json can't be read"),
    "a config that is a list": (lambda folder: (folder / "config.json").write_text("[]"), "config.json can't be read"),
    "other signs": (other_signs, "another version of the plan language"),
    "a weight missing": (a_layer_missing, "k_proj.weight' are missing"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_cant_be_used(fault: str, folder: Path) -> None:
    spoil, said = FAULTS[fault]
    spoil(folder)
    with pytest.raises(UnavailableError, match=said) as raised:
        load(folder)
    assert str(folder) in raised.value.message
    assert "Install deskhand again" in (raised.value.mend or "")


def test_calibration(tmp_path: Path) -> None:
    (tmp_path / "calibration.json").write_text('{"weights": {"bias": 1, "score": 0.5}, "sure": 0.9, "ask": 0.2}')
    assert Calibration.read(tmp_path) == Calibration({"bias": 1.0, "score": 0.5}, 0.9, 0.2)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"weights": [1], "sure": 1, "ask": 0}', '{"weights": {"a": "x"}, "sure": 1, "ask": 0}']
)
def test_calibration_that_cant_be_read(text: str, tmp_path: Path) -> None:
    (tmp_path / "calibration.json").write_text(text)
    with pytest.raises(UnavailableError, match=r"calibration\.json can't be read"):
        Calibration.read(tmp_path)


def test_no_calibration(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match=r"no calibration\.json"):
        Calibration.read(tmp_path)
