"""`/sdk/`: the clients and the specification as files with their hashes, for other programs.

All files are in memory and found by their exact names, so an address cannot lead anywhere else.
Caches may keep an answer for five minutes and then ask again with its ETag: after an update of the
server, the same name may have other bytes although the client has no new version.
"""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256, sha384
from typing import Final, Literal

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from configurator.protocol.codes import Refused
from realtime.edge.exchange import has, json, refusal

FileKind = Literal["wheel", "npm", "bundle", "map", "spec"]
MEDIA_TYPES: Final = {
    "wheel": "application/zip",
    "npm": "application/gzip",
    "bundle": "text/javascript; charset=utf-8",
    "map": "application/json",
    "spec": "text/markdown; charset=utf-8",
}
_KEPT: Final = "public, max-age=300"


@dataclass(frozen=True, slots=True, kw_only=True)
class SdkFile:
    """One file; `integrity` is its hash for the attribute of a script (SRI)."""

    name: str
    kind: FileKind
    body: bytes
    sha256: str
    integrity: str

    @classmethod
    def of(cls, name: str, kind: FileKind, body: bytes) -> "SdkFile":
        """The file with its hashes."""
        integrity = f"sha384-{b64encode(sha384(body).digest()).decode()}"
        digest = sha256(body).hexdigest()
        return cls(name=name, kind=kind, body=body, sha256=digest, integrity=integrity)

    @property
    def path(self) -> str:
        """Its address on this server."""
        return f"/sdk/{self.name}"

    @property
    def described(self) -> dict[str, object]:
        """Its entry in the index."""
        return {
            "name": self.name,
            "kind": self.kind,
            "url": self.path,
            "media_type": MEDIA_TYPES[self.kind].partition(";")[0],
            "bytes": len(self.body),
            "sha256": self.sha256,
            "integrity": self.integrity,
        }


def sdk_routes(files: Sequence[SdkFile]) -> list[Route]:
    """The routes of `/sdk/` and of every file there, for GET and HEAD."""
    found = {each.name: each for each in files}
    index = {"files": [each.described for each in files]}

    async def listed(_request: Request) -> Response:
        return json(index, headers={"cache-control": _KEPT, "access-control-allow-origin": "*"})

    async def file(request: Request) -> Response:
        wanted = found.get(request.path_params["name"])
        if wanted is None:
            return refusal(Refused("page_not_found"))
        headers = {
            "etag": f'"{wanted.sha256}"',
            "cache-control": _KEPT,
            "access-control-allow-origin": "*",
        }
        if has(request, headers["etag"]):
            return Response(status_code=304, headers=headers)
        return Response(wanted.body, media_type=MEDIA_TYPES[wanted.kind], headers=headers)

    return [
        Route("/sdk", listed),
        Route("/sdk/", listed),
        Route("/sdk/{name:path}", file),
    ]
