"""Fixtures of the tests of alerts."""

import pytest


@pytest.fixture(autouse=True)
def _environment() -> None:
    """Need no Home Assistant: nothing here does."""
