"""A proxy before the web that forwards a label and cuts the connection instead of passing the answer on."""

import http.client
import random
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

PASSED_ON = ("Cookie", "X-CSRFToken", "Content-Type")


@contextmanager
def between(url, *, share, seed):
    """Gives the address of the proxy, and a list that grows by one for each answer to a label that was cut off."""
    target, luck, lock, cut = urlsplit(url), random.Random(seed), threading.Lock(), []

    class Cutting(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def setup(self):
            super().setup()
            self.upstream = http.client.HTTPConnection(target.hostname, target.port, timeout=30)

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name: self.headers[name] for name in PASSED_ON}
            self.upstream.request("POST", self.path, body, headers)
            answer = self.upstream.getresponse()
            text = answer.read()
            with lock:
                if self.path.endswith("/labels") and answer.status == 201 and luck.random() < share:
                    cut.append(self.path)
                    self.close_connection = True
                    return
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def finish(self):
            self.upstream.close()
            super().finish()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Cutting) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", cut
        finally:
            server.shutdown()
