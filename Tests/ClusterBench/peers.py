"""The peers of make bench-cluster, in an environment that has them: `peers.py dask|celery TASKS`."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RESULT = "x" * 200
PORT = os.environ.get("BENCH_REDIS_PORT", "0")


def processor_seconds(pid="self"):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def report(tasks, seconds, used):
    print(json.dumps({"tasks_per_second": tasks / seconds, "cpu_ms_per_task": 1000 * used / tasks}))


def nothing(_):
    return RESULT


def run_dask(tasks):
    import dask
    from distributed import Client, LocalCluster

    dask.config.set({"distributed.worker.memory.terminate": False})
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        with Client(cluster) as client:
            client.gather(client.map(nothing, range(10), pure=False))
            before, start = processor_seconds(), time.monotonic()
            results = client.gather(client.map(nothing, range(tasks), pure=False))
            seconds = time.monotonic() - start
            assert len(results) == tasks
            # The scheduler lives in this process, beside the client.
            report(tasks, seconds, processor_seconds() - before)


def run_celery(tasks):
    global PORT
    if not shutil.which("redis-server"):
        raise SystemExit("redis-server is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        PORT = str(probe.getsockname()[1])
    os.environ["BENCH_REDIS_PORT"] = PORT
    with tempfile.TemporaryDirectory() as folder:
        redis = subprocess.Popen(["redis-server", "--port", PORT, "--bind", "127.0.0.1", "--dir", folder, "--save", ""],
                                 stdout=subprocess.DEVNULL)
        worker = None
        try:
            app, task = celery_app()
            environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
            worker = subprocess.Popen([sys.executable, "-m", "celery", "-A", "peers", "worker", "--concurrency", "2",
                                       "--loglevel", "ERROR", "--without-gossip", "--without-mingle"], cwd=folder,
                                      env=environment, stdout=subprocess.DEVNULL)
            task.delay(0).get(timeout=60)
            from celery import group

            before, start = processor_seconds() + processor_seconds(redis.pid), time.monotonic()
            results = group(task.s(number) for number in range(tasks))().get()
            seconds = time.monotonic() - start
            assert len(results) == tasks
            # What hands out and collects: the client and Redis.
            report(tasks, seconds, processor_seconds() + processor_seconds(redis.pid) - before)
        finally:
            for process in (worker, redis):
                if process:
                    process.terminate()
                    process.wait(30)


def celery_app():
    from celery import Celery

    address = f"redis://127.0.0.1:{PORT}/0"
    app = Celery("peers", broker=address, backend=address)
    return app, app.task(name="peers.noop")(nothing)


if __name__ == "__main__":
    {"dask": run_dask, "celery": run_celery}[sys.argv[1]](int(sys.argv[2]))
elif PORT != "0":
    app, _ = celery_app()
