"""An OpenAI-compatible server in a process of its own, around the toy generator: python -m tests.generator_server LEDGER.

A word counts as a token. Every sample has the seed of its request and its place, as with vLLM. Requests fail as real servers
let them, by a schedule that hangs on the request alone: asked again it fails otherwise or not at all, at last never. The
ledger has a line for each reply that was generated, whether it reached anybody or not.
"""

import contextlib
import json
import subprocess
import sys
import threading
import time
import urllib.request
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from types import SimpleNamespace

from active_learning.generators import Draw, Prompt
from active_learning.generators.budget import Budget
from active_learning.generators.scripted import ScriptedGenerator
from active_learning.steps import split_steps

MODEL = "toy/scripted"
FAULTS = [
    "429",
    "429 seconds",
    "429 date",
    "500",
    "503",
    "time-out",
    "drop",
    "half",
    "malformed",
    "no choices",
    "fewer",
    "types",
    "no reason",
    "no usage",
]


OPTIONS = {
    "seed": 0,  # of the schedule
    "rate": 0.0,  # of requests that fail
    "delay": 0.0,  # seconds that each reply takes
    "silence": 1.0,  # seconds without an answer, where time runs out
    "models": 0,  # the status of /v1/models, where it is not answered
    "one": False,  # one choice in each reply, whatever is asked for
}


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, ledger):
        super().__init__(("127.0.0.1", 0), Answers)
        self.ledger, self.lock = ledger, threading.Lock()
        self.begin({})

    def begin(self, options):
        """As if it had been started anew, with these of its OPTIONS."""
        self.options = SimpleNamespace(**OPTIONS | options)
        self.forced, self.asked, self.now, self.most, self.bodies, self.keys = [], {}, 0, 0, [], []
        self.headers = []
        self.ledger.write_text("")

    def fault(self, body):
        """What goes wrong with this request now; called with the lock."""
        if self.forced:
            return self.forced.pop(0)
        key = json.dumps(body, sort_keys=True)
        times = self.asked[key] = self.asked.get(key, 0) + 1
        rng = Random(json.dumps([self.options.seed, key, times]))
        return rng.choice(FAULTS) if rng.random() < self.options.rate and times <= 3 else None


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept
    is_here = False  # a request that is counted as in flight

    def do_PUT(self):
        """Options to begin anew with; or a list, what happens to the next requests before the schedule: names of faults,
        [status, sentence], or null."""
        given = json.loads(self.body())
        with self.server.lock:
            if isinstance(given, list):
                self.server.forced = given
            else:
                self.server.begin(given)
        self.say(200, {})

    def do_GET(self):
        with self.server.lock:
            told = {"most": self.server.most, "bodies": self.server.bodies, "keys": self.server.keys}
            told["headers"] = self.server.headers
        served = {"id": MODEL, "object": "model", "created": time.time(), "max_model_len": 4096, "owned_by": "tests"}
        fault = self.server.options.models if self.path == "/v1/models" else 0
        self.say(fault or 200, told if self.path == "/told" else {"object": "list", "data": [served]})

    def do_POST(self):
        body = json.loads(self.body())
        with self.server.lock:
            self.is_here = True
            self.server.now += 1
            self.server.most = max(self.server.most, self.server.now)
            self.server.bodies.append([self.path, body])
            self.server.keys.append(self.headers["Authorization"])
            self.server.headers.append(dict(self.headers))
            fault = self.server.fault(body)
        time.sleep(self.server.options.delay)
        try:
            self.answer(body, fault)
        finally:
            self.leave()

    def leave(self):
        with self.server.lock:
            self.server.now -= self.is_here
            self.is_here = False

    def answer(self, body, fault):
        if isinstance(fault, list):
            self.say(fault[0], {"error": {"message": fault[1]}})
        elif fault and fault[:3] in ("429", "503"):
            named = {"429 seconds": "0.2", "429 date": formatdate(usegmt=True)}
            self.say(int(fault[:3]), {"error": {"message": "too busy"}}, {"Retry-After": named.get(fault)})
        else:
            reply = self.generated(body, 1 if fault == "fewer" or self.server.options.one else body.get("n", 1))
            self.reply(reply, fault)

    def generated(self, body, n):
        """As the toy generator says it, after it has been written into the ledger."""
        if "messages" in body:
            _, user, *begun = body["messages"]
            problem, steps = user["content"], begun[0]["content"] if begun else ""
        else:
            problem, _, steps = body["prompt"].partition("\n")
        prefix = split_steps(steps.strip()) if steps.strip() else ()
        generator, found = ScriptedGenerator(Budget()), []
        for place in range(n):
            draw = Draw(1, body["seed"] + place, body["temperature"], body["max_tokens"])
            ((text,),) = generator.sample([Prompt(problem, prefix)], draw, until="answer")
            found.append(text)
        line = {"problem": problem, "seed": body["seed"], "n": n, "tokens": sum(text.tokens for text in found)}
        with self.server.lock, self.server.ledger.open("a") as ledger:
            ledger.write(json.dumps(line) + "\n")
        said = [{"message": {"content": t.text}} if "messages" in body else {"text": t.text} for t in found]
        reasons = ["stop" if text.is_over else "length" for text in found]
        choices = [{"index": i, "finish_reason": r} | s for i, (r, s) in enumerate(zip(reasons, said, strict=True))]
        usage = {"prompt_tokens": len(f"{problem} {steps}".split()), "completion_tokens": line["tokens"]}
        return {"object": "text_completion", "model": MODEL, "choices": choices, "usage": usage}

    def reply(self, reply, fault):
        if fault == "time-out":
            self.leave()
            time.sleep(self.server.options.silence)
            self.close_connection = True
        elif fault == "drop":
            self.close_connection = True
        elif fault in ("half", "malformed"):
            self.say(200, reply, half=True, is_honest=fault == "half")
        elif fault == "500":
            self.say(500, {"error": "it broke while it was writing"})
        else:
            self.say(200, spoilt(reply, fault))

    def body(self):
        return self.rfile.read(int(self.headers["Content-Length"])).decode()

    def say(self, status, value, headers=(), *, half=False, is_honest=False):
        """`half` of the value; with a length that is_honest promises all of it, and the connection ends before."""
        whole = json.dumps(value).encode()
        sent = whole[: len(whole) // 2] if half else whole
        self.leave()
        self.send_response(status)
        self.send_header("Content-Length", str(len(whole if is_honest else sent)))
        for name, content in dict(headers).items():
            if content:
                self.send_header(name, content)
        if 300 <= status < 400:
            self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(sent)
        self.close_connection = self.close_connection or half

    def log_message(self, *_):
        pass


def spoilt(reply, fault):
    first = reply["choices"][0]
    match fault:
        case "no choices":
            return {}
        case "types":
            return reply | {"choices": [first | {"text": 7, "message": {"content": ["7"]}}]}
        case "no reason":
            return reply | {"choices": [*reply["choices"][:-1], first | {"finish_reason": None}]}
        case "no usage":
            return reply | {"usage": None}
    return reply


class Running:
    """The process, as a test sees it."""

    def __init__(self, address, ledger):
        self.address, self._ledger = address, ledger
        self.generator = f"{address}/v1#{MODEL}"

    def begin(self, **options):
        """Forget everything."""
        self._put(options)
        return self

    def will(self, *faults):
        self._put(faults)

    def _put(self, value):
        urllib.request.urlopen(urllib.request.Request(self.address, json.dumps(value).encode(), method="PUT")).close()

    def told(self):
        with urllib.request.urlopen(f"{self.address}/told") as answer:
            return json.loads(answer.read())

    def ledger(self):
        return [json.loads(line) for line in self._ledger.read_text().splitlines()]

    def sampled(self):
        """Tokens, whether they reached anybody or not."""
        return sum(line["tokens"] for line in self.ledger())


@contextlib.contextmanager
def running(ledger):
    command = [sys.executable, "-m", "tests.generator_server", str(ledger)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield Running(process.stdout.readline().strip(), ledger)
    finally:
        process.kill()
        process.communicate()


if __name__ == "__main__":
    server = Server(Path(sys.argv[1]))
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)  # noqa: T201
    server.serve_forever()
