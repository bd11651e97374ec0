"""The pages for users and contributors, as the tests of the docs read them."""

from functools import cache
import json
from pathlib import Path
import re

from homeassistant.util.yaml import load_yaml_dict

README, ACTIONS = Path("README.md"), Path("docs/actions.md")
DOCS = {path: path.read_text() for path in (README, *sorted(Path("docs").glob("*.md")))}
PAGES = DOCS | {path: path.read_text() for path in (Path("CONTRIBUTING.md"), Path("SECURITY.md"))}
TEXT = "".join(DOCS.values())
SERVICES = load_yaml_dict("custom_components/smsbox/services.yaml")
TRANSLATIONS = json.loads(Path("custom_components/smsbox/translations/en.json").read_text())


@cache
def sections(path: Path) -> dict[str, str]:
    """Return the text below each heading of a page, by the anchor that GitHub gives it."""
    parts = re.split(r"^#+ (.+)$", re.sub(r"```.*?```", "", PAGES[path], flags=re.DOTALL), flags=re.MULTILINE)
    anchors = [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in parts[1::2]]
    return dict(zip(anchors, parts[2::2], strict=True))


def rows(path: Path, section: str) -> list[str]:
    """Return the keys in the first column of a section's tables."""
    cells = re.findall(r"^\| (`.+?) \|", sections(path)[section], re.MULTILINE)
    return [key for cell in cells for key in re.findall(r"`(\w+)`", cell)]
