"""Test what is written in an SMS instead of a character outside its alphabet."""
# ruff: noqa: RUF001 - look-alike characters are what is tested here

from pathlib import Path
import subprocess
import sys

import pytest

from custom_components.smsbox import gsm7
from custom_components.smsbox.gsm7 import is_gsm7, to_gsm7
from custom_components.smsbox.text import clean, compose_sms


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            "Coëfficiënt naïef: de reünie in Curaçao is één succes, zei ze – écht…",
            "Coefficient naief: de reünie in Curacao is één succes, zei ze - écht...",
        ),
        ("’s Ochtends om zes uur: „wakker worden!”", '\'s Ochtends om zes uur: "wakker worden!"'),
        (
            "L’œuvre «\u202fça y est\u202f» : où êtes-vous, Noël à la fenêtre ?",
            'L\'oeuvre " ca y est " : où etes-vous, Noel à la fenetre ?',
        ),
        ("Ça va ? Garçon, un goût d’été, s’il vous plaît", "Ça va ? Garcon, un gout d'été, s'il vous plait"),
        ("Straße, Größe, Äpfel, “Grüße”", 'Straße, Größe, Äpfel, "Grüße"'),
        ("Peña, Łódź, Dvořák, Þór, İstanbul", "Peña, Lodz, Dvorak, Thor, Istanbul"),
        ("ŒUVRE Œuvre cœur", "OEUVRE OEuvre coeur"),
        ("21,5\u00a0°C, 21.5℃, 15 μg/m³, 15 µm, CO₂", "21,5 C, 21.5C, 15 ug/m3, 15 um, CO2"),
        ("2½ uur, ½ dag, 3 × 4 ≠ 5 − 6 → 7 ← 8", "2 1/2 uur, 1/2 dag, 3 x 4 != 5 - 6 -> 7 <- 8"),
        ("• `a´ ‘b’ ‹c› 5′", "- 'a' 'b' 'c' 5'"),
        ("™ © ® № ﬁn ！", "TM (C) (R) No fin !"),
        ("❤️ 🙂 👍🏽 ⚠️ 🚨 ✅ ❌ ✓ 1️⃣", "<3 :) OK ! !! OK x v 1"),
        ("Brand🔥🚒!", "Brand!"),
        ("👨‍👩‍👧 en 🇧🇪", "en BE"),
        ("ΚΑΛΗΜΕΡΑ Ώρα μου", "KAΛHMEPA Ωra moy"),
        ("Привет, подъезд", "Privet, pod'ezd"),
        ("がぎ", "gagi"),
        ("한국", "HanGug"),
        ("e\u0301 e\u0308 A\u030a \u212b \u2126", "é e Å Å Ω"),
        ("a≠b a=\u0338b", "a!=b a!=b"),
        ("non\u2011breaking hy\u00adphen zero\u200bwidth\ufeff", "non-breaking hyphen zerowidth"),
        ("\U000e0041private \U0010ffff", "private"),
        ("a::=b :smile: ⩴", "a::=b :smile: ::="),
    ],
)
def test_replacing(message: str, expected: str) -> None:
    """Write what is outside GSM-7 in a way that reads naturally."""
    assert compose_sms(message).text == expected


