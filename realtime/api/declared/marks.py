"""Declares an endpoint where its handler stands: the decorators only mark the method.

    @get("/api/people/{id}", PersonAnswer, codes=["not_found"], needs=Permission.MANAGE_STAFF)
    async def read(self, request: Request) -> Response:
        ...

The first line of the handler's docstring is the summary of the endpoint; the rest describes it.
``endpoints_of`` collects the marked methods of objects, bound to them. The fields of a declaration
are those of ``Endpoint``, whose docstring explains them.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import getdoc
from typing import Final, TypedDict, TypeVar, Unpack

import msgspec
from starlette.responses import Response

from configurator.people.roles import Permission
from realtime.api.declared.endpoints import Away, Endpoint, Method
from realtime.limits.allowances import LimitKind

Marked = TypeVar("Marked", bound=Callable[..., Awaitable[Response]])
_MARK: Final = "declared_endpoint"


class Declaration(TypedDict, total=False):
    """The optional parts of a declaration, beside the address and the answer."""

    status: int
    media: Sequence[str]
    also: Mapping[int, object | None]
    body: object
    body_optional: bool
    form: bool
    headers: Mapping[int, Sequence[str]]
    query: Sequence[type[msgspec.Struct]]
    parameters: Mapping[str, object]
    codes: Sequence[str]
    refused: object
    away: Away
    tag: str
    needs: Permission
    anonymous: bool
    limit: LimitKind
    look: str


@dataclass(frozen=True, slots=True)
class _Mark:
    method: Method
    path: str
    answer: object
    declaration: Declaration


def get(path: str, answer: object, **more: Unpack[Declaration]) -> Callable[[Marked], Marked]:
    """Marks the handler of GET."""
    return _marking(_Mark("GET", path, answer, more))


def post(path: str, answer: object, **more: Unpack[Declaration]) -> Callable[[Marked], Marked]:
    """Marks the handler of POST."""
    return _marking(_Mark("POST", path, answer, more))


def put(path: str, answer: object, **more: Unpack[Declaration]) -> Callable[[Marked], Marked]:
    """Marks the handler of PUT."""
    return _marking(_Mark("PUT", path, answer, more))


def delete(path: str, answer: object, **more: Unpack[Declaration]) -> Callable[[Marked], Marked]:
    """Marks the handler of DELETE."""
    return _marking(_Mark("DELETE", path, answer, more))


def endpoints_of(*holders: object) -> list[Endpoint]:
    """The endpoints that these objects declare, in the order of the source."""
    return [
        _endpoint(mark, holder, name)
        for holder in holders
        for name, method in vars(type(holder)).items()
        if isinstance(mark := getattr(method, _MARK, None), _Mark)
    ]


def _marking(mark: _Mark) -> Callable[[Marked], Marked]:
    def marked(handler: Marked) -> Marked:
        setattr(handler, _MARK, mark)
        return handler

    return marked


def _endpoint(mark: _Mark, holder: object, name: str) -> Endpoint:
    handler = getattr(holder, name)
    summary, _, rest = (getdoc(handler) or "").partition("\n")
    paragraphs = rest.strip().split("\n\n")
    return Endpoint(
        method=mark.method,
        path=mark.path,
        handler=handler,
        summary=summary,
        description="\n\n".join(" ".join(each.split()) for each in paragraphs),
        answer=mark.answer,
        **mark.declaration,
    )
