"""The failures side by side, as one HTML file that needs no network: request, gold, proposal, the difference.

It refuses to trust its texts: requests, plans and data are escaped, and no script is in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from deskhand_models.evaluation.evaluate import Verdict
from deskhand_models.evaluation.report import Point, Report, Tally, wilson

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2430; --paper: #fbfbf9; --soft: #5d6675; --line: #dcdfe4; --box: #f1f2ef;
  --right: #1b7f4d; --wrong: #b3261e; --turned: #8a6a00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e7ec; --paper: #15181d; --soft: #9aa4b2; --line: #323844;
  --box: #1d2128; --right: #5cc78f; --wrong: #ff8a80; --turned: #e0b84c; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 78rem; padding: 2rem 1.25rem 4rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .3rem; } h2 { font-size: 1.15rem; margin: 2.4rem 0 .8rem; }
p.lead, .soft { color: var(--soft); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: .25rem .8rem .25rem 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; } tr.all td { font-weight: 600; }
article { border-top: 1px solid var(--line); padding: 1.2rem 0; }
article h3 { font-size: 1rem; margin: 0; } article blockquote { margin: .4rem 0 .6rem; font-size: 1.1rem; }
.end { font-weight: 600; } .wrong, .invalid, .failed { color: var(--wrong); } .asked, .refused { color: var(--turned); }
.fault { margin: 0 0 .8rem; white-space: pre-wrap; overflow-wrap: anywhere; }
.sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 28rem), 1fr)); gap: 1rem; }
.sides > div { min-width: 0; } .sides h4 { margin: 0 0 .3rem; font-size: .85rem; color: var(--soft); }
pre { margin: 0 0 .6rem; padding: .7rem .8rem; background: var(--box); border-radius: 6px; font-size: .8rem;
  line-height: 1.45; white-space: pre-wrap; overflow-wrap: anywhere; }
svg { width: 100%; max-width: 44rem; height: auto; } svg text { fill: var(--soft); font-size: 12px; }
"""


def page(report: Report) -> str:
    """The whole page."""
    total, (median, p95) = report.total, report.seconds
    low, high = wilson(total.rightly, total.n)
    mode = "the planner's own decisions" if report.threshold is None else f"plans from {report.threshold:g} on"
    head = (
        f"{_percent(total.rightly, total.n)} of {total.n} requests ended as they should "
        f"({low:.0%}–{high:.0%}), {_percent(total.wrong, total.n)} silently wrong; {mode}; "
        f"planning took {median:.2f} s in the median, {p95:.2f} s at the 95th percentile."
    )
    failures = report.failures()
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(report.name)}: how the planner did</title><style>{_STYLE}</style></head><body>",
        f'<h1>How the planner did: {escape(report.name)}</h1><p class="lead">{escape(head)}</p>',
        _table([*report.kinds, report.total]),
        "<h2>Against the threshold</h2>",
        _curve(report.curve),
        f"<h2>What went wrong: {len(failures)} of {total.n}</h2>",
        *(_article(v, report.threshold) for v in failures),
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


def _percent(part: int, n: int) -> str:
    return f"{part / n:.1%}" if n else "none"


def _table(tallies: Sequence[Tally]) -> str:
    names = ["kind", "n", "as it should", "95%", "right", "turned down", "asked wrongly", "refused wrongly",
             "silently wrong", "95%", "invalid", "failed"]  # fmt: skip
    rows = []
    for one in tallies:
        cells = [one.kind, one.n, _percent(one.rightly, one.n), _interval(one.rightly, one.n), one.right,
                 one.turned_down_rightly, one.asked_wrongly, one.refused_wrongly, one.wrong,
                 _interval(one.wrong, one.n), one.invalid, one.failed]  # fmt: skip
        mark = ' class="all"' if one.kind == "all" else ""
        rows.append(f"<tr{mark}>{''.join(f'<td>{escape(str(c))}</td>' for c in cells)}</tr>")
    head = "".join(f"<th>{name}</th>" for name in names)
    return f'<div class="scroll"><table><tr>{head}</tr>{"".join(rows)}</table></div>'


