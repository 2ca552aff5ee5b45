from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme


def inside(request: HttpRequest, address: str | None) -> str:
    """An address that came with a request, if it leads nowhere else; else the beginning."""
    is_inside = url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return address if address and is_inside else resolve_url("home")
