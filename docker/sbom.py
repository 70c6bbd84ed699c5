#!/usr/bin/env python3
"""Prints a CycloneDX 1.5 bill of materials: Debian's packages of a dpkg status file, and Package.resolved's."""

import argparse
import email.parser
import hashlib
import json
import os
import time
import urllib.parse


def quoted(text):
    """As a package URL has it."""
    return urllib.parse.quote(text, safe="-._~:")


def debian(status):
    parse = email.parser.Parser().parsestr
    for paragraph in open(status, encoding="utf-8").read().strip().split("\n\n"):
        package = parse(paragraph)
        if "installed" not in package["Status"].split():
            continue
        name, version = package["Package"], package["Version"]
        yield {
            "type": "library",
            "name": name,
            "version": version,
            "purl": f"pkg:deb/debian/{quoted(name)}@{quoted(version)}?arch={package['Architecture']}",
        }


def swift(resolved):
    for pin in json.load(open(resolved, encoding="utf-8"))["pins"]:
        place = pin["location"].removeprefix("https://").removesuffix(".git")
        version = pin["state"].get("version", pin["state"]["revision"])
        yield {
            "type": "library",
            "name": pin["identity"],
            "version": version,
            "purl": f"pkg:swift/{place}@{quoted(version)}",
            "properties": [{"name": "git:revision", "value": pin["state"]["revision"]}],
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--status", required=True, help="dpkg's status file")
    parser.add_argument("--resolved", required=True, help="Package.resolved")
    parser.add_argument("--revision", default="unknown", help="the git commit")
    arguments = parser.parse_args()
    components = [*debian(arguments.status), *swift(arguments.resolved)]
    for component in components:
        component["bom-ref"] = component["purl"]
    components.sort(key=lambda component: component["purl"])
    # The same contents are the same document: its time is the build's, its name a hash of what it lists.
    stamp = time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH", "0")))
    digest = hashlib.sha256(json.dumps(components).encode()).hexdigest()
    number = f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-8{digest[17:20]}-{digest[20:32]}"
    bill = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{number}",
        "version": 1,
        "metadata": {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", stamp),
            "component": {"type": "application", "name": "molt", "version": arguments.revision, "bom-ref": "molt"},
        },
        "components": components,
    }
    print(json.dumps(bill, indent=1))


main()
