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
  for (const auto& warning : corpus.warnings) std::cerr << "idcl-merc: WARNING: " << path << ": " << printable(warning) << '\n';
  std::cerr << std::flush;
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
  // What the run is of, for who asks its weights before there are results. A run that goes on has said it.
  if (!std::filesystem::exists(folder.path() / "state.pt"))
    replace_file(folder.path() / "data.json", data_json(data, pretrain).dump(2) + '\n');
  Outcome outcome;
  std::string reached;
  {
    const Interruptible interruptible;
    Progress progress(name, verbosity, folder.path() / "metrics.jsonl", std::cout);
    outcome = merc::train(data, pretrain, config, progress, {.folder = folder.path(), .resume = true, .stop = Interruptible::requested});
    if (const auto& last = progress.last())
      reached = " after epoch " + std::to_string(last->epoch) + " of " + std::to_string(last->epochs) + " (" + last->stage + ")";
  }
  if (outcome.interrupted) throw Interrupted{name + reached + "; the state is in " + folder.path().string()};
  write_results(folder.path(), outcome, data, pretrain, config);
  return outcome;
}

}  // namespace merc::commands
