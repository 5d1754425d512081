"""The files of `/sdk/`: the clients, for programmers who have only the address of a server.

The rules are in docs/SPEC.md; a link in this folder makes them part of an installed product.
A starting process packs the wheel from the Python client, if that is installed beside the product: a
wheel of pure Python is a zip of its sources and metadata. Building the npm package needs Node, which a
machine that runs the product does not have, so the package is committed in this folder; `make sdk`
builds it, and a test compares it with the build. The bundle for browsers and its source map are files
in it; the map keeps its name, because the last line of the bundle refers to it.

Imported by: `app.web`.
"""

import tarfile
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from hashlib import sha256
from importlib import resources
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from io import BytesIO
from pathlib import Path
from typing import Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from realtime.api.declared.sdk import SdkFile

PYTHON_CLIENT: Final = "nest-haus-client"
BUNDLE: Final = "package/dist/nest-haus-client.browser.js"
BUNDLE_MAP: Final = f"{BUNDLE}.map"
SPEC: Final = "SPEC.md"
_LONG_AGO: Final = (1980, 1, 1, 0, 0, 0)
"""The time of every file in the wheel: the same sources give the same bytes."""
_WHEEL: Final = """\
Wheel-Version: 1.0
Generator: nest
Root-Is-Purelib: true
Tag: py3-none-any
"""


def sdk_files() -> tuple[SdkFile, ...]:
    """Every file of `/sdk/`."""
    return (*_python(), *_javascript(), _spec())


def _spec() -> SdkFile:
    return SdkFile.of(SPEC, "spec", (resources.files(__name__) / SPEC).read_bytes())


def _python() -> Iterator[SdkFile]:
    try:
        installed = distribution(PYTHON_CLIENT)
    except PackageNotFoundError:  # the server works without it, and does not offer the wheel
        return
    package = resources.files(PYTHON_CLIENT.replace("-", "_"))
    with resources.as_file(package) as folder:
        wheel = _wheel(installed, folder)
    yield SdkFile.of(f"{folder.name}-{installed.version}-py3-none-any.whl", "wheel", wheel)


def _wheel(installed: Distribution, folder: Path) -> bytes:
    about = f"{folder.name}-{installed.version}.dist-info"
    files = {
        f"{folder.name}/{path.relative_to(folder).as_posix()}": path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.suffix == ".py" or path.name == "py.typed"
    }
    for name in ("METADATA", "licenses/LICENSE"):
        files[f"{about}/{name}"] = (installed.read_text(name) or "").encode()
    files[f"{about}/WHEEL"] = _WHEEL.encode()
    record = [f"{name},sha256={_digest(body)},{len(body)}\n" for name, body in files.items()]
    files[f"{about}/RECORD"] = "".join([*record, f"{about}/RECORD,,\n"]).encode()
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        for name, body in files.items():
            entry = ZipInfo(name, _LONG_AGO)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, body, ZIP_DEFLATED)
    return packed.getvalue()


def _digest(body: bytes) -> str:
    return urlsafe_b64encode(sha256(body).digest()).decode().rstrip("=")


def _javascript() -> Iterator[SdkFile]:
    for package in resources.files(__name__).iterdir():
        if package.name.endswith(".tgz"):
            packed = package.read_bytes()
            yield SdkFile.of(package.name, "npm", packed)
            files = members(packed)
            name = f"{package.name.removesuffix('.tgz')}.browser.js"
            yield SdkFile.of(name, "bundle", files[BUNDLE])
            yield SdkFile.of(BUNDLE_MAP.rpartition("/")[2], "map", files[BUNDLE_MAP])


def members(packed: bytes) -> dict[str, bytes]:
    """The files in a package for npm, by their names."""
    with tarfile.open(fileobj=BytesIO(packed), mode="r:gz") as archive:
        opened = ((each.name, archive.extractfile(each)) for each in archive)
        return {name: file.read() for name, file in opened if file is not None}
