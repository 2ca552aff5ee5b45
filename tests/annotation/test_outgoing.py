"""Row 2 of what peers were attacked by: where requests of this server may lead, and where not."""

import socket
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from annotation.services import outgoing
from tests import webhook_receiver

NAME = "hooks.example.org"


@pytest.fixture(scope="module")
def server():
    with webhook_receiver.running() as found:
        yield found


@pytest.fixture
def receiver(server, settings):
    """A server on loopback that the operator has allowed, written as an IP address."""
    settings.WEBHOOK_ORIGINS = [server.address]
    server.will_answer()
    server.received()
    return server


@pytest.fixture
def leads_to(monkeypatch):
    """leads_to(*addresses) → the look-ups of NAME, which finds these; everything else is found as usual."""
    real = socket.getaddrinfo

    def name_server(*addresses):
        asked = []

        def look_up(host, port, *rest, **named):
            if host != NAME:
                return real(host, port, *rest, **named)
            asked.append(host)
            return [one for address in addresses for one in real(address, port, type=socket.SOCK_STREAM)]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        return asked

    return name_server


def send(url):
    return outgoing.post(url, body=b"{}", headers={})


def test_what_is_allowed_gets_there_with_path_and_query(receiver):
    status = send(f"{receiver.address}/hooks/1?team=a%20b")

    (came,) = receiver.received()
    assert (status, came["path"], came["body"]) == (200, "/hooks/1?team=a%20b", "{}")
    assert came["headers"]["host"] == f"127.0.0.1:{receiver.port}"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.1:{port}/",
        "http://0x7f.1:{port}/",
        "http://0177.0.0.1:{port}/",
        "http://2130706433:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://localhost:{port}/",
        "http://127.0.0.1.:{port}/",
        "http://127.0.0.1/",
        "http://127.0.0.1:{other}/",
        "https://127.0.0.1:{port}/",
        "http://user:pw@127.0.0.1:{port}/",
        "http://127.0.0.1:{port}@169.254.169.254/",
        "http://127.0.0.1:{port}\\@169.254.169.254/",
        "http://169.254.169.254/#@127.0.0.1:{port}/",
        "http://127.0.0.1:{port}/a\r\nX-Role: admin",
        "http://127.0.0.1:{port}/a b",
        "http://127.0.0.1:{port}/#part",
        "http://127.0.0.1:{port}/ü",
        "//127.0.0.1:{port}/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:{port}/",
        "http://[::1",
        "http://127.0.0.1:99999/",
        "",
    ],
)
def test_what_is_not_an_allowed_origin_to_the_letter_is_refused_and_nothing_is_sent(url, receiver):
    address = url.format(port=receiver.port, other=receiver.port + 1)

    with pytest.raises(outgoing.NotAllowed):
        send(address)

    assert receiver.received() == []


def test_without_the_setting_nothing_is_sent(receiver, settings):
    settings.WEBHOOK_ORIGINS = []

    with pytest.raises(outgoing.NotAllowed):
        send(receiver.address)


@pytest.mark.parametrize("host", ["localhost", "127.1", "0x7f.1", "2130706433"])
def test_an_allowed_name_that_is_another_spelling_of_loopback_is_refused(host, receiver, settings):
    settings.WEBHOOK_ORIGINS = [f"http://{host}:{receiver.port}"]

    with pytest.raises(outgoing.NotSent):
        send(f"http://{host}:{receiver.port}/")

    assert receiver.received() == []


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.0.0.1"],
        ["172.16.0.1"],
        ["192.168.1.1"],
        ["169.254.169.254"],
        ["100.64.0.1"],
        ["0.0.0.0"],
        ["224.0.0.1"],
        ["::1"],
        ["fe80::1"],
        ["fc00::1"],
        ["fec0::1"],
        ["::ffff:127.0.0.1"],
        ["::ffff:8.8.8.8"],
        ["64:ff9b::7f00:1"],
        ["2002:7f00:1::1"],
        ["8.8.8.8", "127.0.0.1"],
    ],
)
def test_an_allowed_name_that_leads_into_a_private_network_is_refused(addresses, receiver, settings, leads_to):
    settings.WEBHOOK_ORIGINS = [f"http://{NAME}:{receiver.port}"]
    leads_to(*addresses)

    with pytest.raises(outgoing.NotSent, match="private network"):
        send(f"http://{NAME}:{receiver.port}/")

    assert receiver.received() == []


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111"])
def test_public_addresses_are_public(address):
    assert outgoing.is_public(address)


def test_a_name_is_looked_up_once_and_that_very_address_is_connected_to(receiver, settings, leads_to, monkeypatch):
    settings.WEBHOOK_ORIGINS = [f"http://{NAME}:{receiver.port}"]
    monkeypatch.setattr(outgoing, "is_public", lambda _: True)
    asked = leads_to("127.0.0.1")

    send(f"http://{NAME}:{receiver.port}/")

    (came,) = receiver.received()
    assert asked == [NAME]
    assert came["headers"]["host"] == f"{NAME}:{receiver.port}"


def test_a_redirect_is_not_followed(receiver):
    receiver.will_answer(302)

    status = send(f"{receiver.address}/here")

    assert status == 302
    assert [came["path"] for came in receiver.received()] == ["/here"]


def test_a_dropped_connection_a_closed_port_and_an_unknown_name_are_told_apart_from_an_answer(receiver, settings):
    settings.WEBHOOK_ORIGINS = [receiver.address, "http://127.0.0.1:1", "http://nobody.invalid"]
    receiver.will_answer(None)

    for url in settings.WEBHOOK_ORIGINS:
        with pytest.raises(outgoing.NotSent):
            send(url)


def test_who_does_not_answer_in_time_is_left_alone(settings, monkeypatch):
    monkeypatch.setattr(outgoing, "TIMEOUT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.WEBHOOK_ORIGINS = [f"http://127.0.0.1:{silent.getsockname()[1]}"]

        with pytest.raises(outgoing.NotSent):
            send(settings.WEBHOOK_ORIGINS[0])


def certificate(folder, name):
    """A certificate for a name that only whoever reads its file trusts: (certificate, key)."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder(issuer_name=who, subject_name=who, public_key=key.public_key(), serial_number=1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / f"{name}.pem", folder / f"{name}.key"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    private.write_bytes(key.private_bytes(pem, pkcs8, serialization.NoEncryption()))
    return public, private


@pytest.mark.parametrize(("named", "is_trusted"), [(NAME, True), (NAME, False), ("other.example.org", True)])
def test_a_certificate_must_be_trusted_and_for_the_name_not_for_the_address(
    named, is_trusted, settings, leads_to, monkeypatch, tmp_path
):
    public, private = certificate(tmp_path, named)
    monkeypatch.setattr(outgoing, "is_public", lambda _: True)
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(public))
    leads_to("127.0.0.1")
    with webhook_receiver.running(public, private) as there:
        url = f"https://{NAME}:{there.port}"
        settings.WEBHOOK_ORIGINS = [url]

        if named == NAME and is_trusted:
            assert send(url) == 200
        else:
            with pytest.raises(outgoing.NotSent, match="certificate"):
                send(url)


def test_the_default_port_may_be_written_or_not(settings):
    settings.WEBHOOK_ORIGINS = [f"https://{NAME}"]

    assert outgoing.check(f"https://{NAME}:443/a") == outgoing.check(f"https://{NAME.upper()}/a")
