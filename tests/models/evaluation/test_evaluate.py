"""Through a small set with planners of every character, and what the report says of them."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from deskhand.errors import DataError
from deskhand_models.evaluation import expected
from deskhand_models.evaluation.bench import Bench, Ran
from deskhand_models.evaluation.evaluate import Propose, Proposed, Verdict, evaluate
from deskhand_models.evaluation.page import page
from deskhand_models.evaluation.report import Report, wilson
from deskhand_models.evaluation.sets import Case, Office, read_set
from deskhand_models.evaluation.state import Table

REQUESTS = """
[[requests]]
id = "shop-01"
kind = "question"
voice = "boss <script>"
request = "what is <b>dear</b>?"
plan = '''
steps: select name from goods where price > 3
'''

[[requests]]
id = "shop-02"
kind = "update"
voice = "boss"
request = "bolt is 9 now"
plan = '''
steps: update goods set price = 9 where name = 'bolt'
'''
also = ['''
steps: update goods set price = 9.5 where name = 'bolt'
''']

[[requests]]
id = "shop-03"
kind = "ask"
voice = "boss"
request = "raise it"
ask = true
why = "What, and to how much?"
"""


@pytest.fixture
def shop(tmp_path: Path) -> tuple[Office, ...]:
    folder = tmp_path / "set" / "shop"
    folder.mkdir(parents=True)
    head = 'name = "shop"\nnow = "2026-11-20"\naddress = "a@b.example"\n[connections]\nledger = "database"\n'
    (folder / "workspace.toml").write_text(head)
    (folder / "ledger.sql").write_text(
        "create table goods (name text, price real); insert into goods values ('nut', 2.5), ('bolt', 4);"
    )
    (folder / "requests.toml").write_text(REQUESTS)
    return read_set(folder.parent)


def run(plan: str, folder: Path, now: str) -> Ran:
    """Runs what stands behind `steps:` as SQL, as far as the evaluation can tell a planner's plan."""
    assert now == "2026-11-20"
    sql = plan.strip().removeprefix("steps:").strip()
    if sql == "expect":
        return Ran("refused", reason="there is no such thing")
    if sql == "crash":
        raise RuntimeError("out of order")
    if sql == "wait":
        return Ran("waiting", reason="an approval")
    with sqlite3.connect(folder / "ledger.db") as connection:
        try:
            found = connection.execute(sql)
        except sqlite3.Error as error:
            return Ran("refused", problems=(str(error),))
        rows = tuple(found.fetchall())
        columns = tuple(c[0] for c in found.description or ())
    connection.close()
    return Ran("done", Table(columns, rows) if columns else None)


def judged(shop: tuple[Office, ...], tmp_path: Path, propose: Propose) -> dict[str, Verdict]:
    return {v.case.id: v for v in evaluate(shop, propose, run, tmp_path / "work")}


def saying(plan: str) -> Propose:
    return lambda case, folder: Proposed("plan", f"steps: {plan}")


def test_the_gold_plans_are_right(shop: tuple[Office, ...], tmp_path: Path) -> None:
    seen = []

    def propose(case: Case, folder: Path) -> Proposed:
        assert (folder / "ledger.db").exists()
        return Proposed("plan", case.plans[-1]) if case.plan else Proposed("ask", says="what?")

    verdicts = evaluate(shop, propose, run, tmp_path / "work", watch=seen.append)
    assert [v.ending() for v in verdicts] == ["right", "right", "asked"]
    assert all(v.rightly() for v in verdicts)
    assert seen == verdicts
    assert Report("shop", verdicts).total.rightly == 3


@pytest.mark.parametrize(
    ("plan", "endings", "difference"),
    [
        ("select name from goods", ["wrong", "wrong", "wrong"], "2 rows instead of 1; nut is too many"),
        ("update goods set price = 9", ["wrong", "wrong", "wrong"], "it doesn't answer"),
        ("select nme from goods", ["invalid", "invalid", "invalid"], "no such column: nme"),
        ("expect", ["refused", "refused", "refused"], "there is no such thing"),
        ("crash", ["failed", "failed", "failed"], "the run broke down: RuntimeError: out of order"),
        ("wait", ["failed", "failed", "failed"], "the run is waiting: an approval"),
    ],
)
def test_wrong_plans_are_seen_through(
    shop: tuple[Office, ...], tmp_path: Path, plan: str, endings: list[str], difference: str
) -> None:
    verdicts = judged(shop, tmp_path, saying(plan))
    assert [v.ending() for v in verdicts.values()] == endings
    assert difference in verdicts["shop-01"].difference
    assert [v.rightly() for v in verdicts.values()] == [False, False, plan == "expect"]


def test_a_planner_that_always_asks_and_one_that_breaks_down(shop: tuple[Office, ...], tmp_path: Path) -> None:
    asks = Report("shop", list(judged(shop, tmp_path, lambda c, f: Proposed("ask", says="what?")).values()))
    assert (asks.total.turned_down_rightly, asks.total.asked_wrongly, asks.total.wrong) == (1, 2, 0)

    def broken(case: Case, folder: Path) -> Proposed:
        raise KeyError("lost")

    breaks = list(judged(shop, tmp_path / "b", broken).values())
    assert {v.ending() for v in breaks} == {v.ending(0.5) for v in breaks} == {"failed"}
    assert "KeyError" in breaks[0].difference
    assert not any(v.rightly() for v in breaks)


