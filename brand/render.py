# /// script
# requires-python = ">=3.14"
# dependencies = ["oxipng-pybind==10.2.1.post1", "resvg-py==0.5.0"]
# ///
"""Render the icons and logos that Home Assistant shows from the drawings beside this file."""

from pathlib import Path

import oxipng
import resvg_py

DRAWINGS = Path(__file__).parent
TARGET = DRAWINGS.parent / "custom_components/smsbox/brand"
# On a dark ground: a lighter bubble with dark waves.
DARK = ".bubble { fill: #3fd0ae } .dot { fill: #0c2a23 } .wave { stroke: #0c2a23 } .letter { stroke: #3fd0ae }"


def main() -> None:
    """Write each drawing in both sizes, for a light and for a dark ground."""
    TARGET.mkdir(exist_ok=True)
    for drawing in DRAWINGS.glob("*.svg"):
        for prefix, style in (("", ""), ("dark_", DARK)):
            for suffix, height in (("", 256), ("@2x", 512)):
                image = resvg_py.svg_to_bytes(
                    svg_path=str(drawing), height=height, style_sheet=style, skip_system_fonts=True
                )
                image = oxipng.optimize_from_memory(image, level=6, strip=oxipng.StripChunks.all)
                (TARGET / f"{prefix}{drawing.stem}{suffix}.png").write_bytes(image)


if __name__ == "__main__":
    main()
