"""Chat models as writers of plans, through LangChain: `langchain:<provider>:<model>`.

    writer = ChatWriter.open("langchain:openai:gpt-5", settings, check)
    written = writer.propose(prompt, n=1)

An answer that is no plan, or fails the check, goes back with its problems, at most twice. A chat model runs elsewhere:
it gets the prompt (names, types and few sample values; see `prompt`), and nothing that is read while a plan runs.

LangChain is imported when a model is asked, never before. This module refuses to run plans, to send anything but
the prompt and the model's own answers, and to put a key into a message.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from deskhand.errors import Problem, ProblemsError, UnavailableError, WorkspaceError
from deskhand.plan import Plan
from deskhand.planner.prompt import RULES, Prompt, complaint
from deskhand.planner.writer import Answer, Read, read_answer
from deskhand.secret import mask, resolve

PREFIX = "langchain:"
MOST_MENDS = 2
"""How often an answer goes back with its problems; a third time was never seen to help."""
AT_ONCE = 4

Check = Callable[[Plan], Sequence[Problem]]


@dataclass(frozen=True)
class ChatSettings:
    """How a chat model is reached.

    base_url: of a server with the provider's protocol; None for the provider's own. api_key: resolved; None where
    the provider's client finds it itself (OPENAI_API_KEY, …). timeout: seconds for one answer. retries: after a
    lost connection, a 429 or a 5xx, with the client's own backoff. temperature: None leaves it to the model.
    max_tokens: of one answer.
    """

    base_url: str | None = None
    api_key: str | None = field(default=None, repr=False)
    timeout: float = 60.0
    retries: int = 2
    temperature: float | None = None
    max_tokens: int = 2000

    @staticmethod
    def of(values: Mapping[str, Any]) -> ChatSettings:
        """From [planner] of agent.toml, references to secrets unresolved. Raises WorkspaceError."""
        known: dict[str, tuple[Any, str]] = {
            "base_url": (str, '"https://llm.acme.example/v1"'),
            "api_key": (str, '"${env:LLM_KEY}"'),
            "timeout": ((int, float), "60"),
            "retries": (int, "2"),
            "temperature": ((int, float), "0"),
            "max_tokens": (int, "2000"),
        }
        taken: dict[str, Any] = {}
        for name, (kind, example) in known.items():
            given = values.get(name)
            if given is None:
                continue
            lowest = 0 if name in ("retries", "temperature") else 1
            wrong = isinstance(given, bool) or not isinstance(given, kind)
            if wrong or (kind is not str and given < lowest) or given == "":
                raise WorkspaceError(
                    f"planner.{name} can't be {_named(name, given)}", mend=f"Write {name} = {example}."
                )
            taken[name] = resolve(given, where="[planner]")
        return ChatSettings(**taken)


def _named(name: str, given: Any) -> str:
    return "this" if name == "api_key" else repr(given)


def split_name(name: str) -> tuple[str, str]:
    """Provider and model of `langchain:<provider>:<model>`. Raises WorkspaceError."""
    provider, _, model = name.removeprefix(PREFIX).partition(":")
    if not name.startswith(PREFIX) or not provider.strip() or not model.strip():
        raise WorkspaceError(
            f"{name!r} names no chat model",
            mend='Write model = "langchain:<provider>:<model>", such as "langchain:openai:gpt-5".',
        )
    return provider.strip(), model.strip()


class ChatWriter:
    """A chat model that writes plans; `check` is what a plan must pass."""

    def __init__(self, name: str, model: Any, check: Check | None = None, secrets: Sequence[str] = ()) -> None:
        self.name = name
        self.check = check
        self._model = model
        self._secrets = tuple(secrets)

    @classmethod
    def open(cls, name: str, settings: ChatSettings | None = None, check: Check | None = None) -> ChatWriter:
        """The model of that name; sends nothing yet. WorkspaceError, or UnavailableError for what is missing."""
        provider, model = split_name(name)
        settings = settings or ChatSettings()
        secrets = [settings.api_key] if settings.api_key else []
        try:
            from langchain.chat_models import init_chat_model
        except ImportError as error:
            raise UnavailableError(
                f"chat models need LangChain, and {error.name} isn't installed",
                mend="pip install 'deskhand[langchain]'. Processes run without it, by their names and phrases.",
            ) from None
        given: dict[str, Any] = {
            "timeout": settings.timeout,
            "max_retries": settings.retries,
            "max_tokens": settings.max_tokens,
            "base_url": settings.base_url,
            "api_key": settings.api_key,
            "temperature": settings.temperature,
        }
        try:
            opened = init_chat_model(
                model, model_provider=provider, **{key: value for key, value in given.items() if value is not None}
            )
        except ImportError as error:
            raise UnavailableError(
                f"the provider {provider!r} needs a package that isn't installed: {_first_line(error)}",
                mend=f"pip install langchain-{provider.replace('_', '-')}",
            ) from None
        except Exception as error:
            # every provider has errors of its own for a missing key, an unknown provider, a wrong option
            raise UnavailableError(
                f"{name} can't be set up: {mask(_first_line(error), secrets)}",
                mend='Check [planner] in agent.toml: model, base_url, and api_key = "${env:NAME}".',
            ) from None
        return cls(name, opened, check, secrets)

    def propose(self, prompt: Prompt, n: int = 1) -> list[Answer]:
        """n answers, asked for side by side. UnavailableError where the model can't be reached; rubbish is a reason."""
        if n < 1:
            raise ValueError("at least one answer is asked for")
        if n == 1:
            return [self._answer(prompt)]
        from concurrent.futures import ThreadPoolExecutor

        with ThreadPoolExecutor(max_workers=min(n, AT_ONCE)) as pool:
            return list(pool.map(self._answer, [prompt] * n))

    def _answer(self, prompt: Prompt) -> Answer:
        start = time.monotonic()
        took = _Took()
        said: list[tuple[str, str]] = [("system", RULES), ("human", prompt.question())]
        text, problems = "", list[Problem]()
        for tries in range(1, MOST_MENDS + 2):
            text = self._ask(said, took)
            found, problems = self._judged(text)
            if found is not None:
                return self._made(found, took, start, tries, text)
            said += [("ai", text or "(nothing)"), ("human", complaint(problems))]
        first = problems[0]
        place = f"{first.where}: " if str(first.where) else ""
        why = f"{self.name} wrote no plan that passes its check in {MOST_MENDS + 1} tries ({place}{first.message})"
        return self._made(Read(reason=why), took, start, MOST_MENDS + 1, text)

    def _judged(self, text: str) -> tuple[Read | None, list[Problem]]:
        """What the text says where it can be used, else what is wrong with it."""
        try:
            read = read_answer(text)
        except ProblemsError as error:
            return None, list(error.problems)
        problems = list(self.check(read.plan)) if read.plan is not None and self.check is not None else []
        return (None, problems) if problems else (read, [])

    def _made(self, read: Read, took: _Took, start: float, tries: int, text: str) -> Answer:
        return Answer(
            plan=read.plan,
            question=read.question,
            reason=read.reason,
            tokens_in=took.tokens_in,
            tokens_out=took.tokens_out,
            seconds=time.monotonic() - start,
            cost=took.cost,
            tries=tries,
            model=self.name,
            text=text,
        )

    def _ask(self, said: Sequence[tuple[str, str]], took: _Took) -> str:
        try:
            message = self._model.invoke(list(said))
        except Exception as error:
            # clients share no base class for "the server is down", "no such key" and the like
            raise self._unavailable(error) from None
        took.add(message)
        return _text(message)

    def _unavailable(self, error: Exception) -> UnavailableError:
        """The client's error in plain words; the key is never part of it."""
        said = mask(_first_line(error), self._secrets)
        kinds = [type(one).__name__.lower() for one in _causes(error)]
        status = next((code for one in _causes(error) if isinstance(code := _status(one), int)), None)
        if status in (401, 403):
            return UnavailableError(
                f"{self.name} doesn't accept the key ({status})", mend='Set api_key = "${env:NAME}" in [planner].'
            )
        if status == 404:
            return UnavailableError(
                f"there is no {self.name} at that address ({said})", mend="Check model and base_url."
            )
        if status == 429:
            return UnavailableError(
                f"{self.name} takes no more requests for now (429)",
                mend="Try again later, or check the account's quota.",
            )
        if any("timeout" in kind or "timedout" in kind for kind in kinds):
            return UnavailableError(
                f"{self.name} didn't answer in time", mend="Try again, or raise timeout in [planner] of agent.toml."
            )
        if status is not None and status >= 500:
            return UnavailableError(f"{self.name} failed ({status})", mend="Try again later.")
        if any("connect" in kind for kind in kinds):
            return UnavailableError(
                f"{self.name} can't be reached", mend="Check base_url in [planner], and the network."
            )
        return UnavailableError(f"{self.name} gave no answer: {said}", mend="Check [planner] in agent.toml.")


