#pragma once

#include "predict.hpp"

namespace merc {

/// The dev and test dialogs of a run, laid out once, which a network in training is asked about.
class Evaluation {
 public:
  Evaluation(const Corpus& data, const NetworkOptions& network, torch::Device device);

  /// Puts the scores of the splits that there are into the record of an epoch; returns what they come from.
  std::map<std::string, Predictions> score(NetworkImpl& network, EpochRecord& record) const;

  /// What the selected weights say, by split.
  std::map<std::string, Predictions> predict(NetworkImpl& network) const;

 private:
  std::map<std::string, std::vector<Batch>> splits_;  ///< those that have dialogs
};

/// What the epochs of stage 2 say together: how long one takes, and the best test score of any.
void summarize(const std::vector<EpochRecord>& history, Outcome& outcome);

}  // namespace merc
