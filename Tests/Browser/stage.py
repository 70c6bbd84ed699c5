"""A real coordinator with its dashboard, and a worker, on the demonstration job: what browser and load tests run against."""

import json
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]


class Stage:
    """Programs in a folder of their own, gone at the end."""

    def __init__(self, binaries):
        self.binaries = pathlib.Path(binaries).resolve()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="molt-browser-"))
        self.keys = self.folder / "keys"
        self.store = self.folder / "molt.sqlite"
        self.processes = []
        self.endpoint = self.http = None

    def __enter__(self):
        model = self.folder / "models/tiny"
        self.run("coord", "make-model", "--shape", "tiny", "--seed", "1", "--output", model)
        shutil.copytree(REPOSITORY / "jobs/demo", self.folder / "demo")
        shutil.copy(REPOSITORY / "jobs/quick.yaml", self.folder / "quick.yaml")
        self.serve()
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            self.stop(process)
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, program, *arguments):
        command = [self.binaries / program, *map(str, arguments)]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{program} {arguments[0]} failed: {done.stderr}")
        return done.stdout

    def start(self, name, *arguments):
        log = open(self.folder / f"{name}.log", "ab")
        process = subprocess.Popen(
            [self.binaries / arguments[0], *map(str, arguments[1:])], cwd=self.folder, stdout=log, stderr=log)
        self.processes.append(process)
        return process

    def stop(self, process, how=signal.SIGTERM):
        if process.poll() is None:
            process.send_signal(how)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def serve(self):
        """Starts the coordinator, on the ports that it had before if there were any."""
        log = self.folder / "coordinator.log"
        before = log.stat().st_size if log.exists() else 0
        self.coordinator = self.start(
            "coordinator", "coord", "serve", "--store", self.store, "--keys", self.keys, "--listen",
            self.endpoint or "tcp://127.0.0.1:*", "--http", self.http or "127.0.0.1:0")
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            text = log.read_bytes()[before:].decode()
            endpoint = re.search(r"listening on (tcp://\S+?),", text)
            http = re.search(r"dashboard at http://(\S+)/", text)
            if endpoint and http:
                self.endpoint, self.http = endpoint.group(1), http.group(1)
                return
            if self.coordinator.poll() is not None:
                raise RuntimeError(f"the coordinator ended: {text}")
            time.sleep(0.05)
        raise RuntimeError("the coordinator does not listen")

    def worker(self, name="worker"):
        return self.start(
            name, "worker", "--coordinator", self.endpoint, "--key", self.keys / "worker", "--coordinator-key",
            self.keys / "coordinator.pub")

    def submit(self, job="quick.yaml"):
        """Returns the run's name."""
        text = self.run(
            "coord", "submit", self.folder / job, "--coordinator", self.endpoint, "--key", self.keys / "client",
            "--coordinator-key", self.keys / "coordinator.pub")
        return text.strip()

    def get(self, path):
        return json.loads(self.text(path))

    def text(self, path):
        with urllib.request.urlopen(f"http://{self.http}{path}") as answer:
            return answer.read().decode()
