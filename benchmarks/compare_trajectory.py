#!/usr/bin/env python3
"""Measures of sequences beside the Python libraries that people use, in one process and one run.

    cmake --build build/bench --target idcl_bench_trajectory_ops
    python benchmarks/compare_trajectory.py --ops build/bench/benchmarks/libidcl_bench_trajectory_ops.so [--threads 2] [--rounds 5]
    python benchmarks/compare.py --trajectory-ops build/bench/benchmarks/libidcl_bench_trajectory_ops.so      the same, with losses in one run

Distances of all pairs of 512 series by time warping, full and in a band, beside dtaidistance (its C library, in parallel) and
tslearn (numba, in parallel); soft-DTW forward and backward of 512 pairs beside pysdtw, tslearn's soft-DTW for PyTorch and our own
composition in ATen. Contestants alternate within a round; every ratio is the median over rounds of (peer's seconds / ours). Results
are compared too: "off" is the largest relative difference from ours. Shares of pairs that lower bounds spare are printed, of the series
and of dialogs of labels. Peers that are not installed are left out by name:
pip install dtaidistance tslearn pysdtw
"""
import argparse
import importlib.util
import json
import os
import statistics
import time


def installed(name):
    found = importlib.util.find_spec(name) is not None
    if not found:
        print(f"{name} is not installed and left out")
    return found


def walks(torch, count, length):
    """Random walks, standardised: synthetic."""
    torch.manual_seed(0)
    x = torch.randn(count, length, dtype=torch.float64).cumsum(1)
    return (x - x.mean(1, keepdim=True)) / x.std(1, keepdim=True)


def dialogs(torch, count, length):
    """Labels [N, L], each dialog of three of six, which often repeat: synthetic."""
    torch.manual_seed(0)
    own = torch.rand(count, 6).topk(3, dim=1).indices
    labels, repeats = own.gather(1, torch.randint(3, (count, length))), torch.rand(count, length) < 0.45
    for t in range(1, length):
        labels[:, t] = torch.where(repeats[:, t], labels[:, t - 1], labels[:, t])
    return labels


def dtw_contest(torch, ours, series, radius):
    """name -> function that returns the squared distances of all pairs, [N, N]; radius < 0: no band."""
    contestants = {"ours": lambda: ours.pairwise_dtw(series, radius)}
    plain = series.numpy()
    if installed("dtaidistance"):
        from dtaidistance import dtw

        window = None if radius < 0 else radius + 1  # theirs counts the diagonal
        contestants["dtaidistance"] = lambda: torch.from_numpy(dtw.distance_matrix_fast(plain, window=window, parallel=True)) ** 2
    if installed("tslearn"):
        from tslearn.metrics import cdist_dtw

        band = {} if radius < 0 else {"global_constraint": "sakoe_chiba", "sakoe_chiba_radius": radius}
        threads = torch.get_num_threads()
        contestants["tslearn"] = lambda: torch.from_numpy(cdist_dtw(plain, n_jobs=threads, **band)) ** 2
    return contestants


def soft_contest(torch, ours, x, y, gamma):
    """name -> function that returns soft-DTW of the pairs and takes gradients, [B]."""
    contestants = {"ours": lambda: ours.soft_dtw(x, y, gamma, False), "our ATen form": lambda: ours.soft_dtw(x, y, gamma, True)}
    if installed("pysdtw"):
        import pysdtw

        peer = pysdtw.SoftDTW(gamma=gamma, use_cuda=False)
        contestants["pysdtw"] = lambda: peer(x, y)
    if installed("tslearn"):
        from tslearn.metrics import SoftDTWLossPyTorch

        alike = SoftDTWLossPyTorch(gamma=gamma, normalize=False)
        contestants["tslearn"] = lambda: alike(x, y)
    return contestants


def run(torch, name, contestants, rounds, leaves=()):
    """Times every contestant once a round; the first round warms up."""
    seconds, results = {c: [] for c in contestants}, {}
    for round_ in range(rounds + 1):
        for contestant, call in contestants.items():
            for leaf in leaves:
                leaf.grad = None
            start = time.perf_counter()
            result = call()
            if leaves:
                result.sum().backward()
            if round_ > 0:
                seconds[contestant].append(time.perf_counter() - start)
            results[contestant] = (leaves[0].grad if leaves else result).detach().clone()
    rows = []
    for contestant, values in seconds.items():
        reference = results["ours"].double()
        mask = ~torch.eye(len(reference), dtype=torch.bool) if not leaves else slice(None)
        upper = torch.triu(torch.ones_like(reference, dtype=torch.bool), 1) if not leaves else mask
        off = float((results[contestant].double() - reference)[upper].abs().max() / reference[upper].abs().max())
        ratio = statistics.median(v / o for v, o in zip(values, seconds["ours"]))
        rows.append({"contest": name, "contestant": contestant, "milliseconds": 1e3 * statistics.median(values), "ratio": ratio, "off": off})
        print(f"{name:<28} {contestant:<14} {rows[-1]['milliseconds']:10.1f} ms   {ratio:8.2f}x ours   off {off:.1e}", flush=True)
    return rows


def compare(torch, path, rounds=5, count=512, lengths=(64, 256), width=8, only=None):
    """All contests with the operators at `path`; a row a contestant."""
    torch.ops.load_library(path)
    ours = torch.ops.idcl_bench_trajectory
    rows = []
    for length in lengths:
        if only != "soft":
            series = walks(torch, count, length)
            for radius in (-1, length // 8):
                band = "full" if radius < 0 else f"radius {radius}"
                rows += run(torch, f"dtw {count} x {length}, {band}", dtw_contest(torch, ours, series, radius), rounds)
            for what, values in (("series", series), ("label dialogs", dialogs(torch, count, length))):
                pruned = ours.nearest_dtw(values, length // 8, 15)[2]
                print(f"nearest 15 of {count} {what} x {length}, radius {length // 8}: {100 * pruned:.0f} % of the pairs spared", flush=True)
        if only != "dtw":
            torch.manual_seed(0)
            x, y = (torch.randn(count, length, width, requires_grad=True) for _ in range(2))
            rows += run(torch, f"soft-dtw {count} x {length}", soft_contest(torch, ours, x, y, 1.0), rounds, (x, y))
    return rows


def limit_threads(threads):
    """For libraries that read their number of threads when they are loaded; before they are."""
    os.environ["OMP_NUM_THREADS"] = os.environ["NUMBA_NUM_THREADS"] = str(threads)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ops", required=True, help="libidcl_bench_trajectory_ops.so")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--count", type=int, default=512, help="series, and pairs")
    parser.add_argument("--lengths", type=int, nargs="+", default=[64, 256])
    parser.add_argument("--width", type=int, default=8, help="numbers a row, soft-DTW")
    parser.add_argument("--only", choices=["dtw", "soft"])
    parser.add_argument("--json", help="write the figures here")
    args = parser.parse_args()
    limit_threads(args.threads)
    import torch

    torch.set_num_threads(args.threads)
    print(f"torch {torch.__version__}, {args.threads} threads")
    rows = compare(torch, args.ops, args.rounds, args.count, args.lengths, args.width, args.only)
    if args.json:
        with open(args.json, "w") as file:
            json.dump({"torch": torch.__version__, "threads": args.threads, "results": rows}, file, indent=1)


if __name__ == "__main__":
    main()
