#pragma once

#include "data/folds.hpp"
#include "data/rearrange.hpp"

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace merc::commands {

/// The flags that say which classes and splits a corpus is used with: --four-way and --test-session, and --folds where a command trains.
class SplitFlags {
 public:
  explicit SplitFlags(CLI::App& app);

  /// Adds --folds.
  void add_folds();

  const Arrangement& arrangement() const { return arrangement_; }
  bool said() const { return !arrangement_.four_way.empty() || arrangement_.test_session != 0; }
  FoldBy folds() const { return folds_.empty() ? FoldBy::File : FoldBy::Session; }

  /// The words that say an arrangement.
  static std::vector<std::string> words(const Arrangement& arrangement);

 private:
  CLI::App& app_;
  CLI::Option* test_session_;
  Arrangement arrangement_;
  std::string folds_;
};

}  // namespace merc::commands
