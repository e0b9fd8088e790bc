"""The contests of compare.py: for each, our loss or miner and the Python peers that compute the same, on the same tensors."""
import functools
import importlib
import importlib.util
import pathlib
import sys

import torch
from torch.nn import functional as F


def released_idcl(anchor, target, k=15, temperature=0.1):
    """One direction of the authors' released module (Neuro-AI-Lab/IDCL, idcl/loss.py), on pooled rows."""
    with torch.no_grad():
        a = F.normalize(anchor, dim=-1)
        similarity = a @ a.t()
        similarity.fill_diagonal_(float("-inf"))
        positive = torch.zeros_like(similarity).scatter_(1, similarity.topk(min(k, len(a) - 1), dim=-1).indices, 1.0)
    m = F.normalize(target, dim=-1)
    logits = m @ m.t() / temperature
    others = 1 - torch.eye(len(m))
    e = torch.exp(logits - logits.max(dim=1, keepdim=True).values) * others
    return -torch.mean(torch.log((e * positive).sum(1) + 1e-8) - torch.log(e.sum(1) + 1e-8))


def plain_clip(image, text, scale):
    """Two products, two cross-entropies."""
    target = torch.arange(len(image))
    return (F.cross_entropy(scale * image @ text.t(), target) + F.cross_entropy(scale * text @ image.t(), target)) / 2


def plain_sup_con(embeddings, labels, temperature=0.1):
    """The dense form in a few lines."""
    rows = F.normalize(embeddings, dim=1)
    others = ~torch.eye(len(rows), dtype=torch.bool)
    logits = (rows @ rows.t() / temperature).masked_fill(~others, float("-inf"))
    positive = (labels[:, None] == labels) & others
    return -((logits.log_softmax(1).masked_fill(~positive, 0)).sum(1) / positive.sum(1)).mean()


@functools.cache
def installed(package):
    """The spec of a peer's package; None, which is said once, where it is not installed."""
    spec = importlib.util.find_spec(package)
    if spec is None:
        print(f"{package} is not installed and left out", file=sys.stderr)
    return spec


def open_clip_losses():
    """The file of OpenCLIP's losses alone, since the package asks for torchvision; None where it is not installed."""
    package = installed("open_clip")
    if package is None:
        return None
    spec = importlib.util.spec_from_file_location("open_clip_loss", pathlib.Path(package.submodule_search_locations[0]) / "loss.py")
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)  # where torch.compile looks for it
    spec.loader.exec_module(module)
    return module


def proxied(peer, proxies):
    """A peer that owns its proxies [D, C] or [C, D], with ours."""
    name = "W" if hasattr(peer, "W") else "proxies"
    weight = getattr(peer, name)
    setattr(peer, name, torch.nn.Parameter(proxies.detach().clone() if weight.shape == proxies.shape else proxies.detach().t().clone()))
    return peer


def listed(indices):
    """How many pairs (a, p, a, n) or triplets (a, p, n) a miner of PML lists."""
    return len(indices[0]) + (len(indices[2]) if len(indices) == 4 else 0)


class Contest:
    """Contestants return a loss, or how many indices they list; `products` of N x M x D are in the dense formula, forward and backward, and
    `needed` are those that nobody can do without: half of a symmetric one, and one for the gradient of each input."""

    def __init__(self, products, needed, columns, contestants):
        self.products, self.needed, self.columns, self.contestants = products, needed, columns, contestants


def add_compiled(contests):
    """Beside each peer of the losses that torch.compile takes, the same compiled."""
    for name in ("idcl", "idcl_pair", "clip", "sig_lip", "sup_con"):
        contestants = contests[name].contestants
        for who in [who for who in contestants if not who.startswith(("ours", "own"))]:
            contestants[who + ", compiled"] = torch.compile(contestants[who], dynamic=False)


