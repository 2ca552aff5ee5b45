"""A server that is told things, in a process of its own: python -m tests.webhook_receiver [CERTIFICATE KEY].

PUT /answers says what the next POSTs are answered: statuses, or null for a connection that is dropped; 200 when none is
left. GET /received tells and forgets what has come.
"""

import contextlib
import json
import ssl
import subprocess
import sys
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Receiver(BaseHTTPRequestHandler):
    answers: list = []
    received: list = []

    def do_PUT(self):
        self.answers[:] = json.loads(self.body())
        self.say(200)

    def do_GET(self):
        told = list(self.received)
        self.received.clear()
        self.say(200, json.dumps(told).encode())

    def do_POST(self):
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.received.append({"path": self.path, "headers": headers, "body": self.body()})
        status = self.answers.pop(0) if self.answers else 200
        if status is None:
            self.close_connection = True
        else:
            self.say(status, b"A secret of the receiver, kept by nobody.")

    def body(self):
        return self.rfile.read(int(self.headers["Content-Length"])).decode()

    def say(self, status, body=b""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if 300 <= status < 400:
            self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Running:
    """The process, as a test sees it."""

    def __init__(self, address):
        self.address = address
        self.port = int(address.rpartition(":")[2])

    def will_answer(self, *answers):
        request = urllib.request.Request(f"{self.address}/answers", json.dumps(answers).encode(), method="PUT")
        urllib.request.urlopen(request).close()

    def received(self):
        with urllib.request.urlopen(f"{self.address}/received") as answer:
            return json.loads(answer.read())


@contextlib.contextmanager
def running(*files):
    command = [sys.executable, "-m", "tests.webhook_receiver", *map(str, files)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield Running(process.stdout.readline().strip())
    finally:
        process.kill()
        process.communicate()


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    scheme = "http"
    if len(sys.argv) > 1:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*sys.argv[1:])
        server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme = "https"
    print(f"{scheme}://127.0.0.1:{server.server_address[1]}", flush=True)  # noqa: T201
    server.serve_forever()
