"""Where chaos.py's processes live: on the loopback, or in network namespaces behind a bridge that can be cut.

A namespace is that of a holder process which dies with its parent, so that none is left whatever happens. Nothing is
made in the namespace of the machine.
"""

import ctypes
import signal
import socket
import subprocess

PR_SET_PDEATHSIG = 1


def die_with_parent():
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Loopback:
    """All processes on 127.0.0.1; nothing can be cut."""

    can_partition = False
    description = "loopback; without root, nft and ip there are no partitions"

    def __init__(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.endpoint = f"tcp://127.0.0.1:{probe.getsockname()[1]}"

    def enter(self, name):
        return []

    def cut(self, name, way):
        pass

    def heal(self):
        pass

    def close(self):
        pass


class Namespaces:
    """A bridge in one namespace; the coordinator and each worker in one of their own, joined to it."""

    can_partition = True
    endpoint = "tcp://10.77.0.1:5555"

    def __init__(self, workers):
        self.holders = {}
        self.ports = {}
        self.description = f"{workers + 1} namespaces behind a bridge"
        self.hold("switch")
        self.run("switch", "ip", "link", "add", "br0", "type", "bridge")
        self.run("switch", "ip", "link", "set", "br0", "up")
        for number, name in enumerate(["coordinator", *(f"worker-{index}" for index in range(workers))]):
            self.hold(name)
            port = f"p{number}"
            self.ports[name] = port
            self.run("switch", "ip", "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns",
                     str(self.holders[name].pid))
            self.run("switch", "ip", "link", "set", port, "master", "br0", "up")
            self.run(name, "ip", "address", "add", f"10.77.0.{number + 1}/24", "dev", "eth0")
            self.run(name, "ip", "link", "set", "eth0", "up")
            self.run(name, "ip", "link", "set", "lo", "up")
        self.heal()

    def hold(self, name):
        # The word on its output says that the namespace is there.
        holder = subprocess.Popen(["unshare", "-n", "sh", "-c", "echo ready; exec sleep infinity"],
                                  stdout=subprocess.PIPE, preexec_fn=die_with_parent)
        holder.stdout.readline()
        self.holders[name] = holder

    def enter(self, name):
        return ["nsenter", "-t", str(self.holders[name].pid), "-n"]

    def run(self, name, *words, **settings):
        subprocess.run(self.enter(name) + list(words), check=True, **settings)

    def cut(self, name, way):
        """Drops what leaves a worker (`out`), what reaches it (`in`), or both."""
        port, other = self.ports[name], self.ports["coordinator"]
        rules = []
        if way in ("out", "both"):
            rules.append(f'add rule bridge part f iifname "{port}" oifname "{other}" drop')
        if way in ("in", "both"):
            rules.append(f'add rule bridge part f iifname "{other}" oifname "{port}" drop')
        self.run("switch", "nft", "-f", "-", input="\n".join(rules).encode())

    def heal(self):
        script = "add table bridge part\ndelete table bridge part\nadd table bridge part\n" \
                 "add chain bridge part f { type filter hook forward priority 0; }\n"
        self.run("switch", "nft", "-f", "-", input=script.encode())

    def close(self):
        for holder in self.holders.values():
            holder.kill()
            holder.wait()
