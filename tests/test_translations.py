"""Every text stands in every language, and every text that the code asks for exists."""

import ast
from collections.abc import Iterator
from pathlib import Path
import re

from homeassistant.core import HomeAssistant
import pytest

from .texts import load_translations

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
        "Link",
        "Plan",
        "Status",
        "Via",
    },
    "fr": {"SMS", "Message", "Messages", "messages", "Options", "Code", "Action", "Cause", "Causes", "Plan", "Via"},
    "de": {"SMS", "Name", "Text", "Status", "Link", "Plan"},
}


ENGLISH = load_translations("en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_same_texts_in_the_same_order(language: str) -> None:
    """A language has just the texts that English has, with the same placeholders."""
    texts = load_translations(language)
    assert list(texts) == list(ENGLISH)
    for path, text in texts.items():
        assert sorted(PLACEHOLDER.findall(text)) == sorted(PLACEHOLDER.findall(ENGLISH[path])), path


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_english_left(language: str) -> None:
    """No text is the English one, but for words that both languages have."""
    left = {path: text for path, text in load_translations(language).items() if text == ENGLISH[path]}
    assert set(left.values()) <= SAME[language], left


@pytest.mark.parametrize("language", ["en", *LANGUAGES])
def test_no_markup_or_address(language: str) -> None:
    """Texts hold no HTML and no address, which translators could change."""
    for path, text in load_translations(language).items():
        assert not re.search(r"<\w|https?://|www\.", text), path
        assert text == text.strip(), path


def raised() -> Iterator[tuple[str, set[str]]]:
    """Yield the key and the placeholders of every error that the code raises in so many words."""
    for file in INTEGRATION.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            match node:
                case ast.Call(
                    func=ast.Name(id="validation_error" | "action_error"),
                    args=[ast.Constant(value=str(key))],
                    keywords=given,
                ):
                    yield key, {f"{{{keyword.arg}}}" for keyword in given}


def test_errors_exist() -> None:
    """Every error that the code raises has its text, with no placeholder that the code does not fill."""
    found = list(raised())
    assert found
    for key, placeholders in found:
        assert set(PLACEHOLDER.findall(ENGLISH[f"exceptions.{key}.message"])) <= placeholders, key


# What a call that is wrong raises, and what the gateway or the spending guard refuses.
VALIDATION_ERRORS = """
ambiguous_recipient empty_message invalid_duration invalid_number invalid_sender message_too_long no_recipients
no_report_url otp_text_without_code send_at_in_past several_accounts
""".split()  # noqa: SIM905 - easier to read than eleven quoted words
REASONS = """
cannot_connect insufficient_credits invalid_auth limit_day limit_hour not_accepted outcome_unknown rejected
try_again_later
""".split()  # noqa: SIM905 - likewise


def test_errors_of_the_contract_exist() -> None:
    """Each error that automations can rely on has its text; each reason has its words in reports and logbook."""
    for key in VALIDATION_ERRORS + REASONS:
        assert ENGLISH[f"exceptions.{key}.message"].endswith("."), key
    for key in REASONS:
        assert ENGLISH[f"entity.event.delivery_report.state_attributes.error.state.{key}"]
        assert ENGLISH[f"selector.reason.options.{key}"]


def test_nobody_sends_a_call() -> None:
    """Calls are made, not sent."""
    assert not [text for text in ENGLISH.values() if re.search(r"\bsen[dt]\b[^.]*\bcalls?\b", text, re.IGNORECASE)]


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
