"""What processes that do not come to an end are at, in so many words: for whoever has nothing but the output of a run.

A log's last lines, what each thread waits for, and what stands in the sockets. Nothing here stops a process, or waits for one.
Every part is bounded: lines are cut, and threads that wait for the same are counted.
"""

import os
from collections import Counter
from pathlib import Path

LINES_MAX, LINE_CHARACTERS_MAX = 40, 400
TAIL_BYTES = 256 << 10
THREAD_KINDS_MAX = 40
SOCKETS_MAX = 20

TCP_STATES = {1: "established", 2: "connecting", 4: "closing", 5: "closing", 6: "closing", 8: "half-closed", 9: "closing",
              10: "listening"}


def report(processes, logs):
    """`processes` are Popen objects or None, by name, and `logs` paths."""
    parts = [f"== {name}: {state_of(process)}" for name, process in processes.items()]
    parts += [f"== the end of {name}\n{tail(path)}" for name, path in logs.items()]
    return "\n".join(parts)


def state_of(process):
    if process is None:
        return "never started"
    if process.poll() is not None:
        return f"ended with {process.returncode}"
    return "\n".join([f"process {process.pid}", *threads(process.pid), *sockets(process.pid)])


def tail(path, lines_max=LINES_MAX):
    """The last lines of a file, each cut at its end."""
    try:
        with open(path, "rb") as file:
            file.seek(max(os.fstat(file.fileno()).st_size - TAIL_BYTES, 0))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError as error:
        return f"({error})"
    return "\n".join(cut(line) for line in lines[-lines_max:]) or "(nothing)"


def cut(line):
    return line if len(line) <= LINE_CHARACTERS_MAX else f"{line[:LINE_CHARACTERS_MAX]} … ({len(line):,} characters)"


def threads(pid):
    """A line for each kind of thread: how many of this name are in this state, in this system call, there in the kernel."""
    kinds = Counter()
    for task in tasks(pid):
        name = read(task / "comm")
        state = read(task / "stat").rpartition(")")[2].split()[:1]
        kinds[name, "".join(state), read(task / "wchan"), " ".join(read(task / "syscall").split()[:2])] += 1
    lines = [f"  {count:3} × {name:16} {state:2} in {place or '?'}, system call {call or '?'}"
             for (name, state, place, call), count in sorted(kinds.items())]
    return lines[:THREAD_KINDS_MAX]


def tasks(pid):
    try:
        return sorted(Path(f"/proc/{pid}/task").iterdir())
    except OSError:
        return []


def read(path):
    """What the kernel says; nothing when the thread is gone, or it does not tell us."""
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""


def sockets(pid):
    """A line for each TCP socket with what waits in it: bytes that nobody has read, or the peer has not taken."""
    ours = set(filter(None, map(inode_of, descriptors(pid))))
    lines = []
    for line in read(Path(f"/proc/{pid}/net/tcp")).splitlines()[1:]:
        _, local, remote, state, queues, *rest = line.split()
        if rest[4] not in ours:
            continue
        unsent, unread = (int(bytes_, 16) for bytes_ in queues.split(":"))
        state = TCP_STATES.get(int(state, 16), state)
        lines.append(f"  socket {port(local)} to {port(remote)} {state}, {unread} bytes unread, {unsent} not taken")
    more = [f"  and {len(lines) - SOCKETS_MAX} more sockets"] if len(lines) > SOCKETS_MAX else []
    return lines[:SOCKETS_MAX] + more


def descriptors(pid):
    try:
        return list(Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return []


def inode_of(descriptor):
    try:
        target = os.readlink(descriptor)
    except OSError:
        return None
    return target[len("socket:["):-1] if target.startswith("socket:[") else None


def port(address):
    return int(address.rpartition(":")[2], 16)
