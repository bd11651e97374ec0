"""Stored data, checked when it is read: dataclasses in, dataclasses out."""

from dataclasses import fields, is_dataclass
from enum import StrEnum
from types import NoneType, UnionType
from typing import Any, cast, get_args, get_origin, get_type_hints

_NEVER = 1e12  # no moment and no duration is that far


def read[T](kind: type[T], data: object) -> T:
    """Return stored data as the type that it should have.

    Raises ValueError where it does not. Fields that are missing get their default, and unknown ones are ignored.
    """
    return cast("T", _read(kind, data))


def _read(kind: Any, data: Any) -> Any:
    arguments = get_args(kind)
    match get_origin(kind) or kind:
        case origin if origin is UnionType:
            return None if data is None and NoneType in arguments else _read(arguments[0], data)
        case origin if origin in {list, tuple} and isinstance(data, list | tuple):
            return origin(_read(arguments[0], item) for item in data)
        case origin if origin is dict and isinstance(data, dict):
            return {_read(arguments[0], key): _read(arguments[1], value) for key, value in data.items()}
        case origin if is_dataclass(origin) and isinstance(data, dict):
            hints = get_type_hints(origin)
            known = {
                item.name: _read(hints[item.name], data[item.name]) for item in fields(origin) if item.name in data
            }
            try:
                return kind(**known)
            except TypeError as err:
                raise ValueError(f"Not a {kind.__name__}") from err
        case origin if origin is float:
            if type(data) in {int, float} and 0 <= data < _NEVER:
                return data
        case origin if issubclass(origin, StrEnum) or type(data) is origin:
            return origin(data)
    raise ValueError(f"Not a {kind}")
