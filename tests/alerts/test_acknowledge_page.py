"""The page of a link: small and harmless, whatever an alert says."""

from html.parser import HTMLParser
from typing import override

import pytest

from custom_components.smsbox.alerts.page import HEADERS, STYLE, render_alert, render_note
from custom_components.smsbox.alerts.run import Cause

WIDE = "🚨"
TEXTS = ["", "Water", "a" * 5000, '"<&>' * 1250, WIDE * 5000, "é" * 5000, "$title {time} %s", "</style><script>"]


class Reader(HTMLParser):
    """Collects the tags of a page, and its text but for the style."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(page)
        self.text = self.text.replace(STYLE, "")

    @override
    def handle_starttag(self, tag: str, attrs: object) -> None:
        """Take a tag."""
        self.tags.append(tag)

    @override
    def handle_data(self, data: str) -> None:
        """Take text."""
        self.text += data


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: text[:8])
@pytest.mark.parametrize("number", [1, 2, 8, 9, 1000])
def test_page_is_small_and_escaped(text: str, number: int) -> None:
    """It has at most 4 kB and only our own tags, and holds as much of the causes as there is room for."""
    causes = [Cause(text or None, text) for _ in range(number)]
    page = render_alert("en", text, causes, "Since 12:00", button="I take care of it")
    assert len(page.encode()) <= 4096
    reader = Reader(page)
    assert set(reader.tags) <= {
        *("html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "p", "small", "form", "button")
    }
    assert "Since 12:00" in reader.text
    assert "I take care of it" in reader.text
    assert ("…" in reader.text) is (len(text) > 100 or number > 8)
    if len(text) > 100:
        assert len(page.encode()) > 3900
    else:
        assert reader.text.count(text) >= 2 * min(number, 8) + 2


def test_who_took_it_is_always_shown() -> None:
    """A long name is cut, and so are the causes, but not the page."""
    page = render_alert("en", "Cellar", [Cause(None, "a" * 5000)], "Since 12:00", notes=["n" * 5000, "It is over."])
    assert len(page.encode()) <= 4096
    assert "n" * 290 in page
    assert "It is over." in page


def test_short_causes_leave_room_for_long_ones() -> None:
    """What one cause does not need goes to the next ones; what nobody took yet comes first."""
    causes = [Cause("Taken", "a" * 5000, acknowledged=True), Cause("Short", ""), Cause(None, "b" * 5000)]
    page = render_alert("en", "Cellar", causes, "Since 12:00", button="OK")
    assert page.index("Short") < page.index("bbb") < page.index("Taken")
    assert page.count("b") > 900


def test_cut_is_between_characters() -> None:
    """No character and no escaped one is cut in half."""
    page = render_alert("en", "&" * 500, [Cause(None, WIDE * 5000)], "Since 12:00", button="OK")
    title = Reader(page).text.split()[0]
    assert title.strip("&") == "…"
    assert "�" not in page.encode().decode(errors="replace")


def test_note() -> None:
    """It is escaped too."""
    page = render_note("nl", "<b>", "<i>")
    assert 'lang="nl"' in page
    assert "<h1>&lt;b&gt;</h1>\n<p>&lt;i&gt;</p>" in page


def test_style_is_the_one_that_the_policy_allows() -> None:
    """A browser would ignore any other."""
    assert STYLE in render_note("en", "", "")
    assert "unsafe" not in HEADERS["Content-Security-Policy"]
    assert "http" not in STYLE
