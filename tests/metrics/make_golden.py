#!/usr/bin/env python3
"""Writes retrieval.json and clustering.json beside this file: scores of random (synthetic) data by pytorch-metric-learning's
AccuracyCalculator and by scikit-learn.

    pip install torch pytorch-metric-learning==2.9.0 scikit-learn==1.9.1 faiss-cpu && python tests/metrics/make_golden.py
"""
import json
import pathlib

import numpy
import pytorch_metric_learning
import sklearn
import torch
from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator
from sklearn.metrics import adjusted_mutual_info_score, normalized_mutual_info_score
from sklearn.neighbors import NearestNeighbors

folder = pathlib.Path(__file__).parent
random = numpy.random.default_rng(20)
calculator = AccuracyCalculator(exclude=("NMI", "AMI"), device=torch.device("cpu"))
VERSIONS = f"pytorch-metric-learning {pytorch_metric_learning.__version__}, scikit-learn {sklearn.__version__}"


def rows(n, d=3):
    """Numbers that float32 holds, since AccuracyCalculator ranks in it."""
    return random.normal(size=(n, d)).astype(numpy.float32)


def recall(query, query_labels, reference, reference_labels, includes, ks):
    """The share of queries, of those that have anything to find, with one of their label among the first k."""
    order = NearestNeighbors(n_neighbors=len(reference)).fit(reference).kneighbors(query, return_distance=False)
    if includes:
        order = numpy.array([[j for j in row if j != i] for i, row in enumerate(order)])
    hits = reference_labels[order] == query_labels[:, None]
    hits = hits[hits.any(1)]
    return {str(k): float(hits[:, :k].any(1).mean()) for k in ks}


def retrieval(name, query, query_labels, reference=None, reference_labels=None, includes=False, unit=False):
    case = {"name": name, "query": query.tolist(), "query_labels": query_labels.tolist(), "ref_includes_query": includes, "cosine": unit}
    if unit:  # the nearest of unit rows are those of the highest cosine
        query = query / numpy.linalg.norm(query, axis=1, keepdims=True)
    if reference is None:
        scores = calculator.get_accuracy(query, query_labels)
        found = recall(query, query_labels, query, query_labels, True, (1, 2, 4, 8))
    else:
        case |= {"reference": reference.tolist(), "reference_labels": reference_labels.tolist()}
        scores = calculator.get_accuracy(query, query_labels, reference, reference_labels, includes)
        found = recall(query, query_labels, reference, reference_labels, includes, (1, 2, 4, 8))
    case["expected"] = {
        "precision_at_1": scores["precision_at_1"],
        "r_precision": scores["r_precision"],
        "mean_average_precision_at_r": scores["mean_average_precision_at_r"],
        "mean_reciprocal_rank": scores["mean_reciprocal_rank"],
        "recall_at": found,
    }
    return case


def labels(high, n):
    return random.integers(0, high, n)


query = rows(9)
retrievals = [
    retrieval("a set in itself", rows(20), labels(4, 20)),
    retrieval("by cosine", rows(20), labels(4, 20), unit=True),
    retrieval("another set", rows(12), labels(5, 12), rows(21), labels(5, 21)),
    retrieval("queries first among the references", query, labels_of := labels(3, 9), numpy.concatenate([query, rows(11)]),
              numpy.concatenate([labels_of, labels(3, 11)]), includes=True),
    retrieval("queries with nothing to find", rows(8), numpy.array([0, 1, 2, 7, 8, 0, 1, 9]), rows(10), labels(3, 10)),
    retrieval("classes of one", rows(9), numpy.array([0, 0, 1, 2, 3, 3, 3, 4, 5])),
]
(folder / "retrieval.json").write_text(
    json.dumps({"source": f"make_golden.py with {VERSIONS}; synthetic rows", "cases": retrievals}).replace('{"name"', '\n{"name"') + "\n")


def clustering(name, truth, clusters):
    return {"name": name, "labels": numpy.asarray(truth).tolist(), "clusters": numpy.asarray(clusters).tolist(),
            "normalized": normalized_mutual_info_score(truth, clusters), "adjusted": adjusted_mutual_info_score(truth, clusters)}


truth = labels(5, 60)
noisy = numpy.where(random.random(60) < 0.3, labels(5, 60), truth)
clusterings = [
    clustering("nothing in common", labels(4, 50), labels(6, 50)),
    clustering("much in common", truth, noisy),
    clustering("the same under other names", truth, (truth * 7 + 3) % 11 - 4),
    clustering("uneven sizes", numpy.sort(random.geometric(0.4, 80)), random.geometric(0.5, 80)),
    clustering("one group against several", labels(4, 20), numpy.zeros(20, int)),
    clustering("several against one group", numpy.zeros(20, int), labels(4, 20)),
    clustering("one group each", numpy.zeros(7, int), numpy.ones(7, int)),
    clustering("each element its own group", numpy.arange(9), numpy.arange(9)[::-1]),
    clustering("each its own against some", numpy.arange(12), labels(3, 12)),
    clustering("independent by construction", numpy.arange(16) // 4, numpy.arange(16) % 4),
    clustering("two elements", [0, 1], [1, 0]),
    clustering("one element", [3], [5]),
    clustering("none", [], []),
]
(folder / "clustering.json").write_text(
    json.dumps({"source": f"make_golden.py with {VERSIONS}; synthetic labels", "cases": clusterings}).replace('{"name"', '\n{"name"') + "\n")
