"""Runs a command that the kernel ends when it, or anything it starts, asks for a socket that is not
a Unix socket. Usage: no_network.py PROGRAM ARGUMENT...

A filter of system calls needs no privilege and no namespace, so it holds wherever tests run, and it
catches the attempt itself: a network that is merely away would go unnoticed where errors are borne.
"""

import ctypes
import os
import platform
import socket
import struct
import sys

# What <linux/audit.h> calls the machine, and the number of its socket(2).
MACHINES = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
NO_NEW_PRIVS, SET_SECCOMP, MODE_FILTER = 38, 22, 2
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, KILL = 0x7FFF0000, 0x80000000
# Where the number, the machine and the first argument stand in what a filter sees.
NUMBER, MACHINE, FIRST = 0, 4, 16


def main():
    if platform.machine() not in MACHINES:
        sys.exit(f"no_network.py: system calls of {platform.machine()} are not known here")
    machine, number = MACHINES[platform.machine()]
    steps = [
        (LOAD, 0, 0, MACHINE),
        (EQUAL, 0, 5, machine),
        (LOAD, 0, 0, NUMBER),
        (EQUAL, 0, 2, number),
        (LOAD, 0, 0, FIRST),
        (EQUAL, 0, 1, socket.AF_UNIX),
        (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, KILL),
    ]
    code = b"".join(struct.pack("HBBI", *step) for step in steps)
    held = ctypes.create_string_buffer(code)
    program = struct.pack("HxxxxxxP", len(steps), ctypes.addressof(held))
    libc = ctypes.CDLL(None, use_errno=True)
    for call in (
        (NO_NEW_PRIVS, 1, 0, 0, 0),
        (SET_SECCOMP, MODE_FILTER, ctypes.create_string_buffer(program), 0, 0),
    ):
        if libc.prctl(*call) != 0:
            sys.exit(f"no_network.py: {os.strerror(ctypes.get_errno())}")
    os.execvp(sys.argv[1], sys.argv[1:])


main()
