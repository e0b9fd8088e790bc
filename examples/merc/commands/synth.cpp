#include "commands/bounds.hpp"
#include "commands/command.hpp"
#include "commands/target.hpp"
#include "data/corpus.hpp"
#include "synth/generate.hpp"
#include "train/config.hpp"

#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace merc::commands {
namespace {

struct Flags {
  std::string out;
  std::string shape = "iemocap";
  std::string without;
  bool overwrite = false, quiet = false;
  std::optional<int> dialogs, scenarios;
  std::optional<double> mean_length, course, persistence, contagion, temperament;
  uint64_t seed = 1;
  double difficulty = 1, scene = 1, voice = 1, take = 1;
  std::vector<std::string> dims;
};

/// "text=64" -> {"text", 64}.
std::map<std::string, int64_t> widths(const std::vector<std::string>& dims) {
  std::map<std::string, int64_t> parsed;
  for (const auto& word : dims) try {
      const auto equals = word.find('=');
      std::size_t used = 0;
      parsed[word.substr(0, equals)] = std::stoll(word.substr(equals + 1), &used);
      if (equals == std::string::npos || used != word.size() - equals - 1) throw std::invalid_argument(word);
    } catch (const std::logic_error&) {
      throw UsageError("--dims: expected NAME=WIDTH, such as text=64, got " + word);
    }
  return parsed;
}

synth::Recipe recipe(const Flags& flags) {
  auto recipe = flags.shape == "meld" ? synth::Recipe::meld() : synth::Recipe::iemocap();
  recipe.seed = flags.seed;
  const auto set = [](auto& field, const auto& said) {
    if (said) field = *said;
  };
  set(recipe.dialogs, flags.dialogs);
  set(recipe.scenarios, flags.scenarios);
  set(recipe.mean_length, flags.mean_length);
  set(recipe.course, flags.course);
  set(recipe.persistence, flags.persistence);
  set(recipe.contagion, flags.contagion);
  set(recipe.temperament, flags.temperament);
  recipe.scale(&synth::Channel::emotion, 1 / flags.difficulty).scale(&synth::Channel::scene, flags.scene);
  recipe.scale(&synth::Channel::voice, flags.voice).scale(&synth::Channel::take, flags.take);
  if (!flags.dims.empty()) recipe.widths(widths(flags.dims));
  return recipe;
}

/// Leaves out the dialogs that another corpus has.
void leave_out(Corpus& corpus, const Corpus& other) {
  std::set<std::string> known;
  for (const auto& [_, split] : other.splits)
    for (const auto& dialog : split.dialogs) known.insert(dialog.id);
  for (auto& [name, split] : corpus.splits) {
    std::erase_if(split.dialogs, [&](const Dialog& dialog) { return known.contains(dialog.id); });
    if (split.dialogs.empty()) throw DataError(other.path + ": has all dialogs of the split \"" + name + "\"; ask for more --dialogs");
  }
}

int run(const Flags& flags) {
  check_target(flags.out, flags.overwrite);
  Corpus corpus;
  try {
    corpus = synth::generate(recipe(flags));
  } catch (const std::invalid_argument& error) {
    throw UsageError(error.what());
  }
  if (!flags.without.empty()) leave_out(corpus, read(flags.without));
  write_corpus(corpus, flags.out);
  if (flags.quiet) return success;
  std::cout << "synthetic corpus, " << flags.shape << " shape, seed " << flags.seed << ", " << corpus.classes << " classes:";
  for (const auto* name : split_names)
    std::cout << ' ' << name << ' ' << corpus.split(name).dialogs.size() << " dialogs, " << corpus.split(name).utterances()
              << " utterances;";
  for (const auto& [name, modality] : corpus.modalities) std::cout << ' ' << name << ' ' << modality.dim;
  std::cout << "\nwritten: " << flags.out << std::endl;
  return success;
}

}  // namespace

Command synth(CLI::App& program) {
  auto* app =
      program.add_subcommand("synth", "make a synthetic corpus from a described model; examples/merc/synth/recipe.hpp has its formulas");
  const auto flags = std::make_shared<Flags>();
  app->add_option("--out", flags->out, "OUT.pkl: the CORECT dict pickle; else a folder in the open format")->required()->type_name("PATH");
  app->add_flag("--overwrite", flags->overwrite, "replace what stands in --out");
  app->add_flag("--quiet", flags->quiet, "say nothing");
  app->add_option("--shape", flags->shape, "ids, splits, lengths, classes and widths like those of")
      ->check(CLI::IsMember({"iemocap", "meld"}))
      ->capture_default_str();
  app->add_option("--dialogs", flags->dialogs, "over all splits, at least 3 [151, 1432]");
  app->add_option("--without", flags->without, "leave out the dialogs that this corpus has: for stage 1, others of the same world")
      ->type_name("PATH");
  app->add_option("--seed", flags->seed, "equal seeds give equal corpora")->check(at_least(0))->capture_default_str();
  app->add_option("--dims", flags->dims, "modalities and widths [text=768,audio=100,visual=512; text=600,audio=300]")
      ->delimiter(',')
      ->type_name("NAME=N");
  app->add_option("--scenarios", flags->scenarios, "stories that are told again and again [15, 40]");
  app->add_option("--mean-length", flags->mean_length, "utterances a dialog [49, 9.6]");
  app->add_option("--course", flags->course, "how far the emotions of a scenario are from the corpus's, at least 0");
  app->add_option("--temperament", flags->temperament, "how far the emotions of a speaker are from the scenario's, at least 0");
  app->add_option("--persistence", flags->persistence, "chance that a speaker keeps their emotion");
  app->add_option("--contagion", flags->contagion, "chance to take over the other's");
  app->add_option("--difficulty", flags->difficulty, "divides the distances between emotions")->check(above_zero())->capture_default_str();
  app->add_option("--scene", flags->scene, "multiplies what features show of the scenario")->check(at_least(0))->capture_default_str();
  app->add_option("--voice", flags->voice, "... of the speaker")->check(at_least(0))->capture_default_str();
  app->add_option("--take", flags->take, "... of the single dialog, independently in each modality")
      ->check(at_least(0))
      ->capture_default_str();
  return {app, [=] { return run(*flags); }};
}

}  // namespace merc::commands
