#include "trainer.hpp"

#include "data/atomic.hpp"
#include "fit.hpp"
#include "loop.hpp"
#include "model/random.hpp"
#include "predict.hpp"
#include "report/metrics.hpp"
#include "selection.hpp"

#include <ATen/Context.h>
#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <nlohmann/json.hpp>

#include <iomanip>
#include <sstream>

namespace merc {
namespace {

namespace fs = std::filesystem;
using OptionalCorpus = std::optional<std::reference_wrapper<const Corpus>>;

std::vector<std::string> pretraining_splits(const Config& config) {
  return config.pretrain_splits == PretrainSplits::All ? std::vector<std::string>{"train", "dev", "test"}
                                                       : std::vector<std::string>{"train", "dev"};
}

SplitScore score_of(const Predictions& predictions) {
  const auto scores = score(predictions.truth, predictions.predicted, predictions.classes);
  return {predictions.loss, scores.accuracy, scores.weighted_f1};
}

class Trainer {
 public:
  Trainer(const Corpus& data, OptionalCorpus pretrain, const Config& config, Observer& observer, const Run& run)
      : data_(data),
        pretrain_(pretrain),
        config_(config),
        observer_(observer),
        run_(run),
        device_(device_of(config.device)),
        loop_(state_, observer, run_) {
    if (config.threads > 0) at::set_num_threads(static_cast<int>(config.threads));
    at::globalContext().setDeterministicAlgorithms(config.deterministic, /*warn_only=*/false);
    check_data();
    begin_or_resume();
  }

  Outcome train() {
    Outcome outcome;
    outcome.interrupted = !(state_.stage == "finetune" || pretrain()) || !finetune();
    outcome.history = state_.history;
    outcome.transfer = state_.transfer;
    outcome.best_epoch = state_.best_epoch;
    if (!outcome.interrupted) conclude(outcome);
    outcome.peak_rss_mib = resident_peak_mib();
    return outcome;
  }

 private:
  void check_data() {
    const auto& modalities = config_.model.modalities;
    for (const auto* split : split_names)
      if (data_.has(split)) check_fit(data_, split, modalities);
    if (data_.train().empty()) throw DataError(data_.path + ": the train split is empty");
    if (needs_dev(config_.selection) && (!data_.has("dev") || data_.dev().empty()))
      throw DataError(data_.path + ": no dev split to select an epoch on; give one, or take --select last");
    if (config_.selection == Selection::TestWeightedF1) {
      if (!data_.has("test") || data_.test().empty()) throw DataError(data_.path + ": no test split to select an epoch on");
      observer_.note("DIAGNOSTIC: the epoch is selected on the test set; its scores are no result");
    }
    if (config_.ablation != Ablation::C) return;
    if (!pretrain_) throw UsageError("config: ablation C pre-trains on another corpus, and none was given");
    for (const auto& split : pretraining_splits(config_))
      if (pretrain_->get().has(split)) check_fit(*pretrain_, split, modalities);
    if (dialogs_of(*pretrain_, pretraining_splits(config_)).empty())
      throw DataError(pretrain_->get().path + ": no dialogs to pre-train on");
  }

  void begin_or_resume() {
    const std::string pretrain_fingerprint = config_.ablation == Ablation::C ? pretrain_->get().fingerprint : "";
    const auto path = run_.folder / "state.pt";
    if (run_.resume && !run_.folder.empty() && fs::exists(path)) {
      state_ = read_checkpoint(path);
      check_same(state_, config_, data_.fingerprint, pretrain_fingerprint, path.string());
      state_.config = config_;
      observer_.resumed(state_.history);
    } else {
      state_ = {.config = config_,
                .data = data_.fingerprint,
                .pretrain = pretrain_fingerprint,
                .stage = config_.ablation == Ablation::C ? "pretrain" : "finetune"};
    }
    if (!run_.folder.empty())
      write_file(run_.folder / "config.json", [&](std::ostream& file) { file << nlohmann::json(config_).dump(2) << '\n'; });
  }

