#!/usr/bin/env python3
"""Losses and miners of this library, and measures of sequences, beside their Python peers, in one process and one run.

    cmake --workflow --preset bench
    python benchmarks/compare.py --ops build/bench/benchmarks/libidcl_bench_ops.so [--sizes 128 1024 8192] [--dim 512] [--threads 2]
    python benchmarks/compare.py --trajectory-ops build/bench/benchmarks/libidcl_bench_trajectory_ops.so

Or both in one run: losses go forward and backward, and miners forward, as said here, sequences as compare_trajectory.py says.

Contestants alternate within a round, each after a product of its own size, forwards and backwards by turns, so that all see the same
state of the machine. A turn is a step that is not timed and then, as in a loop, one that is, or of a small batch the median of several
(--cold: the first alone, so that caches are as others left them, which small batches feel); every ratio is the median over rounds of
(peer's seconds / ours). In brackets stands what it would be if ours took no longer than the products that nobody can do without, at that
product's rate. "sgemm" is the time of the products that the dense formula needs over our time. With --compile, peers are there
once more as torch.compile makes them. Peak memory is that of a fresh process that does nothing else, beyond the same process before the
first step (--memory). A contestant that asks for more than --limit GiB says so and is left out. Peers that are not installed are left
out by name: pip install --no-deps pytorch-metric-learning==2.9.0 open_clip_torch==3.3.0

    python benchmarks/compare.py --from figures.json --plot figures.svg      draws what an earlier run wrote with --json
"""
import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time

import torch

import compare_trajectory
from contests import add_compiled, contests
from drawing import draw


def step(contestant, leaves):
    """Seconds, and what it lists where it mines."""
    for leaf in leaves:
        leaf.grad = None
    start = time.perf_counter()
    outcome = contestant()
    if isinstance(outcome, torch.Tensor):
        outcome.backward()
        outcome = None
    return time.perf_counter() - start, outcome


def turn(contestant, leaves, steps):
    """Seconds of a step as in a loop: the median of so many, after one that is not timed; of none, those of the first."""
    first = step(contestant, leaves)[0]
    return statistics.median(step(contestant, leaves)[0] for _ in range(steps)) if steps else first


def sgemm(rows, columns, dim):
    x, y = torch.randn(rows, dim), torch.randn(columns, dim)
    start = time.perf_counter()
    x @ y.t()
    return time.perf_counter() - start


def first_step(contestant, leaves):
    """What a first step lists, which also warms up; None where it runs out of memory, which is an answer."""
    try:
        return {"found": step(contestant, leaves)[1]}
    except (RuntimeError, MemoryError) as error:
        if "memory" not in str(error) and not isinstance(error, MemoryError):
            raise
        return None


def peak_mib(args, size, contest, contestant):
    """Peak resident memory of a process of its own, beyond what it holds before the first step."""
    command = [sys.executable, __file__, "--ops", args.ops, "--dim", str(args.dim), "--threads", str(args.threads),
               "--limit", str(args.limit), "--evaluator", args.evaluator, "--alone", str(size), contest, contestant]
    done = subprocess.run(command, capture_output=True, text=True)
    return float(done.stdout) if done.returncode == 0 else float("nan")


def status_mib(field):
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(field + ":")) / 1024


def alone(size, dim, evaluator, contest, contestant):
    found, leaves = contests(int(size), dim, evaluator)
    if contestant.endswith(", compiled"):
        add_compiled(found)
        step(found[contest].contestants[contestant], leaves)  # compiles
    torch.mm(torch.zeros(64, 64), torch.zeros(64, 64))
    with open("/proc/self/clear_refs", "w") as peak:
        peak.write("5")  # forget the peak of what was imported
    before = status_mib("VmRSS")
    step(found[contest].contestants[contestant], leaves)
    print(status_mib("VmHWM") - before)


