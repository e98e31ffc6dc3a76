"""The releases that a lab hands to its clients as files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cpr_cockpit.lab import packages
from cpr_cockpit.lab.models import Defect

VERSIONS = {"serving": "v1.2.0", "good": "v1.3.0", "defective": "v1.3.1"}
_BUILT_IN = Defect("errors", share=0.2, factor=1.0)


@dataclass(frozen=True, slots=True)
class Releases:
    """Files: what both slots serve at first, a good newer version, one that runs badly, one that cannot be deployed."""

    serving: Path
    good: Path
    defective: Path
    bad: Path

    def names(self) -> dict[str, str]:
        """The files by name, as the ready file tells them."""
        return {name: str(getattr(self, name)) for name in ("serving", "good", "defective", "bad")}


def write(folder: Path) -> Releases:
    """Build the releases into a new folder within `folder`. Raises OSError."""
    home = folder / "packages"
    home.mkdir()
    contents = {
        "serving": packages.build(VERSIONS["serving"]),
        "good": packages.build(VERSIONS["good"]),
        "defective": packages.build(VERSIONS["defective"], built_in=_BUILT_IN),
        "bad": packages.bad(),
    }
    files = {name: home / f"{name}-{VERSIONS.get(name, 'release')}.zip" for name in contents}
    for name, content in contents.items():
        files[name].write_bytes(content)
    return Releases(**files)
