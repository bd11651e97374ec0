"""The dashboards: up to date in each language, and right in a Home Assistant of that language."""

import asyncio
import re
from types import MappingProxyType
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers.template import Template
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml_dict
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from scripts.dashboards import FOLDER, LANGUAGES, Language

from .common import call_action, post_report, recipient_data
from .gateways import FIRST_MSGID, Gateway
from .texts import load_translations

SENT = {
    "en": ("Accepted, 1 part", "Delivered"),
    "nl": ("Aanvaard, 1 deel", "Afgeleverd"),
    "fr": ("Accepté, 1 partie", "Remis"),
    "de": ("Angenommen, 1 Teil", "Zugestellt"),
}
REFUSED = {
    "en": "Not sent: choose a recipient and write a text",
    "nl": "Niet verzonden: kies een ontvanger en schrijf een tekst",
    "fr": "Non envoyé : choisissez un destinataire et écrivez un texte",
    "de": "Nicht gesendet: Wähle einen Empfänger und schreibe einen Text",
}


@pytest.fixture(autouse=True, params=LANGUAGES)
def language(hass: HomeAssistant, request: pytest.FixtureRequest) -> str:
    """Let Home Assistant speak a language before the integration is set up."""
    hass.config.language = str(request.param)
    return hass.config.language


@pytest.fixture
def expected_lingering_timers() -> bool:
    """Allow the timer of the template that lists the recipients."""
    return True


@pytest.fixture
async def _package(hass: HomeAssistant, entry: MockConfigEntry, language: str) -> None:
    """Set up the package beside an account with Mum as a recipient."""
    package = load_yaml_dict(str(FOLDER / f"{language}-package.yaml"))
    for domain in package:
        assert await async_setup_component(hass, domain, package)
    await hass.async_block_till_done()


@pytest.fixture
async def _plan(hass: HomeAssistant, entry: MockConfigEntry, _package: None) -> None:
    """Add a plan that tells Mum by SMS."""
    [mum] = entry.subentries
    notify = [{"config_entry_id": entry.entry_id, "recipient": mum, "channel": "sms"}]
    data = {"steps": [{"notify": notify, "wait": 5}], "repeat": 0}
    plan = ConfigSubentry(data=MappingProxyType(data), subentry_type="alert_plan", title="Cellar", unique_id=None)
    hass.config_entries.async_add_subentry(entry, plan)
    await hass.async_block_till_done()


async def send(hass: HomeAssistant, text: str) -> str:
    """Send a text to Mum as the dashboard does; return the result that it shows."""
    who = {"entity_id": "select.sms_recipient", "option": "Mum"}
    await hass.services.async_call("select", "select_option", who, blocking=True)
    what = {"entity_id": "input_text.sms_text", "value": text}
    await hass.services.async_call("input_text", "set_value", what, blocking=True)
    await hass.services.async_call("script", "sms_send", blocking=True)
    result = hass.states.get("input_text.sms_result")
    assert result is not None
    return result.state


def tables(hass: HomeAssistant, language: str) -> list[list[str]]:
    """Return the lines of the tables of plans, of alerts and of reports, as the dashboard renders them."""
    dashboard = load_yaml_dict(str(FOLDER / f"{language}.yaml"))
    views: Any = dashboard["views"]
    cards = [card for section in views[0]["sections"] for card in section["cards"]]
    contents = [card["content"] for card in cards if "{% for" in card.get("content", "")]
    rendered = [str(Template(content, hass).async_render(parse_result=False)) for content in contents]
    return [text.strip().splitlines() for text in rendered]


def reports(hass: HomeAssistant, language: str) -> list[str]:
    """Return the lines of the table of reports."""
    return tables(hass, language)[2]


@pytest.mark.parametrize(("source", "suffix"), [("dashboard", ""), ("package", "-package")])
def test_up_to_date(language: str, source: str, suffix: str) -> None:
    """The files are what scripts/dashboards writes."""
    assert (FOLDER / f"{language}{suffix}.yaml").read_text() == Language(language).render(source)


@pytest.mark.usefixtures("_package")
def test_entities_exist(hass: HomeAssistant, language: str) -> None:
    """Every entity of the dashboard and of its package exists."""
    text = "".join((FOLDER / f"{language}{suffix}.yaml").read_text() for suffix in ("", "-package"))
    named = set(re.findall(r"(?<![\w.])(?:(?:binary_)?sensor|event|input_text|script|select)\.\w+", text))
    actions = {"input_text.set_value"}
    assert named - actions <= set(hass.states.async_entity_ids())
    assert len(named) > 8


@pytest.mark.usefixtures("_package")
async def test_send(
    hass: HomeAssistant, gateway: Gateway, language: str, hass_client_no_auth: ClientSessionGenerator
) -> None:
    """The dashboard sends, and says what was sent to whom."""
    result, delivered = SENT[language]
    assert await send(hass, "Hello") == result
    assert [(sms["numbers"], sms["message"]) for sms in gateway.sent] == [("32496123456", "Hello")]
    assert hass.states.is_state("input_text.sms_text", "")

    client = await hass_client_no_auth()
    await post_report(hass, client, FIRST_MSGID, 10)
    await post_report(hass, client, FIRST_MSGID, 11)
    head, _, last, first = reports(hass, language)
    texts = load_translations(language)
    assert texts["entity.event.delivery_report.state_attributes.recipient.name"] in head
    assert f"| Mum | {delivered} |" in last
    assert f"| Mum | {texts['entity.event.delivery_report.state_attributes.event_type.state.sent']} |" in first


