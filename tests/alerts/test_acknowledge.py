"""The link of an alert in Home Assistant: what it shows, what a tap does, and what happens meanwhile."""

from http import HTTPStatus
import re

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.http.ban import KEY_BAN_MANAGER, KEY_FAILED_LOGIN_ATTEMPTS
from homeassistant.config_entries import ConfigEntryDisabler, ConfigSubentryData
from homeassistant.core import Event, HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.smsbox.alerts.acknowledge import choose_language
from custom_components.smsbox.const import EVENT_ALERT
from tests.common import (
    account_entry,
    call_action,
    get_state,
    recipient_data,
    set_up,
    shut_down,
)
from tests.gateways import Gateway
from tests.plans import Client, add_plan, alert_event, link_in, see, start, stored_alerts, tap

MUM, DAD = "32496123456", "32471000001"
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
}
POLICY = re.compile(
    r"default-src 'none'; style-src 'sha256-[\w+/]{43}='; "
    r"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
UNKNOWN = "/api/smsbox/0123456789abcdef"


@pytest.fixture
def recipients() -> list[ConfigSubentryData]:
    """Return Mum and Dad."""
    return [recipient_data(), recipient_data("Dad", numbers=[DAD], channels=["sms", "voice"])]


@pytest.fixture
async def client(hass: HomeAssistant, entry: MockConfigEntry, hass_client_no_auth: ClientSessionGenerator) -> Client:
    """Return a phone that is not logged in."""
    return await hass_client_no_auth()


@pytest.fixture
def alerts(hass: HomeAssistant) -> list[Event]:
    """Return the events of alerts, as they come."""
    return async_capture_events(hass, EVENT_ALERT)


async def test_looking_changes_nothing(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, client: Client, alerts: list[Event]
) -> None:
    """GET and HEAD show the plan, the causes, since when and a button, with strict headers; nothing else happens."""
    await add_plan(hass, entry, ["notify.mum_sms", "notify.dad_sms"])
    await start(hass, "There is water in the cellar.", "Water")
    await start(hass, "<b>The pump & all</b>\nis off.")
    state, before = get_state(hass, "sensor.cellar_status"), list(alerts)
    link = link_in(gateway, MUM)
    for method in "GET", "HEAD", "GET":
        response = await client.request(method, link)
        assert response.status == HTTPStatus.OK
        assert response.headers["Content-Type"] == "text/html; charset=utf-8"
        assert HEADERS.items() <= response.headers.items()
        assert POLICY.fullmatch(response.headers["Content-Security-Policy"])
    page = await response.text()
    assert 'lang="en"' in page
    for shown in ("<h1>Cellar</h1>", "Water", "There is water in the cellar.", "Since ", "I take care of it"):
        assert shown in page
    assert "&lt;b&gt;The pump &amp; all&lt;/b&gt;\nis off." in page
    assert not re.search(rf"Mum|Dad|{MUM}|{DAD}|<script|http", page)
    assert len(page.encode()) <= 4096
    assert get_state(hass, "sensor.cellar_status") is state
    assert alerts == before


async def test_tap_takes_the_alert(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, client: Client, alerts: list[Event]
) -> None:
    """Whoever's link it is takes the alert; the page says so, and later taps change nothing."""
    await add_plan(hass, entry, ["notify.mum_sms", "notify.dad_sms"])
    await start(hass)
    mum, dad = link_in(gateway, MUM), link_in(gateway, DAD)
    await tap(client, mum)
    assert '"by":"Mum"' in stored_alerts(hass, entry)
    for link in mum, dad, dad:
        page = await see(client, link)
        assert re.search(r'<p role="status">Mum takes care of it\. Acknowledged: \d\d:\d\d\.</p>', page)
        assert "<button" not in page
        assert "Dad" not in page
        await tap(client, link)
    await hass.async_block_till_done()
    taken = [event.data for event in alerts if event.data["type"] == "acknowledged"]
    assert [(event["by"], event["via"]) for event in taken] == [("Mum", "link")]
    assert get_state(hass, "sensor.cellar_status").attributes["acknowledged_by"] == "Mum"


async def test_follow_up_is_not_for_who_tapped(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, client: Client
) -> None:
    """The others are told who takes care of it."""
    await add_plan(hass, entry, ["notify.mum_sms", "notify.dad_sms"])
    await start(hass)
    await tap(client, link_in(gateway, MUM))
    await shut_down(hass)
    assert [(sms["numbers"], sms["message"]) for sms in gateway.sent[2:]] == [(DAD, "Mum takes care of it: Cellar")]


@pytest.mark.freeze_time("2026-10-05T23:50:00Z")
@pytest.mark.parametrize("taken", [True, False])
async def test_link_for_an_hour_after_the_alert(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    client: Client,
    freezer: FrozenDateTimeFactory,
    taken: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """It shows what became of the alert, but takes no other one, and then works no more."""
    await hass.config.async_set_time_zone("UTC")
    await add_plan(hass, entry, ["notify.mum_sms"])
    await start(hass)
    old = link_in(gateway, MUM)
    if taken:
        await call_action(hass, "acknowledge_alert")
    await call_action(hass, "resolve_alert", entity_id="notify.cellar")
    freezer.move_to("2026-10-06T00:40:00Z")
    await start(hass, "Fire")
    page = await see(client, old)
    assert "Since 2026-10-05 23:50" in page
    assert ("Somebody takes care of it. Acknowledged: 2026-10-05 23:50." in page) is taken
    assert "It is over." in page
    assert "Fire" not in page
    await tap(client, old)
    assert get_state(hass, "sensor.cellar_status").state == "notifying"
    assert "Since 00:40" in await see(client, link_in(gateway, MUM))
    freezer.move_to("2026-10-06T00:49:59Z")
    assert "It is over." in await see(client, old)
    freezer.move_to("2026-10-06T00:50:01Z")
    assert (await client.get(old)).status == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
async def test_unknown_link(hass: HomeAssistant, entry: MockConfigEntry, client: Client, method: str) -> None:
    """It gets a kind word, and is no failed login."""
    await add_plan(hass, entry)
    for token in "0123456789abcdef", "x", "é" * 50, "%ff%00", "a b", "x" * 4000:
        response = await client.request(method, f"/api/smsbox/{token}", allow_redirects=False)
        assert response.status == HTTPStatus.NOT_FOUND
        assert HEADERS.items() <= response.headers.items()
        assert method == "HEAD" or "Thank you for looking." in await response.text()
    app = hass.http.app
    assert not app[KEY_FAILED_LOGIN_ATTEMPTS]
    assert not app[KEY_BAN_MANAGER].ip_bans_lookup


async def test_link_of_a_removed_plan(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, client: Client
) -> None:
    """It is unknown from then on."""
    plan = await add_plan(hass, entry)
    await start(hass)
    hass.config_entries.async_remove_subentry(entry, plan.subentry_id)
    assert (await client.post(link_in(gateway, MUM))).status == HTTPStatus.NOT_FOUND
    await hass.async_block_till_done()


async def test_unknown_link_while_an_account_is_not_loaded(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, client: Client
) -> None:
    """It may be that account's; one that is disabled does not count."""
    second = account_entry(title="Second", data={"api_key": "second", "webhook_id": "second"})
    second.add_to_hass(hass)
    response = await client.get(UNKNOWN)
    assert response.status == HTTPStatus.SERVICE_UNAVAILABLE
    assert HEADERS.items() <= response.headers.items()
    assert "One moment, please" in await response.text()
    await hass.config_entries.async_set_disabled_by(second.entry_id, ConfigEntryDisabler.USER)
    assert (await client.get(UNKNOWN)).status == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])