def test_replaced() -> None:
    """List the exchanged characters once each, in the order in which they come."""
    sms = compose_sms("„Ça” – „ça”\t🔥\r\n\x00e\u0301x\u0301ë")
    assert sms.text == '"Ça" - "ca"\néxe'
    assert sms.replaced == ("„", "”", "–", "ç", "🔥", "\u0301", "ë")


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("-18⁰C, 18 ⁰C, 64⁰ F, 20⁰ Celsius", "-18C, 18 C, 64 F, 20 Celsius"),
        ("18ºC, 18˚C, 18ᵒ C, 18∘C, 18 ºC, 21℃", "18C, 18C, 18 C, 18C, 18 C, 21C"),
        ("21 °C, 45°, 21º, 51°12′30″N", "21 C, 45, 21, 51 12'30''N"),
        ("10²⁰ C, 1ª, Nº 5", "10^20 C, 1a, No 5"),
        ("10⁶, 10⁰, 10²³, 10⁻³, 10⁺², 10⁽²⁾", "10^6, 10^0, 10^23, 10^-3, 10^+2, 10^(2)"),
        ("1\u200b0\ufe0f⁶", "10^6"),
        ("(a+b)², [x]³", "(a+b)^2, [x]^3"),
        ("m², m³, E=mc², m⁻², s⁻¹", "m2, m3, E=mc2, m^-2, s^-1"),
        ("²³⁵U, Na⁺, 5⁺, Ca²⁺, SO₄²⁻", "235U, Na+, 5+, Ca2+, SO4^2-"),
        ("10²5, m²5, log₂8", "10^2 5, m2 5, log2 8"),
        ("CO₂, H₂O, C₆H₁₂O₆, PM₂.₅, x₂, xₙ₋₁", "CO2, H2O, C6H12O6, PM2.5, x2, xn-1"),
        ("10₂, x²₁", "10_2, x2 1"),
        ('2⅓, 1⅛, 2½, 3⅞", 3⅞″, -½, 2 ½', "2 1/3, 1 1/8, 2 1/2, 3 7/8\", 3 7/8'', -1/2, 2 1/2"),
        ("½, ½½, ½5, ½m, 2×½", "1/2, 1/2 1/2, 1/2 5, 1/2m, 2x1/2"),
        ("5¹⁄₂, ⁵/₈, 1⁵∕₈, ¹²⁄₁₃, 5¹⁄2, 1⁄2, 2⅟8", "5 1/2, 5/8, 1 5/8, 12/13, 5 1/2, 1/2, 2 1/8"),
        ("➖5, ➖\ufe0f5, −5, –5, －5, ⁒5", "-5, -5, -5, -5, -5, -5"),
        ("1➕2➖3➗4✖5🟰6, ±5", "1+2-3/4x5=6, +-5"),
        ("①②, 5①, ❶5, ⑴5, ⒈5, ⒈ Mum, 🄁5", "1 2, 5 1, 1 5, (1)5, 1. 5, 1. Mum, 0, 5"),
        ("1️⃣ Door, 1️⃣0️⃣, #️⃣, 🔟, 5🔟, 💯%", "1 Door, 10, #, 10, 5 10, 100%"),
        ("１２．５, ٢٠٫٥, ৩৩, 𝟏𝟐, ２½", "12.5, 20.5, 33, 12, 2 1/2"),
        ("Ⅻ, ⅷ, Ⅳ5", "XII, viii, IV5"),
        ("5㎡, ㎡5, 5㎥, 12㎞, 3㎍", "5m2, m2 5, 5m3, 12km, 3ug"),
        ("5‰, 5 ‰, 5‱, 5٪, 5％", "5 per mille, 5 per mille, 5 per ten thousand, 5%, 5%"),
        ("3·10⁸, 2 · 3, ½·3, 5·m, Mum · Dad, N·m", "3*10^8, 2 * 3, 1/2*3, 5*m, Mum - Dad, N-m"),
        ("❤5, 5❤", "<3 5, 5<3"),
        ("10🔥20, 10🔥🚒20, 5🔥½, 5.🔥6", "10 20, 10 20, 5 1/2, 5. 6"),
        ("∅50, ⌀50, ≮5, ≯5, ≤5", "Ø50, Ø50, !<5, !>5, <=5"),
    ],
)
def test_figures(message: str, expected: str) -> None:
    """Let every figure keep its value."""
    assert compose_sms(message).text == expected


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("🌡️ Temperature", "Temperature"),
        ("🔔 Ring 🔔 now", "Ring now"),
        ("Ring 🔔", "Ring"),
        ("Ring 🔔.", "Ring."),
        ("Feu 🔥 !", "Feu !"),
        ("Ring 🔔🔥🚒 now", "Ring now"),
        ("🔔 🔔 Ring 🔔 🔔", "Ring"),
        ("🔔\u00a0Ring\u2009🔔\u202fnow", "Ring now"),
        ("(🔔 Ring 🔥) now", "(Ring) now"),
        ('"🔔 Ring 🔔"', '"Ring"'),
        ("Door🔔 open 🔔now", "Door open now"),
        ("Door 🔔...", "Door..."),
        ("👨‍👩‍👧 Home 🏃🏽‍♂️ now 🏴\U000e0067\U000e0062\U000e007f", "Home now"),
        ("👍🏽 x", "OK x"),
        ("❤️‍🔥 x", "<3 x"),
        ("a\n🔔\nb\n 🔔 🔥 \n\nc", "a\nb\n\nc"),
        ("🔔\nRing", "Ring"),
        ("Ring\n🔔", "Ring"),
        ("🔔 a\nb 🔔\n🔔 c", "a\nb\nc"),
        ("  🔔  x", "   x"),
        ("foo\u200b bar \u2060 x\u0301 y", "foo bar  x y"),
        ("\ue000 x", "x"),
    ],
)
def test_holes(message: str, expected: str) -> None:
    """Leave no hole where something was left out, and glue no words."""
    assert compose_sms(message).text == expected


def test_hostile_marks() -> None:
    """Stay quick with what would make a careless pattern try for long."""
    for chunk in "\u0301\u0323", "🔔", " 🔔", "²", "₂⁻", '("', "½", "· ", "5·":
        to_gsm7(chunk * 5_000)


def test_every_character() -> None:
    """Replace every single character of Unicode by GSM-7 or by nothing."""
    for start in [*range(0x20, 0x40000, 0x400), *range(0xE0000, 0xE1000, 0x400), 0xFFC00, 0x10FC00]:
        block = "".join(map(chr, range(start, start + 0x400)))
        assert is_gsm7(to_gsm7(clean(block))[0])


def test_reads_no_file() -> None:
    """Read no file once imported, and no Home Assistant ever: the event loop must never wait for a file."""
    script = f"""
import sys
from types import ModuleType
package = sys.modules["smsbox"] = ModuleType("smsbox")
package.__path__ = {[str(Path(gsm7.__file__).parent)]}
from smsbox.text import compose_sms
assert "homeassistant" not in sys.modules
sys.addaudithook(lambda event, args: sys.exit(f"{{event}} {{args}}") if event in ("open", "import") else None)
for block in range(0x110000 >> 8):
    compose_sms(f".{{chr((block << 8) + 0xA1)}}")
"""
    subprocess.run([sys.executable, "-c", script], check=True)  # noqa: S603 - our own words only
