"""The repository has what HACS requires, and the zip holds the integration."""

from argparse import ArgumentTypeError
from http import HTTPStatus
import json
from pathlib import Path
import struct
from typing import Any
from zipfile import ZipFile

from homeassistant.components.brands.const import ALLOWED_IMAGES
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from scripts.package import build, version

INTEGRATION = Path("custom_components/smsbox")
HACS: dict[str, Any] = json.loads(Path("hacs.json").read_text())


def test_hacs_json() -> None:
    """HACS uses the zip of a release, and offers it from the oldest tested Home Assistant on."""
    assert HACS["zip_release"]
    assert HACS["filename"] == "smsbox.zip"
    assert set(HACS) <= {
        "content_in_root",
        "country",
        "filename",
        "hacs",
        "hide_default_branch",
        "homeassistant",
        "name",
        "persistent_directory",
        "render_readme",
        "zip_release",
    }
    assert f"0.13.354 is {HACS['homeassistant']}." in Path("requirements_test.txt").read_text()
    assert "pytest-homeassistant-custom-component==0.13.354/" in Path("scripts/setup").read_text()


def test_repository() -> None:
    """There is one integration, a README and a license that GitHub recognizes."""
    assert [path.parent.name for path in Path("custom_components").glob("*/manifest.json")] == ["smsbox"]
    assert Path("README.md").read_text().startswith("# SMSBOX for Home Assistant\n")
    license_text = Path("LICENSE").read_text().splitlines()
    assert [line.strip() for line in license_text[1:3]] == ["Apache License", "Version 2.0, January 2004"]
    assert len(license_text) == 202


@pytest.mark.parametrize("image", sorted(ALLOWED_IMAGES))
async def test_brand(hass: HomeAssistant, hass_client: ClientSessionGenerator, image: str) -> None:
    """Home Assistant serves each image of the brand, in the right size and quick to load."""
    assert await async_setup_component(hass, "brands", {})
    client = await hass_client()
    response = await client.get(f"/api/brands/integration/smsbox/{image}")
    assert response.status == HTTPStatus.OK
    content = await response.read()
    assert content == (INTEGRATION / "brand" / image).read_bytes()
    assert len(content) < 16_000
    width, height = struct.unpack(">8x8xII", content[:24])
    assert height == (512 if "@2x" in image else 256)
    assert width == height if "icon" in image else width > height


def test_zip_holds_only_the_integration(tmp_path: Path) -> None:
    """The zip holds what HACS unpacks into the folder of the integration, and nothing else."""
    build(tmp_path / "smsbox.zip")
    files = {
        file.relative_to(INTEGRATION).as_posix(): file.read_bytes()
        for file in INTEGRATION.rglob("*")
        if file.is_file() and file.suffix != ".pyc"
    }
    with ZipFile(tmp_path / "smsbox.zip") as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == files


def test_zip_is_stamped_and_reproducible(tmp_path: Path) -> None:
    """The version is written into the manifest in the zip only; a second zip is identical."""
    manifest = (INTEGRATION / "manifest.json").read_text()
    for name in ("first.zip", "second.zip"):
        build(tmp_path / name, version("v12.3.4b5"))
    assert (tmp_path / "first.zip").read_bytes() == (tmp_path / "second.zip").read_bytes()
    assert (INTEGRATION / "manifest.json").read_text() == manifest
    with ZipFile(tmp_path / "first.zip") as archive:
        assert json.loads(archive.read("manifest.json")) == json.loads(manifest) | {"version": "12.3.4b5"}


@pytest.mark.parametrize("text", ["", "1.2", "main", '1.2.3", "x": "', "1.2.3-beta"])
def test_tag_without_a_version_is_rejected(text: str) -> None:
    """A tag that is not a version is rejected."""
    with pytest.raises(ArgumentTypeError):
        version(text)
