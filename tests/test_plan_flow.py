"""The form of a plan: adding one and changing it."""

from typing import Any

from homeassistant.config_entries import SOURCE_USER, ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from .common import recipient_data

PLAN: dict[str, Any] = {"name": "Cellar", "steps": [{"notify": ["notify.mum_sms"], "wait": 5}], "repeat": 1}
MORE = {"delay": 0, "quiet_after": 60, "give_up_after": 360, "link": True, "follow_up": True}
WRONG_WAITS: list[Any] = [0, 0.5, 1440.5, -5, "soon", float("nan"), [], {}]


async def add(hass: HomeAssistant, entry: MockConfigEntry, *forms: dict[str, Any]) -> list[Any]:
    """Submit the form of a new plan once for each of `forms`, which change the cellar's; return the results."""
    subentries = hass.config_entries.subentries
    flow = await subentries.async_init((entry.entry_id, "alert_plan"), context={"source": SOURCE_USER})
    assert flow["step_id"] == "user"
    results = [await subentries.async_configure(flow["flow_id"], PLAN | form) for form in forms]
    await hass.async_block_till_done()
    return results


def find(entry: MockConfigEntry, name: str) -> ConfigSubentry:
    """Return the recipient or plan of that name."""
    return next(subentry for subentry in entry.subentries.values() if subentry.title == name)


def target(entry: MockConfigEntry, name: str, channel: str) -> dict[str, str]:
    """Return how a recipient's entity is stored."""
    return {"config_entry_id": entry.entry_id, "recipient": find(entry, name).subentry_id, "channel": channel}


def suggested(schema: Any) -> dict[str, Any]:
    """Return what a form suggests, its section included."""
    values = {key.schema: key.description["suggested_value"] for key in schema if key.description}
    return values | {key.schema: suggested(value.schema.schema) for key, value in schema.items() if key == "more"}


@pytest.fixture
def recipients() -> list[Any]:
    """Have a recipient with two channels and another one."""
    return [recipient_data(channels=["sms", "voice"]), recipient_data("Dad", numbers=["32471234567"])]


@pytest.fixture
def phone(hass: HomeAssistant) -> er.RegistryEntry:
    """Have a notify entity of another integration."""
    return er.async_get(hass).async_get_or_create("notify", "mobile_app", "phone", suggested_object_id="phone")


async def test_plan_is_stored_without_entity_ids(
    hass: HomeAssistant, entry: MockConfigEntry, phone: er.RegistryEntry
) -> None:
    """What the form leaves out has its default; entities are stored so that they can be renamed."""
    night = er.async_get(hass).async_get_or_create("schedule", "schedule", "night")
    hass.states.async_set("notify.yaml", "unknown")
    steps = [
        {"notify": ["notify.mum_sms", "notify.mum_voice_call"], "wait": 0x10, "only_while": "schedule.schedule_night"},
        {"notify": "notify.dad_sms", "only_while": "switch.not_registered"},
        {"notify": ["notify.phone", "notify.yaml"], "wait": None, "only_while": None},
    ]
    assert night.entity_id == "schedule.schedule_night"
    (result,) = await add(hass, entry, {"name": " Cellar ", "steps": steps, "more": {"hold_while": night.entity_id}})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert find(entry, "Cellar").subentry_type == "alert_plan"
    assert find(entry, "Cellar").data == MORE | {
        "steps": [
            {
                "notify": [target(entry, "Mum", "sms"), target(entry, "Mum", "voice")],
                "wait": 16,
                "only_while": night.id,
            },
            {"notify": [target(entry, "Dad", "sms")], "wait": 5, "only_while": "switch.not_registered"},
            {"notify": [{"notifier": phone.id}, {"notifier": "notify.yaml"}], "wait": 5},
        ],
        "repeat": 1,
        "hold_while": night.id,
    }


