"""``python -m``: sends one notice by Apprise, told on standard input, and ends; a reason on standard output, 1.

An order without a body sends nothing: it is asked whether the library knows the service of its URL.

What goes wrong is told by a status alone: the library's own words may quote the URL, which is a secret.
"""

from __future__ import annotations

import base64
import json
import logging
import re
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

_STATUS = re.compile(r"\berror=(\d{3})\b")
_WARNINGS = frozenset({"overdue", "page"})
# Seconds: whoever started this ends it sooner, unless that one was killed itself.
_LONGEST_S = 30


def main() -> int:
    """Send what standard input tells."""
    # The library hands its log to us (`_sent`) and to nobody else.
    logging.lastResort = None
    signal.alarm(_LONGEST_S)
    try:
        order = json.load(sys.stdin)
        words = _sent(order)
    except Exception as error:  # noqa: BLE001  # its text may quote the URL
        words = type(error).__name__
    sys.stdout.write(words)
    return 1 if words else 0


def _sent(order: dict[str, Any]) -> str:
    """Why it was not sent, "" where it was."""
    from apprise import Apprise, AppriseAsset, AppriseAttachment, NotifyFormat, NotifyType  # noqa: PLC0415  # heavy

    # A redirect would carry the notice elsewhere; nothing is kept on disk, and no plugin is looked for there.
    asset = AppriseAsset(
        http_redirects=False, plugin_paths=[], storage_mode="memory", app_id="CPR Cockpit", app_desc="CPR Cockpit"
    )
    service = Apprise(asset=asset)
    if not service.add(order["url"]):
        return "the library knows no such service, or its URL is not whole"
    if "body" not in order:
        return ""
    with tempfile.TemporaryDirectory(prefix="cpr-cockpit-notice-") as folder:
        paths = [_kept(Path(folder), one) for one in order["files"]]
        result = service.notify(
            body=order["body"],
            title=order["title"],
            notify_type=NotifyType.WARNING if order["kind"] in _WARNINGS else NotifyType.INFO,
            body_format=NotifyFormat.TEXT,
            attach=AppriseAttachment(paths, asset=asset) if paths else None,
        )
    if result:
        return ""
    said = [str(entry) for entry in result.logs()]
    status = next((found[1] for line in said if (found := _STATUS.search(line))), None)
    return f"it answered {status}" if status else "it was not taken"


def _kept(folder: Path, one: dict[str, str]) -> str:
    # By its plain name: the library calls the attachment after the file.
    path = folder / Path(one["name"]).name
    path.write_bytes(base64.b64decode(one["base64"]))
    return str(path)


if __name__ == "__main__":
    sys.exit(main())
