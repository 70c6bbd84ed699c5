"""make chaos: breaks a real cluster on purpose for some minutes, then counts what is left.

A coordinator and workers as processes, each in a network namespace of its own where that is allowed. The acts are
drawn by a seed: kill -9 of workers, of the coordinator and of both, SIGSTOP, SIGTERM, partitions, no workers at all,
a full disk, a second coordinator on the store. Then everything is healed, the runs end, and the oracle speaks:
stored rows = manifest - failures that are named, every bit as in an undisturbed run, no disagreement, a sound file.

Nothing but its own processes, namespaces and mounts is touched; all of them die with it.
"""

import argparse
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from network import Loopback, Namespaces, die_with_parent

HERE = Path(__file__).resolve().parent
DEMONSTRATION = HERE.parents[1] / "jobs" / "demo"
BENCHMARKS = ["arc_easy", "hellaswag", "piqa", "winogrande", "arc_challenge", "lambada_openai"]


class Failure(Exception):
    pass


class Inputs:
    """A small model and the demonstration's rows, over and over, as one job."""

    def __init__(self, options, folder):
        self.job = folder / "job.yaml"
        tool(options, "make-model", "--shape", "tiny", "--seed", 1, "--vocabulary", options.vocabulary, "--output",
             folder / "model")
        copies = -(-options.documents // (20 * len(BENCHMARKS)))
        lines = ["name: chaos", "models: [{ id: tiny, path: model }]", f"tokenizer: {DEMONSTRATION}/tokenizer.json",
                 "reductions: [none, {method: utrc, keep_ratio: 0.7, layers: [1, 2]}]", "benchmarks:"]
        for name in BENCHMARKS:
            rows = options.data / f"{name}.jsonl" if options.data else DEMONSTRATION / f"{name}.jsonl"
            labels = rows.with_name("piqa-labels.lst")
            copy(rows, folder / rows.name, 1 if options.data else copies)
            entry = f"name: {name}, data: {rows.name}"
            if name == "piqa" and labels.exists():
                copy(labels, folder / labels.name, 1 if options.data else copies)
                entry += f", labels: {labels.name}"
            lines.append(f"  - {{ {entry}, limit: {options.documents} }}" if options.data else f"  - {{ {entry} }}")
        self.job.write_text("\n".join(lines) + "\n")


def copy(source, target, times):
    text = source.read_text()
    target.write_text((text if text.endswith("\n") else text + "\n") * times)


def tool(options, *arguments, **settings):
    return subprocess.run([options.bin / "coord", *map(str, arguments)], check=True, stdout=subprocess.PIPE, text=True,
                          preexec_fn=die_with_parent, **settings).stdout


class Stage:
    """The cluster: what should run, and what does."""

    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.network = Namespaces(options.workers) if options.network else Loopback()
        self.disk = folder / "disk"
        self.disk.mkdir()
        self.has_disk = options.disk and subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={options.disk_mib}m", "tmpfs", self.disk],
            stderr=subprocess.DEVNULL).returncode == 0
        self.store, self.keys = self.disk / "chaos.sqlite", folder / "keys"
        tool(options, "keygen", "--keys", self.keys)
        self.names = [f"worker-{number}" for number in range(options.workers)]
        for name in self.names:
            tool(options, "keygen", name, "--keys", self.keys, stderr=subprocess.DEVNULL)
        self.processes, self.stopped, self.down = {}, set(), set()
        self.kills, self.surprises, self.refused_coordinators = 0, [], 0
        self.full = False

    def start(self, name):
        options, endpoint = self.options, self.network.endpoint
        if name == "coordinator":
            words = [options.bin / "coord", "serve", "--listen", endpoint, "--store", self.store, "--keys", self.keys]
        else:
            words = [options.bin / "worker", "--coordinator", endpoint, "--key", self.keys / name, "--coordinator-key",
                     self.keys / "coordinator.pub", "--backend", options.backend, "--log-level", "notice"]
        environment = {**os.environ, "XDG_STATE_HOME": str(self.folder / "state" / name),
                       "XDG_CACHE_HOME": str(self.folder / "cache" / name)}
        with open(self.folder / f"{name}.log", "ab") as log:
            self.processes[name] = subprocess.Popen(
                self.network.enter(name) + [str(word) for word in words], stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, env=environment, preexec_fn=die_with_parent)

    def keep(self):
        """Starts what should run and does not; notes who left without having been told to."""
        for name in ["coordinator", *self.names]:
            process = self.processes.get(name)
            if name in self.down or (process and process.poll() is None):
                continue
            if process and not (name == "coordinator" and self.full):
                self.surprises.append(f"{name} ended by itself with {process.returncode}")
            if not (name == "coordinator" and self.full):
                self.start(name)

    def signal(self, name, number):
        process = self.processes.get(name)
        if process is None or process.poll() is not None:
            return False
        process.send_signal(number)
        return True

    def kill(self, *names):
        for name in names:
            self.kills += self.signal(name, signal.SIGKILL)
        for name in names:
            if name in self.processes:
                self.processes.pop(name).wait()
            self.stopped.discard(name)

    def terminate(self, name, seconds=90):
        """SIGTERM and what comes of it: 0, or 4 where rows stay in the spool."""
        return self.leave(name, seconds) if self.signal(name, signal.SIGTERM) else None

    def leave(self, name, seconds=90):
        """Waits for a process that was asked to go; a second SIGTERM would hurry it."""
        try:
            status = self.processes[name].wait(seconds)
        except subprocess.TimeoutExpired:
            self.surprises.append(f"{name} did not leave within {seconds} s of SIGTERM")
            self.kill(name)
            return None
        del self.processes[name]
        if status not in (0, 4):
            self.surprises.append(f"{name} left with {status} after SIGTERM")
        return status

    def client(self, *words, timeout=120):
        command = [self.options.bin / "coord", *words, "--coordinator", self.network.endpoint, "--key",
                   self.keys / "client", "--coordinator-key", self.keys / "coordinator.pub"]
        return subprocess.run(self.network.enter("coordinator") + [str(word) for word in command], timeout=timeout,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=die_with_parent)

    def submit(self, job):
        for _ in range(30):
            self.keep()
            answer = self.client("submit", job, "--fresh")
            if answer.returncode == 0:
                return answer.stdout.strip()
            time.sleep(1)
        raise Failure(f"a job cannot be submitted: {answer.stderr.strip()}")

    def states(self):
        try:
            with sqlite3.connect(f"file:{self.store}?mode=ro", uri=True, timeout=10) as database:
                return dict(database.execute("SELECT run, state FROM runs"))
        except sqlite3.Error:
            return {}

    def coordinator_size(self):
        process = self.processes.get("coordinator")
        try:
            pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
            return f"{pages * 4 >> 10} MiB, {len(os.listdir(f'/proc/{process.pid}/fd'))} files"
        except (OSError, AttributeError):
            return "-"

    def heal(self):
        self.network.heal()
        for name in list(self.stopped):
            self.signal(name, signal.SIGCONT)
        self.stopped.clear()
        self.down.clear()
        self.free_disk()
        self.keep()

    def fill_disk(self):
        self.full = True
        with open(self.disk / "filler", "wb", buffering=0) as filler:
            try:
                while True:
                    filler.write(bytes(1 << 16))
            except OSError:
                pass

    def free_disk(self):
        (self.disk / "filler").unlink(missing_ok=True)
        self.full = False

    def close(self):
        for process in self.processes.values():
            if process.poll() is None:
                process.kill()
                process.wait()
        self.network.close()
        if self.has_disk:
            subprocess.run(["umount", "-l", self.disk], stderr=subprocess.DEVNULL)


