"""Load on a dashboard: viewers that listen, and requests at a rate, over a store with many rows: `make load`.

Prints what each page took on the server's side of the loopback, and what the coordinator's memory and processor did.
"""

import argparse
import asyncio
import json
import pathlib
import random
import resource
import sqlite3
import statistics
import struct
import time

from stage import REPOSITORY, Stage

DOCUMENTS = 10_000
CHOICES = 4
METHODS = 20


def fill(store, cells):
    """A complete run: twenty methods, one benchmark of ten thousand documents, as many models as so many cells take."""
    random.seed(1)
    base = sqlite3.connect(store, isolation_level=None)
    base.executescript("PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -200000; BEGIN")
    triggers = base.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
    for name, _ in triggers:
        base.execute(f"DROP TRIGGER {name}")
    digest = "ab" * 32
    run = base.execute(
        "INSERT INTO runs (run, name, job, build, priority, state, created, finished)"
        " VALUES ('load-222222', 'load', '{}', 'b', 0, 'complete', 1, 2) RETURNING id").fetchone()[0]
    engine = base.execute(
        "INSERT INTO engines (build, engine, identity) VALUES ('b', 'cpu', 'cpu') RETURNING id").fetchone()[0]
    models = [
        base.execute(
            "INSERT INTO models (run, model, path, sha256, summary, parameters, engine)"
            " VALUES (?, ?, 'm', ?, '{}', 1, 'cpu') RETURNING id", (run, f"model-{n}", digest)).fetchone()[0]
        for n in range(-(-cells // METHODS))]
    benchmark = base.execute(
        "INSERT INTO benchmarks (run, benchmark, data, data_sha256, tokenizer_sha256, documents)"
        " VALUES (?, 'hellaswag', 'd', ?, ?, ?) RETURNING id", (run, digest, digest, DOCUMENTS)).fetchone()[0]
    worker = base.execute("INSERT INTO workers (worker) VALUES ('w') RETURNING id").fetchone()[0]
    incarnation = base.execute("SELECT max(incarnation) FROM incarnations").fetchone()[0]
    lengths = json.dumps([9] * CHOICES)
    texts = ["A man walks along the shore", "She opens the drawer", "They mend the old bicycle"]
    for example in range(DOCUMENTS):
        text = f"{texts[example % 3]} number {example}"
        base.execute(
            "INSERT INTO examples VALUES (?, ?, ?, ?, 60, ?, ?)",
            (benchmark, example, example % CHOICES, CHOICES, lengths, lengths))
        base.execute(
            "INSERT INTO documents VALUES (?, ?, ?, '0', ?, ?, x'')",
            (benchmark, example, digest, json.dumps({"ctx": text}), json.dumps([[text] + [f" {c}" for c in range(CHOICES)]])))

    def choices():
        return b"".join(
            struct.pack("<dIfB", -random.random() * 20, 5, random.random(), 0) for _ in range(CHOICES))

    base.execute("CREATE TEMP TABLE answers (n INTEGER PRIMARY KEY, choices BLOB)")
    base.executemany("INSERT INTO answers VALUES (?, ?)", [(n, choices()) for n in range(997)])
    for ordinal in range(cells):
        method = ordinal % METHODS
        reduction = {"flops": method / 100, "method": "utrc"} if method else {"method": "none"}
        cell = base.execute(
            "INSERT INTO cells (run, ordinal, model, reduction, benchmark, precision)"
            " VALUES (?, ?, ?, ?, ?, 'fp32') RETURNING id",
            (run, ordinal, models[ordinal // METHODS], json.dumps(reduction, separators=(",", ":")), benchmark)).fetchone()[0]
        shard = base.execute(
            "INSERT INTO shards (job, cell, tokens, state) VALUES (?, ?, 1, 'done') RETURNING id",
            (f"job-{ordinal}", cell)).fetchone()[0]
        base.execute(
            "INSERT INTO leases (shard, epoch, worker, incarnation, purpose, granted, ended, reason)"
            " VALUES (?, 1, ?, ?, 'score', 1, 2, 'done')", (shard, worker, incarnation))
        base.execute("INSERT INTO admitted (cell, engine) VALUES (?, ?)", (cell, engine))
        base.execute(
            "INSERT INTO expected SELECT ?, example, ?, ? FROM examples WHERE benchmark = ?",
            (cell, benchmark, shard, benchmark))
        base.execute(
            "INSERT INTO scores SELECT ?1, e.example, ?2, 1, ?3, a.choices, randomblob(32), 60, 0.2, 0.1, 0, 0,"
            " (e.example * 7 + ?1) % 3 = 0 FROM examples AS e JOIN answers AS a ON a.n = (e.example * 31 + ?1) % 997"
            " WHERE e.benchmark = ?4", (cell, shard, engine, benchmark))
    for _, sql in triggers:
        base.execute(sql)
    base.execute("COMMIT")
    base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    base.close()


async def viewer(host, port, heard, stop):
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(f"GET /api/v1/stream HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
    await writer.drain()
    waiting = asyncio.create_task(stop.wait())
    while not stop.is_set():
        reading = asyncio.create_task(reader.read(65536))
        await asyncio.wait({reading, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if not reading.done():
            reading.cancel()
            break
        if not reading.result():
            heard["ended"] += 1
            break
        heard["bytes"] += len(reading.result())
    waiting.cancel()
    writer.close()


async def ask(host, port, path):
    """Seconds, status and bytes of one request on a connection of its own."""
    start = time.perf_counter()
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    return time.perf_counter() - start, int(answer.split(b" ", 2)[1]), len(answer)


async def figures_of(host, port):
    while (await ask(host, port, "/api/v1/runs/load-222222/cells"))[1] == 503:
        await asyncio.sleep(0.1)


def facts(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    resident = int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) >> 10
    return (int(fields[11]) + int(fields[12])) / 100, resident


def slope(points):
    """Of the least-squares line through (x, y)."""
    middle = statistics.fmean(x for x, _ in points)
    level = statistics.fmean(y for _, y in points)
    return sum((x - middle) * (y - level) for x, y in points) / sum((x - middle) ** 2 for x, _ in points)


def paths(cells):
    cell = random.randrange(1, min(METHODS, cells))
    base = f"/runs/load-222222/cells/{cell}/examples"
    return {
        "runs": "/", "run": "/runs/load-222222", "examples": base,
        "examples, page": f"{base}?after={random.randrange(9_000)}",
        "wrong": f"{base}?filter=wrong", "flipped": f"{base}?filter=flipped&against=0",
        "near ties": f"{base}?filter=near_tie", "search": f"{base}?q=bicycle+number+{random.randrange(9_999)}",
        "example": f"{base}/{random.randrange(DOCUMENTS)}", "workers": "/workers", "events": "/events",
        "API runs": "/api/v1/runs", "API examples": "/api/v1" + base, "metrics": "/metrics",
    }


async def load(stage, cells, options):
    host, port = stage.http.split(":")
    for name in paths(cells):
        times = []
        for _ in range(options.repeat):
            took, status, _ = await ask(host, port, paths(cells)[name])
            assert status == 200, f"{name}: {status}"
            times.append(took * 1000)
        times.sort()
        print(f"{name:16} median {times[len(times) // 2]:7.1f} ms, slowest {times[-1]:7.1f} ms", flush=True)
    # The figures of so many rows take a while, which the pages do not wait for; the load comes when they are there.
    start, most = time.monotonic(), 0
    figures = asyncio.create_task(figures_of(host, port))
    while not figures.done():
        most = max(most, facts(stage.coordinator)[1])
        await asyncio.wait({figures}, timeout=0.5)
    print(f"the run's figures took {time.monotonic() - start:.0f} s more and at most {most} MiB", flush=True)
    heard = {"bytes": 0, "ended": 0}
    stop = asyncio.Event()
    viewers = [asyncio.create_task(viewer(host, port, heard, stop)) for _ in range(options.viewers)]
    await asyncio.sleep(3)
    (before, resident), start = facts(stage.coordinator), time.monotonic()
    times, asked, failures = [], [], 0

    async def one():
        nonlocal failures
        took, status, _ = await ask(host, port, random.choice(["/api/v1/runs", paths(cells)["API examples"], "/api/v1/workers"]))
        times.append(took * 1000)
        failures += status != 200

    async def watch():
        while True:
            memory.append((time.monotonic(), facts(stage.coordinator)[1]))
            await asyncio.sleep(0.5)

    memory = []
    watching = asyncio.create_task(watch())
    for number in range(int(options.rate * options.seconds)):
        await asyncio.sleep(max(0, start + number / options.rate - time.monotonic()))
        asked.append(asyncio.create_task(one()))
    await asyncio.gather(*asked)
    seconds = time.monotonic() - start
    watching.cancel()
    after, end = facts(stage.coordinator)
    late = [point for point in memory if point[0] > start + options.seconds / 2]
    times.sort()
    print(
        f"{options.viewers} viewers ({heard['ended']} dropped), {len(times) / seconds:.0f} requests/s for {seconds:.0f} s,"
        f" {failures} failed: median {times[len(times) // 2]:.1f} ms, 99 % {times[len(times) * 99 // 100]:.1f} ms;"
        f" processor {(after - before) / seconds * 100:.0f} %, memory {resident} MiB → {end} MiB,"
        f" {slope(late) * 60:+.1f} MiB a minute in the second half")
    stop.set()
    await asyncio.gather(*viewers, return_exceptions=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", default=str(REPOSITORY / ".build/release"))
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--viewers", type=int, default=1_000)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--repeat", type=int, default=9)
    parser.add_argument("--store", type=pathlib.Path, help="filled where it is not there yet, and kept")
    options = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    stage = Stage(options.bin)
    stage.store = options.store.resolve() if options.store else stage.store
    is_filled = stage.store.exists()
    cells = max(2, options.rows // DOCUMENTS)
    with stage:
        if not is_filled:
            stage.stop(stage.coordinator)
            start = time.monotonic()
            fill(stage.store, cells)
            size = stage.store.stat().st_size >> 20
            print(f"{cells * DOCUMENTS} rows in {cells} cells, {size} MiB, in {time.monotonic() - start:.0f} s", flush=True)
            stage.serve()
        asyncio.run(load(stage, cells, options))


if __name__ == "__main__":
    main()
