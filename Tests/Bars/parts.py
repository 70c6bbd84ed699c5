"""The parts of `make bench`: what each measures, by which tool, and the bar."""

import json
import os
import random
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

Part = namedtuple("Part", "title measure")
ROOT = Path(__file__).resolve().parents[2]
NO_BAR = "no bar"
SHAPES = ["mamba-130m", "mamba2-130m"]
# 30 % of the layers' FLOPs, on four layers of 24.
REDUCTION = '{"method":"utrc","flops":0.3,"layers":[6,9,12,15]}'
WEIGHT_BYTES = {"fp32": 4, "bf16": 2}


def product_flops(configuration):
    """FLOPs that a token's matrix products take, the head's too."""
    width, layers = configuration["hidden_size"], configuration["num_hidden_layers"]
    inner, states = width * configuration.get("expand", 2), configuration["state_size"]
    if "num_heads" in configuration:
        groups = configuration.get("n_groups", 1)
        weights = width * (2 * inner + 2 * groups * states + configuration["num_heads"]) + inner * width
    else:
        rank = configuration["time_step_rank"]
        weights = 2 * width * inner + inner * (rank + 2 * states) + rank * inner + inner * width
    return 2 * (layers * weights + width * configuration["vocab_size"])


def scoring(stage, part):
    """Share of the arithmetic's peak, logits at all positions, all cores."""
    for shape in SHAPES:
        model = stage.model(shape)
        flops = product_flops(json.loads((model / "config.json").read_text()))
        for precision, bar in (("fp32", 60), ("bf16", 50)):
            command = (f"worker bench --model {shape} --shapes 1x128,4x128 --logits all --precision {precision} "
                       f"--threads {stage.threads} --repeat {stage.options.repeat}")
            peak = stage.peak()
            rows = stage.bench(model, *command.split()[4:])
            peak = {name: max(value, stage.peak().get(name, 0)) for name, value in peak.items()}
            for row in rows:
                rate = row["tokens_per_second"]
                what = f"{shape} {precision} {row['shape']}, share of the {precision} peak"
                if precision not in peak:
                    share = f"{rate:.0f} tokens/s; this processor has no {precision} products to take a share of"
                    stage.bar(part, what, share, f"≥ {bar} %", None, command)
                    continue
                share = 100 * rate * flops / (peak[precision] * 1e9)
                value = f"{share:.0f} % ({rate:.0f} tokens/s of {peak[precision]:.0f} GFLOP/s)"
                stage.bar(part, what, value, f"≥ {bar} %", share >= bar, command)


def scoring_peers(stage, part):
    """Beside transformers and llama.cpp, where they are installed."""
    bars = {"mamba-130m": {"fp32": 3.5, "bf16": 5}, "mamba2-130m": {"fp32": 2.5, "bf16": 2}}
    for shape in SHAPES:
        for precision in ("fp32", "bf16"):
            words = ["--model", stage.model(shape), "--worker", stage.options.bin / "worker", "--precision", precision,
                     "--shapes", "8x128", "--repeat", 1, "--threads", stage.threads, "--json"]
            words += ["--gguf", stage.options.gguf[shape]] if shape in stage.options.gguf else ["--llama"]
            command = ("make bench-scoring-peers "
                       f"ARGUMENTS=\"--model {shape} --precision {precision} --shapes 8x128 --llama\"")
            row = json.loads(stage.run(stage.options.python, ROOT / "Tests/ScoringBench/peers.py", *words))[0]
            for peer, bar in (("llama.cpp", bars[shape][precision]), ("transformers", None)):
                what = f"{shape} {precision} 8x128, × {peer}"
                wanted = f"≥ {bar}×" if bar else NO_BAR
                if peer not in row["ratio"]:
                    stage.bar(part, what, f"{peer} is not installed", wanted, None, command)
                    continue
                ratio, rate = row["ratio"][peer], row["tokens_per_second"]
                value = f"{ratio:.1f}× ({rate['molt']:.0f} against {rate[peer]:.0f} tokens/s)"
                stage.bar(part, what, value, wanted, ratio >= bar if bar else True, command)


