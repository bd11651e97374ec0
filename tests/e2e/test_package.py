"""The zip of a release, in an empty Home Assistant as a user has it."""

import asyncio
from collections.abc import AsyncGenerator
from importlib.metadata import distributions
import json
from pathlib import Path
import shutil
import sys
from typing import Any
from zipfile import ZipFile

import pytest
import pytest_asyncio

from development.home_assistant import HomeAssistant
from development.process import ROOT, free_port, process
from scripts.package import build

CONFIGURATION = """\
config:
http:
  server_host: 127.0.0.1
  server_port: {port}
repairs:
system_health:
"""
UV = str(ROOT / ".cache/uv/bin/uv")


async def run(*command: str) -> str:
    """Run a program to its end; return what it prints, raise if it fails."""
    running = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await running.communicate()
    assert running.returncode == 0, output.decode()
    return output.decode()


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    """Unpack the zip where HACS does, in a configuration with nothing else."""
    configuration = tmp_path / "config"
    build(tmp_path / "smsbox.zip", "12.3.4")
    with ZipFile(tmp_path / "smsbox.zip") as archive:
        archive.extractall(configuration / "custom_components/smsbox")
    return configuration


@pytest.fixture
def manifest(configuration: Path) -> dict[str, Any]:
    """Return the manifest that came with the zip."""
    manifest: dict[str, Any] = json.loads((configuration / "custom_components/smsbox/manifest.json").read_text())
    return manifest


@pytest_asyncio.fixture(loop_scope="session")
async def python(manifest: dict[str, Any], tmp_path: Path) -> AsyncGenerator[str]:
    """Return a Python that has all that the one here has, but for the requirements of the integration."""
    requirements = {requirement.partition("==")[0] for requirement in manifest["requirements"]}
    packages = {package.name: package.version for package in distributions()}
    assert requirements <= set(packages)
    others = [f"{name}=={number}\n" for name, number in packages.items() if name not in requirements]
    (tmp_path / "requirements.txt").write_text("".join(others))
    python = str(tmp_path / "venv/bin/python")
    await run(UV, "venv", "--quiet", "--python", sys.executable, str(tmp_path / "venv"))
    # Linked, so that a Home Assistant is neither loaded nor copied again.
    install = (UV, "pip", "install", "--quiet", "--python", python, "--no-deps", "--link-mode", "symlink")
    await run(*install, "--requirements", str(tmp_path / "requirements.txt"))
    yield python
    shutil.rmtree(tmp_path / "venv")


@pytest.mark.timeout(400)
async def test_zip_in_an_empty_home_assistant(
    configuration: Path, manifest: dict[str, Any], python: str, gateway: str, tmp_path: Path
) -> None:
    """Home Assistant installs the requirements, opens the flow, and loads the account."""
    port, log = free_port(), tmp_path / "home-assistant.log"
    (configuration / "configuration.yaml").write_text(CONFIGURATION.format(port=port))
    # Not as a module: that would find the integration of the working folder before the one in the configuration.
    command = (str(Path(python).parent / "hass"), "--config", str(configuration))
    url = f"http://localhost:{port}"
    async with process(*command, log=log, environment={"SMSBOX_API_URL": f"{gateway}/api/v1"}) as running:
        await running.responds(f"{url}/api/onboarding")
        async with HomeAssistant(url, running) as instance:
            await instance.log_in("en")
            form = await instance.request("post", "/api/config/config_entries/flow", {"handler": "smsbox"})
            assert (form["type"], form["step_id"], form["errors"]) == ("form", "user", {})
            assert [field["name"] for field in form["data_schema"]] == ["api_key"]
            assert (await instance.command("manifest/get", integration="smsbox"))["version"] == "12.3.4"
            await instance.add_account()
            await instance.state("sensor.smsbox_credits")

    installed = await run(UV, "pip", "freeze", "--python", python)
    assert set(manifest["requirements"]) <= set(installed.splitlines())
    lines = [line for line in log.read_text().splitlines() if "smsbox" in line]
    assert [line for line in lines if "custom integration smsbox" in line]
    assert not [line for line in lines if " ERROR " in line]
