#include "commands/weights.hpp"

#include "commands/bounds.hpp"
#include "commands/run.hpp"
#include "report/run_files.hpp"
#include "train/process.hpp"

#include <utility>

namespace merc::commands {

WeightsFlags::WeightsFlags(CLI::App& app, std::vector<std::string> splits) : app_(app), split_flags_(app), splits_(std::move(splits)) {
  auto* trained = app.add_option("--run", run_, "folder of idcl-merc train")->type_name("RUN");
  app.add_option("--weights", weights_, "in place of --run: a state dict of the released code (.pth)")
      ->type_name("FILE")
      ->excludes(trained);
  app.add_option("--data", data_, "corpus")->required()->type_name("PATH");
  auto* split = app.add_option("--split", splits_, splits_.empty() ? "which splits [all that the corpus has]" : "which splits")
                    ->delimiter(',')
                    ->check(CLI::IsMember({"train", "dev", "test"}));
  if (!splits_.empty()) split->capture_default_str();
  app.add_option("--modalities", modalities_, "what --weights were trained on; a run knows")->delimiter(',')->capture_default_str();
  app.add_option("--heads", heads_, "attention heads of --weights; a run knows")->check(at_least(1))->capture_default_str();
  app.add_option("--device", device_, "cpu, cuda, cuda:1")->capture_default_str();
  app.add_option("--threads", threads_, "0: one a core")->check(between(0, most_threads))->capture_default_str();
  app.add_flag("--deterministic", deterministic_, "refuse operations that are not");
}

Classifier WeightsFlags::classifier() const {
  if (source().empty()) throw UsageError(app_.get_name() + ": no weights; name them by --run RUN or --weights FILE");
  set_up_torch(threads_, deterministic_);
  if (!run_.empty()) return Classifier::from_run(run_, device_);
  auto config = Config::official();
  config.model.modalities = modalities_;
  config.model.heads = heads_;
  return Classifier::from_weights(weights_, config, device_);
}

Corpus WeightsFlags::arranged() const {
  auto corpus = merc::read(data_);
  auto arrangement = split_flags_.arrangement();
  if (!split_flags_.said() && !run_.empty()) arrangement = applicable(arrangement_of(read_run_data(run_)), corpus);
  arrange(corpus, arrangement);
  return corpus;
}

Corpus WeightsFlags::read(bool quiet) const { return say(arranged(), data_, quiet); }

Corpus WeightsFlags::load(bool quiet) const {
  auto corpus = arranged();
  hold_out_dev(corpus);
  return say(std::move(corpus), data_, quiet);
}

std::vector<std::string> WeightsFlags::splits(const Corpus& corpus) const {
  auto chosen = splits_;
  if (chosen.empty())
    for (const auto* name : split_names)
      if (corpus.has(name)) chosen.emplace_back(name);
  for (const auto& name : chosen) (void)corpus.split(name);
  return chosen;
}

}  // namespace merc::commands
