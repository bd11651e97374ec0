"""The link of an alert: its page, and the tap that acknowledges it."""

from collections.abc import Mapping
from http import HTTPStatus
import time
from typing import override

from aiohttp import hdrs, web
from homeassistant.components.http import HomeAssistantView
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from .engine import ENGINES
from .page import HEADERS, render_alert, render_note
from .run import Link, Via
from .runner import AlertRunner

LANGUAGES = ("en", "nl", "fr", "de")
METHODS = (hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_POST)


class AcknowledgeView(HomeAssistantView):
    """Shows an alert to whoever has its link, and lets them acknowledge it."""

    url: str = f"/api/{DOMAIN}/{{token}}"
    name = f"api:{DOMAIN}:acknowledge"
    requires_auth = False

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass

    @override
    def register(self, hass: HomeAssistant, app: web.Application, router: web.UrlDispatcher) -> None:
        """Accept every method, so that CORS lets no other website in and no token gets into core's debug log."""
        router.add_route(hdrs.METH_ANY, self.url, self.handle)

    async def handle(self, request: web.Request) -> web.Response:
        """Show the alert, or acknowledge it on POST; the time that this takes reveals nothing about a token."""
        if request.method not in METHODS:
            headers = {**HEADERS, hdrs.ALLOW: ", ".join(METHODS)}
            return web.Response(status=HTTPStatus.METHOD_NOT_ALLOWED, headers=headers)
        language = choose_language(request.headers.get(hdrs.ACCEPT_LANGUAGE, ""), self._hass.config.language)
        token = request.match_info["token"]
        found = self._find(token)
        if self._hass.is_stopping or (found is None and self._loading):
            return await self._respond_note(HTTPStatus.SERVICE_UNAVAILABLE, "not_ready", language)
        if found is None:
            return await self._respond_note(HTTPStatus.NOT_FOUND, "not_found", language)
        runner, link = found
        if request.method == hdrs.METH_POST:
            if link.ended is None:
                await runner.async_acknowledge(link.name, Via.LINK, link.person)
            return web.Response(
                status=HTTPStatus.SEE_OTHER, headers={**HEADERS, hdrs.LOCATION: self.url.format(token=token)}
            )
        if link.acknowledged is not None or link.ended is not None:
            await runner.async_do([])  # what the page says is on disk then
        page = _render_link(runner.name, link, language, await self._texts(language))
        return _respond(HTTPStatus.OK, page)

    def _find(self, token: str) -> tuple[AlertRunner, Link] | None:
        """Return what a token leads to, after a look at every alert of every account."""
        found = [
            (runner, link)
            for engine in self._hass.data[ENGINES].values()
            for runner in engine.runners.values()
            if (link := runner.alert.link(token, time.time())) is not None
        ]
        return found[0] if found else None

    @property
    def _loading(self) -> bool:
        """Return whether an account that may know a token is not loaded."""
        entries = self._hass.config_entries.async_entries(DOMAIN, include_ignore=False, include_disabled=False)
        return any(entry.state is not ConfigEntryState.LOADED for entry in entries)

    async def _texts(self, language: str) -> Mapping[str, str]:
        """Return the texts of the page."""
        prefix = f"component.{DOMAIN}.selector.alert_page.options."
        texts = await async_get_translations(self._hass, language, "selector", {DOMAIN})
        return {key.removeprefix(prefix): text for key, text in texts.items() if key.startswith(prefix)}

    async def _respond_note(self, status: HTTPStatus, key: str, language: str) -> web.Response:
        """Return a page that says why there is no alert."""
        texts = await self._texts(language)
        return _respond(status, render_note(language, texts[f"{key}_title"], texts[key]))


def choose_language(accepted: str, default: str) -> str:
    """Return the available language that a browser prefers, else the default or English."""
    best, best_quality = "", 0.0
    for item in accepted.split(","):
        tag, *parameters = item.lower().replace(" ", "").split(";")
        language = tag.partition("-")[0]
        quality = _quality(parameters)
        if language in LANGUAGES and quality > best_quality:
            best, best_quality = language, quality
    fallback = default.partition("-")[0]
    return best or (fallback if fallback in LANGUAGES else LANGUAGES[0])


def _quality(parameters: list[str]) -> float:
    """Return the weight of a language: 1 unless it says otherwise, 0 if that is malformed."""
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter.removeprefix("q="))
            except ValueError:
                return 0
    return 1


def _render_link(plan: str, link: Link, language: str, texts: Mapping[str, str]) -> str:
    """Return the page of an alert."""
    notes = []
    if (taken := link.acknowledged) is not None:
        key = "taken_by" if taken.by else "taken"
        notes.append(texts[key].format(by=taken.by, time=_time(taken.at)))
    if link.ended is not None:
        notes.append(texts["over"])
    button = None if notes else texts["take"]
    since = texts["since"].format(time=_time(link.since))
    return render_alert(language, plan, link.causes, since, button=button, notes=notes)


def _time(moment: float) -> str:
    """Return a moment in local time, with the date unless it is today."""
    local = dt_util.as_local(dt_util.utc_from_timestamp(moment))
    return f"{local:%H:%M}" if local.date() == dt_util.now().date() else f"{local:%Y-%m-%d %H:%M}"


def _respond(status: HTTPStatus, page: str) -> web.Response:
    """Return a page."""
    return web.Response(status=status, text=page, content_type="text/html", headers=HEADERS)
