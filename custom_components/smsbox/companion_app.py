"""What others hand to all that notifies, though it was written for a phone's companion app."""

from collections.abc import Mapping
import re
from typing import Any

from .const import LOGGER

_COMMANDS = frozenset(
    {
        "clear_notification",
        "clear_badge",
        "remove_channel",
        "request_location_update",
        "update_complications",
        "update_widgets",
    }
)
_COMMAND = re.compile(r"(command|kiosk)_\w*")
_SPEAK = "TTS"


def message_for_people(message: str, data: Mapping[str, Any] | None = None) -> str | None:
    """Return what to send of a message; None if it is a command to the app, which no person should get."""
    word = message.strip()
    if word in _COMMANDS or _COMMAND.fullmatch(word):
        LOGGER.debug("Not sent, because it is a command to the companion app: %s", word)
        return None
    if word == _SPEAK:
        spoken = (data or {}).get("tts_text")
        return str(spoken) if spoken else None
    return message
