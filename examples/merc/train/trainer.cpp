#include "trainer.hpp"

#include "data/atomic.hpp"
#include "evaluation.hpp"
#include "fit.hpp"
#include "loop.hpp"
#include "model/random.hpp"
#include "remarks.hpp"
#include "selection.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace merc {
namespace {

namespace fs = std::filesystem;
using OptionalCorpus = std::optional<std::reference_wrapper<const Corpus>>;

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
    set_up_torch(config.threads, config.deterministic);
    check_fit(data, pretrain, config);
    if (data.has("test") && !data.test().empty() && !is_labelled(data.test()))
      observer.note("WARNING: no utterance of test has a label: its scores are of nothing");
    if (config.selection == Selection::TestWeightedF1)
      observer.note("DIAGNOSTIC: the epoch is selected on the test set; its scores are no result");
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

  /// The network of a stage that sees these dialogs, as it was saved or drawn anew.
  Network make_network(const Corpus& corpus, const std::vector<const Dialog*>& dialogs) {
    NetworkOptions options{.architecture = config_.model, .widths = {}, .classes = corpus.classes};
    for (const auto& modality : config_.model.modalities) options.widths[modality] = corpus.modalities.at(modality).dim;
    if (config_.model.speaker_embedding) options.speaker_names = speakers_of(dialogs, corpus.path);
    Network network(options);
    initialize(*network, derive({config_.seed, static_cast<uint64_t>(state_.stage.front())}));
    network->to(device_);
    if (state_.epoch > 0) load(*network, state_.network, (run_.folder / "state.pt").string());
    return network;
  }

