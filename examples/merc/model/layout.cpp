#include "layout.hpp"

#include "../data/corpus.hpp"

#include <ATen/Functions.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>

namespace merc {
namespace {

Layout lay_out(std::span<const int64_t> lengths, int64_t at_least) {
  Layout layout;
  for (const auto length : lengths) layout.spans.push_back({layout.rows(), std::max(length, at_least), length});
  return layout;
}

/// The place of each row's speaker among `names`, their number where it has none there: [rows] int64.
Tensor places(std::span<const Dialog* const> dialogs, const Layout& layout, const std::vector<std::string>& names) {
  std::unordered_map<std::string_view, int64_t> place;
  for (const auto& name : names) place.emplace(name, std::ssize(place));
  auto rows = at::full({layout.rows()}, std::ssize(names), at::kLong);
  auto* values = rows.mutable_data_ptr<int64_t>();
  for (size_t i = 0; i < dialogs.size(); ++i)
    for (size_t u = 0; u < dialogs[i]->speakers.size(); ++u)
      if (const auto found = place.find(dialogs[i]->speakers[u]); found != place.end())
        values[static_cast<size_t>(layout.spans[i].first) + u] = found->second;
  return rows;
}

}  // namespace

int64_t Layout::longest() const {
  int64_t longest = 0;
  for (const auto& span : spans) longest = std::max(longest, span.rows);
  return longest;
}

Layout Layout::packed(std::span<const int64_t> lengths) { return lay_out(lengths, 0); }

Layout Layout::padded(std::span<const int64_t> lengths) {
  return lay_out(lengths, lengths.empty() ? 0 : *std::ranges::max_element(lengths));
}

Batch Batch::to(torch::Device device) const {
  const auto there = [&](const Tensor& tensor) { return tensor.defined() ? tensor.to(device) : tensor; };
  Batch moved{layout, {}, labels.to(device), there(dialogs), there(speakers)};
  for (const auto& rows : features) moved.features.push_back(rows.to(device));
  return moved;
}

Batch make_batch(std::span<const Dialog* const> dialogs, const std::vector<std::string>& modalities, Pooling pooling,
                 const std::vector<std::string>& speakers) {
  std::vector<int64_t> lengths;
  for (const auto* dialog : dialogs) lengths.push_back(dialog->utterances());

  Batch batch;
  batch.layout = pooling == Pooling::Padded ? Layout::padded(lengths) : Layout::packed(lengths);
  batch.labels = at::full({batch.layout.rows()}, -1, at::kLong);
  auto* labels = batch.labels.mutable_data_ptr<int64_t>();
  for (size_t i = 0; i < dialogs.size(); ++i) std::ranges::copy(dialogs[i]->labels, labels + batch.layout.spans[i].first);

  if (!speakers.empty()) batch.speakers = places(dialogs, batch.layout, speakers);
  for (const auto& modality : modalities) {
    const auto width = dialogs.empty() ? 0 : dialogs.front()->features.at(modality).cols;
    auto rows = batch.features.emplace_back(at::zeros({batch.layout.rows(), width}));
    auto* values = rows.mutable_data_ptr<float>();
    for (size_t i = 0; i < dialogs.size(); ++i)
      std::ranges::copy(dialogs[i]->features.at(modality).values, values + batch.layout.spans[i].first * width);
  }
  return batch;
}

Tensor pool(const Tensor& rows, const Layout& layout, Pooling pooling) {
  // One product with the matrix of weights, [dialogs, rows], would cost as much as a layer; cutting the rows up costs one copy.
  std::vector<int64_t> pieces;
  for (const auto& span : layout.spans) {
    const auto counted = pooling == Pooling::Padded ? span.rows : span.utterances;
    pieces.insert(pieces.end(), {counted, span.rows - counted});
  }
  const auto cut = rows.split_with_sizes(pieces);
  std::vector<Tensor> means;
  for (size_t i = 0; i < cut.size(); i += 2) means.push_back(cut[i].mean(0));
  return at::stack(means);  // [dialogs, width]
}

}  // namespace merc