def test_a_planner_may_only_read(shop: tuple[Office, ...], tmp_path: Path) -> None:
    def meddles(case: Case, folder: Path) -> Proposed:
        with sqlite3.connect(folder / "ledger.db") as connection:
            connection.execute("delete from goods")
        connection.close()
        return Proposed("cannot", says="no")

    with pytest.raises(DataError, match="planning has changed the workspace shop"):
        judged(shop, tmp_path, meddles)


def test_the_threshold_decides(shop: tuple[Office, ...], tmp_path: Path) -> None:
    sure = {"shop-01": 0.9, "shop-02": 0.4, "shop-03": 0.6}

    def propose(case: Case, folder: Path) -> Proposed:
        plan = case.plan if case.id == "shop-01" else "steps: select 1"
        decision = "plan" if sure[case.id] > 0.5 else "ask"
        return Proposed(decision, plan, sure[case.id])  # type: ignore[arg-type]

    verdicts = list(judged(shop, tmp_path, propose).values())
    assert [v.ending() for v in verdicts] == ["right", "asked", "wrong"]
    assert [v.ending(0.7) for v in verdicts] == ["right", "asked", "asked"]
    assert [v.ending(0.0) for v in verdicts] == ["right", "wrong", "wrong"]
    curve = Report("shop", verdicts).curve
    assert [(round(p.rightly, 2), round(p.wrong, 2)) for p in curve] == [(0.33, 0.67), (0.33, 0.67), (0.33, 0.33), (0.67, 0), (0.33, 0)]  # fmt: skip


def test_what_a_planner_must_say() -> None:
    with pytest.raises(ValueError, match="has one"):
        Proposed("plan")
    with pytest.raises(ValueError, match="between 0 and 1"):
        Proposed("ask", probability=1.5)


def test_expected_states_are_kept_and_go_stale(shop: tuple[Office, ...], tmp_path: Path) -> None:
    (office,) = shop
    assert expected.load(office) is None
    computed = expected.compute(Bench(office, tmp_path / "one", run))
    file = expected.save(office, computed)
    assert expected.load(office) == computed
    before = file.read_bytes()
    expected.save(office, expected.compute(Bench(office, tmp_path / "two", run)))
    assert file.read_bytes() == before

    def never(plan: str, folder: Path, now: str) -> Ran:
        raise AssertionError("the gold plans need no second run")

    evaluate(shop, lambda c, f: Proposed("ask"), never, tmp_path / "work")
    requests = office.folder / "requests.toml"
    requests.write_text(requests.read_text().replace("price > 3", "price > 4"))
    assert expected.load(read_set(office.folder)[0]) is None
    file.write_text("{")
    with pytest.raises(DataError, match="damaged"):
        expected.load(office)


def test_a_gold_plan_that_does_not_run_is_a_fault_of_the_set(shop: tuple[Office, ...], tmp_path: Path) -> None:
    def refuses(plan: str, folder: Path, now: str) -> Ran:
        return Ran("refused", problems=("unknown table",))

    with pytest.raises(DataError, match="shop-01: the gold plan is refused: unknown table"):
        evaluate(shop, lambda c, f: Proposed("ask"), refuses, tmp_path / "work")


def test_the_report(shop: tuple[Office, ...], tmp_path: Path) -> None:
    verdicts = list(judged(shop, tmp_path, saying("select name from goods where price > 3")).values())
    report = Report("shop", verdicts)
    assert (report.total.n, report.total.right, report.total.wrong) == (3, 1, 2)
    assert [kind.kind for kind in report.kinds] == ["ask", "question", "update"]
    assert [v.case.id for v in report.failures()] == ["shop-02", "shop-03"]
    told = json.loads(json.dumps(report.to_json()))
    assert told["all"]["rightly"] == 1
    assert told["cases"][1]["difference"] == "ledger.goods: where name is bolt, price is 4 instead of 9"
    assert report.seconds[1] >= report.seconds[0] > 0
    assert set(told["seconds"]) == {"median", "p95"}


def test_the_page_stands_alone_and_runs_nothing(shop: tuple[Office, ...], tmp_path: Path) -> None:
    html = page(Report("shop", list(judged(shop, tmp_path, saying("select name from goods")).values())))
    assert html.count("<article") == 3
    assert "what is &lt;b&gt;dear&lt;/b&gt;?" in html
    assert "boss &lt;script&gt;" in html
    for forbidden in ("<script", "http:", "https:", "src=", "@import", "url("):
        assert forbidden not in html
    assert "prefers-color-scheme: dark" in html
    assert "2 rows instead of 1; nut is too many" in html
    assert "<polyline" in html


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"), [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (210, 300, 0.6459, 0.7491)]
)
def test_intervals(hits: int, n: int, low: float, high: float) -> None:
    assert wilson(hits, n) == pytest.approx((low, high), abs=5e-4)
    assert wilson(0, 0) == (0.0, 1.0)
