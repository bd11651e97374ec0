"""The workflows and forms on GitHub follow our rules."""

from pathlib import Path
import re
from typing import Any

from homeassistant.util.yaml import load_yaml_dict
import pytest

from .pages import README, sections

WORKFLOWS = sorted(Path(".github/workflows").iterdir())
FORMS = sorted(Path(".github/ISSUE_TEMPLATE").iterdir())


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: str(path.stem))
def test_workflow_is_tight(path: Path) -> None:
    """A workflow has no rights, each job has only those that it names, and none runs forever or twice at a time."""
    workflow: dict[str, Any] = load_yaml_dict(str(path))
    assert workflow["permissions"] == {}
    assert workflow["concurrency"]
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= 60
        assert job["permissions"] == {"contents": "write" if path.stem == "release" else "read"}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: str(path.stem))
def test_actions_are_pinned(path: Path) -> None:
    """Every action is pinned to a commit, with its version in a comment."""
    actions = [line for line in path.read_text().splitlines() if "uses:" in line]
    assert actions
    for action in actions:
        assert re.search(r"uses: [\w./-]+@[0-9a-f]{40} # .*\d", action)


def test_all_is_run() -> None:
    """The workflows run what a developer runs, with each supported Home Assistant."""
    text = "".join(path.read_text() for path in WORKFLOWS)
    for command in ("scripts/lint", "scripts/test", "scripts/test --e2e", 'scripts/package "$TAG"'):
        assert f"run: {command}\n" in text
    assert "[oldest, latest]" in text
    assert "HA_VERSION: beta" in text


@pytest.mark.parametrize("path", FORMS, ids=lambda path: str(path.stem))
def test_forms_link_to_headings(path: Path) -> None:
    """Each link to a heading of the README leads somewhere."""
    anchors = re.findall(r"github\.com/ha-smsbox/ha-smsbox#([\w-]+)", path.read_text())
    assert set(anchors) <= set(sections(README))
