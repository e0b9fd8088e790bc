#include "named_losses.hpp"
#include "objective.hpp"

#include <idcl/losses/idcl.hpp>
#include <idcl/mining/distances.hpp>
#include <idcl/mining/exclude_near.hpp>
#include <idcl/mining/soft_weights.hpp>
#include <idcl/objective/sup_con.hpp>

#include <ATen/Functions.h>

#include <algorithm>

namespace merc {
namespace {

/// K, held to half of the others where that is asked for.
int64_t neighbors(const Objective& objective, int64_t dialogs) {
  const auto most = objective.limit_neighbors ? std::max<int64_t>(1, (dialogs - 1) / 2) : objective.num_neighbors;
  return std::min(objective.num_neighbors, most);
}

/// Row losses [dialogs] of one modality, with positives by a miner; `place` says where a miner that looks at features does.
template <class Miner, class Row>
Tensor row_losses(const Miner& miner, const Row& row, const Tensor& rows, const Tensor& place, const Mining& mining,
                  const Tensor& distances) {
  const auto evaluate = [&](const auto& spared) {
    const idcl::ContrastiveLoss loss{idcl::similarity::Cosine{}, spared, row, idcl::reduction::None{}};
    return place.defined() ? loss(rows, idcl::mining::in(place)) : loss(rows);
  };
  if (mining.exclude_near > 0)
    return evaluate(idcl::mining::ExcludeNear{.miner = miner, .distances = distances, .nearer_than = mining.exclude_near});
  return evaluate(miner);
}

/// The contrastive term where something is known of the dialogs beforehand. Positives by a table are the same in every modality, so each
/// modality is contrasted once; positives by feature are mined in the other modality, and a table spares near negatives.
Tensor contrast_mined(const std::vector<Tensor>& dialogs, int64_t anchors, const Tensor& numbers, const Objective& objective) {
  const auto& mining = objective.mining;
  const auto of_batch = [&](const Tensor& table) {
    return table.defined() ? table.index_select(0, numbers).index_select(1, numbers) : table;
  };
  const auto positives = of_batch(mining.positives), trajectories = of_batch(mining.trajectories);  // [R, R]
  const auto k = neighbors(objective, numbers.size(0));
  const idcl::objective::InfoNCE inside{.temperature = objective.temperature,
                                        .epsilon = objective.arithmetic == Arithmetic::Official ? 1e-8 : 0};

  std::vector<Tensor> terms;
  for (size_t i = 0; i < dialogs.size(); ++i) {
    if (!positives.defined()) {
      for (size_t j = 0; j < dialogs.size(); ++j)
        if (j != i) terms.push_back(row_losses(idcl::mining::TopK{.k = k}, inside, dialogs[i], dialogs[j].detach(), mining, trajectories));
    } else {
      const idcl::mining::DistanceTopK miner{.distances = positives, .k = k};
      if (mining.weights == Weights::Soft) {
        const idcl::mining::SoftWeights soft{.miner = miner, .distances = trajectories, .sigma = mining.sigma};
        terms.push_back(
            row_losses(soft, idcl::objective::SupCon{.temperature = objective.temperature}, dialogs[i], {}, mining, trajectories));
      } else {
        terms.push_back(row_losses(miner, inside, dialogs[i], {}, mining, trajectories));
      }
    }
  }
  if (terms.empty()) return dialogs.front().sum() * 0;
  // Dialogs without labels have no positive and no term: the mean is over the others.
  auto counted = at::ones({anchors}, at::kBool);
  if (positives.defined()) counted = positives.clone().fill_diagonal_(INFINITY).isfinite().any(1).narrow(0, 0, anchors);
  const auto count = std::max<int64_t>(1, counted.sum().item<int64_t>()) * static_cast<int64_t>(terms.size());
  return at::stack(terms).narrow(1, 0, anchors).sum() / count;
}

/// The mean of a symmetric loss over all pairs of modalities; a zero attached to the graph where there is one modality.
template <class Loss>
Tensor mean_over_pairs(const std::vector<Tensor>& modalities, const Loss& loss) {
  Tensor total;
  int64_t pairs = 0;
  for (size_t i = 0; i < modalities.size(); ++i)
    for (size_t j = i + 1; j < modalities.size(); ++j, ++pairs) {
      const auto term = loss(modalities[i], modalities[j]);
      total = total.defined() ? total + term : term;
    }
  return total.defined() ? total / static_cast<double>(pairs) : modalities.front().sum() * 0;
}

/// Which rows are utterances: all but the padding, [utterances] int64.
Tensor utterance_rows(const Layout& layout) {
  std::vector<int64_t> rows;
  for (const auto& span : layout.spans)
    for (int64_t u = 0; u < span.utterances; ++u) rows.push_back(span.first + u);
  return at::tensor(rows, at::kLong);
}

/// The most frequent label of each dialog, the lowest of equals, -1 where none has one: [dialogs] int64.
Tensor dialog_labels(const Batch& batch) {
  const auto labels = batch.labels.cpu();
  const auto* label = labels.const_data_ptr<int64_t>();
  std::vector<int64_t> most;
  for (const auto& span : batch.layout.spans) {
    std::map<int64_t, int64_t> counts;
    for (int64_t row = span.first; row < span.first + span.utterances; ++row)
      if (label[row] >= 0) ++counts[label[row]];
    const auto best = std::ranges::max_element(counts, {}, [](const auto& entry) { return entry.second; });  // the first of equals
    most.push_back(best == counts.end() ? -1 : best->first);
  }
  return at::tensor(most, at::kLong).to(batch.labels.device());
}

/// The contrastive term of rows that nothing is known of but their labels: one [N, hidden] a modality.
Tensor contrast_rows(const std::vector<Tensor>& modalities, const Tensor& labels, const Objective& objective) {
  if (by_label(objective.contrastive)) {
    const auto labelled = labels.ge(0).nonzero().squeeze(1);
    return label_term(objective.contrastive, at::cat(modalities, 1).index_select(0, labelled), labels.index_select(0, labelled),
                      objective.temperature);
  }
  if (by_pair(objective.contrastive))
    return mean_over_pairs(modalities, [&](const Tensor& a, const Tensor& b) {
      return pair_term(objective.contrastive, a, b, objective.temperature);
    });
  return contrast(modalities, MemoryBank::none(), objective);
}

}  // namespace

Tensor contrast(const std::vector<Tensor>& pooled, const MemoryBank& bank, const Objective& objective, const Tensor& numbers) {
  const auto anchors = pooled.front().size(0);
  std::vector<Tensor> dialogs;
  for (size_t i = 0; i < pooled.size(); ++i) dialogs.push_back(bank.append_to(pooled[i], i));
  if (objective.mining.is_known()) return contrast_mined(dialogs, anchors, bank.append_to(numbers, pooled.size()), objective);

  auto options = objective.arithmetic == Arithmetic::Official ? idcl::IDCLLossOptions::official() : idcl::IDCLLossOptions();
  options.num_neighbors(neighbors(objective, dialogs.front().size(0))).temperature(objective.temperature).reduction(torch::kNone);
  return mean_over_pairs(dialogs, [&](const Tensor& a, const Tensor& b) {
    return idcl::functional::idcl_pair_loss(a, b, options).narrow(0, 0, anchors).mean();
  });
}

Tensor contrastive_term(const Encoded& rows, const std::vector<Tensor>& pooled, const Batch& batch, const MemoryBank& bank,
                        const Objective& objective) {
  Tensor of_dialogs, of_utterances;
  if (objective.contrast_on != ContrastOn::Utterance)
    of_dialogs = objective.contrastive == Contrastive::Idcl ? contrast(pooled, bank, objective, batch.dialogs)
                                                            : contrast_rows(pooled, dialog_labels(batch), objective);
  if (objective.contrast_on != ContrastOn::Dialog) {
    const auto kept = utterance_rows(batch.layout).to(batch.labels.device());
    std::vector<Tensor> utterances;
    for (const auto& modality : rows) utterances.push_back(modality.index_select(0, kept));
    auto unmined = objective;
    unmined.mining = {};  // what is known beforehand is of dialogs
    of_utterances = contrast_rows(utterances, batch.labels.index_select(0, kept), unmined);
  }
  if (!of_dialogs.defined()) return of_utterances;
  return of_utterances.defined() ? (of_dialogs + of_utterances) / 2 : of_dialogs;
}

}  // namespace merc
