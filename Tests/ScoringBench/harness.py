#!/usr/bin/env python3
"""Times the six benchmarks end to end, beside lm-evaluation-harness with transformers on the same rows and model.

    Tests/ScoringBench/harness.py --model DIR --tokenizer tokenizer.json --rows DIR --documents 8 --precision fp32

The folder of rows holds BENCHMARK/FILE as the publishers call them: lambada_openai/test.jsonl, piqa/valid.jsonl with
valid-labels.lst, arc_easy/test.jsonl, arc_challenge/test.jsonl, winogrande/dev.jsonl, and hellaswag's as any .jsonl in
a folder whose name begins with it. We are timed as a user is: `coord run` from its start to its table, which loads the
model, checks its hash, starts workers and writes the store. The harness is timed from its requests to its metrics: its
imports, the model's loading and its data sets are left out. Scores are compared, so that both did the same work.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

TASKS = ["lambada_openai", "hellaswag", "piqa", "arc_easy", "arc_challenge", "winogrande"]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="the checkpoint's folder, as transformers reads it")
    parser.add_argument("--tokenizer", required=True, help="tokenizer.json")
    parser.add_argument("--rows", required=True, help="the folder of the benchmarks' rows")
    parser.add_argument("--coord", default=".build/release/coord", help="our program")
    parser.add_argument("--documents", type=int, default=8, help="of each benchmark, the first")
    parser.add_argument("--precision", default="fp32", choices=["fp32", "bf16"])
    parser.add_argument("--threads", type=int, default=2, help="cores that either side uses")
    parser.add_argument("--batch", type=int, default=8, help="the harness's batch size")
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def first_rows(options, folder):
    """Copies the first rows of each benchmark, labels in them, into a folder; returns the files."""
    files = {}
    for task in TASKS:
        source = sorted(pathlib.Path(options.rows).glob(f"{task}*/*.jsonl"))[0]
        rows = [json.loads(line) for line in source.read_text().splitlines()[: options.documents]]
        if task == "piqa":
            labels = source.with_name("valid-labels.lst").read_text().split()
            rows = [row | {"label": int(label)} for row, label in zip(rows, labels)]
        files[task] = folder / f"{task}.jsonl"
        files[task].write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "labels.lst").write_text("".join(f"{json.loads(row)['label']}\n" for row in open(files["piqa"])))
    return files


def ours(options, folder, files):
    """Runs a job; the seconds it took, and each benchmark's accuracy."""
    model, tokenizer = (json.dumps(str(pathlib.Path(path).resolve())) for path in (options.model, options.tokenizer))
    lines = ["name: peers", "models:", f"  - {{ id: model, path: {model} }}", f"tokenizer: {tokenizer}", "benchmarks:"]
    for task, file in files.items():
        labels = ", labels: labels.lst" if task == "piqa" else ""
        lines.append(f"  - {{ name: {task}, data: {file.name}{labels} }}")
    lines += ["reductions: [none]", f"precision: {options.precision}"]
    job = folder / "job.yaml"
    job.write_text("\n".join(lines) + "\n")
    command = [
        options.coord, "run", str(job), "--store", str(folder / "store.sqlite"), "--fresh", "--json",
        "--workers", "1", "--threads", str(options.threads),
    ]
    start = time.perf_counter()
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    seconds = time.perf_counter() - start
    return seconds, json.loads(output)


def task_files(folder, files):
    """The harness's own definitions, each in a file of ours that puts rows of a file in place of the hub's."""
    from lm_eval.tasks import TaskManager

    index = TaskManager().task_index
    paths = []
    for task, file in files.items():
        entry = index[task]
        source = entry["yaml_path"] if isinstance(entry, dict) else entry.yaml_path
        settings = {
            "include": str(source), "task": f"{task}_rows", "dataset_path": "json", "dataset_name": None,
            "dataset_kwargs": {"data_files": {"test": str(file)}}, "training_split": None, "validation_split": None,
            "test_split": "test", "tag": None,
        }
        paths.append(folder / f"{task}.yaml")
        paths[-1].write_text(json.dumps(settings))
    return [str(path) for path in paths]


def harness(options, folder, files):
    """A function that evaluates everything and returns its seconds and results."""
    import torch
    from lm_eval import evaluator
    from lm_eval.models.huggingface import HFLM
    from lm_eval.tasks import get_task_dict
    from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

    torch.set_num_threads(options.threads)
    kind = torch.float32 if options.precision == "fp32" else torch.bfloat16
    network = AutoModelForCausalLM.from_pretrained(options.model, dtype=kind).eval()
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=options.tokenizer, eos_token="<|endoftext|>")
    model = HFLM(pretrained=network, tokenizer=tokenizer, batch_size=options.batch, device="cpu", dtype=kind)
    tasks = get_task_dict(task_files(folder, files))

    def measure():
        start = time.perf_counter()
        results = evaluator.evaluate(lm=model, task_dict=tasks, bootstrap_iters=0, log_samples=False)
        return time.perf_counter() - start, results["results"]

    return measure


def main():
    options = arguments()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        files = first_rows(options, folder)
        measure = harness(options, folder, files)
        pairs = [(ours(options, folder, files), measure()) for _ in range(options.repeat)]
    ratio = statistics.median(theirs[0] / own[0] for own, theirs in pairs)
    own, theirs = pairs[-1]
    report = {
        "precision": options.precision, "threads": options.threads, "documents": options.documents * len(TASKS),
        "seconds": {"molt": statistics.median(pair[0][0] for pair in pairs),
                    "lm-evaluation-harness": statistics.median(pair[1][0] for pair in pairs)},
        "ratio": ratio, "results": {"molt": own[1], "lm-evaluation-harness": theirs[1]},
    }
    if options.json:
        print(json.dumps(report, indent=2, default=str))
        return
    print(f"{report['documents']} documents, {options.precision}, {options.threads} threads")
    for side, seconds in report["seconds"].items():
        print(f"  {side:24} {seconds:9.2f} s")
    print(f"  {ratio:.1f}x")


if __name__ == "__main__":
    sys.exit(main())
