"""What a header of a request or an answer may be called and hold, wherever one is configured or sent."""

from __future__ import annotations

import re

NAME = re.compile(r"[A-Za-z0-9-]{1,60}")
# RFC 9110, 5.5, of printable ASCII alone: nobody says how a server reads any other sign.
VALUE = re.compile(r"[!-~](?:[ -~\t]*[!-~])?")
