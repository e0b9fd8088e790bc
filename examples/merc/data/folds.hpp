#pragma once

#include "data/corpus.hpp"

#include <cstddef>
#include <vector>

namespace merc {

/// What is held out as test, one after the other.
enum class FoldBy {
  File,     ///< the test split of the file: one fold, which is no cross-validation
  Session,  ///< each session in turn
};

/// The splits of a corpus that are trained on one after the other. One of them is in memory at a time, beside the corpus itself.
class Folds {
 public:
  /// The corpus must outlive the folds. Throws DataError for Session unless every id says its session and there are two sessions at least.
  Folds(const Corpus& data, FoldBy by);

  std::size_t size() const { return sessions_.size(); }

  /// The session held out; 0 where the splits are those of the file.
  int session(std::size_t fold) const { return sessions_.at(fold); }

  /// The corpus with the splits of a fold, dev cut as everywhere; until another fold is asked for.
  const Corpus& corpus(std::size_t fold);

  /// The corpus as it was given.
  const Corpus& data() const { return data_; }

 private:
  const Corpus& data_;
  std::vector<int> sessions_;
  Corpus made_;
};

}  // namespace merc
