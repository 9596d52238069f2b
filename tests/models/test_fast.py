"""The GPT in numpy is the GPT in torch: the same logits, sign by sign, hypothesis by hypothesis."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from deskhand_models.encoder import Encoder
from deskhand_models.fast import FastGPT, Sizes
from deskhand_models.features import Features, features, items_of
from deskhand_models.gpt import PlanGPT, Shape
from deskhand_models.signs import NUMBER_OF, WORDS, Sign
from deskhand_models.slices import Slice
from torch import nn

SHAPE = Shape(width=64, layers=3, heads=4, inner=96, dropout=0.0)
Laid = tuple[Features, list[list[int]]]


@pytest.fixture(scope="module")
def laid(slice_for: Callable[[str], Slice], signs_of: Callable[[Slice, str], list[Sign]]) -> Laid:
    """A real slice's features, and two ways to begin a plan: <plan> and three signs."""
    cut = slice_for("send Bids all lots of sale 26-11 over 1,200 that came in March")
    encoder = Encoder.load()
    made = features(cut, encoder.states(cut.request), encoder, items_of(cut))
    ways = ("from t:Lots where c:Lots.Hammer", "from t:Sales select c:Sales.SaleNo")
    return made, [[NUMBER_OF["<plan>"], *(made.number(sign) for sign in signs_of(cut, way)[:3])] for way in ways]


@pytest.fixture(scope="module")
def model() -> PlanGPT:
    torch.manual_seed(11)
    made = PlanGPT(SHAPE)
    for parameter in made.parameters():  # norms and biases too, so that none can be left out unnoticed
        nn.init.normal_(parameter, mean=1.0 if parameter.ndim == 1 else 0.0, std=0.15)
    return made.eval()


def fast(model: PlanGPT) -> FastGPT:
    weights = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    return FastGPT(weights, Sizes(SHAPE.width, SHAPE.layers, SHAPE.heads, SHAPE.inner))


def in_torch(model: PlanGPT, made: Features, signs: list[list[int]]) -> np.ndarray:
    def twice(array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(array)[None].expand(len(signs), *array.shape)

    batch = {name: twice(getattr(made, name)) for name in ("meaning", "words", "classes", "flags", "matches")}
    batch["mask"] = torch.ones(len(signs), len(made), dtype=torch.bool)
    batch["signs"] = torch.tensor(signs)
    with torch.inference_mode():
        return np.asarray(model(batch).numpy())


def test_the_same_logits(model: PlanGPT, laid: Laid) -> None:
    made, ways = laid
    expected = in_torch(model, made, ways)
    running = fast(model).prompt(made)
    first = running.feed(np.array([ways[0][0]]))
    np.testing.assert_allclose(first[0], expected[0, 0], atol=1e-4, rtol=1e-4)
    parents = np.array([0, 0])
    for place in range(1, 4):
        logits = running.feed(np.array([way[place] for way in ways]), parents)
        assert logits.shape == (2, len(WORDS) + len(made))
        np.testing.assert_allclose(logits, expected[:, place], atol=1e-4, rtol=1e-4)
        parents = np.array([0, 1])


def test_hypotheses_that_change_places(model: PlanGPT, laid: Laid) -> None:
    """Each goes on from its own parent's keys and values."""
    made, ways = laid
    expected = in_torch(model, made, ways)
    running = fast(model).prompt(made)
    running.feed(np.array([ways[0][0]]))
    running.feed(np.array([way[1] for way in ways]), np.array([0, 0]))
    swapped = running.feed(np.array([ways[1][2], ways[0][2]]), np.array([1, 0]))
    np.testing.assert_allclose(swapped, expected[::-1, 2], atol=1e-4, rtol=1e-4)


def test_padding_changes_nothing(model: PlanGPT, laid: Laid) -> None:
    made, ways = laid
    short = in_torch(model, made, ways)
    batch = {n: torch.from_numpy(getattr(made, n))[None] for n in ("meaning", "words", "classes", "flags", "matches")}
    padded = {n: torch.cat([t, torch.zeros(1, 9, t.shape[-1], dtype=t.dtype)], dim=1) for n, t in batch.items()}
    padded["mask"] = torch.arange(len(made) + 9)[None] < len(made)
    padded["signs"] = torch.tensor(ways[:1])
    with torch.inference_mode():
        logits = model(padded).numpy()[0, :, : len(WORDS) + len(made)]
    np.testing.assert_allclose(logits, short[0], atol=1e-4, rtol=1e-4)
