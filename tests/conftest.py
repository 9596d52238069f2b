"""What holds for all tests: no time decides one."""

from __future__ import annotations

from hypothesis import settings

# CI's machines are shared: an example that took long there says nothing about the code.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
