"""schemathesis against the JSON interface of a real coordinator over its OpenAPI document: `make api-fuzz`.

The store has one complete run with text, and one whose rows are missing. Names and numbers that exist are handed to
schemathesis, so that it gets past the refusals; ARGUMENTS go to it, such as "--max-examples 2000 --seed 7".
"""

import argparse
import json
import subprocess
import sys
import time

from stage import REPOSITORY, Stage

BENCHMARKS = 6


def fill(stage):
    """A complete run and an unfinished one; their names."""
    complete = stage.submit()
    worker = stage.worker()
    deadline = time.monotonic() + 120
    while stage.get(f"/api/v1/runs/{complete}")["state"] != "complete":
        if time.monotonic() > deadline:
            raise RuntimeError("the run does not end")
        time.sleep(0.2)
    stage.stop(worker)
    return complete, stage.submit()


def settings(stage, runs):
    """Such values as exist, for a part of the cases; the others are what schemathesis makes of the schemas."""
    names = [json.dumps(name) for name in runs]
    known = {
        "path.run": names, "path.cell": list(range(2 * BENCHMARKS)), "path.example": list(range(10)),
        "query.baseline": names, "query.candidate": names, "query.before": names,
        "query.baseline_label": ['"none"'], "query.candidate_label": ['"utrc flops=0.2"'],
        "query.against": list(range(2 * BENCHMARKS)), "query.choice": [0, 1, 2],
    }
    # A refusal that the document tells of and no schema can: 422 for what is well-formed, 414 for what is too long.
    lines = [
        "[checks]", 'positive_data_acceptance.expected-statuses = ["2xx", "3xx", 401, 403, 404, 409, 422]',
        'negative_data_rejection.expected-statuses = [400, 404, 405, 414, 422]', "[dictionaries]"]
    lines += [f"{key.replace('.', '-')} = {{ values = [{', '.join(map(str, values))}] }}" for key, values in known.items()]
    lines += ["[parameters]"]
    lines += [f"\"{key}\" = {{ dictionary = \"{key.replace('.', '-')}\", probability = 0.7 }}" for key in known]
    path = stage.folder / "schemathesis.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", default=str(REPOSITORY / ".build/release"))
    parser.add_argument("--schemathesis", default="schemathesis")
    options, rest = parser.parse_known_args()
    with Stage(options.bin) as stage:
        runs = fill(stage)
        command = [
            options.schemathesis, "--config-file", settings(stage, runs), "run",
            f"http://{stage.http}/api/v1/openapi.json", "--checks", "all", "--mode", "all", "--continue-on-failure",
            # It has no end.
            "--exclude-path", "/api/v1/stream",
            "--generation-database", "none", "--no-color", *(rest or ["--max-examples", "500"])]
        status = subprocess.run(list(map(str, command)), cwd=stage.folder).returncode
        log = (stage.folder / "coordinator.log").read_text()
        failed = [line for line in log.splitlines() if "a request failed" in line]
        if stage.coordinator.poll() is not None or failed:
            sys.exit("the coordinator " + ("said: " + failed[0] if failed else f"ended: {log[-2000:]}"))
    sys.exit(status)


if __name__ == "__main__":
    main()
