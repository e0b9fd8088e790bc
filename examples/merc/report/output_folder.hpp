#pragma once

#include "train/config.hpp"

#include <filesystem>

namespace merc {

/// What to do with an output folder in which something stands.
enum class Existing {
  Refuse,
  Resume,    ///< go on with it
  Overwrite  ///< begin anew; the old one stays beside it until the new one is done
};

/// What becomes of a result that was begun and not done.
enum class Unfinished {
  Stays,   ///< it can be gone on with
  Removed  ///< it is of no use: what was written goes, what it was to replace comes back
};

/// Throws UsageError where something stands in `folder` that `existing` does not allow; touches nothing.
/// Overwrite takes only folders in which idcl-merc left its mark.
void check_output(const std::filesystem::path& folder, Existing existing);

/// The folder of a result, made where there is none, for one process at a time.
class OutputFolder {
 public:
  /// Throws as check_output, and DataError where the folder cannot be written or another process uses it.
  OutputFolder(std::filesystem::path folder, Existing existing, Unfinished unfinished = Unfinished::Stays);
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

  /// Where nothing was written, leaves things as they were.
  ~OutputFolder();

  const std::filesystem::path& path() const { return folder_; }

  /// Where the overwritten result waits; empty where there was none.
  const std::filesystem::path& previous() const { return previous_; }

  /// The new result is whole: what it replaced goes.
  void done();

 private:
  std::filesystem::path folder_;
  std::filesystem::path previous_;
  Unfinished unfinished_;
  bool done_ = false;
  int lock_ = -1;
};

}  // namespace merc
