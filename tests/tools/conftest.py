"""Asserts of the shared suite explain themselves as those of tests do."""

import pytest

pytest.register_assert_rewrite("tests.tools.conformance")
