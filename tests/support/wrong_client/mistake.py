"""The mistake that was requested, and what this client prints for the kit."""

import json
import sys
from typing import Any

Json = dict[str, Any]
MISTAKE = sys.argv[1] if len(sys.argv) > 1 else ""


def wrong(*mistakes: str) -> bool:
    return MISTAKE in mistakes


def say(**what: object) -> None:
    print(json.dumps(what), flush=True)