def contests(size, dim, evaluator="auto", classes=1000):
    """name -> Contest, and the leaves whose gradients are asked for; ours by the evaluator of that name."""
    ours = torch.ops.idcl_bench
    torch.manual_seed(0)
    a, b = (torch.randn(size, dim, requires_grad=True) for _ in range(2))
    unit_a, unit_b = (F.normalize(torch.randn(size, dim), dim=1).requires_grad_() for _ in range(2))
    proxies = torch.randn(classes, dim, requires_grad=True)
    labels = torch.arange(size) // 8 % classes
    samples = torch.arange(size // 2).repeat(2)  # two views of each
    leaves = (a, b, unit_a, unit_b, proxies)

    def family(name, products=3, needed=1.5, columns=size):
        inputs = (unit_a, unit_b) if name in ("clip", "sig_lip") else (a, b)
        return Contest(products, needed, columns, {"ours": lambda: ours.family_loss(name, *inputs, labels, proxies, evaluator)})

    found = {
        "idcl": Contest(4, 2, size, {"ours": lambda: ours.idcl_loss(a, b, 15, 0.1, evaluator),
                                     "own dense": lambda: ours.idcl_loss(a, b, 15, 0.1, "dense"),
                                     "released formula": lambda: released_idcl(a, b)}),
        "idcl_pair": Contest(8, 3, size, {"ours": lambda: ours.idcl_pair_loss(a, b, 15, 0.1, evaluator, 32),
                                          "ours, 288 MiB": lambda: ours.idcl_pair_loss(a, b, 15, 0.1, evaluator, 288),
                                          "released formula": lambda: (released_idcl(a, b) + released_idcl(b, a)) / 2}),
        "clip": family("clip", 6, 3),
        "sig_lip": family("sig_lip", 3, 3),
    }
    found["clip"].contestants["ours, 288 MiB"] = lambda: ours.clip_loss(unit_a, unit_b, 14.3, 288)
    found["clip"].contestants["plain formula"] = lambda: plain_clip(unit_a, unit_b, 14.3)
    open_clip = open_clip_losses()
    if open_clip:
        clip, sig_lip = open_clip.ClipLoss(), open_clip.SigLipLoss()
        scale, bias = torch.tensor(10.0), torch.tensor(-10.0)
        found["clip"].contestants["OpenCLIP"] = lambda: clip(unit_a, unit_b, torch.tensor(14.3))
        found["sig_lip"].contestants["OpenCLIP"] = lambda: sig_lip(unit_a, unit_b, scale, bias)

    metric = importlib.import_module("pytorch_metric_learning.losses") if installed("pytorch_metric_learning") else None
    peers = {
        "sup_con": lambda: metric.SupConLoss(temperature=0.1),
        "nt_xent": lambda: metric.NTXentLoss(temperature=0.07),
        "contrastive": lambda: metric.ContrastiveLoss(),
        "multi_similarity": lambda: metric.MultiSimilarityLoss(),
        "circle": lambda: metric.CircleLoss(),
        "triplet_margin": lambda: metric.TripletMarginLoss(),
        "fast_ap": lambda: metric.FastAPLoss(),
        "proxy_anchor": lambda: proxied(metric.ProxyAnchorLoss(classes, dim), proxies),
        "arc_face": lambda: proxied(metric.ArcFaceLoss(classes, dim), proxies),
    }
    for name, make in peers.items():
        has_proxies = name in ("proxy_anchor", "arc_face")
        found[name] = family(name, needed=3 if has_proxies else 1.5, columns=classes if has_proxies else size)
        if metric:
            peer, target = make(), samples if name == "nt_xent" else labels
            found[name].contestants["PML"] = lambda peer=peer, target=target: peer(a, target)

    found["sup_con"].contestants["plain formula"] = lambda: plain_sup_con(a, labels)

    miners = importlib.import_module("pytorch_metric_learning.miners") if metric else None
    peers = {
        "batch_hard": lambda: miners.BatchHardMiner(),
        "batch_easy_hard": lambda: miners.BatchEasyHardMiner(),
        "multi_similarity": lambda: miners.MultiSimilarityMiner(),
        "pair_margin": lambda: miners.PairMarginMiner(pos_margin=1.4, neg_margin=1.35),
        "hdc": lambda: miners.HDCMiner(filter_percentage=0.01),
        "semi_hard": lambda: miners.TripletMarginMiner(margin=0.02, type_of_triplets="semihard"),
    }
    for name, make in peers.items():
        mine = Contest(1, 0.5, size, {"ours": lambda name=name: ours.mine(name, a, labels)})
        if metric:
            mine.contestants["PML"] = lambda peer=make(): listed(peer(a, labels))
        found["mine_" + name] = mine
    return found, leaves
