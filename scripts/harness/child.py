"""Processes that do not outlive whoever started them, even if that is killed."""

import ctypes
import signal

SET_PARENT_DEATH_SIGNAL = 1

libc = ctypes.CDLL(None, use_errno=True)


def end_with_parent():
    """To be run in a child before its program (Popen's preexec_fn): it is killed when the thread that started it ends."""
    libc.prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
