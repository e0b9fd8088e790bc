#include "dropout.hpp"

#include "random.hpp"

#include <ATen/Dispatch.h>
#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <array>
#include <cmath>

namespace merc {
namespace {

/// Eight xoroshiro128+ generators side by side (Blackman, Vigna 2018): adds, shifts and xors only, which any compiler vectorises.
class Bits {
 public:
  static constexpr int64_t draws = 32;  ///< 16-bit numbers a call

  Bits(uint64_t seed, uint64_t stream) {
    uint64_t counter = mix(seed + stream * kGolden);
    for (size_t i = 0; i < lanes; ++i) a_[i] = mix(counter += kGolden);
    for (size_t i = 0; i < lanes; ++i) b_[i] = mix(counter += kGolden);
  }

  void keep(uint8_t* out, uint16_t threshold) {
    std::array<uint16_t, draws> numbers;
    for (size_t i = 0; i < lanes; ++i) {
      const uint64_t sum = a_[i] + b_[i];
      for (size_t part = 0; part < 4; ++part) numbers[part * lanes + i] = static_cast<uint16_t>(sum >> (16 * part));
      const uint64_t x = a_[i] ^ b_[i];
      a_[i] = ((a_[i] << 24) | (a_[i] >> 40)) ^ x ^ (x << 16);
      b_[i] = (x << 37) | (x >> 27);
    }
    for (size_t i = 0; i < numbers.size(); ++i) out[i] = numbers[i] >= threshold;
  }

 private:
  static constexpr size_t lanes = 8;
  std::array<uint64_t, lanes> a_, b_;
};

constexpr int64_t kChunk = 1 << 14;  ///< elements that one stream of bits serves

/// body(keep, begin, end) for every piece of [0, n), `keep` being the mask of the piece, in pieces that stay in cache.
template <class Body>
void for_each_piece(int64_t n, uint64_t seed, uint32_t threshold, uint8_t* mask, const Body& body) {
  at::parallel_for(0, (n + kChunk - 1) / kChunk, 1, [&](int64_t first, int64_t last) {
    for (int64_t chunk = first; chunk < last; ++chunk) {
      Bits bits(seed, static_cast<uint64_t>(chunk));
      const int64_t begin = chunk * kChunk, end = std::min(n, begin + kChunk);
      int64_t at = begin;
      for (; at + Bits::draws <= end; at += Bits::draws) bits.keep(mask + at, static_cast<uint16_t>(threshold));
      if (at < end) {
        std::array<uint8_t, Bits::draws> rest;
        bits.keep(rest.data(), static_cast<uint16_t>(threshold));
        std::copy_n(rest.begin(), end - at, mask + at);
      }
      body(begin, end);
    }
  });
}

/// out = x * keep * scale [+ residual]
template <class T>
void masked(const T* x, const uint8_t* keep, const T* residual, T scale, T* out, int64_t begin, int64_t end) {
  if (residual)
    for (int64_t i = begin; i < end; ++i) out[i] = x[i] * (static_cast<T>(keep[i]) * scale) + residual[i];
  else
    for (int64_t i = begin; i < end; ++i) out[i] = x[i] * (static_cast<T>(keep[i]) * scale);
}

Tensor backward_of(const Tensor& gradient, const Tensor& keep, double scale) {
  if (!gradient.device().is_cpu()) return at::native_dropout_backward(gradient, keep, scale);
  const auto g = gradient.contiguous();
  auto out = at::empty_like(g);
  AT_DISPATCH_FLOATING_TYPES(g.scalar_type(), "merc::dropout", [&] {
    at::parallel_for(0, g.numel(), kChunk, [&](int64_t begin, int64_t end) {
      masked<scalar_t>(g.const_data_ptr<scalar_t>(), keep.const_data_ptr<uint8_t>(), nullptr, static_cast<scalar_t>(scale),
                       out.mutable_data_ptr<scalar_t>(), begin, end);
    });
  });
  return out;
}

/// dropout_add, or dropout where there is no residual.
struct Apply : torch::autograd::Function<Apply> {
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& input, const std::optional<Tensor>& residual,
                        int64_t threshold, double scale, int64_t seed) {
    context->saved_data["scale"] = scale;
    context->saved_data["added"] = residual.has_value();
    const auto x = input.contiguous();
    auto out = at::empty_like(x);
    auto keep = at::empty(x.sizes(), x.options().dtype(at::kByte));
    const auto r = residual ? residual->contiguous() : Tensor();
    AT_DISPATCH_FLOATING_TYPES(x.scalar_type(), "merc::dropout", [&] {
      const auto* from = x.const_data_ptr<scalar_t>();
      const auto* plus = r.defined() ? r.const_data_ptr<scalar_t>() : nullptr;
      auto* mask = keep.mutable_data_ptr<uint8_t>();
      auto* to = out.mutable_data_ptr<scalar_t>();
      for_each_piece(x.numel(), static_cast<uint64_t>(seed), static_cast<uint32_t>(threshold), mask,
                     [=](int64_t begin, int64_t end) { masked<scalar_t>(from, mask, plus, static_cast<scalar_t>(scale), to, begin, end); });
    });
    context->save_for_backward({keep});
    return out;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list upstream) {
    const auto saved = context->get_saved_variables();
    const auto& gradient = upstream[0];
    return {backward_of(gradient, saved[0], context->saved_data["scale"].toDouble()),
            context->saved_data["added"].toBool() ? gradient : Tensor(), Tensor(), Tensor(), Tensor()};
  }
};

}  // namespace

Dropout::Dropout(double p, uint64_t state) : threshold_(static_cast<uint32_t>(std::lround(p * 65536))), state_(state) {
  TORCH_CHECK_VALUE(p >= 0 && threshold_ < 65536, "merc::Dropout: expected `p` in [0, 1), but got ", p);
}

Tensor Dropout::dropout(const Tensor& x) {
  if (!active()) return x;
  if (!x.device().is_cpu()) return at::dropout(x, 1 - 1 / scale(), /*train=*/true);
  return Apply::apply(x, std::nullopt, static_cast<int64_t>(threshold_), scale(), static_cast<int64_t>(mix(state_ += kGolden)));
}

Tensor Dropout::dropout_add(const Tensor& x, const Tensor& residual) {
  if (!active()) return x + residual;
  if (!x.device().is_cpu()) return at::dropout(x, 1 - 1 / scale(), /*train=*/true) + residual;
  return Apply::apply(x, std::optional(residual), static_cast<int64_t>(threshold_), scale(), static_cast<int64_t>(mix(state_ += kGolden)));
}

Tensor Dropout::keep(at::IntArrayRef shape, torch::Device device) {
  if (!device.is_cpu()) return at::rand(shape, at::device(device)).ge(1 - 1 / scale()).to(at::kByte);
  auto mask = at::empty(shape, at::kByte);
  for_each_piece(mask.numel(), mix(state_ += kGolden), threshold_, mask.mutable_data_ptr<uint8_t>(), [](int64_t, int64_t) {});
  return mask;
}

}  // namespace merc
