"""Parse the delivery reports that the gateway posts."""

from collections.abc import Iterable, Iterator
from itertools import pairwise
import json
from typing import Any
from urllib.parse import parse_qsl

from .models import DeliveryReport

type Field = tuple[str, str]
type Pair = tuple[Any, Any]


def parse_reports(content_type: str, body: bytes, query_string: str) -> list[DeliveryReport]:
    """Return the well-formed reports of a request; raise ValueError if there are none.

    The body is a form or JSON, and the query may hold reports too.
    """
    query = parse_qsl(query_string, keep_blank_values=True)
    ref = next((value for key, value in query if key == "ref" and value), None)
    reports = []
    for msgid, status in (*_body_pairs(content_type, body), *_form_pairs(query)):
        try:
            reports.append(DeliveryReport.from_fields(msgid, status, ref))
        except ValueError:
            continue
    if not reports:
        raise ValueError("no delivery report")
    return reports


def _body_pairs(content_type: str, body: bytes) -> Iterable[Pair]:
    """Return what may be msgid and status in a body; JSON is known by its first character, whatever its type."""
    if body.lstrip()[:1] in {b"{", b"["}:
        return _json_pairs(body)
    if content_type.lower().startswith("multipart/"):
        return []
    return _form_pairs(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))


def _json_pairs(body: bytes) -> Iterator[Pair]:
    """Yield what may be msgid and status in an object or in a list of objects."""
    try:
        # Integers stay digits: one that is too long for Python would make the whole body unreadable.
        content = json.loads(body, parse_int=str)
    except ValueError, RecursionError:
        return
    for element in content if isinstance(content, list) else [content]:
        if isinstance(element, dict):
            yield element.get("msgid"), element.get("status")


def _form_pairs(fields: Iterable[Field]) -> Iterable[Pair]:
    """Return msgid and status of a form's fields, or nothing if it is unclear which belong together."""
    relevant = [(key, value.strip()) for key, value in fields if key in {"msgid", "status"}]
    msgids = [value for key, value in relevant if key == "msgid"]
    statuses = [value for key, value in relevant if key == "status"]
    if len(msgids) != len(statuses) and any(first == second for (first, _), (second, _) in pairwise(relevant)):
        return []
    return zip(msgids, statuses, strict=False)
