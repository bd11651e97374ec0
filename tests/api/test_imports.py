"""Test that what knows nothing of Home Assistant needs nothing of it."""

import asyncio
from pathlib import Path
import sys

INTEGRATION = Path(__file__).parents[2] / "custom_components" / "smsbox"

# The package itself needs Home Assistant, so an empty one stands in for it.
IMPORTS = """
import sys, types
sys.modules["homeassistant"] = None
package = sys.modules["smsbox"] = types.ModuleType("smsbox")
package.__path__ = ["."]
import smsbox.api, smsbox.gsm7, smsbox.guard, smsbox.phone, smsbox.text
"""


async def test_no_home_assistant() -> None:
    """The pure modules work where Home Assistant is not installed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        IMPORTS,
        cwd=INTEGRATION,
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await process.communicate()
    assert (process.returncode, errors.decode()) == (0, "")
