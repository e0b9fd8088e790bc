#include "report/files.hpp"

#include "data/atomic.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <string>
#include <utility>

namespace merc {

void replace_file(const std::filesystem::path& path, std::string_view content) {
  write_file(path, [&](std::ostream& file) { file << content; });
}

void append_file(const std::filesystem::path& path, std::string_view content) {
  errno = 0;
  std::ofstream file(path, std::ios::binary | std::ios::app);
  file << content << std::flush;
  if (!file) throw DataError(path.string() + ": cannot be written: " + std::strerror(errno) + "; make room, then go on with --resume");
}

LineFile::LineFile(std::filesystem::path path, std::string_view content) : path_(std::move(path)) { replace_file(path_, content); }

void LineFile::append(std::string_view line) { append_file(path_, std::string(line) + '\n'); }

}  // namespace merc
