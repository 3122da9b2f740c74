"""A real Slurm of one node, for tests: munge, slurmctld and slurmd in a folder of their own, on ports of their own, without systemd,
control groups or accounting. Root only.

    slurm_cluster.py start FOLDER    starts it (again, where it is dead) and prints what to put into the environment
    slurm_cluster.py stop FOLDER     stops what runs there
"""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch")
NODE = socket.gethostname()

CONFIGURATION = """\
ClusterName=ablate
SlurmctldHost={node}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
# A requeued job waits for as long as its credential is valid, by default two minutes; less than five seconds is not taken.
AuthInfo=socket={folder}/munge/socket,cred_expire=5
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
# As many cores as a test wants, whatever the machine has.
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,sched_interval=1,bf_interval=1
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
KillWait=10
MinJobAge=300
MessageTimeout=2
ReturnToService=2
GresTypes=gpu
NodeName={node} NodeHostname={node} NodeAddr=127.0.0.1 CPUs={cores} RealMemory=64000 Gres=gpu:1 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=60 PriorityTier=1 State=UP
PartitionName=urgent Nodes=ALL MaxTime=60 PriorityTier=10 State=UP
PartitionName=gpu Nodes=ALL PriorityTier=1 State=UP
"""
# Slurm hands it out; behind it is nothing.
GRES = "NodeName={node} Name=gpu File=/dev/null\n"


def why_not():
    """What is missing here to run one; None where nothing is."""
    if os.geteuid() != 0:
        return "only root can start a Slurm"
    missing = [program for program in PROGRAMS if not shutil.which(program, path=search_path())]
    return f"not installed: {', '.join(missing)}" if missing else None


def search_path():
    return os.environ["PATH"] + ":/usr/sbin:/sbin"


def free_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


class SlurmCluster:
    """Everything lies in `folder`. Both start() and stop() may be called again."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder).resolve()
        self.environment = {"SLURM_CONF": str(self.folder / "slurm.conf"), "PATH": search_path()}

    def start(self, cores=4):
        if not (self.folder / "slurm.conf").exists():
            for name in ("munge", "state", "spool"):
                (self.folder / name).mkdir(parents=True, exist_ok=True)
            (self.folder / "munge").chmod(0o755)
            key = self.folder / "munge/key"
            key.write_bytes(os.urandom(128))
            key.chmod(0o400)
            (self.folder / "gres.conf").write_text(GRES.format(node=NODE))
            (self.folder / "slurm.conf").write_text(CONFIGURATION.format(
                node=NODE, folder=self.folder, cores=cores, controller_port=free_port(), node_port=free_port()))
        self.start_munge()
        self.start_controller()
        self.start_node()
        self.until_node_is("idle")

    def start_munge(self):
        if not self.process_of("munge/pid"):
            munge = self.folder / "munge"
            self.call("munged", "--force", f"--key-file={munge}/key", f"--socket={munge}/socket", f"--pid-file={munge}/pid",
                      f"--log-file={munge}/log", f"--seed-file={munge}/seed")

    def start_controller(self):
        if not self.process_of("slurmctld.pid"):
            self.call("slurmctld")
            self.until(self.answers, "the controller answers")

    def answers(self):
        return subprocess.run(["scontrol", "ping"], env=self.whole_environment(), capture_output=True).returncode == 0

    def start_node(self):
        if not self.process_of("slurmd.pid"):
            self.call("slurmd", "-N", NODE)

    def stop(self):
        """Jobs and daemons end; the folder stays."""
        if self.process_of("slurmctld.pid"):
            subprocess.run(["scancel", "--user=root", "--signal=KILL", "--full"], env=self.whole_environment(), capture_output=True)
            subprocess.run(["scancel", "--user=root"], env=self.whole_environment(), capture_output=True)
            try:
                self.until(lambda: not self.call("squeue", "--noheader"), "every job has left", seconds=20)
            except (AssertionError, subprocess.CalledProcessError):
                pass  # Its node is gone.
        self.kill("slurmd.pid")
        self.stop_controller()
        self.stop_munge()

    def stop_munge(self):
        self.kill("munge/pid")

    def stop_controller(self):
        self.kill("slurmctld.pid")

    def kill(self, file):
        process = self.process_of(file)
        if process:
            os.kill(process, signal.SIGTERM)
            self.until(lambda: not self.process_of(file), f"{file} is over", seconds=20)

    def process_of(self, file):
        """The daemon's process, if it lives; a zombie does not."""
        try:
            process = int((self.folder / file).read_text())
            state = pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except (OSError, ValueError):
            return None
        return None if state in "ZX" else process

    def whole_environment(self):
        return {**os.environ, **self.environment}

    def call(self, *words):
        """What a command prints; CalledProcessError where it fails."""
        return subprocess.run(words, env=self.whole_environment(), check=True, capture_output=True, text=True, timeout=60).stdout.strip()

    def node_state(self):
        return self.call("sinfo", "--noheader", f"--nodes={NODE}", "--partition=main", "--format=%T")

    def until_node_is(self, state):
        self.until(lambda: self.node_state() == state, f"the node is {state}")

    def repair_node(self):
        """After it was drained or down."""
        subprocess.run(["scontrol", "update", f"nodename={NODE}", "state=resume"], env=self.whole_environment(), capture_output=True)
        self.until(lambda: self.node_state() in ("idle", "mixed", "allocated"), "the node is back")

    @staticmethod
    def until(so, what, seconds=60):
        deadline = time.monotonic() + seconds
        while not so():
            assert time.monotonic() < deadline, f"waited in vain until {what}"
            time.sleep(0.05)


def main():
    command, folder = sys.argv[1:]
    cluster = SlurmCluster(folder)
    if command == "start":
        if problem := why_not():
            sys.exit(f"slurm_cluster: {problem}")
        cluster.start()
        print(f"export SLURM_CONF={cluster.environment['SLURM_CONF']}")
    elif command == "stop":
        cluster.stop()
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
