"""Becomes another program that ends with the one that started it, without root's identity.

Run as a script by `app.embedded.servers` and `app.supervisor.supervisor`, never imported by them:
`python -I -S launch.py OPTIONS -- PROGRAM ARGUMENT...`. It is a program of its own, not a
`preexec_fn`, because Python code between fork and exec can deadlock in a process with threads.

In this order: go to the working directory, drop to `--uid`/`--gid`, ask the kernel to signal us
when the parent dies (the request is lost by a change of user, so it comes after), make sure the
parent had not died before that, exec.
"""

import argparse
import ctypes
import os
import signal
import struct
import sys

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_SET_SECUREBITS = 28
SECBIT_NO_SETUID_FIXUP = 1 << 2
SECBIT_KEEP_CAPS = 1 << 4
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAPABILITY_VERSION_3 = 0x20080522
CAP_DAC_OVERRIDE = 1
SYS_CAPSET_FALLBACK = 126  # x86_64; glibc exports capset(), this is only for other C libraries


def main(arguments: list[str]) -> None:
    """Parse the options and exec; never returns, except by raising."""
    parser = argparse.ArgumentParser(prog="launch")
    parser.add_argument("--parent", type=int, required=True, help="process id of the starter")
    parser.add_argument("--signal", type=int, default=int(signal.SIGTERM), help="sent when it dies")
    parser.add_argument("--directory", help="working directory of the program")
    parser.add_argument("--uid", type=int, help="drop to this user")
    parser.add_argument("--gid", type=int, help="drop to this group")
    parser.add_argument("--reach", action="store_true", help="keep the right to pass directories")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args(arguments)
    command = options.command[1:] if options.command[:1] == ["--"] else options.command

    if options.directory:
        os.chdir(options.directory)
    if options.uid is not None:
        drop_privileges(options.uid, options.gid, reach=options.reach)
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, options.signal, 0, 0, 0)
    if os.getppid() != options.parent:
        sys.exit("launch: the starter ended before its child began")
    os.execv(command[0], command)  # noqa: S606 - the starter decides what runs


def drop_privileges(uid: int, gid: int, *, reach: bool) -> None:
    """Become `uid`/`gid` permanently.

    With `reach` (root started us below a directory that only root may enter, such as `/root`) the
    one capability to pass directories is kept, so that no permission on the disk must be loosened.
    `access()` checks the rights of the real user, without capabilities unless a secure bit is set,
    and PostgreSQL's programs find each other with it.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if reach and sys.platform == "linux":
        libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
        libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP | SECBIT_KEEP_CAPS, 0, 0, 0)
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if reach and sys.platform == "linux":
        keep_reach(libc)


def keep_reach(libc: ctypes.CDLL) -> None:
    """Make CAP_DAC_OVERRIDE permitted, inheritable and ambient, and nothing else."""
    bit = 1 << CAP_DAC_OVERRIDE
    header = ctypes.create_string_buffer(struct.pack("=Ii", CAPABILITY_VERSION_3, 0))
    sets = ctypes.create_string_buffer(struct.pack("=6I", bit, bit, bit, 0, 0, 0))
    if hasattr(libc, "capset"):
        libc.capset(header, sets)
    else:
        libc.syscall(SYS_CAPSET_FALLBACK, header, sets)
    libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0)


if __name__ == "__main__":
    main(sys.argv[1:])
