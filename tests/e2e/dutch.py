"""What can be read on a page in Dutch: our texts, and none of the English ones."""

from contextlib import suppress
import re

from playwright.async_api import Page, TimeoutError as PlaywrightTimeoutError

from tests.texts import load_translations

LANGUAGE = "nl"
# What can be read on a page or is read aloud there, in shadow roots too, without numbers before it.
SEEN = r"""() => {
  const seen = new Set();
  const see = (text) => {
    const plain = (text ?? "").replace(/\s+/g, " ").replace(/[ *:]+$/, "").trim();
    seen.add(plain).add(plain.replace(/^[\d.,]+ /, ""));
  };
  const range = document.createRange();
  const look = (root) => {
    for (const element of root.querySelectorAll("*")) {
      if (element.shadowRoot) look(element.shadowRoot);
      for (const name of ["aria-label", "placeholder", "title"])
        if (element.checkVisibility()) see(element.getAttribute(name));
      for (const node of element.childNodes) {
        if (node.nodeType !== Node.TEXT_NODE) continue;
        range.selectNode(node);
        if (range.getClientRects().length) see(node.data);
      }
    }
  };
  look(document);
  return [...seen];
}"""
TEXTS = load_translations(LANGUAGE)


def pieces(text: str) -> list[str]:
    """Return a text as it stands on a page: each paragraph and each bold word by itself."""
    return [piece for part in re.split(r"\*\*|\n[\n -]*", text) if (piece := part.strip().rstrip(" *:"))]


DUTCH = {piece for text in TEXTS.values() for piece in pieces(text)}
ENGLISH = [
    re.compile(re.sub(r"\\{\w+\\}", ".+", re.escape(piece)))
    for text in load_translations("en").values()
    for piece in pieces(text)
    if piece not in DUTCH
]


def of(*paths: str, **placeholders: str) -> set[str]:
    """Return the texts at some paths and below them."""
    return {
        piece
        for path, text in TEXTS.items()
        if f"{path}.".startswith(tuple(f"{wanted}." for wanted in paths))
        for piece in pieces(text.format(**placeholders))
    }


def text_of(path: str) -> str:
    """Return the text at a path."""
    return TEXTS[path]


async def expect_dutch(page: Page, wanted: set[str]) -> None:
    """Wait until these texts of ours can be read; no English one may stand beside them."""
    assert wanted
    there = f"(wanted) => {{ const seen = new Set(({SEEN})()); return wanted.every((text) => seen.has(text)); }}"
    with suppress(PlaywrightTimeoutError):  # what is missing then is said below
        await page.wait_for_function(there, arg=[*wanted])
    seen = set(await page.evaluate(SEEN))
    assert sorted(wanted - seen) == []
    assert sorted(text for text in seen if any(english.fullmatch(text) for english in ENGLISH)) == []


async def words(page: Page, key: str) -> str:
    """Return words of the frontend's own, once it has loaded them."""
    said = await page.wait_for_function(
        "(key) => document.querySelector('home-assistant')?.hass?.localize(key)", arg=key
    )
    return str(await said.json_value())


async def press(page: Page, key: str) -> None:
    """Press a button with words of the frontend's own."""
    await page.get_by_role("button", name=await words(page, key), exact=True).first.click()
