"""make slurm: Molt on a real Slurm of one controller and two nodes on this machine, with everything done to it.

Runs the quick job on an array of workers as cluster/slurm has it; then a longer one while a worker is cancelled, one
requeued, the coordinator requeued and a node killed, whose worker goes on as a zombie. Each run must end complete,
every bit as in an undisturbed one. Needs root and Debian's slurmctld, slurmd, slurm-client and munge; runs in network,
process and mount namespaces of its own, with which everything ends.
"""

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
sys.path.insert(0, str(REPOSITORY / "Tests" / "Chaos"))

from chaos import Failure, Inputs, figures, rows_of, tool  # noqa: E402

CONFIGURATION = """\
ClusterName=molt
SlurmctldHost={host}(127.0.0.1)
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool_%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd_%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd_%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
ReturnToService=2
SlurmdTimeout=10
KillWait=60
GresTypes=gpu
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port=17001 CPUs=4 RealMemory=4000 Gres=gpu:fake:2
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port=17002 CPUs=4 RealMemory=4000 Gres=gpu:fake:2
PartitionName=main Nodes=n1,n2 Default=YES State=UP
"""
DEVICES = "".join(f"NodeName={node} Name=gpu Type=fake File=/dev/{file}\n"
                  for node in ("n1", "n2") for file in ("null", "zero"))


class Slurm:
    """A controller and two nodes."""

    def __init__(self, folder):
        self.folder = folder
        for name in ("state", "spool_n1", "spool_n2"):
            (folder / name).mkdir()
        text = CONFIGURATION.format(host=socket.gethostname().split(".")[0], folder=folder)
        (folder / "slurm.conf").write_text(text)
        (folder / "gres.conf").write_text(DEVICES)
        os.environ["SLURM_CONF"] = str(folder / "slurm.conf")
        (folder / "munge.key").write_bytes(os.urandom(128))
        (folder / "munge.key").chmod(0o600)
        self.processes = {}
        self.start("munged", "munged", "--foreground", "--force", f"--key-file={folder}/munge.key",
                   f"--socket={folder}/munge.socket", f"--pid-file={folder}/munged.pid",
                   f"--log-file={folder}/munged.log", f"--seed-file={folder}/munged.seed")
        wait(60, "munge", (folder / "munge.socket").exists)
        self.start("slurmctld", "slurmctld", "-D")
        for node in ("n1", "n2"):
            self.start(node, "slurmd", "-D", "-N", node)
        wait(60, "two idle nodes", lambda: self.ask("sinfo", "-h", "-N", "-o", "%N %t") == "n1 idle\nn2 idle")

    def start(self, name, *words):
        with open(self.folder / f"{name}.out", "ab") as log:
            self.processes[name] = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def ask(self, *words):
        return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True).stdout.strip()

    def submit(self, script, *options, **variables):
        environment = {**os.environ, **{key: str(value) for key, value in variables.items()}}
        command = ["sbatch", "--parsable", "--chdir", self.folder, *options, REPOSITORY / "cluster" / "slurm" / script]
        done = subprocess.run([str(word) for word in command], env=environment, stdout=subprocess.PIPE, text=True)
        if done.returncode:
            raise Failure(f"sbatch {script} was refused")
        return done.stdout.strip()

    def state(self, job):
        """Such as RUNNING; GONE when Slurm has forgotten it."""
        for line in self.ask("scontrol", "show", "job", "-o", job).splitlines():
            for word in line.split():
                if word.startswith("JobState="):
                    return word.removeprefix("JobState=")
        return "GONE"

    def node(self, job):
        return self.ask("squeue", "-h", "-j", job, "-o", "%N")


def wait(seconds, what, condition):
    start = time.monotonic()
    while not (value := condition()):
        if time.monotonic() - start > seconds:
            raise Failure(f"{what}: not within {seconds} s")
        time.sleep(0.2)
    return time.monotonic() - start, value


class Molt:
    """What a user has: a shared folder with programs, models and keys, and a client."""

    def __init__(self, options, folder):
        self.options, self.home = options, folder / "home"
        (self.home / "models").mkdir(parents=True)
        (self.home / "bin").symlink_to(options.bin)
        os.environ.update(MOLT_HOME=str(self.home), HOME=str(self.home), TMPDIR=str(folder / "local"))
        (folder / "local").mkdir()
        self.store = self.home / "molt.sqlite"

    def client(self, *words):
        keys = self.home / "keys"
        command = [self.options.bin / "coord", *words, "--coordinator", (self.home / "endpoint").read_text().strip(),
                   "--key", keys / "client", "--coordinator-key", keys / "coordinator.pub"]
        return subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True)

    def submit(self, job):
        _, answer = wait(180, "a coordinator that takes a job", lambda: self.answer("submit", job, "--fresh"))
        return answer

    def answer(self, *words):
        if not (self.home / "endpoint").exists():
            return ""
        done = self.client(*words)
        return done.stdout.strip() if done.returncode == 0 else ""

    def run(self, name):
        """State, rows and leases of a run, as its coordinator says them; nothing while there is none."""
        status = self.answer("status", name)
        for line in status.splitlines():
            if line.startswith(name):
                return line
        return ""

    def workers(self):
        return [line for line in self.answer("workers").splitlines()[1:] if line]