  Batches batches(std::vector<const Dialog*> dialogs, const Network& network, const Stage& stage) const {
    return {std::move(dialogs), network->options, stage, config_.pooling, device_};
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
            .label_smoothing = config_.label_smoothing,
            .memory_bank_unique = stage.memory_bank_unique};
  }

  /// What a stage knows of its dialogs beforehand, kept beside the run; and what becomes of K.
  Mining mining(const Stage& stage, const Corpus& corpus, const std::vector<std::string>& splits) {
    const auto dialogs = static_cast<int64_t>(dialogs_of(corpus, splits).size());
    if (const auto remark = remark_on_neighbors(stage, config_.limit_neighbors, dialogs); !remark.empty())
      observer_.note(state_.stage + ": " + remark);
    const auto file = run_.folder.empty() ? fs::path() : run_.folder / ("distances." + state_.stage + ".bin");
    return prepare_mining(stage, corpus, splits, derive({config_.seed, static_cast<uint64_t>(state_.stage.front()), 'm'}),
                          {file, corpus.fingerprint}, device_,
                          [&](const std::string& line) { observer_.note(state_.stage + ": " + line); });
  }

  bool pretrain() {
    const auto& stage = config_.pretrain;
    const auto splits = pretraining_splits(config_);
    const auto dialogs = dialogs_of(*pretrain_, splits);
    auto network = make_network(*pretrain_, dialogs);
    Average average(network, stage.ema);
    auto objective = this->objective(stage, 0);
    objective.mining = mining(stage, *pretrain_, splits);
    if (!loop_.run({*network, average, stage, objective, batches(dialogs, network, stage)})) return false;
    hand_over(snapshot(state_dict(*average.network())));
    return true;
  }

  /// From the weights of stage 1 to the network of stage 2.
  void hand_over(StateDict trained) {
    // What no gradient reached is another network's random start; the released code carries it over all the same.
    if (!config_.model.dead_modules) {
      StateDict reached;
      for (const auto& entry : trained)
        if (!entry.key().starts_with("last_concat.") && !entry.key().starts_with("fusion_gate.") &&
            !entry.key().starts_with("all_output_layer."))
          reached.insert(entry.key(), entry.value());
      trained = reached;
    }
    if (!run_.folder.empty()) write_weights(run_.folder / "pretrained.pt", trained, config_);
    state_.stage = "finetune";
    state_.epoch = 0;
    state_.adam = state_.average = StateDict();
    state_.bank = {};
    network_ = make_network(data_, dialogs_of(data_, {"train"}));
    state_.transfer = transfer(*network_, trained);
    observer_.note("transfer: " + std::to_string(state_.transfer->loaded.size()) + " entries loaded, " +
                   std::to_string(state_.transfer->skipped.size()) + " skipped");
    for (const auto& line : state_.transfer->skipped) observer_.note("  skipped " + line);
  }

  bool finetune() {
    const auto& stage = config_.finetune;
    const auto dialogs = dialogs_of(data_, {"train"});
    if (network_.is_empty()) network_ = make_network(data_, dialogs);
    Average average(network_, stage.ema);
    auto objective = this->objective(stage, 1);
    if (config_.class_weights == ClassWeights::Balanced)
      objective.class_weights = balanced_weights(make_batch(dialogs, {}, Pooling::Masked).labels, data_.classes).to(device_);
    if (objective.idcl_weight > 0) objective.mining = mining(stage, data_, {"train"});
    if (state_.epoch == 0)
      for (const auto& line : remarks_on_scale(*network_, dialogs, device_)) observer_.note(line);
    evaluation_.emplace(data_, network_->options, device_);

    const auto examine = [&](EpochRecord& record) {
      remember(evaluation_->score(*average.network(), record));
      record.best = state_.best_epoch == 0 || is_better(record, best_record(), config_.selection);
      if (!record.best) return;
      state_.best_epoch = record.epoch;
      state_.best = snapshot(state_dict(*average.network()));
    };
    const auto enough = [&] {
      return config_.patience > 0 && state_.best_epoch > 0 && state_.epoch - state_.best_epoch >= config_.patience;
    };
    return loop_.run({*network_, average, stage, objective, batches(dialogs, network_, stage), examine, enough});
  }

  /// Keeps what the last epochs say of the test split, for comparisons that no selection has touched.
  void remember(const std::map<std::string, Predictions>& said) {
    constexpr size_t epochs = 5;
    const auto test = said.find("test");
    if (test == said.end()) return;
    const auto& predicted = test->second.predicted;
    state_.recent.insert(state_.recent.begin(), at::tensor(std::vector<int64_t>(predicted.begin(), predicted.end()), at::kLong));
    if (state_.recent.size() > epochs) state_.recent.pop_back();
  }

  const EpochRecord& best_record() const {
    const auto found = std::ranges::find_if(
        state_.history, [&](const auto& record) { return record.stage == "finetune" && record.epoch == state_.best_epoch; });
    return *found;
  }

  /// The weights of the best epoch, asked once about each split.
  void conclude(Outcome& outcome) {
    load(*network_, state_.best, "the best epoch");
    if (!run_.folder.empty()) write_weights(run_.folder / "best.pt", state_.best, config_);
    outcome.predictions = evaluation_->predict(*network_);
    for (const auto& classes : state_.recent) {
      const auto* first = classes.const_data_ptr<int64_t>();
      outcome.last_predicted.emplace_back(first, first + classes.numel());
    }
    summarize(state_.history, outcome);
    if (state_.epoch < config_.finetune.epochs)
      observer_.note("ended at epoch " + std::to_string(state_.epoch) + ": no better dev score for " + std::to_string(config_.patience) +
                     " epochs");
  }

  const Corpus& data_;
  const OptionalCorpus pretrain_;
  const Config config_;
  Observer& observer_;
  const Run run_;
  const torch::Device device_;
  Checkpoint state_;
  Loop loop_;
  Network network_{nullptr};  ///< of stage 2
  std::optional<Evaluation> evaluation_;
};

}  // namespace

Outcome train(const Corpus& data, OptionalCorpus pretrain, const Config& config, Observer& observer, const Run& run) {
  check(config);
  return Trainer(data, pretrain, config, observer, run).train();
}

}  // namespace merc
