"""The page of a link: one small piece of HTML without scripts, which needs nothing from elsewhere."""

from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from html import escape
from itertools import accumulate, takewhile
from string import Template

from .run import Cause

MAX_BYTES = 4_000
# In bytes, escaped; a title stands on the page twice.
MAX_TITLE = 200
MAX_LINE = 300
MAX_CAUSES = 8

STYLE = """\
:root{color-scheme:light dark}
body{margin:0;background:#fff;color:#1b1b1b;font:1.125rem/1.5 system-ui,sans-serif}
main{max-width:32rem;margin:auto;padding:1.5rem 1rem}
h1,h2,p{margin:0 0 .5rem;overflow-wrap:anywhere}
h1{font-size:1.75rem;line-height:1.2}
h2{margin-top:1rem;font-size:1.125rem}
p{white-space:pre-line}
small{display:block;margin:1rem 0;color:#595959;font-size:1rem}
button{width:100%;min-height:4rem;padding:.5rem 1rem;border:0;border-radius:.75rem;background:#17683c;color:#fff;\
font:inherit;font-weight:600;cursor:pointer}
:focus-visible{outline:3px solid;outline-offset:3px}
[role=status]{padding:.75rem 1rem;border-left:.375rem solid #17683c;background:#e7f4ec}
@media(prefers-color-scheme:dark){body{background:#121212;color:#ededed}small{color:#b0b0b0}
[role=status]{border-color:#3fae72;background:#15301f}}"""

# For the page and for every other response at its address.
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
}

_PAGE = Template(
    """\
<!DOCTYPE html>
<html lang="$language">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>$title</title>
<style>$style</style>
</head>
<body>
<main>
<h1>$title</h1>
$content
</main>
</body>
</html>
"""
)
_MORE = "<p>…</p>\n"


def render_note(language: str, title: str, text: str) -> str:
    """Return a page that says one thing."""
    return _render(language, title, f"<p>{escape(text)}</p>")


def render_alert(
    language: str,
    plan: str,
    causes: Sequence[Cause],
    since: str,
    *,
    button: str | None = None,
    notes: Sequence[str] = (),
) -> str:
    """Return the page of an alert: with a button, or with how it ended."""
    rest = f"<small>{escape(since)}</small>\n"
    rest += "\n".join(f'<p role="status">{_cut(note, MAX_LINE)}</p>' for note in notes)
    if button is not None:
        rest += f'<form method="post"><button type="submit">{escape(button)}</button></form>'
    left = MAX_BYTES - len(_render(language, plan, rest).encode())
    return _render(language, plan, _render_causes(causes, left) + rest)


def _render(language: str, title: str, content: str) -> str:
    return _PAGE.substitute(language=language, style=STYLE, title=_cut(title, MAX_TITLE), content=content)


def _render_causes(causes: Sequence[Cause], left: int) -> str:
    """Return as much of the causes as there is room for, in bytes: first those that nobody acknowledged yet."""
    shown = sorted(causes, key=lambda cause: cause.acknowledged)[:MAX_CAUSES]
    end = _MORE if len(causes) > len(shown) else ""
    left -= len(end.encode())
    html = ""
    for place, cause in enumerate(shown):
        rendered = _render_cause(cause, left // (len(shown) - place))
        left -= len(rendered.encode())
        html += rendered
    return html + end


def _render_cause(cause: Cause, limit: int) -> str:
    title = f"<h2>{_cut(cause.title, limit // 2)}</h2>\n" if cause.title else ""
    room = limit - len(title.encode()) - len("<p></p>\n")
    return title + (f"<p>{_cut(cause.message, room)}</p>\n" if cause.message else "")


def _cut(text: str, limit: int) -> str:
    """Return a text escaped, and cut to so many bytes."""
    escaped = escape(text)
    if len(escaped.encode()) <= limit:
        return escaped
    sizes = accumulate(len(escape(char).encode()) for char in text)
    fitting = sum(1 for _ in takewhile(lambda size: size <= limit - len("…".encode()), sizes))
    return f"{escape(text[:fitting].rstrip())}…"
