"""The dashboard in headless Chromium over a real coordinator and worker: `make browser`.

Watches a cell fill, opens an example's reduction, compares two methods, loses and regains the coordinator. With --shots
DIR it keeps pictures in light, dark and phone width, for people to look at.
"""

import argparse
import json
import pathlib
import signal
import sqlite3
import sys
import urllib.parse

from playwright.sync_api import expect, sync_playwright

from stage import REPOSITORY, Stage

PATIENCE = 60_000


class Look:
    def __init__(self, stage, page, shots):
        self.stage, self.page, self.shots = stage, page, shots
        self.base = f"http://{stage.http}"
        self.faults = []
        page.on("console", lambda message: message.type == "error" and self.note(message.text))
        page.on("pageerror", lambda error: self.note(str(error)))

    def note(self, text):
        # While the coordinator is away, or has nothing at an address, a browser says so itself.
        if not any(known in text for known in ["ERR_CONNECTION", "ERR_INCOMPLETE_CHUNKED", "status of 404"]):
            self.faults.append(text)

    def shot(self, name):
        if not self.shots:
            return
        for scheme, width in [("light", 1280), ("dark", 1280), ("light", 390)]:
            self.page.emulate_media(color_scheme=scheme)
            self.page.set_viewport_size({"width": width, "height": 900})
            kind = scheme if width > 400 else "phone"
            self.page.screenshot(path=str(self.shots / f"{name}-{kind}.png"), full_page=True)
        self.page.emulate_media(color_scheme="light")
        self.page.set_viewport_size({"width": 1280, "height": 900})

    def fits(self):
        """Nothing but what scrolls by itself is wider than a phone."""
        self.page.set_viewport_size({"width": 390, "height": 900})
        wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{self.page.url} is {wide} pixels wider than a phone"
        self.page.set_viewport_size({"width": 1280, "height": 900})

    def runs(self):
        page = self.page
        page.goto(self.base)
        expect(page.locator("#link")).to_have_text("live", timeout=PATIENCE)
        expect(page.get_by_text("No runs yet.")).to_be_visible()
        self.run = self.stage.submit()
        # By itself: nobody loads the page again.
        expect(page.get_by_role("link", name=self.run)).to_be_visible(timeout=PATIENCE)
        page.get_by_role("link", name=self.run).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(self.run)
        expect(page.locator("#standing")).to_contain_text("0 of 240")

    def cell_fills(self):
        page = self.page
        page.evaluate("document.body.dataset.mark = 'same page'")
        worker = self.stage.worker()
        expect(page.locator("#standing")).to_contain_text("complete", timeout=PATIENCE)
        expect(page.locator("#standing")).to_contain_text("240 of 240")
        expect(page.locator("#part-results")).to_contain_text("utrc", timeout=PATIENCE)
        expect(page.locator("#part-results td.part")).to_have_count(0, timeout=PATIENCE)
        assert page.evaluate("document.body.dataset.mark") == "same page", "the page was loaded again"
        self.fits()
        self.shot("run")
        page.goto(self.base + "/workers")
        expect(page.locator(".workers li")).to_have_count(1)
        self.fits()
        self.shot("workers")
        page.goto(self.base)
        self.fits()
        self.shot("runs")
        page.goto(self.base + "/events")
        self.fits()
        self.shot("events")
        return worker

    def example(self):
        page = self.page
        page.goto(f"{self.base}/runs/{self.run}")
        page.locator(".cells li").nth(1).get_by_role("link", name="ARC-Easy").click()
        self.fits()
        page.locator("select[name=filter]").select_option("lost")
        page.locator("select[name=against]").select_option(index=1)
        page.get_by_role("button", name="Show").click()
        expect(page.locator("tbody tr").first).to_contain_text("wrong")
        expect(page.locator("tbody .verdict.right").first).to_be_visible()
        self.shot("examples")
        page.locator("tbody tr").first.get_by_role("link").click()
        page.locator("#reduction ~ .pick").first.get_by_role("link").first.click()
        strip = page.locator(".strip").first
        expect(strip).to_be_visible(timeout=PATIENCE)
        assert page.locator(".strip").first.locator("[class*=gone-]").count() > 0, "no token left"
        page.locator("details.layer summary").first.click()
        token = page.locator("details.layer [data-into]").first
        token.focus()
        expect(page.locator("details.layer .target").first).to_be_visible()
        self.fits()
        self.shot("example")

    def compare(self):
        page = self.page
        page.goto(self.base + "/compare")
        page.locator("select[name=baseline_label]").select_option("none")
        page.locator("select[name=candidate_label]").select_option(index=2)
        page.get_by_role("button", name="Compare").click()
        expect(page.locator("#comparison tbody tr")).to_have_count(6, timeout=PATIENCE)
        self.fits()
        self.shot("compare")

    def loss(self):
        page = self.page
        page.goto(f"{self.base}/runs/{self.run}")
        expect(page.locator("#link")).to_have_text("live", timeout=PATIENCE)
        self.stage.stop(self.stage.coordinator, signal.SIGKILL)
        expect(page.locator("#link")).to_have_class("lost", timeout=PATIENCE)
        self.shot("lost")
        self.stage.serve()
        expect(page.locator("#link")).to_have_text("live", timeout=PATIENCE)
        expect(page.locator("#standing")).to_contain_text("240 of 240")

    def keyboard(self):
        page = self.page
        page.goto(self.base)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        names = page.evaluate(
            "[...document.querySelectorAll('input,select,button,a')].filter((e) => !(e.labels?.length || e.textContent.trim()))"
            ".map((e) => e.outerHTML)")
        assert not names, f"without a name: {names}"

    def focus_stays(self):
        """A part that is written anew under a keyboard leaves it where it was."""
        page = self.page
        page.goto(self.base)
        expect(page.locator("#link")).to_have_text("live", timeout=PATIENCE)
        page.get_by_role("link", name=self.run).focus()
        page.evaluate("document.getElementById('runs').dataset.mark = 'old'")
        other = self.stage.submit()
        expect(page.get_by_role("link", name=other)).to_be_visible(timeout=PATIENCE)
        assert page.evaluate("document.getElementById('runs').dataset.mark") is None, "the part was not written anew"
        assert page.evaluate("document.activeElement.textContent") == self.run, "the focus is lost"
        worker = self.stage.worker("second")
        # What a screen reader is told.
        expect(page.locator("#news")).to_have_text(f"{other} is complete", timeout=PATIENCE)
        self.stage.stop(worker)

    def hostile(self):
        """Names and documents that are markup stay text, and long ones stay on a phone's screen."""
        page = self.page
        long = "a-name-without-a-blank-" * 12
        attack = f"</title><script>owned=1</script>\"'><img src=x onerror=owned=1><svg onload=owned=1>{long}"
        self.stage.stop(self.stage.coordinator)
        store = sqlite3.connect(self.stage.store)
        with store:
            triggers = store.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
            for name, _ in triggers:
                store.execute(f"DROP TRIGGER {name}")
            store.execute("UPDATE runs SET run = ?1, name = ?1 WHERE run = ?2", (attack[:150], self.run))
            store.execute("UPDATE models SET model = ?", (attack,))
            store.execute("UPDATE documents SET doc = json_object('text', ?1), target = ?1", (attack,))
            prompts = store.execute("SELECT benchmark, example, prompts FROM documents").fetchall()
            for benchmark, example, groups in prompts:
                groups = [[attack for _ in group] for group in json.loads(groups)]
                store.execute(
                    "UPDATE documents SET prompts = ? WHERE benchmark = ? AND example = ?",
                    (json.dumps(groups), benchmark, example))
            store.execute("INSERT INTO events (at, kind, detail) VALUES (1, 'worker joined', ?)", (attack,))
            for _, sql in triggers:
                store.execute(sql)
        store.close()
        self.stage.serve()
        run = urllib.parse.quote(attack[:150], safe="")
        for path in [
            "/", f"/runs/{run}", f"/runs/{run}/cells/6/examples?q={run}", f"/runs/{run}/cells/6/examples/0?method=6",
            f"/compare?baseline={run}&baseline_label=none&candidate_label={run}", "/events",
        ]:
            page.goto(self.base + path)
            assert page.locator(".kicker").all_inner_texts() != ["500"], f"{path} fails"
            expect(page.locator("main")).to_contain_text("onerror=owned=1", timeout=PATIENCE)
            assert page.evaluate("typeof owned") == "undefined", f"{path} ran what it shows"
            assert page.locator("main img, main script").count() == 0, f"{path} has markup of a name"
            self.fits()
        page.goto(f"{self.base}/runs/{run}")
        self.shot("hostile")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", default=str(REPOSITORY / ".build/release"))
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    parser.add_argument("--shots", type=pathlib.Path)
    options = parser.parse_args()
    if options.shots:
        options.shots.mkdir(parents=True, exist_ok=True)
    with Stage(options.bin) as stage, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=options.chromium, args=["--no-sandbox", "--disable-gpu"])
        page = chromium.new_context(reduced_motion="reduce").new_page()
        page.set_default_timeout(PATIENCE)
        look = Look(stage, page, options.shots)
        for step in [
            look.runs, look.cell_fills, look.example, look.compare, look.keyboard, look.focus_stays, look.loss, look.hostile,
        ]:
            step()
            print(f"{step.__name__}: as it should be", flush=True)
        chromium.close()
        if look.faults:
            sys.exit(f"the browser complained: {look.faults}")


if __name__ == "__main__":
    main()
