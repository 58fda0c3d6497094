"""The system calls that no step needs and many break-outs do, as a filter for `bwrap --seccomp`."""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Mapping

AUDIT_ARCH: Mapping[str, int] = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
REFUSED: Mapping[str, Mapping[str, int]] = {
    "x86_64": {
        "pivot_root": 155, "chroot": 161, "acct": 163, "mount": 165, "umount2": 166, "swapon": 167, "swapoff": 168,
        "reboot": 169, "iopl": 172, "ioperm": 173, "create_module": 174, "init_module": 175, "delete_module": 176,
        "quotactl": 179, "add_key": 248, "request_key": 249, "keyctl": 250, "kexec_load": 246, "unshare": 272,
        "perf_event_open": 298, "name_to_handle_at": 303, "open_by_handle_at": 304, "setns": 308,
        "process_vm_readv": 310, "process_vm_writev": 311, "finit_module": 313, "kexec_file_load": 320, "bpf": 321,
        "userfaultfd": 323, "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "open_tree": 428,
        "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433, "mount_setattr": 442,
        "clock_settime": 227, "settimeofday": 164, "adjtimex": 159, "clock_adjtime": 305,
    },
    "aarch64": {
        "pivot_root": 41, "chroot": 51, "acct": 89, "mount": 40, "umount2": 39, "swapon": 224, "swapoff": 225,
        "reboot": 142, "init_module": 105, "delete_module": 106, "quotactl": 60, "add_key": 217, "request_key": 218,
        "keyctl": 219, "kexec_load": 104, "unshare": 97, "perf_event_open": 241, "name_to_handle_at": 264,
        "open_by_handle_at": 265, "setns": 268, "process_vm_readv": 270, "process_vm_writev": 271, "finit_module": 273,
        "kexec_file_load": 294, "bpf": 280, "userfaultfd": 282, "io_uring_setup": 425, "io_uring_enter": 426,
        "io_uring_register": 427, "open_tree": 428, "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432,
        "fspick": 433, "mount_setattr": 442, "clock_settime": 112, "settimeofday": 170, "adjtimex": 171,
        "clock_adjtime": 266,
    },
}  # fmt: skip
CLONE: Mapping[str, int] = {"x86_64": 56, "aarch64": 220}
IOCTL: Mapping[str, int] = {"x86_64": 16, "aarch64": 29}
CLONE3 = 435
X32 = 0x40000000  # a second numbering of the same calls on x86_64
NEW_NAMESPACES = 0x7E020000  # CLONE_NEW…, all of them
TIOCSTI, TIOCLINUX = 0x5412, 0x541C  # put text into a terminal

NUMBER, ARCH, ARGUMENT_0, ARGUMENT_1 = 0, 4, 16, 24  # offsets in struct seccomp_data
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW = 0x7FFF0000
KILL = 0x80000000


def refuse(code: int) -> int:
    return 0x00050000 | code


def filter_program(machine: str = "") -> bytes:
    """The filter in the kernel's form; empty for a machine whose call numbers are not written here."""
    machine = machine or os.uname().machine
    if machine not in REFUSED:
        return b""
    program = [
        (LOAD, 0, 0, ARCH),
        (EQUAL, 1, 0, AUDIT_ARCH[machine]),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER),
        (AT_LEAST, 0, 1, X32),
        (RETURN, 0, 0, refuse(errno.ENOSYS)),
    ]
    for number in sorted(REFUSED[machine].values()):
        program += [(EQUAL, 0, 1, number), (RETURN, 0, 0, refuse(errno.EPERM))]
    # Its flags stand in memory that a filter cannot read; libc falls back to clone.
    program += [(EQUAL, 0, 1, CLONE3), (RETURN, 0, 0, refuse(errno.ENOSYS))]
    program += [
        (EQUAL, 0, 3, CLONE[machine]),
        (LOAD, 0, 0, ARGUMENT_0),
        (ANY_BIT, 6, 0, NEW_NAMESPACES),
        (RETURN, 0, 0, ALLOW),
        (EQUAL, 0, 3, IOCTL[machine]),
        (LOAD, 0, 0, ARGUMENT_1),
        (EQUAL, 2, 0, TIOCSTI),
        (EQUAL, 1, 0, TIOCLINUX),
        (RETURN, 0, 0, ALLOW),
        (RETURN, 0, 0, refuse(errno.EPERM)),
    ]
    return b"".join(struct.pack("<HBBI", *instruction) for instruction in program)
