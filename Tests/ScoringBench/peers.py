#!/usr/bin/env python3
"""Times this project's worker beside its peers on the same machine, as ratios in one run.

    Tests/ScoringBench/peers.py --model DIR --shapes 1x64,1x128,8x128,1x512 --precision fp32 --threads 2
    Tests/ScoringBench/peers.py --model DIR --generate 32 --shapes 1x16,8x16

Peers are used where they are installed: transformers (with torch) on the same folder, a Hugging Face checkpoint; and
llama.cpp, through llama-cpp-python, on `--gguf FILE` or, with `--llama` and PyPI's gguf, on a file that is written from
the folder for the occasion; before that is timed, its choice of a token is held against ours. Each shape is timed in turn by everyone, `--repeat` times over,
so that what else the machine does hits all alike; figures are medians. Prefill rates every position's logits.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True, help="the checkpoint's folder")
    parser.add_argument("--worker", default=".build/release/worker", help="our program")
    parser.add_argument("--shapes", default="1x64,1x128,8x128,1x512", help="sequences x tokens, by commas")
    parser.add_argument("--precision", default="fp32", choices=["fp32", "bf16"])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--generate", type=int, help="time so many greedy tokens after each prompt instead")
    parser.add_argument("--gguf", help="the same model as llama.cpp reads it")
    parser.add_argument("--llama", action="store_true", help="write that file from the checkpoint's folder")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    options.shapes = [tuple(int(number) for number in shape.split("x")) for shape in options.shapes.split(",")]
    return options


def tokens_of(sequences, length, vocabulary):
    """The tokens that `worker bench` reads."""
    return [[((s * length + t) * 48271 + 11) % vocabulary for t in range(length)] for s in range(sequences)]


def ours(options):
    """Tokens per second by our worker, which is started for each measurement."""

    def measure(sequences, length):
        command = [
            options.worker, "bench", "--model", options.model, "--shapes", f"{sequences}x{length}", "--repeat", "1",
            "--precision", options.precision, "--threads", str(options.threads), "--json",
        ]
        command += ["--generate", str(options.generate)] if options.generate else ["--logits", "all"]
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
        return json.loads(output)[0]["tokens_per_second"]

    return "molt", measure


def transformers(options):
    import torch
    from transformers import AutoModelForCausalLM

    torch.set_num_threads(options.threads)
    kind = torch.float32 if options.precision == "fp32" else torch.bfloat16
    model = AutoModelForCausalLM.from_pretrained(options.model, dtype=kind).eval()
    vocabulary = model.config.vocab_size

    def measure(sequences, length):
        tokens = torch.tensor(tokens_of(sequences, length, vocabulary))
        with torch.inference_mode():
            if not options.generate:
                start = time.perf_counter()
                model(tokens, use_cache=False)
                return sequences * length / (time.perf_counter() - start)
            settings = {"do_sample": False, "eos_token_id": None, "pad_token_id": 0}
            start = time.perf_counter()
            model.generate(tokens, max_new_tokens=1, min_new_tokens=1, **settings)
            first = time.perf_counter() - start
            count = options.generate + 1
            start = time.perf_counter()
            model.generate(tokens, max_new_tokens=count, min_new_tokens=count, **settings)
            return sequences * options.generate / (time.perf_counter() - start - first)

    measure(1, 8)
    return "transformers", measure


def gguf_file(options):
    """The model as llama.cpp reads it."""
    if options.gguf:
        return options.gguf
    import gguf_model

    folder = tempfile.TemporaryDirectory()
    options.kept = folder  # until the process ends
    path = Path(folder.name) / "model.gguf"
    gguf_model.write(options.model, options.precision, path)
    return str(path)


def check_choice(options, model, length):
    """Says whether llama.cpp goes on from a prompt with the token that we go on with."""
    prompt = tokens_of(1, length, model.n_vocab())[0]
    model.reset()
    model.eval(prompt)
    theirs = model.sample(temp=0)
    command = [options.worker, "generate", "--model", options.model, "--precision", options.precision,
               "--max-new-tokens", "1"]
    request = json.dumps({"id": "a", "tokens": prompt})
    output = subprocess.run(command, input=request, text=True, check=True, stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL).stdout
    ours = json.loads(output)["tokens"][0]
    print(f"after {length} tokens molt goes on with {ours}, llama.cpp with {theirs}", file=sys.stderr)


def llama_cpp(options):
    if not options.gguf and not options.llama:
        raise ImportError("neither --gguf nor --llama is given")
    from llama_cpp import Llama

    longest = max(length for _, length in options.shapes) + (options.generate or 0)
    model = Llama(
        gguf_file(options), n_ctx=longest, n_batch=longest, n_ubatch=longest, n_threads=options.threads,
        n_threads_batch=options.threads, logits_all=not options.generate, verbose=False)

    def measure(sequences, length):
        """One sequence after another: the package has no batches."""
        seconds = 0.0
        for tokens in tokens_of(sequences, length, model.n_vocab()):
            model.reset()
            start = time.perf_counter()
            model.eval(tokens)
            if options.generate:
                start = time.perf_counter()
                for _ in range(options.generate):
                    model.eval([model.sample(temp=0)])
            seconds += time.perf_counter() - start
        return sequences * (options.generate or length) / seconds

    check_choice(options, model, min(32, longest))
    return "llama.cpp", measure


def main():
    options = arguments()
    everyone = [ours(options)]
    for peer in (transformers, llama_cpp):
        try:
            everyone.append(peer(options))
        except ImportError as error:
            print(f"without {peer.__name__}: {error}", file=sys.stderr)
    rows = []
    for sequences, length in options.shapes:
        figures = {name: [] for name, _ in everyone}
        for _ in range(options.repeat):
            for name, measure in everyone:
                figures[name].append(measure(sequences, length))
        row = {"shape": f"{sequences}x{length}", "precision": options.precision, "threads": options.threads}
        row["tokens_per_second"] = {name: statistics.median(list_) for name, list_ in figures.items()}
        row["ratio"] = {
            name: statistics.median(a / b for a, b in zip(figures["molt"], list_))
            for name, list_ in figures.items() if name != "molt"
        }
        rows.append(row)
    if options.json:
        print(json.dumps(rows, indent=2))
        return
    peers = [name for name, _ in everyone][1:]
    print("| shape | molt | " + "".join(f"{name} | molt / {name} | " for name in peers))
    print("|" + "---|" * (2 + 2 * len(peers)))
    for row in rows:
        cells = [row["shape"], f"{row['tokens_per_second']['molt']:.0f}"]
        for name in peers:
            cells += [f"{row['tokens_per_second'][name]:.0f}", f"{row['ratio'][name]:.2f}x"]
        print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
