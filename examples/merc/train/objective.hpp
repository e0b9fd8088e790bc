#pragma once

#include "../model/network.hpp"
#include "config.hpp"
#include "memory_bank.hpp"
#include "mining.hpp"

namespace merc {

/// What a stage minimises: cross_entropy x CE + idcl_weight x the contrastive term.
struct Objective {
  double cross_entropy = 1;  ///< 0 in stage 1, whose labels are never looked at
  double idcl_weight = 0.05;
  int64_t num_neighbors = 15;
  double temperature = 0.1;
  Pooling pooling = Pooling::Masked;
  Arithmetic arithmetic = Arithmetic::Exact;
  bool limit_neighbors = true;  ///< K at most half of the other dialogs
  Tensor class_weights{};       ///< [classes], or undefined
  Mining mining{};              ///< who the positives are, where it is not the neighbours in the features
  Contrastive contrastive = Contrastive::Idcl;
  ContrastOn contrast_on = ContrastOn::Dialog;
  double label_smoothing = 0;
  bool memory_bank_unique = false;  ///< what the bank holds of the dialogs of a batch is dropped before they are contrasted
};

/// The values of a batch.
struct Terms {
  double loss = 0;
  double cross_entropy = 0;  ///< mean over the labelled utterances, weighted by class
  double idcl = 0;           ///< mean of both directions, and of all pairs of modalities
  double gradient_ratio = 0;
  double mean_cosine = 0;
  struct {
    double forward = 0, loss = 0, backward = 0;  ///< network, both terms with their gradients at the encoder outputs, network
  } seconds;
};

/// Mean negative log-probability of the labelled rows; a zero attached to the graph where no row has a label. `smoothing` of the target
/// goes to all classes alike (Szegedy et al. 2016).
Tensor cross_entropy(const Tensor& logits, const Tensor& labels, const Tensor& class_weights, double smoothing = 0);

/// labelled rows / (classes x rows of the class), 0 for a class that does not occur: [classes] float32.
Tensor balanced_weights(const Tensor& labels, int64_t classes);

/// IDCL of pooled dialogs, one [dialogs, hidden] a modality; the bank's dialogs are references, never anchors.
/// `dialogs`: their numbers in the tables of `objective.mining`, [dialogs] int64; the bank remembers them behind the modalities.
Tensor contrast(const std::vector<Tensor>& pooled, const MemoryBank& bank, const Objective& objective, const Tensor& dialogs = {});

/// The contrastive term of a batch, by the loss and on the rows that the objective names. `rows`: encoder outputs; `pooled`: their dialogs.
Tensor contrastive_term(const Encoded& rows, const std::vector<Tensor>& pooled, const Batch& batch, const MemoryBank& bank,
                        const Objective& objective);

/// Forward and backward of a batch: adds to the gradients of the network's parameters, pushes the dialogs to the bank.
///
/// The graph is cut at the encoder outputs, where the gradients of both terms are known apart.
Terms accumulate(NetworkImpl& network, const Batch& batch, const Objective& objective, MemoryBank& bank, Dropout& dropout);

}  // namespace merc
