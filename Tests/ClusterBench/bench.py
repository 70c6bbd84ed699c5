"""make bench-cluster: what a coordinator bears, with workers that speak the protocol and compute nothing.

Every figure is of a real `coord serve` (CURVE, SQLite with synchronous=FULL) and workers in other processes
(cluster-bench). After each run the store is checked: every row there, the run complete, the file sound.
Peers run side by side, interleaved, when `make bench-peers` has installed them.
"""

import argparse
import json
import os
import re
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TICK = os.sysconf("SC_CLK_TCK")
# Rows in a message.
BATCH = 64


def processor_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def resident_mib(pid):
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 2**20


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Cluster:
    """A coordinator on a store, and the processes that play its workers."""

    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.keys = folder / "keys"
        self.run_tool("coord", "keygen", "--keys", self.keys)
        self.run_tool("cluster-bench", "keys", "--folder", self.keys, "--count", max(options.workers + options.connect))
        text = (self.keys / "coordinator.pub").read_text()
        self.server_key = re.search(r"public (\S+)", text).group(1)

    def run_tool(self, name, *arguments):
        subprocess.run([self.options.bin / name, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)

    def start(self, store):
        self.store, self.endpoint = store, f"tcp://127.0.0.1:{free_port()}"
        arguments = ["serve", "--listen", self.endpoint, "--store", store, "--keys", self.keys, "--log-level", "error",
                     "--http", "off"]
        self.coordinator = subprocess.Popen([self.options.bin / "coord", *map(str, arguments)])
        port = int(self.endpoint.rsplit(":", 1)[1])
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                if self.coordinator.poll() is not None:
                    raise SystemExit("the coordinator ended at its start")
                time.sleep(0.05)

    def drive(self, count, share=2500, **settings):
        """Drivers with so many workers in all, connected."""
        defaults = dict(slots=2, choices=4)
        drivers = []
        for first in range(0, count, share):
            arguments = ["drive", "--endpoint", self.endpoint, "--server-key", self.server_key, "--keys",
                         self.keys / "bench-keys", "--first", first, "--count", min(share, count - first),
                         "--batch", BATCH]
            for name, value in {**defaults, **settings}.items():
                arguments += [f"--{name}", value]
            drivers.append(subprocess.Popen([self.options.bin / "cluster-bench", *map(str, arguments)], text=True,
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        for driver in drivers:
            answer(driver)
        return drivers

    def stop(self):
        self.coordinator.send_signal(signal.SIGTERM)
        if self.coordinator.wait(60) != 0:
            raise SystemExit("the coordinator did not end in order")


def answer(driver):
    line = driver.stdout.readline()
    if not line:
        raise SystemExit(f"a driver ended with {driver.wait()}")
    return json.loads(line)


def go(drivers):
    for driver in drivers:
        driver.stdin.write("\n")
        driver.stdin.flush()


def end(drivers):
    go(drivers)
    results = [answer(driver) for driver in drivers]
    for driver in drivers:
        driver.stdin.close()
        driver.wait()
    return results


def slots(workers, batches):
    """Enough jobs under way to fill a commit, as a worker's 2 do from 256 workers on; and few enough for what one turn
    may owe a worker, an Ack for each batch and the next Job, to fit into half of its queue of 512 messages."""
    return max(2, min(64, 512 // workers, 192 // (batches + 1)))


def measure_run(cluster, workers, jobs, examples, choices):
    """Jobs of some examples each, to their end: rate and the coordinator's processor time."""
    store = cluster.folder / f"{workers}-{jobs}-{examples}.sqlite"
    cluster.run_tool("cluster-bench", "prepare", "--store", store, "--jobs", jobs, "--examples", examples,
                     "--choices", choices)
    cluster.start(store)
    drivers = cluster.drive(workers, slots=slots(workers, -(-examples // BATCH)), choices=choices)
    used, driver_used = processor_seconds(cluster.coordinator.pid), sum(processor_seconds(it.pid) for it in drivers)
    begin = time.monotonic()
    go(drivers)
    wait_for_end(store)
    seconds = time.monotonic() - begin
    used = processor_seconds(cluster.coordinator.pid) - used
    driver_used = sum(processor_seconds(it.pid) for it in drivers) - driver_used
    memory = resident_mib(cluster.coordinator.pid)
    results = end(drivers)
    cluster.stop()
    check(store, jobs * examples)
    rows = jobs * examples
    return {"workers": workers, "jobs": jobs, "rows": rows, "seconds": seconds,
            "jobs_per_second": jobs / seconds, "rows_per_second": rows / seconds,
            "coordinator_cpu_ms_per_job": 1000 * used / jobs, "coordinator_cpu_us_per_row": 1e6 * used / rows,
            "driver_cpu_ms_per_job": 1000 * driver_used / jobs, "coordinator_mib": memory,
            "grants": sum(result["grants"] for result in results)}


def wait_for_end(store, seconds=300):
    """Until the store says that the run is complete: what is measured is durable."""
    deadline = time.monotonic() + seconds
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as database:
        while database.execute("SELECT state FROM runs").fetchone()[0] != "complete":
            if time.monotonic() > deadline:
                raise SystemExit(f"the run does not end within {seconds} s")
            time.sleep(0.02)


def check(store, rows):
    """The oracle: every row of the manifest is stored once, and the file is sound."""
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as database:
        stored = database.execute("SELECT count(*) FROM scores").fetchone()[0]
        disagreements = database.execute("SELECT count(*) FROM disagreements").fetchone()[0]
        sound = database.execute("PRAGMA integrity_check").fetchone()[0]
    if (stored, disagreements, sound) != (rows, 0, "ok"):
        raise SystemExit(f"{store}: {stored} of {rows} rows, {disagreements} disagreements, integrity {sound}")
    for name in (store, f"{store}-wal", f"{store}-shm", f"{store}.lock"):
        Path(name).unlink(missing_ok=True)


def measure_heartbeats(cluster, workers, seconds):
    """Connected workers that have nothing to do."""
    store = cluster.folder / f"idle-{workers}.sqlite"
    cluster.start(store)
    begin = time.monotonic()
    drivers = cluster.drive(workers)
    connected = time.monotonic() - begin
    before, start = processor_seconds(cluster.coordinator.pid), time.monotonic()
    go(drivers)
    time.sleep(seconds)
    elapsed = time.monotonic() - start
    used = processor_seconds(cluster.coordinator.pid) - before
    memory = resident_mib(cluster.coordinator.pid)
    results = end(drivers)
    cluster.stop()
    beats = sum(result["heartbeats"] for result in results)
    return {"workers": workers, "connect_seconds": connected, "coordinator_cpu_percent": 100 * used / elapsed,
            "coordinator_mib": memory, "heartbeats": beats, "heartbeats_per_second": beats / elapsed,
            "latency_ms_median": max(result["median"] for result in results),
            "latency_ms_p99": max(result["p99"] for result in results),
            "latency_ms_max": max(result["worst"] for result in results)}


def measure_peer(options, name, tasks):
    """Another system's no-op tasks, in its own interpreter; None where it is not installed."""
    python = options.peers / "bin" / "python"
    if not python.exists():
        return None
    output = subprocess.run([python, HERE / "peers.py", name, str(tasks)], stdout=subprocess.PIPE, text=True,
                            stderr=subprocess.PIPE)
    if output.returncode != 0:
        return {"error": output.stderr.strip().splitlines()[-1] if output.stderr.strip() else "it failed"}
    return json.loads(output.stdout.strip().splitlines()[-1])


def table(title, columns, rows):
    """Prints each row when it is measured; returns all of them."""
    print(f"\n{title}\n" + "  ".join(head.rjust(9) for head, _, _ in columns), flush=True)
    shown = []
    for row in rows:
        print("  ".join(form.format(row[key]).rjust(max(9, len(head))) for head, key, form in columns), flush=True)
        shown.append(row)
    return shown


def numbers(text):
    return [int(word) for word in text.split(",") if word]


def arguments():
    parser = argparse.ArgumentParser(prog="make bench-cluster", description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=Path, required=True, help="the folder of coord and cluster-bench")
    parser.add_argument("--json", action="store_true", help="print one JSON object at the end instead of tables")
    parser.add_argument("--parts", default="jobs,rows,heartbeats,peers")
    parser.add_argument("--workers", type=numbers, default=[1, 10, 100, 1000, 10000], help="for jobs and rows")
    parser.add_argument("--connect", type=numbers, default=[10, 100, 1000, 10000], help="for heartbeats")
    parser.add_argument("--jobs", type=int, default=20000, help="of one example with eight choices, some 200 bytes")
    parser.add_argument("--rows", type=int, default=262144, help="of four choices, in jobs of 256 and batches of 64")
    parser.add_argument("--seconds", type=int, default=30, help="of heartbeats")
    parser.add_argument("--tasks", type=int, default=20000, help="for the peers")
    parser.add_argument("--rounds", type=int, default=2, help="of the peers, interleaved")
    parser.add_argument("--peers", type=Path, default=HERE.parents[1] / ".build" / "bench-peers")
    parser.add_argument("--folder", type=Path, help="where the stores lie; must be a real disk")
    return parser.parse_args()


def main():
    options = arguments()
    options.bin = options.bin.resolve()
    wanted = max(options.workers + options.connect)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    need = wanted + 6000
    if hard < need:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (need, need))
        except (OSError, ValueError):
            options.connect = [count for count in options.connect if count + 6000 <= hard]
            print(f"only {hard} open files are allowed: fewer connections", file=sys.stderr)
    else:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    parts, report = options.parts.split(","), {}
    show = (lambda title, columns, rows: list(rows)) if options.json else table
    with tempfile.TemporaryDirectory(prefix="molt-bench-", dir=options.folder) as folder:
        cluster = Cluster(options, Path(folder))
        if "jobs" in parts:
            report["jobs"] = show("durable no-op jobs (one row of eight choices each)", JOB_COLUMNS,
                                  (measure_run(cluster, workers, options.jobs, 1, 8) for workers in options.workers))
        if "rows" in parts:
            report["rows"] = show("score rows end to end (batches of 64 rows of four choices)", ROW_COLUMNS,
                                  (measure_run(cluster, workers, options.rows // 256, 256, 4)
                                   for workers in options.workers))
        if "heartbeats" in parts:
            report["heartbeats"] = show("connected workers that only beat", BEAT_COLUMNS,
                                        (measure_heartbeats(cluster, count, options.seconds)
                                         for count in options.connect))
        if "peers" in parts:
            report["peers"] = show("no-op tasks with a 200-byte result, interleaved", PEER_COLUMNS,
                                   peers(options, cluster))
    if options.json:
        print(json.dumps(report, indent=2))


def peers(options, cluster):
    if not (options.peers / "bin" / "python").exists():
        print("\npeers are skipped: `make bench-peers` installs dask.distributed and Celery", file=sys.stderr)
        return
    for number in range(options.rounds):
        own = measure_run(cluster, 100, options.tasks, 1, 8)
        rate = own["jobs_per_second"]
        yield {"round": number + 1, "system": "molt", "rate": rate, "ratio": 1.0,
               "cpu": own["coordinator_cpu_ms_per_job"]}
        for name in ("dask", "celery"):
            result = measure_peer(options, name, options.tasks)
            if result is None or "error" in result:
                print(f"{name} is skipped: {result}", file=sys.stderr)
                continue
            yield {"round": number + 1, "system": name, "rate": result["tasks_per_second"],
                   "ratio": rate / result["tasks_per_second"], "cpu": result["cpu_ms_per_task"]}


JOB_COLUMNS = [("workers", "workers", "{}"), ("jobs", "jobs", "{}"), ("s", "seconds", "{:.1f}"),
               ("jobs/s", "jobs_per_second", "{:.0f}"), ("coord CPU ms/job", "coordinator_cpu_ms_per_job", "{:.3f}"),
               ("driver CPU ms/job", "driver_cpu_ms_per_job", "{:.3f}"), ("coord MiB", "coordinator_mib", "{:.0f}"),
               ("grants", "grants", "{}")]
ROW_COLUMNS = [("workers", "workers", "{}"), ("rows", "rows", "{}"), ("s", "seconds", "{:.1f}"),
               ("rows/s", "rows_per_second", "{:.0f}"), ("coord CPU µs/row", "coordinator_cpu_us_per_row", "{:.1f}"),
               ("coord MiB", "coordinator_mib", "{:.0f}"), ("grants", "grants", "{}")]
BEAT_COLUMNS = [("workers", "workers", "{}"), ("connected in s", "connect_seconds", "{:.1f}"),
                ("coord CPU %", "coordinator_cpu_percent", "{:.1f}"), ("coord MiB", "coordinator_mib", "{:.0f}"),
                ("beats", "heartbeats", "{}"), ("median ms", "latency_ms_median", "{:.2f}"),
                ("p99 ms", "latency_ms_p99", "{:.2f}"), ("max ms", "latency_ms_max", "{:.1f}")]
PEER_COLUMNS = [("round", "round", "{}"), ("system", "system", "{}"), ("tasks/s", "rate", "{:.0f}"),
                ("molt is × as fast", "ratio", "{:.1f}"), ("scheduler CPU ms/task", "cpu", "{:.2f}")]

if __name__ == "__main__":
    main()