async def test_defaults_of_the_section(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Name and steps are enough, and the section is collapsed."""
    flow = await hass.config_entries.subentries.async_init(
        (entry.entry_id, "alert_plan"), context={"source": SOURCE_USER}
    )
    assert flow["data_schema"] is not None
    assert flow["data_schema"]({"name": "Cellar"}) == {"name": "Cellar", "steps": [], "repeat": 1}
    assert flow["data_schema"].schema["more"].options == {"collapsed": True}
    form = {"name": "Cellar", "steps": PLAN["steps"]}
    result = await hass.config_entries.subentries.async_configure(flow["flow_id"], form)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"].items() >= (MORE | {"repeat": 1}).items()
    await hass.async_block_till_done()


@pytest.mark.parametrize(
    ("steps", "error"),
    [
        ([], "no_steps"),
        ([{}], "nobody_in_step"),
        (["Mum"], "nobody_in_step"),
        ([*PLAN["steps"], {"notify": [], "wait": 5}], "nobody_in_step"),
        ([{"notify": ["notify.mum_sms", "notify.gone"]}], "unknown_notifier"),
        ([{"notify": ["notify.cellar"]}], "unknown_notifier"),
        ([{"notify": ["event.mum_delivery_report"]}], "unknown_notifier"),
        ([{"notify": ["sun.sun"]}], "unknown_notifier"),
        ([{"notify": [17]}], "unknown_notifier"),
        ([{"notify": ["f" * 32]}], "unknown_notifier"),
        *(([{"notify": ["notify.mum_sms"], "wait": wait}], "invalid_wait") for wait in WRONG_WAITS),
    ],
)
async def test_mistakes_in_steps(hass: HomeAssistant, entry: MockConfigEntry, steps: Any, error: str) -> None:
    """Each mistake in the steps is an error of theirs; then the form can be submitted again."""
    hass.states.async_set("sun.sun", "above_horizon")
    plan = er.async_get(hass).async_get_or_create(
        "notify", "smsbox", "a_plan_alert", config_entry=entry, suggested_object_id="cellar"
    )
    assert plan.entity_id == "notify.cellar"
    wrong, right = await add(hass, entry, {"steps": steps}, {})
    assert wrong["errors"] == {"steps": error}
    assert suggested(wrong["data_schema"].schema)["steps"] == steps
    assert right["type"] is FlowResultType.CREATE_ENTRY


async def test_names(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Recipients and plans of an account share their names."""
    nobody, taken, _ = await add(hass, entry, {"name": " ", "steps": []}, {"name": "MUM"}, {})
    assert nobody["errors"] == {"name": "no_name", "steps": "no_steps"}
    assert taken["errors"] == {"name": "already_configured"}
    (taken,) = await add(hass, entry, {"name": "cellar"})
    assert taken["errors"] == {"name": "already_configured"}
    subentries = hass.config_entries.subentries
    flow = await subentries.async_init((entry.entry_id, "recipient"), context={"source": SOURCE_USER})
    recipient = {"name": "Cellar", "numbers": ["0496 12 34 56"]}
    assert (await subentries.async_configure(flow["flow_id"], recipient))["errors"] == {"name": "already_configured"}


async def test_out_of_range(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """What the form cannot hold is refused."""
    for wrong in ({"repeat": 10}, {"more": {"give_up_after": 0}}, {"more": {"delay": 1441}}):
        with pytest.raises(InvalidData):
            await add(hass, entry, wrong)


async def test_change_shows_the_entity_ids_of_today(
    hass: HomeAssistant, entry: MockConfigEntry, phone: er.RegistryEntry
) -> None:
    """Renamed entities are shown by their new ids, and those that are gone are left out."""
    registry = er.async_get(hass)
    night = registry.async_get_or_create("schedule", "schedule", "night")
    gone = registry.async_get_or_create("notify", "mobile_app", "gone", suggested_object_id="gone")
    steps = [
        {"notify": ["notify.mum_sms", "notify.phone"], "wait": 16, "only_while": night.entity_id},
        {"notify": ["notify.gone"], "wait": 5, "only_while": "switch.not_registered"},
    ]
    await add(hass, entry, {"steps": steps, "repeat": 3, "more": {"hold_while": night.entity_id, "link": False}})
    registry.async_update_entity("notify.mum_sms", new_entity_id="notify.mama")
    registry.async_update_entity(phone.entity_id, new_entity_id="notify.mobile")
    registry.async_update_entity(night.entity_id, new_entity_id="schedule.night")
    registry.async_remove(gone.entity_id)

    plan = find(entry, "Cellar")
    stored = plan.data
    flow = await entry.start_subentry_reconfigure_flow(hass, plan.subentry_id)
    assert flow["step_id"] == "reconfigure"
    assert flow["data_schema"] is not None
    form = suggested(flow["data_schema"].schema)
    assert form == {
        "name": "Cellar",
        "steps": [
            {"notify": ["notify.mama", "notify.mobile"], "wait": 16, "only_while": "schedule.night"},
            {"notify": [], "wait": 5, "only_while": "switch.not_registered"},
        ],
        "repeat": 3,
        "more": MORE | {"hold_while": "schedule.night", "link": False},
    }
    configure = hass.config_entries.subentries.async_configure
    result = await configure(flow["flow_id"], form)
    assert result["errors"] == {"steps": "nobody_in_step"}
    result = await configure(flow["flow_id"], form | {"name": "Basement", "steps": form["steps"][:1]})
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    assert plan.title == "Basement"
    assert plan.data == dict(stored) | {"steps": stored["steps"][:1]}
    await hass.async_block_till_done()


@pytest.mark.parametrize("lost", ["notify.mum_sms", "schedule.schedule_night"])
async def test_change_after_an_entity_was_removed(hass: HomeAssistant, entry: MockConfigEntry, lost: str) -> None:
    """A removed entity is left out of the form, whatever it was for."""
    registry = er.async_get(hass)
    registry.async_get_or_create("schedule", "schedule", "night")
    steps = [{"notify": ["notify.mum_sms", "notify.dad_sms"], "wait": 5, "only_while": "schedule.schedule_night"}]
    await add(hass, entry, {"steps": steps, "more": {"hold_while": "schedule.schedule_night"}})
    registry.async_remove(lost)
    flow = await entry.start_subentry_reconfigure_flow(hass, find(entry, "Cellar").subentry_id)
    assert flow["data_schema"] is not None
    form = suggested(flow["data_schema"].schema)
    assert lost not in str(form)
    result = await hass.config_entries.subentries.async_configure(flow["flow_id"], form)
    assert result["type"] is FlowResultType.ABORT
    await hass.async_block_till_done()


async def test_form_says_how_long_the_link_is(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """The form counts the link with the external URL, and what remains of one part; or there is no link."""
    subentries = hass.config_entries.subentries
    for external_url, placeholders in (
        ("https://example.org", {"length": "47", "remaining": "108"}),
        (None, {"length": "-", "remaining": "-"}),
    ):
        await hass.config.async_update(external_url=external_url)
        flow = await subentries.async_init((entry.entry_id, "alert_plan"), context={"source": SOURCE_USER})
        assert flow["description_placeholders"] == placeholders


async def test_form_in_the_frontend(
    hass: HomeAssistant, entry: MockConfigEntry, hass_client: ClientSessionGenerator
) -> None:
    """The frontend gets steps that show whom they notify and how long they wait, and an error it can show."""
    assert await async_setup_component(hass, "config", {})
    client = await hass_client()
    url = "/api/config/config_entries/subentries/flow"
    form = await (await client.post(url, json={"handler": [entry.entry_id, "alert_plan"]})).json()
    fields = {field["name"]: field for field in form["data_schema"]}
    assert list(fields) == ["name", "steps", "repeat", "more"]
    steps = fields["steps"]["selector"]["object"]
    assert (steps["label_field"], steps["description_field"], steps["multiple"]) == ("notify", "wait", True)
    assert set(steps["fields"]) == {"notify", "wait", "only_while"}
    assert {field["name"] for field in fields["more"]["schema"]} == {*MORE, "hold_while"}

    wrong = PLAN | {"steps": [{"notify": ["light.gone"], "wait": 0}]}
    response = await client.post(f"{url}/{form['flow_id']}", json=wrong)
    assert response.ok
    assert (await response.json())["errors"] == {"steps": "unknown_notifier"}
    response = await client.post(f"{url}/{form['flow_id']}", json=PLAN | {"more": MORE | {"hold_while": "person.mum"}})
    assert (await response.json())["type"] == "create_entry"
    await hass.async_block_till_done()

    # Changed, with the condition cleared.
    plan = find(entry, "Cellar")
    new = {"handler": [entry.entry_id, "alert_plan"], "subentry_id": plan.subentry_id}
    form = await (await client.post(url, json=new)).json()
    assert form["step_id"] == "reconfigure"
    for cleared in ({"hold_while": None}, {"hold_while": ""}, {}):
        form = await (await client.post(url, json=new)).json()
        response = await client.post(f"{url}/{form['flow_id']}", json=PLAN | {"more": MORE | cleared})
        assert (await response.json())["reason"] == "reconfigure_successful"
        assert "hold_while" not in plan.data
    await hass.async_block_till_done()
