#pragma once

#include "commands/split_flags.hpp"
#include "train/classifier.hpp"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace merc::commands {

/// The flags that say which trained weights are asked, and about what.
class WeightsFlags {
 public:
  /// `splits`: what is taken where no --split is given; empty: all that the corpus has.
  WeightsFlags(CLI::App& app, std::vector<std::string> splits);

  /// Throws UsageError where neither --run nor --weights was given. From here on LibTorch has the threads that --threads asks for.
  Classifier classifier() const;

  /// What was asked for, in the order of the words, or all splits of the corpus. Throws DataError where one is not there.
  std::vector<std::string> splits(const Corpus& corpus) const;

  /// The corpus asked about, arranged as the flags say; where they say nothing, as the run had it, as far as this corpus can be, so that no
  /// dialog that a run was trained on is taken for its test. Says what it is. `load` holds out dev as well.
  Corpus read(bool quiet) const;
  Corpus load(bool quiet) const;

  const std::string& source() const { return run_.empty() ? weights_ : run_; }  ///< the run or the file

 private:
  Corpus arranged() const;

  const CLI::App& app_;
  SplitFlags split_flags_;
  std::string run_, weights_, data_, device_ = "cpu";
  std::vector<std::string> splits_, modalities_{"text", "audio"};
  int64_t heads_ = 8, threads_ = 0;
  bool deterministic_ = false;
};

}  // namespace merc::commands
