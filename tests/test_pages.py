"""README and docs are complete and consistent: links, headings, fields, errors, statuses, scripts, screenshots."""

from pathlib import Path
import re
from urllib.parse import parse_qs, urlsplit

import pytest

from custom_components.smsbox.const import DOMAIN

from .pages import ACTIONS, DOCS, PAGES, README, SERVICES, TRANSLATIONS, rows, sections

ALERTS, REPORTS, BLUEPRINTS = (Path(f"docs/{page}.md") for page in ("alerts", "delivery-reports", "blueprints"))
REPOSITORY = "https://github.com/ha-smsbox/ha-smsbox/"
HEADINGS = [
    "Use cases",
    "Prerequisites",
    "Installation",
    "Configuration",
    "Supported functionality",
    "Examples",
    "Data updates",
    "Known limitations",
    "Troubleshooting",
    "Removing the integration",
]


@pytest.mark.parametrize("action", SERVICES)
def test_fields_are_explained(action: str) -> None:
    """Every field of every action is explained once; the account is explained for all."""
    fields = SERVICES[action].get("fields", {})
    names = {*fields, *(inner for field in fields.values() for inner in field.get("fields", {}))}
    [page] = [page for page in DOCS if f"{DOMAIN}{action}" in sections(page)]
    assert sorted(rows(page, f"{DOMAIN}{action}")) == sorted(names - {"advanced", "config_entry_id"})


def test_errors_are_explained() -> None:
    """Every error that can be raised is explained."""
    assert set(TRANSLATIONS["exceptions"]) <= {*rows(ACTIONS, "errors"), *rows(ALERTS, "errors-of-alerts")}


def test_statuses_are_explained() -> None:
    """Every status of a delivery report is explained once."""
    report_entity = TRANSLATIONS["entity"]["event"]["delivery_report"]
    assert sorted(rows(REPORTS, "statuses")) == sorted(report_entity["state_attributes"]["event_type"]["state"])


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links(page: Path) -> None:
    """Each link to a file or a heading leads somewhere."""
    for link in set(re.findall(r"\]\(([^)\s]+)\)", PAGES[page])):
        url = urlsplit(link)
        if not url.scheme:
            target = (page.parent / url.path if url.path else page).resolve().relative_to(Path.cwd())
            assert target.exists(), link
            assert not url.fragment or url.fragment in sections(target), link


def test_readme_links_to_all_docs() -> None:
    """Each page is one step away."""
    assert {f"docs/{path.name}" for path in Path("docs").glob("*.md")} <= set(
        re.findall(r"\]\((docs/[\w-]+\.md)\)", DOCS[README])
    )


def test_blueprints_can_be_imported() -> None:
    """Each blueprint has one button that imports it."""
    links = re.findall(r"\]\((https://my\.home-assistant\.io/redirect/blueprint_import/\S+)\)", DOCS[BLUEPRINTS])
    addresses = [address for link in links for address in parse_qs(urlsplit(link).query)["blueprint_url"]]
    assert sorted(addresses) == sorted(f"{REPOSITORY}blob/main/{path}" for path in Path("blueprints").rglob("*.yaml"))


def test_readme_is_short() -> None:
    """The README has the headings of Home Assistant's docs, and the commands to try it and to test it come first."""
    lines = DOCS[README].splitlines()
    assert len(lines) <= 250
    assert [line.split()[0] for line in lines[:20] if line.startswith("scripts/")] == [
        "scripts/develop",
        "scripts/test",
    ]
    headings = [line.removeprefix("## ") for line in lines if line.startswith("## ")]
    assert [heading for heading in headings if heading in HEADINGS] == HEADINGS
    assert headings[-1] == "Developing"


def test_pictures() -> None:
    """Each screenshot is small and shown once, with words for those who do not see it."""
    shown = [image for text in PAGES.values() for image in re.findall(r"!\[[^]]+\]\((?:docs/)?(images/\S+)\)", text)]
    pictures = sorted(Path("docs/images").iterdir())
    assert sorted(shown) == [f"images/{picture.name}" for picture in pictures]
    assert max(picture.stat().st_size for picture in pictures) < 2**16


def test_scripts() -> None:
    """Each script is listed in the README, and each listed script exists."""
    scripts = {path.name for path in Path("scripts").iterdir() if path.is_file() and not path.suffix}
    assert set(re.findall(r"^\| `scripts/(\w+)` \|", DOCS[README], re.MULTILINE)) == scripts
    assert set(re.findall(r"\bscripts/(\w+)", "".join(PAGES.values()))) <= scripts