class Acts:
    """What can be done to a stage. Each act leaves the stage healed, but for what is restarted by itself."""

    def __init__(self, stage, chance):
        self.stage, self.chance = stage, chance
        self.counts = {}
        self.choices = [(self.kill_worker, 10), (self.kill_coordinator, 7), (self.kill_both, 4), (self.kill_all, 2),
                        (self.stop_worker, 3), (self.stop_coordinator, 2), (self.terminate_worker, 3),
                        (self.restart_coordinator, 1), (self.no_workers, 1), (self.second_coordinator, 1)]
        if stage.network.can_partition:
            self.choices += [(self.partition, 4), (self.flap, 1), (self.terminate_in_partition, 1)]
        if stage.has_disk:
            self.choices += [(self.full_disk, 1)]

    def next(self):
        acts, weights = zip(*self.choices)
        # Every act once, rare ones first; then by chance.
        fresh = [act for act in acts if act.__name__ not in self.counts]
        act = fresh[-1] if fresh else self.chance.choices(acts, weights)[0]
        self.counts[act.__name__] = self.counts.get(act.__name__, 0) + 1
        return act

    def worker(self):
        return self.chance.choice(self.stage.names)

    def pause(self, low, high):
        time.sleep(self.chance.uniform(low, high))

    def kill_worker(self):
        name = self.worker()
        self.stage.kill(name)
        return name

    def kill_coordinator(self):
        self.stage.kill("coordinator")

    def kill_both(self):
        name = self.worker()
        self.stage.kill("coordinator", name)
        return name

    def kill_all(self):
        self.stage.kill("coordinator", *self.stage.names)

    def stop_worker(self):
        name, seconds = self.worker(), self.chance.choice(self.stage.options.stops)
        self.stage.signal(name, signal.SIGSTOP)
        self.stage.stopped.add(name)
        time.sleep(seconds)
        return f"{name} for {seconds} s"

    def stop_coordinator(self):
        seconds = self.chance.choice([5, 20])
        self.stage.signal("coordinator", signal.SIGSTOP)
        self.stage.stopped.add("coordinator")
        time.sleep(seconds)
        return f"for {seconds} s"

    def terminate_worker(self):
        name = self.worker()
        return f"{name}, which left with {self.stage.terminate(name)}"

    def restart_coordinator(self):
        return f"it left with {self.stage.terminate('coordinator')}"

    def no_workers(self):
        self.stage.down.update(self.stage.names)
        self.stage.kill(*self.stage.names)
        self.pause(2, 8)
        for name in self.stage.names:
            self.stage.down.discard(name)
            self.stage.keep()
            self.pause(0.2, 1)

    def second_coordinator(self):
        stage = self.stage
        words = [stage.options.bin / "coord", "serve", "--listen", "tcp://127.0.0.1:*", "--store", stage.store, "--keys",
                 stage.keys]
        try:
            second = subprocess.run(stage.network.enter("coordinator") + [str(word) for word in words], timeout=20,
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=die_with_parent)
        except subprocess.TimeoutExpired:
            stage.surprises.append("a second coordinator served the same store")
            return "it SERVED"
        stage.refused_coordinators += second.returncode != 0
        return f"it was refused with {second.returncode}"

    def partition(self):
        name, seconds = self.worker(), self.chance.choice([5, 10, 25])
        way = self.chance.choice(["both", "in", "out"])
        self.stage.network.cut(name, way)
        time.sleep(seconds)
        return f"{name}, {way}, for {seconds} s"

    def flap(self):
        name = self.worker()
        for _ in range(6):
            self.stage.network.cut(name, "both")
            time.sleep(1)
            self.stage.network.heal()
            time.sleep(1)
        return name

    def terminate_in_partition(self):
        name = self.worker()
        self.stage.network.cut(name, "both")
        if not self.stage.signal(name, signal.SIGTERM):
            return f"{name}, which was not there"
        self.pause(5, 10)
        self.stage.network.heal()
        return f"{name}, which left with {self.stage.leave(name)}"

    def full_disk(self):
        stage = self.stage
        stage.fill_disk()
        self.pause(4, 8)
        process = stage.processes.get("coordinator")
        status = process.poll() if process else None
        if status is not None:
            stage.processes.pop("coordinator")
        stage.free_disk()
        return "the coordinator went on" if status is None else f"the coordinator left with {status}"


