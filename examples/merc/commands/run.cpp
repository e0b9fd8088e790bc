#include "commands/run.hpp"

#include "commands/command.hpp"
#include "commands/interrupt.hpp"
#include "data/printable.hpp"
#include "report/files.hpp"
#include "synth/recipe.hpp"

#include <nlohmann/json.hpp>

#include <iostream>
#include <utility>

namespace merc::commands {
namespace {

/// The progress of a run that says what it is of, for who asks its weights before there are results: in data.json, with the first batch, when
/// all that could be refused has been looked at.
class Described : public Progress {
 public:
  Described(const std::string& name, Verbosity verbosity, const std::filesystem::path& folder, std::string facts)
      : Progress(name, verbosity, folder / "metrics.jsonl", std::cout), file_(folder / "data.json"), facts_(std::move(facts)) {}

  void batch(const std::string& stage, int64_t epoch, int64_t epochs, int64_t done, int64_t of) override {
    if (!facts_.empty()) replace_file(file_, std::exchange(facts_, ""));
    Progress::batch(stage, epoch, epochs, done, of);
  }

 private:
  std::filesystem::path file_;
  std::string facts_;
};

}  // namespace

void warn(const std::string& path, const std::vector<std::string>& warnings) {
  for (const auto& warning : warnings) std::cerr << "idcl-merc: WARNING: " << path << ": " << printable(warning) << '\n';
  std::cerr << std::flush;
}

Corpus say(Corpus corpus, const std::string& path, bool quiet) {
  if (!quiet) {
    std::cout << "data: " << path << " (" << (synth::made_here(corpus) ? "synthetic, " : "") << corpus.format << "), " << corpus.classes
              << " classes;";
    for (const auto* name : split_names)
      if (corpus.has(name))
        std::cout << ' ' << name << ' ' << corpus.split(name).dialogs.size() << " dialogs, " << corpus.split(name).utterances()
                  << " utterances;";
    for (const auto& [name, modality] : corpus.modalities) std::cout << ' ' << name << ' ' << modality.dim;
    std::cout << '\n';
    for (const auto& note : corpus.notes) std::cout << "  " << printable(note) << '\n';
    std::cout << std::flush;
  }
  warn(path, corpus.warnings);
  return corpus;
}

Corpus read_and_say(const std::string& path, bool quiet, const Arrangement& arrangement) {
  auto corpus = read(path);
  arrange(corpus, arrangement);
  return say(std::move(corpus), path, quiet);
}

Corpus load_and_say(const std::string& path, bool quiet, const Arrangement& arrangement) {
  return say(load_arranged(path, arrangement), path, quiet);
}

Outcome train_into(const OutputFolder& folder, const Corpus& data, OptionalCorpus pretrain, const Config& config, const std::string& name,
                   Verbosity verbosity) {
  Outcome outcome;
  std::string reached;
  {
    const Interruptible interruptible;
    Described progress(name, verbosity, folder.path(), data_json(data, pretrain).dump(2) + '\n');
    outcome = merc::train(data, pretrain, config, progress, {.folder = folder.path(), .resume = true, .stop = Interruptible::requested});
    if (const auto& last = progress.last())
      reached = " after epoch " + std::to_string(last->epoch) + " of " + std::to_string(last->epochs) + " (" + last->stage + ")";
  }
  if (outcome.interrupted) throw Interrupted{name + reached + "; the state is in " + folder.path().string()};
  write_results(folder.path(), outcome, data, pretrain, config);
  return outcome;
}

}  // namespace merc::commands
