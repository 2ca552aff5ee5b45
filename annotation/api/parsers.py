import math
from collections.abc import Iterable
from functools import cache
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.parsers import JSONParser
from rest_framework.request import Request

from active_learning.strict_json import MAX_DEPTH, UNSTORABLE


class SafeJSONParser(JSONParser):
    """JSON that PostgreSQL can store: hostile bodies are a 400 with a sentence, never a server error."""

    def parse(self, *args: Any, **kwargs: Any) -> Any:
        try:
            data = super().parse(*args, **kwargs)
        except (RecursionError, LookupError):
            raise ParseError("The body is nested too deeply or its charset is unknown.") from None
        stack: list[tuple[Any, int]] = [(data, 0)]
        while stack:
            value, depth = stack.pop()
            if depth > MAX_DEPTH:
                raise ParseError("The body is nested too deeply.")
            refuse_unstorable(value)
            if isinstance(value, dict):
                stack += [(item, depth + 1) for pair in value.items() for item in pair]
            elif isinstance(value, list):
                stack += [(item, depth + 1) for item in value]
        return data


def refuse_unstorable(value: Any) -> None:
    if isinstance(value, str) and UNSTORABLE.search(value):
        raise ParseError("A text holds a NUL or half of a surrogate pair.")
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise ParseError("An integer does not fit 64 bits.")
    if isinstance(value, float) and not math.isfinite(value):
        raise ParseError("A number is out of range.")


def asked(serializer: Any, request: Request) -> dict[str, Any]:
    """The request's query as the serializer reads it; a name that it does not know is a slip. Raises ValidationError."""
    form = serializer(data=request.query_params)
    refuse_unknown(request.query_params, form.fields)
    form.is_valid(raise_exception=True)
    return dict(form.validated_data)


def refuse_unknown(given: Iterable[str], known: Iterable[str]) -> None:
    """Raises ValidationError."""
    if unknown := sorted(set(given) - set(known)):
        sentence = _("There is nothing of this name here. There is: %(names)s.") % {"names": ", ".join(sorted(known))}
        raise ValidationError({name: [sentence] for name in unknown})


def valid(serializer: Any, request: Request) -> dict[str, Any]:
    """The request's body as the serializer reads it. Raises ValidationError."""
    return dict(_built(serializer).run_validation(request.data))


def shown(serializer: Any, thing: Any) -> Any:
    """The thing as the serializer shows it."""
    return _built(serializer).to_representation(thing)


@cache
def _built(serializer: Any) -> Any:
    # Built anew for each request, fields within fields, a serializer takes longer than what it then does. Whoever asks it
    # in these two ways leaves nothing behind in it.
    return serializer()
