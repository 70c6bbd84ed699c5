"""make containers: the images as their users run them, and containers that are killed, paused, cut off and starved.

On a container network of its own, with read-only root file systems and without capabilities: the quick job, then a
longer one while of its workers one is killed, one paused, one cut off and one killed by the kernel for its memory, then
the same by compose.yaml. Each run must end complete, every bit as in an undisturbed one outside of containers. Needs
podman, and for the last part podman-compose; removes all that it makes, but for the images.
"""

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
sys.path.insert(0, str(REPOSITORY / "Tests" / "Chaos"))

from chaos import Failure, Inputs, figures, rows_of, tool  # noqa: E402

USER = 10001
NAME = f"molt-test-{os.getpid()}"
HARDENED = ["--read-only", "--read-only-tmpfs=false", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt",
            "no-new-privileges", "--network", NAME]


def podman(*words, check=True):
    done = subprocess.run(["podman", *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if check and done.returncode:
        raise Failure(f"podman {' '.join(map(str, words))}: {done.stderr.strip()}")
    return done


def wait(seconds, what, condition):
    start = time.monotonic()
    while not condition():
        if time.monotonic() - start > seconds:
            raise Failure(f"{what}: not within {seconds} s")
        time.sleep(0.1)
    return time.monotonic() - start


def expect(condition, text):
    print(f"  {'yes' if condition else 'NO'}: {text}", flush=True)
    if not condition:
        raise Failure(text)


class Cluster:
    """A coordinator and workers in containers, with what they share in a folder."""

    def __init__(self, options, folder):
        self.options, self.folder, self.names = options, folder, []
        for name in ("store", "keys"):
            (folder / name).mkdir(mode=0o700)
            os.chown(folder / name, USER, USER)
        self.store = folder / "store" / "molt.sqlite"
        podman("network", "create", NAME)

    def coordinate(self):
        self.names.append(f"{NAME}-coordinator")
        podman("run", "--detach", "--name", self.names[-1], "--network-alias", "coordinator", *HARDENED, "--memory", "2g",
               "--volume", f"{self.folder}/store:/var/lib/molt", "--volume", f"{self.folder}/keys:/keys",
               "--volume", f"{self.folder}:{self.folder}:ro", "--volume", f"{REPOSITORY}/jobs:{REPOSITORY}/jobs:ro",
               "--entrypoint", "sh", self.options.coordinator, "-c", "worker-keys 8 /keys && exec coord serve")

    def work(self, name, *more):
        self.names.append(f"{NAME}-{name}")
        podman("run", "--detach", "--name", self.names[-1], *HARDENED, *more,
               "--volume", f"{self.folder}/keys:/keys:ro", "--volume", f"{NAME}-spool:/var/spool/molt",
               "--volume", f"{self.folder}/models:/models:ro", "--env", "MOLT_MODELS=/models/quick:/models/long",
               self.options.worker)
        return self.names[-1]

    def coord(self, *words):
        return podman("exec", f"{NAME}-coordinator", "coord", *words, check=False)

    def submit(self, job):
        wait(120, "a coordinator that answers", lambda: self.coord("status").returncode == 0)
        done = self.coord("submit", job, "--fresh")
        if done.returncode:
            raise Failure(done.stderr)
        return done.stdout.strip()

    def rows(self):
        return sum(digest is not None for digest in rows_of(self.store)[-1].values())

    def has_ended(self, run):
        return f"{run}: running" not in self.coord("status", run).stdout

    def health(self, name):
        return podman("healthcheck", "run", name, check=False).returncode == 0

    def compare(self, expected):
        _, named, counts, sound = figures(self.store)
        rows = rows_of(self.store)[-1]
        expect(rows == expected and not named, f"{len(rows)} rows, every bit as in the undisturbed run")
        expect(sound == "ok" and not any(counts.values()), f"integrity_check {sound}, {counts}")

    def stop(self, name):
        start = time.monotonic()
        podman("stop", "--time", 60, name)
        status = podman("inspect", "--format", "{{.State.ExitCode}}", name).stdout.strip()
        expect(status == "0", f"{name} left with {status}, {time.monotonic() - start:.1f} s after SIGTERM")

    def close(self):
        for name in self.names:
            podman("unpause", name, check=False)
        podman("rm", "--force", "--time", 0, *self.names, check=False)
        podman("volume", "rm", "--force", f"{NAME}-spool", check=False)
        podman("network", "rm", "--force", NAME, check=False)


def images(options):
    print("the images")
    for image in (options.coordinator, options.worker):
        size = int(podman("image", "inspect", "--format", "{{.Size}}", image).stdout)
        user = podman("image", "inspect", "--format", "{{.Config.User}}", image).stdout.strip()
        bill = json.loads(podman("run", "--rm", "--entrypoint", "cat", image, "/usr/share/molt/sbom.cdx.json").stdout)
        expect(user == "10001:10001", f"{image}: {size / 1e6:.0f} MB, user {user}, {len(bill['components'])} components")


def quick(cluster, expected):
    print("the quick job on three workers")
    start = time.monotonic()
    cluster.coordinate()
    run = cluster.submit(REPOSITORY / "jobs" / "quick.yaml")
    print(f"  {time.monotonic() - start:.1f} s from starting the coordinator to its having a run")
    start = time.monotonic()
    workers = [cluster.work(f"worker-{number}") for number in (1, 2, 3)]
    wait(120, "a lease", lambda: " 0 of " not in cluster.coord("status", run).stdout or cluster.rows())
    print(f"  {time.monotonic() - start:.1f} s from starting three workers to the first lease")
    wait(300, "the end", lambda: cluster.has_ended(run))
    print(f"  {time.monotonic() - start:.1f} s to the end of the run")
    cluster.compare(expected)
    for name in [f"{NAME}-coordinator", *workers]:
        expect(cluster.health(name), f"{name} is healthy")
    written = podman("exec", workers[0], "touch", "/usr/local/bin/x", check=False)
    expect(written.returncode != 0, "a worker's root file system is read-only")
    podman("kill", "--signal", "STOP", workers[0])
    time.sleep(17)
    expect(not cluster.health(workers[0]), "a worker that hangs is unhealthy")
    podman("kill", "--signal", "CONT", workers[0])
    for name in workers:
        cluster.stop(name)
        podman("rm", name)


def disturbed(cluster, job, expected):
    print("a longer job on four workers, disturbed")
    run = cluster.submit(job)
    slow = ["--env", "MOLT_BACKEND=reference"]
    killed, paused, severed = (cluster.work(name, *slow) for name in ("killed", "paused", "severed"))
    starved = cluster.work("starved", *slow, "--memory", cluster.options.starved, "--memory-swap",
                           cluster.options.starved)
    wait(300, "rows", lambda: cluster.rows() > 50)
    podman("kill", "--signal", "KILL", killed)
    podman("pause", paused)
    podman("network", "disconnect", "--force", NAME, severed)
    print(f"  one killed, one paused, one cut off, with {cluster.rows()} of {len(expected)} rows", flush=True)
    # 137: by SIGKILL, which nobody else sends it. podman's OOMKilled stays false under the first kind of control groups.
    wait(120, "the kernel's killing of the starved worker", lambda: podman(
        "inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", starved).stdout.strip() == "exited 137")
    print("  one killed by the kernel for its memory", flush=True)
    wait(60, "the coordinator's giving up on all four", lambda: cluster.coord("workers").stdout.strip() == "no workers")
    podman("start", killed)
    podman("unpause", paused)
    podman("network", "connect", NAME, severed)
    print(f"  healed, with {cluster.rows()} rows", flush=True)
    wait(120, "three workers", lambda: len(cluster.coord("workers").stdout.strip().splitlines()) == 4)
    # The first worker leaves under load, and another comes in its place.
    cluster.stop(killed)
    podman("start", killed)
    wait(900, "the end", lambda: cluster.has_ended(run))
    cluster.compare(expected)
    for name in (killed, paused, severed):
        cluster.stop(name)
    cluster.stop(f"{NAME}-coordinator")


def compose(options, expected):
    print("compose.yaml")
    command = ["podman-compose", "--project-name", NAME, "--file", str(REPOSITORY / "docker" / "compose.yaml")]
    with socket.create_server(("127.0.0.1", 0)) as free, socket.create_server(("127.0.0.1", 0)) as other:
        environment = {**os.environ, "MOLT_PUBLISH": f"127.0.0.1:{free.getsockname()[1]}",
                       "MOLT_PUBLISH_HTTP": f"127.0.0.1:{other.getsockname()[1]}"}

    def ask(*words):
        return subprocess.run([*command, *words], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True)

    start = time.monotonic()
    try:
        # What watches the containers keeps the outputs open.
        # Where a container cannot be made, podman-compose waits for ever for what depends on it.
        subprocess.run([*command, "up", "--detach", "--no-build", "--scale", "worker=2"], env=environment, timeout=120,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait(120, "a coordinator", lambda: ask("exec", "-T", "coordinator", "coord", "status").returncode == 0)
        submitted = ask("exec", "-T", "coordinator", "coord", "submit", "/jobs/quick.yaml")
        if submitted.returncode:
            raise Failure(submitted.stderr)
        run = submitted.stdout.strip()
        wait(300, "the end", lambda: f"{run}: running" not in ask(
            "exec", "-T", "coordinator", "coord", "status", run).stdout)
        status = ask("exec", "-T", "coordinator", "coord", "status", run).stdout
        rows = f"{len(expected)} of {len(expected)}"
        expect(f"{run}: complete" in status and rows in status, f"up to complete in {time.monotonic() - start:.1f} s")
        workers = ask("exec", "-T", "coordinator", "coord", "workers", "--json").stdout
        expect(len(json.loads(workers)) == 2, "two workers, each under a key of its own")
    finally:
        ask("down", "--volumes")
        # What podman-compose 1.6 leaves with podman 4.3.
        podman("pod", "rm", "--force", f"pod_{NAME}", check=False)
        podman("network", "rm", "--force", f"{NAME}_default", check=False)
        podman("volume", "rm", "--force", *(f"{NAME}_{name}" for name in ("store", "keys", "spool", "monitoring")), check=False)


def perform(options, folder):
    print("undisturbed runs, for comparison", flush=True)
    inputs = Inputs(argparse.Namespace(bin=options.bin, vocabulary=2048, documents=options.documents, data=None), folder)
    expected = {}
    for name, job, backend in (("quick", REPOSITORY / "jobs" / "quick.yaml", "cpu"), ("long", inputs.job, "reference")):
        store = folder / f"{name}.sqlite"
        tool(options, "run", job, "--store", store, "--backend", backend, stderr=subprocess.DEVNULL)
        expected[name] = rows_of(store)[0]
    # Both jobs call theirs tiny; workers tell them apart by content.
    shutil.copytree(REPOSITORY / "jobs" / "models" / "tiny", folder / "models" / "quick" / "tiny")
    shutil.copytree(folder / "model", folder / "models" / "long" / "tiny")
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    folder.chmod(0o755)
    images(options)
    cluster = Cluster(options, folder)
    try:
        quick(cluster, expected["quick"])
        disturbed(cluster, inputs.job, expected["long"])
    except Failure:
        for name in cluster.names:
            lines = podman("logs", name, check=False).stderr.splitlines()
            print(f"-- {name}", *lines[-20:], sep="\n", file=sys.stderr)
        raise
    finally:
        cluster.close()
    if shutil.which("podman-compose"):
        compose(options, expected["quick"])
    else:
        print("compose.yaml was left out: there is no podman-compose")


def main():
    parser = argparse.ArgumentParser(prog="make containers", description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=Path, required=True, help="coord and worker outside of containers, to compare with")
    parser.add_argument("--coordinator", default="localhost/molt-coordinator", help="the coordinator's image")
    parser.add_argument("--worker", default="localhost/molt-worker", help="the worker's image")
    parser.add_argument("--documents", type=int, default=1200, help="of the longer job, per reduction")
    parser.add_argument("--starved", default="16m", help="memory of the worker that is to have too little")
    options = parser.parse_args()
    options.bin = options.bin.resolve()
    if not shutil.which("podman"):
        sys.exit("make containers needs podman")
    folder = Path(tempfile.mkdtemp(prefix="molt-containers-"))
    try:
        perform(options, folder)
        print("all is as it should be")
    except (Failure, subprocess.SubprocessError) as failure:
        sys.exit(f"FAILED: {failure}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
