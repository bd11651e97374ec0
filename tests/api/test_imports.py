"""Test that what knows nothing of Home Assistant needs nothing of it."""

import asyncio
from pathlib import Path
import sys

INTEGRATION = Path(__file__).parents[2] / "custom_components" / "smsbox"


async def test_no_home_assistant() -> None:
    """The client, the SMS alphabet and the phone numbers work where Home Assistant is not installed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "import sys; sys.modules['homeassistant'] = None; import api, phone, text",
        cwd=INTEGRATION,
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await process.communicate()
    assert (process.returncode, errors.decode()) == (0, "")
