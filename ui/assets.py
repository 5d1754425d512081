"""Our own style sheets and ES modules, served under a hash of their content.

Everything lies under one `/assets/<hash>/` so that relative imports between modules work and a
deployed change is a new address; the files may be cached for ever. The hash is of the content, not
of file times, so every host that runs the same code has the same addresses.
"""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope
from typing_extensions import override

DIRECTORY: Final = Path(__file__).parent / "assets"


class _Immutable(StaticFiles):
    @override
    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if response.status_code == 200:
            response.headers["cache-control"] = "public, max-age=31536000, immutable"
        return response


class Assets:
    """Addresses of the asset files."""

    def __init__(self, directory: Path = DIRECTORY) -> None:
        self._directory = directory
        paths = sorted(path for path in directory.rglob("*") if path.is_file())
        self._files = frozenset(path.relative_to(directory).as_posix() for path in paths)
        self.base: Final = f"/assets/{_content_hash(directory, paths)}"

    def url(self, name: str) -> str:
        """Return the address of a file; the file must exist."""
        if name not in self._files:
            raise FileNotFoundError(name)
        return f"{self.base}/{name}"

    def modules(self, *names: str) -> list[str]:
        """Return the addresses of ES modules to preload."""
        return [self.url(name) for name in names]

    def route(self) -> Mount:
        """Return the route that serves the files."""
        return Mount(self.base, _Immutable(directory=self._directory), name="assets")


def _content_hash(directory: Path, paths: Sequence[Path]) -> str:
    digest = sha256()
    for path in paths:
        digest.update(path.relative_to(directory).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
