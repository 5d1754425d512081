"""Parameters in an address: texts that are read into a typed struct, each within its bounds.

A struct names the parameters of a query. Its types bound the values, for the reading of a request
and for `/openapi.json` alike. A whole number in an address is digits only.

    ParameterInvalid    the text is no value of the parameter's type; `wanted` describes that type
"""

from collections.abc import Mapping
from functools import cache
from types import NoneType
from typing import Annotated, Any, TypeVar, get_args, get_origin

import msgspec
from msgspec.inspect import IntType, LiteralType, Metadata, StrType, Type, UUIDType, type_info

from configurator.errors import ConfiguratorError

DIGITS_MAX = 19
"""The digits of the largest whole number of 64 bits."""

Query = TypeVar("Query", bound=msgspec.Struct)


class ParameterInvalid(ConfiguratorError):
    """The text of a parameter is not valid: `name` must be `wanted`."""

    def __init__(self, name: str, wanted: str) -> None:
        self.name = name
        self.wanted = wanted
        super().__init__(f"{name} must be {wanted}")


def names_in(shape: type[msgspec.Struct]) -> tuple[str, ...]:
    """The names of the parameters, as an address has them."""
    return tuple(each.encode_name for each in _fields(shape))


def read_query(asked: Mapping[str, str], shape: type[Query]) -> Query:
    """The values of these parameters. Parameters that the struct lacks are ignored.

    Raises ParameterInvalid, also for a parameter that is missing.
    """
    values: dict[str, object] = {}
    for each in _fields(shape):
        if each.encode_name in asked:
            text = asked[each.encode_name]
            values[each.name] = read_parameter(each.encode_name, text, each.type)
        elif each.required:
            raise ParameterInvalid(each.encode_name, "given")
    return shape(**values)


def read_parameter(name: str, text: str, kind: Any) -> Any:  # noqa: ANN401 - a value of `kind`
    """The value of one parameter. Raises ParameterInvalid."""
    kind = _without_none(kind)
    if isinstance(_described(kind), IntType):
        digits = text.lstrip("0") or text[:1]
        if not (text.isascii() and text.isdigit()) or len(digits) > DIGITS_MAX:
            raise ParameterInvalid(name, wanted(kind))
        text = digits
    try:
        return msgspec.convert(text, kind, strict=False)
    except msgspec.ValidationError:
        raise ParameterInvalid(name, wanted(kind)) from None


@cache
def wanted(kind: Any) -> str:  # noqa: ANN401 - a type
    """The values that this type accepts, in words for the sentence of a refusal.

    Raises TypeError for a type other than whole numbers, words of a list, UUIDs and texts.
    """
    match type_info(kind):
        case Metadata(extra_json_schema={"description": str(description)}):
            return description
        case _:
            pass
    match _described(kind):
        case IntType(ge=least, le=most):
            return f"a whole number from {least} to {most}"
        case LiteralType():
            words = get_args(get_args(kind)[0] if get_origin(kind) is Annotated else kind)
            return f"one of {', '.join(words)}"
        case UUIDType():
            return "a UUID"
        case StrType(min_length=least, max_length=most):
            return f"a text of {least or 0} to {most} characters"
        case _:
            raise TypeError(f"{kind} is no type of a parameter in an address")


@cache
def _fields(shape: type[msgspec.Struct]) -> tuple[msgspec.structs.FieldInfo, ...]:
    return msgspec.structs.fields(shape)


@cache
def _described(kind: Any) -> Type:  # noqa: ANN401 - a type
    found = type_info(kind)
    return found.type if isinstance(found, Metadata) else found


def _without_none(kind: Any) -> Any:  # noqa: ANN401 - a type
    """The type without None: msgspec would read the text `null` as None."""
    kinds = get_args(kind)
    return next(each for each in kinds if each is not NoneType) if NoneType in kinds else kind