def perform(options, folder):
    chance = random.Random(options.seed)
    inputs = Inputs(options, folder)
    print("an undisturbed run, for comparison", flush=True)
    begin = time.monotonic()
    undisturbed = folder / "undisturbed.sqlite"
    expected_report = tool(options, "run", inputs.job, "--store", undisturbed, "--backend", options.backend, "--workers",
                           2, stderr=subprocess.DEVNULL, cwd=folder)
    expected = rows_of(undisturbed)[0]
    print(f"  {len(expected)} rows in {time.monotonic() - begin:.0f} s", flush=True)
    stage = Stage(options, folder)
    try:
        print(f"network: {stage.network.description}; disk: "
              f"{f'tmpfs of {options.disk_mib} MiB' if stage.has_disk else 'no tmpfs allowed, acts on it are skipped'}")
        stage.keep()
        stage.submit(inputs.job)
        acts, start = Acts(stage, chance), time.monotonic()
        while stage.kills < options.kills or time.monotonic() - start < 60 * options.minutes:
            if time.monotonic() - start > 60 * options.limit:
                print(f"the limit of {options.limit} minutes ends the acts after {stage.kills} kills")
                break
            act = acts.next()
            before = time.monotonic()
            detail = act()
            print(f"{before - start:7.1f} s  {act.__name__.replace('_', ' ')}"
                  f"{f': {detail}' if detail else ''}  ({stage.kills} kills)", flush=True)
            stage.heal()
            acts.pause(0.2, 3)
            states = stage.states()
            if states and "running" not in states.values():
                print(f"{time.monotonic() - start:7.1f} s  a run has ended; the next: {stage.submit(inputs.job)}")
        print(f"{time.monotonic() - start:7.1f} s  healed; the coordinator has {stage.coordinator_size()}", flush=True)
        end(stage, options, start)
        verdict(stage, acts, expected, expected_report, options)
    except Failure:
        for file in stage.disk.glob("chaos.sqlite*"):
            shutil.copy(file, folder)
        raise
    finally:
        stage.close()


