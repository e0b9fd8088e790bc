#!/usr/bin/env python3
"""A full-batch training step of the emotion trainer: the released Python arithmetic against idcl-merc's, in one run.

    python benchmarks/compare_merc_step.py --bench build/bench/benchmarks/bench_merc_step [--rounds 7] [--threads 1] [--json out.json]

Both sides train the same network on dialogs of the same lengths: 108 dialogs, 5,163 utterances, at most 94 in one, text 768,
audio 100, hidden 512, 8 heads, dropout 0.5, cross-entropy + 0.05 IDCL, gradient norm clipped at 5, Adam. The Python side is padded
throughout and pools over the padding, as the released model does; the C++ side is the default preset. Steps alternate, so that
both see the same state of the machine; the ratio is the median over the pairs.
"""
import argparse
import json
import math
import resource
import statistics
import subprocess
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

DIALOGS, UTTERANCES, SHORTEST, LONGEST = 108, 5163, 8, 94
TEXT, AUDIO, HIDDEN, HEADS, CLASSES = 768, 100, 512, 8, 6


def lengths():
    """Lengths with the sum, the mean square and the extremes of IEMOCAP's training split: a logistic law, cut at both ends."""
    quantiles = [(i + 0.5) / DIALOGS for i in range(DIALOGS)]
    drawn = [min(LONGEST, max(SHORTEST, math.floor(47.8 + 9.2 * math.log(p / (1 - p)) + 0.5))) for p in quantiles]
    surplus = sum(drawn) - UTTERANCES
    for i in range(abs(surplus)):
        drawn[DIALOGS // 2 + i] -= 1 if surplus > 0 else -1
    return drawn


def gelu(x):
    return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * torch.pow(x, 3))))


