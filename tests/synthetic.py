#!/usr/bin/env python3
"""Writes a repository as a `git fast-import` stream, the same bytes for the same arguments.

usage: synthetic.py FILES COMMITS [TOUCHED [LINES]] | git -C DIR fast-import --quiet

FILES files in a first commit, then COMMITS commits that each change TOUCHED files (default 4) of
about LINES lines (default 60): source-like text, no secret, much of it shared between versions.
"""
import random
import sys

WORDS = ("return value config client server request response handle parse token_count index buffer "
         "result error option string number list map filter update delete insert select where order "
         "group limit offset session user account project version release branch commit merge push "
         "pull review comment status state active pending closed open public private static final").split()


def line(rnd):
    indent = "    " * rnd.randrange(4)
    words = " ".join(rnd.choice(WORDS) for _ in range(rnd.randrange(3, 9)))
    return f"{indent}{words} = {rnd.randrange(10_000)};\n"


def main():
    files, commits = int(sys.argv[1]), int(sys.argv[2])
    touched = int(sys.argv[3]) if len(sys.argv) > 3 else 4
    lines = int(sys.argv[4]) if len(sys.argv) > 4 else 60
    rnd = random.Random(20_260_101)
    out = sys.stdout.buffer
    content = [[line(rnd) for _ in range(rnd.randrange(lines // 2, lines * 3 // 2))] for _ in range(files)]

    def path(n):
        return f"src/{n % 40}/{n % 400}/file{n}.py"

    def commit(n, message):
        out.write(b"commit refs/heads/main\nmark :%d\n" % (n + 1))
        out.write(b"committer Bench <bench@example.org> %d +0000\n" % (1_700_000_000 + n * 60))
        out.write(b"data %d\n%s\n" % (len(message), message.encode()))
        if n:
            out.write(b"from :%d\n" % n)

    def blob(n):
        data = "".join(content[n]).encode()
        out.write(b"M 100644 inline %s\ndata %d\n" % (path(n).encode(), len(data)))
        out.write(data + b"\n")

    commit(0, "first")
    for n in range(files):
        blob(n)
    for c in range(1, commits + 1):
        commit(c, f"change {c}: {rnd.choice(WORDS)} {rnd.choice(WORDS)}")
        for n in rnd.sample(range(files), min(touched, files)):
            text = content[n]
            for _ in range(3):
                text[rnd.randrange(len(text))] = line(rnd)
            blob(n)
    out.write(b"done\n")


main()