def end(stage, options, start):
    stage.heal()
    deadline = time.monotonic() + 60 * options.patience
    while "running" in (states := stage.states()).values() or not states:
        if time.monotonic() > deadline:
            raise Failure(f"healed for {options.patience} minutes, but the runs do not end: {states}")
        stage.keep()
        time.sleep(1)
    print(f"{time.monotonic() - start:7.1f} s  all runs have ended: {', '.join(states.values())}", flush=True)
    for name in stage.names:
        stage.terminate(name)
    if stage.terminate("coordinator") != 0:
        raise Failure("the coordinator did not end in order")


ROWS = """
    SELECT runs.run, models.model, cells.reduction, benchmarks.benchmark, expected.example, scores.digest
    FROM runs JOIN cells ON cells.run = runs.id JOIN models ON models.id = cells.model
    JOIN benchmarks ON benchmarks.id = cells.benchmark JOIN expected ON expected.cell = cells.id
    LEFT JOIN scores ON scores.cell = expected.cell AND scores.example = expected.example
    ORDER BY runs.id
"""


def rows_of(store):
    """Of each run: what the manifest expects, with the digest of the stored row or None."""
    runs = {}
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as database:
        for run, *place, digest in database.execute(ROWS):
            runs.setdefault(run, {})[tuple(place)] = digest
    return list(runs.values())


NAMED = """
    SELECT runs.run, models.model, cells.reduction, benchmarks.benchmark, given_up.example, given_up.detail
    FROM given_up JOIN cells ON cells.id = given_up.cell JOIN runs ON runs.id = cells.run
    JOIN models ON models.id = cells.model JOIN benchmarks ON benchmarks.id = cells.benchmark
"""


def figures(store):
    """Each run's named failures, and how many rows disagree or were put aside, and whether the file is sound."""
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as database:
        named = {}
        for run, *place, detail in database.execute(NAMED):
            named.setdefault(run, {})[tuple(place)] = detail
        names = [run for (run,) in database.execute("SELECT run FROM runs ORDER BY id")]
        counts = {table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
                  for table in ("disagreements", "withdrawn", "revocations")}
        return names, named, counts, database.execute("PRAGMA integrity_check").fetchone()[0]


