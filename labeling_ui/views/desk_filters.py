"""What the address of a desk page may ask for. What it may not is a page that is not there."""

from collections.abc import Sequence

from django.http import Http404, HttpRequest


def one_of(request: HttpRequest, name: str, allowed: Sequence[int], usual: int) -> int:
    """A number of the query, among those that the page offers. Raises Http404."""
    wanted = request.GET.get(name)
    if wanted is None:
        return usual
    return {str(number): number for number in allowed}[choice(request, name, [str(number) for number in allowed], "")]


def choice(request: HttpRequest, name: str, allowed: Sequence[str], usual: str) -> str:
    """A word of the query, among those that the page offers. Raises Http404."""
    wanted = request.GET.get(name, usual)
    if wanted not in allowed:
        raise Http404
    return wanted
