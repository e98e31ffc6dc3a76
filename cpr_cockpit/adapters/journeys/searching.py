"""A regular expression held against an answer, by a process of its own.

Some expressions take for ever on some texts, and would keep the session from hearing ROLLBACK meanwhile.
"""

from __future__ import annotations

import json
import re
import sys

from cpr_cockpit.adapters.piped import output

LONGEST_S = 5.0
_SEARCH = """
import json, re, sys
told = json.load(sys.stdin)
found = re.search(told["regex"], told["text"])
json.dump([found and (found[1] if found.re.groups else found[0])], sys.stdout)
"""


async def searched(regex: re.Pattern[str], text: str, longest_s: float = LONGEST_S) -> str | None:
    """The first group of the first match, without one all of it; None: no match. TimeoutError: it took too long."""
    order = json.dumps({"regex": regex.pattern, "text": text}).encode()
    told = await output((sys.executable, "-I", "-S", "-c", _SEARCH), order, longest_s)
    if not told:
        raise TimeoutError
    found = json.loads(told)[0]
    return found if isinstance(found, str) else None
