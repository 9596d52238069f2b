"""Training: the same settings give the same weights; a killed run goes on; one of other settings is refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import torch
from deskhand.errors import UsageError
from deskhand_models.corpus.pairs import read_blocks, sentence_files
from deskhand_models.corpus.validate import by_name, encode
from deskhand_models.encoder import Encoded
from deskhand_models.gpt import PlanGPT, Shape
from deskhand_models.training import examples as drawing
from deskhand_models.training.loop import Progress, Settings, train
from deskhand_models.training.templates import Template, template_of

SHAPE = Shape(width=64, layers=2, heads=2, inner=128, dropout=0.0)
OFFICE = min(by_name().values(), key=lambda office: sum(len(one.table.columns) for one in office.tables)).name


ENCODED: dict[str, Encoded] = {}
encoded = drawing.TorchEncoder.encoded


def remembered(self: drawing.TorchEncoder, texts: Sequence[str]) -> list[Encoded]:
    """The sentences here are the same in every batch."""
    new = [text for text in dict.fromkeys(texts) if text not in ENCODED]
    ENCODED.update(zip(new, encoded(self, new), strict=True) if new else ())
    return [ENCODED[text] for text in texts]


@pytest.fixture(autouse=True)
def one_office(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Names of one small office only, each sentence encoded once; and torch's threads as they were."""
    threads = torch.get_num_threads()
    monkeypatch.setattr(drawing, "offices", lambda: iter([by_name()[OFFICE]]))
    monkeypatch.setattr(drawing.TorchEncoder, "encoded", remembered)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def sentences() -> list[Template]:
    """Twelve sentences of the office, each with a plan of its own."""
    (file,) = [one for one in sentence_files() if one.name == f"{OFFICE}.txt"]
    blocks, _ = read_blocks(file)
    short = sorted((template_of(encode(b, b.sentences[0])) for b in blocks), key=lambda one: len(one.signs))
    return short[:12]


def weights(model: PlanGPT) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def same(one: PlanGPT, other: PlanGPT) -> bool:
    return all(torch.equal(tensor, other.state_dict()[name]) for name, tensor in weights(one).items())


def small(**changes: object) -> Settings:
    return Settings(
        **{
            "shape": SHAPE,
            "steps": 30,
            "batch": 4,
            "warmup": 5,
            "augmented": False,
            "threads": 1,
            "keep_every": 10,
            **changes,
        }
    )  # type: ignore[arg-type]


def test_the_same_settings_give_the_same_weights(sentences: list[Template], tmp_path: Path) -> None:
    one = train(small(steps=10), tmp_path / "one", tmp_path, data=sentences)
    other = train(small(steps=10), tmp_path / "other", tmp_path, data=sentences)
    assert same(one, other)
    assert not same(one, train(small(steps=10, seed=2), tmp_path / "third", tmp_path, data=sentences))


class Killed(Exception):
    """What stops a run in these tests."""


def killed_at(step: int) -> Progress:
    def told(at: int, _steps: int, _figures: dict[str, float]) -> None:
        if at == step:
            raise Killed

    return told


def test_a_killed_run_goes_on_from_its_last_state(sentences: list[Template], tmp_path: Path) -> None:
    with pytest.raises(Killed):
        train(small(), tmp_path / "run", tmp_path, killed_at(20), sentences)
    assert torch.load(tmp_path / "run" / "state.pt", weights_only=False)["step"] == 10
    steps: list[int] = []
    train(small(), tmp_path / "run", tmp_path, lambda step, _steps, _figures: steps.append(step), sentences)
    assert steps == [20, 30]


@pytest.mark.parametrize("dropout", [0.0, 0.1])
def test_a_killed_run_ends_as_one_that_was_not(dropout: float, sentences: list[Template], tmp_path: Path) -> None:
    settings = small(shape=Shape(64, 2, 2, 128, dropout))
    whole = train(settings, tmp_path / "whole", tmp_path, data=sentences)
    with pytest.raises(Killed):
        train(settings, tmp_path / "run", tmp_path, killed_at(20), sentences)
    assert same(whole, train(settings, tmp_path / "run", tmp_path, data=sentences))


def test_a_run_of_other_settings_is_refused(sentences: list[Template], tmp_path: Path) -> None:
    train(small(steps=10), tmp_path / "run", tmp_path, data=sentences)
    with pytest.raises(UsageError, match="other settings") as raised:
        train(small(steps=10, rate=1e-5), tmp_path / "run", tmp_path, data=sentences)
    assert "another folder" in (raised.value.mend or "")
