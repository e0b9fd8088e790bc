#pragma once

#include "idcl/core/check.hpp"
#include "idcl/mining/pairing.hpp"
#include "idcl/wrappers/callee.hpp"

#include <torch/arg.h>
#include <torch/nn/cloneable.h>
#include <torch/nn/modules/common.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <algorithm>
#include <concepts>
#include <functional>
#include <ostream>
#include <tuple>
#include <type_traits>
#include <utility>

namespace idcl {

/// Options of `CrossBatchMemory`.
///
///     CrossBatchMemoryOptions(/*embedding_size=*/128).memory_size(8192)
struct CrossBatchMemoryOptions {
  CrossBatchMemoryOptions(int64_t embedding_size)
      : embedding_size_(embedding_size) {}  // NOLINT(google-explicit-constructor): as LibTorch's
  /// > 0: D.
  TORCH_ARG(int64_t, embedding_size);
  /// > 0, rows that are remembered; no batch may be larger.
  TORCH_ARG(int64_t, memory_size) = 1024;
};

/// A loss over labels whose references are this batch and the batches before it.
///
/// forward(embeddings [N, D], labels [N]): the embeddings enter the memory first, in the places of the oldest; then they are anchors,
/// and all of the memory, themselves included, are references without gradient. No embedding is its own pair. Wang et al. 2020, "XBM".
///
/// forward(embeddings, labels, key_embeddings [K, D], key_labels [K]): momentum queue. The keys enter first; the embeddings are anchors
/// against all of the memory, and every pair counts. Without labels (undefined tensors), embedding i and key i are an instance of their
/// own, and K = N. He et al. 2020, "MoCo".
///
/// `Loss` is a module of a loss over labels (`SupConLoss`), its functional (`F::sup_con_loss`), a `ContrastiveLoss` over `mining::Labels`,
/// or any function (embeddings, labels, references, reference_labels), which sees the memory without this batch. A module is registered
/// as "loss" and trained with this one.
///
/// The memory is a ring in buffers, `embeddings` [memory_size, D], `labels` and `enqueued`, the number of rows that ever entered: it
/// moves with `to`, and is saved and cloned. Rows enter only in training; in evaluation the loss is the same, and nothing is remembered.
/// One number is read back from the device a call. Time and memory: the loss's own against at most memory_size references, and a copy
/// of these.
template <class Loss>
class CrossBatchMemoryImpl : public torch::nn::Cloneable<CrossBatchMemoryImpl<Loss>> {
 public:
  CrossBatchMemoryImpl(Loss loss_, const CrossBatchMemoryOptions& options_) : options(options_), loss(std::move(loss_)) {
    TORCH_CHECK_VALUE(options.embedding_size() > 0, where, ": expected `embedding_size` > 0, but got ", options.embedding_size());
    TORCH_CHECK_VALUE(options.memory_size() > 0, where, ": expected `memory_size` > 0, but got ", options.memory_size());
    register_members();
  }

  void reset() override {
    loss = detail::copy_of(loss);
    register_members();
  }

  void pretty_print(std::ostream& stream) const override {
    stream << "idcl::CrossBatchMemory(embedding_size=" << options.embedding_size() << ", memory_size=" << options.memory_size() << ")";
  }

  Tensor forward(const Tensor& embeddings, const Tensor& labels, const Tensor& key_embeddings = {}, const Tensor& key_labels = {});

  /// Lets rows enter the memory in the places of the oldest. embeddings: [N, D], N at most memory_size; labels: integers [N].
  void enqueue(const Tensor& embeddings, const Tensor& labels);

  /// Forgets everything.
  void clear() { enqueued.zero_(); }

  /// Integers stay integers: LibTorch's own `to` would round labels to the type.
  void to(torch::Device device, torch::Dtype type, bool non_blocking = false) override { convert(device, type, non_blocking); }
  void to(torch::Dtype type, bool non_blocking = false) override { convert(type, non_blocking); }
  using torch::nn::Module::to;

  /// Rows in the memory.
  int64_t size() const { return std::min(enqueued.template item<int64_t>(), options.memory_size()); }

  CrossBatchMemoryOptions options;
  Loss loss;
  Tensor embeddings, labels, enqueued;  ///< [memory_size, D], [memory_size], []

 protected:
  FORWARD_HAS_DEFAULT_ARGS({2, torch::nn::AnyValue(Tensor())}, {3, torch::nn::AnyValue(Tensor())})

 private:
  static constexpr auto where = "idcl::CrossBatchMemory";

  void register_members() {
    embeddings = this->register_buffer("embeddings", torch::zeros({options.memory_size(), options.embedding_size()}));
    labels = this->register_buffer("labels", torch::zeros({options.memory_size()}, torch::kLong));
    enqueued = this->register_buffer("enqueued", torch::zeros({}, torch::kLong));
    if constexpr (detail::ModuleHolder<Loss>) this->register_module("loss", loss);
  }