@pytest.mark.usefixtures("_package")
async def test_recipients_come_and_go(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """A choice stays while others come, and goes with its recipient: nobody else takes that place."""

    async def shown() -> tuple[str, list[str]]:
        """Return who is chosen, and who can be."""
        freezer.tick(5)  # a template waits a second between two renderings
        async_fire_time_changed(hass)
        await hass.async_block_till_done()
        recipients = hass.states.get("select.sms_recipient")
        assert recipients is not None
        return recipients.state, recipients.attributes["options"]

    nobody, [_, *names] = await shown()
    assert names == ["Mum"]
    assert nobody not in names
    await send(hass, "Hello")
    data = recipient_data("Dad")["data"]
    dad = ConfigSubentry(data=MappingProxyType(data), subentry_type="recipient", title="Dad", unique_id="dad")
    hass.config_entries.async_add_subentry(entry, dad)
    await hass.async_block_till_done()
    assert await shown() == ("Mum", [nobody, "Dad", "Mum"])
    [mum] = [subentry.subentry_id for subentry in entry.subentries.values() if subentry.title == "Mum"]
    hass.config_entries.async_remove_subentry(entry, mum)
    await hass.async_block_till_done()
    assert await shown() == ("unknown", [nobody, "Dad"])


@pytest.mark.usefixtures("_package")
async def test_nothing_to_send(hass: HomeAssistant, gateway: Gateway, language: str) -> None:
    """Without a text the dashboard says what to do, and keeps the recipient."""
    assert await send(hass, "") == REFUSED[language]
    assert not gateway.sent
    assert hass.states.is_state("select.sms_recipient", "Mum")


@pytest.mark.usefixtures("_package")
async def test_reason(hass: HomeAssistant, language: str) -> None:
    """What was not sent stands in the table, with the reason, and ten reports at most."""
    for number in range(12):
        data = {"recipient": None, "number": f"3249600000{number:02}", "status": "not_sent", "error": "limit_hour"}
        hass.bus.async_fire("smsbox_delivery_report", data)
        await hass.async_block_till_done()
    lines = reports(hass, language)
    [*_, row] = [line for line in lines if line.startswith("| 3249")]
    assert len([line for line in lines if line.startswith("| 3249")]) == 10
    assert re.match(r"\| 324960000002 \| [^(|]+ \([^)]+\) \| \d\d", row)


@pytest.mark.usefixtures("_plan")
async def test_alert(hass: HomeAssistant, language: str) -> None:
    """A plan is found, with its status, its causes and who was told; what happened stands below, the newest first."""
    texts = load_translations(language)
    status, event = "entity.sensor.status.state", "entity.event.alert.state_attributes.event_type.state"
    plans, history, _ = tables(hass, language)
    assert plans[2:] == [f"| Cellar | {texts[f'{status}.idle']} |  |  |"]
    assert len(history) == 2
    assert hass.states.is_state("binary_sensor.sms_alert", "off")

    cause = {"title": "Water | again", "message": "There is water in the cellar."}
    told = asyncio.Event()

    @callback
    def listen(alert: Event) -> None:
        """Wait for who is told."""
        if alert.data["type"] == "told":
            told.set()

    hass.bus.async_listen("smsbox_alert", listen)
    await call_action(hass, "send_alert", **cause, entity_id="notify.cellar")
    await asyncio.wait_for(told.wait(), 10)
    await hass.async_block_till_done()
    plans, history, _ = tables(hass, language)
    assert plans[2:] == [f"| Cellar<br>Water   again | {texts[f'{status}.notifying']} | Mum | 1 |"]
    assert re.match(rf"\| Cellar \| {texts[f'{event}.told']}: Mum \| \d\d", history[2])
    assert re.match(rf"\| Cellar \| {texts[f'{event}.started']}: Water   again \| \d\d", history[3])
    assert hass.states.is_state("binary_sensor.sms_alert", "on")

    await call_action(hass, "acknowledge_alert", by="Dad")
    await hass.async_block_till_done()
    plans, history, _ = tables(hass, language)
    assert plans[2:] == [f"| Cellar<br>Water   again | {texts[f'{status}.acknowledged']} (Dad) | Mum |  |"]
    assert re.match(rf"\| Cellar \| {texts[f'{event}.acknowledged']}: Dad \| \d\d", history[2])
    assert hass.states.is_state("binary_sensor.sms_alert", "off")


@pytest.mark.usefixtures("_package")
async def test_alert_that_told_nobody(hass: HomeAssistant, language: str) -> None:
    """The history says who was not told, and why."""
    data = {"plan": "Cellar", "type": "not_told", "by": None, "title": None, "reason": "nobody", "targets": None}
    hass.bus.async_fire("smsbox_alert", data)
    hass.bus.async_fire("smsbox_alert", data | {"reason": "other", "targets": [{"name": "Mum"}, {"name": "Mum"}]})
    await hass.async_block_till_done()
    texts = load_translations(language)
    state = "entity.event.alert.state_attributes"
    not_told, nobody = texts[f"{state}.event_type.state.not_told"], texts[f"{state}.reason.state.nobody"]
    *_, other, first = tables(hass, language)[1]
    assert other.startswith(f"| Cellar | {not_told}: Mum (other) |")
    assert first.startswith(f"| Cellar | {not_told} ({nobody}) |")
