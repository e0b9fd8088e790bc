#include "mining.hpp"

#include "data/atomic.hpp"
#include "data/npy.hpp"
#include "fit.hpp"
#include "model/random.hpp"

#include <ATen/Functions.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <bit>
#include <fstream>
#include <limits>
#include <optional>

namespace merc {
namespace {

/// The first line of a cache: all that its distances depend on.
std::string identity(const std::vector<std::string>& ids, const TrajectoryMeasure& measure, const std::string& data) {
  return nlohmann::json{{"distances", 1}, {"data", data}, {"measure", measure.name}, {"options", measure.options}, {"dialogs", ids}}.dump();
}

/// Distances [count, count] from a cache of that identity; none where there is no such cache, or a damaged one.
std::optional<Tensor> read_cache(const std::filesystem::path& path, const std::string& identity, int64_t count) {
  std::ifstream file(path, std::ios::binary);
  std::string line;
  if (!file || !std::getline(file, line) || line != identity) return std::nullopt;
  auto distances = at::empty({count, count}, at::kFloat);
  std::vector<unsigned char> bytes(static_cast<std::size_t>(distances.numel()) * 4);
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!file || file.peek() != std::ifstream::traits_type::eof()) return std::nullopt;
  auto* values = distances.mutable_data_ptr<float>();
  for (std::size_t i = 0; i < bytes.size(); i += 4) {
    const uint32_t word = bytes[i] | bytes[i + 1] << 8 | bytes[i + 2] << 16 | static_cast<uint32_t>(bytes[i + 3]) << 24;
    values[i / 4] = std::bit_cast<float>(word);
  }
  return distances;
}

Tensor measured(const std::vector<LabelSequence>& sequences, const TrajectoryMeasure& measure, int classes) {
  const auto distances = measure.distances(sequences, classes);  // symmetric, so that the order of its storage does not matter
  return at::from_blob(const_cast<double*>(distances.data()), {distances.rows(), distances.cols()}, at::kDouble).to(at::kFloat);
}

}  // namespace

std::vector<LabelSequence> minable(const Corpus& corpus, const std::vector<std::string>& splits) {
  std::vector<LabelSequence> sequences;
  for (const auto& split : splits)
    if (corpus.has(split))
      for (const auto& dialog : corpus.split(split).dialogs) sequences.push_back(split == "train" ? labels_of(dialog) : LabelSequence{});
  return sequences;
}

Tensor trajectory_table(const Corpus& corpus, const std::vector<std::string>& splits, const TrajectoryMeasure& measure,
                        const DistanceCache& cache) {
  const auto all = minable(corpus, splits);
  const auto dialogs = dialogs_of(corpus, splits);
  std::vector<LabelSequence> labelled;
  std::vector<int64_t> places;
  std::vector<std::string> ids;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].empty()) continue;
    labelled.push_back(all[i]);
    places.push_back(static_cast<int64_t>(i));
    ids.push_back(dialogs[i]->id);
  }
  const auto count = static_cast<int64_t>(places.size()), size = static_cast<int64_t>(all.size());
  if (count == 0) throw DataError(corpus.path + ": no training dialog has labels to mine by; take positives by feature, and exclude none");

  const auto key = identity(ids, measure, cache.data);
  auto distances = cache.file.empty() ? std::nullopt : read_cache(cache.file, key, count);
  if (!distances) {
    distances = measured(labelled, measure, corpus.classes);
    if (!cache.file.empty())
      write_file(cache.file, [&](std::ostream& file) {
        file << key << '\n';
        write_floats(file, {distances->const_data_ptr<float>(), static_cast<std::size_t>(distances->numel())});
      });
  }
  const auto at_places = at::tensor(places, at::kLong);
  auto table = at::full({size, size}, std::numeric_limits<float>::infinity(), at::kFloat);
  table.index_put_({at_places.unsqueeze(1), at_places.unsqueeze(0)}, *distances);
  return table;
}

Tensor random_table(int64_t dialogs, uint64_t seed) {
  auto table = at::zeros({dialogs, dialogs}, at::kFloat);
  auto* values = table.mutable_data_ptr<float>();
  for (int64_t i = 0; i < dialogs; ++i)
    for (int64_t j = 0; j < i; ++j) {
      const auto drawn = derive({seed, static_cast<uint64_t>(i), static_cast<uint64_t>(j)});
      values[i * dialogs + j] = values[j * dialogs + i] = static_cast<float>(drawn >> 40) / static_cast<float>(1 << 24);
    }
  return table;
}

Mining prepare_mining(const Stage& stage, const Corpus& corpus, const std::vector<std::string>& splits, uint64_t seed,
                      const DistanceCache& cache, torch::Device device, const std::function<void(const std::string&)>& note) {
  const std::string head = "trajectory:";
  const bool by_trajectory = stage.positives.starts_with("trajectory");
  Mining mining{.weights = stage.weights, .sigma = stage.sigma, .exclude_near = stage.exclude_near};
  if (by_trajectory || stage.exclude_near > 0) {
    const auto& measure =
        stage.positives.starts_with(head) ? trajectory_measure(stage.positives.substr(head.size())) : trajectory_measures().front();
    mining.trajectories = trajectory_table(corpus, splits, measure, cache).to(device);
    const auto labelled = std::ranges::count_if(minable(corpus, splits), [](const auto& sequence) { return !sequence.empty(); });
    note((by_trajectory ? "positives by " : "near negatives spared by ") + measure.name + " (" + measure.options + ") of the labels of " +
         std::to_string(labelled) + " training dialogs");
  }
  if (by_trajectory) mining.positives = mining.trajectories;
  if (stage.positives == "random")
    mining.positives = random_table(static_cast<int64_t>(dialogs_of(corpus, splits).size()), seed).to(device);
  return mining;
}

}  // namespace merc
