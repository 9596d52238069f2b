"""The plan of a draft: a mail's texts, names of steps, and a request's words as data."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from deskhand.plan import Act, Plan, Query
from deskhand_models.grammar import parse
from deskhand_models.signs import Sign
from deskhand_models.slices import Slice
from deskhand_models.to_plan import column, escaped, sentence, to_plan
from jinja2.sandbox import SandboxedEnvironment

SliceFor = Callable[[str], Slice]
Signs = Callable[[Slice, str], list[Sign]]

LOTS = "from t:Lots where c:Lots.Hammer is_null select c:Lots.SaleNo c:Lots.LotNo c:Lots.Descr "
REQUEST = "tell Bids the viewing moved to noon"


@pytest.fixture
def plan_of(slice_for: SliceFor, signs_of: Signs) -> Callable[..., Plan]:
    def made(text: str, request: str = REQUEST) -> Plan:
        cut = slice_for(request)
        return to_plan(parse(cut, signs_of(cut, f"{text} stop")), cut)

    return made


def mail(plan: Plan) -> dict[str, object]:
    last = plan.steps[-1]
    assert isinstance(last, Act)
    return dict(last.params)


def test_say(plan_of: Callable[..., Plan]) -> None:
    plan = plan_of("send to p:bids cc me say span w:the w:noon")
    (act,) = plan.steps
    assert isinstance(act, Act)
    assert (act.operation, act.rows) == ("email.send", None)
    assert act.params == {
        "to": "bids@gaveloak.example",
        "cc": "office@gavel-and-oak.example",
        "subject": "The viewing moved to noon",
        "body": "The viewing moved to noon.",
    }


def test_mention(plan_of: Callable[..., Plan]) -> None:
    plan = plan_of(LOTS + "send rows #1 to p:bids say span w:the w:noon mention c:Lots.LotNo c:Lots.Descr")
    assert mail(plan) == {
        "to": "bids@gaveloak.example",
        "subject": "Lots: {{ LotNo | default('') }}",
        "body": "The viewing moved to noon.\n\nLotNo: {{ LotNo | default('–') }}\nDescr: {{ Descr | default('–') }}",
    }


def test_a_table_for_each(plan_of: Callable[..., Plan]) -> None:
    plan = plan_of(LOTS + "send rows #1 per c:Lots.SaleNo to p:bids table c:Lots.LotNo c:Lots.Descr")
    last = plan.steps[-1]
    assert isinstance(last, Act)
    assert last.per == ("SaleNo",)
    assert last.params["body"] == '{{ rows | table("LotNo", "Descr") }}'


def test_a_list(plan_of: Callable[..., Plan]) -> None:
    plan = plan_of(LOTS + "send to p:bids list #1")
    assert mail(plan) == {
        "to": "bids@gaveloak.example",
        "subject": "Lots: {{ lots.count }}",
        "body": "{{ lots | table }}",
    }


def test_attached(plan_of: Callable[..., Plan]) -> None:
    params = mail(plan_of(LOTS + "send to p:bids attach #1"))
    assert params["attach"] == [{"table": "lots", "name": "lots.xlsx"}]
    assert params["body"] == "Lots: see the attached list."


def test_a_subject_that_is_said(plan_of: Callable[..., Plan]) -> None:
    params = mail(plan_of("send to p:bids subject span w:viewing w:noon say span w:the w:noon"))
    assert params["subject"] == "Viewing moved to noon"


def test_recipients_from_rows(plan_of: Callable[..., Plan]) -> None:
    plan = plan_of("from t:Parties select c:Parties.Email send rows #1 to c:Parties.Email p:bids say span w:the w:noon")
    assert mail(plan)["to"] == ["{{ Email }}", "bids@gaveloak.example"]


def test_a_stated_address(plan_of: Callable[..., Plan]) -> None:
    plan = plan_of("send to l:email say span w:hello w:hello", "write hello to new@firm.example")
    assert mail(plan)["to"] == "new@firm.example"


def shown(template: object) -> str:
    return SandboxedEnvironment().from_string(str(template)).render(rows="leaked")


@pytest.mark.parametrize("words", ["{{ 7 * 7 }}", "{% if x %} no", "{# gone #} it's", "}} \\ 'x' {{", "{{ rows }}"])
def test_what_looks_like_a_template_stays_data(words: str, plan_of: Callable[..., Plan]) -> None:
    params = mail(plan_of("send to p:bids say span w:START w:END", f"tell Bids START {words} END"))
    assert shown(params["body"]) == f"START {words} END"


def test_a_long_text_that_looks_like_a_template_is_a_subject(plan_of: Callable[..., Plan]) -> None:
    request = "tell Bids START {{ 7 * 7 }} one two three four END"
    params = mail(plan_of("send to p:bids say span w:START w:END", request))
    assert shown(params["subject"]).startswith("START {{ 7 * 7 }} one")


@pytest.mark.parametrize("words", ["plain", "50 {x}", "{{ a }}", "it's {{", "back\\slash {%"])
def test_escaped_text_renders_as_itself(words: str) -> None:
    assert SandboxedEnvironment().from_string(escaped(words)).render(a="leaked", x="leaked") == words


@pytest.mark.parametrize(
    ("name", "shown"),
    [("LotNo", "LotNo"), ("Max bid", 'row["Max bid"]'), ("a.b", 'row["a.b"]'), ("not", 'row["not"]'), ("größe", 'row["größe"]'),
     ('a"b', 'row["a\\"b"]')],
)  # fmt: skip
def test_columns_in_templates(name: str, shown: str) -> None:
    assert column(name) == shown


def test_sentences() -> None:
    assert sentence("see you") == "See you."
    assert sentence("really?") == "Really?"
    assert sentence("a title", stop=False) == "A title"
    assert sentence("") == ""


def test_names_of_steps(plan_of: Callable[..., Plan]) -> None:
    """Each is what its rows are about; the query that names an earlier one follows its name."""
    plan = plan_of(LOTS + "from #1 select c:Lots.LotNo from t:Lots select c:Lots.Dept")
    ids = [step.id for step in plan.steps if isinstance(step, Query)]
    assert len(set(ids)) == 3
    assert ids[0] == "lots"
    second = plan.steps[1]
    assert isinstance(second, Query)
    assert second.query == "select LotNo from lots"


def test_a_workbook(plan_of: Callable[..., Plan]) -> None:
    plan = plan_of(LOTS + "write rows #1 file span w:noon w:noon")
    assert mail(plan) == {"file": "noon.xlsx"}
    assert mail(plan_of(LOTS + "write rows #1"))["file"] == "lots {{ today }}.xlsx"


def test_a_table_that_is_written(plan_of: Callable[..., Plan]) -> None:
    plan = plan_of("from t:book select c:book.Lot sheet_delete rows #1 t:book key c:book.Lot")
    assert mail(plan) == {"table": 'papers."Commission bids 26-12.xlsx/book"', "key": "Lot"}


def test_only_when_there_is_something(plan_of: Callable[..., Plan]) -> None:
    plan = plan_of(LOTS + "send to p:bids say span w:the w:noon if #1")
    last = plan.steps[-1]
    assert isinstance(last, Act)
    assert (last.when, last.unless) == ("lots", None)


def test_a_lookup_must_find_something(plan_of: Callable[..., Plan]) -> None:
    found = "from t:Lots where c:Lots.LotNo = span w:noon w:noon select c:Lots.SaleNo c:Lots.LotNo "
    query = plan_of(found + "update rows #1 t:Lots").steps[0]
    assert isinstance(query, Query)
    assert query.expect == "some"
    alone = plan_of(found).steps[0]
    assert isinstance(alone, Query)
    assert alone.expect is None
