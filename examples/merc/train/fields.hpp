#pragma once

#include "config.hpp"

namespace merc {

/// visit(name, field) for every field, const or not: the one list that files, flags and comparisons go by.
template <class Self, class Visit>
  requires std::same_as<std::remove_const_t<Self>, Architecture>
void for_each_field(Self& model, Visit&& visit) {
  visit("modalities", model.modalities);
  visit("hidden", model.hidden);
  visit("heads", model.heads);
  visit("layers", model.layers);
  visit("dropout", model.dropout);
  visit("norm_first", model.norm_first);
  visit("pre_norm", model.pre_norm);
  visit("dead_modules", model.dead_modules);
  visit("backbone", model.backbone);
  visit("fusion", model.fusion);
  visit("speaker_embedding", model.speaker_embedding);
}

template <class Self, class Visit>
  requires std::same_as<std::remove_const_t<Self>, Stage>
void for_each_field(Self& stage, Visit&& visit) {
  visit("epochs", stage.epochs);
  visit("batch_size", stage.batch_size);
  visit("group_by_length", stage.group_by_length);
  visit("learning_rate", stage.learning_rate);
  visit("weight_decay", stage.weight_decay);
  visit("clip", stage.clip);
  visit("idcl_weight", stage.idcl_weight);
  visit("num_neighbors", stage.num_neighbors);
  visit("temperature", stage.temperature);
  visit("memory_bank", stage.memory_bank);
  visit("memory_bank_unique", stage.memory_bank_unique);
  visit("positives", stage.positives);
  visit("weights", stage.weights);
  visit("sigma", stage.sigma);
  visit("exclude_near", stage.exclude_near);
  visit("contrastive", stage.contrastive);
  visit("contrast_on", stage.contrast_on);
  visit("schedule", stage.schedule);
  visit("warmup_epochs", stage.warmup_epochs);
  visit("schedule_patience", stage.schedule_patience);
  visit("schedule_factor", stage.schedule_factor);
  visit("accumulate", stage.accumulate);
  visit("ema", stage.ema);
}

template <class Self, class Visit>
  requires std::same_as<std::remove_const_t<Self>, Config>
void for_each_field(Self& config, Visit&& visit) {
  visit("ablation", config.ablation);
  visit("model", config.model);
  visit("pretrain", config.pretrain);
  visit("finetune", config.finetune);
  visit("pooling", config.pooling);
  visit("arithmetic", config.arithmetic);
  visit("limit_neighbors", config.limit_neighbors);
  visit("class_weights", config.class_weights);
  visit("label_smoothing", config.label_smoothing);
  visit("pretrain_splits", config.pretrain_splits);
  visit("selection", config.selection);
  visit("patience", config.patience);
  visit("seed", config.seed);
  visit("device", config.device);
  visit("threads", config.threads);
  visit("deterministic", config.deterministic);
  visit("save_seconds", config.save_seconds);
}

}  // namespace merc
