"""The texts of the integration. Imports nothing of Home Assistant, for the browser tests."""

from collections.abc import Iterator
import json
from pathlib import Path
from typing import Any

TRANSLATIONS = Path(__file__).parents[1] / "custom_components/smsbox/translations"


def load_translations(language: str) -> dict[str, str]:
    """Return the texts of a language by their paths."""
    return dict(_flat(json.loads((TRANSLATIONS / f"{language}.json").read_text())))


def _flat(texts: dict[str, Any], path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the texts of a translation with their paths."""
    for key, value in texts.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value
