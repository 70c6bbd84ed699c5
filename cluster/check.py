"""Checks what operators load into other programs: that Grafana's panels ask only for metrics that there are.

    python3 cluster/check.py http://127.0.0.1:8080

Names come from a coordinator's /metrics and from recording.yml; without an address only the files' form is checked.
"""

import json
import pathlib
import re
import sys
import urllib.request

HERE = pathlib.Path(__file__).parent
NAME = re.compile(r"\bmolt[a-z_:0-9]*\b")


def names(text):
    without_labels = re.sub(r"\{[^}]*\}", "", text)
    return set(NAME.findall(re.sub(r'"[^"]*"', "", without_labels)))


def main():
    dashboard = json.loads((HERE / "grafana/molt.json").read_text())
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels), "two panels have one id"
    expressions = [target["expr"] for panel in panels for target in panel["targets"]]
    recording = (HERE / "prometheus/recording.yml").read_text()
    alerts = (HERE / "prometheus/alerts.yml").read_text()
    recorded = set(re.findall(r"record: (\S+)", recording))
    rules = re.findall(r"expr: (.+)", recording) + re.findall(r"expr: (.+)", alerts)
    asked = set().union(*(names(text) for text in expressions + rules)) - recorded
    unknown = set().union(*(names(text) for text in expressions)) & {n for n in asked if ":" in n}
    if len(sys.argv) > 1:
        with urllib.request.urlopen(sys.argv[1].rstrip("/") + "/metrics") as answer:
            there = set(re.findall(r"^# TYPE (\S+)", answer.read().decode(), re.MULTILINE))
        unknown |= asked - there
    if unknown:
        sys.exit(f"asked for, and not there: {', '.join(sorted(unknown))}")
    print(f"{len(panels)} panels and {len(rules)} rules ask for {len(asked)} metrics")


if __name__ == "__main__":
    main()
