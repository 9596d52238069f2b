"""The engine: what makes a run's steps durable, behind one interface with one implementation, on DBOS.

Importing this package costs nothing: dbos comes in when a run is executed.
"""

from __future__ import annotations

from deskhand.engine.interface import Cancelled, Displaced, Engine, NotFinal, Steps
from deskhand.engine.on_dbos import DbosEngine

__all__ = ["Cancelled", "DbosEngine", "Displaced", "Engine", "NotFinal", "Steps"]