@dataclass
class _Took:
    """What the tries of one answer took together; None where the server doesn't tell."""

    tokens_in: int | None = None
    tokens_out: int | None = None
    cost: float | None = None

    def add(self, message: Any) -> None:
        usage = getattr(message, "usage_metadata", None) or {}
        self.tokens_in = _sum(self.tokens_in, usage.get("input_tokens"))
        self.tokens_out = _sum(self.tokens_out, usage.get("output_tokens"))
        told = getattr(message, "response_metadata", None) or {}
        usage = told.get("token_usage") or told.get("usage") or {}
        cost = usage.get("cost") if isinstance(usage, Mapping) else None
        self.cost = _sum(self.cost, cost)


def _sum(so_far: Any, more: Any) -> Any:
    if isinstance(more, bool) or not isinstance(more, int | float):
        return so_far
    return more if so_far is None else so_far + more


def _text(message: Any) -> str:
    """The message's text; of a list of blocks those that are text."""
    content = getattr(message, "content", "")
    if isinstance(content, str):
        return content
    blocks = [block.get("text", "") if isinstance(block, Mapping) else str(block) for block in cast(list[Any], content)]
    return "".join(block for block in blocks if isinstance(block, str))


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in found:
        found.append(one)
        one = one.__cause__ or one.__context__
    return found


def _status(error: BaseException) -> Any:
    return getattr(error, "status_code", None) or getattr(getattr(error, "response", None), "status_code", None)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:300]
