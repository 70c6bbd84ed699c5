"""make kubernetes: cluster/kubernetes as far as it goes without an API server.

Builds the overlays with kubectl, holds every resource to the strict schemas, makes keys with keys.sh, and has podman run
the pods of the stateful sets with their init containers, environment, commands and security contexts: a
coordinator and two workers score the quick job, and the probes' commands are run. Volumes, secrets too, become folders. Needs kubectl,
podman, PyPI's kubernetes-validate and PyYAML, and the images of make containers.
"""

import argparse
import base64
import copy
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
FOLDER = REPOSITORY / "cluster" / "kubernetes"
sys.path.insert(0, str(REPOSITORY / "Tests" / "Chaos"))

from chaos import Failure, figures, rows_of, tool  # noqa: E402

NETWORK = f"molt-kubernetes-{os.getpid()}"
USER = 10001
TOKEN = os.urandom(32).hex()


def command(*words, check=True, text=None, **variables):
    done = subprocess.run([str(word) for word in words], input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, env={**os.environ, **variables})
    if check and done.returncode:
        raise Failure(f"{' '.join(map(str, words))}: {done.stderr.strip()} {done.stdout.strip()}")
    return done


def expect(condition, text):
    print(f"  {'yes' if condition else 'NO'}: {text}", flush=True)
    if not condition:
        raise Failure(text)


def wait(seconds, what, condition):
    start = time.monotonic()
    while not condition():
        if time.monotonic() - start > seconds:
            raise Failure(f"{what}: not within {seconds} s")
        time.sleep(0.2)
    return time.monotonic() - start


