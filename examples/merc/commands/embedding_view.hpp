#pragma once

#include "data/corpus.hpp"
#include "report/embedding_page.hpp"
#include "report/run_files.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <tuple>

namespace merc::commands {

/// Shows runs the corpora they were trained on, for the maps and positives on their page. A corpus is read once.
class EmbeddingViews {
 public:
  /// `data`: where the corpus is; empty: where each run found it. `coordinates`: a file of points to draw beside the principal components;
  /// empty: none.
  EmbeddingViews(std::string data, std::string coordinates) : data_(std::move(data)), coordinates_(std::move(coordinates)) {}

  /// Throws DataError where the corpus cannot be read, is another one than the run's, or the run has no weights.
  EmbeddingSection of(const std::filesystem::path& folder, const RunFiles& run);

  /// Were data or coordinates asked for, so that a page without them will not do?
  bool is_asked() const { return !data_.empty() || !coordinates_.empty(); }

 private:
  std::string data_, coordinates_;
  std::map<std::tuple<std::string, std::string, int>, Corpus> corpora_;  ///< by path and arrangement
};

}  // namespace merc::commands
