"""A plan of twenty steps checked, and 300 mails previewed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.measure import Comparison, function, run_child
from benchmarks.timing import Clock

QUERY = """select i.number, i.vendor, i.amount, i.due_date, b."Booked", b."Amount" as paid,
        i.amount - coalesce(b."Amount", 0) as rest
      from ledger.invoices i left join files."bank.csv" b on b."Reference" = i.number
      where lower(i.status) = 'open' and i.due_date < days_ago({n}) and i.amount > {n}"""

SUBJECT = "Invoice {{ number }} is overdue"
BODY = "Dear {{ vendor }},\n\ninvoice {{ number }} over {{ amount | money }} was due on {{ due_date | date }}.\n"


def check(folder: Path, quick: bool) -> Iterator[Comparison]:
    """Ten queries and ten acts, over parsing and describing the ten queries."""
    steps, turns = (4, 1) if quick else (20, 5)
    run_child("benchmarks.queries", "make_sources", folder / "check", 300)
    yield Comparison(
        f"check a plan of {steps} steps",
        function("YAML read, plan checked", __name__, "check_ours", folder / "check", steps),
        function("queries parsed and described", __name__, "check_bare", steps),
        turns=turns,
    )


def preview(folder: Path, quick: bool) -> Iterator[Comparison]:
    """Mails made and shown, one a row, over the rendering of their texts alone."""
    count, turns = (10, 1) if quick else (300, 5)
    run_child(__name__, "make_office", folder / "preview", count)
    yield Comparison(
        f"preview of {count} mails",
        function("check, query, mails prepared", __name__, "preview_ours", folder / "preview"),
        function("jinja2, two texts a mail", __name__, "preview_bare", count),
        turns=turns,
    )


def make_office(root: str, count: str) -> None:
    """A ledger and a mailbox, catalogued once."""
    from benchmarks import office
    from benchmarks.queries import _look

    home = office.workspace(root, "ledger", "mail")
    office.invoices(home / "ledger.db", int(count))
    office.mails(home / "mail", 30)
    _look(home)


# ---------------------------------------------------------------- sides


def _plan(steps: int) -> str:
    lines = ["process: twenty", "inputs:", "  grace: {type: integer, default: 3}", "steps:"]
    for n in range(steps // 2):
        lines += [f"  - id: q{n}", "    query: |", f"      {QUERY.format(n=n)}"]
        lines += [f"  - spreadsheet.write: {{rows: q{n}, file: 'out {n} {{{{ today }}}}.xlsx', sheet: Open}}"]
    return "\n".join(lines) + "\n"


def check_ours(root: str, steps: str) -> Clock:
    """From the YAML text to the check's outcome, everything imported and the catalog known."""
    from deskhand.catalog import Catalog
    from deskhand.check import check
    from deskhand.plan_yaml import parse
    from deskhand.workspace import Workspace

    from benchmarks import office

    with Catalog.open(Workspace.load(Path(root)), office.NOW) as catalog:
        warm = parse(_plan(2))
        assert warm.plan is not None
        check(warm.plan, catalog, now=office.NOW, parsed=warm)
        with Clock() as clock:
            parsed = parse(_plan(int(steps)))
            assert parsed.plan is not None
            checked = check(parsed.plan, catalog, now=office.NOW, parsed=parsed)
    assert checked.ok, checked.problems
    return clock


def check_bare(steps: str) -> Clock:
    """The queries of that plan alone."""
    import duckdb
    import sqlglot

    duck = duckdb.connect()
    duck.execute("create schema ledger")
    duck.execute("create schema files")
    duck.execute(
        "create table ledger.invoices (number varchar, vendor varchar, due_date date, amount decimal(18, 2),"
        " status varchar)"
    )
    duck.execute(
        'create table files."bank.csv" ("Booked" date, "Reference" varchar, "Amount" decimal(18, 2))'
    )  # fmt: skip
    duck.execute("create macro days_ago(n) as cast(current_date - n as date)")
    duck.execute("describe " + sqlglot.parse_one("select 1 as x", dialect="duckdb").sql(dialect="duckdb")).fetchall()
    with Clock() as clock:
        for n in range(int(steps) // 2):
            parsed = sqlglot.parse_one(QUERY.format(n=n), dialect="duckdb")
            assert duck.execute("describe " + parsed.sql(dialect="duckdb")).fetchall()
    return clock


def preview_ours(root: str) -> Clock:
    """The preview of one act with a row for each mail."""
    from deskhand.plan_yaml import parse
    from deskhand.process import Processes
    from deskhand.ready import Request, preview
    from deskhand.workspace import Workspace

    from benchmarks import office

    def request(where: str) -> Request:
        lines = ["process: reminders", "steps:", "  - id: late"]
        lines += [f"    query: select number, vendor, amount, due_date from ledger.invoices where {where}"]
        lines += [
            "  - email.send:",
            "      rows: late",
            '      to: "office@acme.example"',
            f'      subject: "{SUBJECT}"',
        ]
        lines += ["      body: |", *(f"        {line}" for line in BODY.splitlines())]
        parsed = parse("\n".join(lines) + "\n")
        assert parsed.plan is not None, parsed.problems
        return Request("b", parsed.plan, "reminders", office.NOW, parsed=parsed)

    workspace = Workspace.load(Path(root))
    preview(workspace, request("id = 1"), Processes())
    asked = request("id > 0")
    with Clock() as clock:
        steps, stops = preview(workspace, asked, Processes())
    assert not stops
    clock.note = sum(change.state == "change" for change in steps[1].changes)
    assert clock.note > 0, steps[1].changes[:1]
    return clock


def preview_bare(count: str) -> Clock:
    """Both texts of every mail, rendered by templates that are compiled once."""
    from jinja2.sandbox import SandboxedEnvironment

    environment = SandboxedEnvironment()
    environment.filters["money"] = environment.filters["date"] = str
    with Clock() as clock:
        subject, body = environment.from_string(SUBJECT), environment.from_string(BODY)
        for n in range(int(count)):
            row = {"number": f"R-{n}", "vendor": f"Vendor {n}", "amount": "12.50", "due_date": "2026-03-01"}
            assert subject.render(row) and body.render(row)
    return clock
