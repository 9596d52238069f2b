"""A store in a folder of its own, and runs in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from deskhand.store import Run, Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path) as store:
        yield store


@pytest.fixture
def start(store: Store) -> Callable[..., Run]:
    """Starts a run that differs from the ordinary one in what is given."""

    def start(**more: Any) -> Run:
        ordinary = {"source": "overdue.yaml", "plan": "steps: []\n", "plan_digest": "d1"}
        return store.start_run(**{**ordinary, "now": "2026-11-21T09:00:00", "zone": "Europe/Berlin", **more})

    return start