  Network make_network(const Corpus& corpus, char stage) {
    NetworkOptions options{.architecture = config_.model, .widths = {}, .classes = corpus.classes};
    for (const auto& modality : config_.model.modalities) options.widths[modality] = corpus.modalities.at(modality).dim;
    Network network(options);
    initialize(*network, derive({config_.seed, static_cast<uint64_t>(stage)}));
    network->to(device_);
    if (state_.epoch > 0) load(*network, state_.network, (run_.folder / "state.pt").string());
    return network;
  }

  Objective objective(const Stage& stage, double cross_entropy) const {
    return {.cross_entropy = cross_entropy,
            .idcl_weight = config_.ablation == Ablation::A || stage.contrastive == Contrastive::None ? 0 : stage.idcl_weight,
            .num_neighbors = stage.num_neighbors,
            .temperature = stage.temperature,
            .pooling = config_.pooling,
            .arithmetic = config_.arithmetic,
            .limit_neighbors = config_.limit_neighbors,
            .contrastive = stage.contrastive,
            .contrast_on = stage.contrast_on,
            .label_smoothing = config_.label_smoothing};
  }

  /// What a stage knows of its dialogs beforehand, kept beside the run.
  Mining mining(const Stage& stage, const Corpus& corpus, const std::vector<std::string>& splits) {
    const auto file = run_.folder.empty() ? fs::path() : run_.folder / ("distances." + state_.stage + ".bin");
    return prepare_mining(stage, corpus, splits, derive({config_.seed, static_cast<uint64_t>(state_.stage.front()), 'm'}),
                          {file, corpus.fingerprint}, device_,
                          [&](const std::string& line) { observer_.note(state_.stage + ": " + line); });
  }

  /// Says what becomes of K when there are few dialogs.
  void say_neighbors(const Stage& stage, size_t dialogs) {
    if (stage.contrastive != Contrastive::Idcl || stage.contrast_on == ContrastOn::Utterance) return;
    const auto all = static_cast<int64_t>(dialogs);
    const auto batch = stage.batch_size == 0 ? all : std::min(stage.batch_size, all);
    const auto references = batch + std::min(stage.memory_bank, all);
    if (stage.num_neighbors * 2 <= references - 1) return;
    const auto head =
        state_.stage + ": K = " + std::to_string(stage.num_neighbors) + " of " + std::to_string(references - 1) + " other dialogs";
    if (config_.limit_neighbors)
      observer_.note(head + "; limited to " + std::to_string(std::max<int64_t>(1, (references - 1) / 2)) + " so that negatives remain");
    else if (stage.num_neighbors >= references - 1)
      observer_.note(head + ": no negative is left, the contrastive term is constant");
  }

  bool pretrain() {
    const auto& stage = config_.pretrain;
    auto network = make_network(*pretrain_, 'p');
    const auto dialogs = dialogs_of(*pretrain_, pretraining_splits(config_));
    say_neighbors(stage, dialogs.size());
    auto objective = this->objective(stage, 0);
    objective.mining = mining(stage, *pretrain_, pretraining_splits(config_));
    if (!loop_.run({*network, stage, objective, Batches(dialogs, config_.model.modalities, stage.batch_size, config_.pooling, device_)}))
      return false;

    // What no gradient reached is another network's random start; the released code carries it over all the same.
    auto trained = snapshot(state_dict(*network));
    if (!config_.model.dead_modules) {
      StateDict reached;
      for (const auto& entry : trained)
        if (!entry.key().starts_with("last_concat.") && !entry.key().starts_with("fusion_gate.") &&
            !entry.key().starts_with("all_output_layer."))
          reached.insert(entry.key(), entry.value());
      trained = reached;
    }
    if (!run_.folder.empty()) write_weights(run_.folder / "pretrained.pt", trained);
    state_.stage = "finetune";
    state_.epoch = 0;
    state_.adam = StateDict();
    state_.bank = {};
    auto next = make_network(data_, 'f');
    state_.transfer = transfer(*next, trained);
    observer_.note("transfer: " + std::to_string(state_.transfer->loaded.size()) + " entries loaded, " +
                   std::to_string(state_.transfer->skipped.size()) + " skipped");
    for (const auto& line : state_.transfer->skipped) observer_.note("  skipped " + line);
    network_ = next;
    return true;
  }

