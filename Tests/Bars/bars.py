"""make bench: every bar that Molt is held to, with what this machine reaches, beside each other.

Each part asks a tool that is there by itself: `worker bench`, Tests/ClusterBench, Tests/ScoringBench, Tests/Chaos.
What the machine's arithmetic could do at most is measured in the same minute, by peak.c, since shares are of that.
Each part's figures are kept beside the build; with --write those of this machine become docs/benchmarks.md.
"""

import argparse
import datetime
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from parts import NO_BAR, PARTS

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


class Bar:
    """A figure, what it must be, and whether it is."""

    def __init__(self, part, what, value, bar, reached, command):
        self.part, self.what, self.value, self.bar, self.command = part, what, value, bar, command
        self.verdict = {True: "reached", False: "missed", None: "not measured"}[reached]
        if reached is not None and bar == NO_BAR:
            self.verdict = "measured"


class Stage:
    """Where the programs, the models and the folders for passing files are."""

    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.bars = []
        self.threads = os.cpu_count()

    def bar(self, part, what, value, bar, reached, command=""):
        self.bars.append(Bar(part, what, value, bar, reached, command))
        last = self.bars[-1]
        print(f"{last.verdict:>12}  {last.what}: {last.value} (bar: {last.bar})", flush=True)

    def run(self, *words, **settings):
        """A command's standard output."""
        words = [str(word) for word in words]
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **settings)
        if done.returncode != 0:
            last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["it says nothing"]
            raise RuntimeError(f"{Path(words[0]).name} ended with {done.returncode}: {last[0]}")
        return done.stdout

    def model(self, shape):
        """A checkpoint of a published shape with random weights, made once."""
        folder = self.options.models / shape
        if not (folder / "config.json").exists():
            self.run(self.options.bin / "coord", "make-model", "--shape", shape, "--output", folder)
        return folder

    def bench(self, model, *words):
        """What `worker bench` says, as a list of rows."""
        return json.loads(self.run(self.options.bin / "worker", "bench", "--model", model, "--json", *words))

    def peak(self):
        """GFLOP/s of all cores by arithmetic, measured now; empty without a C compiler."""
        compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
        if compiler is None:
            return {}
        program = self.folder / "peak"
        if not program.exists():
            self.run(compiler, "-O2", "-march=native", "-pthread", HERE / "peak.c", "-o", program)
        return json.loads(self.run(program, self.threads))


def machine():
    """The class of machine that the figures are of."""
    facts = {}
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        facts.setdefault(name.strip(), value.strip())
    known = ["avx2", "fma", "avx512f", "avx512_bf16", "amx_bf16"]
    flags = [flag for flag in known if flag in facts.get("flags", "").split()]
    memory = next((int(line.split()[1]) for line in Path("/proc/meminfo").read_text().splitlines()
                   if line.startswith("MemTotal")), 0)
    highest = Path("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq")
    mhz = float(highest.read_text()) / 1000 if highest.exists() else float(facts.get("cpu MHz", 0))
    clock = f"{mhz / 1000:.1f} GHz" if mhz else "clock unknown"
    return (f"{os.cpu_count()} cores of {facts.get('model name', platform.machine())}, {clock}, "
            f"{' '.join(flags) or 'no vector extensions named'}, {memory / 2**20:.0f} GiB")


def measure(stage, part):
    """Measures a part, and keeps its figures with what they are of."""
    facts = {"date": f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC", "machine": machine(),
             "load": os.getloadavg()[0], "revision": revision()}
    begin, stage.bars = time.monotonic(), []
    try:
        PARTS[part].measure(stage, part)
    except RuntimeError as error:
        stage.bar(part, PARTS[part].title, str(error), "to run", False)
    facts["seconds"], facts["bars"] = time.monotonic() - begin, [vars(bar) for bar in stage.bars]
    stage.options.kept.mkdir(parents=True, exist_ok=True)
    (stage.options.kept / f"{part}.json").write_text(json.dumps(facts, indent=2) + "\n")
    return facts


def revision():
    found = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, stdout=subprocess.PIPE, text=True,
                           stderr=subprocess.DEVNULL)
    return found.stdout.strip() or "unknown"