async def test_other_methods(
    hass: HomeAssistant, gateway: Gateway, hass_client_no_auth: ClientSessionGenerator, method: str
) -> None:
    """They are refused, also a preflight of a website that Home Assistant allows."""
    origin = "https://elsewhere.example"
    assert await async_setup_component(hass, "http", {"http": {"cors_allowed_origins": [origin]}})
    entry = await set_up(hass, account_entry(recipient_data()))
    await hass.config.async_update(external_url="https://example.org")
    await add_plan(hass, entry)
    client = await hass_client_no_auth()
    await start(hass)
    link = link_in(gateway, MUM)
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    response = await client.request(method, link, headers=headers)
    assert response.status == HTTPStatus.METHOD_NOT_ALLOWED
    assert response.headers["Allow"] == "GET, HEAD, POST"
    assert HEADERS.items() <= response.headers.items()
    allowed = {**response.headers, **(await client.get(link, headers=headers)).headers}
    assert not [header for header in allowed if header.startswith("Access-Control")]
    assert get_state(hass, "sensor.cellar_status").state == "notifying"


@pytest.mark.parametrize(
    ("accepted", "default", "language"),
    [
        ("", "nl", "nl"),
        ("", "pt-BR", "en"),
        ("*", "fr-CA", "fr"),
        ("nl", "en", "nl"),
        ("de-AT,de;q=0.9,en;q=0.8", "en", "de"),
        ("en;q=0.1, fr-BE;q=0.9", "nl", "fr"),
        ("es, it;q=0.9, NL ; q=0.5", "en", "nl"),
        ("nl;q=0, de;q=0.1", "en", "de"),
        ("nl;q=0", "fr", "fr"),
        ("nl;q=much, fr;level=1;q=0.2", "en", "fr"),
        ("nl;q=nan,;;,,=,q=", "de", "de"),
        ("english", "de", "de"),
    ],
)
def test_language(accepted: str, default: str, language: str) -> None:
    """The browser's favorite counts, else Home Assistant's language, else English."""
    assert choose_language(accepted, default) == language


@pytest.mark.parametrize(
    ("language", "shown", "after"),
    [
        ("nl", ("Sinds ", "Ik regel het"), "Mum regelt het. Bevestigd: "),
        ("fr", ("Depuis ", "Je m&#x27;en occupe"), "Mum s&#x27;en occupe. Confirmation : "),
        ("de", ("Seit ", "Ich kümmere mich darum"), "Mum kümmert sich darum. Bestätigt: "),
    ],
)
async def test_languages(
    hass: HomeAssistant,
    gateway: Gateway,
    entry: MockConfigEntry,
    client: Client,
    language: str,
    shown: tuple[str, ...],
    after: str,
) -> None:
    """The page speaks the language of the phone."""
    await add_plan(hass, entry)
    await start(hass)
    link = link_in(gateway, MUM)
    page = await see(client, link, **{"Accept-Language": f"{language}-BE"})
    assert f'lang="{language}"' in page
    assert all(text in page for text in shown)
    await tap(client, link)
    assert after in await see(client, link, **{"Accept-Language": language})
    assert f'lang="{language}"' in await (await client.get(UNKNOWN, headers={"Accept-Language": language})).text()


async def test_test_alert_says_that_it_is_one(
    hass: HomeAssistant, gateway: Gateway, entry: MockConfigEntry, client: Client
) -> None:
    """Its page looks like any other."""
    await add_plan(hass, entry)
    async with alert_event(hass, "told"):
        await call_action(hass, "press", domain="button", entity_id="button.cellar_send_test_alert")
    page = await see(client, link_in(gateway, MUM))
    assert "<h2>Test alert</h2>" in page
    assert "I take care of it" in page
