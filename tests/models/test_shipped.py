"""The checkpoint that comes with deskhand: it loads, it is small, and both paths write the same plans with it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from deskhand.catalog import Catalog
from deskhand.workspace import Workspace
from deskhand_models.checkpoint import load, read_config, read_weights, shipped
from deskhand_models.decode import decode
from deskhand_models.evaluation.build import build
from deskhand_models.evaluation.sets import SETS, Office, read_set
from deskhand_models.features import Features, features, items_of
from deskhand_models.gpt import PlanGPT, Shape
from deskhand_models.local import LocalPlanner

EXAM = read_set(SETS / "exam")
MOST_BYTES = 25_000_000


@pytest.fixture(scope="module")
def planner() -> LocalPlanner:
    return LocalPlanner.load()


@pytest.fixture(scope="module")
def torch_model() -> PlanGPT:
    made = PlanGPT(Shape(**read_config(shipped())["shape"]))
    made.load_state_dict({name: torch.from_numpy(np.float32(w)) for name, w in read_weights(shipped()).items()})
    return made.eval()


class InTorch:
    """The torch model as the decoder takes one: every sign by a pass over all of the plan so far."""

    def __init__(self, model: PlanGPT) -> None:
        self.model = model

    def prompt(self, made: Features) -> InTorch:
        names = ("meaning", "words", "classes", "flags", "matches")
        self.batch = {name: torch.from_numpy(getattr(made, name))[None] for name in names}
        self.batch["mask"] = torch.ones(1, len(made), dtype=torch.bool)
        self.written: list[int] = []
        return self

    def feed(self, signs: np.ndarray, parents: np.ndarray | None = None) -> np.ndarray:
        self.written.append(int(signs[0]))
        with torch.inference_mode():
            logits = self.model({**self.batch, "signs": torch.tensor([self.written])})
        return np.asarray(logits[0, -1:].numpy())


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("office", EXAM, ids=lambda office: office.folder.name)
def test_greedy_plans_are_the_torch_paths(
    office: Office, planner: LocalPlanner, torch_model: PlanGPT, tmp_path: Path
) -> None:
    workspace = Workspace.load(build(office, tmp_path / "base"))
    now = workspace.now(office.now)
    with Catalog.open(workspace, now) as catalog:
        for case in office.cases[::8]:
            said = planner.encoder.states(case.request)
            cut = planner.cut(case.request, said, now, catalog)
            made = features(cut, said, planner.encoder, items_of(cut))
            fast = decode(planner.model, cut, made, beams=1)
            slow = decode(InTorch(torch_model), cut, made, beams=1)  # type: ignore[arg-type]
            assert [one.signs for one in fast] == [one.signs for one in slow], case.id


def test_it_is_small_enough_to_keep() -> None:
    files = {file.name: file.stat().st_size for file in shipped().iterdir()}
    assert set(files) == {"model.safetensors", "config.json", "calibration.json", "card.md"}
    assert sum(files.values()) < MOST_BYTES


def test_it_says_what_made_it() -> None:
    config = read_config(shipped())
    assert config["parameters"] == sum(w.size for w in read_weights(shipped()).values())
    assert config["sentences"] > 10_000
    assert config["settings"]["steps"] > 0
    calibration = json.loads((shipped() / "calibration.json").read_text())
    assert calibration["requests"] == 100
    assert load(shipped()).sizes.width == config["shape"]["width"]
