"""Every text stands in every language, and every text that the code asks for exists."""

import ast
from collections.abc import Iterator
from pathlib import Path
import re

from homeassistant.core import HomeAssistant
import pytest

from .texts import load

INTEGRATION = Path("custom_components/smsbox")
LANGUAGES = ("nl", "fr", "de")
PLACEHOLDER = re.compile(r"\{\w+\}")

# Words that are the same in both languages.
SAME = {
    "nl": {
        "SMS",
        "Credits",
        "credits",
        "Accounts",
        "Account",
    },
    "fr": {"SMS", "Message", "Messages", "messages", "Options", "Code"},
    "de": {"SMS", "Name", "Text", "Status"},
}


ENGLISH = load("en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_same_texts_in_the_same_order(language: str) -> None:
    """A language has just the texts that English has, with the same placeholders."""
    texts = load(language)
    assert list(texts) == list(ENGLISH)
    for path, text in texts.items():
        assert sorted(PLACEHOLDER.findall(text)) == sorted(PLACEHOLDER.findall(ENGLISH[path])), path


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_english_left(language: str) -> None:
    """No text is the English one, but for words that both languages have."""
    left = {path: text for path, text in load(language).items() if text == ENGLISH[path]}
    assert set(left.values()) <= SAME[language], left


@pytest.mark.parametrize("language", ["en", *LANGUAGES])
def test_no_markup_or_address(language: str) -> None:
    """Texts hold no HTML and no address, which translators could change."""
    for path, text in load(language).items():
        assert not re.search(r"<\w|https?://|www\.", text), path
        assert text == text.strip(), path


def raised() -> Iterator[tuple[str, set[str]]]:
    """Yield the key and the placeholders of every error that the code raises by one of its helpers."""
    for file in INTEGRATION.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
                continue
            if node.func.id in {"validation_error", "failure"} and isinstance(node.args[0], ast.Constant):
                yield str(node.args[0].value), {f"{{{keyword.arg}}}" for keyword in node.keywords if keyword.arg}
            yield from (
                (str(keyword.value.value), set())
                for keyword in node.keywords
                if keyword.arg == "translation_key"
                and isinstance(keyword.value, ast.Constant)
                and node.func.id in {"ConfigEntryAuthFailed", "UpdateFailed", "HomeAssistantError"}
            )


def test_errors_exist() -> None:
    """Every error that the code raises has its text, with no placeholder that the code does not fill."""
    found = list(raised())
    assert len(found) >= 12
    for key, placeholders in found:
        assert set(PLACEHOLDER.findall(ENGLISH[f"exceptions.{key}.message"])) <= placeholders, key


def test_errors_of_the_contract_exist() -> None:
    """Each error that automations can rely on has its text."""
    for key in (
        "invalid_number",
        "no_recipients",
        "empty_message",
        "message_too_long",
        "invalid_sender",
        "invalid_channel",
        "otp_text_without_code",
        "no_report_url",
        "several_accounts",
        "invalid_auth",
        "insufficient_credits",
        "cannot_connect",
        "outcome_unknown",
        "rejected",
        "not_accepted",
        "try_again_later",
    ):
        assert ENGLISH[f"exceptions.{key}.message"]


@pytest.mark.usefixtures("entry")
def test_actions_fill_their_texts(hass: HomeAssistant) -> None:
    """Every placeholder in the texts of an action is filled."""
    actions = hass.services.async_services_for_domain("smsbox")
    used = {
        (path.split(".")[1], placeholder.strip("{}"))
        for path, text in ENGLISH.items()
        if path.startswith("services.")
        for placeholder in PLACEHOLDER.findall(text)
    }
    assert used
    assert all(placeholder in (actions[action].description_placeholders or {}) for action, placeholder in used)
