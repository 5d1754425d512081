"""Parameters of a request, each read into its type; an unfit one is refused by its name."""

from typing import Any

from starlette.requests import Request

from configurator.protocol.codes import Refused
from configurator.protocol.parameters import ParameterInvalid, Query, read_parameter, read_query


def query(request: Request, shape: type[Query], *, refusal: str = "malformed_message") -> Query:
    """The parameters after the question mark, as ``shape``; parameters that it lacks are ignored.

    Raises:
        Refused: ``refusal``.
    """
    try:
        return read_query(request.query_params, shape)
    except ParameterInvalid as invalid:
        raise Refused(refusal, detail=str(invalid)[:300], field=invalid.name) from None


def in_path(request: Request, name: str, kind: Any) -> Any:  # noqa: ANN401 - a value of ``kind``
    """The value of a parameter that is a part of the path.

    Raises:
        Refused: ``malformed_message``.
    """
    try:
        return read_parameter(name, request.path_params[name], kind)
    except ParameterInvalid as invalid:
        detail = str(invalid)[:300]
        raise Refused("malformed_message", detail=detail, field=invalid.name) from None
