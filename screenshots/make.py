"""Pictures of every screen, taken from a real rehearsal of a bad release: ``python screenshots/make.py``.

The lab, the session and the screens are the real ones; only the terminal is drawn into a picture instead of a window.
Needs Chromium and the font Fira Code (Debian: ``apt-get install chromium fonts-firacode``) to turn SVG into PNG.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

from cpr_cockpit.cli.lab_run import begin, choose_scenario, new_folder
from cpr_cockpit.cli.parser import parse
from cpr_cockpit.core.view import View
from cpr_cockpit.engine.face import FaceSource, SocketFace
from cpr_cockpit.engine.launch import launch
from cpr_cockpit.tui.app import CockpitApp
from cpr_cockpit.tui.arming import GUARD_S

HERE = Path(__file__).parent
LARGE, SMALL = (160, 48), (80, 24)
WINDOW_S = 60.0
PATIENCE_S = 180.0


class Photographer:
    """Drives the screens by keys and takes pictures at both sizes."""

    def __init__(self, app: CockpitApp, pilot: Pilot[None], folder: Path) -> None:
        self._app = app
        self._pilot = pilot
        self._folder = folder

    async def take(self, name: str) -> None:
        """One picture of what stands there, at each size."""
        for size in (SMALL, LARGE):
            await self._pilot.resize_terminal(*size)
            await self._pilot.pause()
            svg = self._folder / f"{name}-{size[0]}x{size[1]}.svg"
            svg.write_text(self._app.export_screenshot(title="cpr-cockpit rehearse"), "utf-8")

    async def press(self, *keys: str) -> None:
        """Press keys one after another, each after the guard against auto-repeat."""
        for key in keys:
            await asyncio.sleep(GUARD_S + 0.1)
            await self._pilot.press(key)
        await self._pilot.pause()

    async def until(self, reached: Callable[[View], bool]) -> None:
        """Wait for a View."""
        deadline = time.monotonic() + PATIENCE_S
        while self._app.view is None or not reached(self._app.view):
            if time.monotonic() > deadline:
                raise TimeoutError("the rehearsal did not get there")
            await self._pilot.pause(0.1)


async def rehearse(folder: Path) -> None:
    """A bad release, from the gate to the finished rollback, with a picture of every screen on the way."""
    options = parse(["rehearse", "--fast", "--scenario", "errors", "--window", f"{WINDOW_S:.0f}s"])
    place = new_folder()

    async def source() -> FaceSource:
        run = await asyncio.to_thread(begin, options, place, mode="rehearse", actor="ana", script=None)
        await choose_scenario(run, options)
        await (await launch(place)).close()
        return await SocketFace.connect(place.name)

    app = CockpitApp(source, "ana")
    async with app.run_test(size=LARGE) as pilot:
        camera = Photographer(app, pilot, folder)
        await camera.until(lambda view: view.phase == "ready")
        await camera.press("1")
        await camera.take("gate")
        await camera.press("2")
        await camera.take("checklists")
        await camera.press("6", "a", "y")
        await camera.until(lambda view: view.code.state == "merged and tagged")
        await camera.take("merged")
        await _sign_everything(place.name, app)
        await camera.until(lambda view: view.panel.start is not None and view.panel.start.enabled)
        await camera.press("3", "s")
        await asyncio.sleep(GUARD_S + 0.2)
        await camera.take("plan-armed-start")
        await camera.press("y")
        await camera.until(lambda view: any(step.state == "running" for step in view.plan.forward))
        await camera.take("plan")
        await camera.until(lambda view: len(view.series) > 0 and len(view.series[0].points) >= 2)
        await camera.take("window")
        await camera.until(lambda view: view.panel.word == "ROLL BACK NOW")
        await camera.take("window-breach")
        await camera.press("i")
        await camera.take("sources")
        await camera.press("escape")
        await camera.press("r")
        await asyncio.sleep(GUARD_S + 0.2)
        await camera.take("armed-rollback")
        await camera.press("y")
        await camera.until(lambda view: view.phase == "ended")
        await camera.press("3")
        await camera.take("rolled-back")
        await camera.press("5")
        await camera.take("papers")


async def _sign_everything(run: str, app: CockpitApp) -> None:
    """A second person at a second face signs every list that has something to sign."""
    face = await SocketFace.connect(run)
    for one in app.view.lists if app.view else ():
        if any(not item.stands and not item.follows for item in one.items):
            await face.command("sign_list", list=one.key, by="marek", note="looked at for a picture")
    await face.close()


def to_png(svg: Path, target: Path) -> None:
    """The picture as Chromium draws it."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise SystemExit("Chromium is missing: apt-get install chromium fonts-firacode. Nothing was changed.")
    width, height = _size(svg.read_text("utf-8"))
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"]
    flags += ["--disable-background-networking", f"--window-size={width},{height}", f"--screenshot={target}"]
    with tempfile.TemporaryDirectory() as profile:
        command = [chromium, *flags, f"--user-data-dir={profile}", svg.as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=60)


def _size(svg: str) -> tuple[int, int]:
    box = svg.split('viewBox="', 1)[1].split('"', 1)[0].split()
    return round(float(box[2])), round(float(box[3]))


def main() -> int:
    """Take the pictures, then replace the old ones."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(rehearse(Path(folder)))
        for svg in sorted(Path(folder).glob("*.svg")):
            to_png(svg, HERE / f"{svg.stem}.png")
            print(f"screenshots/{svg.stem}.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
