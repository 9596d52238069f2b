"""Any causal language model of Hugging Face as a writer of plans: `hf:<path or hub id>`.

    writer = HuggingFaceWriter.open("hf:Qwen/Qwen3-0.6B")
    written = writer.propose(prompt, n=4)

All n answers are sampled in one batch, each under the request's own grammar (`line_grammar`), so that what ends is a
plan in the line form, a question or a reason. What reaches a limit before its end is refused, and says which.

torch, transformers and llguidance are imported when a model is opened. This module refuses to run code that comes
with a model, to check plans, and to read anything but the prompt.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from deskhand.errors import ProblemsError, UnavailableError
from deskhand.plan import Plan
from deskhand.plan_line import parse_line
from deskhand.plan_line_read import read_text

from deskhand_models.line_grammar import Operation, Process, Table, lark

if TYPE_CHECKING:
    import torch
    from llguidance import LLMatcher

PREFIX = "hf:"


class Prompt(Protocol):
    """What this writer needs of `deskhand.planner.prompt.Prompt`."""

    @property
    def tables(self) -> Sequence[Table]:
        """Those that the grammar lets a plan name."""

    @property
    def operations(self) -> Sequence[Operation]:
        """Those that the grammar lets a plan name."""

    @property
    def processes(self) -> Sequence[Process]:
        """Those that the grammar lets a plan call."""

    @property
    def rules(self) -> str:
        """The rules of the plan language, for the system's part of a chat."""

    def question(self) -> str:
        """The slice and the request, for the person's part."""

    def text(self) -> str:
        """Both, for a model without a chat template."""


@dataclass(frozen=True)
class HfAnswer:
    """What was written (`deskhand.planner.writer.Written`): exactly one of plan, question and reason.

    score: the model's own log-probability of the text, natural, as if no grammar had helped. tokens_in: of the
    prompt, which all answers share. seconds: of the whole batch. text: as written, cut or not.
    """

    plan: Plan | None = None
    question: str = ""
    reason: str = ""
    score: float | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    seconds: float = 0.0
    cost: float | None = None
    tries: int = 1
    model: str = ""
    text: str = ""


@dataclass
class _Row:
    """One answer of the batch while it is written."""

    matcher: LLMatcher
    tokens: list[int]
    score: float = 0.0
    ended: bool = False
    fault: str = ""


