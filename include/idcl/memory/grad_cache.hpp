#pragma once

#include "idcl/wrappers/callee.hpp"

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>
#include <c10/util/Exception.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <mutex>
#include <tuple>
#include <utility>
#include <vector>

namespace idcl {

using at::Tensor;

namespace detail {

/// States of random generators, to be had again.
class RandomStates {
 public:
  explicit RandomStates(const std::vector<at::Generator>& generators) : generators_(generators) {
    for (auto& generator : generators_) {
      const std::lock_guard<std::mutex> lock(generator.mutex());
      states_.push_back(generator.get_state());
    }
  }

  void restore() {
    for (std::size_t i = 0; i < generators_.size(); ++i) {
      const std::lock_guard<std::mutex> lock(generators_[i].mutex());
      generators_[i].set_state(states_[i]);
    }
  }

 private:
  std::vector<at::Generator> generators_;
  std::vector<Tensor> states_;
};

}  // namespace detail

/// A module, or any function, and its inputs of one step, each [B, ...].
template <class Encoder, std::size_t Inputs>
struct Tower {
  Encoder encoder;
  std::array<Tensor, Inputs> inputs;
};

/// `tower(encoder, x)`, `tower(encoder, tokens, mask)`: the encoder is called with chunks of rows, and returns [n, ...].
template <class Encoder, std::same_as<Tensor>... Inputs>
Tower<Encoder, sizeof...(Inputs)> tower(Encoder encoder, const Inputs&... inputs) {
  static_assert(sizeof...(Inputs) > 0, "a tower needs an input");
  return {std::move(encoder), {inputs...}};
}

/// One step of a batch larger than memory: a contrastive loss needs all embeddings at once, but not all activations.
///
///     auto loss = idcl::GradCache{.chunk = 32}([](const Tensor& a, const Tensor& b) { return F::info_nce_loss(a, b); },
///                                              idcl::tower(image_encoder, images), idcl::tower(text_encoder, tokens, mask));
///     optimizer.step();
///
/// The towers embed their inputs in chunks, without a graph; the loss of all embeddings gives each its gradient; then each chunk is
/// embedded again, with a graph, and carries its gradient back. Random numbers are replayed: a chunk draws the same ones both times, so
/// that dropout drops the same. Gradients are added to those of the parameters, of the towers and of the loss, as `backward` adds
/// them: up to rounding those of the chunks' graphs held all at once, and without randomness those of the whole batch in one.
///
/// Returns the loss, detached. Memory: the activations of one chunk, and the embeddings with their gradients; time: one more forward.
/// What a module records as it is called (running statistics of batch norm) it records twice, and statistics over a batch are over
/// a chunk. Gao et al. 2021, "GradCache".
struct GradCache {
  int64_t chunk = 64;                       ///< >= 1, rows at a time
  std::vector<at::Generator> generators{};  ///< that the towers draw from, besides their devices' own

  template <class Loss, class... Encoders, std::size_t... Inputs>
  Tensor operator()(const Loss& loss, const Tower<Encoders, Inputs>&... towers) const {
    TORCH_CHECK_VALUE(chunk >= 1, where, ": expected `chunk` >= 1, but got ", chunk);
    (check(towers), ...);
    auto caches = std::tuple{embed(towers)...};
    at::autocast::clear_cache();  // parameters that were rounded without a graph
    const auto value = std::apply([&](auto&... cache) { return loss(cache.embeddings...); }, caches);
    TORCH_CHECK_VALUE(value.dim() == 0, where, ": expected `loss` to return a scalar, but got ", value.sizes());
    if (value.requires_grad()) value.backward();
    const std::tuple<const Tower<Encoders, Inputs>&...> all(towers...);
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (carry_back(std::get<I>(all), std::get<I>(caches)), ...);
    }(std::index_sequence_for<Encoders...>{});
    return value.detach();
  }

 private:
  static constexpr auto where = "idcl::GradCache";

  struct Cache {
    Tensor embeddings;                         ///< [B, ...], a leaf
    std::vector<detail::RandomStates> states;  ///< before each chunk
  };

  template <class T>
  static void check(const T& tower) {
    for (const auto& input : tower.inputs) {
      TORCH_CHECK_VALUE(input.defined() && input.dim() > 0, where, ": expected inputs [B, ...], but got ",
                        input.defined() ? "a scalar" : "an undefined tensor");
      TORCH_CHECK_VALUE(input.size(0) == tower.inputs[0].size(0), where, ": expected inputs of one tower to have the same rows, but got ",
                        tower.inputs[0].size(0), " and ", input.size(0));
    }
  }

  /// The generators that a tower draws from.
  template <class T>
  std::vector<at::Generator> generators_of(const T& tower) const {
    auto all = generators;
    all.push_back(at::globalContext().defaultGenerator(at::kCPU));
    if (const auto device = tower.inputs[0].device(); device.is_cuda()) all.push_back(at::globalContext().defaultGenerator(device));
    return all;
  }

  /// Calls `visit(begin, rows)` for every chunk, once for no rows at all.
  template <class Visit>
  void for_each_chunk(int64_t rows, const Visit& visit) const {
    for (int64_t begin = 0; begin == 0 || begin < rows; begin += chunk) visit(begin, std::min(chunk, rows - begin));
  }

  template <class T>
  static Tensor encode(const T& tower, int64_t begin, int64_t n) {
    return std::apply([&](const auto&... input) { return detail::call(tower.encoder, input.narrow(0, begin, n)...); }, tower.inputs);
  }

  template <class T>
  Cache embed(const T& tower) const {
    const at::NoGradGuard no_grad;
    const auto drawn = generators_of(tower);
    std::vector<Tensor> parts;
    Cache cache;
    for_each_chunk(tower.inputs[0].size(0), [&](int64_t begin, int64_t n) {
      cache.states.emplace_back(drawn);
      parts.push_back(encode(tower, begin, n));
      TORCH_CHECK_VALUE(parts.back().dim() > 0 && parts.back().size(0) == n, where, ": expected a tower to return [", n, ", ...] for ", n,
                        " rows, but got ", parts.back().sizes());
    });
    cache.embeddings = at::cat(parts);
    cache.embeddings.requires_grad_();
    return cache;
  }

  template <class T>
  void carry_back(const T& tower, Cache& cache) const {
    const auto& slopes = cache.embeddings.grad();
    if (!slopes.defined()) return;  // the loss does not look at this tower
    detail::RandomStates after(generators_of(tower));
    for_each_chunk(tower.inputs[0].size(0), [&](int64_t begin, int64_t n) {
      cache.states[static_cast<std::size_t>(begin / chunk)].restore();
      const auto embeddings = encode(tower, begin, n);
      if (embeddings.requires_grad()) torch::autograd::backward({embeddings}, {slopes.narrow(0, begin, n).to(embeddings.scalar_type())});
    });
    after.restore();
  }
};

}  // namespace idcl
