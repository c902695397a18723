"""Processes that do not outlive whoever started them, even if that is killed, and that hear of their end in order."""

import ctypes
import signal

SET_PARENT_DEATH_SIGNAL = 1

libc = ctypes.CDLL(None, use_errno=True)


def end_with_parent():
    """To be run in a child before its program (Popen's preexec_fn): it is killed when the thread that started it ends."""
    libc.prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)


def keep_sigterm():
    """The same, and a SIGTERM waits until the program asks for it by `take_sigterm`: it does not end one that is starting."""
    end_with_parent()
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])


def take_sigterm(handler):
    """To be called by the program when it can end in order."""
    signal.signal(signal.SIGTERM, handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
