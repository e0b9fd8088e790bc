#pragma once

#include <filesystem>
#include <string_view>

namespace merc {

/// Replaces the content of a file, in one step; see write_file.
void replace_file(const std::filesystem::path& path, std::string_view content);

/// Adds bytes to the end of a file. Throws DataError where that fails.
void append_file(const std::filesystem::path& path, std::string_view content);

/// A file that grows by whole lines.
class LineFile {
 public:
  /// Starts with `content`, in place of what stood in `path`.
  LineFile(std::filesystem::path path, std::string_view content);

  /// Adds a line. Throws DataError where that fails.
  void append(std::string_view line);

 private:
  std::filesystem::path path_;
};

}  // namespace merc