def document(kept):
    """docs/benchmarks.md of the figures that are kept, each part with what they are of."""
    lines = [
        "# Benchmarks", "",
        "Every bar that Molt is held to, and what one machine reached. `make bench ARGUMENTS=--write` generates this page;",
        "nothing on it is written by hand.", "",
        "Shares are of what `Tests/Bars/peak.c` multiplied and added in the same minute. `missed` is a figure that misses",
        "its bar on this machine; `not measured` says what is lacking. Weights are random, of the published shapes: times do",
        "not depend on their values. What a bar is, and why, stands in `Tests/Bars/parts.py`.", "",
        f"Machine: {machine()}.", "",
    ]
    missing = [part for part in PARTS if part not in kept]
    if missing:
        lines += [f"Parts without figures of this machine yet: {', '.join(missing)}.", ""]
    for part, facts in kept.items():
        lines += [f"## {PARTS[part].title}", "", f"{facts['date']}, revision {facts['revision']}, {facts['seconds']:.0f} s; "
                  f"the machine's load before was {facts['load']:.1f}.", "",
                  "| | reached | bar | |", "|---|---:|---:|---|"]
        lines += [f"| {bar['what']} | {bar['value']} | {bar['bar']} | {bar['verdict']} |" for bar in facts["bars"]]
        commands = list(dict.fromkeys(bar["command"] for bar in facts["bars"] if bar["command"]))
        lines += ["", *(f"    {command}" for command in commands), ""] if commands else [""]
    return "\n".join(lines).rstrip() + "\n"


def arguments():
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=Path, required=True, help="the folder of coord, worker and cluster-bench")
    parser.add_argument("--parts", default=",".join(PARTS), help="of " + ", ".join(PARTS))
    parser.add_argument("--models", type=Path, default=ROOT / ".build" / "bench-models",
                        help="where checkpoints of random weights are kept")
    parser.add_argument("--python", default=sys.executable, help="an interpreter that has the peers of scoring")
    parser.add_argument("--gguf", default={}, type=lambda text: dict(pair.split("=", 1) for pair in text.split(",")),
                        help="SHAPE=FILE of the same models for llama.cpp, by commas")
    parser.add_argument("--kept", type=Path, default=ROOT / ".build" / "bench", help="where figures are kept")
    parser.add_argument("--prompts", default="1x512,1x2048", help="of the reductions, at least 512 tokens each")
    parser.add_argument("--longest", type=int, default=32768, help="the sequence that is compared with one of 128")
    parser.add_argument("--repeat", type=int, default=3, help="times that each scoring is timed")
    parser.add_argument("--write", action="store_true", help="write docs/benchmarks.md")
    parser.add_argument("--json", action="store_true", help="print the bars as JSON at the end")
    options = parser.parse_args()
    options.parts = [part for part in options.parts.split(",") if part]
    unknown = [part for part in options.parts if part not in PARTS]
    if unknown:
        parser.error(f"unknown part '{unknown[0]}'; known: {', '.join(PARTS)}")
    options.bin = options.bin.resolve()
    return options


def main():
    options = arguments()
    print(machine(), flush=True)
    begin, kept = time.monotonic(), {}
    with tempfile.TemporaryDirectory(prefix="molt-bars-") as folder:
        stage = Stage(options, Path(folder))
        for part in options.parts:
            print(f"\n{PARTS[part].title}", flush=True)
            kept[part] = measure(stage, part)
    bars = [bar for facts in kept.values() for bar in facts["bars"]]
    if options.write:
        files = {part: options.kept / f"{part}.json" for part in PARTS}
        everything = {part: json.loads(file.read_text()) for part, file in files.items() if file.exists()}
        same = {part: facts for part, facts in everything.items() if facts["machine"] == machine()}
        (ROOT / "docs" / "benchmarks.md").write_text(document(same))
    if options.json:
        print(json.dumps(bars, indent=2))
    counts = {verdict: sum(bar["verdict"] == verdict for bar in bars) for verdict in ("reached", "missed", "not measured")}
    print("\n" + ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
          + f" in {(time.monotonic() - begin) / 60:.1f} minutes")


if __name__ == "__main__":
    main()
