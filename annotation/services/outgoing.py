"""The one way by which this server sends requests to addresses that people name.

Who can have a server send requests can have it knock at doors that are closed to themselves. So it asks only origins that
whoever runs it has allowed, only where their names lead out of its own network, and follows no redirect.
"""

import ipaddress
import re
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

from annotation.services.refusal import Refusal

TIMEOUT_SECONDS = 10
PORTS = {"http": 80, "https": 443}
PLAIN = re.compile(r"https?://[!-~]+")  # no blank, no line break: nothing that a request would end at
# What Python may count as global all the same: IPv4 mapped, translated or tunnelled, and what was site-local.
CLOSED = [ipaddress.ip_network(one) for one in ("::ffff:0:0/96", "64:ff9b::/96", "2002::/16", "fec0::/10")]


class NotAllowed(Refusal):
    """This server may not send to that address. Whoever runs it allows origins by the setting WEBHOOK_ORIGINS; an
    address has no user name and no # in it."""


class NotSent(Refusal):
    """There was no answer: nobody listens, it hung up, or it took longer than ten seconds."""


@dataclass(frozen=True)
class Origin:
    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, address: str) -> "Origin":
        """Raises ValueError, KeyError."""
        parts = urlsplit(address)
        return cls(parts.scheme, parts.hostname or "", parts.port or PORTS[parts.scheme])

    @property
    def is_ip_address(self) -> bool:
        try:
            ipaddress.ip_address(self.host)
        except ValueError:
            return False
        return True


def check(url: str) -> Origin:
    """The origin of an address that may be sent to. Raises NotAllowed."""
    try:
        origin, netloc = Origin.of(url), urlsplit(url).netloc
        is_allowed = origin in [Origin.of(allowed) for allowed in settings.WEBHOOK_ORIGINS]
    except (ValueError, KeyError):
        raise NotAllowed from None
    if not is_allowed or not PLAIN.fullmatch(url) or "#" in url or "@" in netloc:
        raise NotAllowed
    return origin


def post(url: str, *, body: bytes, headers: dict[str, str]) -> int:
    """Send it; returns the status of the answer, the rest of which is not read.

    Raises NotAllowed, NotSent.
    """
    import urllib3  # here, for no page needs it

    origin, parts = check(url), urlsplit(url)
    address = _look_up(origin)
    # The connection goes to the address that was looked at: a second answer of the name server leads nowhere else.
    pool = (
        urllib3.HTTPSConnectionPool(address, origin.port, cert_reqs="CERT_REQUIRED", server_hostname=origin.host)
        if origin.scheme == "https"
        else urllib3.HTTPConnectionPool(address, origin.port)
    )
    try:
        with pool:
            answer = pool.urlopen(
                "POST",
                (parts.path or "/") + (f"?{parts.query}" if parts.query else ""),
                body=body,
                headers={"Host": parts.netloc, "User-Agent": "Stepmark"} | headers,
                timeout=urllib3.Timeout(total=TIMEOUT_SECONDS),
                redirect=False,
                retries=False,
                preload_content=False,
            )
            answer.close()
    except urllib3.exceptions.SSLError as error:
        raise NotSent("No safe connection: the certificate there is not trusted, or not for this name.") from error
    except urllib3.exceptions.HTTPError as error:
        raise NotSent from error
    return answer.status


def _look_up(origin: Origin) -> str:
    """Raises NotSent."""
    try:
        found = [str(place[4][0]) for place in socket.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError) as error:
        raise NotSent("The name in the address is not known.") from error
    if not origin.is_ip_address and not all(map(is_public, found)):
        raise NotSent("The name leads into a private network. Where that is meant, allow and name its IP address.")
    return found[0]


def is_public(address: str) -> bool:
    """Whether it is surely outside of this machine and its networks."""
    ip = ipaddress.ip_address(address)
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or any(ip in network for network in CLOSED))