  template <class... To>
  void convert(To... to) {
    const auto names = labels.clone(), count = enqueued.clone();
    torch::nn::Module::to(to...);
    labels.set_data(names.to(labels.device()));
    enqueued.set_data(count.to(enqueued.device()));
  }

  void check_rows(const char* name, const Tensor& x) const {
    check::rows(where, name, x);
    TORCH_CHECK_VALUE(x.size(1) == options.embedding_size(), where, ": expected `", name, "` to be [N, ", options.embedding_size(),
                      "], but got ", x.sizes());
    TORCH_CHECK_VALUE(x.device() == embeddings.device(), where, ": expected `", name, "` on ", embeddings.device(),
                      " as the memory is, but got ", x.device());
  }

  void check_newcomers(const char* name, const Tensor& x) const {
    check_rows(name, x);
    TORCH_CHECK_VALUE(x.size(0) <= options.memory_size(), where, ": expected `", name,
                      "` of at most `memory_size` = ", options.memory_size(), " rows, but got ", x.size(0));
  }

  void enqueue(const Tensor& rows, const Tensor& names, int64_t before);
  mining::Beside left_by(int64_t newcomers, int64_t before, at::ScalarType type) const;
};

template <class Loss>
Tensor CrossBatchMemoryImpl<Loss>::forward(const Tensor& x, const Tensor& y, const Tensor& keys, const Tensor& key_labels) {
  check_rows("embeddings", x);
  const auto before = enqueued.template item<int64_t>();
  if (!keys.defined()) {
    check_newcomers("embeddings", x);
    check::labels(where, "labels", y, x);
    const auto memory = left_by(x.size(0), before, x.scalar_type());
    const auto result = detail::call_beside(loss, x, y.to(at::kLong), memory);
    if (this->is_training()) enqueue(x, y, before);  // not where the call has thrown
    return result;
  }
  check_newcomers("key_embeddings", keys);
  check::alike(where, "embeddings", x, "key_embeddings", keys);
  auto own = y, theirs = key_labels;
  if (!own.defined() && !theirs.defined()) {
    check::views(where, "embeddings", x, "key_embeddings", keys);
    own = theirs = at::arange(before, before + keys.size(0), labels.options());  // instances that never were
  }
  check::labels(where, "labels", own, x);
  check::labels(where, "key_labels", theirs, keys);
  const auto memory = left_by(keys.size(0), before, x.scalar_type());
  const auto result =
      detail::call(loss, x, own.to(at::kLong), at::cat({keys.detach(), memory.rows}), at::cat({theirs.to(at::kLong), memory.labels}));
  if (this->is_training()) enqueue(keys, theirs, before);
  return result;
}

template <class Loss>
void CrossBatchMemoryImpl<Loss>::enqueue(const Tensor& x, const Tensor& y) {
  check_newcomers("embeddings", x);
  check::labels(where, "labels", y, x);
  enqueue(x, y, enqueued.template item<int64_t>());
}

template <class Loss>
void CrossBatchMemoryImpl<Loss>::enqueue(const Tensor& rows, const Tensor& names, int64_t before) {
  const at::NoGradGuard no_grad;
  const auto begin = before % options.memory_size(), first = std::min(rows.size(0), options.memory_size() - begin),
             rest = rows.size(0) - first;
  for (const auto& [ring, values] : {std::tie(embeddings, rows), std::tie(labels, names)}) {
    ring.narrow(0, begin, first).copy_(values.narrow(0, 0, first));
    ring.narrow(0, 0, rest).copy_(values.narrow(0, first, rest));
  }
  enqueued.fill_(before + rows.size(0));
}

/// A copy of what stays when so many rows enter: the newest others, the oldest of them first. A copy, since the ring will have changed
/// by the time of backward.
template <class Loss>
mining::Beside CrossBatchMemoryImpl<Loss>::left_by(int64_t newcomers, int64_t before, at::ScalarType type) const {
  const auto capacity = options.memory_size(), count = std::min(before, capacity - newcomers);
  const auto begin = (before - count) % capacity, first = std::min(count, capacity - begin);
  const auto copy = [&](const Tensor& ring) { return at::cat({ring.narrow(0, begin, first), ring.narrow(0, 0, count - first)}); };
  return {copy(embeddings).to(type), copy(labels)};
}

/// Holds the module: `CrossBatchMemory memory(SupConLoss(), CrossBatchMemoryOptions(128).memory_size(8192));`
template <class Loss>
class CrossBatchMemory : public torch::nn::ModuleHolder<CrossBatchMemoryImpl<Loss>> {
 public:
  using torch::nn::ModuleHolder<CrossBatchMemoryImpl<Loss>>::ModuleHolder;
};

/// What captures, and so cannot be assigned as modules are, is held as a function.
template <class Loss>
CrossBatchMemory(Loss, CrossBatchMemoryOptions) -> CrossBatchMemory<
    std::conditional_t<std::copyable<Loss>, Loss, std::function<Tensor(const Tensor&, const Tensor&, const Tensor&, const Tensor&)>>>;

}  // namespace idcl
