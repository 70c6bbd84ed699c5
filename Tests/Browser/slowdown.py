"""What a thousand viewers and 200 requests a second cost a run that proceeds: `make slowdown`.

One worker scores one long job on a core of its own. The coordinator, its dashboard and the load share the other core,
the load at the lowest priority, so that what it takes itself is not taken for what the dashboard costs. Windows without
load, with load, and with the other core merely busy with something else take turns within the one run: two cores of a
machine share caches and memory, and a virtual machine's perhaps more, which is not the dashboard's doing. Rows a second
of each are the slope of the coordinator's own count. Where other programs take a part of the worker's core too, its rows
a second of processor time, and how long it waits for work, still tell what the coordinator does to it.
"""

import argparse
import asyncio
import json
import os
import pathlib
import random
import resource
import statistics
import subprocess
import sys
import time

from load import ask, facts, slope, viewer
from stage import REPOSITORY, Stage

JOB = """name: long
models:
  - {{ id: tiny, path: {model} }}
tokenizer: demo/tokenizer.json
benchmarks:
  - {{ name: lambada_openai, data: long.jsonl }}
reductions:
  - none
precision: fp32
"""


BURN = """
while True:
    text = {number: str(number) for number in range(1000)}
"""


def prepare(stage, options):
    """A job of one cell over so many documents of the demonstration, each told apart by a number."""
    rows = [json.loads(line)["text"] for line in open(stage.folder / "demo/lambada_openai.jsonl")]
    with open(stage.folder / "long.jsonl", "w") as file:
        for number in range(options.documents):
            text = rows[number % len(rows)]
            file.write(json.dumps({"text": f"{number} times. {text}"}) + "\n")
    (stage.folder / "long.yaml").write_text(JOB.format(model=options.model or "models/tiny"))


def pin(process, core):
    for thread in os.listdir(f"/proc/{process.pid}/task"):
        os.sched_setaffinity(int(thread), {core})


class Load:
    """Viewers, and requests at a rate, until it is left."""

    def __init__(self, stage, run, options):
        self.host, self.port = stage.http.split(":")
        self.run, self.options = run, options
        self.heard, self.times, self.failed = {"bytes": 0, "ended": 0}, [], 0

    async def __aenter__(self):
        self.stop = asyncio.Event()
        self.viewers = [
            asyncio.create_task(viewer(self.host, self.port, self.heard, self.stop)) for _ in range(self.options.viewers)]
        self.asking = asyncio.create_task(self.ask())
        return self

    async def __aexit__(self, *_):
        self.stop.set()
        await asyncio.gather(self.asking, *self.viewers, return_exceptions=True)

    async def ask(self):
        base = f"/api/v1/runs/{self.run}"
        start, number, asked = time.monotonic(), 0, set()

        async def one():
            path = random.choice(["/api/v1/runs", base, f"{base}/cells/0/examples", "/api/v1/workers", "/api/v1/events"])
            took, status, _ = await ask(self.host, self.port, path)
            self.times.append(took * 1000)
            self.failed += status != 200

        while not self.stop.is_set():
            number += 1
            await asyncio.sleep(max(0, start + number / self.options.rate - time.monotonic()))
            # Who is behind does not ask for all that it missed at once.
            if len(asked) < 64:
                task = asyncio.create_task(one())
                asked.add(task)
                task.add_done_callback(asked.discard)
        await asyncio.gather(*asked)


class Busy:
    """The other core at work on nothing of ours, at the lowest priority."""

    async def __aenter__(self):
        self.process = subprocess.Popen([sys.executable, "-c", BURN])

    async def __aexit__(self, *_):
        self.process.kill()
        self.process.wait()


class Quiet:
    async def __aenter__(self):
        pass

    async def __aexit__(self, *_):
        pass


async def counter(stage, name):
    answer = await asyncio.to_thread(stage.text, "/metrics")
    return next(float(line.split()[1]) for line in answer.splitlines() if line.startswith(f"molt_{name}_total "))


