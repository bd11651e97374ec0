"""What moved to `plans`, for those who still look for it here."""

from .plans import EVENT_ALERT, Client, add_plan, alert_event, link_in, see, start, stored_alerts, tap

__all__ = ["EVENT_ALERT", "Client", "add_plan", "alert_event", "link_in", "see", "start", "stored_alerts", "tap"]