def reduction(stage, part):
    """What a reduction costs, and what 30 % of the FLOPs bring."""
    for shape in SHAPES:
        command = (f"worker bench --model {shape} --shapes {stage.options.prompts} --reduction '{REDUCTION}' "
                   f"--threads {stage.threads} --repeat {stage.options.repeat}")
        rows = stage.bench(stage.model(shape), "--shapes", stage.options.prompts, "--reduction", REDUCTION,
                           "--threads", stage.threads, "--repeat", stage.options.repeat)
        for row in (row for row in rows if row["reduction"]["method"] != "none"):
            cost = 100 * row["overhead"]
            stage.bar(part, f"{shape} fp32 {row['shape']}, utrc's own cost of a forward", f"{cost:.1f} %", "≤ 2 %",
                      cost <= 2, command)
            saved = 100 * row["flops_reduction"]
            stage.bar(part, f"{shape} fp32 {row['shape']}, prefill with {saved:.0f} % fewer FLOPs",
                      f"{row['speed_up']:.2f}×", "≥ 1.30×", row["speed_up"] >= 1.3, command)


def requests(count):
    """Requests as the benchmarks have them, of seeded tokens: a context, and two or four continuations."""
    draw = random.Random(5)

    def tokens(low, high):
        return [draw.randrange(50_000) for _ in range(draw.randint(low, high))]

    for number in range(count):
        yield {"id": str(number), "context": tokens(8, 60),
               "continuations": [tokens(1, 30) for _ in range(draw.choice([2, 4]))]}


def memory(stage, part):
    """A scoring worker's resident memory by its weights."""
    path = stage.folder / "requests.jsonl"
    path.write_text("".join(json.dumps(request) + "\n" for request in requests(64)))
    for shape in SHAPES:
        for precision in ("fp32", "bf16"):
            model = stage.model(shape)
            command = f"worker score --model {shape} --precision {precision} --threads {stage.threads} < requests.jsonl"
            words = [stage.options.bin / "worker", "score", "--model", model, "--precision", precision, "--threads",
                     stage.threads]
            with path.open() as lines:
                worker = subprocess.Popen([str(word) for word in words], stdin=lines, stdout=subprocess.DEVNULL)
                _, status, use = os.wait4(worker.pid, 0)
            if status != 0:
                raise RuntimeError(f"worker score ended with {os.waitstatus_to_exitcode(status)}")
            weights = (model / "model.safetensors").stat().st_size // 4 * WEIGHT_BYTES[precision]
            share = 1024 * use.ru_maxrss / weights
            value = f"{share:.2f}× ({use.ru_maxrss / 2**10:.0f} of {weights / 2**20:.0f} MiB)"
            stage.bar(part, f"{shape} {precision}, peak of a scoring worker's memory by weights", value, "≤ 1.25×",
                      share <= 1.25, command)


def linearity(stage, part):
    """Whether a token costs the same in a long sequence."""
    longest = stage.options.longest
    for shape in SHAPES:
        command = f"worker bench --model {shape} --shapes 1x128,1x{longest} --repeat 1 --threads {stage.threads}"
        rows = {row["shape"]: row["tokens_per_second"] for row in stage.bench(stage.model(shape), *command.split()[4:])}
        ratio = rows["1x128"] / rows[f"1x{longest}"]
        stage.bar(part, f"{shape} fp32, a token of {longest:,} by one of 128", f"{ratio:.2f}×", "≤ 1.10×", ratio <= 1.1,
                  command)


def scaling(stage, part):
    """Two workers on two cores, each on its own, by one alone."""
    for shape in SHAPES:
        what = f"{shape} fp32, two workers on two cores by one"
        if stage.threads < 2:
            stage.bar(part, what, "this machine has one core", "≥ 1.9×", None)
            continue
        words = [stage.options.bin / "worker", "bench", "--model", stage.model(shape), "--shapes", "2x128", "--logits",
                 "all", "--repeat", stage.options.repeat, "--json", "--pin"]

        def together(cores):
            workers = [subprocess.Popen([str(word) for word in [*words, core]], stdout=subprocess.PIPE) for core in cores]
            return sum(json.loads(worker.communicate()[0])[0]["tokens_per_second"] for worker in workers)

        alone, both = (together(["0"]) + together(["1"])) / 2, together(["0", "1"])
        ratio = both / alone
        stage.bar(part, what, f"{ratio:.2f}×", "≥ 1.9×", ratio >= 1.9,
                  f"worker bench --model {shape} --shapes 2x128 --logits all --pin 0 & … --pin 1")


