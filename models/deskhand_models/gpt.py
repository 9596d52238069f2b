"""The planner's GPT in torch: a Llama (transformers) over a catalog slice's features, that writes signs.

    prompt positions (request pieces, tables, columns, values, people, literals)  |  signs written so far
    see one another in both directions                                            |  see the prompt and what precedes

The next sign is one of the plan language's words or a prompt position: a pointer network (Vinyals et al. 2015)
in place of a vocabulary of names. Inputs are projections of the frozen encoder's vectors, so the weights hold no
names either.

This module is for training and for the torch path; `fast` runs the same weights in numpy. It refuses to read files.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import LlamaConfig, LlamaModel

from deskhand_models.encoder import WIDTH
from deskhand_models.fast import PLAN_POSITION
from deskhand_models.features import FAMILIES, FLAGS, KINDS, LITERALS, MATCHES, MAX_GROUPS, TOOLS
from deskhand_models.signs import WORDS

CLASSES = (len(KINDS), len(FAMILIES), len(TOOLS), len(LITERALS), MAX_GROUPS)


@dataclass(frozen=True)
class Shape:
    """The model's size. width: of the hidden states; inner: of the feed-forward layers."""

    width: int = 256
    layers: int = 6
    heads: int = 4
    inner: int = 768
    dropout: float = 0.1

    def to_json(self) -> dict[str, Any]:
        """As config.json keeps it."""
        return asdict(self)


class PlanGPT(nn.Module):
    """The GPT. Batches are padded; `mask` arrays are true where something stands."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        width = shape.width
        config = LlamaConfig(
            vocab_size=1,
            bos_token_id=None,
            eos_token_id=None,
            hidden_size=width,
            intermediate_size=shape.inner,
            num_hidden_layers=shape.layers,
            num_attention_heads=shape.heads,
            max_position_embeddings=2048,
            use_cache=False,
        )
        config._attn_implementation = "eager"  # on CPUs twice as quick as the fused kernel with a mask
        self.body = LlamaModel(config)
        del self.body.embed_tokens  # inputs are made below
        self.meaning = nn.Linear(WIDTH, width, bias=False)
        self.made_of = nn.Linear(WIDTH, width, bias=False)
        self.classes = nn.ModuleList(nn.Embedding(size, width) for size in CLASSES)
        self.flags = nn.Linear(len(FLAGS), width, bias=False)
        self.matches = nn.Linear(MATCHES, width)
        self.norm = nn.LayerNorm(width)
        self.words = nn.Embedding(len(WORDS), width)
        self.pointed = nn.Embedding(1, width)
        self.asks = nn.Linear(width, width, bias=False)
        self.offers = nn.Linear(width, width, bias=False)
        self.out = nn.Linear(width, len(WORDS))
        self.drop = nn.Dropout(shape.dropout)
        for table in (*self.classes, self.words, self.pointed):
            nn.init.normal_(table.weight, std=0.02)

    def prompt(self, batch: dict[str, Tensor]) -> Tensor:
        """(b, n, width): the prompt's inputs. batch: `Features` stacked."""
        made = self.meaning(batch["meaning"]) * 4 + self.made_of(batch["words"]) * 4
        for column, table in enumerate(self.classes):
            made = made + table(batch["classes"][..., column])
        made = made + self.flags(batch["flags"]) + self.matches(batch["matches"])
        return self.drop(self.norm(made))  # type: ignore[no-any-return]

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        """(b, m, words + n): logits of the sign after each of the m given. batch: features, `mask` and `signs`."""
        prompt = self.prompt(batch)
        count, size, width = prompt.shape
        signs = batch["signs"]
        length = signs.shape[1]
        pointer = signs >= len(WORDS)
        place = (signs - len(WORDS)).clamp(min=0)
        copied = prompt.gather(1, place[..., None].expand(-1, -1, width)) + self.pointed.weight[0]
        said = torch.where(pointer[..., None], copied, self.words(signs.clamp(max=len(WORDS) - 1)).to(copied.dtype))
        hidden = self.body(
            inputs_embeds=torch.cat([prompt, said], dim=1),
            attention_mask=self._mask(batch["mask"], length, prompt.dtype),
            position_ids=torch.cat([torch.arange(size), PLAN_POSITION + torch.arange(length)])
            .to(signs.device)[None]
            .expand(count, -1),
        ).last_hidden_state
        seen, written = hidden[:, :size], hidden[:, size:]
        points = self.asks(written) @ self.offers(seen).transpose(1, 2) / math.sqrt(width)
        points = points.masked_fill(~batch["mask"][:, None, :], -1e4)
        return torch.cat([self.out(written), points], dim=-1).float()

    @staticmethod
    def _mask(mask: Tensor, length: int, dtype: torch.dtype) -> Tensor:
        count, size = mask.shape
        allowed = torch.zeros(count, size + length, size + length, dtype=torch.bool, device=mask.device)
        allowed[:, :, :size] = mask[:, None, :]
        allowed[:, size:, size:] = torch.ones(length, length, dtype=torch.bool, device=mask.device).tril()
        hide = torch.zeros(allowed.shape, dtype=torch.float32, device=mask.device).masked_fill(~allowed, -1e9)
        return hide[:, None]


def parameters(model: nn.Module) -> int:
    """How many weights there are."""
    return sum(p.numel() for p in model.parameters())
