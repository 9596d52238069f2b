"""The line form of the corpus's plans is taken by the grammar that is made for their own office."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from deskhand.plan_line import parse_line, print_line
from deskhand.planner.prompt import Prompt
from deskhand_models.corpus.catalog import OfficeCatalog
from deskhand_models.corpus.office import Office
from deskhand_models.corpus.pairs import sentence_files
from deskhand_models.corpus.validate import NOW, Pair, by_name, pairs_of
from deskhand_models.grammar import parse
from deskhand_models.line_grammar import lark
from deskhand_models.to_plan import to_plan

llguidance = pytest.importorskip("llguidance")

EVERY = 24
"""One in so many of the corpus's files; all of them take a minute or two."""


class _Bytes:
    """A tokenizer whose words are bytes."""

    def __init__(self) -> None:
        self.eos_token_id, self.bos_token_id, self.special_token_ids = 256, None, [256]
        self.tokens = [bytes([n]) for n in range(256)] + [b"<end>"]

    def __call__(self, text: bytes) -> list[int]:
        return list(text)


class _Catalog(OfficeCatalog):
    """An office with as much more of a catalog as a prompt asks for."""

    @property
    def workspace(self) -> Any:  # type: ignore[override]
        return SimpleNamespace(
            connections={name: SimpleNamespace(tool=kind) for name, kind in self.office.tools.items()}
        )

    def tables(self, connection: str) -> list[Any]:
        return [self.table(connection, name) for name in self.table_names(connection)]


def grammar(office: Office) -> Any:
    """What takes the plans of an office, at their beginning."""
    catalog = _Catalog(office)
    shown = [(c, name) for c in catalog.connections() for name in catalog.table_names(c)]
    prompt = Prompt.of("", NOW, catalog, tables=shown)
    words = llguidance.LLTokenizer(llguidance.TokenizerWrapper(_Bytes()))
    made = llguidance.LLMatcher(words, llguidance.LLMatcher.grammar_from_lark(lark(prompt.tables, prompt.operations)))
    assert not made.is_error(), made.get_error()
    return made


def test_the_plans_of_the_corpus_are_taken_by_their_own_grammar() -> None:
    made: dict[str, Any] = {}
    taken, refused = 0, []
    for file in list(sentence_files())[::EVERY]:
        last = None
        for pair in pairs_of(file, checked=False):
            if not isinstance(pair, Pair) or pair.signs[0] in ("ask", "cannot") or pair.block is last:
                continue
            last, name = pair.block, pair.block.office
            plan = to_plan(parse(pair.cut, list(pair.signs)), pair.cut)
            text = print_line(plan)
            assert parse_line(text) == plan
            matcher = made.setdefault(name, None) or made.update({name: grammar(by_name()[name])}) or made[name]
            matcher = matcher.deep_copy()
            said = list(text.encode())
            count = matcher.try_consume_tokens(said)
            if count < len(said) or not matcher.is_accepting():
                refused.append((name, bytes(said[:count]).decode(errors="replace")[-60:], text))
            taken += 1
    assert taken > 200
    assert not refused, refused[:3]
