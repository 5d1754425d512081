"""The clients for programs, which are separate packages: the product runs without them.

`nest tail`, `edit` and `soak` speak the published protocol with the Python client, `nest conformance`
is the kit. Both come from the same checkout as the product (`clients/`).
"""

from importlib.util import find_spec
from typing import Final

PACKAGES: Final = {
    "nest_haus_client": (
        "clients/python",
        "nest tail, edit and soak, and no Python wheel at /sdk/",
    ),
    "nest_haus_conformance": ("clients/conformance", "nest conformance"),
}
"""The folder of each package in the checkout, and what does not work without it."""


def client_missing(error: Exception) -> str | None:
    """Advice if this error means that a client is not installed, else None."""
    name = error.name if isinstance(error, ModuleNotFoundError) else None
    if name not in PACKAGES:
        return None
    folder, _needed = PACKAGES[name]
    return f"this needs the package {_dashed(name)}: pip install ./{folder} from the checkout"


def absent_clients() -> dict[str, str]:
    """The features that are missing here, by the package that is not installed."""
    return {
        _dashed(name): needed
        for name, (_folder, needed) in PACKAGES.items()
        if find_spec(name) is None
    }


def _dashed(name: str) -> str:
    return name.replace("_", "-")
