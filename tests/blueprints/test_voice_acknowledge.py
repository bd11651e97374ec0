"""The blueprint `voice_acknowledge`: acknowledge the alert by voice."""

from collections.abc import AsyncGenerator

from homeassistant.components import conversation
from homeassistant.core import Context, HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from tests.common import call_action, get_state, shut_down
from tests.gateways import Gateway
from tests.plans import plan, set_up_plans

from .conftest import automate


@pytest.fixture
async def entry(hass: HomeAssistant, gateway: Gateway) -> AsyncGenerator[MockConfigEntry]:
    """Set up an account with the plans Cellar and Attic, and an assistant."""
    for domain in ("homeassistant", "conversation"):
        assert await async_setup_component(hass, domain, {})
    yield await set_up_plans(hass, plan(), plan(name="Attic"))
    await hass.async_block_till_done(wait_background_tasks=True)
    await shut_down(hass)


async def start(hass: HomeAssistant, *plans: str) -> None:
    """Start the alerts of plans."""
    await call_action(hass, "send_alert", entity_id=[f"notify.{plan}" for plan in plans], message="Water")
    await hass.async_block_till_done(wait_background_tasks=True)


async def say(hass: HomeAssistant, sentence: str, context: Context | None = None) -> str:
    """Say something to Home Assistant, and return what it answers."""
    result = await conversation.async_converse(hass, sentence, None, context or Context(), language="en")
    return str(result.response.speech["plain"]["speech"])


@pytest.mark.usefixtures("entry")
@pytest.mark.parametrize(
    ("sentence", "answer"),
    [
        ("Acknowledge the alert", "Acknowledged: Cellar."),
        ("acknowledge alert", "Acknowledged: Cellar."),
        ("I take care of it.", "Acknowledged: Cellar."),
        ("I'll take care of the alarm", "Acknowledged: Cellar."),
        ("I'm taking care of it", "Acknowledged: Cellar."),
        ("Bevestig het alarm", "Bevestigd: Cellar."),
        ("Ik neem het op me", "Bevestigd: Cellar."),
        ("Ik zorg ervoor", "Bevestigd: Cellar."),
        ("Confirme l'alerte", "Confirmé : Cellar."),
        ("Confirmez l\N{RIGHT SINGLE QUOTATION MARK}alerte", "Confirmé : Cellar."),
        ("Je m'en occupe !", "Confirmé : Cellar."),
        ("je m\N{RIGHT SINGLE QUOTATION MARK}occupe de cette alerte", "Confirmé : Cellar."),
        ("Bestätige den Alarm", "Bestätigt: Cellar."),
        ("Alarm bestätigen", "Bestätigt: Cellar."),
        ("Ich kümmere mich darum", "Bestätigt: Cellar."),
        ("Ich übernehme das", "Bestätigt: Cellar."),
    ],
)
async def test_sentence_acknowledges_the_alert(hass: HomeAssistant, sentence: str, answer: str) -> None:
    """Each sentence acknowledges the alert and is answered in its language, whatever Home Assistant's is."""
    await automate(hass, "voice_acknowledge")
    await start(hass, "cellar")
    assert await say(hass, sentence) == answer
    status = get_state(hass, "sensor.cellar_status")
    assert (status.state, status.attributes["acknowledged_by"]) == ("acknowledged", None)


@pytest.mark.usefixtures("entry")
@pytest.mark.parametrize(
    ("sentence", "answer"),
    [
        ("Acknowledge the alert", "There is no alert to acknowledge."),
        ("Bevestig het alarm", "Er is geen alarm om te bevestigen."),
        ("Je m'en occupe", "Il n'y a pas d'alerte à confirmer."),
        ("Ich kümmere mich darum", "Es gibt keinen Alarm, den man bestätigen könnte."),
    ],
)
async def test_no_alert(hass: HomeAssistant, sentence: str, answer: str) -> None:
    """Without an alert the answer says so."""
    await automate(hass, "voice_acknowledge")
    assert await say(hass, sentence) == answer


@pytest.mark.usefixtures("entry")
async def test_all_plans_or_the_chosen_ones(hass: HomeAssistant) -> None:
    """By default the alerts of all plans are acknowledged, and the answer names each."""
    await automate(hass, "voice_acknowledge")
    await start(hass, "cellar", "attic")
    assert await say(hass, "I take care of it") == "Acknowledged: Cellar, Attic."


@pytest.mark.usefixtures("entry")
async def test_chosen_plans_only(hass: HomeAssistant) -> None:
    """Alerts of plans that are not chosen go on."""
    await automate(hass, "voice_acknowledge", plans={"entity_id": ["notify.attic"]})
    await start(hass, "cellar", "attic")
    assert await say(hass, "I take care of it") == "Acknowledged: Attic."
    assert get_state(hass, "sensor.cellar_status").state == "notifying"


@pytest.mark.usefixtures("entry")
async def test_whose_user_speaks_is_told(hass: HomeAssistant, hass_admin_user: MockUser) -> None:
    """Who speaks in the app is known, by the name of the person."""
    hass.states.async_set("person.guest", "home", {"friendly_name": "Guest"})
    hass.states.async_set("person.dad", "home", {"friendly_name": "Dad", "user_id": hass_admin_user.id})
    await automate(hass, "voice_acknowledge")
    await start(hass, "cellar")
    await say(hass, "I take care of it", Context(user_id=hass_admin_user.id))
    assert get_state(hass, "sensor.cellar_status").attributes["acknowledged_by"] == "Dad"


@pytest.mark.usefixtures("entry")
async def test_what_fails_is_told(hass: HomeAssistant) -> None:
    """If the alert cannot be acknowledged, the answer does not claim it."""
    await automate(hass, "voice_acknowledge", plans={"entity_id": ["notify.mum_sms"]})
    await start(hass, "cellar")
    assert await say(hass, "I take care of it") == "The alert could not be acknowledged."
    assert get_state(hass, "sensor.cellar_status").state == "notifying"
