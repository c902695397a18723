"""Waiting for something that can only be asked about."""

import time

POLL_SECONDS = 0.01


def wait_until(what, condition, seconds):
    """Asks `condition` until its answer is true and returns that; raises TimeoutError, naming `what`."""
    end = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() >= end:
            raise TimeoutError(f"{what} did not happen within {seconds} seconds")
        time.sleep(POLL_SECONDS)