def expect(condition, text):
    print(f"  {'yes' if condition else 'NO'}: {text}", flush=True)
    if not condition:
        raise Failure(text)


def compare(store, number, expected):
    rows = rows_of(store)[number]
    _, named, counts, sound = figures(store)
    expect(rows == expected and not named, f"{len(rows)} rows, every bit as in the undisturbed run")
    expect(sound == "ok" and not any(counts.values()), f"integrity_check {sound}, {counts}")


def quick(slurm, molt, options, folder):
    print("the quick job on an array of two workers, each bound to an accelerator")
    undisturbed = folder / "quick.sqlite"
    tool(options, "run", REPOSITORY / "jobs" / "quick.yaml", "--store", undisturbed, stderr=subprocess.DEVNULL)
    small = ["--cpus-per-task=2", "--mem=500"]
    coordinator = slurm.submit("coordinator.sbatch", *small, "--nodelist=n1")
    run = molt.submit(REPOSITORY / "jobs" / "quick.yaml")
    start = time.monotonic()
    workers = slurm.submit("worker.sbatch", "--cpus-per-task=1", "--mem=500", "--gres=gpu:1", "--array=1-2")
    wait(180, "a row", lambda: any(rows_of(molt.store)[0].values()))
    print(f"  {time.monotonic() - start:.1f} s from sbatch to the first stored row")
    wait(300, "the end", lambda: "complete" in molt.run(run))
    print(f"  {time.monotonic() - start:.1f} s from sbatch to the last")
    compare(molt.store, 0, rows_of(undisturbed)[0])
    for task in (1, 2):
        shown = slurm.ask("scontrol", "show", "job", "-d", "-o", f"{workers}_{task}")
        expect("GRES=gpu:fake:1" in shown, f"task {task} has one accelerator")
    key = molt.home / "keys" / "slurm-1"
    expect(key.stat().st_mode & 0o077 == 0, "a worker's key is readable by its owner only")
    start = time.monotonic()
    slurm.ask("scancel", workers)
    wait(60, "the array's end", lambda: "RUNNING" not in slurm.state(workers) and "COMPLETING" not in slurm.state(workers))
    wait(60, "no workers", lambda: not molt.workers())
    print(f"  {time.monotonic() - start:.1f} s from scancel to idle workers having left")
    return coordinator