  bool finetune() {
    const auto& stage = config_.finetune;
    if (network_.is_empty()) network_ = make_network(data_, 'f');
    const auto dialogs = dialogs_of(data_, {"train"});
    auto objective = this->objective(stage, 1);
    if (config_.class_weights == ClassWeights::Balanced)
      objective.class_weights = balanced_weights(make_batch(dialogs, {}, Pooling::Masked).labels, data_.classes).to(device_);
    if (objective.idcl_weight > 0) {
      say_neighbors(stage, dialogs.size());
      objective.mining = mining(stage, data_, {"train"});
    }
    if (state_.epoch == 0) say_scale(dialogs);
    const auto dev = evaluation_batches(dialogs_of(data_, {"dev"}), config_.model.modalities, device_);
    const auto test = evaluation_batches(dialogs_of(data_, {"test"}), config_.model.modalities, device_);

    const auto examine = [&](EpochRecord& record) {
      if (!dev.empty()) record.dev = score_of(predict(*network_, dev));
      if (!test.empty()) record.test = score_of(predict(*network_, test));
      record.best = state_.best_epoch == 0 || is_better(record, best_record(), config_.selection);
      if (!record.best) return;
      state_.best_epoch = record.epoch;
      state_.best = snapshot(state_dict(*network_));
    };
    const auto enough = [&] {
      return config_.patience > 0 && state_.best_epoch > 0 && state_.epoch - state_.best_epoch >= config_.patience;
    };
    return loop_.run({*network_, stage, objective, Batches(dialogs, config_.model.modalities, stage.batch_size, config_.pooling, device_),
                      examine, enough});
  }

  const EpochRecord& best_record() const {
    const auto found = std::ranges::find_if(
        state_.history, [&](const auto& record) { return record.stage == "finetune" && record.epoch == state_.best_epoch; });
    return *found;
  }

  /// The weights of the best epoch, asked once about each split.
  void conclude(Outcome& outcome) {
    load(*network_, state_.best, "the best epoch");
    if (!run_.folder.empty()) write_weights(run_.folder / "best.pt", state_.best);
    for (const auto* split : {"dev", "test"})
      if (const auto dialogs = dialogs_of(data_, {split}); !dialogs.empty())
        outcome.predictions[split] = predict(*network_, evaluation_batches(dialogs, config_.model.modalities, device_));
    int64_t epochs = 0;
    for (const auto& record : state_.history) {
      if (record.stage != "finetune") continue;
      outcome.seconds_per_epoch += record.seconds;
      ++epochs;
      if (record.test && (outcome.peak_test.epoch == 0 || record.test->weighted_f1 > outcome.peak_test.weighted_f1))
        outcome.peak_test = {record.test->weighted_f1, record.epoch};
    }
    outcome.seconds_per_epoch /= static_cast<double>(epochs);
    if (state_.epoch < config_.finetune.epochs)
      observer_.note("ended at epoch " + std::to_string(state_.epoch) + ": no better dev score for " + std::to_string(config_.patience) +
                     " epochs");
  }

  /// Sentence vectors of small norm drown in the position code once projected; nothing else shows it.
  void say_scale(std::vector<const Dialog*> dialogs) {
    const at::NoGradGuard no_grad;
    dialogs.resize(std::min<size_t>(dialogs.size(), 8));
    const auto batch = make_batch(dialogs, config_.model.modalities, Pooling::Masked).to(device_);
    const auto scales = network_->input_scales(batch);
    for (size_t i = 0; i < scales.size(); ++i) {
      std::ostringstream line;
      line << config_.model.modalities[i] << ": projected features have " << std::setprecision(2) << scales[i]
           << " times the size of the position code";
      if (scales[i] < 0.1) line << "; they may drown in it, consider scaling them";
      observer_.note(line.str());
    }
  }

  const Corpus& data_;
  const OptionalCorpus pretrain_;
  const Config config_;
  Observer& observer_;
  const Run run_;
  const torch::Device device_;
  Checkpoint state_;
  Loop loop_;
  Network network_{nullptr};
};

}  // namespace

Outcome train(const Corpus& data, OptionalCorpus pretrain, const Config& config, Observer& observer, const Run& run) {
  check(config);
  return Trainer(data, pretrain, config, observer, run).train();
}

}  // namespace merc
