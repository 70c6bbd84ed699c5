"""Reads the Grafana dashboard as Grafana's own types and writes it again: nothing may be lost or differ.

Every PromQL expression, of panels and of rules, must parse. Needs the packages grafana-foundation-sdk and
promql-parser; `make operators` has them in an environment of its own.
"""

import json
import pathlib
import re
import sys

import promql_parser
from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard, prometheus

HERE = pathlib.Path(__file__).parent


def lost(before, after, place="$"):
    """What `after` lacks of `before`, or has otherwise; what it has besides are defaults."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name, value in before.items():
            if name in after:
                yield from lost(value, after[name], f"{place}.{name}")
            else:
                yield f"{place}.{name} is not Grafana's"
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (first, second) in enumerate(zip(before, after)):
            yield from lost(first, second, f"{place}[{number}]")
    elif before != after:
        yield f"{place}: {json.dumps(before)} became {json.dumps(after)}"


def expressions(text):
    """Those of a rules file, which has each on one line."""
    return [line.strip().strip("\"'") for line in re.findall(r"^\s*(?:- )?expr: (.+)$", text, re.MULTILINE)]


def main():
    plugins.register_default_plugins()
    before = json.loads((HERE / "molt.json").read_text())
    read = dashboard.Dashboard.from_json(before)
    faults = list(lost(before, json.loads(JSONEncoder().encode(read))))
    asked = []
    for panel in read.panels:
        for target in panel.targets or []:
            if isinstance(target, prometheus.Dataquery):
                # Grafana's own names for spans of time stand for one.
                asked.append((f"panel '{panel.title}'", re.sub(r"\$__\w+", "5m", target.expr)))
            else:
                faults.append(f"panel '{panel.title}': a query that is none for Prometheus")
    for name in ["alerts.yml", "recording.yml"]:
        rules = expressions((HERE.parent / "prometheus" / name).read_text())
        assert rules, f"{name} has no rules"
        asked += [(name, rule) for rule in rules]
    for place, text in asked:
        try:
            promql_parser.parse(text)
        except ValueError as error:
            faults.append(f"{place}: {text}: {error}")
    if faults:
        sys.exit("\n".join(faults))
    print(f"{len(read.panels)} panels go to Grafana's types and back; {len(asked)} expressions parse")


if __name__ == "__main__":
    main()
