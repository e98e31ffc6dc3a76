"""Start of the Goals service: `python main.py` in the folder of a release, as App Service runs it."""

from __future__ import annotations

import runpy

if __name__ == "__main__":
    runpy.run_module("goals", run_name="__main__", alter_sys=True)
