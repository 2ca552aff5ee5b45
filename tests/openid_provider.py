"""A small OpenID provider in a process of its own: python -m tests.openid_provider prints its address.

PUT /person says whom the next sign-in is: claims of the ID token, which may be false ones on purpose.
"""

import base64
import hashlib
import json
import secrets
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET = "stepmark", "a secret of the client"


class Provider(BaseHTTPRequestHandler):
    key = RSAKey.generate_key(2048, {"kid": "1", "use": "sig", "alg": "RS256"})
    stranger = RSAKey.generate_key(2048, {"kid": "1", "use": "sig", "alg": "RS256"})
    person: dict = {}
    codes: dict = {}

    @property
    def issuer(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def do_GET(self):
        address = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(address.query).items()}
        match address.path:
            case "/.well-known/openid-configuration":
                places = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "jwks"}
                found = {name: f"{self.issuer}/{place}" for name, place in places.items()}
                self.say(200, found | {"issuer": self.issuer, "id_token_signing_alg_values_supported": ["RS256"]})
            case "/jwks":
                self.say(200, {"keys": [self.key.as_dict(private=False)]})
            case "/authorize":
                self.authorize(asked)
            case _:
                self.say(404, {})

    def do_PUT(self):
        type(self).person = self.read()
        self.say(200, {})

    def do_POST(self):
        given = {name: values[0] for name, values in parse_qs(self.body()).items()}
        asked = self.codes.pop(given.get("code"), None)
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(given.get("code_verifier", "").encode()).digest())
        if asked is None or self.headers["Authorization"] != f"Basic {basic}":
            self.say(401, {"error": "invalid_client"})
        elif (
            challenge.decode().rstrip("=") != asked["code_challenge"] or asked["redirect_uri"] != given["redirect_uri"]
        ):
            self.say(400, {"error": "invalid_grant"})
        else:
            self.say(200, {"access_token": secrets.token_hex(8), "token_type": "Bearer", "id_token": self.token(asked)})

    def authorize(self, asked):
        wrong = asked.get("client_id") != CLIENT or asked.get("code_challenge_method") != "S256" or "nonce" not in asked
        if wrong or "openid" not in asked["scope"].split():
            return self.say(400, {"error": "invalid_request"})
        code = secrets.token_hex(8)
        self.codes[code] = asked
        answer = {"error": "access_denied"} if self.person.get("refuses") else {"code": code}
        self.send_response(302)
        self.send_header("Location", f"{asked['redirect_uri']}?{urlencode(answer | {'state': asked['state']})}")
        return self.end_headers()

    def token(self, asked):
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "nonce": asked["nonce"], "iat": now, "exp": now + 60}
        person = dict(self.person)
        key = self.stranger if person.pop("forged", False) else self.key
        return jwt.encode({"alg": "RS256", "kid": "1"}, claims | person, key)

    def body(self):
        return self.rfile.read(int(self.headers["Content-Length"])).decode()

    def read(self):
        return json.loads(self.body())

    def say(self, status, body):
        lines = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(lines)))
        self.end_headers()
        self.wfile.write(lines)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)  # noqa: T201
    server.serve_forever()
