"""The pictures of README.md, of a real run: `make pictures` writes docs/images.

A job of two methods at three amounts on the demonstration's rows: the dashboard while a worker computes it, what a
reduction did to an example, and the report.
"""

import argparse
import pathlib
import signal
import sqlite3
import time

from playwright.sync_api import sync_playwright

from stage import REPOSITORY, Stage

SWEEP = "  - { method: [utrc, evit], flops: [0.1, 0.2, 0.3], layers: [1, 2], scope: context }\n"
LIMIT = 150_000


def submit(stage):
    job = stage.folder / "sweep.yaml"
    lines = (stage.folder / "quick.yaml").read_text().splitlines(keepends=True)
    job.write_text("".join(SWEEP if "method: utrc" in line else line for line in lines))
    return stage.submit("sweep.yaml")


def wait(stage, share):
    """Until that share of the run's rows is stored."""
    with sqlite3.connect(f"file:{stage.store}?mode=ro", uri=True) as database:
        (expected,) = database.execute("SELECT count(*) FROM expected").fetchone()
        while database.execute("SELECT count(*) FROM scores").fetchone()[0] < share * expected:
            time.sleep(0.01)


def main():
    parser = argparse.ArgumentParser(prog="make pictures", description=__doc__.splitlines()[0])
    parser.add_argument("--bin", default=str(REPOSITORY / ".build/release"))
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    parser.add_argument("--output", type=pathlib.Path, default=REPOSITORY / "docs/images")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)

    with Stage(options.bin) as stage, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=options.chromium, args=["--no-sandbox", "--disable-gpu"])
        page = chromium.new_context(reduced_motion="reduce", color_scheme="light").new_page()
        page.set_viewport_size({"width": 1180, "height": 760})

        def shot(name):
            path = options.output / f"{name}.png"
            page.screenshot(path=str(path))
            print(f"{path}: {path.stat().st_size} bytes")
            if path.stat().st_size > LIMIT:
                raise SystemExit(f"{path} is larger than {LIMIT} bytes")

        run = submit(stage)
        worker = stage.worker()
        wait(stage, 0.6)
        worker.send_signal(signal.SIGSTOP)
        page.goto(f"http://{stage.http}/runs/{run}")
        page.locator("#link").get_by_text("live").wait_for()
        shot("dashboard")
        worker.send_signal(signal.SIGCONT)
        wait(stage, 1)
        stage.run("coord", "report", run, "--store", stage.store, "--format", "html", "-o", stage.folder / "run.html")
        page.goto(f"file://{stage.folder}/run.html")
        page.get_by_role("link", name="Against FLOPs saved").click()
        shot("report")
        chromium.close()


if __name__ == "__main__":
    main()
