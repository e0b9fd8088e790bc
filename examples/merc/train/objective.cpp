#include "objective.hpp"

#include "process.hpp"

#include <ATen/Functions.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

namespace merc {
namespace {

double norm_of(const std::vector<Tensor>& tensors) {
  double squares = 0;
  for (const auto& tensor : tensors) squares += std::pow(tensor.norm().item<double>(), 2);
  return std::sqrt(squares);
}

/// Mean cosine between different dialogs: (|sum of unit rows|^2 - B) / (B (B - 1)).
double mean_cosine(const std::vector<Tensor>& pooled) {
  const auto dialogs = static_cast<double>(pooled.front().size(0));
  if (dialogs < 2) return 0;
  double total = 0;
  for (const auto& rows : pooled) {
    const auto unit = rows / rows.norm(2, {1}, true).clamp_min(1e-12);
    total += (unit.sum(0).square().sum().item<double>() - dialogs) / (dialogs * (dialogs - 1));
  }
  return total / static_cast<double>(pooled.size());
}

}  // namespace

Tensor cross_entropy(const Tensor& logits, const Tensor& labels, const Tensor& class_weights, double smoothing) {
  if (!labels.ge(0).any().item<bool>()) return logits.sum() * 0;
  if (smoothing > 0) return at::cross_entropy_loss(logits, labels, class_weights, at::Reduction::Mean, /*ignore_index=*/-1, smoothing);
  return at::nll_loss(at::log_softmax(logits, 1), labels, class_weights, at::Reduction::Mean, /*ignore_index=*/-1);
}

Tensor balanced_weights(const Tensor& labels, int64_t classes) {
  const auto counts = at::bincount(labels.masked_select(labels.ge(0)), {}, classes).to(at::kDouble);
  return (counts.sum() / (static_cast<double>(classes) * counts)).masked_fill(counts.eq(0), 0).to(at::kFloat);
}

Terms accumulate(NetworkImpl& network, const Batch& batch, const Objective& objective, MemoryBank& bank, Dropout& dropout) {
  Terms terms;
  Stopwatch watch;
  const auto encoded = network.encode(batch, dropout);
  terms.seconds.forward = watch.lap();
  Encoded leaves;
  for (const auto& rows : encoded) leaves.push_back(rows.detach().requires_grad_());
  std::vector<Tensor> gradients;

  if (objective.cross_entropy > 0) {
    const auto value = cross_entropy(network.logits(leaves), batch.labels, objective.class_weights, objective.label_smoothing);
    (value * objective.cross_entropy).backward();
    terms.cross_entropy = value.item<double>();
    for (const auto& leaf : leaves) gradients.push_back(leaf.grad());
  }
  if (objective.idcl_weight > 0) {
    std::vector<Tensor> pooled;
    for (const auto& rows : leaves) pooled.push_back(pool(rows, batch.layout, objective.pooling));
    if (objective.memory_bank_unique) bank.forget(batch.dialogs);
    const auto value = contrastive_term(leaves, pooled, batch, bank, objective);
    const auto pulls = torch::autograd::grad({value * objective.idcl_weight}, leaves, {}, std::nullopt, false, /*allow_unused=*/true);
    terms.idcl = value.item<double>();
    terms.mean_cosine = mean_cosine(pooled);
    if (objective.mining.is_known() || objective.memory_bank_unique) pooled.push_back(batch.dialogs);
    bank.push(pooled);
    if (gradients.empty()) {
      gradients = pulls;
    } else {
      terms.gradient_ratio = norm_of(pulls) / norm_of(gradients);
      for (size_t i = 0; i < gradients.size(); ++i) gradients[i].add_(pulls[i]);
    }
  }
  terms.loss = objective.cross_entropy * terms.cross_entropy + objective.idcl_weight * terms.idcl;
  terms.seconds.loss = watch.lap();
  if (!gradients.empty()) torch::autograd::backward(encoded, gradients);
  terms.seconds.backward = watch.lap();
  return terms;
}

}  // namespace merc
