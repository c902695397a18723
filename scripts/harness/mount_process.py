"""A program of ours that serves a file system and is told what to do by lines: one line in, one line of JSON out.

It is a process of its own because whoever serves a FUSE mount must not wait for it. It ends when its standard
input ends, so also when whoever started it is killed.
"""

import json
import select
import subprocess
import sys
from pathlib import Path

ANSWER_SECONDS, END_SECONDS = 60, 30


class CannotMount(Exception):
    """The machine does not let us, or the program failed; the text says why."""


class MountProcess:
    def __init__(self, program, *arguments):
        command = [sys.executable, str(Path(__file__).with_name(program)), *map(str, arguments)]
        # In a session of its own, so that Ctrl-C at a terminal ends its user first, and it then.
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
        try:
            self.said = self.answer("start")
        except BaseException:
            self.end()
            raise

    def ask(self, *words):
        try:
            self.process.stdin.write(" ".join(map(str, words)).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError as error:
            raise CannotMount(f"{self.process.args[1]} has ended") from error
        return self.answer(words[0])

    def answer(self, command):
        if not select.select([self.process.stdout], [], [], ANSWER_SECONDS)[0]:
            raise CannotMount(f"{self.process.args[1]} did not answer {command} within {ANSWER_SECONDS} seconds")
        line = self.process.stdout.readline()
        if not line:
            raise CannotMount(f"{self.process.args[1]} ended without an answer to {command}")
        answer = json.loads(line)
        if "failed" in answer:
            raise CannotMount(answer["failed"])
        return answer

    def end(self):
        self.process.stdin.close()
        try:
            self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
