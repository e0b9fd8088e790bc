#pragma once

#include "data/corpus.hpp"

#include <filesystem>

namespace merc::commands {

/// Throws UsageError where a corpus must not be written to `out`: something stands there and `overwrite` was not said, or it is a folder
/// that holds no corpus. Touches nothing.
void check_target(const std::filesystem::path& out, bool overwrite);

/// The same of a single file: a folder is never one.
void check_file_target(const std::filesystem::path& out, bool overwrite);

/// Writes a corpus: OUT.pkl is the CORECT dict pickle, any other name a folder in the open format. What stands there is replaced
/// once the new one is whole. Throws DataError where it cannot be written.
void write_corpus(const Corpus& corpus, const std::filesystem::path& out);

}  // namespace merc::commands
