#include "config.hpp"

#include "trajectory/measures.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace merc {
namespace {

void need(bool holds, const std::string& field, const std::string& expected, double got) {
  if (!holds) throw UsageError("config: expected `" + field + "` to be " + expected + ", but got " + nlohmann::json(got).dump());
}

void check_positives(const std::string& positives, const std::string& name) {
  const std::string head = "trajectory:";
  if (positives == "feature" || positives == "random" || positives == "trajectory") return;
  if (!positives.starts_with(head))
    throw UsageError("config: expected `" + name + "` to be one of feature, random, trajectory, trajectory:MEASURE, but got \"" +
                     positives + "\"");
  trajectory_measure(positives.substr(head.size()));
}

/// Dialogs that are known beforehand, or remembered, are those of IDCL.
void check_contrast(const Stage& stage, const std::string& name) {
  if (stage.contrastive == Contrastive::Idcl && stage.contrast_on != ContrastOn::Utterance) return;
  const auto refuse = [&](const std::string& field, const std::string& remedy) {
    throw UsageError("config: `" + name + "." + field + "` is for dialogs contrasted by idcl; take " + remedy + ", or `" + name +
                     ".contrastive` idcl and `" + name + ".contrast_on` dialog or both");
  };
  if (stage.memory_bank > 0) refuse("memory_bank", "0");
  if (stage.positives != "feature") refuse("positives", "feature");
  if (stage.exclude_near > 0) refuse("exclude_near", "0");
}

void check(const Stage& stage, const std::string& name) {
  const auto at_least = [&](const char* field, int64_t value, int64_t least) {
    need(value >= least, name + "." + field, "at least " + std::to_string(least), static_cast<double>(value));
  };
  const auto not_negative = [&](const char* field, double value) {
    need(std::isfinite(value) && value >= 0, name + "." + field, "finite and not negative", value);
  };
  at_least("epochs", stage.epochs, 1);
  at_least("batch_size", stage.batch_size, 0);
  at_least("num_neighbors", stage.num_neighbors, 1);
  at_least("memory_bank", stage.memory_bank, 0);
  at_least("warmup_epochs", stage.warmup_epochs, 0);
  at_least("schedule_patience", stage.schedule_patience, 1);
  at_least("accumulate", stage.accumulate, 1);
  need(std::isfinite(stage.learning_rate) && stage.learning_rate > 0, name + ".learning_rate", "finite and positive", stage.learning_rate);
  need(std::isfinite(stage.temperature) && stage.temperature > 0, name + ".temperature", "finite and positive", stage.temperature);
  not_negative("weight_decay", stage.weight_decay);
  not_negative("clip", stage.clip);
  not_negative("idcl_weight", stage.idcl_weight);
  not_negative("exclude_near", stage.exclude_near);
  need(std::isfinite(stage.sigma) && stage.sigma > 0, name + ".sigma", "finite and positive", stage.sigma);
  need(stage.ema >= 0 && stage.ema < 1, name + ".ema", "in [0, 1)", stage.ema);
  if (stage.group_by_length && stage.batch_size == 0)
    throw UsageError("config: `" + name + ".group_by_length` is for batches, but `" + name +
                     ".batch_size` 0 takes all dialogs in one; give a size, or leave it out");
  if (stage.memory_bank_unique && stage.memory_bank == 0)
    throw UsageError("config: `" + name + ".memory_bank_unique` is for a bank, but `" + name +
                     ".memory_bank` is 0; give a size, or leave it out");
  need(stage.schedule_factor > 0 && stage.schedule_factor < 1, name + ".schedule_factor", "in (0, 1)", stage.schedule_factor);
  need(stage.warmup_epochs == 0 || stage.warmup_epochs < stage.epochs, name + ".warmup_epochs",
       "less than `" + name + ".epochs` (" + std::to_string(stage.epochs) + ")", static_cast<double>(stage.warmup_epochs));
  check_positives(stage.positives, name + ".positives");
  check_contrast(stage, name);
  if (stage.weights == Weights::Soft && !stage.positives.starts_with("trajectory"))
    throw UsageError("config: `" + name + ".weights` soft weigh positives by their trajectory; take positives trajectory, not " +
                     stage.positives);
}

}  // namespace

void check(const Config& config) {
  const auto& model = config.model;
  if (model.modalities.empty()) throw UsageError("config: expected `model.modalities` to name at least one modality, but got none");
  for (auto i = model.modalities.begin(); i != model.modalities.end(); ++i)
    if (std::find(model.modalities.begin(), i, *i) != i) throw UsageError("config: `model.modalities` names \"" + *i + "\" twice");
  need(model.hidden >= 1, "model.hidden", "at least 1", static_cast<double>(model.hidden));
  need(model.heads >= 1, "model.heads", "at least 1", static_cast<double>(model.heads));
  need(model.layers >= 1, "model.layers", "at least 1", static_cast<double>(model.layers));
  need(model.hidden % model.heads == 0, "model.hidden", "a multiple of `model.heads` (" + std::to_string(model.heads) + ")",
       static_cast<double>(model.hidden));
  need(model.dropout >= 0 && model.dropout < 1, "model.dropout", "in [0, 1)", model.dropout);
  check(config.pretrain, "pretrain");
  check(config.finetune, "finetune");
  if (config.ablation == Ablation::C)
    need(config.pretrain.idcl_weight > 0, "pretrain.idcl_weight", "positive, as stage 1 has no other term", config.pretrain.idcl_weight);
  if (by_label(config.pretrain.contrastive) || (config.ablation == Ablation::C && config.pretrain.contrastive == Contrastive::None))
    throw UsageError(
        "config: expected `pretrain.contrastive` to be idcl or a loss of two modalities, such as info_nce, as stage 1 sees no labels and "
        "has no other term");
  if (model.backbone == Backbone::Gru) {
    need(model.hidden % 2 == 0, "model.hidden", "even for two directions of a gru", static_cast<double>(model.hidden));
    if (config.pooling == Pooling::Padded || model.dead_modules || model.norm_first || model.pre_norm)
      throw UsageError(
          "config: `model.backbone` gru has no padding, dead modules or norms; leave out `pooling` padded, `model.dead_modules`, "
          "`model.norm_first` and `model.pre_norm`");
  }
  for (const auto* stage : {&config.pretrain, &config.finetune})
    if (stage->weights == Weights::Soft && config.arithmetic == Arithmetic::Official)
      throw UsageError("config: soft weights average logarithms, for which the released code has no arithmetic; take `arithmetic` exact");
  const bool two_needed = config.finetune.contrastive == Contrastive::Idcl || by_pair(config.finetune.contrastive);
  if ((config.ablation == Ablation::C || (config.ablation == Ablation::B && two_needed)) && model.modalities.size() < 2)
    throw UsageError("config: the contrastive term needs two modalities, but `model.modalities` names one; take ablation A");
  need(config.label_smoothing >= 0 && config.label_smoothing < 1, "label_smoothing", "in [0, 1)", config.label_smoothing);
  need(config.patience >= 0, "patience", "at least 0", static_cast<double>(config.patience));
  need(config.threads >= 0 && config.threads <= most_threads, "threads", "0 to " + std::to_string(most_threads),
       static_cast<double>(config.threads));
  need(config.save_seconds >= 0, "save_seconds", "not negative", config.save_seconds);
}

}  // namespace merc
