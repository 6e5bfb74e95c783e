# SPDX-License-Identifier: MIT
"""The recipe for Slurm, on a cluster of one node that is made for this test.

munged, slurmctld and slurmd run on ports and in a folder of their own. Skipped where they are not
installed, or cannot be started.
"""
import contextlib
import getpass
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time

import cli
import explored

SKIPPED = 77
PATIENCE = 40  # seconds; only a failing test waits that long
PATH = os.environ.get('PATH', '') + ':/usr/sbin'
SCRIPT = os.path.abspath(os.path.join(os.path.dirname(__file__), '..', '..', 'docs', 'examples',
                                      'explore.sbatch'))

CONFIG = '''\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmdPort={node_port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/builtin
SchedulerParameters=sched_interval=1
ReturnToService=2
MpiDefault=none
SwitchType=switch/none
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP
'''


def skip(reason):
    print('skipped: ' + reason)
    sys.exit(SKIPPED)


def free_ports(count):
    with contextlib.ExitStack() as stack:
        socks = [stack.enter_context(socket.socket()) for _ in range(count)]
        for sock in socks:
            sock.bind(('127.0.0.1', 0))
        return [sock.getsockname()[1] for sock in socks]


class Cluster:
    """A context: one node, ready for jobs."""

    def __init__(self, folder):
        self.folder = folder
        self.daemons = []
        self.env = dict(os.environ, SLURM_CONF=self.path('slurm.conf'), PATH=PATH, TWINFS=cli.EXE)

    def path(self, name):
        return os.path.join(self.folder, name)

    def start(self, *words):
        with open(self.path(words[0] + '.out'), 'wb') as log:
            self.daemons.append(subprocess.Popen(
                [shutil.which(words[0], path=PATH), *words[1:]], env=self.env,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log))

    def configure(self):
        port, node_port = free_ports(2)
        for name in ('state', 'spool'):
            os.mkdir(self.path(name))
        with open(self.path('munge.key'), 'wb', opener=lambda path, flags: os.open(
                path, flags, 0o600)) as key:
            key.write(secrets.token_bytes(128))
        with open(self.path('slurm.conf'), 'w', encoding='ascii') as file:
            file.write(CONFIG.format(host=socket.gethostname().split('.')[0], port=port,
                                     node_port=node_port, user=getpass.getuser(),
                                     folder=self.folder, cpus=os.cpu_count()))

    def wait_until(self, what, condition):
        end = time.monotonic() + PATIENCE
        while not condition():
            for daemon in self.daemons:
                if daemon.poll() is not None:
                    name = os.path.basename(daemon.args[0])
                    skip(f'{name} cannot be started: {self.last_line(name + ".out")}')
            if time.monotonic() > end:
                skip(what + ' did not happen')
            time.sleep(0.05)

    def last_line(self, name):
        return (cli.read(self.path(name)).decode(errors='replace').splitlines() or ['no reason'])[-1]

    def run(self, *words):
        done = subprocess.run(words, env=self.env, cwd=self.folder, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=50, check=False)
        return done.returncode, done.stdout

    def __enter__(self):
        try:
            self.bring_up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def bring_up(self):
        self.configure()
        # munged finds the usual folders for temporary files too open: --force
        self.start('munged', '--foreground', '--force', '--key-file=' + self.path('munge.key'),
                   '--socket=' + self.path('munge.socket'), '--pid-file=' + self.path('munge.pid'),
                   '--log-file=' + self.path('munged.log'), '--seed-file=' + self.path('seed'))
        self.wait_until('munged', lambda: os.path.exists(self.path('munge.socket')))
        self.start('slurmctld', '-D', '-f', self.path('slurm.conf'))
        self.start('slurmd', '-D', '-f', self.path('slurm.conf'))
        self.wait_until('an idle node', lambda: 'idle' in self.run('sinfo', '-h', '-o', '%T')[1])

    def __exit__(self, *_):
        for daemon in reversed(self.daemons):
            daemon.terminate()
            daemon.wait()


class Slurm(explored.ExploreTest):
    rewrites = '250'  # more than one chunk of operations: there are parts to make

    def submit(self, *words, **variables):
        self.cluster.env.update(variables)
        code, out = self.cluster.run('sbatch', '--parsable', *words)
        self.assertEqual(code, 0, out)
        job = out.strip()
        # A job that has ended is listed for a while, in its last state.
        self.cluster.wait_until('the end of the job', lambda: not self.cluster.run(
            'squeue', '-h', '-j', job, '-t', 'PENDING,RUNNING,COMPLETING,CONFIGURING')[1].strip())
        return self.cluster.run('squeue', '-h', '-r', '-j', job, '-t', 'all', '-o', '%T')[1].split()

    def results(self):
        return sorted(name for name in os.listdir(self.folder) if name.startswith('result.'))

    def test_recipe(self):
        os.chmod(self.folder, 0o755)  # the node runs jobs in it
        whole = self.explore('app.img', 'app.trace')
        with Cluster(self.folder) as self.cluster:
            states = self.submit('--array=1-3', SCRIPT, 'app.img', 'app.trace', 'result')
            self.assertEqual(states, ['COMPLETED'] * 3)
            self.assertEqual(self.results(), ['result.1', 'result.2', 'result.3'])
            self.assertEqual(self.explore('--merge', *self.results()), whole)

            # One part is lost, and done again.
            os.remove(self.path('result.2'))
            self.twinfs('explore', '--merge', *self.results(), status=cli.FAILED)
            self.submit('--array=2', SCRIPT, 'app.img', 'app.trace', 'result', PARTS='3')
            self.assertEqual(self.explore('--merge', *self.results()), whole)


def main():
    for program in ('munged', 'slurmctld', 'slurmd', 'sbatch', 'squeue', 'sinfo'):
        if not shutil.which(program, path=PATH):
            skip(program + ' is not installed')
    cli.main()


if __name__ == '__main__':
    main()
