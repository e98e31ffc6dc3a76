"""``python -m cpr_cockpit``."""

import sys

from cpr_cockpit.cli import main

sys.exit(main())
