"""How messages are counted, without the integration's code: the simulator checks what the integration counts."""

from collections.abc import Callable
from dataclasses import dataclass

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = r"[\]^{|}~€"


@dataclass(frozen=True, slots=True)
class Alphabet:
    """How much fits into a single part, into each of several and into a long message, and the size of a character."""

    single: int
    several: int
    longest: int
    size: Callable[[str], int]

    def measure(self, text: str) -> tuple[int, int]:
        """Return the length of a text and the parts that it needs; no character is split over two parts."""
        sizes = [self.size(char) for char in text]
        length = sum(sizes)
        if length <= self.single:
            return length, 1
        parts, room = 1, self.several
        for size in sizes:
            if size > room:
                parts, room = parts + 1, self.several
            room -= size
        return length, parts


GSM7 = Alphabet(160, 153, 918, lambda char: 1 + (char in _EXTENSION))
UNICODE = Alphabet(70, 67, 402, lambda char: 1 + (char > "\uffff"))
SPEECH = Alphabet(160, 153, 918, len)


def to_gsm7(text: str) -> str:
    """Return a text as a phone shows it when it is sent in GSM-7."""
    return "".join(char if char in _BASIC + _EXTENSION else "?" for char in text)