def verdict(stage, acts, expected, expected_report, options):
    problems = list(stage.surprises)
    names, named, counts, sound = figures(stage.store)
    for name, rows in zip(names, rows_of(stage.store)):
        failures = named.get(name, {})
        missing = {place for place, digest in rows.items() if digest is None}
        other = [place for place, digest in rows.items() if digest is not None and digest != expected.get(place)]
        if set(rows) != set(expected):
            problems.append(f"{name}: another manifest than the undisturbed run's")
        for place in sorted(missing - set(failures)):
            problems.append(f"{name}: the row of {place} is missing, and nobody says so")
        if other:
            problems.append(f"{name}: {len(other)} rows differ from the undisturbed run's, such as {other[0]}")
        print(f"{name}: {len(rows) - len(missing)} of {len(rows)} rows, {len(other)} differ, "
              f"{len(failures)} failures are named")
        for place, detail in sorted(failures.items()):
            print(f"  {place}: {detail}")
        # Apart from the run's name, which stands in the first line.
        report = tool(options, "report", name, "--store", stage.store)
        if not missing and report.split("\n")[1:] != expected_report.split("\n")[1:]:
            problems.append(f"{name}: its report differs from the undisturbed run's")
    print(", ".join(f"{table} {count}" for table, count in counts.items()) + f", integrity_check {sound}")
    # Nobody lied here.
    problems += [f"{table}: {count}" for table, count in counts.items() if count]
    if sound != "ok":
        problems.append(f"the store is damaged: {sound}")
    print(f"{stage.kills} kills, seed {options.seed}: " + ", ".join(
        f"{name.replace('_', ' ')} {count}" for name, count in sorted(acts.counts.items())))
    if problems:
        raise Failure("\n  ".join(["the oracle objects:", *problems]))
    print("the oracle is content: every row once, every bit as in the undisturbed run")


def arguments():
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=Path, required=True, help="the folder of coord and worker")
    parser.add_argument("--kills", type=int, default=50, help="acts go on until so many processes were killed ...")
    parser.add_argument("--minutes", type=float, default=3, help="... and so much time has passed")
    parser.add_argument("--limit", type=float, default=30, help="minutes after which acts end in any case")
    parser.add_argument("--patience", type=float, default=10, help="minutes that the runs may take after the healing")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--documents", type=int, default=3000, help="of all benchmarks together; with --data of each")
    parser.add_argument("--data", type=Path, help="a folder of NAME.jsonl instead of the demonstration's rows")
    parser.add_argument("--vocabulary", type=int, default=2048, help="of the model; more make it slower")
    parser.add_argument("--backend", default="reference", help="the slow one leaves time to break something")
    parser.add_argument("--stops", type=lambda text: [int(word) for word in text.split(",")], default=[5, 20, 120],
                        help="seconds of SIGSTOP to choose from")
    parser.add_argument("--disk-mib", type=int, default=256)
    parser.add_argument("--no-disk", dest="disk", action="store_false")
    parser.add_argument("--no-network", dest="network", action="store_false")
    parser.add_argument("--folder", type=Path, help="where everything lies; kept after a failure")
    return parser.parse_args()


def main():
    options = arguments()
    options.bin = options.bin.resolve()
    if options.data:
        options.data = options.data.resolve()
    if os.geteuid() == 0 and "CHAOS_MOUNTS" not in os.environ:
        # In a mount namespace of its own, so that no mount outlives it.
        os.environ["CHAOS_MOUNTS"] = "1"
        os.execvp("unshare", ["unshare", "-m", "--propagation", "private", sys.executable, *sys.argv])
    if os.geteuid() != 0 or not shutil.which("nft") or not shutil.which("ip"):
        options.network = False
    options.disk = options.disk and os.geteuid() == 0
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(143))
    folder = Path(tempfile.mkdtemp(prefix="molt-chaos-", dir=options.folder))
    try:
        perform(options, folder)
    except (Failure, subprocess.SubprocessError) as failure:
        print(f"FAILED: {failure}\nlogs and stores are kept in {folder}", file=sys.stderr)
        sys.exit(1)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