class HuggingFaceWriter:
    """A causal language model and its tokenizer.

    max_tokens: of one answer. seconds: for the whole batch. temperature: of all answers but the first, which is
    greedy. seed: the same prompt then gives the same answers on the same machine.
    """

    def __init__(
        self,
        name: str,
        model: Any,
        tokenizer: Any,
        *,
        max_tokens: int = 400,
        seconds: float = 120.0,
        temperature: float = 0.8,
        seed: int = 0,
    ) -> None:
        if max_tokens < 1 or seconds <= 0 or temperature <= 0:
            raise ValueError("max_tokens, seconds and temperature are more than 0")
        try:
            from llguidance.hf import from_tokenizer
        except ImportError as error:
            raise _missing(error) from None
        self.name = name
        self.model = model
        self.tokenizer = tokenizer
        self.max_tokens, self.seconds = max_tokens, seconds
        self.temperature, self.seed = temperature, seed
        self._vocabulary = int(model.get_output_embeddings().weight.shape[0])
        if tokenizer.eos_token_id is None:
            raise UnavailableError(
                f"the tokenizer of {name} has no token for the end of a text", mend="Take another model."
            )
        try:
            self._words = from_tokenizer(tokenizer, n_vocab=self._vocabulary)
        except ValueError as error:
            raise UnavailableError(
                f"the tokenizer of {name} can't be used: {_first_line(error)}",
                mend="Take a model with a fast tokenizer (tokenizer.json) that fits its weights.",
            ) from None

    @classmethod
    def open(cls, name: str, **limits: Any) -> HuggingFaceWriter:
        """The model of that name: a folder on this machine, else an id of the hub. Raises UnavailableError."""
        where = name.removeprefix(PREFIX).strip()
        if not where:
            raise UnavailableError(f"{name!r} names no model", mend='Write model = "hf:<folder or hub id>".')
        try:
            import torch
            from transformers import AutoModelForCausalLM, AutoTokenizer
        except ImportError as error:
            raise _missing(error) from None
        try:
            tokenizer = AutoTokenizer.from_pretrained(where)
            model: Any = AutoModelForCausalLM.from_pretrained(where, dtype="auto")
            model = model.to("cuda" if torch.cuda.is_available() else "cpu").eval()
        except Exception as error:
            # a missing folder, no network, a damaged file, another kind of model: each library has its own errors
            raise UnavailableError(
                f"{name} can't be loaded: {_first_line(error)}",
                mend="Name a folder with config.json, model.safetensors and tokenizer.json of a causal language model, "
                "or an id of the hub while there is a network.",
            ) from None
        return cls(f"{PREFIX}{where}", model, tokenizer, **limits)

    def propose(self, prompt: Prompt, n: int = 1) -> list[HfAnswer]:
        """n answers, the first of them greedy. UnavailableError where the machine can't run the model."""
        if n < 1:
            raise ValueError("at least one answer is asked for")
        import torch

        start = time.monotonic()
        asked = self._asked(prompt)
        room = self._room() - len(asked)
        if room < 1:
            why = f"the prompt has {len(asked)} tokens, and {self.name} reads {self._room()} at most"
            return [HfAnswer(reason=why, tokens_in=len(asked), tokens_out=0, model=self.name)] * n
        rows = self._rows(prompt, n)
        try:
            with torch.inference_mode():
                cut = self._write(asked, rows, min(room, self.max_tokens), start + self.seconds)
        except RuntimeError as error:
            raise UnavailableError(
                f"{self.name} can't be run here: {_first_line(error)}", mend="Take a smaller model, or fewer answers."
            ) from None
        took = time.monotonic() - start
        return [self._answer(row, cut, len(asked), took) for row in rows]

    # ------------------------------------------------------------ the prompt

    def _asked(self, prompt: Prompt) -> list[int]:
        if getattr(self.tokenizer, "chat_template", None):
            said = [{"role": "system", "content": prompt.rules}, {"role": "user", "content": prompt.question()}]
            text = self.tokenizer.apply_chat_template(said, tokenize=False, add_generation_prompt=True)
            return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])
        return list(self.tokenizer(f"{prompt.text()}\n")["input_ids"])

    def _room(self) -> int:
        """How many tokens the model reads and writes at most."""
        most = getattr(self.model.config, "max_position_embeddings", None)
        return int(most) if isinstance(most, int) and most > 0 else 1 << 20

    def _rows(self, prompt: Prompt, n: int) -> list[_Row]:
        from llguidance import LLMatcher

        first = LLMatcher(
            self._words, LLMatcher.grammar_from_lark(lark(prompt.tables, prompt.operations, prompt.processes))
        )
        if first.is_error():
            raise UnavailableError(f"the grammar of this request can't be used: {_line(first.get_error())}")
        return [_Row(first if number == 0 else first.deep_copy(), []) for number in range(n)]

    # ------------------------------------------------------------ the answers

    def _write(self, asked: list[int], rows: list[_Row], most: int, until: float) -> str:
        """Fill the rows; what cut those that haven't ended."""
        import torch

        device = self.model.device
        chance = torch.Generator().manual_seed(self.seed)
        # the prompt is read once, and what was understood of it is then copied for every row
        read = self.model(input_ids=torch.tensor([asked], device=device), use_cache=True)
        past = read.past_key_values
        if len(rows) > 1:
            past.batch_repeat_interleave(len(rows))
        logits = read.logits[:, -1].expand(len(rows), -1)
        for _ in range(most):
            chosen = self._choose(logits.float().cpu(), rows, chance)
            if all(row.ended for row in rows):
                return ""
            if time.monotonic() > until:
                return f"in {self.seconds:g} s"
            read = self.model(
                input_ids=torch.tensor(chosen, device=device)[:, None], past_key_values=past, use_cache=True
            )
            past, logits = read.past_key_values, read.logits[:, -1]
        return f"within {most} tokens"

    def _choose(self, logits: torch.Tensor, rows: list[_Row], chance: torch.Generator) -> list[int]:
        """The next token of every row; that of rows which have ended doesn't count."""
        import numpy as np
        import torch

        logits = torch.nan_to_num(logits, nan=-1e9, posinf=1e9, neginf=-1e9)
        chosen = []
        for number, row in enumerate(rows):
            token = int(self.tokenizer.eos_token_id)
            if not row.ended:
                bits = np.frombuffer(row.matcher.compute_bitmask(), dtype=np.uint8)
                allowed = torch.from_numpy(np.unpackbits(bits, bitorder="little")[: self._vocabulary].astype(bool))
                if row.matcher.is_error() or not bool(allowed.any()):
                    row.ended, row.fault = True, _line(row.matcher.get_error()) or "no token fits"
                else:
                    token = self._pick(logits[number].masked_fill(~allowed, -math.inf), chance, greedy=number == 0)
                    self._take(row, token, float(torch.log_softmax(logits[number], -1)[token]))
            chosen.append(token)
        return chosen

    def _pick(self, logits: torch.Tensor, chance: torch.Generator, *, greedy: bool) -> int:
        import torch

        if greedy:
            return int(logits.argmax())
        return int(torch.multinomial(torch.softmax(logits / self.temperature, -1), 1, generator=chance))

    def _take(self, row: _Row, token: int, score: float) -> None:
        row.score += score
        if token in self._words.eos_tokens:
            row.ended = True
            return
        row.tokens.append(token)
        if not row.matcher.consume_token(token):
            row.ended, row.fault = True, _line(row.matcher.get_error())
        elif row.matcher.is_stopped():
            row.ended = True

    def _answer(self, row: _Row, cut: str, read: int, took: float) -> HfAnswer:
        text = self._words.decode_bytes(row.tokens).decode("utf-8", errors="replace")
        plan, question, reason = None, "", ""
        if row.fault:
            reason = f"{self.name} left the grammar of plans: {row.fault}"
        elif not row.ended:
            reason = f"{self.name} came to no end {cut}"
        else:
            try:
                plan, question, reason = _read(text)
            except ProblemsError as error:
                reason = f"{self.name} wrote no plan: {error.problems[0].message}"
        return HfAnswer(
            plan=plan,
            question=question,
            reason=reason,
            score=row.score,
            tokens_in=read,
            tokens_out=len(row.tokens),
            seconds=took,
            model=self.name,
            text=text,
        )


def _read(text: str) -> tuple[Plan | None, str, str]:
    """Plan, question and reason, of which one is given. Raises ProblemsError."""
    word, _, rest = text.strip().partition(" ")
    if word in ("ask", "cannot") and rest.startswith('"'):
        said = " ".join(read_text(rest).split())
        nothing = "the model said that it can't be done, and not why"
        return (None, said or "What exactly shall be done?", "") if word == "ask" else (None, "", said or nothing)
    return parse_line(text), "", ""


def _missing(error: ImportError) -> UnavailableError:
    return UnavailableError(
        f"models of Hugging Face need torch, transformers and llguidance, and {error.name} isn't installed",
        mend="pip install 'deskhand[hf]'. Processes run without them, by their names and phrases.",
    )


def _first_line(error: BaseException) -> str:
    return _line(str(error)) or type(error).__name__


def _line(text: str) -> str:
    return (text.splitlines() or [""])[0][:300]
