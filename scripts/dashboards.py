"""Write the dashboards in all languages: entity ids follow Home Assistant's language, and so do the texts."""

import json
import re
from typing import Any

from homeassistant.util import slugify
from homeassistant.util.yaml import load_yaml_dict

from development.process import ROOT

FOLDER = ROOT / "docs/dashboard"
TRANSLATIONS = ROOT / "custom_components/smsbox/translations"
LANGUAGES = ("en", "nl", "fr", "de")
DEVICE = "SMSBOX"
SEND_STATUSES = ("Accepted", "Not accepted", "Outcome unknown", "Queued", "Not sent")


class Language:
    """What fills in the source in one language."""

    def __init__(self, language: str) -> None:
        texts = load_yaml_dict(str(FOLDER / "source/texts.yaml"))
        self._texts = {text: translations.get(language, text) for text, translations in texts.items()}
        self._translations: dict[str, Any] = json.loads((TRANSLATIONS / f"{language}.json").read_text())

    def render(self, source: str) -> str:
        """Return a source with everything filled in."""
        text = (FOLDER / f"source/{source}.yaml").read_text()
        return re.sub(r"\[\[(.+?)\]\]", self._value, text)

    def _value(self, placeholder: re.Match[str]) -> str:
        """Return a text, a translation of the integration, or an entity id of the account."""
        name = placeholder[1]
        report = self._translations["entity"]["event"]["delivery_report"]["state_attributes"]
        if name == "statuses":
            statuses = {status.lower().replace(" ", "_"): self._texts[status] for status in SEND_STATUSES}
            return json.dumps(statuses | report["event_type"]["state"], ensure_ascii=False)
        if name == "reasons":
            return json.dumps(report.get("error", {}).get("state", {}), ensure_ascii=False)
        if name in self._texts:
            return str(self._texts[name])
        if name.startswith("json."):
            return json.dumps(self._translation(name.removeprefix("json.")), ensure_ascii=False)
        if name.startswith("entity."):
            return str(self._translation(name))
        domain, key = name.split(".")
        return f"{domain}.{slugify(f'{DEVICE} {self._translations["entity"][domain][key]["name"]}')}"

    def _translation(self, path: str) -> Any:
        """Return a translation of the integration, or all below a path."""
        value: Any = self._translations
        for key in path.split("."):
            value = value[key]
        return value


def main() -> None:
    """Write all files."""
    for code in LANGUAGES:
        language = Language(code)
        (FOLDER / f"{code}.yaml").write_text(language.render("dashboard"))
        (FOLDER / f"{code}-package.yaml").write_text(language.render("package"))


if __name__ == "__main__":
    main()
