"""Build dist/smsbox.zip, which HACS unpacks into custom_components/smsbox; the same files give the same bytes."""

from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
import re
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

ROOT = Path(__file__).parents[1]
INTEGRATION = ROOT / "custom_components/smsbox"


def version(text: str) -> str:
    """Return a version as it stands in a manifest; refuse anything else."""
    number = text.removeprefix("v")
    if not re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc)\d+)?", number):
        raise ArgumentTypeError(f"{text} is not a version such as 1.2.3 or 1.2.3b1")
    return number


def build(target: Path, stamp: str | None = None) -> None:
    """Write the zip, with a version in its manifest if one is given."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with ZipFile(target, "w") as archive:
        for file in sorted(INTEGRATION.rglob("*")):
            name = file.relative_to(INTEGRATION).as_posix()
            if file.is_dir() or "__pycache__" in name:
                continue
            content = file.read_bytes()
            if stamp and name == "manifest.json":
                content = re.sub(rb'("version": )".*"', rb'\1"%s"' % stamp.encode(), content)
            member = ZipInfo(name)  # of 1980, whenever it is built
            member.external_attr = 0o644 << 16
            archive.writestr(member, content, ZIP_DEFLATED)


def main() -> None:
    """Read the command line and build."""
    parser = ArgumentParser("scripts/package", description=__doc__)
    parser.add_argument("version", nargs="?", type=version, help="for the manifest in the zip: 1.2.3 or v1.2.3")
    options = parser.parse_args()
    target = ROOT / "dist/smsbox.zip"
    build(target, options.version)
    print(target.relative_to(ROOT))


if __name__ == "__main__":
    main()
