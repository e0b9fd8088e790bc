#pragma once

#include "../data/corpus.hpp"
#include "config.hpp"

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// Training as a function of a corpus and a configuration. No LibTorch in this header.
namespace merc {

/// What a model says of the utterances of a split, in the order of the corpus (dialog by dialog).
struct Predictions {
  std::vector<int> truth;            ///< -1 where the corpus has no label: such an utterance counts in no score and no loss
  std::vector<int> predicted;        ///< class of the highest probability, the lowest of equals
  std::vector<float> probabilities;  ///< [utterances, classes], row-major
  int classes = 0;
  double loss = 0;  ///< mean cross-entropy over the labelled utterances, no class weights
};

/// The scores of a split after an epoch, as fractions.
struct SplitScore {
  double loss = 0;
  double accuracy = 0;
  double weighted_f1 = 0;
};

/// One line of metrics.jsonl.
struct EpochRecord {
  std::string stage{};       ///< "pretrain" or "finetune"
  int64_t epoch = 0;         ///< from 1
  int64_t epochs = 0;        ///< of the stage
  double loss = 0;           ///< what was minimised; means over the batches
  double cross_entropy = 0;  ///< 0 in stage 1
  double idcl = 0;           ///< unweighted
  double idcl_gradient_ratio =
      0;  ///< |gradient of the weighted contrastive term| / |gradient of cross-entropy| at the encoder outputs; 0 without both
  double mean_cosine = 0;    ///< between the embeddings of different dialogs of a batch: near 1, all dialogs look the same
  double gradient_norm = 0;  ///< before clipping
  double learning_rate = 0;  ///< of the last step
  double seconds = 0;        ///< the training part alone
  std::optional<SplitScore> dev{};
  std::optional<SplitScore> test{};  ///< logged for the peak, used by nothing else
  bool best = false;                 ///< the best so far
};

/// Which entries of the pre-trained weights went into the new model, by name and shape.
struct Transfer {
  std::vector<std::string> loaded;
  std::vector<std::string> skipped;  ///< "textf_input.0.weight: [512, 600, 1] here, [512, 768, 1] there"
};

/// Where a run stands while it trains. Every call has an empty default; they come from the thread that called `train`.
struct Observer {
  virtual ~Observer() = default;
  virtual void note(const std::string& /*line*/) {}                     ///< worth a line: transfer, clamped K, early stop, saved state
  virtual void resumed(const std::vector<EpochRecord>& /*history*/) {}  ///< the epochs that a resumed run already has
  virtual void batch(const std::string& /*stage*/, int64_t /*epoch*/, int64_t /*epochs*/, int64_t /*done*/, int64_t /*of*/) {}
  virtual void epoch(const EpochRecord& /*record*/) {}
};

/// Where a run is kept and how it is told to stop.
struct Run {
  std::filesystem::path folder;  ///< holds config.json, state.pt (to resume) and best.pt (the selected weights); empty: nothing is written
  bool resume = false;           ///< go on from folder/state.pt; where there is none, begin
  std::function<bool()> stop = [] { return false; };  ///< asked after every epoch
};

/// The result of a run.
struct Outcome {
  std::map<std::string, Predictions> predictions;  ///< of "dev" and "test" by the selected weights; test is predicted once, at the end
  int64_t best_epoch = 0;
  struct Peak {
    double weighted_f1 = 0;
    int64_t epoch = 0;
  } peak_test;  ///< the best test score of any epoch: what peeking would have claimed
  std::vector<std::vector<int>> last_predicted;  ///< of the test split by the last five epochs, newest first: nothing selected them
  std::vector<EpochRecord> history;
  std::optional<Transfer> transfer;  ///< of ablation C
  double seconds_per_epoch = 0;      ///< of stage 2
  double peak_rss_mib = 0;           ///< of the process
  bool interrupted = false;          ///< stopped before the end: no predictions; the state is in the folder
};

/// Trains as `config` says and returns the scores of the selected weights.
///
/// `pretrain` is the corpus of stage 1 (ablation C), else nullopt. A seed and a configuration determine the result on a CPU at a given
/// number of threads; a run that was stopped and resumed ends with the same numbers, bit for bit.
/// Throws DataError (missing modality, label out of range, dialog without utterances, state of other data) or UsageError.
Outcome train(const Corpus& data, std::optional<std::reference_wrapper<const Corpus>> pretrain, const Config& config, Observer& observer,
              const Run& run = {});

/// As rows of text, for a page or a file.
void to_json(nlohmann::json& json, const EpochRecord& record);
void from_json(const nlohmann::json& json, EpochRecord& record);

}  // namespace merc
