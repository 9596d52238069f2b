"""An office as the planner sees it: the groups, people and address of its catalog slice.

This module refuses to leave anything out: what a request needs of it is for `link` to choose.
"""

from __future__ import annotations

from functools import lru_cache

from deskhand_models import groups
from deskhand_models.corpus.office import Office
from deskhand_models.slices import Group, SlicePerson


@lru_cache(maxsize=256)
def groups_of(office: Office) -> tuple[Group, ...]:
    """The office's tables as groups; a mailbox's folders are one."""
    return groups.groups_of(
        groups.Placed(one.connection, office.tools[one.connection], one.table, one.refers) for one in office.tables
    )


def people_of(office: Office) -> tuple[SlicePerson, ...]:
    """Whom the office writes to."""
    return tuple(SlicePerson(person.name, person.address, person.role) for person in office.people)


def own_address(office: Office) -> str:
    """The office's own mailbox."""
    return f"office@{office.name}.example"