class Attention(nn.Module):
    def __init__(self, dropout):
        super().__init__()
        self.key, self.value, self.query, self.out = (nn.Linear(HIDDEN, HIDDEN) for _ in range(4))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x, padding):
        batch = x.size(0)

        def heads(rows):
            return rows.view(batch, -1, HEADS, HIDDEN // HEADS).transpose(1, 2)

        query = heads(self.query(x)) / math.sqrt(HIDDEN // HEADS)
        scores = torch.matmul(query, heads(self.key(x)).transpose(2, 3))
        scores = scores.masked_fill(padding.unsqueeze(1).expand_as(scores), -1e10)
        context = torch.matmul(self.dropout(torch.softmax(scores, -1)), heads(self.value(x)))
        return self.out(context.transpose(1, 2).contiguous().view(batch, -1, HIDDEN))


class FeedForward(nn.Module):
    def __init__(self, dropout):
        super().__init__()
        self.first, self.second = nn.Linear(HIDDEN, HIDDEN), nn.Linear(HIDDEN, HIDDEN)
        self.norm = nn.LayerNorm(HIDDEN, eps=1e-6)
        self.inner, self.outer = nn.Dropout(dropout), nn.Dropout(dropout)

    def forward(self, x):
        return self.outer(self.second(self.inner(gelu(self.first(self.norm(x)))))) + x


class Encoder(nn.Module):
    """One modality: projection, positions, a transformer layer, a gate."""

    def __init__(self, width, dropout):
        super().__init__()
        self.project = nn.Conv1d(width, HIDDEN, kernel_size=1, bias=False)
        position, rate = torch.arange(512).unsqueeze(1), torch.exp(torch.arange(0, HIDDEN, 2) * -(math.log(10000.0) / HIDDEN))
        table = torch.zeros(512, HIDDEN)
        table[:, 0::2], table[:, 1::2] = torch.sin(position * rate), torch.cos(position * rate)
        self.register_buffer("positions", table.unsqueeze(0))
        self.attention, self.feed_forward = Attention(dropout), FeedForward(dropout)
        self.early, self.late = nn.Dropout(dropout), nn.Dropout(dropout)
        self.gate = nn.Linear(HIDDEN, HIDDEN, bias=False)

    def forward(self, x, mask):
        x = self.project(x.permute(1, 2, 0)).transpose(1, 2)
        x.equal(x)  # the released code compares its two inputs, which are one, here and in the layer
        x = self.early(x + self.positions[:, : x.size(1)])
        x.equal(x)
        x = self.feed_forward(self.late(self.attention(x, mask.eq(0).unsqueeze(1))) + x)
        return torch.sigmoid(self.gate(x)) * x


class Original(nn.Module):
    def __init__(self, dropout=0.5):
        super().__init__()
        self.text, self.audio = Encoder(TEXT, dropout), Encoder(AUDIO, dropout)
        self.fuse = nn.Linear(2 * HIDDEN, HIDDEN, bias=False)
        self.head = nn.Linear(HIDDEN, CLASSES)

    def forward(self, text, audio, mask):
        text, audio = self.text(text, mask), self.audio(audio, mask)
        return F.log_softmax(self.head(self.fuse(torch.cat([text, audio], -1))), 2), text, audio


def idcl(anchor, target, k=15, temperature=0.1):
    anchor, target = F.normalize(anchor.mean(1), dim=1), F.normalize(target.mean(1), dim=1)
    with torch.no_grad():
        near = (anchor @ anchor.T).fill_diagonal_(-math.inf).topk(min(k, len(anchor) - 1), -1).indices
    positive = torch.zeros(len(anchor), len(anchor)).scatter_(1, near, 1.0)
    similarity = target @ target.T / temperature
    terms = torch.exp(similarity - similarity.max(1, keepdim=True)[0]) * (1 - torch.eye(len(anchor)))
    return -torch.mean(torch.log((terms * positive).sum(1) + 1e-8) - torch.log(terms.sum(1) + 1e-8))


class Step:
    """One training step of the original; returns seconds, whole and by part."""

    def __init__(self):
        torch.manual_seed(0)
        self.model = Original().train()
        self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-3, weight_decay=1e-4)
        sizes = lengths()
        mask = torch.arange(max(sizes)).unsqueeze(0) < torch.tensor(sizes).unsqueeze(1)  # [B, L]
        self.mask = mask.float()
        spread = mask.t().unsqueeze(2)  # [L, B, 1]
        self.text = torch.randn(max(sizes), DIALOGS, TEXT) * spread
        self.audio = torch.randn(max(sizes), DIALOGS, AUDIO) * spread
        self.labels = torch.randint(CLASSES, mask.shape) * mask

    def __call__(self):
        marks, cpu = [time.perf_counter()], time.process_time()
        self.optimizer.zero_grad()
        log_prob, text, audio = self.model(torch.nan_to_num(self.text), torch.nan_to_num(self.audio), self.mask)
        marks.append(time.perf_counter())
        rows = log_prob.view(-1, CLASSES) * self.mask.view(-1, 1)
        loss = F.nll_loss(rows, self.labels.view(-1), reduction="sum") / self.mask.sum()
        loss = loss + 0.05 * (idcl(audio, text) + idcl(text, audio)) / 2
        marks.append(time.perf_counter())
        loss.backward()
        marks.append(time.perf_counter())
        nn.utils.clip_grad_norm_(self.model.parameters(), 5.0)
        self.optimizer.step()
        marks.append(time.perf_counter())
        parts = dict(zip(("forward", "loss", "backward", "optimizer"), (b - a for a, b in zip(marks, marks[1:]))))
        return {"seconds": marks[-1] - marks[0], "cpu_seconds": time.process_time() - cpu, "mib": peak_mib(), **parts}


def peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def compare(bench, rounds=7, threads=1):
    """Alternates steps of both sides; returns the figures of the report as a dict."""
    torch.set_num_threads(threads)
    idle = peak_mib()
    original = Step()
    ours = subprocess.Popen([bench, "--serve", f"--threads={threads}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask():
        ours.stdin.write("step\n")
        ours.stdin.flush()
        return json.loads(ours.stdout.readline())

    original(), ask()  # warm up
    pairs = [(original(), ask()) for _ in range(rounds)]
    ours.stdin.close()
    ours.wait()
    ratios = sorted(mine["seconds"] / theirs["seconds"] for theirs, mine in pairs)

    def median(side):
        row = {key: statistics.median(pair[side][key] for pair in pairs) for key in pairs[0][side]}
        return row | {"mib": max(pair[side]["mib"] for pair in pairs)}

    sizes = lengths()
    return {
        "dialogs": len(sizes), "utterances": sum(sizes), "sum_of_squares": sum(n * n for n in sizes), "threads": threads,
        "rounds": rounds, "ratio": statistics.median(ratios), "ratio_least": ratios[0], "ratio_most": ratios[-1],
        "cpu_ratio": statistics.median(mine["cpu_seconds"] / theirs["cpu_seconds"] for theirs, mine in pairs),
        "original": median(0) | {"mib": peak_mib() - idle}, "ours": median(1),
    }


def show(figures):
    print(f"full-batch step, {figures['dialogs']} dialogs, {figures['utterances']} utterances, {figures['threads']} thread(s), "
          f"medians of {figures['rounds']} pairs")
    print(f"{'':12}{'step':>9}{'forward':>9}{'loss':>9}{'backward':>9}{'optim.':>9}{'MiB above idle':>16}")
    for side in ("original", "ours"):
        row = figures[side]
        cells = "".join(f"{row[key]:9.3f}" for key in ("seconds", "forward", "loss", "backward", "optimizer"))
        print(f"{side:12}{cells}{row['mib']:16.0f}")
    print(f"ours / original: {figures['ratio']:.3f}  ({figures['ratio_least']:.3f} to {figures['ratio_most']:.3f}); "
          f"in processor time, which a busy machine does not change much: {figures['cpu_ratio']:.3f}")
    print(f"products alone (sgemm of the same shapes, timed around each step): {figures['ours']['sgemm']:.3f} s, "
          f"{100 * figures['ours']['sgemm'] / figures['ours']['seconds']:.0f} % of our step")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bench", required=True, help="the program bench_merc_step")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", help="write the figures here")
    arguments = parser.parse_args()
    figures = compare(arguments.bench, arguments.rounds, arguments.threads)
    show(figures)
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump(figures, file, indent=2)
    return 0


if __name__ == "__main__":
    sys.exit(main())