def _interval(part: int, n: int) -> str:
    low, high = wilson(part, n)
    return f"{low:.0%}–{high:.0%}"


def _curve(points: Sequence[Point]) -> str:
    """Shares over the threshold, as steps."""
    width, height, left, top = 640, 240, 44, 10

    def place(threshold: float, share: float) -> tuple[float, float]:
        return left + min(threshold, 1.0) * (width - left - 10), top + (1 - share) * (height - top - 34)

    def line(shares: list[float], color: str, name: str) -> str:
        path, before = [], 0.0
        for point, share in zip(points, shares, strict=True):
            y = place(0, share)[1]
            path.append(f"{place(before, share)[0]:.1f},{y:.1f} {place(point.threshold, share)[0]:.1f},{y:.1f}")
            before = point.threshold
        return (
            f'<polyline points="{" ".join(path)}" fill="none" stroke="var(--{color})" stroke-width="2">'
            f"<title>{name}</title></polyline>"
        )

    ticks = []
    for step in range(5):
        share = step / 4
        y, x = place(0, share)[1], place(share, 0)[0]
        ticks.append(f'<line x1="{left}" x2="{width - 10}" y1="{y:.1f}" y2="{y:.1f}" stroke="var(--line)"/>')
        ticks.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{share:.0%}</text>')
        ticks.append(f'<text x="{x:.1f}" y="{height - 16}" text-anchor="middle">{share:g}</text>')
    lines = [
        line([p.rightly for p in points], "right", "as it should"),
        line([p.wrong for p in points], "wrong", "silently wrong"),
        line([p.turned_down for p in points], "turned", "turned down"),
    ]
    legend = (
        '<p class="soft"><span style="color:var(--right)">▬</span> as it should, '
        '<span style="color:var(--wrong)">▬</span> silently wrong, '
        '<span style="color:var(--turned)">▬</span> turned down; a plan is run where its probability reaches the '
        "threshold, otherwise the planner asks.</p>"
    )
    label = "Shares of all requests against the threshold on the probability"
    svg = f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{label}">{"".join(ticks)}{"".join(lines)}</svg>'
    return svg + legend


def _article(verdict: Verdict, threshold: float | None) -> str:
    case, proposed = verdict.case, verdict.proposed
    ending = verdict.ending(threshold)
    wrongly = {"wrong": "silently wrong", "asked": "asked wrongly", "refused": "refused wrongly"}.get(ending, ending)
    gold = list(case.plans) or [f"{'ask' if case.ask else 'cannot'}: {case.why}"]
    made = [proposed.plan] if proposed.plan else []
    says = [proposed.says] if proposed.says else []
    return (
        f'<article id="{escape(case.id, quote=True)}"><h3>{escape(case.id)} <span class="soft">{escape(case.kind)}, '
        f'{escape(case.voice)}, probability {proposed.probability:.2f}</span> <span class="end {ending}">{wrongly}'
        f"</span></h3><blockquote>{escape(case.request)}</blockquote>"
        f'<p class="fault">{escape(verdict.difference)}</p><div class="sides">'
        f"<div><h4>Gold</h4>{_boxes(gold)}{_box(verdict.gold)}</div>"
        f"<div><h4>Proposed</h4>{_boxes([*says, *made])}{_box(verdict.left)}"
        f"{_others(proposed.candidates)}</div></div></article>"
    )


def _boxes(texts: Sequence[str]) -> str:
    return "".join(f"<pre>{escape(text.strip())}</pre>" for text in texts)


def _box(lines: Sequence[str]) -> str:
    return f"<h4>It leaves</h4><pre>{escape(chr(10).join(lines))}</pre>" if lines else ""


def _others(texts: Sequence[str]) -> str:
    if not texts:
        return ""
    return f"<details><summary>{len(texts)} other readings</summary>{_boxes(texts)}</details>"
