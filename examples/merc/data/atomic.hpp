#pragma once

#include "data/corpus.hpp"

#include <filesystem>
#include <fstream>
#include <functional>
#include <ostream>
#include <string>

namespace merc {

/// Writes a file under a temporary name beside `path` and renames it when it is complete: whoever looks sees the old file or the
/// new one, never half of one. Throws DataError that names the path and the reason, and leaves nothing behind.
void write_file(const std::filesystem::path& path, const std::function<void(std::ostream&)>& write);

/// The same for a folder, which must not exist yet or be empty: `fill` puts files into the folder it is given.
void write_folder(const std::filesystem::path& path, const std::function<void(const std::filesystem::path&)>& fill);

}  // namespace merc
