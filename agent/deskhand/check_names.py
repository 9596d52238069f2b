"""The names of a plan's steps: that each is there once, and why one can't be used where it is named.

It refuses to look into steps: only ids, kinds and order count here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from deskhand.errors import Problem
from deskhand.plan import Act, ForEach, Placed, Plan, Query, walk

Path = tuple[str | int, ...]


class Names:
    """Every named step of a plan, and how far a walk has come."""

    def __init__(self, plan: Plan) -> None:
        self._items = tuple(walk(plan))
        self._order = {item.path: number for number, item in enumerate(self._items)}
        self._named: dict[str, Placed] = {}
        for item in self._items:
            self._named.setdefault(item.name.casefold(), item)
        self._now = -1

    def reach(self, path: str) -> None:
        """The walk has come to that step."""
        self._now = self._order[path]

    def later_act_with(self, holds: Callable[[str], bool]) -> str | None:
        """The name of the first later act, other than a mail's, with a parameter of such a text."""
        for item in self._items:
            if self._order[item.path] > self._now and isinstance(item.step, Act):
                texts = [value for value in item.step.params.values() if isinstance(value, str)]
                if "attach" not in item.step.params and any(holds(text) for text in texts):
                    return item.name
        return None

    def why(self, name: str) -> Problem | None:
        """Why a name that isn't at hand can't be used; None where no step has it at all."""
        first, _, rest = name.partition(".")
        item = self._named.get(first.casefold())
        if item is None or rest.casefold() not in ("", "done"):
            return None
        named = first if item.step.id is not None else f"step {first}"
        if self._order[item.path] > self._now:
            return Problem("later-step", f"{named!r} is a later step", f"Move the step {first!r} up.")
        if self._order[item.path] == self._now:
            return Problem("later-step", f"{named!r} is this step itself", "Name an earlier step.")
        if isinstance(item.step, Act):
            if item.step.rows is None:
                message = f"{named!r} is an act without rows, so it has none to name"
                return Problem("unknown-step", message, "Name a query.")
            if not rest:
                message = f"{named!r} is an act; the rows that it confirmed are {first}.done"
                return Problem("unknown-step", message, f"Write {first}.done.")
        elif rest:
            mend = f"Write {first}." if isinstance(item.step, Query) else "Name a query, or an act's .done."
            return Problem("unknown-step", f"{named!r} is no act, so there is no {first}.done", mend)
        elif not isinstance(item.step, Query):
            kind = "a for_each" if isinstance(item.step, ForEach) else f"a `{type(item.step).__name__.lower()}`"
            return Problem("unknown-step", f"{named!r} is {kind}, which has no rows", "Name a query.")
        outer = item.path.rpartition("/")[0]
        if not outer:
            return None
        message = f"{named!r} stands inside the for_each {outer!r}, and its rows exist only there"
        return Problem("unknown-step", message, "Query what you need again outside.")


def ids_problems(plan: Plan, connections: Sequence[str]) -> Iterator[tuple[Path, Problem]]:
    """Ids that stand twice anywhere in the plan, and ids that already name a connection."""
    taken = {name.casefold(): name for name in connections}
    seen: dict[str, str] = {}
    steps = list(walk(plan))
    for item in steps:
        name = item.step.id
        if name is None:
            continue
        if name.casefold() in taken:
            message = f"the id {name!r} is already the name of a connection"
            yield (*item.place, "id"), Problem("duplicate-id", message, "Give the step another id.")
        if name.casefold() in seen:
            message = f"two steps have the id {name!r}"
            yield (*item.place, "id"), Problem("duplicate-id", message, "Give one of them another id.")
        seen[name.casefold()] = item.path
    loops = [item for item in steps if isinstance(item.step, ForEach)]
    for item in loops:
        assert isinstance(item.step, ForEach)
        name, place = item.step.as_, (*item.place, "as")
        around = [other for other in loops if item.path.startswith(f"{other.path}/")]
        if name.casefold() in taken:
            message = f"`as: {name}` is already the name of a connection"
            yield place, Problem("duplicate-id", message, "Choose another name for the row.")
        elif name.casefold() in seen:
            message = f"`as: {name}` is already the id of a step"
            yield place, Problem("duplicate-id", message, "Choose another name for the row.")
        elif any(isinstance(o.step, ForEach) and o.step.as_.casefold() == name.casefold() for o in around):
            message = f"`as: {name}` already names the row of the for_each around this one"
            yield place, Problem("duplicate-id", message, "Choose another name for the row.")
