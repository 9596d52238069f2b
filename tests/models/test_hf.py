"""A model of Hugging Face writes plans under their grammar: a tiny one, with weights drawn by chance."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from deskhand.contract import Column, Table
from deskhand.errors import UnavailableError
from deskhand.plan import Input, Plan, Query
from deskhand.plan_line import parse_line, print_line
from deskhand.planner.prompt import Prompt
from deskhand.planner.writer import PlanWriter, Written
from deskhand_models.hf import HfAnswer, HuggingFaceWriter
from deskhand_models.line_grammar import lark
from deskhand_tools.database import DatabaseTool
from deskhand_tools.mail import MailTool

torch = pytest.importorskip("torch")
llguidance = pytest.importorskip("llguidance")

NOW = dt.datetime(2026, 3, 12, 9)
INVOICES = Table(
    "invoices",
    (
        Column("number", "VARCHAR"),
        Column("amount", "DECIMAL(18,2)"),
        Column("status", "VARCHAR", samples=("open", "paid")),
        Column("Due on", "DATE"),
        Column("date", "DATE"),
        Column("vendor_id", "BIGINT"),
    ),
    key=("number",),
)
VENDORS = Table(
    "vendors", (Column("id", "BIGINT"), Column("name", "VARCHAR"), Column("Straße", "VARCHAR")), key=("id",)
)
INBOX = Table("inbox", (Column("id", "VARCHAR"), Column("subject", "VARCHAR", samples=("secret",))), writable=False)
PLANNED = Plan(
    description="Say it again.", inputs={"who": Input(), "rows": Input()}, steps=(Query(query="select 1 as a"),)
)


class Office:
    """As much of a catalog as a prompt asks for."""

    def __init__(self, extra: int = 0) -> None:
        more = [Table(f"table {n}", (Column(f"column_{n}", "VARCHAR"),)) for n in range(extra)]
        self.held = {"ledger": [INVOICES, VENDORS, *more], "mail": [INBOX]}
        self.kinds = {"ledger": DatabaseTool, "mail": MailTool}

    @property
    def workspace(self) -> Any:
        settings = {name: type("Connection", (), {"tool": kind.name}) for name, kind in self.kinds.items()}
        return type("Workspace", (), {"connections": settings})

    def connections(self) -> list[str]:
        return list(self.held)

    def tables(self, connection: str) -> list[Table]:
        return self.held[connection]

    def operations(self) -> dict[str, Any]:
        return {name: kind for tool in self.kinds.values() for name, kind in tool.operations.items()}

    def connections_for(self, operation: str) -> list[str]:
        return [name for name, tool in self.kinds.items() if operation in tool.operations]


PROMPT = Prompt.of("which invoices are open?", NOW, Office(), processes={"say-again": PLANNED})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that was never trained, with a tokenizer whose words are bytes."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    words = {letter: number for number, letter in enumerate([*letters, "<end>"])}
    own = Tokenizer(models.BPE(vocab=words, merges=[]))
    own.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)  # type: ignore[assignment]
    own.decoder = decoders.ByteLevel()  # type: ignore[assignment]
    own.add_special_tokens(["<end>"])
    place = tmp_path_factory.mktemp("tiny")
    PreTrainedTokenizerFast(tokenizer_object=own, eos_token="<end>").save_pretrained(place)
    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=len(words),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=9000,
        eos_token_id=words["<end>"],
        bos_token_id=None,
    )
    LlamaForCausalLM(config).save_pretrained(place)
    return place


def test_every_output_is_a_plan_or_is_refused(folder: Path) -> None:
    writer = HuggingFaceWriter.open(f"hf:{folder}", max_tokens=120, temperature=1.0)
    written = [one for seed in range(3) for one in _with(writer, seed).propose(PROMPT, 8)]
    ended = 0
    for one in written:
        assert sum(map(bool, (one.plan, one.question, one.reason))) == 1
        assert one.tokens_in and one.tokens_out and one.score is not None and one.score < 0
        if one.plan is not None:
            ended += 1
            assert parse_line(one.text) == one.plan
            assert parse_line(print_line(one.plan)) == one.plan
        elif not one.question:
            assert "came to no end within 120 tokens" in one.reason or one.text.startswith("cannot")
    assert ended >= 2, [one.text for one in written]


def _with(writer: HuggingFaceWriter, seed: int) -> HuggingFaceWriter:
    writer.seed = seed
    return writer


def test_the_same_seed_writes_the_same(folder: Path) -> None:
    writer = HuggingFaceWriter.open(f"hf:{folder}", max_tokens=40, seed=3)
    first, second = writer.propose(PROMPT, 3), writer.propose(PROMPT, 3)
    assert [(one.text, one.score) for one in first] == [(one.text, one.score) for one in second]
    assert len({one.text for one in first}) > 1, "samples differ"
    (alone,) = writer.propose(PROMPT, 1)
    assert alone.text == first[0].text, "the first is the greedy one, however many there are"


def test_the_score_is_the_models_own(folder: Path) -> None:
    writer = HuggingFaceWriter.open(f"hf:{folder}", max_tokens=12)
    (one,) = writer.propose(PROMPT, 1)
    asked = writer._asked(PROMPT)
    tokens = writer.tokenizer(one.text)["input_ids"]
    with torch.inference_mode():
        logits = writer.model(torch.tensor([asked + tokens])).logits[0]
    chances = torch.log_softmax(logits[len(asked) - 1 : -1].float(), -1)
    expected = sum(float(chances[n, token]) for n, token in enumerate(tokens))
    assert one.score == pytest.approx(expected, abs=1e-3)


def test_a_prompt_that_is_too_long_is_refused(folder: Path) -> None:
    long = Prompt.of("which? " * 1500, NOW, Office())
    written = HuggingFaceWriter.open(f"hf:{folder}").propose(long, 2)
    assert [one.plan for one in written] == [None, None]
    assert "reads 9000 at most" in written[0].reason


def test_a_batch_that_takes_too_long_is_cut(folder: Path) -> None:
    (one,) = HuggingFaceWriter.open(f"hf:{folder}", seconds=1e-6).propose(PROMPT)
    assert "came to no end in 1e-06 s" in one.reason


def test_a_chat_template_is_used(folder: Path) -> None:
    writer = HuggingFaceWriter.open(f"hf:{folder}", max_tokens=5)
    writer.tokenizer.chat_template = "{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}"
    asked = writer.tokenizer.decode(writer._asked(PROMPT))
    assert asked == f"<system>{PROMPT.rules}<user>{PROMPT.question()}"
    assert len(writer.propose(PROMPT, 2)) == 2


def test_weights_that_are_no_numbers_raise_nothing(folder: Path) -> None:
    writer = HuggingFaceWriter.open(f"hf:{folder}", max_tokens=30)
    with torch.no_grad():
        writer.model.get_output_embeddings().weight.fill_(float("nan"))
    for one in writer.propose(PROMPT, 2):
        assert one.plan is not None or one.reason or one.question


@pytest.mark.parametrize("damage", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_damaged_model_is_said(folder: Path, tmp_path: Path, damage: str) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(b"{" if file.name == damage else file.read_bytes())
    with pytest.raises(UnavailableError) as caught:
        HuggingFaceWriter.open(f"hf:{tmp_path}")
    assert "can't be loaded" in caught.value.message
    assert "config.json" in caught.value.mend


@pytest.mark.parametrize("name", ["hf:", "hf: "])
def test_a_name_that_names_nothing(name: str) -> None:
    with pytest.raises(UnavailableError, match="names no model"):
        HuggingFaceWriter.open(name)


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(UnavailableError, match="can't be loaded"):
        HuggingFaceWriter.open(f"hf:{tmp_path}")


@pytest.mark.parametrize("limits", [{"max_tokens": 0}, {"seconds": 0}, {"temperature": 0}])
def test_wrong_limits(folder: Path, limits: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="more than 0"):
        HuggingFaceWriter.open(f"hf:{folder}", **limits)


def test_it_is_a_writer(folder: Path) -> None:
    writer: PlanWriter = HuggingFaceWriter.open(f"hf:{folder}", max_tokens=3)
    written: Written = writer.propose(PROMPT, 1)[0]
    assert isinstance(written, HfAnswer)


# ---------------------------------------------------------------- the grammar


def accepts(text: str, prompt: Prompt = PROMPT) -> bool:
    """Whether the grammar takes the text from beginning to end, byte by byte."""
    matcher = llguidance.LLMatcher(
        words(), llguidance.LLMatcher.grammar_from_lark(lark(prompt.tables, prompt.operations, prompt.processes))
    )
    assert not matcher.is_error(), matcher.get_error()
    said = list(text.encode())
    return matcher.try_consume_tokens(said) == len(said) and bool(matcher.is_accepting())


def words() -> Any:
    class Bytes:
        eos_token_id, bos_token_id, special_token_ids = 256, None, [256]
        tokens = [bytes([n]) for n in range(256)] + [b"<end>"]

        def __call__(self, text: bytes) -> list[int]:
            return list(text)

    return llguidance.LLTokenizer(llguidance.TokenizerWrapper(Bytes()))


GOOD = [
    "select number from ledger.invoices",
    "found expect=some: select i.number as n, count(*) as c from ledger.invoices i where lower(i.status) = 'o''pen' "
    'and i."Due on" < days_ago(3) group by i.number having count(*) > 1 order by c desc nulls last limit 5',
    'found: select "number", date, "date" from ledger.invoices where date >= date \'2026-01-01\' or not (amount > -1.50)',
    'a: select v."Straße", sum(i.amount) as total from ledger.invoices i left join ledger.vendors v on v.id = i.vendor_id '
    'group by v."Straße"',
    "a: select number from ledger.invoices i where exists (select 1 from ledger.vendors v where v.id = i.vendor_id)",
    "a: select number from ledger.invoices\\n  where vendor_id in (select id from ledger.vendors)\\n  and amount is not null",
    "a: with b as (select number from ledger.invoices) select number from b union all select c.number from b c",
    "a: select number from ledger.invoices union select name from ledger.vendors",
    "a: select 'x' as number, 5 as amount, current_date as Done, true as Today",
    "a: select case when amount > 5 then 'big' else 'small' end as size, cast(amount as decimal(18,2)) as m, "
    "row_number() over (partition by status order by amount desc) as r from ledger.invoices",
    'a: select number from ledger.invoices\nemail.send rows=a per=number to="{{ number }}" subject="An \\"old\\" one" '
    'body="a\\nb" attach=[{table: a, name: a.xlsx}, "b c.pdf"]',
    "a: select number, 'paid' as status from ledger.invoices\ndatabase.update rows=a table=ledger.invoices key=number",
    'a: select id from mail.inbox\nb: email.mark rows=a as=read\nemail.move rows=b.done folder="Old ones"',
    "a: select id from mail.inbox\nfor_each a as m\n  email.delete rows=m\n  email.send when=m to=[a, b] subject=x\napprove",
    'a: select 1 as one\napprove rows=a ask="Go on?" by=boss two=true\ncall say-again rows=a who="{{ one }}" "rows"=x\n',
    'a: select 1 as one\nemail.send unless="select count(*) > 3 from a" to="a@b.example" subject=Hello',
    'ask "Which month?"',
    'cannot "nothing here prints"',
]
BAD = [
    "select name from ledger.invoices",
    "select number from ledger.invoice",
    "select i.name from ledger.invoices i",
    "select number, subject from ledger.invoices i join ledger.nothing v on v.id = i.vendor_id",
    "a: select number from ledger.invoices where",
    "a: select number from ledger.invoices; drop table x",
    "a: select number as table from ledger.invoices",
    "table: select number from ledger.invoices",
    "rows: select number from ledger.invoices",
    "a: select number from ledger.invoices\ndatabase.update table=ledger.invoices",
    "a: select id from mail.inbox\ndatabase.update rows=a table=mail.inbox",
    "a: select id from mail.inbox\nemail.mark rows=a as=gone",
    "a: select id from mail.inbox\nemail.shred rows=a",
    "email.send subject=x",
    'email.send to="a" to="b" subject=x',
    "call nothing",
    "Sure! Here is the plan:",
    "",
]


@pytest.mark.parametrize("text", GOOD)
def test_the_grammar_takes_what_reads_back(text: str) -> None:
    assert accepts(text)
    if not text.startswith(("ask", "cannot")):
        assert parse_line(text)


@pytest.mark.parametrize("text", BAD)
def test_the_grammar_refuses(text: str) -> None:
    assert not accepts(text)


def test_what_no_grammar_knows_is_left_to_the_check() -> None:
    assert accepts("select anything from a_step_that_is_not_there")


def test_a_workspace_with_many_tables_and_one_with_none() -> None:
    many = Prompt.of("what is in table 299?", NOW, Office(extra=300))
    assert accepts('a: select column_299 from ledger."table 299"', many)
    none = Prompt("hello", NOW)
    assert accepts("a: select 1 as one", none)
    assert not accepts("email.send to=a subject=b", none)