def launcher(slurm, molt, options, folder):
    print("coord cluster up, scale and down, with scripts for small nodes")
    scripts = folder / "repository" / "cluster" / "slurm"
    scripts.mkdir(parents=True)
    for name in ("coordinator.sbatch", "worker.sbatch"):
        text = (REPOSITORY / "cluster" / "slurm" / name).read_text()
        for line in ("cpus-per-task=2", "cpus-per-task=4"):
            text = text.replace(line, "cpus-per-task=1")
        (scripts / name).write_text(text.replace("--mem=4G", "--mem=500").replace("--mem=8G", "--mem=500"))

    def cluster(*words):
        done = subprocess.run([options.bin / "coord", "cluster", *words, "--launcher", "slurm", "--from",
                               folder / "repository"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if done.returncode:
            raise Failure(f"coord cluster {' '.join(words)}: {done.stderr.strip()}")

    def names():
        return sorted(line.split()[0] for line in molt.workers())

    cluster("up", "--workers", "2")
    seconds, _ = wait(180, "two workers", lambda: names() == ["slurm-1", "slurm-2"])
    expect(True, f"up: two workers after {seconds:.1f} s")
    cluster("up", "--workers", "2")
    jobs = slurm.ask("squeue", "-h", "-r").splitlines()
    expect(len(jobs) == 3, "up again starts nothing")
    cluster("scale", "--workers", "1")
    seconds, _ = wait(60, "one worker", lambda: names() == ["slurm-1"])
    expect(True, f"scale: the second has left after {seconds:.1f} s")
    cluster("scale", "--workers", "3")
    wait(180, "three workers", lambda: names() == ["slurm-1", "slurm-2", "slurm-3"])
    cluster("down")
    wait(60, "an empty queue", lambda: not slurm.ask("squeue", "-h"))
    expect(True, "down: nothing is left in the queue")
    (molt.home / "endpoint").unlink()


def limit(slurm, molt, options, folder):
    print("a worker leaves before its time limit, without Slurm's signal")
    worker = slurm.submit("worker.sbatch", "--cpus-per-task=1", "--mem=500", "--array=9", "--time=2",
                          "--signal=USR1@1")
    wait(180, "a worker", molt.workers)
    print("  waiting for a minute", flush=True)
    wait(100, "its end", lambda: slurm.state(worker) == "COMPLETED")
    log = (folder / "molt-worker-9.log").read_text()
    expect("before the time that this worker was given ends" in log, "it left by itself, and Slurm calls it completed")


def disturbed(slurm, molt, coordinator, inputs, expected, folder):
    print("a longer job on an array of four, disturbed")
    run = molt.submit(inputs.job)
    options = ["--cpus-per-task=1", "--mem=500"]
    workers = slurm.submit("worker.sbatch", *options, "--array=1-4", MOLT_BACKEND="reference")
    task = [f"{workers}_{number}" for number in range(5)]
    wait(180, "rows", lambda: sum(digest is not None for digest in rows_of(molt.store)[-1].values()) > 100)
    on = {number: slurm.node(task[number]) for number in range(1, 5)}
    print(f"  tasks on nodes: {on}; {molt.run(run)}")
    there = [number for number in on if on[number] == "n2"]
    here = [number for number in on if on[number] == "n1"]
    expect(there and len(here) >= 2, "workers on both nodes")

    seconds = time.monotonic()
    slurm.ask("scancel", task[here[0]])
    wait(60, "the cancelled worker's end", lambda: slurm.state(task[here[0]]) == "CANCELLED")
    print(f"  scancel of task {here[0]}: left after {time.monotonic() - seconds:.1f} s of draining under load")

    slurm.ask("scontrol", "requeue", task[here[1]])
    print(f"  requeued task {here[1]}", flush=True)
    node = slurm.processes.pop("n2")
    node.kill()
    node.wait()
    print("  killed n2's slurmd, whose workers go on as zombies", flush=True)
    # Slurm starts what it has requeued two minutes later.
    slurm.ask("scontrol", "requeue", coordinator)
    print("  requeued the coordinator", flush=True)
    wait(60, "n2 down", lambda: "down" in slurm.ask("sinfo", "-h", "-n", "n2", "-o", "%t"))
    print(f"  Slurm has seen that n2 is down; its tasks are {[slurm.state(task[number]) for number in there]}")
    wait(200, "the coordinator's second start", lambda: slurm.state(coordinator) == "RUNNING")
    seconds, _ = wait(200, "the requeued worker's second start", lambda: slurm.state(task[here[1]]) == "RUNNING")
    print(f"  the coordinator and task {here[1]} are running again")
    wait(600, "the end", lambda: "complete" in molt.run(run))
    compare(molt.store, -1, expected)
    names = [line.split()[0] for line in molt.workers()]
    print(f"  workers at the end: {names}")
    slurm.ask("scancel", workers)
    # The zombies hear of it only from the coordinator, one after the other where two have the same key.
    wait(100, "the workers' leaving", lambda: molt.client("drain", "--all") and not molt.workers())


def perform(options, folder):
    slurm = Slurm(folder)
    molt = Molt(options, folder)
    inputs = Inputs(argparse.Namespace(bin=options.bin, vocabulary=2048, documents=options.documents, data=None), folder)
    shutil.copytree(REPOSITORY / "jobs" / "models" / "tiny", molt.home / "models" / "quick")
    undisturbed = folder / "undisturbed.sqlite"
    tool(options, "run", inputs.job, "--store", undisturbed, "--backend", "reference", stderr=subprocess.DEVNULL)
    expected = rows_of(undisturbed)[0]
    launcher(slurm, molt, options, folder)
    coordinator = quick(slurm, molt, options, folder)
    if options.limit:
        limit(slurm, molt, options, folder)
    disturbed(slurm, molt, coordinator, inputs, expected, folder)
    slurm.ask("scancel", "--signal=TERM", "--batch", coordinator)
    wait(60, "the coordinator's end", lambda: slurm.state(coordinator) == "COMPLETED")
    print("the coordinator left in order; all is as it should be")


def main():
    parser = argparse.ArgumentParser(prog="make slurm", description=__doc__.splitlines()[0])
    parser.add_argument("--bin", type=Path, required=True, help="the folder of coord and worker")
    parser.add_argument("--documents", type=int, default=1200, help="of the longer job, per reduction")
    parser.add_argument("--no-limit", dest="limit", action="store_false", help="leave out the time limit, which takes a minute")
    options = parser.parse_args()
    options.bin = options.bin.resolve()
    if os.geteuid() != 0 or not all(map(shutil.which, ("slurmctld", "slurmd", "munged", "sbatch"))):
        sys.exit("make slurm needs root, and Debian's slurmctld, slurmd, slurm-client and munge")
    if "MOLT_SLURM" not in os.environ:
        os.environ["MOLT_SLURM"] = "1"
        os.execvp("unshare", ["unshare", "--net", "--pid", "--mount-proc", "--fork", "--kill-child", sys.executable,
                              *sys.argv])
    # With the loopback alone, Slurm's resolver takes the machine for one without a network.
    for words in ("link set lo up", "link add molt0 type veth peer name molt1", "address add 10.231.0.1/24 dev molt0",
                  "link set molt0 up"):
        subprocess.run(["ip", *words.split()], check=True)
    folder = Path(tempfile.mkdtemp(prefix="molt-slurm-"))
    try:
        perform(options, folder)
    except Failure as failure:
        print(f"FAILED: {failure}\nlogs and stores are kept in {folder}", file=sys.stderr)
        sys.exit(1)
    except BaseException:
        print(f"logs and stores are kept in {folder}", file=sys.stderr)
        raise
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
