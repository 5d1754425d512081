"""Our own style sheets and ES modules, served under a hash of their content.

Everything lies under one `/assets/<hash>/` so that relative imports between modules work and a
deployed change is a new address; so browsers may cache the files without an end. The hash is of the content, not
of file times, so every host that runs the same code has the same addresses.

Scripts are served without comments and spaces: half of their bytes are types and explanations for
the people who work on them.
"""

import re
from collections import deque
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path, PurePosixPath
from posixpath import normpath
from typing import Final

from rjsmin import jsmin
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope
from typing_extensions import override

DIRECTORY: Final = Path(__file__).parent / "assets"
_IMPORT: Final = re.compile(r'^(?:import|export|\}) (?:[^"]*from )?"(\.[^"]+\.js)";$', re.MULTILINE)
"""A static import of another module of ours. `import()` does not count: it loads when it is run."""


class _Immutable(StaticFiles):
    def __init__(self, directory: Path, scripts: frozenset[str]) -> None:
        super().__init__(directory=directory)
        self._root = directory
        self._scripts = scripts
        self._shortened: dict[str, str] = {}

    @override
    async def get_response(self, path: str, scope: Scope) -> Response:
        if path in self._scripts and scope["method"] in {"GET", "HEAD"}:
            response: Response = self._script(path)
        else:
            response = await super().get_response(path, scope)
        if response.status_code == 200:
            response.headers["cache-control"] = "public, max-age=31536000, immutable"
        return response

    def _script(self, path: str) -> Response:
        """Return the script, which is shortened when it is first asked for."""
        if path not in self._shortened:
            text = (self._root / path).read_text("utf-8")
            self._shortened[path] = str(jsmin(text))
        return Response(self._shortened[path], media_type="text/javascript")


class Assets:
    """Addresses of the asset files."""

    def __init__(self, directory: Path = DIRECTORY) -> None:
        self._directory = directory
        paths = sorted(path for path in directory.rglob("*") if path.is_file())
        self._files = frozenset(path.relative_to(directory).as_posix() for path in paths)
        self.base: Final = f"/assets/{_content_hash(directory, paths)}"
        self._modules = {name: tuple(self._walk(name)) for name in self._files if _is_entry(name)}

    def url(self, name: str) -> str:
        """Return the address of a file; the file must exist."""
        if name not in self._files:
            raise FileNotFoundError(name)
        return f"{self.base}/{name}"

    def modules_of(self, entry: str) -> tuple[str, ...]:
        """Return the modules that `js/<screen>/index.js` loads, itself first.

        A page names them all, so that they load at once: otherwise the browser would learn of a
        module only after it has read the one that imports it.
        """
        return self._modules[entry]

    def route(self) -> Mount:
        """Return the route that serves the files."""
        scripts = frozenset(name for name in self._files if name.endswith(".js"))
        return Mount(self.base, _Immutable(self._directory, scripts), name="assets")

    def _walk(self, entry: str) -> Iterator[str]:
        """Yield the module and all modules that it imports, directly or not, the nearest first."""
        found = {entry}
        waiting = deque([entry])
        while waiting:
            name = waiting.popleft()
            yield name
            text = (self._directory / name).read_text("utf-8")
            for address in _IMPORT.findall(text):
                imported = normpath(f"{PurePosixPath(name).parent}/{address}")
                if imported not in found:
                    found.add(imported)
                    waiting.append(imported)


def _is_entry(name: str) -> bool:
    return PurePosixPath(name).match("js/*/index.js")


def _content_hash(directory: Path, paths: Sequence[Path]) -> str:
    digest = sha256()
    for path in paths:
        digest.update(path.relative_to(directory).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
