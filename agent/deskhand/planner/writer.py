"""The seam of the models that write plans as text: a prompt goes in, what they wrote comes out, read and typed.

    written = writer.propose(Prompt.of(request, now, catalog), n=4)

`chat.ChatWriter` asks a chat model through LangChain; `deskhand_models.hf.HuggingFaceWriter` a model on this machine.
What is written is neither trusted nor run here: a plan still has to pass the check. This module refuses to guess what
an answer that is no plan could have meant.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from deskhand.errors import ProblemsError
from deskhand.plan import Plan
from deskhand.planner.prompt import Prompt

MAX_ANSWER = 100_000
"""Characters of an answer; what is longer is none."""

_FENCE = re.compile(r"^[ \t]*```[^\n]*\n(.*?)^[ \t]*```", re.DOTALL | re.MULTILINE)
_THOUGHT = re.compile(r"\A\s*<(think|thinking|reasoning)>.*?</\1>", re.DOTALL | re.IGNORECASE)
_REFUSAL = re.compile(r"(ask|cannot)\s*:?\s+(?=[\"'])")


class Written(Protocol):
    """One thing that a model wrote: exactly one of plan, question and reason, and what it took."""

    @property
    def plan(self) -> Plan | None:
        """The plan; unchecked unless the writer was given a check."""

    @property
    def question(self) -> str:
        """What to ask back; empty for none."""

    @property
    def reason(self) -> str:
        """Why it can't be done, or why what was written is no plan; empty for none."""

    @property
    def score(self) -> float | None:
        """The log-probability of the text, natural; None where the model doesn't tell."""

    @property
    def tokens_in(self) -> int | None:
        """Tokens read, over all tries; None where the model doesn't tell."""

    @property
    def tokens_out(self) -> int | None:
        """Tokens written, over all tries."""

    @property
    def seconds(self) -> float:
        """Wall time."""

    @property
    def cost(self) -> float | None:
        """In the server's currency; None where it doesn't tell."""


class PlanWriter(Protocol):
    """A model that writes plans."""

    def propose(self, prompt: Prompt, n: int) -> Sequence[Written]:
        """n answers, equal ones included. UnavailableError where the model can't be reached or loaded."""


@dataclass(frozen=True)
class Answer:
    """A `Written`. text: as it was written last; tries: how often the model was asked; model: by its full name."""

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

    def to_json(self) -> dict[str, str | int | float | None]:
        """What a trace keeps of it: what it took, and what was asked back or refused; the plan has its own place."""
        return {
            "model": self.model,
            "tries": self.tries,
            "tokens_in": self.tokens_in,
            "tokens_out": self.tokens_out,
            "seconds": round(self.seconds, 3),
            "cost": self.cost,
            "score": self.score,
            "question": self.question or None,
            "reason": self.reason or None,
        }


@dataclass(frozen=True)
class Read:
    """An answer, read: exactly one of them is given."""

    plan: Plan | None = None
    question: str = ""
    reason: str = ""


def read_answer(text: str) -> Read:
    """What a model's text says. A code fence, and thoughts before the answer, are taken off.

    Raises ProblemsError, whose problems can be fed back, where it is no plan, question or reason.
    """
    from deskhand.errors import Problem
    from deskhand.plan_line import parse_line
    from deskhand.plan_line_read import read_text

    answer = _THOUGHT.sub("", text, count=1)
    if (fence := _FENCE.search(answer)) is not None:
        answer = fence[1]
    answer = answer.strip()
    if len(answer) > MAX_ANSWER:
        raise ProblemsError([Problem("too-long", f"the answer has {len(answer)} characters", "Write a plan only.")])
    if not answer:
        raise ProblemsError([Problem("empty", "the answer is empty", "Write the plan, or ask, or cannot.")])
    if (refusal := _REFUSAL.match(answer)) is not None:
        said = " ".join(read_text(answer[refusal.end() :]).split())
        if not said:
            raise ProblemsError([Problem("empty", f"`{refusal[1]}` says nothing", 'ask "Which month is meant?"')])
        return Read(question=said) if refusal[1] == "ask" else Read(reason=said)
    return Read(plan=parse_line(answer))
