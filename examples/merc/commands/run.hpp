#pragma once

#include "data/rearrange.hpp"
#include "report/output_folder.hpp"
#include "report/progress.hpp"
#include "report/results.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace merc::commands {

/// Warns of a file, a line each, on standard error.
void warn(const std::string& path, const std::vector<std::string>& warnings);

/// Says on standard output what a corpus is; its warnings go to standard error, also when quiet. Returns it.
Corpus say(Corpus corpus, const std::string& path, bool quiet);

/// Reads a corpus with the splits that it has and says what it is, as load_and_say does.
Corpus read_and_say(const std::string& path, bool quiet, const Arrangement& arrangement = {});

/// Loads a corpus for training and says what it is.
Corpus load_and_say(const std::string& path, bool quiet, const Arrangement& arrangement = {});

/// Trains into a folder and writes its results. Throws Interrupted when the user stops it: the state is in the folder then.
Outcome train_into(const OutputFolder& folder, const Corpus& data, OptionalCorpus pretrain, const Config& config, const std::string& name,
                   Verbosity verbosity);

}  // namespace merc::commands
