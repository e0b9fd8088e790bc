#pragma once

#include "data/corpus.hpp"
#include "report/metrics.hpp"

#include <filesystem>
#include <span>
#include <string>
#include <vector>

/// What comparisons read of the runs of a setting.
namespace merc {

/// What the weights of an epoch say of the tests of all folds, one behind the other.
struct Answers {
  std::vector<Confusion> dialogs;
  std::vector<bool> right;  ///< a labelled utterance each

  /// Adds the test split of a fold, [utterances] classes.
  void add(const Corpus& data, const std::vector<int>& predicted);
};

/// Of a seed, an epoch each.
using Epochs = std::vector<Answers>;

/// The runs of one seed, a run a fold.
struct SeedScores {
  Answers selected;
  Epochs last;  ///< of the last five epochs, the newest first; as many as every fold has
  std::string selection;  ///< how the epoch was selected, as --select names it
  std::vector<Scores> folds;
  std::vector<double> last_five, peak;  ///< a fold each
};

/// The scores of dialogs together.
Scores pooled(std::span<const Confusion> dialogs);

/// Adds the finished run of a fold. Throws DataError where its files do not belong to the test split.
void read_fold(const std::filesystem::path& folder, const Corpus& data, SeedScores& seed);

}  // namespace merc
