"""Messages written for a phone's companion app, which others hand to every notifier."""

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
_COMMAND = re.compile(r"(command|kiosk)_\S*")
_SPEAK = "TTS"


def message_for_people(message: str, data: Mapping[str, Any] | None = None) -> str | None:
    """Return what to send of a message; None if it is a command to the app, not meant for people."""
    word = message.strip()
    if word in _COMMANDS or _COMMAND.fullmatch(word):
        LOGGER.debug("A command to the companion app is not sent")
        return None
    if word == _SPEAK:
        spoken = (data or {}).get("tts_text")
        return None if spoken is None or not str(spoken).strip() else str(spoken)
    return message
