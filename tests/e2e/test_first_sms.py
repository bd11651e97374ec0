"""The main job: from a new account to an SMS that comes back as delivered."""

from aiohttp import ClientSession

from development.home_assistant import HomeAssistant


async def test_from_account_to_delivery(instance: HomeAssistant, gateway: str) -> None:
    """Add an account and a recipient as the frontend does, send, and see the report arrive."""
    entry_id, flow_id = await instance.add_account()
    await instance.add_recipient(flow_id, "Mum", "0496 12 34 56", channels=["sms"])
    # The recipient reloads the account, which ends once its entities are there.
    await instance.state("notify.mum_sms")

    message = {"entity_id": "notify.mum_sms", "title": "Cellar", "message": "There is water in the cellar."}
    async with instance.events("smsbox_delivery_report") as events:
        await instance.action("notify.send_message", message)
        reports = [await anext(events), await anext(events)]
    assert [report["status"] for report in reports] == ["sent", "delivered"]
    assert reports[1] | {"config_entry_id": entry_id, "number": "32496123456", "recipient": "Mum"} == reports[1]

    state = await instance.state("event.mum_delivery_report")
    assert state["attributes"]["event_type"] == "delivered"
    async with ClientSession() as session, session.get(f"{gateway}/messages") as response:
        (phone,) = await response.json()
    assert phone["text"] == "Cellar\nThere is water in the cellar."
