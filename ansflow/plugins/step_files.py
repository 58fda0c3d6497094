"""Opens what a step has left in a folder of its own: it may have made anything of it, and may still change it."""

from __future__ import annotations

import errno
import os
import stat

NOT_A_FILE = "it is no regular file"


def open_regular(name: str, *, folder: int) -> int:
    """A descriptor of the regular file in this open folder. Raises OSError for a link, a pipe, a folder or a device.

    Without O_NONBLOCK a pipe would hold the worker; a check before the opening would leave time to change the file.
    """
    try:
        fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):
            raise OSError(error.errno, NOT_A_FILE, name) from None
        raise
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError(errno.EINVAL, NOT_A_FILE, name)
    return fd
