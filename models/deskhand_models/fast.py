"""The planner's GPT in numpy: the same weights as `gpt`, without torch, with cached keys and values.

    model = FastGPT(weights, shape)
    running = model.prompt(features)          # the prompt, once
    logits = running.feed(signs, parents)     # one sign more on each of the hypotheses

It is Llama's architecture (RMSNorm, rotary positions, SwiGLU), in float32. This module refuses to choose signs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from deskhand_models.encoder import Array
from deskhand_models.features import Features
from deskhand_models.signs import WORDS

PLAN_POSITION = 1024
"""Where the plan's positions begin, however long the prompt is."""
_EPSILON = 1e-6
_THETA = 10000.0


@dataclass(frozen=True)
class Sizes:
    """The model's size, as config.json has it."""

    width: int
    layers: int
    heads: int
    inner: int


class FastGPT:
    """The weights, ready to run. weights: by their names in torch's state dict, any float type."""

    def __init__(self, weights: Mapping[str, npt.NDArray[np.generic]], sizes: Sizes) -> None:
        self.sizes = sizes
        self.w: dict[str, Array] = {}
        for name, tensor in weights.items():
            array = np.asarray(tensor, dtype=np.float32)
            # Matrices are kept as they are multiplied: x @ w.
            linear = (
                array.ndim == 2 and name.endswith("weight") and not name.startswith(("classes", "words", "pointed"))
            )
            self.w[name] = np.ascontiguousarray(array.T) if linear else array
        for layer in range(sizes.layers):
            at = f"body.layers.{layer}.self_attn"
            joined = [self.w.pop(f"{at}.{part}_proj.weight") for part in "qkv"]
            self.w[f"{at}.qkv"] = np.ascontiguousarray(np.concatenate(joined, axis=1))
            mlp = f"body.layers.{layer}.mlp"
            gates = [self.w.pop(f"{mlp}.{part}_proj.weight") for part in ("gate", "up")]
            self.w[f"{mlp}.gate_up"] = np.ascontiguousarray(np.concatenate(gates, axis=1))

    def inputs(self, features: Features) -> Array:
        """(n, width): the prompt's inputs."""
        w = self.w
        made = features.meaning @ w["meaning.weight"] * 4 + features.words @ w["made_of.weight"] * 4
        for column in range(features.classes.shape[1]):
            made = made + w[f"classes.{column}.weight"][features.classes[:, column]]
        made = made + features.flags @ w["flags.weight"] + features.matches @ w["matches.weight"] + w["matches.bias"]
        centred = made - made.mean(axis=-1, keepdims=True)
        spread = np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + np.float32(1e-5))
        return np.asarray(centred / spread * w["norm.weight"] + w["norm.bias"], dtype=np.float32)

    def prompt(self, features: Features) -> Running:
        """The prompt read; hypotheses can be fed on."""
        inputs = self.inputs(features)
        running = Running(self, inputs)
        hidden = running.read(inputs)
        running.offers = np.ascontiguousarray((hidden @ self.w["offers.weight"]).T)
        return running


