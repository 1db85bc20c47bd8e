"""A process is a cluster's own by its mark alone."""

import os
import subprocess

from tests.sandbox.conftest import eventually

from ostiary.sandbox import mark


def test_only_the_marked_are_killed() -> None:
    identity = mark.new_identity()
    ours = subprocess.Popen(["/bin/sleep", "60"], env={mark.VARIABLE: identity})
    others = [
        subprocess.Popen(["/bin/sleep", "60"], env=environment)
        for environment in (
            {mark.VARIABLE: mark.new_identity()},
            {mark.VARIABLE: identity + "0"},
            {"X": f"{mark.VARIABLE}={identity}"},
            {},
        )
    ]
    with subprocess.Popen(["/bin/sh", "-c", f"exec sleep 60 # {mark.VARIABLE}={identity}"], env={}) as named:
        assert eventually(lambda: [process.pid for process in mark.marked(identity)] == [ours.pid])
        assert mark.kill_marked(identity)
        assert ours.wait() == -9
        for process in (*others, named):
            assert process.poll() is None
            process.kill()
            process.wait()


def test_a_spared_process_stays() -> None:
    identity = mark.new_identity()
    with subprocess.Popen(["/bin/sleep", "60"], env={mark.VARIABLE: identity}) as process:
        assert eventually(lambda: list(mark.marked(identity)))
        assert mark.kill_marked(identity, spare=frozenset({process.pid}))
        assert process.poll() is None
        process.kill()


def test_a_pid_counts_only_with_its_start_time() -> None:
    me = mark.ProcessId.of(os.getpid())
    assert me is not None
    assert me.alive
    assert not mark.ProcessId(me.pid, me.started - 1).alive


def test_a_zombie_is_not_alive() -> None:
    process = subprocess.Popen(["/bin/true"])
    assert eventually(lambda: mark.ProcessId.of(process.pid) is None)
    process.wait()