def metrics(address):
    request = urllib.request.Request(f"http://{address}:8080/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read().decode()


def validate(folder):
    built = {}
    for overlay in sorted((FOLDER / "overlays").iterdir()):
        text = command("kubectl", "kustomize", overlay).stdout
        file = folder / f"{overlay.name}.yaml"
        file.write_text(text)
        checked = command("kubernetes-validate", "--strict", file)
        built[overlay.name] = resources = [resource for resource in yaml.safe_load_all(text) if resource]
        passed = (checked.stdout + checked.stderr).count("passed")
        expect(passed == len(resources), f"overlay {overlay.name}: {passed} resources pass the strict schemas")
    return built["autoscaled"]


class Pods:
    """The pods of stateful sets, under podman."""

    def __init__(self, resources, folder):
        self.sets = {one["metadata"]["name"]: one for one in resources if one["kind"] == "StatefulSet"}
        self.folder, self.files = folder, []

    def play(self, name, resource):
        file = self.folder / f"play-{name}.yaml"
        file.write_text(yaml.safe_dump(resource))
        command("podman", "kube", "play", "--network", NETWORK, file)
        self.files.append(file)

    def secrets(self, text):
        """Folders of secrets as a kubelet makes them: of root, readable by the pod's fsGroup."""
        for resource in filter(None, yaml.safe_load_all(text)):
            folder = self.folder / resource["metadata"]["name"]
            folder.mkdir()
            for name, value in resource["data"].items():
                (folder / name).write_bytes(base64.b64decode(value))
                (folder / name).chmod(0o440)
                os.chown(folder / name, 0, USER)

    def start(self, name, ordinal, data):
        """The pod with this number, as the stateful set's controller would make it; its volumes are folders."""
        template = copy.deepcopy(self.sets[name]["spec"]["template"])
        pod = f"{name}-{ordinal}"
        spec = template["spec"]
        claims = [claim["metadata"]["name"] for claim in self.sets[name]["spec"].get("volumeClaimTemplates", [])]
        for claim in claims:
            spec["volumes"].append({"name": claim})
        for volume in spec["volumes"]:
            if volume["name"] == "data":
                path = data
            elif "secret" in volume:
                # podman 4.3 neither decodes nor protects its own.
                path = self.folder / volume.pop("secret")["secretName"]
            else:
                path = self.folder / pod / volume["name"]
                path.mkdir(parents=True)
                os.chown(path, USER, USER)
            volume.pop("emptyDir", None)
            volume.pop("persistentVolumeClaim", None)
            volume["hostPath"] = {"path": str(path), "type": "Directory"}
        # podman knows no probes of a pod as a whole, and makes its own of these; they are run by hand below.
        for container in spec["containers"]:
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                container.pop(probe, None)
            container["imagePullPolicy"] = "Never"
        for container in spec["initContainers"]:
            container["imagePullPolicy"] = "Never"
            container.setdefault("env", []).append({"name": "HOSTNAME", "value": pod})
        spec["hostname"] = pod
        self.play(pod, {"apiVersion": "v1", "kind": "Pod", "spec": spec,
                        "metadata": {"name": pod, "labels": template["metadata"]["labels"],
                                     # podman 4.3 removes others before they have ended.
                                     "annotations": {"io.podman.annotations.init.container.type": "always"}}})
        return pod

    def probes(self, name, pod):
        for container in self.sets[name]["spec"]["template"]["spec"]["containers"]:
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                words = container[probe]["exec"]["command"]
                done = command("podman", "exec", f"{pod}-{container['name']}", *words, check=False)
                expect(done.returncode == 0, f"{pod}: {probe}: {' '.join(words)}")

    def close(self):
        for file in reversed(self.files):
            command("podman", "kube", "play", "--down", file, check=False)


def perform(options, folder):
    print("the manifests")
    resources = validate(folder)
    print("the pods")
    undisturbed = folder / "quick.sqlite"
    tool(options, "run", REPOSITORY / "jobs" / "quick.yaml", "--store", undisturbed, stderr=subprocess.DEVNULL)
    data = folder / "data"
    shutil.copytree(REPOSITORY / "jobs", data)
    command("chmod", "-R", "a+rX", folder)
    keys = command(FOLDER / "keys.sh", 2, "molt", MOLT_KEYS=str(folder / "keys"),
                   PATH=f"{options.bin}:{os.environ['PATH']}").stdout
    command("podman", "network", "create", NETWORK)
    pods = Pods(resources, folder)
    try:
        pods.secrets(keys)
        pods.secrets(command("kubectl", "create", "secret", "generic", "molt-dashboard", "--dry-run=client", "--output",
                             "yaml", f"--from-literal=token={TOKEN}").stdout)
        coordinator = pods.start("molt-coordinator", 0, data)

        def coord(*words):
            return command("podman", "exec", f"{coordinator}-coordinator", "coord", *words, check=False)

        wait(120, "a coordinator", lambda: coord("status").returncode == 0)
        # The headless service's name.
        address = command("podman", "inspect", "--format", f'{{{{(index .NetworkSettings.Networks "{NETWORK}").IPAddress}}}}',
                          command("podman", "pod", "inspect", "--format", "{{.InfraContainerID}}",
                                  coordinator).stdout.strip()).stdout.strip()
        expect("molt_backlog_seconds" in metrics(address), "the metric that the autoscaler reads, for the token")
        for ordinal in (0, 1):
            template = pods.sets["molt-worker"]["spec"]["template"]["spec"]
            template["hostAliases"] = [{"ip": address, "hostnames": ["molt-coordinator"]}]
            pods.start("molt-worker", ordinal, data)
        submitted = coord("submit", "/data/quick.yaml")
        expect(submitted.returncode == 0, f"a job is taken {submitted.stderr.strip()}")
        run = submitted.stdout.strip()
        wait(300, "the end", lambda: f"{run}: complete" in coord("status", run).stdout)
        store = folder / coordinator / "store" / "molt.sqlite"
        expect(rows_of(store)[-1] == rows_of(undisturbed)[0] and figures(store)[3] == "ok",
               f"{run}: every bit as in a run outside of containers")
        workers = coord("workers").stdout
        expect("molt-worker-0" in workers and "molt-worker-1" in workers, "two workers, under the keys of their pods")
        pods.probes("molt-coordinator", coordinator)
        for ordinal in (0, 1):
            pods.probes("molt-worker", f"molt-worker-{ordinal}")
            start = time.monotonic()
            command("podman", "stop", "--time", 60, f"molt-worker-{ordinal}-worker")
            status = command("podman", "inspect", "--format", "{{.State.ExitCode}}",
                             f"molt-worker-{ordinal}-worker").stdout.strip()
            expect(status == "0", f"molt-worker-{ordinal} left with {status}, {time.monotonic() - start:.1f} s after SIGTERM")
    except Failure:
        for name in command("podman", "ps", "--all", "--format", "{{.Names}}").stdout.split():
            if name.startswith(("molt-coordinator-0-", "molt-worker-")):
                print(f"-- {name}\n{command('podman', 'logs', '--tail', 20, name, check=False).stderr}", file=sys.stderr)
        raise
    finally:
        pods.close()
        command("podman", "network", "rm", "--force", NETWORK, check=False)


def main():
    parser = argparse.ArgumentParser(prog="make kubernetes", description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=Path, required=True, help="the folder of coord and worker")
    options = parser.parse_args()
    options.bin = options.bin.resolve()
    missing = [name for name in ("kubectl", "podman", "kubernetes-validate") if not shutil.which(name)]
    if missing:
        sys.exit(f"make kubernetes needs {', '.join(missing)}")
    folder = Path(tempfile.mkdtemp(prefix="molt-kubernetes-"))
    try:
        perform(options, folder)
        print("all is as it should be")
    except Failure as failure:
        sys.exit(f"FAILED: {failure}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