def compare(args, size, name, contest, leaves):
    """One row a contestant."""
    first = {who: first_step(contestant, leaves) for who, contestant in contest.contestants.items()}
    contestants = {who: contestant for who, contestant in contest.contestants.items() if first[who]}
    rounds = args.rounds or max(3, min(40, 200_000_000 // (size * size)))
    seconds = {who: [] for who in contestants}
    floor = []
    for k in range(rounds):
        before = []
        for who in list(contestants)[:: 1 if k % 2 else -1]:
            before.append(sgemm(size, contest.columns, args.dim))
            seconds[who].append(turn(contestants[who], leaves, 0 if args.cold else max(1, 1024 // size)))
        floor.append(statistics.median(before))
    for who in contest.contestants:
        row = {"contest": name, "size": size, "contestant": who}
        if who in contestants:
            row["milliseconds"] = 1e3 * statistics.median(seconds[who])
            if first[who]["found"] is not None:
                row["found"] = first[who]["found"]
            if who != "ours":
                row["bound"] = statistics.median(peer / (contest.needed * f) for peer, f in zip(seconds[who], floor))
            if "ours" in contestants:
                row["ratio"] = statistics.median(peer / own for peer, own in zip(seconds[who], seconds["ours"]))
            if who == "ours":
                row["sgemm"] = statistics.median(contest.products * f / s for f, s in zip(floor, seconds["ours"]))
            if args.memory:
                row["peak_mib"] = peak_mib(args, size, name, who)
        yield row


def compare_losses(args):
    """The rows of all losses and sizes, printed as they come."""
    torch.ops.load_library(args.ops)
    print(f"losses: D = {args.dim}, float32, forward + backward, evaluator {args.evaluator}")
    for size in args.sizes:
        found, leaves = contests(size, args.dim, args.evaluator)
        if args.compile:
            add_compiled(found)
        for name, contest in found.items():
            if args.only and name not in args.only:
                continue
            for row in compare(args, size, name, contest, leaves):
                print(line(row, args.limit), flush=True)
                yield row


def line(row, limit):
    head = f"{row['contest']:>21} {row['size']:>6}  {row['contestant']:<25}"
    if "milliseconds" not in row:
        return f"{head} asks for more than {limit:.0f} GiB"
    note = f"sgemm {row['sgemm']:.2f}" if "sgemm" in row else f"{row['ratio']:.2f}x ours ({row['bound']:.2f})" if "ratio" in row else ""
    memory = f"{row['peak_mib']:9.0f} MiB" if "peak_mib" in row else ""
    found = f"  {row['found']:,} listed" if "found" in row else ""
    return f"{head} {row['milliseconds']:10.2f} ms  {note:<19}{memory}{found}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ops", help="libidcl_bench_ops.so: losses and miners")
    parser.add_argument("--trajectory-ops", help="libidcl_bench_trajectory_ops.so: time warping and soft-DTW of sequences")
    parser.add_argument("--sizes", type=int, nargs="+", default=[128, 1024, 8192])
    parser.add_argument("--dim", type=int, default=512)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=0, help="0: by size")
    parser.add_argument("--evaluator", choices=["auto", "streaming", "dense"], default="auto", help="what evaluates our losses")
    parser.add_argument("--cold", action="store_true", help="time each step as others left the caches")
    parser.add_argument("--only", nargs="*", help="names of contests")
    parser.add_argument("--compile", action="store_true", help="peers compiled by torch.compile too (needs a C++ compiler)")
    parser.add_argument("--memory", action="store_true", help="measure peak memory too, a process each")
    parser.add_argument("--limit", type=float, default=0.7 * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30,
                        help="GiB of addresses this process may hold (default: 0.7 of the machine's memory)")
    parser.add_argument("--json", help="write the figures here")
    parser.add_argument("--plot", help="draw them here (.svg or .png; needs matplotlib)")
    parser.add_argument("--from", dest="earlier", help="measure nothing: the figures are here")
    parser.add_argument("--alone", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.earlier:
        if not args.plot:
            parser.error("--from draws: give --plot too")
        with open(args.earlier) as file:
            return draw(json.load(file)["results"], args.only, args.plot)
    if not args.ops and not args.trajectory_ops:
        parser.error("nothing to compare: give --ops, --trajectory-ops or both")
    resource.setrlimit(resource.RLIMIT_AS, (int(args.limit * 2**30),) * 2)
    compare_trajectory.limit_threads(args.threads)
    torch.set_num_threads(args.threads)
    if args.alone:
        torch.ops.load_library(args.ops)
        size, contest, contestant = args.alone
        return alone(size, args.dim, args.evaluator, contest, contestant)

    print(f"torch {torch.__version__}, {args.threads} threads")
    results = list(compare_losses(args)) if args.ops else []
    trajectories = compare_trajectory.compare(torch, args.trajectory_ops, args.rounds or 5) if args.trajectory_ops else []
    if args.json:
        with open(args.json, "w") as file:
            figures = {"results": results, "trajectories": trajectories}
            json.dump({"torch": torch.__version__, "threads": args.threads, "dim": args.dim, **figures}, file, indent=1)
    if args.plot and results:
        draw(results, args.only, args.plot)


if __name__ == "__main__":
    main()