class Running:
    """One prompt with the hypotheses that are being written for it."""

    def __init__(self, model: FastGPT, inputs: Array) -> None:
        self.model = model
        self.inputs = inputs
        self.offers: Array = np.zeros((0, 0), dtype=np.float32)
        self.prompt_keys: list[Array] = []
        self.prompt_values: list[Array] = []
        self.keys: list[Array] = []
        self.values: list[Array] = []
        self.length = 0
        size = model.sizes.width // model.sizes.heads
        self.frequencies = (1.0 / _THETA ** (np.arange(0, size, 2, dtype=np.float64) / size)).astype(np.float64)

    def read(self, hidden: Array) -> Array:
        """The prompt through all layers; every position sees every other."""
        sizes = self.model.sizes
        count = len(hidden)
        positions = np.arange(count)
        for layer in range(sizes.layers):
            query, key, value = self._qkv(hidden[None], layer, positions[None, :])
            self.prompt_keys.append(key[0])
            self.prompt_values.append(value[0])
            scores = query[0] @ key[0].transpose(0, 2, 1) * np.float32(1 / math.sqrt(query.shape[-1]))
            mixed = _softmax(scores) @ value[0]
            hidden = self._after(hidden, mixed.transpose(1, 0, 2).reshape(count, -1), layer)
        return self._norm(hidden, "body.norm.weight")

    def feed(self, signs: npt.NDArray[np.int64], parents: npt.NDArray[np.int64] | None = None) -> Array:
        """(h, words + n) logits after a sign more on each of h hypotheses. parents: the earlier one each follows."""
        sizes, w = self.model.sizes, self.model.w
        words = len(WORDS)
        hidden = np.where((signs >= words)[:, None], 0, w["words.weight"][np.minimum(signs, words - 1)]).astype(
            np.float32
        )
        pointers = np.flatnonzero(signs >= words)
        if len(pointers):
            hidden[pointers] = self.inputs[signs[pointers] - words] + w["pointed.weight"][0]
        count = len(signs)
        position = np.full((count, 1), PLAN_POSITION + self.length)
        for layer in range(sizes.layers):
            query, key, value = self._qkv(hidden[:, None], layer, position)
            if self.length:
                chosen = parents if parents is not None else np.arange(count)
                key = np.concatenate([self.keys[layer][chosen], key], axis=2)
                value = np.concatenate([self.values[layer][chosen], value], axis=2)
                self.keys[layer], self.values[layer] = key, value
            else:
                self.keys.append(key)
                self.values.append(value)
            scale = np.float32(1 / math.sqrt(query.shape[-1]))
            # (heads, hypotheses, size) against the prompt's keys, which all hypotheses share.
            before = query[:, :, 0].transpose(1, 0, 2) @ self.prompt_keys[layer].transpose(0, 2, 1) * scale
            own = (query @ key.transpose(0, 1, 3, 2))[:, :, 0].transpose(1, 0, 2) * scale
            weights = _softmax(np.concatenate([before, own], axis=-1))
            split = before.shape[-1]
            mixed = weights[..., :split] @ self.prompt_values[layer]
            mixed = mixed + (weights[..., split:].transpose(1, 0, 2)[:, :, None] @ value)[:, :, 0].transpose(1, 0, 2)
            hidden = self._after(hidden, mixed.transpose(1, 0, 2).reshape(count, -1), layer)
        self.length += 1
        hidden = self._norm(hidden, "body.norm.weight")
        points = (hidden @ w["asks.weight"]) @ self.offers * np.float32(1 / math.sqrt(sizes.width))
        return np.concatenate([hidden @ w["out.weight"] + w["out.bias"], points], axis=-1)

    # ------------------------------------------------------------ layers

    def _qkv(self, hidden: Array, layer: int, positions: npt.NDArray[np.int64]) -> tuple[Array, Array, Array]:
        sizes = self.model.sizes
        count, length, width = hidden.shape
        normed = self._norm(hidden, f"body.layers.{layer}.input_layernorm.weight")
        joined = (normed.reshape(-1, width) @ self.model.w[f"body.layers.{layer}.self_attn.qkv"]).reshape(
            count, length, 3, sizes.heads, -1
        )
        query, key, value = (joined[:, :, part].transpose(0, 2, 1, 3) for part in range(3))
        angles = positions[:, :, None].astype(np.float64) * self.frequencies
        cos = np.concatenate([np.cos(angles)] * 2, axis=-1).astype(np.float32)[:, None]
        sin = np.concatenate([np.sin(angles)] * 2, axis=-1).astype(np.float32)[:, None]
        return _rotated(query, cos, sin), _rotated(key, cos, sin), np.ascontiguousarray(value)

    def _after(self, hidden: Array, mixed: Array, layer: int) -> Array:
        w, at = self.model.w, f"body.layers.{layer}"
        hidden = hidden + mixed @ w[f"{at}.self_attn.o_proj.weight"]
        normed = self._norm(hidden, f"{at}.post_attention_layernorm.weight")
        gate, up = np.split(normed @ w[f"{at}.mlp.gate_up"], 2, axis=-1)
        return np.asarray(
            hidden + (gate / (1 + np.exp(-gate)) * up) @ w[f"{at}.mlp.down_proj.weight"], dtype=np.float32
        )

    def _norm(self, hidden: Array, name: str) -> Array:
        spread = np.sqrt((hidden * hidden).mean(axis=-1, keepdims=True) + np.float32(_EPSILON))
        return np.asarray(hidden / spread * self.model.w[name], dtype=np.float32)


def _rotated(array: Array, cos: Array, sin: Array) -> Array:
    half = array.shape[-1] // 2
    turned = np.concatenate([-array[..., half:], array[..., :half]], axis=-1)
    return np.asarray(array * cos + turned * sin, dtype=np.float32)


def _softmax(scores: Array) -> Array:
    scores = scores - scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    return np.asarray(scores / scores.sum(axis=-1, keepdims=True), dtype=np.float32)