def cluster(stage, part):
    """The coordinator: durable jobs and rows."""
    words = [sys.executable, ROOT / "Tests/ClusterBench/bench.py", "--bin", stage.options.bin, "--json", "--parts",
             "jobs,rows", "--workers", "10,100"]
    report = json.loads(stage.run(*words))
    command = "make bench-cluster ARGUMENTS=\"--parts jobs,rows --workers 10,100\""
    for row in report["jobs"]:
        who = f"{row['workers']} workers"
        stage.bar(part, f"durable no-op jobs, {who}", f"{row['jobs_per_second']:.0f}/s", "≥ 5,000/s",
                  row["jobs_per_second"] >= 5000, command)
        cost = row["coordinator_cpu_ms_per_job"]
        stage.bar(part, f"coordinator's CPU time a job, {who}", f"{cost:.3f} ms", "≤ 0.1 ms", cost <= 0.1, command)
    for row in report["rows"]:
        stage.bar(part, f"score rows end to end, CURVE and FULL, {row['workers']} workers",
                  f"{row['rows_per_second']:.0f}/s", "≥ 50,000/s", row["rows_per_second"] >= 50000, command)


def workers(stage, part):
    """Ten thousand workers that are connected and only beat."""
    words = [sys.executable, ROOT / "Tests/ClusterBench/bench.py", "--bin", stage.options.bin, "--json", "--parts",
             "heartbeats", "--connect", "10000"]
    report = json.loads(stage.run(*words))
    command = "make bench-cluster ARGUMENTS=\"--parts heartbeats --connect 10000\""
    if not report["heartbeats"]:
        stage.bar(part, "10,000 connected workers", "too few open files are allowed", "beats in time", None, command)
    for row in report["heartbeats"]:
        value = f"p99 {row['latency_ms_p99']:.1f} ms, {row['coordinator_cpu_percent']:.1f} % of a core"
        stage.bar(part, f"{row['workers']} connected workers, answer to a beat", value, "p99 < 2 s",
                  row["latency_ms_p99"] < 2000, command)


def cluster_peers(stage, part):
    """No-op tasks beside dask.distributed and Celery."""
    words = [sys.executable, ROOT / "Tests/ClusterBench/bench.py", "--bin", stage.options.bin, "--json", "--parts",
             "peers", "--rounds", "1", "--tasks", "10000"]
    command = "make bench-cluster ARGUMENTS=\"--parts peers --rounds 1 --tasks 10000\""
    rows = {row["system"]: row for row in json.loads(stage.run(*words))["peers"]}
    for peer in ("dask", "celery"):
        what = f"no-op tasks, × {peer}"
        if peer not in rows:
            stage.bar(part, what, f"`make bench-peers` installs {peer}", NO_BAR, None, command)
            continue
        value = f"{rows[peer]['ratio']:.1f}× ({rows['molt']['rate']:.0f} against {rows[peer]['rate']:.0f}/s)"
        stage.bar(part, what, value, NO_BAR, True, command)


def faults(stage, part):
    """Kills, stops and cuts of a real cluster: what is left must be what an undisturbed run has."""
    words = [sys.executable, ROOT / "Tests/Chaos/chaos.py", "--bin", stage.options.bin, "--kills", "5", "--minutes",
             "0.5", "--stops", "5,20", "--documents", "600", "--folder", stage.folder / "chaos"]
    (stage.folder / "chaos").mkdir()
    lines = stage.run(*words).strip().splitlines()
    acts = next((line for line in lines if " kills, seed " in line), "")
    stage.bar(part, "lost, doubled or changed rows after " + acts.split(",")[0], "0", "0", "content" in lines[-1],
              "make chaos ARGUMENTS=\"--kills 5 --minutes 0.5 --stops 5,20 --documents 600\"")


def elsewhere(stage, part):
    """Bars that need what this machine may lack; they are here so that none is forgotten."""
    stage.bar(part, "the six benchmarks by lm-evaluation-harness with transformers, fp32", "needs both, and an hour",
              "≥ 20×", None)
    stage.bar(part, "the same in bf16", "needs both, and an hour", "≥ 40×", None)
    gpu = "no GPU" if shutil.which("nvidia-smi") is None else "ask `make cuda-check`"
    stage.bar(part, "prefill on a GPU, share of what its products and memory allow", gpu, "≥ 70 %", None)


PARTS = {
    "scoring": Part("Scoring, logits at every position", scoring),
    "scoring-peers": Part("Scoring beside its peers", scoring_peers),
    "reduction": Part("Token reduction", reduction),
    "memory": Part("Memory", memory),
    "linearity": Part("Length of a sequence", linearity),
    "scaling": Part("Workers of one machine", scaling),
    "cluster": Part("The coordinator", cluster),
    "workers": Part("Connected workers", workers),
    "cluster-peers": Part("The coordinator beside its peers", cluster_peers),
    "faults": Part("Faults", faults),
    "elsewhere": Part("Measured elsewhere", elsewhere),
}
