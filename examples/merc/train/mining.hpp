#pragma once

#include "config.hpp"
#include "data/corpus.hpp"
#include "trajectory/measures.hpp"

#include <torch/types.h>

#include <filesystem>
#include <functional>

namespace merc {

using torch::Tensor;

/// What is known of the dialogs of a stage before it begins: distances [dialogs, dialogs], float32, in the order of the stage. A batch
/// takes the rows and columns of its dialogs.
struct Mining {
  Tensor positives{};     ///< the K of least distance are positives; undefined: mined in the features
  Tensor trajectories{};  ///< by which positives weigh and near negatives are spared; undefined where neither is asked for
  Weights weights = Weights::Hard;
  double sigma = 0.1;
  double exclude_near = 0;  ///< 0: no negative is spared

  /// Is anything known, so that batches have to say which dialogs they hold?
  bool is_known() const { return positives.defined() || trajectories.defined(); }
};

/// The label sequences by which a stage may mine, one a dialog of `splits` in order: of the training split alone, empty for a dialog of
/// any other split and for one without labels.
std::vector<LabelSequence> minable(const Corpus& corpus, const std::vector<std::string>& splits);

/// Where the distances of a stage are kept, and for whom.
struct DistanceCache {
  std::filesystem::path file;  ///< empty: nowhere
  std::string data;            ///< the fingerprint of the corpus
};

/// Distances between the dialogs of a stage [dialogs, dialogs]; infinite where one of two is not minable. Read from the cache where it
/// holds those of the same data, dialogs and measure; else measured and written there, whole or not at all.
Tensor trajectory_table(const Corpus& corpus, const std::vector<std::string>& splits, const TrajectoryMeasure& measure,
                        const DistanceCache& cache = {});

/// Distances drawn once from the seed, [dialogs, dialogs], symmetric: a relation that knows nothing.
Tensor random_table(int64_t dialogs, uint64_t seed);

/// What a stage asks for, on a device. `note` gets a line where labels are used. Throws DataError where no training dialog has any.
Mining prepare_mining(const Stage& stage, const Corpus& corpus, const std::vector<std::string>& splits, uint64_t seed,
                      const DistanceCache& cache, torch::Device device, const std::function<void(const std::string&)>& note);

}  // namespace merc