async def window(stage, seconds, memory):
    """Rows a second."""
    points, start = [], time.monotonic()
    while time.monotonic() < start + seconds:
        points.append((time.monotonic(), await counter(stage, "rows_stored")))
        memory.append((time.monotonic(), facts(stage.coordinator)[1]))
        await asyncio.sleep(0.25)
    if points[-1][1] == points[-2][1] == points[-8][1]:
        raise RuntimeError("the run has ended: more --documents")
    return slope(points)


def computing(process):
    """Seconds that the thread which computes ran, and that it waited for a core; the rest it waited for work."""
    threads = [path.read_text().split() for path in pathlib.Path(f"/proc/{process.pid}/task").glob("*/schedstat")]
    return [max(int(thread[place]) for thread in threads) / 1e9 for place in (0, 1)]


async def measure(stage, worker, run, options):
    kinds = {"without": Quiet, "with": lambda: Load(stage, run, options), "busy": Busy}
    paces, idle, memory = {kind: [] for kind in kinds}, {kind: [] for kind in kinds}, []
    for number in range(options.rounds):
        # To and fro, so that what drifts does not count for any.
        for kind in list(kinds) if number % 2 == 0 else reversed(kinds):
            load = kinds[kind]()
            async with load:
                await asyncio.sleep(options.settle)
                if kind == "with":
                    load.times.clear()
                past, start, before = facts(stage.coordinator)[0], time.monotonic(), computing(worker)
                speed = await window(stage, options.seconds, memory)
                took = time.monotonic() - start
                ran, delayed = ((now - then) / took for now, then in zip(computing(worker), before))
                share = (facts(stage.coordinator)[0] - past) / took
                times = sorted(load.times) if kind == "with" else []
            paces[kind].append(speed / ran)
            idle[kind].append(max(0, 1 - ran - delayed))
            print(
                f"{kind:8} {speed:6.1f} rows/s, {speed / ran:6.1f} a second of the worker's processor; it ran"
                f" {ran * 100:.0f} %, waited for a core {delayed * 100:.0f} %, for work {idle[kind][-1] * 100:.1f} %;"
                f" the coordinator ran {share * 100:.0f} %"
                + (f"; {len(times) / took:.0f} requests/s, 99 % in {times[len(times) * 99 // 100]:.0f} ms"
                   f" ({load.failed} failed, {load.heard['ended']} viewers dropped)" if times else ""), flush=True)
    pace = {kind: statistics.median(paces[kind]) for kind in kinds}
    wait = {kind: statistics.median(idle[kind]) * 100 for kind in kinds}
    late = [(when, size) for when, size in memory if when > memory[0][0] + options.warm] or memory
    print(
        f"rows a second of the worker's processor: {(1 - pace['with'] / pace['without']) * 100:.1f} % fewer with load,"
        f" {(1 - pace['busy'] / pace['without']) * 100:.1f} % fewer where the other core is busy with something else\n"
        f"the worker waits for work {wait['without']:.1f} % of the time without load, {wait['with']:.1f} % with,"
        f" {wait['busy']:.1f} % beside something else\n"
        f"memory {memory[0][1]} MiB → {memory[-1][1]} MiB, {slope(late) * 60:+.2f} MiB a minute after the first"
        f" {options.warm:.0f} s")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", default=str(REPOSITORY / ".build/release"))
    parser.add_argument("--model", help="a model's folder, instead of a tiny one made for this")
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--viewers", type=int, default=1_000)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--seconds", type=float, default=12, help="of a window")
    parser.add_argument("--settle", type=float, default=3, help="seconds before each window")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--warm", type=float, default=60)
    options = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with Stage(options.bin) as stage:
        prepare(stage, options)
        run = stage.submit("long.yaml")
        worker = stage.worker()
        time.sleep(1)
        pin(worker, 0)
        pin(stage.coordinator, 1)
        os.sched_setaffinity(0, {1})
        os.nice(19)
        asyncio.run(measure(stage, worker, run, options))


if __name__ == "__main__":
    main()
